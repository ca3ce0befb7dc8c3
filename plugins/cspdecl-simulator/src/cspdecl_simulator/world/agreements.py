"""Customer agreements: metadata, the partner's attestation, direct signature, template.

Source: contract §7. `attestation: enhanced` is the service since 2026-01-05: the classic POST is retired,
/attestations/enhanced takes its place.
"""

from __future__ import annotations

from ..wire import Answer, Doc, Refusal, attributes, collection, iso, present
from .call import Call

MCA_TEMPLATE = "117a77b0-9360-443b-8795-c6dedc750cf9"
CLOUD_TEMPLATE = "998b88de-aa99-4388-a42c-1b3517d49490"
_TYPES = {
    "microsoftcustomeragreement": {
        "templateId": MCA_TEMPLATE,
        "agreementType": "MicrosoftCustomerAgreement",
        "agreementLink": "https://aka.ms/customeragreement",
        "versionRank": 0,
    },
    "microsoftcloudagreement": {
        "templateId": CLOUD_TEMPLATE,
        "agreementType": "MicrosoftCloudAgreement",
        "agreementLink": "https://aka.ms/customeragreement",
        "versionRank": 0,
    },
}


# contract §4: 800073–800075 "under review / not approved"; which is which is not printed
_BLOCKING = {"UnderReview": 800073, "NotAllowed": 800074, "Unknown": 800075, "Not Ready": 800075}


def _wanted(call: Call) -> list[Doc]:
    kind = call.query.get("agreementtype") or "MicrosoftCloudAgreement"
    if kind == "*":
        return list(_TYPES.values())
    if kind.lower() not in _TYPES:
        raise Refusal(400, 800002, f"Unknown agreement type {kind}.")
    return [_TYPES[kind.lower()]]


def metadata(call: Call) -> Answer:
    """GET /agreements?agreementType=; without it the Microsoft Cloud Agreement."""
    return Answer(200, collection(_wanted(call), "/agreements"))


def list_agreements(call: Call) -> Answer:
    kinds = {item["agreementType"] for item in _wanted(call)}
    items = [
        present(
            userId=row.get("user"),
            primaryContact=row["contact"],
            templateId=row["template"],
            dateAgreed=row["agreed"],
            type=row["type"],
            agreementLink="https://aka.ms/customeragreement",
        )
        for row in call.customer.rows("agreement").values()
        if row["type"] in kinds
    ]
    return Answer(200, collection(items))


def create_agreement(call: Call) -> Answer:
    """POST …/agreements: the classic attestation, or in enhanced mode the agreement that belongs to an accepted
    attestation.
    """
    form = call.form
    attestation = form.text("attestationid")
    if call.settings.attestation == "enhanced" and attestation is None:
        raise Refusal(
            400, 900141, "Partner attestation by this call was retired on 2026-01-05: use the enhanced attestation."
        )
    contact = form.part("primarycontact")
    if any(contact.text(name) is None for name in ("firstname", "lastname", "email")):
        raise Refusal(400, 3000, "primaryContact needs firstName, lastName and email.")
    known = _TYPES.get(str(form.get("type", "")).lower())
    if known is None or str(form.get("templateid", "")).lower() != known["templateId"]:
        raise Refusal(400, 3000, "type and templateId must be those of a current agreement.")
    agreed = call.instant("dateAgreed", form.get("dateagreed"))
    if agreed is None or agreed > call.now:
        raise Refusal(400, 3000, "dateAgreed must be a date that is not in the future.")
    if attestation is not None:
        _accepted(call, attestation)
    who = present(
        firstName=contact["firstname"],
        lastName=contact["lastname"],
        email=contact["email"],
        phoneNumber=contact.text("phonenumber"),
    )
    for row in call.customer.rows("agreement").values():
        if row["contact"] == who and row["type"] == known["agreementType"]:
            raise Refusal(400, 600061, "An agreement with the same details has already been recorded.")
    record = {
        "id": call.guid(),
        "user": call.caller.object_id,
        "contact": who,
        "template": known["templateId"],
        "agreed": str(form["dateagreed"]),
        "type": known["agreementType"],
    }
    call.customer.put("agreement", record)
    call.audit("agreement", "create_agreement", new={"TemplateId": known["templateId"], "Type": known["agreementType"]})
    return Answer(
        201,
        {
            "userId": record["user"],
            "primaryContact": who,
            "templateId": record["template"],
            "dateAgreed": record["agreed"],
            "type": record["type"],
        },
    )


def _accepted(call: Call, attestation: str) -> None:
    found = call.partner.shared_one("attestation", attestation.lower())
    if found is None or not found["accepted"]:
        raise Refusal(400, 800002, "The customer has not accepted this attestation.")


def enhanced_attestation(call: Call) -> Answer:
    """POST /attestations/enhanced: opens an attestation a person at the customer has to accept (contract §7; answer's
    shape by inference).
    """
    if call.settings.attestation != "enhanced":
        raise Refusal(400, 900141, "The enhanced attestation is not switched on in this environment.")
    form = call.form
    missing = [
        name
        for name in ("country", "language", "companyname", "signatoryfirstname", "signatorylastname")
        if form.text(name) is None
    ]
    if missing:
        raise Refusal(400, 3000, "Missing: " + ", ".join(missing))
    attestation_id = call.guid()
    record = {
        "id": attestation_id,
        "accepted": False,
        "created": iso(call.now),
        "company": form["companyname"],
        "signatory": f"{form['signatoryfirstname']} {form['signatorylastname']}",
    }
    call.partner.save_shared("attestation", attestation_id, record)
    return Answer(
        201,
        {
            "attestationId": attestation_id,
            "status": "pending",
            "createdDateTime": record["created"],
            "agreementLink": f"https://aka.ms/customeragreement#{attestation_id}",
            "attributes": attributes("EnhancedAttestation"),
        },
    )


def get_attestation(call: Call) -> Answer:
    found = call.partner.shared_one("attestation", call.params["attestation"].lower())
    if found is None:
        raise Refusal(404, 800002, "No such attestation.")
    return Answer(
        200,
        {
            "attestationId": found["id"],
            "status": "accepted" if found["accepted"] else "pending",
            "createdDateTime": found["created"],
            "attributes": attributes("EnhancedAttestation"),
        },
    )


def direct_signed(call: Call) -> Answer:
    return Answer(200, {"isSigned": bool(call.customer.customer["direct_signed"])})


def template(call: Call) -> Answer:
    """GET /agreementtemplates/{id}/document: links that would die after five minutes."""
    wanted = call.params["template"].lower()
    if wanted not in (MCA_TEMPLATE, CLOUD_TEMPLATE):
        raise Refusal(404, 800002, "No such template.")
    language, country = call.query.get("language", "en-US"), call.query.get("country", call.settings.country)
    address = f"https://agreements.example.invalid/{wanted}/{language}/{country}"
    return Answer(
        200,
        {"displayUri": f"{address}/view", "downloadUri": f"{address}/file", "language": language, "country": country},
    )


def has_agreement(call: Call) -> bool:
    """Whether anything may be bought: the partner's attestation or the customer's own signature (contract §7)."""
    return bool(call.customer.customer["direct_signed"] or call.customer.rows("agreement"))


def require_agreement(call: Call) -> None:
    """What every purchase needs: an account that is not blocked, and an agreement.

    Raises Refusal(403): 800073–800075 for an account status that blocks (contract §6), 900416 locked, 13605.
    """
    status = (call.customer.customer.get("validation") or {}).get("status", "Allowed")
    if status in _BLOCKING:
        raise Refusal(403, _BLOCKING[status], f"The customer's account status is {status}: purchases are blocked.")
    if call.customer.customer.get("locked"):
        raise Refusal(403, 900416, "The customer is locked.")
    if not has_agreement(call):
        raise Refusal(
            403,
            13605,
            "The customer has not accepted the Microsoft Customer Agreement and no partner attestation is recorded.",
        )
