"""Carrying out a plan: lock, settle what an earlier run left open, check that the plan still fits, run, report.

A saved plan is applied as approved or not at all: every operation must come out of planning again with the same id
(same address, action, guard and ledger). Where it does not, that customer is left alone and the run says so.
"""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cspdecl import __version__
from cspdecl.billing.changes import RunContext
from cspdecl.billing.fold import fold_book, fold_recorded
from cspdecl.core.diagnostics import Diagnostic, error, has_errors
from cspdecl.core.errors import ConfigurationError, CspdeclError, LockHeld, StoreDamaged
from cspdecl.core.operation import Operation, Plan, SafetyReport
from cspdecl.engine import provenance
from cspdecl.engine.exits import Exit, strongest
from cspdecl.engine.lanes import Task
from cspdecl.engine.plan import Planned, PlanRequest, make_plan
from cspdecl.engine.problems import broken, held, stale
from cspdecl.engine.progress import Progress, Silent
from cspdecl.engine.record import record_observed
from cspdecl.engine.recover import recover_open
from cspdecl.engine.runner import Runner, RunResult
from cspdecl.engine.settle import Settler
from cspdecl.planning.planfile import dump_plan
from cspdecl.planning.safety import assigned_of, check_safety, estate_of
from cspdecl.spi.store import LockOwner, RunHeader

if TYPE_CHECKING:
    from cspdecl.engine.session import Session


Approve = Callable[[Plan], bool]
OnRunner = Callable[[Runner], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOptions:
    """How to run. `approvals` are opaque ids kept in the records; `deadline` in seconds of machine time."""

    approvals: tuple[str, ...] = ()
    workers: int = 8
    deadline: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyResult:
    """What a run did. `conflicts` are addresses whose plan no longer held; `records` counts ledger rows written."""

    run: str
    plan: Plan
    tasks: tuple[Task, ...]
    conflicts: tuple[str, ...]
    records: int
    observed: int
    recovered: tuple[Task, ...]
    stopped: str | None
    exit: Exit


@contextmanager
def locked(session: Session, run: str, command: str, *, take_over: str | None = None) -> Iterator[LockOwner]:
    """Hold the project's exclusive lock. Raises LockHeld, naming who has it. `take_over`: the run that is gone."""
    owner = LockOwner(
        run=run,
        command=command,
        host=socket.gethostname(),
        pid=os.getpid(),
        user=provenance.user(),
        since=session.clock.now(),
        link=provenance.run_link(),
    )
    store = session.store()
    try:
        store.lock(owner, take_over=take_over)
    except LockHeld as problem:
        raise held(problem) from None
    try:
        yield owner
    finally:
        store.unlock(owner)


def require_durable(session: Session) -> None:
    """Refuse a store that dies with a CI job: a journal is worth nothing there (architecture: where the store lives).

    Raises ConfigurationError or StoreDamaged.
    """
    project = session.project
    if provenance.in_ci() and project.store.startswith("sqlite:") and not project.persistent:
        found = error(
            "CSP810",
            "this store would be lost with the CI job, and with it the proof of what was bought",
            origin=project.origin.at("spec", "store"),
            hint="keep the folder of the store between jobs and say `persistent: true` in the project",
        )
        raise ConfigurationError("apply needs a store that outlives the job", diagnostics=(found,))
    damage = session.store().damage()
    if damage:
        raise StoreDamaged(damage)


def context_of(session: Session, plan: Plan | None, run: str, *, approvals: tuple[str, ...] = ()) -> RunContext:
    """What records of this run say about their origin."""
    project = session.project
    return RunContext(
        project=project.name,
        run=run,
        plan_id=plan.id if plan else None,
        commit=provenance.commit_of(session.root),
        actor=provenance.actor(),
        approvals=approvals,
        tool_version=__version__,
        market=project.market,
        currency=project.reseller.currency,
    )


def settler_of(session: Session, planned: Planned, context: RunContext) -> Settler:
    """A run's memory, from the store as it is now."""
    store = session.store()
    return Settler(
        context=context,
        prices=planned.prices,
        head=store.head(),
        bindings=dict(store.bindings()),
        live=dict(planned.live.customers),
        clock=session.clock,
        desired=session.require()[1],
        recorded=fold_recorded(store.last_records().values()),
        business=planned.plan.now,
    )


def _aloud(progress: Progress) -> Callable[[Diagnostic], None]:
    return lambda found: progress.say(f"warning[{found.code}]: {found.message}")


def apply_plan(
    session: Session,
    plan: Plan | None,
    *,
    request: PlanRequest | None = None,
    approve: Approve | None = None,
    options: ApplyOptions | None = None,
    progress: Progress | None = None,
    on_runner: OnRunner | None = None,
) -> ApplyResult | Plan:
    """Carry out `plan`, or plan now and ask `approve`. Returns the plan where it was not approved, is refused, or holds
    nothing to do. A customer with an error has no operations in a plan; the others go on, and the exit code says so.

    Raises LockHeld, StalePlan, ManifestError, ConfigurationError, NotAuthorised, TryLater, StoreDamaged, RunBroken.
    """
    options, progress = options or ApplyOptions(), progress or Silent()
    require_durable(session)
    run, warn = session.ids.fresh(), _aloud(progress)
    with locked(session, run, "apply"):
        recovered = recover_open(session, progress=progress)
        scope = request or PlanRequest()
        if plan is not None:
            scope = PlanRequest(customers=_still_known(session, plan))
        planned = make_plan(session, replace(scope, cached=False), progress=progress)
        conflicts: tuple[str, ...] = ()
        if plan is None:
            plan = planned.plan
            hindered = plan.safety.refused or plan.hindered or not plan.operations
            if hindered or (approve is not None and not approve(plan)):
                record_observed(session, planned, context_of(session, None, run), warn=warn)
                return plan
            chosen: Sequence[Operation] = plan.operations
        else:
            chosen, conflicts = still_valid(plan, planned.plan, _already_applied(session, plan))
            if plan.safety.refused or plan.hindered:
                return plan
            if (today := _guarded_today(session, planned, chosen)).refused:
                return replace(plan, safety=today)
        if not chosen and conflicts:
            raise stale(conflicts)
        context = context_of(session, plan, run, approvals=options.approvals)
        observed = record_observed(session, planned, context, warn=warn)
        result, records = _run(session, plan, planned, chosen, context, options, progress, on_runner)
    return ApplyResult(
        run=run,
        plan=plan,
        tasks=result.tasks,
        conflicts=conflicts,
        records=records,
        observed=observed,
        recovered=recovered,
        stopped=result.stopped.message if result.stopped else None,
        exit=exit_of(result, conflicts, recovered, complete=planned.plan.complete, errors=has_errors(plan.diagnostics)),
    )


def _run(
    session: Session,
    plan: Plan,
    planned: Planned,
    chosen: Sequence[Operation],
    context: RunContext,
    options: ApplyOptions,
    progress: Progress,
    on_runner: OnRunner | None,
) -> tuple[RunResult, int]:
    store = session.store()
    store.begin(
        RunHeader(
            run=context.run,
            plan_id=plan.id,
            plan=dump_plan(plan),
            started=session.clock.now(),
            actor=context.actor or "",
            commit=context.commit,
            approvals=context.approvals,
        )
    )
    head = store.head().seq
    providers = session.reconnect("write")
    runner = Runner(
        run=context.run,
        store=store,
        providers=providers,
        settler=settler_of(session, planned, context),
        clock=session.clock,
        ids=session.ids,
        progress=progress,
        workers=options.workers,
        deadline=None if options.deadline is None else session.clock.monotonic() + options.deadline,
    )
    if on_runner is not None:
        on_runner(runner)
    try:
        result = runner.carry_out([Task(operation=operation) for operation in chosen])
    except CspdeclError as problem:
        raise broken(problem) from problem
    return result, store.head().seq - head


def _still_known(session: Session, plan: Plan) -> tuple[str, ...]:
    """The plan's customers. Raises StalePlan for one that is neither declared nor bound any more."""
    _project, desired = session.require()
    known = {*desired.customers, *(address.customer for address in session.store().bindings())}
    wanted = {item.address.customer for item in plan.operations}
    if wanted - known:
        raise stale(sorted(wanted - known))
    return tuple(sorted(wanted))


def still_valid(approved: Plan, fresh: Plan, already: frozenset[str]) -> tuple[tuple[Operation, ...], tuple[str, ...]]:
    """The approved operations that planning gives again, and the addresses of those it does not.

    What was already applied by an earlier run of this plan is neither. One conflict keeps its whole customer back.
    """
    again = {operation.id for operation in fresh.operations}
    open_ones = [operation for operation in approved.operations if operation.id not in already]
    conflicts = [operation for operation in open_ones if operation.id not in again]
    held = {operation.address.customer for operation in conflicts}
    chosen = tuple(operation for operation in open_ones if operation.address.customer not in held)
    return chosen, tuple(sorted({str(operation.address) for operation in conflicts}))


def _guarded_today(session: Session, planned: Planned, chosen: Sequence[Operation]) -> SafetyReport:
    """What the guardrails of today say of the approved operations: they may have become stricter since."""
    wanted = {operation.id for operation in chosen}
    same = [operation for operation in planned.plan.operations if operation.id in wanted]
    store = session.store()
    book = fold_book(store.last_records().values())
    return check_safety(
        session.project.guardrails,
        same,
        estate=estate_of(store.bindings(), book, planned.live, planned.recorded),
        now=planned.plan.now,
        assigned=assigned_of(planned.answers),
    )


def _already_applied(session: Session, plan: Plan) -> frozenset[str]:
    done = set()
    for header in session.store().runs():
        if header.plan_id == plan.id:
            done |= {
                entry.op
                for entry in session.store().journal(header.run)
                if entry.kind in ("outcome", "settled") and '"kind":"applied"' in entry.body
            }
    return frozenset(done)


def exit_of(
    result: RunResult, conflicts: Sequence[str], recovered: Sequence[Task], *, complete: bool, errors: bool = False
) -> Exit:
    """The strongest thing that is true of a run. `errors`: customers were held back, since planning found errors."""
    states = Counter(task.state for task in result.tasks)
    failed = states["rejected"] + states["stale"] + states["skipped"] + states["later"] + states["unknown"]
    # the provider says done and reads back something else: an effect, but not the one that was approved
    failed += sum(task.state == "applied" and bool(task.message) for task in result.tasks)
    exits = [Exit.DONE]
    if states["unknown"] or any(task.state == "unknown" for task in recovered):
        exits.append(Exit.UNKNOWN)
    if states["applied"] and (failed or conflicts or errors):
        exits.append(Exit.PARTLY)
    if errors:
        exits.append(Exit.INVALID)
    if states["stale"] or conflicts:
        exits.append(Exit.STALE)
    if states["rejected"] and not states["applied"]:
        exits.append(Exit.ERROR)
    if states["later"] or not complete:
        exits.append(Exit.TRY_LATER)
    if result.interrupted:
        return Exit.INTERRUPTED if not states["unknown"] else Exit.UNKNOWN
    if result.stopped is not None:
        exits.append(Exit(result.stopped.exit_code))
    return strongest(exits)
