"""What holds for every plan, whatever is declared and whatever is live."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cspdecl.core.action import Cancel, Purchase, SetSeats
from cspdecl.core.address import Address
from cspdecl.core.live import CustomerAbsent, ReadFailure, Status
from cspdecl.planning.planfile import dump_plan, load_plan
from cspdecl.report.text import render_plan
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
    monthly,
    next_term,
    service,
    sub,
)  # fmt: skip
from tests.planning_world import World

OFFERS = (PREMIUM, PHONE, VISIO)


@st.composite
def subscriptions(draw, ident: str):
    """A subscription in any state a provider may show."""
    offer = draw(st.sampled_from(OFFERS))
    seats = draw(st.integers(1, 40))
    lots = []
    rest = seats
    for _ in range(draw(st.integers(0, 2))):
        if rest:
            part = draw(st.integers(1, rest))
            lots.append((part, draw(st.sampled_from([at("2026-11-20"), at("2026-11-23"), at("2026-11-27T09:30")]))))
            rest -= part
    ending = draw(st.sampled_from(["renew", "renew", "renew", "cancel", "unset", "extend"]))
    live = sub(
        ident, offer, seats, lots=lots, end_of_term=ending,
        status=draw(st.sampled_from([Status.ACTIVE] * 6 + [Status.SUSPENDED, Status.PENDING, Status.DELETED])),
        trial=draw(st.sampled_from([False] * 9 + [True])),
        cancel_until=draw(st.sampled_from([None, None, at("2026-11-24")])),
        busy=draw(st.sampled_from([None] * 9 + ["a renewal is running"])),
        term_ends=draw(st.sampled_from([at("2027-03-15"), at("2026-11-23"), at("2026-11-22")])),
        nickname=draw(st.sampled_from(["", "Vertrieb"])),
    )  # fmt: skip
    if live.status is Status.SUSPENDED:
        return replace(live, end_of_term="unset")  # auto-renew and schedule went with the suspension (contract §13.1)
    if ending == "renew" and draw(st.booleans()) and draw(st.booleans()):
        live = replace(live, scheduled=next_term(live, draw(st.integers(1, 40))))
    return live


@st.composite
def lines(draw, key: str, name: str, ids: list[str], live=None):
    """A declared line; one meant for `live` mostly declares its offer and seats near those it has."""
    offer, seats = draw(st.sampled_from(OFFERS)), draw(st.integers(1, 40))
    if live is not None and draw(st.integers(0, 9)):
        offer, seats = str(live.offer), max(1, live.seats + draw(st.integers(-12, 6)))
    return line(
        name, offer, seats, customer=key,
        end_of_term=draw(st.sampled_from(["renew", "renew", "cancel", "extend"])),
        reduce=draw(st.sampled_from(["auto", "auto", "now", "renewal"])),
        absent=draw(st.sampled_from([False] * 5 + [True])),
        sell=draw(st.sampled_from([None, monthly("18.50")])),
        nickname=draw(st.sampled_from([None, None, "Vertrieb"])),
        id=draw(st.sampled_from([None] * 15 + ids)),
    )  # fmt: skip


@st.composite
def estates(draw):
    """Customers as declared and as live, with bindings that may or may not fit."""
    specs, lives, bound = [], [], []
    for number in range(draw(st.integers(1, 2))):
        key = f"kunde-{number}"
        live = [draw(subscriptions(f"{key}-s{index}")) for index in range(draw(st.integers(0, 4)))]
        ids = [item.id for item in live]
        declared = []
        for index in range(draw(st.integers(0, 4))):
            meant = live[index] if index < len(live) else None
            declared.append(draw(lines(key, f"l{index}", ids, meant)))
            if meant is not None and draw(st.integers(0, 3)):
                bound.append(binding(f"{key}/l{index}", meant.id, offer=str(meant.offer)))
        if len(live) > len(declared) and draw(st.booleans()):
            bound.append(binding(f"{key}/weg", live[-1].id, offer=str(live[-1].offer)))
        services = [service(f"{key}-betreuung", draw(st.integers(0, 5)), customer=key)] if draw(st.booleans()) else []
        specs.append(customer(key, *declared, services=tuple(services)))
        lives.append(
            live_customer(key, *live, agreement=draw(st.sampled_from(["accepted", "accepted", "unknown", "none"])))
        )
    return specs, lives, bound


def replan(specs, world: World, **rest):
    return make_plan(
        specs, list(world.customers.values()), bindings=world.bindings.values(), book=world.book.values(),
        absent=world.absent.values(), last_hashes=world.hashes, **rest,
    )  # fmt: skip


@given(estates())
def test_a_plan_carried_out_leaves_nothing_to_do(estate):
    """Every guard holds when its turn comes, and planning again finds no operation: nothing goes round in circles."""
    specs, lives, bound = estate
    world = World(lives, bound)

    world.carry_out(replan(specs, world))

    assert [] == [f"{item.address} {item.action.kind}" for item in replan(specs, world).operations]


@given(estates(), st.data())
def test_a_reading_that_fails_only_removes_operations(estate, data):
    """Turning a customer into a read failure takes its operations away and changes no other."""
    specs, lives, bound = estate
    lost = data.draw(st.sampled_from(lives))
    whole = make_plan(specs, lives, bindings=bound)

    part = make_plan(
        specs, [live for live in lives if live is not lost], bindings=bound,
        unknown=[ReadFailure(key=lost.key, message="timed out")],
    )  # fmt: skip

    assert [item for item in whole.operations if item.address.customer != lost.key] == list(part.operations)
    assert lost.key in part.unknown


@given(estates(), st.sampled_from(OFFERS))
def test_an_unread_offer_is_never_bought(estate, offer):
    """What the catalogue could not say is not bought on a guess; everything else stays as planned."""
    specs, lives, bound = estate
    whole = make_plan(specs, lives, bindings=bound)

    part = make_plan(
        specs, lives, bindings=bound, catalogs={("partner-center", "DE", "commercial"): catalog(unread=(offer,))}
    )

    assert {item.id for item in part.operations} <= {item.id for item in whole.operations}
    assert not [
        item for item in part.operations if isinstance(item.action, Purchase) and str(item.action.offer) == offer
    ]


@given(estates())
def test_no_more_seats_come_back_than_may(estate):
    """Seats given back now never exceed the open lots, and nothing is cancelled outside its window."""
    specs, lives, bound = estate
    subs = {item.id: item for live in lives for item in live.subscriptions}

    for item in make_plan(specs, lives, bindings=bound).operations:
        live = subs.get(item.guard.subscription or "", sub())
        if isinstance(item.action, SetSeats) and item.action.after < item.action.before:
            open_lots = [lot for lot in live.policy.lots if lot.returnable_until > NOW]
            assert item.action.before - item.action.after <= sum(lot.seats for lot in open_lots)
            assert item.not_after is not None
        if isinstance(item.action, Cancel):
            assert live.policy.cancel_until == item.not_after


@given(estates())
def test_the_order_of_what_is_read_does_not_matter(estate):
    """Subscriptions, customers and bindings in any order give the same operations with the same ids."""
    specs, lives, bound = estate
    turned = [replace(live, subscriptions=live.subscriptions[::-1]) for live in lives[::-1]]

    straight = make_plan(specs, lives, bindings=bound)
    reverse = make_plan(specs[::-1], turned, bindings=bound[::-1])

    assert {item.id for item in straight.operations} == {item.id for item in reverse.operations}


@given(estates())
def test_a_saved_plan_comes_back_as_it_was(estate):
    """Plan to document and back is the same plan, and it reads the same."""
    specs, lives, bound = estate
    made = make_plan(specs, lives, bindings=bound)

    again = load_plan(dump_plan(made))

    assert made == again
    assert render_plan(made) == render_plan(again)


@given(estates())
def test_a_trial_is_never_touched(estate):
    """No operation names a trial, whatever is declared."""
    specs, lives, bound = estate
    trials = {item.id for live in lives for item in live.subscriptions if item.trial}
    trials -= {ident for item in bound if item.address.name == "weg" for ident in item.ids}

    made = make_plan(specs, lives, bindings=bound)

    assert not trials & {item.guard.subscription for item in made.operations}


@given(st.integers(1, 30), st.integers(0, 3))
def test_what_is_created_is_bought_once(seats, lines_count):
    """A new customer is created, its agreement attested, its lines bought, and then there is nothing to do."""
    declared = [line(f"l{index}", OFFERS[index], seats, customer="neu") for index in range(lines_count)]
    from tests.planning_builders import create_spec

    spec = customer("neu", *declared, tenant=None, create=create_spec("neu"))
    world = World(absent=[CustomerAbsent(key="neu", read_at=NOW)])

    world.carry_out(replan([spec], world))

    assert lines_count == world.bought
    assert () == replan([spec], world).operations
    assert Address("neu") in world.bindings
    assert TENANT != world.customers["neu"].tenant
