"""`cspdecl export`: live state as manifests."""

from __future__ import annotations

from pathlib import Path

import click

from cspdecl.cli.common import LiveProgress, guarded, leave, open_session, say


@click.command()
@click.option(
    "--to",
    "target",
    type=click.Path(file_okay=False),
    required=True,
    help="An empty folder outside the project; manifests are never overwritten.",
)
@click.option("--customer", "customers", multiple=True, metavar="NAME", help="Only this customer; repeatable.")
@click.pass_context
@guarded
def command(ctx: click.Context, target: str, customers: tuple[str, ...]) -> None:
    """Write every customer the provider shows as a manifest: plain lines, each with its subscription id."""
    from cspdecl.engine.exits import Exit
    from cspdecl.engine.export import export_customers

    failed = 0
    with open_session(ctx) as session:
        files = lines = 0
        for item in export_customers(session, Path(target), keys=customers, progress=LiveProgress(quiet=False)):
            for remark in item.left_out:
                say(f"{item.key}: {remark}", err=True)
            files += bool(item.file)
            failed += not item.file
            lines += item.lines
        click.echo(f"{files} customers with {lines} subscriptions written to {target}")
        click.echo(f"next: cspdecl -C {target} validate, then cspdecl -C {target} adopt", err=True)
    if failed:
        leave(Exit.TRY_LATER)
