"""Notes in the SQLite store: small texts by name, kept between runs, in a table that older stores get when needed."""

from __future__ import annotations

import sqlite3

_TABLE = "CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID"


def read_note(db: sqlite3.Connection, name: str) -> str | None:
    """The note, or None where there is none, or no table of notes yet."""
    if not db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'notes'").fetchone():
        return None
    row = db.execute("SELECT text FROM notes WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def write_note(db: sqlite3.Connection, name: str, text: str) -> None:
    """The note in the place of the one before. Within a transaction of the caller's."""
    db.execute(_TABLE)
    db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, text))
