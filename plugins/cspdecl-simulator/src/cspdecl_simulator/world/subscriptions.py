"""The subscription resource: its record, what of it is shown, lists.

Sources: contract §12 (fields), §13.3 (windows), §3 (etag); examples subscriptions.get.*.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ..catalog import AZURE, LEGACY, NCE, SAAS, SOFTWARE, Sku
from ..charging.calendar import cycle_of
from ..terms import NEVER, last_day
from ..wire import DAY, Answer, Doc, Refusal, attributes, collection, iso, link, midnight, moment, pascal, present
from .call import Call, etag_of

WINDOW = timedelta(days=7)  # contract §13.3 (2023-10, 2026-08): licence-based and software subscriptions
PERPETUAL_WINDOW = timedelta(days=30)
OPEN = ("active", "suspended")


def cancel_until(kind: str, term: str, at: datetime) -> datetime | None:
    """The last instant to cancel what was bought or renewed at `at`: 23:59 of the window's last day, as samples print
    it.
    """
    if kind == AZURE:
        return None
    window = PERPETUAL_WINDOW if kind == SOFTWARE and not term else timedelta(hours=72) if kind == SAAS else WINDOW
    return midnight(at + window) + timedelta(hours=23, minutes=59)


def new_subscription(
    *,
    row_id: str,
    sku: Sku,
    availability: str,
    segment: str,
    quantity: int,
    term: str,
    plan: str,
    start: datetime,
    end: datetime,
    order: str,
    price: Doc,
    name: str | None = None,
    promotion: str | None = None,
    partner: str | None = None,
    machine: datetime | None = None,
    custom_end: datetime | None = None,
    **more: Any,
) -> Doc:
    """A subscription's own record. `end` is exclusive; `lots` are the batches of seats with the end of their return
    windows.
    """
    trial = sku.is_trial
    doc: Doc = {
        "id": row_id,
        "product": sku.product_id,
        "sku": sku.sku_id,
        "availability": availability,
        "segment": segment,
        "title": sku.title,
        "name": name or sku.title,
        "kind": sku.kind,
        "quantity": quantity,
        "created": iso(start),
        "start": iso(start),
        "end": iso(end),
        "status": "active",
        "status_since": iso(start),
        "auto": sku.kind in (NCE, SAAS) or (sku.kind == SOFTWARE and bool(term)),
        "term": term,
        "plan": plan,
        "lots": [] if trial or sku.kind == SOFTWARE else [{"quantity": quantity, "until": iso(start + WINDOW)}],
        "cancel_until": None,
        "committed": iso(start),
        "promotion": promotion,
        "partner": partner or "",
        "order": order,
        "schedule": None,
        "next_charge": None,
        "version": 1,
        "updates": 0,
        "trial": trial,
        "trial_of": sku.trial_of,
        "price": price,
        "est": False,
        "suspended_by": [],
        "custom_end": iso(custom_end) if custom_end else None,
        "anchor": None,
        "charged_to": None,
        "placed": iso(machine) if machine else None,
        "publisher": sku.publisher,
    }
    until = cancel_until(sku.kind, term, start)
    if until is not None and not trial:
        doc["cancel_until"] = iso(until)
    if trial:
        doc["schedule"] = conversion_of(sku.trial_of, quantity)
    doc.update(more)
    return doc


def conversion_of(paid: str, quantity: int) -> Doc:
    """What a trial becomes by itself, which stands on every one of them (contract §12, §13.2)."""
    product, _, sku = paid.partition(":")
    item = {"productId": product, "skuId": sku, "availabilityId": "", "billingCycle": "monthly", "termDuration": "P1Y"}
    return {"action": "RenewToNewTerm", "source": "trial", "instructions": {"product": item, "quantity": quantity}}


def offer_id(row: Doc) -> str:
    return str(row["product"]) if row["kind"] == LEGACY else f"{row['product']}:{row['sku']}:{row['availability']}"


def open_lots(row: Doc, now: datetime) -> list[Doc]:
    """Batches of seats that can still be given back."""
    return [lot for lot in row["lots"] if lot["quantity"] > 0 and moment(lot["until"]) >= now]


def visible(call: Call, row: Doc) -> bool:
    """Whether a purchase has become readable yet (contract §11: up to 15 minutes)."""
    return is_after(call, row.get("placed"), row["created"], call.settings.visibility_seconds)


def provisioned(call: Call, row: Doc) -> bool:
    return is_after(
        call,
        row.get("placed"),
        row["created"],
        max(call.settings.provisioning_seconds, call.settings.visibility_seconds),
    )


def is_after(call: Call, placed: str | None, created: str, seconds: float) -> bool:
    """A delay is over when either clock has passed it: waiting runs on machine time, advancing the business clock
    skips it.
    """
    if placed is None or seconds <= 0:
        return True
    delay = timedelta(seconds=seconds)
    return call.machine >= moment(placed) + delay or call.now >= moment(created) + delay


def render(call: Call, row: Doc) -> Doc:
    """A subscription as the wire shows it."""
    pending = row.get("pending")
    if pending and call.machine < moment(pending["due"]) and call.now < moment(pending["due_business"]):
        row = pending["before"]
    if row["kind"] == LEGACY:
        return _render_legacy(call, row)
    country, base = call.country, call.base
    start, end = moment(row["start"]), moment(row["end"])
    live, has_end = row["status"] in OPEN, end < NEVER
    window = (
        row["cancel_until"]
        if row["status"] in OPEN and row["cancel_until"] and moment(row["cancel_until"]) >= call.now
        else None
    )
    doc: Doc = {
        "id": row["id"],
        "offerId": offer_id(row),
        "offerName": row["title"],
        "friendlyName": row["name"],
        "productType": {"id": row["kind"], "displayName": row["kind"]},
        "quantity": row["quantity"],
        "unitType": row.get("unit") or {AZURE: "Usage-based", SAAS: "License(s)"}.get(row["kind"], "Licenses"),
        "hasPurchasableAddons": False,
        "creationDate": row["created"],
        "effectiveStartDate": row["start"],
        "commitmentEndDate": iso(last_day(end)),
        "commitmentEndDateTime": iso(end - timedelta(seconds=1)) if has_end else iso(end),
    }
    if row["custom_end"]:
        doc["customTermEndDate"] = row["custom_end"]
    doc["cancellationAllowedUntilDate"] = window
    if row["plan"] in ("monthly", "annual", "triennial", "one_time") and has_end:
        following = cycle_of(row, max(call.now, start)).end
        doc["billingCycleEndDate"] = iso(last_day(following))
        doc["billingCycleEndDateTime"] = iso(following - timedelta(seconds=1))
    shown = "pending" if row["status"] == "active" and not provisioned(call, row) else row["status"]
    doc |= {
        "status": shown,
        "autoRenewEnabled": row["auto"],
        **_schedule(call, row),
        "isTrial": row["trial"],
        "billingType": "usage" if row["kind"] == AZURE else "license",
        "billingCycle": row["plan"],
        "termDuration": row["term"],
        "renewalTermDuration": row["term"] if row["auto"] and row["kind"] == NCE and not row["trial"] else "",
    }
    doc["refundOptions"] = [{"type": "Full", "expiresAt": iso(midnight(moment(row["committed"])) + DAY)}]
    doc |= {
        "isMicrosoftProduct": row["kind"] != SAAS,
        "partnerId": row["partner"],
        "attentionNeeded": False,
        "actionTaken": False,
        "contractType": "subscription",
        "actions": (["edit"] if live else []) + (["cancel"] if window else []),
    }
    if row["promotion"]:
        doc["promotionId"] = row["promotion"]
    if row["suspended_by"]:
        doc["suspensionReasons"] = row["suspended_by"]
    doc["links"] = {
        "product": link(f"/products/{row['product']}?country={country}"),
        "sku": link(f"/products/{row['product']}/skus/{row['sku']}?country={country}"),
        "availability": link(
            f"/products/{row['product']}/skus/{row['sku']}/availabilities/{row['availability']}?country={country}"
        ),
        "self": link(f"{base}/subscriptions/{row['id']}"),
    }
    doc["publisherName"] = row["publisher"]
    doc["refundableQuantity"] = None if row["status"] == "suspended" else _refundable(row, call.now)
    doc["orderId"] = row["order"]
    doc["attributes"] = attributes("Subscription", etag_of(row["id"], row["version"]) if call.settings.etags else None)
    if row.get("benefit"):
        doc |= _benefit(row)
    doc |= row.get("raw", {})
    return doc


def _benefit(row: Doc) -> Doc:
    """What a savings plan shows in place of licences (contract §12)."""
    held = row["benefit"]
    scope = {("type" if name.lower() == "scope" else name): value for name, value in held["scope"].items()}
    grain = str(held["commitment"].get("grain", ""))
    line = {
        "id": held["id"],
        "friendlyName": row["name"],
        "scope": scope,
        "autoRenewEnabled": row["auto"],
        "status": row["status"],
        "purchaseCommitment": held["commitment"] | {"grain": grain[:1].upper() + grain[1:]},
    }
    kind = {"id": "SavingsPlan", "displayName": "SavingsPlan"}
    return {
        "productType": {"id": row["kind"], "displayName": row["kind"], "subType": kind},
        "unitType": "Benefit",
        "billingType": "benefit",
        "lineItems": [line],
        "productOrderId": held["id"],
    }


def _refundable(row: Doc, now: datetime) -> Doc:
    lots = open_lots(row, now)
    return {
        "totalQuantity": sum(lot["quantity"] for lot in lots),
        "details": [{"quantity": lot["quantity"], "allowedUntilDateTime": lot["until"]} for lot in lots],
    }


def _schedule(call: Call, row: Doc) -> Doc:
    """The instructions under the name they were sent by, or under both (contract §13.4)."""
    doc: Doc = {}
    found = row["schedule"]
    if found:
        both = call.settings.schedule_echo == "both"
        if found["action"] == "RenewToNewTerm" and (found["source"] in ("next", "trial") or both):
            doc["scheduledNextTermInstructions"] = found["instructions"]
        if found["source"] == "actions" or (both and found["source"] == "next"):
            doc["scheduledActions"] = [
                present(
                    scheduleType=found.get("type", "TermEnd"),
                    actionType=found["action"],
                    effectiveDate=found.get("date"),
                    instructions=found.get("instructions"),
                )
            ]
    if row["next_charge"]:
        doc["nextChargeInstructions"] = row["next_charge"]
    return doc


def _render_legacy(call: Call, row: Doc) -> Doc:
    """What was sold before new commerce: an offer instead of a product, an etag always, empty fields as null."""
    end, parent = iso(moment(row["end"])), row.get("parent")
    entitlement = row.get("entitlement", row["id"])
    links = {
        "offer": link(f"/offers/{row['product']}?country={call.country}"),
        "entitlement": link(f"{call.base}/entitlements/{entitlement}"),
        "self": link(f"{call.base}/subscriptions/{row['id']}"),
    }
    if parent:
        links["parentSubscription"] = link(f"{call.base}/subscriptions/{parent}")
    doc: Doc = {
        "id": row["id"],
        "offerId": row["product"],
        "entitlementId": entitlement,
        "offerName": row["title"],
        "friendlyName": row["name"],
        "quantity": row["quantity"],
        "unitType": row.get("unit", "Licenses"),
        "parentSubscriptionId": parent,
        "creationDate": row["created"],
        "effectiveStartDate": row["start"],
        "commitmentEndDate": end,
        "commitmentEndDateTime": end,
        "status": row["status"],
        "autoRenewEnabled": row["auto"],
        "isTrial": row["trial"],
        "billingType": row.get("billing_type", "license"),
        "billingCycle": row["plan"] or "none",
        "partnerId": row["partner"] or None,
        "contractType": "subscription",
        "suspensionReasons": row["suspended_by"],
        "links": links,
        "orderId": row["order"],
        "attributes": attributes("Subscription", etag_of(row["id"], row["version"])),
    }
    doc |= row.get("raw", {})
    return doc


def find(call: Call, row_id: str | None = None) -> Doc:
    """The subscription a path names.

    Raises Refusal(404, 20003) when there is none, or none to be seen yet.
    """
    wanted = row_id if row_id is not None else call.params["subscription"]
    row = call.customer.find("subscription", wanted)
    if row is None or not visible(call, row):
        raise Refusal(404, 20003, f"Subscription {wanted} was not found.")
    return row


def get_subscription(call: Call) -> Answer:
    return Answer(200, render(call, find(call)))


def list_subscriptions(call: Call) -> Answer:
    """GET …/subscriptions[?order_id|mpn_id]: one full collection, every state (contract §12)."""
    rows = [row for row in call.customer.rows("subscription").values() if visible(call, row)]
    query = {name.replace("_", ""): value for name, value in call.query.items()}
    if query.get("orderid"):
        rows = [row for row in rows if row["order"].lower() == query["orderid"].lower()]
    if query.get("mpnid"):
        rows = [row for row in rows if row["partner"] == query["mpnid"]]
    return Answer(200, collection([render(call, row) for row in rows], f"{call.base}/subscriptions"))


def list_addons(call: Call) -> Answer:
    parent = find(call)
    rows = [
        row
        for row in call.customer.rows("subscription").values()
        if str(row.get("parent") or "").lower() == parent["id"].lower()
    ]
    return Answer(200, collection([render(call, row) for row in rows]))


def provisioning_status(call: Call) -> Answer:
    """GET …/provisioningstatus: needs delegated admin privileges or GDAP (contract §12)."""
    row = find(call)
    if not call.customer.customer["delegated"]:
        raise Refusal(403, 900308, "Delegated admin privileges are needed for the provisioning status.")
    sku = call.catalog.find(row["product"], row["sku"])
    status = "success" if provisioned(call, row) else "pending"
    return Answer(
        200,
        {
            "skuId": sku.provisioning_id if sku else row["sku"],
            "status": status,
            "quantity": row["quantity"],
            "endDate": iso(last_day(moment(row["end"]))),
            "attributes": attributes("SubscriptionProvisioningStatus"),
        },
    )


def snapshot(row: Doc) -> Doc:
    """What an audit record keeps of a subscription, names in PascalCase (contract §18)."""
    doc = {
        "Id": row["id"],
        "OfferId": offer_id(row),
        "FriendlyName": row["name"],
        "Quantity": row["quantity"],
        "Status": row["status"],
        "AutoRenewEnabled": row["auto"],
        "TermDuration": row["term"],
        "BillingCycle": pascal(row["plan"]),
        "CommitmentEndDate": row["end"],
        "PartnerId": row["partner"],
        "OrderId": row["order"],
    }
    if row["schedule"]:
        doc["ScheduledNextTermInstructions"] = row["schedule"]
    return doc
