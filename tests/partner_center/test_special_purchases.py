"""Purchases beyond a plain licence: trials, common end dates, promotions, resellers, software, perpetual, Azure plans."""

# a test that claims an outcome may look into it
# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from cspdecl.core.action import BuyAzurePlan, Cancel
from cspdecl.core.catalog import OfferKey
from cspdecl.core.live import NextTerm, Status
from cspdecl.core.operation import Guard
from cspdecl.core.outcome import Applied, NotDone, Pending, Rejected, Stale, Unknown
from cspdecl.core.terms import BillingCycle, Term
from tests.partner_center.shop import NOW, Shop
from tests.partner_center.support import BASIC, PREMIUM, call, operation, purchase

TRIAL = OfferKey.parse("CFQ7TTC0LCHC:TRL1")
SOFTWARE = OfferKey.parse("DG7GMGF0DVSV:000P")
PERPETUAL = OfferKey.parse("DG7GMGF0D7FX:0002")
PROMOTION = "39NFJQT1PM6C:0005:39NFJQT1Q5L7"
RESELLER = "4847383"


# ---- trials ----


def trial():
    bought = purchase(offer=TRIAL, seats=25, term=Term.P1M, billing=BillingCycle.NONE)
    return replace(bought, trial=True, renews_to=Term.P1Y)


def test_trial_shows_what_it_will_become():
    """Bought with what it renews to; its conversion is read as what is scheduled (contract §13.2)."""
    shop = Shop()

    live = shop.do(trial()).subscription

    assert (True, 25, Term.P1M, BillingCycle.NONE) == (live.trial, live.seats, live.term, live.billing)
    assert NextTerm(offer=PREMIUM, seats=25, term=Term.P1Y, billing=BillingCycle.MONTHLY) == live.scheduled
    assert live.policy.can_schedule


def test_trial_is_bought_beside_the_paid_offer_and_not_beside_another_trial():
    """Only another trial of the offer is a surprise."""
    shop = Shop()
    shop.seed(PREMIUM, seats=3)
    first = shop.do(trial())

    assert isinstance(first, Applied)
    shop.provider = shop.connect()
    assert isinstance(shop.do(replace(trial(), nickname="second")), Stale)


# ---- common end dates ----


def test_first_term_ends_on_the_day_that_was_asked_for():
    """The last day goes into the cart, is compared there, and is what the subscription ends with (contract §13.6)."""
    shop = Shop()

    outcome = shop.do(replace(purchase(), custom_end=date(2027, 10, 31)))

    live = outcome.subscription
    assert date(2027, 10, 31) == (live.term_ends - timedelta(days=1)).date()
    assert date(2027, 10, 31) == live.custom_end


def test_end_date_that_is_not_allowed_is_refused_on_the_line():
    """In the middle of a month, with nothing that ends there: the cart's line says so; nothing is checked out."""
    shop = Shop()

    outcome = shop.do(replace(purchase(), custom_end=date(2027, 10, 13)))

    assert ("10017", 0) == (outcome.code, shop.writes("/checkout"))


# ---- promotions ----


def promoted(**how):
    shop = Shop()
    shop.sim.seed_promotion(PROMOTION, str(BASIC), discount="0.15", **how)
    return shop


def test_expected_promotion_stands_on_the_line_and_lowers_the_price():
    """The cart carries it, at the approved price; so does the subscription."""
    shop = promoted()
    shop.sim.seed_price(str(BASIC), "P1Y", "monthly", "72.00", currency="USD")

    outcome = shop.do(replace(purchase(price="5.10"), promotion=PROMOTION))

    assert isinstance(outcome, Applied)
    assert (PROMOTION, None) == (outcome.subscription.promotion, outcome.receipt.remark)


def test_promotion_that_is_missed_buys_nothing():
    """Too many seats for it: the cart would sell at the list price without a word; nothing is checked out (§22.25)."""
    shop = promoted(max_seats=5)

    outcome = shop.do(replace(purchase(seats=6), promotion=PROMOTION))

    assert isinstance(outcome, Stale | Rejected)
    assert 0 == shop.writes("/checkout")


def test_promotion_nobody_expected_is_no_obstacle():
    """It came by itself and costs less than approved."""
    shop = promoted()

    outcome = shop.do(purchase())

    assert isinstance(outcome, Applied)
    assert PROMOTION == outcome.subscription.promotion


# ---- resellers ----


def indirect():
    shop = Shop(model="provider")
    shop.sim.seed_reseller("484e548c-f5f3-4528-93a9-c16c6373cb59", RESELLER)
    shop.sim.seed_reseller("b01b1487-b36e-4e6d-9b5e-0b58974c4b28", "4847433", name="second")
    return shop


def test_reseller_is_put_on_record_and_read_back():
    """Named in the cart with the attestation; the subscription has it."""
    shop = indirect()

    outcome = shop.do(replace(purchase(), reseller=RESELLER, reseller_attested=True))

    assert (RESELLER, None) == (outcome.subscription.reseller, outcome.receipt.remark)


def test_additional_resellers_go_along():
    """Up to five more, each under a key of its own."""
    shop = indirect()
    action = replace(purchase(), reseller=RESELLER, additional_resellers=("4847433",), reseller_attested=True)

    outcome = shop.do(action)

    assert isinstance(outcome, Applied)
    assert None is outcome.receipt.remark


def test_reseller_without_attestation_is_refused_with_a_sentence():
    """900206: the provider's word that the reseller stands behind the order is missing."""
    shop = indirect()

    outcome = shop.do(replace(purchase(), reseller=RESELLER))

    assert isinstance(outcome, Rejected)
    assert "900206" in outcome.message


def test_reseller_that_is_unknown_is_refused():
    """A PartnerID that is none of ours."""
    shop = indirect()

    outcome = shop.do(replace(purchase(), reseller="999", reseller_attested=True))

    assert isinstance(outcome, Rejected)
    assert 0 == shop.writes("/checkout")


# ---- software and perpetual licences ----


def software():
    bought = purchase(offer=SOFTWARE, seats=2, term=Term.P3Y, billing=BillingCycle.ANNUAL)
    return replace(bought, product="software")


def owned(seats=4):
    bought = purchase(offer=PERPETUAL, seats=seats, term=Term.ONCE, billing=BillingCycle.ONE_TIME)
    return replace(bought, product="perpetual")


def test_software_is_bought_as_a_subscription_and_cancelled_by_its_order():
    """A subscription of its kind; its order's line is cancelled, which ends the subscription (contract §11)."""
    shop = Shop()
    live = shop.do(software()).subscription

    outcome = shop.change(live.id, Cancel(seats=2, product="software", order_id=live.order_id))

    assert ("software", Term.P3Y, True) == (live.product, live.term, live.policy.can_schedule)
    assert isinstance(outcome, Applied)
    assert not outcome.subscription.status.running
    assert (1, live.order_id) == (shop.writes(f"/orders/{live.order_id}"), outcome.receipt.order_id)


def test_perpetual_licence_is_bought_read_and_cancelled():
    """No term, no subscription: order and line are its id, thirty days its window, and the order its way out."""
    shop = Shop()

    live = shop.do(owned()).subscription

    assert (f"{live.order_id}:0", "perpetual", Term.ONCE, BillingCycle.ONE_TIME, 4) == (
        live.id, live.product, live.term, live.billing, live.seats,
    )  # fmt: skip
    assert (Status.ACTIVE, NOW + timedelta(days=30), None) == (live.status, live.policy.cancel_until, live.term_ends)
    assert [live] == [item for item in shop.customer("licences").subscriptions if item.product == "perpetual"]
    guard = Guard(tenant=shop.tenant, subscription=live.id, offer=PERPETUAL, seats=4, status=Status.ACTIVE)
    cancel = operation(Cancel(seats=4, product="perpetual", order_id=live.order_id), guard)
    assert NotDone() == shop.provider.probe(cancel, shop.call())

    outcome = shop.provider.apply(cancel, shop.call())

    assert isinstance(outcome, Applied)
    assert (Status.DELETED, 0) == (outcome.subscription.status, outcome.subscription.seats)
    assert isinstance(shop.provider.probe(cancel, shop.call()), Applied)
    assert isinstance(shop.provider.apply(cancel, shop.call()), Stale)


def test_licences_are_read_where_they_are_wanted_only():
    """Each reading costs a request; whoever owns none is read with none."""
    shop = Shop()
    shop.do(owned())

    assert [] == [item for item in shop.customer().subscriptions if item.product == "perpetual"]
    assert frozenset() == shop.customer().wanted
    assert frozenset({"licences"}) == shop.customer("licences").wanted


def test_licence_is_read_again_by_its_id():
    """As subscriptions are, before a decision."""
    shop = Shop()
    live = shop.do(owned()).subscription

    found = shop.provider.read_subscriptions(shop.tenant, [live.id, "gone:0"])

    assert [live] == list(found.subscriptions)


def test_licence_that_cannot_be_cancelled_any_more_is_refused():
    """After thirty days the service says no, and that is told."""
    shop = Shop()
    live = shop.do(owned()).subscription
    shop.sim.advance(timedelta(days=31))
    guard = Guard(tenant=shop.tenant, subscription=live.id)

    outcome = shop.provider.apply(operation(Cancel(seats=4, product="perpetual"), guard), shop.call())

    assert isinstance(outcome, Rejected)
    assert (
        None is next(item for item in shop.customer("licences").subscriptions if item.id == live.id).policy.cancel_until
    )


def test_licence_somebody_else_bought_meanwhile_stops_ours():
    """Read afresh from the orders: another licence than those planned on, and nothing is bought."""
    shop = Shop()
    known = shop.do(owned()).subscription
    shop.provider = shop.connect()

    assert isinstance(shop.do(owned()), Stale)
    assert isinstance(shop.do(owned(), known.id), Applied)


def test_lost_answer_of_a_licences_cancellation_is_probed():
    """It happened; the order says so."""
    shop = Shop()
    live = shop.do(owned()).subscription
    cancel = operation(Cancel(seats=4, product="perpetual"), Guard(tenant=shop.tenant, subscription=live.id))
    shop.sim.fault("lost-response", path="/v1/customers/*/orders/*", method="PATCH")

    assert isinstance(shop.provider.apply(cancel, shop.call()), Unknown)
    assert isinstance(shop.provider.probe(cancel, shop.call()), Applied)


# ---- Azure plans ----


def test_azure_plan_is_bought_once():
    """One piece, no term; a second one is no surprise to nobody: it is stale (contract §15)."""
    shop = Shop()
    plan = BuyAzurePlan(nickname="azure #a1b2c3", country="US")

    outcome = shop.do(plan)

    live = outcome.subscription
    assert ("azure_plan", None, None, 1) == (live.product, live.term, live.term_ends, live.seats)
    shop.provider = shop.connect()
    assert isinstance(shop.do(plan), Stale)
    assert 1 == shop.writes("/checkout")


def test_azure_plan_is_ended_by_suspending_it():
    """It cannot be deleted; suspended is what it is afterwards, and a second look finds it so."""
    shop = Shop()
    live = shop.do(BuyAzurePlan(nickname="azure #a1b2c3", country="US")).subscription
    wanted = shop.on(live.id, Cancel(seats=1, product="azure_plan"))

    outcome = shop.provider.apply(wanted, shop.call())

    assert Status.SUSPENDED is outcome.subscription.status
    assert isinstance(shop.provider.probe(wanted, shop.call()), Applied)


def test_lost_checkout_of_an_azure_plan_is_found():
    """The order carries our name, as those of licences do."""
    shop = Shop()
    wanted = shop.op(BuyAzurePlan(nickname="azure #a1b2c3", country="US"))
    first = shop.provider.apply(wanted, shop.call())
    shop.sim.fault("lost-response", path="*/checkout", method="POST")

    assert NotDone() == shop.provider.probe(wanted, shop.call())
    assert isinstance(shop.provider.apply(wanted, shop.call(first.checkpoint)), Unknown)
    probed = shop.provider.probe(wanted, shop.call(first.checkpoint))
    if isinstance(probed, Pending):
        probed = shop.provider.probe(wanted, call(shop.tenant, checkpoint=probed.checkpoint))
    assert isinstance(probed, Applied)


@pytest.mark.parametrize("action", [trial(), software(), owned()], ids=["trial", "software", "perpetual"])
def test_lost_checkout_is_found(action):
    """Whatever was bought: the checkout's answer is lost, the probe finds it, nothing is bought twice."""
    shop = Shop()
    wanted = shop.op(action)
    first = shop.provider.apply(wanted, shop.call())
    shop.sim.fault("lost-response", path="*/checkout", method="POST")
    lost = shop.provider.apply(wanted, shop.call(first.checkpoint))

    found = shop.provider.probe(wanted, shop.call(first.checkpoint))

    assert isinstance(lost, Unknown)
    assert isinstance(found, Applied)
    assert action.offer == found.subscription.offer
    assert 1 == shop.writes("/checkout")
