"""What is installed and what is shipped."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import entry_points

import pytest

import cspdecl
from tests.architecture.source import ROOT

PROJECTS = [ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]
PINNED = sorted((ROOT / "requirements").glob("*.txt"))


def name_of(requirement: str) -> str:
    """The normalised project name of a requirement line."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match, requirement
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def requirement_lines(text: str) -> list[str]:
    """Requirements of a file, comments and continued hash lines aside."""
    return [line for line in text.splitlines() if line and not line.startswith(("#", " "))]


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.parent.name)
def test_declared_dependencies_are_in_the_pinned_set(path):
    """What a package declares is in requirements/dev.in with the same lower bound, so that setup installs it by hash."""
    project = tomllib.loads(path.read_text("utf-8"))["project"]
    declared = [
        *project.get("dependencies", ()),
        *(r for rs in project.get("optional-dependencies", {}).values() for r in rs),
    ]
    listed = {name_of(line) for line in requirement_lines((ROOT / "requirements/dev.in").read_text("utf-8"))}

    assert set() == {name_of(each) for each in declared} - listed - {"cspdecl"}


def test_packages_share_licence_and_floor():
    """All packages of this repository have one licence and one oldest Python."""
    projects = [tomllib.loads(path.read_text("utf-8"))["project"] for path in PROJECTS]

    assert {("Apache-2.0", ">=3.11")} == {(project["license"], project["requires-python"]) for project in projects}


@pytest.mark.parametrize("path", PINNED, ids=lambda path: path.name)
def test_pinned_set_is_exact_hashed_and_free_of_addresses(path):
    """Every line is one version with hashes; no index, no link, no path (decision 0002)."""
    text = path.read_text("utf-8")
    blocks = re.split(r"\n(?=\S)", "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#")))

    assert [] == [
        b
        for b in filter(str.strip, blocks)
        if not re.match(r"[a-z0-9-]+(\[[a-z,]+\])?==\S+", b) or "--hash=sha256:" not in b
    ]
    assert None is re.search(r"://|--(?:extra-)?index|--find-links|(?:^|\s)/\w", text)


def test_pinned_sets_cover_what_is_asked_for():
    """Each `.in` line has its pin in the `.txt` beside it: nobody edited one and forgot `make requirements`."""
    for path in PINNED:
        asked = {name_of(line) for line in requirement_lines(path.with_suffix(".in").read_text("utf-8"))}
        pinned = {name_of(line) for line in requirement_lines(path.read_text("utf-8"))}

        assert set() == asked - pinned


def test_wheel_carries_schemas_and_the_starter_project(tmp_path):
    """The wheel holds what commands read at a user's place: schemas, the starter project, the typing marker."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    schemas = {
        f"cspdecl/schemas/{kind}.v1.json"
        for kind in ("project", "customer", "bundle", "pricebook", "plan", "billing-change")
    }

    assert f"cspdecl-{cspdecl.__version__}-py3-none-any.whl" == wheel.name
    assert (
        set()
        == {"cspdecl/py.typed", "cspdecl/templates/starter/cspdecl.yaml", "cspdecl/codes/CSP105.md", *schemas} - names
    )
    assert set() == {
        name for name in names if name.partition("/")[0] not in {"cspdecl", f"cspdecl-{cspdecl.__version__}.dist-info"}
    }


def test_entry_points_of_plugins_can_be_loaded():
    """Every entry point of our plugins names something that exists."""
    groups = ("providers", "commands", "stores", "exporters", "policies")
    ours = [point for group in groups for point in entry_points(group=f"cspdecl.{group}")]

    assert {"partner-center", "simulate", "ci"} <= {point.name for point in ours}
    assert all(callable(point.load()) for point in ours)
