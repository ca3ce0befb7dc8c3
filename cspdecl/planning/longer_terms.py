"""What a longer term costs in the middle of one: the rest of the old cycle returned, a new term charged from its first
day, and all of it owed (contract §§13.1, 13.5, 22.27; change of a term resets it).

No worked amount of such a change is printed anywhere; it is put together from the rules of proration, as an estimate.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

from cspdecl.commerce.prices import UnknownPrice, find_price, list_words, price_of_running
from cspdecl.commerce.proration import UNIT_DOWN, Preview, commitment, cycle_of, lines_amount, prorated_lines
from cspdecl.core.action import ChangeTerm
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.live import LiveSubscription
from cspdecl.core.money import ExactMoney, Rounding
from cspdecl.core.operation import PriceDelta
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.terms import add_months, at_midnight
from cspdecl.planning.money import delta_of


def preview_term(
    spec: SubscriptionSpec, action: ChangeTerm, live: LiveSubscription, prices: PriceBook, *, segment: str,
    now: datetime,
) -> PriceDelta:  # fmt: skip
    """What going over to `action.term` costs: a charge cycle, now, and in all until the new end."""
    today = now.astimezone(UTC).date()
    ends = at_midnight(add_months(today, action.term.months))
    old = price_of_running(prices, live, segment=segment, after=action.seats)
    new = find_price(
        prices, offer=spec.offer, term=action.term, billing=action.billing, segment=segment, at=now,
        seats=(action.seats,),
    )  # fmt: skip
    owed = commitment(price=new, seats=action.seats, on=today, term_starts=today, term_ends=ends)
    return delta_of(spec, _exchange(old, new, action, live, now), new, None, owed=owed, until=ends)


def lengthened(live: LiveSubscription, action: ChangeTerm, now: datetime) -> LiveSubscription:
    """The subscription in its new term: what later steps of the line are priced on."""
    start = at_midnight(now.astimezone(UTC).date())
    return replace(
        live, term=action.term, billing=action.billing, term_started=start, cycle_ends=None, scheduled=None,
        term_ends=at_midnight(add_months(start.date(), action.term.months)),
    )  # fmt: skip


def _exchange(
    old: UnitPrice | UnknownPrice, new: UnitPrice | UnknownPrice, action: ChangeTerm, live: LiveSubscription,
    now: datetime,
) -> Preview:  # fmt: skip
    unknown = tuple(price.reason for price in (old, new) if isinstance(price, UnknownPrice))
    if isinstance(old, UnknownPrice) or isinstance(new, UnknownPrice):
        return _unknown(unknown)
    currency, seats = new.cycle_price.currency, action.seats
    if old.cycle_price.currency != currency:
        return _unknown(("the two terms are priced in different currencies",))
    months = Fraction(action.billing.months or action.term.months, live.billing.months or 1 if live.billing else 1)
    before = (old.cycle_price.exact() * (months * seats)).rounded(Rounding.HALF_UP)
    cost_cycle = new.cycle_price * seats - before
    today = now.astimezone(UTC).date()
    cycle = cycle_of(live, today)
    if cycle is None:
        return replace(
            _unknown(("the charge cycle is not known, so what comes back of it is not either",)), cost_cycle=cost_cycle
        )
    back = prorated_lines(unit=old.cycle_price.exact(), before=seats, after=0, cycle=cycle, on=today, profile=UNIT_DOWN)
    exact = sum((line.amount_exact for line in back), (new.cycle_price * seats).exact().value)
    days = cycle.days_from(today)
    return Preview(
        cost_cycle=cost_cycle,
        cost_now=lines_amount(back, currency) + new.cycle_price * seats,
        cost_now_exact=ExactMoney(exact, currency),
        days=None,
        cycle_days=None,
        basis=f"{seats} seats returned at {old.cycle_price} for {days} of {cycle.days} days, a first full cycle "
        f"charged at {new.cycle_price}, {list_words(new)}; that a term starts anew like this is inferred, an estimate",
    )


def _unknown(reasons: tuple[str, ...]) -> Preview:
    return Preview(
        cost_cycle=None, cost_now=None, cost_now_exact=None, days=None, cycle_days=None,
        basis=f"unknown: {reasons[0]}", unknown=reasons,
    )  # fmt: skip
