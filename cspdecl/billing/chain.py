"""The ledger's chain: every record carries the hash of the one before, so that no change to the past goes unseen.

hash = sha256(previous hash ‖ body), where body is the record's canonical JSON and already holds its number and time.
Anybody can check an exported ledger: take `prev_hash` and `record_hash` out of `data`, write the rest canonically
(keys sorted, no blanks, UTF-8), put the previous hash in front, and hash.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from cspdecl.billing.document import body_of
from cspdecl.core.diagnostics import Diagnostic, error
from cspdecl.core.digest import sha256
from cspdecl.core.plain import instant_text
from cspdecl.core.records import BillingChange, LedgerHead, LedgerRecord


def seal(change: BillingChange, head: LedgerHead, recorded_at: datetime) -> LedgerRecord:
    """The change as the record that follows `head`."""
    seq = head.seq + 1
    body = body_of(change, seq=seq, recorded_at=recorded_at)
    return LedgerRecord(
        seq=seq,
        id=change.id,
        address=change.address,
        recorded_at=recorded_at,
        body=body,
        previous=head.hash,
        hash=sha256(head.hash + body),
    )


def verify(records: Iterable[LedgerRecord], head: LedgerHead | None = None) -> tuple[Diagnostic, ...]:
    """Every way in which `records` (a whole ledger, in stored order) were changed after they were written.

    `head` is where the ledger should end, best from a checkpoint kept elsewhere: only that shows a cut end.
    """
    return tuple(_findings(records, head))


def _findings(records: Iterable[LedgerRecord], head: LedgerHead | None) -> Iterator[Diagnostic]:
    last = LedgerHead()
    seen: set[str] = set()
    for record in records:
        if record.seq != last.seq + 1:
            yield _gap(record, last.seq)
        if record.id in seen:
            yield error("CSP903", f"record {record.seq} repeats the id of an earlier one ({record.id[:16]})")
        seen.add(record.id)
        if sha256(record.previous + record.body) != record.hash:
            yield error("CSP901", f"record {record.seq} was altered: its content does not fit its hash")
        elif record.previous != last.hash and record.seq == last.seq + 1:
            what = f"does not follow record {last.seq}" if last.seq else "does not begin a ledger"
            yield error("CSP901", f"record {record.seq} {what}: one of the two was replaced")
        yield from _columns(record)
        if record.seq > last.seq:
            last = LedgerHead(seq=record.seq, hash=record.hash)
    if head is not None and last.seq < head.seq:
        missing = f"record {head.seq} is" if head.seq == last.seq + 1 else f"records {last.seq + 1} to {head.seq} are"
        yield error("CSP904", f"the end of the ledger was cut off: {missing} missing")
    elif head is not None and last.seq > head.seq:
        yield error("CSP905", f"the ledger goes on to record {last.seq}, but should end with {head.seq}")
    elif head is not None and last.hash != head.hash:
        yield error("CSP905", f"the ledger was replaced: record {last.seq} is not the one it should end with")


def _gap(record: LedgerRecord, before: int) -> Diagnostic:
    if record.seq <= before:
        return error("CSP903", f"record {record.seq} stands after record {before}: it was moved or repeated")
    first, last = before + 1, record.seq - 1
    missing = f"record {first} is" if first == last else f"records {first} to {last} are"
    return error("CSP902", f"{missing} missing before record {record.seq}")


def _columns(record: LedgerRecord) -> Iterator[Diagnostic]:
    """What a store keeps beside the body for finding it must say the same as the body."""
    try:
        body = json.loads(record.body)
        inside = (int(body["sequence"]), body["id"], body["subject"], body["recordedtime"])
    except (ValueError, KeyError, TypeError):
        yield error("CSP906", f"record {record.seq} holds no change record")
        return
    outside = (record.seq, record.id, str(record.address), instant_text(record.recorded_at))
    for name, stored, written in zip(("number", "id", "address", "time"), outside, inside, strict=True):
        if stored != written:
            yield error(
                "CSP906", f"record {record.seq} was altered: its {name} is kept as {stored}, but says {written}"
            )
