"""The hooks for pre-commit: their entries, run as pre-commit runs them, on the files that their patterns pick."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a project in a folder of its own, and YAML that is nobody's manifest."""
    shutil.copytree(ROOT / "manifests/starter", tmp_path / "nordlicht")
    (tmp_path / ".github/workflows").mkdir(parents=True)
    (tmp_path / ".github/workflows/ci.yaml").write_text("on:   push\n")
    return tmp_path


def run(repository: Path, name: str, *, at: str = ".") -> tuple[int, str]:
    """Run a hook as `pre-commit run --all-files` would: its entry with the files that match, from the top folder."""
    hook = HOOKS[name]
    files = sorted(path.relative_to(repository).as_posix() for path in repository.rglob("*.y*ml"))
    picked = [file for file in files if re.search(hook["files"], file)] if hook.get("pass_filenames", True) else []
    program, *words = shlex.split(hook["entry"])
    assert program == "cspdecl"
    done = subprocess.run(
        [sys.executable, "-m", "cspdecl", *words, *picked], cwd=repository / at, capture_output=True, text=True,
        check=False, env={**os.environ, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_ids_and_what_pre_commit_asks_for():
    """Three hooks, in Python, for YAML files, each with the version of pre-commit that it needs."""
    assert ["cspdecl-validate", "cspdecl-fmt", "cspdecl-policy"] == list(HOOKS)
    assert {("python", ("yaml",), "3.2.0")} == {
        (hook["language"], tuple(hook["types"]), hook["minimum_pre_commit_version"]) for hook in HOOKS.values()
    }


def test_clean_manifests_pass(repository: Path):
    """On the starter project all hooks end with 0, and none touches what is no manifest."""
    assert [0, 0, 0] == [
        run(repository, "cspdecl-validate")[0],
        run(repository, "cspdecl-fmt")[0],
        run(repository, "cspdecl-policy", at="nordlicht")[0],
    ]
    assert "on:   push\n" == (repository / ".github/workflows/ci.yaml").read_text()


def test_what_is_wrong_stops_a_commit(repository: Path):
    """An unknown key ends with 65 and its place; an untidy file is laid out, which pre-commit counts as a failure;
    a plan that is not as expected ends with 1."""
    customer = repository / "nordlicht/customers/riverside-dental.yaml"
    text = customer.read_text("utf-8")

    customer.write_text(text.replace("seats: 5,", "seets: 5,"), "utf-8")
    code, said = run(repository, "cspdecl-validate")
    assert (65, True) == (code, "customers/riverside-dental.yaml:" in said and "`seets`" in said)

    customer.write_text(text.replace("kind: Customer", "kind:   Customer"), "utf-8")
    assert 0 == run(repository, "cspdecl-fmt")[0]
    assert text == customer.read_text("utf-8")

    customer.write_text(text.replace("P1M, seats: 1", "P1M, seats: 2, trial: false"), "utf-8")
    project = repository / "nordlicht/cspdecl.yaml"
    project.write_text(project.read_text("utf-8").replace("maxSeatsPerChange: 50", "maxSeatsPerChange: 5000"), "utf-8")
    code, said = run(repository, "cspdecl-policy", at="nordlicht")
    assert (1, True) == (code, "a-typing-error-stops" in said)
