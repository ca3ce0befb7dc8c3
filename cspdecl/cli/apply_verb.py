"""`cspdecl apply`: carry out a saved plan, or plan now and ask."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cspdecl.cli.common import (
    LiveProgress,
    at_terminal,
    filters,
    guarded,
    leave,
    open_session,
    read_plan,
    show_diagnostics,
)
from cspdecl.cli.render import emit_plan
from cspdecl.report.printable import printable

if TYPE_CHECKING:
    from cspdecl.core.operation import Plan
    from cspdecl.engine.apply import ApplyResult
    from cspdecl.engine.runner import Runner


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False))
@filters
@click.option("--auto-approve", is_flag=True, help="Plan and carry out without asking.")
@click.option("--approvals", type=click.Path(dir_okay=False), help="JSON list of approval ids to keep in the records.")
@click.option("--result-file", type=click.Path(dir_okay=False), help="Write what was done as JSON.")
@click.option("--workers", type=click.IntRange(1, 64), default=8, show_default=True, help="Calls in flight at most.")
@click.option("--deadline", type=click.FloatRange(min=1), metavar="SECONDS", help="Send nothing new after so long.")
@click.option("--show", type=click.Choice(["sell", "all"]), default="all", help="`sell` leaves out cost and margin.")
@click.pass_context
@guarded
def command(
    ctx: click.Context,
    file: str | None,
    customers: tuple[str, ...],
    labels: tuple[str, ...],
    changed_since: str | None,
    *,
    auto_approve: bool,
    approvals: str | None,
    result_file: str | None,
    workers: int,
    deadline: float | None,
    show: str,
) -> None:
    """Carry out FILE, a saved plan, without asking; without FILE plan, show and ask.

    Ends with 0 when done; 3 refused by a guardrail; 4 partly applied; 5 an outcome is unknown, run `recover`; 6 someone
    else holds the lock; 7 the plan is stale; 64 when nobody can be asked; 65, 75, 77 and 130 as for `plan`.
    """
    from cspdecl.core.operation import Plan
    from cspdecl.engine.apply import ApplyOptions, apply_plan
    from cspdecl.engine.plan import PlanRequest
    from cspdecl.engine.problems import problems_of

    if file and (customers or labels or changed_since):
        raise click.UsageError(
            "a saved plan is carried out as it is: leave out --customer, --label and --changed-since"
        )
    if not file and not auto_approve and not at_terminal():
        raise click.UsageError("nobody can be asked here: give a saved plan, or say --auto-approve")
    with open_session(ctx) as session, _interruptible() as on_runner:
        session.require()

        def approve(plan: Plan) -> bool:
            show_diagnostics((*session.load().diagnostics, *plan.diagnostics), session.root, ctx)
            emit_plan(ctx, plan, style="text", show=show)
            return auto_approve or click.confirm("Carry this out?", default=False, err=True)

        outcome = apply_plan(
            session,
            read_plan(Path(file)) if file else None,
            request=PlanRequest(customers=customers, labels=labels, changed_since=changed_since),
            approve=approve,
            progress=LiveProgress(),
            on_runner=on_runner,
            options=ApplyOptions(approvals=_read_approvals(approvals), workers=workers, deadline=deadline),
        )
        if isinstance(outcome, Plan):
            leave(_not_applied(ctx, outcome, show=show, diagnostics=session.load().diagnostics, root=session.root))
            return
        if result_file:
            Path(result_file).write_text(
                json.dumps(result_document(outcome), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
            )
        click.echo(summary(outcome), nl=False)
        if any(item.severity == "error" for item in outcome.plan.diagnostics):
            click.echo("customers with errors were held back: see the plan, or run `cspdecl plan`", err=True)
        show_diagnostics(problems_of((*outcome.tasks, *outcome.recovered)), session.root, ctx)
        if session.project.notify:
            from cspdecl.engine.announce import announce_applied

            show_diagnostics(announce_applied(session, outcome), session.root, ctx)
        leave(outcome.exit)


def _not_applied(ctx: click.Context, plan: Plan, *, show: str, diagnostics: Any, root: Path) -> int:
    from cspdecl.core.diagnostics import has_errors
    from cspdecl.engine.exits import Exit, strongest

    exits = [Exit.DONE]
    if has_errors(plan.diagnostics):
        exits.append(Exit.INVALID)
    if plan.safety.refused:
        exits.append(Exit.REFUSED)
    if not plan.complete:
        exits.append(Exit.TRY_LATER)
    if not plan.operations or plan.safety.refused or has_errors(plan.diagnostics):
        show_diagnostics((*diagnostics, *plan.diagnostics), root, ctx)
        emit_plan(ctx, plan, style="text", show=show)
    else:
        click.echo("nothing was carried out", err=True)
    return strongest(exits)


@contextmanager
def _interruptible() -> Iterator[Any]:
    """First interrupt: send nothing new, settle what is in flight. Second: leave at once; `recover` will look."""
    runners: list[Runner] = []

    def handler(_signum: int, _frame: object) -> None:
        if not runners:
            raise KeyboardInterrupt
        if runners[0].stop:
            # an exception would still wait for the calls in flight; the journal holds all that `recover` needs
            os._exit(130)
        runners[0].stop = True
        click.echo("\nstopping: waiting for what is in flight; interrupt again to leave at once", err=True)

    old = signal.signal(signal.SIGINT, handler), signal.signal(signal.SIGTERM, handler)
    try:
        yield runners.append
    finally:
        signal.signal(signal.SIGINT, old[0])
        signal.signal(signal.SIGTERM, old[1])


def _read_approvals(name: str | None) -> tuple[str, ...]:
    if name is None:
        return ()
    try:
        data = json.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise click.UsageError(f"approvals cannot be read from {name}: {problem}") from None
    if not isinstance(data, list) or not all(isinstance(item, str) for item in data):
        raise click.UsageError(f"{name} is no JSON list of approval ids")
    return tuple(data)


def summary(result: ApplyResult) -> str:
    """What a run did, in lines."""
    from cspdecl.commerce.words import counted
    from cspdecl.core.outcome import Applied

    states: dict[str, int] = {}
    for task in result.tasks:
        states[task.state] = states.get(task.state, 0) + 1
    words = {
        "applied": "done",
        "rejected": "refused by the provider",
        "stale": "not as planned any more",
        "deferred": "waiting for a person",
        "unknown": "unknown",
        "skipped": "skipped",
        "later": "left for later",
    }
    parts = [f"{states[key]} {word}" for key, word in words.items() if key in states]
    lines = [f"Apply: {', '.join(parts) or 'nothing to do'}; {counted(result.records, 'change record')} written"]
    if result.observed:
        lines.append(
            f"Recorded: {counted(result.observed, 'event')} of elsewhere: changes, renewals, schedules come true"
        )
    if result.recovered:
        settled = sum(task.state == "applied" for task in result.recovered)
        lines.append(
            f"Recovered: {counted(len(result.recovered), 'operation')} of an earlier run, {settled} of them done"
        )
    lines.extend(
        f"  ! {task.operation.address}: {printable(task.message)}"
        for task in result.tasks
        if task.message or task.state not in ("applied", "waiting", "flying")
    )
    lines.extend(
        f"  ! {task.operation.address}: {printable(task.outcome.receipt.remark)}"
        for task in result.tasks
        if isinstance(task.outcome, Applied) and task.outcome.receipt.remark
    )
    lines.extend(f"  ! {address}: the plan no longer fits, left alone; plan again" for address in result.conflicts)
    if result.stopped:
        lines.append(f"  ! stopped: {printable(result.stopped)}")
    return "\n".join(lines) + "\n"


def result_document(result: ApplyResult) -> dict[str, Any]:
    """The result file: the same facts for machines."""
    return {
        "format": 1,
        "run": result.run,
        "plan": result.plan.id,
        "exit": int(result.exit),
        "records": result.records,
        "observed": result.observed,
        "stopped": result.stopped,
        "conflicts": list(result.conflicts),
        "operations": [
            {
                "id": task.operation.id,
                "address": str(task.operation.address),
                "action": task.operation.action.kind,
                "state": task.state,
                "message": task.message,
                "request_id": task.request_id,
            }
            for task in result.tasks
        ],
        "recovered": [
            {"id": task.operation.id, "address": str(task.operation.address), "state": task.state}
            for task in result.recovered
        ],
    }
