"""The reference of the command line: click's commands in, docs/reference/cli.md out.

`python -m cspdecl.cli.reference` writes the page, `--check` says with exit code 1 that it is out of date. It asks click
and nothing else, so that the page cannot know better than the program.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from cspdecl.cli.main import cli
from cspdecl.engine.exits import Exit

PAGE = Path(__file__).resolve().parents[2] / "docs/reference/cli.md"

_MEANING = {
    Exit.DONE: "done; with `--detailed-exitcode`: nothing to send now",
    Exit.ERROR: "error, nothing written",
    Exit.CHANGES: "changes (`plan --detailed-exitcode`) or drift (`drift`) present",
    Exit.REFUSED: "refused by a guardrail",
    Exit.PARTLY: "partly applied; `--result-file` says what",
    Exit.UNKNOWN: "an outcome is unknown: run `cspdecl recover`",
    Exit.LOCKED: "someone else holds the lock",
    Exit.STALE: "the plan is stale or conflicts with live state: plan again",
    Exit.USAGE: "wrong usage; also `apply` without terminal, plan file or `--auto-approve`",
    Exit.INVALID: "a manifest is invalid, or there is none",
    Exit.TRY_LATER: "try later: throttled, past the deadline, not yet provisioned, or a customer could not be read",
    Exit.NOT_AUTHORISED: "not authorised, or a secret is missing",
    Exit.INTERRUPTED: "interrupted",
}


def render_reference() -> str:
    """The whole page. Raises click.UsageError where the plugin of a listed verb is not installed."""
    context = click.Context(cli, info_name="cspdecl")
    verbs = [(name, _command(cli, context, name)) for name in cli.list_commands(context)]
    parts = [
        "# Command line",
        "Written by `python -m cspdecl.cli.reference` from the program itself; change the help there, not this page.",
        "\n".join(f"- [`{name}`](#cspdecl-{name}): {one.get_short_help_str(200)}" for name, one in verbs),
        "## Before the verb",
        _table(cli, context),
        *(part for name, one in verbs for part in _sections(one, context, name, level=2)),
        "## Exit codes",
        "\n".join(["| exit | meaning |", "|---|---|", *(f"| {int(code)} | {_MEANING[code]} |" for code in Exit)]),
        "Where several are true at once, one speaks: 5 before 4, 7, 3, 77, 75, 1, 2 and 0.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _command(group: click.Group, context: click.Context, name: str) -> click.Command:
    command = group.get_command(context, name)
    if command is None:
        raise click.UsageError(f"`{name}` is listed and cannot be loaded")
    return command


def _sections(command: click.Command, parent: click.Context, name: str, *, level: int) -> Iterator[str]:
    """One command with its options, then the commands inside it."""
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
    yield f"{'#' * level} {context.command_path}"
    yield f"```text\n{usage}\n```"
    yield inspect.cleandoc(command.help or "").replace("\f", "")
    yield _table(command, context)
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            yield from _sections(_command(command, context, inner), context, inner, level=level + 1)


def _table(command: click.Command, context: click.Context) -> str:
    """Options as a table, in the program's order. `--help` is everywhere, arguments stand in the usage line."""
    rows = [
        record
        for option in command.get_params(context)
        if isinstance(option, click.Option)
        and "--help" not in option.opts
        and (record := option.get_help_record(context)) is not None
    ]
    if not rows:
        return ""
    return "\n".join(
        ["| option | |", "|---|---|", *(f"| `{_cell(left, code=True)}` | {_cell(right)} |" for left, right in rows)]
    )


def _cell(text: str, *, code: bool = False) -> str:
    """Text that stays within its cell; outside code, a `<` would be read as HTML."""
    escaped = text.replace("|", "\\|")
    return escaped if code else escaped.replace("<", "&lt;")


def main(arguments: list[str], page: Path = PAGE) -> Exit:
    """Write the page, or check it."""
    if arguments not in ([], ["--check"]):
        click.echo("usage: python -m cspdecl.cli.reference [--check]", err=True)
        return Exit.USAGE
    if not page.parent.is_dir():
        click.echo("the documentation is not here: run this in a checkout", err=True)
        return Exit.ERROR
    text = render_reference()
    if not arguments:
        page.write_text(text, encoding="utf-8")
        return Exit.DONE
    if page.is_file() and page.read_text(encoding="utf-8") == text:
        return Exit.DONE
    click.echo(f"{page.name} is out of date: python -m cspdecl.cli.reference", err=True)
    return Exit.ERROR


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
