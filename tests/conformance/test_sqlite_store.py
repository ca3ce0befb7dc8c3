"""The store that ships keeps what every store has to keep."""

from __future__ import annotations

from pathlib import Path

from cspdecl.spi.store import Store
from cspdecl.store.open import open_store
from cspdecl.testing.store_suite import StoreSuite


class TestSqlite(StoreSuite):
    """One SQLite file."""

    def open_store(self, folder: Path) -> Store:
        return open_store("sqlite:store.db", folder, create=True)
