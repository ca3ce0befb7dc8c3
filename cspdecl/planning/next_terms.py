"""What an operation promises for the next term beyond the same once more: counted by the guardrails before it is sent.

A renewal as it runs is nobody's decision of today and is not counted. More seats, a longer term, another offer, a
trial that is let become paid and a renewal that was switched off are: they come true by themselves, at the prices of
that day, so that the amount is a forecast by the list in force now (contract §13.2, §13.4, 2023-10).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cspdecl.commerce.decide_renewal import is_scheduled
from cspdecl.commerce.decide_trial import becomes, paid_as, trial_ends
from cspdecl.commerce.prices import UnknownPrice, find_price
from cspdecl.commerce.proration import commitment
from cspdecl.core.action import Action, ClearSchedule, Purchase, ScheduleRenewal, SetEndOfTerm
from cspdecl.core.catalog import Offer
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.live import LiveSubscription, NextTerm
from cspdecl.core.money import Money
from cspdecl.core.operation import Guard, Promised
from cspdecl.core.project import PriceBook
from cspdecl.core.terms import add_months, at_midnight

#: Ends of a term that no other follows: a renewal switched on again is a whole new commitment.
_NO_NEXT_TERM = ("cancel", "extend")


def promised(
    action: Action, spec: SubscriptionSpec, live: LiveSubscription | None, guard: Guard, prices: PriceBook, *,
    segment: str, now: datetime, offer: Offer | None, already: NextTerm | None, last: bool,
) -> Promised | None:  # fmt: skip
    """What `action` promises for the next term, None where nothing. `guard`: what it finds; `already`: what was
    scheduled before this plan; `last`: nothing of the line comes behind it."""
    off = live is not None and live.end_of_term in _NO_NEXT_TERM
    if isinstance(action, ScheduleRenewal) and is_scheduled(already, action.next) and not off:
        return None  # promised before, and only written again
    if isinstance(action, Purchase) and action.trial:
        return _by_purchase(spec, offer)
    if live is None and spec.trial:
        return None  # its purchase counts what it becomes
    if live is not None and live.trial:
        return _by_trial(action, spec, live, prices, segment=segment, now=now, last=last)
    if guard.offer is None or guard.seats is None or guard.term is None or guard.billing is None:
        return None
    ends = live.term_ends if live is not None else None
    ends = guard.term_ends or ends or at_midnight(add_months(now.astimezone(UTC).date(), guard.term.months))
    same = NextTerm(offer=guard.offer, seats=guard.seats, term=guard.term, billing=guard.billing)
    match action:
        case ScheduleRenewal(next=wanted):
            return _beyond(wanted, None if off else same, ends, prices, segment=segment, now=now)
        case SetEndOfTerm(after="renew") if off and last:
            return _beyond(guard.scheduled or same, None, ends, prices, segment=segment, now=now)
        case ClearSchedule(was=was) if last and not off:
            return _beyond(same, was, ends, prices, segment=segment, now=now)
        case _:
            return None


def _by_purchase(spec: SubscriptionSpec, offer: Offer | None) -> Promised | None:
    """What a trial becomes; its amount is in the purchase's own preview."""
    if spec.end_of_term == "cancel":
        return None
    paid, (seats, term, billing) = becomes(spec, None), paid_as(spec)
    key = paid.offer if paid else offer.upgrades[0] if offer and len(offer.upgrades) == 1 else None
    if key is None:
        return None  # then what it commits to is unknown, which the preview says
    return Promised(next=NextTerm(offer=key, seats=seats, term=term, billing=billing))


def _by_trial(
    action: Action, spec: SubscriptionSpec, live: LiveSubscription, prices: PriceBook, *, segment: str,
    now: datetime, last: bool,
) -> Promised | None:  # fmt: skip
    """A trial that is let become paid, or as something else than it would."""
    if isinstance(action, SetEndOfTerm) and action.after == "renew" and last:
        wanted = becomes(spec, live)
    elif isinstance(action, ScheduleRenewal):
        wanted = action.next
    else:
        return None
    ends = live.term_ends or trial_ends(live.term_started)
    if wanted is None:
        return Promised(unknown="which offer the trial becomes is not shown")
    had = live.scheduled if live.end_of_term == "renew" else None
    return _beyond(wanted, had, ends, prices, segment=segment, now=now)


def _beyond(
    wanted: NextTerm, same: NextTerm | None, ends: datetime, prices: PriceBook, *, segment: str, now: datetime
) -> Promised | None:
    """What one next term commits to more than another; None where it is no more."""
    if same is not None and wanted.offer == same.offer and (wanted.term, wanted.billing) == (same.term, same.billing):
        more = wanted.seats - same.seats
        if more <= 0:
            return None
        owed, unknown = _owed(wanted, more, ends, prices, segment=segment, now=now)
        return Promised(next=wanted, commitment=owed, unknown=unknown)
    owed, unknown = _owed(wanted, wanted.seats, ends, prices, segment=segment, now=now)
    before = _owed(same, same.seats, ends, prices, segment=segment, now=now)[0] if same is not None else None
    if owed is not None and before is not None and owed.currency == before.currency:
        owed = max(owed - before, Money.zero(owed.currency), key=lambda item: item.amount)
    return Promised(next=wanted, commitment=owed, unknown=unknown)


def _owed(
    term: NextTerm, seats: int, starts: datetime, prices: PriceBook, *, segment: str, now: datetime
) -> tuple[Money | None, str | None]:
    price = find_price(
        prices, offer=term.offer, term=term.term, billing=term.billing, segment=segment, at=now, seats=(seats,)
    )
    if isinstance(price, UnknownPrice):
        return None, price.reason
    first = starts.astimezone(UTC).date()
    ends = at_midnight(term.ends + timedelta(days=1) if term.ends else add_months(first, term.term.months))
    owed = commitment(price=price, seats=seats, on=first, term_starts=first, term_ends=ends)
    return owed, None if owed is not None else "its charge cycles are not known"
