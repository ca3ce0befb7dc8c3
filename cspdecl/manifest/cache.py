"""The parse cache: files by content → their checked documents, so that a second run reads no YAML.

One file under `.cspdecl/cache/`, a line an entry: digest of the manifest's bytes, digest of the rest of the line, the
documents as JSON. Its name holds a digest of the code that made it. Whatever is damaged, from elsewhere or unreadable
counts as absent; writing is atomic, and failing to write costs nothing but the time of the next run.
"""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
from pathlib import Path
from typing import Any

import pydantic
import yaml
from pydantic import TypeAdapter, ValidationError

from cspdecl import __version__
from cspdecl.core.digest import digest_of, sha256
from cspdecl.manifest import countries, gate, shapes, v1, v1_guards, v1_lines, v1_people, wire
from cspdecl.manifest import yaml as our_yaml
from cspdecl.manifest.gate import Checked

_Entry = list[tuple[int, v1.Document]]


class Cache:
    """What was read before. `get` answers from it, `put` adds to it, `save` writes it when something was added."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / f"manifests-{code_version()[:16]}.jsonl"
        self._lines = _read(self._file)
        self._used: dict[str, bytes] = {}
        self._changed = False

    def get(self, path: str, digest: str) -> tuple[Checked, ...] | None:
        """The documents of a file with these bytes, under its present path; None when they are not known."""
        line = self._lines.get(digest)
        if line is None:
            return None
        try:
            entry = _adapter().validate_json(line)
        except ValidationError:
            return None
        self._used[digest] = line
        return tuple(Checked(file=path, index=index, value=document) for index, document in entry)

    def put(self, path: str, digest: str, documents: tuple[Checked, ...]) -> None:
        """Remember the documents of a file that had nothing wrong with it."""
        entry: _Entry = [(item.index, item.value) for item in documents]
        self._used[digest] = _adapter().dump_json(entry, by_alias=True, exclude_defaults=True)
        self._changed = True

    def save(self) -> None:
        """Write what this run used; what it did not use is forgotten."""
        if not self._changed and len(self._used) == len(self._lines):
            return
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=".manifests-")
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.writelines(_line(digest, data) for digest, data in self._used.items())
                Path(name).replace(self._file)
            except OSError:
                Path(name).unlink(missing_ok=True)
                return
            for old in self._file.parent.glob("manifests-*.jsonl"):
                if old != self._file:
                    old.unlink()


def _line(digest: str, data: bytes) -> bytes:
    return f"{digest} {sha256(data)} ".encode() + data + b"\n"


def _read(file: Path) -> dict[str, bytes]:
    """The entries of a cache file that are as they were written."""
    found: dict[str, bytes] = {}
    try:
        with file.open("rb") as stream:
            for line in stream:
                digest, _, rest = line.partition(b" ")
                check, _, data = rest.rstrip(b"\n").partition(b" ")
                if sha256(data).encode() == check:
                    found[digest.decode("ascii", "replace")] = data
    except OSError:
        return {}
    return found


@functools.cache
def code_version() -> str:
    """A digest of the code that decides what an entry holds."""
    sources: list[str] = [__version__, pydantic.VERSION, yaml.__version__]
    for module in (our_yaml, v1, v1_guards, v1_lines, v1_people, wire, shapes, countries, gate):
        try:
            sources.append(sha256(Path(str(module.__file__)).read_bytes()))
        except OSError:
            sources.append(module.__name__)  # no source at hand: the version has to do
    return digest_of(sources)


@functools.cache
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(_Entry)
