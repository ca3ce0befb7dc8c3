"""A folder of manifests to (Project, DesiredState): files → yaml → gate → compile, with the cache in between."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cspdecl.core.desired import DesiredState
from cspdecl.core.diagnostics import Diagnostic, has_errors, sort_diagnostics, warning
from cspdecl.core.digest import digest_of, sha256
from cspdecl.core.errors import ManifestError
from cspdecl.core.project import Project
from cspdecl.manifest.cache import Cache
from cspdecl.manifest.compile import compile_documents
from cspdecl.manifest.files import FileText, decode, find_files, read_file
from cspdecl.manifest.gate import Broken, Checked
from cspdecl.manifest.text import FileChecked, check_text
from cspdecl.manifest.v1 import Customer
from cspdecl.manifest.v1_test import Test
from cspdecl.manifest.yaml import has_libyaml

_MANY = 500  # files from which on the collector is told that what was loaded stays


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSeen:
    """A file as it was when read."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a folder of manifests says, or what is wrong with it.

    `desired` is None as soon as there is one error. `project` is None only when the project itself is in doubt.
    `shared`: documents that are nobody's own: the project, bundles, price books; `tests`: expectations, which declare
    nothing.
    """

    root: Path
    project: Project | None
    desired: DesiredState | None
    diagnostics: tuple[Diagnostic, ...]
    files: tuple[FileSeen, ...]
    shared: tuple[Checked, ...] = ()
    tests: tuple[Checked, ...] = ()

    def source(self, path: str) -> bytes | None:
        """The bytes of a file that was read, for showing the lines of a diagnostic; None when it has changed since."""
        seen = next((item for item in self.files if item.path == path), None)
        if seen is None and path != ".cspdeclignore":
            return None
        read = read_file(self.root, path)
        if isinstance(read, Diagnostic) or (seen and sha256(read.data) != seen.sha256):
            return None
        return read.data

    def checked(self) -> tuple[Project, DesiredState]:
        """Project and DesiredState. Raises ManifestError, with all diagnostics, when there is an error."""
        if self.project is None or self.desired is None:
            count = sum(1 for item in self.diagnostics if item.severity == "error")
            raise ManifestError(f"{count} error{'s'[: count != 1]} in the manifests", diagnostics=self.diagnostics)
        return self.project, self.desired


def load_manifests(root: Path, *, now: datetime, cache: Cache | None = None) -> Loaded:
    """Read and compile everything under `root`. Raises ManifestError when the root is missing or holds no manifest;
    everything else that is wrong is in the result's diagnostics."""
    paths, problems = find_files(root)
    diagnostics = list(problems)
    files: list[FileSeen] = []
    checked: list[Checked] = []
    broken: list[Broken] = []
    complete = not has_errors(diagnostics)
    with _collector_off(len(paths)):
        for path in paths:
            read = read_file(root, path)
            if isinstance(read, Diagnostic):
                diagnostics.append(read)
                complete = False
                continue
            seen = FileSeen(path=path, sha256=sha256(read.data), bytes=len(read.data))
            files.append(seen)
            known = cache.get(path, seen.sha256) if cache else None
            if known is not None:
                checked += known
                continue
            result = check_file(read)
            diagnostics += result.diagnostics
            checked += result.checked
            broken += result.broken
            complete = complete and result.whole
            if cache and not result.diagnostics:
                cache.put(path, seen.sha256, result.checked)
        digest = digest_of([[item.path, item.sha256] for item in files])
        compiled = compile_documents(checked, now, digest=digest, broken=broken, complete=complete)
    if cache:
        cache.save()
    if not has_libyaml():
        diagnostics.append(
            warning(
                "CSP113",
                "PyYAML was installed without libyaml: reading is about twenty times slower",
                hint="install a PyYAML wheel, or build it with libyaml's headers",
            )
        )
    return Loaded(
        root=root,
        project=compiled.project,
        desired=None if has_errors(diagnostics) else compiled.desired,
        diagnostics=sort_diagnostics((*diagnostics, *compiled.diagnostics)),
        files=tuple(files),
        shared=tuple(item for item in checked if not isinstance(item.value, Customer | Test)),
        tests=tuple(item for item in checked if isinstance(item.value, Test)),
    )


def check_file(file: FileText) -> FileChecked:
    """The documents of one file, each against its kind."""
    text = decode(file)
    if isinstance(text, Diagnostic):
        return FileChecked(checked=(), broken=(), diagnostics=(text,), whole=False)
    return check_text(text, file.path)


@contextmanager
def _collector_off(files: int) -> Iterator[None]:
    """No cyclic collection while plain trees are built: it was half of the time of a large load, for nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
            if files >= _MANY:
                gc.freeze()
