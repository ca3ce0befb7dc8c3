"""A plan to stdout, in the format asked for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cspdecl.cli.common import wants_color

if TYPE_CHECKING:
    from cspdecl.core.operation import Plan

STYLES = ["text", "json", "markdown", "html"]


def emit_plan(ctx: click.Context, plan: Plan, *, style: str, show: str, err: bool = False) -> None:
    """Print a plan. `show` is "sell" or "all"."""
    if style == "json":
        from cspdecl.planning.planfile import dump_plan

        click.echo(dump_plan(plan), err=err)
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
