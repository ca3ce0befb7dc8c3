"""The disk: which files are manifests, and their bytes. Never "nothing declared" where something could not be read.

Read are `*.yaml` and `*.yml` under the project's folder, in any folder; left out are hidden files and folders, the top
folder `prices/` and what `.cspdeclignore` names. Every failure is a diagnostic; only a root that is missing or holds
no manifest at all ends the command.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cspdecl.core.diagnostics import Diagnostic, Origin, error
from cspdecl.core.errors import ManifestError

IGNORE_FILE = ".cspdeclignore"
MAX_BYTES = 64 * 1024 * 1024  # a hundred thousand customers in one file; more is no manifest
_SUFFIXES = (".yaml", ".yml")
_PRICES = "prices"  # dated price lists lie here, far larger than manifests and read elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class FileText:
    """One manifest file as read. `path` is relative to the root, with `/` between its parts."""

    path: str
    data: bytes


@dataclass(slots=True, kw_only=True)
class _Walk:
    root: Path
    ignored: Callable[[str, bool], bool]
    found: list[str] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)
    seen: set[tuple[int, int]] = field(default_factory=set)


def find_files(root: Path) -> tuple[tuple[str, ...], tuple[Diagnostic, ...]]:
    """Paths of all manifests under `root`, sorted. Raises ManifestError when the root is no folder or holds none."""
    shown = str(root)
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        raise _unusable(
            error(
                "CSP104",
                f"the project folder {what}",
                origin=Origin(file=shown),
                hint="run cspdecl where `cspdecl.yaml` is, or say where that is",
            )
        )
    ignored, problems = _ignore_rules(root)
    walk = _Walk(root=root, ignored=ignored, problems=problems)
    status = root.stat()
    walk.seen.add((status.st_dev, status.st_ino))
    _walk(walk, root, "")
    if not walk.found:
        missing = error(
            "CSP103",
            "no manifest was found here",
            origin=Origin(file=shown),
            hint="manifests end in .yaml or .yml; `cspdecl init` makes a project to start from",
        )
        raise _unusable(*walk.problems, missing)
    return tuple(sorted(walk.found)), tuple(walk.problems)


def read_file(root: Path, path: str) -> FileText | Diagnostic:
    """One file's bytes, or why they could not be had."""
    try:
        # descriptors without Python's buffers: a third of the cost where there are thousands of small files
        handle = _open_without_waiting(f"{root}/{path}")
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                return _unreadable(path, "it is no regular file")
            if status.st_size > MAX_BYTES:
                return _unreadable(path, f"it is larger than {MAX_BYTES // 1024 // 1024} MiB")
            return FileText(path=path, data=_read_all(handle, status.st_size))
        finally:
            os.close(handle)
    except OSError as problem:
        return _unreadable(path, (problem.strerror or type(problem).__name__).lower())


def decode(file: FileText) -> str | Diagnostic:
    """The text of a file: UTF-8, with or without byte order mark."""
    data = file.data
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return error(
            "CSP102",
            "this file is UTF-16, not UTF-8",
            origin=Origin(file=file.path),
            line=1,
            column=1,
            hint="save it as UTF-8",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        before = data[: problem.start].decode("utf-8", "replace")
        column = len(before) - before.rfind("\n")
        return error(
            "CSP102",
            f"the byte 0x{data[problem.start]:02X} is not UTF-8",
            origin=Origin(file=file.path),
            line=before.count("\n") + 1,
            column=column,
            hint="save the file as UTF-8; umlauts in Latin-1 look like this",
        )


def _walk(walk: _Walk, folder: Path, prefix: str) -> None:
    try:
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda item: item.name):
                _visit(walk, entry, f"{prefix}{entry.name}")
    except OSError as problem:
        walk.problems.append(_unreadable(prefix or ".", (problem.strerror or "unreadable").lower()))


def _visit(walk: _Walk, entry: os.DirEntry[str], path: str) -> None:
    if entry.name.startswith("."):
        return
    if entry.is_dir():
        status = entry.stat()
        identity = (status.st_dev, status.st_ino)
        if path == _PRICES or walk.ignored(path, True) or identity in walk.seen:
            return
        walk.seen.add(identity)  # a linked folder is followed once
        _walk(walk, Path(entry.path), f"{path}/")
    elif entry.name.lower().endswith(_SUFFIXES) and not walk.ignored(path, False):
        try:
            path.encode()
        except UnicodeEncodeError:
            shown = path.encode("utf-8", "backslashreplace").decode()
            walk.problems.append(_unreadable(shown, "its name is not UTF-8"))
            return
        walk.found.append(path)


def _ignore_rules(root: Path) -> tuple[Callable[[str, bool], bool], list[Diagnostic]]:
    """What `.cspdeclignore` says, as a question (path, is it a folder?): one pattern a line, `#` begins a comment,
    a final `/` means folders only, a `/` elsewhere ties the pattern to the root."""
    problems: list[Diagnostic] = []
    rules: list[tuple[re.Pattern[str], bool, bool]] = []
    read = read_file(root, IGNORE_FILE) if (root / IGNORE_FILE).exists() else None
    text = decode(read) if isinstance(read, FileText) else read
    if isinstance(text, Diagnostic):
        problems.append(text)
    elif text:
        for number, line in enumerate(text.splitlines(), 1):
            pattern = line.strip()
            if not pattern or pattern.startswith("#"):
                continue
            if pattern.startswith("!"):
                problems.append(
                    error(
                        "CSP115",
                        f"`{pattern}` would take back an earlier pattern, which is not supported",
                        origin=Origin(file=IGNORE_FILE),
                        line=number,
                        column=1,
                        hint="name only what is to be left out",
                    )
                )
                continue
            folders = pattern.endswith("/")
            bare = pattern.strip("/")
            anchored = "/" in pattern.rstrip("/")
            rules.append((re.compile(fnmatch.translate(bare)), folders, anchored))

    def ignored(path: str, folder: bool) -> bool:
        name = path.rsplit("/", 1)[-1]
        return any(
            (folder or not folders) and pattern.match(path if anchored else name)
            for pattern, folders, anchored in rules
        )

    return ignored, problems


def _open_without_waiting(path: str) -> int:
    """A named pipe called x.yaml is refused, not waited for."""
    return os.open(
        path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )


def _read_all(handle: int, size: int) -> bytes:
    """Everything of a file, also where it grows meanwhile or a read ends early."""
    data = os.read(handle, size + 1)
    while more := os.read(handle, 1 << 20):
        data += more
    return data


def _unreadable(path: str, why: str) -> Diagnostic:
    return error(
        "CSP101",
        f"this cannot be read: {why}",
        origin=Origin(file=path),
        hint=f"make it readable, or name it in {IGNORE_FILE} if it is no manifest",
    )


def _unusable(*diagnostics: Diagnostic) -> ManifestError:
    return ManifestError(diagnostics[-1].message, diagnostics=diagnostics)
