"""`cspdecl explain CODE`: what a diagnostic code means and what to do."""

from __future__ import annotations

from difflib import get_close_matches

import click

from cspdecl.cli.common import guarded
from cspdecl.cli.pages import code_pages


@click.command()
@click.argument("code", required=False)
@guarded
def command(code: str | None) -> None:
    """Explain a diagnostic code; without one list all."""
    pages = code_pages()
    if code is None:
        for name, text in pages.items():
            click.echo(text.partition("\n")[0].removeprefix("# ") or name)
        return
    page = pages.get(code.upper())
    if page is None:
        near = get_close_matches(code.upper(), pages, n=1)
        raise click.UsageError(f"no code `{code}`" + (f"; did you mean {near[0]}?" if near else ""))
    click.echo(page, nl=False)
