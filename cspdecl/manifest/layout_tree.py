"""A manifest as it stands on the page: its entries in order, each with the comments that belong to it.

A comment before an entry belongs to that entry, one behind it to the entry of that line; one that stands deeper than
what follows belongs to the end of the block it is indented with. Read for layout.py, from the parser's own events.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from cspdecl.manifest.yaml import has_libyaml

_COMMENT = re.compile(r"(?:(?<=[ \t\r\n])|^)#[^\r\n]*", re.MULTILINE)
_HEADER = re.compile(r"(?:[&!]\S*[ \t]+)*[|>][0-9+-]*[ \t]*(?P<comment>#[^\r\n]*)?")


@dataclass(slots=True)
class Remark:
    """A comment, from its `#` on, and where it stood. `blank`: an empty line stood above it."""

    text: str
    start: int
    column: int
    blank: bool
    alone: bool


@dataclass(slots=True)
class Value:
    """A value: `items` where it is a mapping or a list, otherwise the `text` it means, in its `style`."""

    kind: str  # mapping | list | scalar | alias
    start: int
    end: int
    column: int
    anchor: str | None = None
    text: str = ""
    style: str = ""
    flow: bool = False
    opened: bool = False  # written as a flow, with comments inside
    broken: bool = False  # a plain text over several lines
    raw: str = ""  # a block of text as it stands, behind its first line
    items: list[Item] = field(default_factory=list)
    foot: list[Remark] = field(default_factory=list)

    @property
    def is_block(self) -> bool:
        """Whether its entries have lines of their own."""
        return bool(self.items) and not self.flow


@dataclass(slots=True)
class Item:
    """An entry of a mapping, or of a list (`key` is None)."""

    start: int
    column: int
    key: Value | None
    value: Value
    blank: bool = False
    before: list[Remark] = field(default_factory=list)
    behind: list[Remark] = field(default_factory=list)


@dataclass(slots=True)
class Page:
    """A document. `marked`: it begins with `---`; `above`: what is said before that; `head`: before its first entry."""

    start: int
    marked: bool
    root: Value
    plain: bool  # without directives
    above: list[Remark] = field(default_factory=list)
    head: list[Remark] = field(default_factory=list)
    anchored: bool = False


def read_pages(text: str) -> list[Page]:
    """The documents of a text that parses. Line breaks are LF; the byte order mark is gone."""
    reader = _read(text)
    remarks = list(reader.remarks())
    for page, following in zip(reader.pages, [*reader.pages[1:], None], strict=True):
        end = following.start if following else len(text) + 1
        first = 0 if page is reader.pages[0] else page.start
        _attach(page, [one for one in remarks if first <= one.start < end], reader)
    return reader.pages


def comments_of(text: str) -> list[str]:
    """Every comment of a text that parses, in order, without the blanks at its end."""
    return [one.text for one in _read(text).remarks()]


def _read(text: str) -> _Reader:
    reader = _Reader(text)
    events: Iterator[Any] = iter(yaml.parse(text, Loader=yaml.CSafeLoader if has_libyaml() else yaml.SafeLoader))
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            reader.page(event, events)
    return reader


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.pages: list[Page] = []
        self._texts: list[tuple[int, int]] = []  # where a `#` is no comment
        self._headers: list[int] = []  # comments behind `|` and `>`
        self._anchored = False

    def page(self, event: Any, events: Iterator[Any]) -> None:
        """Read on to the end of a document."""
        self._anchored = False
        plain = not (event.version or event.tags)
        root = self._value(next(events), events)
        self.pages.append(
            Page(
                start=event.start_mark.index if event.explicit else root.start,
                marked=bool(event.explicit),
                root=root,
                plain=plain,
                anchored=self._anchored,
            )
        )

    def remarks(self) -> Iterator[Remark]:
        """All comments, in order."""
        position, texts = 0, iter([*self._texts, (len(self.text), len(self.text) + 1)])
        start, end = next(texts)
        while (found := _COMMENT.search(self.text, position)) is not None:
            at = found.start()
            while at >= end:
                start, end = next(texts)
            if start <= at and at not in self._headers:
                position = end  # a `#` inside a text
                continue
            position = found.end()
            line = self.text.rfind("\n", 0, at) + 1
            yield Remark(
                text=found.group().rstrip(),
                start=at,
                column=at - line,
                blank=self.blank_above(at),
                alone=not self.text[line:at].strip(),
            )

    def blank_above(self, at: int) -> bool:
        """Whether the line above that of `at` is empty."""
        line = self.text.rfind("\n", 0, at) + 1
        return line > 0 and not self.text[self.text.rfind("\n", 0, line - 1) + 1 : line].strip()

    def _value(self, event: Any, events: Iterator[Any]) -> Value:
        start, end = event.start_mark.index, event.end_mark.index
        anchor = getattr(event, "anchor", None)
        self._anchored = self._anchored or anchor is not None
        made = Value("scalar", start, end, event.start_mark.column, anchor=anchor)
        if isinstance(event, yaml.AliasEvent):
            made.kind = "alias"
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(made, event)
        elif isinstance(event, yaml.SequenceStartEvent):
            made.kind, made.flow = "list", bool(event.flow_style)
            while not isinstance(event := next(events), yaml.SequenceEndEvent):
                value = self._value(event, events)
                made.items.append(Item(value.start, value.column, None, value))
            made.end = _end(event)
        else:
            made.kind, made.flow = "mapping", bool(event.flow_style)
            while not isinstance(event := next(events), yaml.MappingEndEvent):
                key = self._value(event, events)
                value = self._value(next(events), events)
                made.items.append(Item(key.start, key.column, key, value))
            made.end = _end(event)
        return made

    def _scalar(self, made: Value, event: Any) -> None:
        made.text, made.style = event.value, event.style or ""
        written = self.text[made.start : made.end]
        made.broken = not made.style and "\n" in written
        if made.end > made.start:
            self._texts.append((made.start, made.end))
        if made.style in ("|", ">"):
            header = _HEADER.match(self.text, made.start)
            if header is not None:
                if header.group("comment"):
                    self._headers.append(header.start("comment"))
                made.raw = self.text[header.end() : made.end].partition("\n")[2]


def _end(event: Any) -> int:
    return int(event.end_mark.index)


def _attach(page: Page, remarks: list[Remark], reader: _Reader) -> None:
    """Give every comment of a document its place."""
    _open(page.root, remarks)
    order: list[tuple[Item, tuple[Value, ...]]] = []

    def walk(value: Value, above: tuple[Value, ...]) -> None:
        chain = (*above, value)
        for item in value.items:
            if item.key is None and not value.flow:
                item.start = _dash(reader.text, item.start, remarks)
                item.column = item.start - reader.text.rfind("\n", 0, item.start) - 1
            item.blank = reader.blank_above(item.start)
            order.append((item, chain))
            if item.value.is_block:
                walk(item.value, chain)

    if page.root.is_block:
        walk(page.root, ())
    starts = [item.start for item, _ in order]
    for one in remarks:
        _place(page, one, order, bisect_right(starts, one.start))


def _open(value: Value, remarks: list[Remark]) -> None:
    """A flow with comments inside becomes a block: only there every entry has a line to say something on."""
    if value.items and value.flow and any(value.start < one.start < value.end for one in remarks):
        value.flow, value.opened = False, True
    if value.is_block:
        for item in value.items:
            _open(item.value, remarks)


def _dash(text: str, at: int, remarks: list[Remark]) -> int:
    """Where the dash of a list's entry stands, from where its value begins; an entry of an opened flow has none."""
    before = at
    while True:
        while before > 0 and text[before - 1] in " \t\n":
            before -= 1
        last = bisect_right(remarks, before - 1, key=lambda one: one.start) - 1
        if last < 0 or remarks[last].start + len(remarks[last].text) < before:
            return before - 1 if text[before - 1 : before] == "-" else at
        before = remarks[last].start


def _place(page: Page, one: Remark, order: list[tuple[Item, tuple[Value, ...]]], at: int) -> None:
    following = order[at] if at < len(order) else None
    if at == 0:
        if not order and one.start > page.root.start and page.root.end > page.root.start:
            page.root.foot.append(one)
        elif page.marked and one.start < page.start:
            page.above.append(one)
        else:
            page.head.append(one)
        return
    item, chain = order[at - 1]
    if not one.alone:
        (item.before if item.behind else item.behind).append(one)
    elif not item.value.is_block and one.start < item.value.end:
        item.before.append(one)
    elif around := next((value for value in reversed(chain) if value.opened and one.start < value.end), None):
        inside = following is not None and following[0].start < around.end
        (following[0].before if following is not None and inside else around.foot).append(one)
    elif following is not None and (one.column <= following[0].column or following[1][-1] is item.value):
        following[0].before.append(one)
    else:
        least = len(following[1]) if following else 0
        fitting = [value for value in chain[least:] if value.items[0].column <= one.column]
        if fitting:
            fitting[-1].foot.append(one)
        elif following is not None:
            following[0].before.append(one)
        else:
            page.root.foot.append(one)
