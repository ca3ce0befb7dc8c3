"""One layout for manifests: the same values in the same words, every comment at its place.

Two blanks a level, lists one level inside their key, one empty line at most, `apiVersion, kind, metadata, spec` and a
line's name and offer first, double quotes where there are quotes, `{…}` on one line of 120 columns or as a block. What
is made is read again and compared: a layout that would change a value or lose a comment is not returned (CSP151).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable

from yaml.error import YAMLError

from cspdecl.core.diagnostics import Diagnostic, Origin, error
from cspdecl.manifest.layout_tree import Item, Page, Remark, Value, comments_of, read_pages
from cspdecl.manifest.yaml import RawDocument, parse_yaml

WIDTH = 120
_MARK = "\ufeff"
_DOCUMENT = ("apiVersion", "kind", "metadata", "spec")
_FIRST = ("name", "bundle", "offer", "service", "azurePlan")  # who a line is and what it has; the rest stays as written
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


def lay_out(text: str, file: str) -> str | tuple[Diagnostic, ...]:
    """The text in the one layout, or what is wrong with it. Line ends stay what they are; a byte order mark goes."""
    bare = text.removeprefix(_MARK)
    windows = "\r\n" in bare
    bare = bare.replace("\r\n", "\n").replace("\r", "\n")
    documents, problems = parse_yaml(bare, file, careful=True)
    if problems:
        return problems
    if not documents:
        made = _only_comments(bare)
    else:
        pages = read_pages(bare)
        if not all(page.plain for page in pages):
            return (_refused(file, "a `%` directive", "take the directive out; manifests are YAML 1.2 without any"),)
        made = _Writer().write(pages)
        again, faults = parse_yaml(made, file)
        try:
            kept = not faults and _meaning(again) == _meaning(documents) and _said(made) == _said(bare)
        except YAMLError:
            kept = False
        if not kept:
            return (_refused(file, "something in it", "write the unusual part in a simpler way, or keep it by hand"),)
    return made.replace("\n", "\r\n") if windows else made


def _meaning(documents: Iterable[RawDocument]) -> list[tuple[int, str]]:
    return [(one.index, json.dumps(one.value, sort_keys=True)) for one in documents]


def _only_comments(text: str) -> str:
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n".join("".join(f"{line.strip()}\n" for line in one.split("\n")) for one in paragraphs if one)


def _said(text: str) -> Counter[str]:
    return Counter(comments_of(text))


def _refused(file: str, what: str, hint: str) -> Diagnostic:
    return error(
        "CSP151",
        f"this file cannot be laid out without changing what it says: {what} does not fit",
        origin=Origin(file=file),
        hint=hint,
    )


class _Writer:
    def write(self, pages: list[Page]) -> str:
        lines: list[str] = []
        for page in pages:
            marked = page.marked or bool(lines)
            _say(lines, page.above, "", first=not lines)
            if marked:
                lines.append("---")
            begin = len(lines)
            _say(lines, page.head, "", first=True)
            root = page.root
            if root.items and (not root.flow or len(_inline(root)) > WIDTH):
                root.flow = False
                sortable = not page.anchored
                if root.anchor:
                    lines.append(f"&{root.anchor}")
                self._block(lines, root, 0, begin, "document" if sortable else None)
            elif _is_text_block(root):
                lines[-1:] = [f"--- {_first_line(root)}", *_text_lines(root, 2)]
            else:
                lines += [_inline(root)] if root.end > root.start else []
                _say(lines, root.foot, "", first=False)
        return "\n".join(lines) + "\n"

    def _block(self, lines: list[str], value: Value, indent: int, begin: int, role: str | None) -> None:
        """A mapping or list, an entry a line. `role`: what it is, where its keys have an order."""
        pad = " " * indent
        _sort(value, role)
        for item in value.items:
            inner = _role_below(role, item)
            _settle(item, indent, inner)
            _say(lines, item.before, pad, first=len(lines) == begin)
            if item.blank and len(lines) > begin:
                lines.append("")
            self._item(lines, item, indent, inner)
        _say(lines, value.foot, pad, first=False)

    def _item(self, lines: list[str], item: Item, indent: int, role: str | None) -> None:
        pad, value = " " * indent, item.value
        head = f"{pad}{_inline(item.key)}:" if item.key is not None else f"{pad}-"
        anchor = f" &{value.anchor}" if value.anchor else ""
        if value.is_block and item.key is None and not anchor:
            below: list[str] = []
            self._block(below, value, indent + 2, 0, role)
            lines += [f"{head} {below[0][indent + 2 :]}", *below[1:]]
        elif value.is_block:
            lines.append(_with(f"{head}{anchor}", item.behind))
            self._block(lines, value, indent + 2, len(lines), role)
        elif _is_text_block(value):
            lines += [_with(f"{head}{anchor} {_first_line(value)}", item.behind), *_text_lines(value, indent + 2)]
        else:
            lines.append(_with(f"{head} {_inline(value)}".rstrip(), item.behind))


def _ordered(value: Value, role: str | None) -> list[Item]:
    """The entries, with the keys first that come first everywhere."""
    keys = {"document": _DOCUMENT, "metadata": ("name",), "line": _FIRST}.get(role or "")
    if keys is None or value.kind != "mapping":
        return value.items
    places = {key: place for place, key in enumerate(keys)}
    return sorted(value.items, key=lambda item: places.get(item.key.text if item.key else "", len(keys)))


def _sort(value: Value, role: str | None) -> None:
    """Put the entries in order; an empty line above the first one stays above the first one."""
    before, value.items = value.items, _ordered(value, role)
    old, new = before[0], value.items[0]
    if old is not new:
        old.blank, new.blank = new.blank, old.blank


def _role_below(role: str | None, item: Item) -> str | None:
    key = item.key.text if item.key is not None else ""
    if role == "document":
        return key if key in ("metadata", "spec") else "other"
    if role == "spec":
        return "lines" if key in ("subscriptions", "components") else "other"
    return "line" if role == "lines" else None if role is None else "other"


def _settle(item: Item, indent: int, role: str | None) -> None:
    """Decide whether an entry's value is a block, put its keys in order and its comments where there is a line."""
    value = item.value
    if value.flow and value.items:
        _sort(value, role)
    head = len(_inline(item.key)) + 2 if item.key is not None else 2
    if value.flow and value.items and indent + head + len(_inline(value)) > WIDTH:
        value.flow = False
    if item.key is None and value.is_block and not value.anchor:
        _sort(value, role)
        first = value.items[0]
        _settle(first, indent + 2, _role_below(role, first))
        moved = [*item.behind, *first.before]
        if moved:
            moved[0].blank = item.blank
            item.before += moved
            item.blank = first.blank if first.before else False
        item.behind, first.before, first.blank = [], [], False


def _say(lines: list[str], remarks: list[Remark], pad: str, *, first: bool) -> None:
    for one in remarks:
        if one.blank and not first:
            lines.append("")
        lines.append(f"{pad}{one.text}")
        first = False


def _with(line: str, remarks: list[Remark]) -> str:
    """A line with what is said behind it, at the column where that stood, so that a table of remarks stays one."""
    return f"{line:<{max(remarks[0].column, len(line) + 2)}}{remarks[0].text}" if remarks else line


def _inline(value: Value | None) -> str:
    """A value on one line."""
    if value is None:
        return ""
    anchor = f"&{value.anchor} " if value.anchor and value.kind != "alias" else ""
    if value.kind == "alias":
        return f"*{value.anchor}"
    if value.kind == "list":
        return f"{anchor}[{', '.join(_inline(item.value) or 'null' for item in value.items)}]"
    if value.kind == "mapping":
        pairs = (f"{_inline(item.key)}: {_inline(item.value) or 'null'}" for item in value.items)
        return f"{anchor}{{{', '.join(pairs)}}}"
    text = _text(value)
    return f"{anchor}{text}" if text else anchor.rstrip()


def _text(value: Value) -> str:
    text = value.text
    if not value.style and not (value.broken and "\n" in text):
        return text
    clean = all(char.isprintable() for char in text)
    if clean and not ('"' in text or "\\" in text):
        return f'"{text}"'
    if clean:
        doubled = text.replace("'", "''")
        return f"'{doubled}'"
    return f'"{"".join(_escaped(char) for char in text)}"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def _is_text_block(value: Value) -> bool:
    """Whether a text stays a block `|` or `>`: not one that begins with a blank or keeps empty lines at its end."""
    text = value.text
    return value.style in ("|", ">") and bool(text.strip()) and text[0] not in " \t\n" and not text.endswith("\n\n")


def _first_line(value: Value) -> str:
    return value.style + ("" if value.text.endswith("\n") else "-")


def _text_lines(value: Value, indent: int) -> list[str]:
    """The lines of a block of text, moved to their new level; inside them nothing is touched."""
    rows = value.text.removesuffix("\n").split("\n") if value.style == "|" else value.raw.rstrip().split("\n")
    old = 0 if value.style == "|" else min((len(row) - len(row.lstrip(" ")) for row in rows if row.strip()), default=0)
    return [f"{' ' * indent}{row[old:]}" if row[old:] else "" for row in rows]
