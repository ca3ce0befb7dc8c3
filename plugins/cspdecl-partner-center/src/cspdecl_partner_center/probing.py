"""Did it happen? Finding out by reading, after an answer that got lost (design: apply, the table of doubts).

Live equals what the operation wants: it happened. Live equals the guard: it did not, and sending it again is safe.
Neither: a person decides.
"""

from __future__ import annotations

from cspdecl.core.action import (
    AttestAgreement,
    BuyAzurePlan,
    Cancel,
    CreateCustomer,
    Purchase,
    RequestQualification,
    SetBudget,
    Transition,
    UpdateProfile,
)
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import Applied, NotDone, ProbeOutcome, Rejected, Stale, Unknown
from cspdecl.spi.provider import Call
from cspdecl_partner_center import faults
from cspdecl_partner_center.agreeing import Attester
from cspdecl_partner_center.azure import PlanBuyer
from cspdecl_partner_center.cancelling import Canceller
from cspdecl_partner_center.circumstances import Circumstances
from cspdecl_partner_center.clock import Business
from cspdecl_partner_center.customers import CustomerReader
from cspdecl_partner_center.effects import Change, receipt, remark_of, shows
from cspdecl_partner_center.faithful import Malformed
from cspdecl_partner_center.guard import differs
from cspdecl_partner_center.onboarding import Onboarder
from cspdecl_partner_center.paging import Incomplete
from cspdecl_partner_center.profiles import covers
from cspdecl_partner_center.purchases import Buyer
from cspdecl_partner_center.subscriptions import parse_subscription
from cspdecl_partner_center.targets import NotPossible, target_of
from cspdecl_partner_center.transitions import Mover
from cspdecl_partner_center.transport import Busy, NoAnswer, Refusal


class Prober:
    """Answers probes; everything it is given reads over a transport that cannot write."""

    def __init__(
        self,
        business: Business,
        customers: CustomerReader,
        *,
        buyer: Buyer,
        plans: PlanBuyer,
        mover: Mover,
        canceller: Canceller,
        circumstances: Circumstances,
        onboarder: Onboarder,
        attester: Attester,
    ) -> None:
        self._business = business
        self._customers = customers
        self._buyer = buyer
        self._plans = plans
        self._mover = mover
        self._canceller = canceller
        self._circumstances = circumstances
        self._onboarder = onboarder
        self._attester = attester

    def probe(self, operation: Operation, call: Call) -> ProbeOutcome:
        """What came of an operation. Raises TryLater where nobody answers: what was in doubt stays in doubt."""
        action = operation.action
        try:
            match action:
                case Purchase():
                    return self._buyer.probe(operation, action, call)
                case BuyAzurePlan():
                    return self._plans.probe(operation, action, call)
                case CreateCustomer():
                    return self._onboarder.probe(operation, action, call)
                case AttestAgreement():
                    return self._attester.probe(operation, call)
                case UpdateProfile():
                    return self._profile(operation, action, call)
                case Transition():
                    return self._mover.probe(operation, action, call)
                case SetBudget() | RequestQualification():
                    return self._circumstances.probe(operation, action, call)
                case Cancel(product="software" | "perpetual"):
                    return self._canceller.probe(operation, action, call)
                case action if isinstance(action, Change):
                    return self._change(operation, action, call)
                case _:
                    return Rejected(code="CSP419", message=f"`{action.kind}` is not sent to Partner Center")
        except Busy as busy:
            return faults.outcome_of(busy)
        except (Refusal, NoAnswer, Malformed, Incomplete) as problem:
            faults.must_be_there(problem)
            return Unknown(cause=f"cannot be found out: {problem}")

    def _change(self, operation: Operation, action: Change, call: Call) -> ProbeOutcome:
        try:
            target = target_of(operation.guard, call)
        except NotPossible:
            return NotDone()  # nothing could have been sent
        try:
            body = self._customers.subscription(target.tenant, target.id, patient=False)
        except Refusal as refusal:
            if isinstance(action, Cancel) and refusal.status == 404:
                return Applied(receipt=receipt(call, self._business.now(), inferred=True))
            raise
        live = parse_subscription(body, now=self._business.now())
        if shows(action, live):
            remark = remark_of(action, live)
            found = receipt(call, self._business.now(), order=live.order_id, inferred=True, remark=remark)
            return Applied(receipt=found, subscription=live)
        difference = differs(operation.guard, live)
        return NotDone() if difference is None else Stale(seen=difference)

    def _profile(self, operation: Operation, action: UpdateProfile, call: Call) -> ProbeOutcome:
        tenant = call.tenant or operation.guard.tenant
        if tenant is None:
            return NotDone()
        live = self._customers.customer(operation.address.customer, tenant, patient=False)
        if live.profile is not None and covers(live.profile, action.after):
            return Applied(receipt=receipt(call, self._business.now(), inferred=True), customer=live)
        if action.before is None or live.profile == action.before:
            return NotDone()
        return Stale(seen="the billing profile is neither as planned nor as it was")
