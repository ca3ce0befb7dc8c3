"""Orders: how one is made of checked lines, how it is read, cancelled, provisioned.

Source: contract §11; examples orders.*, carts.checkout.nce.
"""

from __future__ import annotations

import hashlib

from ..catalog import CURRENCY_SYMBOLS, LEGACY, SOFTWARE
from ..charging import events
from ..terms import NEVER
from ..wire import DAY, Answer, Doc, Refusal, attributes, collection, iso, link, pascal, present, snake
from .agreements import require_agreement
from .call import Call, etag_of
from .limits import require_not_too_many, require_signed
from .lines import (
    Line,
    additional_resellers,
    check_line,
    lock_price,
    pricing,
    read_line,
    reseller_of,
    seats_left,
    term_end,
)
from .subscriptions import is_after, new_subscription, offer_id

_CLIENT = {"deviceFamily": "UniversalStore-PartnerCenter", "name": "Partner Center API"}
_STATUS_OF = {
    10001: (404, 400019),
    10002: (403, 800088),
    10004: (400, 800016),
    10006: (403, 800020),
    10009: (400, 800018),
    10010: (400, 800002),
    10012: (400, 900203),
    10013: (400, 800002),
    10014: (400, 27007),
    10015: (403, 800067),
    10016: (400, 900242),
    10017: (400, 900242),
    400041: (400, 400041),
}


def refuse_line(error: Doc) -> Refusal:
    """The HTTP refusal that matches a line error, for calls that have no lines to put it on."""
    status, code = _STATUS_OF.get(error["errorCode"], (400, 800009))
    data = [str(value) for value in error.get("additionalInformation", {}).values()]
    return Refusal(status, code, error["errorDescription"], data=data)


def place_order(
    call: Call,
    lines: list[Line],
    cycle: str,
    *,
    source: str = "UserPurchase",
    subscription_ids: list[str] | None = None,
) -> Doc:
    """One order for lines that passed every check, with the subscriptions it opens; both are kept in the world."""
    order_id = call.short_id()
    order: Doc = {
        "id": order_id,
        "cycle": cycle,
        "currency": call.settings.currency,
        "created": iso(call.now),
        "placed": iso(call.machine),
        "status": "completed",
        "source": source,
        "lines": [],
        "version": 1,
    }
    for number, line in enumerate(lines):
        if line.sku is None:
            continue
        asked, sku = line.asked, line.sku
        end = term_end(line, call.now) or NEVER
        subscription = new_subscription(
            row_id=subscription_ids[number] if subscription_ids else call.guid(),
            sku=sku,
            availability=([*asked["catalogItemId"].split(":"), "", ""])[2],
            segment=line.segment,
            quantity=asked["quantity"],
            term=asked.get("termDuration", ""),
            plan=asked.get("billingCycle", "") or "none",
            start=call.now,
            end=end,
            order=order_id,
            price=lock_price(line, call),
            name=asked.get("friendlyName"),
            promotion=line.promotion,
            partner=reseller_of(asked),
            machine=call.machine,
            custom_end=line.end and line.end - DAY,
        )
        if asked.get("purchaseCommitment"):
            subscription["benefit"] = {
                "commitment": asked["purchaseCommitment"],
                "scope": asked.get("provisioningContext", {}),
                "id": call.guid(),
            }
        if asked.get("parentSubscriptionId"):
            subscription["parent"] = asked["parentSubscriptionId"]
        if sku.is_trial and asked.get("renewsTo"):
            subscription["schedule"]["instructions"]["product"]["termDuration"] = asked["renewsTo"]["termDuration"]
        forever = sku.kind == SOFTWARE and not asked.get("termDuration")
        if forever:
            subscription["subscription_id"] = ""  # a perpetual licence is an order line and no subscription
            events.bought_once(call, subscription, order_id)
        else:
            events.purchased(call, subscription)
            call.customer.put("subscription", subscription)
        order["lines"].append(
            present(
                number=number,
                offer=asked["catalogItemId"],
                subscription=None if forever else subscription["id"],
                bought=subscription if forever else None,
                term=asked.get("termDuration"),
                type="New",
                name=asked.get("friendlyName") or sku.title,
                quantity=asked["quantity"],
                pricing=_text(pricing(line, call.now, call.settings.currency)),
                kind=sku.kind,
                promotion=line.promotion,
                partner=reseller_of(asked),
                partners=additional_resellers(asked) or None,
                custom_end=asked.get("customTermEndDate"),
                context=asked.get("provisioningContext"),
                commitment=asked.get("purchaseCommitment"),
                renews=asked.get("renewsTo"),
                attested=asked.get("attestationAccepted"),
            )
        )
    call.customer.put("order", order)
    call.audit("order", "create_order", new=order_snapshot(order), data=facts(order))
    return order


def follow_up(call: Call, row: Doc, kind: str, quantity: int, *, source: str = "UserPurchase") -> Doc:
    """The order a later change leaves behind (contract §11: add seats, renewal, transition create further orders)."""
    order: Doc = {
        "id": call.short_id() if source == "UserPurchase" else _system_id(call, row, kind),
        "cycle": row["plan"],
        "currency": row["price"].get("currency", call.settings.currency),
        "created": iso(call.now),
        "placed": iso(call.machine),
        "status": "completed",
        "source": source,
        "version": 1,
        "lines": [
            present(
                number=0,
                offer=offer_id(row),
                subscription=row["id"],
                term=row["term"],
                type=kind,
                name=row["name"],
                quantity=quantity,
                kind=row["kind"],
                promotion=row["promotion"],
                partner=row["partner"] or None,
            )
        ],
    }
    call.customer.put("order", order)
    return order


def _system_id(call: Call, row: Doc, kind: str) -> str:
    """The same id for the same renewal, however the clock got there."""
    return hashlib.sha256(f"{row['id']}/{kind}/{iso(call.now)}".encode()).hexdigest()[:12]


def _text(prices: Doc | None) -> Doc | None:
    return {name: str(value) for name, value in prices.items()} if prices else None


def order_snapshot(order: Doc) -> Doc:
    return {
        "Id": order["id"],
        "BillingCycle": order["cycle"],
        "CurrencyCode": order["currency"],
        "CreationDate": order["created"],
        "LineItems": [
            {
                "LineItemNumber": line["number"],
                "OfferId": line["offer"],
                "SubscriptionId": line.get("subscription"),
                "FriendlyName": line["name"],
                "Quantity": line["quantity"],
            }
            for line in order["lines"]
        ],
    }


def facts(order: Doc) -> list[Doc]:
    facts: list[Doc] = [
        {"key": "OrderId", "value": order["id"]},
        {"key": "BillingCycle", "value": pascal(order["cycle"])},
    ]
    for line in order["lines"]:
        number = line["number"]
        facts += [
            {"key": f"OfferId-{number}", "value": line["offer"]},
            {"key": f"SubscriptionId-{number}", "value": line.get("subscription")},
            {"key": f"SubscriptionName-{number}", "value": line["name"]},
            {"key": f"Quantity-{number}", "value": str(line["quantity"])},
            {"key": f"PartnerOnRecord-{number}", "value": line.get("partner")},
        ]
    return facts


def order_visible(call: Call, order: Doc) -> bool:
    return is_after(call, order["placed"], order["created"], call.settings.visibility_seconds)


def order_done(call: Call, order: Doc) -> bool:
    return is_after(
        call,
        order["placed"],
        order["created"],
        max(call.settings.provisioning_seconds, call.settings.visibility_seconds),
    )


def render_order(call: Call, order: Doc, *, fresh: bool = False, with_price: bool = False) -> Doc:
    """An order as the wire shows it; `fresh` is the answer to the purchase itself, which is always still pending."""
    from decimal import Decimal

    done = order_done(call, order)
    country, base = call.country, f"{call.base}/orders/{order['id']}"
    status = order["status"]
    if status == "completed" and (fresh or not done):
        status = "pending"
    items, total = [], Decimal(0)
    for line in order["lines"]:
        parts = str(line["offer"]).split(":")
        links: Doc = {}
        if len(parts) == 3:
            links = {
                "product": link(f"/products/{parts[0]}?country={country}"),
                "sku": link(f"/products/{parts[0]}/skus/{parts[1]}?country={country}"),
                "availability": link(
                    f"/products/{parts[0]}/skus/{parts[1]}/availabilities/{parts[2]}?country={country}"
                ),
            }
        elif line["kind"] == LEGACY:
            links = {"sku": link(f"/products/{line.get('product', line['offer'])}/skus/{line['offer']}")}
        known = line.get("subscription") if done else None
        if known:
            links["subscription"] = link(f"{call.base}/subscriptions/{known}")
            links["provisioningStatus"] = link(f"{call.base}/subscriptions/{known}/provisioningstatus")
        prices = {name: Decimal(value) for name, value in line["pricing"].items()} if line.get("pricing") else None
        total += prices["extendedPrice"] if prices else 0
        items.append(
            present(
                lineItemNumber=line["number"],
                offerId=line["offer"],
                subscriptionId=known,
                parentSubscriptionId=line.get("parent"),
                termDuration=line.get("term", ""),
                transactionType=line["type"],
                friendlyName=line["name"],
                quantity=line["quantity"],
                customTermEndDate=line.get("custom_end"),
                promotionId=line.get("promotion"),
                partnerIdOnRecord=line.get("partner"),
                additionalPartnerIdsOnRecord=line.get("partners"),
                provisioningContext=line.get("context"),
                purchaseCommitment=line.get("commitment"),
                renewsTo=line.get("renews"),
                attestationAccepted=line.get("attested"),
                pricing=prices if with_price or fresh else None,
                links=links,
            )
        )
    symbol = "US$" if order["currency"] == "USD" else CURRENCY_SYMBOLS.get(order["currency"], order["currency"])
    return present(
        id=order["id"],
        alternateId=order.get("alternate", order["id"]),
        referenceCustomerId=call.customer.id,
        billingCycle=order["cycle"],
        currencyCode=order["currency"],
        currencySymbol=symbol,
        lineItems=items,
        creationDate=order["created"],
        status=status,
        transactionType=order["source"],
        links={
            "self": link(base),
            "provisioningStatus": link(f"{base}/provisioningstatus"),
            "patchOperation": link(base, "PATCH"),
        },
        totalPrice=total if with_price or fresh else None,
        client={
            "marketplaceCountry": country,
            "deviceFamily": "UniversalStore-PartnerCenter",
            "name": "Partner Center API",
        },
        partnerOnRecordAttestationAccepted=order.get("attested"),
        attributes=attributes("Order", etag_of(order["id"], order["version"])),
    )


def find_order(call: Call) -> Doc:
    order = call.customer.find("order", call.params["order"])
    if order is None or not order_visible(call, order):
        raise Refusal(404, 20000, f"Order {call.params['order']} was not found.")
    return order


def _priced(call: Call) -> bool:
    return call.query.get("include_price", "").lower() == "true"


def get_order(call: Call) -> Answer:
    return Answer(200, render_order(call, find_order(call), with_price=_priced(call)))


def list_orders(call: Call) -> Answer:
    """GET …/orders[?billingType=]"""
    wanted = snake(call.query.get("billingtype", "")).replace("_", "")
    rows = [
        order
        for order in call.customer.rows("order").values()
        if order_visible(call, order) and (not wanted or order["cycle"].replace("_", "") == wanted)
    ]
    return Answer(
        200, collection([render_order(call, order, with_price=_priced(call)) for order in rows], f"{call.base}/orders")
    )


def create_order(call: Call) -> Answer:
    """POST …/orders: buys at once, without a preview and without promised idempotency (contract §11)."""
    form = call.form
    sources = form.parts("lineitems")
    if not sources:
        raise Refusal(400, 800002, "An order needs line items.")
    if (
        call.settings.model == "indirect"
        and any(item.text("partneridonrecord") for item in sources)
        and not call.caller.is_user
    ):
        raise Refusal(403, 900329, "Orders for an indirect reseller's customer need app+user authentication.")
    require_agreement(call)
    cycle = snake(form.text("billingcycle") or "")
    lines: list[Line] = []
    for index, source in enumerate(sources):
        asked = read_line(source, index)
        if cycle:
            asked.setdefault("billingCycle", cycle)
        _default_term(call, asked)
        line = check_line(call, asked, lines)
        if line.error is not None:
            raise refuse_line(line.error)
        lines.append(line)
        require_signed(call, [reseller_of(asked) or "", *additional_resellers(asked)])
    require_not_too_many(call, (line.sku for line in lines))
    currency = form.text("currencycode")
    if currency and currency.upper() != call.settings.currency:
        raise Refusal(400, 900169, f"The currency must be {call.settings.currency}.")
    order = place_order(call, lines, cycle or lines[0].asked.get("billingCycle", "none"))
    return Answer(201, render_order(call, order, fresh=True))


def _default_term(call: Call, asked: Doc) -> None:
    """POST /orders samples name no term: an item sold for one term only is bought for that one."""
    sku = call.catalog.by_key(asked["catalogItemId"])
    if sku is not None and "termDuration" not in asked:
        fitting = [
            term for term, plans in sku.plans.items() if not asked.get("billingCycle") or asked["billingCycle"] in plans
        ]
        if len(fitting) == 1 and fitting[0]:
            asked["termDuration"] = fitting[0]


def still_buyable(call: Call, line: Line) -> None:
    """Checks at checkout what may have changed since the cart was made: the seats left in the pool.

    Raises Refusal(403, 800088).
    """
    if line.sku is not None and line.sku.pooled:
        left, _ = seats_left(call.customer, line.sku)
        if int(line.asked["quantity"]) > left:
            raise Refusal(403, 800088, f"Only {left} seats are left for catalog item {line.sku.key}.", data=[str(left)])
