"""`cspdecl show RESULT`: what an apply left in its result file, again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cspdecl.cli.common import language

if TYPE_CHECKING:
    from cspdecl.report.show import Show


def show_result(ctx: click.Context, path: Path, *, style: str, show: str) -> bool:
    """Print a result file as text, Markdown or JSON; False where the file is something else, such as a plan.

    Raises CspdeclError for the result of another version.
    """
    from cspdecl.engine.result import read_report

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False  # whoever reads a plan says it better
    report = read_report(text)
    if report is None:
        return False
    from cspdecl.report.result import render_result, render_result_text

    eyes: Show = "sell" if show == "sell" else "all"
    if style == "json":
        click.echo(text, nl=False)
    elif style == "markdown":
        click.echo(render_result(report, show=eyes, lang=language(ctx)), nl=False)
    elif style == "text":
        click.echo(render_result_text(report, show=eyes, lang=language(ctx)), nl=False)
    else:
        raise click.UsageError("a result is shown as text, markdown or json")
    return True
