"""The database that this folder's tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stores.postgres import Server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    server = Server()
    try:
        server.start()
        yield server
    finally:
        server.stop()
