"""`cspdecl completion SHELL`: the line that makes a shell complete verbs and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of a shell; in bash: `eval "$(cspdecl completion bash)"`."""
    from cspdecl.cli.main import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click does not complete {shell}")
    click.echo(kind(cli, {}, "cspdecl", "_CSPDECL_COMPLETE").source())
