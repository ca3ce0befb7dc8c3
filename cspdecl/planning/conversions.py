"""What an upgrade, a trial and a purchase on its own terms cost: previews beside those of plain seats.

An upgrade wipes the seats that leave at the old price for the rest of the cycle and charges them at the new one; the
end stays, so what it newly commits to is the difference until then (contract §13.7, §17, 2023-10).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from cspdecl.commerce.coterm import first_cycle
from cspdecl.commerce.decide_trial import becomes, paid_as, trial_ends
from cspdecl.commerce.prices import UnknownPrice, find_price, price_of_line, price_of_running
from cspdecl.commerce.promotions import discounted
from cspdecl.commerce.proration import (
    UNIT_DOWN,
    Preview,
    commitment,
    cycle_of,
    lines_amount,
    lines_exact,
    preview_change,
    prorated_lines,
)
from cspdecl.core.action import Purchase, Transition
from cspdecl.core.catalog import Offer, OfferKey
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.inquiry import PromotionOffer
from cspdecl.core.live import LiveSubscription
from cspdecl.core.money import Money
from cspdecl.core.operation import PriceDelta
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.records import ChargeLine
from cspdecl.core.terms import BillingCycle, Cycle, Term, add_months, at_midnight, cycle_containing
from cspdecl.planning.money import Price, SellChange, anchor_of, delta_of, preview_purchase

_NO_CYCLE = "the charge cycle is not known, so the share for the days left is not either"


def preview_bought(
    spec: SubscriptionSpec, action: Purchase, prices: PriceBook, *, now: datetime, sell: SellChange | None,
    promotion: PromotionOffer | None, offer: Offer | None, currency: str,
) -> PriceDelta:  # fmt: skip
    """What a purchase costs: less its promotion, for a first term of its own length, or as a trial nothing yet."""
    if action.trial:
        return preview_trial(spec, prices, offer=offer, segment=action.segment, now=now, sell=sell, currency=currency)
    if promotion is None and action.custom_end is None:
        return preview_purchase(spec, prices, segment=action.segment, now=now, sell=sell)
    price = find_price(
        prices, offer=spec.offer, term=spec.term, billing=spec.billing, segment=action.segment, at=now,
        seats=(spec.seats,),
    )  # fmt: skip
    if promotion is not None and isinstance(price, UnitPrice):
        price = discounted(price, promotion)
    today = now.astimezone(UTC).date()
    last = action.custom_end
    ends = at_midnight(last + timedelta(days=1) if last else add_months(today, spec.term.months))
    cycle, anchor = _first(today, last, spec.term, spec.billing)
    preview = preview_change(price=price, before=0, after=spec.seats, cycle=cycle, on=today)
    owed = commitment(price=price, seats=spec.seats, on=today, term_starts=today, term_ends=ends, anchor=anchor)
    made = delta_of(spec, preview, price, sell, owed=owed, until=ends)
    if promotion is not None and promotion.discount is None and isinstance(price, UnitPrice):
        why = f"promotion {promotion.id} takes off what the provider does not say"
        return replace(made, promotion=promotion.id, unknown=(*made.unknown, why))
    extra = [f"a first term to {last}, whose first charge is inferred"] if last else []
    if promotion is not None and promotion.discount is not None:
        extra.append(f"{float(promotion.discount * 100):g} % off by promotion {promotion.id}")
    return replace(made, basis="; ".join([made.basis, *extra]))


def _first(today: date, last: date | None, term: Term, billing: BillingCycle) -> tuple[Cycle | None, date | None]:
    """The charge cycle a first term begins in, and where its cycles start: on the day after an end of its own."""
    if billing.months is None:
        return None, None
    if last is None:
        return cycle_containing(today, today, term=term, billing=billing), None
    return first_cycle(today, last, term=term, billing=billing).full, last + timedelta(days=1)


def preview_trial(
    spec: SubscriptionSpec, prices: PriceBook, *, offer: Offer | None, segment: str, now: datetime,
    sell: SellChange | None, currency: str,
) -> PriceDelta:  # fmt: skip
    """A trial costs nothing; what it becomes by itself is committed to with it, unless it is told to end."""
    starts = trial_ends(now)
    nothing = Money.zero(currency)
    free = PriceDelta(
        cycle=BillingCycle.NONE, cost_cycle=nothing, cost_now=nothing, commitment=nothing, basis="a trial is free",
        commitment_until=starts,
    )  # fmt: skip
    if spec.end_of_term == "cancel":
        return free
    paid = becomes(spec, None)
    key: OfferKey | None = paid.offer if paid else offer.upgrades[0] if offer and len(offer.upgrades) == 1 else None
    if key is None:
        why = "which offer the trial becomes is known only once it runs, so what that commits to is not known"
        return replace(free, commitment=None, unknown=(why,), basis=f"unknown: {why}")
    count, term, billing = paid_as(spec)
    price = find_price(prices, offer=key, term=term, billing=billing, segment=segment, at=now, seats=(count,))
    first = starts.date()
    ends = at_midnight(add_months(first, term.months))
    owed = commitment(price=price, seats=count, on=first, term_starts=first, term_ends=ends)
    unknown = (price.reason,) if isinstance(price, UnknownPrice) else ()
    basis = f"free until {starts.date()}; then {count} seats of {key} for {term} at the prices of that day; an estimate"
    return replace(free, commitment=owed, commitment_until=ends, basis=basis, unknown=unknown)


def preview_transition(
    spec: SubscriptionSpec, action: Transition, live: LiveSubscription, prices: PriceBook, *, segment: str,
    now: datetime, sell: SellChange | None, into: LiveSubscription | None = None,
) -> PriceDelta:  # fmt: skip
    """What an upgrade costs: the seats that leave at the old price, those that come at the new one."""
    today = now.astimezone(UTC).date()
    leaving = min(action.seats, action.before)
    after = _target(spec, action, live, now)
    if into is not None:
        new: Price = price_of_running(prices, into, segment=segment)
    else:
        term, billing = after.term or spec.term, after.billing or spec.billing
        new = find_price(
            prices, offer=action.target, term=term, billing=billing, segment=segment, at=now, seats=(action.seats,)
        )
    if live.trial:
        return _from_trial(spec, action, after, new, now=now, sell=sell)
    old = price_of_line(prices, spec, live, segment=segment, after=live.seats)
    cycle = cycle_of(live, today)
    preview = _exchange(old, new, leaving=leaving, coming=action.seats, cycle=cycle, on=today)
    owed = None
    if live.term_ends is not None:
        anchor = anchor_of(live, cycle)
        starts = live.term_started
        for_new = commitment(price=new, seats=action.seats, on=today, term_starts=starts, term_ends=live.term_ends,
                             anchor=anchor)  # fmt: skip
        for_old = commitment(price=old, seats=leaving, on=today, term_starts=starts, term_ends=live.term_ends,
                             anchor=anchor)  # fmt: skip
        if for_new is not None and for_old is not None and for_new.currency == for_old.currency:
            owed = max(for_new - for_old, Money.zero(for_new.currency), key=lambda item: item.amount)
    made = delta_of(spec, preview, new, sell, owed=owed, until=live.term_ends)
    return replace(made, cycle=live.billing or spec.billing)


def upgraded(live: LiveSubscription, action: Transition) -> LiveSubscription:
    """The subscription an upgrade began with, as it is afterwards: what later steps of the line are priced on."""
    if action.full:
        return replace(live, offer=action.target, seats=action.seats, scheduled=None)
    return replace(live, seats=max(live.seats - action.seats, 0), scheduled=None)


def _from_trial(
    spec: SubscriptionSpec, action: Transition, after: LiveSubscription, price: Price, *, now: datetime,
    sell: SellChange | None,
) -> PriceDelta:  # fmt: skip
    """A trial that becomes paid: nothing to wipe, and a whole new term."""
    today = now.astimezone(UTC).date()
    preview = preview_change(price=price, before=0, after=action.seats, cycle=cycle_of(after, today), on=today)
    owed = None
    if after.term_ends is not None:
        owed = commitment(price=price, seats=action.seats, on=today, term_starts=today, term_ends=after.term_ends)
    return delta_of(spec, preview, price, sell, owed=owed, until=after.term_ends)


def _target(spec: SubscriptionSpec, action: Transition, live: LiveSubscription, now: datetime) -> LiveSubscription:
    if not live.trial:
        return live
    start = at_midnight(now.astimezone(UTC).date())
    term = action.term or spec.term
    return replace(
        live, term=term, billing=action.billing or spec.billing, trial=False, term_started=start, cycle_ends=None,
        term_ends=at_midnight(add_months(start.date(), term.months)),
    )  # fmt: skip


def _exchange(old: Price, new: Price, *, leaving: int, coming: int, cycle: Cycle | None, on: date) -> Preview:
    """Old seats wiped and new ones charged for the rest of the cycle (charge type convert, cut by the unit)."""
    unknown = tuple(price.reason for price in (old, new) if isinstance(price, UnknownPrice))
    if isinstance(old, UnknownPrice) or isinstance(new, UnknownPrice):
        return _unknown(unknown)
    if old.cycle_price.currency != new.cycle_price.currency:
        return _unknown(("the two offers are priced in different currencies",))
    cost_cycle = new.cycle_price * coming - old.cycle_price * leaving
    if cycle is None or not cycle.start <= on <= cycle.end:
        return replace(_unknown((_NO_CYCLE,)), cost_cycle=cost_cycle)
    lines: tuple[ChargeLine, ...] = (
        *prorated_lines(unit=old.cycle_price.exact(), before=leaving, after=0, cycle=cycle, on=on, profile=UNIT_DOWN),
        *prorated_lines(unit=new.cycle_price.exact(), before=0, after=coming, cycle=cycle, on=on, profile=UNIT_DOWN),
    )
    currency = new.cycle_price.currency
    days = cycle.days_from(on)
    return Preview(
        cost_cycle=cost_cycle,
        cost_now=lines_amount(lines, currency),
        cost_now_exact=lines_exact(lines, currency),
        days=days,
        cycle_days=cycle.days,
        basis=f"{leaving} seats returned at {old.cycle_price}, {coming} charged at {new.cycle_price} a seat and cycle, "
        f"{days} of {cycle.days} days; an estimate until invoiced",
    )


def _unknown(reasons: tuple[str, ...]) -> Preview:
    return Preview(
        cost_cycle=None, cost_now=None, cost_now_exact=None, days=None, cycle_days=None,
        basis=f"unknown: {reasons[0]}", unknown=reasons,
    )  # fmt: skip
