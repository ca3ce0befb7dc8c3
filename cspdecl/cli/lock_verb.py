"""`cspdecl lock list|break`: who is at work on the project, and the way out when nobody is any more."""

from __future__ import annotations

import click

from cspdecl.cli.common import emit_json, guarded, language, open_session, show_line


@click.group()
def command() -> None:
    """See who holds the project, and free it from a run that is gone for good."""


@command.command("list")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
@guarded
def list_command(ctx: click.Context, style: str) -> None:
    """Say which run holds the project's lock: who started it, where, since when. Ends with 0 either way."""
    from cspdecl.core.plain import to_plain

    lang = language(ctx)
    with open_session(ctx) as session:
        owner = session.store(create=False).lock_owner()
    if style == "json":
        emit_json({"locks": [to_plain(owner)] if owner else []})
    elif owner is None:
        show_line(lang.say("nobody holds this project"))
    else:
        show_line(
            lang.say(
                "run {run}: `{command}` of {user} on {host} (process {pid}) since {since}",
                run=owner.run, command=owner.command, user=owner.user, host=owner.host, pid=str(owner.pid),
                since=lang.clock(owner.since),
            )
        )  # fmt: skip
        if owner.link:
            show_line(owner.link)


@command.command("break")
@click.argument("run")
@click.pass_context
@guarded
def break_command(ctx: click.Context, run: str) -> None:
    """Take the lock from a run whose machine is gone. Whatever still runs there can write nothing more.

    Nothing is settled by this: where the run left operations open, `cspdecl recover` comes next. Ends with 6 when
    another run holds the lock, or nobody.
    """
    from cspdecl.engine.stores import break_lock

    lang = language(ctx)
    with open_session(ctx) as session:
        broken = break_lock(session, run)
    show_line(lang.say("the lock of run {run} is broken: it can write no more", run=run))
    if broken.unsettled:
        show_line(
            lang.say(
                "{count} operations were sent and are not settled: run `cspdecl recover` next", count=broken.unsettled
            )
        )
