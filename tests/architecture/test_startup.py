"""`cspdecl --help` answers at once, because it imports next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.source import ROOT

HEAVY = {
    "pydantic",
    "pydantic_core",
    "httpx",
    "msal",
    "deepdiff",
    "jsonschema",
    "yaml",
    "requests",
    "sqlite3",
    "asyncio",
}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["plan", "--help"]], ids=" ".join)
def test_help_imports_nothing_heavy(arguments: list[str]):
    """Help and version load neither a parser nor a validator, a client or a database."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cspdecl", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    timed = [line.rpartition("|")[2].strip() for line in run.stderr.splitlines() if line.startswith("import time:")]
    said = [line for line in run.stderr.splitlines() if not line.startswith("import time:")]
    loaded = {name.partition(".")[0] for name in timed}

    assert (0, []) == (run.returncode, said)
    assert "click" in loaded
    assert set() == loaded & HEAVY
