"""The partner's own side: relationships, agreement status of resellers, sandbox resellers, who called with MFA.

Sources: contract §6 (indirect model), §20; examples relationships.*, compliance.*, sandbox.*.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from ..wire import Answer, Doc, Refusal, attributes, collection, iso, present
from .call import Call
from .customers import is_guid

SANDBOX_RESELLERS = 5
REQUESTS_SHOWN = 10_000  # contract §2: at most that many
_COMPLIANCE, _SIGNATURES = "ComplianceController", "PartnerFD"
_HELP = "https://example.invalid/partner-agreement"
_EUROPE = "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"


def _reseller_doc(call: Call, row: Doc, kind: str, *, full: bool) -> Doc:
    return present(
        id=row["id"],
        name=row["name"],
        relationshipType=kind,
        state="Active" if full else None,
        mpnId=row["mpnId"],
        location=row["location"] if full else None,
        attributes=attributes("PartnerRelationship"),
    )


def relationships(call: Call) -> Answer:
    """GET /relationships?relationship_type="""
    kind = call.query.get("relationship_type", "").lower().replace("_", "")
    if kind == "isindirectcloudsolutionproviderof":
        rows = call.partner.shared("reseller").values()
        return Answer(
            200,
            collection([_reseller_doc(call, row, "is_indirect_cloud_solution_provider_of", full=True) for row in rows]),
        )
    if kind == "isindirectresellerof":
        return Answer(200, collection([]))
    raise Refusal(400, 800002, "relationship_type must be IsIndirectCloudSolutionProviderOf or IsIndirectResellerOf.")


def customer_relationships(call: Call) -> Answer:
    row = call.partner.shared_one("reseller", call.customer.customer.get("reseller") or "")
    return Answer(
        200, collection([_reseller_doc(call, row, "is_indirect_cloud_solution_provider_of", full=False)] if row else [])
    )


def relationship_request(call: Call) -> Answer:
    """GET /customers/relationshiprequests: production only."""
    if call.settings.environment == "sandbox":
        raise Refusal(400, 900127, "There are no relationship requests in the sandbox.")
    url = (
        "https://admin.example.invalid/Adminportal/Home?invType=ResellerRelationship&partnerId="
        f"{call.settings.partner_tenant}&msppId=0&DAP=false#/BillingAccounts/partner-invitation"
    )
    return Answer(200, {"url": url, "attributes": attributes("RelationshipRequest")})


def agreement_status(call: Call) -> Answer:
    """GET /compliance/csp/agreementstatus?mpnId= xor tenantId=; a reseller that has not signed is an error of its own,
    not a false (codes 2000–2206 of the page, 2023-10).
    """
    mpn, tenant = call.query.get("mpnid"), call.query.get("tenantid")
    if not mpn and not tenant:
        raise Refusal(400, 2001, "Give an mpnId or a tenantId.", source=_COMPLIANCE)
    if mpn and tenant:
        raise Refusal(400, 2000, "Give either mpnId or tenantId, not both.", source=_COMPLIANCE)
    if tenant and not is_guid(tenant):
        raise Refusal(400, 2000, "Tenant Id must be a GUID.")
    if mpn and not mpn.isdecimal():
        raise Refusal(400, 2000, "mpnId must be a number.")
    if (tenant and tenant.lower() == call.settings.partner_tenant.lower()) or mpn == call.settings.partner_mpn:
        return Answer(200, {"isAgreementSigned": True})
    row = next(
        (
            row
            for row in call.partner.shared("reseller").values()
            if (mpn and row["mpnId"] == mpn) or (tenant and row["id"].lower() == tenant.lower())
        ),
        None,
    )
    if row is None:
        code, text = (2205, f"No account has the tenant id {tenant}.") if tenant else (2200, f"{mpn} is not known.")
        raise Refusal(400, code, text, data=[] if tenant else [_HELP], source=_SIGNATURES)
    _check_reseller(call, row, by_tenant=bool(tenant))
    return Answer(200, {"isAgreementSigned": True})


def _check_reseller(call: Call, row: Doc, *, by_tenant: bool) -> None:
    """Why the agreement of a known partner does not count."""
    code, text = 0, ""
    if by_tenant:
        if not row.get("signed", True):
            code, text = 2206, f"The account of tenant {row['id']} has not signed the agreement."
    elif not row.get("enrolled", True):
        code, text = 2204, f"{row['mpnId']} belongs to no indirect reseller's account."
    elif region(row["location"]) != region(call.settings.country):
        code, text = 2201, f"{row['mpnId']} sells in another region than yours."
    elif not row.get("signed", True):
        code, text = 2203, f"{row['mpnId']} has not signed the agreement for the region of the order."
    if code:
        raise Refusal(400, code, text, data=[_HELP], source=_SIGNATURES)


def region(country: str) -> str:
    """The selling region of a country: Europe (EU and EFTA) is one, every other country its own."""
    return "EU/EFTA" if country.upper() in _EUROPE.split() else country.upper()


def create_reseller(call: Call) -> Answer:
    """POST /sandboxIndirectReseller: five a sandbox; the only other call with documented idempotency (contract §3)."""
    if call.settings.environment != "sandbox":
        raise Refusal(400, 900127, "Indirect resellers can only be created in the sandbox.")
    import json

    from ..wire import dump

    request_id = call.headers.get("ms-requestid", "")
    before = call.partner.reply(f"create-reseller/{request_id.lower()}") if request_id else None
    if before is not None:
        return Answer(before[0], json.loads(before[1]))
    form = call.form
    tenant, mpn = form.part("tenant"), form.text("mpnid")
    if mpn is None or tenant.text("domainprefix") is None:
        raise Refusal(400, 3000, "mpnId and tenant.domainPrefix are required.")
    if len(call.partner.shared("reseller")) >= SANDBOX_RESELLERS:
        raise Refusal(400, 800018, "The sandbox holds no more indirect resellers.")
    own_id, domain = call.guid(), f"{tenant['domainprefix']}.onmicrosoft.com"
    name = tenant.text("displayname") or tenant.text("name") or domain
    call.partner.save_shared(
        "reseller",
        own_id,
        {"id": own_id, "name": name, "mpnId": mpn, "location": tenant.text("country") or "US", "signed": True},
    )
    user = call.caller.upn or call.settings.user
    answer: Doc = {
        "accountId": own_id,
        "mpnId": mpn,
        "tenant": {
            "id": own_id,
            "adminUserAccount": f"{tenant.text('adminusername') or 'admin'}@{domain}",
            "password": call.short_id(),
        },
        "agreementSignature": {
            "id": call.guid(),
            "accountId": own_id,
            "agreementId": call.guid(),
            "agreementType": "ValueAddedReseller",
            "dateSigned": iso(call.now),
            "signedByFirstName": user,
            "signedByUserPrincipalName": user,
            "signedByUserObjectId": call.caller.object_id or call.guid(),
            "signedByUserTenantId": call.settings.partner_tenant,
            "attributes": attributes("AgreementSignatureResponse"),
        },
        "partnerRelationship": {
            "id": call.settings.partner_tenant,
            "name": call.settings.partner_name,
            "relationshipType": "is_indirect_reseller_of",
            "state": "Active",
            "mpnId": mpn,
            "attributes": attributes("PartnerRelationshipResponse"),
        },
    }
    if request_id:
        call.partner.save_reply(f"create-reseller/{request_id.lower()}", 201, dump(answer).decode())
    return Answer(201, answer)


def delete_reseller(call: Call) -> Answer:
    """DELETE /sandboxIndirectReseller/{id}: the sandbox only, 204."""
    if call.settings.environment != "sandbox":
        raise Refusal(403, 6003, "Indirect resellers can only be deleted in the sandbox.")
    wanted = call.params["reseller"].lower()
    for key, row in call.partner.shared("reseller").items():
        if wanted in (key.lower(), str(row["mpnId"])):
            call.partner.drop_shared("reseller", key)
            return Answer(204)
    raise Refusal(404, 800015, "The indirect reseller was not found.")


def _calls(call: Call) -> list[Doc]:
    """This call, then the latest before it."""
    this = {"seq": 0, "at": call.machine.timestamp(), "method": call.method, "endpoint": call.path.removeprefix("/v1")}
    return [this, *call.partner.latest_requests(REQUESTS_SHOWN - 1)]


def partner_requests(call: Call) -> Answer:
    """GET /partnerRequests: the latest calls of users; every user token here carries MFA (contract §2)."""
    items = [
        {
            "requestId": str(UUID(int=row["seq"], version=4)),
            "correlationId": "",
            "operationName": f"{row['method'].title()} /v{{version}}{row['endpoint']}",
            "requestDateTime": iso(datetime.fromtimestamp(row["at"], UTC)).rstrip("Z"),
            "ipAddress": "127.0.0.1",
            "objectId": call.caller.object_id,
            "tenantId": call.settings.partner_tenant,
            "upn": call.caller.upn,
            "applicationId": call.caller.application,
            "mfaCompliant": True,
        }
        for row in _calls(call)
    ]
    return Answer(200, collection(items))


def mfa_adoption(call: Call) -> Answer:
    """GET /applicationMfaAdoptionStatus: a bare list, one row a day and application."""
    days: dict[str, int] = {}
    for row in _calls(call):
        day = datetime.fromtimestamp(row["at"], UTC).date().isoformat()
        days[day] = days.get(day, 0) + 1
    return Answer(
        200,
        [
            {
                "loginDate": day,
                "mfaCompliantRequestCount": count,
                "totalRequestCount": count,
                "applicationId": call.caller.application,
                "applicationName": "",
            }
            for day, count in days.items()
        ],
    )


def non_mfa_principals(call: Call) -> Answer:
    """GET /nonMfaCompliantPartnerPrincipals: nobody signs in here without a second factor."""
    return Answer(200, collection([]))
