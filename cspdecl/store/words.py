"""What the database says, in words of this project: a full disk, a busy file or a damaged one is no traceback."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cspdecl.core.diagnostics import error
from cspdecl.core.errors import ConfigurationError, CspdeclError, StoreDamaged, TryLater
from cspdecl.spi.store import LockOwner


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


def damaged(code: str, message: str) -> StoreDamaged:
    """A store that cannot be trusted, with the code that `cspdecl explain` knows."""
    return StoreDamaged(message, diagnostics=(error(code, message),))


def unusable(code: str, message: str) -> ConfigurationError:
    """A store that cannot be used as things are, with its code."""
    return ConfigurationError(message, diagnostics=(error(code, message),))


def held_by(owner: LockOwner) -> str:
    """Who holds the project, for whoever is refused."""
    link = f", {owner.link}" if owner.link else ""
    return (
        f"`{owner.command}` of {owner.user} on {owner.host} (process {owner.pid}) holds this project "
        f"since {owner.since:%Y-%m-%d %H:%M} UTC{link}; its run is {owner.run}"
    )


def died(owner: LockOwner, host: str) -> bool:
    """Whether the owner's process is surely gone: only ever known on our own host."""
    if owner.host != host or os.name == "nt":  # there, asking a process is ending it
        return False
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False
