"""The saved plan and the result of an apply as JSON Schemas, derived from the same type hints as the documents.

`python -m cspdecl.planning.schema` writes plan.v1.json and apply-result.v1.json, `--check` says if they are current.
Readers must ignore keys they do not know, so nothing is closed.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import sys
import types
import typing
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from cspdecl.core.address import Address
from cspdecl.core.operation import Plan
from cspdecl.core.result import ApplyReport

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = Path(__file__).resolve().parent.parent.parent / "schemas"
FILE = "plan.v1.json"
RESULT_FILE = "apply-result.v1.json"
Json = dict[str, Any]

_SPECIAL: dict[Any, Json] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Decimal: {"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "description": "A decimal number as text."},
    Fraction: {"type": "string", "pattern": r"^-?\d+(/\d+)?$", "description": "An exact fraction as text."},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    Address: {"type": "string", "description": "customer, customer/line or customer/line/component"},
}
_ACTIONS = ["create", "update", "delete", "no-op", "schedule", "forget"]


def plan_schema() -> Json:
    """The schema of a saved plan, draft 2020-12."""
    definitions: dict[str, Json] = {}
    inner = _of(Plan, definitions)
    return {
        "$schema": DIALECT,
        "$id": "urn:cspdecl:plan:v1",
        "title": "cspdecl plan",
        "description": "What `cspdecl plan --out` writes. Readers ignore keys they do not know; a new major part of "
        "format_version means that known keys changed.",
        "type": "object",
        "required": ["format_version", "timestamp", "applyable", "complete", "errored", "resource_changes", "cspdecl"],
        "properties": {
            "format_version": {"type": "string", "pattern": r"^1\.\d+$"},
            "timestamp": {"type": "string", "format": "date-time"},
            "applyable": {"type": "boolean", "description": "There is something to do and nothing stands against it."},
            "complete": {"type": "boolean", "description": "Every customer in scope was read."},
            "errored": {"type": "boolean", "description": "Some line was refused."},
            "resource_changes": {"type": "array", "items": {"$ref": "#/$defs/ResourceChange"}},
            "cspdecl": {
                "description": "The plan itself: what apply reads. `digest` covers the whole document.",
                "allOf": [inner, {"required": ["digest"], "properties": {"digest": {"type": "string"}}}],
            },
        },
        "$defs": {"ResourceChange": _resource_change(), **dict(sorted(definitions.items()))},
    }


def result_schema() -> Json:
    """The schema of what `cspdecl apply --result-file` writes, draft 2020-12."""
    definitions: dict[str, Json] = {}
    inner = _of(ApplyReport, definitions)
    return {
        "$schema": DIALECT,
        "$id": "urn:cspdecl:apply-result:v1",
        "title": "cspdecl apply result",
        "description": "What `cspdecl apply --result-file` writes, however it ends. Readers ignore keys they do not "
        "know; `format` grows when known keys change.",
        "allOf": [inner, {"properties": {"format": {"const": 1}}}],
        "$defs": dict(sorted(definitions.items())),
    }


def schema_text() -> str:
    """The schema of a plan as its file holds it."""
    return _text(plan_schema())


def result_schema_text() -> str:
    """The schema of a result as its file holds it."""
    return _text(result_schema())


def _text(schema: Json) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _resource_change() -> Json:
    return {
        "description": "One resource in Terraform's shape: a view for existing tools, never read back.",
        "type": "object",
        "required": ["address", "type", "name", "provider_name", "action_reason", "change"],
        "properties": {
            "address": {"type": "string"},
            "type": {"enum": ["cspdecl_customer", "cspdecl_subscription", "cspdecl_service"]},
            "name": {"type": "string"},
            "provider_name": {"type": ["string", "null"]},
            "action_reason": {"type": "string", "description": "Open list: tolerate new ones."},
            "change": {
                "type": "object",
                "required": ["actions", "before", "after"],
                "properties": {
                    "actions": {"type": "array", "items": {"enum": _ACTIONS}},
                    "before": {"type": ["object", "null"]},
                    "after": {"type": ["object", "null"]},
                    "cspdecl": _undo(),
                },
            },
        },
    }


def _undo() -> Json:
    instant = {"type": ["string", "null"], "format": "date-time"}
    return {
        "description": "What a revert can take back of it. `free`: all, as long as it has not come true; `window`: "
        "until `reversible_until`, from then on it is owed until `owed_until`; `never`: nothing.",
        "type": "object",
        "properties": {
            "effective": {"type": "string", "format": "date-time"},
            "reversible": {"enum": ["free", "window", "never"]},
            "reversible_until": instant,
            "owed_until": instant,
            "this_change": {"type": "boolean", "description": "Whether the change of files asked for it."},
        },
    }


def _of(kind: Any, definitions: dict[str, Json]) -> Json:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if kind in _SPECIAL:
        return dict(_SPECIAL[kind])
    if kind is object or kind is Any:
        return {}
    if origin is typing.Literal:
        return {"const": args[0]} if len(args) == 1 else {"enum": list(args)}
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [_of(arg, definitions) for arg in args]}
    if origin is tuple:
        return {"type": "array", "items": _of(args[0], definitions)}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _of(args[1], definitions)}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return {"enum": [item.value for item in kind]}
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return _record(kind, definitions)
    raise TypeError(f"no schema for {kind!r}")


def _record(kind: type, definitions: dict[str, Json]) -> Json:
    name = kind.__name__
    if name not in definitions:
        definitions[name] = {}  # a type may hold itself
        hints = typing.get_type_hints(kind)
        fields = [field for field in dataclasses.fields(kind) if not field.name.startswith("_")]
        needed = [
            field.name
            for field in fields
            if field.name == "kind"
            or (field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING)
        ]
        definitions[name] = {
            "description": " ".join((kind.__doc__ or "").split()),
            "type": "object",
            "required": needed,
            "properties": {field.name: _of(hints[field.name], definitions) for field in fields},
        }
    return {"$ref": f"#/$defs/{name}"}


def main(arguments: list[str]) -> int:
    """Write the schemas, or with `--check` say whether the files are current (1: one is not)."""
    behind = [name for name, text in _files().items() if not _is(FOLDER / name, text)]
    if "--check" in arguments:
        for name in behind:
            sys.stderr.write(f"{name} is not current: python -m cspdecl.planning.schema\n")
        return 1 if behind else 0
    FOLDER.mkdir(exist_ok=True)
    for name in behind:
        (FOLDER / name).write_text(_files()[name], "utf-8")
    return 0


def _files() -> dict[str, str]:
    return {FILE: schema_text(), RESULT_FILE: result_schema_text()}


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text("utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
