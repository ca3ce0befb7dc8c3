"""`cspdecl store copy`: the books move to another place."""

from __future__ import annotations

import click

from cspdecl.cli.common import guarded, language, open_session, show_line


@click.group()
def command() -> None:
    """Move journal, ledger and bindings to another store."""


@command.command("copy")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.pass_context
@guarded
def copy_command(ctx: click.Context, source: str, target: str) -> None:
    """Copy all books from one store into an empty one, then read both again and compare them row by row.

    FROM and TO are written as under `store:`, such as sqlite:.cspdecl/store.db or git:. The project goes on using the
    store it names, until you write the new one into cspdecl.yaml. Ends with 6 while a run holds one of them.
    """
    from cspdecl.engine.stores import copy_store

    lang = language(ctx)
    with open_session(ctx) as session:
        copied = copy_store(session, source, target)
    show_line(
        lang.say(
            "copied and compared: {runs} runs, {journal} journal entries, {records} records, {bindings} bindings",
            runs=copied.runs, journal=copied.journal, records=copied.records, bindings=copied.bindings,
        )
    )  # fmt: skip
    show_line(lang.say("write `store: {place}` into cspdecl.yaml to use it", place=target))
