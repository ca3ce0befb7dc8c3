"""Rules about prices and charges."""

from __future__ import annotations

from cspdecl.commerce.rulebook import charges
from cspdecl.commerce.rulebook.shape import Chapter

CHAPTERS: tuple[Chapter, ...] = (charges.CHAPTER,)
