"""The rules of commerce as a table, a module for each thing they are about, in the order in which a line lives."""

from __future__ import annotations

from cspdecl.commerce.rulebook import buying, circumstances, converting, money, running
from cspdecl.commerce.rulebook.shape import Chapter

_ALL = (*running.CHAPTERS, *buying.CHAPTERS, *converting.CHAPTERS, *circumstances.CHAPTERS, *money.CHAPTERS)
_BY_TITLE = {chapter.title: chapter for chapter in _ALL}

# bought, changed, renewed, left; then what is special about a product, a customer, a seller; then money
CHAPTERS: tuple[Chapter, ...] = tuple(
    _BY_TITLE.pop(title)
    for title in (
        "Buying",
        "How many",
        "Giving seats back",
        "What runs and what it may become",
        "What changes with the renewal, or on a day to come",
        "The end of a term, and leaving",
        "Upgrades",
        "Trials",
        "Add-ons",
        "Where a first term ends",
        "Promotions",
        "Azure plans",
        "Software and licences for good",
        "Segments and qualifications",
        "A customer on hold",
        "Resellers of an indirect provider",
    )
) + tuple(_BY_TITLE.values())
