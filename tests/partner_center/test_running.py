"""A running subscription over the simulator: suspended and resumed, given a longer term, another next term, a reseller."""

# a test that claims an outcome may look into it
# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from cspdecl.core.action import (
    ChangeTerm,
    ClearSchedule,
    Resume,
    ScheduleRenewal,
    SetEndOfTerm,
    SetReseller,
    SetSeats,
    Suspend,
)
from cspdecl.core.live import NextTerm, Status
from cspdecl.core.money import Money
from cspdecl.core.outcome import Applied, Deferred, NotDone, Pending, Rejected, Stale, Unknown
from cspdecl.core.terms import BillingCycle, Term
from tests.partner_center.shop import NOW, Shop
from tests.partner_center.support import BASIC, PREMIUM, Script, call, guard_of, operation, over_script

LONGER = ChangeTerm(
    seats=10, before_term=Term.P1Y, before_billing=BillingCycle.MONTHLY, term=Term.P3Y, billing=BillingCycle.ANNUAL
)


def next_term(**how):
    return NextTerm(**{"offer": BASIC, "seats": 8, "term": Term.P1Y, "billing": BillingCycle.MONTHLY, **how})


# ---- suspending ----


def test_suspended_and_resumed():
    """Suspending turns auto-renew off, resuming does not turn it on: both are read back, not assumed (contract §13.1)."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10)

    suspended = shop.change(own, Suspend())
    resumed = shop.change(own, Resume())

    assert (Status.SUSPENDED, "unset") == (suspended.subscription.status, suspended.subscription.end_of_term)
    assert (Status.ACTIVE, "unset") == (resumed.subscription.status, resumed.subscription.end_of_term)
    assert isinstance(shop.change(own, SetEndOfTerm(before="unset", after="renew")), Applied)


def test_suspending_what_was_cancelled_meanwhile_is_stale():
    """The guard's status is compared with a fresh reading; nothing is sent."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10)
    planned = shop.on(own, Suspend())
    shop.sim.edit_subscription(shop.tenant, own, status="deleted")

    outcome = shop.provider.apply(planned, shop.call())

    assert isinstance(outcome, Stale)
    assert 0 == shop.writes()


BODY = {
    "id": "4a16bb6b-0000-4000-8000-000000000001",
    "offerId": f"{BASIC}:CFQ7TTC0K4TS",
    "offerName": "Basic",
    "friendlyName": "m365",
    "productType": {"id": "OnlineServicesNCE"},
    "quantity": 10,
    "creationDate": "2026-03-01T00:00:00Z",
    "effectiveStartDate": "2026-03-01T00:00:00Z",
    "commitmentEndDate": "2027-02-28T00:00:00Z",
    "commitmentEndDateTime": "2027-02-28T23:59:59Z",
    "status": "active",
    "autoRenewEnabled": True,
    "billingType": "license",
    "billingCycle": "monthly",
    "termDuration": "P1Y",
}
TENANT = "9f2b6c1e-0000-4000-8000-000000000001"
PLACE = f"/subscriptions/{BODY['id']}"


def scripted(action, *bodies, before=None, status=200, extra=(), steps=1):
    """The action over answers written down: the body before, then each of `bodies`, the last one for ever."""
    from cspdecl_partner_center.subscriptions import parse_subscription

    before = before or BODY
    script = Script(
        [
            *extra,
            ("GET", PLACE, 200, before),
            *(("GET", PLACE, 200, body) for body in bodies),
            ("PATCH", PLACE, status, bodies[-1] if bodies else before),
        ]
    )
    provider = over_script(script)
    wanted = operation(action, guard_of(TENANT, parse_subscription(before, now=NOW)))
    outcome = provider.apply(wanted, call(TENANT))
    for _ in range(steps - 1):
        if isinstance(outcome, Pending):
            outcome = provider.apply(wanted, call(TENANT, checkpoint=outcome.checkpoint))
    return script, outcome


def test_what_microsoft_suspended_is_not_resumed_from_here():
    """Its reasons name Microsoft: refused with them, and nothing is sent (contract §13.1, 2026-06)."""
    script, outcome = scripted(
        Resume(), before={**BODY, "status": "suspended", "suspensionReasons": ["MicrosoftFraudReview"]}
    )

    assert ("CSP422", True) == (outcome.code, "MicrosoftFraudReview" in outcome.message)
    assert [] == script.writes


def test_what_we_suspended_ourselves_is_resumed():
    """A reason that does not name Microsoft is no obstacle."""
    suspended = {**BODY, "status": "suspended", "autoRenewEnabled": False, "suspensionReasons": ["partner"]}
    script, outcome = scripted(Resume(), {**suspended, "status": "active"}, before=suspended)

    assert isinstance(outcome, Applied)
    assert {**suspended, "status": "active"} == script.writes[0].body


def test_suspension_that_takes_its_time_is_polled():
    """202 says nothing of success: it is looked at again until it shows."""
    _script, outcome = scripted(Suspend(), BODY, BODY, {**BODY, "status": "suspended"}, status=202, steps=5)

    assert isinstance(outcome, Applied)
    assert Status.SUSPENDED is outcome.subscription.status


# ---- a longer term ----


def test_longer_term_begins_at_once():
    """Term and plan in one change; the new term's dates are what was read back (contract §13.1, §13.5)."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10, start="2026-03-01T00:00:00Z")

    outcome = shop.change(own, LONGER)

    live = outcome.subscription
    assert (own, Term.P3Y, BillingCycle.ANNUAL, 10) == (live.id, live.term, live.billing, live.seats)
    assert date(2029, 11, 22) == live.term_ends.date()
    assert None is outcome.receipt.remark


def test_price_of_a_longer_term_cannot_be_compared_and_that_is_said():
    """An approved price is not passed over in silence."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10)
    priced = ChangeTerm(
        seats=10, before_term=Term.P1Y, before_billing=BillingCycle.MONTHLY, term=Term.P3Y,
        billing=BillingCycle.ANNUAL, unit_price=Money.of("72.00", "USD"),
    )  # fmt: skip

    outcome = shop.change(own, priced)

    assert "72.00 USD a seat that was approved could not be compared" in outcome.receipt.remark


def test_longer_term_waits_for_what_is_scheduled_to_be_taken_back():
    """None may be pending: stale, and nothing is sent; after taking it back it goes (contract §13.1)."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10)
    assert isinstance(shop.change(own, ScheduleRenewal(next=next_term())), Applied)
    sent = shop.writes()

    outcome = shop.change(own, LONGER)

    assert "has to be taken back first" in outcome.seen
    assert sent == shop.writes()
    assert isinstance(shop.change(own, ClearSchedule(was=next_term())), Applied)
    assert isinstance(shop.change(own, LONGER), Applied)


def test_longer_term_that_is_not_sold_is_refused_before_it_is_sent():
    """The catalogue has no such term any more: refused, nothing is sent."""
    shop = Shop()
    shop.sim.seed_sku(str(BASIC), plans={"P1Y": ["monthly", "annual"]})
    own = shop.seed(BASIC, seats=10)

    outcome = shop.change(own, LONGER)

    assert ("CSP411", 0) == (outcome.code, shop.writes())


def test_longer_term_of_a_trial_and_of_other_seats_is_stale():
    """What the action was planned on is compared although the guard does not say it."""
    shop = Shop()
    own = shop.seed(BASIC, seats=9)

    assert "9 seats, P1Y monthly now, where 10 seats, P1Y monthly" in shop.change(own, LONGER).seen
    _, outcome = scripted(LONGER, before={**BODY, "isTrial": True})
    assert "trial" in outcome.seen


def test_shorter_term_is_refused_with_a_sentence():
    """The service says no by a code of its own; the plan never asks for it."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10)
    shorter = ChangeTerm(
        seats=10, before_term=Term.P1Y, before_billing=BillingCycle.MONTHLY, term=Term.P1M, billing=BillingCycle.MONTHLY
    )

    outcome = shop.change(own, shorter)

    assert isinstance(outcome, Rejected)
    assert "800122" in outcome.message


# ---- the next term ----


@pytest.mark.parametrize(
    "wish",
    [
        next_term(seats=12),
        next_term(offer=PREMIUM, seats=10),
        next_term(term=Term.P3Y, billing=BillingCycle.ANNUAL, seats=10),
        next_term(seats=10, ends=date(2027, 12, 31)),
    ],
    ids=["seats", "offer", "term and plan", "end date"],
)
def test_next_term_is_written_and_read_back(wish):
    """Seats, offer, term, plan and end date of the next term come back as sent, and nothing changes before it."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10, start="2026-03-01T00:00:00Z")

    outcome = shop.change(own, ScheduleRenewal(next=wish))

    assert isinstance(outcome, Applied)
    assert wish == outcome.subscription.scheduled
    assert (BASIC, 10, Term.P1Y) == (outcome.subscription.offer, outcome.subscription.seats, outcome.subscription.term)


def test_next_term_comes_true():
    """What was scheduled is what the renewal brings, end date included."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10, start="2026-03-01T00:00:00Z")
    shop.change(own, ScheduleRenewal(next=next_term(seats=7, ends=date(2027, 12, 31))))

    shop.sim.advance(datetime(2027, 3, 2, tzinfo=NOW.tzinfo) - NOW)
    live = shop.live(own)

    assert (7, date(2027, 12, 31)) == (live.seats, (live.term_ends - timedelta(days=1)).date())


def test_availability_of_what_is_no_longer_sold_comes_from_the_eligibilities():
    """The catalogue lists none; what Microsoft says the subscription may go to names one (contract §13.4)."""
    asked = ("GET", "/transitionEligibilities", 200, {"items": [{"catalogItemId": f"{BASIC}:CFQ7TTC0ABCD"}]})
    wish = next_term()
    after = {**BODY, "scheduledNextTermInstructions": {
        "product": {"productId": BASIC.product, "skuId": BASIC.sku, "termDuration": "P1Y", "billingCycle": "monthly"},
        "quantity": 8}}  # fmt: skip
    script, outcome = scripted(ScheduleRenewal(next=wish), after, extra=(asked,))

    assert isinstance(outcome, Applied)
    assert "CFQ7TTC0ABCD" == script.writes[0].body["scheduledNextTermInstructions"]["product"]["availabilityId"]


def scheduled_body(promotion=None):
    product = {"productId": BASIC.product, "skuId": BASIC.sku, "termDuration": "P1Y", "billingCycle": "monthly"}
    product |= {} if promotion is None else {"promotionId": promotion}
    return {**BODY, "scheduledNextTermInstructions": {"product": product, "quantity": 8}}


ASKED = ("GET", "/transitionEligibilities", 200, {"items": [{"catalogItemId": f"{BASIC}:CFQ7TTC0ABCD"}]})


@pytest.mark.parametrize(
    ("echo", "remark"),
    [
        ("39NFJQT1PFPJ:000H:39NFJQT1Q5DK", None),
        (None, "promotion 39NFJQT1PFPJ:000H:39NFJQT1Q5DK did not come back: the next term is at the list price"),
        ("39NFJQT1PXXX:000H:39NFJQT1Q5DK", "promotion 39NFJQT1PXXX:000H:39NFJQT1Q5DK stands for the next term"),
    ],
    ids=["as sent", "absent", "another"],
)
def test_promotion_of_the_next_term_is_asked_for_and_its_echo_is_told(echo, remark):
    """No promotion in the answer means the list price: done, but said, and not written again for ever (§13.4)."""
    wish = next_term(promotion="39NFJQT1PFPJ:000H:39NFJQT1Q5DK")
    script, outcome = scripted(ScheduleRenewal(next=wish), scheduled_body(echo), extra=(ASKED,))

    sent = script.writes[0].body["scheduledNextTermInstructions"]
    assert wish.promotion == sent["product"]["promotionId"]
    assert isinstance(outcome, Applied)
    assert (remark is None) is (outcome.receipt.remark is None)
    assert (remark or "") in (outcome.receipt.remark or "")


def test_promotion_that_applies_by_itself_is_no_difference():
    """Nobody asked for one; one came back: better so, and done."""
    script, outcome = scripted(
        ScheduleRenewal(next=next_term()), scheduled_body("39NFJQT1PFPJ:000H:39NFJQT1Q5DK"), extra=(ASKED,)
    )

    assert isinstance(outcome, Applied)
    assert "promotionId" not in script.writes[0].body["scheduledNextTermInstructions"]["product"]


def test_end_date_that_does_not_come_back_is_a_persons():
    """The answer leaves it out: a person is told what to set, and by when."""
    _script, outcome = scripted(
        ScheduleRenewal(next=next_term(ends=date(2027, 12, 31))), scheduled_body(), extra=(ASKED,), steps=9
    )

    assert isinstance(outcome, Deferred)
    assert "before 2027-03-01T00:00:00Z" in outcome.message


def test_schedule_that_speaks_of_the_last_day_is_read_as_the_end_of_the_term():
    """CustomDate on the term's last day, or the day after, is the same as TermEnd; another day is something else."""
    from cspdecl_partner_center.subscriptions import parse_subscription

    def end(day):
        action = {"scheduleType": "CustomDate", "effectiveDate": day, "actionType": "Cancel"}
        body = {**BODY, "autoRenewEnabled": False, "scheduledActions": [action]}
        return parse_subscription(body, now=NOW).end_of_term

    assert ["cancel", "cancel", "unset"] == [end("2027-02-28T00:00:00Z"), end("2027-03-01"), end("2027-02-01")]


# ---- the reseller ----


def test_reseller_on_record_is_changed():
    """The PartnerID is written and read back."""
    shop = Shop(model="provider")
    shop.sim.seed_reseller("484e548c-f5f3-4528-93a9-c16c6373cb59", "4847383")
    own = shop.seed(BASIC, seats=10)

    outcome = shop.change(own, SetReseller(before=None, after="4847383"))

    assert "4847383" == outcome.subscription.reseller


def test_reseller_somebody_else_put_on_record_is_stale():
    """Neither the one planned on nor the one wanted: nothing is sent."""
    script, outcome = scripted(SetReseller(before="111", after="222"), before={**BODY, "partnerId": "333"})

    assert "reseller 333 is on record now, 111 was planned on" == outcome.seen
    assert [] == script.writes


def test_reseller_that_cannot_be_changed_is_refused_with_a_sentence():
    """800098 becomes a sentence."""
    script = Script([("GET", PLACE, 200, BODY), ("PATCH", PLACE, 400, {"code": 800098, "description": "no"})])
    from cspdecl_partner_center.subscriptions import parse_subscription

    wanted = operation(SetReseller(before=None, after="222"), guard_of(TENANT, parse_subscription(BODY, now=NOW)))

    outcome = over_script(script).apply(wanted, call(TENANT))

    assert isinstance(outcome, Rejected)
    assert "The partner of record of this subscription cannot be changed" in outcome.message


# ---- answers that get lost ----


@pytest.mark.parametrize(
    "action", [Suspend(), LONGER, ScheduleRenewal(next=next_term(seats=12))], ids=lambda one: one.kind
)
def test_lost_answer_is_settled_by_a_probe(action):
    """The change happened and its answer was lost: unknown, and the probe finds it; nothing is sent twice."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10, start="2026-03-01T00:00:00Z")
    wanted = shop.on(own, action)
    shop.sim.fault("lost-response", path="/v1/customers/*/subscriptions/*", method="PATCH")

    outcome = shop.provider.apply(wanted, shop.call())
    probed = shop.provider.probe(wanted, shop.call())

    assert isinstance(outcome, Unknown)
    assert isinstance(probed, Applied)
    assert probed.receipt.inferred
    assert 1 == shop.writes()


def test_change_that_never_arrived_is_found_not_done():
    """Nothing is as wanted and all is as the guard says: sending again is safe."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10)

    assert NotDone() == shop.provider.probe(shop.on(own, Suspend()), shop.call())
    shop.sim.edit_subscription(shop.tenant, own, quantity=11)
    planned = shop.on(own, LONGER)
    shop.change(own, SetSeats(before=11, after=12))
    assert isinstance(shop.provider.probe(planned, shop.call()), Stale)
