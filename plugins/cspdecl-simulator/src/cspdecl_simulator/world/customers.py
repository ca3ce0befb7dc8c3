"""Customers: list, get, create, leave.

Sources: contract §5 (paging), §6 (operations), §20 (sandbox limits and clean-up); examples customers.*.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from ..wire import Answer, Body, Doc, Refusal, attributes, collection, dump, iso, link, present
from .call import Call
from .countries import address_problems, check_registration, read_address
from .state import World

MAX_PAGE = 500
SANDBOX_CUSTOMERS = 75
_FILTERS = ("companyname", "domain", "indirectreseller", "indirectcloudsolutionprovider")
_GUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_DOMAIN = re.compile(
    r"^[a-zA-Z0-9][a-zA-Z0-9-]{0,60}\.(onmicrosoft\.com|ccsctp\.net|onmicrosoft\.us|partner\.onmschina\.cn)$"
)


def is_guid(text: str) -> bool:
    return bool(_GUID.match(text))


def company_profile(customer: Doc, *, full: bool) -> Doc:
    """The company as the tenant knows it; address and email only with delegated access (contract §6)."""
    visible = full and customer["delegated"]
    return present(
        tenantId=customer["id"],
        domain=customer["domain"],
        companyName=customer["company"],
        organizationRegistrationNumber=customer.get("registration") if full else None,
        address=customer["address"] if visible else None,
        email=customer["email"] if visible else None,
        links={"self": link(f"/customers/{customer['id']}/profiles/company")},
        attributes=attributes("CustomerCompanyProfile"),
    )


def billing_etag(customer: Doc) -> str:
    return str(-4242348048554929329 + 7919 * int(customer["billing_version"]))


def billing_profile(customer: Doc, *, with_link: bool = True) -> Doc:
    billing = customer["billing"]
    doc = present(
        id=billing["id"],
        firstName=billing.get("firstName"),
        lastName=billing.get("lastName"),
        email=billing["email"],
        culture=billing["culture"],
        language=billing["language"],
        companyName=billing["companyName"],
        defaultAddress=billing["defaultAddress"],
    )
    if with_link:
        doc["links"] = {"self": link(f"/customers/{customer['id']}/profiles/billing")}
    doc["attributes"] = attributes("CustomerBillingProfile", billing_etag(customer))
    return doc


def _summary(customer: Doc) -> Doc:
    return {
        "id": customer["id"],
        "companyProfile": company_profile(customer, full=False),
        "relationshipToPartner": customer["relationship"],
        "links": {"self": link(f"/customers/{customer['id']}")},
        "attributes": attributes("Customer"),
    }


def get_customer(call: Call) -> Answer:
    """GET /customers/{id}"""
    customer = call.customer.customer
    return Answer(
        200,
        present(
            id=customer["id"],
            commerceId=customer["commerce_id"],
            companyProfile=company_profile(customer, full=True),
            billingProfile=billing_profile(customer),
            relationshipToPartner=customer["relationship"],
            allowDelegatedAccess=customer["delegated"],
            customDomains=customer["custom_domains"] if customer["delegated"] else None,
            associatedPartnerId=customer.get("reseller"),
            links={"self": link(call.base)},
            attributes=attributes("Customer"),
        ),
    )


def _parse_filter(text: str, call: Call) -> tuple[str, str]:
    """Field and prefix of a `filter`; only starts_with exists (contract §6)."""
    try:
        parsed = Body(json.loads(text))
    except (ValueError, TypeError, AttributeError) as problem:
        raise Refusal(400, 800002, "The filter is not valid JSON.") from problem
    field, operator = str(parsed.get("field", "")), str(parsed.get("operator", ""))
    if field.lower() not in _FILTERS or operator.lower().replace("_", "") != "startswith":
        raise Refusal(400, 800002, f"Filtering by {field} with {operator} is not supported.")
    if field.lower().startswith("indirect") and not call.caller.is_user:
        raise Refusal(403, 900329, "This filter needs app+user authentication.")
    return field.lower(), str(parsed.get("value") or "")


def list_customers(call: Call) -> Answer:
    """GET /customers?size&filter&seekOperation: the token names the last row seen and carries the question with it."""
    field, prefix, after = "", "", 0
    if call.query.get("filter", "null") not in ("", "null"):
        field, prefix = _parse_filter(call.query["filter"], call)
    try:
        size = int(call.query.get("size") or 0)
    except ValueError as problem:
        raise Refusal(400, 800002, "size must be a number.") from problem
    if size < 0:
        raise Refusal(400, 800002, "size must not be negative.")
    token = call.headers.get("ms-continuationtoken")
    if call.query.get("seekoperation", "").lower() == "next" or token:
        after, size, field, prefix = _open_token(token)
    size = min(size or MAX_PAGE, MAX_PAGE)
    rows = call.partner.customer_rows(after, size + 1, field=field, starts=prefix)
    more, rows = len(rows) > size, rows[:size]
    answer = collection([_summary(row) for _, row in rows], f"/v1{_asked(call)}")
    if more:
        following = base64.b64encode(json.dumps([rows[-1][0], size, field, prefix]).encode()).decode()
        answer["continuationToken"] = following
        answer["links"]["next"] = link(
            f"/customers?size={size}&seekOperation=Next", headers=[{"key": "MS-ContinuationToken", "value": following}]
        )
    return Answer(200, answer)


def _asked(call: Call) -> str:
    from urllib.parse import urlencode

    return "/customers" + (f"?{urlencode(call.query)}" if call.query else "")


def _open_token(token: str | None) -> tuple[int, int, str, str]:
    try:
        after, size, field, prefix = json.loads(base64.b64decode(token or "", validate=True))
        return int(after), int(size), str(field), str(prefix)
    except (ValueError, TypeError) as problem:
        raise Refusal(400, 800002, "The continuation token is missing or not valid.") from problem


def _read_profile(form: Body) -> tuple[Doc, str]:
    """Billing profile and domain of a create request, checked.

    Raises Refusal(400, 3000) naming the first field that is missing or wrong.
    """
    company, billing = form.part("companyprofile"), form.part("billingprofile")
    domain = company.text("domain")
    if domain is None or not _DOMAIN.match(domain):
        raise Refusal(400, 3000, "CompanyProfile.Domain must be a free name below onmicrosoft.com.")
    for name in ("email", "culture", "language", "companyname"):
        if billing.text(name) is None:
            raise Refusal(400, 3000, f"BillingProfile.{name.title()} is required.")
    address = read_address(billing.part("defaultaddress"))
    wrong = address_problems(address)
    if wrong:
        raise Refusal(400, 3000, "BillingProfile.DefaultAddress is not valid: " + ", ".join(wrong))
    culture = str(billing["culture"])
    language, _, region = culture.partition("-")
    return present(
        firstName=billing.text("firstname"),
        lastName=billing.text("lastname"),
        email=str(billing["email"]),
        culture=f"{language.lower()}-{region.upper()}" if region else culture,
        language=str(billing["language"]),
        companyName=str(billing["companyname"]),
        defaultAddress=address,
    ), domain


def new_customer(
    *, customer_id: str, commerce_id: str, company: str, domain: str, billing: Doc, created: str, **more: Any
) -> Doc:
    """A customer's own record; `more` overrides any field."""
    address = {
        name: value
        for name, value in billing["defaultAddress"].items()
        if name not in ("firstName", "lastName", "middleName", "state")
    }
    if billing["defaultAddress"].get("state"):
        address["region"] = billing["defaultAddress"]["state"]
    doc: Doc = {
        "id": customer_id,
        "name": "",
        "commerce_id": commerce_id,
        "company": company,
        "domain": domain,
        "billing": billing,
        "billing_version": 1,
        "address": address,
        "email": billing["email"],
        "relationship": "reseller",
        "delegated": True,
        "custom_domains": [domain],
        "qualifications": [],
        "created": created,
        "direct_signed": False,
    }
    doc.update(more)
    return doc


def create_customer(call: Call) -> Answer:
    """POST /customers: idempotent by MS-RequestId (contract §6); credentials are in this answer and nowhere else."""
    request_id = call.headers.get("ms-requestid")
    if not request_id:
        raise Refusal(400, 800002, "The header MS-RequestId is required.")
    before = call.partner.reply(f"create-customer/{request_id.lower()}")
    if before is not None:
        return Answer(before[0], raw=before[1].encode())
    form = call.form
    reseller = form.text("associatedpartnerid")
    if reseller and not call.caller.is_user:
        raise Refusal(403, 900329, "Creating a customer for an indirect reseller needs app+user authentication.")
    billing, domain = _read_profile(form)
    number = form.part("companyprofile").text("organizationregistrationnumber")
    check_registration(billing["defaultAddress"]["country"], number, billing["defaultAddress"].get("phoneNumber"))
    if reseller and call.partner.shared_one("reseller", reseller.lower()) is None:
        raise Refusal(400, 2071, "The associated partner is not an indirect reseller of yours.")
    if call.partner.domain_taken(domain) or domain.lower() == call.settings.partner_domain.lower():
        raise Refusal(409, 3000, f"The domain {domain} is already in use.")
    if call.settings.environment == "sandbox" and call.partner.customer_count() >= SANDBOX_CUSTOMERS:
        raise Refusal(400, 800018, "The sandbox holds no more customers.")
    billing["id"] = call.guid()
    billing["defaultAddress"].setdefault("phoneNumber", "")
    gdap = bool(form.get("enablegdapbydefault"))
    customer = new_customer(
        customer_id=call.guid(),
        commerce_id=call.guid(),
        company=billing["companyName"],
        domain=domain,
        billing=billing,
        created=iso(call.now),
        registration=number,
        reseller=reseller.lower() if reseller else None,
        gdap=gdap,
    )
    call.partner.save_customer(customer, 1e18)
    call.world = World(customer, call.partner)
    answer = present(
        id=customer["id"],
        commerceId=customer["commerce_id"],
        companyProfile=company_profile(customer, full=False)
        | ({"organizationRegistrationNumber": number} if number else {}),
        billingProfile=billing_profile(customer, with_link=False),
        enableGDAPByDefault=gdap,
        relationshipToPartner="reseller" if reseller else "none",
        allowDelegatedAccess=True if reseller else None,
        userCredentials={
            "userName": "admin",
            "password": "".join(call.rng.choices("abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!*=;", k=12)),
        },
        associatedPartnerId=reseller,
        attributes=attributes("Customer"),
    )
    call.partner.save_reply(f"create-customer/{request_id.lower()}", 201, dump(answer).decode())
    call.audit(
        "customer", "add_customer", new={"Id": customer["id"], "Domain": domain, "CompanyName": customer["company"]}
    )
    return Answer(201, answer)


def patch_customer(call: Call) -> Answer:
    """PATCH /customers/{id}: end the relationship, or drop delegated access (contract §6)."""
    form, customer = call.form, call.customer.customer
    if form.get("allowdelegatedaccess") is False:
        customer["delegated"] = False
        call.customer.touch()
        call.audit("partner_customer_dap", "dap_admin_relationship_terminated", new={"AllowDelegatedAccess": False})
        return Answer(200, _relationship_answer(allow=False, relationship=customer["relationship"]))
    if str(form.get("relationshiptopartner", "")).lower() != "none":
        raise Refusal(400, 800002, "Only relationshipToPartner none or allowDelegatedAccess false can be set.")
    if any(row["status"] == "active" for row in call.customer.rows("subscription").values()):
        raise Refusal(400, 800002, "All active subscriptions must be suspended before the relationship can be removed.")
    customer["relationship"] = "none"
    call.customer.touch()
    call.audit("customer", "remove_partner_customer_relationship", new={"RelationshipToPartner": "none"})
    return Answer(200, _relationship_answer(allow=None, relationship="none"))


def _relationship_answer(*, allow: bool | None, relationship: str) -> Doc:
    """This page prints every field, the empty ones as null."""
    return {
        "id": None,
        "commerceId": None,
        "companyProfile": None,
        "billingProfile": None,
        "relationshipToPartner": relationship,
        "allowDelegatedAccess": allow,
        "userCredentials": None,
        "customDomains": None,
        "associatedPartnerId": None,
        "attributes": attributes("Customer"),
    }


def delete_customer(call: Call) -> Answer:
    """DELETE /customers/{id}: the sandbox only; software and reservation orders have to be cancelled first (contract
    §20).
    """
    if call.settings.environment != "sandbox":
        raise Refusal(403, 900127, "Customers can only be deleted in the integration sandbox.")
    for order in call.customer.rows("order").values():
        if order["status"] != "cancelled" and any(line.get("kind") == "Software" for line in order["lines"]):
            raise Refusal(400, 800002, f"Order {order['id']} must be cancelled before the customer can be deleted.")
    call.audit("customer", "delete_tip_customer", old={"Id": call.customer.id})
    call.partner.forget_customer(call.customer.id)
    call.customer.customer_changed = False
    call.world = None
    return Answer(204)


def head_domain(call: Call) -> Answer:
    """HEAD /domains/{domain}: 404 = free, 200 = taken."""
    taken = (
        call.partner.domain_taken(call.params["domain"])
        or call.params["domain"].lower() == call.settings.partner_domain.lower()
    )
    return Answer(200 if taken else 404, raw=b"")


def validation_status(call: Call) -> Answer:
    """GET /customers/{id}/validationStatus?type=account; nothing recorded answers 404 in a shape of its own (contract
    §4).
    """
    if call.query.get("type", "").lower() != "account":
        raise Refusal(400, 800002, "type must be account.")
    found = call.customer.customer.get("validation")
    if not found:
        text = f"Account Status for the customer, {call.customer.id} was not found."
        raise Refusal(
            404,
            600074,
            text,
            body={
                "code": 600074,
                "message": text,
                "description": text,
                "errorName": "AccountStatusNotFound",
                "isRetryable": False,
                "errorMessageExtended": "InternalErrorCode=600074",
            },
        )
    return Answer(200, {"type": "account", "status": found["status"], "lastUpdateDateTime": found["at"]})
