"""What a plan costs and earns: previews of operations, sums over them. What is not known is counted, never zero."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Literal

from cspdecl.commerce.prices import UnknownPrice, find_price, price_of_line, price_of_running, sell_exact
from cspdecl.commerce.promotions import discounted
from cspdecl.commerce.proration import Preview, commitment, cycle_of, preview_change
from cspdecl.core.action import Reprice
from cspdecl.core.desired import SellRule, SubscriptionSpec
from cspdecl.core.inquiry import PromotionOffer
from cspdecl.core.live import LiveSubscription
from cspdecl.core.money import ExactMoney, Money, Rounding
from cspdecl.core.operation import MoneyTotals, Operation, PriceDelta
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.terms import BillingCycle, Cycle, add_months, at_midnight, cycle_containing

Price = UnitPrice | UnknownPrice


@dataclass(frozen=True, slots=True, kw_only=True)
class SellChange:
    """A change of our own price: `exact` every month, for adding up."""

    month: ExactMoney
    every: Literal["month", "year"]


def sell_change(rule: SellRule | None, before: int, after: int) -> SellChange | None:
    """What `before` → `after` seats change in what we charge, or None where no price is declared or nothing changes."""
    if rule is None or before == after:
        return None
    amount = sell_exact(rule, after - before)
    return SellChange(month=amount * Fraction(1, 12 if rule.every == "year" else 1), every=rule.every)


def add_sell(*changes: SellChange | None) -> SellChange | None:
    """Several changes of price as one; by the month as soon as one of them is."""
    given = [item for item in changes if item is not None]
    if not given:
        return None
    total = given[0].month
    for item in given[1:]:
        total = total + item.month
    return SellChange(month=total, every="year" if all(item.every == "year" for item in given) else "month")


def preview_purchase(
    spec: SubscriptionSpec, prices: PriceBook, *, segment: str, now: datetime, sell: SellChange | None
) -> PriceDelta:
    """What buying a line costs: priced by the list in force now, committed for the whole term."""
    price = find_price(
        prices, offer=spec.offer, term=spec.term, billing=spec.billing, segment=segment, at=now, seats=(spec.seats,)
    )
    today = now.date()
    cycle = None
    if spec.billing.months is not None:
        cycle = cycle_containing(today, today, term=spec.term, billing=spec.billing)
    ends = at_midnight(add_months(today, spec.term.months))
    owed = commitment(price=price, seats=spec.seats, on=today, term_starts=today, term_ends=ends)
    preview = preview_change(price=price, before=0, after=spec.seats, cycle=cycle, on=today)
    return delta_of(spec, preview, price, sell, owed=owed, until=ends)


def preview_seats(
    spec: SubscriptionSpec, live: LiveSubscription, prices: PriceBook, *, after: int, now: datetime,
    sell: SellChange | None, segment: str = "commercial", promotion: PromotionOffer | None = None,
) -> PriceDelta:  # fmt: skip
    """What a change of a running subscription's seats costs or returns, at the price its term was locked at.

    `promotion`: the one that applies to it, where the provider says what it takes off.
    """
    price = price_of_line(prices, spec, live, segment=segment, after=after)
    if promotion is not None and promotion.discount is not None:
        listed = price_of_line(prices, spec, replace(live, promotion=None), segment=segment, after=after)
        price = discounted(listed, promotion) if isinstance(listed, UnitPrice) else listed
    today = now.date()
    cycle = cycle_of(live, today)
    preview = preview_change(price=price, before=live.seats, after=after, cycle=cycle, on=today)
    more = after - live.seats
    if more > 0 and live.term_ends is None and not preview.unknown:
        preview = replace(preview, unknown=("the end of the term is not known, so what this commits to is not either",))
    owed = None
    if more > 0 and live.term_ends is not None:
        owed = commitment(
            price=price, seats=more, on=today, term_starts=live.term_started, term_ends=live.term_ends,
            anchor=anchor_of(live, cycle),
        )  # fmt: skip
    return delta_of(spec, preview, price, sell, owed=owed, until=live.term_ends if more > 0 else None)


def anchor_of(live: LiveSubscription, cycle: Cycle | None) -> date | None:
    """Where charge cycles start when not at the term's first day: coterminous terms are anchored on their end."""
    if cycle is None or live.term is None or live.billing is None:
        return None
    usual = cycle_containing(live.term_started.date(), cycle.start, term=live.term, billing=live.billing)
    return None if usual == cycle else cycle.end + timedelta(days=1)


def delta_of(
    spec: SubscriptionSpec, preview: Preview, price: Price, sell: SellChange | None, *, owed: Money | None,
    until: datetime | None,
) -> PriceDelta:  # fmt: skip
    """A preview of cost, with what it commits to, as what an operation carries."""
    if spec.billing is BillingCycle.ONE_TIME and preview.cost_cycle is not None:
        # paid once and whole: no cycle to share it over, and nothing recurs
        once = preview.cost_cycle
        preview = replace(preview, cost_now=once, cost_now_exact=once.exact(), unknown=())
        owed, until = (once if once.amount > 0 else None), None
    return PriceDelta(
        cycle=spec.billing,
        cost_cycle=preview.cost_cycle,
        cost_now=preview.cost_now,
        cost_now_exact=preview.cost_now_exact,
        days=preview.days,
        cycle_days=preview.cycle_days,
        commitment=owed,
        commitment_until=until,
        sell=_sell_money(sell),
        sell_every=sell.every if sell else None,
        unit_price=price.cycle_price.exact().rounded(Rounding.HALF_UP) if isinstance(price, UnitPrice) else None,
        price_list=price.list_date if isinstance(price, UnitPrice) else None,
        price_list_for=price.asked_for if isinstance(price, UnitPrice) else None,
        basis=preview.basis,
        unknown=preview.unknown,
        forecast=isinstance(price, UnitPrice) and price.forecast,
        discount=price.discount if isinstance(price, UnitPrice) else None,
        promotion=price.promotion if isinstance(price, UnitPrice) else None,
    )


def _sell_money(sell: SellChange | None) -> Money | None:
    if sell is None:
        return None
    return (sell.month * (12 if sell.every == "year" else 1)).rounded(Rounding.HALF_UP)


def cost_month(preview: PriceDelta) -> ExactMoney | None:
    """A preview's change of cost by the month, exactly; None where it is unknown."""
    if preview.cost_cycle is None:
        return None
    if preview.cycle is BillingCycle.ONE_TIME:
        return preview.cost_cycle.exact() * Fraction(0)
    return preview.cost_cycle.exact() * Fraction(1, preview.cycle.months or 1)


def sell_month(preview: PriceDelta) -> ExactMoney | None:
    """A preview's change of our price by the month, exactly; None where there is none."""
    if preview.sell is None:
        return None
    return preview.sell.exact() * Fraction(1, 12 if preview.sell_every == "year" else 1)


def held_cost(
    live: LiveSubscription, prices: PriceBook, seats: int, *, segment: str = "commercial"
) -> tuple[Money, str] | None:
    """What seats that stay billed cost a charge cycle, and the cycle's word; None where unknown."""
    price = price_of_running(prices, live, segment=segment)
    if not isinstance(price, UnitPrice):
        return None
    return price.cycle_price * seats, cycle_word(price.billing.months)


def cycle_word(months: int | None) -> str:
    """How an amount a charge cycle reads on: "a month", "a year", "for three years"."""
    if months == 0:
        return "once"
    return {1: "a month", 12: "a year", 36: "for three years"}.get(months or 0, "a cycle")


def total(operations: Iterable[Operation]) -> MoneyTotals:
    """Sums over a plan, a currency at a time, rounded once at the end."""
    cost: dict[str, ExactMoney] = {}
    sell: dict[str, ExactMoney] = {}
    now: dict[str, ExactMoney] = {}
    owed: dict[str, ExactMoney] = {}
    until: datetime | None = None
    unknown = 0
    for operation in operations:
        preview = operation.preview
        if preview is None:
            continue
        if preview.unknown or preview.sell_unknown:
            unknown += 1
        _add(cost, cost_month(preview))
        _add(sell, sell_month(preview))
        _add(now, preview.cost_now.exact() if preview.cost_now else None)
        _add(owed, preview.commitment.exact() if preview.commitment else None)
        if preview.commitment_until is not None:
            until = max(until or preview.commitment_until, preview.commitment_until)
    return MoneyTotals(
        cost_month=_rounded(cost),
        sell_month=_rounded(sell),
        cost_now=_rounded(now),
        commitment=_rounded(owed),
        commitment_until=until,
        unknown=unknown,
    )


def plan_margin(operations: Iterable[Operation]) -> Fraction | None:
    """The margin of everything a plan changes, or None where any part of it has no price of ours or no known cost."""
    costs: dict[object, ExactMoney] = {}
    sells: dict[object, ExactMoney] = {}
    for operation in operations:
        if (preview := operation.preview) is None or isinstance(operation.action, Reprice):
            continue  # a change of price alone is no part of what is bought: its margin stands beside it
        cost = cost_month(preview)
        if cost is None or preview.unknown or preview.sell_unknown:
            return None
        group = operation.context.bundle_instance or operation.address
        if cost.value:
            costs[group] = costs[group] + cost if group in costs else cost
        if (sell := sell_month(preview)) is not None:
            sells[group] = sells[group] + sell if group in sells else sell
    currencies = {item.currency for item in (*costs.values(), *sells.values())}
    if not costs or costs.keys() - sells.keys() or len(currencies) != 1:
        return None
    (currency,) = currencies
    zero = ExactMoney(Fraction(0), currency)
    return margin(sum(sells.values(), zero), sum(costs.values(), zero))


def margin(sell: ExactMoney | None, cost: ExactMoney | None) -> Fraction | None:
    """Share of the sell price that is left; None where either side is unknown, nothing, or in another currency."""
    if sell is None or cost is None or sell.currency != cost.currency or not sell.value:
        return None
    if sell.value * cost.value <= 0:
        return None
    return (sell.value - cost.value) / sell.value


def _add(sums: dict[str, ExactMoney], amount: ExactMoney | None) -> None:
    if amount is not None:
        known = sums.get(amount.currency)
        sums[amount.currency] = amount if known is None else known + amount


def _rounded(sums: dict[str, ExactMoney]) -> tuple[Money, ...]:
    return tuple(sums[code].rounded(Rounding.HALF_UP) for code in sorted(sums))
