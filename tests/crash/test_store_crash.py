"""Killed at any point, a store is as before the batch or as after it, and its ledger verifies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cspdecl.billing.chain import verify
from cspdecl.store.sqlite import SqliteStore
from tests.crash.store_writer import batch

ROOT = Path(__file__).parents[2]


def writer(what: str, where: Path, **rest) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "tests.crash.store_writer", what, str(where)]
    return subprocess.Popen(program, cwd=ROOT, text=True, **rest)


def whole(path: Path) -> int:
    """Open what a crash left: it verifies, is not damaged, and can be written on. Returns how far it went."""
    store = SqliteStore(path, create=False)
    head = store.head()
    assert verify(store.ledger(), head) == ()
    assert store.damage() is None
    assert [entry.op for entry in store.journal()] == [record.id for record in store.ledger()]
    store.commit(batch(head))
    assert verify(store.ledger(), store.head()) == ()
    assert store.damage() is None
    store.close()
    return head.seq


def test_killed_before_any_statement_of_a_batch(tmp_path):
    """One child died at every statement from BEGIN to COMMIT: each time the batch is absent, never half there."""
    done = writer("statements", tmp_path, stdout=subprocess.PIPE)
    out, _ = done.communicate(timeout=100)
    died = int(out)
    assert died >= 8, "the batch has a statement for the journal, the ledger and the transaction at least"
    went = [whole(tmp_path / f"at-{number}" / "store.db") for number in range(1, died + 2)]
    assert went == sorted(went), "once the batch is there, no later death takes it away"
    assert (went[0], went[-1], set(went)) == (1, 2, {1, 2})


@pytest.mark.parametrize("where", ["transaction", "renaming"])
def test_killed_between_transaction_and_checkpoint(tmp_path, where):
    """The batch is there; the checkpoint lags behind by it, which is no damage."""
    path = tmp_path / "store.db"
    SqliteStore(path, create=True).close()
    died = writer(where, path).wait(timeout=60)
    assert died == -9
    assert whole(path) == 1


def test_killed_from_outside_while_writing(tmp_path):
    """What was said to be on disk is on disk; at most one batch more is."""
    path = tmp_path / "store.db"
    running = writer("forever", path, stdout=subprocess.PIPE)
    assert running.stdout is not None
    said = 0
    for line in running.stdout:
        said = int(line)
        if said >= 25:
            break
    running.kill()
    said = max([said, *(int(line) for line in running.stdout if line.endswith("\n"))])
    running.wait(timeout=60)
    running.stdout.close()
    assert whole(path) in (said, said + 1)
