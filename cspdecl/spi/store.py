"""A store: bindings, journal, ledger, cached live state and one exclusive lock, on something durable.

Everything that must be true together is written together: a `Batch` is one transaction, on disk when `commit` returns.
Bindings and cache can be rebuilt from live; journal and ledger cannot, and losing them is detected and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cspdecl.core.address import Address
from cspdecl.core.live import Binding, LiveCustomer
from cspdecl.core.outcome import JournalEntry
from cspdecl.core.records import LedgerHead, LedgerRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOwner:
    """Who holds the project: shown to whoever is refused. `link` leads to the run where there is one (CI)."""

    run: str
    command: str
    host: str
    pid: int
    user: str
    since: datetime
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHeader:
    """One apply or recover: what it was given and by whom. `plan` is the saved plan's canonical JSON."""

    run: str
    plan_id: str
    plan: str
    started: datetime
    actor: str
    commit: str | None
    approvals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What becomes true in one transaction. A binding of None removes the address."""

    journal: Sequence[JournalEntry] = ()
    ledger: Sequence[LedgerRecord] = ()
    bindings: Sequence[tuple[Address, Binding | None]] = ()
    live: Sequence[LiveCustomer] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOperation:
    """An operation that was sent and whose outcome is not settled, with what is needed to find out.

    `operation` is its plain JSON from the run's plan; `checkpoint` the last one journaled.
    """

    run: str
    op: str
    operation: str
    request_id: str
    correlation_id: str
    checkpoint: str | None
    since: datetime


class Store(Protocol):
    """Durable memory of one project. One writer at a time: whoever holds the lock."""

    def lock(self, owner: LockOwner, *, take_over: str | None = None) -> None:
        """Take the project's lock. Raises LockHeld, naming the owner and its run. A lock whose process died is taken
        over, and so is that of the run named by `take_over`: whoever held it can write no more."""
        ...

    def unlock(self, owner: LockOwner) -> None:
        """Give the lock back; without effect when it is not ours any more."""
        ...

    def lock_owner(self) -> LockOwner | None:
        """Who holds the project now, whoever that is; None: nobody."""
        ...

    def bindings(self) -> Mapping[Address, Binding]:
        """All bindings."""
        ...

    def begin(self, header: RunHeader) -> None:
        """Keep a run's plan before its first intent. Raises LockHeld where our lock was taken meanwhile."""
        ...

    def commit(self, batch: Batch) -> None:
        """Write all of `batch` or nothing, durably. Raises StoreDamaged when a ledger row does not follow the head,
        LockHeld where our lock was taken meanwhile."""
        ...

    def open_operations(self) -> tuple[OpenOperation, ...]:
        """Sent, not settled: what `recover` is for. In the order they were sent."""
        ...

    def journal(self, run: str | None = None) -> Iterator[JournalEntry]:
        """Journal entries in order."""
        ...

    def runs(self) -> Iterator[RunHeader]:
        """All runs, oldest first."""
        ...

    def head(self) -> LedgerHead:
        """Where the ledger ends."""
        ...

    def ledger(self, *, after: int = 0, addresses: Iterable[Address] | None = None) -> Iterator[LedgerRecord]:
        """Records with seq > after, in order."""
        ...

    def last_records(self) -> Mapping[Address, LedgerRecord]:
        """The last record of every address."""
        ...

    def live(self, keys: Iterable[str] | None = None) -> Mapping[str, LiveCustomer]:
        """Cached live customers by key. Serves comparing and speed, never a write."""
        ...

    def recall(self, name: str) -> str | None:
        """A note left by `remember`, or None: the drift that was last reported, what was already announced. Notes serve
        comparing between runs; losing them costs a repeated message, never a purchase."""
        ...

    def remember(self, name: str, text: str) -> None:
        """Leave a note under a name, in the place of the one before. Needs no lock."""
        ...

    def damage(self) -> str | None:
        """What is wrong with journal or ledger (lost, shorter than its checkpoint, altered), or None."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...
