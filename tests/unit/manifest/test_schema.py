"""The JSON Schemas that editors read: current, strict, generous about numbers, and of one mind with the gate."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from cspdecl.manifest import schema as module
from cspdecl.manifest.schema import file_name, main, schema_of, schema_text
from cspdecl.manifest.text import check_text
from cspdecl.manifest.v1 import KINDS
from cspdecl.manifest.wire import LATER
from cspdecl.manifest.yaml import parse_yaml
from tests.conftest import ROOT
from tests.unit.manifest.sample import BOOK, BUNDLE, PROJECT, customer

FILES = sorted(
    path
    for path in (ROOT / "manifests").rglob("*.y*ml")
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)


class _EditorLoader(yaml.SafeLoader):
    """What an editor's YAML 1.2 makes of a text: numbers are numbers, dates and NO are text."""


_EditorLoader.yaml_implicit_resolvers = {}
_EditorLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
_EditorLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))
_EditorLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$"), list("-+0123456789")
)
_EditorLoader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))
_EditorLoader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: float(node.value))


def complaints(document: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(schema_of(document["kind"]))
    return [error.message for error in validator.iter_errors(document)]


def test_committed_schemas_are_current():
    """schemas/ holds what the wire types say; `python -m cspdecl.manifest.schema` makes it so."""
    committed = {kind: (ROOT / "schemas" / file_name(kind)).read_text("utf-8") for kind in KINDS}

    assert {kind: schema_text(kind) for kind in KINDS} == committed


@pytest.mark.parametrize("kind", KINDS)
def test_schemas_are_schemas(kind: str):
    """Each is a valid schema of draft 2020-12 and says so."""
    schema = schema_of(kind)
    jsonschema.Draft202012Validator.check_schema(schema)

    assert "https://json-schema.org/draft/2020-12/schema" == schema["$schema"]


def test_every_mapping_is_closed_and_every_key_described():
    """Unknown keys are marked in the editor, known ones explained; only a provider's block is open."""
    open_ones: list[str] = []
    silent: list[str] = []
    for kind in KINDS:
        schema = schema_of(kind)
        for name, part in {kind: schema, **schema["$defs"]}.items():
            if part.get("additionalProperties") is not False:
                open_ones.append(name)
            silent += [
                f"{name}.{key}"
                for key, value in part["properties"].items()
                if "description" not in value and "$ref" not in value and "const" not in value
            ]

    assert [] == open_ones
    assert [] == silent


def test_later_keys_are_not_offered():
    """An editor completes only what works now."""
    offered = {
        key for kind in KINDS for part in schema_of(kind)["$defs"].values() for key in part.get("properties", {})
    }

    assert set() == offered & LATER


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_pass_the_schema(path: Path):
    """Every document under manifests/ is valid for the schema, as we read it and as an editor does."""
    text = path.read_text("utf-8")
    ours = [document.value for document in parse_yaml(text, path.name)[0]]
    editors = list(yaml.load_all(text, Loader=_EditorLoader))

    assert [] == [message for document in (*ours, *editors) for message in complaints(document)]


@pytest.mark.parametrize(
    "text",
    [
        customer("{name: v, offer: x, seats: 5}"),
        customer('{name: v, offer: "CFQ7TTC0HD32:0002", seats: -5}'),
        customer('{name: v, offer: "CFQ7TTC0HD32:0002", seats: 5, colour: red}'),
        customer('{name: V, offer: "CFQ7TTC0HD32:0002", seats: 5}'),
        customer('{name: v, offer: "CFQ7TTC0HD32:0002", seats: 5, absent: maybe}'),
        customer('{name: v, offer: "CFQ7TTC0HD32:0002", seats: 5, sell: {perSeat: "5,00", every: month}}'),
        customer('{name: v, offer: "CFQ7TTC0HD32:0002", seats: 5, term: P2Y}'),
        customer(more="  moved: [{from: a}]\n"),
        customer(spec="tenant: nobody"),
        customer().replace("cspdecl/v1", "cspdecl/v9"),
        BUNDLE.replace("components:", "parts:"),
        BUNDLE.replace("round: up", "round: half"),
        PROJECT.replace("country: DE", "country: XX"),
        PROJECT.replace("plugin: partner-center, ", ""),
        PROJECT.replace("model: direct", "model: indirect-reseller"),
        customer('{name: v, offer: "CFQ7TTC0HD32:0002", seats: [5, {value: 8}]}'),
        customer('{name: v, offer: "CFQ7TTC0HD32:0002", seats: [5, {value: 8, from: soon}]}'),
        customer('{name: v, offer: "CFQ7TTC0HD32:0002", seats: 5, sell: {list: 5%, every: month}}'),
        customer('{name: v, offer: "CFQ7TTC0HD32:0002", seats: 5, sell: {perSeat: "5", list: "-5%", every: month}}'),
        customer('{name: v, offer: "CFQ7TTC0HD32:0002", seats: 5, customTermEnd: year-end}'),
        customer('{name: v, offer: "CFQ7TTC0HD32:0002", seats: 5, promotion: "CFQ7TTC0HD32:0002"}'),
        customer('{name: v, offer: "CFQ7TTC0HD32:0002", seats: 5, upgrade: {seats: 3}}'),
        customer("{name: v, azurePlan: {budget: 5 EUR}}"),
        customer(more="  hold: {since: 2026-11-01}\n"),
        customer(more="  qualification: military\n"),
        customer(more="  reseller: somebody\n"),
        BOOK.replace("every: month", "every: quarter"),
        BOOK.replace("CFQ7TTC0HD32:0002", "CFQ7TTC0HD32"),
        BOOK.replace("managed-workplace", "Managed Workplace"),
        customer("{name: v, bundle: b, seats: 5, overrides: {M365: {seats: 3}}}"),
    ],
)
def test_gate_and_schema_agree(text: str):
    """What the schema refuses the product refuses, and the other way round."""
    (document,) = parse_yaml(text, "a.yaml")[0]
    from cspdecl.manifest.text import parse_text
    from tests.unit.manifest.sample import NOW

    assert complaints(document.value)
    assert parse_text(text, NOW).diagnostics


def test_examples_in_descriptions_are_valid():
    """Each example that the editor shows passes where it is shown."""
    wrong: list[str] = []
    for kind in KINDS:
        schema = schema_of(kind)
        for name, part in schema["$defs"].items():
            for key, value in part.get("properties", {}).items():
                validator = jsonschema.Draft202012Validator({**value, "$defs": schema["$defs"]})
                wrong += [f"{name}.{key}: {item}" for item in value.get("examples", []) if not validator.is_valid(item)]

    assert [] == wrong


def test_check_tells_stale_schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """--check writes nothing and fails while a schema is missing or old; writing mends it; other words are refused."""
    monkeypatch.setattr(module, "FOLDER", tmp_path / "schemas")
    before = main(["--check"])
    written = main([])
    after = main(["--check"])
    file = tmp_path / "schemas/customer.v1.json"
    file.write_text(json.dumps({}), "utf-8")

    assert (1, 0, 0, 1, 64) == (before, written, after, main(["--check"]), main(["--force"]))
    assert "schemas/customer.v1.json is not current" in capsys.readouterr().err


def test_examples_load_without_a_word():
    """Every example document passes the gate without as much as a warning."""
    assert FILES
    assert [] == [item for path in FILES for item in check_text(path.read_text("utf-8"), str(path)).diagnostics]
