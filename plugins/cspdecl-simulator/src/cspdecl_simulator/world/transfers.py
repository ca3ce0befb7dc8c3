"""Subscriptions handed to another partner: asked for, withdrawn, rejected, looked at.

Sources: contract §13.1 (a pending transfer blocks other writes on the subscription); the transfer pages' samples
(2023-10). The other partner is not simulated: nothing is accepted here.
"""

from __future__ import annotations

from ..wire import Answer, Doc, Refusal, attributes, iso, link, present
from .call import Call
from .subscriptions import find, offer_id

_OPEN = "Active"


def _rows(call: Call) -> list[Doc]:
    return list(call.customer.rows("transfer").values())


def pending(call: Call, row: Doc) -> str | None:
    """The id of the transfer a subscription waits for; None when nothing is pending."""
    for transfer in _rows(call):
        if transfer["status"] == _OPEN and row["id"].lower() in [line["id"] for line in transfer["lines"]]:
            return str(transfer["id"])
    return None


def refuse_pending(call: Call, row: Doc) -> None:
    """Raises Refusal(409, 900278) while a transfer of the subscription is pending."""
    waiting = pending(call, row)
    if waiting is not None:
        raise Refusal(409, 900278, f"The subscription is part of transfer {waiting}: nothing else can be changed.")


def _render(call: Call, transfer: Doc) -> Doc:
    lines = []
    for number, line in enumerate(transfer["lines"]):
        row = find(call, line["id"])
        lines.append(
            present(
                id=number,
                subscriptionId=row["id"],
                offerId=offer_id(row),
                billingCycle=row["plan"],
                friendlyName=row["name"],
                quantity=row["quantity"],
                partnerIdOnRecord=line.get("partner"),
                addonItems=_addons(call, row),
            )
        )
    return {
        "id": transfer["id"],
        "status": transfer["status"],
        "createdTime": transfer["created"],
        "lastModifiedTime": transfer["modified"],
        "customerTenantId": call.customer.id,
        "partnertenantid": call.settings.partner_tenant,
        "sourcePartnerName": call.settings.partner_name,
        "sourcePartnerTenantId": call.settings.partner_tenant,
        "targetPartnerName": transfer["target_name"],
        "targetPartnerTenantId": transfer["target"],
        "lastModifiedUser": transfer["user"],
        "lineItems": lines,
        "links": {"self": link(f"{call.base}/transfers/{transfer['id']}")},
        "attributes": attributes("TransferEntity"),
    }


def _addons(call: Call, row: Doc) -> list[Doc]:
    """Traditional add-ons, which go with their base."""
    return [
        {
            "id": number,
            "subscriptionId": addon["id"],
            "offerId": offer_id(addon),
            "billingCycle": addon["plan"],
            "friendlyName": addon["name"],
            "quantity": addon["quantity"],
        }
        for number, addon in enumerate(
            one
            for one in call.customer.rows("subscription").values()
            if str(one.get("parent") or "").lower() == row["id"].lower()
        )
    ]


def list_transfers(call: Call) -> Answer:
    """GET …/transfers: a bare list."""
    return Answer(200, [_render(call, transfer) for transfer in _rows(call)])


def _one(call: Call) -> Doc:
    found = call.customer.find("transfer", call.params["transfer"])
    if found is None:
        raise Refusal(404, 800002, "The transfer was not found.")
    return found


def get_transfer(call: Call) -> Answer:
    return Answer(200, _render(call, _one(call)))


def create_transfer(call: Call) -> Answer:
    """POST …/transfers: who gives is the caller, who takes is another partner; every line must be free to go."""
    form = call.form
    source, target = form.text("sourcepartnertenantid"), form.text("targetpartnertenantid")
    lines = form.parts("lineitems")
    if target is None or not lines:
        raise Refusal(400, 3000, "targetPartnerTenantId and lineItems are required.")
    if source is not None and source.lower() == target.lower():
        raise Refusal(400, 3000, "Source and target are the same partner.")
    kept: list[Doc] = []
    for line in lines:
        row = find(call, line.text("subscriptionid") or "")
        reason = _objection(call, row)
        if reason:
            raise Refusal(400, 800002, reason)
        kept.append(present(id=row["id"].lower(), partner=line.text("partneridonrecord")))
    transfer: Doc = {
        "id": call.guid(),
        "status": _OPEN,
        "created": iso(call.now),
        "modified": iso(call.now),
        "target": target,
        "target_name": form.text("targetpartnername") or target,
        "user": call.caller.object_id,
        "lines": kept,
    }
    call.customer.put("transfer", transfer)
    call.audit("transfer", "create_transfer", new={"Id": transfer["id"], "TargetPartnerTenantId": target})
    return Answer(201, _render(call, transfer))


def _close(call: Call, status: str) -> Doc:
    transfer = _one(call)
    if transfer["status"] != _OPEN:
        raise Refusal(400, 800002, f"The transfer is {transfer['status']} already.")
    transfer.update(status=status, modified=iso(call.now), user=call.caller.object_id)
    call.customer.put("transfer", transfer)
    call.audit("transfer", "update_transfer", new={"Id": transfer["id"], "Status": status})
    return transfer


def withdraw(call: Call) -> Answer:
    """DELETE …/transfers/{id}: 204"""
    _close(call, "Withdraw")
    return Answer(204)


def patch_transfer(call: Call) -> Answer:
    """PATCH …/transfers/{id} with status reject; the answer spells it `Reject`."""
    if str(call.form.get("status", "")).lower() not in ("reject", "rejected"):
        raise Refusal(400, 800002, "A transfer can only be rejected.")
    return Answer(200, _render(call, _close(call, "Reject")))


def eligibility(call: Call) -> Answer:
    """GET …/transfersEligibility?transferType=: a bare list, every subscription with whether it may go."""
    if not call.query.get("transfertype"):
        raise Refusal(400, 800002, "transferType is required.")
    items = []
    for row in call.customer.rows("subscription").values():
        reason = _objection(call, row)
        items.append(present(id=row["id"], isEligible=reason is None, reason=reason))
    return Answer(200, items)


def _objection(call: Call, row: Doc) -> str | None:
    if row["status"] != "active":
        return f"Subscription {row['id']} is in state {row['status'].title()}."
    waiting = pending(call, row)
    return f"The subscription is part of transfer {waiting} already." if waiting else None
