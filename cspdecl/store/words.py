"""What the database says, in words of this project: a full disk, a busy file or a damaged one is no traceback."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cspdecl.core.errors import CspdeclError, TryLater
from cspdecl.spi.keeping import damaged, unusable


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours. Whatever happened, an open transaction was rolled back by whoever opened it."""
    try:
        yield
    except sqlite3.Error as problem:
        raise _translated(problem, path.name) from problem


def _translated(problem: sqlite3.Error, name: str) -> CspdeclError:
    code = getattr(problem, "sqlite_errorcode", None)
    primary = code & 0xFF if code is not None else None
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return TryLater(f"the store {name} is busy: another process is writing to it; try again")
    if primary == sqlite3.SQLITE_FULL:
        return unusable("CSP915", f"the disk of the store {name} is full; nothing of this step was written there")
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return unusable("CSP915", f"the store {name} cannot be written: file or folder are read-only")
    if primary == sqlite3.SQLITE_CANTOPEN:
        return unusable("CSP915", f"the store {name} cannot be opened: is its folder there and readable?")
    if primary == sqlite3.SQLITE_IOERR:
        return unusable("CSP915", f"the disk of the store {name} does not answer as it should ({problem})")
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged("CSP912", f"the store {name} is damaged ({problem}); bring it back from a backup")
    return damaged("CSP912", f"the store {name} refuses: {problem}")
