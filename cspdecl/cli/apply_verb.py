"""`cspdecl apply`: carry out a saved plan, or plan now and ask."""

from __future__ import annotations

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
    in_words,
    language,
    leave,
    open_session,
    show_diagnostics,
)
from cspdecl.cli.render import emit_plan, places
from cspdecl.report.language import ENGLISH
from cspdecl.report.printable import printable

if TYPE_CHECKING:
    from cspdecl.cli.apply_files import Papers
    from cspdecl.core.operation import Plan
    from cspdecl.engine.apply import ApplyOptions, ApplyResult
    from cspdecl.engine.plan import PlanRequest
    from cspdecl.engine.runner import Runner
    from cspdecl.engine.session import Session
    from cspdecl.report.language import Language


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False))
@filters
@click.option("--auto-approve", is_flag=True, help="Plan and carry out without asking.")
@click.option(
    "--approvals",
    type=click.Path(dir_okay=False),
    help="JSON list of approvals, to be checked and kept; see the guide.",
)
@click.option(
    "--author", "authors", multiple=True, metavar="NAME", help="Who wrote the change: no approval of theirs counts."
)
@click.option("--result-file", type=click.Path(dir_okay=False), help="Write what was done as JSON, however it ends.")
@click.option("--comment-file", type=click.Path(dir_okay=False), help="The same as Markdown, to be posted.")
@click.option("--fresh", type=click.Path(dir_okay=False), help="Where FILE is stale: save the plan of today here.")
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
    authors: tuple[str, ...],
    result_file: str | None,
    comment_file: str | None,
    fresh: str | None,
    workers: int,
    deadline: float | None,
    show: str,
) -> None:
    """Carry out FILE, a saved plan, without asking; without FILE plan, show and ask.

    What FILE holds is done as far as planning today gives the same or less; the rest is left alone and named. In CI it
    is done only from the default branch, with the files as committed, by a plan that is not too old.

    Ends with 0 when done; 3 refused by a guardrail, or approvals are missing; 4 partly applied; 5 an outcome is
    unknown, run `recover`; 6 someone else holds the lock; 7 the plan is stale; 64 when nobody can be asked, or from
    another branch; 65, 75, 77 and 130 as for `plan`.
    """
    from cspdecl.cli.apply_files import Papers
    from cspdecl.engine.apply import ApplyOptions
    from cspdecl.engine.plan import PlanRequest

    papers = Papers(
        plan_file=file,
        approvals_file=approvals,
        authors=authors,
        result=Path(result_file) if result_file else None,
        comment=Path(comment_file) if comment_file else None,
        fresh=Path(fresh) if fresh else None,
        show="sell" if show == "sell" else "all",
        lang=language(ctx),
    )
    with papers.kept():
        if file and (customers or labels or changed_since):
            raise click.UsageError(
                "a saved plan is carried out as it is: leave out --customer, --label and --changed-since"
            )
        if not file and not auto_approve and not at_terminal():
            raise click.UsageError("nobody can be asked here: give a saved plan, or say --auto-approve")
        papers.read()
        _carry_out(
            ctx,
            papers,
            PlanRequest(customers=customers, labels=labels, changed_since=changed_since),
            ApplyOptions(approved=papers.approved, workers=workers, deadline=deadline),
            ask=not auto_approve,
        )


def _carry_out(ctx: click.Context, papers: Papers, request: PlanRequest, options: ApplyOptions, *, ask: bool) -> None:
    from cspdecl.core.operation import Plan
    from cspdecl.engine.apply import apply_plan
    from cspdecl.engine.approved import NotApproved
    from cspdecl.engine.problems import Outgrown, left_alone, problems_of
    from cspdecl.engine.provenance import commit_of

    with open_session(ctx) as session, _interruptible() as on_runner:
        papers.project = session.require()[0].name

        def approve(plan: Plan) -> bool:
            show_diagnostics((*session.load().diagnostics, *plan.diagnostics), session.root, ctx)
            emit_plan(ctx, plan, style="text", show=papers.show)
            return not ask or click.confirm(in_words("Carry this out?"), default=False, err=True)

        try:
            outcome = apply_plan(
                session,
                papers.plan,
                request=request,
                approve=approve,
                progress=LiveProgress(),
                on_runner=on_runner,
                options=options,
            )
        except Outgrown as problem:
            _show_fresh(ctx, papers, session, problem.fresh)
            raise
        except NotApproved as problem:
            emit_plan(ctx, problem.plan, style="text", show=papers.show)
            raise
        if isinstance(outcome, Plan):
            code = _not_applied(ctx, outcome, papers, diagnostics=session.load().diagnostics, root=session.root)
            leave(code)
            return
        papers.ran(outcome, project=session.project.name, commit=commit_of(session.root))
        click.echo(summary(outcome, papers.lang), nl=False)
        if any(item.severity == "error" for item in outcome.plan.diagnostics):
            click.echo(in_words("customers with errors were held back: see the plan, or run `cspdecl plan`"), err=True)
        show_diagnostics(
            (*left_alone(outcome.outside), *problems_of((*outcome.tasks, *outcome.recovered))), session.root, ctx
        )
        if outcome.fresh is not None:
            _show_fresh(ctx, papers, session, outcome.fresh)
        if session.project.notify:
            from cspdecl.engine.announce import announce_applied

            show_diagnostics(announce_applied(session, outcome), session.root, ctx)
        leave(outcome.exit)


def _show_fresh(ctx: click.Context, papers: Papers, session: Session, plan: Plan) -> None:
    """What would be done today for what was left alone: shown, and saved where it was asked for."""
    papers.leave_fresh(plan, place=places(session.load()))
    click.echo(in_words("what would be done today:"), err=True)
    emit_plan(ctx, plan, style="text", show=papers.show)


def _not_applied(ctx: click.Context, plan: Plan, papers: Papers, *, diagnostics: Any, root: Path) -> int:
    from cspdecl.core.diagnostics import has_errors
    from cspdecl.engine.exits import verdict_of

    ended = verdict_of(plan, detailed=False)
    agreed = not plan.operations or plan.safety.refused or has_errors(plan.diagnostics)
    papers.not_carried_out(plan, ended, agreed=agreed)
    if agreed:
        show_diagnostics((*diagnostics, *plan.diagnostics), root, ctx)
        emit_plan(ctx, plan, style="text", show=papers.show)
    else:
        click.echo(in_words("nothing was carried out"), err=True)
    return ended


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
        stopping = in_words("stopping: waiting for what is in flight; interrupt again to leave at once")
        click.echo(f"\n{stopping}", err=True)

    old = signal.signal(signal.SIGINT, handler), signal.signal(signal.SIGTERM, handler)
    try:
        yield runners.append
    finally:
        signal.signal(signal.SIGINT, old[0])
        signal.signal(signal.SIGTERM, old[1])


def summary(result: ApplyResult, lang: Language = ENGLISH) -> str:
    """What a run did, in lines."""
    from cspdecl.commerce.words import counted
    from cspdecl.core.outcome import Applied
    from cspdecl.report.result import states_in_words

    states: dict[str, int] = {}
    for task in result.tasks:
        states[task.state] = states.get(task.state, 0) + 1
    did = ", ".join(f"{states[key]} {word}" for key, word in states_in_words(lang).items() if key in states)
    records = lang.sentence(counted(result.records, "change record"))
    if did:
        lines = [lang.say("Apply: {did}; {records} written", did=did, records=records)]
    else:
        lines = [lang.say("Apply: nothing to do; {records} written", records=records)]
    if result.observed:
        events = lang.sentence(counted(result.observed, "event"))
        lines.append(
            lang.say("Recorded: {events} of elsewhere: changes, renewals, schedules come true", events=events)
        )  # fmt: skip
    if result.recovered:
        settled = sum(task.state == "applied" for task in result.recovered)
        what = lang.sentence(counted(len(result.recovered), "operation"))
        lines.append(
            lang.say("Recovered: {what} of an earlier run, {settled} of them done", what=what, settled=settled)
        )
    lines.extend(
        f"  ! {task.operation.address}: {printable(lang.sentence(task.message))}"
        for task in result.tasks
        if task.message or task.state not in ("applied", "waiting", "flying")
    )
    lines.extend(
        f"  ! {task.operation.address}: {printable(lang.sentence(task.outcome.receipt.remark))}"
        for task in result.tasks
        if isinstance(task.outcome, Applied) and task.outcome.receipt.remark
    )
    lines.extend(
        f"  ! {lang.say('{address}: the plan no longer fits, left alone; plan again', address=address)}"
        for address in result.conflicts
    )
    if result.stopped:
        lines.append(f"  ! {lang.say('stopped: {why}', why=printable(lang.sentence(result.stopped)))}")
    return "\n".join(lines) + "\n"
