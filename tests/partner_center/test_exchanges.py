"""Every documented exchange that concerns what is built: the client asks as documented, and understands what is answered.

Requests are compared by method, path, query, the headers that carry meaning, and body fields with names without case.
Each exchange of the index is either driven here or named in LEFT_OUT with its reason. The exchanges stand beside the
project and are read at run time.
"""

# a test that claims an outcome may look into it
# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from cspdecl.core.action import (
    Cancel,
    CreateCustomer,
    Purchase,
    Rename,
    RequestQualification,
    Resume,
    ScheduleRenewal,
    SetBudget,
    SetSeats,
    Transition,
    UpdateProfile,
)
from cspdecl.core.catalog import OfferKey, OfferTerm
from cspdecl.core.desired import AgreementSpec, Contact, PostalAddress, Profile
from cspdecl.core.inquiry import AskPromotions, AskReseller, AskTermEnds, AskTransitions, TermEnd
from cspdecl.core.live import CustomerRef, LiveCustomer, NextTerm, ReadFailure, Status
from cspdecl.core.operation import Guard
from cspdecl.core.outcome import Applied, Pending, Rejected
from cspdecl.core.terms import BillingCycle, Term
from cspdecl_partner_center.agreements import attest, state
from cspdecl_partner_center.carts import check, new_cart, parse_cart
from cspdecl_partner_center.customers import parse_profile
from cspdecl_partner_center.profiles import read_rules, refused_address
from cspdecl_partner_center.standing import read_qualifications
from cspdecl_partner_center.subscriptions import parse_subscription
from cspdecl_partner_center.transport import Busy, Request
from tests.partner_center.support import (
    Script,
    call,
    carry_out,
    create_spec,
    exchange,
    guard_of,
    operation,
    over_script,
    purchase,
)

NOW = datetime(2021, 1, 20, tzinfo=UTC)
TENANT = "4d3cf487-70f4-4e1e-9ff1-b2bfce8d9f04"

LEFT_OUT = {
    **dict.fromkeys(
        ["auth.access-token-from-refresh.json", "auth.app-only-token.json", "auth.refresh-token-from-code.json"],
        "MSAL makes these requests, by the v2 endpoint",
    ),
    "agreements.template-document.json": "the text of an agreement is read by people, in Partner Center",
    "audit.list.json": "the activity log is a later feature",
    "azure.entitlements.list.json": "what runs on an Azure plan is its customer's",
    "entitlements.list.json": "orders say the same of licences, without a user's sign-in",
    **dict.fromkeys(
        ["billing.manifest.json", "billing.operation.running.json", "billing.operation.succeeded.json"],
        "reconciliation files are compared by the ledger, not fetched",
    ),
    "carts.create.addons.new-base.json": "nested add-ons are of older offers; today's are lines of their own",
    "carts.update.json": "carts of ours are never replaced",
    "catalog.inventory.check.json": "stock is checked by the cart itself",
    "catalog.offers.list.legacy.json": "older offers are not sold",
    **dict.fromkeys(
        ["catalog.product.get.json", "catalog.products.by-customer.nce.json", "catalog.skus.list.json"],
        "offers are named by product and SKU in the manifest; products and lists of SKUs are not browsed",
    ),
    **dict.fromkeys(
        ["customers.create.indirect-reseller.json", "customers.list.filter-indirect-reseller.json",
         "customers.relationships.list.json", "sandbox.indirect-reseller.create.json", "subscriptions.list.by-partner.json"],
        "a customer's reseller is declared and read from what it bought; relationships are made by people",
    ),
    "customers.company-profile.get.json": "the billing profile is what is declared",
    **dict.fromkeys(
        ["customers.delete.sandbox.json", "customers.remove-reseller-relationship.json", "customers.relationship-request.get.json"],
        "relationships are ended and begun by people",
    ),
    "customers.validation-codes.get.json": "the code is declared; how often it may still be used is looked up by people",
    **dict.fromkeys(
        ["invoices.estimate-links.json", "invoices.get.json", "invoices.lineitems.office.json", "invoices.lineitems.onetime.json",
         "invoices.list.json", "invoices.summaries.json", "invoices.unbilled.daily-rated-usage.json", "invoices.unbilled.lineitems.json"],
        "invoices are compared by the ledger, not fetched",
    ),
    **dict.fromkeys(
        ["licenses.assign.json", "licenses.assign.unavailable.json", "licenses.user.list.json", "users.create.json"],
        "users and their licences belong to the customer",
    ),
    **dict.fromkeys(
        ["migrations.create.addons.json", "migrations.create.full-term.json", "migrations.create.json", "migrations.events.list.json",
         "migrations.get.json", "migrations.schedule.create.json", "migrations.validate.eligible.json"],
        "older subscriptions are read only",
    ),
    **dict.fromkeys(
        ["orders.cancel.sandbox.json", "orders.create.json", "orders.patch.addon.legacy.json", "orders.patch.billing-cycle.legacy.json"],
        "orders are made by carts; a line of theirs is cancelled, never a whole order",
    ),
    **dict.fromkeys(
        ["subscriptions.addons.list.json", "subscriptions.conversions.create.legacy.json", "subscriptions.conversions.list.legacy.json",
         "subscriptions.upgrades.create.legacy.json", "subscriptions.upgrades.list.legacy.json"],
        "older subscriptions are read only",
    ),
    **dict.fromkeys(["subscriptions.overage.get.json", "subscriptions.overage.put.json"], "overage is Azure's"),
    "subscriptions.patch-autorenew.marketplace.json": "marketplace subscriptions are not managed; licences need an action too",
    "subscriptions.provisioning-status.json": "the subscription's own status says the same without a user's sign-in",
    **dict.fromkeys(
        ["webhooks.callback.json", "webhooks.events.list.json", "webhooks.registration.create.json", "webhooks.registration.get.json",
         "webhooks.registration.update.json", "webhooks.validation.create.json"],
        "webhooks need a service that listens; every plan reads instead",
    ),
    **dict.fromkeys(
        ["recon.worked-examples.nce.json", "recon.worked-examples.legacy-monthly.json", "recon.worked-examples.legacy-annual.json",
         "recon.worked-examples.saas.json"],
        "amounts, no requests",
    ),
}  # fmt: skip
DRIVEN: dict[str, Callable[[dict[str, Any]], None]] = {}


def driving(*names):
    def keep(function):
        DRIVEN.update(dict.fromkeys(names, function))
        return function

    return keep


@pytest.fixture
def index(shared):
    path = shared / "reference/partner-center/examples/index.tsv"
    return [row["file"] for row in csv.DictReader(path.read_text("utf-8").splitlines(), delimiter="\t")]


def test_every_exchange_is_driven_or_left_out_with_a_reason(index):
    """Nothing of the index is forgotten, and nothing is named twice."""
    events = {name for name in index if name.startswith("webhooks.event.")}  # callbacks, as the other webhooks

    assert set(index) == set(DRIVEN) | set(LEFT_OUT) | events
    assert set() == set(DRIVEN) & set(LEFT_OUT)
    assert all(LEFT_OUT.values())


# ---- comparing ----

MEANING = {"accept", "content-type", "if-match", "ms-requestid", "ms-correlationid"}
PLACE = re.compile(r"[<{][^>}]*[>}]")


def folded(value):
    """A body with names in lower case; text values without case, since enums are written either way."""
    if isinstance(value, dict):
        return {key.lower(): folded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [folded(item) for item in value]
    return value.lower() if isinstance(value, str) else value


def assert_asked_as(sent, documented, *, ids=(), values=True, query=True, ignore=()):
    """The request is the documented one. Segments in `ids` and placeholders may be any id."""
    wanted = urlsplit(documented["path"])
    ours, theirs = unquote(sent.path).split("/"), unquote(PLACE.sub("*", wanted.path)).rstrip("/").split("/")
    assert len(ours) == len(theirs), (sent.path, wanted.path)
    for mine, printed in zip(ours, theirs, strict=True):
        assert printed == "*" or printed in ids or printed.lower() == mine.lower()
    assert documented["method"] == sent.method
    names = [
        {name.lower(): value for name, value in parse_qsl(text)} for text in (sent.query, PLACE.sub("*", wanted.query))
    ]
    assert set(names[1]) <= set(names[0])
    assert not query or {name: names[0][name] for name in names[1]} == {
        name: names[0][name] if value == "*" else value for name, value in names[1].items()
    }
    for name in documented["headers"]:
        bodiless = name.lower() == "content-type" and sent.body is None
        assert name.lower() not in MEANING or bodiless or sent.headers[name.lower()]
    if isinstance(documented["body"], dict):
        assert_holds(folded(sent.body), folded(documented["body"]), values=values, ignore=ignore)


def assert_holds(ours, theirs, *, values, ignore, at=""):
    """Everything that is documented stands in ours."""
    if isinstance(theirs, dict):
        for name, item in theirs.items():
            where = f"{at}.{name}"
            if where in ignore or item is None:
                continue
            assert name in ours, f"{where} is not sent"
            assert_holds(ours[name], item, values=values, ignore=ignore, at=where)
    elif isinstance(theirs, list):
        assert len(theirs) == len(ours), at
        for mine, item in zip(ours, theirs, strict=True):
            assert_holds(mine, item, values=values, ignore=ignore, at=f"{at}[]")
    elif values:
        assert theirs == ours, at


def offer_of(item):
    """The stable part of a catalogue item id of a sample."""
    return OfferKey.parse(":".join(item.split(":")[:2]))


def body_of(found):
    return found["response"]["body"]


def reader(*answers, **how):
    script = Script(list(answers))
    return script, over_script(script, **how)


# ---- customers ----

CUSTOMER = {
    "id": TENANT,
    "companyProfile": {"domain": "d.example", "companyName": "n"},
    "relationshipToPartner": "reseller",
}
NONE = {"totalCount": 0, "items": []}


def one(provider, tenant=TENANT, domain=None):
    (found,) = provider.read([CustomerRef(key="k", tenant=tenant, domain=domain)])
    return found


@driving("customers.get.json")
def read_customer(found):
    script, provider = reader(
        ("GET", "/subscriptions", 200, NONE),
        ("GET", "/agreements", 200, NONE),
        ("GET", "agreementstatus", 200, {"isSigned": False}),
        ("GET", "/validationstatus", 404, None),
        ("GET", TENANT, 200, body_of(found)),
    )
    live = one(provider)

    assert_asked_as(script.sent[0], found["request"])
    assert isinstance(live, LiveCustomer)
    assert ("eebd1b55-5360-4438-a11d-5c06918c3014", "abcdefgh1234.ccsctp.net", "1kl as kjk") == (
        live.tenant,
        live.domain,
        live.name,
    )
    assert ("none", None) == (live.agreement, live.blocked)
    assert ("redmond", "WA", "1234567890") == (
        live.profile.address.city,
        live.profile.address.state,
        live.profile.contact.phone,
    )


@driving("customers.list.json")
def list_customers(found):
    script, provider = reader(("GET", "/customers", 200, body_of(found)))
    live = list(provider.customers())

    assert_asked_as(script.sent[0], found["request"], query=False)
    assert ["b44bb1fb-c595-45b0-9e09-d657365580bf", "45c44870-ef77-4fdd-b6fe-3dacb075cff2"] == [
        item.tenant for item in live
    ]
    assert {("companyName", "domain")} == {(item.name, item.domain) for item in live}


@driving(
    "customers.validation-status.allowed.json",
    "customers.validation-status.not-allowed.json",
    "customers.validation-status.not-found.json",
)
def account_status(found):
    script, provider = reader(
        ("GET", "/subscriptions", 200, NONE),
        ("GET", "/agreements", 200, NONE),
        ("GET", "agreementstatus", 200, {"isSigned": True}),
        ("GET", "/validationstatus", found["response"]["status"], body_of(found)),
        ("GET", TENANT, 200, CUSTOMER),
    )
    live = one(provider)

    assert_asked_as(script.sent[-1], found["request"])
    assert (body_of(found).get("status") == "NotAllowed") is (live.blocked is not None)


@driving("customers.billing-profile.get.json", "customers.billing-profile.put.json")
def write_profile(found):
    before = {
        "id": "a58ceba5-60ac-48e4-a0bc-2a855811807a",
        "firstName": "FirstName",
        "lastName": "LastName",
        "email": "email@sample.com",
        "culture": "en-US",
        "language": "en",
        "companyName": "Old",
        "defaultAddress": {"country": "US", "region": None, "city": "Redmond", "state": "WA", "addressLine1": "One Microsoft Way",
                           "addressLine2": None, "postalCode": "98052", "firstName": "FirstName", "lastName": "LastName",
                           "phoneNumber": "4255555555"},
        "links": {"self": {"uri": f"/v1/customers/{TENANT}/profiles/billing", "method": "GET", "headers": []}},
        "attributes": {"etag": "<etag>", "objectType": "CustomerBillingProfile"},
    }  # fmt: skip
    profile = parse_profile(before)
    after = Profile(company_name="CompanyName", address=profile.address, contact=profile.contact)
    answered = body_of(found)
    script, provider = reader(
        ("GET", "/subscriptions", 200, NONE),
        ("GET", "/agreements", 200, NONE),
        ("GET", "agreementstatus", 200, {"isSigned": True}),
        ("GET", "/validationstatus", 404, None),
        ("GET", "/profiles/billing", 200, before if found["request"]["method"] == "PUT" else answered),
        ("PUT", "/profiles/billing", 200, answered),
        ("POST", "/validations/address", 200, {"status": "Verified"}),
        ("GET", TENANT, 200, {**CUSTOMER, "billingProfile": {**answered, "companyName": "CompanyName"}}),
    )
    action = UpdateProfile(before=None, after=after)
    outcome = provider.apply(operation(action, Guard(tenant=TENANT)), call(TENANT))

    if found["request"]["method"] == "GET":
        assert_asked_as(script.sent[0], found["request"])
        assert ("FirstName", "email@sample.com") == (
            parse_profile(answered).contact.first_name,
            parse_profile(answered).contact.email,
        )
        return
    written = next(one for one in script.sent if one.method == "PUT")
    assert_asked_as(written, found["request"], ignore={".links"})
    assert '"<etag>"' == written.headers["if-match"]
    assert isinstance(outcome, Applied)


@driving("customers.create.json")
def create_customer(found):
    answered = body_of(found)
    script, provider = reader(
        (
            "GET",
            "/countryvalidationrules/us",
            200,
            exchange_of("country-validation-rules.get.json")["response"]["body"],
        ),
        ("HEAD", "/domains/xyz.ccsctp.net", 404, None),
        ("POST", "/validations/address", 200, {"status": "VerifiedShippable"}),
        ("POST", "/v1/customers", 201, answered),
        ("GET", "/subscriptions", 200, NONE),
        ("GET", "/agreements", 200, NONE),
        ("GET", "agreementstatus", 200, {"isSigned": False}),
        ("GET", "/validationstatus", 404, None),
        ("GET", answered["id"], 200, {**answered, "relationshipToPartner": "reseller"}),
    )
    address = PostalAddress(
        line1="One Microsoft Way", line2=None, postal_code="98052", city="Redmond", state="WA", country="US"
    )
    contact = Contact(first_name="Test", last_name="Test", email="test@outlook.com", phone=None)
    spec = create_spec(
        "xyz.ccsctp.net",
        profile=Profile(company_name="test company", address=address, contact=contact, language="en", culture="EN-US"),
    )
    wanted = operation(CreateCustomer(create=spec), Guard(tenant=None))
    given = call(None, request_id="94e4e214-6b06-4fb7-96d1-94d559f9b47f")
    outcome = provider.apply(wanted, given)

    sent = next(one for one in script.writes if one.path == "/v1/customers")
    assert_asked_as(sent, found["request"])
    assert given.request_id == sent.headers["ms-requestid"]
    assert isinstance(outcome, Applied)
    assert "dfd8cc0a-c592-468c-8461-869a38d24738" == outcome.customer.tenant
    assert answered["userCredentials"]["password"] not in repr(outcome)


@driving("country-validation-rules.get.json")
def rules_of_a_country(found):
    script, provider = reader(("GET", "/US", 200, body_of(found)))
    rules = read_rules(provider._changer._transport, "US")

    assert_asked_as(script.sent[0], found["request"])
    assert ("en-US", ("en", "es"), True, 51) == (
        rules.culture,
        rules.languages,
        rules.state_required,
        len(rules.states),
    )
    assert not rules.takes_registration_number


@driving("addresses.validate.street-partial.json", "addresses.validate.verified-shippable.json")
def check_address(found):
    script, provider = reader(("POST", "/validations/address", 200, body_of(found)))
    asked = found["request"]["body"]
    address = PostalAddress(line1=asked["AddressLine1"], line2=None, postal_code=asked["PostalCode"], city=asked["City"],
                            state=asked["State"], country=asked["Country"])  # fmt: skip
    refused = refused_address(provider._changer._transport, address)

    assert_asked_as(script.sent[0], found["request"])
    if body_of(found)["status"] == "StreetPartial":
        assert isinstance(refused, Rejected)
        assert "1 Microsoft Way, 98052-6399, Redmond, WA, US" in refused.hint
    else:
        assert None is refused


@driving("domains.head.available.json")
def free_domain(found):
    script, provider = reader(("HEAD", "/domains/contoso.onmicrosoft.com", 404, None))

    assert not provider._onboarder._taken("contoso.onmicrosoft.com")
    assert_asked_as(script.sent[0], found["request"])


# ---- agreements ----

PERSON = Contact(first_name="Tania", last_name="Carr", email="someone@example.com", phone="1234567890")


@driving("agreements.create.mca.json", "agreements.metadata.mca.json")
def confirm_agreement(found):
    tenant = "14876998-c0dc-46e6-9d0c-65a57a6c32ec"
    script, provider = reader(
        ("GET", "/v1/agreements", 200, exchange_of("agreements.metadata.mca.json")["response"]["body"]),
        ("POST", "/agreements", 201, exchange_of("agreements.create.mca.json")["response"]["body"]),
    )
    spec = AgreementSpec(
        type="MicrosoftCustomerAgreement", accepted_by=PERSON, accepted_on=date(2018, 6, 14), attest="classic"
    )

    assert None is attest(provider._changer._transport, tenant, spec, call(tenant))
    assert_asked_as(script.sent[0 if found["operation"].endswith("list") else 1], found["request"])


@driving("agreements.list.mca.json")
def read_agreements(found):
    script, provider = reader(("GET", "/agreements", 200, body_of(found)))

    assert "accepted" == state(provider._changer._transport, "14876998-c0dc-46e6-9d0c-65a57a6c32ec", patient=False)
    assert_asked_as(script.sent[0], found["request"])


# ---- catalogue ----


@driving("catalog.availabilities.list.json", "catalog.availability.get.nce.json", "catalog.availabilities.by-customer.nce.json",
         "catalog.product.get.nce.json", "catalog.skus.list.nce.json")  # fmt: skip
def what_is_sold(found):
    listed = exchange_of("catalog.availabilities.list.json")["response"]["body"]
    single = exchange_of("catalog.availability.get.nce.json")["response"]["body"]
    sku = exchange_of("catalog.skus.list.nce.json")["response"]["body"]["items"][0]
    listed = {**listed, "items": [{**listed["items"][0], "id": "DZH318XZXPHL"}]}
    script, provider = reader(
        ("GET", "/availabilities", 200, listed),
        ("GET", "/DZH318XZXPHL", 200, single),
        ("GET", "/skus/0001", 200, sku),
        ("GET", "/DZH318Z0BQ3Q", 200, exchange_of("catalog.product.get.nce.json")["response"]["body"]),
    )
    offer = OfferKey.parse("DZH318Z0BQ3Q:0001")
    catalog = provider.catalog("US", "commercial", [offer])
    by_customer = provider._catalog.items_for(
        offer, Term.P1Y, BillingCycle.ANNUAL, tenant="65543400-f8b0-4783-8530-6d35ab8c6801"
    )

    sent = {one.path.lower().rsplit("/", 1)[-1]: one for one in script.sent if "customers" not in one.path}
    customer = next(one for one in script.sent if "customers" in one.path)
    sold = catalog.offers[offer]
    assert ("Microsoft 365 Business Basic", 1, 300, (OfferTerm.parse("P1Y/annual"),)) == (
        sold.title, sold.min_seats, sold.max_seats, sold.terms,
    )  # fmt: skip
    assert ("license", (OfferKey.parse("CFQ7TTC0LDPB:0001"), OfferKey.parse("CFQ7TTC0LF8Q:0001")), False) == (
        sold.product, sold.upgrades, sold.attestation,
    )  # fmt: skip
    assert ["DZH318XZXPHL"] == by_customer
    match found["operation"]:
        case "availabilities.list":
            assert_asked_as(sent["availabilities"], found["request"])
        case "availabilities.get":
            assert_asked_as(sent["dzh318xzxphl"], found["request"])
        case "products.get":
            assert_asked_as(sent["dzh318z0bq3q"], found["request"])
        case "customers.availabilities.list":
            assert_asked_as(customer, found["request"], ids={"DZH318Z0BPS6"})
        case _:
            assert (
                sent["0001"].path
                == found["request"]["path"].split("?")[0].replace("DZH318Z0BPS6", "DZH318Z0BQ3Q") + "/0001"
            )


# ---- carts and orders ----

SOLD = OfferKey.parse("CFQ7TTC0LFLZ:0002")


def cart_script(*, cart, extra=()):
    availability = {"id": "CFQ7TTC0K4TS", "catalogItemId": f"{SOLD}:CFQ7TTC0K4TS", "segment": "commercial",
                    "terms": [{"duration": "P1M", "billingCycle": "Monthly"}]}  # fmt: skip
    return reader(
        *extra,
        ("GET", "/subscriptions", 200, NONE),
        ("GET", "/agreements", 200, {"totalCount": 1, "items": [{"type": "MicrosoftCustomerAgreement"}]}),
        ("GET", "/availabilities", 200, {"items": [availability]}),
        ("GET", "/CFQ7TTC0K4TS", 200, availability),
        ("POST", "/carts", 201, cart),
        ("GET", f"/carts/{cart['id']}", 200, cart),
    )


def buying() -> Purchase:
    return purchase(offer=SOLD, seats=1, term=Term.P1M, billing=BillingCycle.MONTHLY, price="30.40")


@driving("carts.create.nce.json")
def create_cart(found):
    script, provider = cart_script(cart=body_of(found))
    script.headers["date"] = "Tue, 11 Jul 2023 21:16:12 GMT"
    tenant = "932c4101-dc08-461b-b4c1-75d80e905775"
    wanted = operation(buying(), Guard(tenant=tenant))
    first = provider.apply(wanted, call(tenant))
    second = provider.apply(wanted, call(tenant, checkpoint=first.checkpoint))

    (sent,) = script.writes
    assert_asked_as(sent, found["request"])
    assert isinstance(first, Pending)
    # The printed answer is for another offer, term and customer than the printed request: nothing is checked out.
    assert isinstance(second, Rejected)
    assert "catalogue item" in second.message


@driving("carts.checkout.nce.json", "orders.get.json", "orders.list.json")
def check_out(found):
    order = exchange_of("carts.checkout.nce.json")["response"]["body"]
    line = {"id": 0, "catalogItemId": f"{SOLD}:CFQ7TTC0K4TS", "quantity": 1, "currencyCode": "USD", "billingCycle": "monthly",
            "termDuration": "P1M", "orderGroup": "0", "pricing": {"price": 30.4, "extendedPrice": 30.4}}  # fmt: skip
    cart = {"id": "b4c8fdea-cbe4-4d17-9576-13fcacbf9605", "status": "Active", "lineItems": [line]}
    script, provider = cart_script(
        cart=cart,
        extra=(
            ("POST", "/checkout", 201, order),
            ("GET", f"/orders/{order['id']}", 200, order),
            ("GET", "/orders", 200, exchange_of("orders.list.json")["response"]["body"]),
        ),
    )
    tenant = "d6bf25b7-e0a8-4f2d-a31b-97b55cfc774d"
    wanted = operation(buying(), Guard(tenant=tenant))
    first = provider.apply(wanted, call(tenant))
    given = call(tenant, checkpoint=first.checkpoint, request_id="4fa6dad6-a89f-4875-8247-8294a10ae1cf")
    second = provider.apply(wanted, given)
    third = provider.apply(wanted, call(tenant, checkpoint=second.checkpoint))
    provider.probe(wanted, call(tenant, checkpoint=first.checkpoint.replace('"step": "cart"', '"step": "submitted"')))

    checkout = script.writes[-1]
    match found["operation"]:
        case "carts.checkout":
            assert_asked_as(checkout, found["request"])
            assert (None, "0", given.request_id) == (
                checkout.body, checkout.headers["content-length"], checkout.headers["ms-requestid"],
            )  # fmt: skip
            assert '"order": "a68736758d9c"' in second.checkpoint
        case "orders.get":
            sent = next(one for one in script.sent if one.path.endswith(order["id"]))
            assert_asked_as(sent, found["request"])
        case _:
            sent = next(one for one in script.sent if one.path.endswith("/orders"))
            assert_asked_as(sent, found["request"], ids={"b0d70a69-4c42-4b27-b17b-91a835d8686a"})
    assert isinstance(third, Pending)  # the printed order is pending, so nothing is bought yet


# ---- subscriptions ----


@driving("subscriptions.get.json", "subscriptions.get.nce.json", "subscriptions.get.addon.json")
def read_subscription(found):
    body = body_of(found)
    script, provider = reader(("GET", "A356AC8C-E310-44F4-BF85-C7F29044AF99", 200, body))
    answer = provider._customers.subscription(TENANT, "A356AC8C-E310-44F4-BF85-C7F29044AF99", patient=False)
    live = parse_subscription(answer, now=NOW)

    assert_asked_as(script.sent[0], found["request"])
    assert (body["id"].lower(), body["quantity"], body["friendlyName"]) == (live.id, live.seats, live.nickname)
    if "productType" in body:
        assert OfferKey.parse("CFQ7TTC0LH18:0001") == live.offer
        assert (datetime(2022, 1, 14, tzinfo=UTC), Status.EXPIRED, "unset") == (
            live.term_ends,
            live.status,
            live.end_of_term,
        )
        assert [10] == [lot.seats for lot in live.policy.lots]
    else:
        assert None is live.offer  # an Azure plan and an older add-on: never matched
        assert not live.policy.can_schedule


@driving("subscriptions.list.json")
def list_subscriptions(found):
    script, provider = reader(("GET", "/subscriptions", 200, body_of(found)), ("GET", TENANT, 200, CUSTOMER))
    live = one(provider)

    assert_asked_as(script.sent[1], found["request"])
    # The sample announces 37 and prints one: half a list is no list.
    assert isinstance(live, ReadFailure)
    assert "37 were announced and 1 came" in live.message


@driving("subscriptions.patch-friendly-name.json", "subscriptions.patch.nce.json")
def rename(found):
    wanted = found["request"]["body"]
    named = "FriendlyName" if "FriendlyName" in wanted else "friendlyName"
    script, outcome = patched(found, {**wanted, named: "old"}, wanted, Rename(before="old", after="nickname"))

    (sent,) = script.writes
    assert_asked_as(sent, found["request"])
    assert wanted == sent.body  # all of it, in its own spelling, and nothing else
    assert isinstance(outcome, Applied)
    assert "nickname" == outcome.subscription.nickname


@driving("subscriptions.patch-quantity.legacy.json", "subscriptions.patch-quantity.nce.json")
def change_seats(found):
    wanted = found["request"]["body"]
    named = "Quantity" if "Quantity" in wanted else "quantity"
    script, outcome = patched(found, {**wanted, named: 15}, wanted, SetSeats(before=15, after=wanted[named]))

    (sent,) = script.writes
    assert_asked_as(sent, found["request"])
    assert wanted == sent.body
    assert isinstance(outcome, Applied)
    assert wanted[named] == outcome.subscription.seats


@driving("subscriptions.patch-quantity.accepted-202.json")
def change_seats_slowly(found):
    wanted = found["request"]["body"]
    script, outcome = patched(
        found, {**wanted, "Quantity": 15}, {**wanted, "Quantity": 15}, SetSeats(before=15, after=2), status=202
    )

    assert_asked_as(script.writes[0], found["request"])
    assert isinstance(outcome, Pending)  # 202 says nothing of success; it is looked at again
    assert '"step": "accepted"' in outcome.checkpoint


@driving("subscriptions.schedule-changes.json")
def schedule(found):
    wanted = found["request"]["body"]
    before = {key: value for key, value in wanted.items() if key != "scheduledNextTermInstructions"}
    before["attributes"] = {"etag": "abc", **wanted["attributes"]}
    action = ScheduleRenewal(
        next=NextTerm(
            offer=OfferKey.parse("DG7GMGF0DVSV:000P"),
            seats=1,
            term=Term.P3Y,
            billing=BillingCycle.ANNUAL,
            ends=date(2019, 1, 9),
            promotion="39NFJQT1PFPJ:000H:39NFJQT1Q5DK",
        )
    )
    item = {"catalogItemId": "DG7GMGF0DVSV:000P:DG7GMGF0F3Q9", "title": "t", "quantity": 1, "eligibilities": []}
    script, outcome = patched(
        found,
        before,
        wanted,
        action,
        extra=(("GET", "/transitionEligibilities", 200, {"totalCount": 1, "items": [item]}),),
    )

    (sent,) = script.writes
    # The sample's end date has a time of day; a day is what is meant.
    assert_asked_as(sent, found["request"], ignore={".schedulednextterminstructions.customtermenddate"})
    assert "2019-01-09T00:00:00Z" == sent.body["scheduledNextTermInstructions"]["customTermEndDate"]
    assert '"abc"' == sent.headers["if-match"]
    assert isinstance(outcome, Applied)
    assert action.next == outcome.subscription.scheduled
    (eligible,) = [one for one in script.sent if "transition" in one.path]
    assert "eligibilityType=scheduled" == eligible.query


@driving("subscriptions.schedule-billing-frequency.software.json")
def schedule_of_software(found):
    wanted = found["request"]["body"]
    before = {key: value for key, value in wanted.items() if key != "scheduledNextTermInstructions"}
    action = ScheduleRenewal(
        next=NextTerm(offer=OfferKey.parse("DG7GMGF0DVSV:000P"), seats=1, term=Term.P3Y, billing=BillingCycle.ANNUAL)
    )
    item = {"catalogItemId": "DG7GMGF0DVSV:000P:DG7GMGF0F3Q9"}
    eligible = ("GET", "/transitionEligibilities", 200, {"totalCount": 1, "items": [item]})
    script, outcome = patched(found, before, wanted, action, extra=(eligible,))

    (sent,) = script.writes
    assert_asked_as(sent, found["request"])
    assert isinstance(outcome, Applied)
    live = outcome.subscription
    assert ("software", BillingCycle.TRIENNIAL, action.next) == (live.product, live.billing, live.scheduled)


@driving("subscriptions.reactivate.json")
def resume(found):
    wanted = found["request"]["body"]
    script, outcome = patched(found, {**wanted, "Status": "suspended"}, wanted, Resume())

    (sent,) = script.writes
    assert_asked_as(sent, found["request"])
    assert wanted == sent.body
    assert Status.ACTIVE is outcome.subscription.status


@driving("subscriptions.custom-term-end-dates.json")
def end_dates(found):
    script, provider = reader(("GET", "/customTermEndDates", 200, body_of(found)), ("GET", "/customers", 200, NONE))
    question = AskTermEnds(tenant="94cd6638-11b6-4323-8c9f-6ae3088adc59", term=Term.P1M, start=date(2021, 1, 1))
    ((_asked, answer),) = provider.ask([question])

    assert_asked_as(script.sent[-1], found["request"])
    shared = ("5fcf618b-1daa-4604-da99-cc3e1c9ee422", "d30a9ff9-713e-4546-c97e-f06b9dcf6ef6")
    assert (
        TermEnd(day=date(2023, 7, 31), aligned="month"),
        TermEnd(day=date(2023, 8, 1), aligned="subscription", subscriptions=shared),
    ) == answer.ends


@driving("subscriptions.transitions.create.json")
def upgrade(found):
    wanted, answered = found["request"]["body"], body_of(found)
    eligible = exchange_of("subscriptions.transition-eligibilities.json")["response"]["body"]["items"][0]
    offer = {"catalogItemId": wanted["toCatalogItemId"], "subscriptionEligibilities": [
        {**eligible["subscriptionEligibilities"][1], "subscriptionId": wanted["toSubscriptionId"]}]}  # fmt: skip
    own, into = wanted["fromSubscriptionId"], wanted["toSubscriptionId"]
    usual = {"productType": {"id": "OnlineServicesNCE"}, "effectiveStartDate": "2021-01-08T00:00:00Z", "status": "active",
             "creationDate": "2021-01-08T00:00:00Z", "termDuration": "P1M", "billingCycle": "monthly"}  # fmt: skip
    source = {**usual, "id": own, "offerId": wanted["fromCatalogItemId"], "quantity": 5}
    target = {**usual, "id": into, "offerId": wanted["toCatalogItemId"], "quantity": 4}
    done = {**answered, "Events": [{**answered["Events"][0], "status": "Completed"}]}
    script, provider = reader(
        ("GET", "/transitionEligibilities", 200, {"items": [{**eligible, **offer}]}),
        ("POST", "/transitions", 200, answered),
        *(("GET", "/transitions", 200, {"transition": []}) for _ in range(2)),
        ("GET", "/transitions", 200, {"transition": [done]}),
        ("GET", "/subscriptions", 200, {"items": [source, target]}),
        *(("GET", own, 200, source) for _ in range(3)),
        ("GET", own, 200, {**source, "quantity": 3}),
        *(("GET", into, 200, target) for _ in range(3)),
        ("GET", into, 200, {**target, "quantity": 6}),
    )
    action = Transition(
        source=offer_of(wanted["fromCatalogItemId"]), target=offer_of(wanted["toCatalogItemId"]), before=5,
        seats=2, into=into, target_before=4, reassign=False, term=Term.P1M, billing=BillingCycle.MONTHLY,
    )  # fmt: skip
    outcome = carry_out(provider, operation(action, Guard(tenant=TENANT, subscription=own)), call(TENANT))

    (sent,) = script.writes
    assert_asked_as(sent, found["request"])
    assert isinstance(outcome, Applied)
    assert (6, [3]) == (outcome.subscription.seats, [item.seats for item in outcome.also])


@driving("subscriptions.transition-eligibilities.json")
def upgrades_now(found):
    script, provider = reader(("GET", "/transitionEligibilities", 200, body_of(found)))
    own = "e487e8dc-421e-4275-cb42-3c1c8daccf70"
    ((_asked, answer),) = provider.ask([AskTransitions(tenant=TENANT, subscription=own, when="immediate")])

    assert_asked_as(script.sent[0], found["request"])
    first, second = answer.paths
    assert (OfferKey.parse("CFQ7TTC0KZCR:0001"), ("transition_only",), [False, True]) == (
        first.offer, first.kinds, [into.eligible for into in first.into],
    )  # fmt: skip
    assert ((), True) == (second.kinds, "conflicting services" in second.why[0])


@driving("promotions.eligibility.with-id.json", "promotions.list.json")
def promotions(found):
    asked = exchange_of("promotions.eligibility.with-id.json")
    line = asked["request"]["body"]["items"][0]
    offer, own = offer_of(line["catalogItemId"]), line["catalogItemId"].rsplit(":", 1)[-1]
    availability = {"id": own, "catalogItemId": line["catalogItemId"], "segment": "commercial",
                    "terms": [{"duration": "P1Y", "billingCycle": "Monthly"}]}  # fmt: skip
    script, provider = reader(
        ("GET", "/availabilities", 200, {"items": [availability]}),
        ("GET", own, 200, availability),
        ("POST", "/promotionEligibilities", 200, asked["response"]["body"]),
        ("GET", "/productpromotions", 200, exchange_of("promotions.list.json")["response"]["body"]),
        ("GET", line["promotionId"], 404, None),
    )
    question = AskPromotions(
        tenant="46632f71-f052-4384-8f84-4cdb6c12c2a1", offer=offer, term=Term.P1Y, billing=BillingCycle.MONTHLY, seats=2400,
        market="US", segment="commercial", promotion=line["promotionId"],
    )  # fmt: skip
    ((_asked, answer),) = provider.ask([question])

    if found["operation"] == "promotions.list":
        assert_asked_as(next(one for one in script.sent if one.path.endswith("/productpromotions")), found["request"])
        return
    (posted,) = script.writes  # a POST, and all the same a reading
    assert_asked_as(posted, found["request"])
    (told,) = answer.offers
    assert (line["promotionId"], False, 500) == (told.id, told.eligible, told.remaining)
    assert "1 to 2400 seats" in told.why[0]


@driving("catalog.products.by-customer.azure.json")
def azure_plan_on_offer(found):
    script, provider = reader(("GET", "/products", 200, body_of(found)))

    assert OfferKey.parse("DZH318Z0BPS6:0001") == provider._catalog.azure_plan("65543400-f8b0-4783-8530-6d35ab8c6801")
    assert_asked_as(script.sent[0], found["request"])


@driving("azure.usage-budget.get.json", "azure.usage-budget.patch.json")
def budget(found):
    before = {**body_of(found), "amount": 50}
    script, provider = reader(
        ("GET", "/usagebudget", 200, before),
        ("GET", "/usagebudget", 200, body_of(found)),
        ("PATCH", "/usagebudget", 200, body_of(found)),
        ("GET", "/subscriptions", 200, NONE),
        ("GET", "/agreements", 200, NONE),
        ("GET", "agreementstatus", 200, {"isSigned": True}),
        ("GET", "/validationstatus", 404, None),
        ("GET", TENANT, 200, CUSTOMER),
    )
    outcome = provider.apply(
        operation(SetBudget(before=Decimal(50), after=Decimal(100)), Guard(tenant=TENANT)), call(TENANT)
    )

    sent = script.writes[0] if found["request"]["method"] == "PATCH" else script.sent[0]
    assert_asked_as(sent, found["request"])
    assert Decimal(100) == outcome.customer.budget


@driving("customers.qualifications.get.approved.json", "customers.qualifications.get.in-review.json")
def qualifications(found):
    script, provider = reader(("GET", "/qualifications", 200, body_of(found)))
    (told,) = read_qualifications(provider._changer._transport, TENANT, patient=False)

    assert_asked_as(script.sent[0], found["request"])
    state = body_of(found)[0]["vettingStatus"]
    assert ("education", {"Approved": "approved", "InReview": "in-review"}[state]) == (told.name, told.status)


@driving("customers.qualifications.post.education.json", "customers.qualifications.post.gcc.json",
         "customers.qualifications.post.state-owned-entity.json")  # fmt: skip
def ask_for_qualification(found):
    body = found["request"]["body"]
    name: Any = {"Education": "education", "GovernmentCommunityCloud": "government"}.get(
        body["qualification"], "state-owned"
    )
    details = {"segment": body.get("educationSegment"), "website": body.get("website"),
               "validationCode": body.get("validationCode")}  # fmt: skip
    answered = (
        body_of(found) if found["response"] else {"qualification": body["qualification"], "vettingStatus": "InReview"}
    )
    script, provider = reader(
        ("GET", "/qualifications", 200, []),
        ("GET", "/qualifications", 200, [answered]),
        ("POST", "/qualifications", 201, answered),
        ("GET", "/subscriptions", 200, NONE),
        ("GET", "/agreements", 200, NONE),
        ("GET", "agreementstatus", 200, {"isSigned": True}),
        ("GET", "/validationstatus", 404, None),
        ("GET", TENANT, 200, CUSTOMER),
    )
    action = RequestQualification(name=name, details={key: value for key, value in details.items() if value})
    outcome = provider.apply(operation(action, Guard(tenant=TENANT)), call(TENANT))

    (sent,) = script.writes
    assert_asked_as(sent, found["request"])
    assert body == sent.body
    assert [(name, "in-review")] == [(item.name, item.status) for item in outcome.customer.qualifications]


@driving("compliance.mpa-status.signed.json", "compliance.mpa-status.error-non-guid.json", "relationships.list.json")
def resellers(found):
    known = exchange_of("relationships.list.json")
    signed = found["operation"] != "compliance.agreementStatus.get" or found["response"]["status"] == 200
    answered = (200, {"isAgreementSigned": True}) if signed else (found["response"]["status"], body_of(found))
    partner = "4847383" if signed else "4847433"
    script, provider = reader(
        ("GET", "/relationships", 200, known["response"]["body"]), ("GET", "/agreementstatus", *answered)
    )
    ((_asked, answer),) = provider.ask([AskReseller(partner_id=partner)])

    if found["operation"] == "relationships.list":
        assert_asked_as(script.sent[0], found["request"])
    elif signed:
        assert_asked_as(script.sent[1], found["request"], query=False)
        assert "mpnid=4847383" == script.sent[1].query
        assert (True, "First Up Consultants", ("US",)) == (answer.agreement_signed, answer.name, answer.region)
    else:
        assert "2000" in answer.reason


@driving("pricing.price-sheet.nce.json", "pricing.offer-matrix.json")
def price_files(found):
    script, provider = reader(("GET", "/$value", 200, body_of(found).encode()))
    sheet = "pricesheets" in found["request"]["path"]
    pieces = provider.price_sheet("US", "license", "history", "2021-01") if sheet else provider.offer_matrix("2021-01")

    assert body_of(found).encode() == b"".join(pieces)
    assert_asked_as(script.sent[0], found["request"])
    assert "deflate" == script.sent[0].headers["accept-encoding"]


@driving("orders.cancel.software.json")
def cancel_software(found):
    answered, own = body_of(found), found["request"]["body"]["id"]
    lines = [{**line, "quantity": 1} for line in answered["lineItems"]]
    live = {"id": "d3b7c9a2-9a4b-40b2-b075-6e442909e3e7", "offerId": lines[0]["offerId"], "quantity": 1, "orderId": own,
            "productType": {"id": "Software"}, "creationDate": "2019-12-12T17:33:56Z", "status": "active",
            "termDuration": "P3Y", "billingCycle": "triennial", "attributes": {"objectType": "Subscription"}}  # fmt: skip
    order = {**answered, "lineItems": [{**lines[0], "subscriptionId": live["id"]}, *lines[1:]]}
    script, provider = reader(
        ("GET", own, 200, order),
        ("GET", live["id"], 200, live),
        ("GET", live["id"], 200, {**live, "status": "deleted"}),
        ("PATCH", own, 200, answered),
    )
    action = Cancel(seats=1, product="software", order_id=own)
    outcome = provider.apply(operation(action, Guard(tenant=TENANT, subscription=live["id"])), call(TENANT))

    (sent,) = script.writes
    assert_asked_as(sent, found["request"])
    assert isinstance(outcome, Applied)
    assert own == outcome.receipt.order_id


@driving("carts.create.json")
def carts_of_other_kinds(found):
    """The lines of ours among the sample's: a perpetual licence, a monthly plan, a trial with what it renews to."""
    wanted = {line["id"]: line for line in found["request"]["body"]["lineItems"]}
    usual: dict[str, Any] = {"seats": 1, "nickname": "n", "segment": "commercial", "country": "US", "unit_price": None}
    ours = {
        3: Purchase(**usual, offer=OfferKey.parse("DG7GMGF0DWTL:0001"), term=Term.ONCE, billing=BillingCycle.ONE_TIME),
        4: Purchase(**usual, offer=OfferKey.parse("DZH318Z0BXWC:0002"), term=Term.P1M, billing=BillingCycle.MONTHLY),
        5: Purchase(**{**usual, "seats": 10}, offer=OfferKey.parse("DZH318Z0C0WF:0001"), term=Term.P1M,
                    billing=BillingCycle.NONE, trial=True, renews_to=Term.P1Y),
    }  # fmt: skip
    for number, action in ours.items():
        (line,) = new_cart(action, wanted[number]["catalogItemId"])["lineItems"]
        assert wanted[number] == {**{key: value for key, value in line.items() if key != "friendlyName"}, "id": number}
    answered = {line["id"]: line for line in body_of(found)["lineItems"]}
    for number in (4, 5):
        cart = parse_cart({**body_of(found), "lineItems": [answered[number]]})
        assert None is check(cart, ours[number], wanted[number]["catalogItemId"])
    # The printed answer to the perpetual licence is for another item than was asked for: never checked out.
    other = parse_cart({**body_of(found), "lineItems": [answered[3]]})
    assert isinstance(check(other, ours[3], wanted[3]["catalogItemId"]), Rejected)


def patched(found, before, after, action, *, status=200, extra=()):
    """Apply a change to `before`; the service answers the PATCH as documented and shows `after` from then on."""
    tenant, own = "b5f5e4ac-0000-4000-8000-000000000001", (before.get("id") or before.get("Id")).lower()
    place = f"/subscriptions/{own}"
    answered = found["response"] and body_of(found)
    script, provider = reader(
        *extra, ("GET", place, 200, before), ("GET", place, 200, after), ("PATCH", place, status, answered or after)
    )
    live = parse_subscription(before, now=NOW)
    wanted = operation(action, guard_of(tenant, live))
    return script, provider.apply(wanted, call(tenant, own))


# ---- errors ----


@driving("errors.throttled-429.json")
def throttled(found):
    script, provider = reader(("GET", "/customers", 429, body_of(found)))
    script.headers = {name.lower(): value for name, value in found["response"]["headers"].items()}

    with pytest.raises(Busy) as told:
        provider._changer._transport.send(Request(method="GET", path="/v1/customers"))
    assert 57 == told.value.retry_after


_SHARED: list[Any] = []


def exchange_of(name):
    return exchange(_SHARED[0], name)


@pytest.mark.parametrize("name", sorted(DRIVEN))
def test_exchange(shared, name):
    """The client makes this documented request and understands its documented answer."""
    _SHARED[:] = [shared]

    DRIVEN[name](exchange_of(name))
