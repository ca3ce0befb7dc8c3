"""`spi.Store` in PostgreSQL. All SQL of the plugin stands here and in schema.sql.

Every write is one transaction that first locks the store's row and then looks whether the project's lock is still
ours: writers come one after the other, and whoever lost the lock writes nothing more. When `commit` returns, the
database has confirmed it.
"""
# ruff: noqa: S608 - statements are put together from names that stand here; every value is a parameter

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import errors, sql

from cspdecl.core.address import Address
from cspdecl.core.digest import canonical_json, sha256
from cspdecl.core.errors import LockHeld
from cspdecl.core.live import Binding, LiveCustomer
from cspdecl.core.outcome import JournalEntry
from cspdecl.core.plain import PlainError, from_plain, to_plain
from cspdecl.core.records import LedgerHead, LedgerRecord
from cspdecl.spi.keeping import (
    CLOSING,
    check_follows,
    damaged,
    held_by,
    lost_lock,
    may_take,
    not_in_plan,
    offer_of,
    offer_text,
    operations_of,
    texts_of,
    this_machine,
    twice,
    unusable,
)  # fmt: skip
from cspdecl.spi.store import Batch, LockOwner, OpenOperation, RunHeader
from cspdecl_postgres.damage import find_damage
from cspdecl_postgres.place import find_place
from cspdecl_postgres.words import in_words, translated

VERSION = 1
_PAGE = 1000
_LOCK_WAIT = "20s"
_JOURNAL: LiteralString = "n, run, op, kind, at, request_id, correlation_id, body"
_LEDGER: LiteralString = "seq, id, address, recorded_at, body, previous, hash"
_OWNER: LiteralString = 'run, command, host, pid, "user", since, link'


class PostgresStore:
    """One project's store in one schema, over one connection. A connection that breaks is not replaced: what a
    transaction came to that nobody confirmed is found out by `recover`, not guessed."""

    def __init__(self, url: str, *, create: bool, project: str = "") -> None:
        place = find_place(url)
        self._schema, self._shown = place.schema, place.shown
        self._owner: LockOwner | None = None
        with in_words(self._shown):
            # statements prepared in the server do not survive a connection pool in between
            self._db = psycopg.connect(place.conninfo, autocommit=True, prepare_threshold=None)
        try:
            self._prepare(project, create=create)
        except BaseException:
            self._db.close()
            raise

    def _prepare(self, project: str, *, create: bool) -> None:
        with self._transaction():
            there = self._one("SELECT to_regclass(%s) IS NOT NULL", f"{self._schema}.store")[0]
        if not there and not create:
            raise unusable("CSP916", f"there is no store yet at {self._shown}: apply or adopt makes one")
        if not there:
            self._create(project)
        with self._transaction():
            version, owner = self._one("SELECT version, project FROM store")
        if version != VERSION:
            text = f"the store {self._shown} is of version {version}, this cspdecl-postgres reads {VERSION}"
            raise damaged("CSP913", f"{text}: use a newer one")
        if project and owner not in ("", project):
            raise unusable(
                "CSP925", f"the store {self._shown} belongs to project `{owner}`, not `{project}`",
                hint="give each project a schema of its own: `?schema=NAME`",
            )  # fmt: skip

    def _create(self, project: str) -> None:
        script = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
        with self._transaction():
            self._do("SELECT pg_advisory_xact_lock(hashtext(%s))", f"cspdecl {self._schema}")
            if self._one("SELECT to_regclass(%s) IS NOT NULL", f"{self._schema}.store")[0]:
                return  # somebody else made it while we waited
            if not self._one("SELECT to_regnamespace(%s) IS NOT NULL", self._schema)[0]:
                self._db.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(self._schema)))
            if self._one("SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace(%s)", self._schema)[0]:
                raise damaged("CSP912", f"{self._shown} holds tables of something else, not a store")
            self._db.execute(script.encode())  # a file of this package
            self._do("INSERT INTO store (version, project) VALUES (%s, %s)", VERSION, project)

    # ---- lock ----

    def lock(self, owner: LockOwner, *, take_over: str | None = None) -> None:
        """Take the project's lock; see `spi.store.Store`."""
        machine = this_machine()
        self._owner = None
        with self._writing():
            held, where = self._holder()
            free = may_take(owner, held, take_over=take_over, same_machine=where == machine)
            if held is not None and not free:
                raise LockHeld(held_by(held))
            self._do("DELETE FROM project_lock")
            self._do(
                f"INSERT INTO project_lock ({_OWNER}, machine) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                owner.run, owner.command, owner.host, owner.pid, owner.user, owner.since, owner.link, machine,
            )  # fmt: skip
        self._owner = owner

    def unlock(self, owner: LockOwner) -> None:
        """Give the lock back; without effect when it is not ours any more."""
        self._owner = None
        with self._writing():
            self._do("DELETE FROM project_lock WHERE run = %s", owner.run)

    def lock_owner(self) -> LockOwner | None:
        """Who holds the lock, if anybody."""
        with self._transaction():
            return self._holder()[0]

    def _holder(self) -> tuple[LockOwner | None, str]:
        found = self._rows(f"SELECT {_OWNER}, machine FROM project_lock")
        if not found:
            return None, ""
        run, command, host, pid, user, since, link, machine = found[0]
        owner = LockOwner(
            run=run, command=command, host=host, pid=pid, user=user, since=since.astimezone(UTC), link=link
        )
        return owner, machine

    # ---- writing ----

    def begin(self, header: RunHeader) -> None:
        """Keep a run's plan before its first intent."""
        with self._writing():
            self._do(
                "INSERT INTO runs (run, plan_id, plan, started, actor, git_commit, approvals) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s)",
                header.run, header.plan_id, header.plan, header.started, header.actor, header.commit,
                json.dumps(list(header.approvals)),
            )  # fmt: skip

    def commit(self, batch: Batch) -> None:
        """Write all of `batch` or nothing, durably; see `spi.store.Store`."""
        with self._writing():
            self._write_journal(batch.journal)
            self._write_ledger(batch.ledger)
            self._write_bindings(batch.bindings)
            self._many(
                "INSERT INTO live VALUES (%s, %s, %s) "
                "ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, body = excluded.body",
                [(one.key, sha256(body), body) for one in batch.live for body in [canonical_json(to_plain(one))]],
            )

    def _write_journal(self, entries: Sequence[JournalEntry]) -> None:
        if not entries:
            return
        last = self._one("SELECT journal_n FROM store")[0]
        rows = [
            # PostgreSQL's text holds no NUL; what a provider said is kept but for that
            (number, one.run, one.op, one.kind, one.at, one.request_id, one.correlation_id, _clean(one.body))
            for number, one in enumerate(entries, start=last + 1)
        ]
        self._many(f"INSERT INTO journal ({_JOURNAL}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)", rows)
        for number, run, op, kind, at, request_id, correlation_id, body in rows:
            if kind == "intent":
                self._do(
                    "INSERT INTO open_operations VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (op) DO UPDATE SET "
                    "run = excluded.run, request_id = excluded.request_id, checkpoint = excluded.checkpoint, "
                    "correlation_id = excluded.correlation_id",
                    op, run, request_id or "", correlation_id or "", body or None, at, number,
                )  # fmt: skip
            elif kind == "checkpoint":
                self._do("UPDATE open_operations SET checkpoint = %s WHERE op = %s", body, op)
            elif kind in CLOSING:
                self._do("DELETE FROM open_operations WHERE op = %s", op)

    def _write_ledger(self, records: Sequence[LedgerRecord]) -> None:
        if not records:
            return
        seq, digest = self._one("SELECT ledger_seq, ledger_hash FROM store")
        check_follows(records, LedgerHead(seq=seq, hash=digest))
        for one in records:
            try:
                self._do(
                    f"INSERT INTO ledger ({_LEDGER}) VALUES (%s, %s, %s, %s, %s, %s, %s)",
                    one.seq, one.id, str(one.address), one.recorded_at, one.body, one.previous, one.hash,
                )  # fmt: skip
            except errors.UniqueViolation as problem:
                raise twice(one) from problem

    def _write_bindings(self, bindings: Sequence[tuple[Address, Binding | None]]) -> None:
        for address, one in bindings:
            self._do("DELETE FROM bindings WHERE address = %s", str(address))
            if one is not None:
                self._do(
                    "INSERT INTO bindings VALUES (%s, %s, %s, %s, %s)",
                    str(address), one.provider, one.tenant, json.dumps(list(one.ids)), offer_text(one),
                )  # fmt: skip

    # ---- reading ----

    def bindings(self) -> Mapping[Address, Binding]:
        """All bindings."""
        found = {}
        for text, provider, tenant, ids, offer in self._read(
            "SELECT address, provider, tenant, ids, offer FROM bindings"
        ):
            address = Address.parse(text)
            found[address] = Binding(
                address=address, provider=provider, tenant=tenant, ids=texts_of(ids, self._shown), offer=offer_of(offer)
            )
        return found

    def open_operations(self) -> tuple[OpenOperation, ...]:
        """Sent, not settled, in the order they were sent."""
        found, plans = [], dict[str, dict[str, Any]]()
        for op, run, request_id, correlation_id, checkpoint, since, plan in self._read(
            "SELECT o.op, o.run, o.request_id, o.correlation_id, o.checkpoint, o.since, r.plan "
            "FROM open_operations o LEFT JOIN runs r ON r.run = o.run ORDER BY o.n"
        ):
            operations = plans.setdefault(run, operations_of(plan) if run not in plans else {})
            if op not in operations:
                raise not_in_plan(op, run)
            found.append(
                OpenOperation(
                    run=run, op=op, operation=canonical_json(operations[op]), request_id=request_id,
                    correlation_id=correlation_id, checkpoint=checkpoint, since=since.astimezone(UTC),
                )
            )  # fmt: skip
        return tuple(found)

    def journal(self, run: str | None = None) -> Iterator[JournalEntry]:
        """Journal entries in order."""
        query: LiteralString = f"SELECT {_JOURNAL} FROM journal WHERE n > %s AND (%s::text IS NULL OR run = %s)"
        for _n, name, op, kind, at, request_id, correlation_id, body in self._pages(f"{query} ORDER BY n", run, run):
            yield JournalEntry(
                run=name, op=op, kind=kind, at=at.astimezone(UTC), request_id=request_id,
                correlation_id=correlation_id, body=body,
            )  # fmt: skip

    def runs(self) -> Iterator[RunHeader]:
        """All runs, oldest first."""
        query: LiteralString = "SELECT n, run, plan_id, plan, started, actor, git_commit, approvals FROM runs"
        for _n, run, plan_id, plan, started, actor, commit, approvals in self._pages(
            f"{query} WHERE n > %s ORDER BY n"
        ):
            yield RunHeader(
                run=run, plan_id=plan_id, plan=plan, started=started.astimezone(UTC), actor=actor, commit=commit,
                approvals=texts_of(approvals, self._shown),
            )  # fmt: skip

    def head(self) -> LedgerHead:
        """Where the ledger ends."""
        [(seq, digest)] = self._read("SELECT ledger_seq, ledger_hash FROM store")
        return LedgerHead(seq=seq, hash=digest)

    def ledger(self, *, after: int = 0, addresses: Iterable[Address] | None = None) -> Iterator[LedgerRecord]:
        """Records with seq > after, in order."""
        wanted = None if addresses is None else [str(address) for address in addresses]
        query: LiteralString = f"SELECT {_LEDGER} FROM ledger WHERE seq > %s"
        some: LiteralString = "AND (%s::text[] IS NULL OR address = ANY (%s)) ORDER BY seq"
        yield from map(_record, self._pages(f"{query} {some}", wanted, wanted, after=after))

    def last_records(self) -> Mapping[Address, LedgerRecord]:
        """The last record of every address."""
        query: LiteralString = f"SELECT {_LEDGER} FROM ledger WHERE seq > %s"
        last: LiteralString = "AND seq IN (SELECT max(seq) FROM ledger GROUP BY address) ORDER BY seq"
        return {record.address: record for record in map(_record, self._pages(f"{query} {last}"))}

    def live(self, keys: Iterable[str] | None = None) -> Mapping[str, LiveCustomer]:
        """Cached live customers by key. Rows that do not fit their digest or come from another version are left out."""
        wanted = None if keys is None else list(keys)
        query: LiteralString = (
            "SELECT key, digest, body FROM live WHERE %s::text[] IS NULL OR key = ANY (%s) ORDER BY key"
        )
        found: dict[str, LiveCustomer] = {}
        for key, digest, body in self._read(query, wanted, wanted):
            if sha256(body) == digest:
                with contextlib.suppress(PlainError, ValueError):
                    found[key] = from_plain(LiveCustomer, json.loads(body))
        return found

    def recall(self, name: str) -> str | None:
        """A note, or None."""
        found = self._read("SELECT text FROM notes WHERE name = %s", name)
        return str(found[0][0]) if found else None

    def remember(self, name: str, text: str) -> None:
        """Leave a note."""
        with self._transaction():
            self._do(
                "INSERT INTO notes VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET text = excluded.text",
                name, _clean(text),
            )  # fmt: skip

    def damage(self) -> str | None:
        """What is wrong with journal or ledger, or None: the counts, and every record's place in the chain."""
        with self._transaction():
            return find_damage(self._db, self._shown)

    def close(self) -> None:
        """Let go of the connection."""
        self._db.close()

    # ---- small things ----

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction that is alone in this store, and ours to make."""
        with self._transaction():
            self._do("SELECT set_config('lock_timeout', %s, true)", _LOCK_WAIT)
            self._do("SELECT one FROM store FOR UPDATE")
            if self._owner is not None:
                held, _where = self._holder()
                if held is None or held.run != self._owner.run:
                    raise lost_lock(held)
            yield

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self._db.transaction():
                # for this transaction only: a pool may hand the connection to somebody else after it
                self._do("SELECT set_config('search_path', %s, true)", f"{self._schema}, pg_temp")
                self._do(
                    "SELECT set_config('synchronous_commit', 'on', true) "
                    "WHERE current_setting('synchronous_commit') = 'off'"
                )
                yield
        except psycopg.Error as problem:
            raise translated(problem, self._shown) from problem

    def _pages(self, query: LiteralString, *values: object, after: int = 0) -> Iterator[Any]:
        """Rows page by page, each page a short transaction; the first column is what the next page begins after."""
        while True:
            rows = self._read(f"{query} LIMIT {_PAGE}", after, *values)
            yield from rows
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]

    def _read(self, query: LiteralString, *values: object) -> list[Any]:
        with self._transaction():
            return self._rows(query, *values)

    def _rows(self, query: LiteralString, *values: object) -> list[Any]:
        return self._db.execute(query, values).fetchall()

    def _one(self, query: LiteralString, *values: object) -> Any:
        [row] = self._rows(query, *values)
        return row

    def _do(self, statement: LiteralString, *values: object) -> None:
        self._db.execute(statement, values)

    def _many(self, statement: LiteralString, rows: Sequence[tuple[object, ...]]) -> None:
        if rows:
            with self._db.cursor() as cursor:
                cursor.executemany(statement, rows)


def _record(row: tuple[Any, ...]) -> LedgerRecord:
    seq, ident, address, recorded_at, body, previous, digest = row
    return LedgerRecord(
        seq=seq, id=ident, address=Address.parse(address), recorded_at=recorded_at.astimezone(UTC), body=body,
        previous=previous, hash=digest,
    )  # fmt: skip


def _clean(text: str) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
