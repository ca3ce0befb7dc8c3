"""What a test expects, as text: for showing a difference, and for writing what is into the test's file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from cspdecl.core.diagnostics import Diagnostic, Origin
from cspdecl.manifest.edit import end_of
from cspdecl.manifest.layout import lay_out
from cspdecl.manifest.locate import Locator

_ENDLESS = 1_000_000


def flow(value: object) -> str:
    """A value on one line, as a manifest would have it: {address: a/visio, seats: 5}."""
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=True, width=_ENDLESS)
    made = lay_out(text.removesuffix("...\n"), "value")
    return made.strip() if isinstance(made, str) and "\n" not in made.strip() else text.removesuffix("...\n").strip()


def with_expectation(text: str, place: Origin, expect: Mapping[str, Any]) -> str | tuple[Diagnostic, ...]:
    """The file with another `expect:` in the test at `place`, laid out; comments inside the old one go with it."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    bare = text.removeprefix(mark).replace("\r\n", "\n")
    node = Locator(bare).node(place.document, ("spec", "expect"))
    made = flow_of(expect)
    if node is None:
        spec = Locator(bare).node(place.document, ("spec",))
        if spec is None:
            return bare
        at = end_of(spec)
        line_end = bare.find("\n", at)
        head, tail = (bare, "") if line_end < 0 else (bare[:line_end], bare[line_end:])
        changed = f"{head}\n{' ' * spec.start_mark.column}expect: {made}{tail or chr(10)}"
    else:
        changed = f"{bare[: node.start_mark.index]}{made}{bare[end_of(node) :]}"
    laid = lay_out(changed, place.file)
    return laid.replace("\n", "\r\n") if isinstance(laid, str) and "\r\n" in text else laid


def flow_of(expect: Mapping[str, Any]) -> str:
    """A whole expectation on one line, to be laid out where it stands."""
    return str(
        yaml.safe_dump(dict(expect), sort_keys=False, allow_unicode=True, default_flow_style=True, width=_ENDLESS)
    ).strip()
