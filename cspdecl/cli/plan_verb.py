"""`cspdecl plan`: what would change, why, when and for how much."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cspdecl.cli.common import (
    LiveProgress,
    filters,
    guarded,
    language,
    leave,
    open_session,
    show_diagnostics,
    show_line,
)
from cspdecl.cli.render import View, check_formats, emit_plan, formats, places, write_plan

if TYPE_CHECKING:
    from cspdecl.engine.plan import PlanRequest


@click.command()
@filters
@click.option("--out", type=click.Path(dir_okay=False), help="Save the plan for `apply`.")
@click.option(
    "--offline",
    is_flag=True,
    help="With --changed-since: ask nobody, open no store; what was declared before is taken for what runs.",
)
@click.option("--cached", is_flag=True, help="Plan on what was read last; asks nobody.")
@click.option(
    "--prices", "price_list", metavar="next|MONTH|DATE", help="Rehearse another price list: `next`, 2027-01, a day."
)
@formats
@click.option("--detailed-exitcode", is_flag=True, help="End with 2 when something would be sent.")
@click.pass_context
@guarded
def command(
    ctx: click.Context,
    customers: tuple[str, ...],
    labels: tuple[str, ...],
    changed_since: str | None,
    out: str | None,
    *,
    offline: bool,
    cached: bool,
    price_list: str | None,
    style: str,
    show: str,
    written: tuple[tuple[str, Path], ...],
    link_base: str | None,
    detailed_exitcode: bool,
) -> None:
    """Read live state and show what would change. Writes nothing but its cache.

    Ends with 0, or 2 with --detailed-exitcode when there is something to send; 3 when a guardrail refuses the plan; 65
    when manifests are invalid or contradict what is live; 75 when a customer could not be read; 77 when not authorised.

    With --changed-since REF it is the plan of a change: compared with what was declared where the branch left REF. Only
    customers the change touches are read; what would be done without it as well is told apart as already waiting.
    --detailed-exitcode counts all of it. With --offline, too, nobody is asked: for changes by people who may see no
    credential, such as a pull request from a fork.

    With --prices another price list is tried on what runs: cost, our price and margin before and after, by customer and
    bundle, those under their margin floor first, and from which renewal on. Then it ends with 3 where the floor is not
    met or cannot be told.
    """
    from cspdecl.engine.exits import verdict_of
    from cspdecl.engine.plan import PlanRequest, make_plan
    from cspdecl.planning.planfile import dump_plan

    check_formats(style, written, show)
    if offline and (changed_since is None or cached or price_list):
        raise click.UsageError(
            "`--offline` plans a change: give it `--changed-since REF`, and no `--cached` or `--prices`"
        )
    request = PlanRequest(
        customers=customers,
        labels=labels,
        changed_since=changed_since,
        cached=cached,
        difference=changed_since is not None and not price_list,
        offline=offline,
    )
    if price_list:
        if out or written or show == "sell" or style not in ("text", "json", "markdown"):
            raise click.UsageError(
                "a rehearsal is no plan: it is text, json or markdown, and has no `--out`, `--write` and `--show sell`"
            )
        _rehearse(ctx, request, price_list, style, detailed_exitcode=detailed_exitcode)
        return
    with open_session(ctx) as session:
        planned = make_plan(session, request, progress=LiveProgress())
        plan = planned.plan
        show_diagnostics((*session.load().diagnostics, *plan.diagnostics), session.root, ctx)
        view = View(
            show=show,
            place=places(session.load()),
            link_base=link_base,
            exitcode=int(verdict_of(plan)),
            diagnostics=session.load().diagnostics,
        )
        emit_plan(ctx, plan, style=style, view=view)
        if out:
            Path(out).write_text(dump_plan(plan, place=view.place), encoding="utf-8")
            fit = bool(plan.operations) and not plan.safety.refused and not plan.hindered and not plan.offline
            text = "saved to {file}; carry it out with: cspdecl apply {file}" if fit else "saved to {file}"
            show_line(language(ctx).say(text, file=out), err=True)
        write_plan(ctx, plan, written, view)
        leave(verdict_of(plan, detailed=detailed_exitcode))


def _rehearse(ctx: click.Context, request: PlanRequest, wish: str, style: str, *, detailed_exitcode: bool) -> None:
    from cspdecl.cli.common import emit_json
    from cspdecl.engine.exits import Exit, strongest
    from cspdecl.engine.rehearsal import rehearse_prices
    from cspdecl.report.rehearsal import rehearsal_document, rehearsal_markdown, rehearsal_text

    with open_session(ctx) as session:
        found = rehearse_prices(session, request, wish=wish, progress=LiveProgress())
        show_diagnostics(session.load().diagnostics, session.root, ctx)
    if style == "json":
        emit_json(rehearsal_document(found))
    elif style == "markdown":
        click.echo(rehearsal_markdown(found, lang=language(ctx)), nl=False)
    else:
        for line in rehearsal_text(found, lang=language(ctx)):
            show_line(line)
    exits = [Exit.DONE]
    if found.verdicts:
        exits.append(Exit.REFUSED)
    if found.unread:
        exits.append(Exit.TRY_LATER)
    if detailed_exitcode and found.changes:
        exits.append(Exit.CHANGES)
    leave(strongest(exits))
