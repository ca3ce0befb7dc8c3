"""An export says everything that runs, whatever kind it is of: adopted, it plans nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from cspdecl.core.action import Purchase
from cspdecl.core.catalog import Offer, OfferKey, OfferTerm
from cspdecl.core.inquiry import ResellerStanding
from cspdecl.core.live import NextTerm, Qualification
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.testing import deeds
from cspdecl.testing.builders import OFFER, OTHER_OFFER, TENANT, CountingIds, SteppingClock, live_customer
from cspdecl.testing.buying import buy, buy_azure_plan
from cspdecl.testing.estate import Estate
from cspdecl.testing.memory import MemoryProvider
from cspdecl.testing.world import State, World, sell

TRIAL, OWNED, SOFTWARE = "CFQ7TTC0AAAA:0001", "DG7GMGF0BBBB:0002", "DG7GMGF0CCCC:0002"


def offers() -> tuple[Offer, ...]:
    ways = {"trial": "P1M/none", "perpetual": "OneTime/one_time", "software": "P1Y/annual"}
    plain = sell(OFFER, OTHER_OFFER)
    first = replace(plain[0], upgrades=(plain[1].key,))
    special = [
        Offer(
            key=OfferKey.parse(key), title=kind, min_seats=1, max_seats=300, terms=(OfferTerm.parse(ways[kind]),),
            trial=kind == "trial", product="license" if kind == "trial" else kind,  # type: ignore[arg-type]
            upgrades=(first.key,) if kind == "trial" else (),
        )
        for key, kind in ((TRIAL, "trial"), (OWNED, "perpetual"), (SOFTWARE, "software"))
    ]  # fmt: skip
    return (first, plain[1], *special)


def order(offer: str, seats: int, way: str, **rest: Any) -> Purchase:
    term = OfferTerm.parse(way)
    return replace(
        Purchase(
            offer=OfferKey.parse(offer), seats=seats, term=term.term, billing=term.billing, nickname="",
            segment="commercial", country="DE", unit_price=None,
        ),
        **rest,
    )  # fmt: skip


def filled(state: State, *, reseller: str | None = None) -> None:
    """One of each kind, each in a state of its own."""
    state.offers = offers()
    state.put_customer(replace(live_customer(), qualifications=(), budget=Decimal(0)))
    state.resellers = {"1234567": ResellerStanding(partner_id="1234567", agreement_signed=True)}
    named = {"reseller": reseller, "reseller_attested": True} if reseller else {}
    ids = [
        buy(state, TENANT, order(offer, seats, way, **named)).id
        for offer, seats, way in (
            (OFFER, 10, "P1Y/monthly"), (OFFER, 4, "P1Y/monthly"), (OTHER_OFFER, 7, "P1M/monthly"),
            (TRIAL, 25, "P1M/none"), (OWNED, 3, "OneTime/one_time"), (SOFTWARE, 6, "P1Y/annual"),
        )
    ]  # fmt: skip
    deeds.suspend(state, TENANT, ids[1])
    first = state.subscription(TENANT, ids[0])
    assert first.offer is not None
    state.schedule(TENANT, ids[0], NextTerm(offer=OfferKey.parse(OTHER_OFFER), seats=12, term=Term.P3Y,
                                            billing=BillingCycle.MONTHLY, ends=date(2030, 6, 30)))  # fmt: skip
    state.set_end(TENANT, ids[2], "cancel")
    buy_azure_plan(state, TENANT, nickname="", reseller=reseller, attested=True)
    state.put_customer(replace(state.customer(TENANT), budget=Decimal("500.00")))


def exported(tmp_path: Path, world: World, **reseller: Any) -> tuple[Estate, dict[str, Any]]:
    """A project that knows nothing, and what it exports."""
    estate = Estate(
        root=tmp_path / "estate", connect=lambda mode: MemoryProvider(world, mode=mode), clock=SteppingClock(),
        ids=CountingIds(),
    )  # fmt: skip
    company = {"legalName": "Example Systems GmbH", "model": "direct", "country": "DE", "currency": "EUR", **reseller}
    provider = {"plugin": "memory", "environment": "production"}
    estate.project(reseller=company, providers={"memory": provider})
    estate.customer("somebody", tenant="9f2b6c1e-0000-4000-8000-00000000ffff", **(
        {"reseller": "none"} if reseller.get("model") == "indirect-provider" else {}
    ))  # fmt: skip
    made = estate.export(tmp_path / "export")
    [document] = (tmp_path / "export/customers").glob("contoso*.yaml")
    return made, yaml.safe_load(document.read_text("utf-8"))["spec"]


def test_everything_that_runs_is_declared_and_plans_nothing(tmp_path: Path) -> None:
    """Licences, one of them suspended, a renewal into another term, a trial, software, a licence for good, Azure."""
    world = World()
    with world.open() as state:
        filled(state)

    made, spec = exported(tmp_path, world)
    made.adopt()
    plan = made.plan()

    assert 7 == len(spec["subscriptions"])
    assert [] == [(str(one.address), one.action.kind) for one in plan.operations]
    assert [] == [item.message for item in plan.diagnostics if item.severity == "error"]
    assert () == plan.unmanaged


def test_each_kind_is_said_in_its_own_words(tmp_path: Path) -> None:
    """What a line says is what a person would write."""
    world = World()
    with world.open() as state:
        filled(state)

    _made, spec = exported(tmp_path, world)
    lines = {
        line.get("offer", "azure") + ("!" if line.get("suspended") else ""): line for line in spec["subscriptions"]
    }

    assert {"offer": OTHER_OFFER, "seats": 12, "term": "P3Y", "endsOn": "2030-06-30"} == lines[OFFER]["atRenewal"]
    assert "endOfTerm" not in lines[f"{OFFER}!"]
    assert (True, 25, "renew") == tuple(lines[TRIAL][key] for key in ("trial", "seats", "endOfTerm"))
    assert "one_time" == lines[OWNED]["billing"]
    assert "term" not in lines[OWNED]
    assert {"budget": "500.00"} == lines["azure"]["azurePlan"]


def test_a_reseller_and_a_qualification_are_said(tmp_path: Path) -> None:
    """What an indirect provider's customer has on record stands in its document."""
    world = World()
    with world.open() as state:
        filled(state, reseller="1234567")
        approved = (Qualification(name="education", status="approved"),)
        state.put_customer(replace(state.customer(TENANT), qualifications=approved))

    made, spec = exported(tmp_path, world, model="indirect-provider", partnerId="4847383")
    made.adopt()

    assert {"partnerId": "1234567"} == spec["reseller"]
    assert "education" == spec["qualification"]
    assert [] == [(str(one.address), one.action.kind) for one in made.plan().operations]
