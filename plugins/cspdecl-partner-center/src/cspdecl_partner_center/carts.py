"""Carts and orders as values: what a cart would buy at which price, and what an order has come to.

A cart that was created says 201 even when its lines carry errors; a checkout says 201 even when orders failed; prices
may be withheld, and missing is not nought (contract §10, §11, §22.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cspdecl.core.action import Purchase
from cspdecl.core.catalog import OfferKey
from cspdecl.core.live import LiveSubscription
from cspdecl.core.outcome import Rejected, Stale
from cspdecl.core.terms import Term, cycles_in
from cspdecl_partner_center import faults
from cspdecl_partner_center.faithful import Json, Malformed, get, listed
from cspdecl_partner_center.subscriptions import billing_of, day_of, instant, number, term_of, whole

CENT = Decimal("0.01")
_RESELLER = "transaction_reseller"  # by PartnerID, never the provider's own (contract §10)
STALE_ITEM = "10001"  # the availability rotated away between looking it up and creating the cart


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """A cart as read. `status` is in lower case."""

    id: str
    status: str
    created: datetime | None
    expires: datetime | None
    lines: tuple[Json, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as read. `status` is in lower case without blanks or underscores."""

    id: str
    status: str
    created: datetime | None
    lines: tuple[Json, ...]


def new_cart(action: Purchase, item: str) -> Json:
    """One line, one order group: so that no checkout can half succeed (contract §10)."""
    line: dict[str, Json] = {
        "id": 0,
        "catalogItemId": item,
        "friendlyName": action.nickname,
        "quantity": action.seats,
        "billingCycle": action.billing.value,
    }
    if action.term is not Term.ONCE:  # Azure plans and perpetual licences have no term
        line["termDuration"] = action.term.value
    if action.promotion is not None:
        line["promotionId"] = action.promotion
    if action.custom_end is not None:
        line["customTermEndDate"] = f"{action.custom_end.isoformat()}T00:00:00Z"
    if action.renews_to is not None:
        line["renewsTo"] = {"termDuration": action.renews_to.value}
    if action.attested:
        line["attestationAccepted"] = True
    if action.reseller is None:
        return {"lineItems": [line]}
    line["participants"] = [
        {"key": _RESELLER, "value": action.reseller},
        *({"key": "additional_transaction_reseller", "value": one} for one in action.additional_resellers),
    ]
    # Named without the attestation a purchase is refused (900206); not named at all it is sold without the reseller.
    return {"partnerOnRecordAttestationAccepted": action.reseller_attested, "lineItems": [line]}


def parse_cart(body: Json) -> Cart:
    """A cart. Raises Malformed."""
    own, lines = get(body, "id"), get(body, "lineItems")
    if not isinstance(own, str) or not own or not isinstance(lines, list):
        raise Malformed("the answer is no cart")
    return Cart(
        id=own,
        status=str(get(body, "status") or "active").lower(),
        created=instant(get(body, "creationTimestamp")),
        expires=instant(get(body, "expirationTimestamp")),
        lines=tuple(lines),
    )


def parse_order(body: Json) -> Order:
    """An order. Raises Malformed."""
    own, lines = get(body, "id"), get(body, "lineItems")
    if not isinstance(own, str) or not own:
        raise Malformed("the answer is no order")
    return Order(
        id=own,
        status=str(get(body, "status") or "").replace(" ", "").replace("_", "").lower(),
        created=instant(get(body, "creationDate")),
        lines=tuple(lines) if isinstance(lines, list) else (),
    )


def checked_out(body: Json) -> tuple[tuple[Order, ...], tuple[tuple[str, str], ...]]:
    """Orders and errors of a checkout; or a bare order, as one sample prints it. Raises Malformed."""
    orders, errors = get(body, "orders"), get(body, "orderErrors")
    if isinstance(orders, list) or isinstance(errors, list):
        told = tuple(
            (str(get(entry, "code") or ""), str(get(entry, "description") or ""))
            for entry in listed(body, "orderErrors")
        )
        return tuple(parse_order(order) for order in listed(body, "orders")), told
    return (parse_order(body),), ()


def line_error(cart: Cart) -> tuple[str, str] | None:
    """Number and sentence of the first error on a line, with the seats that are left where it names them."""
    for line in cart.lines:
        error = get(line, "error")
        if not error:
            continue
        code = str(get(error, "errorCode") if get(error, "errorCode") is not None else "0")
        known = faults.table().get(code) or faults.table().get(code.lower())
        sentence = faults.sentence_of(code, str(get(error, "errorDescription") or ""))
        left = get(error, "additionalInformation", "availableQuantity")
        if whole(left) is not None:
            sentence += f"; {whole(left)} seats are left"
        return (known.code if known else code), sentence
    return None


def check(cart: Cart, action: Purchase, item: str) -> Rejected | Stale | None:
    """Is the cart what was approved, at no more than the price that was approved? None: it is."""
    if (refused := line_error(cart)) is not None:
        return Rejected(code=refused[0], message=refused[1])
    if len(cart.lines) != 1:
        return Rejected(code="CSP412", message=f"the cart holds {len(cart.lines)} lines where one was put in")
    line = cart.lines[0]
    compared: tuple[tuple[str, object, object], ...] = (
        ("catalogue item", item.lower(), str(get(line, "catalogItemId") or "").lower()),
        ("seats", action.seats, whole(get(line, "quantity"))),
        ("term", None if action.term is Term.ONCE else action.term, term_of(get(line, "termDuration"))),
        ("billing cycle", action.billing, billing_of(get(line, "billingCycle"))),
        ("end date", action.custom_end, day_of(get(line, "customTermEndDate"))),
        *_told(line, action),
    )
    for name, wanted, seen in compared:
        if wanted != seen:
            return Rejected(code="CSP412", message=f"the cart's {name} is {seen} where {wanted} was put in")
    if action.promotion is not None and not _same_promotion(get(line, "promotionId"), action.promotion):
        # A missed condition is not refused, it is sold at the list price (contract §9.1, §22.25, 2026-06).
        stands = get(line, "promotionId") or "no promotion"
        return Stale(
            seen=f"the cart's line carries {stands} and not {action.promotion}: it would be sold at another price"
        )
    return _price(line, action)


def remark_of(line: Json | None, live: LiveSubscription, action: Purchase) -> str | None:
    """What of an order is not as it was put in: too late to refuse, so it is said (contract §10, §22.24)."""
    told = []
    seen = _text(line, "partnerIdOnRecord") or live.reseller
    if action.reseller is not None and seen != action.reseller:
        told.append(f"reseller {seen or 'none'} is on record where {action.reseller} was named")
    if action.additional_resellers and line is not None:
        kept = {str(item) for item in listed(line, "additionalPartnerIdsOnRecord")}
        if missing := [item for item in action.additional_resellers if item not in kept]:
            told.append(f"additional resellers are not on record: {', '.join(missing)}")
    if action.promotion is not None and not any(
        _same_promotion(item, action.promotion) for item in (get(line, "promotionId"), live.promotion)
    ):
        told.append(f"promotion {action.promotion} is not on the order")
    return "bought, but " + "; ".join(told) if told else None


def _told(line: Json, action: Purchase) -> list[tuple[str, object, object]]:
    """What a cart may leave out of its answer, and must not answer otherwise."""
    found: list[tuple[str, object, object]] = []
    renews = get(line, "renewsTo")
    renews = renews[0] if isinstance(renews, list) and renews else renews  # the table says array, samples one object
    if action.renews_to is not None and renews:
        found.append(("term after the trial", action.renews_to, term_of(get(renews, "termDuration"))))
    named = [
        str(get(item, "value")) for item in listed(line, "participants") if str(get(item, "key")).lower() == _RESELLER
    ]
    if named:
        found.append(("reseller", action.reseller, named[0]))
    return found


def _same_promotion(seen: Json, wanted: str) -> bool:
    """Promotions are counted by product and SKU; the last part of the id is ignored (contract §9.1)."""
    return isinstance(seen, str) and seen.lower().split(":")[:2] == wanted.lower().split(":")[:2]


def _text(body: Json, *names: str) -> str | None:
    value = get(body, *names)
    return value.strip() or None if isinstance(value, str) else None


def _price(line: Json, action: Purchase) -> Rejected | Stale | None:
    approved = action.unit_price
    if approved is None:
        return None
    unit, whole_term = number(get(line, "pricing", "price")), number(get(line, "pricing", "extendedPrice"))
    currency = get(line, "currencyCode")
    if unit is None or not isinstance(currency, str):
        return Rejected(
            code="CSP413",
            message=f"the cart shows no price, while {approved} a seat was approved: give the account pricing access",
        )
    if currency.upper() != approved.currency.upper():
        return Rejected(code="CSP413", message=f"the cart is priced in {currency}, {approved.currency} was approved")
    if unit > approved.amount + CENT:
        return Stale(seen=f"a seat costs {unit} {currency} a {action.billing} charge now, {approved} was approved")
    cycles = cycles_in(action.term, action.billing) or 1
    most = (approved.amount + CENT) * action.seats * cycles
    if whole_term is not None and whole_term > most:
        # The second number guards the reading of the first: whole term and all seats (contract §10).
        return Stale(seen=f"the cart commits to {whole_term} {currency} over the term, at most {most} was approved")
    return None


def orders_line(order: Order, offer: OfferKey, seats: int) -> Json | None:
    """The line of an order that buys this offer with so many seats, or None."""
    for line in order.lines:
        item = OfferKey.of_item(str(get(line, "offerId") or ""))
        if item == offer and whole(get(line, "quantity")) == seats:
            return line
    return None
