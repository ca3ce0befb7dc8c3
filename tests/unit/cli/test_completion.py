"""Shell completion as a shell asks for it: a real bash with the script that `cspdecl completion bash` prints."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

ASK = """\
eval "$(cspdecl completion bash)" 2>/dev/null
complete -p cspdecl >/dev/null || exit 3
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_cspdecl_completion cspdecl "${COMP_WORDS[COMP_CWORD]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The starter project, and a `cspdecl` on the path that is this checkout's."""
    shutil.copytree(ROOT / "manifests/starter", tmp_path / "p")
    program = tmp_path / "bin/cspdecl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cspdecl "$@"\n')
    program.chmod(0o755)
    return tmp_path / "p"


def suggested(project: Path, *words: str) -> list[str]:
    """What bash suggests behind these words."""
    done = subprocess.run(
        ["bash", "-c", ASK, "bash", *words], cwd=project, capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": f"{(project if project.name == 'bin' else project.parent / 'bin')}{os.pathsep}{os.environ['PATH']}",
             "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["cspdecl", "va"], ["validate"]),
        (["cspdecl", "plan", "--customer", ""], ["harbour-logistics", "riverside-dental"]),
        (["cspdecl", "plan", "--customer", "riv"], ["riverside-dental"]),
        (["cspdecl", "plan", "--label", "segment"], ["segment=health", "segment=logistics"]),
        (["cspdecl", "explain", "CSP15"], ["CSP151", "CSP152"]),
        (["cspdecl", "schema", "cus"], ["customer"]),
    ],
)
def test_bash_suggests_what_is_there(project: Path, words: list[str], expected: list[str]):
    """Verbs, and from local files customers, labels, codes and schemas."""
    assert expected == suggested(project, *words)


def test_what_cannot_be_read_suggests_nothing(project: Path):
    """A folder without manifests: no suggestion, no word about it in the middle of somebody's typing."""
    assert [] == suggested(project.parent / "bin", "cspdecl", "plan", "--customer", "")
