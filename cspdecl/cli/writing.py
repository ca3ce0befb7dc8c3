"""`--write FORMAT=FILE`: further forms of the same result beside the one on stdout, each into a file of its own.

A file is complete or is not there: it is written beside its place and moved to it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

Writes = tuple[tuple[str, Path], ...]
Forms = Mapping[str, Callable[[], str]]


class FormAndFile(click.ParamType):  # type: ignore[type-arg]
    """FORMAT=FILE, such as markdown=plan.md."""

    name = "FORMAT=FILE"

    def __init__(self, forms: Sequence[str]) -> None:
        self.forms = tuple(forms)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path]:
        """Read the two halves."""
        if isinstance(value, tuple):
            return value
        form, equals, name = str(value).partition("=")
        if not equals or not name:
            self.fail(f"`{value}` names no file: write FORMAT=FILE, such as {self.forms[0]}=result", param, ctx)
        if form not in self.forms:
            self.fail(f"`{form}` is no format here: it may be {', '.join(self.forms)}", param, ctx)
        return form, Path(name)


def write_option(forms: Sequence[str]) -> Callable[[Any], Any]:
    """The option, for a verb that can say its result in `forms`."""
    text = f"Also write it in another format, into a file; repeatable. Formats: {', '.join(forms)}."
    kind = FormAndFile(forms)
    return click.option("--write", "writes", multiple=True, type=kind, metavar="FORMAT=FILE", help=text)


def write_forms(writes: Writes, forms: Forms) -> None:
    """Write each file that was asked for. A form asked for twice is made once. Raises OSError where one cannot be."""
    made: dict[str, str] = {}
    for form, path in writes:
        if form not in made:
            made[form] = forms[form]()
        put_file(path, made[form])


def put_file(path: Path, text: str) -> None:
    """The text as UTF-8, whole or not at all; what is no ordinary file, such as a pipe, is written to as it is."""
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
