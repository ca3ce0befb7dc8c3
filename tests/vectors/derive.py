"""Rows of the reference material as questions to `quote`: what stands in the columns and nothing else."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.vectors.table import Part

SHARED = Path(__file__).resolve().parents[3] / "shared" / "reference"
Row = dict[str, str]


def rows(*path: str) -> list[Row]:
    """The rows of a table, none where the material is not beside the project."""
    file = SHARED.joinpath(*path)
    return list(csv.DictReader(file.read_text("utf-8").splitlines())) if file.is_file() else []


def note_of(row: Row) -> Row:
    """The `key=value` pairs of a row's note."""
    pairs = (part.strip().split("=", 1) for part in row["note"].split(";") if "=" in part)
    return {key: value for key, value in pairs if " " not in key}


def asserted(row: Row) -> bool:
    """Whether a row is exact and of new commerce or marketplace as it is today, or a relation of prices."""
    names = ("nce_", "saas_", "promo", "instalment", "margin", "premium", "uplift", "est_")
    return note_of(row).get("quality") == "exact" and row["case"].startswith(names)


def question(row: Row) -> tuple[list[str], Part, str]:
    """The command line, the part that answers, and the printed amount."""
    note, expected = note_of(row), row["expected_amount"]
    part: Part = "wipe" if expected.startswith("-") else "charge"
    words = ["--unit-price", row["unit_price"]]
    for option, column in (("--currency", "currency"), ("--term", "term"), ("--billing", "billing_plan")):
        words += [option, row[column]] if row[column] else []
    if row["case"].startswith("nce_min"):
        words, part = ["--addon-minimum", "5%", "--base-seats", row["quantity_before"]], "seats"
    elif row["case"].startswith("instalment"):
        words, part = [*words, "--price-per", "term"], "unit"
    elif row["case"].startswith("margin"):
        listed = row["case"].rpartition("_")[2]
        words, part = [*words, "--price-per", "term", "--list-price", listed], "margin"
    elif row["case"].startswith("premium"):
        words += ["--uplift", "20%"]
    elif row["case"].startswith("uplift"):
        words, part = [*words, "--price-per", "term", "--uplift", "5%"], "unit"
    else:
        words += _change(row, note)
        if "usage line" in row["note"]:
            part = "total"
    return ["quote", *words, "--format", "json"], part, expected


def _change(row: Row, note: Row) -> list[str]:
    words = []
    anchor = note.get("cycle_start") or note.get("charge_start") or row["term_start"]
    for option, value in (("--cycle-start", anchor), ("--on", row["change_date"])):
        words += [option, value] if value else []
    for option, column in (("--from", "quantity_before"), ("--to", "quantity_after")):
        words += [option, row[column]] if row[column] else []
    if "discount" in note:
        words += ["--discount", note["discount"]]
    charge = note.get("charge_type")
    return [*words, "--charge", charge] if charge else words


def scenario(row: Row) -> tuple[list[str], Part, str]:
    """A printed reconciliation line as a question. The seats on the other side of a change are in another line."""
    part: Part = "wipe" if row["Subtotal"].startswith("-") else "charge"
    charge, seats = row["ChargeType"], row["BillableQuantity"]
    annual = row["BillingFrequency"] == "Annual" or row["TermAndBillingCycle"].endswith("for yearly billing")
    words = ["--unit-price", row["UnitPrice"], "--on", row["ChargeStartDate"], "--charge", charge]
    words += ["--cycle-start", _begins(row["ChargeEndDate"], 12 if annual else 1)]
    words += ["--term", "P3Y" if annual else "P1M", "--billing", "annual" if annual else "monthly"]
    more, fewer = "1000", "1"
    if charge == "addQuantity":
        words += ["--from", seats, "--to", more] if part == "wipe" else ["--from", fewer, "--to", seats]
    elif charge == "removeQuantity":
        words += ["--from", seats, "--to", fewer] if part == "wipe" else ["--from", more, "--to", seats]
    else:
        words += ["--from", seats, "--to", "0"] if part == "wipe" else ["--to", seats]
    return ["quote", *words, "--format", "json"], part, row["Subtotal"]


def _begins(last: str, months: int) -> str:
    """The first day of the cycle that ends on `last`."""
    year, month, day = map(int, last.split("-"))
    index = year * 12 + month - 1 - months
    return f"{index // 12:04d}-{index % 12 + 1:02d}-{day + 1:02d}"
