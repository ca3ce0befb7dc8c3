"""Every example project goes the whole way: seeded, planned, applied, and then nothing is left to do."""

from __future__ import annotations

import csv
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from cspdecl.core.action import Purchase
from cspdecl.core.operation import Plan
from cspdecl.core.project import ProviderConfig
from cspdecl.engine.apply import apply_plan
from cspdecl.engine.drift import look_for_drift
from cspdecl.engine.plan import PlanRequest, make_plan
from cspdecl.engine.session import Session
from cspdecl.spi.provider import Mode, Provider
from cspdecl.store.priceimport import import_price_list
from cspdecl_simulator import Simulator
from cspdecl_simulator.manifests import read_tree
from cspdecl_simulator.populate import populate, read_edits
from tests.conftest import ROOT
from tests.partner_center.support import over_simulator

LIST = "price-list-2026-11-DE-EUR-made-up.csv"


def world_of(folder: Path, edits: Path | None = None) -> Simulator:
    """A simulated Partner Center that has what a project's manifests declare, save the given differences."""
    simulator = Simulator(seed=5)
    declared = read_tree(folder)
    simulator.configure(country="DE", currency="EUR")
    prices = folder / LIST
    if prices.is_file():
        simulator.load_prices(prices)
    populate(simulator, declared, read_edits(edits) if edits else None)
    return simulator


def test_reseller_100_from_a_differing_estate(tmp_path: Path):
    """The demo's estate is taken over and put right in one plan; then plan, cached plan and drift are empty."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "manifests/reseller-100", folder)
    simulator = world_of(folder, ROOT / "docs/demo/differences.yaml")

    def connect(config: ProviderConfig, mode: Mode) -> Provider:
        return over_simulator(simulator, mode=mode)

    def session() -> Session:
        return Session(folder, connect=connect)

    with session() as first:
        import_price_list(folder / LIST, folder / "prices", now=first.clock.now())
        done = apply_plan(first, None, approve=lambda _plan: True)

        if isinstance(done, Plan):
            pytest.fail("\n".join(sorted({item.message for item in done.diagnostics})))
        assert {"applied"} == {task.state for task in done.tasks}
        assert 0 == done.exit
    writes = len(simulator.requests(writes=True))
    with session() as second:
        for cached in (False, True):
            assert [] == [str(item.address) for item in make_plan(second, PlanRequest(cached=cached)).plan.operations]
        assert () == look_for_drift(second, PlanRequest()).found
        again = apply_plan(second, None, approve=lambda _plan: True)

        assert isinstance(again, Plan), "an empty plan was carried out"
    assert writes == len(simulator.requests(writes=True))


def test_a_price_that_rose_after_the_plan_buys_nothing(tmp_path: Path):
    """Microsoft republishes its list half as dear again between plan and apply: the cart says so, and stays a cart."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "manifests/reseller-100", folder)
    simulator = world_of(folder, ROOT / "docs/demo/differences.yaml")
    dearer = tmp_path / "republished.csv"
    with (folder / LIST).open(encoding="utf-8-sig", newline="") as stream:
        rows = [{**row, "UnitPrice": str(Decimal(row["UnitPrice"]) * 3 / 2)} for row in csv.DictReader(stream)]
    with dearer.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

    def connect(config: ProviderConfig, mode: Mode) -> Provider:
        return over_simulator(simulator, mode=mode)

    with Session(folder, connect=connect) as session:
        import_price_list(folder / LIST, folder / "prices", now=session.clock.now())
        plan = make_plan(session, PlanRequest(customers=("lehel-film",))).plan
        simulator.load_prices(dearer)
        done = apply_plan(session, plan)

    if isinstance(done, Plan):
        pytest.fail("the saved plan was not carried out at all")
    bought = [task for task in done.tasks if isinstance(task.operation.action, Purchase)]
    assert ["stale"] == [task.state for task in bought]
    assert "was approved" in bought[0].message
    assert not [one for one in simulator.requests(writes=True) if one["path"].endswith("/checkout")]


@pytest.mark.parametrize("name", ["starter", "edge-cases", "sandbox"])
def test_example_is_planned(name: str, tmp_path: Path):
    """Seeded as declared, an example has a plan without an error that cancels nothing."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "manifests" / name, folder)
    simulator = world_of(folder)

    def connect(config: ProviderConfig, mode: Mode) -> Provider:
        return over_simulator(simulator, mode=mode)

    with Session(folder, connect=connect) as session:
        project, _desired = session.require()
        plan = make_plan(session, PlanRequest()).plan

        assert not [item for item in plan.diagnostics if item.severity == "error"]
        assert 0 == plan.counts.to_cancel
        assert project.name == plan.project
