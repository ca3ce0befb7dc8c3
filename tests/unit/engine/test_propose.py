"""Accepting drift: which values are written, which are left to a person, and what that person is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cspdecl.core.catalog import OfferKey
from cspdecl.core.live import NextTerm, Status
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.engine.drift import look_for_drift
from cspdecl.engine.plan import PlanRequest
from cspdecl.engine.propose import propose_changes
from cspdecl.testing.builders import OFFER, OTHER_OFFER
from tests.unit.engine.estates import declare, estate_of, world_of
from tests.unit.engine.harness import tenant_of

ALPHA = tenant_of(1)
BUNDLE = {"version": "1.0.0", "displayName": "Office", "sell": {"perSeat": "54.90", "every": "month"}}
PARTS = [
    {"name": "m365", "offer": OFFER},
    {"name": "phone", "offer": OTHER_OFFER, "seats": {"perSeat": 0.5, "round": "up"}},
    {"name": "care", "service": "managed"},
]


@pytest.fixture
def world():
    return world_of()


@pytest.fixture
def estate(world, tmp_path):
    return estate_of(tmp_path / "project", world)


def propose(estate):
    """What `drift --propose` says, line by line."""
    with estate.session() as session:
        return list(propose_changes(session, look_for_drift(session, PlanRequest())))


def subscription(state, offer=OFFER):
    [found] = [item for item in state.customers[ALPHA].subscriptions if str(item.offer) == offer]
    return found.id


def set_seats(world, seats, offer=OFFER):
    with world.open() as state:
        state.set_seats(ALPHA, subscription(state, offer), seats)


def bundled(estate, *, parts=PARTS, **line):
    estate.bundle("office", components=parts, **BUNDLE)
    estate.customer("alpha", {"name": "office", "bundle": "office@1", "seats": 10, **line}, tenant=ALPHA)
    estate.apply()


def declared(estate):
    with estate.session() as session:
        _project, desired = session.require()
        return {line.address.name: line.seats for line in desired.customers["alpha"].subscriptions}


def test_values_that_stand_are_replaced(estate, world):
    """Seats, end of term and a declared name: written where they stand, comments kept; then nothing has drifted."""
    declare(estate, "alpha", 10, endOfTerm="renew", nickname="Workplace")
    estate.apply()
    path = estate.root / "customers/alpha.yaml"
    path.write_bytes(path.read_bytes().replace(b"seats: 10\n", b"seats: 10  # as ordered\r\n"))
    with world.open() as state:
        ident = subscription(state)
        state.set_seats(ALPHA, ident, 12)
        state.set_end(ALPHA, ident, "cancel")
        state.rename(ALPHA, ident, "Sales: “north”")

    assert [
        "customers/alpha.yaml: endOfTerm: cancel (alpha/m365)",
        'customers/alpha.yaml: nickname: "Sales: “north”" (alpha/m365)',
        "customers/alpha.yaml: seats: 12 (alpha/m365)",
    ] == propose(estate)
    assert b"seats: 12  # as ordered\r\n" in path.read_bytes()
    assert ((), ()) == (estate.drift(), estate.plan().operations)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_block_of_text_is_replaced_and_what_follows_it_stays(estate, world, end):
    """A folded name reaches to the end of its line: the remark and the key behind it keep lines of their own."""
    estate.customer("alpha", {"name": "m365", "offer": OFFER, "seats": 10, "nickname": "Work"}, tenant=ALPHA)
    path = estate.root / "customers/alpha.yaml"
    block = " >-\n      Work\n      place\n    # as they say\n    endOfTerm: renew\n"
    path.write_bytes(path.read_text("utf-8").replace(" Work\n", block).replace("\n", end).encode())
    estate.apply()
    with world.open() as state:
        state.rename(ALPHA, subscription(state), "Sales")

    assert ['customers/alpha.yaml: nickname: "Sales" (alpha/m365)'] == propose(estate)
    assert f'nickname: "Sales"{end}    # as they say{end}    endOfTerm: renew{end}'.encode() in path.read_bytes()


def test_what_is_decided_elsewhere_is_said(estate, world):
    """The project's default decides for every line: this line says it itself from then on."""
    declare(estate, "alpha", 10)
    estate.apply()
    with world.open() as state:
        state.set_end(ALPHA, subscription(state), "cancel")

    assert ["customers/alpha.yaml: endOfTerm: cancel (alpha/m365)"] == propose(estate)
    assert () == estate.drift()


def test_an_open_end_is_no_value(estate, world):
    """Auto-renew switched off: no manifest can declare that, so a person is asked to decide."""
    declare(estate, "alpha", 10, endOfTerm="renew")
    estate.apply()
    with world.open() as state:
        item = state.subscription(ALPHA, subscription(state))
        state.set_end(ALPHA, item.id, "unset")

    [text] = propose(estate)

    assert text == (
        "alpha/m365: auto-renew is off and nothing else is said, which no manifest can declare: write `endOfTerm: "
        "cancel` or `endOfTerm: extend`, or let `apply` set `renew` again"
    )


def test_an_override_is_one_value(estate, world):
    """The seats of a component that the customer has its own number of."""
    bundled(estate, overrides={"phone": {"seats": 14}})
    set_seats(world, 20, OTHER_OFFER)

    assert ["customers/alpha.yaml: overrides.phone.seats: 20 (alpha/office/phone)"] == propose(estate)
    assert ({"m365": 10, "phone": 20}, ()) == (declared(estate), estate.drift())


def test_bundle_seats_are_one_value_where_nothing_else_follows_them(estate, world):
    """The bundle's only subscription, or all of them together, each by its own rule."""
    bundled(estate)
    set_seats(world, 13)
    set_seats(world, 7, OTHER_OFFER)

    assert ["customers/alpha.yaml: seats: 13 (alpha/office/m365, alpha/office/phone)"] == propose(estate)
    assert ({"m365": 13, "phone": 7}, ()) == (declared(estate), estate.drift())


def test_bundle_seats_that_would_say_more_become_an_override(estate, world):
    """Twelve of one component, and the other as before: the bundle's seats would change both, an override does not."""
    bundled(estate)
    set_seats(world, 13)

    assert ["customers/alpha.yaml: overrides.m365.seats: 13 (alpha/office/m365)"] == propose(estate)
    assert ({"m365": 13, "phone": 5}, ()) == (declared(estate), estate.drift())


def test_one_value_that_does_not_hold_keeps_no_other_back(estate, world):
    """A line of its own is accepted beside one that shares its number by an anchor."""
    lines = [{"name": "m365", "offer": OFFER, "seats": 10}, {"name": "other", "offer": OTHER_OFFER, "seats": 10}]
    estate.customer("alpha", *lines, tenant=ALPHA)
    path = estate.root / "customers/alpha.yaml"
    text = path.read_text("utf-8").replace("seats: 10", "seats: &ten 10", 1)
    path.write_text("seats: *ten".join(text.rsplit("seats: 10", 1)), "utf-8")
    declare(estate, "beta", 4)
    estate.apply()
    set_seats(world, 13)
    with world.open() as state:
        [item] = state.customers[tenant_of(2)].subscriptions
        state.set_seats(tenant_of(2), item.id, 5)

    texts = propose(estate)

    assert "customers/beta.yaml: seats: 5 (beta/m365)" in texts
    assert ["alpha/m365"] == [str(item.address) for item in estate.drift()]


def test_a_shared_value_is_left(estate, world):
    """A number that two lines share by an anchor is no single value of either."""
    lines = [{"name": "m365", "offer": OFFER, "seats": 10}, {"name": "other", "offer": OTHER_OFFER, "seats": 10}]
    estate.customer("alpha", *lines, tenant=ALPHA)
    path = estate.root / "customers/alpha.yaml"
    text = path.read_text("utf-8").replace("seats: 10", "seats: &ten 10", 1)
    path.write_text("seats: *ten".join(text.rsplit("seats: 10", 1)), "utf-8")
    estate.apply()
    set_seats(world, 13)

    assert ["alpha/m365: add `seats: 13` to the line in customers/alpha.yaml"] == propose(estate)
    assert {"m365": 10, "other": 10} == declared(estate)


def test_a_purchase_elsewhere_gets_a_line(estate, world):
    """With its id, and a comment that says where it comes from; the next plan only takes it over."""
    declare(estate, "alpha", 10)
    estate.apply()
    world.advance(days=1)
    with world.open() as state:
        bought = state.buy(ALPHA, offer=OfferKey.parse(OTHER_OFFER), seats=3)

    [text] = propose(estate)

    assert text == (
        'customers/alpha.yaml: subscriptions: {name: offer-cfq7ttc0lh18-0001, offer: "CFQ7TTC0LH18:0001", seats: 3, '
        f'term: "P1Y", billing: monthly, endOfTerm: renew, id: "{bought.id}"}} (alpha/{bought.id})'
    ).replace('"P1Y"', "P1Y")
    assert (estate.root / "customers/alpha.yaml").read_text("utf-8").endswith("}  # bought elsewhere on 2026-11-23\n")
    assert () == estate.drift()
    assert ["adopt"] == [item.action.kind for item in estate.plan().operations]


def test_what_stopped_and_what_was_suspended(estate, world):
    """Cancelled elsewhere it is declared absent, with a comment; suspended elsewhere it is declared so."""
    declare(estate, "alpha", 10)
    declare(estate, "beta", 4)
    estate.apply()
    with world.open() as state:
        state.cancel(ALPHA, subscription(state))
        [item] = state.customers[tenant_of(2)].subscriptions
        state.put(tenant_of(2), replace(item, status=Status.SUSPENDED))

    assert [
        "customers/alpha.yaml: absent: true (alpha/m365)",
        "customers/beta.yaml: suspended: true (beta/m365)",
    ] == propose(estate)
    text = (estate.root / "customers/alpha.yaml").read_text("utf-8")
    assert text.endswith("    absent: true  # ended elsewhere, found 2026-11-22\n")
    assert ((), False) == (estate.drift(), estate.plan().sends)


def test_a_schedule_of_somebody_elses(estate, world):
    """What was scheduled in the portal becomes `atRenewal`; what was taken out of the schedule stays as it runs."""
    declare(estate, "alpha", 10)
    estate.apply()
    with world.open() as state:
        item = state.subscription(ALPHA, subscription(state))
        following = NextTerm(offer=OfferKey.parse(OFFER), seats=7, term=Term.P1Y, billing=BillingCycle.MONTHLY)
        state.schedule(ALPHA, item.id, following)

    assert ["customers/alpha.yaml: atRenewal: {seats: 7} (alpha/m365)"] == propose(estate)
    assert ((), False) == (estate.drift(), estate.plan().sends)


def test_a_schedule_that_was_taken_back(estate, world):
    """Six seats were to come with the renewal; somebody deleted that: ten are what stays."""
    declare(estate, "alpha", 10)
    estate.apply()
    world.advance(days=30)
    declare(estate, "alpha", 6)
    estate.apply()
    with world.open() as state:
        state.schedule(ALPHA, subscription(state), None)

    assert ["customers/alpha.yaml: seats: 10 (alpha/m365)"] == propose(estate)
    assert ((), False) == (estate.drift(), estate.plan().sends)


def test_a_resumption_elsewhere(estate, world):
    """`suspended: true` stands in the line: it becomes false, and its comment stays."""
    declare(estate, "alpha", 10)
    estate.apply()
    declare(estate, "alpha", 10, suspended=True, endOfTerm="cancel")
    estate.apply()
    with world.open() as state:
        item = state.kept(ALPHA, subscription(state))
        state.put(ALPHA, replace(item, status=Status.ACTIVE, end_of_term="cancel"))

    assert ["customers/alpha.yaml: suspended: false (alpha/m365)"] == propose(estate)
    assert () == estate.drift()


def test_a_name_that_cannot_be_read_is_not_written(estate, world):
    """What a terminal would obey never enters a manifest."""
    declare(estate, "alpha", 10, nickname="Workplace")
    estate.apply()
    with world.open() as state:
        state.rename(ALPHA, subscription(state), "\x1b[31mred")

    [text] = propose(estate)

    assert "characters that cannot be read" in text
    assert "Workplace" in (estate.root / "customers/alpha.yaml").read_text("utf-8")
