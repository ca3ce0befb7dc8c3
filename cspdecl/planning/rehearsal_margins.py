"""The margin floor, held against a rehearsed price list: one verdict a bundle or line that would not meet it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from cspdecl.core.operation import Verdict
from cspdecl.planning.rehearsal_values import Group
from cspdecl.planning.sentences import percent


def judge(group: Group, floor: Fraction | None) -> dict[str, Any]:
    """The fields of a group that follow from the floor (None: there is none). A margin that cannot be told refuses,
    as everywhere: a row that is missing must not open the gate. What is sold at no price of ours has no margin."""
    after, before = group.margin_after, group.margin_before
    sold = group.after.sell is not None or group.after.sell_unknown
    if floor is None or not sold:
        return {}
    least = percent(floor)
    if after is None:
        why = group.after.unknown[0] if group.after.unknown else "cost and price cannot be compared"
        text = f"the margin of {group.address} under this list is unknown ({why}), and at least {least} is asked for"
        return {"doubtful": True, "verdict": _refuse(group, text)}
    if after >= floor:
        return {}
    was = f", now {percent(before)}" if before is not None else ""
    text = f"{group.address} would leave {percent(after)} of its price{was}; the project asks for {least}"
    return {
        "below": True,
        "was_below": before is not None and before < floor,
        "verdict": _refuse(group, f"{text}: raise `sell` before its renewal, or lower `guardrails.minMargin`"),
    }


def _refuse(group: Group, text: str) -> Verdict:
    return Verdict(rule="minMargin", code="CSP647", text=text, refused=True, address=group.address)
