"""Whether an operation can be taken back by reverting the change that asked for it, and until when.

A revert is a change like any other: it can cancel or lower what is inside its window, undo what is only scheduled, and
nothing else. What is bought outlives the text that asked for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """`free`: a revert takes it back at no cost, as long as it has not come true (`until`, where known) · `window`: a
    revert takes it back until `until`, after that it is owed until `owed_until` · `never`: a revert takes nothing back.

    `text` says so in a sentence.
    """

    how: Literal["free", "window", "never"]
    text: str
    until: datetime | None = None
    owed_until: datetime | None = None
