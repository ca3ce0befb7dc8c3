"""Customers: paging, filters, creation, profiles, leaving (contract §5, §6, §20)."""

from __future__ import annotations

import json

import pytest

from tests.simulator.world import BASIC, CUSTOMER, NOON, Client, frozen

NEW = {
    "CompanyProfile": {"Domain": "muehlbach.onmicrosoft.com"},
    "BillingProfile": {
        "Email": "it@muehlbach.example",
        "Culture": "DE-de",
        "Language": "de",
        "CompanyName": "Mühlbach Pflege gGmbH",
        "DefaultAddress": {
            "FirstName": "A",
            "LastName": "B",
            "AddressLine1": "Am Anger 3",
            "City": "Erfurt",
            "PostalCode": "99084",
            "Country": "DE",
        },
    },
}


def create(client, body=NEW, request="94e4e214-6b06-4fb7-96d1-94d559f9b47f"):
    return client.post("/customers", body, MS_RequestId=request)


def test_pages_follow_the_continuation_token():
    """Each page names the next by link, header and token; the last names none."""
    simulator = frozen()
    client = Client(simulator)
    for index in range(4):
        simulator.seed_customer(name=f"kunde-{index}")
    page, seen = client.get("/customers?size=2").body, []
    while True:
        seen.append([item["companyProfile"]["companyName"] for item in page["items"]])
        following = page["links"].get("next")
        if following is None:
            break
        header = following["headers"][0]
        page = client.get(following["uri"], **{header["key"]: header["value"]}).body
    assert [["hafenkontor", "kunde-0"], ["kunde-1", "kunde-2"], ["kunde-3"]] == seen


def test_a_token_without_meaning_is_refused():
    """seekOperation=Next without a token, or with a wrong one, is invalid input."""
    client = Client(frozen())
    assert [(400, 800002)] * 2 == [
        client.get("/customers?seekOperation=Next").code,
        client.get("/customers", MS_ContinuationToken="x").code,
    ]


@pytest.mark.parametrize(
    ("field", "value", "count"), [("CompanyName", "HAFEN", 1), ("Domain", "hafen", 1), ("Domain", "kontor", 0)]
)
def test_filters_know_one_operator(field, value, count):
    """starts_with, without case, over company name and domain."""
    text = json.dumps({"Field": field, "Value": value, "Operator": "starts_with"})
    assert count == Client(frozen()).get(f"/customers?filter={text}").body["totalCount"]


def test_lists_are_short_and_the_resource_is_full():
    """A list item has id, company and relationship only; the resource has the billing profile too."""
    client = Client(frozen())
    assert (False, True) == (
        "billingProfile" in client.get("/customers").body["items"][0],
        "billingProfile" in client.get(f"/customers/{CUSTOMER}").body,
    )


def test_without_delegated_access_the_directory_is_dark():
    """Address, email and domains are missing without DAP or GDAP; provisioning status needs it."""
    simulator = frozen()
    simulator.edit_customer(CUSTOMER, delegated=False)
    body = Client(simulator).get(f"/customers/{CUSTOMER}").body
    assert (False, False, False) == (
        "address" in body["companyProfile"],
        "email" in body["companyProfile"],
        "customDomains" in body,
    )


def test_strangers_and_nonsense():
    """An unknown tenant is 403/20002, what is no id 400/900118."""
    client = Client(frozen())
    assert ((403, 20002), (400, 900118)) == (
        client.get("/customers/00000000-0000-4000-8000-00000000dead").code,
        client.get("/customers/nonsense/orders").code,
    )


def test_creation_is_idempotent_by_request_id():
    """The same MS-RequestId repeats the first answer, another one meets a domain in use."""
    client = Client(frozen())
    first, again, other = create(client), create(client), create(client, request="another")
    assert (201, first.body, 409) == (first.status, again.body, other.status)


def test_credentials_are_shown_once():
    """The creation carries the first password, reading the customer does not."""
    client = Client(frozen())
    made = create(client).body
    read = client.get(f"/customers/{made['id']}").body
    assert ("admin", False, "none", "reseller", "de-DE") == (
        made["userCredentials"]["userName"],
        "userCredentials" in read,
        made["relationshipToPartner"],
        read["relationshipToPartner"],
        read["billingProfile"]["culture"],
    )


def test_creation_needs_its_header():
    """Without MS-RequestId nothing is created."""
    client = Client(frozen())
    assert ((400, 800002), 1) == (client.post("/customers", NEW).code, client.get("/customers").body["totalCount"])


@pytest.mark.parametrize(
    ("country", "postal", "number", "phone", "code"),
    [
        ("HU", "1011", None, "1", 600049),
        ("HU", "1011", "wrong", "1", 600050),
        ("HU", "1011", "12345678-1-12", None, 600051),
        ("DE", "99084", "1", "1", 600002),
    ],
)
def test_registration_numbers(country, postal, number, phone, code):
    """Markets that want a number get it in their format, and a phone number; others refuse one."""
    body = json.loads(json.dumps(NEW))
    body["BillingProfile"]["DefaultAddress"] |= {"Country": country, "PostalCode": postal, "PhoneNumber": phone}
    body["CompanyProfile"]["OrganizationRegistrationNumber"] = number
    assert (400, code) == create(Client(frozen()), body).code


def test_domains_are_checked_by_head():
    """404 says free, 200 taken, neither has a body."""
    client = Client(frozen())
    free, taken = (
        client("HEAD", "/domains/free.onmicrosoft.com"),
        client("HEAD", "/domains/HAFENKONTOR.onmicrosoft.com"),
    )
    assert ((404, None), (200, None)) == ((free.status, free.body), (taken.status, taken.body))


def test_billing_profile_is_guarded_by_its_etag():
    """PUT needs the etag: none is refused, a stale one is 2055, the current one is taken and changes."""
    client = Client(frozen())
    path = f"/customers/{CUSTOMER}/profiles/billing"
    profile = client.get(path).body
    etag = profile["attributes"].pop("etag")
    profile["companyName"] = "Hafenkontor Logistik GmbH"
    none, stale, done = (
        client("PUT", path, profile),
        client("PUT", path, profile, If_Match='"1"'),
        client("PUT", path, profile, If_Match=f'"{etag}"'),
    )
    assert ((400, 800002), (400, 2055), 200, True) == (
        none.code,
        stale.code,
        done.status,
        done.body["attributes"]["etag"] != etag,
    )


def test_leaving_needs_suspended_subscriptions():
    """The relationship ends only when nothing is active, and then the customer is a stranger."""
    simulator = frozen()
    row = simulator.seed_subscription(CUSTOMER, BASIC)
    client = Client(simulator)
    body = {"Id": CUSTOMER, "RelationshipToPartner": "none"}
    early = client("PATCH", f"/customers/{CUSTOMER}", body)
    client.patch(CUSTOMER, row, status="suspended")
    done = client("PATCH", f"/customers/{CUSTOMER}", body)
    assert (400, 200, (403, 20002)) == (early.status, done.status, client.get(f"/customers/{CUSTOMER}").code)


def test_deletion_is_for_the_sandbox():
    """DELETE works in the integration sandbox only."""
    sandbox = Client(frozen(environment="sandbox"))
    assert ((403, 900127), 204, 0) == (
        Client(frozen())("DELETE", f"/customers/{CUSTOMER}").code,
        sandbox("DELETE", f"/customers/{CUSTOMER}").status,
        sandbox.get("/customers").body["totalCount"],
    )


def test_every_reply_names_itself():
    """Request and correlation ids are echoed, the date is business time."""
    headers = Client(frozen()).get("/customers", MS_RequestId="r", MS_CorrelationId="c").headers
    assert ("r", "c", "Wed, 10 Jun 2026 12:00:00 GMT", NOON.year) == (
        headers["MS-RequestId"],
        headers["MS-CorrelationId"],
        headers["Date"],
        2026,
    )


def test_unknown_paths_and_methods():
    """404 for no resource, 405 for a method it does not have."""
    client = Client(frozen())
    assert (404, 405) == (client.get("/nothing").status, client("DELETE", "/customers").status)


def test_classic_and_enhanced_attestation():
    """Enhanced mode refuses the classic call, takes an attestation a person has accepted, and refuses a duplicate."""
    simulator = frozen(attestation="enhanced")
    simulator.seed_customer("9f2b6c1e-0000-4000-8000-000000000002", agreement=False)
    client = Client(simulator)
    path = "/customers/9f2b6c1e-0000-4000-8000-000000000002/agreements"
    body = {
        "primaryContact": {"firstName": "T", "lastName": "C", "email": "t@c.example"},
        "templateId": "117a77b0-9360-443b-8795-c6dedc750cf9",
        "dateAgreed": "2026-06-01T00:00:00Z",
        "type": "MicrosoftCustomerAgreement",
    }
    classic = client.post(path, body)
    opened = client.post(
        "/attestations/enhanced",
        {"country": "DE", "language": "de", "companyName": "K", "signatoryFirstName": "T", "signatoryLastName": "C"},
    ).body["attestationId"]
    early = client.post(path, body | {"attestationId": opened})
    simulator.accept_attestation(opened)
    done, again = (
        client.post(path, body | {"attestationId": opened}),
        client.post(path, body | {"attestationId": opened}),
    )
    assert ((400, 900141), 400, 201, (400, 600061)) == (classic.code, early.status, done.status, again.code)


def test_an_agreement_is_not_of_tomorrow():
    """DateAgreed must not lie in the future."""
    body = {
        "primaryContact": {"firstName": "T", "lastName": "C", "email": "t@c.example"},
        "templateId": "117a77b0-9360-443b-8795-c6dedc750cf9",
        "dateAgreed": "2026-06-11T00:00:00Z",
        "type": "MicrosoftCustomerAgreement",
    }
    assert (400, 3000) == Client(frozen()).post(f"/customers/{CUSTOMER}/agreements", body).code
