"""Buying: a cart, journaled before it is paid; its price compared; one checkout; then the order, until it is there.

1. look whether somebody bought meanwhile, look the catalogue item up, create the cart    → Pending(cart)
2. read the cart again, compare it with what was approved, check it out                   → Pending(order)
3. read order and subscription until both are there                                       → Applied

A cart buys nothing, and checking the same cart out again is safe (contract §10). A second cart while the outcome of the
first is unknown is not: every doubt after step 2 is settled by reading orders, found by the name we gave the line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta

from cspdecl.core.action import Purchase
from cspdecl.core.live import LiveSubscription, Status
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import Applied, Deferred, NotDone, Outcome, Pending, ProbeOutcome, Rejected, Stale, Unknown
from cspdecl.spi.provider import Call
from cspdecl_partner_center import agreements, carts, checkpoint, faults, paths
from cspdecl_partner_center.carts import Cart, Order
from cspdecl_partner_center.catalog import CatalogReader
from cspdecl_partner_center.checkpoint import Checkpoint
from cspdecl_partner_center.clock import Business
from cspdecl_partner_center.customers import CustomerReader, running_of
from cspdecl_partner_center.effects import receipt
from cspdecl_partner_center.faithful import Json, Malformed, get
from cspdecl_partner_center.guard import newcomers
from cspdecl_partner_center.licences import id_of
from cspdecl_partner_center.paging import Incomplete, items
from cspdecl_partner_center.subscriptions import parse_subscription, whole
from cspdecl_partner_center.transport import Busy, NoAnswer, Refusal, Request, Transport

VISIBLE_WITHIN = timedelta(minutes=15)  # an order may take as long to appear (contract §11)
_LOOKS = 10_000  # the clock decides, not the count
_FAILED = {"error", "partialsuccess", "cancelled", "poreviewrejected"}
_SLOW = {"pendingreview", "pendingpoupload", "pouploadcomplete"}


class Buyer:
    """Carries out purchases. `bought` are the subscriptions this connection bought itself."""

    def __init__(
        self,
        transport: Transport,
        business: Business,
        customers: CustomerReader,
        catalog: CatalogReader,
        *,
        can_ask_users: bool,
        machine_now: Callable[[], datetime],
        bought: set[str],
    ) -> None:
        self._transport = transport
        self._business = business
        self._customers = customers
        self._catalog = catalog
        self._users = can_ask_users
        self._machine_now = machine_now
        self._bought = bought

    def apply(self, operation: Operation, action: Purchase, call: Call) -> Outcome:
        """The next step of a purchase."""
        tenant = call.tenant or operation.guard.tenant
        if tenant is None:
            return Rejected(code="CSP410", message="the customer's tenant is not known yet")
        step = checkpoint.load(call.checkpoint)
        try:
            if step is None:
                return self._first(operation, action, tenant, call)
            if step.step == "cart":
                return self._second(operation, action, tenant, call, step)
            return self._third(action, tenant, call, step)
        except Refusal as refusal:
            if step is not None and step.step != "cart":
                return Unknown(cause=f"the order cannot be read: {refusal}")
            if step is not None and refusal.code == "800065":
                return self._submitted(step)
            return faults.outcome_of(refusal)
        except (Busy, NoAnswer) as problem:
            if step is not None and step.step != "cart":
                if isinstance(problem, Busy):
                    return faults.outcome_of(problem)
                faults.must_be_there(problem)
                return checkpoint.again(step, f"the order could not be read: {problem}", looks=_LOOKS)
            return faults.outcome_of(problem)
        except (Malformed, Incomplete) as problem:
            if step is None:
                return faults.outcome_of(NoAnswer(str(problem), reading=True))
            return Unknown(cause=f"the answer cannot be used: {problem}")

    def probe(self, operation: Operation, action: Purchase, call: Call) -> ProbeOutcome:
        """Was it bought? Reads only; the name we gave the line decides, never that some subscription is there."""
        tenant, step = call.tenant or operation.guard.tenant, checkpoint.load(call.checkpoint)
        if step is None or tenant is None:
            return NotDone()  # no cart was journaled, so none was checked out
        try:
            if step.step != "cart":
                return self._third(action, tenant, call, step)
            try:
                cart = self._cart(tenant, step.cart or "")
            except Refusal as refusal:
                if refusal.status != 404:
                    raise
                cart = None
            if cart is not None and cart.status == "active":
                return NotDone(checkpoint=call.checkpoint)
            return self._third(action, tenant, call, self._since(step, "submitted"))
        except (Refusal, Malformed, Incomplete) as problem:
            return Unknown(cause=f"cannot be found out: {problem}")
        except (Busy, NoAnswer) as problem:
            return _unsettled(problem)

    # ---- the steps ----

    def _first(self, operation: Operation, action: Purchase, tenant: str, call: Call) -> Outcome:
        running = self._running(action, tenant)
        if (stop := self._somebody_bought(operation, action, running)) is not None:
            return stop
        if not running and self._users and agreements.state(self._transport, tenant, patient=False) == "none":
            return Deferred(code="13605", message=faults.sentence_of("13605", ""))
        for attempt in (1, 2):
            found = self._catalog.item_for(
                action.offer,
                action.term,
                action.billing,
                market=action.country,
                segment=action.segment,
                any_term=action.product == "azure_plan",
            )
            if found is None:
                return Rejected(
                    code="CSP411",
                    message=f"{action.offer} is not sold as {action.term} {action.billing} in {action.country} now",
                    hint="plan again: the catalogue has changed",
                )
            cart = self._create(action, tenant, found.item, call)
            error = carts.line_error(cart)
            if error is None:
                step = Checkpoint(step="cart", cart=cart.id, item=found.item)
                return Pending(checkpoint=checkpoint.dump(step), note="the cart stands")
            if error[0] != carts.STALE_ITEM or attempt == 2:
                return Rejected(code=error[0], message=error[1])
        raise AssertionError("unreachable")  # pragma: no cover - the loop returns

    def _second(self, operation: Operation, action: Purchase, tenant: str, call: Call, step: Checkpoint) -> Outcome:
        cart = self._cart(tenant, step.cart or "")
        if cart.status != "active":
            return self._submitted(step)
        running = self._running(action, tenant)
        if any(item.nickname == action.nickname and item.id not in operation.guard.siblings for item in running):
            return self._submitted(step)  # our own name: the checkout went through and its answer was lost
        if (stop := self._somebody_bought(operation, action, running)) is not None:
            return stop
        if cart.expires is not None and cart.expires <= self._business.now():
            return Rejected(code="CSP414", message="the cart ran out before it was checked out", hint="plan again")
        if (difference := carts.check(cart, action, step.item or "")) is not None:
            return difference
        path = paths.customer(tenant, "carts", cart.id, "checkout")
        answer = self._transport.send(
            Request(method="POST", path=path, request_id=call.request_id, correlation_id=call.correlation_id)
        )
        orders, errors = carts.checked_out(answer.body)
        if not orders:
            if not errors:
                return self._submitted(step)
            code, description = errors[0]
            return Rejected(code=code or "CSP415", message=faults.sentence_of(code, description))
        line = carts.orders_line(orders[0], action.offer, action.seats)
        found = self._since(step, "order", order=orders[0].id, subscription=_subscription_of(line))
        return Pending(checkpoint=checkpoint.dump(found), note="ordered, being provisioned")

    def _third(
        self, action: Purchase, tenant: str, call: Call, step: Checkpoint
    ) -> Applied | Pending | Rejected | Unknown:
        late = checkpoint.overdue(step, self._machine_now(), VISIBLE_WITHIN)
        order = self._find(action, tenant, step)
        if order is None:
            if late:
                return Unknown(cause="the order is not visible 15 minutes after its checkout")
            return checkpoint.again(step, "the order is not visible yet", looks=_LOOKS)
        live = self._subscription(action, tenant, order, step)
        known = dataclasses.replace(
            step, step="order", order=order.id, subscription=live.id if live else step.subscription
        )
        if live is not None and live.status is Status.ACTIVE and order.status in ("completed", "partialsuccess", ""):
            self._bought.add(live.id)
            remark = carts.remark_of(carts.orders_line(order, action.offer, action.seats), live, action)
            found = receipt(call, self._business.now(), order=order.id, reference=step.cart, remark=remark)
            return Applied(receipt=found, subscription=live)
        if order.status in _FAILED and live is None:
            if late or order.status in ("cancelled", "poreviewrejected"):
                return Rejected(
                    code="CSP415", message=f"order {order.id} came to nothing: its status is {order.status}"
                )
            return checkpoint.again(known, f"order {order.id} is {order.status}", looks=_LOOKS)
        if order.status in _SLOW:
            waiting = checkpoint.again(
                known, f"Microsoft reviews order {order.id}; it may ask for documents", looks=_LOOKS
            )
            return dataclasses.replace(waiting, resume_in_ms=600_000) if isinstance(waiting, Pending) else waiting
        if late and order.status == "completed":
            return Unknown(cause=f"order {order.id} is completed, but its subscription cannot be read after 15 minutes")
        return checkpoint.again(known, f"order {order.id} is {order.status or 'being worked on'}", looks=_LOOKS)

    # ---- what they read ----

    def _running(self, action: Purchase, tenant: str) -> tuple[LiveSubscription, ...]:
        """What runs that a purchase planned now would be on top of: of a trial other trials, of a plan any plan."""
        if action.product == "perpetual":
            owned = self._customers.all_licences(tenant, patient=False)
            return tuple(item for item in owned if item.offer == action.offer and item.status.running)
        bodies = self._customers.raw_subscriptions(tenant, patient=False)
        found = running_of(bodies, now=self._business.now())
        if action.product == "azure_plan":
            return tuple(item for item in found if item.product == "azure_plan")
        return tuple(item for item in found if item.offer == action.offer and item.trial == action.trial)

    def _somebody_bought(
        self, operation: Operation, action: Purchase, running: tuple[LiveSubscription, ...]
    ) -> Stale | None:
        new = newcomers(operation.guard, running, self._bought)
        if not new:
            return None
        names = ", ".join(f"`{item.nickname or item.title}` ({item.seats} seats, {item.id})" for item in new)
        return Stale(seen=f"{action.offer} was bought meanwhile: {names}")

    def _create(self, action: Purchase, tenant: str, item: str, call: Call) -> Cart:
        request = Request(
            method="POST",
            path=paths.customer(tenant, "carts"),
            body=carts.new_cart(action, item),
            correlation_id=call.correlation_id,
        )
        return carts.parse_cart(self._transport.send(request).body)

    def _cart(self, tenant: str, id: str) -> Cart:
        request = Request(method="GET", path=paths.customer(tenant, "carts", id))
        return carts.parse_cart(self._transport.send(request).body)

    def _find(self, action: Purchase, tenant: str, step: Checkpoint) -> Order | None:
        """The order: by its id, else the one that carries our name, on its line or on its subscription."""
        if step.order is not None:
            try:
                request = Request(method="GET", path=paths.customer(tenant, "orders", step.order))
                return carts.parse_order(self._transport.send(request).body)
            except Refusal as refusal:
                if refusal.status == 404:
                    return None
                raise
        listed = Request(method="GET", path=paths.customer(tenant, "orders"))
        orders = [carts.parse_order(body) for body in items(self._transport, listed)]
        fitting = [(order, carts.orders_line(order, action.offer, action.seats)) for order in orders]
        for order, line in fitting:
            if line is not None and get(line, "friendlyName") == action.nickname:
                return order
        for body in self._customers.raw_subscriptions(tenant, patient=False):
            if get(body, "friendlyName") == action.nickname:
                return next((order for order in orders if order.id == get(body, "orderId")), None)
        return None

    def _subscription(self, action: Purchase, tenant: str, order: Order, step: Checkpoint) -> LiveSubscription | None:
        now = self._business.now()
        line = carts.orders_line(order, action.offer, action.seats)
        if action.product == "perpetual":
            number = 0 if line is None else whole(get(line, "lineItemNumber")) or 0
            return next(iter(self._customers.licences(tenant, (id_of(order.id, number),), patient=False)), None)
        known = _subscription_of(line) or step.subscription
        if known is not None:
            try:
                return parse_subscription(self._customers.subscription(tenant, known, patient=False), now=now)
            except Refusal as refusal:
                if refusal.status == 404:
                    return None
                raise
        bodies = self._customers.raw_subscriptions(tenant, patient=False, order=order.id)
        return next((item for item in running_of(bodies, now=now) if item.offer == action.offer), None)

    def _since(
        self, step: Checkpoint, name: checkpoint.Step, *, order: str | None = None, subscription: str | None = None
    ) -> Checkpoint:
        found = dataclasses.replace(step, step=name, since=step.since or self._machine_now(), looks=0)
        return found if order is None else dataclasses.replace(found, order=order, subscription=subscription)

    def _submitted(self, step: Checkpoint) -> Pending:
        found = self._since(step, "submitted")
        return Pending(checkpoint=checkpoint.dump(found), resume_in_ms=1_000, note="submitted, looking for its order")


def _unsettled(problem: Busy | NoAnswer) -> ProbeOutcome:
    faults.must_be_there(problem)
    return Unknown(cause=problem.cause) if isinstance(problem, NoAnswer) else faults.outcome_of(problem)


def _subscription_of(line: Json) -> str | None:
    found = get(line, "subscriptionId")
    return found.lower() if isinstance(found, str) and found else None
