"""The partner's own side: relationships, agreement status of resellers, profiles, sandbox resellers.

Sources: contract §6 (indirect model), §20; examples relationships.*, compliance.*, sandbox.*.
"""

from __future__ import annotations

from ..wire import Answer, Doc, Refusal, attributes, collection, iso, link, present
from .call import Call
from .customers import is_guid

SANDBOX_RESELLERS = 5


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
    """GET /compliance/csp/agreementstatus?mpnId= xor tenantId="""
    mpn, tenant = call.query.get("mpnid"), call.query.get("tenantid")
    if bool(mpn) == bool(tenant):
        raise Refusal(400, 2000, "Provide either mpnId or tenantId.")
    if tenant and not is_guid(tenant):
        raise Refusal(400, 2000, "Tenant Id must be a GUID.")
    if (tenant and tenant.lower() == call.settings.partner_tenant.lower()) or mpn == call.settings.partner_mpn:
        return Answer(200, {"isAgreementSigned": True})
    for row in call.partner.shared("reseller").values():
        if (mpn and row["mpnId"] == mpn) or (tenant and row["id"].lower() == tenant.lower()):
            return Answer(200, {"isAgreementSigned": bool(row.get("signed", True))})
    raise Refusal(404, 800015, "The partner was not found.")


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


def legal_profile(call: Call) -> Answer:
    settings = call.settings
    return Answer(
        200,
        {
            "companyName": settings.partner_name,
            "address": {"country": settings.country, "addressLine1": "", "city": "", "postalCode": ""},
            "vettingStatus": "authorized",
            "profileType": "legal_business_profile",
            "links": {"self": link("/profiles/legalbusiness")},
            "attributes": attributes("LegalBusinessProfile"),
        },
    )


def mpn_profile(call: Call) -> Answer:
    wanted = call.query.get("mpnid", call.settings.partner_mpn)
    names = {row["mpnId"]: row["name"] for row in call.partner.shared("reseller").values()} | {
        call.settings.partner_mpn: call.settings.partner_name
    }
    if wanted not in names:
        raise Refusal(404, 800015, "The partner was not found.")
    return Answer(
        200,
        {
            "mpnId": wanted,
            "partnerName": names[wanted],
            "profileType": "mpn_profile",
            "links": {"self": link("/profiles/mpn")},
            "attributes": attributes("MpnProfile"),
        },
    )


def transfers(call: Call) -> Answer:
    """GET /customers/{id}/transfers: subscriptions do not change hands here."""
    return Answer(200, collection([]))


def partner_requests(call: Call) -> Answer:
    """GET /partnerRequests: who called with which factor; every user token here carries MFA (contract §2)."""
    item = {
        "mfaCompliant": True,
        "upn": call.caller.upn,
        "objectId": call.caller.object_id,
        "applicationId": call.caller.application,
        "operationName": "GetPartnerRequests",
    }
    return Answer(200, collection([item]))
