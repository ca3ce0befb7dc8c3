"""Drift over time: what records, applies of other things, adoption and letting go make of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cspdecl.core.catalog import OfferKey
from cspdecl.engine.drift import look_for_drift
from cspdecl.engine.plan import PlanRequest
from cspdecl.testing.builders import OFFER, OTHER_OFFER, live_subscription
from tests.unit.engine.estates import declare, estate_of, only_subscription, world_of
from tests.unit.engine.harness import tenant_of

ALPHA = tenant_of(1)


@pytest.fixture
def world():
    return world_of()


@pytest.fixture
def estate(world, tmp_path):
    """Ten seats for Alpha, four for Beta, bought and recorded."""
    made = estate_of(tmp_path / "project", world)
    declare(made, "alpha", 10)
    declare(made, "beta", 4)
    made.apply()
    return made


def found(estate):
    return [(item.address.customer, item.kind, item.field, item.live) for item in estate.drift()]


def renamed(estate):
    with estate.session() as session:
        result = look_for_drift(session, PlanRequest(), names=True)
        return result.found, [(str(item.address), item.was, item.live) for item in result.renamed]


def rename(world, name):
    with world.open() as state:
        state.rename(ALPHA, only_subscription(world, "alpha"), name)


def test_a_record_hides_nothing(estate, world):
    """Seats and end of term changed in the portal stay drift through `record` and an apply of something else, until
    one is put right and the other declared."""
    with world.open() as state:
        ident = only_subscription(world, "alpha")
        state.set_seats(ALPHA, ident, 12)
        state.set_end(ALPHA, ident, "cancel")
    drifted = [("alpha", "changed", "end_of_term", "cancel"), ("alpha", "changed", "seats", 12)]

    assert drifted == found(estate)
    assert 2 == estate.record()
    assert drifted == found(estate)
    assert '"origin":"drift"' in estate.ledger()[-1].body
    declare(estate, "alpha", 12)
    assert drifted[:1] == found(estate)
    estate.apply()
    assert [] == found(estate)


def test_an_apply_elsewhere_hides_nothing(estate, world):
    """Every apply records first: what drifted at Alpha is still drift when Beta was changed."""
    with world.open() as state:
        state.set_seats(ALPHA, only_subscription(world, "alpha"), 12)
    declare(estate, "beta", 5)
    plan = estate.plan(customers=("beta",))

    estate.apply(plan)

    assert [("alpha", "changed", "seats", 12)] == found(estate)


def test_renewals_as_planned_are_no_drift(estate, world):
    """A reduction of ours came true at the renewal and was recorded, and the term after it renewed too."""
    world.advance(days=30)
    declare(estate, "alpha", 6)
    estate.apply()
    world.advance(days=340)

    assert [] == found(estate)
    assert estate.record()
    assert [] == found(estate)
    world.advance(days=370)
    assert [] == found(estate)
    with world.open() as state:
        state.set_seats(ALPHA, only_subscription(world, "alpha"), 7)
    estate.record()
    assert [("alpha", "changed", "seats", 7)] == found(estate)


def test_an_extension_as_declared_is_no_drift(estate, world):
    """Told to go on by the month and doing so, month after month, recorded or not: nobody changed anything."""
    declare(estate, "alpha", 10, endOfTerm="extend")
    estate.apply()

    for _month in range(3):
        world.advance(days=370 if not _month else 31)
        assert [] == found(estate)
        plan = estate.plan()
        assert ([], ["CSP346"]) == ([*plan.operations], [item.code for item in plan.diagnostics])
        estate.record()


def test_a_purchase_by_hand_stays_drift(estate, world):
    """Bought in the portal at a managed customer: drift through whatever else happens, until a line takes it over."""
    world.advance(days=1)
    with world.open() as state:
        state.buy(ALPHA, offer=OfferKey.parse(OTHER_OFFER), seats=3)
    bought = [("alpha", "unmanaged-new", "subscription", f"{OTHER_OFFER}, 3 seats")]

    assert bought == found(estate)
    world.advance(days=1)
    declare(estate, "alpha", 11)
    estate.apply()
    estate.record()
    assert bought == found(estate)

    lines = [{"name": "m365", "offer": OFFER, "seats": 11}, {"name": "other", "offer": OTHER_OFFER, "seats": 3}]
    estate.customer("alpha", *lines, tenant=ALPHA)
    assert [] == found(estate)
    estate.apply()
    assert [] == found(estate)


def test_what_we_let_go_is_no_drift(estate):
    """A line taken out goes on unmanaged because we said so, not because somebody bought it."""
    estate.customer("alpha", tenant=ALPHA)

    estate.apply()

    assert [] == found(estate)


def test_what_ran_before_us_is_no_drift(tmp_path):
    """A subscription that ran when the customer was first managed was nobody's change; one bought afterwards is."""
    world = world_of()
    estate = estate_of(tmp_path / "project", world)
    with world.open() as state:
        state.put(ALPHA, live_subscription(seats=3, offer=OTHER_OFFER))
    declare(estate, "alpha", 5)
    estate.apply()
    world.advance(days=1)

    assert [] == found(estate)
    with world.open() as state:
        old = state.customers[ALPHA].subscriptions[0]
        state.put(ALPHA, replace(old, id="22222222-0000-4000-8000-00000000000a", created=state.now))
    assert ["unmanaged-new"] == [item.kind for item in estate.drift()]


def test_a_declared_name_is_watched(estate, world):
    """Changed in the portal it is drift, before and after a record, and a plan puts it right."""
    declare(estate, "alpha", 10, nickname="Workplace")
    assert [] == found(estate), "declared and not applied yet"
    estate.apply()
    assert [] == found(estate)

    rename(world, "Somebody's")

    assert [("alpha", "changed", "nickname", "Somebody's")] == found(estate)
    estate.apply()
    assert [] == found(estate)


def test_a_name_that_nobody_declares_is_the_portals(estate, world):
    """It is no drift; who asks for everything is told."""
    assert ((), []) == renamed(estate)

    rename(world, "Somebody's")

    assert ((), [("alpha/m365", "m365", "Somebody's")]) == renamed(estate)


def test_a_name_at_adoption_is_remembered(tmp_path):
    """What was called so when it was taken over, and is called otherwise now, was renamed since."""
    world = world_of()
    estate = estate_of(tmp_path / "project", world)
    with world.open() as state:
        state.put(ALPHA, live_subscription(seats=3, nickname="Workplace"))
    declare(estate, "alpha", 3, nickname="Workplace")
    estate.adopt()

    rename(world, "Somebody's")

    assert [("alpha", "changed", "nickname", "Somebody's")] == found(estate)


def test_a_budget_changed_elsewhere(tmp_path):
    """What an operation of ours last set is neither declared nor live: drift, until it is declared or put right."""
    world = world_of()
    estate = estate_of(tmp_path / "project", world)
    estate.customer("alpha", {"name": "azure", "azurePlan": {"budget": "500.00"}}, tenant=ALPHA)
    with world.open() as state:
        state.put_customer(replace(state.customers[ALPHA], budget=Decimal(0)))
    estate.apply()
    estate.apply()
    assert [] == found(estate)

    with world.open() as state:
        state.put_customer(replace(state.customers[ALPHA], budget=Decimal("900.00")))

    assert [("alpha", "changed", "budget", "900.00")] == found(estate)
    [item] = estate.drift()
    assert ("500.00", "500.00") == (item.was, item.declared)


def test_a_lost_customer_is_one_finding(estate, world):
    """Nothing is said of its lines, which nobody can read any more; it counts, and the run is not incomplete for it."""
    with world.open() as state:
        state.customers = {key: one for key, one in state.customers.items() if key != ALPHA}

    with estate.session() as session:
        report = look_for_drift(session, PlanRequest()).report

    assert [("lost", "alpha")] == [(item.drift.group, str(item.drift.address)) for item in report.counted]
    assert () == report.unreadable
