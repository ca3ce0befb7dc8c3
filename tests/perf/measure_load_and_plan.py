"""One measurement in a process of its own: cold load of a folder, then a plan on live state in memory, as JSON.

Times are CPU and wall seconds of the two calls alone, without interpreter start and imports; memory is the peak of the
whole process.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Catalog, Offer, OfferTerm
from cspdecl.core.live import Binding
from cspdecl.core.project import PriceBook
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.manifest.load import load_manifests
from cspdecl.planning.plan import plan

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.perf.estate import NOW, live_customer, live_state, tenant_of


def measure(root: Path) -> dict[str, float]:
    """Load a folder and plan it."""
    begun, cpu = time.perf_counter(), time.process_time()
    loaded = load_manifests(root, now=NOW)
    load, load_cpu = time.perf_counter() - begun, time.process_time() - cpu
    project, desired = loaded.checked()
    live = live_state(len(desired.customers))
    bindings = {}
    for number, (key, spec) in enumerate(desired.customers.items()):
        for line, seen in zip(spec.subscriptions, live.customers[key].subscriptions, strict=True):
            bindings[line.address] = Binding(
                address=line.address, provider=line.provider, tenant=tenant_of(number), ids=(seen.id,), offer=line.offer
            )
    offers = {item.offer for item in live_customer(0).subscriptions if item.offer is not None}
    terms = (OfferTerm(Term.P1Y, BillingCycle.MONTHLY), OfferTerm(Term.P1M, BillingCycle.MONTHLY))
    catalog = Catalog(
        market="DE",
        as_of=NOW,
        offers={key: Offer(key=key, title="Angebot", min_seats=1, max_seats=300, terms=terms) for key in offers},
    )
    everything = Capability.NONE
    for one in Capability:
        everything |= one
    begun, cpu = time.perf_counter(), time.process_time()
    made = plan(
        project=project,
        desired=desired,
        live=live,
        catalogs={("partner-center", "DE", "commercial"): catalog},
        prices=PriceBook(),
        bindings=bindings,
        book={},
        last_hashes={},
        capabilities={"partner-center": everything},
        now=NOW,
        scope=None,
        commit=None,
    )
    planned, plan_cpu = time.perf_counter() - begun, time.process_time() - cpu
    lines = sum(len(spec.subscriptions) for spec in desired.customers.values())
    return {
        "subscriptions": lines,
        "load": load,
        "load_cpu": load_cpu,
        "plan": planned,
        "plan_cpu": plan_cpu,
        "operations": len(made.operations),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Measure the folder named on the command line, after a small one: what first use builds is no part of a load."""
    root = Path(sys.argv[1])
    measure(root.parent / "warm-up")
    print(json.dumps(measure(root)))


if __name__ == "__main__":
    main()
