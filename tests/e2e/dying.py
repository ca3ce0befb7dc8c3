"""A runner that dies in the middle of apply, and its lock as another machine's: what cannot be tidied up by itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.reseller import Reseller
from tests.pipelines import runner
from tests.pipelines.bench import git_environment

STORE = "refs/cspdecl/store"


def dies(life: Reseller, moved: tuple[str, str], *, heard: int, answered: int = 0) -> str:
    """The apply job of a push, killed with all it started when Partner Center has carried out `heard` changes, or as
    soon as it holds the lock where that is none. Only the first `answered` of them are answered. Says which run is left
    in the books.
    """

    class Dying(runner.Runner):
        def _bash(self, step: dict[str, Any], inputs: dict[str, str]) -> None:
            own = {key: self.filled(value, inputs) for key, value in step.get("env", {}).items()}
            running = subprocess.Popen(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.folder, env={**self.environment, **own}, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            while not _lock(life.books) or len(life.sim.requests(writes=True)) < heard:
                assert running.poll() is None, "it ended before it was to die"
                time.sleep(0.02)
            os.killpg(running.pid, signal.SIGKILL)
            running.wait(20)
            raise MachineGoneError

    life.sim.clear_requests()
    life.sim.fault(
        "slow", argument="600", method="PATCH", times=0, after=answered
    )  # the work is done, the answer does not come
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "Runner", Dying)
        with pytest.raises(MachineGoneError):
            life.applied(moved)
    life.sim.clear_faults()
    return _as_of_another_machine(life.books)


class MachineGoneError(Exception):
    """Nobody is left to end the job."""


def _as_of_another_machine(books: Path) -> str:
    """The lock with the mark of a machine that is not this one, so that nobody here can know that its run is dead."""
    index = books / "index-of-the-lock"
    lock = json.loads(_lock(books))
    blob = _git(books, "hash-object", "-w", "--stdin", given=json.dumps(lock | {"machine": "elsewhere"}))
    _git(books, "read-tree", STORE, index=index)
    _git(books, "update-index", "--cacheinfo", f"100644,{blob},lock.json", index=index)
    tree = _git(books, "write-tree", index=index)
    _git(books, "update-ref", STORE, _git(books, "commit-tree", "-p", STORE, "-m", "elsewhere", tree))
    return str(lock["run"])


def _lock(books: Path) -> str:
    return _git(books, "cat-file", "-p", f"{STORE}:lock.json", check=False)


def _git(books: Path, *words: str, given: str = "", check: bool = True, index: Path | None = None) -> str:
    environment = git_environment(GIT_INDEX_FILE=str(index)) if index else git_environment()
    done = subprocess.run(
        ["git", *words], cwd=books, env=environment, input=given, capture_output=True, text=True,
        check=check,
    )  # fmt: skip
    return done.stdout.strip()
