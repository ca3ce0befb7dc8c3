"""What a git store costs: pushes to a bare remote on this disk, and 1,000 operations written as apply writes them.

    .venv/bin/python tests/perf/git_store.py [WORKERS]

Intents of as many operations as workers are free, one push; their outcomes, records and bindings, one push.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cspdecl.core.action import SetSeats
from cspdecl.core.address import Address
from cspdecl.core.records import LedgerHead
from cspdecl.spi.store import Batch
from cspdecl.store.open import open_store
from cspdecl.testing.builders import operation
from cspdecl.testing.store_parts import binding, entry, header, owner, record

OPERATIONS = 1000


def main(workers: int) -> None:
    """Print seconds, pushes and milliseconds a push."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(["git", "init", "--quiet", "--bare", "books.git"], cwd=folder, check=True)
        made = [operation(SetSeats(before=1, after=2), f"customer-{n}/m365") for n in range(OPERATIONS)]
        store = open_store("git:books.git", folder, create=True)
        store.lock(owner())
        began = time.perf_counter()
        store.begin(header(*made))
        pushes, head = 1, LedgerHead()
        for start in range(0, OPERATIONS, workers):
            some = made[start : start + workers]
            store.commit(Batch(journal=[entry(one, "intent") for one in some]))
            rows = []
            for one in some:
                rows.append(record(head, one.address, name="x" * 1500))
                head = LedgerHead(seq=rows[-1].seq, hash=rows[-1].hash)
            bound = [(Address.parse(str(one.address)), binding(one.address)) for one in some]
            store.commit(Batch(journal=[entry(one, "outcome") for one in some], ledger=rows, bindings=bound))
            pushes += 2
        taken = time.perf_counter() - began
        print(f"{OPERATIONS} operations, {workers} at a time: {taken:.1f} s, {pushes} pushes, "
              f"{1000 * taken / pushes:.0f} ms a push")  # fmt: skip
        began = time.perf_counter()
        fresh = open_store(f"git:file://{folder}/books.git", folder / "fresh", create=False)
        count = len(list(fresh.ledger()))
        print(f"opened by a runner that comes new: {count} records in {time.perf_counter() - began:.2f} s")
        store.close()
        fresh.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8)
