"""`cspdecl schema [KIND]`: the JSON Schemas of manifests, plans and records."""

from __future__ import annotations

import click

from cspdecl.cli.common import guarded
from cspdecl.cli.pages import schemas


@click.command()
@click.argument("kind", required=False)
@click.option("--local", is_flag=True, help="Write this project's own schema, with its offers, bundles and customers.")
@click.pass_context
@guarded
def command(ctx: click.Context, kind: str | None, *, local: bool) -> None:
    """Print a JSON Schema; without KIND list them. With --local write one for this project, for editors.

    Editors find it by a file's first line, `# yaml-language-server: $schema=…`, which `init` and `export` write.
    """
    if local:
        from cspdecl.cli.common import language, open_session, say
        from cspdecl.engine.suggestions import write_schema

        with open_session(ctx) as session:
            place = write_schema(session)
            say(language(ctx).say("written: {file}", file=place.relative_to(session.root).as_posix()))
        return
    known = schemas()
    if kind is None:
        for name in known:
            click.echo(name)
        return
    if kind.lower() not in known:
        raise click.UsageError(f"no schema `{kind}`; there are {', '.join(known)}")
    click.echo(known[kind.lower()].read_text(encoding="utf-8"), nl=False)
