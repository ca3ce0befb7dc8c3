"""The money in a record: what a change costs, what we charge for it, and what remains between the two.

Each function takes a record and returns it with one side filled in. What cannot be known stays absent, with the
reason in `unknown`; nothing here ever writes a zero for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Literal

from cspdecl.billing.parts import cost_of, discounts_of, list_unit, nothing, parts_in
from cspdecl.commerce.prices import UnknownPrice, older_lists, sell_amount, sell_exact
from cspdecl.commerce.proration import (
    HALF_UP,
    charge_lines,
    commitment,
    lines_amount,
    lines_exact,
    profile_of,
    prorated_lines,
)
from cspdecl.core.desired import SellRule
from cspdecl.core.diagnostics import Diagnostic
from cspdecl.core.live import LiveSubscription
from cspdecl.core.money import Money
from cspdecl.core.project import UnitPrice
from cspdecl.core.records import BillingChange, ChargeLine
from cspdecl.core.terms import BillingCycle, Cycle, Term, at_midnight, cycle_containing


def with_price(change: BillingChange, price: UnitPrice | UnknownPrice, *, market: str) -> BillingChange:
    """What one seat costs and which row of which list says so; no charge."""
    if isinstance(price, UnknownPrice):
        return with_unknown(change, price.reason)
    return replace(
        change,
        cost_currency=price.cycle_price.currency,
        cost_unit_list=list_unit(price),
        discounts=discounts_of(price),
        price_source="forecast" if price.forecast else "list",
        price_list=price.list_date,
        price_list_digest=price.list_digest,
        price_valid_from=price.valid_from,
        price_market=market,
        price_segment=price.segment,
    )


def with_nothing(change: BillingChange, currency: str) -> BillingChange:
    """A trial is free: a price of nothing, which is known."""
    return replace(change, cost_currency=currency, cost_unit_list=nothing(currency))


def with_free_days(change: BillingChange, currency: str, *, seats: int, since: date, until: date) -> BillingChange:
    """The line of a trial: so many seats at nothing from `since` to the last day `until`, as bills show them."""
    basis = f"{seats} × 0 from {since}, a trial"
    line = ChargeLine(
        role="charge", quantity=seats, unit_effective=Fraction(0), amount=nothing(currency),
        amount_exact=Fraction(0), charge_start=since, charge_end_inclusive=until, basis=basis,
    )  # fmt: skip
    free = nothing(currency)
    return replace(
        with_nothing(change, currency), cost_lines=(line,), cost_amount=free, cost_amount_exact=Fraction(0),
        recurring_cost_delta=free,
    )  # fmt: skip


def with_once(change: BillingChange, price: UnitPrice | UnknownPrice, *, on: date) -> BillingChange:
    """What is bought for good: paid whole on the day, returned whole inside its window; nothing recurs."""
    if isinstance(price, UnknownPrice):
        return change
    before, after = int(change.quantity_before), int(change.quantity_after)
    lines = charge_lines(
        price=price, before=before, after=after, cycle=Cycle(start=on, end=on), on=on, kind=change.charge_kind
    )
    currency = price.cycle_price.currency
    return replace(
        change,
        period_start=at_midnight(on),
        cost_unit_effective=price.cycle_price.exact().value,
        cost_lines=lines,
        cost_amount=lines_amount(lines, currency),
        cost_amount_exact=lines_exact(lines, currency).value,
        cost_rounding_profile=profile_of(change.charge_kind),
        recurring_cost_delta=nothing(currency),
    )


def with_cost(
    change: BillingChange, price: UnitPrice | UnknownPrice, *, wiped: int, charged: int, cycle: Cycle | None, on: date
) -> BillingChange:
    """The charge of a change on `on`: `wiped` seats returned and `charged` ones charged for the rest of the cycle."""
    if isinstance(price, UnknownPrice):
        return change
    if cycle is None or not cycle.start <= on <= cycle.end:
        return with_unknown(change, "the charge cycle is not known, so the charge for the days left is not either")
    lines = charge_lines(price=price, before=wiped, after=charged, cycle=cycle, on=on, kind=change.charge_kind)
    currency = price.cycle_price.currency
    factor = Fraction(cycle.days_from(on), cycle.days)
    after_cycle = at_midnight(cycle.end + timedelta(days=1))
    return replace(
        change,
        cycle_start=at_midnight(cycle.start),
        cycle_end=after_cycle,
        period_start=at_midnight(on),
        period_end=after_cycle,
        proration_unit="day",
        billable_units=cycle.days_from(on),
        cycle_units=cycle.days,
        proration_factor=factor,
        cost_unit_effective=(price.cycle_price.exact() * factor).value,
        cost_lines=lines,
        cost_amount=lines_amount(lines, currency),
        cost_amount_exact=lines_exact(lines, currency).value,
        cost_rounding_profile=profile_of(change.charge_kind),
    )


def with_recurring(change: BillingChange, price: UnitPrice | UnknownPrice, *, old: Money | None) -> BillingChange:
    """How the cost of every charge cycle changes. `old` is what one seat cost before; None: it had no such price."""
    if isinstance(price, UnknownPrice):
        return change
    before, after = int(change.quantity_before), int(change.quantity_after)
    unit = old if old is not None else price.cycle_price
    if unit.currency != price.cycle_price.currency:
        return change
    return replace(change, recurring_cost_delta=price.cycle_price * after - unit * before)


def without_recurring(change: BillingChange, last: BillingChange, sell: SellRule | None) -> BillingChange:
    """What an address cost and earned by its last record falls away: its books are closed, and nothing is charged."""
    cost, seats = cost_of(parts_in(last)), int(last.quantity_after)
    if cost is not None:
        change = replace(change, cost_currency=cost.currency, recurring_cost_delta=-cost)
    if sell is not None:
        change = replace(
            change, sell_currency=sell.currency, sell_unit=Money(sell.per_seat, sell.currency), sell_every=sell.every,
            recurring_sell_delta=_recurring(sell, seats, 0),
        )  # fmt: skip
    bundle, billed = last.bundle_sell_unit, last.bundle_quantity_after
    if bundle is not None and last.bundle_sell_every is not None and billed is not None:
        rule = SellRule(per_seat=bundle.amount, currency=bundle.currency, every=last.bundle_sell_every)
        change = replace(
            change, bundle_sell_unit=bundle, bundle_sell_every=rule.every,
            bundle_recurring_sell_delta=_recurring(rule, int(billed), 0),
        )  # fmt: skip
    return change


def with_commitment(
    change: BillingChange,
    price: UnitPrice | UnknownPrice,
    *,
    seats: int,
    on: date,
    starts: datetime,
    ends: datetime | None,
    anchor: date | None = None,
) -> BillingChange:
    """What `seats` newly oblige to pay until the term ends, once they can no longer be returned."""
    if seats <= 0 or ends is None:
        return change
    owed = commitment(price=price, seats=seats, on=on, term_starts=starts, term_ends=ends, anchor=anchor)
    return replace(change, commitment_remaining_cost=owed)


def with_sell(
    change: BillingChange, rule: SellRule | None, *, wiped: int, charged: int, cycle: Cycle | None, on: date
) -> BillingChange:
    """Our own side: what the customer is charged for the line itself, if it has a price of its own."""
    if rule is None:
        return change
    lines = _sell_lines(rule, wiped, charged, cycle, on)
    delta = _recurring(rule, int(change.quantity_before), int(change.quantity_after))
    filled = replace(
        change,
        sell_currency=rule.currency,
        sell_unit=Money(rule.per_seat, rule.currency),
        sell_every=rule.every,
        recurring_sell_delta=delta,
    )
    if lines is None:
        return filled
    return replace(
        filled,
        sell_lines=lines,
        sell_amount=lines_amount(lines, rule.currency),
        sell_amount_exact=lines_exact(lines, rule.currency).value,
        sell_rounding_profile=HALF_UP,
    )


def with_bundle_sell(
    change: BillingChange, rule: SellRule | None, *, wiped: int, charged: int, cycle: Cycle | None, on: date
) -> BillingChange:
    """The bundle's price, on the record of its anchor: billed bundle seats before and after are in the record."""
    if rule is None or change.bundle_quantity_before is None or change.bundle_quantity_after is None:
        return change
    lines = _sell_lines(rule, wiped, charged, cycle, on)
    delta = _recurring(rule, int(change.bundle_quantity_before), int(change.bundle_quantity_after))
    filled = replace(
        change,
        bundle_sell_unit=Money(rule.per_seat, rule.currency),
        bundle_sell_every=rule.every,
        bundle_recurring_sell_delta=delta,
    )
    if lines is None:
        return filled
    return replace(
        filled,
        bundle_sell_lines=lines,
        bundle_sell_amount=lines_amount(lines, rule.currency),
        bundle_sell_amount_exact=lines_exact(lines, rule.currency).value,
        sell_rounding_profile=HALF_UP,
    )


def with_margin(change: BillingChange) -> BillingChange:
    """Sell less cost, where both are known, in one currency and for the same days; else absent, as in bundles."""
    cost, sell = change.cost_amount, change.sell_amount
    if cost is None or sell is None or cost.currency != sell.currency or change.bundle_id is not None:
        return change
    if {_slice(line) for line in change.cost_lines} != {_slice(line) for line in change.sell_lines}:
        return change
    margin = sell - cost
    ratio = Fraction(margin.amount) / Fraction(sell.amount) if sell.amount else None
    return replace(change, margin_amount=margin, margin_ratio=ratio)


def with_unknown(change: BillingChange, reason: str) -> BillingChange:
    """One more thing that is not known, and why."""
    return change if reason in change.unknown else replace(change, unknown=(*change.unknown, reason))


def older_prices(changes: Iterable[BillingChange]) -> Diagnostic | None:
    """One warning for all charges of these records that are by a price list older than the term they are for."""
    return older_lists(
        (change.price_list, f"{change.term_start:%Y-%m}")
        for change in changes
        if change.price_list and change.term_start and change.cost_amount is not None
        and change.price_list[:7] < f"{change.term_start:%Y-%m}"
    )  # fmt: skip


def begins_anew(rule: SellRule, term: Term | None) -> bool:
    """Whether our price is due from the start of each term. A yearly one is not where terms last a month."""
    return rule.every == "month" or term is not Term.P1M


def sell_cycle(every: Literal["month", "year"], subscription: LiveSubscription | None, on: date) -> Cycle:
    """The days our own price is for: from the term's day of month, or calendar months where there is no term."""
    billing = BillingCycle.MONTHLY if every == "month" else BillingCycle.ANNUAL
    if subscription is None:
        return cycle_containing(date(on.year, 1, 1), on, term=Term.P1Y, billing=billing)
    term = Term.P1M if subscription.term is Term.P1M and every == "month" else Term.P1Y
    return cycle_containing(subscription.term_started.date(), on, term=term, billing=billing)


def _sell_lines(
    rule: SellRule, wiped: int, charged: int, cycle: Cycle | None, on: date
) -> tuple[ChargeLine, ...] | None:
    if cycle is None or not cycle.start <= on <= cycle.end:
        return None
    return prorated_lines(unit=sell_exact(rule, 1), before=wiped, after=charged, cycle=cycle, on=on, profile=HALF_UP)


def _recurring(rule: SellRule, before: int, after: int) -> Money:
    return sell_amount(rule, after) - sell_amount(rule, before)


def _slice(line: ChargeLine) -> tuple[date, date]:
    return line.charge_start, line.charge_end_inclusive
