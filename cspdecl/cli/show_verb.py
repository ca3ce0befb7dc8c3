"""`cspdecl show FILE`: a saved plan again, in any format."""

from __future__ import annotations

from pathlib import Path

import click

from cspdecl.cli.common import guarded
from cspdecl.cli.render import STYLES, emit_plan


@click.command()
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--format", "style", type=click.Choice(STYLES), default="text")
@click.option("--show", type=click.Choice(["sell", "all"]), default="all", help="`sell` leaves out cost and margin.")
@click.pass_context
@guarded
def command(ctx: click.Context, file: str, style: str, show: str) -> None:
    """Show a saved plan. Reads the file and nothing else."""
    from cspdecl.cli.common import read_plan

    if style == "json" and show == "sell":
        raise click.UsageError("the JSON document holds cost and margin: use text, markdown or html with `--show sell`")

    emit_plan(ctx, read_plan(Path(file)), style=style, show=show)
