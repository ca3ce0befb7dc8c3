"""The loop that carries operations out: intent on disk before every call, outcome and records in one transaction.

One coordinator (this thread) owns the store; workers only talk to providers. At most one operation a customer is in
flight. Doubt is probed, never resent blindly; an operation that stays doubtful stops its customer and is left open.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from cspdecl.core.errors import CspdeclError, NotAuthorised, TryLater
from cspdecl.core.operation import PROVIDER_ACTIONS, Operation
from cspdecl.core.outcome import (
    Applied,
    Deferred,
    JournalEntry,
    NotDone,
    Outcome,
    Pending,
    ProbeOutcome,
    Rejected,
    Stale,
    Throttled,
    Unknown,
)
from cspdecl.engine.limits import Gate, buckets_of
from cspdecl.engine.retry import MAX_PENDING_MS, GiveUp, Wait, decide_retry
from cspdecl.spi.provider import Call
from cspdecl.spi.store import Batch

if TYPE_CHECKING:
    from cspdecl.engine.clock import Clock, Ids
    from cspdecl.engine.progress import Progress
    from cspdecl.engine.settle import Settler
    from cspdecl.spi.provider import Provider
    from cspdecl.spi.store import Store

_BATCH = 500  # operations in one transaction at most; those of our own books need no worker

State = Literal["waiting", "flying", "applied", "rejected", "stale", "deferred", "unknown", "skipped", "later"]


@dataclass(slots=True)
class Task:
    """One operation on its way through a run."""

    operation: Operation
    phase: Literal["apply", "probe"] = "apply"
    state: State = "waiting"
    request_id: str = ""
    correlation_id: str = ""
    checkpoint: str | None = None
    sent: bool = False
    attempts: int = 0
    pending_ms: int = 0
    not_before: float = 0.0
    message: str = ""
    outcome: ProbeOutcome | None = None
    run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What came of every task, in the order given, and why the run ended early if it did."""

    tasks: tuple[Task, ...]
    stopped: CspdeclError | None = None
    interrupted: bool = False


@dataclass(slots=True)
class Runner:
    """Carries out tasks. `stop` may be set from a signal handler: nothing new is sent, what flies is settled."""

    run: str
    store: Store
    providers: Mapping[str, Provider]
    settler: Settler
    clock: Clock
    ids: Ids
    progress: Progress
    workers: int = 8
    deadline: float | None = None
    stop: bool = False
    _gate: Gate = field(default_factory=Gate)
    _answers: queue.SimpleQueue[tuple[Task, ProbeOutcome | CspdeclError]] = field(default_factory=queue.SimpleQueue)
    _stopped_customers: dict[str, str] = field(default_factory=dict)
    _fatal: CspdeclError | None = None
    _waiting_said: float = 0.0

    def carry_out(self, tasks: Sequence[Task]) -> RunResult:
        """Run all tasks to an end: applied, refused, skipped, or left for later."""
        by_id = {task.operation.id: task for task in tasks}
        self.progress.start("applying", len(tasks))
        active: list[Task] = list(tasks)
        with ThreadPoolExecutor(max_workers=self.workers, thread_name_prefix="apply") as pool:
            flying = 0
            while True:
                active = [task for task in active if task.state in ("waiting", "flying")]
                self._skip_hopeless(active, by_id)
                ready = self._claim(active, by_id, room=self.workers - flying)
                flying += self._send(ready, pool)
                if not flying:
                    wake = self._next_wake(active, by_id)
                    if wake is None:
                        break
                    self._rest(wake)
                    continue
                flying -= self._settle(self._collect(active, by_id))
        self._leave_rest(tasks)
        self.progress.done()
        return RunResult(tasks=tuple(tasks), stopped=self._fatal, interrupted=self.stop and self._fatal is None)

    # ---- claiming ----

    def _skip_hopeless(self, tasks: Iterable[Task], by_id: Mapping[str, Task]) -> None:
        entries = []
        for task in tasks:
            if task.state != "waiting":
                continue
            reason = self._hopeless(task, by_id)
            if reason:
                task.state, task.message = "skipped", reason
                entries.append(self._entry(task, "skipped", body=reason))
                self.progress.step(f"{task.operation.address}: skipped, {reason}")
        if entries:
            self.store.commit(Batch(journal=entries))

    def _hopeless(self, task: Task, by_id: Mapping[str, Task]) -> str | None:
        operation = task.operation
        if task.sent:
            return None
        if operation.address.customer in self._stopped_customers:
            return self._stopped_customers[operation.address.customer]
        for needed in operation.requires:
            before = by_id.get(needed)
            if before is not None and before.state not in ("waiting", "flying", "applied"):
                return f"it needs {before.operation.address} first, which was not done"
        if operation.not_after is not None and self._business_now(operation) >= operation.not_after:
            return f"its time ran out at {operation.not_after:%Y-%m-%d %H:%M} UTC; plan again"
        return None

    def _claim(self, tasks: Iterable[Task], by_id: Mapping[str, Task], *, room: int) -> list[Task]:
        if self.stop or self._fatal or self._late():
            return []
        now = self.clock.monotonic()
        claimed: list[Task] = []
        for task in tasks:
            own = not isinstance(task.operation.action, PROVIDER_ACTIONS)
            if len(claimed) >= _BATCH:
                break
            if task.state == "waiting" and (own or room > 0) and self._ready_at(task, by_id) <= now:
                room -= not own
                task.state = "flying"
                self._gate.busy.add(task.operation.address.customer)
                claimed.append(task)
        return claimed

    def _ready_at(self, task: Task, by_id: Mapping[str, Task]) -> float:
        """The moment a task may be sent; infinity while it waits for another one."""
        operation = task.operation
        if operation.address.customer in self._gate.busy:
            return float("inf")
        if any(by_id[needed].state != "applied" for needed in operation.requires if needed in by_id):
            return float("inf")
        provider = operation.context.provider or ""
        return max(task.not_before, self._gate.opens_at(buckets_of(provider, operation.address.customer)))

    def _next_wake(self, tasks: Iterable[Task], by_id: Mapping[str, Task]) -> float | None:
        """When something can be sent although nothing flies; None when nothing ever will."""
        if self.stop or self._fatal or self._late():
            return None
        times = [self._ready_at(task, by_id) for task in tasks if task.state == "waiting"]
        soonest = min(times, default=float("inf"))
        return None if soonest == float("inf") else soonest

    def _late(self) -> bool:
        return self.deadline is not None and self.clock.monotonic() >= self.deadline

    # ---- sending ----

    def _send(self, ready: Sequence[Task], pool: ThreadPoolExecutor) -> int:
        if not ready:
            return 0
        intents = []
        for task in ready:
            if not task.request_id:
                task.request_id, task.correlation_id = self.ids.fresh(), self.ids.fresh()
            if task.phase == "apply":
                kind: Literal["intent", "probe"] = "intent"
                task.sent = True
            else:
                kind = "probe"
            intents.append(self._entry(task, kind, body=task.checkpoint or ""))
        self.store.commit(Batch(journal=intents))  # on disk before any call leaves this machine
        for task in ready:
            call = self.settler.call_of(task.operation, request_id=task.request_id,
                                        correlation_id=task.correlation_id, checkpoint=task.checkpoint)
            if isinstance(task.operation.action, PROVIDER_ACTIONS):
                pool.submit(self._ask, task, call).add_done_callback(self._deliver(task))
            else:
                self._answers.put((task, self.settler.own_outcome(call)))
        return len(ready)

    def _ask(self, task: Task, call: Call) -> ProbeOutcome:
        operation = task.operation
        provider = self.providers[operation.context.provider or ""]
        return provider.probe(operation, call) if task.phase == "probe" else provider.apply(operation, call)

    def _deliver(self, task: Task) -> Callable[[Future[ProbeOutcome]], None]:
        def deliver(future: Future[ProbeOutcome]) -> None:
            problem = future.exception()
            if problem is None:
                self._answers.put((task, future.result()))
            elif isinstance(problem, CspdeclError):
                self._answers.put((task, problem))
            else:
                # a plugin's bug says nothing about what happened at the provider: doubt, never "not done"
                self._answers.put((task, Unknown(cause=f"the plugin failed: {type(problem).__name__}")))

        return deliver

    # ---- settling ----

    def _collect(self, tasks: Iterable[Task], by_id: Mapping[str, Task]) -> list[tuple[Task, ProbeOutcome | CspdeclError]]:
        """At least one answer, and all that are there; returns empty when something else became ready before."""
        wake = self._next_wake(tasks, by_id)
        timeout = None if wake is None else max(0.0, wake - self.clock.monotonic())
        try:
            answers = [self._answers.get(timeout=0.5 if timeout is None else min(timeout, 0.5))]
        except queue.Empty:
            return []
        while True:
            try:
                answers.append(self._answers.get_nowait())
            except queue.Empty:
                return answers

    def _settle(self, answers: Sequence[tuple[Task, ProbeOutcome | CspdeclError]]) -> int:
        if not answers:
            return 0
        batch = self.settler.begin()
        for task, answer in answers:
            self._gate.busy.discard(task.operation.address.customer)
            if isinstance(answer, CspdeclError):
                self._raised(task, answer)
            else:
                self._answered(task, answer)
                batch.add(task.operation, answer, self._entry_of(task, answer))
        self.store.commit(batch.finish())
        return len(answers)

    def _answered(self, task: Task, answer: ProbeOutcome) -> None:
        task.outcome = answer
        operation = task.operation
        match answer:
            case Applied():
                task.state = "applied"
                wrong = self.settler.mismatch(operation, answer)
                if wrong:
                    self._stop_customer(task, wrong)
                self.progress.step(f"{operation.address}: {self.settler.describe(operation)}")
            case Rejected():
                self._end(task, "rejected", answer.message)
            case Stale():
                self._end(task, "stale", answer.seen)
                self._stop_customer(task, f"{operation.address} is not as planned any more")
            case Deferred():
                self._end(task, "deferred", answer.message)
            case NotDone():
                task.phase, task.state, task.checkpoint = "apply", "waiting", answer.checkpoint
                task.attempts, task.sent = 0, answer.checkpoint is not None
            case Pending():
                self._again(task, answer, phase="apply", checkpoint=answer.checkpoint)
            case Throttled():
                bucket = buckets_of(operation.context.provider or "", operation.address.customer)
                self._gate.park(bucket[answer.quota == "customer"], self.clock.monotonic() + answer.retry_after)
                self.progress.say(f"throttled by {operation.context.provider}: waiting {answer.retry_after} s")
                self._again(task, answer, phase=task.phase, checkpoint=task.checkpoint)
            case Unknown():
                self._again(task, answer, phase="probe", checkpoint=task.checkpoint)

    def _again(self, task: Task, answer: Outcome, *, phase: Literal["apply", "probe"], checkpoint: str | None) -> None:
        if isinstance(answer, Pending):
            task.pending_ms += max(answer.resume_in_ms, 1)
            task.attempts = 0
        else:
            task.attempts += 1
        task.checkpoint = checkpoint
        match decide_retry(answer, attempt=task.attempts, pending_ms=task.pending_ms):
            case Wait(seconds=seconds):
                task.phase, task.state = phase, "waiting"
                task.not_before = self.clock.monotonic() + seconds
            case GiveUp():
                if isinstance(answer, Unknown):
                    self._end(task, "unknown", answer.cause)
                    self._stop_customer(task, f"what came of {task.operation.address} is not known yet")
                elif isinstance(answer, Pending):
                    minutes = MAX_PENDING_MS // 60000
                    self._end(task, "later", answer.note or f"accepted, not finished after {minutes} minutes")
                    self._stop_customer(task, f"{task.operation.address} is not finished yet")
                else:
                    self._end(task, "later", "throttled again and again")

    def _raised(self, task: Task, problem: CspdeclError) -> None:
        """Credentials refused or nobody there: the run ends. A call that may have left is doubt, like any lost answer."""
        task.message = problem.message
        if isinstance(problem, NotAuthorised | TryLater):
            task.state = "unknown" if task.checkpoint else "later"
        else:
            task.state = "unknown"
        self._fatal = self._fatal or problem

    def _end(self, task: Task, state: State, message: str) -> None:
        task.state, task.message = state, message
        self.progress.step(f"{task.operation.address}: {state}, {message}")

    def _stop_customer(self, task: Task, reason: str) -> None:
        self._stopped_customers.setdefault(task.operation.address.customer, reason)

    def _leave_rest(self, tasks: Iterable[Task]) -> None:
        why = "interrupted" if self.stop else (self._fatal.message if self._fatal else "no time left")
        entries = []
        for task in tasks:
            if task.state == "waiting":
                doubtful = task.phase == "probe"
                task.state = "unknown" if doubtful else "later"
                task.message = task.message or why
            if task.state == "later" and task.sent and task.checkpoint is None:
                # the last answer said that nothing was changed: there is nothing to recover
                entries.append(self._entry(task, "skipped", body=task.message))
        if entries:
            self.store.commit(Batch(journal=entries))

    # ---- small things ----

    def _entry_of(self, task: Task, answer: ProbeOutcome) -> JournalEntry:
        if isinstance(answer, Pending):
            return self._entry(task, "checkpoint", body=answer.checkpoint)
        if isinstance(answer, NotDone):
            return self._entry(task, "probe", body="not done")
        return self._entry(task, "outcome" if self.settler.settles(answer) else "probe", body=self.settler.body(answer))

    def _entry(self, task: Task, kind: str, *, body: str = "") -> JournalEntry:
        return JournalEntry(
            run=task.run or self.run, op=task.operation.id, kind=kind,  # type: ignore[arg-type]
            at=self.clock.now(), request_id=task.request_id or None,
            correlation_id=task.correlation_id or None, body=body,
        )

    def _business_now(self, operation: Operation) -> datetime:
        provider = self.providers.get(operation.context.provider or "")
        return provider.now() if provider is not None else self.clock.now()

    def _rest(self, wake: float) -> None:
        """Wait for a parked bucket or a poll, in small pieces so that a signal is seen."""
        left = wake - self.clock.monotonic()
        if left > 5 and wake != self._waiting_said:
            self._waiting_said = wake
            self.progress.say(f"waiting {left:.0f} s")
        if left > 0:
            try:
                answer = self._answers.get(timeout=min(left, 0.5))
            except queue.Empty:
                return
            self._answers.put(answer)
