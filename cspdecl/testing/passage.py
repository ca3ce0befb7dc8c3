"""How time works on a subscription in memory: terms renew as scheduled, end, extend; trials become what is paid for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from cspdecl.core.catalog import Offer, OfferKey
from cspdecl.core.live import ChangePolicy, LiveSubscription, NextTerm, SeatLot, Status
from cspdecl.core.terms import BillingCycle, Term, add_months, at_midnight

WINDOW = timedelta(days=7)
OWNED_WINDOW = timedelta(days=30)  # perpetual licences (contract §13.3)
TRIAL_BECOMES = 25  # seats (contract §13.2)


def months_on(start: datetime, months: int) -> datetime:
    """The midnight so many months later."""
    return at_midnight(add_months(start.date(), months))


def cycle_end(start: datetime, billing: BillingCycle | None, term_ends: datetime | None) -> datetime | None:
    """When the first charge cycle ends: never after its term."""
    if billing is None or billing.months is None:
        return None
    end = months_on(start, billing.months)
    return min(end, term_ends) if term_ends is not None else end


def fresh_policy(offer: Offer, seats: int, now: datetime, window: timedelta = WINDOW) -> ChangePolicy:
    """What may be done with something just bought. Software gives no seats back (contract §13.3)."""
    returnable = offer.product == "license" and not offer.trial
    return ChangePolicy(
        lots=(SeatLot(seats=seats, returnable_until=now + window),) if returnable else (),
        cancel_until=None if offer.trial or offer.product == "azure_plan" else now + window,
        min_seats=offer.min_seats,
        max_seats=offer.max_seats,
        can_schedule=offer.product in ("license", "software"),
        busy=None,
        source="api",
        observed_at=now,
    )


def trial_becomes(offer: Offer, term: Term | None) -> NextTerm:
    """What a trial turns into unless it is told otherwise (contract §13.2, 2023-10)."""
    target: OfferKey = offer.upgrades[0] if offer.upgrades else offer.key
    return NextTerm(offer=target, seats=TRIAL_BECOMES, term=term or Term.P1Y, billing=BillingCycle.MONTHLY)


def lived_on(item: LiveSubscription, now: datetime) -> LiveSubscription:
    """A subscription after time has passed: every term that ended in between has been renewed, or is over."""
    while item.status.running and item.term_ends and item.term_ends <= now and item.term:
        if item.status is Status.SUSPENDED:
            return replace(item, status=Status.DISABLED, scheduled=None)  # contract §13.2
        if item.end_of_term == "cancel" or (item.trial and item.end_of_term != "renew"):
            return replace(item, status=Status.EXPIRED, scheduled=None)
        item = _next_term(item)
    return item


def _next_term(item: LiveSubscription) -> LiveSubscription:
    start = item.term_ends
    assert start is not None
    assert item.term is not None
    # auto-renew merely off goes on by the month since 2026-05-04 (contract §13.8)
    extended = item.end_of_term in ("extend", "unset")
    following = None if extended else item.scheduled
    term = Term.P1M if extended else following.term if following else item.term
    billing = BillingCycle.MONTHLY if extended else following.billing if following else item.billing
    seats = following.seats if following else item.seats
    ends = months_on(start, term.months)
    if following is not None and following.ends is not None:
        ends = at_midnight(following.ends + timedelta(days=1))
    return replace(
        item,
        seats=seats,
        offer=following.offer if following else item.offer,
        billing=billing,
        term=term,
        scheduled=None,
        trial=False,
        promotion=following.promotion if following else item.promotion,
        custom_end=following.ends if following else None,
        term_started=start,
        term_ends=ends,
        cycle_ends=cycle_end(start, billing, ends),
        policy=replace(
            item.policy,
            lots=(SeatLot(seats=seats, returnable_until=start + WINDOW),) if item.product == "license" else (),
            cancel_until=ends if extended else start + WINDOW,
        ),
    )
