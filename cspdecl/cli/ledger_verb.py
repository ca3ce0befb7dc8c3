"""`cspdecl ledger list|verify|export|compare|approvals`: the change records, and on whose word they came about."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cspdecl.cli.common import guarded, language, leave, open_session, say, show_diagnostics, show_line
from cspdecl.core.address import Address
from cspdecl.report.printable import json_safe

if TYPE_CHECKING:
    from cspdecl.core.records import LedgerRecord


@click.group()
def command() -> None:
    """List, verify and export change records, compare them with what was billed, and see who approved them."""


def _addresses(names: tuple[str, ...]) -> tuple[Address, ...]:
    try:
        return tuple(Address.parse(name) for name in names)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None


_CHOICE = click.option(
    "--address",
    "names",
    multiple=True,
    metavar="ADDRESS",
    help="Only this customer or line, and what is below it; repeatable.",
)
_AFTER = click.option(
    "--after", type=click.IntRange(min=0), default=0, metavar="SEQ", help="Only records after this number."
)


@command.command("list")
@_CHOICE
@_AFTER
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", help="`json` is JSON Lines.")
@click.pass_context
@guarded
def list_command(ctx: click.Context, names: tuple[str, ...], after: int, style: str) -> None:
    """Print change records, oldest first."""
    from cspdecl.report.ledger import render_jsonl, render_table

    with open_session(ctx) as session:
        records = _chosen(session.store(create=False).ledger(after=after), _addresses(names))
        for piece in (
            map(json_safe, render_jsonl(records)) if style == "json" else render_table(records, lang=language(ctx))
        ):
            click.echo(piece, nl=False)


@command.command("verify")
@click.pass_context
@guarded
def verify_command(ctx: click.Context) -> None:
    """Check that no record was changed, removed, added or cut off. Ends with 1 when one was."""
    from cspdecl.billing.chain import verify
    from cspdecl.core.diagnostics import has_errors
    from cspdecl.engine.exits import Exit

    with open_session(ctx) as session:
        store = session.store(create=False)
        damage = store.damage()
        found = verify(store.ledger(), store.head())
        show_diagnostics(found, session.root, ctx)
        if damage:
            say(f"error: {damage}", err=True)
        if damage or has_errors(found):
            leave(Exit.ERROR)
        head = store.head()
        text = "ledger verified: {count} records, head {head}"
        show_line(language(ctx).say(text, count=str(head.seq), head=head.hash[:16]))


@command.command("export")
@_CHOICE
@_AFTER
@click.option("--format", "style", type=click.Choice(["jsonl", "csv"]), default="jsonl")
@click.option("--out", type=click.Path(dir_okay=False), help="A file instead of stdout.")
@click.pass_context
@guarded
def export_command(ctx: click.Context, names: tuple[str, ...], after: int, style: str, out: str | None) -> None:
    """Export change records as JSON Lines or CSV."""
    from cspdecl.report.ledger import render_csv, render_jsonl

    with open_session(ctx) as session:
        records = _chosen(session.store(create=False).ledger(after=after), _addresses(names))
        pieces = render_csv(records) if style == "csv" else render_jsonl(records)
        if out is None:
            for piece in pieces if style == "csv" else map(json_safe, pieces):
                sys.stdout.write(piece)
            return
        with Path(out).open("w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
        show_line(language(ctx).say("written to {file}", file=out), err=True)


@command.command("compare")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--month", metavar="YYYY-MM", help="Compare the charges of this month; left out: those of the file.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
@guarded
def compare_command(ctx: click.Context, file: str, month: str | None, style: str) -> None:
    """Compare the ledger with a reconciliation file: CSV or JSON, as exported or compressed.

    Ends with 0 where both agree within a cent a unit, with 2 where they do not. Nothing is written.
    """
    import json

    from cspdecl.engine.compare import Period, compare_file
    from cspdecl.engine.exits import Exit
    from cspdecl.report.compare import comparison_document, render_comparison

    with open_session(ctx) as session:
        found = compare_file(session, Path(file), period=Period.month(month) if month else None)
        if style == "json":
            click.echo(json_safe(json.dumps(comparison_document(found), indent=2, ensure_ascii=False)))
        else:
            for piece in render_comparison(found, lang=language(ctx)):
                click.echo(piece, nl=False)
        if not found.agrees:
            leave(Exit.CHANGES)


@command.command("approvals")
@click.argument("run", required=False)
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", help="`json` is JSON Lines.")
@click.pass_context
@guarded
def approvals_command(ctx: click.Context, run: str | None, style: str) -> None:
    """Print the approvals of each run, or of RUN, as the pipeline wrote them down."""
    from cspdecl.core.errors import CspdeclError
    from cspdecl.core.result import ApprovedRun
    from cspdecl.report.approvals import render_approvals, render_approvals_jsonl

    with open_session(ctx) as session:
        runs = [
            ApprovedRun(
                run=header.run,
                started=header.started,
                actor=header.actor,
                commit=header.commit,
                plan=header.plan_id,
                approvals=header.approvals,
            )
            for header in session.store(create=False).runs()
            if run in (None, header.run)
        ]
        if run is not None and not runs:
            raise CspdeclError(f"there is no run `{run}` in the store")
        if style == "json":
            for piece in render_approvals_jsonl(runs):
                click.echo(json_safe(piece), nl=False)
        else:
            for piece in render_approvals(runs, lang=language(ctx)):
                click.echo(piece, nl=False)


def _chosen(records: Iterable[LedgerRecord], addresses: tuple[Address, ...]) -> Iterable[LedgerRecord]:
    if not addresses:
        return records
    return (
        record
        for record in records
        if any(
            record.address.customer == one.customer and record.address.path[: len(one.path)] == one.path
            for one in addresses
        )
    )
