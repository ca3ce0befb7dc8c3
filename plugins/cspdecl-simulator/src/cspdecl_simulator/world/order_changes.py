"""What can be done to an order afterwards: cancel, traditional changes, provisioning, activation links.

Source: contract §11 (cancellation matrix), §20; examples orders.cancel.*, orders.patch.*.
"""

from __future__ import annotations

from email import message_from_bytes
from typing import Any

from ..catalog import LEGACY, SOFTWARE
from ..charging import events
from ..terms import NEVER
from ..wire import DAY, Answer, Body, Doc, Refusal, attributes, collection, iso, link, moment, present, snake
from .call import Call, check_etag, etag_of
from .orders import facts, find_order, order_done, order_snapshot, render_order
from .subscriptions import new_subscription


def patch_order(call: Call) -> Answer:
    """PATCH …/orders/{id}: cancel (software in production, more in the sandbox), legacy add-on, legacy billing cycle
    (contract §11).
    """
    order, form = find_order(call), call.form
    check_etag(call, etag_of(order["id"], order["version"]))
    if str(form.get("status", "")).lower() == "cancelled":
        _cancel(call, order, form)
    elif any(line["kind"] != LEGACY for line in order["lines"]):
        raise Refusal(400, 800063, "Update the subscription instead: this order is not of a traditional offer.")
    else:
        _patch_legacy(call, order, form)
    order["version"] += 1
    call.customer.put("order", order)
    call.audit("order", "update_order", new=order_snapshot(order), data=facts(order))
    return Answer(200, render_order(call, order))


def _cancel(call: Call, order: Doc, form: Body) -> None:
    wanted = {int(item["lineitemnumber"]) for item in form.parts("lineitems") if item.get("lineitemnumber") is not None}
    chosen = [line for line in order["lines"] if not wanted or line["number"] in wanted]
    sandbox = call.settings.environment == "sandbox"
    age = call.now - moment(order["created"])
    for line in chosen:
        if line["kind"] not in (SOFTWARE, "AzureReservation") or (line["kind"] == "AzureReservation" and not sandbox):
            raise Refusal(403, 800077, "This product cannot be cancelled by its order: use the subscription.")
        if age > (60 if sandbox else 7 if line.get("term") else 30) * DAY:
            raise Refusal(400, 800061, "The order cannot be cancelled any more.")
    for line in chosen:
        if line.get("bought"):
            events.bought_once(call, line["bought"], order["id"], sign=-1)
        line["quantity"] = 0 if wanted or not sandbox else line["quantity"]
        row = call.customer.find("subscription", line.get("subscription") or "")
        if row is not None:
            events.cancelled(call, row, order["id"])
            row.update(status="deleted", status_since=iso(call.now), auto=False)
            call.customer.put("subscription", row)
    if len(chosen) == len(order["lines"]):
        order["status"] = "cancelled"


def _patch_legacy(call: Call, order: Doc, form: Body) -> None:
    cycle = form.text("billingcycle")
    if cycle:
        order["cycle"] = snake(cycle)
    for item in form.parts("lineitems"):
        if item.text("subscriptionid"):
            continue
        sku = next((sku for sku in call.catalog.product(item.text("offerid") or "") if sku.kind == LEGACY), None)
        if sku is None:
            raise Refusal(400, 2085, "The offer is not eligible.")
        parent = item.text("parentsubscriptionid")
        if parent and call.customer.find("subscription", parent) is None:
            raise Refusal(404, 20003, "The parent subscription was not found.")
        row = new_subscription(
            row_id=call.guid(),
            sku=sku,
            availability="",
            segment="commercial",
            quantity=int(item["quantity"]),
            term="",
            plan=order["cycle"],
            start=call.now,
            end=NEVER,
            order=order["id"],
            price={},
            name=item.text("friendlyname"),
            parent=parent,
            auto=True,
        )
        call.customer.put("subscription", row)
        order["lines"].append(
            present(
                number=len(order["lines"]),
                offer=sku.product_id,
                subscription=row["id"],
                type="New",
                name=row["name"],
                quantity=row["quantity"],
                kind=LEGACY,
                parent=parent,
            )
        )


def provisioning(call: Call) -> Answer:
    """GET …/orders/{id}/provisioningstatus"""
    order = find_order(call)
    status = "fulfilled" if order_done(call, order) else "prefulfillment_pending"
    items = [
        {
            "lineItemNumber": line["number"],
            "orderLineItemId": line["number"],
            "status": status,
            "quantityProvisioningInformation": [{"quantity": line["quantity"], "status": status}],
            "attributes": attributes("OrderLineItemProvisioningStatus"),
        }
        for line in order["lines"]
    ]
    return Answer(200, collection(items))


def activation_links(call: Call) -> Answer:
    """GET …/orders/{id}[/lineitems/{n}]/activationlinks"""
    order = find_order(call)
    number = call.params.get("line")
    items: list[Any] = [
        {
            "lineItemNumber": line["number"],
            "link": link(f"https://activate.example.invalid/{order['id']}/{line['number']}"),
            "attributes": attributes("OrderLineItemActivationLink"),
        }
        for line in order["lines"]
        if line["kind"] == "SaaS" and (number is None or str(line["number"]) == number)
    ]
    part = f"/lineitems/{number}" if number is not None else ""
    return Answer(200, collection(items, f"{call.base}/orders/{order['id']}{part}/activationlinks"))


def attachments(call: Call) -> Answer:
    """GET …/orders/{id}/attachments"""
    return Answer(200, collection(find_order(call).get("attachments", [])))


def attach(call: Call) -> Answer:
    """POST …/orders/{id}/attachment: files of a purchase order as multipart form data; answers every file of the order.

    An order that waited for them goes on (contract §11, statuses 6 and 7).
    """
    order = find_order(call)
    files = _files(call)
    if not files:
        raise Refusal(400, 900252, "A purchase order document is needed.")
    order["attachments"] = order.get("attachments", []) + [
        {
            "attachmentId": call.short_id(),
            "fileName": name,
            "sizeInKB": -(-size // 1024),
            "attachmentType": "TenderAttachment" if "tender" in part.lower() else "POAttachment",
        }
        for part, name, size in files
    ]
    if order["status"] == "pending_po_upload":
        order["status"] = "po_upload_complete"
    order["version"] += 1
    call.customer.put("order", order)
    call.audit("order", "update_order", new=order_snapshot(order), data=facts(order))
    return Answer(201, collection(order["attachments"]))


def _files(call: Call) -> list[tuple[str, str, int]]:
    """Form field, file name and size of every file sent."""
    kind = call.headers.get("content-type", "")
    raw = call.body if isinstance(call.body, bytes) else b""
    if "multipart/form-data" not in kind.lower():
        return []
    parsed = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + raw)
    found = []
    for part in parsed.walk():
        name = part.get_filename()
        if name:
            content = part.get_payload(decode=True)
            field = part.get_param("name", "", header="content-disposition")
            found.append((str(field), name, len(content) if isinstance(content, bytes) else 0))
    return found
