"""The schema that editors read in a project: every shipped manifest fits it, what is suggested is not all there is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cspdecl.manifest.layout import lay_out
from cspdecl.manifest.schema_local import local_schema_text, modeline, with_modeline
from cspdecl.manifest.yaml import parse_yaml
from tests.conftest import ROOT

KNOWN = {
    "offer": {"CFQ7TTC0HD32:0002": "Visio Plan 2"},
    "bundle": {"workplace@1": "Managed Workplace"},
    "customer": {"harbour-logistics": "Harbour Logistics GmbH"},
}
SCHEMA: dict[str, Any] = json.loads(local_schema_text(KNOWN))
FILES = sorted((ROOT / "manifests").rglob("*.yaml"))


def complaints(text: str) -> list[str]:
    validator = jsonschema.Draft7Validator(SCHEMA)
    return [fault.message for one in parse_yaml(text, "x.yaml")[0] for fault in validator.iter_errors(one.value)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_shipped_manifest_fits(path: Path):
    """One schema for all kinds, draft-07; offers and bundles that are not suggested are as good as those that are."""
    jsonschema.Draft7Validator.check_schema(SCHEMA)

    assert [] == complaints(path.read_text("utf-8"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('offer: "CFQ7TTC0HD32:0002"', "offer: visio"),
        ("seats: 12", "seets: 12"),
        ("kind: Customer", "kind: Costumer"),
        ("bundle: workplace@1", "bundle: Work Place"),
    ],
)
def test_what_is_wrong_is_underlined(before: str, after: str):
    """An offer without a SKU, a key nobody knows, a kind that is none, a bundle that is no name."""
    text = (ROOT / "manifests/starter/customers/harbour-logistics.yaml").read_text("utf-8")
    assert before in text

    assert [] != complaints(text.replace(before, after))


def test_suggestions_carry_their_names():
    """Behind every key `offer` and `bundle` of a customer's line stand the known ones, each with what it is called."""
    found: list[tuple[list[str], list[str]]] = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "enumDescriptions" in node:
                found.append((node["enum"], node["enumDescriptions"]))
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(SCHEMA["definitions"]["Customer"])
    assert (["CFQ7TTC0HD32:0002"], ["Visio Plan 2"]) in found
    assert (["workplace@1"], ["Managed Workplace"]) in found


def test_the_modeline_leads_from_a_file_to_the_schema():
    """A path beside the file, once, and as a file's first line it fits the one layout."""
    assert "# yaml-language-server: $schema=.cspdecl/schemas/manifest.v1.json\n" == modeline("cspdecl.yaml")
    text = with_modeline("a: 1\n", "customers/nord/a.yaml")
    assert "# yaml-language-server: $schema=../../.cspdecl/schemas/manifest.v1.json\na: 1\n" == text
    assert text == with_modeline(text, "customers/nord/a.yaml") == lay_out(text, "a.yaml")


def test_init_writes_both(tmp_path: Path):
    """After `init` every manifest has the line, the file it names is there, and `fmt --check` has nothing to say."""

    def run(*words: str) -> int:
        return subprocess.run(
            [sys.executable, "-m", "cspdecl", *words], cwd=ROOT, capture_output=True, check=False
        ).returncode

    assert 0 == run("init", str(tmp_path / "p"))
    for file in (tmp_path / "p").rglob("*.yaml"):
        named = file.read_text("utf-8").partition("\n")[0].partition("$schema=")[2]
        assert (file.parent / named).is_file(), file
    assert [0, 0, 0] == [
        run("-C", str(tmp_path / "p"), *words) for words in (["fmt", "--check"], ["validate"], ["test"])
    ]
    schema = json.loads((tmp_path / "p/.cspdecl/schemas/manifest.v1.json").read_text("utf-8"))
    assert "riverside-dental" in json.dumps(schema)
