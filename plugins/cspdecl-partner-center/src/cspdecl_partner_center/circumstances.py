"""A customer's circumstances: its qualifications for a segment, and the budget of its Azure usage (contract §6, §15).

Both are read where a plan wants them, each for a request of its own, and what cannot be read is unknown: it costs the
customer nothing else. Writing them reads first, so that asking twice changes nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from cspdecl.core.action import RequestQualification, SetBudget
from cspdecl.core.live import LiveCustomer, Wanted
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import Applied, NotDone, Outcome, ProbeOutcome, Rejected, Stale, Unknown
from cspdecl.spi.provider import Call
from cspdecl_partner_center import checkpoint, faults, paths
from cspdecl_partner_center.checkpoint import Checkpoint
from cspdecl_partner_center.clock import Business
from cspdecl_partner_center.customers import CustomerReader
from cspdecl_partner_center.effects import receipt
from cspdecl_partner_center.faithful import Json, Malformed
from cspdecl_partner_center.paging import Incomplete
from cspdecl_partner_center.standing import read_budget, read_qualifications
from cspdecl_partner_center.targets import NotPossible, tenant_of
from cspdecl_partner_center.transport import Busy, NoAnswer, Refusal, Request, Transport

_LOOKS = 6
_Settable = Literal["education", "government", "state-owned"]
#: What each is called on the wire. "None" and "Nonprofit" cannot be set (contract §6, 2023-10).
_NAMES: Mapping[_Settable, str] = {
    "education": "Education",
    "government": "GovernmentCommunityCloud",
    "state-owned": "StateOwnedEntity",
}
_DETAILS: Mapping[_Settable, Mapping[str, str]] = {
    "education": {"segment": "educationSegment", "website": "website"},
    "government": {"validationCode": "validationCode"},
    "state-owned": {},
}


class Circumstances:
    """Writes budgets and asks for qualifications."""

    def __init__(self, transport: Transport, business: Business, customers: CustomerReader) -> None:
        self._transport = transport
        self._business = business
        self._customers = customers

    def apply(self, operation: Operation, action: SetBudget | RequestQualification, call: Call) -> Outcome:
        """Write it, or look whether it is there."""
        wrote = False
        try:
            tenant = tenant_of(operation.guard, call)
            step = checkpoint.load(call.checkpoint)
            if step is None:
                request = self._to_send(action, tenant, call)
                if request is not None:
                    wrote = True
                    self._transport.send(request)
                step = Checkpoint(step="sent")
            wrote = True
            return self._look(operation, action, tenant, call, step)
        except NotPossible as refused:
            return refused.outcome
        except Refusal as refusal:
            return faults.outcome_of(refusal)
        except (Busy, NoAnswer) as problem:
            return faults.outcome_of(problem)
        except (Malformed, Incomplete) as problem:
            if wrote:
                return Unknown(cause=f"sent, but the answer cannot be used: {problem}")
            return faults.outcome_of(NoAnswer(str(problem), reading=True))

    def probe(self, operation: Operation, action: SetBudget | RequestQualification, call: Call) -> ProbeOutcome:
        """Is it as asked for? Raises what reading raises."""
        try:
            tenant = tenant_of(operation.guard, call)
        except NotPossible:
            return NotDone()
        if self._there(action, tenant):
            found = receipt(call, self._business.now(), inferred=True)
            return Applied(receipt=found, customer=self._live(operation, action, tenant))
        if isinstance(action, SetBudget) and action.before is not None:
            seen = read_budget(self._transport, tenant, patient=False)
            if seen != action.before:
                return Stale(seen=f"the budget is {seen} now, {action.before} was planned on")
        return NotDone()

    def _to_send(self, action: SetBudget | RequestQualification, tenant: str, call: Call) -> Request | None:
        """The request, or None where all is as wanted already. Raises NotPossible."""
        if isinstance(action, SetBudget):
            seen = read_budget(self._transport, tenant, patient=False)
            if seen == action.after:
                return None
            if action.before is not None and seen != action.before:
                raise NotPossible(Stale(seen=f"the budget is {seen} now, {action.before} was planned on"))
            return Request(
                method="PATCH",
                path=paths.customer(tenant, "usagebudget"),
                body={"Amount": _plain(action.after), "Attributes": {"ObjectType": "SpendingBudget"}},
                request_id=call.request_id,
                correlation_id=call.correlation_id,
            )
        if action.name == "nonprofit":
            message = "Partner Center takes no request to be a nonprofit: the customer applies to Microsoft itself"
            raise NotPossible(Rejected(code="CSP424", message=message))
        if self._there(action, tenant):
            return None
        details = _DETAILS[action.name]
        body: dict[str, Json] = {"qualification": _NAMES[action.name]}
        body |= {details[name]: value for name, value in sorted(action.details.items()) if name in details}
        return Request(
            method="POST",
            path=paths.customer(tenant, "qualifications"),
            body=body,
            need="user",
            request_id=call.request_id,
            correlation_id=call.correlation_id,
        )

    def _there(self, action: SetBudget | RequestQualification, tenant: str) -> bool:
        if isinstance(action, SetBudget):
            return read_budget(self._transport, tenant, patient=False) == action.after
        found = read_qualifications(self._transport, tenant, patient=False)
        return any(item.name == action.name and item.status != "denied" for item in found)

    def _look(
        self, operation: Operation, action: SetBudget | RequestQualification, tenant: str, call: Call, step: Checkpoint
    ) -> Outcome:
        try:
            there = self._there(action, tenant)
        except Refusal as refusal:
            return Unknown(cause=f"sent, but cannot be read back: {refusal}")
        except (Busy, NoAnswer) as problem:
            if step.looks:
                faults.must_be_there(problem)
            return checkpoint.again(step, f"sent; reading it back failed: {problem}", looks=_LOOKS)
        if not there:
            return checkpoint.again(step, "sent, not visible yet", looks=_LOOKS)
        return Applied(receipt=receipt(call, self._business.now()), customer=self._live(operation, action, tenant))

    def _live(self, operation: Operation, action: SetBudget | RequestQualification, tenant: str) -> LiveCustomer:
        wanted: Wanted = "budget" if isinstance(action, SetBudget) else "qualifications"
        key = operation.address.customer
        return self._customers.customer(key, tenant, wanted=frozenset({wanted}), patient=False)


def _plain(amount: Decimal) -> Json:
    """A budget as JSON: 500 and not 500.00 where nothing follows the point."""
    return int(amount) if amount == amount.to_integral_value() else amount
