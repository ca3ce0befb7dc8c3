"""A runner on a real store and the provider in memory, without a plan: what the tests of the loop share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cspdecl.core.action import Purchase
from cspdecl.core.live import CustomerRef, LiveCustomer
from cspdecl.core.operation import CustomerNote, MoneyTotals, Operation, Plan, PlanCounts, SafetyReport
from cspdecl.core.outcome import JournalEntry
from cspdecl.core.project import PriceBook
from cspdecl.core.records import RunContext
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.engine.lanes import Task
from cspdecl.engine.progress import Silent
from cspdecl.engine.runner import Runner, RunResult
from cspdecl.engine.settle import Settler
from cspdecl.planning.planfile import dump_plan
from cspdecl.spi.provider import Call
from cspdecl.spi.store import RunHeader
from cspdecl.store.open import open_store
from cspdecl.testing.builders import OFFER, OTHER_OFFER, TENANT, CountingIds, SteppingClock, live_customer, operation
from cspdecl.testing.memory import MemoryProvider
from cspdecl.testing.world import START, World, sell

RUN = "44444444-0000-4000-8000-000000000001"


def tenant_of(number: int) -> str:
    """Tenants of as many customers as a test wants."""
    return f"9f2b6c1e-0000-4000-8000-{number:012d}"


def buy(seats: int = 10, offer: str = OFFER, **rest: Any) -> Purchase:
    """A purchase as planned."""
    from cspdecl.core.catalog import OfferKey

    return Purchase(
        offer=OfferKey.parse(offer), seats=seats, term=Term.P1Y, billing=BillingCycle.MONTHLY, nickname="n",
        segment="commercial", country="DE", unit_price=None, **rest,
    )  # fmt: skip


class Watching(MemoryProvider):
    """The provider in memory, remembering who asked what and how many asked at once."""

    def __init__(self, world: World, **rest: object) -> None:
        super().__init__(world, **rest)  # type: ignore[arg-type]
        self.asked: list[tuple[str, str, str | None]] = []
        self.inside: dict[str, int] = {}
        self.most: dict[str, int] = {}
        self.before_call: Callable[[Operation, Call], None] = lambda _operation, _call: None
        self._guard = threading.Lock()

    def apply(self, operation: Operation, call: Call):
        customer = operation.address.customer
        with self._guard:
            self.asked.append((str(operation.address), "apply", call.checkpoint))
            self.inside[customer] = self.inside.get(customer, 0) + 1
            self.most[customer] = max(self.inside[customer], self.most.get(customer, 0))
        try:
            self.before_call(operation, call)
            return super().apply(operation, call)
        finally:
            with self._guard:
                self.inside[customer] -= 1

    def probe(self, operation: Operation, call: Call):
        with self._guard:
            self.asked.append((str(operation.address), "probe", call.checkpoint))
        return super().probe(operation, call)

    def order(self) -> list[str]:
        """Addresses in the order in which they were asked for, probes marked."""
        return [f"{address}?" if how == "probe" else address for address, how, _checkpoint in self.asked]


class Harness:
    """Customers contoso (and any other by number) in a world, a store on disk, and a runner over both."""

    def __init__(self, folder: Path, *, customers: int = 1, step: float = 30.0) -> None:
        self.world = World()
        with self.world.open() as state:
            state.offers = sell(OFFER, OTHER_OFFER)
            for number in range(1, customers + 1):
                key = "contoso" if number == 1 else f"customer-{number}"
                state.put_customer(live_customer(key=key, tenant=tenant_of(number), name=key))
        self.provider = Watching(self.world)
        self.store = open_store("sqlite:store.db", folder, create=True)
        self.clock = SteppingClock(step=step)
        self.ids = CountingIds()
        self.runner: Runner | None = None

    def close(self) -> None:
        """Let go of the store."""
        self.store.close()

    def has(self, seats: int = 10, offer: str = OFFER, tenant: str = TENANT) -> str:
        """Give a customer a subscription; returns its id."""
        from cspdecl.core.catalog import OfferKey

        with self.world.open() as state:
            return state.buy(tenant, offer=OfferKey.parse(offer), seats=seats).id

    def live(self, tenant: str = TENANT, key: str = "contoso") -> LiveCustomer:
        """A customer as it is."""
        [answer] = MemoryProvider(self.world).read([CustomerRef(key=key, tenant=tenant, domain=None)])
        assert isinstance(answer, LiveCustomer)
        return answer

    def run(
        self,
        operations: Sequence[Operation | Task],
        *,
        workers: int = 4,
        deadline: float | None = None,
        on_runner: Callable[[Runner], None] | None = None,
        fresh: bool = True,
    ) -> RunResult:
        """Carry operations out. `fresh` writes them down as a run of their own first."""
        tasks = [item if isinstance(item, Task) else Task(operation=item) for item in operations]
        if fresh:
            self.store.begin(
                RunHeader(
                    run=RUN, plan_id="p", plan=dump_plan(plan_of([task.operation for task in tasks])), started=START,
                    actor="somebody", commit=None,
                )
            )  # fmt: skip
        customers = {task.operation.address.customer: task.operation.guard.tenant for task in tasks}
        settler = Settler(
            context=RunContext(run=RUN, project="estate", tool_version="0", market="DE", currency="EUR", plan_id="p"),
            prices=PriceBook(), head=self.store.head(), bindings=dict(self.store.bindings()), clock=self.clock,
            live={key: self.live(tenant, key) for key, tenant in customers.items() if tenant},
        )  # fmt: skip
        self.runner = Runner(
            run=RUN, store=self.store, providers={"memory": self.provider}, settler=settler, clock=self.clock,
            ids=self.ids, progress=Silent(), workers=workers, deadline=deadline,
        )  # fmt: skip
        if on_runner:
            on_runner(self.runner)
        return self.runner.carry_out(tasks)

    def journal(self, op: str | None = None) -> list[str]:
        """Kinds of journal entries in order, of one operation or all."""
        return [entry.kind for entry in self.entries(op)]

    def entries(self, op: str | None = None) -> list[JournalEntry]:
        """Journal entries in order."""
        return [entry for entry in self.store.journal() if op in (None, entry.op)]


def plan_of(operations: Sequence[Operation]) -> Plan:
    """A plan that holds nothing but these operations."""
    return Plan(
        format=1, id="p", project="estate", desired="d", live="l", now=START, as_of=START, commit=None, price_list=None,
        market="DE", currency="EUR", scope=None, customers=tuple[CustomerNote, ...](), operations=tuple(operations),
        lines=(), waiting=(), unmanaged=(), unknown={}, diagnostics=(), safety=SafetyReport(), totals=MoneyTotals(),
        counts=PlanCounts(),
    )  # fmt: skip


def states(result: RunResult) -> list[str]:
    """What became of each task, in the order given."""
    return [task.state for task in result.tasks]


def after(item: Operation, *needed: Operation) -> Operation:
    """The operation, to be carried out after others."""
    return replace(item, requires=tuple(one.id for one in needed))


__all__ = ["RUN", "Harness", "Watching", "after", "buy", "operation", "plan_of", "states", "tenant_of"]
