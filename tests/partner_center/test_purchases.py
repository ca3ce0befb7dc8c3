"""Buying over the simulator: one cart, its price compared, one checkout, one subscription, whatever goes wrong between."""

# a test that claims an outcome may look into it
# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from cspdecl.core.live import CustomerRef
from cspdecl.core.operation import Guard
from cspdecl.core.outcome import Applied, Deferred, NotDone, Pending, Rejected, Stale, Throttled, Unknown
from cspdecl.core.terms import BillingCycle, Term
from cspdecl_simulator import Simulator
from tests.partner_center.support import APP_ONLY, BASIC, PREMIUM, call, carry_out, operation, over_simulator, purchase

NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)


class World:
    """One customer at a simulator whose two clocks stand still."""

    def __init__(self, **settings):
        self.machine = NOW
        self.sim = Simulator(seed=7, machine=lambda: self.machine)
        self.sim.freeze(NOW)
        if settings:
            self.sim.configure(**settings)
        self.tenant = self.sim.seed_customer(company="Hafenkontor")
        self.provider = self.connect()

    def connect(self, **changes):
        return over_simulator(self.sim, now=lambda: self.machine, **changes)

    def buy(self, action, provider=None, siblings=()):
        return carry_out(provider or self.provider, self.op(action, siblings), call(self.tenant))

    def op(self, action, siblings=()):
        return operation(action, Guard(tenant=self.tenant, siblings=siblings))

    def running(self):
        (found,) = self.provider.read([CustomerRef(key="k", tenant=self.tenant, domain=None)])
        return [item for item in found.subscriptions if item.status.running]

    def count(self, ending):
        return sum(entry["path"].endswith(ending) for entry in self.sim.requests(writes=True))


def test_purchase_becomes_a_subscription_with_our_name():
    """Three seats, a year, billed monthly: bought once, read back, found again by its nickname and its order."""
    world = World()
    action = purchase(seats=3)

    outcome = world.buy(action)

    assert isinstance(outcome, Applied)
    live = outcome.subscription
    assert (BASIC, 3, "m365 #a1b2c3", "renew") == (live.offer, live.seats, live.nickname, live.end_of_term)
    assert (Term.P1Y, BillingCycle.MONTHLY) == (live.term, live.billing)
    assert live.order_id == outcome.receipt.order_id
    assert [live] == world.running()
    assert (1, 1) == (world.count("/carts"), world.count("/checkout"))


def test_cart_is_journaled_before_it_is_checked_out():
    """The first step buys nothing and hands out the cart's id; only the second checks out."""
    world = World()
    wanted = world.op(purchase())

    first = world.provider.apply(wanted, call(world.tenant))

    assert isinstance(first, Pending)
    assert json.loads(first.checkpoint)["cart"]
    assert 0 == world.count("/checkout")
    second = world.provider.apply(wanted, call(world.tenant, checkpoint=first.checkpoint))
    assert isinstance(second, Pending)
    assert json.loads(second.checkpoint)["order"]
    assert 1 == world.count("/checkout")


def test_approved_price_is_compared_before_checkout():
    """At the approved price it is bought; a dearer cart is stale, one in another currency refused; none is checked out."""
    world = World()
    unit = "6.00"
    world.sim.seed_price(str(BASIC), "P1Y", "monthly", "72.00", currency="USD")

    assert isinstance(world.buy(purchase(price="5.00")), Stale)
    assert isinstance(world.buy(purchase(price="5.98")), Stale)
    assert 0 == world.count("/checkout")
    assert isinstance(world.buy(purchase(price=unit)), Applied)


def test_purchase_somebody_else_made_meanwhile_stops_ours():
    """Another running subscription of the offer than those planned on: nothing is bought, and it is named."""
    world = World()
    known = world.sim.seed_subscription(world.tenant, str(BASIC), seats=2)
    world.sim.seed_subscription(world.tenant, str(BASIC), seats=4, name="from the portal")

    outcome = world.buy(purchase(), siblings=(known,))

    assert isinstance(outcome, Stale)
    assert "`from the portal` (4 seats" in outcome.seen
    assert 0 == world.count("/carts")


def test_two_purchases_of_one_offer_in_one_run():
    """What we bought a moment ago ourselves is no surprise."""
    world = World()

    first, second = world.buy(purchase(nickname="a")), world.buy(purchase(nickname="b"))

    assert isinstance(first, Applied)
    assert isinstance(second, Applied)
    assert {"a", "b"} == {item.nickname for item in world.running()}


def test_purchases_of_another_process_that_the_plan_reckons_with():
    """After a crash the first of two planned purchases is a stranger's by id, but reckoned with; a third one is not."""
    world = World()
    world.buy(purchase(nickname="a"))
    second = operation(purchase(nickname="b"), Guard(tenant=world.tenant, earlier_purchases=1))

    assert isinstance(carry_out(world.connect(), second, call(world.tenant)), Applied)
    assert isinstance(carry_out(world.connect(), second, call(world.tenant)), Stale)


def test_subscription_that_provisions_slowly_is_waited_for():
    """Ordered, not provisioned: pending, again and again, until it is active; never a second order."""
    world = World(provisioning_seconds=120)
    wanted, given = world.op(purchase()), call(world.tenant)

    pending = carry_out(world.provider, wanted, given, steps=5)
    world.machine += timedelta(seconds=121)
    done = world.provider.apply(wanted, call(world.tenant, checkpoint=pending.checkpoint))

    assert isinstance(pending, Pending)
    assert pending.resume_in_ms >= 1000
    assert isinstance(done, Applied)
    assert 1 == world.count("/checkout")


def test_order_that_shows_late_is_waited_for_and_then_doubted():
    """An order may be invisible for 15 minutes; before that its absence proves nothing, after that it is unknown."""
    world = World(visibility_seconds=600)
    wanted = world.op(purchase())

    pending = carry_out(world.provider, wanted, call(world.tenant), steps=3)
    assert isinstance(pending, Pending)
    world.machine += timedelta(minutes=11)
    assert isinstance(carry_out(world.provider, wanted, call(world.tenant, checkpoint=pending.checkpoint)), Applied)

    world = World(visibility_seconds=7200)
    pending = carry_out(world.provider, world.op(purchase()), call(world.tenant), steps=3)
    world.machine += timedelta(minutes=16)
    late = world.provider.apply(world.op(purchase()), call(world.tenant, checkpoint=pending.checkpoint))
    assert isinstance(late, Unknown)
    assert "15 minutes" in late.cause


def test_answer_lost_after_checkout_is_settled_by_reading():
    """Bought, and the answer never came: unknown; the probe finds our order and nothing is bought twice."""
    world = World()
    wanted = world.op(purchase())
    cart = world.provider.apply(wanted, call(world.tenant))
    world.sim.fault("lost-response", path="*/checkout", method="POST")

    lost = world.provider.apply(wanted, call(world.tenant, checkpoint=cart.checkpoint))
    found = world.provider.probe(wanted, call(world.tenant, checkpoint=cart.checkpoint))
    done = (
        found
        if isinstance(found, Applied)
        else carry_out(world.provider, wanted, call(world.tenant, checkpoint=found.checkpoint))
    )

    assert isinstance(lost, Unknown)
    assert isinstance(done, Applied)
    assert 1 == len(world.running()) == world.count("/checkout")


def test_checkout_that_never_arrived_is_not_done():
    """A 503 before any work: unknown to us, but the cart is still active, so sending it again is safe."""
    world = World()
    wanted = world.op(purchase())
    cart = world.provider.apply(wanted, call(world.tenant))
    world.sim.fault("error-503", path="*/checkout", method="POST")

    lost = world.provider.apply(wanted, call(world.tenant, checkpoint=cart.checkpoint))
    found = world.provider.probe(wanted, call(world.tenant, checkpoint=cart.checkpoint))

    assert isinstance(lost, Unknown)
    assert NotDone(checkpoint=cart.checkpoint) == found
    assert isinstance(carry_out(world.provider, wanted, call(world.tenant, checkpoint=found.checkpoint)), Applied)
    assert 1 == len(world.running())


def test_lost_cart_buys_nothing():
    """A cart whose answer was lost holds nothing and binds nobody: without its id, nothing was bought."""
    world = World()
    wanted = world.op(purchase())
    world.sim.fault("lost-response", path="*/carts", method="POST")

    lost = world.provider.apply(wanted, call(world.tenant))

    assert isinstance(lost, Unknown)
    assert NotDone() == world.provider.probe(wanted, call(world.tenant))
    assert isinstance(world.buy(purchase()), Applied)
    assert 1 == len(world.running())


def test_probe_never_takes_a_stranger_for_ours():
    """After doubt, a subscription of the same offer and size under another name is not our purchase."""
    world = World()
    wanted = world.op(purchase(seats=3))
    cart = world.provider.apply(wanted, call(world.tenant))
    world.sim.seed_subscription(world.tenant, str(BASIC), seats=3, name="from the portal")
    submitted = json.dumps({**json.loads(cart.checkpoint), "step": "submitted"})

    found = world.provider.probe(wanted, call(world.tenant, checkpoint=submitted))

    assert isinstance(found, Pending)
    assert "not visible" in found.note


def test_failed_order_group_under_201_is_a_refusal():
    """A checkout that answers 201 with an order error bought nothing."""
    world = World()
    world.sim.fault("order-error", path="*/checkout")

    outcome = world.buy(purchase())

    assert isinstance(outcome, Rejected)
    assert [] == world.running()


def test_seat_limit_on_the_cart_line_names_what_is_left():
    """301 seats of an offer that has 300 for all partners together: refused on the line, with the number left."""
    world = World()
    world.sim.edit_customer(world.tenant, other_seats={str(BASIC): 290})

    outcome = world.buy(purchase(seats=11))

    assert isinstance(outcome, Rejected)
    assert "10002" == outcome.code
    assert "10 seats are left" in outcome.message
    assert 0 == world.count("/checkout")


def test_no_agreement_means_no_purchase():
    """With a user's sign-in it is seen beforehand, without one the service says so: deferred, since a person must act."""
    world = World()
    world.tenant = world.sim.seed_customer(agreement=False)

    seen = world.buy(purchase())
    told = world.buy(purchase(), world.connect(auth=APP_ONLY))

    assert (Deferred, "13605") == (type(seen), seen.code)
    assert (Deferred, "13605") == (type(told), told.code)
    assert [] == world.running()


def test_offer_that_is_not_sold_so_is_refused():
    """P1M billed annually does not exist."""
    world = World()

    outcome = world.buy(purchase(term=Term.P1M, billing=BillingCycle.ANNUAL))

    assert isinstance(outcome, Rejected)
    assert "CSP411" == outcome.code
    assert 0 == world.count("/carts")


def test_cart_that_ran_out_is_refused():
    """A week after its first step the cart is worthless: nothing is bought with it."""
    world = World()
    wanted = world.op(purchase())
    cart = world.provider.apply(wanted, call(world.tenant))
    world.sim.advance(timedelta(days=8))

    outcome = world.provider.apply(wanted, call(world.tenant, checkpoint=cart.checkpoint))

    assert isinstance(outcome, Rejected)
    assert 0 == world.count("/checkout")


def test_repeated_checkout_buys_once():
    """The same step twice, as after a crash, is the same purchase, whichever of the two readings the service follows."""
    for reading in ("repeat", "refuse"):
        world = World(repeat_checkout=reading)
        wanted = world.op(purchase())
        cart = world.provider.apply(wanted, call(world.tenant))
        world.provider.apply(wanted, call(world.tenant, checkpoint=cart.checkpoint))

        again = carry_out(world.connect(), wanted, call(world.tenant, checkpoint=cart.checkpoint))

        assert isinstance(again, Applied)
        assert 1 == len(world.running())


def test_throttled_checkout_comes_back_with_the_same_cart():
    """A 429 at checkout changed nothing; the same cart goes through afterwards."""
    world = World()
    wanted = world.op(purchase())
    cart = world.provider.apply(wanted, call(world.tenant))
    world.sim.fault("throttle", argument="9", path="*/checkout")

    told = world.provider.apply(wanted, call(world.tenant, checkpoint=cart.checkpoint))
    done = carry_out(world.provider, wanted, call(world.tenant, checkpoint=cart.checkpoint))

    assert (Throttled, 9) == (type(told), told.retry_after)
    assert isinstance(done, Applied)
    assert 1 == world.count("/carts")


@pytest.mark.parametrize("offer", [BASIC, PREMIUM])
@pytest.mark.parametrize("term", ["P1M/monthly", "P1Y/monthly", "P1Y/annual"])
def test_every_common_way_to_buy(offer, term):
    """Offers by terms and billing cycles: what is read back is what was asked for."""
    world = World()
    length, billing = term.split("/")

    live = world.buy(purchase(offer=offer, term=Term(length), billing=BillingCycle(billing), seats=2)).subscription

    assert (offer, length, billing, 2) == (live.offer, live.term, live.billing, live.seats)
