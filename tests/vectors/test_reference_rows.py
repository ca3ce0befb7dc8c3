"""The reference tables beside the project, row by row through the real command line. Skipped where they are absent."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from tests.vectors.asking import ask, number
from tests.vectors.derive import SHARED, asserted, question, rows, scenario

PRORATION = [row for row in rows("vectors", "proration.csv") if asserted(row)]
SCENARIOS = [row for row in rows("samples", "recon_nce_scenarios.csv") if not row["Scenario"].startswith("migrat")]
ALIGNED = [row for row in rows("vectors", "coterm.csv") if row["purchase_date"] != "2022-03-02"]
absent = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared reference tables are not beside this project")


@absent
def test_the_tables_were_read():
    """A reader that finds nothing would pass every row."""
    assert (len(PRORATION) >= 26, len(SCENARIOS) >= 24, len(ALIGNED) >= 5) == (True, True, True)


@pytest.mark.parametrize("row", PRORATION, ids=lambda row: row["case"])
def test_a_row_of_worked_amounts(row):
    """The printed amount, from the row's own columns."""
    words, part, expected = question(row)

    assert Decimal(expected) == number(ask(words), part)


@pytest.mark.parametrize(
    "row", rows("vectors", "charge_cycles.csv"), ids=lambda row: f"{row['purchase_date']}/{row['cycle_no']}"
)
def test_a_row_of_charge_cycles(row):
    """First day, last day and length of the numbered cycle."""
    count = row["cycle_no"]
    words = ["--term", row["term"], "--billing", row["billing_plan"], "--start", row["purchase_date"], "--count", count]
    cycle = ask(["quote", "--cycles", *words, "--format", "json"])["cycles"][-1]

    expected = {"number": int(count), "start": row["charge_start"], "end": row["charge_end_inclusive"]}
    assert {**expected, "days": int(row["days"])} == cycle


@pytest.mark.parametrize("row", ALIGNED, ids=lambda row: f"{row['term']} {row['purchase_date']}")
def test_a_row_of_common_ends(row):
    """The allowed end is among the days, with its length and the term that follows."""
    words = ["--coterm", "--term", row["term"], "--start", row["purchase_date"], "--format", "json"]
    if row["existing_subscription_end"]:
        words += ["--with", row["existing_subscription_end"]]
    [end] = [item for item in ask(["quote", *words])["ends"] if item["end"] == row["term_end_inclusive"]]

    said = re.search(r"inclusive days are (\d+)", row["note"])
    assert end["days"] == (int(said[1]) if said else end["first_term"]["days"])
    if row["next_term_start"]:
        assert (row["next_term_start"], row["next_term_end"]) == (end["next_term"]["start"], end["next_term"]["end"])


@pytest.mark.parametrize("row", SCENARIOS, ids=lambda row: f"{row['Scenario']} {row['ChargeType']} {row['Subtotal']}")
def test_a_line_of_the_worked_scenarios(row):
    """The line's subtotal, from its price, its quantity and the slice it was charged for."""
    words, part, expected = scenario(row)
    found = ask(words)

    assert Decimal(expected) == number(found, part)
