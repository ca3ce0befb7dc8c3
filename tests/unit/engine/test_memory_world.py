"""The world in memory does what exact commerce does: trials turn into what is paid, windows differ, terms end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from cspdecl.core.action import (
    BuyAzurePlan,
    Cancel,
    ChangeTerm,
    Purchase,
    RequestQualification,
    SetBudget,
    SetReseller,
    Transition,
)
from cspdecl.core.catalog import Offer, OfferKey, OfferTerm
from cspdecl.core.inquiry import (
    AskPromotions,
    AskReseller,
    AskTermEnds,
    AskTransitions,
    PromotionOffer,
    ResellerStanding,
    Unanswered,
)
from cspdecl.core.live import CustomerRef, LiveCustomer, LiveSubscription, NextTerm, Qualification, Status, Wanted
from cspdecl.core.operation import Guard
from cspdecl.core.outcome import Applied, NotDone, Outcome, Pending, Rejected, Stale
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.spi.provider import Call
from cspdecl.testing import deeds
from cspdecl.testing.builders import OFFER, OTHER_OFFER, TENANT, guard_of, live_customer, operation
from cspdecl.testing.buying import Promoted, buy
from cspdecl.testing.memory import MemoryProvider
from cspdecl.testing.script import Refused
from cspdecl.testing.world import START, State, World, sell

TRIAL, OWNED, SOFTWARE = "CFQ7TTC0AAAA:0001", "DG7GMGF0BBBB:0002", "DG7GMGF0CCCC:0002"


def special(key: str, way: str, **rest: Any) -> Offer:
    made = Offer(
        key=OfferKey.parse(key), title=key, min_seats=1, max_seats=300, terms=(OfferTerm.parse(way),)
    )  # fmt: skip
    return replace(made, **rest)


@pytest.fixture
def world() -> World:
    made = World()
    with made.open() as state:
        first, second = sell(OFFER, OTHER_OFFER)
        state.offers = (
            replace(first, upgrades=(second.key,)), second, special(TRIAL, "P1M/none", trial=True, upgrades=(first.key,)),
            special(OWNED, "OneTime/one_time", product="perpetual"), special(SOFTWARE, "P1Y/annual", product="software"),
        )  # fmt: skip
        state.put_customer(replace(live_customer(), qualifications=()))
    return made


def order(offer: str, seats: int, way: str = "P1Y/monthly", **rest: Any) -> Purchase:
    term = OfferTerm.parse(way)
    made = Purchase(
        offer=OfferKey.parse(offer), seats=seats, term=term.term, billing=term.billing, nickname="n",
        segment="commercial", country="DE", unit_price=None,
    )  # fmt: skip
    return replace(made, **rest)


def carried_out(world: World, action: object, item: LiveSubscription | None = None) -> Outcome:
    """One operation, all its steps."""
    provider = MemoryProvider(world)
    guard = guard_of(item) if item is not None else Guard(tenant=TENANT)
    one = operation(action, guard=guard)  # type: ignore[arg-type]
    checkpoint = None
    for _step in range(5):
        ids = (item.id,) if item is not None else ()
        answer = provider.apply(
            one, Call(request_id="r", correlation_id="c", checkpoint=checkpoint, tenant=TENANT, subscriptions=ids)
        )
        if not isinstance(answer, Pending):
            return answer
        checkpoint = answer.checkpoint
    raise AssertionError(answer)


def running(state: State) -> list[LiveSubscription]:
    return [state.seen(item) for item in state.customer(TENANT).subscriptions if item.status.running]


# ---- time ----


@pytest.mark.parametrize(("seats", "wanted"), [(None, 25), (10, 10)])
def test_a_trial_becomes_what_is_paid_by_itself(world: World, seats: int | None, wanted: int) -> None:
    """After its month it is 25 seats for a year, or what was scheduled instead (contract §13.2)."""
    with world.open() as state:
        item = buy(state, TENANT, order(TRIAL, 25, "P1M/none"))
        assert item.scheduled is not None
        if seats is not None:
            state.schedule(TENANT, item.id, replace(item.scheduled, seats=seats))
    world.advance(days=31)
    with world.open() as state:
        [paid] = running(state)

        assert (item.id, False, wanted, Term.P1Y, OfferKey.parse(OFFER)) == (
            paid.id, paid.trial, paid.seats, paid.term, paid.offer
        )  # fmt: skip


def test_a_trial_that_is_told_to_end_ends(world: World) -> None:
    """With auto-renew off nothing is paid."""
    with world.open() as state:
        item = buy(state, TENANT, order(TRIAL, 25, "P1M/none"))
        state.set_end(TENANT, item.id, "cancel")
    world.advance(days=31)
    with world.open() as state:
        assert [] == running(state)


def test_what_is_suspended_at_the_end_of_its_term_is_disabled(world: World) -> None:
    """It does not renew, and it cannot come back (contract §13.2)."""
    with world.open() as state:
        item = buy(state, TENANT, order(OFFER, 5))
        deeds.suspend(state, TENANT, item.id)
    world.advance(days=366)
    with world.open() as state:
        assert Status.DISABLED is state.kept(TENANT, item.id).status
        with pytest.raises(Refused):
            deeds.resume(state, TENANT, item.id)


def test_a_qualification_is_vetted_in_time(world: World) -> None:
    """Asked for, it is in review; some days later it is approved."""
    assert isinstance(carried_out(world, RequestQualification(name="education", details={"segment": "K12"})), Applied)
    with world.open() as state:
        assert (Qualification(name="education", status="in-review"),) == state.customer(TENANT).qualifications
    world.advance(days=4)
    with world.open() as state:
        assert (Qualification(name="education", status="approved"),) == state.customer(TENANT).qualifications
    assert isinstance(carried_out(world, RequestQualification(name="nonprofit")), Rejected)


# ---- windows ----


def test_software_gives_no_seats_back_and_is_cancelled_by_its_order(world: World) -> None:
    """Whole inside seven days; never by single seats, never as a licence."""
    with world.open() as state:
        item = buy(state, TENANT, order(SOFTWARE, 5, "P1Y/annual"))
        with pytest.raises(Refused):
            state.set_seats(TENANT, item.id, 4)
        state.set_seats(TENANT, item.id, 6)
        item = state.subscription(TENANT, item.id)

    assert isinstance(carried_out(world, Cancel(seats=6), item), Rejected)
    assert isinstance(carried_out(world, Cancel(seats=6, product="software", order_id=item.order_id), item), Applied)


def test_what_is_owned_is_shown_to_those_who_ask_and_returned_for_thirty_days(world: World) -> None:
    """Licences for good are a reading of their own; their window is thirty days."""
    with world.open() as state:
        item = buy(state, TENANT, order(OWNED, 5, "OneTime/one_time"))
    readings: tuple[frozenset[Wanted], ...] = (frozenset(), frozenset({"licences"}))
    plain, asked = (
        next(iter(MemoryProvider(world).read([CustomerRef(key="c", tenant=TENANT, domain=None, wanted=wanted)])))
        for wanted in readings
    )
    assert isinstance(plain, LiveCustomer)
    assert isinstance(asked, LiveCustomer)

    assert ((), [item.id]) == (plain.subscriptions, [one.id for one in asked.subscriptions])
    assert START + timedelta(days=30) == item.policy.cancel_until
    assert item.term_ends is None


# ---- upgrades and terms ----


def upgrade(item: LiveSubscription, seats: int, **rest: Any) -> Transition:
    made = Transition(source=OfferKey.parse(OFFER), target=OfferKey.parse(OTHER_OFFER), before=item.seats, seats=seats)
    return replace(made, **rest)


def test_an_upgrade_of_some_seats_makes_a_second_one_and_more_move_into_it(world: World) -> None:
    """The second has the first one's end and window; into it seats move once its own window is over."""
    with world.open() as state:
        item = buy(state, TENANT, order(OFFER, 9))
    answer = carried_out(world, upgrade(item, 4), item)
    assert isinstance(answer, Applied)
    assert answer.subscription is not None
    [left] = answer.also
    assert (4, 5, item.term_ends) == (answer.subscription.seats, left.seats, answer.subscription.term_ends)
    assert isinstance(
        carried_out(world, upgrade(left, 2, into=answer.subscription.id, target_before=4), left), Rejected
    )

    world.advance(days=8)
    with world.open() as state:
        left = state.subscription(TENANT, left.id)
    more = carried_out(world, upgrade(left, 2, into=answer.subscription.id, target_before=4), left)

    assert isinstance(more, Applied)
    assert more.subscription is not None
    assert (6, 3) == (more.subscription.seats, more.also[0].seats)


def test_a_lost_upgrade_is_found_by_its_request_alone(world: World) -> None:
    """A look says what came of this request, never of another that looks alike."""
    with world.open() as state:
        item = buy(state, TENANT, order(OFFER, 9))
    one = operation(upgrade(item, 9), guard=guard_of(item))
    provider = MemoryProvider(world)
    ours = Call(request_id="a", correlation_id="c", tenant=TENANT, subscriptions=(item.id,), checkpoint=None)

    assert isinstance(provider.probe(one, ours), NotDone)
    assert isinstance(provider.apply(one, ours), Applied)
    assert isinstance(provider.probe(one, ours), Applied)
    assert isinstance(provider.probe(one, replace(ours, request_id="b")), Stale)


def test_no_upgrade_without_a_path_and_no_term_but_a_longer_one(world: World) -> None:
    """Down is no upgrade; a term never shrinks, and one that is scheduled stands in the way."""
    with world.open() as state:
        item = buy(state, TENANT, order(OTHER_OFFER, 9))
        down = replace(upgrade(item, 9), source=OfferKey.parse(OTHER_OFFER), target=OfferKey.parse(OFFER))
    longer = ChangeTerm(
        seats=9, before_term=Term.P1Y, before_billing=BillingCycle.MONTHLY, term=Term.P3Y, billing=BillingCycle.MONTHLY
    )
    assert isinstance(carried_out(world, down, item), Rejected)
    assert isinstance(carried_out(world, replace(longer, term=Term.P1M), item), Rejected)
    with world.open() as state:
        assert item.offer is not None
        later = NextTerm(offer=item.offer, seats=4, term=Term.P1Y, billing=BillingCycle.MONTHLY)
        state.schedule(TENANT, item.id, later)
        scheduled = state.subscription(TENANT, item.id)
    assert isinstance(carried_out(world, longer, scheduled), Rejected)
    with world.open() as state:
        state.schedule(TENANT, item.id, None)
    done = carried_out(world, longer, item)
    assert isinstance(done, Applied)
    assert done.subscription is not None
    assert (Term.P3Y, None) == (done.subscription.term, done.subscription.policy.cancel_until)


# ---- who, and for what ----


def test_a_promotion_that_is_required_is_there_or_nothing_is_bought(world: World) -> None:
    """The automatic one applies by itself; a required one that does not fit refuses the order (contract §22.25)."""
    tenth = PromotionOffer(id="P:S:A", name="Ten", eligible=True, automatic=True, discount=Fraction(1, 10))
    with world.open() as state:
        state.promotions = (Promoted(offer=OfferKey.parse(OFFER), promotion=tenth, max_seats=10),)
        assert "P:S:A" == buy(state, TENANT, order(OFFER, 5)).promotion
        assert buy(state, TENANT, order(OFFER, 11)).promotion is None
        with pytest.raises(Refused):
            buy(state, TENANT, order(OFFER, 11, promotion="P:S:A"))


def test_one_azure_plan_and_its_budget(world: World) -> None:
    """A second one is refused; a budget somebody else changed is not overwritten."""
    assert isinstance(carried_out(world, BuyAzurePlan(nickname="a", country="DE")), Applied)
    assert isinstance(carried_out(world, BuyAzurePlan(nickname="b", country="DE")), Rejected)
    assert isinstance(carried_out(world, SetBudget(before=None, after=Decimal(500))), Applied)
    with world.open() as state:
        assert Decimal(500) == state.customer(TENANT).budget
    assert isinstance(carried_out(world, SetBudget(before=Decimal(100), after=Decimal(700))), Stale)


def test_only_a_signed_and_attested_reseller_is_put_on_record(world: World) -> None:
    """Unknown, unsigned and unattested ones are refused, on an order and afterwards."""
    with world.open() as state:
        state.resellers = {
            "1": ResellerStanding(partner_id="1", agreement_signed=True),
            "2": ResellerStanding(partner_id="2", agreement_signed=False),
        }
        for reseller, attested in (("1", False), ("2", True), ("3", True)):
            with pytest.raises(Refused):
                buy(state, TENANT, order(OFFER, 5, reseller=reseller, reseller_attested=attested))
        item = buy(state, TENANT, order(OFFER, 5, reseller="1", reseller_attested=True))

    assert "1" == item.reseller
    assert isinstance(carried_out(world, SetReseller(before="1", after="2"), item), Rejected)


# ---- questions ----


def test_questions_are_answered_from_what_is_there(world: World) -> None:
    """Paths by the offer, ends by months and by what runs, resellers by name; nobody's subscription is not answered."""
    with world.open() as state:
        item = buy(state, TENANT, order(OFFER, 5))
    start = START.date()
    asked = (
        AskTransitions(tenant=TENANT, subscription=item.id, when="immediate"),
        AskTermEnds(tenant=TENANT, term=Term.P1Y, start=start),
        AskPromotions(tenant=TENANT, offer=OfferKey.parse(OFFER), term=Term.P1Y, billing=BillingCycle.MONTHLY, seats=5,
                      market="DE", segment="commercial"),
        AskReseller(partner_id="9"),
        AskTransitions(tenant=TENANT, subscription="nobody", when="immediate"),
    )  # fmt: skip

    paths, ends, promotions, reseller, nobody = (said for _asked, said in MemoryProvider(world).ask(asked))

    assert [OfferKey.parse(OTHER_OFFER)] == [path.offer for path in paths.paths]  # type: ignore[union-attr]
    assert 13 == len(ends.ends)  # type: ignore[union-attr]
    assert [(item.id,)] == [end.subscriptions for end in ends.ends if end.aligned == "subscription"]  # type: ignore[union-attr]
    assert () == promotions.offers  # type: ignore[union-attr]
    assert not reseller.agreement_signed  # type: ignore[union-attr]
    assert isinstance(nobody, Unanswered)
