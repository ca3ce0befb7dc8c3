"""What is done to a store as a whole: its lock broken by hand, everything in it copied to another one and compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, TypeVar

from cspdecl.billing.chain import verify
from cspdecl.core.diagnostics import error, has_errors
from cspdecl.core.errors import ConfigurationError, LockHeld, StoreDamaged
from cspdecl.core.store_place import without_secrets
from cspdecl.engine.apply import owner_of
from cspdecl.engine.problems import held
from cspdecl.spi.keeping import held_by
from cspdecl.spi.store import Batch, LockOwner, Store

if TYPE_CHECKING:
    from cspdecl.engine.session import Session

_BATCH = 2000
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A lock that was taken from its run, and how many operations that run left open."""

    owner: LockOwner
    unsettled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """How much was copied, and compared after."""

    runs: int
    journal: int
    records: int
    bindings: int


def break_lock(session: Session, run: str) -> Broken:
    """Take the lock from `run`, which can write no more from then on. Raises LockHeld where another run has it."""
    store = session.store(create=False)
    owner = store.lock_owner()
    if owner is None or owner.run != run:
        text = f"run {run} does not hold this project: {held_by(owner) if owner else 'nobody does'}"
        hint = "name the run that `cspdecl lock list` shows" if owner else "there is nothing to break"
        raise LockHeld(text, diagnostics=(error("CSP927", text, hint=hint),))
    mine = owner_of(session, session.ids.fresh(), "lock break")
    store.lock(mine, take_over=run)
    unsettled = len(store.open_operations())
    store.unlock(mine)
    return Broken(owner=owner, unsettled=unsettled)


def copy_store(session: Session, source: str, target: str) -> Copied:
    """Copy journal, ledger and bindings into an empty store, and read both again to compare them.

    Raises ConfigurationError where the target is not empty, StoreDamaged where the source does not verify or the two
    differ after it. Notes and the cache of live customers stay behind: both are made again.
    """
    from cspdecl.store.open import open_store

    old = open_store(source, session.root, create=False)
    try:
        new = open_store(target, session.root, create=True, project=session.project.name)
        try:
            return _copy(session, old, new, without_secrets(target))
        finally:
            new.close()
    finally:
        old.close()


def _copy(session: Session, old: Store, new: Store, name: str) -> Copied:
    if any((next(new.runs(), None), next(new.journal(), None), new.head().seq, new.bindings())):
        text = f"the store {name} is not empty: nothing was copied"
        raise ConfigurationError(text, diagnostics=(error("CSP928", text, hint="copy into a new place"),))
    mine = owner_of(session, session.ids.fresh(), "store copy")
    with ExitStack() as locks:
        for store in (old, new):
            try:
                store.lock(mine)
            except LockHeld as problem:
                raise held(problem) from None
            locks.callback(store.unlock, mine)
        _sound(old)
        for header in old.runs():
            new.begin(header)
        for entries in _batches(old.journal()):
            new.commit(Batch(journal=entries))
        for records in _batches(old.ledger()):
            new.commit(Batch(ledger=records))
        for bindings in _batches(old.bindings().items()):
            new.commit(Batch(bindings=bindings))
        copied = _compared(old, new)
        _sound(new)
    return copied


def _compared(old: Store, new: Store) -> Copied:
    counts = [
        _same("runs", old.runs(), new.runs()), _same("the journal", old.journal(), new.journal()),
        _same("the ledger", old.ledger(), new.ledger()),
    ]  # fmt: skip
    if old.bindings() != new.bindings() or old.open_operations() != new.open_operations():
        raise _differ("bindings or open operations")
    return Copied(runs=counts[0], journal=counts[1], records=counts[2], bindings=len(new.bindings()))


def _same(what: str, old: Iterable[object], new: Iterable[object]) -> int:
    count = 0
    for one, other in zip_longest(old, new):
        if one != other:
            raise _differ(what)
        count += 1
    return count


def _differ(what: str) -> StoreDamaged:
    text = f"the copy differs from its source in {what}: do not use it"
    return StoreDamaged(text, diagnostics=(error("CSP929", text, hint="delete the copy; the source is as it was"),))


def _sound(store: Store) -> None:
    damage = store.damage()
    if damage or has_errors(found := verify(store.ledger(), store.head())):
        raise StoreDamaged(damage or found[0].message)


def _batches(rows: Iterable[Row]) -> Iterator[tuple[Row, ...]]:
    left = iter(rows)
    while some := tuple(islice(left, _BATCH)):
        yield some
