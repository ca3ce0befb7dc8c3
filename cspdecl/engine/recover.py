"""Settling what an earlier run left open: look first, and send again only what certainly did not happen.

Every open operation is probed at its provider. Found done, it is recorded as if its answer had just come; found not
done, it is sent again under the same request id, unless its time has run out; a purchase that got as far as its cart
or order is carried on with. What stays doubtful stays open, and its customer is left alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from cspdecl import __version__
from cspdecl.billing.changes import RunContext
from cspdecl.billing.fold import fold_recorded
from cspdecl.core.errors import StoreDamaged
from cspdecl.core.operation import Operation
from cspdecl.core.plain import PlainError, from_plain
from cspdecl.engine.lanes import Task
from cspdecl.engine.progress import Progress, Silent
from cspdecl.engine.runner import Runner
from cspdecl.engine.settle import Settler
from cspdecl.planning.approvers import approval_of

if TYPE_CHECKING:
    from cspdecl.engine.session import Session
    from cspdecl.spi.provider import Provider
    from cspdecl.spi.store import OpenOperation


def open_tasks(session: Session) -> list[Task]:
    """The operations whose outcome is not settled, as tasks that begin with a look."""
    return [_task_of(item) for item in session.store().open_operations()]


def recover_open(session: Session, *, progress: Progress | None = None) -> tuple[Task, ...]:
    """Settle all open operations and return them with what was found. The caller holds the lock."""
    progress = progress or Silent()
    tasks = open_tasks(session)
    if not tasks:
        return ()
    progress.say(f"{len(tasks)} operation{'s' if len(tasks) > 1 else ''} of an earlier run not settled: looking")
    fallback = session.project.default_provider
    providers = session.reconnect("write", {task.operation.context.provider or fallback for task in tasks})
    done: list[Task] = []
    # run by run: a record names the plan, the commit and the person of the run that sent it
    for run in dict.fromkeys(task.run for task in tasks):
        done.extend(_recover_run(session, run, [task for task in tasks if task.run == run], providers, progress))
    session.reconnect("read")
    return tuple(done)


def _recover_run(
    session: Session, run: str, tasks: list[Task], providers: Mapping[str, Provider], progress: Progress
) -> tuple[Task, ...]:
    store, project = session.store(), session.project
    offers = {task.operation.context.offer for task in tasks if task.operation.context.offer is not None}
    keys = {task.operation.address.customer for task in tasks}
    header = next((header for header in store.runs() if header.run == run), None)
    if header is None:
        raise StoreDamaged(f"the journal holds operations of run {run}, but nothing says what that run was")
    context = RunContext(
        project=project.name,
        run=run,
        plan_id=header.plan_id,
        commit=header.commit,
        actor=header.actor,
        approvals=tuple(approval_of(text).id for text in header.approvals),
        tool_version=__version__,
        market=project.market,
        currency=project.reseller.currency,
    )
    settler = Settler(
        context=context,
        prices=session.prices(offers),
        head=store.head(),
        bindings=dict(store.bindings()),
        live=dict(store.live(keys)),
        clock=session.clock,
        desired=session.require()[1],
        recorded=fold_recorded(store.last_records().values()),
    )
    runner = Runner(
        run=run,
        store=store,
        providers=providers,
        settler=settler,
        clock=session.clock,
        ids=session.ids,
        progress=progress,
    )
    return runner.carry_out(tasks).tasks


def _task_of(item: OpenOperation) -> Task:
    try:
        operation: Operation = from_plain(Operation, json.loads(item.operation))
    except (PlainError, ValueError) as problem:
        name = f"operation {item.op[:12]} of run {item.run}"
        raise StoreDamaged(f"the journal's {name} cannot be read: {problem}") from None
    return Task(
        operation=replace(operation, requires=()),
        phase="probe",
        request_id=item.request_id,
        correlation_id=item.correlation_id,
        checkpoint=item.checkpoint,
        sent=True,
        doubt=True,
        run=item.run,
    )
