"""Whatever a service answers, however odd: a value or a sentence comes out, never a crash. Bodies are drawn at random."""

# a test that claims an outcome may look into it
# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cspdecl.core.action import (
    AttestAgreement,
    BuyAzurePlan,
    Cancel,
    ChangeTerm,
    ClearSchedule,
    CreateCustomer,
    RequestQualification,
    Resume,
    ScheduleRenewal,
    SetBudget,
    SetEndOfTerm,
    SetReseller,
    SetSeats,
    Suspend,
    Transition,
    UpdateProfile,
)
from cspdecl.core.errors import CspdeclError
from cspdecl.core.inquiry import Answer, AskPromotions, AskReseller, AskTermEnds, AskTransitions
from cspdecl.core.live import CustomerAbsent, CustomerRef, LiveCustomer, ReadFailure, Wanted
from cspdecl.core.operation import Guard
from cspdecl.core.outcome import Outcome, ProbeOutcome
from cspdecl.core.plain import from_plain, to_plain
from cspdecl.core.terms import BillingCycle, Term
from cspdecl_partner_center.wire import Reply
from tests.partner_center.support import (
    BASIC,
    PREMIUM,
    MemorySecrets,
    Script,
    call,
    create_spec,
    operation,
    over_script,
    purchase,
)
from tests.partner_center.test_faults import BODY, ID, NEXT, TENANT
from tests.partner_center.test_onboarding import AGREEMENT

ODD: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**30) | st.text(max_size=9) | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["2026-11-22T00:00:00Z", "9999-12-31T23:59:59Z", "P1Y", "monthly", "active", "deleted", "Cancel", str(BASIC)]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "items", "code", "quantity", "product"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
EVERYTHING: frozenset[Wanted] = frozenset({"qualifications", "budget", "licences"})
CUSTOMER = {
    "id": TENANT,
    "companyProfile": {"domain": "d.example", "companyName": "n"},
    "billingProfile": {
        "companyName": "n",
        "email": "e",
        "defaultAddress": {"country": "US", "city": "c", "addressLine1": "a"},
    },
}
FULL = {
    **BODY,
    "refundableQuantity": {
        "totalQuantity": 5,
        "details": [{"quantity": 5, "allowedUntilDateTime": "2026-11-29T00:00:00Z"}],
    },
    "scheduledActions": [{"scheduleType": "TermEnd", "actionType": "Cancel"}],
    "scheduledNextTermInstructions": {"product": {"productId": BASIC.product, "skuId": BASIC.sku}, "quantity": 2},
    "nextChargeInstructions": None,
}
CART = {
    "id": "c1",
    "status": "Active",
    "expirationTimestamp": "2026-11-29T00:00:00Z",
    "lineItems": [{"catalogItemId": f"{BASIC}:AID", "quantity": 3, "currencyCode": "USD", "billingCycle": "monthly",
                   "termDuration": "P1Y", "pricing": {"price": 6.0, "extendedPrice": 216.0}, "error": None}],
}  # fmt: skip
ORDER = {"id": "o1", "status": "completed", "creationDate": "2026-11-22T14:00:00Z",
         "lineItems": [{"offerId": f"{BASIC}:AID", "quantity": 3, "subscriptionId": ID, "friendlyName": "m365 #a1b2c3"}]}  # fmt: skip
AVAILABILITY = {"id": "AID", "segment": "commercial", "catalogItemId": f"{BASIC}:AID",
                "terms": [{"duration": "P1Y", "billingCycle": "monthly"}]}  # fmt: skip
MADE = {"operationId": "op", "toCatalogItemId": f"{PREMIUM}:AID", "quantity": 25,
        "events": [{"name": "Conversion", "status": "Started ", "timestamp": "2026-11-22T14:02:00Z", "errors": []}]}  # fmt: skip
PATH = {
    "catalogItemId": f"{PREMIUM}:AID",
    "eligibilities": [{"isEligible": True, "transitionType": "transition_only", "errors": [{"code": 3}]}],
    "subscriptionEligibilities": [
        {"isEligible": False, "subscriptionId": "s", "errors": [{"code": 3, "description": "d"}]}
    ],
}
ENDS = {"allowedCustomTermEndDateType": "subscriptionAligned", "allowedCustomTermEndDate": "2027-10-31T00:00:00",
        "cotermSubscriptionIds": ["a"]}  # fmt: skip
PROMOTION = {
    "id": "P:0001:A", "name": "n", "endDate": "2027-01-01T00:00:00+00:00", "properties": {"isAutoApplicable": True},
    "requiredProducts": [{"productId": BASIC.product, "skuId": BASIC.sku, "term": {"duration": "P1Y", "billingCycle": "Monthly"},
                          "pricingPolicies": [{"policyType": "PercentDiscount", "value": "0.1"}]}],
}  # fmt: skip
ELIGIBLE = {"promotionId": "P:0001:A", "isEligible": False, "errors": [
    {"type": "SeatCount", "minimumRequiredSeats": 1, "maximumRequiredSeats": 5, "availableSeats": 2}]}  # fmt: skip
GOOD: list[tuple[str, str, Any]] = [
    ("GET", "/subscriptions", {"totalCount": 1, "items": [FULL], "links": {}}),
    ("GET", f"/subscriptions/{ID}", FULL),
    ("GET", "/transitionEligibilities", {"items": [PATH, {"catalogItemId": f"{BASIC}:AID"}]}),
    (
        "GET",
        "/agreements",
        {"items": [{"agreementType": "MicrosoftCustomerAgreement", "templateId": "t", "versionRank": 0}]},
    ),
    ("GET", "agreementstatus", {"isSigned": False, "isAgreementSigned": True}),
    ("GET", "/validationstatus", {"status": "Allowed"}),
    ("GET", "/availabilities", {"items": [AVAILABILITY]}),
    ("GET", "/aid", AVAILABILITY),
    ("GET", "/orders", {"items": [ORDER]}),
    ("GET", "/orders/o1", ORDER),
    ("GET", "/carts/c1", CART),
    ("GET", "/profiles/billing", CUSTOMER["billingProfile"]),
    ("GET", "/us", {"defaultCulture": "en-US", "states": {"value": ["WA"]}, "supportedLanguages": {"value": ["en"]}}),
    ("GET", "/skus/0001", {"title": "t", "minimumQuantity": 1, "maximumQuantity": 300}),
    ("GET", TENANT, CUSTOMER),
    ("GET", "/customers", {"totalCount": 1, "items": [CUSTOMER]}),
    ("POST", "/carts", CART),
    ("POST", "/checkout", {"orders": [ORDER], "orderErrors": []}),
    ("POST", "/agreements", {}),
    ("POST", "/address", {"status": "Verified", "suggestedAddresses": []}),
    ("POST", "/customers", {**CUSTOMER, "userCredentials": {"userName": "admin", "password": "p"}}),
    ("GET", "/transitions", {"transition": [{**MADE, "operationId": "before"}]}),
    ("POST", "/transitions", MADE),
    ("GET", "/usagebudget", {"amount": 100, "usageSpendingBudget": 100}),
    ("PATCH", "/usagebudget", {"amount": 500}),
    ("GET", "/qualifications", [{"qualification": "Education", "vettingStatus": "Denied"}]),
    ("POST", "/qualifications", {"qualification": "Education", "vettingStatus": "InReview"}),
    ("GET", "/products", {"items": [{"id": "0001", "productId": "DZH318Z0BPS6"}]}),
    ("GET", f"/{BASIC.product}", {"productType": {"id": "Software"}, "title": "t"}),
    ("GET", "/customTermEndDates", {"items": [ENDS]}),
    ("GET", "/relationships", {"items": [{"mpnId": "4847383", "name": "n", "state": "Active", "location": "DE"}]}),
    ("GET", "/productpromotions", {"items": [PROMOTION]}),
    ("POST", "/promotionEligibilities", {"items": [{"eligibilities": [ELIGIBLE]}]}),
    ("PATCH", "/orders/o1", ORDER),
    ("PATCH", ID, FULL),
    ("PUT", "/billing", CUSTOMER["billingProfile"]),
]


class Odd(Script):
    """Answers well, but for one place in one body and one status; the last answer goes on."""

    def __init__(self, data):
        super().__init__([])
        # drawn beforehand: the provider reads on threads of its own
        self.spoiled = data.draw(st.integers(0, len(GOOD) - 1))
        self.status = data.draw(st.sampled_from([200, 200, 200, 400, 404, 409, 500]))
        self.body = json.dumps(spoil(data, GOOD[self.spoiled][2])).encode()

    def send(self, method, url, headers, content, *, slow=False):
        path = url.split("?")[0].lower()
        told = {"date": "Sun, 22 Nov 2026 14:02:00 GMT", "retry-after": "x"}
        for number, (wanted, ending, body) in enumerate(GOOD):
            if method == wanted and path.endswith(ending.lower()):
                if number == self.spoiled:
                    return Reply(status=self.status, headers=told, content=self.body)
                return Reply(status=200, headers=told, content=json.dumps(body).encode())
        return Reply(status=404, headers=told, content=b"")


def spoil(data, body):
    """The body with one value, somewhere in it, replaced or removed."""
    if isinstance(body, dict) and body and data.draw(st.integers(0, 3)):
        key = data.draw(st.sampled_from(sorted(body)))
        if data.draw(st.integers(0, 3)) == 0:
            return {name: item for name, item in body.items() if name != key}
        return {**body, key: spoil(data, body[key])}
    if isinstance(body, list) and body and data.draw(st.booleans()):
        return [spoil(data, body[0]), *body[1:]]
    return data.draw(ODD)


@given(st.data())
@settings(max_examples=200)
def test_reading_ends_in_a_value(data):
    """A customer, its absence or a failure; and what is read survives being stored."""
    provider = over_script(Odd(data), mode="read")
    ref = data.draw(
        st.sampled_from(
            [
                CustomerRef(key="k", tenant=TENANT, domain=None),
                CustomerRef(key="k", tenant=None, domain="d.example"),
                CustomerRef(key="k", tenant=TENANT, domain=None, wanted=EVERYTHING),
            ]
        )
    )

    (found,) = provider.read([ref])

    assert isinstance(found, (LiveCustomer, CustomerAbsent, ReadFailure))
    assert found == from_plain(type(found), to_plain(found))


@given(st.data())
@settings(max_examples=60)
def test_catalogue_ends_in_a_value(data):
    """Sold, missing or unread."""
    provider = over_script(Odd(data), mode="read")

    found = provider.catalog("US", "commercial", [BASIC])

    assert 1 == len(found.offers) + len(found.missing) + len(found.unread)


QUESTIONS = [
    AskTransitions(tenant=TENANT, subscription=ID, when="immediate"),
    AskTermEnds(tenant=TENANT, term=Term.P1Y, start=date(2026, 12, 1)),
    AskPromotions(
        tenant=TENANT,
        offer=BASIC,
        term=Term.P1Y,
        billing=BillingCycle.MONTHLY,
        seats=3,
        market="US",
        segment="commercial",
    ),
    AskReseller(partner_id="4847383"),
]


@given(st.data())
@settings(max_examples=150)
def test_questions_end_in_an_answer(data):
    """Each is answered or says why not; what is answered survives being stored."""
    found = dict(over_script(Odd(data), mode="read").ask(QUESTIONS))

    assert set(QUESTIONS) == set(found)
    for answer in found.values():
        assert isinstance(answer, get_args(Answer))
        assert answer == from_plain(type(answer), to_plain(answer))


def perpetual():
    bought = purchase(term=Term.ONCE, billing=BillingCycle.ONE_TIME)
    return replace(bought, product="perpetual", reseller="4847383", promotion="P:0001:A", custom_end=date(2027, 10, 31))


ACTIONS = [
    Suspend(),
    Resume(),
    ChangeTerm(
        seats=25, before_term=Term.P1Y, before_billing=BillingCycle.MONTHLY, term=Term.P3Y, billing=BillingCycle.ANNUAL
    ),
    SetReseller(before=None, after="4847383"),
    Transition(source=BASIC, target=PREMIUM, before=25, seats=25),
    Transition(source=BASIC, target=PREMIUM, before=25, seats=5),
    perpetual(),
    BuyAzurePlan(nickname="m365 #a1b2c3", country="US"),
    Cancel(seats=25, product="software", order_id="o1"),
    Cancel(seats=1, product="azure_plan"),
    SetBudget(before=Decimal(100), after=Decimal(500)),
    RequestQualification(name="education"),
    SetSeats(before=25, after=20),
    Cancel(seats=25),
    SetEndOfTerm(before="cancel", after="extend"),
    ScheduleRenewal(next=NEXT),
    ClearSchedule(was=NEXT),
    purchase(price="6.00"),
    CreateCustomer(create=create_spec()),
    AttestAgreement(agreement=AGREEMENT),
    UpdateProfile(before=None, after=create_spec().profile),
]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.kind)
@given(data=st.data())
@settings(max_examples=40)
def test_operations_end_in_an_outcome(action, data):
    """Every step of every operation, and every probe after it: one of the outcomes, whatever was answered."""
    provider = over_script(Odd(data), secrets=MemorySecrets())
    wanted = operation(action, Guard(tenant=TENANT, subscription=ID, siblings=(ID,)))
    checkpoint = None
    for _ in range(4):
        try:
            outcome = provider.apply(wanted, call(TENANT, ID, checkpoint=checkpoint))
            probed = provider.probe(wanted, call(TENANT, ID, checkpoint=checkpoint))
        except CspdeclError:
            return  # a sentence of its own: the provider cannot be asked at all
        assert isinstance(outcome, get_args(Outcome))
        assert isinstance(probed, get_args(ProbeOutcome))
        checkpoint = getattr(outcome, "checkpoint", None)
        if checkpoint is None:
            return
