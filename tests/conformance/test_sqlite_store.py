"""One SQLite file keeps what every store has to keep."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from cspdecl.testing.store_suite import StoreSuite


class TestSqlite(StoreSuite):
    """The default store."""

    def url(self, folder: Path) -> str:
        return "sqlite:store.db"

    def set_back(self, folder: Path) -> None:
        with sqlite3.connect(folder / "store.db") as db:
            db.execute("DROP TRIGGER ledger_is_never_shortened")
            db.execute("DELETE FROM ledger WHERE seq = (SELECT max(seq) FROM ledger)")
        db.close()

    def alter(self, folder: Path) -> None:
        with sqlite3.connect(folder / "store.db") as db:
            db.execute("DROP TRIGGER ledger_is_never_edited")
            db.execute("UPDATE ledger SET body = 'more' WHERE seq = (SELECT max(seq) FROM ledger)")
        db.close()
