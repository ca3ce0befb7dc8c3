"""An exported document as text: laid out as people write it, each line with what the product is called behind it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from cspdecl.manifest.layout import lay_out
from cspdecl.manifest.schema_local import with_modeline

_WIDE = 110
_ENDLESS = 1_000_000


_DECIDE = """\
    # Auto-renew is off here, and what follows the term is left open: it may go on by the month, at a higher price. Say
    # `endOfTerm: cancel`, `extend` or `renew` in the line, and take the marks off{and_more}:
"""


def customer_text(
    document: Mapping[str, Any],
    remarks: Iterable[str],
    titles: Mapping[str, str],
    undecided: Sequence[Mapping[str, Any]] = (),
) -> str:
    """A Customer document. `titles`: what the product of a line is called, by the line's name; names of others, so
    nothing in them can leave its comment. `undecided`: lines set aside in a comment, for a person to decide."""
    spec = dict(document["spec"])
    lines = spec.pop("subscriptions")
    out = [f"# {one_line(remark)}\n" for remark in remarks]
    out.append(f"apiVersion: {document['apiVersion']}\nkind: {document['kind']}\n")
    out.append(f"metadata: {flow(document['metadata'])}\nspec:\n")
    out += [f"  {line}\n" for line in block(spec).splitlines()]
    out.append("  subscriptions:\n" if lines else "  subscriptions: []\n")
    out += [_line(line, titles.get(line["name"], "")) for line in lines]
    if undecided:
        aside = "".join(_line(line, titles.get(line["name"], "")) for line in undecided)
        decide = _DECIDE.format(and_more="" if lines else ", and the brackets above")
        out.append(decide + "".join(f"    # {line[4:]}\n" for line in aside.splitlines()))
    return "".join(out)


def tidy(text: str, file: str) -> str:
    """A file as `fmt` leaves it, with the line by which editors find its schema. `file`: from the project's folder."""
    whole = with_modeline(text, file)
    made = lay_out(whole, file)
    return made if isinstance(made, str) else whole


def _line(line: Mapping[str, Any], title: str) -> str:
    text = f"    - {flow(line)}"
    said = f"  # {one_line(title)}" if title else ""
    if len(text) <= _WIDE:
        return f"{text}{said}\n"
    first, *rest = [f"{key}: {flow(value)}" for key, value in line.items()]
    return f"    - {first}{said}\n" + "".join(f"      {one}\n" for one in rest)


def flow(value: object) -> str:
    """A value on one line: {name: visio, seats: 5}."""
    text = yaml.safe_dump(
        value, sort_keys=False, allow_unicode=True, default_flow_style=True, width=_ENDLESS, explicit_end=False
    )
    return text.removesuffix("\n").removesuffix("\n...")


def block(value: object) -> str:
    """A mapping, a line for each key."""
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=_WIDE, default_flow_style=False)


def one_line(text: str) -> str:
    """A remark without anything that would end its line or move a terminal's cursor."""
    return "".join(char if char.isprintable() else "?" for char in text)


def repointed(value: object, old: Path, new: Path) -> object:
    """A project's settings with the files they name still found from another folder."""
    if isinstance(value, dict):
        return {
            key: os.path.relpath(old / item, new)
            if key in ("caFile", "file") and isinstance(item, str) and not Path(item).expanduser().is_absolute()
            else repointed(item, old, new)
            for key, item in value.items()
        }
    return [repointed(item, old, new) for item in value] if isinstance(value, list) else value
