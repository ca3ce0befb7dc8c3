"""`cspdecl prices import|list`: price lists under the project's prices folder."""

from __future__ import annotations

from pathlib import Path

import click

from cspdecl.cli.common import guarded, open_session, show_diagnostics


@click.group()
def command() -> None:
    """Import and list price lists."""


@command.command("import")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--month", metavar="YYYY-MM", help="The month the list is for, where its name does not say.")
@click.option("--market", "markets", multiple=True, metavar="CC", help="Keep only this market; repeatable.")
@click.pass_context
@guarded
def import_command(ctx: click.Context, file: str, month: str | None, markets: tuple[str, ...]) -> None:
    """Take a price sheet (CSV, zip or gzip) into the project, dated and with its digest."""
    from cspdecl.core.errors import ConfigurationError
    from cspdecl.store.priceimport import import_price_list

    with open_session(ctx) as session:
        path = session.project.prices_path
        if path is None:
            raise ConfigurationError("the project has no `prices: {path: …}` to import into")
        done = import_price_list(
            Path(file), session.root / path, now=session.clock.now(), month=month, markets=markets or None
        )
        show_diagnostics(done.diagnostics, session.root, ctx)
        for item in done.files:
            click.echo(f"{item.file}: {item.rows} prices, {item.market}, {item.currency}, from {item.source}")


@command.command("list")
@click.pass_context
@guarded
def list_command(ctx: click.Context) -> None:
    """The imported lists."""
    from cspdecl.store.pricefiles import read_index

    with open_session(ctx) as session:
        path = session.project.prices_path
        entries = read_index(session.root / path) if path else ()
        for item in entries:
            click.echo(
                f"{item.date}  {item.market}  {item.currency}  {item.rows:6} prices  {item.source}  "
                f"imported {item.imported_at:%Y-%m-%d}  sha256 {item.sha256[:12]}"
            )
        if not entries:
            click.echo("no price list is imported; see `cspdecl prices import --help`", err=True)
