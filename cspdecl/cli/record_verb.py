"""`cspdecl record`: renewals, scheduled changes come true and changes made elsewhere go into the ledger."""

from __future__ import annotations

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
from cspdecl.core.diagnostics import Diagnostic


@click.command()
@filters
@click.pass_context
@guarded
def command(ctx: click.Context, customers: tuple[str, ...], labels: tuple[str, ...], changed_since: str | None) -> None:
    """Record what happened without us. Writes nothing at the provider; running it twice records nothing twice."""
    from cspdecl.engine.apply import context_of, locked, require_durable
    from cspdecl.engine.exits import Exit
    from cspdecl.engine.plan import PlanRequest, make_plan
    from cspdecl.engine.record import record_observed

    with open_session(ctx) as session:
        require_durable(session)
        run = session.ids.fresh()
        with locked(session, run, "record"):
            request = PlanRequest(customers=customers, labels=labels, changed_since=changed_since)
            planned = make_plan(session, request, progress=LiveProgress())
            found: list[Diagnostic] = []
            count = record_observed(session, planned, context_of(session, None, run), warn=found.append)
        show_diagnostics(found, session.root, ctx)
        lang = language(ctx)
        said = lang.say("1 change record written")
        show_line(said if count == 1 else lang.say("{count} change records written", count=str(count)))
        for key, why in planned.plan.unknown.items():
            show_line(lang.say("not read: {customer}: {why}", customer=key, why=lang.sentence(why)), err=True)
        if not planned.plan.complete:
            leave(Exit.TRY_LATER)
