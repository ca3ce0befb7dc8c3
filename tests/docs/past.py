"""What a scene's past needs and no command makes: a run that died, a book that somebody wrote in."""

from __future__ import annotations

import socket
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from cspdecl.spi.store import LockOwner
from cspdecl.store.sqlite import SqliteStore

STORE = Path(".cspdecl/store.db")


def dead_run(run: str) -> None:
    """A run of this name holds the project, and its process is gone."""
    since = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
    owner = LockOwner(run=run, command="apply", host=socket.gethostname(), pid=4_194_304, user="runner", since=since)
    with closing(SqliteStore(STORE, create=False)) as store:
        store.lock(owner)


def altered(sequence: str) -> None:
    """Somebody went at the file itself and changed what a record says."""
    with closing(sqlite3.connect(STORE)) as database:
        database.execute("DROP TRIGGER ledger_is_never_edited")
        database.execute("UPDATE ledger SET body = replace(body, '2026', '2025') WHERE seq = ?", (int(sequence),))
        database.commit()


if __name__ == "__main__":
    {"dead-run": dead_run, "altered": altered}[sys.argv[1]](sys.argv[2])
