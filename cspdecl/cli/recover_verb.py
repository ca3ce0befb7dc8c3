"""`cspdecl recover`: settle operations whose outcome is unknown."""

from __future__ import annotations

import click

from cspdecl.cli.common import LiveProgress, guarded, language, leave, open_session, show_diagnostics, show_line


@click.command()
@click.option(
    "--take-over",
    metavar="RUN",
    help="Take the lock from this run, whose machine is gone for good; it can write no more.",
)
@click.pass_context
@guarded
def command(ctx: click.Context, take_over: str | None) -> None:
    """Look what came of operations that were sent and not answered; nothing is sent that may have happened.

    Ends with 0 when everything is settled, 5 while something is still unknown, 75 when something that certainly was
    not done could not be sent again now.
    """
    from cspdecl.engine.apply import locked, require_durable
    from cspdecl.engine.exits import Exit
    from cspdecl.engine.problems import problems_of
    from cspdecl.engine.recover import recover_open

    with open_session(ctx) as session:
        require_durable(session)
        with locked(session, session.ids.fresh(), "recover", take_over=take_over):
            tasks = recover_open(session, progress=LiveProgress())
        lang = language(ctx)
        if not tasks:
            show_line(lang.say("nothing to recover: every operation that was sent is settled"))
            return
        for task in tasks:
            word = {
                "applied": lang.say("it had happened, or was finished now"),
                "unknown": lang.say("still unknown"),
                "later": lang.say("not finished yet"),
            }.get(task.state, lang.say(task.state))
            why = f": {lang.sentence(task.message)}" if task.message else ""
            show_line(f"{task.operation.address}: {word}{why}")
        found = problems_of(tasks)
        show_diagnostics(found, session.root, ctx)
        if any(item.code == "CSP801" for item in found):
            leave(Exit.UNKNOWN)
        if any(task.state == "later" for task in tasks):
            leave(Exit.TRY_LATER)
