"""One schema for all kinds, with this project's own offers, bundles and customers as suggestions: for editors.

An editor finds it through the first line of a file, `# yaml-language-server: $schema=…`, a path beside the file, so
that it works without a network. It is draft-07, the newest that the YAML language server reads whole. What is suggested
is never all that is allowed: the shape of an offer stays the rule.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from cspdecl.manifest.v1 import KINDS

FOLDER = ".cspdecl/schemas"
NAME = "manifest.v1.json"
_DIALECT = "http://json-schema.org/draft-07/schema#"
_MODELINE = re.compile(r"^# yaml-language-server:[^\n]*\$schema=[^\n]*\n", re.MULTILINE)

#: What to suggest for a key: values with what each of them is called.
Suggestions = Mapping[str, Mapping[str, str]]


def local_schema(schemas: Mapping[str, Any], suggestions: Suggestions) -> dict[str, Any]:
    """The schema of any manifest. `schemas`: by kind, as schema.py makes them; `suggestions`: by key, as `offer`."""
    definitions = {}
    for kind, schema in schemas.items():
        bare = {key: value for key, value in schema.items() if key not in ("$schema", "$id")}
        definitions[kind] = _suggesting(_moved(bare, f"#/definitions/{kind}/"), suggestions)
    return {
        "$schema": _DIALECT,
        "title": "A manifest of cspdecl",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {
            "apiVersion": {"const": "cspdecl/v1"},
            "kind": {"enum": list(schemas), "description": "What this document declares"},
        },
        "allOf": [
            {
                "if": {"required": ["kind"], "properties": {"kind": {"const": kind}}},
                "then": {"$ref": f"#/definitions/{kind}"},
            }
            for kind in schemas
        ],
        "definitions": definitions,
    }


def local_schema_text(suggestions: Suggestions) -> str:
    """The schema as its file holds it."""
    from cspdecl.manifest.schema import schema_of

    made = local_schema({kind: schema_of(kind) for kind in KINDS}, suggestions)
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _moved(schema: Any, place: str) -> Any:
    """References within a schema that now stands at another place."""
    if isinstance(schema, dict):
        return {
            key: place + value.removeprefix("#/") if key == "$ref" and isinstance(value, str) else _moved(value, place)
            for key, value in schema.items()
        }
    return [_moved(item, place) for item in schema] if isinstance(schema, list) else schema


def _suggesting(schema: Any, suggestions: Suggestions) -> Any:
    """A schema in which the keys named offer values. Where nothing is known, nothing changes."""
    if isinstance(schema, list):
        return [_suggesting(item, suggestions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _suggesting(value, suggestions) for key, value in schema.items() if key != "properties"}
    if isinstance(schema.get("properties"), dict):
        made["properties"] = {
            name: _offering(value, suggestions[name]) if suggestions.get(name) and _is_text(value)
            else _suggesting(value, suggestions)
            for name, value in schema["properties"].items()
        }  # fmt: skip
    return made


def _is_text(schema: Any) -> bool:
    return isinstance(schema, dict) and "pattern" in schema


def _offering(schema: dict[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    about: dict[str, Any] = {key: schema[key] for key in ("description", "examples") if key in schema}
    known = sorted(values, key=lambda value: (values[value].lower(), value))
    titles = [values[value] or value for value in known]
    return {
        **about,
        "anyOf": [
            {"type": "string", "enum": known, "enumDescriptions": titles, "markdownEnumDescriptions": titles},
            {key: value for key, value in schema.items() if key not in about},
        ],
    }


# ---- the line that leads there ----


def modeline(file: str) -> str:
    """The first line of a manifest at `file` (relative to the project's folder), by which editors find the schema."""
    depth = len(PurePosixPath(file).parts) - 1
    return f"# yaml-language-server: $schema={'../' * depth}{FOLDER}/{NAME}\n"


def with_modeline(text: str, file: str) -> str:
    """The text with that line at its head; one that is there, whatever it names, stays."""
    return text if _MODELINE.search(text[:2000]) else modeline(file) + text
