"""What happens at the edges of a command: folders, closed outputs, lost books, foreign locks."""

from __future__ import annotations

import json
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.cli.command import Project
from tests.unit.engine.estates import declare

APPLY = ("apply", "--auto-approve", "--workers", "1")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose world lives in a file beside it."""
    return Project(tmp_path)


def shell(project: Project, script: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A line of bash in which `cspdecl` is the command, run in the project's folder or another."""
    named = f'cspdecl() {{ {shlex.quote(sys.executable)} -m cspdecl "$@"; }}\n{script}'
    return subprocess.run(
        ["bash", "-c", named], env=project.environment(), capture_output=True, text=True, timeout=100, check=False,
        stdin=subprocess.DEVNULL, cwd=cwd or project.root,
    )  # fmt: skip


def write_into_store(project: Project, statement: str) -> None:
    """Do to the store what only somebody else would."""
    with closing(sqlite3.connect(project.root / ".cspdecl/store.db")) as database, database:
        database.execute(statement)


def test_a_project_is_found_from_a_folder_inside_it(project: Project):
    """From customers/ the project above is meant; it is said, and nothing is left behind there."""
    declare(project.estate, "alpha", 10)
    inside = project.root / "customers"

    done = shell(project, "cspdecl validate", inside)

    assert 0 == done.returncode
    assert f"project: {project.root}" in done.stderr
    assert not (inside / ".cspdecl").exists()


def test_closed_outputs_are_no_bug(project: Project):
    """Whoever closes our standard output gets no traceback, and the exit code still speaks."""
    declare(project.estate, "alpha", 10)

    done = shell(project, "cspdecl plan >&-")

    assert 0 == done.returncode
    assert "bug" not in done.stderr
    assert "Traceback" not in done.stderr


def test_the_first_line_of_a_ledger_is_enough(project: Project):
    """`ledger list | head -1` ends quietly, however long the ledger is."""
    for number, name in enumerate(("alpha", "beta"), 3):
        declare(project.estate, name, number)
    project.run(*APPLY)

    done = shell(project, "set -o pipefail; cspdecl ledger list | head -n 1")

    assert (0, "") == (done.returncode, done.stderr)
    assert 1 == len(done.stdout.splitlines())


def test_the_json_document_hides_nothing_and_says_so(project: Project):
    """`--show sell` cannot be kept in the JSON document, so it is refused with it."""
    declare(project.estate, "alpha", 10)

    assert 64 == project.run("plan", "--format", "json", "--show", "sell").returncode


def test_every_change_says_where_it_is_declared(project: Project):
    """The JSON document names file, line and column of each change."""
    declare(project.estate, "alpha", 10)

    document = json.loads(project.run("plan", "--format", "json").stdout)
    (source,) = {json.dumps(item["source"], sort_keys=True) for item in document["resource_changes"]}

    assert "customers/alpha.yaml" == json.loads(source)["file"]
    assert min(json.loads(source)["line"], json.loads(source)["column"]) > 0


def test_lost_books_are_named_by_plan_and_stop_drift(project: Project):
    """Without its store a project does not pretend that nothing ever happened."""
    declare(project.estate, "alpha", 10)
    project.run(*APPLY)
    (project.root / ".cspdecl/store.db").unlink()

    plan, drift = project.run("plan"), project.run("drift")

    assert "warning" in plan.stderr
    assert "lost" in plan.stderr
    assert 1 == drift.returncode
    assert "lost" in drift.stderr


def test_a_lock_from_a_machine_that_is_gone_is_taken_over_by_name(project: Project):
    """The refusal names the run; `recover --take-over` with that run, and no other, opens the project again."""
    declare(project.estate, "alpha", 10)
    project.run(*APPLY)
    values = "1, 'run-7', 'apply', 'gone-host', 1, 'ci', '2026-11-22T14:00:00Z', NULL"
    write_into_store(project, f"INSERT INTO project_lock VALUES ({values})")

    refused = project.run("recover")
    wrong = project.run("recover", "--take-over", "run-8")
    right = project.run("recover", "--take-over", "run-7")

    assert (6, 6, 0) == (refused.returncode, wrong.returncode, right.returncode)
    assert "run-7" in refused.stderr
    assert 0 == project.run("record").returncode


def test_a_foreign_row_is_damage_and_no_bug(project: Project):
    """Somebody wrote into the store: said as what it is."""
    declare(project.estate, "alpha", 10)
    project.run(*APPLY)
    write_into_store(project, "UPDATE bindings SET ids = 'xx'")

    done = project.run("plan")

    assert "CSP912" in done.stderr
    assert "bug" not in done.stderr
