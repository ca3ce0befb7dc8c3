"""Carrying out a plan: lock, settle what an earlier run left open, check that the plan still fits, run, report.

A saved plan is applied as approved or not at all: what planning gives now must lie within what was approved
(`planning.approval`). Where it does not, that customer is left alone and the run says so.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cspdecl import __version__
from cspdecl.billing.changes import RunContext
from cspdecl.billing.fold import fold_book, fold_recorded
from cspdecl.core.diagnostics import Diagnostic, error, has_errors, warning
from cspdecl.core.errors import ConfigurationError, CspdeclError, LockHeld, StoreDamaged
from cspdecl.core.operation import Operation, Plan, SafetyReport
from cspdecl.engine import provenance
from cspdecl.engine.approved import (
    Approved,
    carried_out,
    check_age,
    check_approvals,
    check_not_superseded,
    check_place,
    check_readable_only,
)
from cspdecl.engine.basis import basis_of
from cspdecl.engine.exits import Exit, strongest
from cspdecl.engine.lanes import Task
from cspdecl.engine.plan import Planned, PlanRequest, make_plan
from cspdecl.engine.problems import broken, held, outgrown, stale
from cspdecl.engine.progress import Progress, Silent
from cspdecl.engine.record import record_observed
from cspdecl.engine.recover import recover_open
from cspdecl.engine.runner import Runner, RunResult
from cspdecl.engine.settle import Settler
from cspdecl.engine.stopping import stopping_gives_back
from cspdecl.planning.approval import Judgement, Outside, within
from cspdecl.planning.planfile import dump_plan
from cspdecl.planning.safety import assigned_of, check_safety, estate_of
from cspdecl.spi.store import LockOwner, RunHeader

if TYPE_CHECKING:
    from cspdecl.engine.session import Session


Approve = Callable[[Plan], bool]
OnRunner = Callable[[Runner], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOptions:
    """How to run. `approved`: what came with the plan; `deadline` in seconds of machine time."""

    approved: Approved = field(default_factory=Approved)
    workers: int = 8
    deadline: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyResult:
    """What a run did. `outside` is what was left alone since it is not what was approved, `fresh` the plan of today for
    those customers; `records` counts ledger rows written."""

    run: str
    plan: Plan
    tasks: tuple[Task, ...]
    outside: tuple[Outside, ...]
    records: int
    observed: int
    recovered: tuple[Task, ...]
    stopped: str | None
    exit: Exit
    fresh: Plan | None = None

    @property
    def conflicts(self) -> tuple[str, ...]:
        """The addresses that were left alone."""
        return tuple(sorted({str(item.address) for item in self.outside if item.address is not None}))


@contextmanager
def locked(
    session: Session,
    run: str,
    command: str,
    *,
    take_over: str | None = None,
    warn: Callable[[Diagnostic], None] | None = None,
) -> Iterator[LockOwner]:
    """Hold the project's exclusive lock. Raises LockHeld, naming who has it. `take_over`: the run that is gone.

    `warn` hears of a lock that could not be given back: what was done is done, and its result is to be seen.
    """
    owner = owner_of(session, run, command)
    store = session.store()
    try:
        store.lock(owner, take_over=take_over)
    except LockHeld as problem:
        raise held(problem) from None
    try:
        with stopping_gives_back():
            yield owner
    except BaseException:
        with contextlib.suppress(CspdeclError):  # what went wrong before this is what has to be told
            store.unlock(owner)
        raise
    try:
        store.unlock(owner)
    except CspdeclError as problem:
        if warn is None:
            raise
        hint = f"all is recorded; `cspdecl lock break {run}` gives the lock back"
        warn(warning("CSP919", f"the lock could not be given back: {problem.message}", hint=hint))


def owner_of(session: Session, run: str, command: str) -> LockOwner:
    """This process as somebody who holds a lock."""
    return LockOwner(
        run=run,
        command=command,
        host=socket.gethostname(),
        pid=os.getpid(),
        user=provenance.user(),
        since=session.clock.now(),
        link=provenance.run_link(),
    )


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
    for found in check_place(session):
        warn(found)
    if plan is not None:
        check_readable_only(plan)
    with locked(session, run, "apply", warn=warn):
        recovered = recover_open(session, progress=progress)
        scope = request or PlanRequest()
        if plan is not None:
            scope = PlanRequest(customers=_still_known(session, plan))
        planned = make_plan(session, replace(scope, cached=False), progress=progress)
        if plan is None:
            plan = planned.plan
            hindered = plan.safety.refused or plan.hindered or not plan.operations
            if not hindered:
                check_approvals(plan, [plan.safety], options.approved)
            if hindered or (approve is not None and not approve(plan)):
                record_observed(session, planned, context_of(session, None, run), warn=warn)
                return plan
            judgement = check_not_superseded(session, plan, planned, Judgement(operations=plan.operations))
        else:
            if plan.safety.refused or plan.hindered:
                return plan
            if planned.plan.hindered:
                return planned.plan
            judgement = _judge(session, plan, planned)
            today = _guarded_today(session, planned, judgement.operations)
            if today.refused:
                return replace(plan, safety=today)
            if judgement.operations:
                for found in check_age(plan, now=planned.plan.now, most=session.project.apply.max_age):
                    warn(found)
                check_approvals(plan, [plan.safety, today], options.approved)
        chosen, outside = judgement.operations, judgement.outside
        if not chosen and outside:
            raise outgrown(outside, fresh=planned.plan)
        context = context_of(session, plan, run, approvals=options.approved.ids)
        observed = record_observed(session, planned, context, warn=warn)
        result, records = _run(session, plan, planned, chosen, context, options, progress, on_runner)
        fresh = _plan_of_the_rest(session, outside, progress)
    return ApplyResult(
        run=run,
        plan=plan,
        tasks=result.tasks,
        outside=outside,
        records=records,
        observed=observed,
        recovered=recovered,
        stopped=result.stopped.message if result.stopped else None,
        fresh=fresh,
        exit=exit_of(result, outside, recovered, complete=planned.plan.complete, errors=has_errors(plan.diagnostics)),
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
            plan=dump_plan(replace(plan, operations=tuple(chosen))),
            started=session.clock.now(),
            actor=context.actor or "",
            commit=context.commit,
            approvals=options.approved.verbatim,
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


def _judge(session: Session, plan: Plan, planned: Planned) -> Judgement:
    """The operations of today that the plan's approval covers."""
    store = session.store()
    _project, desired = session.require()
    fresh = planned.plan
    if plan.basis is not None:  # of the same customers, also where nothing is left to do for some of them
        basis = basis_of(session.project, desired, planned.live, planned.prices, plan.basis.customers)
        fresh = replace(fresh, basis=basis)
    hashes = {address: record.hash for address, record in store.last_records().items()}
    judged = within(plan, fresh, carried_out=carried_out(store, plan), last_hashes=hashes)
    return check_not_superseded(session, plan, planned, judged)


def _plan_of_the_rest(session: Session, outside: Sequence[Outside], progress: Progress) -> Plan | None:
    """What would be done today for the customers that were left alone, for a fresh look at it."""
    customers = tuple(sorted({item.address.customer for item in outside if item.address is not None}))
    if not customers:
        return None
    try:
        return make_plan(session, PlanRequest(customers=customers), progress=progress).plan
    except CspdeclError as problem:  # what was done is done, and has to be said
        progress.say(f"warning: no plan could be made for what was left alone: {problem.message}")
        return None


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


def exit_of(
    result: RunResult, outside: Sequence[Outside], recovered: Sequence[Task], *, complete: bool, errors: bool = False
) -> Exit:
    """The strongest thing that is true of a run. `errors`: customers were held back, since planning found errors."""
    states = Counter(task.state for task in result.tasks)
    failed = states["rejected"] + states["stale"] + states["skipped"] + states["later"] + states["unknown"]
    # the provider says done and reads back something else: an effect, but not the one that was approved
    failed += sum(task.state == "applied" and bool(task.message) for task in result.tasks)
    exits = [Exit.DONE]
    if states["unknown"] or any(task.state == "unknown" for task in recovered):
        exits.append(Exit.UNKNOWN)
    if states["applied"] and (failed or outside or errors):
        exits.append(Exit.PARTLY)
    if errors:
        exits.append(Exit.INVALID)
    if states["stale"] or outside:
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
