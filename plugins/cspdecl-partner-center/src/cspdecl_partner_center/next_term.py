"""What is written for the next term: product, plan, seats, end date and promotion, with an availability to name.

Instructions are absolute: what a wish leaves out is not kept from what stood there before, but for a promotion of the
same offer, term and plan, which nobody wants to lose unasked (contract §13.4, 2026-06).
"""

from __future__ import annotations

from collections.abc import Mapping

from cspdecl.core.live import LiveSubscription, NextTerm, Status
from cspdecl.core.outcome import Rejected, Stale
from cspdecl_partner_center import paths
from cspdecl_partner_center.catalog import CatalogReader
from cspdecl_partner_center.faithful import Json, get
from cspdecl_partner_center.paging import Incomplete, items
from cspdecl_partner_center.targets import NotPossible, Target
from cspdecl_partner_center.transport import Refusal, Request, Transport


def instructions(
    transport: Transport,
    catalog: CatalogReader,
    body: Mapping[str, Json],
    live: LiveSubscription,
    wish: NextTerm,
    target: Target,
) -> dict[str, Json]:
    """The instructions for a wish. Raises NotPossible, besides what the transport raises."""
    _must_renew(live)
    product: dict[str, Json] = {
        "productId": wish.offer.product,
        "skuId": wish.offer.sku,
        "availabilityId": _availability(transport, catalog, body, live, wish, target),
        "billingCycle": wish.billing.value,
        "termDuration": wish.term.value,
    }
    if (promotion := wish.promotion or _kept(live, wish)) is not None:
        product["promotionId"] = promotion
    found: dict[str, Json] = {"product": product, "quantity": wish.seats}
    if wish.ends is not None:
        found["customTermEndDate"] = f"{wish.ends.isoformat()}T00:00:00Z"
    return found


def _kept(live: LiveSubscription, wish: NextTerm) -> str | None:
    was = live.scheduled
    same = was is not None and (was.offer, was.term, was.billing) == (wish.offer, wish.term, wish.billing)
    return was.promotion if was is not None and same else None


def _availability(
    transport: Transport, catalog: CatalogReader, body: Json, live: LiveSubscription, wish: NextTerm, target: Target
) -> str:
    """The availability to name: what Microsoft says this subscription may go to, else the catalogue's (§13.4).

    Of an offer that is no longer sold the catalogue lists none; then only the first answer helps (contract §9).
    """
    path = paths.subscription(target.tenant, target.id, "transitionEligibilities")
    request = Request(method="GET", path=path, query=[("eligibilityType", "scheduled")])
    try:
        for item in items(transport, request):
            parts = str(get(item, "catalogItemId") or "").upper().split(":")
            if len(parts) == 3 and (parts[0], parts[1]) == (wish.offer.product, wish.offer.sku):
                return parts[2]
    except (Refusal, Incomplete):
        pass  # the call is documented for upgrades; for the same SKU the catalogue answers too
    parts = str(get(body, "offerId") or "").split(":")
    own = parts[2] if len(parts) == 3 and wish.offer == live.offer else None
    try:
        found = catalog.items_for(wish.offer, wish.term, wish.billing, tenant=target.tenant)
    except (Refusal, Incomplete):
        found = []
    if found and own not in found:
        return found[0]
    if own is None:
        raise NotPossible(
            Rejected(code="CSP411", message=f"{wish.offer} is not sold to this customer as {wish.term} {wish.billing}")
        )
    return own


def _must_renew(live: LiveSubscription) -> None:
    if live.status is not Status.ACTIVE or live.end_of_term != "renew":
        raise NotPossible(
            Stale(
                seen=f"it is {live.status}, at the end of its term `{live.end_of_term}`; only a renewal takes changes"
            )
        )
