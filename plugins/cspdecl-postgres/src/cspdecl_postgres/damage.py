"""What can be wrong with a store's tables, found by the database itself and named in a sentence."""

from __future__ import annotations

from typing import Any

import psycopg

from cspdecl.core.records import LedgerHead
from cspdecl.spi.keeping import shorter

_TORN = (
    "SELECT seq FROM (SELECT seq, previous, body, hash, lag(hash) OVER (ORDER BY seq) AS before FROM ledger) AS chain "
    "WHERE previous <> coalesce(before, repeat('0', 64)) "
    "OR hash <> encode(sha256(convert_to(previous || body, 'UTF8')), 'hex') ORDER BY seq LIMIT 1"
)


def find_damage(db: psycopg.Connection[tuple[Any, ...]], shown: str) -> str | None:
    """Compare journal and ledger with what the store remembers of them, and every record with the one before it.

    Within a transaction of the caller's.
    """
    [(known, digest, noted)] = db.execute("SELECT ledger_seq, ledger_hash, journal_n FROM store").fetchall()
    [(count, seq)] = db.execute("SELECT count(*), coalesce(max(seq), 0) FROM ledger").fetchall()
    [(entries,)] = db.execute("SELECT count(*) FROM journal").fetchall()
    if seq < known:
        return f"{shorter(known, LedgerHead(seq=seq), shown)} (CSP910)"
    if count != seq:
        return f"{seq - count} records are missing from the ledger; `cspdecl ledger verify` says which (CSP911)"
    for (torn,) in db.execute(_TORN).fetchall():
        return f"record {torn} of the ledger was altered (CSP911)"
    for (last,) in db.execute("SELECT hash FROM ledger ORDER BY seq DESC LIMIT 1").fetchall():
        if last != digest:
            return "the ledger was exchanged: its last record is not the one the store remembers (CSP911)"
    if entries != noted:
        return f"the journal holds {entries} entries, the store remembers {noted} (CSP911)"
    return None
