"""What a shell suggests for customers, labels, bundles, codes and schemas: read from local files, quickly.

Only texts are looked through, no manifest is checked and nothing is imported that plans: between two presses of the
tab key nobody waits. What cannot be read is not suggested.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from click.shell_completion import CompletionItem

_DOCUMENTS = re.compile(r"^---.*$", re.MULTILINE)
_KIND = re.compile(r"^kind:[ \t]*[\"']?(\w+)", re.MULTILINE)
_NAME = re.compile(
    r"^metadata:[ \t]*(?:\{[^\n]*?\bname:|(?:#[^\n]*)?\n(?:[ \t]+[^\n]*\n)*?[ \t]+name:)[ \t]*[\"']?([\w.-]+)",
    re.MULTILINE,
)
_TITLE = re.compile(r"^[ \t]+displayName:[ \t]*[\"']?([^\"'#\n]+)", re.MULTILINE)
_LABELS = re.compile(r"\blabels:[ \t]*\{([^}\n]*)\}")
_BLOCK_LABELS = re.compile(r"^([ \t]+)labels:[ \t]*\n((?:\1[ \t]+[\w.-]+:[^\n]*\n)+)", re.MULTILINE)
_VERSION = re.compile(r"^[ \t]+version:[ \t]*[\"']?(\d+)", re.MULTILINE)


def suggesting(command: click.Command) -> click.Command:
    """A verb whose options and arguments know what to suggest."""
    for parameter in command.params:
        source = _SOURCES.get(parameter.name or "")
        if source is not None and isinstance(parameter.type, click.types.StringParamType):
            vars(parameter)["shell_complete"] = _complete(source)
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            suggesting(inner)
    return command


def _complete(
    source: Callable[[Path], Iterator[tuple[str, str]]],
) -> Callable[[click.Context, str], list[CompletionItem]]:
    def complete(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        root = Path(ctx.find_root().params.get("project") or ".")
        try:
            found = dict(source(root))
        except Exception:  # noqa: BLE001 - a shell that completes says nothing about what it could not read
            return []
        return [
            CompletionItem(value, help=help_ or None)
            for value, help_ in sorted(found.items())
            if value.startswith(incomplete)
        ]

    return complete


def documents(root: Path) -> Iterator[tuple[str, str, str]]:
    """Every document as (kind, name, text)."""
    from cspdecl.manifest.files import find_files

    for path in find_files(root)[0]:
        for text in _DOCUMENTS.split((root / path).read_text(encoding="utf-8", errors="replace")):
            kind, name = _KIND.search(text), _NAME.search(text)
            if kind is not None and name is not None:
                yield kind[1], name[1], text


def _customers(root: Path) -> Iterator[tuple[str, str]]:
    for kind, name, text in documents(root):
        if kind == "Customer":
            title = _TITLE.search(text)
            yield name, title[1].strip() if title else ""


def _labels(root: Path) -> Iterator[tuple[str, str]]:
    for kind, _name, text in documents(root):
        if kind != "Customer":
            continue
        for found in _LABELS.finditer(text):
            pairs = (pair.partition(":") for pair in found[1].split(","))
            yield from ((f"{key.strip()}={value.strip().strip(chr(34))}", "") for key, _, value in pairs if value)
        for found in _BLOCK_LABELS.finditer(text):
            pairs = (line.partition(":") for line in found[2].splitlines())
            yield from ((f"{key.strip()}={value.strip().strip(chr(34))}", "") for key, _, value in pairs if value)


def _bundles(root: Path) -> Iterator[tuple[str, str]]:
    for kind, name, text in documents(root):
        if kind == "Bundle":
            version, title = _VERSION.search(text), _TITLE.search(text)
            yield f"{name}@{version[1]}" if version else name, title[1].strip() if title else ""


def _codes(_root: Path) -> Iterator[tuple[str, str]]:
    from cspdecl.cli.pages import code_pages

    for code, page in code_pages().items():
        yield code, page.partition("\n")[0].partition(": ")[2]


def _schemas(_root: Path) -> Iterator[tuple[str, str]]:
    from cspdecl.cli.pages import schemas

    yield from ((name, "") for name in schemas())


_SOURCES: dict[str, Callable[[Path], Iterator[tuple[str, str]]]] = {
    "customers": _customers,
    "customer": _customers,
    "labels": _labels,
    "label": _labels,
    "bundle": _bundles,
    "code": _codes,
    "codes": _codes,
    "kind": _schemas,
}
