"""What the suites for stores share: rows that follow each other, owners, and a store that can be opened again."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cspdecl.core.action import SetSeats
from cspdecl.core.address import Address
from cspdecl.core.digest import canonical_json, sha256
from cspdecl.core.live import Binding
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import JournalEntry, JournalKind
from cspdecl.core.plain import to_plain
from cspdecl.core.records import LedgerHead, LedgerRecord
from cspdecl.spi.store import LockOwner, RunHeader, Store
from cspdecl.store.open import open_store
from cspdecl.testing.builders import TENANT, operation
from cspdecl.testing.world import START

RUN, OTHER_RUN = "run-1", "run-2"
M365, VISIO = Address.parse("contoso/m365"), Address.parse("contoso/visio")


def entry(item: Operation, kind: JournalKind, *, body: str = "", request: str = "r1", run: str = RUN) -> JournalEntry:
    """A line of the journal."""
    return JournalEntry(
        run=run, op=item.id, kind=kind, at=START, request_id=request, correlation_id=f"c-{request}", body=body
    )


def record(head: LedgerHead, address: Address = M365, *, name: str = "") -> LedgerRecord:
    """A record that follows `head`."""
    body = canonical_json({"name": name or f"record {head.seq + 1}", "address": str(address)})
    return LedgerRecord(
        seq=head.seq + 1, id=sha256(body), address=address, recorded_at=START, body=body, previous=head.hash,
        hash=sha256(head.hash + body),
    )  # fmt: skip


def chain(*addresses: Address, head: LedgerHead | None = None) -> tuple[LedgerRecord, ...]:
    """Records that follow each other."""
    made: list[LedgerRecord] = []
    for address in addresses:
        last = LedgerHead(seq=made[-1].seq, hash=made[-1].hash) if made else head or LedgerHead()
        made.append(record(last, address))
    return tuple(made)


def binding(address: Address = M365, ident: str = "s1") -> Binding:
    """An address and its subscription."""
    return Binding(address=address, provider="memory", tenant=TENANT, ids=(ident,), offer=None)


def owner(run: str = RUN, *, host: str | None = None, pid: int | None = None) -> LockOwner:
    """Who wants the project: this process, unless said otherwise."""
    return LockOwner(
        run=run, command="apply", host=host or socket.gethostname(), pid=pid or os.getpid(), user="anna", since=START
    )


def header(*operations: Operation, run: str = RUN) -> RunHeader:
    """A run whose plan holds these operations."""
    plan = canonical_json({"cspdecl": {"operations": [to_plain(item) for item in operations]}})
    return RunHeader(
        run=run, plan_id="p1", plan=plan, started=START, actor="anna", commit="0" * 40, approvals=("review-7",)
    )


ONE = operation(SetSeats(before=10, after=12), "contoso/m365")
TWO = operation(SetSeats(before=1, after=2), "contoso/visio")


class StoreBase:
    """What a store's test file says about its store, and the fixtures over it."""

    def url(self, folder: Path) -> str:
        """What a project in this folder would write under `store:`; called once a test or more."""
        raise NotImplementedError

    def open_store(self, folder: Path) -> Store:
        """The store kept in (or named after) a folder; opened again, it holds what was committed."""
        return open_store(self.url(folder), folder, create=True)

    def set_back(self, folder: Path) -> None:
        """Take the last batch out of the store behind its back, as a restored backup or a forced push does."""
        raise NotImplementedError

    def alter(self, folder: Path) -> None:
        """Change the text of the last record behind the store's back."""
        raise NotImplementedError

    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Iterator[Callable[[], Store]]:
        """Opens the test's store once more, as another process would; closed when the test ends."""
        with ExitStack() as stack:

            def opened() -> Store:
                store = self.open_store(tmp_path)
                stack.callback(store.close)
                return store

            yield opened

    @pytest.fixture
    def store(self, reopen: Callable[[], Store]) -> Store:
        """An empty store."""
        return reopen()
