"""A writer that is killed: appends records to a store, and dies where it is told to. Run as a program by the tests."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from cspdecl.core.address import Address
from cspdecl.core.digest import canonical_json
from cspdecl.core.outcome import JournalEntry
from cspdecl.core.plain import instant_text
from cspdecl.core.records import LedgerHead, LedgerRecord
from cspdecl.spi.store import Batch
from cspdecl.store import sqlite
from cspdecl.store.sqlite import SqliteStore

NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)


def batch(head: LedgerHead) -> Batch:
    """One operation as the engine writes it: its outcome and the record that goes with it."""
    seq, address = head.seq + 1, Address("kunde", (f"zeile-{head.seq % 7}",))
    body = canonical_json(
        {
            "id": f"op-{seq}",
            "subject": str(address),
            "sequence": f"{seq:012d}",
            "recordedtime": instant_text(NOW),
            "data": {"text": "x" * 3000},
        }
    )
    digest = hashlib.sha256((head.hash + body).encode()).hexdigest()
    record = LedgerRecord(
        seq=seq, id=f"op-{seq}", address=address, recorded_at=NOW, body=body, previous=head.hash, hash=digest
    )
    return Batch(journal=[JournalEntry(run="run", op=f"op-{seq}", kind="outcome", at=NOW)], ledger=[record])


def die() -> None:
    """As a power cut does it: no handler, no cleanup."""
    os.kill(os.getpid(), signal.SIGKILL)


def write_and_die_at(path: Path, statement: int) -> None:
    """Commit one batch and die before the given SQL statement of it is carried out."""
    store = SqliteStore(path, create=True)
    made = batch(store.head())
    seen = 0

    def count(_text: str) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            die()

    store._db.set_trace_callback(count)
    store.commit(made)
    store.close()


def write_and_die_around_the_checkpoint(path: Path, *, renamed: bool) -> None:
    """Commit one batch and die between transaction and checkpoint, or between the checkpoint's writing and renaming."""
    if renamed:
        Path.replace = lambda *_: die()  # type: ignore[method-assign, assignment]
    else:
        setattr(sqlite, "write_checkpoint", lambda *_: die())  # noqa: B010 - a name the module does not export
    store = SqliteStore(path, create=True)
    store.commit(batch(store.head()))


def write_forever(path: Path) -> None:
    """Commit batch after batch, saying which one is on disk."""
    store = SqliteStore(path, create=True)
    while True:
        store.commit(batch(store.head()))
        sys.stdout.write(f"{store.head().seq}\n")
        sys.stdout.flush()


def every_statement(folder: Path) -> None:
    """One child for each statement of a batch, until one survives; says how many died."""
    for statement in range(1, 100):
        path = folder / f"at-{statement}" / "store.db"
        first = SqliteStore(path, create=True)
        first.commit(batch(first.head()))
        first.close()
        child = os.fork()
        if child == 0:
            write_and_die_at(path, statement)
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.stdout.write(f"{statement - 1}\n")
            return
    raise AssertionError("no batch has a hundred statements")


if __name__ == "__main__":
    what, where = sys.argv[1], Path(sys.argv[2])
    if what == "forever":
        write_forever(where)
    elif what == "statements":
        every_statement(where)
    else:
        write_and_die_around_the_checkpoint(where, renamed=what == "renaming")
