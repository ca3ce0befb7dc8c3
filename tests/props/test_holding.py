"""Nothing is bought for a customer on hold, whatever is declared and whatever is live."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from cspdecl.core.action import BookService, ScheduleRenewal, SetEndOfTerm, SetSeats
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import AtRenewal, AzurePlanSpec, Hold, Upgrade
from cspdecl.core.diagnostics import Origin
from cspdecl.core.terms import BillingCycle, Term
from tests.planning_builders import PHONE, PREMIUM, VISIO, make_plan
from tests.planning_world import World
from tests.props.test_planning import estates, replan

HERE = Origin(file="customers/kunde.yaml")
HOLD = Hold(since=date(2026, 11, 1), reason="three invoices open", origin=HERE)
BUYING = {"purchase", "change_term", "transition", "resume", "buy_azure_plan"}
COMMITS = {"cancel": 0, "unset": 1, "extend": 1, "renew": 2}


@st.composite
def held(draw):
    """Estates whose customers are on hold, with wishes of every kind."""
    specs, lives, bound = draw(estates())
    out = []
    for spec in specs:
        lines = tuple(draw(wishful(line)) for line in spec.subscriptions)
        plan = AzurePlanSpec(
            address=Address.parse(f"{spec.key}/azure"), provider="partner-center", display_name=None, budget=None,
            absent=False, suspended=False, id=None, origin=HERE,
        )  # fmt: skip
        azure = (plan,) if draw(st.booleans()) else ()
        out.append(replace(spec, subscriptions=lines, azure_plans=azure, hold=HOLD))
    return out, lives, bound


@st.composite
def wishful(draw, line):
    """A line that wants more than it says so far."""
    kind = draw(st.sampled_from(["plain", "plain", "longer", "upgrade", "renewal", "suspended"]))
    if kind == "longer":
        return replace(line, term=Term.P3Y, billing=BillingCycle.ANNUAL)
    if kind == "upgrade":
        source = draw(st.sampled_from([VISIO, PHONE, PREMIUM]))
        part = draw(st.sampled_from([None, 2]))
        return replace(line, upgrade=Upgrade(source=OfferKey.parse(source), seats=part, origin=HERE))
    if kind == "renewal":
        wanted = AtRenewal(
            seats=draw(st.sampled_from([None, 1, 60])), term=draw(st.sampled_from([None, Term.P3Y])),
            billing=BillingCycle.ANNUAL if draw(st.booleans()) else None, origin=HERE,
        )  # fmt: skip
        return replace(line, at_renewal=wanted)
    return replace(line, suspended=kind == "suspended")


@given(held())
def test_nothing_is_bought(estate):
    """No operation buys, adds, prolongs or starts again; a schedule never holds more than runs or was scheduled."""
    specs, lives, bound = estate

    for operation in make_plan(specs, lives, bindings=bound).operations:
        action, guard = operation.action, operation.guard
        assert action.kind not in BUYING, operation.address
        if isinstance(action, SetSeats):
            assert action.after < action.before
        if isinstance(action, BookService):
            assert action.after < action.before
        if isinstance(action, SetEndOfTerm):
            assert COMMITS[action.after] <= COMMITS[action.before]
        if isinstance(action, ScheduleRenewal):
            live = next(
                item for one in lives if one.key == operation.address.customer for item in one.subscriptions
                if item.id == guard.subscription
            )  # fmt: skip
            before = live.scheduled
            assert action.next.seats <= max(live.seats, before.seats if before else 0)
            assert action.next.offer in (live.offer, before.offer if before else None)


@given(held())
def test_what_goes_on_comes_to_rest(estate):
    """What reduces or ends is carried out once; then only what waits is left."""
    specs, lives, bound = estate
    world = World(lives, bound)

    world.carry_out(replan(specs, world))

    assert [] == [f"{item.address} {item.action.kind}" for item in replan(specs, world).operations]
