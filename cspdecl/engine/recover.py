"""Settling what an earlier run left open: look first, and send again only what certainly did not happen.

Every open operation is probed at its provider. Found done, it is recorded as if its answer had just come; found not
done, it is sent again under the same request id, unless its time has run out; a purchase that got as far as its cart
or order is carried on with. What stays doubtful stays open, and its customer is left alone.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from cspdecl import __version__
from cspdecl.billing.changes import RunContext
from cspdecl.core.errors import StoreDamaged
from cspdecl.core.operation import Operation
from cspdecl.core.plain import PlainError, from_plain
from cspdecl.engine.progress import Progress, Silent
from cspdecl.engine.runner import Runner, Task
from cspdecl.engine.settle import Settler

if TYPE_CHECKING:
    from cspdecl.engine.session import Session
    from cspdecl.spi.store import OpenOperation


def open_tasks(session: Session) -> list[Task]:
    """The operations whose outcome is not settled, as tasks that begin with a look."""
    return [_task_of(item) for item in session.store().open_operations()]


def recover_open(session: Session, *, progress: Progress | None = None) -> tuple[Task, ...]:
    """Settle all open operations. The caller holds the lock. Returns them with what was found; empty when none is open."""
    progress = progress or Silent()
    tasks = open_tasks(session)
    if not tasks:
        return ()
    progress.say(f"{len(tasks)} operation{'s' if len(tasks) > 1 else ''} of an earlier run not settled: looking")
    store, project = session.store(), session.project
    offers = {task.operation.context.offer for task in tasks if task.operation.context.offer is not None}
    keys = {task.operation.address.customer for task in tasks}
    headers = {header.run: header for header in store.runs()}
    header = headers[tasks[0].run]
    context = RunContext(
        project=project.name, run=tasks[0].run, plan_id=header.plan_id, commit=header.commit, actor=header.actor,
        approvals=header.approvals, tool_version=__version__, market=project.market,
        currency=project.reseller.currency,
    )
    settler = Settler(
        context=context, prices=session.prices(offers), head=store.head(), bindings=dict(store.bindings()),
        live=dict(store.live(keys)), clock=session.clock,
    )
    runner = Runner(
        run=tasks[0].run, store=store, providers=session.reconnect("write"), settler=settler, clock=session.clock,
        ids=session.ids, progress=progress,
    )
    result = runner.carry_out(tasks)
    session.reconnect("read")
    return result.tasks


def _task_of(item: OpenOperation) -> Task:
    try:
        operation: Operation = from_plain(Operation, json.loads(item.operation))
    except (PlainError, ValueError) as problem:
        raise StoreDamaged(f"the journal's operation {item.op[:12]} of run {item.run} cannot be read: {problem}") from None
    return Task(
        operation=replace(operation, requires=()), phase="probe", request_id=item.request_id,
        correlation_id=item.correlation_id, checkpoint=item.checkpoint, sent=True, run=item.run,
    )
