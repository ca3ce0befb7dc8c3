"""Every text the product can say, read from its source: string literals and f-strings, places numbered.

`python -m tests.texts.templates PACKAGE…` prints those that the German catalogue lacks, ready to be filled in.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXTS = ROOT / "cspdecl" / "report" / "texts"
PACKAGES = ("core", "commerce", "manifest", "planning", "billing", "report", "store", "engine", "cli")
PLUGINS = ("plugins/cspdecl-partner-center/src", "plugins/cspdecl-ci/src", "plugins/cspdecl-postgres/src")

#: Modules whose texts nobody is shown in a language: rules as documentation, schemas, generators of docs.
NOT_SHOWN = (
    "cspdecl/commerce/rulebook/",
    "cspdecl/commerce/rules.py",
    "cspdecl/cli/reference.py",
    "cspdecl/manifest/v1.py",
    "cspdecl/manifest/v1_lines.py",
    "cspdecl/manifest/v1_people.py",
    "cspdecl/manifest/v1_guards.py",
    "cspdecl/manifest/v1_notify.py",
    "cspdecl/manifest/v1_test.py",
    "cspdecl/manifest/schema_local.py",
    "cspdecl/manifest/schema.py",
    "cspdecl/planning/schema.py",
    "cspdecl/billing/schema.py",
    "cspdecl/billing/words.py",
    "cspdecl/report/drift_schema.py",
    "cspdecl/report/html/script.py",
    "cspdecl/report/html/style.py",
)
_SPEECH = re.compile(r"[a-z]{2,}[,:;]? [a-z{`]|[a-z]{3,} \{|\} [a-z]{3,}|^[A-Z][a-z]+ [a-z]+")
#: Calls whose texts are for programmers or for `--help`, which is English.
_OTHER_CALLS = {"TypeError", "ValueError", "AssertionError", "RuntimeError", "KeyError", "NotImplementedError", "compile",
                "execute", "_rows", "option", "argument", "command", "group", "add_argument", "rule", "Field", "Doc"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """One template and where it is said first."""

    template: str
    place: str


def template_of(node: ast.AST) -> str | None:
    """A literal as a template: `{0}` for the first value of an f-string, and so on."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return None
    text, count = "", 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        else:
            text, count = f"{text}{{{count}}}", count + 1
    return text


def all_templates() -> Iterator[Said]:
    """Every text of the product that looks like speech."""
    places = [ROOT / "cspdecl" / name for name in PACKAGES] + [ROOT / name for name in PLUGINS]
    for folder in places:
        for path in sorted(folder.rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(NOT_SHOWN):
                yield from _of_module(path, name)


def _of_module(path: Path, name: str) -> Iterator[Said]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[int] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else ():
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                skipped.add(id(statement.value))
        if isinstance(node, ast.JoinedStr):
            skipped.update(id(part) for part in node.values)
        if isinstance(node, ast.Call) and _called(node) in _OTHER_CALLS:
            skipped.update(id(inner) for inner in ast.walk(node) if inner is not node)
    said = {id(text) for node in ast.walk(tree) if isinstance(node, ast.Call) for text in _said_by(node)}
    for node in ast.walk(tree):
        text = None if id(node) in skipped else template_of(node)
        if text and (_SPEECH.search(text) or (id(node) in said and re.search("[a-z]{2}", text))):
            yield Said(text, f"{name}:{getattr(node, 'lineno', 0)}")


def _said_by(node: ast.Call) -> Iterator[ast.AST]:
    """What a call of `say` is given to say, single words as well: its first text, or those of a choice."""
    count = {"say": 1, "sentence": 1, "in_words": 1, "counted": 3}.get(_called(node), 0)
    for argument in node.args[:count]:
        for inner in (argument, getattr(argument, "body", None), getattr(argument, "orelse", None)):
            if isinstance(inner, ast.Constant | ast.JoinedStr):
                yield inner


def _called(node: ast.Call) -> str:
    return str(getattr(node.func, "attr", None) or getattr(node.func, "id", ""))


def catalogue(code: str) -> dict[str, str]:
    """All entries of a language, as the product reads them."""
    out: dict[str, str] = {}
    for path in sorted((TEXTS / code).glob("*.toml")):
        out.update(tomllib.loads(path.read_text(encoding="utf-8")))
    return out


def missing(code: str) -> list[Said]:
    """Texts the catalogue lacks, each once, in the order of the source."""
    known, seen, out = catalogue(code), set(), []
    for said in all_templates():
        if said.template not in known and said.template not in seen:
            seen.add(said.template)
            out.append(said)
    return out


if __name__ == "__main__":
    for said in missing("de"):
        if any(said.place.startswith((f"cspdecl/{name}", f"plugins/{name}")) for name in sys.argv[1:]):
            sys.stdout.write(f"# {said.place}\n{json.dumps(said.template, ensure_ascii=False)} = \n")
