"""The wire types as JSON Schema, for editors: schemas/{project,customer,bundle}.v1.json.

`python -m cspdecl.manifest.schema` writes them, `--check` says whether they are current. A text field admits numbers,
since an editor reads an unquoted 0001 as one; what a later version brings is absent, as it is refused.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from cspdecl.manifest.v1 import KINDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = Path(__file__).resolve().parent.parent.parent / "schemas"


class _ForEditors(GenerateJsonSchema):
    """Pydantic's schema without its noise: no titles made of field names, no defaults that stand for absence."""

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> JsonSchemaValue:
        """The whole schema, with its dialect."""
        return {"$schema": DIALECT, **super().generate(schema, mode)}

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        """Text, or a number that stands for its digits."""
        return {**super().str_schema(schema), "type": ["string", "number"]}

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """A key that may be absent; its default is nobody's value."""
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Keys are their own titles."""
        return False


def schema_of(kind: str) -> dict[str, Any]:
    """The JSON Schema of one kind, draft 2020-12."""
    schema = TypeAdapter(KINDS[kind]).json_schema(by_alias=True, schema_generator=_ForEditors)
    return {"$schema": schema.pop("$schema"), "$id": f"urn:cspdecl:{kind.lower()}:v1", **_tidy(schema)}


def schema_text(kind: str) -> str:
    """The schema as its file holds it."""
    return json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n"


def file_name(kind: str) -> str:
    """What the file of a kind is called."""
    return f"{kind.lower()}.v1.json"


def _tidy(schema: Any) -> Any:
    """Without the titles of types, which are names of our code."""
    if isinstance(schema, dict):
        properties = schema.get("properties")
        kept = {key: value for key, value in schema.items() if key != "title"}
        tidy = {key: _tidy(value) for key, value in kept.items() if key != "properties"}
        if isinstance(properties, dict):
            tidy["properties"] = {name: _tidy(value) for name, value in properties.items()}
        if "patternProperties" in tidy:  # keys that are names: another spelling is a mistake
            tidy.setdefault("additionalProperties", False)
        return tidy
    return [_tidy(item) for item in schema] if isinstance(schema, list) else schema


def main(arguments: list[str]) -> int:
    """Write the schemas, or with `--check` compare them; 1 when they differ."""
    if set(arguments) - {"--check"}:
        sys.stderr.write("usage: python -m cspdecl.manifest.schema [--check]\n")
        return 64
    stale = 0
    for kind in KINDS:
        file, text = FOLDER / file_name(kind), schema_text(kind)
        if file.exists() and file.read_text("utf-8") == text:
            continue
        stale += 1
        if "--check" in arguments:
            sys.stderr.write(f"schemas/{file.name} is not current: run python -m cspdecl.manifest.schema\n")
        else:
            FOLDER.mkdir(exist_ok=True)
            file.write_text(text, "utf-8")
            sys.stdout.write(f"schemas/{file.name}\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
