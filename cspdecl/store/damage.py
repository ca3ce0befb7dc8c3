"""What can be wrong with a store's file, found by looking at it and named in a sentence."""

from __future__ import annotations

import sqlite3

from cspdecl.core.digest import sha256
from cspdecl.core.records import GENESIS, LedgerHead
from cspdecl.spi.keeping import shorter
from cspdecl.store.checkpoint import Checkpoint


def find_damage(db: sqlite3.Connection, known: Checkpoint, name: str) -> str | None:
    """Compare file and checkpoint. Whether every single record is unchanged is `billing.chain.verify`'s question."""
    verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        return f"{name} is damaged: {verdict}; bring it back from a backup (CSP912)"
    count, last = db.execute("SELECT count(*), coalesce(max(seq), 0) FROM ledger").fetchone()
    if count != last:
        return f"{last - count} records are missing from the ledger; `cspdecl ledger verify` says which (CSP911)"
    entries, newest = db.execute("SELECT count(*), coalesce(max(n), 0) FROM journal").fetchone()
    if entries != newest:
        return f"{newest - entries} entries are missing from the journal; bring {name} back from a backup (CSP911)"
    row = db.execute("SELECT seq, previous, body, hash FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
    head = LedgerHead(seq=row[0], hash=row[3]) if row else LedgerHead()
    if row and sha256(row[1] + row[2]) != row[3]:
        return f"the last record of the ledger ({row[0]}) was altered (CSP911)"
    if head.seq < known.seq:
        return f"{shorter(known.seq, head, name)} (CSP910)"
    if newest < known.journal:
        return f"the journal was cut: its checkpoint remembers {known.journal} entries, {newest} are there (CSP910)"
    there = db.execute("SELECT hash FROM ledger WHERE seq = ?", (known.seq,)).fetchone()
    if (there[0] if there else GENESIS) != known.hash:
        return f"the ledger was exchanged: record {known.seq} is not the one its checkpoint remembers (CSP911)"
    return None
