"""`cspdecl show FILE`: a saved plan again, in any format."""

from __future__ import annotations

from pathlib import Path

import click

from cspdecl.cli.common import guarded
from cspdecl.cli.render import View, check_formats, emit_plan, formats, write_plan


@click.command()
@click.argument("file", type=click.Path(dir_okay=False))
@formats
@click.pass_context
@guarded
def command(
    ctx: click.Context, file: str, style: str, show: str, written: tuple[tuple[str, Path], ...], link_base: str | None
) -> None:
    """Show a saved plan, or the result file of an apply. Reads the file and nothing else; lines in manifests are those
    of when it was made."""
    from cspdecl.cli.common import read_plan_document
    from cspdecl.cli.show_result import show_result
    from cspdecl.engine.exits import verdict_of
    from cspdecl.report.links import saved_places

    if not written and show_result(ctx, Path(file), style=style, show=show):
        return
    check_formats(style, written, show)
    plan, document = read_plan_document(Path(file))
    view = View(
        show=show,
        place=saved_places(plan, document),
        link_base=link_base,
        digest=str(document["cspdecl"]["digest"]),
        exitcode=int(verdict_of(plan)),
    )
    emit_plan(ctx, plan, style=style, view=view)
    write_plan(ctx, plan, written, view)
