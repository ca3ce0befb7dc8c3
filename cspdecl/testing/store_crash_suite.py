"""What every store has to keep when things go wrong: killed in between, set back, altered, read while written."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from cspdecl.spi.store import Batch, Store
from cspdecl.testing.store_parts import M365, ONE, TWO, VISIO, StoreBase, chain, entry, header, owner

_WRITER = """
import sys
from pathlib import Path
from cspdecl.core.records import LedgerHead
from cspdecl.spi.store import Batch
from cspdecl.store.open import open_store
from cspdecl.testing.store_parts import ONE, binding, M365, chain, entry
store = open_store(sys.argv[1], Path(sys.argv[2]), create=True)
while True:
    head = store.head()
    store.commit(Batch(journal=[entry(ONE, "intent")], ledger=chain(M365, head=head), bindings=[(M365, binding())]))
    print(head.seq + 1, flush=True)
"""


class CrashSuite(StoreBase):
    """Damage, death and readers, as tests."""

    def test_killed_while_writing(self, store: Store, reopen: Callable[[], Store], tmp_path: Path) -> None:
        """What was said to be kept is kept, at most one batch more is, and that one whole; writing goes on."""
        store.close()
        program = [sys.executable, "-c", _WRITER, self.url(tmp_path), str(tmp_path)]
        with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603 - this interpreter
            assert running.stdout is not None
            said = next(int(line) for line in running.stdout if int(line) >= 7)
            running.kill()
            said = max([said, *(int(line) for line in running.stdout if line.endswith("\n"))])

        again = reopen()

        head = again.head()
        assert head.seq in (said, said + 1)
        assert [head.seq] * 2 == [len(list(again.journal())), len(list(again.ledger()))]
        assert again.damage() is None
        again.commit(Batch(ledger=chain(VISIO, head=head)))
        assert head.seq + 1 == reopen().head().seq

    def test_a_store_set_back_is_noticed(self, store: Store, reopen: Callable[[], Store], tmp_path: Path) -> None:
        """A ledger that lost its end is damage, and says so, though what is left is consistent in itself."""
        store.commit(Batch(journal=[entry(ONE, "intent")], ledger=chain(M365)))
        store.commit(Batch(ledger=chain(VISIO, head=store.head())))
        store.close()
        self.set_back(tmp_path)

        assert "ledger" in (reopen().damage() or "")

    def test_an_altered_record_is_noticed(self, store: Store, reopen: Callable[[], Store], tmp_path: Path) -> None:
        """A record whose text was changed does not fit its hash any more."""
        store.commit(Batch(ledger=chain(M365, VISIO)))
        store.close()
        self.alter(tmp_path)

        assert "ledger" in (reopen().damage() or "")

    def test_reading_while_another_writes(self, store: Store, reopen: Callable[[], Store]) -> None:
        """A reader in the middle of the ledger gets whole records that follow each other, whoever writes meanwhile."""
        records = chain(*[M365, VISIO] * 400)
        store.commit(Batch(ledger=records[:600]))
        reading = reopen().ledger()
        seen = [next(reading)]
        store.commit(Batch(ledger=records[600:]))
        seen.extend(reading)

        assert len(seen) in (600, 800)
        assert list(records[: len(seen)]) == seen
        assert list(records) == list(reopen().ledger())

    def test_an_open_operation_outlives_its_run(self, store: Store, reopen: Callable[[], Store]) -> None:
        """A run that died after its intents left them for whoever opens the store next, on whatever machine."""
        store.lock(owner())
        store.begin(header(ONE, TWO))
        store.commit(Batch(journal=[entry(ONE, "intent"), entry(TWO, "intent", request="r2")]))
        store.commit(Batch(journal=[entry(TWO, "outcome", request="r2")], ledger=chain(VISIO)))
        store.close()

        assert [(ONE.id, "r1")] == [(item.op, item.request_id) for item in reopen().open_operations()]

    # ---- notes ----

    def test_notes_are_kept_by_name(self, store: Store, reopen: Callable[[], Store]) -> None:
        """A note is there for the next process, takes the place of the one before, and leaves the others alone."""
        store.remember("drift", "three")
        store.remember("drift", "four: ü\n")
        store.remember("announced/2026-11", "")

        again = reopen()

        assert ("four: ü\n", "", None) == (
            again.recall("drift"), again.recall("announced/2026-11"), again.recall("nothing")
        )  # fmt: skip

    def test_notes_need_no_lock(self, store: Store, reopen: Callable[[], Store]) -> None:
        """A note can be left while somebody else holds the project, and disturbs nobody's writing."""
        store.lock(owner())
        reopen().remember("drift", "seen")
        store.commit(Batch(ledger=chain(M365)))

        assert ("seen", 1) == (reopen().recall("drift"), reopen().head().seq)
