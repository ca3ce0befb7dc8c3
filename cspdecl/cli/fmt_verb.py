"""`cspdecl fmt`: manifests in the one layout, comments kept."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cspdecl.cli.common import guarded, in_words, language, leave, project_root, say, show_diagnostics, wants_color
from cspdecl.engine.exits import Exit

if TYPE_CHECKING:
    from cspdecl.core.diagnostics import Diagnostic


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; end with 2 where a file has another layout.")
@click.option("--diff", is_flag=True, help="Show what changes.")
@click.pass_context
@guarded
def command(ctx: click.Context, files: tuple[Path, ...], *, check: bool, diff: bool) -> None:
    """Lay out FILEs, folders, or the whole project where none is named; `-` reads stdin and writes stdout.

    Values and comments stay what they are; a file that is no good YAML is left alone and reported (65).
    """
    from cspdecl.core.diagnostics import Origin as At
    from cspdecl.core.diagnostics import error, has_errors, sort_diagnostics

    if files == (Path("-"),):
        _through(ctx, check=check)
        return
    root = project_root(ctx) if not files else Path.cwd()
    paths, problems = _named(root, files)
    found: list[Diagnostic] = list(problems)
    changed: list[str] = []
    for path in paths:
        before, made = _made(root, path)
        if isinstance(made, tuple):
            found += made
        elif made != before:
            changed.append(path)
            if diff:
                _show(ctx, path, before, made)
            if not check:
                try:
                    _put(root / path, made)
                except OSError as problem:
                    why = (problem.strerror or type(problem).__name__).lower()
                    found.append(error("CSP152", f"this cannot be written: {why}", origin=At(file=path)))
                    changed.pop()
    show_diagnostics(sort_diagnostics(found), root, ctx)
    lang = language(ctx)
    for path in changed:
        say(lang.say("{file}: would be laid out" if check else "{file}: laid out", file=path), err=True)
    if not has_errors(found):
        total = lang.say("1 file") if len(paths) == 1 else lang.say("{count} files", count=lang.number(len(paths)))
        say(lang.say("{files} looked at, {count} to lay out" if check else "{files} looked at, {count} laid out",
                     files=total, count=lang.number(len(changed))), err=True)  # fmt: skip
    if has_errors(found):
        leave(Exit.INVALID)
    if check and changed:
        leave(Exit.CHANGES)


def _named(root: Path, files: tuple[Path, ...]) -> tuple[list[str], list[Diagnostic]]:
    """The files meant, relative to `root` where they lie under it."""
    from cspdecl.manifest.files import find_files

    if not files:
        paths, problems = find_files(root)
        return list(paths), list(problems)
    named: dict[str, None] = {}
    found: list[Diagnostic] = []
    for file in files:
        if file.is_dir():
            inside, problems = find_files(file)
            named.update(dict.fromkeys((file / path).as_posix() for path in inside))
            found += problems
        else:
            named[file.as_posix()] = None
    return list(named), found


def _made(root: Path, path: str) -> tuple[str, str | tuple[Diagnostic, ...]]:
    from cspdecl.core.diagnostics import Diagnostic
    from cspdecl.manifest.files import decode, read_file
    from cspdecl.manifest.layout import lay_out

    read = read_file(root, path)
    if isinstance(read, Diagnostic):
        return "", (read,)
    text = decode(read)
    if isinstance(text, Diagnostic):
        return "", (text,)
    # with the byte order mark, which decoding takes away: taking it out of the file is a change
    return read.data.decode("utf-8"), lay_out(text, path)


def _through(ctx: click.Context, *, check: bool) -> None:
    """Stdin to stdout, for editors: nothing is printed where the text is not good."""
    from cspdecl.core.diagnostics import Diagnostic
    from cspdecl.manifest.files import FileText, decode
    from cspdecl.manifest.layout import lay_out

    text = decode(FileText(path="stdin", data=sys.stdin.buffer.read()))
    made = (text,) if isinstance(text, Diagnostic) else lay_out(text, "stdin")
    if isinstance(made, tuple):
        show_diagnostics(made, Path.cwd(), ctx)
        leave(Exit.INVALID)
    elif not check:
        sys.stdout.buffer.write(made.encode("utf-8"))
        sys.stdout.buffer.flush()
    elif made != text:
        leave(Exit.CHANGES)


def _show(ctx: click.Context, path: str, before: str, made: str) -> None:
    """The difference as `diff -u` writes it, on stdout."""
    from cspdecl.report.printable import printable

    colored = wants_color(ctx, sys.stdout)
    for line in _difference(path, before, made):
        shown = printable(line)
        color = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1]) if colored else None
        click.echo(click.style(shown, fg=color) if color else shown)


def _difference(path: str, before: str, made: str) -> Iterator[str]:
    for line in difflib.unified_diff(before.split("\n"), made.split("\n"), path, in_words("laid out"), lineterm=""):
        yield line.removesuffix("\r")


def _put(path: Path, text: str) -> None:
    """Write the file whole or not at all, where a link leads, with the rights it has."""
    from cspdecl.cli.writing import put_file

    place = path.resolve()
    mode = place.stat().st_mode & 0o7777
    put_file(place, text)
    place.chmod(mode)
