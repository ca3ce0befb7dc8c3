"""What a change of a subscription comes to: whether it shows in what is live, and what is worth a word all the same.

The same test serves after a write and for a probe.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from cspdecl.core.action import (
    Cancel,
    ChangeTerm,
    ClearSchedule,
    Rename,
    Resume,
    ScheduleRenewal,
    SetEndOfTerm,
    SetReseller,
    SetSeats,
    Suspend,
)
from cspdecl.core.live import LiveSubscription, NextTerm, Status
from cspdecl.core.outcome import Deferred, Receipt
from cspdecl.core.plain import instant_text
from cspdecl.spi.provider import Call

Change = (
    SetSeats
    | Rename
    | Cancel
    | SetEndOfTerm
    | ScheduleRenewal
    | ClearSchedule
    | Suspend
    | Resume
    | ChangeTerm
    | SetReseller
)


def shows(action: Change, live: LiveSubscription) -> bool:
    """Whether what is live is what the action wants."""
    match action:
        case SetSeats():
            return live.seats == action.after
        case Rename():
            return live.nickname == action.after
        case Cancel() if action.product == "azure_plan":
            return live.status is Status.SUSPENDED or not live.status.running  # suspended is all it can be (§15)
        case Cancel():
            return not live.status.running
        case SetEndOfTerm():
            return live.end_of_term == action.after
        case ScheduleRenewal():
            return live.scheduled is not None and _but_for_promotion(live.scheduled) == _but_for_promotion(action.next)
        case ClearSchedule():
            return live.scheduled is None
        case Suspend():
            return live.status is Status.SUSPENDED
        case Resume():
            return live.status is Status.ACTIVE
        case ChangeTerm():
            return (live.term, live.billing) == (action.term, action.billing)
        case SetReseller():
            return (live.reseller or "") == action.after


def remark_of(action: Change, live: LiveSubscription) -> str | None:
    """What whoever runs this has to know although it is done."""
    match action:
        case ScheduleRenewal() if action.next.promotion is not None and live.scheduled is not None:
            stands = live.scheduled.promotion
            if stands is None:
                # contract §13.4 (2026-06): the answer echoes the promotion that will apply; none means the list price
                return f"promotion {action.next.promotion} did not come back: the next term is at the list price"
            if stands.lower() != action.next.promotion.lower():
                return f"promotion {stands} stands for the next term, {action.next.promotion} was asked for"
        case ChangeTerm() if action.unit_price is not None:
            return (
                f"Partner Center shows no price before a longer term begins: the {action.unit_price} a seat that was "
                "approved could not be compared"
            )
    return None


def by_hand(reason: str, action: Change, live: LiveSubscription | None) -> Deferred:
    """Where a value is not taken or does not come back as sent: what a person has to set, and by when."""
    wish = {
        SetEndOfTerm: "the end of the term",
        ScheduleRenewal: "the change at renewal",
        ClearSchedule: "the renewal without changes",
    }.get(type(action), "it")
    if isinstance(action, SetEndOfTerm):
        wish += {"renew": " to renew", "cancel": " to cancel", "extend": " to extended service term"}[action.after]
    until = "" if live is None or live.term_ends is None else f" before {instant_text(live.term_ends)}"
    return Deferred(code="CSP421", message=f"set {wish} in Partner Center{until}: {reason}")


def receipt(
    call: Call,
    at: datetime,
    *,
    order: str | None = None,
    reference: str | None = None,
    inferred: bool = False,
    remark: str | None = None,
) -> Receipt:
    """How this can be asked about again."""
    return Receipt(
        at=at,
        request_id=call.request_id,
        correlation_id=call.correlation_id,
        order_id=order,
        reference=reference,
        inferred=inferred,
        remark=remark,
    )


def _but_for_promotion(term: NextTerm) -> NextTerm:
    return replace(term, promotion=None)
