"""The loop that carries operations out: intent on disk before every call, outcome and records in one transaction.

One coordinator (this thread) owns the store; workers only talk to providers. At most one operation a customer is in
flight. Doubt is probed, never resent blindly; an operation that stays doubtful stops its customer and is left open.
"""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from cspdecl.core.action import PROVIDER_ACTIONS
from cspdecl.core.errors import CspdeclError, NotAuthorised, TryLater
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import (
    Applied,
    Deferred,
    JournalEntry,
    NotDone,
    Pending,
    ProbeOutcome,
    Rejected,
    Stale,
    Throttled,
    Unknown,
)
from cspdecl.engine.lanes import Lanes, State, Task, failed_need
from cspdecl.engine.limits import buckets_of
from cspdecl.engine.retry import MAX_PENDING_MS, GiveUp, Wait, decide_retry
from cspdecl.engine.waiting import SLICE, Silence, patiently
from cspdecl.spi.provider import Call
from cspdecl.spi.store import Batch

if TYPE_CHECKING:
    from cspdecl.engine.clock import Clock, Ids
    from cspdecl.engine.progress import Progress
    from cspdecl.engine.settle import Settler
    from cspdecl.spi.provider import Provider
    from cspdecl.spi.store import Store

_BATCH = 500  # operations in one transaction at most; those of our own books need no worker


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
    _lanes: Lanes = field(default_factory=Lanes)
    _answers: queue.SimpleQueue[tuple[Task, ProbeOutcome | CspdeclError]] = field(default_factory=queue.SimpleQueue)
    _stopped_customers: dict[str, str] = field(default_factory=dict)
    _skipped: list[JournalEntry] = field(default_factory=list)
    _fatal: CspdeclError | None = None
    _waiting_said: float = 0.0
    _clocks_heard: set[str] = field(default_factory=set)
    silence: Silence = field(init=False)

    def __post_init__(self) -> None:
        self.silence = Silence(self.progress)

    def carry_out(self, tasks: Sequence[Task]) -> RunResult:
        """Run all tasks to an end: applied, refused, skipped, or left for later."""
        self._lanes = Lanes.of(tasks)
        self.progress.start("applying", len(tasks))
        self._line_up(self._lanes.customers())
        with ThreadPoolExecutor(max_workers=self.workers, thread_name_prefix="apply") as pool:
            flying = 0
            while True:
                flying += self._send(self._claim(room=self.workers - flying), pool)
                if flying:
                    flying -= self._settle(self._collect())
                    continue
                wake = self._next_wake()
                if wake is None:
                    break
                self._rest(wake)
        self._leave_rest(tasks)
        self.progress.done()
        left = any(task.state in ("later", "unknown") for task in tasks)
        return RunResult(
            tasks=tuple(tasks), stopped=self._fatal, interrupted=self.stop and left and self._fatal is None
        )

    # ---- claiming ----

    def _line_up(self, customers: Iterable[str]) -> None:
        """Queue what is next for these customers, and skip what has become hopeless."""
        todo = deque(customers)
        while todo:
            customer = todo.popleft()
            for task in self._lanes.waiting(customer):
                reason = self._hopeless(task)
                if reason:
                    self._skip(task, reason)
                    todo.extend(self._lanes.affected_by(task))
            self._lanes.line_up(customer)

    def _skip(self, task: Task, reason: str) -> None:
        task.state, task.message = "skipped", reason
        self._skipped.append(self._entry(task, "skipped", body=reason))
        self.progress.step(f"{task.operation.address}: skipped, {reason}")

    def _hopeless(self, task: Task) -> str | None:
        """Why a task must not be sent (any more). What may have happened is never hopeless: it has to be settled."""
        if task.doubt:
            return None
        if task.customer in self._stopped_customers:
            return self._stopped_customers[task.customer]
        before = failed_need(task, self._lanes.by_id)
        if before is not None:
            return f"it needs {before.operation.address} first, which was not done"
        return self._too_late(task.operation)

    def _too_late(self, operation: Operation) -> str | None:
        if operation.not_after is None or self._fatal:
            return None
        try:
            now = self._now_of(operation.context.provider or "")
        except CspdeclError as problem:  # it cannot even say what time it is: nothing is sent to it
            self._fatal = problem
            return None
        if now < operation.not_after:
            return None
        return f"its time ran out at {operation.not_after:%Y-%m-%d %H:%M} UTC; plan again"

    def _now_of(self, name: str) -> datetime:
        """Business time. The first answer may take a request, which is waited for as for any other."""
        provider = self.providers.get(name)
        if provider is None:
            return self.clock.now()
        if name in self._clocks_heard:
            return provider.now()
        self._clocks_heard.add(name)
        return patiently(provider.now, whom=name, progress=self.progress)

    def _claim(self, *, room: int) -> list[Task]:
        if self.stop or self._fatal or self._late():
            return []
        taken = self._lanes.take(self.clock.monotonic(), room=room, own=_BATCH)
        claimed = []
        for task in taken:  # a deadline may have passed since it was queued
            reason = None if task.doubt else self._too_late(task.operation)
            if reason is None and self._fatal is None:
                claimed.append(task)
                continue
            task.state = "waiting"
            self._lanes.free(task.customer)
            if reason:
                self._skip(task, reason)
                self._line_up(self._lanes.affected_by(task))
        return claimed

    def _next_wake(self) -> float | None:
        """When something can be sent although nothing flies; None when nothing ever will."""
        return None if self.stop or self._fatal or self._late() else self._lanes.wakes_at()

    def _late(self) -> bool:
        return self.deadline is not None and self.clock.monotonic() >= self.deadline

    # ---- sending ----

    def _send(self, ready: Sequence[Task], pool: ThreadPoolExecutor) -> int:
        entries, self._skipped = self._skipped, []
        for task in ready:
            if not task.request_id:
                task.request_id, task.correlation_id = self.ids.fresh(), self.ids.fresh()
            if task.phase == "apply":
                task.sent, task.doubted_before, task.doubt = True, task.doubt, True
            kind = "intent" if task.phase == "apply" else "probe"
            entries.append(self._entry(task, kind, body=task.checkpoint or ""))
        if entries:
            self.store.commit(Batch(journal=entries))  # on disk before any call leaves this machine
        for task in ready:
            call = self.settler.call_of(
                task.operation,
                request_id=task.request_id,
                correlation_id=task.correlation_id,
                checkpoint=task.checkpoint,
            )
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

    def _collect(self) -> list[tuple[Task, ProbeOutcome | CspdeclError]]:
        """At least one answer, and all that are there; empty when something else can be sent before one comes."""
        wake = self._next_wake()
        timeout = SLICE if wake is None else min(max(0.02, wake - self.clock.monotonic()), SLICE)
        try:
            answers = [self._answers.get(timeout=timeout)]
        except queue.Empty:
            self.silence.lasts(timeout, self._flying)
            return []
        self.silence.broken()
        while True:
            try:
                answers.append(self._answers.get_nowait())
            except queue.Empty:
                return answers

    def _flying(self) -> str:
        """Whose answers are out, in words."""
        out = [task for task in self._lanes.by_id.values() if task.state == "flying"]
        named = ", ".join(sorted({task.provider for task in out}))
        return f"{named} to {out[0].operation.address}" + (f" and {len(out) - 1} more" if len(out) > 1 else "")

    def _settle(self, answers: Sequence[tuple[Task, ProbeOutcome | CspdeclError]]) -> int:
        if not answers:
            return 0
        batch = self.settler.begin()
        for task, answer in answers:
            self._lanes.free(task.customer)
            if isinstance(answer, CspdeclError):
                self._raised(task, answer)
            else:
                self._answered(task, answer)
                batch.add(task.operation, answer, self._entry_of(task, answer))
        self.store.commit(batch.finish())
        self._line_up(dict.fromkeys(key for task, _answer in answers for key in self._lanes.affected_by(task)))
        return len(answers)

    def _answered(self, task: Task, answer: ProbeOutcome) -> None:
        task.attempts = task.attempts + 1 if task.answered == answer.kind else 1
        task.outcome, task.answered = answer, answer.kind
        operation = task.operation
        match answer:
            case Applied():
                task.state = "applied"
                wrong = self.settler.mismatch(operation, answer)
                if wrong:
                    task.message = wrong
                    self._stop_customer(task, wrong)
                sent = isinstance(
                    operation.action, PROVIDER_ACTIONS
                )  # what only our own books saw is counted, not told
                self.progress.step(f"{operation.address}: {wrong or self.settler.describe(operation)}" if sent else "")
            case Rejected():
                self._end(task, "rejected", answer.message)
            case Stale():
                self._end(task, "stale", answer.seen)
                self._stop_customer(task, f"{operation.address} is not as planned any more")
            case Deferred():
                self._end(task, "deferred", answer.message)
            case NotDone():
                task.doubt, task.phase, task.checkpoint = False, "apply", answer.checkpoint
                task.resends += 1
                self._wait_or(task, answer, attempt=task.resends, otherwise="its answer was lost again and again")
            case Pending():
                task.pending_ms += max(answer.resume_in_ms, 1)
                task.doubt, task.phase, task.checkpoint = True, "apply", answer.checkpoint
                minutes = MAX_PENDING_MS // 60000
                self._wait_or(
                    task,
                    answer,
                    attempt=task.attempts,
                    otherwise=answer.note or f"accepted, not finished after {minutes} minutes",
                )
            case Throttled():
                task.doubt = task.doubt if task.phase == "probe" else task.doubted_before
                if not task.doubt:
                    task.request_id = ""  # an answer came: the next try is a request of its own (contract §3)
                bucket = buckets_of(operation.context.provider or "", task.customer)
                self._lanes.gate.park(
                    bucket[answer.quota == "customer"], self.clock.monotonic() + max(answer.retry_after, 1)
                )
                why = answer.message or f"throttled by {operation.context.provider}"
                self.progress.say(f"{operation.address}: {why}; waiting {answer.retry_after} s")
                otherwise = "throttled again and again" if answer.asked else why
                self._wait_or(task, answer, attempt=task.attempts, otherwise=otherwise)
            case Unknown():
                task.phase = "probe"
                self._wait_or(task, answer, attempt=task.attempts, otherwise=answer.cause)

    def _wait_or(self, task: Task, answer: ProbeOutcome, *, attempt: int, otherwise: str) -> None:
        """Queue a task for its next step, or leave it where the answers say that this run will not settle it."""
        match decide_retry(answer, attempt=attempt, pending_ms=task.pending_ms):
            case Wait(seconds=seconds):
                task.state = "waiting"
                task.not_before = self.clock.monotonic() + seconds
            case GiveUp():
                unknown = task.phase == "probe"
                self._end(task, "unknown" if unknown else "later", otherwise)
                if unknown:
                    self._stop_customer(task, f"what came of {task.operation.address} is not known yet")
                elif task.doubt:
                    self._stop_customer(task, f"{task.operation.address} is not finished yet")

    def _raised(self, task: Task, problem: CspdeclError) -> None:
        """Credentials refused or nobody there: the run ends. Raised by `apply`, these two say that nothing was sent;
        any other error, and any error of a look, leaves what was in doubt in doubt."""
        task.message = problem.message
        if isinstance(problem, NotAuthorised | TryLater) and task.phase == "apply":
            task.doubt = task.doubted_before
        task.state = "unknown" if task.doubt else "later"
        self._fatal = self._fatal or problem

    def _end(self, task: Task, state: State, message: str) -> None:
        task.state, task.message = state, message
        self.progress.step(f"{task.operation.address}: {state}, {message}")

    def _stop_customer(self, task: Task, reason: str) -> None:
        self._stopped_customers.setdefault(task.customer, reason)

    def _leave_rest(self, tasks: Iterable[Task]) -> None:
        why = "interrupted" if self.stop else (self._fatal.message if self._fatal else "no time left")
        entries, self._skipped = self._skipped, []
        for task in tasks:
            if task.state == "waiting":
                task.state = "unknown" if task.doubt and task.phase == "probe" else "later"
                task.message = task.message or why
            if task.state == "later" and task.sent and not task.doubt:
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
            run=task.run or self.run,
            op=task.operation.id,
            kind=kind,  # type: ignore[arg-type]
            at=self.clock.now(),
            request_id=task.request_id or None,
            correlation_id=task.correlation_id or None,
            body=body,
        )

    def _rest(self, wake: float) -> None:
        """Wait for a parked bucket or a poll, in small pieces so that a signal is seen."""
        left = wake - self.clock.monotonic()
        if left > 5 and wake != self._waiting_said:
            self._waiting_said = wake
            self.progress.say(f"waiting {left:.0f} s")
        if left > 0:
            try:
                answer = self._answers.get(timeout=min(left, SLICE))
            except queue.Empty:
                return
            self._answers.put(answer)
