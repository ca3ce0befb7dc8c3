"""Perpetual licences and software: lines of orders, since what is owned for good is no subscription.

A licence is the line of a one-time order that buys software and brought no subscription; its id is "order:line". It is
cancelled by its order within 30 days, as software subscriptions are within seven; a cancelled line stays in its order
with quantity 0 (contract §11, §13.3, 2026-08).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cspdecl.core.catalog import OfferKey, ProductKind
from cspdecl.core.live import ChangePolicy, LiveSubscription, Status
from cspdecl.core.terms import BillingCycle, Term
from cspdecl_partner_center import carts, paths
from cspdecl_partner_center.carts import Order
from cspdecl_partner_center.faithful import Json, Malformed, get
from cspdecl_partner_center.paging import items
from cspdecl_partner_center.subscriptions import billing_of, kind_of, whole
from cspdecl_partner_center.transport import Refusal, Request, Transport

WINDOW = timedelta(days=30)  # contract §13.3 (2026-08): perpetual software, 30 calendar days, refunded in full
_GONE = {"cancelled", "error", "poreviewrejected"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def id_of(order: str, line: int) -> str:
    """The id of a licence."""
    return f"{order}:{line}"


def parts_of(id: str) -> tuple[str, int] | None:
    """Order and line of a licence's id, or None where it is the id of a subscription."""
    order, colon, line = id.rpartition(":")
    return (order, int(line)) if colon and order and line.isdecimal() else None


class LicenceReader:
    """Reads licences over one transport; which products are software is asked once a process."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._kinds: dict[str, tuple[ProductKind, str]] = {}
        self._lock = threading.Lock()

    def all(self, tenant: str, *, market: str, now: datetime, patient: bool) -> tuple[LiveSubscription, ...]:
        """The perpetual licences of a customer. Raises Incomplete and Malformed, besides what the transport raises."""
        query = [("billingType", "onetime")]
        request = Request(method="GET", path=paths.customer(tenant, "orders"), query=query, patient=patient)
        found: list[LiveSubscription] = []
        for body in items(self._transport, request):
            found += self._licences(body, market=market, now=now, patient=patient)
        return tuple(found)

    def some(
        self, tenant: str, ids: Iterable[str], *, market: str, now: datetime, patient: bool
    ) -> tuple[LiveSubscription, ...]:
        """Licences by id; those whose order is not there any more are left out."""
        wanted = list(ids)
        found: dict[str, LiveSubscription] = {}
        for order in dict.fromkeys(parts[0] for name in wanted if (parts := parts_of(name)) is not None):
            try:
                body = self.order(tenant, order, patient=patient)
            except Refusal as refusal:
                if refusal.status != 404:
                    raise
                continue
            found |= {item.id: item for item in self._licences(body, market=market, now=now, patient=patient)}
        return tuple(found[name] for name in wanted if name in found)

    def order(self, tenant: str, order: str, *, patient: bool) -> Json:
        """The body of one order."""
        request = Request(method="GET", path=paths.customer(tenant, "orders", order), patient=patient)
        return self._transport.send(request).body

    def _licences(self, body: Json, *, market: str, now: datetime, patient: bool) -> list[LiveSubscription]:
        order = carts.parse_order(body)
        if billing_of(get(body, "billingCycle")) is not BillingCycle.ONE_TIME:
            return []
        found = []
        for number, line in enumerate(order.lines):
            offer = OfferKey.of_item(str(get(line, "offerId") or ""))
            if offer is None or get(line, "subscriptionId") or get(line, "termDuration"):
                continue  # reservations have a term; plans and software subscriptions are read as subscriptions
            kind, title = self._kind(offer.product, market=market, patient=patient)
            if kind == "software":
                found.append(parse_licence(order, line, number, offer, title=title, now=now))
        return found

    def _kind(self, product: str, *, market: str, patient: bool) -> tuple[ProductKind, str]:
        with self._lock:
            if product in self._kinds:
                return self._kinds[product]
        query = [("country", market)]
        request = Request(method="GET", path=paths.product(product), query=query, patient=patient)
        try:
            body = self._transport.send(request).body
        except Refusal as refusal:
            if refusal.status != 404:
                raise
            body = None  # not in the catalogue any more: what it was cannot be told, so it is not managed
        told, title = get(body, "productType", "id"), get(body, "title")
        kind: ProductKind = kind_of(told) if isinstance(told, str) else "other"
        found = kind, title if isinstance(title, str) else ""
        with self._lock:
            self._kinds[product] = found
        return found


def parse_licence(
    order: Order, line: Json, place: int, offer: OfferKey, *, title: str, now: datetime
) -> LiveSubscription:
    """One licence. Raises Malformed."""
    number, seats = whole(get(line, "lineItemNumber")), whole(get(line, "quantity"))
    if seats is None or seats < 0:
        raise Malformed(f"order {order.id} has a line without a quantity")
    bought, name = order.created or _EPOCH, get(line, "friendlyName")
    status = Status.PENDING
    if order.status in _GONE or seats == 0:
        status = Status.DELETED
    elif order.status in ("completed", "partialsuccess", ""):
        status = Status.ACTIVE
    until = bought + WINDOW
    return LiveSubscription(
        id=id_of(order.id, place if number is None else number),
        offer=offer,
        title=title or (name if isinstance(name, str) else ""),
        nickname=name if isinstance(name, str) else "",
        seats=seats,
        term=Term.ONCE,
        billing=BillingCycle.ONE_TIME,
        status=status,
        end_of_term="cancel",  # nothing renews; it is owned
        trial=False,
        created=bought,
        term_started=bought,
        term_ends=None,
        cycle_ends=None,
        policy=ChangePolicy(
            lots=(),
            cancel_until=until if status is Status.ACTIVE and now < until else None,
            min_seats=1,
            max_seats=None,
            can_schedule=False,
            busy="its order is being worked on" if status is Status.PENDING else None,
            source="assumed",
            observed_at=now,
        ),
        scheduled=None,
        order_id=order.id,
        product="perpetual",
    )
