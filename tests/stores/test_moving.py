"""The books move from one store to another; a lock is seen and broken; files are no stores where disks are lost."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from cspdecl.spi.store import Batch
from cspdecl.store.open import open_store
from cspdecl.testing.store_parts import M365, chain, owner
from tests.stores.postgres import Server
from tests.unit.cli.command import Project
from tests.unit.engine.estates import declare

APPLY = ("apply", "--auto-approve", "--workers", "1")
SQLITE = "sqlite:.cspdecl/store.db"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that applied something, with a bare repository beside it."""
    made = Project(tmp_path)
    declare(made.estate, "alpha", 10)
    assert 0 == made.run(*APPLY).returncode
    subprocess.run(["git", "init", "--quiet", "--bare", "books.git"], cwd=tmp_path, check=True)
    return made


@pytest.mark.parametrize("kind", ["git", "postgres"])
def test_the_books_move_and_the_project_goes_on(project, postgres: Server, kind):
    """Copied, compared, written into the project: the next plan finds nothing to do, and the ledger is the same."""
    place = "git:../books.git" if kind == "git" else postgres.url("moved")
    before = project.run("ledger", "list", "--format", "json").stdout

    done = project.run("store", "copy", SQLITE, place)
    again = project.run("store", "copy", SQLITE, place)
    text = (project.root / "cspdecl.yaml").read_text(encoding="utf-8")
    (project.root / "cspdecl.yaml").write_text(f'{text}  store: "{place}"\n', encoding="utf-8")

    assert (0, "copied and compared: 1 runs") == (done.returncode, done.stdout[:27]), done.stderr
    assert (1, True) == (again.returncode, "CSP928" in again.stderr)
    assert before == project.run("ledger", "list", "--format", "json").stdout
    assert 0 == project.run("plan", "--detailed-exitcode").returncode
    assert "ledger verified" in project.run("ledger", "verify").stdout


def test_a_run_that_is_gone_is_seen_and_its_lock_broken(project):
    """`lock list` names the run; `lock break` takes that one and no other."""
    free = project.run("lock", "list")
    store = open_store(SQLITE, project.root, create=False)
    store.lock(owner("run-7", host="gone-host"))
    store.close()

    held, document = project.run("lock", "list"), project.run("lock", "list", "--format", "json")
    refused, wrong = project.run(*APPLY), project.run("lock", "break", "run-8")
    right = project.run("lock", "break", "run-7")

    assert "nobody" in free.stdout
    assert "run run-7: `apply` of anna on gone-host" in held.stdout
    assert ["run-7"] == [one["run"] for one in json.loads(document.stdout)["locks"]]
    assert (6, 6, True) == (refused.returncode, wrong.returncode, "CSP927" in wrong.stderr)
    assert (0, "the lock of run run-7 is broken: it can write no more\n") == (right.returncode, right.stdout)
    assert 0 == project.run("record").returncode


@pytest.mark.parametrize("verb", [("apply", "--auto-approve"), ("record",), ("adopt", "--auto-approve"), ("recover",)])
def test_no_writing_verb_trusts_a_file_in_ci(project, verb):
    """In CI the disk goes with the job: every verb that writes books refuses, unless the project says it is kept."""
    refused = project.run(*verb, CI="true")

    assert (1, True) == (refused.returncode, "CSP810" in refused.stderr)


def test_a_damaged_store_is_not_copied(project):
    """What does not verify is not carried along."""
    store = open_store("git:../books.git", project.root, create=True)
    store.commit(Batch(ledger=chain(M365, M365)))
    store.close()
    books = project.root.parent / "books.git"
    subprocess.run(["git", "update-ref", "refs/cspdecl/kept", "refs/cspdecl/store"], cwd=books, check=True)
    subprocess.run(["git", "update-ref", "-d", "refs/cspdecl/store"], cwd=books, check=True)

    done = project.run("store", "copy", "git:../books.git", "sqlite:elsewhere.db")

    assert (1, True) == (done.returncode, "ledger" in done.stderr)
