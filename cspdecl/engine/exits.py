"""Exit codes, and which one speaks when several things are true at once."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cspdecl.core.diagnostics import has_errors

if TYPE_CHECKING:
    from cspdecl.core.operation import Plan


class Exit(enum.IntEnum):
    """What the process says when it ends."""

    DONE = 0
    ERROR = 1
    CHANGES = 2
    REFUSED = 3
    PARTLY = 4
    UNKNOWN = 5
    LOCKED = 6
    STALE = 7
    USAGE = 64
    INVALID = 65
    TRY_LATER = 75
    NOT_AUTHORISED = 77
    INTERRUPTED = 130


_RANK = (
    Exit.UNKNOWN,
    Exit.PARTLY,
    Exit.STALE,
    Exit.INVALID,
    Exit.REFUSED,
    Exit.NOT_AUTHORISED,
    Exit.TRY_LATER,
    Exit.ERROR,
    Exit.CHANGES,
    Exit.DONE,
)


def strongest(exits: Iterable[Exit]) -> Exit:
    """5 > 4 > 7 > 65 > 3 > 77 > 75 > 1 > 2 > 0; anything else wins over these."""
    found = list(exits)
    for exit_code in found:
        if exit_code not in _RANK:
            return exit_code
    return min(found, key=_RANK.index, default=Exit.DONE)


def verdict_of(plan: Plan, *, detailed: bool = True) -> Exit:
    """What `plan` ends with. `detailed`: 2 where something would be sent, else 0."""
    exits = [Exit.DONE]
    if has_errors(plan.diagnostics):
        exits.append(Exit.INVALID)
    if plan.safety.refused:
        exits.append(Exit.REFUSED)
    if not plan.complete:
        exits.append(Exit.TRY_LATER)
    if detailed and plan.sends:
        exits.append(Exit.CHANGES)
    return strongest(exits)
