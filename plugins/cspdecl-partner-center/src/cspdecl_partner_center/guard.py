"""Is what is live still what was planned on? One comparison, one sentence for the first difference."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from cspdecl.core.live import LiveSubscription, NextTerm
from cspdecl.core.operation import Guard
from cspdecl.core.plain import instant_text


def differs(guard: Guard, live: LiveSubscription) -> str | None:
    """What of a subscription is not as the guard says, in words; None when all of it holds."""
    checks: tuple[tuple[str, object, object], ...] = (
        ("offer", guard.offer, live.offer),
        ("seats", guard.seats, live.seats),
        ("term", guard.term, live.term),
        ("billing cycle", guard.billing, live.billing),
        ("status", guard.status, live.status),
        ("end of term", guard.end_of_term, live.end_of_term),
    )
    for name, planned, seen in checks:
        if planned is not None and planned != seen:
            return f"{name} is {seen} now, {planned} was planned on"
    if guard.term_ends is not None and guard.term_ends != live.term_ends:
        ends = "open" if live.term_ends is None else instant_text(live.term_ends)
        return f"the term ends {ends} now, {instant_text(guard.term_ends)} was planned on"
    if guard.check_scheduled and guard.scheduled != live.scheduled:
        return (
            f"scheduled for the next term is {in_words(live.scheduled)} now, {in_words(guard.scheduled)} was planned on"
        )
    return None


def newcomers(
    guard: Guard, running: Iterable[LiveSubscription], bought: AbstractSet[str]
) -> tuple[LiveSubscription, ...]:
    """Running subscriptions of the offer that nobody reckoned with when the purchase was planned.

    `bought` are those this connection bought itself. Purchases that come earlier in the plan are reckoned with, even
    when another process made them, but no more than those.
    """
    planned_on = {name.lower() for name in guard.siblings}
    new = [item for item in running if item.id.lower() not in planned_on]
    strangers = tuple(item for item in new if item.id not in bought)
    ours_elsewhere = max(0, guard.earlier_purchases - (len(new) - len(strangers)))
    return strangers if len(strangers) > ours_elsewhere else ()


def in_words(scheduled: NextTerm | None) -> str:
    """Next-term instructions in a few words."""
    if scheduled is None:
        return "nothing"
    ends = "" if scheduled.ends is None else f" until {scheduled.ends}"
    promotion = "" if scheduled.promotion is None else f" with promotion {scheduled.promotion}"
    return f"{scheduled.seats} seats of {scheduled.offer}, {scheduled.term} {scheduled.billing}{ends}{promotion}"
