"""Bad days: codes, malformed bodies, defective pages, odd carts. Whatever comes, an outcome or a failure, never a crash."""

# a test that claims an outcome may look into it
# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cspdecl.core.action import (
    AttestAgreement,
    Cancel,
    ClearSchedule,
    CreateCustomer,
    Rename,
    ScheduleRenewal,
    SetEndOfTerm,
    SetSeats,
)
from cspdecl.core.desired import AgreementSpec, Contact
from cspdecl.core.errors import NotAuthorised, TryLater
from cspdecl.core.live import CustomerRef, NextTerm, ReadFailure
from cspdecl.core.operation import Guard
from cspdecl.core.outcome import Applied, Deferred, NotDone, Pending, Rejected, Stale, Throttled, Unknown
from cspdecl.core.terms import BillingCycle, Term
from cspdecl_partner_center.faults import meaning_of, outcome_of, sentence_of, table
from cspdecl_partner_center.paging import Incomplete, items
from cspdecl_partner_center.subscriptions import parse_subscription
from cspdecl_partner_center.transport import Refusal, Request
from cspdecl_partner_center.wire import Lost
from cspdecl_simulator import Simulator
from tests.partner_center.support import (
    BASIC,
    PlainTokens,
    Script,
    Sleeper,
    call,
    carry_out,
    create_spec,
    guard_of,
    operation,
    over_script,
    over_simulator,
    purchase,
)

NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
TENANT, ID = "b5f5e4ac-0000-4000-8000-000000000001", "6e7aa601-629e-461b-8933-0898c3cc3c7c"
PLACE = f"/subscriptions/{ID}"
BODY = {
    "id": ID,
    "offerId": f"{BASIC}:CFQ7TTC0K971",
    "offerName": "Business Basic",
    "friendlyName": "office",
    "productType": {"id": "OnlineServicesNCE"},
    "quantity": 25,
    "creationDate": "2026-03-01T10:00:00Z",
    "effectiveStartDate": "2026-03-01T00:00:00Z",
    "commitmentEndDate": "2027-02-28T00:00:00Z",
    "commitmentEndDateTime": "2027-02-28T23:59:59Z",
    "cancellationAllowedUntilDate": None,
    "status": "active",
    "autoRenewEnabled": True,
    "isTrial": False,
    "billingType": "license",
    "billingCycle": "monthly",
    "termDuration": "P1Y",
    "attributes": {"objectType": "Subscription"},
}
NEXT = NextTerm(offer=BASIC, seats=17, term=Term.P1Y, billing=BillingCycle.MONTHLY)
NONE = {"totalCount": 0, "items": []}


# ---- the table of codes ----


def test_every_documented_code_has_an_outcome_and_a_sentence(shared):
    """All codes of the contract's table, ranges included, and all cart line errors stand in ours."""
    contract = (shared / "reference/partner-center/contract.md").read_text("utf-8")
    section = contract.split("## 4. Errors")[1].split("## 5.")[0]
    wanted = set()
    for line in section.splitlines():
        if not line.startswith("|") or "---" in line:
            continue
        cells = line.strip("|").split("|")
        told = cells[0] if not re.match(r"\s*(\*\*|generic)", cells[0]) else re.sub(r"\b[45]\d\d\b", "", line)
        for first, last in re.findall(r"\b(\d{4,6})(?:–(\d{4,6}))?", told):
            wanted |= {str(code) for code in range(int(first), int(last or first) + 1)}
    line_errors = re.search(r"parse name and number; (.*?)\.\n", contract, re.DOTALL)[1]
    named = dict(re.findall(r"(\d+) ([A-Za-z]+)", line_errors))

    assert len(wanted) > 150
    assert set() == wanted - set(table())
    assert named == {code: table()[code].name for code in named}
    assert {code.lower() for code in named.values()} <= set(table())


def test_sentences_are_for_people():
    """A sentence begins with a capital, has no final period, and names no placeholder."""
    for row in table().values():
        assert re.fullmatch(r"[A-Z][^{}]*[^.\s]", row.sentence), row


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "800090", Rejected),
        (400, "900257", Rejected),
        (400, "2055", Stale),
        (412, "HTTP 412", Stale),
        (409, "800060", Throttled),
        (409, "800064", Throttled),
        (409, "800082", Throttled),
        (409, "900278", Throttled),
        (409, "HTTP 409", Throttled),
        (403, "13605", Deferred),
        (403, "900123", Deferred),
        (400, "800005", Unknown),
        (418, "HTTP 418", Rejected),
        (400, "987654", Rejected),
    ],
)
def test_refusals_become_outcomes(status, code, kind):
    """By their number, else by their status; transient conflicts park the customer for two minutes."""
    outcome = outcome_of(Refusal(status, code, "words of theirs."))

    assert isinstance(outcome, kind)
    if isinstance(outcome, Throttled):
        assert (120, "customer") == (outcome.retry_after, outcome.quota)


def test_their_numbers_are_passed_on():
    """What the service says with numbers in it stands behind our sentence; a bare 409 says what may block."""
    assert "(900257: past the 7-day window)" in sentence_of("900257", "past the 7-day window.")
    assert "transfer" in outcome_of(Refusal(409, "HTTP 409", "")).message
    assert "accepted" == meaning_of(Refusal(400, "600061", ""))


# ---- changes under odd answers ----


def changer(*answers, body=BODY, **how):
    script = Script([*answers, ("GET", PLACE, 200, body)])
    return script, over_script(script, **how)


def apply(provider, action, *, body=BODY, checkpoint=None):
    live = parse_subscription(body, now=NOW)
    return provider.apply(operation(action, guard_of(TENANT, live)), call(TENANT, ID, checkpoint=checkpoint))


ACTIONS = [
    SetSeats(before=25, after=28),
    Rename(before="office", after="x"),
    Cancel(seats=25),
    SetEndOfTerm(before="renew", after="cancel"),
    ClearSchedule(was=NEXT),
]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.kind)
@pytest.mark.parametrize(
    "answer", [(0, Lost("cut", sent=True)), (503, b"<html>"), (200, b"{"), (500, {"code": 800094})]
)
def test_write_without_a_usable_answer_is_unknown(action, answer):
    """It may have happened: unknown, sent once, settled only by reading."""
    script, provider = changer(("PATCH", PLACE, *answer))

    outcome = apply(provider, action)

    assert isinstance(outcome, Unknown)
    assert 1 == len(script.writes)
    assert isinstance(
        provider.probe(operation(action, guard_of(TENANT, parse_subscription(BODY, now=NOW))), call(TENANT, ID)),
        (NotDone, Applied),
    )


@pytest.mark.parametrize(
    "answer", [(503, None), (200, b"{"), (200, []), (200, {"id": ID}), (200, {**BODY, "quantity": "many"})]
)
def test_reading_that_fails_before_the_write_changed_nothing(answer):
    """The fresh reading is unusable: a few tries more, which nobody asked us to wait for; nothing was sent."""
    script = Script([("GET", PLACE, *answer)])

    outcome = apply(over_script(script), ACTIONS[0])

    assert isinstance(outcome, Throttled)
    assert not outcome.asked
    assert "no usable answer" in outcome.message
    assert [] == script.writes


AGREEMENT = AgreementSpec(
    type="MicrosoftCustomerAgreement",
    accepted_by=Contact(first_name="Tania", last_name="Carr", email="tania@example.com", phone=None),
    accepted_on=date(2026, 11, 20),
    attest="classic",
)
OPERATIONS = [
    *((action, PLACE) for action in ACTIONS),
    (purchase(), "/subscriptions"),
    (CreateCustomer(create=create_spec()), "/countryvalidationrules/us"),
    (AttestAgreement(agreement=AGREEMENT), "/agreements"),
]


@pytest.mark.parametrize("lost", [Lost("refused", sent=False), Lost("no answer in time", sent=True)])
@pytest.mark.parametrize(("action", "place"), OPERATIONS, ids=lambda value: getattr(value, "kind", ""))
def test_nobody_there_before_the_write_ends_the_run(action, place, lost):
    """No connection, or a connection and then nothing: not throttled but not there, within about a minute."""
    sleeper, script = Sleeper(), Script([("GET", place, 0, lost)])

    with pytest.raises(TryLater, match="Partner Center does not answer"):
        apply(over_script(script, sleeper=sleeper), action)

    assert [] == script.writes
    assert len(script.sent) in range(2, 10)
    assert sum(sleeper.slept) < 60


def test_connection_that_breaks_after_the_write_is_doubt():
    """The change was sent, the look at it meets silence: pending, and the next look says that nobody is there."""
    body = {**BODY, "quantity": 25}
    script = Script(
        [("GET", PLACE, 200, body), ("GET", PLACE, 0, Lost("gone", sent=False)), ("PATCH", PLACE, 200, body)]
    )
    provider = over_script(script)

    first = apply(provider, ACTIONS[0])
    with pytest.raises(TryLater, match="does not answer"):
        apply(provider, ACTIONS[0], checkpoint=first.checkpoint)

    assert isinstance(first, Pending)
    assert 1 == len(script.writes)


@pytest.mark.parametrize("problem", [NotAuthorised("the secret is wrong"), TryLater("no token")])
def test_token_that_ends_after_the_write_is_doubt(problem):
    """Raised, it would say that nothing was sent; so it becomes an outcome."""
    script = Script([("PATCH", PLACE, 200, BODY), ("GET", PLACE, 200, BODY)])

    class Ending(PlainTokens):
        def bearer(self, credential):
            if script.writes:
                raise problem
            return super().bearer(credential)

    outcome = apply(over_script(script, tokens=Ending()), ACTIONS[0])

    assert isinstance(outcome, Unknown)
    assert problem.message in outcome.cause


def test_whole_resource_goes_back_with_unknown_fields_and_literals():
    """Fields nobody knows and the literal `30.40` return as they came; only the seats differ."""
    import json

    from cspdecl_partner_center.faithful import parse, render

    raw = json.dumps({**BODY, "futureField": {"price": "@", "list": [1, None, True]}}).replace('"@"', "30.40").encode()
    kept = []

    class Wire(Script):
        def send(self, method, url, headers, content, *, slow=False):
            if method == "PATCH":
                kept.append(content)
            return super().send(method, url, headers, content)

    script = Wire([("GET", PLACE, 200, raw), ("PATCH", PLACE, 200, raw)])
    apply(over_script(script), ACTIONS[0])

    assert render({**parse(raw), "quantity": 28}) == kept[0]
    assert b"30.40" in kept[0]


@pytest.mark.parametrize("wish", ["cancel", "extend"])
def test_end_of_term_that_does_not_stick_is_left_to_a_person(wish):
    """The service ignores what it does not know: what to set by hand, where and by when."""
    script, provider = changer(
        ("PATCH", PLACE, 200, {}), ("GET", PLACE, 200, BODY), body={**BODY, "autoRenewEnabled": False}
    )

    outcome = apply(provider, SetEndOfTerm(before="renew", after=wish))
    for _ in range(6):
        if isinstance(outcome, Pending):
            outcome = apply(provider, SetEndOfTerm(before="renew", after=wish), checkpoint=outcome.checkpoint)

    assert isinstance(outcome, Deferred)
    assert "2027-03-01" in outcome.message
    assert "unset" in outcome.message
    assert 1 == len(script.writes)


def test_end_of_term_whose_values_are_refused_is_left_to_a_person():
    """A service that does not know the literals says 400; that is no reason to give up on the wish."""
    _script, provider = changer(("PATCH", PLACE, 400, {"code": 900126, "description": "unparsable"}))

    assert isinstance(apply(provider, SetEndOfTerm(before="renew", after="cancel")), Deferred)


def test_schedule_that_null_does_not_clear_is_cleared_by_leaving_it_out():
    """Whether null takes instructions back is not documented: where it does not, the field is left out."""
    scheduled = {**BODY, "scheduledNextTermInstructions": {"product": {"productId": BASIC.product, "skuId": BASIC.sku,
                 "termDuration": "P1Y", "billingCycle": "monthly"}, "quantity": 17}}  # fmt: skip

    class Stubborn(Script):
        def send(self, method, url, headers, content, *, slow=False):
            reply = super().send(method, url, headers, content)
            if method == "PATCH" and "scheduledNextTermInstructions" not in self.sent[-1].body:
                self.answers = [("GET", PLACE, 200, BODY)]
            return reply

    script = Stubborn([("PATCH", PLACE, 200, scheduled), ("GET", PLACE, 200, scheduled)])
    provider = over_script(script)
    wanted = operation(ClearSchedule(was=NEXT), guard_of(TENANT, parse_subscription(scheduled, now=NOW)))

    outcome = carry_out(provider, wanted, call(TENANT, ID))

    assert isinstance(outcome, Applied)
    assert [True, False] == ["scheduledNextTermInstructions" in one.body for one in script.writes]
    assert None is script.writes[0].body["scheduledNextTermInstructions"]
    assert all(one.body["autoRenewEnabled"] for one in script.writes)


@pytest.mark.parametrize("action", [SetSeats(before=25, after=28), ScheduleRenewal(next=NEXT), ClearSchedule(was=NEXT)])
def test_the_two_spellings_never_go_back_together(action):
    """A body that shows both is sent with one: only that one would be honoured (contract §13.4)."""
    instructions = {"product": {"productId": BASIC.product, "skuId": BASIC.sku, "availabilityId": "CFQ7TTC0K971",
                    "termDuration": "P1Y", "billingCycle": "monthly"}, "quantity": 17}  # fmt: skip
    both = {
        **BODY,
        "scheduledNextTermInstructions": instructions,
        "scheduledActions": [
            {"scheduledType": "TermEnd", "actionType": "RenewToNewTerm", "instructions": instructions}
        ],
    }
    script = Script(
        [
            ("GET", "/transitionEligibilities", 404, None),
            ("GET", "/availabilities", 200, NONE),
            ("PATCH", PLACE, 200, both),
            ("GET", PLACE, 200, both),
        ]
    )

    apply(over_script(script), action, body=both)

    (sent,) = script.writes[:1]
    assert 1 >= sum(bool(sent.body.get(name)) for name in ("scheduledActions", "scheduledNextTermInstructions"))
    assert "scheduledNextTermInstructions" not in sent.body


def test_checkpoint_of_another_version_is_doubt():
    """What the journal holds cannot be read: it may have happened, so it is unknown, not done again."""
    _script, provider = changer()

    for text in ("{", '{"step": "flown"}', '{"step": "cart", "colour": "red"}'):
        assert isinstance(apply(provider, ACTIONS[0], checkpoint=text), Unknown)
        wanted = operation(purchase(), Guard(tenant=TENANT))
        assert isinstance(provider.probe(wanted, call(TENANT, checkpoint=text)), Unknown)


# ---- customers under odd answers ----

CUSTOMER = {"id": TENANT, "companyProfile": {"domain": "d.example", "companyName": "n"}}


def read(*answers):
    script = Script([*answers, ("GET", "/validationstatus", 404, None), ("GET", "/agreements", 200, NONE),
                     ("GET", "agreementstatus", 200, {})])  # fmt: skip
    (found,) = over_script(script, mode="read").read([CustomerRef(key="k", tenant=TENANT, domain=None)])
    return found


@pytest.mark.parametrize(
    ("customer", "subscriptions", "told"),
    [
        (CUSTOMER, {"totalCount": 2, "items": [BODY]}, "2 were announced and 1 came"),
        (CUSTOMER, {"totalCount": 0, "items": [BODY]}, "0 were announced"),
        (CUSTOMER, {"items": None}, "no collection"),
        (CUSTOMER, "text", "no collection"),
        (CUSTOMER, {"items": [{"id": ID}]}, "cannot be used"),
        (CUSTOMER, {"items": [{**BODY, "effectiveStartDate": None, "creationDate": None}]}, "no dates"),
        (CUSTOMER, {"items": ["text"]}, "without an id"),
        ({}, NONE, "without an id"),
        (b"{", NONE, "no JSON"),
    ],
)
def test_customer_that_cannot_be_read_whole_is_unread(customer, subscriptions, told):
    """Half a list, a list that is none, a subscription without seats: the customer is unknown, not smaller."""
    found = read(("GET", "/subscriptions", 200, subscriptions), ("GET", TENANT, 200, customer))

    assert isinstance(found, ReadFailure)
    assert not found.permanent
    assert told in found.message


@pytest.mark.parametrize(
    ("status", "body", "permanent"),
    [(403, {"code": 20002}, True), (403, {"code": "900159"}, True), (404, {"code": 60003}, True), (404, None, True),
     (400, {"code": 900118}, True), (400, {"code": 800002}, False), (503, None, False)],
)  # fmt: skip
def test_lasting_and_passing_failures(status, body, permanent):
    """Not ours is for ever; what may pass is asked again next time."""
    found = read(("GET", TENANT, status, body))

    assert isinstance(found, ReadFailure)
    assert permanent is found.permanent


@pytest.mark.parametrize(
    ("status", "body", "stranger"),
    [(403, {"code": 20002}, True), (403, {"code": "900159"}, True), (404, {"code": 60003}, True), (404, None, False),
     (403, {"code": 800043}, False), (400, {"code": 900118}, False), (503, None, False)],
)  # fmt: skip
def test_no_relationship_is_told_from_no_answer(status, body, stranger):
    """Only what says that the tenant is not ours makes a customer a stranger; a bare 404 may be a wrong endpoint."""
    found = read(("GET", TENANT, status, body))

    assert isinstance(found, ReadFailure)
    assert stranger is found.stranger


def test_silence_is_not_asked_a_hundred_times():
    """When nobody answers, the rest of the customers is not asked one by one; each is said to be unread."""
    script = Script([("GET", TENANT, 0, Lost("no connection", sent=False))])
    refs = [CustomerRef(key=f"c{number}", tenant=TENANT, domain=None) for number in range(100)]

    found = list(over_script(script, mode="read", concurrency=1).read(refs))

    assert {ref.key for ref in refs} == {item.key for item in found}
    assert all(isinstance(item, ReadFailure) for item in found)
    assert len(script.sent) < 60


# ---- pages ----


def page(*ids, token=None, uri="customers?size=2?seekOperation=Next", total=None):
    body: dict[str, Any] = {
        "totalCount": len(ids) if total is None else total,
        "items": [{"id": name} for name in ids],
        "links": {},
    }
    if token:
        headers = [{"key": "MS-ContinuationToken", "value": token}]
        body["links"]["next"] = {"uri": uri, "method": "GET", "headers": headers}
    return ("GET", "/v1/customers", 200, body)


def listing(*pages):
    script = Script(list(pages))
    request = Request(method="GET", path="/v1/customers", query=[("size", "2"), ("filter", '{"a":1}')])
    return script, items(over_script(script)._changer._transport, request)


def test_pages_are_followed_with_their_token():
    """Filter and size stay, the second question mark is mended, the token goes into its header."""
    script, found = listing(page("a", "b", token="t1"), page("c", "d", token="t2"), page("e"))

    assert ["a", "b", "c", "d", "e"] == [item["id"] for item in found]
    assert [None, "t1", "t2"] == [one.headers.get("ms-continuationtoken") for one in script.sent]
    assert all("size=2" in one.query and "%7B%22a%22%3A1%7D" in one.query for one in script.sent)
    assert ["seekOperation=Next" in one.query for one in script.sent] == [False, True, True]


def test_next_link_leads_nowhere_else():
    """A link to another host or path is not followed there: its token is used, its address is not."""
    script, found = listing(
        page("a", token="t", uri="https://elsewhere.example/steal?size=9&nvoicelineitemtype=x"), page("b")
    )

    assert ["a", "b"] == [item["id"] for item in found]
    assert {"/v1/customers"} == {one.path for one in script.sent}
    assert "size=9" in script.sent[1].query
    assert "&invoicelineitemtype=x" in script.sent[1].query


def test_pages_in_a_circle_are_noticed():
    """The same token again would never end."""
    _script, found = listing(page("a", token="t"), page("b", token="t"))

    with pytest.raises(Incomplete, match="circle"):
        list(found)


def test_items_that_move_between_pages_come_once():
    """A customer created while reading pushes another onto the next page: it still comes once."""
    _script, found = listing(page("a", "b", token="t"), page("B", "c"))

    assert ["a", "b", "c"] == [item["id"] for item in found]


def test_token_without_a_link_is_used_while_items_are_missing():
    """One documented endpoint gives its token in the answer's headers only."""
    first = page("a", "b", total=3)
    first[3]["continuationToken"] = "t"
    script, found = listing(first, page("c", total=3))

    assert ["a", "b", "c"] == [item["id"] for item in found]
    assert "t" == script.sent[1].headers["ms-continuationtoken"]


def test_token_on_the_last_page_is_left_alone():
    """No next link and nothing missing: that was all, whatever token stands there."""
    only = page("a")
    only[3]["continuationToken"] = "t"
    script, found = listing(only)

    assert ["a"] == [item["id"] for item in found]
    assert 1 == len(script.sent)


@given(st.integers(1, 60), st.integers(1, 9))
def test_simulators_pages_and_ours_agree(customers, size):
    """However many customers and however small the pages, each comes exactly once."""
    sim = Simulator(seed=3)
    wanted = {sim.seed_customer() for _ in range(customers % 25)}
    provider = over_simulator(sim, mode="read")
    request = Request(method="GET", path="/v1/customers", query=[("size", str(size))])

    found = [item["id"] for item in items(provider._changer._transport, request)]

    assert sorted(wanted) == sorted(found)


# ---- carts under odd answers ----


def cart_of(**line):
    full = {"id": 0, "catalogItemId": f"{BASIC}:AID", "quantity": 3, "currencyCode": "USD", "billingCycle": "monthly",
            "termDuration": "P1Y", "pricing": {"price": 6.0, "extendedPrice": 216.0}, **line}  # fmt: skip
    return {"id": "c1", "status": "Active", "expirationTimestamp": "2026-11-29T00:00:00Z",
            "lineItems": [{key: value for key, value in full.items() if value is not ...}]}  # fmt: skip


def buy(cart, *answers, price="6.00", steps=2):
    availability = {"id": "AID", "segment": "commercial", "terms": [{"duration": "P1Y", "billingCycle": "monthly"}]}
    script = Script(
        [*answers, ("GET", "/subscriptions", 200, NONE), ("GET", "/agreements", 200, {"items": [{}]}),
         ("GET", "/availabilities", 200, {"items": [availability]}), ("GET", "/AID", 200, availability),
         ("POST", "/carts", 201, cart), ("GET", "/carts/c1", 200, cart), ("POST", "/checkout", 201, {"orders": [], "orderErrors": []}),
         ("GET", "/orders", 200, NONE)]
    )  # fmt: skip
    provider = over_script(script)
    outcome = carry_out(provider, operation(purchase(price=price), Guard(tenant=TENANT)), call(TENANT), steps=steps)
    return script, outcome


def checked_out(script):
    return any(one.path.endswith("/checkout") for one in script.sent)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ({"pricing": {"price": 6.01, "extendedPrice": 216.36}}, Pending),
        ({"pricing": {"price": 5.40, "extendedPrice": 194.4}, "promotionId": "p"}, Pending),
        ({"pricing": {"price": 6.0}}, Pending),
        ({"pricing": {"price": "6.00", "extendedPrice": "216.00"}}, Pending),
        ({"pricing": {"price": 6.02}}, Stale),
        ({"pricing": {"price": 6.0, "extendedPrice": 648.0}}, Stale),
        ({"pricing": {"extendedPrice": 216.0}}, Rejected),
        ({"pricing": {"price": None}}, Rejected),
        ({"pricing": ...}, Rejected),
        ({"currencyCode": "EUR"}, Rejected),
        ({"currencyCode": ...}, Rejected),
        ({"quantity": 30}, Rejected),
        ({"termDuration": "P3Y"}, Rejected),
        ({"billingCycle": "annual"}, Rejected),
        ({"catalogItemId": "OTHER:0001:AID"}, Rejected),
        ({"customTermEndDate": "2026-12-31T00:00:00Z"}, Rejected),
    ],
)
def test_cart_is_compared_with_what_was_approved(line, kind):
    """Every field of the line and the price: what differs is not checked out."""
    script, outcome = buy(cart_of(**line))

    assert isinstance(outcome, kind)
    assert (kind is Pending) is checked_out(script)


def test_price_that_nobody_approved_is_not_compared():
    """Without an approved price there is nothing to compare; missing prices stop nothing then."""
    script, outcome = buy(cart_of(pricing=...), price=None)

    assert isinstance(outcome, Pending)
    assert checked_out(script)


@pytest.mark.parametrize(
    "error", [{"errorCode": 10002}, {"errorCode": "QuotaNotAvailable"}, {"errorCode": "quotaNotAvailable"}]
)
def test_line_errors_by_number_and_by_name(error):
    """201 with an error on the line is a refusal, with the seats that are left."""
    script, outcome = buy(
        cart_of(error={**error, "errorDescription": "d", "additionalInformation": {"availableQuantity": 7}})
    )

    assert isinstance(outcome, Rejected)
    assert ("10002", True) == (outcome.code, "7 seats are left" in outcome.message)
    assert not checked_out(script)


def test_stale_catalogue_item_is_looked_up_once_more():
    """10001 on the line: the availability rotated away; looked up again once, before anything is checked out."""
    script, outcome = buy(
        cart_of(),
        ("POST", "/carts", 201, cart_of(error={"errorCode": 10001})),
        ("POST", "/carts", 201, cart_of()),
        steps=0,
    )

    assert isinstance(outcome, Pending)
    assert 2 == sum(one.path.endswith("/carts") for one in script.writes)
    script, outcome = buy(cart_of(error={"errorCode": "CatalogItemIdIsNotValid"}), steps=0)
    assert isinstance(outcome, Rejected)
    assert 2 == sum(one.path.endswith("/carts") for one in script.writes)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (201, {"orders": [], "orderErrors": [{"orderGroupId": "0", "code": 800069, "description": "d"}]}, Rejected),
        (201, {"orderErrors": [{"code": "4018"}]}, Rejected),
        (201, {"orders": None, "orderErrors": None}, Unknown),
        (201, [], Unknown),
        (201, b"<html>", Unknown),
        (500, {"code": 800005}, Unknown),
        (503, None, Unknown),
        (0, Lost("cut", sent=True), Unknown),
        (409, {"code": 800064}, Throttled),
        (400, {"code": 800065}, Pending),
        (404, {"code": 400019}, Rejected),
        (403, {"code": 800088, "description": "The remaining limit is 4"}, Rejected),
    ],
)
def test_checkout_in_all_its_answers(status, body, kind):
    """What is certain is said; what is not is looked up, never checked out with a second cart."""
    script, outcome = buy(cart_of(), ("POST", "/checkout", status, body), steps=1)

    assert isinstance(outcome, kind)
    assert 1 == sum(one.path.endswith("/carts") for one in script.writes)
    assert 1 == sum(one.path.endswith("/checkout") for one in script.writes)


@pytest.mark.parametrize(
    ("status", "kind"),
    [("completed", Applied), ("pending", Pending), ("partial_success", Applied), ("Partial Success", Applied),
     ("error", Pending), ("cancelled", Pending), ("pending_review", Pending), ("unknown", Pending)],
)  # fmt: skip
def test_order_states_with_a_live_subscription(status, kind):
    """Only a completed order with a readable subscription is bought; a failed one with a live line is looked at."""
    order = {
        "id": "o1",
        "status": status,
        "lineItems": [{"offerId": f"{BASIC}:AID", "quantity": 3, "subscriptionId": ID}],
    }
    _script, outcome = buy(
        cart_of(), ("POST", "/checkout", 201, {"orders": [order]}), ("GET", "/orders/o1", 200, order),
        ("GET", PLACE, 200, {**BODY, "quantity": 3}), steps=2,
    )  # fmt: skip

    assert isinstance(outcome, kind)


@pytest.mark.parametrize(
    ("status", "kind"), [("cancelled", Rejected), ("po_review_rejected", Rejected), ("error", Pending)]
)
def test_order_that_came_to_nothing(status, kind):
    """Cancelled or rejected without a subscription is final; an error may still show one within 15 minutes."""
    order = {"id": "o1", "status": status, "lineItems": [{"offerId": f"{BASIC}:AID", "quantity": 3}]}
    _script, outcome = buy(
        cart_of(), ("POST", "/checkout", 201, {"orders": [order]}), ("GET", "/orders/o1", 200, order), steps=2
    )

    assert isinstance(outcome, kind)


def test_order_in_error_is_final_after_a_quarter_of_an_hour():
    """Then nothing will come of it."""
    machine = [NOW]
    order = {"id": "o1", "status": "error", "lineItems": [{"offerId": f"{BASIC}:AID", "quantity": 3}]}
    script = Script([("GET", "/orders/o1", 200, order), ("GET", "/subscriptions", 200, NONE)])
    provider = over_script(script, now=lambda: machine[0])
    step = '{"step": "order", "order": "o1", "since": "2026-11-22T14:00:00Z"}'
    wanted = operation(purchase(), Guard(tenant=TENANT))

    first = provider.apply(wanted, call(TENANT, checkpoint=step))
    machine[0] += timedelta(minutes=16)
    second = provider.apply(wanted, call(TENANT, checkpoint=step))

    assert (Pending, Rejected) == (type(first), type(second))


def test_taken_domain_of_a_stranger_is_refused():
    """Taken, and no customer of ours: another name, or the customer's own consent."""
    rules = {"iso2Code": "US", "defaultCulture": "en-US"}
    script = Script(
        [
            ("GET", "/US", 200, rules),
            ("HEAD", "/domains/muehlbach.onmicrosoft.com", 200, None),
            ("GET", "/customers", 200, NONE),
        ]
    )

    outcome = over_script(script).apply(operation(CreateCustomer(create=create_spec()), Guard(tenant=None)), call(None))

    assert isinstance(outcome, Rejected)
    assert "CSP417" == outcome.code
    assert [] == script.writes


@pytest.mark.parametrize("credentials", [None, {}, {"userName": "admin"}, {"userName": "admin", "password": ""}])
def test_password_that_did_not_come_is_said(credentials):
    """Created, but without a first password in the answer: applied, and the receipt says what to do."""
    made = {"id": TENANT, "userCredentials": credentials}
    script = Script(
        [("GET", "/US", 200, {}), ("HEAD", "onmicrosoft.com", 404, None), ("POST", "/address", 200, {"status": "Verified"}),
         ("POST", "/customers", 201, made), ("GET", "/subscriptions", 200, NONE), ("GET", "/agreements", 200, NONE),
         ("GET", "agreementstatus", 200, {}), ("GET", "/validationstatus", 404, None), ("GET", TENANT, 200, CUSTOMER)]
    )  # fmt: skip

    outcome = over_script(script).apply(operation(CreateCustomer(create=create_spec()), Guard(tenant=None)), call(None))

    assert isinstance(outcome, Applied)
    assert "reset it" in outcome.receipt.remark


@pytest.mark.parametrize("tenant", ["..", ".", ""])
def test_ids_cannot_leave_their_place_in_a_path(tenant):
    """An id made of dots would be another path; it is refused before it is sent."""
    script = Script([])
    provider = over_script(script)

    assert isinstance(
        provider.apply(operation(SetSeats(before=1, after=2), Guard(tenant=tenant, subscription="s")), call(tenant)),
        Rejected,
    )
    (found,) = provider.read([CustomerRef(key="k", tenant=tenant, domain=None)])
    assert isinstance(found, ReadFailure)
    assert [] == script.sent
