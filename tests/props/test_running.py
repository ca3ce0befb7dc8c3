"""What runs and is to change: at its renewal, suspended, for longer, on a day. Whatever is declared, it comes to rest,
and nothing is bought that a renewal brought about."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from cspdecl.core.action import ChangeTerm, Purchase, ScheduleRenewal, SetEndOfTerm, SetSeats, Suspend, Transition
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import AtRenewal, Dated
from cspdecl.core.live import NextTerm, Status
from cspdecl.core.terms import BillingCycle, Term
from tests.planning_builders import NOW, VISIO, at, binding, customer, line, live_customer, make_plan, origin, sub
from tests.planning_world import World

HERE = origin().at("atRenewal")
WAYS = st.sampled_from(
    [
        (Term.P1M, BillingCycle.MONTHLY),
        (Term.P1Y, BillingCycle.MONTHLY),
        (Term.P1Y, BillingCycle.ANNUAL),
        (Term.P3Y, BillingCycle.MONTHLY),
        (Term.P3Y, BillingCycle.TRIENNIAL),
    ]
)
SEATS = st.integers(1, 12)


@st.composite
def renewals(draw):
    """What `atRenewal` may say."""
    term, billing = draw(st.one_of(st.just((None, None)), WAYS))
    seats = draw(st.one_of(st.none(), SEATS))
    if term is None and seats is None:
        seats = draw(SEATS)
    return AtRenewal(seats=seats, term=term, billing=billing, origin=HERE)


@st.composite
def running(draw):
    """A subscription in its first or a later term, active or suspended, with or without something scheduled."""
    lots = draw(st.sampled_from([[], [(1, at("2026-11-25"))]]))
    created = draw(st.sampled_from([at("2025-03-15"), at("2026-03-15")]))
    live = sub(
        "s1",
        VISIO,
        draw(SEATS),
        lots=lots,
        created=created,
        end_of_term=draw(st.sampled_from(["renew"] * 3 + ["cancel", "unset"])),
    )
    if draw(st.integers(0, 3)) == 0:
        return replace(live, status=Status.SUSPENDED, end_of_term="unset", policy=replace(live.policy, lots=()))
    if live.end_of_term == "renew" and draw(st.booleans()):
        term, billing = draw(WAYS)
        following = NextTerm(offer=OfferKey.parse(VISIO), seats=draw(SEATS), term=term, billing=billing)
        return replace(live, scheduled=following)
    return live


@st.composite
def declared(draw):
    """A line in all its times: now, at the renewal, and on days to come."""
    term, billing = draw(st.one_of(st.just((Term.P1Y, BillingCycle.MONTHLY)), WAYS))
    wanted = draw(st.one_of(st.none(), renewals()))
    dated = [
        Dated(starts=NOW.date() + timedelta(days=days), field="seats", seats=draw(SEATS), origin=HERE)
        for days in sorted(draw(st.sets(st.integers(-3, 40), max_size=2)))
    ]
    if draw(st.booleans()):
        starts = NOW.date() + timedelta(days=draw(st.integers(-3, 40)))
        dated.append(Dated(starts=starts, field="suspended", suspended=draw(st.booleans()), origin=HERE))
    return line(
        "visio", VISIO, draw(SEATS), term=term, billing=billing, at_renewal=wanted, dated=tuple(dated),
        suspended=draw(st.sampled_from([False, False, True])), reduce=draw(st.sampled_from(["auto", "renewal"])),
        end_of_term=draw(st.sampled_from(["renew", "renew", "cancel"])),
    )  # fmt: skip


def planned(spec, live, **rest):
    return make_plan(
        [customer("hafenkontor", spec)], [live_customer("hafenkontor", live)],
        bindings=[binding("hafenkontor/visio", live.id)], **rest,
    )  # fmt: skip


def buys(operation) -> bool:
    """Whether an operation newly obliges to pay now."""
    action = operation.action
    more = isinstance(action, SetSeats) and action.after > action.before
    return more or isinstance(action, Purchase | ChangeTerm | Transition)


@given(declared(), running())
def test_it_comes_to_rest(spec, live):
    """What was planned can be carried out as it stands, and the next plan has nothing to send; after a resumption the
    one behind it, since a suspended subscription takes no other change."""
    specs = [customer("hafenkontor", spec)]
    world = World([live_customer("hafenkontor", live)], [binding("hafenkontor/visio", live.id)])

    def replan():
        return make_plan(
            specs, list(world.customers.values()), bindings=world.bindings.values(), last_hashes=world.hashes
        )

    world.carry_out(replan())
    if live.status is Status.SUSPENDED:
        world.carry_out(replan())

    assert [] == [f"{item.action.kind}: {item.reason.text}" for item in replan().operations]


@given(SEATS, WAYS, renewals())
def test_a_renewal_that_came_true_buys_nothing(seats, way, wanted):
    """In the term that `atRenewal` spoke of, the line's older values buy nothing, send nothing back, schedule nothing."""
    term, billing = way
    spec = line("visio", VISIO, seats, term=term, billing=billing, at_renewal=wanted)
    live = sub(
        "s1", VISIO, seats if wanted.seats is None else wanted.seats, lots=[(1, at("2026-11-25"))],
        term=wanted.term or term, billing=wanted.billing or billing, created=at("2020-11-20"),
        term_started=at("2026-11-20"), term_ends=at("2029-11-20"),
    )  # fmt: skip

    assert [] == [item.action.kind for item in planned(spec, live).operations]


@given(declared(), running())
def test_while_it_is_suspended_nothing_is_written(spec, live):
    """A subscription that is to stand still is neither resized, lengthened, scheduled nor told how to end."""
    spec = replace(spec, suspended=True, dated=())
    made = planned(spec, live)

    assert {Suspend} >= {type(item.action) for item in made.operations}
    assert not [item for item in made.operations if isinstance(item.action, SetEndOfTerm | ScheduleRenewal)]


@given(declared(), running())
def test_days_to_come_change_nothing_today(spec, live):
    """A plan sends the same with what is declared for later as without it."""
    from cspdecl.core.dated import on_day

    today = replace(on_day(spec, NOW.date()), dated=())
    later, without = planned(spec, live), planned(today, live)

    assert [item.id for item in without.operations] == [item.id for item in later.operations]
    assert [item.id for item in planned(spec, live).operations] == [item.id for item in later.operations]


@given(declared(), running())
def test_a_longer_term_is_never_bought_for_more_than_is_declared(spec, live):
    """Going over to a longer term commits no seat that the line does not declare, and only to what it declares."""
    spec = replace(spec, dated=(), suspended=False)

    for operation in planned(spec, live).operations:
        if isinstance(operation.action, ChangeTerm):
            assert operation.action.seats <= spec.seats
            assert (spec.term, spec.billing) == (operation.action.term, operation.action.billing)
            assert operation.action.term.months > operation.action.before_term.months


@given(declared(), running())
def test_only_what_is_declared_more_is_bought(spec, live):
    """Whatever else happens to a line, it buys only where it declares more seats or a longer term than run."""
    spec = replace(spec, dated=())
    wanted = spec.seats > live.seats or spec.term.months > live.term.months

    assert wanted or not [item for item in planned(spec, live).operations if buys(item)]
