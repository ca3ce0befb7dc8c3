"""Carts: create, read, replace, check out.

Source: contract §10; examples carts.*. A cart answers 201 even when its lines carry errors, and buys nothing until it
is checked out.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ..catalog import LEGACY
from ..wire import Answer, Body, Doc, Refusal, attributes, iso, link, moment, present
from .agreements import require_agreement
from .call import Call
from .limits import require_not_too_many, require_signed
from .lines import Line, additional_resellers, check_line, pricing, read_line, reseller_of
from .orders import place_order, refuse_line, render_order, still_buyable

LIFE = timedelta(days=7)
SANDBOX_SUBSCRIPTIONS = 5


def _read(call: Call, form: Body) -> Doc:
    """The content of a cart as sent: lines as they were asked for, nothing checked yet."""
    sources = form.parts("lineitems")
    if not sources:
        raise Refusal(400, 800002, "A cart needs line items.")
    lines = []
    for index, source in enumerate(sources):
        asked = read_line(source, index)
        addons = [read_line(item, number) for number, item in enumerate(source.parts("addonitems"), start=len(sources))]
        lines.append({"asked": asked, "addons": addons})
    attested = form.get("partneronrecordattestationaccepted")
    return {"lines": lines, "attested": attested if isinstance(attested, bool) else None}


def _checked(call: Call, cart: Doc) -> list[Line]:
    """Every line against today's catalogue; an error found when the cart was made stays with its line."""
    lines: list[Line] = []
    for kept in cart["lines"]:
        lines.append(check_line(call, dict(kept["asked"]), lines))
    return lines


def _groups(lines: list[Line]) -> list[str]:
    """Order group of each line: one for the traditional offers, else one a billing cycle, as in the samples."""
    names: list[str] = []
    seen: dict[str, str] = {}
    for line in lines:
        cycle = str(line.asked.get("billingCycle", ""))
        if line.sku is not None and line.sku.kind == LEGACY:
            names.append("OMS-0")
        else:
            names.append(seen.setdefault(cycle, str(len(seen))))
    return names


def _render_line(call: Call, line: Line, group: str, addons: list[Doc]) -> Doc:
    asked = line.asked
    doc = present(
        id=asked["id"],
        catalogItemId=asked["catalogItemId"],
        friendlyName=asked.get("friendlyName"),
        quantity=asked["quantity"],
        currencyCode=call.settings.currency,
        billingCycle=asked.get("billingCycle"),
        termDuration=asked.get("termDuration"),
        promotionId=line.promotion,
        customTermEndDate=asked.get("customTermEndDate"),
        participants=asked.get("participants"),
        renewsTo=asked.get("renewsTo"),
        attestationAccepted=asked.get("attestationAccepted"),
        provisioningContext=asked.get("provisioningContext", {}),
        purchaseCommitment=asked.get("purchaseCommitment"),
        orderGroup=group,
        pricing=pricing(line, call.now, call.settings.currency) if line.error is None else None,
        error=line.error,
    )
    if addons:
        doc["addonItems"] = [
            present(
                id=item["id"],
                catalogItemId=item["catalogItemId"],
                friendlyName=item.get("friendlyName"),
                quantity=item["quantity"],
                currencyCode=call.settings.currency,
                billingCycle=item.get("billingCycle"),
                orderGroup=group,
            )
            for item in addons
        ]
    return doc


def _render(call: Call, cart: Doc) -> Doc:
    lines = _checked(call, cart) if cart["status"] == "Active" else []
    items: list[Any] = cart.get("final", [])
    if cart["status"] == "Active":
        groups = _groups(lines)
        items = [
            _render_line(call, line, group, kept["addons"])
            for line, group, kept in zip(lines, groups, cart["lines"], strict=True)
        ]
    return present(
        id=cart["id"],
        creationTimestamp=cart["created"],
        lastModifiedTimestamp=cart["modified"],
        expirationTimestamp=cart["expires"],
        lastModifiedUser=cart["user"],
        status=cart["status"],
        lineItems=items,
        partnerOnRecordAttestationAccepted=cart["attested"],
        links={"self": link(f"{call.base}/carts/{cart['id']}")},
        attributes=attributes("Cart"),
    )


def create_cart(call: Call) -> Answer:
    """POST …/carts: no idempotency is promised, so every call makes a cart of its own."""
    content = _read(call, call.form)
    cart = {
        "id": call.guid(),
        "created": iso(call.now),
        "modified": iso(call.now),
        "expires": iso(call.now + LIFE),
        "user": call.caller.object_id or call.caller.application,
        "status": "Active",
        **content,
    }
    call.customer.put("cart", cart)
    return Answer(201, _render(call, cart))


def _find(call: Call) -> Doc:
    cart = call.customer.find("cart", call.params["cart"])
    if cart is None:
        raise Refusal(404, 800008, f"Cart {call.params['cart']} was not found.")
    return cart


def get_cart(call: Call) -> Answer:
    return Answer(200, _render(call, _find(call)))


def put_cart(call: Call) -> Answer:
    """PUT …/carts/{id}: the whole cart; lines left out are gone. The page's sample answers 201."""
    cart = _find(call)
    if cart["status"] != "Active":
        raise Refusal(400, 800065, "The cart has already been checked out.")
    _refuse_expired(call, cart)
    cart.update(_read(call, call.form), modified=iso(call.now))
    call.customer.put("cart", cart)
    return Answer(201, _render(call, cart))


def _refuse_expired(call: Call, cart: Doc) -> None:
    if call.now > moment(cart["expires"]):
        raise Refusal(400, 800002, "The cart has expired.")


def checkout(call: Call) -> Answer:
    """POST …/carts/{id}/checkout: one order a group; repeated, a cart that was bought repeats its first answer
    (contract §10).
    """
    cart = _find(call)
    if cart["status"] == "Ordered" and not cart.get("failed"):
        if call.settings.repeat_checkout == "refuse":
            raise Refusal(400, 800065, "The cart has already been checked out.")
        return Answer(201, cart["answer"])
    _refuse_expired(call, cart)
    require_agreement(call)
    lines = _checked(call, cart)
    groups = _groups(lines)
    wanted = set(cart.get("failed") or groups)
    for line, group in zip(lines, groups, strict=True):
        if group in wanted and line.error is not None:
            raise (
                refuse_line(line.error)
                if line.error["errorCode"] in (10001, 10002)
                else Refusal(
                    400, 800009, f"Line {line.asked['id']}: {line.error['errorDescription']}", data=[line.error]
                )
            )
    _check_reseller(call, cart, lines)
    _check_count(call, [line for line, group in zip(lines, groups, strict=True) if group in wanted])
    return _place(call, cart, lines, groups, wanted)


def _check_reseller(call: Call, cart: Doc, lines: list[Line]) -> None:
    if any(reseller_of(line.asked) for line in lines) and cart["attested"] is not True:
        raise Refusal(400, 900206, "The partner attestation for the partner on record is missing.")
    for line in lines:
        require_signed(call, [reseller_of(line.asked) or "", *additional_resellers(line.asked)])


def _check_count(call: Call, lines: list[Line]) -> None:
    held = sum(1 for row in call.customer.rows("subscription").values() if row["status"] in ("active", "suspended"))
    if call.settings.environment == "sandbox" and held + len(lines) > SANDBOX_SUBSCRIPTIONS:
        raise Refusal(400, 800018, f"The sandbox allows {SANDBOX_SUBSCRIPTIONS} subscriptions per customer.")
    if call.settings.max_subscriptions and held + len(lines) > call.settings.max_subscriptions:
        raise Refusal(403, 800066, "The customer has the maximum number of subscriptions.")
    require_not_too_many(call, (line.sku for line in lines))


def _place(call: Call, cart: Doc, lines: list[Line], groups: list[str], wanted: set[str]) -> Answer:
    previous = cart.get("answer", {"orders": []})
    orders: list[Doc] = list(previous["orders"])
    errors: list[Doc] = []
    broken = set(call.headers.get("x-simulate-failed-groups", "").split(",")) - {""}
    for group in dict.fromkeys(groups):
        if group not in wanted:
            continue
        chosen = [line for line, name in zip(lines, groups, strict=True) if name == group]
        if group in broken:
            errors.append(
                {
                    "orderGroupId": group,
                    "code": 800005,
                    "description": "The order could not be created.",
                    "attributes": attributes("OrderError"),
                }
            )
            continue
        for line in chosen:
            still_buyable(call, line)
        order = place_order(call, chosen, str(chosen[0].asked.get("billingCycle") or "none"))
        order["attested"] = cart["attested"]
        orders.append(_plain(render_order(call, order, fresh=True)))
    final = _plain(
        [
            _render_line(call, line, group, kept["addons"])
            for line, group, kept in zip(lines, groups, cart["lines"], strict=True)
        ]
    )
    cart.update(
        status="Ordered",
        modified=iso(call.now),
        final=final,
        failed=[error["orderGroupId"] for error in errors],
        answer={
            "orders": orders,
            "orderErrors": errors,
            "additionalInformation": [],
            "attributes": attributes("CartCheckoutResult"),
        },
    )
    call.customer.put("cart", cart)
    return Answer(201, cart["answer"])


def _plain(doc: Any) -> Any:
    """The same document with numbers a world file can keep."""
    import json

    from ..wire import dump

    return json.loads(dump(doc))
