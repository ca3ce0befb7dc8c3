"""Binding what already runs to what is declared: the part of a plan that writes nothing at a provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cspdecl.core.action import Adopt
from cspdecl.core.operation import Operation, Plan
from cspdecl.engine.apply import Approve, context_of, locked, require_durable, settler_of
from cspdecl.engine.lanes import Task
from cspdecl.engine.plan import PlanRequest, make_plan
from cspdecl.engine.progress import Progress, Silent
from cspdecl.engine.record import record_observed
from cspdecl.engine.runner import Runner
from cspdecl.planning.planfile import dump_plan
from cspdecl.spi.store import RunHeader

if TYPE_CHECKING:
    from cspdecl.engine.session import Session


def adoptions(plan: Plan) -> tuple[Operation, ...]:
    """The operations of a plan that bind running subscriptions and customers."""
    return tuple(operation for operation in plan.operations if isinstance(operation.action, Adopt))


def adopt_matching(
    session: Session, request: PlanRequest, *, approve: Approve, progress: Progress | None = None
) -> tuple[Plan, tuple[Task, ...]]:
    """Plan, show, and bind what matches when approved. Returns the plan and what was bound."""
    progress = progress or Silent()
    require_durable(session)
    run = session.ids.fresh()
    with locked(session, run, "adopt"):
        planned = make_plan(session, request, progress=progress)
        chosen = adoptions(planned.plan)
        if not chosen or not approve(planned.plan):
            return planned.plan, ()
        context = context_of(session, planned.plan, run)
        record_observed(session, planned, context)
        store = session.store()
        store.begin(
            RunHeader(
                run=run,
                plan_id=planned.plan.id,
                plan=dump_plan(planned.plan),
                started=session.clock.now(),
                actor=context.actor or "",
                commit=context.commit,
            )
        )
        runner = Runner(
            run=run,
            store=store,
            providers={},
            settler=settler_of(session, planned, context),
            clock=session.clock,
            ids=session.ids,
            progress=progress,
        )
        return planned.plan, runner.carry_out([Task(operation=operation) for operation in chosen]).tasks
