"""What a purchase also has to fit: what a customer may own only so often, shares of a base, old Azure, who sells.

Sources: contract §9 (offer matrix, Multi-Geo), §10 (10019), §4 (800089, 900123), §15 (older Azure subscriptions).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ..catalog import AZURE, Sku
from ..wire import Doc, Refusal
from .call import Call
from .partner import region
from .state import World

OLD_AZURE = "MS-AZR-0145P"


def seats_of_share(world: World, sku: Sku, siblings: Iterable[tuple[Sku, int]]) -> int:
    """The fewest seats of an add-on that needs a share of the seats of all its bases; 0 where it needs none. What is
    bought beside it counts.
    """
    if not sku.base_share:
        return 0
    wanted = {key.upper() for key in sku.prerequisites}
    seats = sum(
        int(row["quantity"])
        for row in world.rows("subscription").values()
        if row["status"] == "active" and f"{row['product']}:{row['sku']}".upper() in wanted
    )
    seats += sum(quantity for other, quantity in siblings if other.key.upper() in wanted)
    return -(-seats * sku.base_share // 100)


def old_azure(world: World) -> list[Doc]:
    """Azure subscriptions of the older kind that run."""
    return [
        row
        for row in world.rows("subscription").values()
        if row["status"] == "active" and OLD_AZURE in (row["product"].upper(), row["sku"].upper())
    ]


def beside_old_azure(world: World, sku: Sku) -> bool:
    """Whether an Azure plan is asked for beside a subscription of the older kind (contract §15)."""
    return sku.kind == AZURE and "" in sku.plans and bool(old_azure(world))


def require_not_too_many(call: Call, skus: Iterable[Sku | None]) -> None:
    """What a customer may own only so often, at one time or ever; what is cancelled counts until it is gone for good,
    for a lifetime limit always (contract §9).

    Raises Refusal(403, 800089).
    """
    for key, more in Counter(sku.key for sku in skus if sku is not None and sku.owned_limit).items():
        sku = call.catalog.by_key(key)
        if sku is None:
            continue
        held = sum(
            1
            for row in call.customer.rows("subscription").values()
            if f"{row['product']}:{row['sku']}".upper() == key.upper()
            and (sku.owned_for_life or row["status"] != "deleted")
        )
        if held + more > sku.owned_limit:
            text = f"The customer may have {sku.owned_limit} of catalog item {key} and has {held}."
            raise Refusal(403, 800089, text, data=[key, str(max(0, sku.owned_limit - held))])


def require_signed(call: Call, named: Iterable[str]) -> None:
    """Resellers on record have signed the partner agreement for the region of the order (contract §4, commerce §5).

    Raises Refusal(403, 900123).
    """
    known = {row["mpnId"]: row for row in call.partner.shared("reseller").values()}
    for one in named:
        row = known.get(one)
        if row is not None and (
            not row.get("signed", True) or region(row["location"]) != region(call.settings.country)
        ):
            raise Refusal(403, 900123, f"{one} has not signed the partner agreement for the region of the order.")


def refuse_in_use(row: Doc) -> None:
    """An Azure plan is not suspended while something below it is in use (contract §15).

    Raises Refusal(400, 900115).
    """
    if row["kind"] == AZURE and any(item["status"] == "active" for item in row.get("entitlements", ())):
        raise Refusal(400, 900115, "The Azure plan has active usage: cancel what is below it first.")
