"""One commit of a git store in the making: the files as they are, and what a batch makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from cspdecl.core.address import Address
from cspdecl.core.live import Binding
from cspdecl.core.outcome import JournalEntry
from cspdecl.core.plain import instant_text, to_plain
from cspdecl.core.records import LedgerRecord
from cspdecl.spi.keeping import check_follows, fold_open
from cspdecl.spi.store import LockOwner, RunHeader
from cspdecl.store import git_layout as layout
from cspdecl.store.git_mirror import Mirror


@dataclass(slots=True)
class State:
    """The files of one commit. What this process wrote itself is kept, what is only read is not."""

    mirror: Mirror
    commit: str | None = None
    objects: dict[str, str] = field(default_factory=dict)
    written: dict[str, bytes | None] = field(default_factory=dict)

    def paths(self, folder: str) -> list[str]:
        """The files of a folder, in order."""
        found = {path for path in self.objects if path.startswith(folder)}
        found |= {path for path in self.written if path.startswith(folder)}
        return sorted(path for path in found if self.written.get(path, b"") is not None)

    def read(self, path: str) -> bytes | None:
        """A file, or None."""
        if path in self.written:
            return self.written[path]
        return next(self.mirror.read([self.objects[path]])) if path in self.objects else None

    def read_all(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Files with their names, as many at a time as fit comfortably into memory."""
        for start in range(0, len(paths), 200):
            some = [path for path in paths[start : start + 200] if path not in self.written]
            texts = dict(zip(some, self.mirror.read(self.objects[path] for path in some), strict=True))
            for path in paths[start : start + 200]:
                text = self.written[path] if path in self.written else texts[path]
                if text is not None:
                    yield path, text

    def after(self, draft: Draft, commit: str) -> State:
        """The state once the draft's commit was taken."""
        return State(self.mirror, commit, self.objects, {**self.written, **draft.changes})


class Draft:
    """What one commit changes."""

    def __init__(self, state: State, shown: str, project: str) -> None:
        self.changes: dict[str, bytes | None] = {}
        self.said: list[str] = []
        self._state = state
        self._shown = shown
        self._head = layout.Head(project=project)
        if state.commit is not None:
            self._head = layout.parse_head(state.read(layout.HEAD), shown)
        self._begun = self._head

    def owner(self) -> LockOwner | None:
        """Who holds the lock in this state."""
        return owner_of(self._read(layout.LOCK), self._shown)[0]

    def hold(self, owner: LockOwner | None, machine: str = "") -> None:
        """Write who holds the lock, or that nobody does."""
        self._put(
            layout.LOCK, None if owner is None else layout.pretty({**to_plain(owner), "machine": machine}),
            f"{owner.command} of {owner.user} on {owner.host} begins" if owner else "ended",
        )  # fmt: skip

    def begin(self, header: RunHeader) -> None:
        """A run's header and plan."""
        number = self._head.runs + 1
        folder = f"{layout.RUNS}{number:06d}-{layout.file_name(header.run)}/"
        document = to_plain(header)
        plan = document.pop("plan")
        self._put(f"{folder}header.json", layout.pretty(document), f"plan {header.plan_id[:16]}")
        self._put(f"{folder}plan.json", plan.encode())
        self._head = replace(self._head, runs=number)

    def journal(self, entries: Sequence[JournalEntry]) -> None:
        """Journal entries at the end, and what they leave open."""
        if not entries:
            return
        open_ones = layout.parse(self._read(layout.OPEN) or b"{}", self._shown)
        number = self._head.journal
        for entry in entries:
            number += 1
            self._append(f"{layout.JOURNAL}{layout.file_name(entry.run)}/", layout.journal_line(entry, number))
            row = fold_open(entry, number, open_ones.pop(entry.op, None))
            if row is not None:
                since = row["since"]
                open_ones[entry.op] = {**row, "since": since if isinstance(since, str) else instant_text(since)}
        self._put(layout.OPEN, layout.pretty(open_ones), _counted(entries))
        self._head = replace(self._head, journal=number)

    def ledger(self, records: Sequence[LedgerRecord]) -> None:
        """Records at the end. Raises StoreDamaged where one does not follow."""
        if not records:
            return
        head = check_follows(records, self._head.ledger)
        newest = layout.last_part([*self._state.paths(layout.LEDGER), *self.changes], layout.LEDGER)
        month = newest.split("/")[1] if newest else ""
        for record in records:
            # a clock that goes back must not tear the order of the files apart
            month = max(month, f"{record.recorded_at:%Y-%m}")
            self._append(f"{layout.LEDGER}{month}/", layout.ledger_line(record))
        self.said.append(f"{len(records)} record{'' if len(records) == 1 else 's'}")
        self._head = replace(self._head, ledger=head)

    def bind(self, bindings: Sequence[tuple[Address, Binding | None]]) -> None:
        """Bindings put and removed."""
        by_customer: dict[str, list[tuple[Address, Binding | None]]] = {}
        for address, binding in bindings:
            by_customer.setdefault(address.customer, []).append((address, binding))
        for customer, changed in by_customer.items():
            path = f"{layout.BINDINGS}{layout.file_name(customer)}.json"
            document = layout.parse(self._read(path) or b"{}", self._shown)
            for address, binding in changed:
                document.pop(str(address), None)
                if binding is not None:
                    document[str(address)] = to_plain(binding)
            self._put(path, layout.pretty(document) if document else None)
        if bindings:
            self.said.append(f"{len(bindings)} binding{'' if len(bindings) == 1 else 's'}")

    def finish(self) -> None:
        """Write how far the store goes now, where that changed."""
        if self._head != self._begun or self._state.commit is None:
            self._put(layout.HEAD, layout.head_text(self._head))

    def message(self, owner: LockOwner | None) -> str:
        """The commit's message: what it holds, and of which run."""
        said = ", ".join(self.said) or "store"
        return f"{said}\n\nRun: {owner.run}\n" if owner else f"{said}\n"

    def _read(self, path: str) -> bytes | None:
        return self.changes[path] if path in self.changes else self._state.read(path)

    def _put(self, path: str, text: bytes | None, said: str = "") -> None:
        if text is not None or self._read(path) is not None:
            self.changes[path] = text
        if said:
            self.said.append(said)

    def _append(self, folder: str, line: bytes) -> None:
        path = layout.last_part([*self._state.paths(folder), *self.changes], folder)
        before = self._read(path) if path else None
        if path is None or before is None or len(before) >= layout.FULL:
            path, before = layout.next_part(path, folder), b""
        self.changes[path] = before + line


def owner_of(text: bytes | None, shown: str) -> tuple[LockOwner | None, str]:
    """Who holds the lock, and on which machine."""
    if text is None:
        return None, ""
    document = layout.parse(text, shown)
    machine = document.pop("machine", "") if isinstance(document, dict) else ""
    owner: LockOwner = layout.value(LockOwner, document, shown)
    return owner, machine


def _counted(entries: Sequence[JournalEntry]) -> str:
    kinds = [entry.kind for entry in entries]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))


Build = Callable[[Draft], None]
