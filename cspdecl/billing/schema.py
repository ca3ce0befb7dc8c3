"""The published shape of a change record: schemas/billing-change.v1.json, made from the record's own type.

`python -m cspdecl.billing.schema` writes it, `--check` says whether it is current.
"""

from __future__ import annotations

import dataclasses
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

from cspdecl.billing.document import ENVELOPE, SCHEMA, TYPE
from cspdecl.billing.words import FIELDS
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.records import BillingChange

PATH = Path(__file__).resolve().parent.parent.parent / "schemas" / "billing-change.v1.json"

_INSTANT = {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$"}
_HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_ATOMS: Mapping[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    Decimal: {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
    Fraction: {"type": "string", "pattern": r"^-?\d+(/[1-9]\d*)?$"},
    datetime: _INSTANT,
    date: {"type": "string", "format": "date", "pattern": r"^\d{4}-\d\d-\d\d$"},
    Address: {"type": "string", "pattern": "^[^/]+(/[^/]+)*$"},
    OfferKey: {"type": "string", "pattern": "^[0-9A-Z]{12}:[0-9A-Z]{4}$"},
}


def schema_of() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one published record, hashes included."""
    hints = typing.get_type_hints(BillingChange)
    inside = [field for field in dataclasses.fields(BillingChange) if field.name not in ENVELOPE.values()]
    definitions: dict[str, Any] = {}
    data = {
        field.name: {**_shape(hints[field.name], definitions), "description": FIELDS[field.name]} for field in inside
    }
    data["prev_hash"] = {**_HASH, "description": "Hash of the record before, 64 zeros for the first."}
    data["record_hash"] = {
        **_HASH,
        "description": "sha256 over prev_hash and the canonical JSON of the record without prev_hash and record_hash.",
    }
    required = [field.name for field in inside if _always(field)]
    outer = {
        "specversion": {"const": "1.0"},
        "type": {"const": TYPE},
        "dataschema": {"const": SCHEMA},
        "datacontenttype": {"const": "application/json"},
        "recordedtime": {**_INSTANT, "description": "When it was written down here."},
        "sequence": {
            "type": "string",
            "pattern": "^[0-9]{12}$",
            "description": "Its number in the ledger, without gaps.",
        },
    }
    for name, field_name in ENVELOPE.items():
        outer[name] = {**_shape(hints[field_name], definitions), "description": FIELDS[field_name]}
    optional = {"causationid", "authid"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        "title": "Billing change record",
        "description": "One change of what a customer has or owes, as a CloudEvents 1.0 event. Unknown is absent, "
        "never 0; money is decimal text with its currency; exact values are fractions; every _end is exclusive.",
        "type": "object",
        "additionalProperties": False,
        "required": sorted(set(outer) - optional | {"data"}),
        "properties": {
            **outer,
            "data": {
                "type": "object",
                "additionalProperties": False,
                "required": sorted([*required, "stage", "prev_hash", "record_hash"]),
                "properties": data,
            },
        },
        "$defs": definitions,
    }


def schema_text() -> str:
    """The schema as its file holds it."""
    return json.dumps(schema_of(), indent=2, ensure_ascii=False) + "\n"


def _always(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _shape(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if kind in _ATOMS:
        return dict(_ATOMS[kind])
    if origin is typing.Literal:
        return {"enum": list(args)}
    if origin in (types.UnionType, typing.Union):  # absent instead of null
        (inner,) = [arg for arg in args if arg is not types.NoneType]
        return _shape(inner, definitions)
    if origin is tuple:
        return {"type": "array", "items": _shape(args[0], definitions), "minItems": 1}
    if isinstance(kind, type) and issubclass(kind, str):
        return {"enum": [member.value for member in kind]}  # type: ignore[attr-defined]
    name = kind.__name__
    if name not in definitions:
        definitions[name] = {}
        hints = typing.get_type_hints(kind)
        members = dataclasses.fields(kind)
        definitions[name] = {
            "type": "object",
            "additionalProperties": False,
            "required": [field.name for field in members if _always(field)],
            "properties": {field.name: _shape(hints[field.name], definitions) for field in members},
        }
    return {"$ref": f"#/$defs/{name}"}


def main(arguments: list[str]) -> int:
    """Write the schema, or with `--check` compare it."""
    text = schema_text()
    if "--check" in arguments:
        current = PATH.exists() and PATH.read_text(encoding="utf-8") == text
        if not current:
            sys.stderr.write(f"{PATH.name} is not current: python -m cspdecl.billing.schema\n")
        return 0 if current else 1
    PATH.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
