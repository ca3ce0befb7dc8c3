"""Qualifications, budgets and what else is read of a customer where it is wanted, and never at the customer's cost."""

# a test that claims an outcome may look into it
# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

from decimal import Decimal

import pytest

from cspdecl.core.action import RequestQualification, SetBudget
from cspdecl.core.live import CustomerRef, LiveCustomer, Qualification
from cspdecl.core.operation import Guard
from cspdecl.core.outcome import Applied, NotDone, Rejected, Stale, Unknown
from tests.partner_center.shop import Shop
from tests.partner_center.support import Script, call, operation, over_script

TENANT = "9f2b6c1e-0000-4000-8000-000000000001"
EVERYTHING = frozenset({"qualifications", "budget", "licences"})
SCHOOL = RequestQualification(name="education", details={"segment": "K12", "website": "school.example", "other": "x"})


# ---- reading ----


def test_what_is_not_wanted_is_not_read():
    """A plain reading costs no request for it, and says so by None."""
    shop = Shop()
    plain, whole = shop.customer(), shop.customer(*EVERYTHING)

    assert (None, None, frozenset()) == (plain.qualifications, plain.budget, plain.wanted)
    assert ((), Decimal(0), EVERYTHING) == (whole.qualifications, whole.budget, whole.wanted)


def test_qualifications_by_name_and_state():
    """What each is and how far its vetting is."""
    shop = Shop()
    shop.sim.edit_customer(shop.tenant, qualifications=[
        {"qualification": "Education", "status": "Approved"}, {"qualification": "StateOwnedEntity", "status": "InReview"},
    ])  # fmt: skip

    found = shop.customer("qualifications").qualifications or ()

    assert {
        Qualification(name="education", status="approved"),
        Qualification(name="state-owned", status="in-review"),
    } == set(found)


CUSTOMER = {
    "id": TENANT,
    "companyProfile": {"domain": "d.example", "companyName": "n"},
    "relationshipToPartner": "reseller",
}


def read(*answers, wanted=EVERYTHING):
    usual = [
        ("GET", "/qualifications", 200, []), ("GET", "/usagebudget", 200, {"amount": 1}), ("GET", "/orders", 200, {"items": []}),
        ("GET", "/subscriptions", 200, {"items": []}), ("GET", "/agreements", 200, {"items": []}),
        ("GET", "agreementstatus", 200, {"isSigned": True}), ("GET", "/validationstatus", 404, None),
        ("GET", TENANT, 200, CUSTOMER),
    ]  # fmt: skip
    told = {answer[:2] for answer in answers}
    script = Script([*answers, *(answer for answer in usual if answer[:2] not in told)])
    (found,) = over_script(script).read([CustomerRef(key="k", tenant=TENANT, domain=None, wanted=wanted)])
    return found


@pytest.mark.parametrize("status", [403, 404, 500])
@pytest.mark.parametrize(
    ("place", "name"), [("/qualifications", "qualifications"), ("/usagebudget", "budget"), ("/orders", "licences")]
)
def test_wanted_thing_that_cannot_be_read_is_unknown(status, place, name):
    """The customer is read all the same; the thing is None and not among what was read."""
    found = read(("GET", place, status, {"code": 1, "description": "no"}))

    assert isinstance(found, LiveCustomer)
    assert EVERYTHING - {name} == found.wanted
    assert name == "licences" or getattr(found, name) is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([{"qualification": "Education", "vettingStatus": "in_review"}], ("education", "in-review")),
        ([{"qualification": "GovernmentCommunityCloud", "vettingStatus": "Approved"}], ("government", "approved")),
        ([{"qualification": "state_owned_entity", "vettingStatus": "Denied"}], ("state-owned", "denied")),
        ({"items": [{"qualification": "Nonprofit", "vettingStatus": "Approved"}]}, ("nonprofit", "approved")),
        ([{"qualification": "None"}, {"qualification": 7, "vettingStatus": "Approved"}], None),
    ],
)
def test_spellings_of_qualifications(body, expected):
    """PascalCase, snake case, bare list or collection; what we do not know is left out."""
    found = read(("GET", "/qualifications", 200, body)).qualifications

    assert ([] if expected is None else [expected]) == [(item.name, item.status) for item in found]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"amount": 100, "usageSpendingBudget": 100}, Decimal(100)),
        ({"usageSpendingBudget": "250.50"}, Decimal("250.50")),
        ({"amount": None}, Decimal(0)),
        ({"amount": "much"}, None),
        ([], None),
    ],
)
def test_spellings_of_a_budget(body, expected):
    """Either field, as number or text; none is nought, nonsense is unknown."""
    assert expected == read(("GET", "/usagebudget", 200, body)).budget


def test_orders_that_are_no_licences():
    """Reservations have a term, plans a subscription, other products another type; a cancelled line has no seats."""
    lines = [
        {"lineItemNumber": 0, "offerId": "DZH318Z0BQ36:004G:A", "quantity": 1, "termDuration": "P1Y"},
        {"lineItemNumber": 1, "offerId": "DZH318Z0BPS6:0001:A", "quantity": 1, "subscriptionId": "s"},
        {"lineItemNumber": 2, "offerId": "DZH318Z0BQ4Z:002L:A", "quantity": 1},
        {"lineItemNumber": 3, "offerId": "DG7GMGF0D7FX:0002:A", "quantity": 0, "friendlyName": "gone"},
        {"offerId": "DG7GMGF0D7FX:0002:A", "quantity": 5, "friendlyName": "cal", "termDuration": ""},
        {"lineItemNumber": 5, "offerId": "MS-AZR-0145P", "quantity": 1},
    ]
    order = {"id": "2y6dF_rVgD", "billingCycle": "one_time", "status": "completed", "lineItems": lines,
             "creationDate": "2026-11-20T08:00:00Z"}  # fmt: skip
    monthly = {**order, "id": "other", "billingCycle": "monthly"}
    found = read(
        ("GET", "/orders", 200, {"items": [order, monthly]}),
        ("GET", "/products/DZH318Z0BQ4Z", 200, {"productType": {"id": "AzureReservationsVM"}}),
        ("GET", "/products/DG7GMGF0D7FX", 200, {"productType": {"id": "Software"}, "title": "CAL"}),
    )

    assert [("2y6dF_rVgD:3", 0, "deleted"), ("2y6dF_rVgD:4", 5, "active")] == [
        (item.id, item.seats, item.status) for item in found.subscriptions
    ]
    assert ("CAL", "cal", "perpetual") == (
        found.subscriptions[1].title,
        found.subscriptions[1].nickname,
        found.subscriptions[1].product,
    )


def test_licence_of_a_product_that_is_gone_is_not_managed():
    """The catalogue does not know it any more: what it was cannot be told, so nothing is done with it."""
    order = {"id": "o", "billingCycle": "one_time", "lineItems": [{"offerId": "DG7GMGF0D7FX:0002:A", "quantity": 1}]}

    assert (
        ()
        == read(("GET", "/orders", 200, {"items": [order]}), ("GET", "/products/DG7GMGF0D7FX", 404, None)).subscriptions
    )


# ---- budgets ----


def test_budget_is_set_once():
    """Written and read back; set already, nothing is sent."""
    shop = Shop()
    action = SetBudget(before=Decimal(0), after=Decimal("500.50"))

    first, second = shop.do(action), shop.do(action)

    assert Decimal("500.50") == first.customer.budget
    assert isinstance(second, Applied)
    assert 1 == shop.writes("/usagebudget")


def test_budget_somebody_changed_is_stale():
    """Neither what was planned on nor what is wanted."""
    shop = Shop()
    shop.do(SetBudget(before=None, after=Decimal(300)))

    outcome = shop.do(SetBudget(before=Decimal(0), after=Decimal(500)))

    assert "the budget is 300 now, 0 was planned on" == outcome.seen
    assert isinstance(
        shop.provider.probe(shop.op(SetBudget(before=Decimal(0), after=Decimal(500))), shop.call()), Stale
    )


# ---- qualifications ----


def test_qualification_is_asked_for_once():
    """Its vetting begins; asked again it is under way already, and nothing is sent."""
    shop = Shop()

    first, second = shop.do(SCHOOL), shop.do(SCHOOL)

    assert (Qualification(name="education", status="in-review"),) == first.customer.qualifications
    assert isinstance(second, Applied)
    assert 1 == shop.writes("/qualifications")


@pytest.mark.parametrize(
    ("action", "body"),
    [
        (SCHOOL, {"qualification": "Education", "educationSegment": "K12", "website": "school.example"}),
        (
            RequestQualification(name="government", details={"validationCode": "123456"}),
            {"qualification": "GovernmentCommunityCloud", "validationCode": "123456"},
        ),
        (RequestQualification(name="state-owned"), {"qualification": "StateOwnedEntity"}),
    ],
)
def test_request_holds_what_the_qualification_needs(action, body):
    """Only the details it takes; by a user, not by the application (contract §2, §6)."""
    script = Script([("GET", "/qualifications", 200, []), ("POST", "/qualifications", 201, {})])
    provider = over_script(script)

    provider.apply(operation(action, Guard(tenant=TENANT)), call(TENANT))

    (sent,) = script.writes
    assert body == sent.body
    assert sent.headers["authorization"].startswith("Bearer token-user")


def test_nonprofit_cannot_be_asked_for():
    """The service takes no such request: refused with whom to turn to."""
    outcome = Shop().do(RequestQualification(name="nonprofit"))

    assert isinstance(outcome, Rejected)
    assert "CSP424" == outcome.code


@pytest.mark.parametrize(
    ("action", "ending", "method"),
    [(SetBudget(before=Decimal(0), after=Decimal(500)), "usagebudget", "PATCH"), (SCHOOL, "qualifications", "POST")],
)
def test_lost_answer_is_probed(action, ending, method):
    """It happened and its answer was lost: the probe reads it; before it was sent, it is not done."""
    shop = Shop()
    wanted = shop.op(action)

    assert NotDone() == shop.provider.probe(wanted, shop.call())
    shop.sim.fault("lost-response", path=f"*/{ending}", method=method)
    lost = shop.provider.apply(wanted, shop.call())
    found = shop.provider.probe(wanted, shop.call())

    assert isinstance(lost, Unknown)
    assert isinstance(found, Applied)
    assert found.receipt.inferred
    assert 1 == shop.writes(ending)


def test_without_a_tenant_nothing_is_sent():
    """The customer does not exist yet."""
    outcome = over_script(Script([])).apply(operation(SCHOOL, Guard(tenant=None)), call(None))

    assert "CSP410" == outcome.code
