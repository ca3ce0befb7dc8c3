"""GitHub's Markdown without its dangers: text of others made harmless, whole tables, blocks that fold.

Whatever a tenant or a manifest chose goes through `md` (within a line of Markdown), `opening` (where a line begins) or
`markup` (inside an HTML tag of ours). None of them lets a name open a tag, a link or a table cell, or become what
platforms make of plain text afterwards: a mention, a reference to an issue, an address to click, an emoji, a formula, a
command to a build agent. For that an invisible mark (U+2060, word joiner) parts what would be read as one.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from cspdecl.report.safe import safe_text

JOINER = "\u2060"
_LONGEST = 400
# What platforms make something of in the end: @name, #1, !1, $1, %1, &1, ~label, ^ref, [ref:1], GH-1, ::command::,
# //address, www.address, mailto:, :emoji:
_READ_OUT = re.compile(
    r"""[@#!$%~&^](?=["\w@#])|\[(?=\w+:)|:(?=:|[A-Za-z+][\w+-]*:)|/(?=/)|\bwww(?=\.)|\b(?:mailto|xmpp)(?=:)|\bGH(?=-\d)""",
    re.IGNORECASE,
)
_MEANT = re.compile(r"[\\`*_\[\]#|~]")
# at the beginning of a line these would open a list, a quotation or a heading
_LEADING = re.compile(r"^(?:(\d+)([.)])|([-+=>]))")
_OF_ADDRESSES = ":/?#@!$&+,;=%~"
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;"})


def md(text: str, *, longest: int = _LONGEST) -> str:
    """Text as it is read, within a line of Markdown: a cell, a heading, the words of a link."""
    parted = _READ_OUT.sub(lambda found: found[0] + JOINER, safe_text(text, longest=longest))
    return _MEANT.sub(lambda found: f"\\{found[0]}", parted).translate(_ENTITIES)


def opening(text: str, *, longest: int = _LONGEST) -> str:
    """The same where a line begins: a paragraph, an item, a quotation."""
    return _LEADING.sub(_harmless_start, md(text, longest=longest))


def markup(text: str, *, longest: int = _LONGEST) -> str:
    """The same inside an HTML tag of ours, where Markdown is not read."""
    return html.escape(_READ_OUT.sub(lambda found: found[0] + JOINER, safe_text(text, longest=longest)))


def _harmless_start(found: re.Match[str]) -> str:
    return f"{found[1]}\\{found[2]}" if found[1] else f"\\{found[3]}"


def link(words: str, address: str | None) -> str:
    """Words (Markdown already) that lead to an address; just the words where there is none."""
    if address is None:
        return words
    return f"[{words}]({quote(address, safe=_OF_ADDRESSES)})"


# ---- blocks; each is whole, begins with a line of its own and ends with a line break ----


@dataclass(frozen=True, slots=True)
class Column:
    """A table's column: its heading (Markdown already), numbers to the right."""

    heading: str
    right: bool = False


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> str:
    """A whole table; empty where there are no rows. Cells are Markdown already."""
    body = [f"| {' | '.join(row)} |\n" for row in rows]
    if not body:
        return ""
    head = f"| {' | '.join(column.heading for column in columns)} |\n"
    rule = f"|{'|'.join('---:' if column.right else '---' for column in columns)}|\n"
    return "".join([head, rule, *body])


def folded(summary: str, body: str) -> str:
    """A block that opens on a click. `summary` is markup, `body` whole blocks of Markdown."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n</details>\n" if body else ""


def size(text: str) -> int:
    """Bytes of UTF-8, which is what budgets count."""
    return len(text) if text.isascii() else len(text.encode())
