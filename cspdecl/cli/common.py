"""What verbs share: opening the project, printing diagnostics and progress, turning errors into exits."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cspdecl.core.diagnostics import Diagnostic
from cspdecl.core.errors import CspdeclError
from cspdecl.core.plain import parse_instant
from cspdecl.engine.exits import Exit
from cspdecl.engine.session import Session
from cspdecl.report.printable import json_safe, printable

if TYPE_CHECKING:
    from cspdecl.report.language import Language

_PROJECT = "cspdecl.yaml"
Function = TypeVar("Function", bound=Callable[..., Any])


def open_session(ctx: click.Context) -> Session:
    """The project that `-C` names; without it the nearest one at or above the working directory."""
    return Session(project_root(ctx))


def project_root(ctx: click.Context) -> Path:
    """The project's folder. From a folder inside a project, as git does it, the project is found above."""
    named = Path(ctx.obj["project"]).absolute()
    if ctx.obj["project"] != "." or (named / _PROJECT).exists():
        return named
    for above in named.parents:
        if (above / _PROJECT).is_file():
            show_line(language(ctx).say("project: {path}", path=above), err=True)
            ctx.obj["project"] = str(above)
            return above
        if (above / ".git").exists():
            break
    return named


def wants_color(ctx: click.Context | None, stream: Any) -> bool:
    """Colour on a terminal, unless NO_COLOR, `--no-color` or a dumb terminal says otherwise."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    if ctx is not None and ctx.obj and ctx.obj.get("no_color"):
        return False
    return bool(stream.isatty())


def language(ctx: click.Context | None) -> Language:
    """The language asked for with `--lang`, else the environment's."""
    from cspdecl.report.language import language_of

    return language_of(ctx.obj.get("lang") if ctx is not None and ctx.obj else None, os.environ)


def at_terminal() -> bool:
    """Whether somebody can be asked."""
    from cspdecl.engine.provenance import in_ci

    return sys.stdin.isatty() and sys.stderr.isatty() and not in_ci()


def leave(code: Exit | int) -> None:
    """End the command with an exit code."""
    raise click.exceptions.Exit(int(code))


def show_diagnostics(diagnostics: Sequence[Diagnostic], root: Path, ctx: click.Context | None = None) -> None:
    """Diagnostics to stderr, sorted, each at its place in the text."""
    from cspdecl.manifest.files import FileText, read_file
    from cspdecl.report.diagnostics import render_diagnostics

    def source(name: str) -> bytes | None:
        found = read_file(root, name)  # which does not wait where the name is a pipe's
        return found.data if isinstance(found, FileText) else None

    if diagnostics:
        shown = render_diagnostics(diagnostics, source, color=wants_color(ctx, sys.stderr), lang=language(ctx))
        click.echo(shown, err=True, nl=False)


def say(text: str, *, err: bool = False) -> None:
    """One line, in the reader's language. It may hold words from elsewhere: what a terminal would obey is shown."""
    click.echo(printable(in_words(text)), err=err)


def show_line(text: str, *, err: bool = False) -> None:
    """One line that is in the reader's language already: what a terminal would obey is shown."""
    click.echo(printable(text), err=err)


def in_words(text: str) -> str:
    """A sentence of ours in the language of the command that runs."""
    return language(click.get_current_context(silent=True)).sentence(text)


def emit_json(document: object) -> None:
    """One JSON document on stdout, harmless to look at and the same when read back."""
    click.echo(json_text(document), nl=False)


def json_text(document: object) -> str:
    """A JSON document as text, ending with a line break."""
    return json_safe(json.dumps(document, indent=2, ensure_ascii=False)) + "\n"


def report_failure(problem: Exception) -> int:
    """The last word about an error nobody caught: a sentence for what the world did, a plea for what we did."""
    ctx = click.get_current_context(silent=True)
    root = Path(ctx.obj["project"]).absolute() if ctx and ctx.obj else Path.cwd()
    if isinstance(problem, CspdeclError):
        show_diagnostics(problem.diagnostics, root, ctx)
        if not problem.diagnostics:
            click.echo(f"{in_words('error')}: {printable(in_words(problem.message))}", err=True)
        return problem.exit_code
    if isinstance(problem, OSError):
        where = f"{printable(str(problem.filename))}: " if problem.filename else ""
        click.echo(f"{in_words('error')}: {where}{problem.strerror or problem}", err=True)
        return int(Exit.ERROR)
    if os.environ.get("CSPDECL_DEBUG"):
        traceback.print_exception(problem)
    click.echo(
        f"error: cspdecl has a bug: {type(problem).__name__}: {printable(str(problem))[:300]}\n"
        "hint: please report it with the output of the same command under CSPDECL_DEBUG=1; "
        "if this was `apply`, run `cspdecl recover` next",
        err=True,
    )
    return int(Exit.ERROR)


def guarded(function: Function) -> Function:
    """Turn an error of the engine into diagnostics and an exit code while the command's context is still there."""
    import functools

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except BrokenPipeError:
            # whoever read our output has gone (`| head`): said here, since click would end with 1
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            leave(Exit.DONE)
        except (CspdeclError, OSError) as problem:
            leave(report_failure(problem))

    return run  # type: ignore[return-value]


class Instant(click.ParamType):  # type: ignore[type-arg]
    """An instant or a day, UTC: 2027-01-03 or 2027-01-03T12:00:00Z."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the text."""
        if isinstance(value, datetime):
            return value
        try:
            return parse_instant(value if "T" in value else f"{value}T00:00:00Z")
        except ValueError:
            self.fail(f"`{value}` is no instant: write 2027-01-03 or 2027-01-03T12:00:00Z", param, ctx)


class LiveProgress:
    """Progress on stderr: one line kept up to date on a terminal, a plain line now and then elsewhere."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._what = ""
        self._total: int | None = None
        self._count = 0
        self._began = self._said = 0.0

    def start(self, what: str, total: int | None) -> None:
        """Something long begins."""
        self._what, self._total, self._count = what, total, 0
        self._began = self._said = time.monotonic()

    def step(self, detail: str = "") -> None:
        """One step is done: counted always, printed in time."""
        self._count += 1
        if ":" in detail and not self._quiet:
            self.say(f"  {detail}")
        now = time.monotonic()
        if now - self._said >= (0.1 if self._terminal else 10.0):
            self._said = now
            self._line()

    def say(self, text: str) -> None:
        """A line of its own."""
        if not self._quiet:
            self._clear()
            click.echo(printable(in_words(text)), err=True)

    def done(self) -> None:
        """The long work has ended."""
        self._clear()

    def _line(self) -> None:
        if self._quiet:
            return
        seconds = max(time.monotonic() - self._began, 0.001)
        rate = self._count / seconds
        lang = language(click.get_current_context(silent=True))
        values = {"what": lang.sentence(self._what), "count": str(self._count), "rate": f"{rate:.0f}"}
        if self._total and rate:
            left = _span((self._total - self._count) / rate)
            text = "{what}: {count} of {total}, {rate} a second, {left} left"
            text = lang.say(text, **values, total=str(self._total), left=left)
        else:
            text = lang.say("{what}: {count}, {rate} a second", **values)
        if self._terminal:
            click.echo(f"\r\x1b[2K{text}", err=True, nl=False)
        else:
            click.echo(text, err=True)

    def _clear(self) -> None:
        if self._terminal and not self._quiet:
            click.echo("\r\x1b[2K", err=True, nl=False)


def _span(seconds: float) -> str:
    whole = int(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"


def filters(function: Function) -> Function:
    """The options that narrow a command to some customers."""
    for option in (
        click.option("--changed-since", metavar="REF", help="Only customers touched by changes since a git reference."),
        click.option(
            "--label", "labels", multiple=True, metavar="NAME[=VALUE]", help="Only customers with this label."
        ),
        click.option("--customer", "customers", multiple=True, metavar="NAME", help="Only this customer; repeatable."),
    ):
        function = option(function)
    return function


def read_plan(path: Path) -> Any:
    """A saved plan. Raises CspdeclError where the file is missing, altered or from another version."""
    return read_plan_document(path)[0]


def read_plan_document(path: Path) -> tuple[Any, dict[str, Any]]:
    """A saved plan, and the document it stands in. Raises as `read_plan` does."""
    from cspdecl.planning.planfile import load_plan

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not text"
        raise CspdeclError(f"the plan {path} cannot be read: {reason}") from None
    return load_plan(text), json.loads(text)
