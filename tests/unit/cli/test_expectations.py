"""`cspdecl test`: a reseller's own expectations, what they see and how a failure reads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import ROOT

HEAD = "apiVersion: cspdecl/v1\nkind: Test\nmetadata: {name: mine}\nspec:\n  now: 2026-11-22T14:00:00Z\n"
LIVE = """\
  live:
    - customer: harbour-logistics
      subscriptions:
        - {line: workplace/m365}
        - {line: workplace/phone}
        - {line: visio, seats: 1, ends: 2027-03-14}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The starter project without its own tests."""
    shutil.copytree(ROOT / "manifests/starter", tmp_path / "p", ignore=shutil.ignore_patterns("tests"))
    return tmp_path / "p"


def run(project: Path, *words: str, **environment: str) -> tuple[int, str, str]:
    """`cspdecl test` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "cspdecl", "-C", str(project), "test", *words], capture_output=True, text=True,
        check=False, env={**os.environ, "LC_ALL": "C.UTF-8", **environment}, cwd=project,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def said(project: Path, text: str, name: str = "mine.yaml") -> Path:
    """A test of the project."""
    file = project / "tests" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def test_the_starter_project_passes(tmp_path: Path):
    """What `init` writes is tested by what `init` writes, without provider, store or secret."""
    shutil.copytree(ROOT / "manifests/starter", tmp_path / "p")

    code, out, err = run(tmp_path / "p")

    assert (0, "", "4 passed, 0 failed") == (code, err, out.splitlines()[-1])
    assert not (tmp_path / "p/.cspdecl/store.db").exists()


@pytest.mark.parametrize(
    ("expect", "line"),
    [
        ("operations: []", "+ operations: planned and not expected: {address: harbour-logistics/visio, action: set_seats"),
        ("operations: [{address: harbour-logistics/visio, seats: 3}]",
         "~ operations: harbour-logistics/visio set_seats seats: expected 3, planned 2"),
        ("operations: [{address: riverside-dental/student}], others: true",
         "- operations: expected and not planned: {address: riverside-dental/student}"),
        ("refused: false", "~ refused: expected false, planned true"),
        ("waiting: [{address: harbour-logistics/visio}]", "- waiting: expected and not planned: "),
        ("verdicts: []", "+ verdicts: planned and not expected: {rule: maxNewCommitment, level: deny"),
        ("codes: [CSP310]", "~ codes: expected [CSP310], planned []"),
        ("money: {sellMonth: [18.60 EUR]}", "~ money.sellMonth: expected [18.60 EUR], planned [18.50 EUR]"),
        ("text: nothing at all", "text: -nothing at all"),
    ],
)  # fmt: skip
def test_what_is_not_as_expected_is_said(project: Path, expect: str, line: str):
    """Every part of an expectation can fail, ends with 1, and names both sides in the words of the test."""
    said(project, f"{HEAD}{LIVE}  expect: {{{expect}}}\n")

    code, out, _ = run(project)

    assert (1, True, True) == (code, "FAILED  tests/mine.yaml: mine" in out, line in out), out


@pytest.mark.parametrize(
    "expect",
    [
        "operations: [{address: harbour-logistics/visio, action: set_seats, before: 1, seats: 2}]",
        "operations: [], others: true",
        "refused: true, verdicts: [{rule: maxNewCommitment}], waiting: [], codes: []",
        "money: {sellMonth: [18.5 EUR], unknown: 1}",
    ],
)
def test_what_is_as_expected_passes(project: Path, expect: str):
    """Only what is said is looked at; an amount is the same with fewer zeros."""
    said(project, f"{HEAD}{LIVE}  expect: {{{expect}}}\n")

    assert (0, "ok      tests/mine.yaml: mine\n1 passed, 0 failed\n", "") == run(project)


def test_what_a_customer_has_can_be_said(project: Path):
    """Not bound, gone from the manifests, unreadable, not there: planning sees each of them as it would be live."""
    live = """\
  live:
    - customer: harbour-logistics
      subscriptions:
        - {line: workplace/m365, bound: false}
        - {line: workplace/phone}
        - {line: visio}
        - {line: project, offer: "CFQ7TTC0HDB0:0002", seats: 2}
    - {customer: riverside-dental, unreadable: true}
"""
    expect = """\
  expect:
    operations:
      - {address: harbour-logistics/workplace/m365, action: adopt}
      - {address: harbour-logistics/project, action: forget}
"""
    said(project, HEAD + live + expect)

    assert (0, "ok      tests/mine.yaml: mine\n1 passed, 0 failed\n", "") == run(project)


@pytest.mark.parametrize(
    ("live", "code"),
    [
        ("  live: [{customer: nobody}]\n", "CSP792"),
        ("  live: [{customer: riverside-dental}, {customer: riverside-dental}]\n", "CSP792"),
        ("  live: [{customer: riverside-dental, subscriptions: [{line: gone}]}]\n", "CSP791"),
        ("  live: [{customer: riverside-dental, services: [{line: gone, quantity: 1}]}]\n", "CSP791"),
        ("  live: []\n", "CSP793"),
    ],
)
def test_a_test_that_proves_nothing_fails(project: Path, live: str, code: str):
    """A customer nobody declares, a line nobody knows, nothing expected: reported at its place, never green."""
    expect = "{}" if code == "CSP793" else "{operations: []}"
    said(project, f"{HEAD}{live}  expect: {expect}\n")

    ended, out, err = run(project)

    assert (1, "0 passed, 1 failed", True) == (ended, out.splitlines()[-1], f"error[{code}]" in err)
    assert "--> tests/mine.yaml:" in err


def test_update_writes_what_is_and_keeps_the_rest(project: Path):
    """The expectation is replaced, comments outside it stay, and the next run passes."""
    file = said(project, f"# why\n{HEAD}{LIVE}  # about it\n  expect:\n    operations: []\n    refused: false\n")

    assert 0 == run(project, "--update")[0]

    written = "{address: harbour-logistics/visio, action: set_seats, before: 1, seats: 2}"
    end = f"  # about it\n  expect: {{operations: [{written}], refused: true}}\n"
    assert f"# why\n{HEAD}{LIVE}{end}" == file.read_text("utf-8")
    assert 0 == run(project)[0]


def test_tests_can_be_chosen(project: Path):
    """By file and by a part of the name; none found is an error, not a success."""
    said(project, HEAD.replace("mine", "one") + "  expect: {operations: []}\n", "one.yaml")
    said(project, HEAD.replace("mine", "two") + "  expect: {refused: true}\n", "two.yaml")

    assert (1, "1 passed, 1 failed") == (run(project)[0], run(project)[1].splitlines()[-1])
    assert (0, "ok      tests/one.yaml: one\n1 passed, 0 failed\n", "") == run(project, "tests/one.yaml")
    assert 0 == run(project, "-k", "one")[0]
    assert (1, True) == (run(project, "-k", "three")[0], "no test was found" in run(project, "-k", "three")[2])


def test_junit(project: Path):
    """A suite a file, a case a test, a failure where the plan is another one, an error where nothing could be planned."""
    said(project, f"{HEAD}{LIVE}  expect: {{operations: []}}\n")
    said(project, HEAD.replace("mine", "bad") + "  expect: {}\n", "bad.yaml")

    run(project, "--junit", "out.xml")
    root = ET.fromstring((project / "out.xml").read_text("utf-8"))  # noqa: S314 - just written

    assert {"name": "cspdecl test", "tests": "2", "failures": "1", "errors": "1"} == dict(root.attrib)
    assert ["error", "failure"] == [case[0].tag for case in root.iter("testcase")]


def test_tests_are_checked_like_any_manifest(project: Path):
    """A key that is not known is found by `validate`, and a test changes nothing that is declared."""
    said(project, f"{HEAD}  expect: {{operatoins: []}}\n")

    code, _, err = run(project)

    assert (65, True) == (code, "`operatoins`" in err)
