"""Verbs of cspdecl as processes of their own, and their words in a job's log without the power of commands.

A runner obeys lines of a log that look like commands (`::set-env …`, `##vso[…]`); names of customers end up in logs.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cspdecl_ci.environment import scrubbed

_COMMAND = re.compile(r"(?m)^(\s*):(:)|(#)(#)(?=\[|vso\[)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a verb ended: exit code, what it printed, what it said beside it."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cspdecl:
    """The command line for one project. `echo` gets what goes to the job's log."""

    project: Path
    environment: Mapping[str, str]
    echo: Callable[[str], None]

    def run(self, *words: str, stranger: bool = False, quiet: bool = False) -> Done:
        """One verb, run to its end. `stranger`: it sees nothing that opens a door.

        `-P`: the checkout is the folder the job stands in, and a file `yaml.py` in it is no module of ours.
        """
        done = subprocess.run(  # noqa: S603 - our own program, without a shell
            [sys.executable, "-P", "-m", "cspdecl", "-C", str(self.project), *words],
            env=scrubbed(self.environment) if stranger else dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        for text in (done.stderr, "" if quiet else done.stdout):
            if text.strip():
                self.echo(harmless(text))
        return Done(code=done.returncode, out=done.stdout, err=done.stderr)


def harmless(text: str) -> str:
    """The text with nothing that a runner would take for a command."""
    return _COMMAND.sub(lambda found: f"{found[1]}: :" if found[2] else "# #", text)


def git(folder: Path, *words: str) -> str | None:
    """What git says, or None where it refuses."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed program, no shell
            ["git", *words],  # noqa: S607 - git is looked up like any tool
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
