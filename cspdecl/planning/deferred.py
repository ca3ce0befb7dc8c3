"""What a provider left to a person: it was sent, did not come back as sent, and is not sent again and again.

The wire values of an end of term are known from third parties only (contract §13.8, 2026). Where one does not come back
as sent, the provider answers that a person has to act; the next plans list just that, with its day, until it is done or
anything about the subscription changes, since an operation is the same only while its situation is.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace

from cspdecl.commerce.values import Decision, Step
from cspdecl.commerce.words import day
from cspdecl.core.action import ClearSchedule, ScheduleRenewal, SetEndOfTerm
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.live import LiveSubscription
from cspdecl.core.operation import Guard, Waiting
from cspdecl.planning.sequence import guard_after, operation_id

#: Actions that only write about a renewal: without them everything else of a line still makes sense.
OF_RENEWALS = (SetEndOfTerm, ScheduleRenewal, ClearSchedule)


def left_to_people(
    decision: Decision, spec: SubscriptionSpec, live: LiveSubscription | None, guard: Guard, *, last_hash: str,
    deferred: AbstractSet[str],
) -> Decision:  # fmt: skip
    """The decision without what was left to a person before, which waits instead, with what would follow on it."""
    if not deferred:
        return decision
    kept: list[Step] = []
    by_hand: list[Waiting] = []
    for step in decision.steps:
        if isinstance(step.action, OF_RENEWALS):
            again = operation_id(spec.address, step.action, guard, last_hash) in deferred
            if again or by_hand:
                by_hand.append(_waiting(spec, live, step))
                continue
        kept.append(step)
        guard = guard_after(guard, step.action)
    if not by_hand:
        return decision
    return replace(
        decision,
        symbol=decision.symbol if kept else "?",
        steps=tuple(kept),
        waiting=(*decision.waiting, *by_hand),
        later=decision.later if any(isinstance(step.action, ScheduleRenewal) for step in kept) else None,
        notes=decision.notes if kept else tuple(item.text for item in by_hand),
    )


def _waiting(spec: SubscriptionSpec, live: LiveSubscription | None, step: Step) -> Waiting:
    ends = live.term_ends if live is not None else None
    before = f" before {day(ends)}" if ends else ""
    match step.action:
        case SetEndOfTerm(after=wanted):
            what = f"set “{wanted} at the end of the term”"
        case ScheduleRenewal():
            what = f"set the change with the renewal ({step.reason.text})"
        case _:
            what = "take back what is scheduled for the renewal"
    text = f"{what} in the provider's portal{before}: it was sent before, and did not come back as sent"
    return Waiting(address=spec.address, kind="manual", code="CSP340", text=text, when=ends, origin=spec.origin)
