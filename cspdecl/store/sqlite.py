"""The default store: one SQLite file, for one machine. All SQL of the project stands here and in schema.sql.

WAL with full synchronisation: when `commit` returns, the batch is on disk, all of it. Triggers keep journal and
ledger append-only; a checkpoint beside the file tells when the file itself was lost, cut or exchanged.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cspdecl.core.address import Address
from cspdecl.core.digest import canonical_json, sha256
from cspdecl.core.errors import CspdeclError, LockHeld
from cspdecl.core.live import Binding, LiveCustomer
from cspdecl.core.outcome import JournalEntry
from cspdecl.core.plain import PlainError, from_plain, instant_text, parse_instant, to_plain
from cspdecl.core.records import LedgerHead, LedgerRecord
from cspdecl.spi.keeping import (
    CLOSING,
    check_follows,
    damaged,
    died,
    held_by,
    lost_lock,
    not_in_plan,
    offer_of,
    offer_text,
    operations_of,
    shorter,
    texts_of,
    twice,
    unusable,
)
from cspdecl.spi.store import Batch, LockOwner, OpenOperation, RunHeader
from cspdecl.store.checkpoint import NAME, Checkpoint, read_checkpoint, write_checkpoint
from cspdecl.store.damage import find_damage
from cspdecl.store.notes import read_note, write_note
from cspdecl.store.rows import record_of, statements_of
from cspdecl.store.words import in_words

VERSION = 1
BUSY_MS = 10_000
_JOURNAL = "run, op, kind, at, request_id, correlation_id, body"
_LEDGER = "seq, id, address, recorded_at, body, previous, hash"


class SqliteStore:
    """`spi.Store` on one file. To be used by one thread; another process may read and wait its turn to write."""

    def __init__(self, path: Path, *, create: bool) -> None:
        self._path = path
        self._checkpoint = path.with_name(NAME)
        self._owner: LockOwner | None = None
        if not create and not path.exists() and not self._checkpoint.exists():
            raise unusable("CSP916", f"there is no store yet at {path.name}: apply or adopt makes one")
        with in_words(path):
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._db = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None)
            except OSError as problem:
                raise unusable("CSP915", f"the store {path.name} cannot be opened: {problem.strerror}") from problem
        try:
            with in_words(path):
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise damaged(
                "CSP913",
                f"the store {self._path.name} is of version {version}, this cspdecl reads {VERSION}: use a newer one",
            )
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        if version == VERSION:
            return
        with contextlib.suppress(OSError):  # a file system without modes
            self._path.chmod(0o600)
        with self._writing():
            # someone else may have made it while we waited for the write lock
            if self._db.execute("PRAGMA user_version").fetchone()[0] == 0:
                if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    raise damaged("CSP912", f"{self._path.name} is a database of something else, not a store")
                for statement in statements_of(Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {VERSION}")

    # ---- lock ----

    def lock(self, owner: LockOwner, *, take_over: str | None = None) -> None:
        """Take the project's lock; see `spi.store.Store`."""
        with self._writing():
            held = self.lock_owner()
            free = held is None or held.run in (owner.run, take_over) or died(held, owner.host)
            if held is not None and not free:
                raise LockHeld(held_by(held))
            values = (
                owner.run,
                owner.command,
                owner.host,
                owner.pid,
                owner.user,
                instant_text(owner.since),
                owner.link,
            )
            self._db.execute("INSERT OR REPLACE INTO project_lock VALUES (1, ?, ?, ?, ?, ?, ?, ?)", values)
        self._owner = owner

    def unlock(self, owner: LockOwner) -> None:
        """Give the lock back; without effect when it is not ours any more."""
        self._owner = None
        with self._writing():
            self._db.execute("DELETE FROM project_lock WHERE run = ?", (owner.run,))

    def lock_owner(self) -> LockOwner | None:
        """Who holds the lock, if anybody."""
        with in_words(self._path):
            row = self._db.execute("SELECT run, command, host, pid, user, since, link FROM project_lock").fetchone()
        if row is None:
            return None
        run, command, host, pid, user, since, link = row
        return LockOwner(run=run, command=command, host=host, pid=pid, user=user, since=parse_instant(since), link=link)

    # ---- writing ----

    def begin(self, header: RunHeader) -> None:
        """Keep a run's plan before its first intent."""
        values = (
            header.run,
            header.plan_id,
            header.plan,
            instant_text(header.started),
            header.actor,
            header.commit,
            json.dumps(list(header.approvals)),
        )
        with self._writing():
            self._still_ours()
            self._db.execute(
                "INSERT INTO runs (run, plan_id, plan, started, actor, git_commit, approvals) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                values,
            )

    def commit(self, batch: Batch) -> None:
        """Write all of `batch` or nothing, durably; see `spi.store.Store`."""
        with self._writing():
            self._still_ours()
            self._write_journal(batch.journal)
            head = self._write_ledger(batch.ledger)
            self._write_bindings(batch.bindings)
            self._write_live(batch.live)
        if head is not None:
            # After the transaction: a crash in between leaves the checkpoint one batch behind, which is no damage.
            mark = Checkpoint(seq=head.seq, hash=head.hash, journal=self._count_journal())
            try:
                write_checkpoint(self._checkpoint, mark)
            except OSError as problem:
                text = f"the records are kept, but their checkpoint cannot be written: {problem.strerror}"
                raise unusable("CSP915", text) from problem

    def _write_journal(self, entries: Sequence[JournalEntry]) -> None:
        if not entries:
            return
        last = self._count_journal()
        for number, entry in enumerate(entries, start=last + 1):
            at = instant_text(entry.at)
            self._db.execute(
                f"INSERT INTO journal (n, {_JOURNAL}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - our own names
                (number, entry.run, entry.op, entry.kind, at, entry.request_id, entry.correlation_id, entry.body),
            )
            if entry.kind == "intent":
                self._db.execute(
                    "INSERT INTO open_operations VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (op) DO UPDATE SET "
                    "run = excluded.run, request_id = excluded.request_id, checkpoint = excluded.checkpoint, "
                    "correlation_id = excluded.correlation_id",
                    (
                        entry.op,
                        entry.run,
                        entry.request_id or "",
                        entry.correlation_id or "",
                        entry.body or None,
                        at,
                        number,
                    ),
                )
            elif entry.kind == "checkpoint":
                self._db.execute("UPDATE open_operations SET checkpoint = ? WHERE op = ?", (entry.body, entry.op))
            elif entry.kind in CLOSING:
                self._db.execute("DELETE FROM open_operations WHERE op = ?", (entry.op,))

    def _write_ledger(self, records: Sequence[LedgerRecord]) -> LedgerHead | None:
        if not records:
            return None
        head = self.head()
        known = read_checkpoint(self._checkpoint)
        if known.seq > head.seq:
            raise damaged("CSP910", shorter(known.seq, head, self._path.name))
        for record in records:
            head = check_follows([record], head)
            at = instant_text(record.recorded_at)
            try:
                self._db.execute(
                    f"INSERT INTO ledger ({_LEDGER}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - our own names
                    (record.seq, record.id, str(record.address), at, record.body, record.previous, record.hash),
                )
            except sqlite3.IntegrityError as problem:
                raise twice(record) from problem
        return head

    def _write_bindings(self, bindings: Sequence[tuple[Address, Binding | None]]) -> None:
        for address, binding in bindings:
            if binding is None:
                self._db.execute("DELETE FROM bindings WHERE address = ?", (str(address),))
            else:
                self._db.execute(
                    "INSERT OR REPLACE INTO bindings VALUES (?, ?, ?, ?, ?)",
                    (
                        str(address),
                        binding.provider,
                        binding.tenant,
                        json.dumps(list(binding.ids)),
                        offer_text(binding),
                    ),
                )

    def _write_live(self, customers: Sequence[LiveCustomer]) -> None:
        for customer in customers:
            body = canonical_json(to_plain(customer))
            self._db.execute("INSERT OR REPLACE INTO live VALUES (?, ?, ?)", (customer.key, sha256(body), body))

    def _still_ours(self) -> None:
        if self._owner is not None:
            held = self.lock_owner()
            if held is None or held.run != self._owner.run:
                raise lost_lock(held)

    # ---- reading ----

    def bindings(self) -> Mapping[Address, Binding]:
        """All bindings."""
        found = {}
        for text, provider, tenant, ids, offer in self._rows(
            "SELECT address, provider, tenant, ids, offer FROM bindings"
        ):
            address = Address.parse(text)
            found[address] = Binding(
                address=address,
                provider=provider,
                tenant=tenant,
                ids=texts_of(ids, self._path.name),
                offer=offer_of(offer),
            )
        return found

    def open_operations(self) -> tuple[OpenOperation, ...]:
        """Sent, not settled, in the order they were sent."""
        query = (
            "SELECT op, run, request_id, correlation_id, checkpoint, since, "
            "(SELECT plan FROM runs WHERE runs.run = open_operations.run) FROM open_operations ORDER BY n"
        )
        found, plans = [], dict[str, dict[str, Any]]()
        for op, run, request_id, correlation_id, checkpoint, since, plan in self._rows(query):
            if run not in plans:
                plans[run] = operations_of(plan)
            if op not in plans[run]:
                raise not_in_plan(op, run)
            found.append(
                OpenOperation(
                    run=run,
                    op=op,
                    operation=canonical_json(plans[run][op]),
                    request_id=request_id,
                    correlation_id=correlation_id,
                    checkpoint=checkpoint,
                    since=parse_instant(since),
                )
            )
        return tuple(found)

    def journal(self, run: str | None = None) -> Iterator[JournalEntry]:
        """Journal entries in order."""
        where, values = ("", ()) if run is None else (" WHERE run = ?", (run,))
        for row in self._rows(f"SELECT {_JOURNAL} FROM journal{where} ORDER BY n", values):  # noqa: S608 - fixed texts
            name, op, kind, at, request_id, correlation_id, body = row
            yield JournalEntry(
                run=name,
                op=op,
                kind=kind,
                at=parse_instant(at),
                request_id=request_id,
                correlation_id=correlation_id,
                body=body,
            )

    def runs(self) -> Iterator[RunHeader]:
        """All runs, oldest first."""
        query = "SELECT run, plan_id, plan, started, actor, git_commit, approvals FROM runs ORDER BY n"
        for run, plan_id, plan, started, actor, commit, approvals in self._rows(query):
            yield RunHeader(
                run=run,
                plan_id=plan_id,
                plan=plan,
                started=parse_instant(started),
                actor=actor,
                commit=commit,
                approvals=texts_of(approvals, self._path.name),
            )

    def head(self) -> LedgerHead:
        """Where the ledger ends."""
        for seq, digest in self._rows("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1"):
            return LedgerHead(seq=seq, hash=digest)
        return LedgerHead()

    def ledger(self, *, after: int = 0, addresses: Iterable[Address] | None = None) -> Iterator[LedgerRecord]:
        """Records with seq > after, in order."""
        wanted = None if addresses is None else {str(address) for address in addresses}
        for row in self._rows(f"SELECT {_LEDGER} FROM ledger WHERE seq > ? ORDER BY seq", (after,)):  # noqa: S608 - fixed
            if wanted is None or row[2] in wanted:
                yield record_of(row)

    def last_records(self) -> Mapping[Address, LedgerRecord]:
        """The last record of every address."""
        query = f"SELECT {_LEDGER} FROM ledger WHERE seq IN (SELECT max(seq) FROM ledger GROUP BY address) ORDER BY seq"  # noqa: S608 - fixed
        return {record.address: record for record in map(record_of, self._rows(query))}

    def live(self, keys: Iterable[str] | None = None) -> Mapping[str, LiveCustomer]:
        """Cached live customers by key. Rows that do not fit their digest or come from another version are left out."""
        wanted = None if keys is None else set(keys)
        found: dict[str, LiveCustomer] = {}
        for key, digest, body in self._rows("SELECT key, digest, body FROM live ORDER BY key"):
            if (wanted is None or key in wanted) and sha256(body) == digest:
                with contextlib.suppress(PlainError, ValueError):
                    found[key] = from_plain(LiveCustomer, json.loads(body))
        return found

    def recall(self, name: str) -> str | None:
        """A note, or None."""
        with in_words(self._path):
            return read_note(self._db, name)

    def remember(self, name: str, text: str) -> None:
        """Leave a note."""
        with self._writing():
            write_note(self._db, name, text)

    def damage(self) -> str | None:
        """What is wrong with journal or ledger, or None: compared with the checkpoint, and asked of SQLite."""
        try:
            with in_words(self._path):
                return find_damage(self._db, read_checkpoint(self._checkpoint), self._path.name)
        except CspdeclError as problem:
            return problem.message

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    # ---- small things ----

    def _count_journal(self) -> int:
        return int(self._db.execute("SELECT coalesce(max(n), 0) FROM journal").fetchone()[0])

    def _rows(self, query: str, values: tuple[object, ...] = ()) -> Iterator[Any]:
        # the loop yields outside of `in_words`: a reader that stops early is no fault of the database
        with in_words(self._path):
            cursor = self._db.execute(query, values)
        while True:
            with in_words(self._path):
                rows = cursor.fetchmany(500)
            if not rows:
                return
            yield from rows

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with in_words(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise
