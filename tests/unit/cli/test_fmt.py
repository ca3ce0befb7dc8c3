"""`cspdecl fmt`: what it writes, what it leaves alone, and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TIDY = "apiVersion: cspdecl/v1\nkind: Customer\nmetadata: {name: a}\nspec:\n  - 1  # one\n"
UNTIDY = "kind: Customer\napiVersion:   cspdecl/v1\nmetadata: { name: a }\nspec:\n- 1 # one\n"


def fmt(folder: Path, *arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
    """Run `cspdecl fmt` in a folder: exit code, stdout, stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "cspdecl", "fmt", *arguments],
        cwd=folder, input=stdin, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with an untidy file, a tidy one and one that is no YAML."""
    (tmp_path / "customers").mkdir()
    (tmp_path / "customers/a.yaml").write_text(UNTIDY)
    (tmp_path / "customers/b.yaml").write_text(TIDY)
    return tmp_path


def test_check_writes_nothing_and_ends_with_2(folder: Path):
    """`--check` names what has another layout and shows the difference on wish."""
    code, out, err = fmt(folder, "--check", "--diff")

    assert (2, UNTIDY) == (code, (folder / "customers/a.yaml").read_text())
    assert "customers/a.yaml: would be laid out" in err
    assert "+  - 1  # one" in out.splitlines()


def test_it_lays_out_and_then_has_nothing_to_do(folder: Path):
    """The file has the layout, its rights are as they were, and a second run changes nothing."""
    file = folder / "customers/a.yaml"
    file.chmod(0o640)

    assert 0 == fmt(folder)[0]
    assert (TIDY, 0o640) == (file.read_text(), file.stat().st_mode & 0o777)
    assert (0, "2 files looked at, 0 to lay out\n") == fmt(folder, "--check")[::2]


def test_a_broken_file_is_left_alone_and_the_others_are_not(folder: Path):
    """One file is no YAML: 65, its diagnostic, its bytes as they were; the next one is laid out."""
    (folder / "customers/0.yaml").write_text("a: 1\na: 2\n")

    code, _, err = fmt(folder)

    assert (65, True) == (code, "CSP107" in err)
    assert "a: 1\na: 2\n" == (folder / "customers/0.yaml").read_text()
    assert TIDY == (folder / "customers/a.yaml").read_text()


def test_files_and_folders_can_be_named(folder: Path):
    """Only what is named is touched; a link stays a link."""
    (folder / "other").mkdir()
    (folder / "other/c.yaml").write_text(UNTIDY)
    (folder / "link.yaml").symlink_to("other/c.yaml")

    assert 0 == fmt(folder, "link.yaml")[0]
    assert (True, TIDY) == ((folder / "link.yaml").is_symlink(), (folder / "other/c.yaml").read_text())
    assert UNTIDY == (folder / "customers/a.yaml").read_text()
    assert 0 == fmt(folder, "customers")[0]
    assert TIDY == (folder / "customers/a.yaml").read_text()


def test_stdin_to_stdout(folder: Path):
    """Editors hand the text in and take it back; text that is no good prints nothing."""
    assert (0, TIDY, "") == fmt(folder, "-", stdin=UNTIDY.encode())
    assert 2 == fmt(folder, "--check", "-", stdin=UNTIDY.encode())[0]
    assert (65, "") == fmt(folder, "-", stdin=b"a: 1\na: 2\n")[:2]


def test_a_file_that_is_not_there(folder: Path):
    """A name that leads nowhere is said so, without a traceback."""
    code, _, err = fmt(folder, "nobody.yaml")

    assert (65, True, False) == (code, "CSP101" in err, "Traceback" in err)
