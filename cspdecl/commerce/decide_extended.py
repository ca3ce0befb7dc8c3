"""The extended service term: where a subscription goes that was told to go on by the month when its term ended.

No provider names such a subscription (contract §13.8, 2026: no call lists them), so it is known by what it does: its
line declares a longer term and `endOfTerm: extend`, it runs month by month, not in its first month, and its auto-renew
is off. A monthly subscription that renews is none, whatever its line declares.
"""

from __future__ import annotations

from datetime import date

from cspdecl.commerce.values import Decision, Delta, Draft
from cspdecl.commerce.words import last_day, seats
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.diagnostics import warning
from cspdecl.core.live import LiveSubscription
from cspdecl.core.operation import Waiting
from cspdecl.core.terms import Term, add_months


def runs_extended(spec: SubscriptionSpec, live: LiveSubscription) -> bool:
    """Whether a declared `endOfTerm: extend` has come true: the longer term is over and it goes on by the month."""
    if spec.end_of_term != "extend" or live.offer != spec.offer:
        return False
    return spec.term is not Term.P1M and goes_by_month(live)


def goes_by_month(live: LiveSubscription) -> bool:
    """Whether a subscription runs by the month without renewing, and has run before this month."""
    by_month = live.term is Term.P1M and live.end_of_term != "renew" and not live.trial
    return by_month and not in_first_month(live)


def in_first_month(live: LiveSubscription) -> bool:
    """Whether a monthly subscription has run no month before this one, or shows no end to tell by."""
    began = _month_began(live)
    return began is None or live.created.date() >= began


def decide_extended(delta: Delta, live: LiveSubscription, draft: Draft) -> Decision:
    """Nothing is sent: what is declared came true. What can be done about it is said, and what cannot."""
    spec, until = delta.spec, f" on {last_day(live.term_ends)}" if live.term_ends else ""
    # cancelled any day, prorated (extended service terms page, 2026-02; contract §13.3); nothing else of it can be
    # changed (distributors' papers, 2026: "no modifications excluding cancellation")
    goes_on = f"it ends{until}" if live.end_of_term == "cancel" else "it goes on by the month, at the dearer price"
    draft.diagnostics.append(
        warning(
            "CSP346",
            f"subscription {live.id} is in its extended service term, as `endOfTerm: extend` declares: {goes_on}",
            origin=spec.origin,
            address=str(spec.address),
            hint="`absent: true` cancels it on any day; to have a term again, declare a line of another name that buys "
            "anew, or renew it in the provider's portal",
        )
    )
    if spec.seats != live.seats:
        text = (
            f"in its extended service term its {seats(live.seats)} cannot be changed to {spec.seats}: it can only be "
            "cancelled, with `absent: true`, and bought anew"
        )
        waiting = Waiting(address=spec.address, kind="blocked", code="CSP346", text=text, origin=spec.origin)
        draft.waiting.append(waiting)
    return Decision(
        symbol="?" if draft.waiting else " ",
        waiting=tuple(draft.waiting),
        diagnostics=tuple(draft.diagnostics),
        before=live.seats,
        after=live.seats,
        notes=tuple(item.text for item in draft.waiting),
    )


def _month_began(live: LiveSubscription) -> date | None:
    """When the running month began, from its end: some providers only remember the first term's beginning."""
    return add_months(live.term_ends.date(), -1) if live.term_ends is not None else None
