"""Killed at every point, started again: bought exactly once, recorded exactly once, and nothing left to do.

The run buys, creates a customer with its agreement, takes over what runs, returns and schedules seats, cancels, decides
an end of term and books an own service. Each crash is compared with the run that nobody killed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cspdecl.billing.chain import verify
from cspdecl.testing.builders import OFFER, OTHER_OFFER, live_customer, live_subscription, lot
from cspdecl.testing.estate import Estate
from cspdecl.testing.memory import MemoryProvider
from cspdecl.testing.world import World, sell
from tests.unit.engine.harness import tenant_of

THIRD = "CFQ7TTC0LHT4:0001"
RECENT = datetime(2026, 11, 20, tzinfo=UTC)


def prepare(root: Path) -> Estate:
    """The project and its world before anything was done."""
    world = World(root / "world.json")
    with world.open() as state:
        state.offers = sell(OFFER, OTHER_OFFER, THIRD)
        state.put_customer(
            live_customer(
                live_subscription(id="s-more", offer=OTHER_OFFER, seats=5),
                live_subscription(id="s-less", offer=THIRD, seats=9, lots=[lot(2, days_left=5)]),
                tenant=tenant_of(1), key="alpha", name="Alpha GmbH",
            )
        )  # fmt: skip
        state.put_customer(
            live_customer(
                live_subscription(id="s-gone", seats=4, started=RECENT, lots=[lot(4, days_left=5)],
                                  cancel_until=lot(4, days_left=5).returnable_until),
                live_subscription(id="s-end", offer=OTHER_OFFER, seats=3),
                tenant=tenant_of(2), key="beta", name="Beta GmbH",
            )
        )  # fmt: skip
    estate = Estate(root=root, connect=lambda mode: MemoryProvider(world, mode=mode))
    estate.project()
    estate.customer(
        "alpha", {"name": "new", "offer": OFFER, "seats": 10}, {"name": "more", "offer": OTHER_OFFER, "seats": 7},
        {"name": "less", "offer": THIRD, "seats": 4}, tenant=tenant_of(1),
    )  # fmt: skip
    estate.customer(
        "beta", {"name": "gone", "offer": OFFER, "absent": True, "id": "s-gone"},
        {"name": "end", "offer": OTHER_OFFER, "seats": 3, "endOfTerm": "cancel"}, tenant=tenant_of(2),
    )  # fmt: skip
    person = {"firstName": "Anna", "lastName": "Brandt", "email": "anna@gamma.example", "phone": "+49 361 5550100"}
    estate.customer(
        "gamma", {"name": "new", "offer": OFFER, "seats": 2},
        {"name": "care", "service": "managed-workplace", "seats": 2, "sell": {"perSeat": "19.00", "every": "month"}},
        create={
            "domain": "gamma", "companyName": "Gamma gGmbH", "contact": person, "credentialsTo": {"file": "gamma.txt"},
            "address": {"line1": "Am Anger 3", "postalCode": "99084", "city": "Erfurt", "country": "DE"},
            "agreement": {
                "type": "MicrosoftCustomerAgreement", "acceptedBy": "contact", "acceptedOn": RECENT.date(), "attest": "classic",
            },
        },
    )  # fmt: skip
    return estate


class Victim:
    """The process that is killed, and what is left on disk afterwards."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.victim"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=Path(__file__).resolve().parents[2],
        )  # fmt: skip

    def order(self, root: Path, verb: str = "apply", kill: int | None = None) -> dict[str, Any]:
        """Carry out a verb in a process of its own."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"root": str(root), "verb": verb, "kill": kill}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert answer["killed"] or answer["ended"] == 0, answer
        return answer

    def close(self) -> None:
        """Let it end."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=20)


def what_is_live(root: Path) -> Counter[tuple[Any, ...]]:
    """What all customers have, ids left out."""
    with World(root / "world.json").open() as state:
        return Counter(
            (customer.name, customer.agreement, str(item.offer), item.seats, item.status, item.end_of_term,
             item.scheduled and item.scheduled.seats)
            for customer in state.customers.values() for item in customer.subscriptions
        )  # fmt: skip


def what_is_recorded(estate: Estate) -> Counter[tuple[Any, ...]]:
    """What the ledger says happened, ids and times left out."""
    records = estate.ledger()
    assert () == verify(records)
    found: Counter[tuple[Any, ...]] = Counter()
    for record in records:
        data = json.loads(record.body)["data"]
        found[str(record.address), data["origin"], data["action"], data["quantity_before"], data["quantity_after"]] += 1
    return found


class Scene:
    """One start, copied for every crash; and what the run that nobody killed came to."""

    def __init__(self, folder: Path, victim: Victim, prepare: Callable[[Path], Estate] = prepare) -> None:
        self.folder, self.victim = folder, victim
        self._start = folder / "start"
        prepare(self._start)
        victim.order(self.copy("warm").root, "warm up")
        whole = self.copy("whole")
        run = victim.order(whole.root)
        self.points: list[str] = run["points"]
        assert {"applied"} == set(run["states"]), run
        self.live, self.records = what_is_live(whole.root), what_is_recorded(whole)

    def copy(self, name: str) -> Estate:
        """The start again, in a folder of its own."""
        root = self.folder / name
        shutil.copytree(self._start, root)
        return Estate(root=root, connect=lambda mode: MemoryProvider(World(root / "world.json"), mode=mode))

    def assert_same_end(self, estate: Estate) -> None:
        """As if nobody had been killed: same world, same ledger, closed journal, nothing left to do."""
        assert self.live == what_is_live(estate.root)
        assert self.records == what_is_recorded(estate)
        assert () == estate.open_operations()
        assert () == estate.plan().operations
        assert () == estate.plan(cached=True).operations
        assert () == estate.drift()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    victim = Victim()
    try:
        yield Scene(tmp_path_factory.mktemp("crash"), victim)
    finally:
        victim.close()


def crash(scene: Scene, point: int, verb: str) -> None:
    """Kill the run at a point, start again with `verb`, finish with `apply`, and compare."""
    estate = scene.copy(f"{verb}-{point}")
    assert scene.victim.order(estate.root, kill=point)["killed"]
    scene.victim.order(estate.root, verb)
    scene.victim.order(estate.root)
    scene.assert_same_end(estate)
    shutil.rmtree(estate.root)


def test_the_run_has_points_of_every_kind(scene: Scene):
    """The run to be killed touches store and provider often enough for the crashes to mean something."""
    kinds = Counter(scene.points)

    assert {"before begin", "after begin", "before commit", "after commit", "before apply", "after apply"} <= set(kinds)
    assert kinds["after apply"] >= 13
    assert kinds["after commit"] >= 20


@pytest.mark.parametrize("seventh", range(7))
def test_killed_and_recovered(scene: Scene, seventh: int):
    """A slice of the points: killed there, recovered, applied again, it ends like the run that nobody killed."""
    for point in range(seventh * 6, len(scene.points), 42):
        crash(scene, point, "recover")


@pytest.mark.parametrize("point", [10, 27])
def test_killed_and_just_applied_again(scene: Scene, point: int):
    """Without `recover` in between, `apply` settles what the killed run left before it plans."""
    crash(scene, point, "apply")


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("verb", ["recover", "apply"])
def test_killed_at_every_point(scene: Scene, verb: str):
    """Every point there is."""
    for point in range(len(scene.points)):
        crash(scene, point, verb)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_killed_again_while_recovering(scene: Scene):
    """Killed at every point of the run after the provider did its work, and again at every point of the recovery."""
    for point in [number for number, name in enumerate(scene.points) if name == "after apply"]:
        again = 0
        while True:
            estate = scene.copy(f"twice-{point}-{again}")
            scene.victim.order(estate.root, kill=point)
            killed = scene.victim.order(estate.root, "recover", kill=again)["killed"]
            scene.victim.order(estate.root, "recover")
            scene.victim.order(estate.root)
            scene.assert_same_end(estate)
            shutil.rmtree(estate.root)
            if not killed:
                break
            again += 1
