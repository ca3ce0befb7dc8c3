"""`cspdecl schema [KIND]`: the JSON Schemas of manifests, plans and records."""

from __future__ import annotations

import click

from cspdecl.cli.common import guarded
from cspdecl.cli.pages import schemas


@click.command()
@click.argument("kind", required=False)
@guarded
def command(kind: str | None) -> None:
    """Print a JSON Schema; without KIND list them. In an editor: `# yaml-language-server: $schema=FILE`."""
    known = schemas()
    if kind is None:
        for name in known:
            click.echo(name)
        return
    if kind.lower() not in known:
        raise click.UsageError(f"no schema `{kind}`; there are {', '.join(known)}")
    click.echo(known[kind.lower()].read_text(encoding="utf-8"), nl=False)
