"""How many requests a full plan and a one-customer plan send to a (simulated) Partner Center, as JSON.

The real provider over the simulator, in process: every request is counted, tokens included. The plan itself is not
made here, only what it reads: all customers, and the catalogue of the offers in question.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from cspdecl.engine.progress import Silent
from cspdecl.engine.refresh import offers_in_question, read_catalogs, refresh
from cspdecl.manifest.load import load_manifests
from cspdecl_simulator import Simulator
from tests.partner_center.support import over_simulator
from tests.perf.estate import LINES, NOW, live_customer, tenant_of, write_manifests


def main() -> None:
    """Seed, read, count."""
    size, folder = int(sys.argv[1]), Path(sys.argv[2])
    write_manifests(folder, size)
    project, desired = load_manifests(folder, now=NOW).checked()
    sim = Simulator()
    with sim.store.transaction():
        for number in range(size // LINES):
            customer = live_customer(number)
            sim.seed_customer(tenant_of(number), company=customer.name, domain=customer.domain, country="DE")
            for item in customer.subscriptions:
                sim.seed_subscription(
                    tenant_of(number),
                    str(item.offer),
                    seats=item.seats,
                    subscription_id=item.id,
                    start=NOW - timedelta(days=100),
                )
    result: dict[str, float] = {"subscriptions": size}
    for name, scope in (("full", None), ("one", ("kunde-000000",))):
        provider = over_simulator(sim, mode="read")
        begun = time.perf_counter()
        read = refresh(
            desired=desired,
            bindings={},
            providers={"partner-center": provider},
            scope=scope,
            store=None,
            progress=Silent(),
        )
        if read.live.unknown:
            raise SystemExit(f"not read: {next(iter(read.live.unknown.values()))}")
        read_catalogs(
            offers=offers_in_question(project, desired, read.live),
            providers={"partner-center": provider},
            progress=Silent(),
        )
        result[name], result[f"{name}_seconds"] = provider.calls, time.perf_counter() - begun
        provider.close()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
