"""Reading: what could not be read never looks like something that is not there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Catalog
from cspdecl.core.live import ReadFailure
from cspdecl.testing.builders import OFFER, OTHER_OFFER, live_subscription, lot
from cspdecl.testing.memory import MemoryProvider
from cspdecl.testing.world import Fault
from tests.unit.engine.estates import declare, estate_of, world_of
from tests.unit.engine.harness import tenant_of


@pytest.fixture
def world():
    return world_of()


@pytest.fixture
def estate(tmp_path, world):
    """Alpha takes over, gives back and schedules; Beta buys."""
    with world.open() as state:
        state.put(tenant_of(1), live_subscription(id="s1", seats=9, lots=[lot(2, days_left=5)]))
        state.put(tenant_of(1), live_subscription(id="s2", offer=OTHER_OFFER, seats=3))
    made = estate_of(tmp_path / "project", world)
    made.customer(
        "alpha", {"name": "m365", "offer": OFFER, "seats": 4}, {"name": "visio", "offer": OTHER_OFFER, "seats": 5},
        tenant=tenant_of(1),
    )  # fmt: skip
    declare(made, "beta", 4)
    return made


def ids(plan) -> set[str]:
    return {operation.id for operation in plan.operations}


def test_a_failed_reading_only_removes(estate, world):
    """Whichever reading of a plan fails, the plan holds nothing that it did not hold when all were answered."""
    whole = ids(estate.plan())
    assert 6 <= len(whole)
    less = []

    for skip in range(20):
        with world.open() as state:
            state.faults = (Fault(kind="unreadable", times=1, skip=skip),)
        plan = estate.plan()
        assert ids(plan) <= whole
        less.append(len(ids(plan)) < len(whole))
        with world.open() as state:
            met = state.faults[0].times == 0
        if not met:
            break
        assert not plan.complete

    assert less[-1] is False
    assert all(less[:-1])
    assert len(less) >= 4


def test_an_unread_catalogue_only_removes(estate):
    """Offers that could not be asked about are not bought, and nothing else comes of it."""
    whole = ids(estate.plan())
    connect = estate.connect

    def without_catalogue(mode):
        provider = connect(mode)
        provider.catalog = lambda market, _segment, offers: Catalog(
            market=market, offers={}, as_of=provider.now(), unread=tuple(offers)
        )
        return provider

    estate.connect = without_catalogue

    assert ids(estate.plan()) < whole


def test_a_provider_that_forgets_a_customer_has_not_read_it(estate):
    """An answer that never comes is an unknown customer, not an empty one."""
    connect = estate.connect

    def forgetful(mode):
        provider = connect(mode)
        inner = provider.read
        provider.read = lambda refs: (one for one in inner(refs) if one.key != "beta")
        return provider

    estate.connect = forgetful

    plan = estate.plan()

    assert ["beta"] == list(plan.unknown)
    assert {"alpha"} == {operation.address.customer for operation in plan.operations}


def test_what_is_reduced_is_read_again(estate, world):
    """Lists lag: before seats are given back that subscription is read by itself, and that reading decides."""
    connect = estate.connect

    def lagging(mode):
        provider = connect(mode)
        inner = provider.read_subscriptions

        def fresh(tenant, wanted):
            answer = inner(tenant, wanted)
            assert not isinstance(answer, ReadFailure)
            return replace(
                answer,
                subscriptions=tuple(
                    replace(item, seats=5) if item.id == "s1" else item for item in answer.subscriptions
                ),
            )

        provider.read_subscriptions = fresh
        return provider

    estate.connect = lagging

    [change] = [
        one for one in estate.plan().operations if one.action.kind == "set_seats" and one.address.name == "m365"
    ]

    assert 5 == change.action.before


def test_a_cached_plan_asks_nobody(estate, world):
    """`--cached` plans on what was read last; what was never read is unknown, not empty."""
    assert {"alpha", "beta"} == set(estate.plan(cached=True).unknown)
    estate.plan()
    with world.open() as state:
        before = len(state.log)

    plan = estate.plan(cached=True)

    with world.open() as state:
        assert before == len(state.log)
    assert plan.complete


def test_a_lesser_provider_gets_a_lesser_plan(estate, world):
    """What a provider cannot schedule is not planned to be scheduled; the plan says what waits instead."""
    from cspdecl.testing.memory import CAPABILITIES

    estate.connect = lambda mode: MemoryProvider(
        world, mode=mode, capabilities=CAPABILITIES & ~Capability.SCHEDULED_CHANGES
    )

    plan = estate.plan()

    assert "schedule_renewal" not in {one.action.kind for one in plan.operations}
    assert "alpha/m365" in {str(one.address) for one in plan.waiting} | {one.address for one in plan.diagnostics}
