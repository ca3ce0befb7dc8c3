"""The tree as a whole: sizes, names, and what must never stand in a tracked file."""

from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.source import ROOT, Module, all_modules, parsed, project_files

LINES = 400

# Folders that exist on one machine only. Written as classes, so that this file does not name what it forbids.
MACHINE_PATH = re.compile(r"(?<![A-Za-z0-9_.:/~*$}%-])/(?:wor[k]|far[m]|roo[t]|tm[p]|hom[e]/\w|User[s]/\w)(?=/)")
INDEX_ADDRESS = re.compile(
    r"pyp[i]\.(?:org|python\.org)|pythonhoste[d]\.org|registry\.np[m]js|registry\.yarnpk[g]|--(?:extra-)?index-ur[l][ =]\S*:|"
    r"(?:find-link[s]|index-ur[l]|inde[x])\s*[=:]\s*[\"']?(?:https?|file):"
)
FRAGMENT = re.compile(r"[a-z0-9][a-z0-9-]*\.(?:added|changed|fixed|removed|security)\.md")
DECISION = re.compile(r"(\d{4})-[a-z0-9-]+\.md")


@pytest.mark.parametrize("module", all_modules(), ids=lambda module: module.place)
def test_module_is_short_and_says_its_idea(module: Module):
    """A module stays within 400 lines and opens with its one idea in words."""
    lines = len(module.path.read_text("utf-8").splitlines())

    assert lines <= LINES
    assert ast.get_docstring(parsed(module.path))


def test_tracked_files_name_no_machine_and_no_index():
    """No file holds a path of one machine or the address of a package index: both bind every user to one place."""
    found = []
    for name in project_files():
        text = (ROOT / name).read_bytes().decode("utf-8", "replace")
        for number, line in enumerate(text.splitlines(), 1):
            if MACHINE_PATH.search(line) or INDEX_ADDRESS.search(line):
                found.append(f"{name}:{number}: {line.strip()[:100]}")

    assert [] == found


@pytest.mark.parametrize(
    "halves",
    [
        ("see /wor", "k/main"),
        ("'/tm", "p/x'"),
        ("cd /roo", "t/a"),
        ("https://pyp", "i.org/x"),
        ("--index-ur", "l=https://x"),
    ],
    ids="".join,
)
def test_forbidden_text_is_recognised(halves: tuple[str, str]):
    """The two patterns catch what they are for (each sample is spelled in halves, so that this file stays clean)."""
    text = "".join(halves)

    assert MACHINE_PATH.search(text) or INDEX_ADDRESS.search(text)


@pytest.mark.parametrize(
    "halves",
    [
        ("demo/wo", "rk/x"),
        ("https://host.example/ro", "ot/a"),
        ("docs/t", "mp/x.md"),
        ("make ", "setup"),
        ("~/wo", "rk/x"),
    ],
)
def test_harmless_text_passes(halves: tuple[str, str]):
    """A relative path, a path of a URL and a path under one's own home name no machine."""
    text = "".join(halves)

    assert None is (MACHINE_PATH.search(text) or INDEX_ADDRESS.search(text))


def test_changelog_fragments_are_named_by_kind():
    """Each fragment is `<what>.<kind>.md`, so that a release can be put together without asking."""
    names = [path.name for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]

    assert [] == [name for name in names if not FRAGMENT.fullmatch(name)]


def test_decisions_are_numbered_without_gaps_and_listed():
    """docs/decisions holds 0001, 0002, … and its README links each."""
    folder = ROOT / "docs/decisions"
    names = sorted(path.name for path in folder.iterdir() if path.name != "README.md")
    numbers = [match and int(match[1]) for match in map(DECISION.fullmatch, names)]

    assert list(range(1, len(names) + 1)) == numbers
    assert [] == [name for name in names if f"({name})" not in (folder / "README.md").read_text("utf-8")]
