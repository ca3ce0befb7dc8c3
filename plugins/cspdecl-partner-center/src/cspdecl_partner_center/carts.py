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
from cspdecl.core.outcome import Rejected, Stale
from cspdecl.core.terms import cycles_in
from cspdecl_partner_center import faults
from cspdecl_partner_center.faithful import Json, Malformed, get, listed
from cspdecl_partner_center.subscriptions import billing_of, instant, number, term_of, whole

CENT = Decimal("0.01")
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
    return {
        "lineItems": [
            {
                "id": 0,
                "catalogItemId": item,
                "friendlyName": action.nickname,
                "quantity": action.seats,
                "billingCycle": action.billing.value,
                "termDuration": action.term.value,
            }
        ]
    }


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
        ("term", action.term, term_of(get(line, "termDuration"))),
        ("billing cycle", action.billing, billing_of(get(line, "billingCycle"))),
        ("end date", None, instant(get(line, "customTermEndDate"))),
    )
    for name, wanted, seen in compared:
        if wanted != seen:
            return Rejected(code="CSP412", message=f"the cart's {name} is {seen} where {wanted} was put in")
    return _price(line, action)


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
