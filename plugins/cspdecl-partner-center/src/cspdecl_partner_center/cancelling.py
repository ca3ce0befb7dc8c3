"""Cancelling what is cancelled by its order: software subscriptions and perpetual licences (contract §11, §13.3).

The order is read afresh, its line named, and the order read again: a cancelled line has quantity 0, and the order stays
completed while other lines of it live. Licences and Azure plans are changed on the subscription instead.
"""

from __future__ import annotations

from collections.abc import Mapping

from cspdecl.core.action import Cancel
from cspdecl.core.live import LiveSubscription
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import Applied, NotDone, Outcome, ProbeOutcome, Receipt, Rejected, Stale, Unknown
from cspdecl.spi.provider import Call
from cspdecl_partner_center import carts, checkpoint, faults, paths
from cspdecl_partner_center.changes import LOOKS, if_match
from cspdecl_partner_center.checkpoint import Checkpoint
from cspdecl_partner_center.clock import Business
from cspdecl_partner_center.customers import CustomerReader
from cspdecl_partner_center.effects import receipt
from cspdecl_partner_center.faithful import Json, Malformed, get
from cspdecl_partner_center.guard import differs
from cspdecl_partner_center.licences import parts_of
from cspdecl_partner_center.paging import Incomplete
from cspdecl_partner_center.subscriptions import parse_subscription, whole
from cspdecl_partner_center.targets import NotPossible, Target, target_of
from cspdecl_partner_center.transport import Busy, NoAnswer, Refusal, Request, Transport

_CANCELLED = "cancelled"


class Canceller:
    """Cancels lines of orders."""

    def __init__(self, transport: Transport, business: Business, customers: CustomerReader) -> None:
        self._transport = transport
        self._business = business
        self._customers = customers

    def apply(self, operation: Operation, action: Cancel, call: Call) -> Outcome:
        """Cancel, or look whether it is."""
        wrote = False
        try:
            target = target_of(operation.guard, call)
            step = checkpoint.load(call.checkpoint)
            if step is not None:
                wrote = True
                return self._look(action, target, call, step)
            live = self._live(target)
            if (difference := differs(operation.guard, live)) is not None:
                return Stale(seen=difference)
            order, line = self._line(action, target, live)
            wrote = True
            self._cancel(target, order, line, call)
            return self._look(action, target, call, Checkpoint(step="sent"))
        except NotPossible as refused:
            return refused.outcome
        except Refusal as refusal:
            return faults.outcome_of(refusal)
        except (Busy, NoAnswer) as problem:
            return faults.outcome_of(problem)
        except (Malformed, Incomplete) as problem:
            if wrote:
                return Unknown(cause=f"cancelled, but the answer cannot be used: {problem}")
            return faults.outcome_of(NoAnswer(str(problem), reading=True))

    def probe(self, operation: Operation, action: Cancel, call: Call) -> ProbeOutcome:
        """Is it cancelled?"""
        try:
            live = self._live(target_of(operation.guard, call))
        except NotPossible:
            return NotDone()  # nothing could have been sent
        if not live.status.running:
            return Applied(receipt=self._receipt(action, call, live, inferred=True), subscription=live)
        difference = differs(operation.guard, live)
        return NotDone() if difference is None else Stale(seen=difference)

    def _live(self, target: Target) -> LiveSubscription:
        if parts_of(target.id) is not None:
            found = self._customers.licences(target.tenant, (target.id,), patient=False)
            if not found:
                raise NotPossible(Stale(seen=f"order line {target.id} is not there any more"))
            return found[0]
        body = self._customers.subscription(target.tenant, target.id, patient=False)
        return parse_subscription(body, now=self._business.now())

    def _line(self, action: Cancel, target: Target, live: LiveSubscription) -> tuple[Json, Json]:
        """The order as read, and its line that bought this. Raises NotPossible."""
        licence = parts_of(target.id)
        known = licence[0] if licence is not None else live.order_id or action.order_id
        if known is None:
            raise NotPossible(Rejected(code="CSP410", message="the order that bought it is not known"))
        body = self._customers.order(target.tenant, known, patient=False)
        for place, line in enumerate(carts.parse_order(body).lines):
            number = whole(get(line, "lineItemNumber"))
            mine = (
                (place if number is None else number) == licence[1]
                if licence is not None
                else (str(get(line, "subscriptionId") or "").lower() == target.id)
            )
            if mine:
                return body, line
        raise NotPossible(Rejected(code="CSP423", message=f"order {known} has no line that bought {target.id}"))

    def _cancel(self, target: Target, order: Json, line: Json, call: Call) -> None:
        own = str(get(order, "id"))
        item: Mapping[str, Json] = {"lineItemNumber": get(line, "lineItemNumber") or 0, "offerId": get(line, "offerId")}
        request = Request(
            method="PATCH",
            path=paths.customer(target.tenant, "orders", own),
            body={"id": own, "status": _CANCELLED, "lineItems": [item]},
            headers=if_match(order),
            request_id=call.request_id,
            correlation_id=call.correlation_id,
        )
        self._transport.send(request)

    def _look(self, action: Cancel, target: Target, call: Call, step: Checkpoint) -> Outcome:
        try:
            live = self._live(target)
        except Refusal as refusal:
            if refusal.status == 404:
                return Applied(receipt=self._receipt(action, call, None))
            return Unknown(cause=f"sent, but cannot be read back: {refusal}")
        except (Busy, NoAnswer) as problem:
            if step.looks:
                faults.must_be_there(problem)
            return checkpoint.again(step, f"sent; reading it back failed: {problem}", looks=LOOKS)
        if not live.status.running:
            return Applied(receipt=self._receipt(action, call, live), subscription=live)
        return checkpoint.again(step, "sent; it is still there", looks=LOOKS)

    def _receipt(self, action: Cancel, call: Call, live: LiveSubscription | None, *, inferred: bool = False) -> Receipt:
        order = action.order_id if live is None else live.order_id or action.order_id
        return receipt(call, self._business.now(), order=order, inferred=inferred)
