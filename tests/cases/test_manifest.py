"""What a person reads when manifests are wrong: a folder of manifests in, the text on stderr out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cspdecl.core.diagnostics import Diagnostic, has_errors
from cspdecl.core.errors import ManifestError
from cspdecl.manifest.load import load_manifests
from cspdecl.report.diagnostics import render_diagnostics
from tests.conftest import ROOT

# What no folder under version control can show: unreadable files, missing folders, a PyYAML without libyaml.
ELSEWHERE = {"CSP101", "CSP103", "CSP104", "CSP113", "CSP151"}  # CSP151: what only `fmt` can say
CASES = Path(__file__).parent / "manifest"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_every_code_has_a_case():
    """Each complaint about manifests is shown by at least one case, except what only a disk can do."""
    sources = (ROOT / "cspdecl/manifest").glob("[!v]*.py")  # wire types name codes as examples only
    used = {code for path in sources for code in re.findall(r'"(CSP\d{3})"', path.read_text("utf-8"))}
    shown = {
        code for path in CASES.glob("*/stderr.txt") for code in re.findall(r"\[(CSP\d{3})\]", path.read_text("utf-8"))
    }

    assert ELSEWHERE == used - shown


def complaints(root: Path) -> tuple[str, tuple[Diagnostic, ...], bool]:
    """What is printed for a folder of manifests, the diagnostics behind it, and whether there is a desired state."""
    loaded = load_manifests(root, now=NOW)
    return (render_diagnostics(loaded.diagnostics, loaded.source), loaded.diagnostics, loaded.desired is not None)


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir()))
def test_case(name: str, update_cases: bool):
    """Every complaint about these manifests reads as it was reviewed."""
    golden = CASES / name / "stderr.txt"
    printed, _, _ = complaints(CASES / name / "manifests")
    if update_cases:
        golden.write_text(printed, "utf-8")

    assert golden.read_text("utf-8") == printed


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir()))
def test_errors_leave_nothing_declared(name: str):
    """With one error there is no desired state at all, and asking for it raises with every diagnostic."""
    _, diagnostics, declared = complaints(CASES / name / "manifests")

    assert declared is not has_errors(diagnostics)
    if not declared:
        with pytest.raises(ManifestError) as raised:
            load_manifests(CASES / name / "manifests", now=NOW).checked()
        assert raised.value.diagnostics == diagnostics
        assert raised.value.exit_code == 65


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir()))
def test_every_complaint_has_a_place(name: str):
    """Whatever is wrong in a file is shown at a line of that file; only a missing project has no line to show."""
    root = CASES / name / "manifests"
    printed, diagnostics, _ = complaints(root)
    places = [line for line in printed.splitlines() if line.strip().startswith("-->")]

    assert all(item.origin or item.code == "CSP201" for item in diagnostics)
    assert [place for place in places if place.split("-->")[1].count(":") < 2] == []
