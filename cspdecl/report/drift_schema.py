"""The document of a drift run as JSON Schema: schemas/drift.v1.json.

`python -m cspdecl.report.drift_schema` writes it, `--check` says whether it is current.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from cspdecl.planning.drift_values import CLASSES, COUNTED, FIELDS

FOLDER = Path(__file__).resolve().parent.parent.parent / "schemas"
FILE = "drift.v1.json"
Json = dict[str, Any]


def drift_schema() -> Json:
    """The schema of the document, draft 2020-12. Readers ignore keys they do not know, so nothing is closed."""
    text, instant = {"type": "string"}, {"type": "string", "format": "date-time"}
    value = {"type": ["string", "integer", "null"]}
    finding: Json = {
        "type": "object",
        "required": [
            "address", "customer", "subscription", "class", "field", "declared", "last_applied", "live", "text",
            "fingerprint",
        ],
        "properties": {
            "address": {**text, "description": "customer, customer/line or customer/line/component; the id of what "
                        "nobody declared"},
            "customer": text,
            "subscription": {"type": ["string", "null"], "description": "The provider's id."},
            "class": {"enum": list(CLASSES)},
            "field": {**text, "description": "As manifests call it.", "examples": list(FIELDS.values())},
            "declared": {**value, "description": "What the manifests say; null: nothing."},
            "last_applied": {**value, "description": "How our own last operation left it."},
            "live": {**value, "description": "What the provider shows; null: not there."},
            "text": {**text, "description": "One English sentence."},
            "fingerprint": {**text, "description": "The same as long as this is live: for telling new from known."},
            "state": {"enum": ["new", "still"], "description": "Against what was last reported."},
            "since": instant,
            "source": {"type": "object", "required": ["file"], "properties": {
                "file": text, "line": {"type": "integer"}, "column": {"type": "integer"}}},
            "waiver": {"$ref": "#/$defs/waiver"},
            "lapsed": {"$ref": "#/$defs/waiver", "description": "It once covered this, and has ended."},
        },
    }  # fmt: skip
    waiver = {
        "type": "object",
        "required": ["name", "owner", "reason", "expires"],
        "properties": {"name": text, "owner": text, "reason": text, "expires": instant},
    }
    known = {
        "type": "object",
        "required": ["address", "customer", "class", "field", "live", "since"],
        "properties": {name: finding["properties"][name] for name in ("address", "customer", "class", "field", "live")}
        | {"since": instant},
    }
    some = {"type": "array", "items": {"$ref": "#/$defs/finding"}}
    properties: Json = {
        "format_version": {"type": "string", "pattern": r"^1\.\d+$"},
        "project": text,
        "timestamp": {**instant, "description": "The provider's time of the run."},
        "complete": {"type": "boolean", "description": "Every customer in scope was read."},
        "changed": {"type": "boolean", "description": "The set of drift is another one than last reported."},
        "digest": {**text, "description": "Of the set of drift."},
        "last_reported": {"type": ["string", "null"], "format": "date-time"},
        "drift": {**some, "description": f"What counts: {', '.join(COUNTED)}."},
        "gone": {"type": "array", "items": {"$ref": "#/$defs/known"}, "description": "In the last report, not now."},
        "waived": {**some, "description": "Somebody answers for it; it counts for nothing."},
        "pending": {**some, "description": "Declared and not applied yet: the plan's own work."},
        "unmanaged": {**some, "description": "Ran before its customer was managed, or was let go."},
        "unknown": {
            "type": "object", "additionalProperties": text, "description": "Customers that could not be read, and why.",
        },
    }  # fmt: skip
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:cspdecl:drift:v1",
        "title": "cspdecl drift",
        "description": "What `cspdecl drift --format json` prints. Readers ignore keys they do not know.",
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "$defs": {"finding": finding, "waiver": waiver, "known": known},
    }


def schema_text() -> str:
    """The schema as it stands in its file."""
    return json.dumps(drift_schema(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write the schema, or with `--check` say whether the file is current (1: it is not)."""
    path, text = FOLDER / FILE, schema_text()
    if "--check" in arguments:
        current = path.is_file() and path.read_text("utf-8") == text
        if not current:
            sys.stderr.write(f"{FILE} is not current: python -m cspdecl.report.drift_schema\n")
        return 0 if current else 1
    FOLDER.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
