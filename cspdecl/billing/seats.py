"""The money of a change of seats: the line's own, and the bundle's on the record of its anchor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from cspdecl.billing.bundles import component_costs, with_allocation
from cspdecl.billing.money import (
    begins_anew,
    sell_cycle,
    with_bundle_sell,
    with_commitment,
    with_cost,
    with_once,
    with_price,
    with_recurring,
    with_sell,
)
from cspdecl.billing.parts import anchor_of_cycle, charged_cycle
from cspdecl.commerce.prices import UnknownPrice, billed_seats, list_words
from cspdecl.core.address import Address
from cspdecl.core.desired import DesiredState
from cspdecl.core.live import Binding, LiveCustomer, LiveSubscription
from cspdecl.core.operation import LineContext
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.records import BillingChange, Recorded
from cspdecl.core.terms import Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """What stands around an operation and improves its record where it is at hand: what is declared, live, bound and
    recorded. Without it a bundle's price is not allocated, and says so."""

    desired: DesiredState | None = None
    live: Mapping[str, LiveCustomer] = field(default_factory=dict)
    bindings: Mapping[Address, Binding] = field(default_factory=dict)
    recorded: Mapping[Address, Recorded] = field(default_factory=dict)


def add_seat_money(
    change: BillingChange,
    price: UnitPrice | UnknownPrice,
    subscription: LiveSubscription | None,
    *,
    line: LineContext,
    on: date,
    market: str,
    anchor: date | None = None,
) -> BillingChange:
    """The money of a change of seats that took effect on `on`: cost, our own price, and what it newly commits to.

    `anchor`: a day on which charge cycles begin, where the books know one beside the term's first.
    """
    before, after = int(change.quantity_before), int(change.quantity_after)
    change = with_price(change, price, market=market)
    if subscription is not None and subscription.term is Term.ONCE:
        change = with_once(change, price, on=on)
    else:
        cycle = charged_cycle(subscription, on, anchor) if subscription else None
        change = with_cost(change, price, wiped=before, charged=after, cycle=cycle, on=on)
        change = with_recurring(change, price, old=None)
        if subscription is not None:
            counted = anchor or anchor_of_cycle(subscription, cycle)
            change = with_commitment(
                change, price, seats=after - before, on=on, starts=subscription.term_started,
                ends=subscription.term_ends, anchor=counted,
            )  # fmt: skip
    if line.sell is not None:
        ours = sell_cycle(line.sell.every, subscription, on)
        change = with_sell(change, line.sell, wiped=before, charged=after, cycle=ours, on=on)
    if isinstance(price, UnitPrice):
        words = f"{price.cycle_price} a seat and cycle by price {list_words(price)} ({market})"
        days = f"; {change.billable_units} of {change.cycle_units} days" if change.billable_units else ""
        change = replace(change, basis=f"{change.basis}; {words}{days}; an estimate until invoiced")
    return change


def add_bundle(
    change: BillingChange,
    line: LineContext,
    subscription: LiveSubscription | None,
    *,
    on: date | None,
    prices: PriceBook,
    estate: Estate,
    segment: str,
    renewed: bool = False,
) -> BillingChange:
    """The bundle's side, on the record of its anchor: billed bundle seats, their price, and how it is shared.

    `on` None: nothing is charged now, only the state is kept. `renewed`: a term begins, and its first month or year
    is charged in full instead of what changed.
    """
    if not line.anchor or line.bundle_seats is None or line.bundle_instance is None:
        return change
    billed = {
        seats: billed_seats(bundle_seats=line.bundle_seats, line_seats=line.seats, anchor_seats=seats)
        for seats in (int(change.quantity_before), int(change.quantity_after))
    }
    last = estate.recorded.get(line.bundle_instance)
    before = int(last.seats) if last else billed[int(change.quantity_before)]
    after = billed[int(change.quantity_after)]
    change = replace(change, bundle_quantity_before=Decimal(before), bundle_quantity_after=Decimal(after))
    rule = line.bundle_sell
    if rule is None:
        return change
    anew = renewed and begins_anew(rule, change.term)
    charging = on is not None and (anew or before != after)
    cycle = sell_cycle(rule.every, subscription, on) if charging and on else None
    day = on or change.time.date()
    change = with_bundle_sell(change, rule, wiped=0 if anew else before, charged=after, cycle=cycle, on=day)
    costs = None
    customer = estate.desired.customers.get(change.customer_key) if estate.desired else None
    instance = (
        next((item for item in customer.bundles if item.address == line.bundle_instance), None) if customer else None
    )
    if customer is not None and instance is not None:
        costs = component_costs(
            instance,
            customer,
            live=estate.live.get(change.customer_key),
            bindings=estate.bindings,
            prices=prices,
            at=change.time,
            segment=segment,
        )
    return with_allocation(change, rule, costs)
