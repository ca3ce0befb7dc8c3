"""Convergence, as tests: after an apply nothing is left to plan, from cache or fresh; nothing has drifted; an export
says the same; applying again writes nothing. And whichever answer gets lost, everything happens once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cspdecl.core.capability import Capability
from cspdecl.core.operation import Operation, Plan
from cspdecl.core.outcome import Outcome
from cspdecl.spi.provider import Call, Mode, Provider
from cspdecl.testing.builders import CountingIds, SteppingClock
from cspdecl.testing.estate import Estate
from cspdecl.testing.other_side import SuiteWorld, able, running


class ConvergenceSuite:
    """The whole engine on one provider. `ProviderSuite` holds it; subclass that one."""

    def world(self, folder: Path) -> SuiteWorld:
        """A fresh other side; `folder` is the test's own."""
        raise NotImplementedError

    @pytest.fixture
    def other_side(self, tmp_path: Path) -> Iterator[SuiteWorld]:
        """The other side of one test; closed afterwards where it can be."""
        world = self.world(tmp_path / "world")
        yield world
        getattr(world, "close", lambda: None)()

    @pytest.fixture
    def connect(self, other_side: SuiteWorld) -> Iterator[Callable[..., Provider]]:
        """Connects; what was connected is closed when the test ends."""
        opened: list[Provider] = []

        def connected(mode: Mode = "write") -> Provider:
            opened.append(other_side.connect(mode))
            return opened[-1]

        yield connected
        for provider in opened:
            provider.close()

    @pytest.fixture
    def estate(self, other_side: SuiteWorld, tmp_path: Path) -> Estate:
        """A project on the provider, with nothing declared yet."""
        made = Estate(
            root=tmp_path / "estate", connect=other_side.connect, provider=other_side.provider,
            market=other_side.market, currency=other_side.currency, clock=SteppingClock(), ids=CountingIds(),
        )  # fmt: skip
        made.project()
        return made

    # ---- convergence ----

    def test_a_purchase_converges(self, estate: Estate, other_side: SuiteWorld, tmp_path: Path) -> None:
        """What was bought is bound, read back and recorded; then nothing is left to do, from wherever one looks."""
        declare(estate, other_side, seats=10)
        declare(estate, other_side, seats=4, tenant=1)

        assert applied(estate) == ["purchase", "purchase"]
        assert_converged(estate, other_side, tmp_path)
        assert len(estate.ledger()) == 2

    def test_more_seats_converge(self, estate: Estate, other_side: SuiteWorld, tmp_path: Path) -> None:
        """Seats go up on the running subscription; no second one is bought."""
        bought(estate, other_side, seats=10)
        declare(estate, other_side, seats=13)

        assert applied(estate) == ["set_seats"]
        assert [13] == [item.seats for item in running(other_side)]
        assert_converged(estate, other_side, tmp_path)

    def test_seats_inside_their_window_come_back(
        self, estate: Estate, other_side: SuiteWorld, connect: Callable[..., Provider], tmp_path: Path
    ) -> None:
        """Seats bought just now are returned now."""
        if not able(connect(), Capability.PARTIAL_REDUCTION):
            return
        bought(estate, other_side, seats=10)
        declare(estate, other_side, seats=8)

        assert applied(estate) == ["set_seats"]
        assert [8] == [item.seats for item in running(other_side)]
        assert_converged(estate, other_side, tmp_path)

    def test_seats_past_their_window_wait_for_the_renewal(
        self, estate: Estate, other_side: SuiteWorld, connect: Callable[..., Provider], tmp_path: Path
    ) -> None:
        """Past the window a reduction is scheduled, and comes true when the term renews; the ledger hears of both."""
        if not able(connect(), Capability.SCHEDULED_CHANGES):
            return
        bought(estate, other_side, seats=10)
        other_side.advance(timedelta(days=30))
        declare(estate, other_side, seats=8)

        assert applied(estate) == ["schedule_renewal"]
        assert [(10, 8)] == [(item.seats, item.scheduled and item.scheduled.seats) for item in running(other_side)]
        assert_converged(estate, other_side, tmp_path / "scheduled")

        other_side.advance(timedelta(days=340))
        assert estate.record() > 0
        assert estate.record() == 0
        assert [(8, None)] == [(item.seats, item.scheduled) for item in running(other_side)]
        assert_converged(estate, other_side, tmp_path / "renewed")

    def test_a_change_now_keeps_what_is_scheduled(
        self, estate: Estate, other_side: SuiteWorld, connect: Callable[..., Provider], tmp_path: Path
    ) -> None:
        """Five seats added yesterday, eight to go: five now, three at renewal, the schedule after the change."""
        provider = connect()
        if not able(provider, Capability.SCHEDULED_CHANGES | Capability.PARTIAL_REDUCTION | Capability.SEAT_LOTS):
            return
        bought(estate, other_side, seats=12)
        other_side.advance(timedelta(days=30))
        declare(estate, other_side, seats=17)
        applied(estate)
        declare(estate, other_side, seats=9)

        assert applied(estate) == ["set_seats", "schedule_renewal"]
        assert [(12, 9)] == [(item.seats, item.scheduled and item.scheduled.seats) for item in running(other_side)]
        assert_converged(estate, other_side, tmp_path)

    def test_the_end_of_a_term_converges(
        self, estate: Estate, other_side: SuiteWorld, connect: Callable[..., Provider], tmp_path: Path
    ) -> None:
        """Told to end with its term, a subscription is set so, and is still running until then."""
        if not able(connect(), Capability.CANCEL_AT_DATE):
            return
        bought(estate, other_side, seats=3)
        declare(estate, other_side, seats=3, endOfTerm="cancel")

        assert applied(estate) == ["set_end_of_term"]
        assert ["cancel"] == [item.end_of_term for item in running(other_side)]
        assert_converged(estate, other_side, tmp_path)

    def test_bought_cancelled_bought_again(self, estate: Estate, other_side: SuiteWorld, tmp_path: Path) -> None:
        """Buying, cancelling inside the window and buying the same again are three operations and three records."""
        bought(estate, other_side, seats=5)
        declare(estate, other_side, seats=5, absent=True)
        assert applied(estate) == ["cancel"]
        assert [] == running(other_side)
        declare(estate, other_side, seats=5)
        assert applied(estate) == ["purchase"]

        assert [5] == [item.seats for item in running(other_side)]
        assert len({record.id for record in estate.ledger()}) == 3
        assert_converged(estate, other_side, tmp_path)

    def test_what_runs_already_is_adopted(self, estate: Estate, other_side: SuiteWorld, tmp_path: Path) -> None:
        """A second project that declares what runs takes it over: nothing is bought, nothing is written."""
        bought(estate, other_side, seats=6)
        second = replace(estate, root=tmp_path / "second")
        second.project()
        declare(second, other_side, seats=6)
        before = other_side.writes()

        assert {"adopt"} == set(applied(second))
        assert before == other_side.writes()
        assert_converged(second, other_side, tmp_path)

    def test_an_edit_elsewhere_is_drift_and_is_put_right(
        self, estate: Estate, other_side: SuiteWorld, tmp_path: Path
    ) -> None:
        """Seats changed in the portal are drift, are recorded as somebody else's, and a plan puts them right."""
        bought(estate, other_side, seats=10)
        [item] = running(other_side)
        other_side.edit_seats(other_side.tenants[0], item.id, 12)

        assert estate.drift()
        assert estate.record() == 1
        assert applied(estate) == ["set_seats"]
        assert_converged(estate, other_side, tmp_path)

    # ---- doubt ----

    @pytest.mark.parametrize("step", range(3))
    def test_a_lost_answer_buys_once(self, estate: Estate, other_side: SuiteWorld, tmp_path: Path, step: int) -> None:
        """Whichever write of a purchase loses its answer, one subscription comes of it, recorded once."""
        declare(estate, other_side, seats=7)
        lose_after(estate, other_side, step)

        run_until_settled(estate)

        assert [7] == [item.seats for item in running(other_side)]
        assert len(estate.ledger()) == 1
        assert_converged(estate, other_side, tmp_path)

    def test_a_lost_answer_changes_once(self, estate: Estate, other_side: SuiteWorld, tmp_path: Path) -> None:
        """A change of seats whose answer is lost is found done by looking."""
        bought(estate, other_side, seats=10)
        declare(estate, other_side, seats=12)
        other_side.lose_answer()

        run_until_settled(estate)

        assert [12] == [item.seats for item in running(other_side)]
        assert len(estate.ledger()) == 2
        assert_converged(estate, other_side, tmp_path)


def declare(
    estate: Estate, world: SuiteWorld, *, seats: int, tenant: int = 0, offer: int | str = 0, **line: Any
) -> None:
    """One line of one customer; the customers are called customer-1 and customer-2. `offer`: its number, or itself."""
    key = world.offers[offer] if isinstance(offer, int) else offer
    estate.customer(
        f"customer-{tenant + 1}", {"name": "line", "offer": key, "seats": seats, **line},
        tenant=world.tenants[tenant],
    )  # fmt: skip


def applied(estate: Estate) -> list[str]:
    """Apply, expect every operation to be carried out, and say which they were; an empty plan says nothing."""
    result = estate.apply()
    if isinstance(result, Plan):
        problems = [item.message for item in result.diagnostics if item.severity == "error"]
        assert not result.safety.refused
        assert [] == problems
        return []
    assert [] == [
        (str(one.operation.address), one.state, one.message) for one in result.tasks if one.state != "applied"
    ]
    return [one.operation.action.kind for one in result.tasks if one.operation.address.path or not _own(one.operation)]


def _own(item: Operation) -> bool:
    return item.action.kind == "adopt"


def bought(estate: Estate, world: SuiteWorld, *, seats: int) -> None:
    """Declare and buy."""
    declare(estate, world, seats=seats)
    assert "purchase" in applied(estate)


def run_until_settled(estate: Estate) -> None:
    """Apply, and again as a person would who was told to: a few times at most."""
    left: list[tuple[str, str]] = []
    for _attempt in range(4):
        result = estate.apply()
        if isinstance(result, Plan) or result.exit == 0:
            return
        left = [(one.state, one.message) for one in result.tasks]
    raise AssertionError(left)


def lose_after(estate: Estate, world: SuiteWorld, step: int) -> None:
    """Lose the answer of the next purchase's write number `step`."""
    connect, asked = estate.connect, [0]
    assert connect is not None

    def connected(mode: Mode) -> Provider:
        provider = connect(mode)
        inner = provider.apply

        def apply(item: Operation, how: Call) -> Outcome:
            if asked[0] == step:
                world.lose_answer()
            asked[0] += 1
            return inner(item, how)

        provider.apply = apply  # type: ignore[method-assign, assignment]
        return provider

    estate.connect = connected


def assert_converged(estate: Estate, world: SuiteWorld, folder: Path) -> None:
    """Nothing is left to do, from whatever side one looks, and looking writes nothing."""
    before = world.writes()
    assert [] == [one.action.kind for one in estate.plan(cached=True).operations], "a plan from the cache is not empty"
    assert [] == [one.action.kind for one in estate.plan().operations], "a plan from fresh readings is not empty"
    assert () == estate.drift(), "what we did ourselves looks like drift"
    assert () == estate.open_operations(), "the journal is not closed"
    again = estate.apply()
    assert isinstance(again, Plan), "a second apply had something to do"
    exported = estate.export(folder / "export")
    exported.adopt()
    assert [] == [one.action.kind for one in exported.plan().operations], "the plan of an export is not empty"
    assert declared(estate) == declared(exported), "an export says something else than the estate"
    assert before == world.writes(), "looking has written"


def declared(estate: Estate) -> set[tuple[object, ...]]:
    """What the manifests stand for, by subscription id, whatever the lines are called."""
    with estate.session() as session:
        _project, desired = session.require()
        bindings = session.store().bindings()
        return {
            (bindings[line.address].ids, line.offer, line.seats, line.term, line.billing, line.end_of_term)
            for spec in desired.customers.values()
            for line in spec.subscriptions
            if not line.absent
        }
