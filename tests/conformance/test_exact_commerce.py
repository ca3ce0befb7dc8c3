"""Exact commerce goes the whole way: declared, priced by a fetched list, bought, changed, and then nothing is left to do."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cspdecl.core.live import CustomerRef, LiveCustomer
from cspdecl.core.operation import Plan
from cspdecl.engine.session import Session
from cspdecl.store.priceimport import import_price_list
from cspdecl.testing.estate import Estate
from cspdecl_simulator import Simulator
from tests.conftest import ROOT
from tests.partner_center.support import over_simulator

NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
TENANT = "6f1b0c52-3d84-4e0a-9a57-2c8e41d7b901"
PROMOTION = "39NFJQT1PM6C:0005:39NFJQT1Q5L7"
RESELLER = "4847383"
PROVIDER = {"plugin": "partner-center", "environment": "production", "tenant": "example.onmicrosoft.com"}


def world(**settings: Any) -> Simulator:
    """A simulated Partner Center of a German partner, whose clock stands still."""
    simulator = Simulator(seed=5)
    simulator.freeze(NOW)
    simulator.configure(country="DE", currency="EUR", **settings)
    return simulator


def estate_of(simulator: Simulator, root: Path, **project: Any) -> Estate:
    """A project whose prices are the simulator's own sheet, fetched and imported."""
    estate = Estate(
        root=root, connect=lambda mode: over_simulator(simulator, mode=mode), provider="partner-center", market="DE"
    )
    if project or not (root / "cspdecl.yaml").exists():
        auth = {"app": {"clientId": "a", "secretFrom": {"env": "SECRET"}}}
        estate.project(providers={"partner-center": {**PROVIDER, "auth": auth}}, **project)
    sheet = root / "license-2026-11.csv"
    sheet.write_bytes(b"".join(over_simulator(simulator, mode="read").price_sheet("DE", "license", "current")))
    with estate.session() as session:
        import_price_list(sheet, root / "prices", now=session.clock.now(), month="2026-11")
    return estate


def applied(estate: Estate) -> dict[str, str]:
    """What an approved plan did, by address: every operation of it was applied."""
    done = estate.apply()
    if isinstance(done, Plan):
        pytest.fail(
            "\n".join([*(item.text for item in done.safety.verdicts), *(item.message for item in done.diagnostics)])
        )
    assert {"applied"} == {task.state for task in done.tasks}, [task.message for task in done.tasks]
    return {f"{task.operation.address} {task.operation.action.kind}": task.state for task in done.tasks}


def customer(simulator: Simulator, tenant: str = TENANT) -> LiveCustomer:
    """What is live, everything that can be wanted included."""
    ref = CustomerRef(key="k", tenant=tenant, domain=None, wanted=frozenset({"qualifications", "budget", "licences"}))
    (found,) = over_simulator(simulator, mode="read").read([ref])
    assert isinstance(found, LiveCustomer)
    return found


def running(simulator: Simulator) -> list[tuple[str, int, str]]:
    """Offer, seats and kind of what runs."""
    return sorted(
        (str(item.offer), item.seats, item.product) for item in customer(simulator).subscriptions if item.status.running
    )


def test_every_kind_of_product_is_bought_and_changed(tmp_path: Path):
    """A promoted line, an end date, a perpetual licence, software, a trial, an Azure plan; then upgrades and endings."""
    simulator = world()
    simulator.seed_customer(TENANT, company="Harbour")
    simulator.seed_promotion(PROMOTION, "CFQ7TTC0LH18:0001", discount="0.15")
    estate = estate_of(simulator, tmp_path)
    basic: dict[str, Any] = {"name": "basic", "offer": "CFQ7TTC0LH18:0001", "seats": 10, "promotion": PROMOTION}
    visio: dict[str, Any] = {"name": "visio", "offer": "CFQ7TTC0HD32:0002", "seats": 5, "customTermEnd": "2027-10-31"}
    cal: dict[str, Any] = {"name": "cal", "offer": "DG7GMGF0D7FX:0002", "seats": 4, "billing": "one_time"}
    rds: dict[str, Any] = {"name": "rds", "offer": "DG7GMGF0DVSV:000P", "seats": 2, "term": "P3Y", "billing": "annual"}
    trial: dict[str, Any] = {"name": "trial", "offer": "CFQ7TTC0LCHC:TRL1", "seats": 25, "trial": True}
    azure: dict[str, Any] = {"name": "azure", "azurePlan": {"budget": "500.00"}}
    estate.customer("harbour", basic, visio, cal, rds, trial, azure, tenant=TENANT)

    applied(estate)

    assert estate.plan().empty
    found = customer(simulator)
    ends = {str(item.offer): item.custom_end for item in found.subscriptions}
    promoted = [item.promotion for item in found.subscriptions if str(item.offer) == basic["offer"]]
    assert [PROMOTION] == promoted
    assert Decimal(500) == found.budget
    assert "2027-10-31" == str(ends["CFQ7TTC0HD32:0002"])
    assert [("CFQ7TTC0HD32:0002", 5, "license"), ("CFQ7TTC0LCHC:TRL1", 25, "license"), ("CFQ7TTC0LH18:0001", 10, "license"),
            ("DG7GMGF0D7FX:0002", 4, "perpetual"), ("DG7GMGF0DVSV:000P", 2, "software"), ("DZH318Z0BPS6:0001", 1, "azure_plan"),
            ] == running(simulator)  # fmt: skip

    upgraded = {
        "name": "basic",
        "offer": "CFQ7TTC0LCHC:0002",
        "seats": 10,
        "upgrade": {"from": "CFQ7TTC0LH18:0001", "seats": 4},
    }
    longer = {"name": "visio", "offer": "CFQ7TTC0HD32:0002", "seats": 5, "term": "P3Y"}
    paid = {"name": "trial", "offer": "CFQ7TTC0LCHC:0002", "seats": 25, "upgrade": {"from": "CFQ7TTC0LCHC:TRL1"}}
    gone = ({**cal, "absent": True}, {**rds, "absent": True})
    estate.customer("harbour", upgraded, longer, *gone, paid, azure, tenant=TENANT)

    assert {"harbour/basic transition", "harbour/visio change_term", "harbour/cal cancel", "harbour/rds cancel",
            "harbour/trial transition"} == set(applied(estate))  # fmt: skip
    assert estate.plan().empty
    assert [("CFQ7TTC0HD32:0002", 5, "license"), ("CFQ7TTC0LCHC:0002", 4, "license"), ("CFQ7TTC0LCHC:0002", 25, "license"),
            ("CFQ7TTC0LH18:0001", 6, "license"), ("DZH318Z0BPS6:0001", 1, "azure_plan")] == running(simulator)  # fmt: skip


def test_sandbox_example_converges(tmp_path: Path):
    """The example with the new keys: applied until nothing is left but what waits for its day or for Microsoft."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "manifests/sandbox", folder)
    simulator = world()
    school, press = "b2a94f17-58c6-4d3e-8f21-704e9d1ac602", "4c7de1aa-0f35-49b2-9d60-3b1f5e8c2703"
    for tenant in (TENANT, school, press):
        simulator.seed_customer(tenant, company="Example")
    simulator.seed_subscription(press, "CFQ7TTC0LH18:0001", seats=8)
    estate = estate_of(simulator, folder)

    first = applied(estate)
    asked = customer(simulator, school).qualifications
    simulator.edit_customer(school, qualifications=[{"qualification": "Education", "status": "Approved"}])
    second = applied(estate)

    assert {"riverside-school request_qualification", "harbour-logistics/azure set_budget"} <= set(first)
    assert "harbour-logistics/visio schedule_renewal" in first
    assert ["in-review"] == [item.status for item in asked or ()]
    assert {"riverside-school/teachers purchase"} == set(second)
    left = estate.plan()
    assert left.empty
    assert left.waiting
    with Session(folder) as session:
        assert "sandbox" == session.project.name


def test_indirect_provider_names_its_reseller(tmp_path: Path):
    """Bought with the reseller on record; one that has not signed the agreement buys nothing."""
    simulator = world(model="provider")
    simulator.seed_customer(TENANT, company="Harbour")
    simulator.seed_reseller("484e548c-f5f3-4528-93a9-c16c6373cb59", RESELLER, location="DE")
    simulator.seed_reseller("b01b1487-b36e-4e6d-9b5e-0b58974c4b28", "4847433", location="DE", signed=False)
    reseller = {"legalName": "Example Systems GmbH", "model": "indirect-provider", "country": "DE", "currency": "EUR",
                "partnerId": "1234567"}  # fmt: skip
    estate = estate_of(simulator, tmp_path, reseller=reseller)
    line = {"name": "basic", "offer": "CFQ7TTC0LH18:0001", "seats": 3}

    estate.customer("harbour", line, tenant=TENANT, reseller={"partnerId": "4847433", "attested": True})
    assert estate.plan().empty
    estate.customer("harbour", line, tenant=TENANT, reseller={"partnerId": RESELLER, "attested": True})
    applied(estate)

    (live,) = customer(simulator).subscriptions
    assert RESELLER == live.reseller
    assert estate.plan().empty


LIFE: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["purchase"]),
    ({"suspended": True, "atRenewal": {"seats": 8}}, ["suspend"]),
    ({"atRenewal": {"seats": 8, "endsOn": "2028-10-31"}}, ["resume", "set_end_of_term", "schedule_renewal"]),
    ({"seats": 12, "atRenewal": {"seats": 8, "endsOn": "2028-10-31"}}, ["set_seats", "schedule_renewal"]),
    ({"seats": 12, "atRenewal": {"offer": "CFQ7TTC0LCHC:0002"}}, ["schedule_renewal"]),
    ({"seats": 12}, ["clear_schedule"]),
]


def test_life_of_one_subscription(tmp_path: Path):
    """Suspended, resumed with what suspension lost, re-scheduled after every change, taken back: each step once."""
    simulator = world()
    simulator.seed_customer(TENANT, company="Harbour")
    estate = estate_of(simulator, tmp_path)
    for line, expected in LIFE:
        estate.customer("harbour", {"name": "basic", "offer": "CFQ7TTC0LH18:0001", "seats": 10, **line}, tenant=TENANT)

        assert expected == [name.split()[1] for name in applied(estate)]
        assert estate.plan().empty
