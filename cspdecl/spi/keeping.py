"""What every store has to say and to read back, so that all of them say it alike: refusals, lock owners, plans."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cspdecl.core.catalog import OfferKey
from cspdecl.core.diagnostics import error
from cspdecl.core.digest import sha256
from cspdecl.core.errors import ConfigurationError, LockHeld, StoreDamaged
from cspdecl.core.live import Binding
from cspdecl.core.outcome import JournalEntry
from cspdecl.core.records import LedgerHead, LedgerRecord
from cspdecl.spi.store import LockOwner

CLOSING = ("outcome", "settled", "skipped")  # journal entries that end an operation


def damaged(code: str, message: str) -> StoreDamaged:
    """A store that cannot be trusted, with the code that `cspdecl explain` knows."""
    return StoreDamaged(message, diagnostics=(error(code, message),))


def unusable(code: str, message: str, *, hint: str | None = None) -> ConfigurationError:
    """A store that cannot be used as things are, with its code."""
    return ConfigurationError(message, diagnostics=(error(code, message, hint=hint),))


# ---- the lock ----


def held_by(owner: LockOwner) -> str:
    """Who holds the project, for whoever is refused."""
    link = f", {owner.link}" if owner.link else ""
    return (
        f"`{owner.command}` of {owner.user} on {owner.host} (process {owner.pid}) holds this project "
        f"since {owner.since:%Y-%m-%d %H:%M} UTC{link}; its run is {owner.run}"
    )


def lost_lock(held: LockOwner | None) -> LockHeld:
    """The lock was taken from whoever writes: nothing more of that run is written."""
    who = held_by(held) if held else "nobody holds it now"
    return LockHeld(f"the project's lock was taken from this run, so nothing more is written: {who}")


def died(owner: LockOwner, host: str) -> bool:
    """Whether the owner's process is surely gone: only ever known on our own host."""
    if owner.host != host or os.name == "nt":  # there, asking a process is ending it
        return False
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def this_machine() -> str:
    """One value a machine, start and container. A host's name alone is no proof: containers share names, and the
    process of another machine must never be declared dead here."""
    parts = [socket.gethostname(), f"{uuid.getnode():x}"]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return sha256("\n".join(parts))[:16]


def may_take(owner: LockOwner, held: LockOwner | None, *, take_over: str | None, same_machine: bool) -> bool:
    """Whether a lock that several machines can see may be taken: it is free, ours, named, or its process is dead."""
    if held is None or held.run in (owner.run, take_over):
        return True
    return same_machine and died(held, owner.host)


# ---- the ledger ----


def check_follows(records: Sequence[LedgerRecord], head: LedgerHead) -> LedgerHead:
    """The head after these records. Raises StoreDamaged for a record that does not follow the one before it."""
    for record in records:
        if record.seq != head.seq + 1 or record.previous != head.hash:
            raise damaged(
                "CSP914",
                f"record {record.seq} does not follow the ledger's head {head.seq}: somebody else wrote meanwhile",
            )
        head = LedgerHead(seq=record.seq, hash=record.hash)
    return head


def twice(record: LedgerRecord) -> StoreDamaged:
    """A record whose id the ledger has already."""
    return damaged("CSP914", f"record {record.id[:16]} of {record.address} is already in the ledger")


def shorter(known: int, head: LedgerHead, name: str) -> str:
    """That records were lost, and what to do. `known`: how many were remembered."""
    have = f"only {head.seq} are there" if head.seq else "none is there"
    lost = "was cut" if head.seq else "is lost"
    return f"the ledger {lost}: its checkpoint remembers {known} records, {have}; bring {name} back from a backup"


# ---- journal, plans, bindings ----


def operations_of(plan: str | None) -> dict[str, Any]:
    """The operations of a saved plan by id, wherever its format keeps them."""
    document = json.loads(plan) if plan else {}
    inner = document.get("cspdecl", document)
    return {item["id"]: item for item in inner.get("operations", ())}


def not_in_plan(op: str, run: str) -> StoreDamaged:
    """An open operation that the plan of its run does not know."""
    return damaged("CSP917", f"the journal holds operation {op[:12]} of run {run}, but the run's plan does not")


def fold_open(entry: JournalEntry, number: int, before: dict[str, Any] | None) -> dict[str, Any] | None:
    """What is open of an operation after one more journal entry: a row of plain values, or None where it has ended.

    `number` orders the rows: an operation keeps the place of its first intent.
    """
    if entry.kind == "intent":
        sent = before or {"n": number, "since": entry.at}
        return {
            **sent,
            "run": entry.run,
            "request_id": entry.request_id or "",
            "correlation_id": entry.correlation_id or "",
            "checkpoint": entry.body or None,
        }
    if entry.kind == "checkpoint" and before is not None:
        return {**before, "checkpoint": entry.body}
    return None if entry.kind in CLOSING else before


def texts_of(text: str, name: str) -> tuple[str, ...]:
    """A column's JSON list of text. Raises StoreDamaged where somebody else wrote into the store called `name`."""
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise damaged("CSP912", f"the store {name} holds a row that is not ours; bring it back from a backup")
    return tuple(found)


def offer_of(text: str | None) -> OfferKey | None:
    """A binding's offer as stored."""
    return OfferKey.parse(text) if text else None


def offer_text(binding: Binding) -> str | None:
    """A binding's offer to be stored."""
    return str(binding.offer) if binding.offer else None
