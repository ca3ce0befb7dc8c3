"""PostgreSQL keeps what every store has to keep."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from cspdecl.testing.store_suite import StoreSuite
from tests.stores.postgres import Server


class TestPostgres(StoreSuite):
    """A schema of its own for every test."""

    server: Server

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls, postgres: Server) -> None:
        cls.server = postgres

    def url(self, folder: Path) -> str:
        return self.server.url(schema(folder))

    def set_back(self, folder: Path) -> None:
        self.server.sql(
            schema(folder),
            "ALTER TABLE ledger DISABLE TRIGGER USER",
            "DELETE FROM ledger WHERE seq = (SELECT max(seq) FROM ledger)",
            "ALTER TABLE ledger ENABLE TRIGGER USER",
        )

    def alter(self, folder: Path) -> None:
        self.server.sql(
            schema(folder),
            "ALTER TABLE ledger DISABLE TRIGGER USER",
            "UPDATE ledger SET body = 'more' WHERE seq = 2",
            "ALTER TABLE ledger ENABLE TRIGGER USER",
        )


def schema(folder: Path) -> str:
    return f"t_{sha256(str(folder).encode()).hexdigest()[:24]}"
