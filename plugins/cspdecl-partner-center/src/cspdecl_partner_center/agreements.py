"""Microsoft's customer agreement: whether somebody has accepted it, and saying so where that is still allowed.

Partner attestation through the call below was retired for the public cloud on 2026-01-05 (contract §7); it stays for
accounts that still take it, tried only where the project says `attest: classic`. Elsewhere the customer accepts in the
admin centre, which is a step with a person in it: `Deferred`, looked at again by every plan.
"""

from __future__ import annotations

from typing import Literal

from cspdecl.core.desired import AgreementSpec
from cspdecl.core.outcome import Deferred
from cspdecl.spi.provider import Call
from cspdecl_partner_center import faults, paths
from cspdecl_partner_center.faithful import Json, get
from cspdecl_partner_center.paging import Incomplete, items
from cspdecl_partner_center.transport import Busy, NoAnswer, Refusal, Request, Transport

KIND = "MicrosoftCustomerAgreement"
_BY_CUSTOMER = (
    "the customer has to accept the Microsoft Customer Agreement in the Microsoft 365 admin center "
    "(Billing accounts), or you confirm it in Partner Center; purchases wait until then"
)


def state(transport: Transport, tenant: str, *, patient: bool) -> Literal["accepted", "none", "unknown"]:
    """Whether an agreement stands: confirmed by the partner, or signed by the customer. Either is enough.

    Raises NoAnswer where nobody answers an operation (one that is not `patient`): that is no finding about agreements.
    """
    try:
        if _listed(transport, tenant, patient=patient) or _signed(transport, tenant, patient=patient):
            return "accepted"
    except (Refusal, Busy, NoAnswer, Incomplete) as problem:
        if isinstance(problem, NoAnswer) and problem.silent and not patient:
            raise
        return "unknown"
    return "none"


def attest(transport: Transport, tenant: str, spec: AgreementSpec, call: Call) -> Deferred | None:
    """Say who accepted, and when. None when it is on record. Raises what the transport raises for a lost answer."""
    if spec.attest == "enhanced":
        return Deferred(code="CSP420", message=_BY_CUSTOMER)
    template = _template(transport)
    if template is None:
        return Deferred(code="CSP420", message=f"Partner Center offers no agreement to confirm here; {_BY_CUSTOMER}")
    person = spec.accepted_by
    contact = {"firstName": person.first_name, "lastName": person.last_name, "email": person.email}
    body: dict[str, Json] = {
        "primaryContact": contact if person.phone is None else {**contact, "phoneNumber": person.phone},
        "templateId": template,
        "dateAgreed": f"{spec.accepted_on.isoformat()}T00:00:00.000Z",
        "type": KIND,
    }
    try:
        transport.send(
            Request(
                method="POST",
                path=paths.customer(tenant, "agreements"),
                body=body,
                need="user",
                request_id=call.request_id,
                correlation_id=call.correlation_id,
            )
        )
    except Refusal as refusal:
        if faults.meaning_of(refusal) == "accepted":
            return None
        reason = faults.sentence_of(refusal.code, refusal.description)
        return Deferred(code="CSP420", message=f"the confirmation was refused ({reason}); {_BY_CUSTOMER}")
    return None


def _listed(transport: Transport, tenant: str, *, patient: bool) -> bool:
    request = Request(
        method="GET",
        path=paths.customer(tenant, "agreements"),
        query=[("agreementType", KIND)],
        need="user",
        patient=patient,
    )
    return any(str(get(item, "type") or KIND).lower() == KIND.lower() for item in items(transport, request))


def _signed(transport: Transport, tenant: str, *, patient: bool) -> bool:
    path = paths.customer(tenant, "directSignedMicrosoftCustomerAgreementStatus")
    answer = transport.send(Request(method="GET", path=path, need="user", patient=patient))
    return get(answer.body, "isSigned") is True


def _template(transport: Transport) -> str | None:
    """The template to confirm: the newest by rank."""
    request = Request(method="GET", path=paths.AGREEMENTS, query=[("agreementType", KIND)], need="user", patient=True)
    found = [
        (int(rank) if isinstance(rank := get(item, "versionRank"), int) else 0, template)
        for item in items(transport, request)
        if str(get(item, "agreementType")).lower() == KIND.lower()
        and isinstance(template := get(item, "templateId"), str)
    ]
    return max(found)[1] if found else None
