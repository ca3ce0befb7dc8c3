"""A bundle's price split over its components: by cost or in equal parts, to the last cent, or not at all.

One unknown cost makes the split unknown; a component with a price of its own takes no part in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from cspdecl.billing.money import with_unknown
from cspdecl.commerce.prices import UnknownPrice, find_price, price_of_running, sell_amount
from cspdecl.core.address import Address
from cspdecl.core.desired import BundleInstance, CustomerSpec, SellRule, SubscriptionSpec
from cspdecl.core.live import Binding, LiveCustomer
from cspdecl.core.money import Money, allocate
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.records import AllocationShare, BillingChange


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentCost:
    """What one component costs a month, exactly, for sharing a price by it. None: not known, and `reason` says why."""

    address: Address
    component: str
    month: Fraction | None
    reason: str = ""


def component_costs(
    instance: BundleInstance,
    customer: CustomerSpec,
    *,
    live: LiveCustomer | None,
    bindings: Mapping[Address, Binding],
    prices: PriceBook,
    at: datetime,
    segment: str,
) -> tuple[ComponentCost, ...]:
    """What the components of a bundle cost a month: running ones at their own price, the rest at the list's."""
    running = {item.id: item for item in live.subscriptions} if live else {}
    members = set(instance.components)
    costs = []
    for spec in customer.subscriptions:
        if spec.address not in members or spec.bundle is None or spec.absent or _sold_alone(spec):
            continue
        binding = bindings.get(spec.address)
        bound = running.get(binding.ids[-1]) if binding and binding.ids else None
        if bound is not None and bound.status.running:
            price, seats = price_of_running(prices, bound, segment=segment), bound.seats
        else:
            price, seats = _list_price(prices, spec, segment, at), spec.seats
        costs.append(_cost(spec.address, spec.bundle.component, price, seats))
    for service in customer.services:
        if service.address in members and service.bundle is not None and service.sell is None and not service.absent:
            reason = f"what {service.service} costs us is written nowhere"
            costs.append(
                ComponentCost(address=service.address, component=service.bundle.component, month=None, reason=reason)
            )
    return tuple(costs)


def _sold_alone(spec: SubscriptionSpec) -> bool:
    """Whether a component has a price of its own, as an amount or as a share of another."""
    return spec.sell is not None or spec.relative is not None


def share_price(total: Money, weights: Sequence[tuple[Address, str, Fraction]]) -> tuple[AllocationShare, ...]:
    """`total` split by weight: shares add up to exactly 1, amounts to exactly `total`. Empty where nothing weighs."""
    whole = sum((weight for _address, _component, weight in weights), Fraction(0))
    if not whole:
        return ()
    amounts = allocate(total, [weight for _address, _component, weight in weights])
    return tuple(
        AllocationShare(address=address, component=component, share=weight / whole, amount=amount)
        for (address, component, weight), amount in zip(weights, amounts, strict=True)
    )


def with_allocation(
    change: BillingChange, rule: SellRule | None, costs: Sequence[ComponentCost] | None
) -> BillingChange:
    """The split of the bundle's recurring price on the anchor's record, as the bundle's `allocate` says."""
    if rule is None or rule.allocate is None or not change.bundle_quantity_after:
        return change
    if costs is None:
        return with_unknown(change, "the bundle's components were not at hand, so its price is not allocated")
    unknown = [cost for cost in costs if cost.month is None]
    if rule.allocate == "byCost" and unknown:
        names = ", ".join(cost.component for cost in unknown)
        return with_unknown(change, f"the bundle's price is not allocated: {names}: {unknown[0].reason}")
    equal = rule.allocate == "equal"
    weights = [(cost.address, cost.component, Fraction(1) if equal else cost.month or Fraction(0)) for cost in costs]
    shares = share_price(sell_amount(rule, int(change.bundle_quantity_after)), weights)
    if not shares:
        return with_unknown(change, "the bundle's price is not allocated: no component has a cost to share it by")
    return replace(change, allocation_method="equal" if equal else "by_cost", allocation=shares)


def _list_price(prices: PriceBook, spec: SubscriptionSpec, segment: str, at: datetime) -> UnitPrice | UnknownPrice:
    return find_price(
        prices, offer=spec.offer, term=spec.term, billing=spec.billing, segment=segment, at=at, seats=(spec.seats,)
    )


def _cost(address: Address, component: str, price: UnitPrice | UnknownPrice, seats: int) -> ComponentCost:
    if isinstance(price, UnknownPrice):
        return ComponentCost(address=address, component=component, month=None, reason=price.reason)
    months = price.billing.months or price.term.months
    return ComponentCost(
        address=address, component=component, month=(price.cycle_price.exact() * Fraction(seats, months)).value
    )
