"""While a renewal runs, for up to a day, the service takes nothing about it: what waits, what goes on, what comes after."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cspdecl.core.live import CustomerRef, LiveCustomer
from cspdecl.core.operation import Plan
from cspdecl.engine.apply import ApplyResult
from cspdecl.engine.exits import Exit
from cspdecl.spi.provider import Mode
from cspdecl.testing.builders import SteppingClock
from cspdecl.testing.estate import Estate
from cspdecl_simulator import Simulator
from tests.partner_center.support import over_simulator

TENANT = "6f1b0c52-3d84-4e0a-9a57-2c8e41d7b901"
BASIC, VISIO = "CFQ7TTC0LH18:0001", "CFQ7TTC0HD32:0002"
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)  # the year bought on 23 November 2025 is over


class Shop:
    """A year of five seats that is about to renew, its project, and a Partner Center whose renewals take all day."""

    def __init__(self, folder: Path) -> None:
        self.simulator = Simulator(seed=5)
        self.simulator.freeze(MIDNIGHT - timedelta(hours=10))
        self.simulator.configure(renewal_lag_seconds=86_400)
        self.simulator.seed_customer(TENANT, company="Harbour")
        self.simulator.seed_subscription(TENANT, BASIC, seats=5, start="2025-11-23T00:00:00Z")
        self.begins_before_write = False
        self.estate = Estate(
            root=folder, connect=self.connect, provider="partner-center", market="US", currency="USD", clock=SteppingClock(step=600.0)
        )  # fmt: skip
        self.estate.project()

    def connect(self, mode: Mode) -> Any:
        provider = over_simulator(self.simulator, mode=mode)
        return Overtaken(self, provider) if mode == "write" and self.begins_before_write else provider

    def declare(self, *others: dict[str, Any], **line: Any) -> None:
        """The year as it shall be, and other lines."""
        basic = {"name": "basic", "offer": BASIC, "seats": 5, **line}
        self.estate.customer("harbour", basic, *others, tenant=TENANT)

    def at(self, moment: datetime) -> None:
        """Time passes until then."""
        self.simulator.advance(moment - self.simulator.now)

    def live(self) -> dict[str, list[int]]:
        """Seats of what runs, by offer."""
        (found,) = over_simulator(self.simulator, mode="read").read([CustomerRef(key="k", tenant=TENANT, domain=None)])
        assert isinstance(found, LiveCustomer)
        seats: dict[str, list[int]] = {}
        for item in found.subscriptions:
            if item.status.running:
                seats.setdefault(str(item.offer), []).append(item.seats)
        return seats

    def applied(self, plan: Plan | None = None) -> ApplyResult:
        """What an approved plan came to."""
        done = self.estate.apply(plan)
        assert isinstance(done, ApplyResult), done.diagnostics
        return done


class Overtaken:
    """A connection on which the renewal begins between the last look and the first write."""

    def __init__(self, shop: Shop, provider: Any) -> None:
        self._shop, self._provider = shop, provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def apply(self, operation: Any, call: Any) -> Any:
        """Past midnight."""
        if self._shop.simulator.now < MIDNIGHT:
            self._shop.at(MIDNIGHT + timedelta(seconds=30))
        return self._provider.apply(operation, call)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Taken over the evening before: declared as it runs."""
    shop = Shop(tmp_path)
    shop.declare()
    shop.applied()
    return shop


def codes(plan: Plan) -> list[tuple[str, str]]:
    """What waits, and why."""
    return [(str(item.address), item.code) for item in plan.waiting]


@pytest.mark.parametrize("seconds", [0, 1, 6 * 3600, 86_399])
def test_seats_wait_and_other_lines_are_bought(shop: Shop, seconds: int):
    """From the first to the last second of the renewal: it waits (CSP334), the customer's other purchase does not."""
    shop.at(MIDNIGHT + timedelta(seconds=seconds))
    shop.declare({"name": "visio", "offer": VISIO, "seats": 2}, seats=8)

    done = shop.applied()
    again = shop.estate.plan()

    assert {"applied"} == {task.state for task in done.tasks}
    assert {BASIC: [5], VISIO: [2]} == shop.live()
    assert (True, [("harbour/basic", "CSP334")]) == (again.empty, codes(again))


def test_nothing_about_the_renewal_is_written_meanwhile(shop: Shop):
    """Fewer seats, an end of term, a longer term, a suspension: each waits, and no request but reading is made."""
    shop.at(MIDNIGHT + timedelta(hours=3))
    before = len(shop.simulator.requests(writes=True))
    for line in ({"seats": 3}, {"endOfTerm": "cancel"}, {"term": "P3Y"}, {"suspended": True}, {"absent": True},
                 {"atRenewal": {"seats": 3}}):  # fmt: skip
        shop.declare(**line)
        plan = shop.estate.plan()

        assert (True, {"harbour/basic"}) == (plan.empty, {address for address, _code in codes(plan)}), line
        assert {code for _address, code in codes(plan)} <= {"CSP315", "CSP334"}, line
    assert before == len(shop.simulator.requests(writes=True))


def test_a_day_later_the_plan_is_right(shop: Shop):
    """What waited goes through when the renewal is done, in its new window, once; the renewal is in the books."""
    shop.at(MIDNIGHT + timedelta(hours=3))
    shop.declare(seats=3)
    assert shop.estate.plan().empty
    shop.at(MIDNIGHT + timedelta(hours=24, seconds=1))

    assert ["set_seats"] == [task.operation.action.kind for task in shop.applied().tasks]
    assert {BASIC: [3]} == shop.live()
    assert shop.estate.plan().empty
    assert ["adopt", "renewed", "set_seats"] == [record_action(record.body) for record in shop.estate.ledger()]


def test_a_renewal_that_begins_under_a_run(shop: Shop):
    """Read at 23:59, refused at 00:00: asked again, then left with exit 75; the day after it is done, and done once."""
    shop.at(MIDNIGHT - timedelta(seconds=30))
    shop.declare(seats=8)
    plan = shop.estate.plan()
    assert 1 == len(plan.operations)
    shop.begins_before_write = True

    done = shop.applied(plan)

    assert Exit.TRY_LATER == done.exit
    assert {BASIC: [5]} == shop.live()
    assert [("harbour/basic", "CSP334")] == codes(shop.estate.plan())
    shop.at(MIDNIGHT + timedelta(hours=25))
    shop.applied()
    assert {BASIC: [8]} == shop.live()
    assert shop.estate.plan().empty
    assert () == shop.estate.recover()


def record_action(body: str) -> str:
    """What a record is about."""
    return str(json.loads(body)["data"]["action"])
