"""`cspdecl providers`: installed plugins, and with `--settings` what a provider can be told."""

from __future__ import annotations

import json

import click

from cspdecl.cli.common import guarded


@click.command()
@click.option("--settings", metavar="PLUGIN", help="Print the settings a provider plugin takes, as a JSON Schema.")
@guarded
def command(settings: str | None) -> None:
    """List installed plugins by kind."""
    from cspdecl.spi import registry

    if settings:
        _connect, schema = registry.load_provider(settings)
        click.echo(json.dumps(schema or {}, indent=2, ensure_ascii=False))
        return
    for kind in registry.GROUPS:
        for point in registry.installed(kind):
            version = point.dist.version if point.dist else "?"
            name = point.dist.name if point.dist else "?"
            click.echo(f"{kind:9} {point.name:20} {name} {version}")
