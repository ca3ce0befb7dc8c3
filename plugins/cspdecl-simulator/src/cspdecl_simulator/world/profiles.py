"""What hangs on a customer besides what it buys: profiles, qualifications, domains, budget.

Sources: contract §6, §15 (usage budget); examples customers.billing-profile.*, customers.qualifications.*,
azure.usage-budget.*.
"""

from __future__ import annotations

from decimal import Decimal

from ..wire import Answer, Refusal, attributes, iso, link, present
from .call import Call, check_etag
from .countries import address_problems, check_registration, read_address
from .customers import billing_etag, billing_profile, company_profile

_QUALIFICATIONS = {
    "education": "Education",
    "governmentcommunitycloud": "GovernmentCommunityCloud",
    "stateownedentity": "StateOwnedEntity",
}


def get_billing(call: Call) -> Answer:
    return Answer(200, billing_profile(call.customer.customer))


def put_billing(call: Call) -> Answer:
    """PUT …/profiles/billing: the whole resource; the etag in If-Match or in the body is required (READINGS.md)."""
    form, customer = call.form, call.customer.customer
    body_etag = form.part("attributes").text("etag")
    if "if-match" not in call.headers and not body_etag:
        raise Refusal(400, 800002, "If-Match with the current etag is required.")
    check_etag(call, billing_etag(customer), body_etag)
    for name in ("email", "culture", "language", "companyname"):
        if form.text(name) is None:
            raise Refusal(400, 3000, f"{name} is required.")
    address = read_address(form.part("defaultaddress"))
    wrong = address_problems(address)
    if wrong:
        raise Refusal(400, 3000, "DefaultAddress is not valid: " + ", ".join(wrong))
    check_registration(address["country"], customer.get("registration"), address.get("phoneNumber"))
    old = dict(customer["billing"])
    customer["billing"] = present(
        id=old["id"],
        firstName=form.text("firstname"),
        lastName=form.text("lastname"),
        email=form["email"],
        culture=form["culture"],
        language=form["language"],
        companyName=form["companyname"],
        defaultAddress=address,
    )
    customer["billing_version"] += 1
    customer["company"] = form["companyname"]
    call.customer.touch()
    call.audit("customer", "update_customer_billing_profile", old=old, new=customer["billing"])
    return Answer(200, billing_profile(customer))


def get_company(call: Call) -> Answer:
    return Answer(200, company_profile(call.customer.customer, full=True))


def custom_domains(call: Call) -> Answer:
    """GET …/customDomains: a bare list of names."""
    needs_delegation(call)
    return Answer(200, call.customer.customer["custom_domains"])


def organization(call: Call) -> Answer:
    """GET …/organization: a bare list of one, in the directory's own field names."""
    needs_delegation(call)
    customer = call.customer.customer
    address = customer["address"]
    return Answer(
        200,
        [
            present(
                street=address.get("addressLine1"),
                city=address.get("city"),
                state=address.get("region"),
                postalCode=address.get("postalCode"),
                countryLetterCode=address.get("country"),
                displayName=customer["company"],
                technicalNotificationMails=[customer["email"]],
            )
        ],
    )


def needs_delegation(call: Call) -> None:
    if not call.customer.customer["delegated"]:
        raise Refusal(403, 900308, "A GDAP role is needed for the customer's directory.")


def get_qualifications(call: Call) -> Answer:
    """A bare array (contract §6)."""
    return Answer(
        200,
        [
            present(
                qualification=item["qualification"],
                vettingStatus=item["status"],
                vettingReason=item.get("reason"),
                vettingCreatedDate=item.get("created") if item["status"] != "Approved" else None,
            )
            for item in call.customer.customer["qualifications"]
        ],
    )


def post_qualification(call: Call) -> Answer:
    """POST …/qualifications; Education is vetted by people, the others by a code or not at all. The date
    stands under both names the pages print for this answer.
    """
    form = call.form
    name = _QUALIFICATIONS.get(str(form.get("qualification", "")).lower())
    if name is None:
        raise Refusal(400, 800002, "This qualification cannot be set.")
    if name == "Education" and str(form.get("educationsegment", "")).lower() not in ("k12", "highereducation"):
        raise Refusal(400, 800002, "educationSegment must be K12 or HigherEducation.")
    if name == "GovernmentCommunityCloud":
        code = call.partner.shared_one("validation-code", str(form.get("validationcode", "")))
        if code is None or code["remainingCreates"] < 1:
            raise Refusal(400, 800002, "The validation code is not valid.")
        code["remainingCreates"] -= 1
        call.partner.save_shared("validation-code", code["validationId"], code)
    status = "InReview" if name == "Education" else "Approved"
    item = {"qualification": name, "status": status, "created": iso(call.now)}
    customer = call.customer.customer
    customer["qualifications"] = [old for old in customer["qualifications"] if old["qualification"] != name] + [item]
    call.customer.touch()
    call.audit("customer", "update_customer_qualification", new=item)
    made = {"vettingCreateDate": item["created"], "vettingCreatedDate": item["created"]}
    return Answer(201, {"qualification": name, "vettingStatus": status, **made})


def validation_codes(call: Call) -> Answer:
    """GET /customers/all/validations"""
    return Answer(200, list(call.partner.shared("validation-code").values()))


def usage_budget(call: Call) -> Answer:
    amount = Decimal(str(call.customer.customer.get("budget", "0")))
    if call.method == "PATCH":
        try:
            amount = Decimal(str(call.form.get("amount", "")))
        except ArithmeticError as problem:
            raise Refusal(400, 3000, "amount must be a number.") from problem
        if amount < 0:
            raise Refusal(400, 3000, "amount must not be negative.")
        call.customer.customer["budget"] = str(amount)
        call.customer.touch()
        call.audit("spending_limit", "update_customer_spending_budget", new={"Amount": str(amount)})
    return Answer(
        200,
        {
            "amount": amount,
            "usageSpendingBudget": amount,
            "attributes": attributes("SpendingBudget"),
            "links": {"self": link(f"/v1{call.base}/usagebudget", call.method)},
        },
    )
