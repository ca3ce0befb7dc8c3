"""Recording who accepted Microsoft's agreement: read first, say it where it may be said, read again."""

from __future__ import annotations

from cspdecl.core.action import AttestAgreement
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import Applied, Deferred, NotDone, Outcome, ProbeOutcome, Rejected, Unknown
from cspdecl.spi.provider import Call
from cspdecl_partner_center import agreements, faults
from cspdecl_partner_center.clock import Business
from cspdecl_partner_center.customers import CustomerReader
from cspdecl_partner_center.effects import receipt
from cspdecl_partner_center.faithful import Malformed
from cspdecl_partner_center.paging import Incomplete
from cspdecl_partner_center.transport import Busy, NoAnswer, Refusal, Transport


class Attester:
    """Records acceptances of the customer agreement."""

    def __init__(
        self, transport: Transport, business: Business, customers: CustomerReader, *, can_ask_users: bool
    ) -> None:
        self._transport = transport
        self._business = business
        self._customers = customers
        self._users = can_ask_users

    def apply(self, operation: Operation, action: AttestAgreement, call: Call) -> Outcome:
        """Accepted already: applied, inferred. Else say so, or leave it to a person."""
        tenant = call.tenant or operation.guard.tenant
        if tenant is None:
            return Rejected(code="CSP410", message="the customer's tenant is not known yet")
        if not self._users:
            return Deferred(
                code="CSP420",
                message="this needs a user's sign-in: set `auth.user`, or let the customer accept in the admin centre",
            )
        try:
            if agreements.state(self._transport, tenant, patient=False) == "accepted":
                return self._found(operation, tenant, call, inferred=True)
            if (waiting := agreements.attest(self._transport, tenant, action.agreement, call)) is not None:
                return waiting
            return self._found(operation, tenant, call, inferred=False)
        except Refusal as refusal:
            return faults.outcome_of(refusal)
        except (Busy, NoAnswer) as problem:
            return faults.outcome_of(problem)
        except (Malformed, Incomplete) as problem:
            return Unknown(cause=str(problem))

    def probe(self, operation: Operation, call: Call) -> ProbeOutcome:
        """Is it on record? A second confirmation of the same is answered as such, so sending again is safe."""
        tenant = call.tenant or operation.guard.tenant
        if tenant is None or not self._users:
            return NotDone()
        match agreements.state(self._transport, tenant, patient=False):
            case "accepted":
                try:
                    return self._found(operation, tenant, call, inferred=True)
                except (Refusal, Busy, NoAnswer, Malformed, Incomplete) as problem:
                    faults.must_be_there(problem)
                    return Unknown(cause=str(problem))
            case "none":
                return NotDone()
            case _:
                return Unknown(cause="the customer's agreements cannot be read")

    def _found(self, operation: Operation, tenant: str, call: Call, *, inferred: bool) -> Applied:
        live = self._customers.customer(operation.address.customer, tenant, patient=False)
        return Applied(receipt=receipt(call, self._business.now(), inferred=inferred), customer=live)
