"""Changes of a running subscription: read it afresh, compare, send all of it back with one thing changed, read again.

The whole resource goes back, since what is left out would be reset (contract §13.1). An answer of 202 is polled. What
a change cannot be seen to have done is not claimed: it stays `Pending`, and then `Unknown`, or `Deferred` where a
person has to finish it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cspdecl.core.action import Cancel, ClearSchedule, Rename, ScheduleRenewal, SetEndOfTerm, SetSeats
from cspdecl.core.live import LiveSubscription, NextTerm, Status
from cspdecl.core.operation import Guard, Operation
from cspdecl.core.outcome import Applied, Deferred, Outcome, Receipt, Rejected, Stale, Unknown
from cspdecl.core.plain import instant_text
from cspdecl.spi.provider import Call
from cspdecl_partner_center import checkpoint, end_of_term, faults, paths
from cspdecl_partner_center.catalog import CatalogReader
from cspdecl_partner_center.checkpoint import Checkpoint
from cspdecl_partner_center.clock import Business
from cspdecl_partner_center.customers import CustomerReader
from cspdecl_partner_center.faithful import Json, Malformed, get, with_fields, without
from cspdecl_partner_center.guard import differs, in_words
from cspdecl_partner_center.paging import Incomplete, items
from cspdecl_partner_center.subscriptions import parse_subscription
from cspdecl_partner_center.transport import Busy, NoAnswer, Refusal, Request, Transport

Change = SetSeats | Rename | Cancel | SetEndOfTerm | ScheduleRenewal | ClearSchedule
LOOKS = 12  # readings after a change that was accepted but does not show
_FEW_LOOKS = 3  # the same, for values that may never show because the service does not take them
_UNCERTAIN = (SetEndOfTerm, ScheduleRenewal, ClearSchedule)


class NotPossible(Exception):  # noqa: N818 - an outcome on its way
    """A change that is not sent at all, with the outcome that says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The subscription an operation is about."""

    tenant: str
    id: str


def target_of(guard: Guard, call: Call) -> Target:
    """Tenant and subscription, from the guard or from what the address is bound to by now. Raises NotPossible."""
    tenant, wanted = call.tenant or guard.tenant, guard.subscription
    if wanted is None and len(call.subscriptions) == 1:
        wanted = call.subscriptions[0]
    if tenant is None or wanted is None:
        raise NotPossible(Rejected(code="CSP410", message="the operation names no customer or no single subscription"))
    return Target(tenant=tenant.lower(), id=wanted.lower())


class Changer:
    """Carries out changes of running subscriptions."""

    def __init__(
        self, transport: Transport, business: Business, customers: CustomerReader, catalog: CatalogReader
    ) -> None:
        self._transport = transport
        self._business = business
        self._customers = customers
        self._catalog = catalog

    def apply(self, operation: Operation, action: Change, call: Call) -> Outcome:
        """The change, or its next look."""
        wrote = False
        try:
            target = target_of(operation.guard, call)
            step = checkpoint.load(call.checkpoint)
            if step is not None and step.step in ("sent", "accepted", "cleared"):
                wrote = True
                return self._look(action, target, call, step)
            body, live = self.read(target)
            if (difference := differs(operation.guard, live)) is not None:
                return Stale(seen=difference)
            changed = self._changed(body, live, action, target)
            wrote = True
            status = self._write(target, body, changed, call, call.request_id)
            return self._look(action, target, call, Checkpoint(step="accepted" if status == 202 else "sent"))
        except NotPossible as refused:
            return refused.outcome
        except Refusal as refusal:
            return self._refused(refusal, action, call)
        except (Busy, NoAnswer) as problem:
            return faults.outcome_of(problem)
        except (Malformed, Incomplete) as problem:
            if wrote:
                return Unknown(cause=f"changed, but the answer cannot be used: {problem}")
            return faults.outcome_of(NoAnswer(str(problem), reading=True))

    def read(self, target: Target) -> tuple[Mapping[str, Json], LiveSubscription]:
        """Body and value of the subscription, fresh."""
        body = self._customers.subscription(target.tenant, target.id, patient=False)
        if not isinstance(body, dict):
            raise Malformed(f"subscription {target.id}: the answer is no object")
        return body, parse_subscription(body, now=self._business.now())

    def _write(
        self, target: Target, before: Mapping[str, Json], changed: Json, call: Call, request_id: str | None
    ) -> int:
        etag = get(before, "attributes", "etag")
        headers = {"If-Match": etag if etag.startswith('"') else f'"{etag}"'} if isinstance(etag, str) and etag else {}
        request = Request(
            method="PATCH",
            path=paths.subscription(target.tenant, target.id),
            body=changed,
            headers=headers,
            request_id=request_id,
            correlation_id=call.correlation_id,
        )
        return self._transport.send(request).status

    def _look(self, action: Change, target: Target, call: Call, step: Checkpoint) -> Outcome:
        """Read it back; what does not show yet is looked at again, for some minutes."""
        try:
            live = self.read(target)[1]
        except Refusal as refusal:
            if isinstance(action, Cancel) and refusal.status == 404:
                return Applied(receipt=receipt(call, self._business.now()))
            return Unknown(cause=f"sent, but cannot be read back: {refusal}")
        except (Busy, NoAnswer) as problem:
            if step.looks:
                faults.must_be_there(problem)
            return checkpoint.again(step, f"sent; reading it back failed: {problem}", looks=LOOKS)
        if shows(action, live):
            return Applied(receipt=receipt(call, self._business.now(), order=live.order_id), subscription=live)
        limit = _FEW_LOOKS if isinstance(action, _UNCERTAIN) and step.step != "accepted" else LOOKS
        if step.looks < limit:
            return checkpoint.again(step, "accepted, not visible yet", looks=limit)
        match action:
            case ClearSchedule() if step.step != "cleared":
                return self._clear_by_leaving_out(action, target, call)
            case SetEndOfTerm():
                return _by_hand(f"it did not come back as sent, it reads `{live.end_of_term}`", action, live)
            case ScheduleRenewal() | ClearSchedule():
                return _by_hand(f"it did not come back as sent, it reads {in_words(live.scheduled)}", action, live)
            case _:
                return Unknown(cause=f"accepted, but it does not show after {limit} readings")

    def _clear_by_leaving_out(self, action: ClearSchedule, target: Target, call: Call) -> Outcome:
        """Whether null takes instructions back is not documented; leaving the field out is (contract §13.1, §13.4)."""
        body = self.read(target)[0]
        changed = without(with_fields(body, autoRenewEnabled=True), "scheduledNextTermInstructions")
        self._write(target, body, changed, call, None)
        return self._look(action, target, call, Checkpoint(step="cleared"))

    def _refused(self, refusal: Refusal, action: Change, call: Call) -> Outcome:
        outcome = faults.outcome_of(refusal)
        if isinstance(action, Cancel) and refusal.code == "2011":
            return Stale(seen="the subscription has been cancelled meanwhile")
        if isinstance(action, SetEndOfTerm) and action.after != "renew" and isinstance(outcome, Rejected):
            return _by_hand(outcome.message, action, None)
        return outcome

    def _changed(self, body: Mapping[str, Json], live: LiveSubscription, action: Change, target: Target) -> Json:
        match action:
            case SetSeats():
                return with_fields(end_of_term.one_spelling(body), quantity=action.after)
            case Rename():
                return with_fields(end_of_term.one_spelling(body), friendlyName=action.after)
            case Cancel():
                return with_fields(end_of_term.one_spelling(body), status="deleted")
            case SetEndOfTerm():
                return end_of_term.one_spelling(end_of_term.write(body, action.after))
            case ClearSchedule():
                return end_of_term.schedule(body, None)
            case ScheduleRenewal():
                _must_renew(live)
                return end_of_term.schedule(body, self._instructions(body, live, action.next, target))

    def _instructions(self, body: Json, live: LiveSubscription, wish: NextTerm, target: Target) -> Json:
        was, same = end_of_term.instructions(body), live.scheduled is not None and live.scheduled.offer == wish.offer
        product: dict[str, Json] = {
            "productId": wish.offer.product,
            "skuId": wish.offer.sku,
            "availabilityId": self._availability(body, live, wish, target),
            "billingCycle": wish.billing.value,
            "termDuration": wish.term.value,
        }
        promotion, custom_end = get(was, "product", "promotionId"), get(was, "customTermEndDate")
        if same and promotion:
            product["promotionId"] = promotion
        instructions: dict[str, Json] = {"product": product, "quantity": wish.seats}
        if same and custom_end and live.scheduled is not None and live.scheduled.term == wish.term:
            instructions["customTermEndDate"] = custom_end
        return instructions

    def _availability(self, body: Json, live: LiveSubscription, wish: NextTerm, target: Target) -> str:
        """The availability to name: what Microsoft says this subscription may go to, else the catalogue's (§13.4)."""
        path = paths.subscription(target.tenant, target.id, "transitionEligibilities")
        request = Request(method="GET", path=path, query=[("eligibilityType", "scheduled")])
        try:
            for item in items(self._transport, request):
                parts = str(get(item, "catalogItemId") or "").upper().split(":")
                if len(parts) == 3 and (parts[0], parts[1]) == (wish.offer.product, wish.offer.sku):
                    return parts[2]
        except (Refusal, Incomplete):
            pass  # the call is documented for upgrades; for the same SKU the catalogue answers too
        parts = str(get(body, "offerId") or "").split(":")
        own = parts[2] if len(parts) == 3 and wish.offer == live.offer else None
        try:
            found = self._catalog.items_for(wish.offer, wish.term, wish.billing, tenant=target.tenant)
        except (Refusal, Incomplete):
            found = []
        if found and own not in found:
            return found[0]
        if own is None:
            raise NotPossible(
                Rejected(
                    code="CSP411", message=f"{wish.offer} is not sold to this customer as {wish.term} {wish.billing}"
                )
            )
        return own


def shows(action: Change, live: LiveSubscription) -> bool:
    """Whether what is live is what the action wants: the test after a write, and of a probe."""
    match action:
        case SetSeats():
            return live.seats == action.after
        case Rename():
            return live.nickname == action.after
        case Cancel():
            return not live.status.running
        case SetEndOfTerm():
            return live.end_of_term == action.after
        case ScheduleRenewal():
            return live.scheduled == action.next
        case ClearSchedule():
            return live.scheduled is None


def receipt(
    call: Call,
    at: datetime,
    *,
    order: str | None = None,
    reference: str | None = None,
    inferred: bool = False,
    remark: str | None = None,
) -> Receipt:
    """How this can be asked about again."""
    return Receipt(
        at=at,
        request_id=call.request_id,
        correlation_id=call.correlation_id,
        order_id=order,
        reference=reference,
        inferred=inferred,
        remark=remark,
    )


def _must_renew(live: LiveSubscription) -> None:
    if live.status is not Status.ACTIVE or live.end_of_term != "renew":
        raise NotPossible(
            Stale(
                seen=f"it is {live.status}, at the end of its term `{live.end_of_term}`; only a renewal takes changes"
            )
        )


def _by_hand(reason: str, action: Change, live: LiveSubscription | None) -> Deferred:
    wish = {
        SetEndOfTerm: "the end of the term",
        ScheduleRenewal: "the change at renewal",
        ClearSchedule: "the renewal without changes",
    }.get(type(action), "it")
    if isinstance(action, SetEndOfTerm):
        wish += {"renew": " to renew", "cancel": " to cancel", "extend": " to extended service term"}[action.after]
    until = "" if live is None or live.term_ends is None else f" before {instant_text(live.term_ends)}"
    return Deferred(code="CSP421", message=f"set {wish} in Partner Center{until}: {reason}")
