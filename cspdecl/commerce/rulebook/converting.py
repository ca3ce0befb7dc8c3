"""Rules about what becomes something else: upgrades, trials, longer terms, add-ons and common ends."""

from __future__ import annotations

from cspdecl.commerce.rulebook.shape import Chapter

CHAPTERS: tuple[Chapter, ...] = ()
