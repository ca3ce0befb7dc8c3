"""`cspdecl record`: renewals, scheduled changes come true and changes made elsewhere go into the ledger."""

from __future__ import annotations

import click

from cspdecl.cli.common import LiveProgress, filters, guarded, leave, open_session, say, show_diagnostics
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
        click.echo(f"{count} change record{'' if count == 1 else 's'} written")
        for key, why in planned.plan.unknown.items():
            say(f"not read: {key}: {why}", err=True)
        if not planned.plan.complete:
            leave(Exit.TRY_LATER)
