"""`cspdecl adopt`: bind what already runs to what is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    show_line,
)

if TYPE_CHECKING:
    from cspdecl.core.operation import Plan


@click.command()
@filters
@click.option("--auto-approve", is_flag=True, help="Bind without asking.")
@click.pass_context
@guarded
def command(
    ctx: click.Context,
    customers: tuple[str, ...],
    labels: tuple[str, ...],
    changed_since: str | None,
    *,
    auto_approve: bool,
) -> None:
    """Show which running subscriptions match declared lines, and bind them when approved. Sends nothing."""
    from cspdecl.core.action import Adopt
    from cspdecl.core.diagnostics import has_errors
    from cspdecl.engine.adopt import adopt_matching, adoptions
    from cspdecl.engine.exits import Exit, strongest
    from cspdecl.engine.plan import PlanRequest

    if not auto_approve and not at_terminal():
        raise click.UsageError("nobody can be asked here: say --auto-approve")
    with open_session(ctx) as session:

        def approve(plan: Plan) -> bool:
            for operation in adoptions(plan):
                action = operation.action
                if isinstance(action, Adopt):
                    ids, tenant = action.ids, action.tenant
                    show_line(
                        f"=> {operation.address}  {', '.join(ids) or language(ctx).say('tenant {id}', id=tenant)}"
                    )
            return auto_approve or click.confirm(in_words("Bind these?"), default=False, err=True)

        request = PlanRequest(customers=customers, labels=labels, changed_since=changed_since)
        plan, tasks = adopt_matching(session, request, approve=approve, progress=LiveProgress(quiet=True))
        show_diagnostics(plan.diagnostics, session.root, ctx)
        bound = sum(task.state == "applied" for task in tasks)
        show_line(language(ctx).say("{count} bound", count=str(bound)))
        exits = [Exit.DONE]
        if has_errors(plan.diagnostics):
            exits.append(Exit.INVALID)
        if not plan.complete:
            exits.append(Exit.TRY_LATER)
        leave(strongest(exits))
