"""Diagnostics to text: what happened, where, the line itself with a caret under it, and what to do.

    error[CSP310]: 3 of the 8 seats to remove are outside their 7-day window
      --> customers/contoso.yaml:14:14   contoso/m365
       |
    14 |       seats: 17
       |              ^^ 5 can go now, 3 only at renewal on 2027-03-01
    hint: `reduce: auto` schedules the rest

Reads the same without colour. Sources come as a function from file name to bytes; a file that is not there any more
costs the snippet, not the diagnostic. Values beside keys that name secrets are never shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cspdecl.core.diagnostics import Diagnostic, Origin, Severity, sort_diagnostics
from cspdecl.manifest.locate import Locator, Position
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.printable import printable, shown, width

Sources = Callable[[str], bytes | None]
MAX_COLUMNS = 120  # of a shown line; a longer one is cut around the caret
_STYLES = {
    Severity.ERROR: "\x1b[1;31m", Severity.WARNING: "\x1b[1;33m", Severity.NOTE: "\x1b[1;36m",
}  # fmt: skip
_WORD = re.compile(r"[^\s,:{}\[\]\"']+")
_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[34m", "\x1b[0m"
_SECRET = re.compile(
    r"""(?ix) ["']? \b [\w.-]* (?: secret | password | passphrase | passwd | token | api_?-?key | private_?-?key
        | credential s? ) ["']? \s* : \s* (?P<value> [^\s{\[] .* )"""
)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A diagnostic and where in the text it is."""

    item: Diagnostic
    position: Position | None


class _Texts:
    """The texts that diagnostics point into, each decoded and composed at most once."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._known: dict[str, tuple[list[str], Locator] | None] = {}

    def place(
        self, origin: Origin | None, *, key: bool = False, line: int | None, column: int | None
    ) -> Position | None:
        """Where an origin is; what the text itself could not tell comes with line and column."""
        if origin is None:
            return None
        if line is not None:
            return Position(line=line, column=column or 1, length=self._word(origin.file, line, column or 1))
        text = self._text(origin.file)
        return text[1].find(origin.document, origin.path, key=key) if text else None

    def line(self, file: str, number: int) -> str | None:
        """A line of a file, without its end."""
        text = self._text(file)
        return text[0][number - 1] if text and number <= len(text[0]) else None

    def _word(self, file: str, line: int, column: int) -> int:
        """How long the word is that stands at a place."""
        found = _WORD.match(self.line(file, line) or "", column - 1)
        return len(found[0]) if found else 1

    def _text(self, file: str) -> tuple[list[str], Locator] | None:
        if file not in self._known:
            data = self._sources(file)
            text = None if data is None else data.decode("utf-8", "replace").removeprefix("\ufeff")
            self._known[file] = None if text is None else (re.split(r"\r\n|\r|\n", text), Locator(text))
        return self._known[file]


def render_diagnostics(
    diagnostics: Iterable[Diagnostic], sources: Sources, *, color: bool = False, lang: Language = ENGLISH
) -> str:
    """All diagnostics in reading order, with a summary at the end; the empty text for none."""
    texts = _Texts(sources)
    placed = [
        _Placed(item, texts.place(item.origin, key=item.key, line=item.line, column=item.column))
        for item in sort_diagnostics(diagnostics)
    ]
    if not placed:
        return ""
    placed.sort(key=_reading_order)
    blocks = [_render(one, texts, lang, color=color) for one in placed]
    return "\n\n".join([*blocks, summary([one.item for one in placed], lang=lang)]) + "\n"


def summary(diagnostics: Iterable[Diagnostic], *, lang: Language = ENGLISH) -> str:
    """How many of which, in how many files: `3 errors, 1 warning in 2 files`."""
    items = list(diagnostics)
    counts = {severity: sum(1 for item in items if item.severity is severity) for severity in Severity}
    parts = [_counted(count, str(severity), lang) for severity, count in counts.items() if count]
    files = len({item.origin.file for item in items if item.origin})
    said = ", ".join(parts) or lang.say("no problems")
    return lang.say("{problems} in {files}", problems=said, files=_counted(files, "file", lang)) if files else said


def _counted(count: int, noun: str, lang: Language) -> str:
    return lang.sentence(f"{count} {noun}{'' if count == 1 else 's'}")


def _reading_order(one: _Placed) -> tuple[object, ...]:
    origin, position = one.item.origin, one.position
    if origin is None:
        return (1, "", 0, 0)
    return (0, origin.file, position.line if position else 0, position.column if position else 0)


def _render(one: _Placed, texts: _Texts, lang: Language, *, color: bool) -> str:
    item, position = one.item, one.position
    head = f"{lang.say(str(item.severity))}[{item.code}]"
    message = f": {printable(lang.sentence(item.message))}"
    lines = [f"{_paint(head, _STYLES[item.severity], color)}{_paint(message, _BOLD, color)}"]
    if item.origin:
        lines += _snippet(
            item.origin,
            position,
            texts,
            arrow="-->",
            label=lang.sentence(item.label) if item.label else None,
            address=item.address,
            style=_STYLES[item.severity],
            color=color,
        )
        for other in item.related:
            place = texts.place(other, line=None, column=None)
            lines += _snippet(
                other,
                place,
                texts,
                arrow=":::",
                label=lang.say("the other place"),
                address=None,
                style=_DIM,
                color=color,
            )
    elif item.address:
        lines.append(f" {_paint('-->', _DIM, color)} {printable(item.address)}")
    if item.hint:
        hint = printable(lang.sentence(item.hint))
        lines.append(f"{_paint(lang.say('hint:'), _BOLD, color)} {hint}")
    return "\n".join(lines)


def _snippet(
    origin: Origin,
    position: Position | None,
    texts: _Texts,
    *,
    arrow: str,
    label: str | None,
    address: str | None,
    style: str,
    color: bool,
) -> list[str]:
    place = printable(origin.file) + (f":{position.line}:{position.column}" if position else "")
    after = f"   {printable(address)}" if address else ""
    number = str(position.line) if position else ""
    gutter = " " * max(len(number), 1)
    lines = [f"{gutter}{_paint(arrow, _DIM, color)} {place}{after}"]
    text = texts.line(origin.file, position.line) if position else None
    if position is None or text is None or "\0" in text:
        return [*lines, f"{gutter} {_paint('=', _DIM, color)} {printable(label)}"] if label else lines
    visible, start, length = _fit(_without_secret(text), position)
    caret = " " * start + "^" * length + (f" {printable(label)}" if label else "")
    bar = _paint("|", _DIM, color)
    return [
        *lines,
        f"{gutter} {bar}",
        f"{_paint(number, _DIM, color)} {bar} {visible}".rstrip(),
        f"{gutter} {bar} {_paint(caret, style, color)}",
    ]


def _fit(text: str, position: Position) -> tuple[str, int, int]:
    """The line as printed, cut to MAX_COLUMNS around the place; the caret's first column and its length."""
    cells = [shown(char) for char in text]
    begin = min(position.column - 1, len(cells))
    end = min(begin + position.length, len(cells))
    start, length = width("".join(cells[:begin])), max(width("".join(cells[begin:end])), 1)
    if width("".join(cells)) <= MAX_COLUMNS:
        return "".join(cells), start, length
    first = begin
    while first > 0 and width("".join(cells[first - 1 : begin])) <= MAX_COLUMNS // 2:
        first -= 1
    last = first
    room = MAX_COLUMNS - (1 if first else 0) - 1
    used = 0
    while last < len(cells) and used + width(cells[last]) <= room:
        used += width(cells[last])
        last += 1
    visible = ("…" if first else "") + "".join(cells[first:last]) + ("…" if last < len(cells) else "")
    start = width("".join(cells[first:begin])) + (1 if first else 0)
    return visible, start, max(min(length, MAX_COLUMNS - start), 1)


def _without_secret(text: str) -> str:
    """A line without what stands behind a key that names a secret, to its end."""
    found = _SECRET.search(text)
    return text[: found.start("value")] + "…" if found else text


def _paint(text: str, style: str, color: bool) -> str:
    return f"{style}{text}{_RESET}" if color else text
