"""`cspdecl export`: live state as manifests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cspdecl.cli.common import LiveProgress, guarded, language, leave, open_session, project_root, show_line

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
    from cspdecl.engine.session import Session
    from cspdecl.engine.suggestions import write_schema

    failed, lang = 0, language(ctx)
    with open_session(ctx) as session:
        files = lines = bundles = 0
        place = Path(target) if target is not None else None
        progress = LiveProgress(quiet=False)
        for item in export_customers(session, place, keys=customers, undecided=undecided, progress=progress):
            for remark in item.left_out:
                show_line(f"{item.key}: {lang.sentence(remark)}", err=True)
            files += bool(item.file)
            failed += not item.file
            lines += item.lines
            bundles += item.bundles
        values = {
            "customers": lang.sentence(counted(files, "customer")),
            "lines": lang.sentence(counted(lines, "line")),
            "folder": target or "customers/",
            "bundles": lang.sentence(counted(bundles, "bundle")),
        }
        text = "{customers} with {lines} written to {folder}, {bundles} recognised"
        show_line(lang.say(text if bundles else "{customers} with {lines} written to {folder}", **values))
        at = f" -C {target}" if target else ""
        show_line(lang.say("next: cspdecl{at} validate, then cspdecl{at} adopt", at=at), err=True)
    with Session(place or project_root(ctx)) as written:
        write_schema(written)
    if failed:
        one = "1 customer could not be written; run the same command again"
        many = "{count} customers could not be written; run the same command again"
        show_line(lang.counted(failed, one, many), err=True)
        leave(Exit.TRY_LATER)
