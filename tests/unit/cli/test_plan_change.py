"""`plan --changed-since` as a command: streams, exit codes, and what it refuses."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.command import Project
from tests.unit.engine.estates import declare
from tests.unit.engine.repositories import git


@pytest.fixture
def project(tmp_path):
    """Alpha and Beta with ten seats each, applied and committed; a branch raises Beta to thirteen."""
    made = Project(tmp_path)
    for key in ("alpha", "beta"):
        declare(made.estate, key, 10)
    made.estate.apply()
    git(made.root, "init", "-q", "-b", "main")
    (made.root / ".gitignore").write_text(".cspdecl/\n")
    commit(made)
    git(made.root, "checkout", "-q", "-b", "change")
    declare(made.estate, "beta", 13)
    commit(made)
    return made


def commit(project: Project) -> None:
    git(project.root, "add", "-A")
    git(project.root, "commit", "-q", "-m", "x")


def test_a_change_as_text_and_as_json(project):
    """Both tell the change apart; the exit code with --detailed-exitcode is that of any plan."""
    text = project.run("plan", "--changed-since", "main", "--detailed-exitcode")
    document = json.loads(project.run("plan", "--changed-since", "main", "--format", "json").stdout)

    assert 2 == text.returncode, text.stderr
    assert "This change against main (base " in text.stdout
    assert "in because customers/beta.yaml changed" in text.stdout
    [change] = document["resource_changes"]
    assert ("window", True) == (change["change"]["cspdecl"]["reversible"], change["change"]["cspdecl"]["this_change"])
    assert [document["cspdecl"]["operations"][0]["id"]] == document["cspdecl"]["difference"]["added"]


def test_a_saved_plan_of_a_change_is_shown_again(project):
    """`show` says the same as `plan` did."""
    first = project.run("plan", "--changed-since", "main", "--out", "change.plan")

    again = project.run("show", "change.plan")

    assert (0, first.stdout) == (again.returncode, again.stdout)


@pytest.mark.parametrize(
    "words", [(), ("--changed-since", "main", "--cached"), ("--changed-since", "main", "--prices", "next")]
)
def test_offline_is_for_changes_only(project, words):
    """Without a base there is nothing to suppose."""
    done = project.run("plan", "--offline", *words)

    assert 64 == done.returncode
    assert "--changed-since REF" in done.stderr


def test_an_offline_plan_is_shown_and_not_applied(project):
    """It says on top what it is worth; apply refuses it with 7."""
    before = project.world.writes()
    plan = project.run("plan", "--changed-since", "main", "--offline", "--out", "offline.plan")

    refused = project.run("apply", "offline.plan", "--auto-approve")

    assert 0 == plan.returncode, plan.stderr
    assert "\nOffline: nobody was asked." in plan.stdout
    assert "carry it out" not in plan.stderr
    assert json.loads((project.root / "offline.plan").read_text())["applyable"] is False
    assert 7 == refused.returncode
    assert before == project.world.writes()


def test_an_unknown_reference_ends_with_a_sentence(project):
    """No traceback, and what to do in CI."""
    done = project.run("plan", "--changed-since", "origin/main")

    assert 1 == done.returncode
    assert "error[CSP700]: git does not know `origin/main` as a commit here" in done.stderr
    assert "fetch-depth: 0" in done.stderr
