"""Which operation may be sent next: a lane a customer, one in flight a lane, at a cost independent of the others.

A lane's next operation is its first whose needs are met; one that may have happened keeps its lane until it is settled.
Lanes wait in a heap a provider, by the moment they may be used; a throttled provider's heap is not even looked at.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from cspdecl.core.action import PROVIDER_ACTIONS
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import ProbeOutcome
from cspdecl.engine.limits import Gate, buckets_of

State = Literal["waiting", "flying", "applied", "rejected", "stale", "deferred", "unknown", "skipped", "later"]


@dataclass(slots=True)
class Task:
    """One operation on its way through a run.

    `sent`: its intent is on disk and not closed. `doubt`: some of it may have happened at the provider, so only a look
    or the next step may follow. `attempts` counts answers of the same kind in a row, `resends` calls repeated after a
    look found that nothing had happened.
    """

    operation: Operation
    phase: Literal["apply", "probe"] = "apply"
    state: State = "waiting"
    request_id: str = ""
    correlation_id: str = ""
    checkpoint: str | None = None
    sent: bool = False
    doubt: bool = False
    doubted_before: bool = False
    attempts: int = 0
    answered: str = ""
    resends: int = 0
    pending_ms: int = 0
    not_before: float = 0.0
    message: str = ""
    outcome: ProbeOutcome | None = None
    run: str = ""

    @property
    def customer(self) -> str:
        """Whose lane it is in."""
        return self.operation.address.customer

    @property
    def provider(self) -> str:
        """Whom it is sent to; empty for what happens in our own books only."""
        return (self.operation.context.provider or "") if isinstance(self.operation.action, PROVIDER_ACTIONS) else ""

    @property
    def ended(self) -> bool:
        """Whether this run is through with it."""
        return self.state not in ("waiting", "flying")


@dataclass(slots=True)
class Lanes:
    """The tasks of one run, by customer, and which of them is next."""

    by_id: dict[str, Task] = field(default_factory=dict)
    gate: Gate = field(default_factory=Gate)
    _lanes: dict[str, list[Task]] = field(default_factory=dict)
    _heaps: dict[str, list[tuple[float, int, Task]]] = field(default_factory=dict)
    _order: itertools.count[int] = field(default_factory=itertools.count)
    _needed_by: dict[str, dict[str, None]] = field(default_factory=dict)

    @classmethod
    def of(cls, tasks: Iterable[Task]) -> Lanes:
        """All tasks in their lanes, in the order given."""
        lanes = cls()
        for task in tasks:
            lanes.by_id[task.operation.id] = task
            lanes._lanes.setdefault(task.customer, []).append(task)
        for task in lanes.by_id.values():
            for needed in task.operation.requires:
                other = lanes.by_id.get(needed)
                if other is not None and other.customer != task.customer:
                    lanes._needed_by.setdefault(needed, {})[task.customer] = None
        return lanes

    def customers(self) -> tuple[str, ...]:
        """All lanes."""
        return tuple(self._lanes)

    def waiting(self, customer: str) -> tuple[Task, ...]:
        """What is left to do in a lane, in order."""
        lane = [task for task in self._lanes[customer] if not task.ended]
        self._lanes[customer] = lane
        return tuple(task for task in lane if task.state == "waiting")

    def affected_by(self, task: Task) -> tuple[str, ...]:
        """The lanes to look at again after a task was settled."""
        return (task.customer, *self._needed_by.get(task.operation.id, ()))

    def line_up(self, customer: str) -> None:
        """Queue a lane's next task, unless one is in flight or nothing in it can go on now."""
        if customer in self.gate.busy:
            return
        waiting = self.waiting(customer)
        task = next((one for one in waiting if one.doubt), None) or next(
            (one for one in waiting if self._needs_met(one)), None
        )
        if task is not None:
            self._push(task, task.not_before)

    def take(self, now: float, *, room: int, own: int) -> list[Task]:
        """Up to `room` tasks for providers and `own` for our own books that may go now; their lanes are busy then."""
        taken: list[Task] = []
        for provider, heap in self._heaps.items():
            if provider and self.gate.opens_at((buckets_of(provider, "")[0],)) > now:
                continue
            left = room if provider else own
            while left > 0 and heap and heap[0][0] <= now:
                task = heapq.heappop(heap)[2]
                if task.state != "waiting" or task.customer in self.gate.busy:
                    continue  # an entry that another one overtook
                opens = self.gate.opens_at((buckets_of(provider, task.customer)[1],))
                if opens > now:
                    self._push(task, opens)
                    continue
                task.state = "flying"
                self.gate.busy.add(task.customer)
                taken.append(task)
                left -= 1
            if provider:
                room = left
        return taken

    def free(self, customer: str) -> None:
        """A lane's task has been answered."""
        self.gate.busy.discard(customer)

    def wakes_at(self) -> float | None:
        """The moment from which something can be sent; None when nothing ever will by itself."""
        times = [
            max(heap[0][0], self.gate.opens_at((buckets_of(provider, "")[0],)) if provider else 0.0)
            for provider, heap in self._heaps.items()
            if heap
        ]
        return min(times, default=None)

    def _needs_met(self, task: Task) -> bool:
        return all(self.by_id[one].state == "applied" for one in task.operation.requires if one in self.by_id)

    def _push(self, task: Task, moment: float) -> None:
        heapq.heappush(self._heaps.setdefault(task.provider, []), (moment, next(self._order), task))


def failed_need(task: Task, by_id: Mapping[str, Task]) -> Task | None:
    """A task that this one needs and that ended otherwise than applied."""
    for needed in task.operation.requires:
        before = by_id.get(needed)
        if before is not None and before.ended and before.state != "applied":
            return before
    return None
