"""`cspdecl recover`: settle operations whose outcome is unknown."""

from __future__ import annotations

import click

from cspdecl.cli.common import LiveProgress, guarded, leave, open_session, say


@click.command()
@click.pass_context
@guarded
def command(ctx: click.Context) -> None:
    """Look what came of operations that were sent and not answered; nothing is sent that may have happened.

    Ends with 0 when everything is settled, 5 while something is still unknown.
    """
    from cspdecl.engine.apply import locked, require_durable
    from cspdecl.engine.exits import Exit
    from cspdecl.engine.recover import recover_open

    with open_session(ctx) as session:
        require_durable(session)
        with locked(session, session.ids.fresh(), "recover"):
            tasks = recover_open(session, progress=LiveProgress())
        if not tasks:
            click.echo("nothing to recover: every operation that was sent is settled")
            return
        for task in tasks:
            word = {
                "applied": "it had happened, or was finished now",
                "unknown": "still unknown",
                "later": "not finished yet",
            }.get(task.state, task.state)
            say(f"{task.operation.address}: {word}{': ' + task.message if task.message else ''}")
        unsettled = [task for task in tasks if task.state in ("unknown", "later")]
        if unsettled:
            for task in unsettled:
                click.echo(
                    f"hint: {task.operation.address}, sent under request {task.request_id} "
                    f"(correlation {task.correlation_id}): look at the customer's orders in the portal, then run "
                    "`cspdecl recover` again",
                    err=True,
                )
            leave(Exit.UNKNOWN)
