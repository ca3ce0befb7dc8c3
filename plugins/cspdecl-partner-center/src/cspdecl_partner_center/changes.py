"""Changes of a running subscription: read it afresh, compare, send all of it back with one thing changed, read again.

The whole resource goes back, since what is left out would be reset (contract §13.1). An answer of 202 is polled. What
a change cannot be seen to have done is not claimed: it stays `Pending`, and then `Unknown`, or `Deferred` where a
person has to finish it.
"""

from __future__ import annotations

from collections.abc import Mapping

from cspdecl.core.action import (
    Cancel,
    ChangeTerm,
    ClearSchedule,
    Rename,
    Resume,
    ScheduleRenewal,
    SetEndOfTerm,
    SetReseller,
    SetSeats,
    Suspend,
)
from cspdecl.core.live import LiveSubscription, Status
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import Applied, Outcome, Rejected, Stale, Unknown
from cspdecl.spi.provider import Call
from cspdecl_partner_center import checkpoint, end_of_term, faults, next_term, paths
from cspdecl_partner_center.catalog import CatalogReader
from cspdecl_partner_center.checkpoint import Checkpoint
from cspdecl_partner_center.clock import Business
from cspdecl_partner_center.customers import CustomerReader
from cspdecl_partner_center.effects import Change, by_hand, receipt, remark_of, shows
from cspdecl_partner_center.faithful import Json, Malformed, get, with_fields, without
from cspdecl_partner_center.guard import differs, in_words
from cspdecl_partner_center.paging import Incomplete
from cspdecl_partner_center.subscriptions import parse_subscription
from cspdecl_partner_center.targets import NotPossible, Target, target_of
from cspdecl_partner_center.transport import Busy, NoAnswer, Refusal, Request, Transport

LOOKS = 12  # readings after a change that was accepted but does not show
_FEW_LOOKS = 3  # the same, for values that may never show because the service does not take them
_UNCERTAIN = (SetEndOfTerm, ScheduleRenewal, ClearSchedule)


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
            if (difference := differs(operation.guard, live) or _not_as_planned(action, live)) is not None:
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
        request = Request(
            method="PATCH",
            path=paths.subscription(target.tenant, target.id),
            body=changed,
            headers=if_match(before),
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
            remark = remark_of(action, live)
            done = receipt(call, self._business.now(), order=live.order_id, remark=remark)
            return Applied(receipt=done, subscription=live)
        limit = _FEW_LOOKS if isinstance(action, _UNCERTAIN) and step.step != "accepted" else LOOKS
        if step.looks < limit:
            return checkpoint.again(step, "accepted, not visible yet", looks=limit)
        match action:
            case ClearSchedule() if step.step != "cleared":
                return self._clear_by_leaving_out(action, target, call)
            case SetEndOfTerm():
                return by_hand(f"it did not come back as sent, it reads `{live.end_of_term}`", action, live)
            case ScheduleRenewal() | ClearSchedule():
                return by_hand(f"it did not come back as sent, it reads {in_words(live.scheduled)}", action, live)
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
            return by_hand(outcome.message, action, None)
        return outcome

    def _changed(self, body: Mapping[str, Json], live: LiveSubscription, action: Change, target: Target) -> Json:
        match action:
            case SetEndOfTerm():
                return end_of_term.one_spelling(end_of_term.write(body, action.after))
            case ClearSchedule():
                return end_of_term.schedule(body, None)
            case ScheduleRenewal():
                found = next_term.instructions(self._transport, self._catalog, body, live, action.next, target)
                return end_of_term.schedule(body, found)
            case ChangeTerm():
                self._must_be_sold(live, action, target)
                return self._one(body, termDuration=action.term.value, billingCycle=action.billing.value)
            case SetSeats():
                return self._one(body, quantity=action.after)
            case Rename():
                return self._one(body, friendlyName=action.after)
            case SetReseller():
                return self._one(body, partnerId=action.after)
            case Suspend():
                return self._one(body, status="suspended")
            case Resume():
                _must_be_ours_to_resume(live)
                return self._one(body, status="active")
            case Cancel():
                # An Azure plan cannot be deleted: suspending ends it, once nothing runs on it (contract §11, §15).
                return self._one(body, status="suspended" if action.product == "azure_plan" else "deleted")

    def _one(self, body: Mapping[str, Json], **changes: Json) -> dict[str, Json]:
        return with_fields(end_of_term.one_spelling(body), **changes)

    def _must_be_sold(self, live: LiveSubscription, action: ChangeTerm, target: Target) -> None:
        if live.offer is None or not self._catalog.items_for(
            live.offer, action.term, action.billing, tenant=target.tenant
        ):
            message = f"{live.offer} is not sold to this customer as {action.term} {action.billing}"
            raise NotPossible(Rejected(code="CSP411", message=message, hint="plan again: the catalogue has changed"))


def if_match(body: Mapping[str, Json]) -> dict[str, str]:
    """The header that guards a resource against writers in between, where the resource has an etag (contract §3)."""
    etag = get(body, "attributes", "etag")
    if not isinstance(etag, str) or not etag:
        return {}
    return {"If-Match": etag if etag.startswith('"') else f'"{etag}"'}


def _not_as_planned(action: Change, live: LiveSubscription) -> str | None:
    """What the action itself was planned on, where the guard does not say it."""
    match action:
        case ChangeTerm():
            if live.trial:
                return "it is a trial, which cannot change its term"
            if live.scheduled is not None:
                return f"for the renewal {in_words(live.scheduled)} is scheduled, which has to be taken back first"
            seen, planned = (
                (live.seats, live.term, live.billing),
                (action.seats, action.before_term, action.before_billing),
            )
            if seen != planned:
                return "it has {} seats, {} {} now, where {} seats, {} {} were planned on".format(*seen, *planned)
        case SetReseller() if (live.reseller or "") not in (action.before or "", action.after):
            return f"reseller {live.reseller or 'none'} is on record now, {action.before or 'none'} was planned on"
    return None


def _must_be_ours_to_resume(live: LiveSubscription) -> None:
    """What Microsoft suspended cannot be resumed from here (contract §13.1, 2026-06)."""
    if live.status is Status.SUSPENDED and any("microsoft" in reason.lower() for reason in live.suspended_by):
        why = ", ".join(live.suspended_by)
        raise NotPossible(
            Rejected(code="CSP422", message=f"Microsoft suspended it ({why}): only Microsoft can resume it")
        )
