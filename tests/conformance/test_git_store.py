"""Commits on a ref of a bare remote keep what every store has to keep."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cspdecl.testing.store_suite import StoreSuite

REF = "refs/cspdecl/store"


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


class TestGit(StoreSuite):
    """A repository of its own, bare, reached by its path."""

    def url(self, folder: Path) -> str:
        if not (folder / "remote.git").exists():
            git(folder, "init", "--quiet", "--bare", "remote.git")
        return "git:remote.git"

    def set_back(self, folder: Path) -> None:
        git(folder / "remote.git", "update-ref", REF, f"{REF}~1")

    def alter(self, folder: Path) -> None:
        """Somebody edits the file and pushes, without any force."""
        git(folder, "init", "--quiet", "work")
        work = folder / "work"
        git(work, "fetch", "--quiet", "../remote.git", REF)
        git(work, "checkout", "--quiet", "FETCH_HEAD")
        [part] = work.glob("ledger/*/*.jsonl")
        part.write_text(part.read_text(encoding="utf-8").replace("record 2", "record two"), encoding="utf-8")
        git(work, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-am", "tidy")
        git(work, "push", "--quiet", "../remote.git", f"HEAD:{REF}")
