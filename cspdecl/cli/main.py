"""The `cspdecl` command: a table of verbs, each loaded when called, and the one place that turns errors into exits.

Imports click and nothing else, so that `--help` stays instant. Usage errors end with 64, since 2 means "changes".
"""

from __future__ import annotations

import os
import sys

import click

VERBS = {
    "init": "Write a project to start from.",
    "validate": "Check the manifests: everything that can be known offline.",
    "fmt": "Lay out the manifests, comments kept.",
    "test": "Check your own expectations: with this live, the plan is that.",
    "plan": "Show what would change, why, when and for how much.",
    "show": "Show a saved plan again.",
    "apply": "Carry out a plan.",
    "recover": "Settle operations whose outcome is unknown.",
    "record": "Take renewals and changes made elsewhere into the ledger.",
    "drift": "Show what somebody else changed.",
    "export": "Write live state as manifests.",
    "adopt": "Bind what already runs to what is declared.",
    "quote": "Say what one change would cost.",
    "renewals": "List what ends when, and until when that can be decided.",
    "prices": "Import and list price lists.",
    "ledger": "List, verify and export change records.",
    "lock": "See who holds the project, or free it from a run that is gone.",
    "store": "Move journal, ledger and bindings to another store.",
    "explain": "Explain a diagnostic code.",
    "schema": "Print a JSON Schema.",
    "providers": "List plugins and what they can do.",
    "completion": "Print shell completion.",
    "ci": "Plan, apply and look for drift in a pipeline (plugin cspdecl-ci).",
    "simulate": "Run a simulated Partner Center (plugin cspdecl-simulator).",
}
BROUGHT = {"ci": "cspdecl-ci", "simulate": "cspdecl-simulator"}  # verbs that plugins bring
_GROUPS = {"prices", "ledger", "lock", "store"}


class Verbs(click.Group):
    """Commands by name; help comes from the table above, so that listing imports nothing."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, in the order of the work."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb, imported now; verbs of plugins come from the entry-point group `cspdecl.commands`."""
        if cmd_name in VERBS and cmd_name not in BROUGHT:
            module = __import__(f"cspdecl.cli.{cmd_name}_verb", fromlist=["command"])
            if "_CSPDECL_COMPLETE" in os.environ:
                from cspdecl.cli.suggest import suggesting

                return suggesting(module.command)
            return module.command  # type: ignore[no-any-return]
        from cspdecl.spi import registry

        if any(point.name == cmd_name for point in registry.installed("command")):
            return registry.load("command", cmd_name)  # type: ignore[no-any-return]
        if cmd_name in BROUGHT:
            ctx.fail(f"`{cmd_name}` comes with the plugin {BROUGHT[cmd_name]}, which is not installed.")
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of verbs."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes and the rest: `cspdecl VERB --help`, `cspdecl explain CODE`.",
)
@click.option("-C", "--project", "project", type=click.Path(file_okay=False), default=".", help="The project's folder.")
@click.option("--no-color", is_flag=True, help="Plain text; NO_COLOR does the same.")
@click.option(
    "--lang", type=click.Choice(["en", "de"]), help="Language of what is shown; from LC_ALL or LANG where not given."
)
@click.version_option(package_name="cspdecl", prog_name="cspdecl")
@click.pass_context
def cli(ctx: click.Context, project: str, lang: str | None, *, no_color: bool) -> None:
    """Customers, bundles and seats of a Microsoft reseller, declared in YAML, planned, applied and recorded."""
    ctx.obj = {"project": project, "no_color": no_color, "lang": lang}


def _in_words(problem: click.ClickException) -> None:
    """Say an error of the command line in the reader's language."""
    from cspdecl.cli.common import language

    ctx = problem.ctx if isinstance(problem, click.UsageError) else None
    speaks = language(ctx.find_root() if ctx is not None else None)
    vars(problem)["message"] = speaks.sentence(problem.message)  # click's types call it final, its exceptions do not


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit. Never shows a traceback for what a user, a network or a provider did."""
    if sys.stdout is None or sys.stderr is None:  # closed by whoever started us: write to nobody
        nobody = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
        sys.stdout, sys.stderr = sys.stdout or nobody, sys.stderr or nobody
    try:
        code = cli.main(args=arguments, prog_name="cspdecl", standalone_mode=False)
    except click.UsageError as problem:
        _in_words(problem)
        problem.show(file=sys.stderr)
        code = 64
    except click.exceptions.Exit as ended:
        code = ended.exit_code
    except click.Abort:
        click.echo("interrupted", err=True)
        code = 130
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        code = 130
    except click.ClickException as problem:
        _in_words(problem)
        problem.show(file=sys.stderr)
        code = 1
    except BrokenPipeError:
        # whoever read our output has gone (`| head`): not an error worth words
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as problem:  # noqa: BLE001 - the last net: a sentence instead of a traceback
        from cspdecl.cli.common import report_failure

        code = report_failure(problem)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as problem:
        click.echo(f"error: standard output: {problem.strerror or problem}", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = code or 1
    sys.exit(code if isinstance(code, int) else 0)
