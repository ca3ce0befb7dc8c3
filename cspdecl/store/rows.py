"""Between rows and values: what the tables of the store hold, read back as the words of core."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from cspdecl.core.address import Address
from cspdecl.core.plain import parse_instant
from cspdecl.core.records import LedgerRecord


def record_of(row: tuple[Any, ...]) -> LedgerRecord:
    """A row of the ledger."""
    seq, ident, address, recorded_at, body, previous, digest = row
    return LedgerRecord(
        seq=seq,
        id=ident,
        address=Address.parse(address),
        recorded_at=parse_instant(recorded_at),
        body=body,
        previous=previous,
        hash=digest,
    )


def statements_of(script: str) -> Iterator[str]:
    """The script's statements one by one, so that they can run inside one transaction (triggers hold semicolons)."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
