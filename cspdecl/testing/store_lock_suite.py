"""What every store's lock has to keep: one holder, told to whoever is refused, and nothing written without it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from cspdecl.core.errors import LockHeld
from cspdecl.core.records import LedgerHead
from cspdecl.spi.store import Batch, Store
from cspdecl.testing.store_parts import (
    M365,
    ONE,
    OTHER_RUN,
    RUN,
    VISIO,
    StoreBase,
    binding,
    chain,
    entry,
    header,
    owner,
)


class LockSuite(StoreBase):
    """The lock, as tests."""

    # ---- lock ----

    def test_one_holds_the_lock(self, store: Store, reopen: Callable[[], Store]) -> None:
        """A second run is refused, and told who holds the project."""
        store.lock(owner())
        other = reopen()

        with pytest.raises(LockHeld, match=r"anna.*process") as refused:
            other.lock(owner(OTHER_RUN))

        assert refused.value.exit_code == 6

    def test_a_lock_given_back_can_be_taken(self, store: Store, reopen: Callable[[], Store]) -> None:
        """After `unlock` the next one takes it; unlocking what is not ours any more has no effect."""
        other = reopen()
        store.lock(owner())
        store.unlock(owner())
        other.lock(owner(OTHER_RUN))
        store.unlock(owner())

        with pytest.raises(LockHeld):
            store.lock(owner())

    def test_a_dead_process_holds_nothing(self, store: Store, reopen: Callable[[], Store]) -> None:
        """A lock whose process has died on this machine is taken over: the journal tells what it left."""
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        store.lock(owner(pid=gone.pid))

        reopen().lock(owner(OTHER_RUN))

    def test_another_machine_is_never_declared_dead(self, store: Store, reopen: Callable[[], Store]) -> None:
        """Whether a process of another machine lives cannot be known here, so its lock stands."""
        store.lock(owner(host="elsewhere", pid=2**22 + 1))

        with pytest.raises(LockHeld, match="elsewhere"):
            reopen().lock(owner(OTHER_RUN))

    def test_the_holder_is_known(self, store: Store, reopen: Callable[[], Store]) -> None:
        """Who holds the project is told in full, with the link to its run; nobody does after it was given back."""
        holder = replace(owner(), link="https://ci.example/runs/7")
        assert store.lock_owner() is None
        store.lock(holder)

        assert holder == reopen().lock_owner()

        store.unlock(holder)

        assert reopen().lock_owner() is None

    def test_a_named_run_is_taken_over_and_writes_no_more(self, store: Store, reopen: Callable[[], Store]) -> None:
        """Whoever lost its lock writes nothing: no intent, so no call either, no record, no run. The next one does."""
        store.lock(owner(host="elsewhere"))
        other = reopen()
        other.lock(owner(OTHER_RUN), take_over=RUN)

        for batch in (Batch(journal=[entry(ONE, "intent")]), Batch(ledger=chain(M365)), Batch(bindings=[(M365, None)])):
            with pytest.raises(LockHeld, match=r"taken from this run.*run-2"):
                store.commit(batch)
        with pytest.raises(LockHeld):
            store.begin(header(ONE))
        store.unlock(owner())
        other.commit(Batch(ledger=chain(VISIO)))

        assert ([], list(chain(VISIO)), []) == (
            list(reopen().journal()), list(reopen().ledger()), list(reopen().runs())
        )  # fmt: skip

    def test_only_the_run_that_is_named_is_taken_over(self, store: Store, reopen: Callable[[], Store]) -> None:
        """Another run may have taken the lock since: naming the one before does not take it from that one."""
        store.lock(owner(OTHER_RUN, host="elsewhere"))

        with pytest.raises(LockHeld, match=OTHER_RUN):
            reopen().lock(owner("run-3"), take_over=RUN)

    def test_what_the_last_holder_wrote_is_seen_by_the_next(self, store: Store, reopen: Callable[[], Store]) -> None:
        """Opened before, locked after: whoever holds the lock reads all that was written up to then."""
        late = reopen()
        store.lock(owner())
        store.begin(header(ONE))
        store.commit(Batch(journal=[entry(ONE, "intent")], ledger=chain(M365), bindings=[(M365, binding())]))
        store.unlock(owner())

        late.lock(owner(OTHER_RUN))

        assert ([ONE.id], LedgerHead(seq=1, hash=chain(M365)[0].hash), {M365: binding()}) == (
            [item.op for item in late.open_operations()], late.head(), dict(late.bindings())
        )  # fmt: skip
