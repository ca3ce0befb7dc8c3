"""`cspdecl export`: live state as manifests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cspdecl.cli.common import LiveProgress, guarded, leave, open_session, say

if TYPE_CHECKING:
    from cspdecl.core.desired import EndOfTerm


@click.command()
@click.option(
    "--to",
    "target",
    type=click.Path(file_okay=False),
    help="An empty folder outside the project, which becomes a project of its own; without it into this project.",
)
@click.option("--customer", "customers", multiple=True, metavar="NAME", help="Only this customer; repeatable.")
@click.option(
    "--undecided",
    type=click.Choice(["cancel", "extend", "renew"]),
    help="What to write where auto-renew is off and nothing else is decided; without it such lines are set aside.",
)
@click.pass_context
@guarded
def command(ctx: click.Context, target: str | None, customers: tuple[str, ...], undecided: EndOfTerm | None) -> None:
    """Write what is live as manifests: a file a customer, bundles where they are found again, else plain lines.

    Into this project come the customers that no manifest declares yet. Nothing is written over; a run that broke off
    goes on when it is started again. Ends with 75 when a customer could not be read.
    """
    from cspdecl.commerce.words import counted
    from cspdecl.engine.exits import Exit
    from cspdecl.engine.export import export_customers

    failed = 0
    with open_session(ctx) as session:
        files = lines = bundles = 0
        place = Path(target) if target is not None else None
        progress = LiveProgress(quiet=False)
        for item in export_customers(session, place, keys=customers, undecided=undecided, progress=progress):
            for remark in item.left_out:
                say(f"{item.key}: {remark}", err=True)
            files += bool(item.file)
            failed += not item.file
            lines += item.lines
            bundles += item.bundles
        found = f", {counted(bundles, 'bundle')} recognised" if bundles else ""
        say(f"{counted(files, 'customer')} with {counted(lines, 'line')} written to {target or 'customers/'}{found}")
        at = f" -C {target}" if target else ""
        say(f"next: cspdecl{at} validate, then cspdecl{at} adopt", err=True)
    if failed:
        say(f"{counted(failed, 'customer')} could not be written; run the same command again", err=True)
        leave(Exit.TRY_LATER)
