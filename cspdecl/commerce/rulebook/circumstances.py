"""Rules about the customer and about special products: holds, qualifications, Azure plans, software, resellers."""

from __future__ import annotations

from cspdecl.commerce.rulebook.shape import Chapter

CHAPTERS: tuple[Chapter, ...] = ()
