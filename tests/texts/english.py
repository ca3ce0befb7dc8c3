"""Words that betray English in a German text: function words, and nouns of the field that have a German name."""

from __future__ import annotations

import re

_WORDS = re.compile(
    r"\b(the|until|is|are|and|of|with|then|would|seats?|renewals?|owed|can|be|it|to|for|not|from|by|at|were|this|that|"
    r"which|price|list|monthly|sell|cost|unknown|now|only|its|has|have|days?|stays?|own|month|year|whose|or|but)\b"
)
# Quotations, places, file names, addresses, options, keys of manifests.
_KEPT = re.compile(r"`[^`]*`|“[^”]*”|„[^“]*“|\{\w*\}|\S*[/@_:=.]\S+|--[\w-]+|\b(?:seats|from|to|term): ")


def english_words(text: str) -> list[str]:
    """The English words of a text that is meant to be German."""
    return _WORDS.findall(_KEPT.sub(" ", text))
