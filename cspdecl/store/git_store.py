"""The store for runners without a disk: journal, bindings and ledger as commits on a ref of a git repository.

One batch is one commit and one push, and the push is what makes it true: it is taken only where the ref still is what
was read. Whoever takes the lock over moves the ref, so the one before can write nothing more. Live customers are a
cache and stay on this machine; notes have a ref of their own.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from cspdecl.core.address import Address
from cspdecl.core.digest import canonical_json, sha256
from cspdecl.core.errors import CspdeclError, LockHeld, StoreDamaged, TryLater
from cspdecl.core.live import Binding, LiveCustomer
from cspdecl.core.outcome import JournalEntry
from cspdecl.core.plain import parse_instant
from cspdecl.core.records import GENESIS, LedgerHead, LedgerRecord
from cspdecl.spi.keeping import (
    damaged,
    held_by,
    lost_lock,
    may_take,
    not_in_plan,
    operations_of,
    shorter,
    this_machine,
    twice,
    unusable,
)  # fmt: skip
from cspdecl.spi.store import Batch, LockOwner, OpenOperation, RunHeader
from cspdecl.store import git_layout as layout
from cspdecl.store.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from cspdecl.store.git_draft import Build, Draft, State, owner_of
from cspdecl.store.git_mirror import Mirror
from cspdecl.store.git_notes import GitNotes
from cspdecl.store.git_place import find_place
from cspdecl.store.sqlite import SqliteStore

_RACES = 8  # lost in a row until somebody else is left to it


def open_git_store(url: str, root: Path, *, create: bool, project: str = "") -> GitStore:
    """The store at `git:PLACE[#REF]`. Raises ConfigurationError, NotAuthorised, TryLater or StoreDamaged."""
    place = find_place(url, root)
    folder = root / ".cspdecl" / "cache" / "git" / place.folder
    memory = root / ".cspdecl" / f"git-{place.folder}.checkpoint"
    store = GitStore(
        Mirror(place, folder / "clone.git", place.ref), GitNotes(Mirror(place, folder / "clone.git", place.notes)),
        cache=folder / "live.db", memory=memory, shown=place.shown, project=project,
    )  # fmt: skip
    store.open(create=create)
    return store


class GitStore:
    """`spi.Store` on a ref. Reads what was there when it was opened or locked, and what it wrote since."""

    def __init__(self, mirror: Mirror, notes: GitNotes, *, cache: Path, memory: Path, shown: str, project: str) -> None:
        self._mirror, self._notes = mirror, notes
        self._cache, self._memory = cache, memory
        self._shown, self._project = shown, project
        self._owner: LockOwner | None = None
        self._state = State(mirror)
        self._head = layout.Head()
        self._ids: set[str] | None = None
        self._rewritten = self._doubtful = False
        self._live: SqliteStore | None = None
        self._checked: tuple[str | None, Checkpoint] | None = None
        self._found: str | None = None

    def open(self, *, create: bool) -> None:
        """Read where the remote is. Raises ConfigurationError where there is no store and none may be made."""
        self._mirror.prepare()
        self._refresh()
        if self._state.commit is None and not create and not self._memory.exists():
            raise unusable("CSP916", f"there is no store yet at {self._shown}: apply or adopt makes one")

    # ---- lock ----

    def lock(self, owner: LockOwner, *, take_over: str | None = None) -> None:
        """Take the project's lock; see `spi.store.Store`."""
        machine = this_machine()

        def take(draft: Draft) -> None:
            held, where = owner_of(self._state.read(layout.LOCK), self._shown)
            free = may_take(owner, held, take_over=take_over, same_machine=where == machine)
            if held is not None and not free:
                raise LockHeld(held_by(held))
            draft.hold(owner, machine)

        self._owner = None
        self._refresh()
        self._write(take, owner)
        self._owner = owner

    def unlock(self, owner: LockOwner) -> None:
        """Give the lock back; without effect when it is not ours any more."""

        def give(draft: Draft) -> None:
            held = draft.owner()
            if held is not None and held.run == owner.run:
                draft.hold(None)

        self._owner = None
        if self._doubtful:
            self._refresh()
        self._write(give, owner)

    def lock_owner(self) -> LockOwner | None:
        """Who holds the lock, if anybody: asked of the remote, unless we hold it."""
        if self._owner is None:
            self._refresh()
        return owner_of(self._state.read(layout.LOCK), self._shown)[0]

    # ---- writing ----

    def begin(self, header: RunHeader) -> None:
        """Keep a run's plan before its first intent."""
        self._write(lambda draft: draft.begin(header), self._owner)

    def commit(self, batch: Batch) -> None:
        """Write all of `batch` or nothing, durably; see `spi.store.Store`."""

        def fill(draft: Draft) -> None:
            draft.journal(batch.journal)
            draft.ledger(batch.ledger)
            draft.bind(batch.bindings)
            self._refuse_twice(batch.ledger)

        if batch.journal or batch.ledger or batch.bindings:
            self._write(fill, self._owner)
            if self._ids is not None:
                self._ids.update(record.id for record in batch.ledger)
            self._remember_head()
        if batch.live:
            self._cached().commit(Batch(live=batch.live))

    def _write(self, build: Build, owner: LockOwner | None) -> None:
        """One commit, pushed. A race that was lost is read again and tried again, as far as it still makes sense."""
        if self._doubtful:
            self._refresh()
        for _ in range(_RACES):
            self._refuse_damaged()
            draft = Draft(self._state, self._shown, self._project)
            held = draft.owner()
            if self._owner is not None and (held is None or held.run != self._owner.run):
                raise lost_lock(held)
            build(draft)
            if not draft.changes:
                return
            draft.finish()
            self._doubtful = True  # until the remote has answered
            new = self._mirror.commit(
                self._state.commit, draft.changes, draft.message(owner), owner.user if owner else ""
            )
            if self._mirror.push(self._state.commit, new):
                self._state = self._state.after(draft, new)
                self._head = layout.parse_head(self._state.read(layout.HEAD), self._shown)
                self._doubtful = False
                return
            self._refresh()
        raise TryLater(f"others write to the store {self._shown} all the time; try again")

    def _refuse_twice(self, records: Iterable[LedgerRecord]) -> None:
        wanted = list(records)
        if wanted and self._ids is None:
            self._ids = {record.id for record in self.ledger()}
        for number, record in enumerate(wanted):
            if record.id in (self._ids or ()) or any(record.id == one.id for one in wanted[:number]):
                raise twice(record)

    def _refuse_damaged(self) -> None:
        known = self._known()
        if self._rewritten or known.seq > self._head.ledger.seq or known.journal > self._head.journal:
            raise damaged("CSP910", self._shrunk(known) or self._forced())

    # ---- where the remote is ----

    def _refresh(self) -> None:
        tip = self._mirror.fetch()
        seen = self._mirror.last_seen()
        self._doubtful = False
        self._rewritten = seen is not None and (tip is None or not self._mirror.follows(tip, seen))
        if tip != self._state.commit or tip is None:
            self._state = State(self._mirror, tip, self._mirror.files(tip) if tip else {})
            self._ids = None
        self._head = layout.parse_head(self._state.read(layout.HEAD), self._shown) if tip else layout.Head()
        if self._project and self._head.project not in ("", self._project):
            raise unusable(
                "CSP925", f"the store {self._shown} belongs to project `{self._head.project}`, not `{self._project}`",
                hint="give each project a ref of its own: `#refs/cspdecl/NAME`",
            )  # fmt: skip
        if tip is not None and not self._rewritten and self.damage() is None:
            self._mirror.see(tip)
            self._remember_head()

    def _known(self) -> Checkpoint:
        return read_checkpoint(self._memory)

    def _remember_head(self) -> None:
        mark = Checkpoint(seq=self._head.ledger.seq, hash=self._head.ledger.hash, journal=self._head.journal)
        try:
            if mark != self._known():
                self._memory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_checkpoint(self._memory, mark)
        except OSError as problem:
            text = f"the records are kept, but their checkpoint cannot be written: {problem.strerror}"
            raise unusable("CSP915", text) from problem

    # ---- reading ----

    def bindings(self) -> Mapping[Address, Binding]:
        """All bindings."""
        found: dict[Address, Binding] = {}
        for _path, text in self._state.read_all(self._state.paths(layout.BINDINGS)):
            for document in layout.parse(text, self._shown).values():
                binding: Binding = layout.value(Binding, document, self._shown)
                found[binding.address] = binding
        return found

    def open_operations(self) -> tuple[OpenOperation, ...]:
        """Sent, not settled, in the order they were sent."""
        rows = layout.parse(self._state.read(layout.OPEN) or b"{}", self._shown)
        plans = {header.run: operations_of(header.plan) for header in self.runs()} if rows else {}
        found = []
        for op, row in sorted(rows.items(), key=lambda item: item[1]["n"]):
            if op not in plans.get(row["run"], {}):
                raise not_in_plan(op, row["run"])
            found.append(
                OpenOperation(
                    run=row["run"], op=op, operation=canonical_json(plans[row["run"]][op]),
                    request_id=row["request_id"], correlation_id=row["correlation_id"],
                    checkpoint=row["checkpoint"], since=parse_instant(row["since"]),
                )
            )  # fmt: skip
        return tuple(found)

    def journal(self, run: str | None = None) -> Iterator[JournalEntry]:
        """Journal entries in order."""
        folder = layout.JOURNAL if run is None else f"{layout.JOURNAL}{layout.file_name(run)}/"
        lines: list[tuple[int, JournalEntry]] = []
        for _path, text in self._state.read_all(self._state.paths(folder)):
            lines.extend(layout.parse_journal(text, self._shown))
        yield from (entry for _number, entry in sorted(lines, key=lambda line: line[0]))

    def runs(self) -> Iterator[RunHeader]:
        """All runs, oldest first."""
        files = dict(self._state.read_all(self._state.paths(layout.RUNS)))
        for path in sorted(files):
            if path.endswith("/header.json"):
                document = layout.parse(files[path], self._shown)
                plan = files.get(path.removesuffix("header.json") + "plan.json", b"").decode("utf-8", "replace")
                header: RunHeader = layout.value(RunHeader, {**document, "plan": plan}, self._shown)
                yield header

    def head(self) -> LedgerHead:
        """Where the ledger ends."""
        return self._head.ledger

    def ledger(self, *, after: int = 0, addresses: Iterable[Address] | None = None) -> Iterator[LedgerRecord]:
        """Records with seq > after, in order."""
        wanted = None if addresses is None else set(addresses)
        state = self._state  # what is written meanwhile belongs to the next reading
        for _path, text in state.read_all(state.paths(layout.LEDGER)):
            for record in layout.parse_ledger(text, self._shown):
                if record.seq > after and (wanted is None or record.address in wanted):
                    yield record

    def last_records(self) -> Mapping[Address, LedgerRecord]:
        """The last record of every address."""
        found: dict[Address, LedgerRecord] = {}
        for record in self.ledger():
            found.pop(record.address, None)
            found[record.address] = record
        return found

    def live(self, keys: Iterable[str] | None = None) -> Mapping[str, LiveCustomer]:
        """Customers as this machine read them last."""
        return self._cached().live(keys) if self._live or self._cache.exists() else {}

    def recall(self, name: str) -> str | None:
        """A note, or None."""
        return self._notes.recall(name)

    def remember(self, name: str, text: str) -> None:
        """Leave a note."""
        self._notes.remember(name, text)

    def damage(self) -> str | None:
        """What is wrong with journal or ledger, or None: the chain, the counts, and what this machine remembers."""
        try:
            known = self._known()
            if found := self._shrunk(known):
                return f"{found} (CSP910)"
            if self._rewritten:
                return f"{self._forced()} (CSP926)"
            if self._checked != (self._state.commit, known):
                self._found, self._checked = self._broken_chain(known), (self._state.commit, known)
            return self._found
        except (StoreDamaged, json.JSONDecodeError) as problem:
            return problem.message if isinstance(problem, CspdeclError) else str(problem)

    def _shrunk(self, known: Checkpoint) -> str | None:
        if self._head.ledger.seq < known.seq:
            return shorter(known.seq, self._head.ledger, self._shown)
        if self._head.journal < known.journal:
            return f"the journal was cut: {known.journal} entries are remembered, {self._head.journal} are there"
        return None

    def _forced(self) -> str:
        return (
            f"the history of the ledger in {self._shown} was rewritten: what this machine saw last is not part of it "
            "any more; find the commit that was pushed over, and push it again"
        )

    def _broken_chain(self, known: Checkpoint) -> str | None:
        head, there = LedgerHead(), GENESIS
        for record in self.ledger():
            if record.seq != head.seq + 1:
                return (
                    f"records are missing from the ledger after {head.seq}; `cspdecl ledger verify` says more (CSP911)"
                )
            if record.previous != head.hash or sha256(record.previous + record.body) != record.hash:
                return f"record {record.seq} of the ledger was altered (CSP911)"
            head = LedgerHead(seq=record.seq, hash=record.hash)
            there = record.hash if record.seq == known.seq else there
        if head != self._head.ledger:
            return f"the ledger ends at {head.seq}, the store says {self._head.ledger.seq} (CSP911)"
        if known.seq and there != known.hash:
            return f"the ledger was exchanged: record {known.seq} is not the one this machine remembers (CSP911)"
        files = self._state.read_all(self._state.paths(layout.JOURNAL))
        entries = sum(text.count(b"\n") for _path, text in files)
        if entries != self._head.journal:
            return f"the journal holds {entries} entries, the store says {self._head.journal} (CSP911)"
        return None

    def close(self) -> None:
        """Let go of the clone."""
        self._mirror.close()
        self._notes.close()
        if self._live is not None:
            self._live.close()

    def _cached(self) -> SqliteStore:
        if self._live is None:
            try:
                self._live = SqliteStore(self._cache, create=True)
            except StoreDamaged:  # a cache: made anew
                for path in self._cache.parent.glob(f"{self._cache.name}*"):
                    with contextlib.suppress(OSError):
                        path.unlink()
                self._live = SqliteStore(self._cache, create=True)
        return self._live
