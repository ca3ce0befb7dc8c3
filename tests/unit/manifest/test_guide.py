"""The guide and the code pages say what is so: their YAML is read, the guide's project compiles."""

from __future__ import annotations

import re

import pytest

from cspdecl.manifest.text import parse_text
from cspdecl.manifest.yaml import parse_yaml
from tests.conftest import ROOT
from tests.unit.manifest.sample import NOW

GUIDE = ROOT / "docs/guides/manifests.md"
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_guide_is_a_project():
    """The documents of the guide, put together, are a project without a word of complaint."""
    documents = [block for block in BLOCK.findall(GUIDE.read_text("utf-8")) if block.startswith("apiVersion")]
    result = parse_text("---\n".join(documents), NOW)

    assert () == result.diagnostics
    assert result.desired is not None
    assert ["hafenkontor", "muehlbach"] == list(result.desired.customers)


def test_the_guide_shows_the_table_as_it_is():
    """What the guide says about typing is what the parser does."""
    rows = re.findall(
        r"^\| `([^`|]+)` \| (the text|the number) ([^,|]+?)[,|\s]", GUIDE.read_text("utf-8"), re.MULTILINE
    )
    read = []
    for written, _, _ in rows:
        (document,), _ = parse_yaml(written, "a.yaml")
        (value,) = document.value.values()  # type: ignore[attr-defined]
        read.append(("the number" if isinstance(value, int) else "the text", str(value)))

    assert len(rows) >= 6
    assert [(kind, value.strip()) for _, kind, value in rows] == read


@pytest.mark.parametrize("code", sorted(path.stem for path in (ROOT / "docs/reference/codes").glob("CSP[12]*.md")))
def test_a_code_page_explains(code: str):
    """A page opens with code and title, says what happened, why it matters and what to do, and stays short."""
    text = (ROOT / f"docs/reference/codes/{code}.md").read_text("utf-8")
    first, *_ = text.splitlines()

    assert re.fullmatch(rf"# {code}: [^.]+", first)
    assert ["What happened", "Why it matters", "What to do"] == re.findall(r"^## (.+)$", text, re.MULTILINE)[:3]
    assert len(text.splitlines()) < 60
