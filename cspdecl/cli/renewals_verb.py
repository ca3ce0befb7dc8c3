"""`cspdecl renewals`: what ends when, what happens then and what it costs, and the last moment to decide."""

from __future__ import annotations

import click

from cspdecl.cli.common import (
    LiveProgress,
    emit_json,
    filters,
    guarded,
    language,
    leave,
    open_session,
    show_diagnostics,
    show_line,
)  # fmt: skip
from cspdecl.cli.figure_types import Span


@click.command()
@filters
@click.option("--within", type=Span(), default="90d", show_default=True, help="How far to look: 30d, 12w or 6m.")
@click.option("--refresh", is_flag=True, help="Read every customer anew; default: as read last, asking nobody.")
@click.option("--all", "every", is_flag=True, help="Also monthly terms that simply go on.")
@click.option("--format", "style", type=click.Choice(["text", "json", "ics"]), default="text")
@click.pass_context
@guarded
def command(
    ctx: click.Context,
    customers: tuple[str, ...],
    labels: tuple[str, ...],
    changed_since: str | None,
    within: int,
    *,
    refresh: bool,
    every: bool,
    style: str,
) -> None:
    """List the terms that end soon, the undecided first: what is declared to happen, what will be charged, until when
    it can be changed, and the windows that are open.

    `--format ics` is a calendar to subscribe to: an entry at each last moment, an alarm a week before. Ends with 75
    when a customer could not be read.
    """
    from datetime import timedelta

    from cspdecl.engine.exits import Exit
    from cspdecl.engine.plan import PlanRequest
    from cspdecl.engine.renewals import list_renewals
    from cspdecl.report.calendar import render_calendar
    from cspdecl.report.renewals import renewals_document, renewals_text, undecided_warning

    request = PlanRequest(customers=customers, labels=labels, changed_since=changed_since, cached=not refresh)
    with open_session(ctx) as session:
        found = list_renewals(session, request, within=timedelta(days=within), progress=LiveProgress())
    problem = undecided_warning(found)
    show_diagnostics([*session.load().diagnostics, *([problem] if problem else [])], session.root, ctx)
    if style == "json":
        emit_json(renewals_document(found))
    elif style == "ics":
        click.echo(render_calendar(found, lang=language(ctx)).encode(), nl=False)
    else:
        for line in renewals_text(found, every=every, lang=language(ctx)):
            show_line(line)
    if found.unread:
        leave(Exit.TRY_LATER)
