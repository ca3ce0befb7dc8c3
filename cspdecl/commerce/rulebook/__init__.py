"""The rules of commerce as a table, a module for each thing they are about."""

from __future__ import annotations

from cspdecl.commerce.rulebook import buying, circumstances, converting, money, running
from cspdecl.commerce.rulebook.shape import Chapter

CHAPTERS: tuple[Chapter, ...] = (
    *running.CHAPTERS, *buying.CHAPTERS, *converting.CHAPTERS, *circumstances.CHAPTERS, *money.CHAPTERS,
)  # fmt: skip
