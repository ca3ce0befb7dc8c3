"""Between rows and values: what the tables of the store hold, read back as the words of core."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from cspdecl.core.address import Address
from cspdecl.core.plain import parse_instant
from cspdecl.core.records import LedgerRecord
from cspdecl.store.words import damaged


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


def texts_of(text: str, name: str) -> tuple[str, ...]:
    """A column's JSON list of text. Raises StoreDamaged where somebody else wrote into the store called `name`."""
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise damaged("CSP912", f"the store {name} holds a row that is not ours; bring it back from a backup")
    return tuple(found)


def operations_of(plan: str | None) -> dict[str, Any]:
    """The operations of a saved plan by id, wherever its format keeps them."""
    document = json.loads(plan) if plan else {}
    inner = document.get("cspdecl", document)
    return {item["id"]: item for item in inner.get("operations", ())}


def statements_of(script: str) -> Iterator[str]:
    """The script's statements one by one, so that they can run inside one transaction (triggers hold semicolons)."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
