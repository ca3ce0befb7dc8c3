"""Two readings of the same documents: what the planner plans the simulated Partner Center accepts, and what the planner
refuses as Microsoft's rule is refused there too when it is sent all the same.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import currently_in_test_context, given, settings
from hypothesis import note as hypothesis_note
from hypothesis import strategies as st

from cspdecl.commerce.rules import all_rules
from cspdecl.core.action import Action, Cancel, ScheduleRenewal, SetSeats
from cspdecl.core.catalog import OfferKey
from cspdecl.core.live import LiveSubscription, NextTerm
from cspdecl.core.operation import Plan
from cspdecl.core.outcome import Applied, Deferred, Rejected
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.testing.builders import CountingIds, SteppingClock
from cspdecl.testing.estate import Estate
from cspdecl.testing.other_side import bare, finish, on, purchase, running
from tests.conformance.test_partner_center import SimulatedWorld
from tests.partner_center.support import APP_ONLY, over_simulator

OFFERS = ("CFQ7TTC0LCHC:0002", "CFQ7TTC0LH18:0001", "CFQ7TTC0HD32:0002")
DAYS = (0, 0, 0, 1, 3, 6, 7, 8, 29, 30, 31, 180, 357, 364, 365, 366, 372, 400)


@dataclass(frozen=True)
class Step:
    """Time passes, and one line of one customer is declared anew; no seats: it is to go."""

    days: int
    customer: int
    line: int
    seats: int
    end: str
    reduce: str


STEPS = st.lists(
    st.builds(
        Step, days=st.sampled_from(DAYS), customer=st.integers(0, 1), line=st.integers(0, 2),
        seats=st.one_of(st.integers(1, 25), st.just(0), st.sampled_from([290, 310])),
        end=st.sampled_from(["renew", "renew", "renew", "cancel"]),
        reduce=st.sampled_from(["auto", "auto", "renewal", "now"]),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


@dataclass
class Run:
    """An estate on a simulated Partner Center, and what is declared in it."""

    world: SimulatedWorld
    estate: Estate
    declared: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)

    def write(self) -> None:
        """The manifests as they are declared now."""
        for number, tenant in enumerate(self.world.tenants):
            lines = [line for (customer, _line), line in sorted(self.declared.items()) if customer == number]
            self.estate.customer(f"customer-{number + 1}", *lines, tenant=tenant)

    def declare(self, step: Step) -> Plan:
        """Declare one line anew and plan."""
        line: dict[str, Any] = {"name": f"line{step.line}", "offer": OFFERS[step.line], "seats": step.seats,
                                "endOfTerm": step.end, "reduce": step.reduce}  # fmt: skip
        before = self.declared.get((step.customer, step.line))
        if step.seats == 0:
            line = {**(before or line), "seats": (before or {}).get("seats", 1) or 1, "absent": True}
        self.declared[step.customer, step.line] = line
        self.write()
        return self.estate.plan()

    def withdraw(self, step: Step, plan: Plan) -> None:
        """What cannot be planned leaves the manifests again; what has ended by itself leaves them too."""
        del self.declared[step.customer, step.line]
        for item in plan.diagnostics:
            if item.severity == "error" and item.address:
                customer, _, line = item.address.partition("/")
                if line:
                    self.declared.pop((int(customer[-1]) - 1, int(line[-1])), None)
        self.write()


@contextmanager
def a_run() -> Iterator[Run]:
    """A fresh one, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        world = SimulatedWorld()
        estate = Estate(
            root=Path(folder), connect=world.connect, provider="partner-center", market="US", currency="USD",
            clock=SteppingClock(), ids=CountingIds(),
            settings={"environment": "production"},
        )  # fmt: skip
        # every removed line may be forgotten at once: this is not about our own guardrails
        estate.project(guardrails={"maxStopManaging": "100%"})
        run = Run(world, estate)
        run.write()
        try:
            yield run
        finally:
            world.close()


def note(text: str) -> None:
    """Say it with the example that fails."""
    if currently_in_test_context():
        hypothesis_note(text)


def agree(steps: list[Step]) -> None:
    """Plan and apply step by step: everything planned is accepted, and then there is nothing left to do."""
    with a_run() as run:
        for step in steps:
            # never to the instant at which a window closes: whether that instant is in it is read differently, and
            # no clock of the real world hits it
            run.world.advance(timedelta(days=step.days, minutes=1))
            plan = run.declare(step)
            while errors := [item for item in plan.diagnostics if item.severity == "error"]:
                note(f"refused: {[(item.code, item.message) for item in errors]}")
                if not run.declared:
                    raise AssertionError(errors)
                if (step.customer, step.line) not in run.declared:
                    raise AssertionError((errors, run.declared))
                run.withdraw(step, plan)
                plan = run.estate.plan()
            note(f"{step}: {[(str(one.address), one.action) for one in plan.operations]}")
            result = run.estate.apply(plan) if plan.operations else None
            if result is not None and not isinstance(result, Plan):
                bad = [(str(one.operation.address), one.operation.action, one.state, one.message)
                       for one in result.tasks if one.state != "applied"]  # fmt: skip
                assert [] == bad
            again = run.estate.plan()
            assert [] == [(str(one.address), one.action) for one in again.operations]


@settings(max_examples=25)
@given(STEPS)
def test_what_is_planned_is_accepted(steps):
    """Whatever is declared, and whenever: each operation of a plan is accepted, and the next plan is empty."""
    agree(steps)


@pytest.mark.long
@pytest.mark.timeout(3600)
@settings(max_examples=600)
@given(STEPS)
def test_what_is_planned_is_accepted_at_length(steps):
    """The same, looked for longer."""
    agree(steps)


@pytest.mark.parametrize("end_before", ["renew", "cancel"])
def test_a_change_of_seats_keeps_what_shall_end(end_before):
    """A change of seats deletes scheduled actions, the one that ends a term among them: it is written behind the seats."""
    first = Step(days=0, customer=0, line=0, seats=1, end=end_before, reduce="auto")

    agree([first, replace(first, seats=2, end="cancel"), replace(first, seats=5, end="cancel", days=30)])


# ---- refusals ----


def send(run: Run, action: Action, *, tenant: int = 0, app_only: bool = False, segment: str | None = None) -> object:
    """Send an action past the planner, on the first customer's one subscription or on none."""
    items = running(run.world, tenant)
    mode: dict[str, Any] = {"auth": APP_ONLY} if app_only else {}
    provider = over_simulator(run.world.simulator, **mode)
    try:
        if items and not isinstance(action, type(purchase(run.world, 1))):
            return finish(provider, on(items[0], action, run.world), run.world)
        return finish(provider, bare(action, run.world), run.world)
    finally:
        provider.close()


def codes(plan: Plan, *severities: str) -> set[str]:
    return {item.code for item in plan.diagnostics if item.severity in (severities or ("error",))}


def start(run: Run, seats: int, **line: Any) -> LiveSubscription:
    """One subscription of the first customer, bought by the engine."""
    run.declared[0, 0] = {"name": "line0", "offer": OFFERS[0], "seats": seats, "endOfTerm": "renew", **line}
    run.write()
    run.estate.apply()
    [item] = running(run.world)
    return item


@settings(max_examples=10)
@given(before=st.integers(2, 25), fewer=st.integers(1, 24), days=st.integers(8, 360))
def test_310_seats_past_their_window_stay(before, fewer, days):
    """CSP310: outside the window a reduction now is refused by the planner, and by Partner Center."""
    after = max(1, before - fewer)
    with a_run() as run:
        start(run, before)
        run.world.advance(timedelta(days=days))
        plan = run.declare(Step(days=0, customer=0, line=0, seats=after, end="renew", reduce="now"))

        assert {"CSP310"} == codes(plan)
        assert isinstance(send(run, SetSeats(before=before, after=after)), Rejected)


@settings(max_examples=10)
@given(days=st.integers(8, 360))
def test_341_cancelling_past_the_window(days):
    """CSP341: past its window a subscription is set to end with its term; cancelling it now is refused there."""
    with a_run() as run:
        item = start(run, 5)
        run.world.advance(timedelta(days=days))
        plan = run.declare(Step(days=0, customer=0, line=0, seats=0, end="renew", reduce="auto"))

        assert ["set_end_of_term"] == [one.action.kind for one in plan.operations]
        assert isinstance(send(run, Cancel(seats=item.seats)), Rejected)


@settings(max_examples=10)
@given(days=st.integers(8, 300), after=st.integers(1, 9))
def test_313_nothing_is_scheduled_for_what_ends(days, after):
    """CSP312, CSP313: without auto-renew there is no next term to schedule seats for, here and there."""
    with a_run() as run:
        item = start(run, 10, endOfTerm="cancel")
        run.estate.apply()
        run.world.advance(timedelta(days=days))
        plan = run.declare(Step(days=0, customer=0, line=0, seats=after, end="cancel", reduce="auto"))

        assert "schedule_renewal" not in {one.action.kind for one in plan.operations}
        following = NextTerm(offer=item.offer or OfferKey.parse(OFFERS[0]), seats=after, term=Term.P1Y,
                             billing=BillingCycle.MONTHLY)  # fmt: skip
        assert not isinstance(send(run, ScheduleRenewal(next=following)), Applied)


@pytest.mark.parametrize(
    ("line", "code", "changes"),
    [
        ({"term": "P1M", "billing": "annual"}, None, {"term": Term.P1M, "billing": BillingCycle.ANNUAL}),
        ({"offer": "ZZZZZZZZZZZZ:0001"}, "CSP324", {"offer": OfferKey.parse("ZZZZZZZZZZZZ:0001")}),
        ({"seats": 310}, "CSP331", {"seats": 310}),
    ],
    ids=["term and billing", "not sold", "too many"],
)
def test_a_purchase_that_cannot_be(line, code, changes):
    """CSP323, CSP324, CSP331: what is not for sale like this is refused in planning, and by Partner Center."""
    with a_run() as run:
        run.declared[0, 0] = {"name": "line0", "offer": OFFERS[0], "seats": 5, **line}
        run.write()
        if code:
            plan = run.estate.plan()
            assert code in codes(plan)
            assert () == plan.operations

        assert isinstance(send(run, replace(purchase(run.world, 5), **changes)), Rejected)


def test_350_no_agreement_no_purchase():
    """CSP350: as long as nobody has accepted the agreement nothing is planned, and Partner Center refuses the order."""
    with a_run() as run:
        tenant = run.world.simulator.seed_customer(
            "9f2b6c1e-0000-4000-8000-000000000009", company="New", agreement=False
        )
        run.world.tenants = (tenant, run.world.tenants[1])
        run.declared[0, 0] = {"name": "line0", "offer": OFFERS[0], "seats": 5}
        run.write()
        plan = run.estate.plan()

        assert () == plan.operations
        assert "CSP350" in {item.code for item in plan.waiting}
        assert isinstance(send(run, purchase(run.world, 5), app_only=True), Rejected | Deferred)


def test_each_of_these_rules_is_in_the_list():
    """The codes claimed here are Microsoft's rules in the list of rules, not ours."""
    listed = all_rules()
    known, ours = {rule.code for rule in listed}, {rule.code for rule in listed if "our own" in rule.source}

    assert {"CSP310", "CSP312", "CSP313", "CSP323", "CSP324", "CSP331", "CSP341", "CSP350"} <= known
    assert set() == {"CSP310", "CSP313", "CSP323", "CSP324", "CSP331", "CSP341", "CSP350"} & ours
