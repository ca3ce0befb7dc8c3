"""The SQLite store: all or nothing, append-only, and every fault in words."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from cspdecl.billing.chain import verify
from cspdecl.billing.document import change_of
from cspdecl.core.address import Address
from cspdecl.core.digest import canonical_json
from cspdecl.core.errors import ConfigurationError, LockHeld, StoreDamaged, TryLater
from cspdecl.core.outcome import JournalEntry
from cspdecl.core.records import LedgerHead
from cspdecl.spi.store import Batch, LockOwner, RunHeader
from cspdecl.store import sqlite as module
from cspdecl.store.open import open_store
from cspdecl.store.sqlite import SqliteStore
from tests.unit.billing.estate import LINE, NOW, binding, customer, sealed, subscription
from tests.unit.billing.test_observe import ledger

PLAN = canonical_json({"cspdecl": {"operations": [{"id": f"op-{number}", "address": "a/b"} for number in range(9)]}})


@pytest.fixture
def store(tmp_path):
    opened = open_store("sqlite:.cspdecl/store.db", tmp_path, create=True)
    yield opened
    opened.close()


def records(count=3, *, head=None, first=1):
    (record,) = ledger(subscription())
    change = change_of(record.body)
    return sealed(*(replace(change, id=f"op-{number}") for number in range(first, first + count)), head=head)


def entry(kind="intent", op="op-1", *, run="run-1", body="", **rest) -> JournalEntry:
    return JournalEntry(run=run, op=op, kind=kind, at=NOW, request_id="r", correlation_id="c", body=body, **rest)


def header(run="run-1") -> RunHeader:
    return RunHeader(
        run=run, plan_id="p", plan=PLAN, started=NOW, actor="frau.lindqvist", commit="c0ffee", approvals=("herr.oduya",)
    )


def owner(run="run-1", **rest) -> LockOwner:
    values = dict(run=run, command="apply", host="here", pid=os.getpid(), user="anna", since=NOW)
    return LockOwner(**{**values, **rest})


def again(store: SqliteStore) -> SqliteStore:
    return SqliteStore(store._path, create=False)


def test_everything_written_is_read_back(store):
    """Runs, journal, ledger, bindings and cache, by another connection."""
    rows = records()
    store.begin(header())
    store.commit(Batch(journal=[entry()], ledger=rows, bindings=[(LINE, binding())], live=[customer(subscription())]))
    other = again(store)
    assert list(other.runs()) == [header()]
    assert list(other.journal("run-1")) == [entry()]
    assert tuple(other.ledger()) == rows
    assert tuple(other.ledger(after=1, addresses=[LINE])) == rows[1:]
    assert tuple(other.ledger(addresses=[Address("nobody")])) == ()
    assert other.bindings() == {LINE: binding()}
    assert other.live() == {"hafenkontor": customer(subscription())}
    assert other.live(["else"]) == {}
    assert other.head() == LedgerHead(seq=3, hash=rows[-1].hash)
    assert other.last_records() == {LINE: rows[-1]}
    assert (verify(other.ledger(), other.head()), other.damage()) == ((), None)
    other.close()


def test_a_batch_is_written_whole_or_not_at_all(store):
    """The third record does not follow: neither journal nor binding nor the two good records remain."""
    good = records()
    bad = [*good[:2], replace(good[2], previous="0" * 64)]
    with pytest.raises(StoreDamaged, match="does not follow"):
        store.commit(Batch(journal=[entry()], ledger=bad, bindings=[(LINE, binding())]))
    assert (list(store.journal()), list(store.ledger()), store.bindings()) == ([], [], {})
    store.commit(Batch(ledger=good))
    assert store.head().seq == 3


def test_a_binding_of_none_removes_the_address(store):
    """Forgetting is written like binding."""
    store.commit(Batch(bindings=[(LINE, binding())]))
    store.commit(Batch(bindings=[(LINE, None)]))
    assert store.bindings() == {}


def test_an_id_is_recorded_once(store):
    """The same operation cannot be in the ledger twice."""
    first = records(1)
    store.commit(Batch(ledger=first))
    with pytest.raises(StoreDamaged, match="already in the ledger"):
        store.commit(Batch(ledger=records(1, head=store.head())))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET body = '{}' WHERE seq = 1",
        "DELETE FROM ledger",
        "INSERT OR REPLACE INTO ledger SELECT 1, 'x', address, recorded_at, body, previous, hash FROM ledger LIMIT 1",
        "INSERT INTO ledger SELECT 9, 'x', address, recorded_at, body, previous, hash FROM ledger LIMIT 1",
        "UPDATE journal SET body = 'x'",
        "DELETE FROM journal",
        "INSERT OR REPLACE INTO journal SELECT 1, run, op, 'settled', at, NULL, NULL, '' FROM journal LIMIT 1",
    ],
)
def test_the_database_itself_refuses_to_rewrite_history(store, statement):
    """Update, delete and replace are refused by triggers, also for a plain SQL prompt."""
    store.commit(Batch(journal=[entry()], ledger=records()))
    with sqlite3.connect(store._path) as prompt, pytest.raises(sqlite3.IntegrityError):
        prompt.execute(statement)
    prompt.close()
    assert verify(store.ledger(), store.head()) == ()


# ---- what is open ----


def open_ops(store):
    return [(item.op, item.run, item.checkpoint) for item in store.open_operations()]


def test_an_intent_is_open_until_its_outcome(store):
    """Sent: open, with its operation from the run's plan; answered, settled or skipped: not any more."""
    store.begin(header())
    store.commit(Batch(journal=[entry(op=f"op-{number}") for number in range(1, 5)]))
    (first, *_rest) = store.open_operations()
    assert (json.loads(first.operation), first.request_id, first.since) == ({"id": "op-1", "address": "a/b"}, "r", NOW)
    store.commit(Batch(journal=[entry("outcome", "op-1"), entry("settled", "op-2"), entry("skipped", "op-3")]))
    assert open_ops(store) == [("op-4", "run-1", None)]


def test_checkpoints_and_probes_leave_it_open(store):
    """The last checkpoint is what recovery gets; a probe's finding settles nothing by itself."""
    store.begin(header())
    store.commit(Batch(journal=[entry(), entry("checkpoint", body="cart-1"), entry("checkpoint", body="cart-2")]))
    store.commit(Batch(journal=[entry("probe", body="not done")]))
    assert open_ops(store) == [("op-1", "run-1", "cart-2")]
    store.commit(Batch(journal=[entry("intent", body="cart-2")]))
    assert open_ops(store) == [("op-1", "run-1", "cart-2")]


def test_a_resend_keeps_its_place_in_the_order_of_sending(store):
    """Sent again after doubt, under a newer run: still the first one to be settled."""
    store.begin(header())
    store.begin(header("run-2"))
    store.commit(Batch(journal=[entry(op="op-1"), entry(op="op-2"), entry(op="op-1", run="run-2")]))
    assert open_ops(store) == [("op-1", "run-2", None), ("op-2", "run-1", None)]


def test_an_open_operation_that_no_plan_knows_is_damage(store):
    """Without the operation nobody could ask whether it happened."""
    store.begin(header())
    store.commit(Batch(journal=[entry(op="op-77")]))
    with pytest.raises(StoreDamaged, match="op-77"):
        store.open_operations()


# ---- lock ----


def test_the_second_run_is_refused_and_told_by_whom(store):
    """Command, user, host, process, since when and where to look."""
    store.lock(owner(link="https://ci.example/42"))
    other = again(store)
    with pytest.raises(LockHeld) as refused:
        other.lock(owner("run-2"))
    for word in ("apply", "anna", "here", str(os.getpid()), "2026-11-22 14:02", "https://ci.example/42"):
        assert word in refused.value.message
    store.unlock(owner())
    other.lock(owner("run-2"))
    other.close()


def dead_pid() -> int:
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_a_lock_whose_process_died_is_taken_over(store):
    """On our own host a dead process holds nothing."""
    store.lock(owner("dead", pid=dead_pid()))
    store.lock(owner("run-2"))
    assert store.lock_owner() == owner("run-2")


def test_a_lock_of_another_host_is_never_taken_over(store):
    """Its processes cannot be seen from here, however old the lock is."""
    store.lock(owner("far", host="elsewhere", pid=dead_pid(), since=NOW - timedelta(days=400)))
    with pytest.raises(LockHeld):
        store.lock(owner("run-2"))


def test_who_lost_the_lock_writes_nothing_more(store):
    """Somebody else took over: the next batch is refused, and says so."""
    store.lock(owner())
    other = again(store)
    other.unlock(owner())
    with pytest.raises(LockHeld, match="taken from this run"):
        store.commit(Batch(ledger=records()))
    assert store.head().seq == 0
    other.close()


def test_unlocking_what_is_not_ours_changes_nothing(store):
    """A late unlock of a run that was taken over leaves the new owner alone."""
    store.lock(owner("run-2"))
    again_one = again(store)
    again_one.unlock(owner("run-1"))
    assert store.lock_owner() == owner("run-2")
    again_one.close()


# ---- damage ----


def test_a_lost_store_is_noticed(store, tmp_path):
    """The file is gone, the checkpoint is not: named, and nothing is recorded over it."""
    store.commit(Batch(ledger=records()))
    store.close()
    for path in (tmp_path / ".cspdecl").glob("store.db*"):
        path.unlink()
    fresh = open_store("sqlite:.cspdecl/store.db", tmp_path, create=True)
    assert "is lost: its checkpoint remembers 3 records" in (fresh.damage() or "")
    with pytest.raises(StoreDamaged, match="is lost"):
        fresh.commit(Batch(ledger=records()))
    fresh.close()


def test_an_older_copy_is_noticed(store, tmp_path):
    """Somebody restored yesterday's file over today's: shorter than the checkpoint."""
    store.commit(Batch(ledger=records(2)))
    with sqlite3.connect(tmp_path / "backup.db") as backup:
        store._db.backup(backup)
    backup.close()
    store.commit(Batch(ledger=records(2, head=store.head(), first=3)))
    store.close()
    for path in (tmp_path / ".cspdecl").glob("store.db*"):
        path.unlink()
    (tmp_path / "backup.db").rename(tmp_path / ".cspdecl" / "store.db")
    restored = open_store("sqlite:.cspdecl/store.db", tmp_path, create=False)
    assert "was cut: its checkpoint remembers 4 records, only 2 are there" in (restored.damage() or "")
    restored.close()


def test_another_ledger_of_the_same_length_is_noticed(store, tmp_path):
    """Consistent in itself, but not the one that was written here."""
    store.commit(Batch(ledger=records(2)))
    store.close()
    foreign = open_store("sqlite:other/store.db", tmp_path, create=True)
    foreign.commit(Batch(ledger=records(2, first=50)))
    foreign.close()
    for path in (tmp_path / ".cspdecl").glob("store.db*"):
        path.unlink()
    (tmp_path / "other" / "store.db").rename(tmp_path / ".cspdecl" / "store.db")
    exchanged = open_store("sqlite:.cspdecl/store.db", tmp_path, create=False)
    assert "was exchanged" in (exchanged.damage() or "")
    exchanged.close()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM ledger WHERE seq = 2", "1 records are missing from the ledger"),
        ("UPDATE ledger SET body = '{}' WHERE seq = 3", "the last record of the ledger (3) was altered"),
        ("DELETE FROM journal WHERE n = 1", "1 entries are missing from the journal"),
        ("DELETE FROM ledger WHERE seq = 3", "was cut"),
    ],
)
def test_edits_below_the_triggers_are_noticed(store, statement, words):
    """Whoever drops the triggers first still leaves traces."""
    store.commit(Batch(journal=[entry(), entry()], ledger=records()))
    with sqlite3.connect(store._path) as prompt:
        for (name,) in prompt.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            prompt.execute(f"DROP TRIGGER {name}")
        prompt.execute(statement)
    prompt.close()
    assert words in (store.damage() or "")


def test_a_checkpoint_may_lag_but_not_lie(store, tmp_path):
    """One batch behind, as after a crash between transaction and checkpoint, is no damage; garbage is."""
    store.commit(Batch(ledger=records(1)))
    mark = tmp_path / ".cspdecl" / "ledger.checkpoint"
    earlier = mark.read_bytes()
    store.commit(Batch(ledger=records(2, head=store.head(), first=2)))
    mark.write_bytes(earlier)
    assert store.damage() is None
    mark.write_text("{")
    assert "checkpoint" in (store.damage() or "")


@pytest.mark.parametrize("data", [b"this is no database, but long enough to look like a file" * 30, b"\x00" * 4096])
def test_a_file_that_is_no_store_is_damage(tmp_path, data):
    """Text or zeros where the database should be: one sentence, no traceback, nothing overwritten."""
    (tmp_path / ".cspdecl").mkdir()
    path = tmp_path / ".cspdecl" / "store.db"
    path.write_bytes(data)
    with pytest.raises((StoreDamaged, ConfigurationError), match=r"store\.db"):
        open_store("sqlite:.cspdecl/store.db", tmp_path, create=True)
    assert path.read_bytes() == data


def test_a_page_overwritten_in_the_middle_is_damage(store, tmp_path):
    """Bit rot is asked for, not waited for."""
    store.commit(Batch(ledger=records(40)))
    store.close()
    path = tmp_path / ".cspdecl" / "store.db"
    data = bytearray(path.read_bytes())
    half = len(data) // 2
    data[half : half + 6000] = b"\xff" * 6000
    path.write_bytes(data)
    try:
        broken = open_store("sqlite:.cspdecl/store.db", tmp_path, create=False)
    except StoreDamaged:
        return
    assert broken.damage() is not None
    broken.close()


def test_a_newer_store_is_left_alone(store, tmp_path):
    """A version this cspdecl does not know is refused by name."""
    store._db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreDamaged, match="version 99"):
        again(store)


def test_somebody_elses_database_is_left_alone(tmp_path):
    """A database without our version but with tables is not made into a store."""
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE invoices (n INTEGER)")
    other.close()
    with pytest.raises(StoreDamaged, match="something else"):
        open_store("sqlite:other.db", tmp_path, create=True)


# ---- opening ----


@pytest.mark.parametrize(
    ("url", "words"),
    [("mongodb:x", "no store of kind `mongodb:`"), ("store.db", "is no store"), ("sqlite:", "is no store")],
)
def test_unknown_kinds_are_refused_by_name(tmp_path, url, words):
    """A kind nobody knows is named, with those that are known."""
    with pytest.raises(ConfigurationError, match=words):
        open_store(url, tmp_path, create=True)


def test_without_create_a_missing_store_is_said(tmp_path):
    """Reading commands make no empty store."""
    with pytest.raises(ConfigurationError, match="no store yet"):
        open_store("sqlite:.cspdecl/store.db", tmp_path, create=False)
    assert not (tmp_path / ".cspdecl").exists()


def test_a_path_that_is_a_folder_is_said(tmp_path):
    """Not a traceback from below."""
    (tmp_path / "store.db").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        open_store("sqlite:store.db", tmp_path, create=True)


def test_a_busy_store_asks_to_try_again(store, monkeypatch):
    """Another process is in the middle of a transaction for longer than we wait."""
    monkeypatch.setattr(module, "BUSY_MS", 50)
    other = again(store)
    store._db.execute("BEGIN IMMEDIATE")
    with pytest.raises(TryLater, match="busy"):
        other.commit(Batch(ledger=records()))
    store._db.execute("ROLLBACK")
    other.commit(Batch(ledger=records()))
    other.close()


def test_a_full_disk_ends_clean(store):
    """No page can be added: the batch is refused in words, and the ledger is as it was."""
    store.commit(Batch(ledger=records(2)))
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(ConfigurationError, match="is full"):
        store.commit(Batch(journal=[entry()], ledger=records(60, head=store.head(), first=3)))
    store._db.execute("PRAGMA max_page_count = 1000000")
    assert (store.head().seq, list(store.journal()), store.damage()) == (2, [], None)
    store.commit(Batch(ledger=records(60, head=store.head(), first=3)))
    assert verify(store.ledger(), store.head()) == ()


def test_a_read_only_store_is_said(store):
    """The file may be read, not written."""
    store._db.execute("PRAGMA query_only = 1")
    with pytest.raises(ConfigurationError, match="read-only"):
        store.commit(Batch(ledger=records()))


def test_the_cache_forgets_what_it_cannot_trust(store):
    """An edited or outdated row is left out: the next refresh reads it again."""
    store.commit(Batch(live=[customer(subscription())]))
    store._db.execute("UPDATE live SET body = replace(body, '25', '99')")
    assert store.live() == {}


def test_a_commit_is_on_disk_when_it_returns(store):
    """Write-ahead log, fully synchronised: what the promise rests on."""
    assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)
