"""Finding and reading files: everything is read or complained about, nothing is silently absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cspdecl.core.diagnostics import Diagnostic
from cspdecl.core.errors import ManifestError
from cspdecl.manifest.files import MAX_BYTES, FileText, decode, find_files, read_file


def plant(root: Path, *paths: str) -> None:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x: 1\n", "utf-8")


def refused(root: Path) -> list[str]:
    with pytest.raises(ManifestError) as raised:
        find_files(root)
    assert raised.value.exit_code == 65
    return [item.code for item in raised.value.diagnostics]


def test_manifests_are_found_in_every_folder(tmp_path: Path):
    """Every .yaml and .yml counts, whatever its folder, its depth or its case; the order is that of the paths."""
    plant(
        tmp_path,
        "cspdecl.yaml",
        "customers/b.yml",
        "customers/a.yaml",
        "x/y/z.YAML",
        "readme.md",
        "customers/prices/p.yaml",
    )

    assert (
        "cspdecl.yaml",
        "customers/a.yaml",
        "customers/b.yml",
        "customers/prices/p.yaml",
        "x/y/z.YAML",
    ) == find_files(tmp_path)[0]


def test_hidden_things_and_prices_are_left_out(tmp_path: Path):
    """Working files, price lists and other tools' hidden files are no manifests."""
    plant(tmp_path, "a.yaml", ".git/b.yaml", ".cspdecl/c.yaml", "prices/d.yaml", ".pre-commit-config.yaml")

    assert ("a.yaml",) == find_files(tmp_path)[0]


def test_the_ignore_file_leaves_out_what_it_names(tmp_path: Path):
    """A name matches anywhere, a path from the root, a final slash folders only."""
    plant(
        tmp_path,
        "a.yaml",
        "docker-compose.yaml",
        "x/docker-compose.yaml",
        "scratch/b.yaml",
        "x/scratch.yaml",
        "x/c.yaml",
    )
    plant(tmp_path, "x/d-test.yaml", "c.yaml")
    (tmp_path / ".cspdeclignore").write_text(
        "# other tools\ndocker-compose.yaml\n\nscratch/\n/c.yaml\n*-test.yaml\n", "utf-8"
    )

    assert ("a.yaml", "x/c.yaml", "x/scratch.yaml") == find_files(tmp_path)[0]


def test_an_ignore_file_that_cannot_be_read_is_an_error(tmp_path: Path):
    """What would be left out is not known, so nothing is assumed."""
    plant(tmp_path, "a.yaml")
    (tmp_path / ".cspdeclignore").mkdir()

    assert ["CSP101"] == [item.code for item in find_files(tmp_path)[1]]


def test_a_missing_root_is_not_an_empty_project(tmp_path: Path):
    """A folder that is not there, a file in its place, and a folder without manifests end the command with 65."""
    (tmp_path / "file").write_text("x", "utf-8")
    (tmp_path / "empty").mkdir()

    assert ["CSP104"] == refused(tmp_path / "nowhere")
    assert ["CSP104"] == refused(tmp_path / "file")
    assert ["CSP103"] == refused(tmp_path / "empty")


def test_linked_folders_are_followed_once(tmp_path: Path):
    """A link to a folder of customers counts, a link that leads back to the root does not go round for ever."""
    plant(tmp_path, "project/cspdecl.yaml", "elsewhere/customer.yaml")
    (tmp_path / "project/customers").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "project/loop").symlink_to(tmp_path / "project")

    assert ("cspdecl.yaml", "customers/customer.yaml") == find_files(tmp_path / "project")[0]


@pytest.mark.parametrize("make", ["broken link", "pipe", "folder", "missing", "huge"])
def test_what_cannot_be_read_is_an_error(make: str, tmp_path: Path):
    """A file that is listed and cannot be read is named; the walk neither waits for it nor passes over it."""
    file = tmp_path / "a.yaml"
    if make == "broken link":
        file.symlink_to(tmp_path / "gone")
    elif make == "pipe":
        os.mkfifo(file)
    elif make == "folder":
        file.mkdir()
    elif make == "huge":
        with file.open("wb") as stream:
            stream.truncate(MAX_BYTES + 1)
    result = read_file(tmp_path, "a.yaml")

    assert isinstance(result, Diagnostic)
    assert "CSP101" == result.code


def test_a_broken_link_is_found(tmp_path: Path):
    """A customer's file that is a dangling link is an error later, not an absent customer."""
    plant(tmp_path, "cspdecl.yaml")
    (tmp_path / "kunde.yaml").symlink_to(tmp_path / "gone")

    assert ("cspdecl.yaml", "kunde.yaml") == find_files(tmp_path)[0]


def test_a_folder_that_vanishes_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whatever the system answers while listing, it becomes a diagnostic."""
    plant(tmp_path, "cspdecl.yaml", "customers/a.yaml")
    listing = os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name == "customers":
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found, problems = find_files(tmp_path)

    assert ("cspdecl.yaml",) == found
    assert [("CSP101", "this cannot be read: permission denied")] == [(item.code, item.message) for item in problems]


def test_a_name_that_is_no_text_is_an_error(tmp_path: Path):
    """A file name in another encoding has no address; it is shown with escapes."""
    plant(tmp_path, "cspdecl.yaml")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/m\xfchlbach.yaml")).write_text("x: 1\n", "utf-8")
    found, (problem,) = find_files(tmp_path)

    assert ("cspdecl.yaml",) == found
    assert problem.origin is not None
    assert ("CSP101", "m\\udcfchlbach.yaml") == (problem.code, problem.origin.file)


def test_a_byte_order_mark_is_no_text():
    """UTF-8 with a mark is UTF-8."""
    assert "ä" == decode(FileText(path="a", data=b"\xef\xbb\xbf\xc3\xa4"))


@pytest.mark.parametrize(
    ("data", "place"), [(b"a: \xe4", (1, 4)), ("ä\nö: ".encode() + b"\xff", (2, 4)), ("x".encode("utf-16"), (1, 1))]
)
def test_other_encodings_have_a_place(data: bytes, place: tuple[int, int]):
    """The first byte that is not UTF-8 is shown by line and column, counted in characters."""
    found = decode(FileText(path="a", data=data))

    assert isinstance(found, Diagnostic)
    assert ("CSP102", place) == (found.code, (found.line, found.column))
