"""Corners that a simulator does not turn: what is read back late or never, passwords that are lost, rules of other countries."""

# a test that claims an outcome may look into it
# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cspdecl.core.action import AttestAgreement, Cancel, CreateCustomer, ScheduleRenewal, SetSeats, UpdateProfile
from cspdecl.core.errors import NotAuthorised, TryLater
from cspdecl.core.live import CustomerRef, ReadFailure, Status
from cspdecl.core.operation import Guard
from cspdecl.core.outcome import Applied, NotDone, Pending, Rejected, Stale, Throttled, Unknown
from cspdecl.core.terms import BillingCycle, Term
from cspdecl_partner_center import end_of_term
from cspdecl_partner_center.profiles import CountryRules, breaches
from cspdecl_partner_center.settings import parse_settings
from cspdecl_partner_center.subscriptions import billing_of, instant, parse_subscription, term_of, whole
from cspdecl_partner_center.tokens import Tokens
from cspdecl_partner_center.wire import Lost, Reply
from tests.partner_center.support import (
    APP_ONLY,
    BASIC,
    MemorySecrets,
    PlainTokens,
    Script,
    call,
    carry_out,
    create_spec,
    guard_of,
    operation,
    over_script,
    purchase,
    settings_of,
)
from tests.partner_center.test_faults import BODY, CUSTOMER, ID, NEXT, NONE, PLACE, TENANT
from tests.partner_center.test_onboarding import AGREEMENT

NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
SEATS = SetSeats(before=25, after=28)
LOST = Lost("cut", sent=True)


def change(script, action=SEATS, *, body=BODY, checkpoint=None):
    provider = over_script(script)
    wanted = operation(action, guard_of(TENANT, parse_subscription(body, now=NOW)))
    return provider, wanted, provider.apply(wanted, call(TENANT, ID, checkpoint=checkpoint))


# ---- after a write ----


def test_reading_back_may_fail_for_a_while():
    """Written, and the reading after it gets no answer: looked at again, not claimed and not doubted at once."""
    script = Script([("GET", PLACE, 200, BODY), ("PATCH", PLACE, 200, {}), ("GET", PLACE, 500, None)])

    _provider, _wanted, outcome = change(script)

    assert isinstance(outcome, Pending)
    assert "reading it back failed" in outcome.note


def test_what_never_shows_is_doubt():
    """Accepted, and after many readings still as before: unknown, for a person or the next probe."""
    script = Script([("PATCH", PLACE, 202, None), ("GET", PLACE, 200, BODY)])
    provider, wanted, first = change(script)

    outcome = carry_out(provider, wanted, call(TENANT, ID, checkpoint=first.checkpoint))

    assert isinstance(outcome, Unknown)
    assert 1 == len(script.writes)


def test_refused_reading_after_a_write_is_doubt():
    """Written, and then not ours to read any more: it may have happened."""
    script = Script([("GET", PLACE, 200, BODY), ("PATCH", PLACE, 200, {}), ("GET", PLACE, 403, {"code": 20002})])

    assert isinstance(change(script)[2], Unknown)


def test_cancelled_and_gone_is_cancelled():
    """After a cancellation a 404 is what was wanted, for the writer and for the probe."""
    script = Script([("GET", PLACE, 200, BODY), ("PATCH", PLACE, 200, {}), ("GET", PLACE, 404, {"code": 20003})])

    provider, wanted, outcome = change(script, Cancel(seats=25))

    assert isinstance(outcome, Applied)
    assert isinstance(provider.probe(wanted, call(TENANT, ID)), Applied)


def test_cancelled_by_somebody_else_is_stale():
    """2011 says that it is gone already: not our doing."""
    script = Script([("PATCH", PLACE, 400, {"code": 2011}), ("GET", PLACE, 200, BODY)])

    assert isinstance(change(script, Cancel(seats=25))[2], Stale)


def test_probe_that_gets_no_answer_stays_doubt():
    """Neither done nor not done: nothing is claimed. Throttled: later. Nobody there: the run ends, the doubt stays."""
    wanted = operation(SEATS, guard_of(TENANT, parse_subscription(BODY, now=NOW)))

    with pytest.raises(TryLater, match="does not answer"):
        over_script(Script([("GET", PLACE, 0, LOST)])).probe(wanted, call(TENANT, ID))
    silent = over_script(Script([("GET", PLACE, 503, None)])).probe(wanted, call(TENANT, ID))
    busy = over_script(Script([("GET", PLACE, 429, None)])).probe(wanted, call(TENANT, ID))
    nothing = over_script(Script([])).probe(operation(SEATS, Guard(tenant=TENANT)), call(TENANT))

    assert (Unknown, Throttled, NotDone) == (type(silent), type(busy), type(nothing))


# ---- next-term instructions ----


@pytest.mark.parametrize(
    ("answers", "availability"),
    [
        ([("GET", "/transitionEligibilities", 200, {"items": [{"catalogItemId": f"{BASIC}:ELIGIBLE0001"}]})], "ELIGIBLE0001"),
        ([("GET", "/transitionEligibilities", 200, NONE), ("GET", "/availabilities", 200, NONE)], "CFQ7TTC0K971"),
        ([("GET", "/transitionEligibilities", 400, {"code": 1}), ("GET", "/availabilities", 403, None)], "CFQ7TTC0K971"),
        (
            [("GET", "/transitionEligibilities", 404, None),
             ("GET", "/availabilities", 200, {"items": [
                 {"id": "EDU", "segment": "education", "terms": [{"duration": "P1Y", "billingCycle": "monthly"}]},
                 {"id": "NEW", "segment": "commercial", "terms": [{"duration": "P1Y", "billingCycle": "monthly"}]}]}),
             ("GET", "/EDU", 404, None), ("GET", "/NEW", 404, None)],
            "NEW",
        ),
    ],
)  # fmt: skip
def test_availability_of_the_next_term(answers, availability):
    """What Microsoft says it may renew to; else the catalogue's, commercial first; else the one it runs on."""
    script = Script([*answers, ("PATCH", PLACE, 200, {}), ("GET", PLACE, 200, BODY)])
    change(script, ScheduleRenewal(next=NEXT))

    (sent,) = script.writes
    assert availability == sent.body["scheduledNextTermInstructions"]["product"]["availabilityId"]


def test_next_term_of_an_offer_that_is_not_sold_is_refused():
    """Another offer, nowhere for sale: refused before anything is written."""
    wish = replace(NEXT, offer=replace(BASIC, sku="9999"))
    script = Script(
        [
            ("GET", "/transitionEligibilities", 200, NONE),
            ("GET", "/availabilities", 200, NONE),
            ("GET", PLACE, 200, BODY),
        ]
    )

    outcome = change(script, ScheduleRenewal(next=wish))[2]

    assert isinstance(outcome, Rejected)
    assert "CSP411" == outcome.code
    assert [] == script.writes


def test_promotion_of_the_same_next_term_is_kept_and_its_end_date_is_not():
    """Only the seats change: a promotion that somebody set for the same term stays; an end date is as asked for."""
    was = {"product": {"productId": BASIC.product, "skuId": BASIC.sku, "termDuration": "P1Y", "billingCycle": "Monthly",
                       "promotionId": "39NFJQT1PFPJ:000H:39NFJQT1Q5DK"}, "quantity": 30, "customTermEndDate": "2027-12-31"}  # fmt: skip
    body = {**BODY, "scheduledNextTermInstructions": was}
    script = Script([("GET", "/transitionEligibilities", 404, None), ("GET", "/availabilities", 404, None),
                     ("PATCH", PLACE, 200, {}), ("GET", PLACE, 200, body)])  # fmt: skip
    change(script, ScheduleRenewal(next=NEXT), body=body)

    sent = script.writes[0].body["scheduledNextTermInstructions"]
    assert (17, "39NFJQT1PFPJ:000H:39NFJQT1Q5DK") == (sent["quantity"], sent["product"]["promotionId"])
    assert "customTermEndDate" not in sent


# ---- third-party knowledge ----


@pytest.mark.parametrize(
    ("renews", "actions", "reading"),
    [
        (True, None, "renew"),
        (True, [], "renew"),
        (True, [{"scheduleType": "TermEnd", "actionType": "RenewToNewTerm"}], "renew"),
        (True, [{"scheduledType": "term_end", "actionType": "renew_to_new_term"}], "renew"),
        (False, [{"scheduleType": "TermEnd", "actionType": "Cancel"}], "cancel"),
        (False, {"scheduleType": "termEnd", "actionType": "cancel"}, "cancel"),
        (False, [{"actionType": "RenewToExtendedServiceTerm"}], "extend"),
        (False, None, "unset"),
        (True, [{"scheduleType": "TermEnd", "actionType": "Cancel"}], "unset"),
        (False, [{"scheduleType": "TermEnd", "actionType": "RenewToNewTerm"}], "unset"),
        (False, [{"scheduleType": "CustomDate", "actionType": "Cancel"}], "unset"),
        (False, [{"actionType": "Cancel"}, {"actionType": "RenewToExtendedServiceTerm"}], "unset"),
        (False, [{"actionType": "SomethingNew"}], "unset"),
        (False, "text", "unset"),
    ],
)
def test_end_of_term_is_read_only_where_it_is_clear(renews, actions, reading):
    """Both spellings, one or many; whatever contradicts itself or is unknown decides nothing."""
    body = {**BODY, "autoRenewEnabled": renews, "scheduledActions": actions}

    assert reading == end_of_term.read(body)


def test_software_that_does_not_renew_ends():
    """Extended terms exist for licences only; software that is switched off is over, and is switched off by that alone."""
    body = {**BODY, "productType": {"id": "Software"}, "autoRenewEnabled": False}

    assert "cancel" == end_of_term.read(body)
    assert "scheduledActions" not in end_of_term.write({**body, "autoRenewEnabled": True}, "cancel")


def test_actions_for_other_days_are_kept():
    """What somebody scheduled for a day of its own is not ours to delete."""
    other = {"scheduleType": "CustomDate", "actionType": "Transition", "effectiveDate": "2027-01-01"}
    body = {**BODY, "scheduledActions": [other, {"scheduleType": "TermEnd", "actionType": "Cancel"}]}

    assert [other] == end_of_term.write(body, "renew")["scheduledActions"]
    assert other in end_of_term.write(body, "extend")["scheduledActions"]
    assert other in end_of_term.schedule(body, {"quantity": 1})["scheduledActions"]


# ---- values of the wire ----


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-11-22T14:02:00Z", NOW),
        ("2026-11-22T14:02:00", NOW),
        ("2026-11-22T14:02:00.0000009Z", NOW),
        ("2026-11-22T15:02:00+01:00", NOW),
        ("2026-11-22T14: 02: 00Z", NOW),
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        ("0001-01-01T00:00:00", datetime(1, 1, 1, tzinfo=UTC)),
        ("", None),
        ("soon", None),
        (None, None),
        (20261122, None),
    ],
)
def test_instants_as_they_are_printed(text, value):
    """Seven digits, no zone, an offset, blanks in between; what is none is none."""
    assert value == instant(text)


def test_terms_cycles_and_counts_as_they_are_printed():
    """Case and underscores differ between pages; counts may be text; what is none is none."""
    assert [Term.P1Y, None, None] == [term_of("p1y"), term_of("P5Y"), term_of(None)]
    cycles = [billing_of(name) for name in ("Monthly", "one_time", "OneTime", "triennial", "biennial", None)]
    assert [
        BillingCycle.MONTHLY,
        BillingCycle.ONE_TIME,
        BillingCycle.ONE_TIME,
        BillingCycle.TRIENNIAL,
        None,
        None,
    ] == cycles
    assert [3, 3, 3, None, None, None] == [whole(value) for value in (3, "3", "3.0", 3.5, True, "1e99")]


@pytest.mark.parametrize(
    ("fields", "ends"),
    [
        ({}, datetime(2027, 3, 1, tzinfo=UTC)),
        ({"commitmentEndDateTime": None}, datetime(2027, 3, 1, tzinfo=UTC)),
        ({"commitmentEndDateTime": "2027-03-01T00:00:00Z"}, datetime(2027, 3, 1, tzinfo=UTC)),
        ({"commitmentEndDateTime": None, "commitmentEndDate": "9999-12-31T00:00:00Z"}, None),
        ({"commitmentEndDateTime": None, "commitmentEndDate": None}, None),
        (
            {"offerId": "0CCA44D6-68E9-4762-94EE-31ECE98783B9", "commitmentEndDateTime": None},
            datetime(2027, 2, 28, tzinfo=UTC),
        ),
    ],
)
def test_terms_end_with_the_first_instant_after(fields, ends):
    """The exact instant where it is printed, else the day after the last day; older bodies print that day itself."""
    assert ends == parse_subscription({**BODY, **fields}, now=NOW).term_ends


@pytest.mark.parametrize(
    ("fields", "lots", "cancel_until", "source"),
    [
        ({}, [], None, "api"),
        ({"cancellationAllowedUntilDate": ...}, [], None, "assumed"),
        (
            {"cancellationAllowedUntilDate": "2026-11-29T23:59:00Z", "refundableQuantity": {"totalQuantity": 5, "details": [
                {"quantity": 5, "allowedUntilDateTime": "2026-11-29T14:02:00Z"}]}},
            [5], datetime(2026, 11, 29, 14, 2, tzinfo=UTC), "api",
        ),
        (
            {"cancellationAllowedUntilDate": "2027-02-28T23:59:00Z", "refundableQuantity": {"totalQuantity": 5, "details": [
                {"quantity": 5, "allowedUntilDateTime": "2026-11-29T14:02:00Z"}]}},
            [5], datetime(2027, 2, 28, 23, 59, tzinfo=UTC), "api",
        ),
        (
            {"refundableQuantity": {"totalQuantity": 6, "details": [
                {"quantity": 5, "allowedUntilDateTime": "2026-11-29T00:00:00Z"}, {"quantity": 4, "allowedUntilDateTime": "2026-11-25T00:00:00Z"}]}},
            [1, 5], None, "api",
        ),
        ({"refundableQuantity": {"totalQuantity": 0, "details": [{"quantity": 5, "allowedUntilDateTime": "2026-11-29T00:00:00Z"}]}}, [], None, "api"),
        ({"refundableQuantity": None, "status": "suspended"}, [], None, "api"),
    ],
)  # fmt: skip
def test_windows_as_the_subscription_tells_them(fields, lots, cancel_until, source):
    """Seats by window, never more than the total, the oldest first; to cancel, the earlier of two printed instants."""
    body = {key: value for key, value in {**BODY, **fields}.items() if value is not ...}
    policy = parse_subscription(body, now=NOW).policy

    assert (lots, cancel_until, source) == ([lot.seats for lot in policy.lots], cancel_until, policy.source)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"nextChargeInstructions": {"quantity": 1}}, "next charge"),
        ({"status": "pending"}, "provisioned"),
        ({"status": "odd"}, None),
    ],
)
def test_what_blocks_a_change_is_told(fields, told):
    """Pending changes and provisioning; an unknown state is no state, and is neither running nor blocked."""
    live = parse_subscription({**BODY, **fields}, now=NOW)

    assert told in live.policy.busy if told else None is live.policy.busy
    assert (live.status is Status.NONE) is (fields.get("status") == "odd")


# ---- rules of countries ----

RULES = CountryRules(
    country="BR", culture="pt-BR", cultures=("pt-BR",), languages=("pt",), states=(), state_required=False, city_required=True,
    postal_code_required=False, postal_code=r"^\d{5}-\d{3}$", phone=r"^\d{8,}$", takes_registration_number=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("phone", "number", "told"),
    [
        ("42555501", "12345", None),
        ("42555501", None, "registration number"),
        (None, "12345", "telephone"),
        ("call me", "12345", "no telephone number"),
    ],
)
def test_countries_that_ask_for_more(phone, number, told):
    """Some markets want a registration number and a telephone number; both are asked for before anything is sent."""
    profile = create_spec().profile
    assert profile.contact is not None
    there = replace(profile.address, country="BR", state=None, postal_code="01310-100")
    wish = replace(profile, address=there, contact=replace(profile.contact, phone=phone))

    found = breaches(RULES, wish, number)

    assert told in found if told else None is found


def test_patterns_of_another_dialect_are_theirs_to_apply():
    """A regular expression that Python cannot read refuses nobody."""
    profile = create_spec().profile

    assert None is breaches(replace(RULES, country="US", phone="(?<broken", postal_code="["), profile, None)


# ---- customers being created ----


def creation(*answers):
    return Script(
        [*answers, ("GET", "/US", 200, {"defaultCulture": "en-US"}), ("HEAD", "onmicrosoft.com", 404, None),
         ("POST", "/address", 200, {"status": "Verified"}), ("GET", "/subscriptions", 200, NONE), ("GET", "/agreements", 200, NONE),
         ("GET", "agreementstatus", 200, {}), ("GET", "/validationstatus", 404, None), ("GET", TENANT, 200, CUSTOMER),
         ("GET", "/customers", 200, {"items": [{**CUSTOMER, "companyProfile": {"domain": "muehlbach.onmicrosoft.com"}}]})]
    )  # fmt: skip


CREATE = operation(CreateCustomer(create=create_spec()), Guard(tenant=None))


def test_customer_that_shows_late_is_waited_for():
    """Created, not readable yet: looked at again, created once, the password already put away."""
    secrets = MemorySecrets()
    made = {"id": TENANT, "userCredentials": {"userName": "admin", "password": "p"}}
    script = creation(("POST", "/customers", 201, made), ("GET", TENANT, 404, None), ("GET", TENANT, 200, CUSTOMER))
    provider = over_script(script, secrets=secrets)

    first = provider.apply(CREATE, call(None))
    second = provider.apply(CREATE, call(None, checkpoint=first.checkpoint))

    assert (Pending, Applied) == (type(first), type(second))
    assert "p" == json.loads(secrets.values["first-password"])["password"]
    assert "p" not in first.checkpoint.split('"')
    assert NotDone(checkpoint=first.checkpoint) == provider.probe(CREATE, call(None, checkpoint=first.checkpoint))


def test_password_that_cannot_be_had_any_more_is_said():
    """The service no longer remembers the request: the customer exists, its first password is lost, and that is said."""
    secrets = MemorySecrets()
    script = creation(("POST", "/customers", 400, {"code": 800002, "description": "domain taken"}))
    provider = over_script(script, secrets=secrets)

    found = provider.probe(CREATE, call(None))
    outcome = provider.apply(CREATE, call(None, checkpoint=found.checkpoint))

    assert isinstance(outcome, Applied)
    assert "reset it" in outcome.receipt.remark
    assert "reset it" in secrets.values["first-password"]


def test_password_that_cannot_be_written_is_said():
    """The place was tried before and is gone now: created, and the receipt says what to do, without the password."""

    class Closing(MemorySecrets):
        def write(self, target, value):
            super().write(target, value)
            self.unwritable.add("first-password")

    made = {"id": TENANT, "userCredentials": {"userName": "admin", "password": "pw-4711"}}
    outcome = over_script(creation(("POST", "/customers", 201, made)), secrets=Closing()).apply(CREATE, call(None))

    assert isinstance(outcome, Applied)
    assert "could not be written" in outcome.receipt.remark
    assert "pw-4711" not in repr(outcome)


def test_answer_without_a_tenant_is_doubt():
    """201 that names nobody: something was created."""
    assert isinstance(over_script(creation(("POST", "/customers", 201, {}))).apply(CREATE, call(None)), Unknown)


def test_profile_probe_tells_done_not_done_and_neither():
    """As wished, as it was, or neither."""
    before, after = create_spec().profile, replace(create_spec().profile, company_name="New")
    wanted = operation(UpdateProfile(before=before, after=after), Guard(tenant=TENANT))

    def probed(name):
        contact, address = before.contact, before.address
        profile = {"companyName": name, "firstName": contact.first_name, "lastName": contact.last_name, "email": contact.email,
                   "defaultAddress": {"country": "US", "city": address.city, "state": "WA", "addressLine1": address.line1,
                                      "postalCode": address.postal_code, "phoneNumber": contact.phone}}  # fmt: skip
        script = creation(("GET", TENANT, 200, {**CUSTOMER, "billingProfile": profile}))
        return type(over_script(script).probe(wanted, call(TENANT)))

    assert [Applied, NotDone, Stale] == [probed(name) for name in ("New", before.company_name, "Other")]


# ---- who may ask ----


def test_domain_of_two_customers_is_nobody():
    """Two customers under one domain cannot be told apart."""
    twice = [{"id": str(number), "companyProfile": {"domain": "d.example"}} for number in (1, 2)]
    provider = over_script(Script([("GET", "/customers", 200, {"items": twice})]), mode="read")

    (found,) = provider.read([CustomerRef(key="k", tenant=None, domain="d.example")])

    assert isinstance(found, ReadFailure)
    assert "several" in found.message


def test_nobody_answers_the_first_question():
    """Without one answer there is no business time: try later, in words. A list that breaks off is the same."""
    script = Script([("GET", "/customers", 0, Lost("no connection", sent=False))])

    with pytest.raises(TryLater, match="does not answer"):
        over_script(script).now()
    with pytest.raises(TryLater, match="could not be read"):
        list(over_script(script).customers())


def test_refusal_is_an_answer_with_a_time():
    """Even a 403 is dated."""
    assert NOW == over_script(Script([("GET", "/customers", 403, None)])).now()


def test_retired_token_is_the_credentials_fault():
    """900420: a token for the retired directory API; nothing to be repeated."""
    with pytest.raises(NotAuthorised, match="900420"):
        over_script(Script([("GET", "/customers", 403, {"code": 900420})])).now()


def test_agreement_without_a_user_is_not_asked():
    """A probe without a user's sign-in asks nothing and claims nothing."""
    provider = over_script(Script([]), tokens=PlainTokens(user=False), auth=APP_ONLY)

    assert NotDone() == provider.probe(
        operation(AttestAgreement(agreement=AGREEMENT), Guard(tenant=TENANT)), call(TENANT)
    )


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        ({"error": "temporarily_unavailable", "error_description": "AADSTS90033: later"}, TryLater, "for now"),
        ({"error": "invalid_grant", "error_description": "AADSTS1: odd"}, NotAuthorised, "consent again"),
        ({"error": "interaction_required", "error_codes": [50076]}, NotAuthorised, "multi-factor"),
        ({"error": "unauthorized_client"}, NotAuthorised, "no reason"),
        ({}, TryLater, "neither a token nor a reason"),
        ({"error": "invalid_client", "error_codes": 7000215}, NotAuthorised, "no reason"),
    ],
)
def test_refusals_of_the_identity_service(answer, error, told):
    """Its numbers become advice; what it does not explain is said to be unexplained."""

    class Identity:
        def send(self, method, url, headers, content, *, slow=False):
            if url.endswith("openid-configuration"):
                base = "https://127.0.0.1/t/oauth2/v2.0"
                found = {
                    "token_endpoint": f"{base}/token",
                    "authorization_endpoint": f"{base}/authorize",
                    "issuer": base,
                }
                return Reply(status=200, headers={}, content=json.dumps(found).encode())
            return Reply(status=400, headers={}, content=json.dumps(answer).encode())

        def close(self):
            pass

    tokens = Tokens(parse_settings(settings_of()), MemorySecrets(), Identity(), lambda: 0.0)
    with pytest.raises(error, match=told):
        tokens.bearer("user")


def test_purchase_without_a_tenant_is_refused():
    """The customer does not exist yet: nothing is bought for nobody."""
    outcome = over_script(Script([])).apply(operation(purchase(), Guard(tenant=None)), call(None))

    assert isinstance(outcome, Rejected)
    assert "CSP410" == outcome.code
