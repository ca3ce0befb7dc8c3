"""Bundles: what the customer buys as one thing, counted by its anchor, sold at one price."""

from __future__ import annotations

from cspdecl.commerce.prices import billed_seats
from cspdecl.core.desired import BundleInstance, ServiceSpec, SubscriptionSpec
from cspdecl.planning.money import SellChange, sell_change


def seats_billed(spec: SubscriptionSpec | ServiceSpec, bundle: BundleInstance, anchor_seats: int) -> int:
    """Bundle seats that are billed while the anchor, declared as `spec`, has so many seats."""
    declared = spec.seats if isinstance(spec, SubscriptionSpec) else spec.quantity
    return billed_seats(bundle_seats=bundle.seats, line_seats=declared, anchor_seats=anchor_seats)


def bundle_sell_change(
    spec: SubscriptionSpec | ServiceSpec, bundle: BundleInstance, before: int, after: int
) -> SellChange | None:
    """What the bundle's own price changes by when its anchor goes from `before` to `after`; None for other parts."""
    if bundle.anchor != spec.address:
        return None
    return sell_change(bundle.sell, seats_billed(spec, bundle, before), seats_billed(spec, bundle, after))
