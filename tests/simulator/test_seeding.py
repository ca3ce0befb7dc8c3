"""Worlds from manifests, price lists and the command line (user surface §2)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from cspdecl_simulator import Simulator
from cspdecl_simulator.cli import simulate
from cspdecl_simulator.manifests import ManifestError, read_tree
from cspdecl_simulator.populate import parse_span, populate
from tests.simulator.world import CUSTOMER, VISIO, Client, frozen

TREE = """
apiVersion: cspdecl/v1
kind: Project
metadata: {name: nordlicht}
spec:
  reseller: {legalName: Nordlicht Systemhaus GmbH, model: direct, country: DE, currency: EUR, partnerId: "4847383"}
  providers:
    partner-center: {plugin: partner-center, environment: production, tenant: nordlicht.onmicrosoft.com}
  defaults: {term: P1Y, billing: monthly, endOfTerm: renew}
---
kind: Bundle
metadata: {name: komfort}
spec:
  version: 2.1.0
  components:
    - {name: m365, offer: "CFQ7TTC0LCHC:0002"}
    - {name: telefonie, offer: "CFQ7TTC0LH0T:0001", seats: {perSeat: 0.5, round: up}}
    - {name: betreuung, service: managed-workplace}
---
kind: Bundle
metadata: {name: komfort}
spec: {version: 3.0.0, components: [{name: m365, offer: "CFQ7TTC0LFLX:0001"}]}
---
kind: Customer
metadata: {name: hafenkontor}
spec:
  tenant: 9f2b6c1e-0000-4000-8000-000000000001
  subscriptions:
    - {name: arbeitsplatz, bundle: komfort@2, seats: 25, overrides: {m365: {seats: 30}}}
    - {name: visio, offer: "CFQ7TTC0HD32:0002", seats: 5}
    - {name: projekt, offer: "CFQ7TTC0HDB0:0002", term: P1M, seats: 2, endOfTerm: cancel, id: 83ef9d05-0000-4000-8000-000000000002}
    - {name: alt, offer: "CFQ7TTC0LH18:0001", absent: true}
---
kind: Customer
metadata: {name: neu}
spec: {create: {domain: neu}, subscriptions: [{name: a, offer: "CFQ7TTC0LH18:0001", seats: 1}]}
"""


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "all.yaml").write_text(TREE, "utf-8")
    return tmp_path / "tree"


def live(simulator):
    rows = simulator.store.resources(CUSTOMER, "subscription").values()
    return [(f"{row['product']}:{row['sku']}", row["quantity"], row["term"], row["auto"]) for row in rows]


def test_declared_is_what_is_there(tree):
    """Bundles expand with overrides and shares, services and absent lines are left out, a cancelled end is a Cancel action."""
    simulator = frozen()
    simulator.remove_customer(CUSTOMER)
    counts = populate(simulator, read_tree(tree))
    project = Client(simulator).subscription(CUSTOMER, "83ef9d05-0000-4000-8000-000000000002")
    expected = [
        ("CFQ7TTC0LCHC:0002", 30, "P1Y", True),
        ("CFQ7TTC0LH0T:0001", 13, "P1Y", True),
        (VISIO, 5, "P1Y", True),
        ("CFQ7TTC0HDB0:0002", 2, "P1M", False),
    ]
    assert ((1, 4), expected, "Cancel") == (counts, live(simulator), project["scheduledActions"][0]["actionType"])


def test_a_world_begins_before_the_first_day(tmp_path):
    """Of values with a day the one without is there; what begins on a day, a trial and a licence for good are not."""
    (tmp_path / "all.yaml").write_text(
        TREE[: TREE.index("kind: Customer")]
        + """kind: Customer
metadata: {name: hafenkontor}
spec:
  tenant: 9f2b6c1e-0000-4000-8000-000000000001
  subscriptions:
    - name: platz
      bundle: komfort@2
      seats: [10, {value: 20, from: 2027-01-01}]
      overrides: {telefonie: {seats: [{value: 3, from: 2027-01-01}]}}
    - {name: visio, offer: "CFQ7TTC0HD32:0002", seats: [5, {value: 8, from: 2027-01-01}], endOfTerm: [{value: cancel, from: 2027-01-01}]}
    - {name: later, offer: "CFQ7TTC0HD32:0002", seats: 5, from: 2027-01-01}
    - {name: later-too, offer: "CFQ7TTC0HD32:0002", seats: [{value: 8, from: 2027-01-01}]}
    - {name: trial, offer: "CFQ7TTC0HD32:0002", seats: 25, trial: true}
    - {name: licence, offer: "DG7GMGF0D7FV:0002", seats: 1, billing: one_time}
    - {name: azure, azurePlan: {}}
""",
        "utf-8",
    )

    assert [("platz/m365", 10, "renew"), ("platz/telefonie", 5, "renew"), ("visio", 5, "renew")] == [
        (line.address.partition("/")[2], line.seats, line.end_of_term)
        for line in read_tree(tmp_path).lines["hafenkontor"]
    ]


def test_differences_are_applied(tree):
    """Seats, missing lines, batches by age, strangers: each difference by its address."""
    simulator = frozen()
    simulator.remove_customer(CUSTOMER)
    edits: list[dict[str, Any]] = [
        {"address": "hafenkontor/visio", "seats": 8, "age": "200d", "lots": [{"seats": 3, "age": "2d"}]},
        {"address": "hafenkontor/arbeitsplatz/telefonie", "missing": True},
        {"address": "hafenkontor/arbeitsplatz/m365", "status": "suspended"},
        {"customer": "hafenkontor", "extra": [{"offer": "CFQ7TTC0LFLX:0001", "seats": 2, "autoRenew": False}]},
    ]
    populate(simulator, read_tree(tree), edits)
    client = Client(simulator)
    items = client.get(f"/customers/{CUSTOMER}/subscriptions").body["items"]
    visio = next(item for item in items if item["offerId"].startswith(VISIO))
    assert (["suspended", "active", "active", "active"], (8, 3), ("CFQ7TTC0LFLX:0001", 2, "P1Y", False)) == (
        [item["status"] for item in items],
        (visio["quantity"], visio["refundableQuantity"]["totalQuantity"]),
        live(simulator)[-1],
    )


def test_a_difference_that_matches_nothing_is_a_slip(tree):
    """It is refused, and nothing is seeded."""
    simulator = frozen()
    simulator.remove_customer(CUSTOMER)
    with pytest.raises(ManifestError, match="hafenkontor/visoi"):
        populate(simulator, read_tree(tree), [{"address": "hafenkontor/visoi", "seats": 1}])
    assert 0 == simulator.store.customer_count()


def test_a_missing_bundle_is_named(tree):
    """A bundle nobody wrote is an error with its reference."""
    (tree / "more.yaml").write_text(
        "kind: Customer\nmetadata: {name: b}\nspec: {tenant: x, subscriptions: [{name: a, bundle: weg@1, seats: 1}]}\n"
    )
    with pytest.raises(ManifestError, match="weg@1"):
        read_tree(tree)


@pytest.mark.parametrize(("text", "seconds"), [("8d", 691200), ("12h", 43200), ("1d 30m", 88200), ("-45s", -45)])
def test_spans(text, seconds):
    """Days, hours, minutes, seconds, several in a row, backwards."""
    assert seconds == parse_span(text).total_seconds()


def test_a_price_list_takes_the_place_of_made_up_prices(tmp_path):
    """UnitPrice is for the whole term; what has no row is not for sale that way; skuIds get their zeros back."""
    header = (
        "ProductTitle,ProductId,SkuId,SkuTitle,Publisher,SkuDescription,UnitOfMeasure,TermDuration,BillingPlan,Market,Currency,UnitPrice,"
        "PricingTierRangeMin,PricingTierRangeMax,EffectiveStartDate,EffectiveEndDate,Tags,ERP Price"
    )
    row = (
        "Basic,CFQ7TTC0LH18,1,Basic,Microsoft,,,P1Y,Monthly,DE,EUR,60.48,,,2/1/2023 0:00,11/30/9999 23:59,License,75.6"
    )
    (tmp_path / "prices.csv").write_text(f"\ufeff{header}\n{row}\n", "utf-8")
    simulator = frozen(currency="EUR", country="DE")
    other = simulator.seed_customer(name="anders", country="DE", billing={"defaultAddress": {"country": "DE"}})
    simulator.load_prices(tmp_path / "prices.csv")
    client = Client(simulator)
    terms = client.get(
        f"/customers/{other}/products/CFQ7TTC0LH18/skus/0001/availabilities?targetSegment=commercial"
    ).body["items"][0]["terms"]
    pricing = client.cart(other, client.line(other, "CFQ7TTC0LH18:0001", 2)).body["lineItems"][0]["pricing"]
    assert ([("P1Y", "Monthly")], 5.04, 120.96) == (
        [(term["duration"], term["billingCycle"]) for term in terms],
        pricing["price"],
        pricing["extendedPrice"],
    )


def run(world, *words):
    done = CliRunner().invoke(
        simulate,
        [
            words[0],
            *(["--world", str(world)] if words[0] != "fault" else [words[1], "--world", str(world)]),
            *words[1 + (words[0] == "fault") :],
        ],
    )
    return done.exit_code, done.output.strip()


def test_the_command_line_plays_a_story(tree, tmp_path):
    """Seed, look, edit as a person, be refused, advance, script a fault, read the log."""
    world = tmp_path / "world.db"
    run(world, "clock", "--set", "2026-06-10T12:00:00Z", "--freeze")
    seeded = run(world, "seed", "--from-manifests", str(tree))
    edited = run(world, "edit", "hafenkontor", "Visio Plan 2", "--seats", "7")
    refused = run(world, "edit", "hafenkontor", "Visio Plan 2", "--seats", "3")
    bought = run(world, "edit", CUSTOMER, "--buy", "CFQ7TTC0LH0T:0001", "--seats", "4")
    moved = run(world, "advance", "8d")
    run(world, "fault", "add", "slow", "2", "--path", "*checkout")
    status = json.loads(run(world, "status", "--format", "json")[1])
    records = Simulator(str(world)).store.audit(0, 1e18)
    assert (
        (0, "1 customers and 4 subscriptions as declared"),
        (0, "hafenkontor: Visio Plan 2 · 7 seats · active · auto-renew on"),
        1,
        0,
        (0, "2026-06-18T12:00:00Z"),
        ({"active": 5}, 56, "EUR", 1),
        {"sales.person@demo-partner.onmicrosoft.com"},
    ) == (
        seeded,
        edited,
        refused[0],
        bought[0],
        moved,
        (status["subscriptions"], status["seats"], status["settings"]["currency"], len(status["faults"])),
        {record["userPrincipalName"] for record in records if record.get("userPrincipalName")},
    )
    assert "refused (800090)" in refused[1]


@pytest.mark.parametrize(
    "words",
    [
        ("advance", "soon"),
        ("clock", "--set", "yesterday"),
        ("edit", "nobody"),
        ("settings", "mood=good"),
        ("seed", "--differ", __file__),
        ("fault", "add", "slow", "x"),
    ],
)
def test_slips_are_told_not_thrown(tmp_path, words):
    """Whatever a user gets wrong ends in a message and a non-zero exit, never in a traceback."""
    code, output = run(tmp_path / "world.db", *words)
    assert (True, False) == (code != 0, "Traceback" in output)


def test_a_made_up_portfolio_repeats():
    """The same seed gives the same world."""
    worlds = []
    for _ in range(2):
        simulator = frozen()
        simulator.seed_many(3, 4, 9)
        worlds.append(
            [
                (doc["id"], sorted(simulator.store.resources(doc["id"], "subscription")))
                for _, doc in simulator.store.customer_rows()
            ]
        )
    assert worlds[0] == worlds[1]
