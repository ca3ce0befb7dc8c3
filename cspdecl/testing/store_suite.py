"""What every store has to keep, as tests: a `class TestMine(StoreSuite)` with `url`, `set_back` and `alter` is a
store's test file.

A test's docstring is the rule. The suite needs pytest, and asks for nothing but the protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cspdecl.core.digest import canonical_json, sha256
from cspdecl.core.errors import StoreDamaged
from cspdecl.core.outcome import JournalKind
from cspdecl.core.plain import to_plain
from cspdecl.core.records import LedgerHead
from cspdecl.spi.store import Batch, Store
from cspdecl.testing.builders import live_customer, live_subscription
from cspdecl.testing.store_crash_suite import CrashSuite
from cspdecl.testing.store_lock_suite import LockSuite
from cspdecl.testing.store_parts import M365, ONE, OTHER_RUN, RUN, TWO, VISIO, binding, chain, entry, header, record


class StoreSuite(LockSuite, CrashSuite):
    """Subclass it, say where the store is, and pytest does the rest."""

    # ---- batches ----

    def test_a_batch_is_there_for_the_next_process(self, store: Store, reopen: Callable[[], Store]) -> None:
        """What was committed is read by whoever opens the store next: journal, ledger, bindings, live, runs."""
        store.begin(header(ONE))
        customer = live_customer(live_subscription())
        store.commit(
            Batch(journal=[entry(ONE, "intent")], ledger=chain(M365), bindings=[(M365, binding())], live=[customer])
        )
        store.close()

        again = reopen()

        assert [entry(ONE, "intent")] == list(again.journal())
        assert list(chain(M365)) == list(again.ledger())
        assert {M365: binding()} == dict(again.bindings())
        assert {"contoso": customer} == dict(again.live())
        assert [header(ONE)] == list(again.runs())

    def test_a_batch_is_all_or_nothing(self, store: Store) -> None:
        """A record that does not follow the head stops the whole batch: no journal line, no binding, no cache."""
        stray = record(LedgerHead(seq=7, hash="f" * 64))

        with pytest.raises(StoreDamaged):
            store.commit(
                Batch(journal=[entry(ONE, "intent")], ledger=[stray], bindings=[(M365, binding())],
                      live=[live_customer()])
            )  # fmt: skip

        assert ([], [], {}, {}, LedgerHead()) == (
            list(store.journal()), list(store.ledger()), dict(store.bindings()), dict(store.live()), store.head()
        )  # fmt: skip

    def test_a_batch_stops_in_its_middle_without_a_trace(self, store: Store) -> None:
        """The first records of a batch are not kept when a later one does not follow them."""
        good = chain(M365, VISIO)

        with pytest.raises(StoreDamaged):
            store.commit(Batch(ledger=[good[0], replace(good[1], seq=9)]))

        assert LedgerHead() == store.head()

    def test_two_writers_cannot_fork_the_ledger(self, store: Store, reopen: Callable[[], Store]) -> None:
        """Of two records made for the same place in the ledger only the first is taken."""
        store.commit(Batch(ledger=chain(M365)))

        with pytest.raises(StoreDamaged):
            reopen().commit(Batch(ledger=chain(VISIO)))

        assert list(chain(M365)) == list(store.ledger())

    def test_a_record_is_written_once(self, store: Store) -> None:
        """A record's id is unique for ever: the same change cannot be billed twice."""
        [first] = chain(M365)
        store.commit(Batch(ledger=[first]))
        again = replace(first, seq=2, previous=first.hash, hash=sha256(first.hash + first.body))

        with pytest.raises(StoreDamaged):
            store.commit(Batch(ledger=[again]))

        assert 1 == store.head().seq

    # ---- ledger ----

    def test_the_ledger_is_read_in_order_and_in_part(self, store: Store) -> None:
        """All of it, what comes after a number, or some addresses; its head and each address's last record."""
        records = chain(M365, VISIO, M365)
        store.commit(Batch(ledger=records[:2]))
        store.commit(Batch(ledger=records[2:]))

        assert list(records) == list(store.ledger())
        assert list(records[1:]) == list(store.ledger(after=1))
        assert [records[1]] == list(store.ledger(addresses=[VISIO]))
        assert [records[2]] == list(store.ledger(after=1, addresses=[M365]))
        assert {M365: records[2], VISIO: records[1]} == dict(store.last_records())
        assert LedgerHead(seq=3, hash=records[2].hash) == store.head()
        assert store.damage() is None

    def test_an_empty_store_is_sound(self, store: Store) -> None:
        """Nothing yet is no damage."""
        assert ([], LedgerHead(), {}, None) == (
            list(store.ledger()), store.head(), dict(store.last_records()), store.damage()
        )  # fmt: skip

    # ---- journal ----

    def test_what_was_sent_and_not_settled_is_open(self, store: Store) -> None:
        """An intent without an end is open, in the order sent, with all that finding out needs."""
        store.begin(header(ONE, TWO))
        store.commit(Batch(journal=[entry(ONE, "intent"), entry(TWO, "intent", request="r2")]))
        store.commit(Batch(journal=[entry(ONE, "checkpoint", body='{"cart": 1}')]))

        first, second = store.open_operations()

        assert (RUN, ONE.id, "r1", "c-r1", '{"cart": 1}') == (
            first.run, first.op, first.request_id, first.correlation_id, first.checkpoint
        )  # fmt: skip
        assert canonical_json(to_plain(ONE)) == first.operation
        assert (TWO.id, None) == (second.op, second.checkpoint)

    @pytest.mark.parametrize("kind", ["outcome", "skipped", "settled"])
    def test_an_end_closes_an_operation(self, store: Store, kind: JournalKind) -> None:
        """An outcome, a skip and a decision by a person each end an operation; the others stay open."""
        store.begin(header(ONE, TWO))
        store.commit(Batch(journal=[entry(ONE, "intent"), entry(TWO, "intent")]))
        store.commit(Batch(journal=[entry(ONE, kind)]))

        assert [TWO.id] == [item.op for item in store.open_operations()]

    @pytest.mark.parametrize("kind", ["probe", "checkpoint", "intent"])
    def test_a_look_closes_nothing(self, store: Store, kind: JournalKind) -> None:
        """Looking, getting half way and sending again leave an operation open."""
        store.begin(header(ONE))
        store.commit(Batch(journal=[entry(ONE, "intent")]))
        store.commit(Batch(journal=[entry(ONE, kind)]))

        assert [ONE.id] == [item.op for item in store.open_operations()]

    def test_the_last_checkpoint_counts(self, store: Store) -> None:
        """Of several checkpoints the last one is what goes on from, also when it was sent again with it."""
        store.begin(header(ONE))
        store.commit(Batch(journal=[entry(ONE, "intent"), entry(ONE, "checkpoint", body="a")]))
        store.commit(Batch(journal=[entry(ONE, "intent", body="a"), entry(ONE, "checkpoint", body="b")]))

        assert ["b"] == [item.checkpoint for item in store.open_operations()]

    def test_an_operation_sent_by_two_runs_belongs_to_the_last(self, store: Store) -> None:
        """A plan carried out again after its first run gave up: open once, under the run that sent it last."""
        store.begin(header(ONE))
        store.begin(header(ONE, run=OTHER_RUN))
        store.commit(Batch(journal=[entry(ONE, "intent"), entry(ONE, "skipped")]))
        store.commit(Batch(journal=[entry(ONE, "intent", request="r9", run=OTHER_RUN)]))

        assert [(OTHER_RUN, "r9")] == [(item.run, item.request_id) for item in store.open_operations()]

    def test_the_journal_keeps_its_order(self, store: Store) -> None:
        """Lines come back as they were written, all of them or one run's."""
        store.begin(header(ONE))
        store.begin(header(TWO, run=OTHER_RUN))
        lines = [entry(ONE, "intent"), entry(TWO, "intent", run=OTHER_RUN), entry(ONE, "outcome", body="{}")]
        for line in lines:
            store.commit(Batch(journal=[line]))

        assert lines == list(store.journal())
        assert [lines[0], lines[2]] == list(store.journal(RUN))
        assert [RUN, OTHER_RUN] == [run.run for run in store.runs()]

    # ---- bindings and cache ----

    def test_bindings_come_and_go(self, store: Store) -> None:
        """A binding is replaced by a later one and removed by None, within one batch in the order given."""
        store.commit(Batch(bindings=[(M365, binding()), (VISIO, binding(VISIO, "s2"))]))
        store.commit(Batch(bindings=[(M365, None), (VISIO, binding(VISIO, "s3"))]))

        assert {VISIO: binding(VISIO, "s3")} == dict(store.bindings())

    def test_the_cache_keeps_the_last_reading(self, store: Store) -> None:
        """A customer read again takes the old reading's place; asked by key, only those come."""
        store.commit(Batch(live=[live_customer(key="a"), live_customer(key="b")]))
        store.commit(Batch(live=[live_customer(live_subscription(seats=3), key="a")]))

        assert [3] == [item.seats for item in store.live(["a", "nobody"])["a"].subscriptions]
        assert {"a", "b"} == set(store.live())
        assert {} == dict(store.live([]))
