"""`ledger compare` as a person meets it: what agrees, what does not, files that are none, exit codes."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.unit.cli.command import Project
from tests.unit.engine.estates import declare
from tests.unit.engine.test_quote import import_sheet

HEADER = (
    "ChargeType,SubscriptionId,BillableQuantity,UnitPrice,Subtotal,ChargeStartDate,ChargeEndDate,Currency,InvoiceNumber"
)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """Five seats of alpha, bought for a year by the month at 10.00."""
    project = Project(tmp_path_factory.mktemp("compare"))
    import_sheet(project.root, project.root.parent)
    declare(project.estate, "alpha", 5)
    declare(project.estate, "beta", None)
    project.estate.apply()
    return project


def bill(project, amount="50.00", *, quantity=5):
    """The compressed file of the purchase's month, and the ledger's own document of it."""
    (record,) = [json.loads(one.body)["data"] for one in project.estate.ledger() if "cost_lines" in one.body]
    (line,) = record["cost_lines"]
    row = f"New,{record['provider_subscription_id']},{quantity},10,{amount},{line['charge_start']},"
    path = project.root.parent / "bill.csv.gz"
    text = f"\ufeff{HEADER}\n{row}{line['charge_end_inclusive']},EUR,G1\n"
    path.write_bytes(gzip.compress(text.encode()))
    return str(path)


def test_books_that_agree_end_with_0(project):
    """The sums of both, and one line equal to the cent."""
    shown = project.run("ledger", "compare", bill(project))
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "  ledger   50.00 EUR\n  billed   50.00 EUR\n" in shown.stdout
    assert "1 line equal to the cent" in shown.stdout


def test_books_that_differ_end_with_2_and_name_the_difference(project):
    """In words, and as a document."""
    file = bill(project, "57.50")
    shown = project.run("ledger", "compare", file)
    assert (shown.returncode, "1 line has another price" in shown.stdout) == (2, True)
    assert "alpha/m365" in shown.stdout
    found = json.loads(project.run("ledger", "compare", file, "--format", "json").stdout)
    assert (found["classes"], found["agrees"]) == ({"price": 1}, False)


def test_what_is_no_bill_is_refused_without_a_traceback(project):
    """Another file, a month that is none."""
    path = project.root.parent / "other.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    refused = project.run("ledger", "compare", str(path))
    assert (refused.returncode, "its header has no chargetype" in refused.stderr) == (1, True)
    assert "Traceback" not in refused.stderr
    assert "is no month" in project.run("ledger", "compare", bill(project), "--month", "2026-13").stderr
