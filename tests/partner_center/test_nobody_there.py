"""A service that dies or hangs in the middle of an apply: the run ends, says so, and leaves in doubt what is in doubt.

A simulator in a process of its own is killed or stopped between two operations; machine time runs fifty times faster.
"""

# a test that claims an outcome may look into it
# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

import signal
import time
from dataclasses import replace

import pytest

from cspdecl.core.action import SetSeats
from cspdecl.core.address import Address
from cspdecl.core.errors import TryLater
from cspdecl.core.live import CustomerRef
from cspdecl.core.outcome import Applied, Unknown
from cspdecl.core.project import PriceBook
from cspdecl.core.records import RunContext
from cspdecl.engine.clock import RandomIds, SystemClock
from cspdecl.engine.lanes import Task
from cspdecl.engine.progress import Silent
from cspdecl.engine.runner import Runner
from cspdecl.engine.secrets import ProjectSecrets
from cspdecl.engine.settle import Settler
from cspdecl.engine.waiting import Silence
from cspdecl.planning.planfile import dump_plan
from cspdecl.spi.store import RunHeader
from cspdecl.store.open import open_store
from cspdecl.testing.world import START
from cspdecl_partner_center.provider import PartnerCenter
from cspdecl_partner_center.settings import parse_settings
from cspdecl_partner_center.wire import Patience, open_wire
from tests.partner_center.support import guard_of, operation
from tests.partner_center.test_signing_in import Service
from tests.unit.engine.harness import plan_of

FASTER = 50


class Said(Silent):
    """Progress, kept."""

    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)

    def step(self, detail=""):
        self.lines.append(detail)


class Watched:
    """The provider, and what happens to its service once it has answered an operation."""

    def __init__(self, provider, then):
        self._provider = provider
        self._then = then

    def __getattr__(self, name):
        return getattr(self._provider, name)

    def apply(self, wanted, call):
        outcome = self._provider.apply(wanted, call)
        self._then(outcome)
        return outcome


class World:
    """A service with one customer of two subscriptions, and a run that changes both."""

    def __init__(self, folder):
        self.service = Service(folder)
        self.tenant = self.service.sim.seed_customer()
        for product in ("CFQ7TTC0LH18:0001", "CFQ7TTC0LCHC:0002"):
            self.service.sim.seed_subscription(self.tenant, product, seats=5)
        self.store = open_store("sqlite:store.db", folder, create=True)
        self.said = Said()
        self._runs = 0

    def close(self):
        self.store.close()
        if self.service.process.poll() is None:
            self.service.process.send_signal(signal.SIGCONT)
            self.service.process.kill()
        self.service.process.communicate(timeout=20)

    def kill(self):
        self.service.process.kill()
        self.service.process.wait(20)

    def hang(self):
        self.service.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.service.process.send_signal(signal.SIGCONT)

    def connect(self):
        ca = str(self.service.folder / "ca.pem")
        return PartnerCenter(
            "partner-center",
            parse_settings(self.service.settings()),
            ProjectSecrets(self.service.folder),
            "write",
            wire=open_wire(ca_file=ca, connections=2, patience=Patience(connect=0.5, answer=1.2, slow=1.2)),
            clock=lambda: time.monotonic() * FASTER,
            sleep=lambda seconds: time.sleep(seconds / FASTER),
        )

    def operations(self):
        provider = self.connect()
        [live] = provider.read([CustomerRef(key="hafenkontor", tenant=self.tenant, domain=None)])
        provider.close()
        found = []
        for number, item in enumerate(live.subscriptions):
            action, address = SetSeats(before=5, after=7), Address("hafenkontor", (f"line{number}",))
            found.append(replace(operation(action, guard_of(self.tenant, item), address), id=f"op{number}"))
        return found

    def apply(self, wanted, *, then=lambda _outcome: None, phase="apply"):
        """Carry out operations in one run of their own."""
        self._runs += 1
        run = f"44444444-0000-4000-8000-{self._runs:012d}"
        self.store.begin(
            RunHeader(run=run, plan_id="p", plan=dump_plan(plan_of(wanted)), started=START, actor="a", commit=None)
        )
        context = RunContext(run=run, project="p", tool_version="0", market="DE", currency="EUR", plan_id="p")
        provider = self.connect()
        runner = Runner(
            run=run, store=self.store, providers={"partner-center": Watched(provider, then)},
            settler=Settler(context=context, prices=PriceBook(), head=self.store.head(), bindings={},
                            clock=SystemClock(), live={}),
            clock=SystemClock(), ids=RandomIds(), progress=self.said,
        )  # fmt: skip
        runner.silence = Silence(self.said, first=0.3)
        try:
            return runner.carry_out([Task(operation=one) for one in wanted])
        finally:
            provider.close()


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


def after(outcome, happens):
    """What to do once an operation has come to such an outcome."""
    done: list[object] = []

    def then(answer):
        if isinstance(answer, outcome) and not done:
            done.append(answer)
            happens()

    return then


def test_killed_between_two_operations(world):
    """The first is done; for the second nobody is there: the run ends as something to try later, nothing is open."""
    result = world.apply(world.operations(), then=after(Applied, world.kill))

    assert ["applied", "later"] == [task.state for task in result.tasks]
    assert isinstance(result.stopped, TryLater)
    assert "does not answer" in result.stopped.message
    assert "throttled" not in "".join(world.said.lines)
    assert () == world.store.open_operations()


def test_hung_between_two_operations(world):
    """A service that takes connections and says nothing: a line while it is waited for, then the same end; and once it
    goes on, so do we."""
    wanted = world.operations()
    result = world.apply(wanted, then=after(Applied, world.hang))
    world.go_on()
    again = world.apply(wanted[1:])

    assert ["applied", "later"] == [task.state for task in result.tasks]
    assert "does not answer" in result.stopped.message
    assert [] != [line for line in world.said.lines if line.startswith("no answer from partner-center to hafenkontor/")]
    assert ["applied"] == [task.state for task in again.tasks]


def test_killed_before_the_look(world):
    """An answer is lost, and nobody is there to be asked: the run ends, and the operation stays open for `recover`."""
    wanted = world.operations()
    world.service.sim.fault("lost-response", path="*/subscriptions/*", method="PATCH")

    result = world.apply(wanted, then=after(Unknown, world.kill))

    assert ["unknown", "later"] == [task.state for task in result.tasks]
    assert isinstance(result.stopped, TryLater)
    assert ["op0"] == [item.op for item in world.store.open_operations()]
