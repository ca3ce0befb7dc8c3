"""Trial conversion and upgrades of the traditional offers, before new commerce.

Source: contract §13.7 (last lines), §12; examples subscriptions.conversions.*, subscriptions.upgrades.*.
"""

from __future__ import annotations

from ..catalog import LEGACY, Sku
from ..wire import Answer, Doc, Refusal, attributes, collection, iso, moment, snake
from .call import Call, as_quantity
from .products import offer_doc
from .subscriptions import find, new_subscription, snapshot
from .transitions import ERRORS


def _legacy(call: Call) -> tuple[Doc, list[Sku]]:
    row = find(call)
    if row["kind"] != LEGACY:
        raise Refusal(400, 900141, "Use transitions: the subscription is not a traditional one.")
    sku = next(iter(call.catalog.product(row["product"])), None)
    wanted = (
        (sku.trial_of.split(":")[0],)
        if sku and sku.trial_of
        else tuple(key.split(":")[0] for key in sku.upgrades)
        if sku
        else ()
    )
    return row, [found[0] for key in wanted if key and (found := call.catalog.product(key))]


def list_conversions(call: Call) -> Answer:
    row, found = _legacy(call)
    items = [
        {
            "offerId": row["product"],
            "targetOfferId": sku.product_id,
            "orderId": row["order"],
            "quantity": row["quantity"],
            "billingCycle": "monthly",
            "attributes": attributes("Conversion"),
        }
        for sku in found
        if row["trial"]
    ]
    return Answer(200, collection(items))


def convert(call: Call) -> Answer:
    """POST …/conversions: a traditional trial becomes a paid subscription under the same id."""
    row, found = _legacy(call)
    form = call.form
    target = next((sku for sku in found if sku.product_id.lower() == str(form.get("targetofferid", "")).lower()), None)
    if target is None or not row["trial"]:
        raise Refusal(400, 800002, "The trial cannot be converted to this offer.")
    old = row["product"]
    row.update(
        product=target.product_id,
        title=target.title,
        trial=False,
        trial_of="",
        quantity=as_quantity(form.get("quantity", row["quantity"])),
        plan=snake(form.text("billingcycle") or "monthly"),
        version=row["version"] + 1,
    )
    call.customer.put("subscription", row)
    call.audit("subscription", "convert_trial_subscription", new=snapshot(row))
    return Answer(
        200,
        {
            "subscriptionId": row["id"],
            "offerId": old,
            "targetOfferId": target.product_id,
            "attributes": attributes("ConversionResult"),
        },
    )


def list_upgrades(call: Call) -> Answer:
    row, found = _legacy(call)
    errors = (
        []
        if row["status"] == "active"
        else [{"code": 2, "description": ERRORS[2], "attributes": attributes("UpgradeError")}]
    )
    extra = {"isInternal": False, "conversionTargetOffers": [], "partnerQualifications": ["none"]}
    return Answer(
        200,
        collection(
            [
                {
                    "targetOffer": offer_doc(sku, call.country) | extra,
                    "upgradeType": "upgrade_only",
                    "isEligible": not errors,
                    "quantity": row["quantity"],
                    "upgradeErrors": errors,
                    "attributes": attributes("Upgrade"),
                }
                for sku in found
            ]
        ),
    )


def upgrade(call: Call) -> Answer:
    """POST …/upgrades: a traditional subscription gives its seats to a new one of the target offer."""
    row, found = _legacy(call)
    form = call.form
    wanted = str(form.part("targetoffer").get("id", "")).lower()
    target = next((sku for sku in found if sku.product_id.lower() == wanted), None)
    if target is None or row["status"] != "active":
        raise Refusal(400, 800002, "The subscription cannot be upgraded to this offer.")
    new = new_subscription(
        row_id=call.guid(),
        sku=target,
        availability="",
        segment=row["segment"],
        quantity=row["quantity"],
        term="",
        plan=row["plan"],
        start=call.now,
        end=moment(row["end"]),
        order=row["order"],
        price={},
        auto=True,
    )
    call.customer.put("subscription", new)
    row.update(status="suspended", status_since=iso(call.now), version=row["version"] + 1)
    call.customer.put("subscription", row)
    call.audit("subscription", "upgrade_subscription", new=snapshot(new))
    return Answer(
        200,
        {
            "sourceSubscriptionId": row["id"],
            "targetSubscriptionId": new["id"],
            "upgradeType": form.get("upgradetype", 1),
            "upgradeErrors": [],
            "licenseErrors": [],
            "attributes": attributes("UpgradeResult"),
        },
    )
