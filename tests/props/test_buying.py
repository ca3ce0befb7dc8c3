"""What holds for buying and converting: nothing is bought twice, a line of two parts comes to rest, refusals help."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from cspdecl.commerce.coterm import allowed_ends, first_cycle, term_after
from cspdecl.core.action import Purchase, Transition
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey, OfferTerm
from cspdecl.core.desired import CustomEnd, RenewsTo, Upgrade
from cspdecl.core.diagnostics import Severity
from cspdecl.core.inquiry import (
    Answer,
    AskPromotions,
    AskTermEnds,
    AskTransitions,
    Inquiry,
    PromotionOffer,
    Promotions,
    TargetSubscription,
    TermEnds,
    TransitionPath,
    Transitions,
)
from cspdecl.core.terms import BillingCycle, Term, add_months
from tests.planning_builders import (
    NOW,
    PHONE,
    PREMIUM,
    TENANT,
    VISIO,
    at,
    binding,
    catalog,
    customer,
    line,
    live_customer,
    make_plan,
    origin,
    sub,
)  # fmt: skip
from tests.planning_world import World

SOURCE, TARGET = OfferKey.parse(VISIO), OfferKey.parse(PREMIUM)
TRIAL = OfferKey.parse("CFQ7TTC0HD32:0003")
BOTH = ("transition_only", "transition_with_license_transfer")


def answers(world: World, specs):
    """A provider that allows every upgrade, knows the documented ends, and has one promotion with a small cap."""
    (live,) = world.customers.values()
    running = [item for item in live.subscriptions if item.status.running]
    said: dict[Inquiry, Answer] = {}
    for item in running:
        into = tuple(TargetSubscription(id=one.id, eligible=True) for one in running if one.offer == TARGET)
        paths = (TransitionPath(offer=TARGET, kinds=BOTH, into=into),)
        said[AskTransitions(tenant=TENANT, subscription=item.id, when="immediate")] = Transitions(paths=paths)
    for spec in specs:
        for one in spec.subscriptions:
            ends = allowed_ends(one.term, NOW.date())
            said[AskTermEnds(tenant=TENANT, term=one.term, start=NOW.date())] = TermEnds(ends=ends)
            for seats in {one.seats, *(max(one.seats - item.seats, 0) for item in running)}:
                for wanted in (None, *(item.promotion for item in running)):
                    question = AskPromotions(
                        tenant=TENANT, offer=one.offer, term=one.term, billing=one.billing, seats=seats, market="DE",
                        segment="commercial", promotion=wanted,
                    )  # fmt: skip
                    offer = PromotionOffer(id="P:1:A", name="Launch", eligible=seats <= 10, automatic=True,
                                           discount=Fraction(1, 10), remaining=10)  # fmt: skip
                    said[question] = Promotions(offers=(offer,))
    return said


def catalogs():
    """Everything of these tests, a trial and an add-on among it."""
    known = catalog()
    visio, phone = known.offers[SOURCE], known.offers[OfferKey.parse(PHONE)]
    offers = {
        **known.offers,
        TRIAL: replace(visio, key=TRIAL, trial=True, min_seats=25, max_seats=25, upgrades=(SOURCE,),
                       terms=(OfferTerm(Term.P1M, BillingCycle.NONE),)),
        phone.key: replace(phone, addon=True, prerequisites=(TARGET,)),
    }  # fmt: skip
    return {("partner-center", "DE", "commercial"): replace(known, offers=offers)}


def replan(specs, world: World):
    return make_plan(
        specs, list(world.customers.values()), bindings=world.bindings.values(), last_hashes=world.hashes,
        answers=answers(world, specs), catalogs=catalogs(),
    )  # fmt: skip


def upgrade(seats: int | None) -> Upgrade:
    return Upgrade(source=SOURCE, seats=seats, origin=origin().at("upgrade"))


@st.composite
def upgraded_lines(draw):
    """A line that upgrades some seats of what runs, which may have been upgraded in part before."""
    runs = draw(st.integers(2, 40))
    there = draw(st.integers(0, 20))
    total = draw(st.one_of(st.just(runs + there), st.integers(2, 60)))
    part = draw(st.one_of(st.none(), st.integers(1, max(total - 1, 1))))
    declared = line("visio", PREMIUM, total, upgrade=upgrade(part), end_of_term=draw(st.sampled_from(["renew", "cancel"])),
                    reduce=draw(st.sampled_from(["auto", "renewal"])))  # fmt: skip
    lots = [(draw(st.integers(1, runs)), at("2026-11-27T09:30"))] if draw(st.booleans()) else []
    lives = [sub("s1", VISIO, runs, lots=lots, end_of_term=draw(st.sampled_from(["renew", "cancel"])))]
    if there:
        lives.append(sub("s2", PREMIUM, there))
    return customer("hafenkontor", declared), live_customer("hafenkontor", *lives), [item.id for item in lives]


@given(upgraded_lines())
def test_an_upgraded_line_comes_to_rest(estate):
    """Plan, carry out, plan again: after three rounds nothing is left to send, no seat went back, and no third
    subscription was made."""
    spec, live, ids = estate
    world = World([live], [binding("hafenkontor/visio", *ids)])
    upgraded = 0
    for _round in range(3):
        made = replan([spec], world)
        assert not [item for item in made.operations if isinstance(item.action, Purchase)]
        world.carry_out(made)
        (now,) = world.customers.values()
        seats = sum(item.seats for item in now.subscriptions if item.offer == TARGET and item.status.running)
        moves = [item for item in made.operations if isinstance(item.action, Transition)]
        assert not moves or seats >= upgraded
        upgraded = seats

    assert [] == [f"{item.action.kind} {item.reason.text}" for item in replan([spec], world).operations]
    (after,) = world.customers.values()
    assert len([item for item in after.subscriptions if item.status.running]) <= 2


@st.composite
def purchases(draw):
    """Lines of every way to buy: a trial, an add-on and its base, an end of its own, a promotion insisted on."""
    names = ("m365", "telefon", "visio", "visio-2", "probe")
    lines = []
    for name in draw(st.lists(st.sampled_from(names), min_size=1, max_size=5, unique=True)):
        seats = draw(st.integers(1, 40))
        match name:
            case "m365":
                made = line(name, PREMIUM, seats)
            case "telefon":
                made = line(name, PHONE, seats, addon_of=Address.parse("hafenkontor/m365"))
            case "probe":
                made = line(name, str(TRIAL), 25, trial=True, end_of_term=draw(st.sampled_from(["renew", "cancel"])))
                if made.end_of_term == "renew" and draw(st.booleans()):
                    made = replace(made, renews_to=RenewsTo(offer=SOURCE, seats=seats, origin=origin()))
            case _:
                end = draw(st.sampled_from([None, CustomEnd(month_end=True, origin=origin()),
                                            CustomEnd(day=date(2027, 6, 15), origin=origin())]))  # fmt: skip
                made = line(name, VISIO, seats, custom_end=end, promotion=draw(st.sampled_from([None, None, "P:1:B"])))
        lines.append(made)
    return customer("hafenkontor", *lines)


@given(purchases(), st.permutations(range(5)))
def test_nothing_is_bought_twice(spec, order):
    """What one plan bought the next does not buy again, in whatever order the lines stand."""
    lines = [spec.subscriptions[index] for index in order if index < len(spec.subscriptions)]
    spec = replace(spec, subscriptions=tuple(lines))
    world = World([live_customer("hafenkontor")])
    made = replan([spec], world)

    world.carry_out(made)

    bought = {item.address for item in made.operations if isinstance(item.action, Purchase)}
    again = {item.address for item in replan([spec], world).operations if isinstance(item.action, Purchase)}
    assert bought & again == set()


@given(st.one_of(purchases(), upgraded_lines().map(lambda estate: estate[0])))
def test_every_refusal_names_what_can_be_done(spec):
    """No error without a hint, and never one about a line that would be bought all the same."""
    made = replan([spec], World([live_customer("hafenkontor")]))

    errors = [item for item in made.diagnostics if item.severity is Severity.ERROR]
    assert [] == [item.message for item in errors if not item.hint]
    assert not errors or not made.operations


@given(purchases())
def test_a_promotion_is_never_promised_twice(spec):
    """The seats of one plan that count on a promotion never exceed what its cap leaves."""
    made = replan([spec], World([live_customer("hafenkontor")]))

    promised = [item.action.seats for item in made.operations
                if isinstance(item.action, Purchase) and item.action.promotion and item.action.offer == SOURCE]  # fmt: skip
    assert sum(promised) <= 10


@given(st.dates(date(2023, 1, 1), date(2032, 12, 31)), st.sampled_from([Term.P1M, Term.P1Y, Term.P3Y]))
def test_every_allowed_end_lies_inside_the_term(purchase, term):
    """An end is on or after the purchase and inside one full term; the term after it is a whole one."""
    for item in allowed_ends(term, purchase):
        start, end = term_after(item.day, term)
        assert purchase <= item.day < add_months(purchase, term.months)
        assert (start - item.day).days == 1
        assert end >= item.day
        first = first_cycle(purchase, item.day, term=term, billing=BillingCycle.MONTHLY)
        assert 0 < first.share <= 1
        assert first.charged.end <= item.day
