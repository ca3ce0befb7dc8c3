"""What the simulator charges (contract §17, commerce §2.2–§2.9): the worked tables, acted out over its API."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

import pytest

from tests.conftest import SHARED
from tests.simulator.money import short
from tests.simulator.worked import SCENARIOS

PRINTED = SHARED / "reference" / "samples" / "recon_nce_scenarios.csv"

# type, first day, last day, seats, amount: the figures of contract §17
EXPECTED = {
    "purchase": ["new 2021-06-18 2021-07-17 10 100.8"],
    "renew": ["renew 2021-07-18 2021-08-17 10 100.8"],
    "annual-monthly": ["cycleCharge 2021-07-18 2021-08-17 10 100.8"],
    "prepaid-annual": ["new 2021-06-18 2022-06-17 10 1209.6"],
    "add-seats": ["addQuantity 2021-06-20 2021-07-17 10 -94.08", "addQuantity 2021-06-20 2021-07-17 12 112.89"],
    "remove-seats": ["removeQuantity 2021-06-20 2021-07-17 12 -112.89", "removeQuantity 2021-06-20 2021-07-17 8 75.26"],
    "many-changes-one-cycle": [
        "new 2022-03-05 2022-04-04 10 120",
        "addQuantity 2022-03-07 2022-04-04 10 -112.25",
        "addQuantity 2022-03-07 2022-04-04 15 168.38",
        "addQuantity 2022-03-10 2022-04-04 15 -150.96",
        "addQuantity 2022-03-10 2022-04-04 25 251.61",
        "removeQuantity 2022-03-12 2022-04-04 25 -232.25",
        "removeQuantity 2022-03-12 2022-04-04 23 213.67",
        "removeQuantity 2022-03-14 2022-04-04 23 -195.87",
        "removeQuantity 2022-03-14 2022-04-04 20 170.32",
        "addQuantity 2022-03-25 2022-04-04 20 -85.16",
        "addQuantity 2022-03-25 2022-04-04 30 127.74",
    ],
    "cancel-7d": ["new 2021-07-15 2021-08-14 10 100.8", "cancelImmediate 2021-07-17 2021-08-14 10 -94.2"],
    "full-upgrade": [
        "new 2021-06-18 2021-07-17 300 3024",
        "convert 2021-06-25 2021-07-17 300 -2316",
        "convert 2021-06-25 2021-07-17 300 1476",
    ],
    "partial-upgrade": [
        "new 2021-06-18 2021-07-17 300 3024",
        "convert 2021-06-25 2021-07-17 100 -772",
        "convert 2021-06-25 2021-07-17 100 492",
    ],
    "trial-convert": [
        "new 2021-06-25 2021-07-24 25 0",
        "convert 2021-06-25 2021-07-24 25 0",
        "convert 2021-06-25 2021-07-24 25 1315.25",
    ],
    # history: plan changes inside a term ended on 2025-04-01
    "plan-annual-to-monthly": ["new 2021-09-20 2022-09-19 10 2500", "changeBillingPlan 2022-09-20 2022-10-19 10 200"],
    "plan-monthly-to-annual": ["new 2021-09-20 2021-10-19 10 200", "changeBillingPlan 2021-10-20 2022-09-19 10 2291.6"],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_worked_table(name):
    """The lines of a worked table come out of the API to the cent, with its days and seats."""
    assert EXPECTED[name] == [" ".join(short(line)) for line in SCENARIOS[name]()]


def _printed(name: str) -> list[dict[str, str]]:
    with PRINTED.open(encoding="utf-8", newline="") as handle:
        return [row for row in csv.DictReader(handle) if row["Scenario"] == name]


def _shown(line: dict, row: dict[str, str]) -> dict[str, str]:
    """A line in the columns and with the digits that were printed."""
    effective = Decimal(line["effectiveUnitPrice"]).quantize(Decimal(row["EffectiveUnitPrice"]), rounding=ROUND_HALF_UP)
    return {
        "OrderDate": line["orderDate"][:10],
        "ChargeType": line["chargeType"],
        "UnitPrice": str(Decimal(line["unitPrice"])),
        "EffectiveUnitPrice": str(effective),
        "BillableQuantity": line["billableQuantity"],
        "Subtotal": line["subtotal"],
        "ChargeStartDate": line["chargeStartDate"][:10],
        "ChargeEndDate": line["chargeEndDate"][:10],
        "TermAndBillingCycle": line["termAndBillingCycle"],
        "BillingFrequency": line["billingFrequency"],
        "ProductQualifiers": '["Trial"]' if "Trial" in line["productQualifiers"] else "",
    }


def _groups(ids: list[str]) -> list[int]:
    """Which lines share an id: the number of the first line that has it."""
    first: dict[str, int] = {}
    return [first.setdefault(one, number) for number, one in enumerate(ids)]


@pytest.mark.skipif(not PRINTED.is_file(), reason="the printed scenarios (../shared) are not beside the project")
@pytest.mark.parametrize("name", SCENARIOS)
def test_printed_columns(name):
    """Every printed column of a scenario agrees, and the lines that belong together are tied by one ReferenceId."""
    printed, found = _printed(name), SCENARIOS[name]()
    wanted = [{key: value for key, value in row.items() if value} for row in printed]
    actual = [
        {key: value for key, value in _shown(line, row).items() if row[key]}
        for line, row in zip(found, printed, strict=True)
    ]
    unseen = {"Scenario", "ProductName", "Currency", "SubscriptionId", "ReferenceId"}
    assert [{key: value for key, value in row.items() if key not in unseen} for row in wanted] == actual
    if all(row["ReferenceId"] for row in printed):
        assert _groups([row["ReferenceId"] for row in printed]) == _groups([line["referenceId"] for line in found])
    if all(row["SubscriptionId"] for row in printed):
        assert _groups([row["SubscriptionId"] for row in printed]) == _groups(
            [line["subscriptionId"] for line in found]
        )


@pytest.mark.skipif(not PRINTED.is_file(), reason="the printed scenarios (../shared) are not beside the project")
def test_every_printed_scenario_is_acted_out():
    """No scenario of the printed file is left out."""
    with PRINTED.open(encoding="utf-8", newline="") as handle:
        names = {row["Scenario"] for row in csv.DictReader(handle)}
    assert names == set(SCENARIOS)


def test_seats_at_the_end_follow_from_the_lines():
    """The last positive line of the last change says how many seats run (contract §17)."""
    by_reference = defaultdict(list)
    for line in SCENARIOS["many-changes-one-cycle"]():
        by_reference[line["referenceId"]].append(line)
    last = list(by_reference.values())[-1]
    assert ["30"] == [line["billableQuantity"] for line in last if Decimal(line["subtotal"]) > 0]
