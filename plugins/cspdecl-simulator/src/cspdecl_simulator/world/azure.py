"""What hangs on an Azure plan, reservations and overage.

Sources: contract §12 (registration, overage), §15 (entitlements); examples azure.*, entitlements.list,
subscriptions.overage.*.
"""

from __future__ import annotations

from ..catalog import AZURE
from ..wire import Answer, Doc, Refusal, attributes, collection, link, present
from .call import Call, as_flag
from .subscriptions import find


def _plan(call: Call) -> Doc:
    row = find(call)
    if row["kind"] != AZURE:
        raise Refusal(400, 800011, "The subscription is not an Azure plan.")
    return row


def _entitlement(call: Call, row: Doc, item: Doc) -> Doc:
    return {
        "id": item["id"],
        "friendlyName": item["name"],
        "status": item["status"],
        "subscriptionId": row["id"],
        "links": {"self": link(f"{call.base}/subscriptions/{row['id']}/azureEntitlements/{item['id']}")},
        "attributes": attributes("AzureEntitlement"),
    }


def list_entitlements(call: Call) -> Answer:
    row = _plan(call)
    return Answer(200, collection([_entitlement(call, row, item) for item in row.get("entitlements", ())]))


def _one(call: Call, row: Doc) -> Doc:
    for item in row.get("entitlements", ()):
        if item["id"].lower() == call.params["entitlement"].lower():
            return dict(item)
    raise Refusal(404, 800111, "The Azure entitlement was not found.")


def get_entitlement(call: Call) -> Answer:
    row = _plan(call)
    return Answer(200, _entitlement(call, row, _one(call, row)))


def cancel_entitlement(call: Call) -> Answer:
    """POST …/azureEntitlements/{id}/cancel with a reason (900307 without a good one)."""
    row = _plan(call)
    item = _one(call, row)
    reason = str(call.form.get("cancellationreason", "")).lower()
    if reason not in ("compromise", "customerrequest", "nonpayment", "businessdecision", "other"):
        raise Refusal(400, 900307, "cancellationReason is not valid.")
    _set_status(call, row, item, "inactive")
    return Answer(200, _entitlement(call, row, item))


def reactivate_entitlement(call: Call) -> Answer:
    """POST …/azureEntitlements/{id}/reactivate: 202 without a body; what runs already cannot be (900337)."""
    row = _plan(call)
    item = _one(call, row)
    if item["status"] == "active":
        raise Refusal(400, 900337, "The Azure entitlement is active.")
    _set_status(call, row, item, "active")
    return Answer(202, raw=b"")


def _set_status(call: Call, row: Doc, item: Doc, status: str) -> None:
    item["status"] = status
    row["entitlements"] = [item if one["id"] == item["id"] else one for one in row["entitlements"]]
    row["version"] += 1
    call.customer.put("subscription", row)


def entitlements(call: Call) -> Answer:
    """GET /customers/{id}/entitlements[?entitlementtype=]: software and reservations an order has given."""
    wanted = call.query.get("entitlementtype", "").lower()
    items: list[Doc] = list(call.customer.customer.get("entitlements", []))
    for order in call.customer.rows("order").values():
        for line in order["lines"]:
            if line["kind"] == "Software" and line["quantity"] > 0:
                parts = line["offer"].split(":")
                items.append(
                    present(
                        includedEntitlements=[],
                        referenceOrder={
                            "id": order["id"],
                            "lineItemId": str(line["number"]),
                            "alternateId": order["id"],
                        },
                        productId=parts[0],
                        quantity=line["quantity"],
                        entitledArtifacts=[],
                        skuId=parts[1],
                        entitlementType="software",
                        fulfillmentState="Fulfilled",
                    )
                )
    return Answer(200, collection([item for item in items if not wanted or item["entitlementType"].lower() == wanted]))


def register(call: Call) -> Answer:
    """POST …/registrations: 202 and where to look."""
    row = find(call)
    row["registration"] = "registered"
    call.customer.put("subscription", row)
    return Answer(202, raw=b"", headers={"Location": f"{call.base}/subscriptions/{row['id']}/registrationstatus"})


def registration_status(call: Call) -> Answer:
    row = find(call)
    return Answer(
        200,
        {
            "subscriptionId": row["id"],
            "status": row.get("registration", "notregistered"),
            "attributes": attributes("SubscriptionRegistrationStatus"),
        },
    )


def _overage(call: Call, item: Doc) -> Doc:
    return present(
        azureEntitlementId=item["azureEntitlementId"],
        partnerId=item.get("partnerId"),
        type=item.get("type", "PhoneServices"),
        overageEnabled=item["overageEnabled"],
        links={"overage": link(f"{call.base}/subscriptions/overage")},
        attributes=attributes("Overage"),
    )


def get_overage(call: Call) -> Answer:
    return Answer(200, collection([_overage(call, item) for item in call.customer.customer.get("overage", [])]))


def put_overage(call: Call) -> Answer:
    """PUT …/subscriptions/overage; the table calls the flag `overage`, the samples overageEnabled: both are read."""
    form = call.form
    flag = form.get("overageenabled") if form.get("overageenabled") is not None else form.get("overage")
    if form.text("azureentitlementid") is None or flag is None:
        raise Refusal(400, 3000, "azureEntitlementId and overageEnabled are required.")
    item: Doc = present(
        azureEntitlementId=form["azureentitlementid"],
        partnerId=form.text("partnerid"),
        type=form.text("type") or "PhoneServices",
        overageEnabled=as_flag(flag, "overageEnabled"),
    )
    customer = call.customer.customer
    customer["overage"] = [one for one in customer.get("overage", []) if one["type"] != item["type"]] + [item]
    call.customer.touch()
    call.audit("overage", "manage_overage", new=item)
    return Answer(200, _overage(call, item))
