"""A plan to stdout, in the format asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from cspdecl.cli.common import wants_color

if TYPE_CHECKING:
    from cspdecl.core.diagnostics import Origin
    from cspdecl.core.operation import Plan
    from cspdecl.manifest.load import Loaded
    from cspdecl.planning.planfile import Place

STYLES = ["text", "json", "markdown", "html"]


def places(loaded: Loaded) -> Callable[[Origin], tuple[int, int] | None]:
    """Where an origin stands in the files as read: line and column, or None where it is not found."""
    from cspdecl.manifest.locate import Locator

    known: dict[str, Locator | None] = {}

    def place(origin: Origin) -> tuple[int, int] | None:
        if origin.file not in known:
            data = loaded.source(origin.file)
            known[origin.file] = None if data is None else Locator(data.decode("utf-8-sig", "replace"))
        locator = known[origin.file]
        found = locator.find(origin.document, origin.path) if locator is not None else None
        return (found.line, found.column) if found is not None else None

    return place


def emit_plan(
    ctx: click.Context, plan: Plan, *, style: str, show: str, err: bool = False, place: Place | None = None
) -> None:
    """Print a plan. `show` is "sell" or "all"; `place` finds the lines that the JSON document names."""
    if style == "json":
        from cspdecl.planning.planfile import dump_plan

        click.echo(dump_plan(plan, place=place), err=err, nl=False)
    elif style == "markdown":
        from cspdecl.report.markdown import render_markdown

        click.echo(render_markdown(plan, show=show), err=err, nl=False)
    elif style == "html":
        from cspdecl.report.html import render_html

        click.echo(render_html(plan, show=show), err=err, nl=False)
    else:
        from cspdecl.report.text import render_plan

        stream = sys.stderr if err else sys.stdout
        click.echo(
            render_plan(plan, color=wants_color(ctx, stream), show="sell" if show == "sell" else "all"),
            err=err,
            nl=False,
        )
