"""Bundles: what the customer buys as one thing, counted by its anchor, sold at one price."""

from __future__ import annotations

from cspdecl.core.desired import BundleInstance, ServiceSpec, SubscriptionSpec
from cspdecl.planning.money import SellChange, sell_change


def billed_seats(spec: SubscriptionSpec | ServiceSpec, bundle: BundleInstance | None, anchor_seats: int) -> int | None:
    """Bundle seats that are billed while the anchor has so many seats.

    The customer pays declared bundle seats from the moment the anchor has them; a reduction that is held back stays
    billed. Where the anchor counts one to one its seats are the bundle's; else the declared ratio is kept.
    """
    if bundle is None:
        return None
    declared = spec.seats if isinstance(spec, SubscriptionSpec) else spec.quantity
    if declared == bundle.seats:
        return anchor_seats
    if not declared or anchor_seats == declared:
        return bundle.seats
    return -(-bundle.seats * anchor_seats // declared)


def bundle_sell_change(
    spec: SubscriptionSpec | ServiceSpec, bundle: BundleInstance, before: int, after: int
) -> SellChange | None:
    """What the bundle's own price changes by when its anchor goes from `before` to `after`; None for other parts."""
    if bundle.anchor != spec.address:
        return None
    return sell_change(
        bundle.sell, billed_seats(spec, bundle, before) or 0 if before else 0,
        billed_seats(spec, bundle, after) or 0 if after else 0,
    )  # fmt: skip
