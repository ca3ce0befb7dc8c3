"""Markup that escapes by default: `el("td", name)` is safe whatever a tenant is called.

Only what `el` and `join` return is markup; every other text is made printable and escaped on its way in.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from cspdecl.report.printable import printable

_ROWS = frozenset(
    {"section", "article", "header", "table", "tr", "li", "p", "ol", "dl", "figure"}
)  # a line each in the source
_VOID = frozenset({"input", "meta", "circle", "line"})


class Html(str):
    """Text that is markup already. Made here, and by nobody else."""

    __slots__ = ()


Child = str | Html | None
_LONGEST = 600
_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")


def el(name: str, /, *children: Child, **attributes: object) -> Html:
    """One element. Attributes: `class_` is class, `data_kind` data-kind; None and False leave one out, True is bare."""
    head = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{head}>" if name in ("input", "meta") else f"<{name}{head}/>")
    return Html(f"<{name}{head}>{join(children)}</{name}>" + ("\n" if name in _ROWS else ""))


def join(children: Iterable[Child]) -> Html:
    """Several pieces, one after another; texts among them are escaped."""
    return Html("".join(child if isinstance(child, Html) else escaped(child) for child in children if child))


def escaped(text: str) -> str:
    """A text of anybody's as it stands in a page: printable, of bearable length, without a character that acts."""
    shown = printable(text[: _LONGEST + 1])
    return html.escape(shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…")


def dated(text: str) -> Html:
    """A sentence with its days in the shortest element there is, so that none is broken over two lines."""
    return Html(_DAY.sub(lambda found: f"<i>{found[0]}</i>", escaped(text)))


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    return f' {name}="{escaped(str(value))}"'
