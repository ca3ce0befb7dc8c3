"""Common end dates: every documented row, and the rules behind them."""

from __future__ import annotations

import csv
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from cspdecl.commerce.coterm import Running, allowed_ends, first_cycle, last_month_end, shared_end, term_after
from cspdecl.core.terms import BillingCycle, Term

VECTORS = Path(__file__).resolve().parents[3].parent / "shared/reference/vectors/coterm.csv"

# What is printed for aligning ends: term, day of purchase, the other's end and term, the last day, the term after it.
PRINTED = [
    ("P3Y", "2022-07-01", ("2022-10-01", "P1Y"), "2024-10-01", ("2024-10-02", "2027-10-01")),
    ("P3Y", "2022-07-01", ("2022-10-01", "P3Y"), "2022-10-01", ("2022-10-02", "2025-10-01")),
    ("P1Y", "2022-07-01", ("2022-10-01", "P1Y"), "2022-10-01", ("2022-10-02", "2023-10-01")),
    ("P1Y", "2022-07-01", ("2022-10-01", "P3Y"), "2022-10-01", ("2022-10-02", "2023-10-01")),
    ("P3Y", "2022-07-15", None, "2025-06-30", ("2025-07-01", "2028-06-30")),
    ("P1Y", "2022-07-15", None, "2023-06-30", ("2023-07-01", "2024-06-30")),
    ("P1M", "2022-07-15", None, "2022-07-31", ("2022-08-01", "2022-08-31")),
    ("P1Y", "2023-02-04", None, "2024-01-31", ("2024-02-01", "2025-01-31")),
]


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(("term", "purchase", "other", "end", "after"), PRINTED)
def test_a_printed_row(term, purchase, other, end, after):
    """The last day and the term that follows are those of Microsoft's table."""
    existing = [Running(end=day(other[0]), term=Term(other[1]), id="s1")] if other else []
    wanted = "subscription" if other else "month"
    found = [item for item in allowed_ends(Term(term), day(purchase), existing=existing) if item.aligned == wanted]

    assert [day(end)] == [item.day for item in found]
    assert (day(after[0]), day(after[1])) == term_after(day(end), Term(term))


@pytest.mark.skipif(not VECTORS.is_file(), reason="the reference vectors are not beside this checkout")
def test_every_vector():
    """Each row of the vectors: its last day is allowed, and the full term after it is as printed."""
    rows = list(csv.DictReader(VECTORS.read_text("utf-8").splitlines()))
    assert rows
    for row in rows:
        term, purchase, end = Term(row["term"]), day(row["purchase_date"]), day(row["term_end_inclusive"])
        existing = []
        if row["existing_subscription_end"]:
            text, _, terms = row["existing_subscription_end"].partition(" (")
            existing = [Running(end=day(text), term=Term(one)) for one in terms.rstrip(")").split(" or ")]

        assert end in [item.day for item in allowed_ends(term, purchase, existing=existing)]
        if row["next_term_start"]:
            assert (day(row["next_term_start"]), day(row["next_term_end"])) == term_after(end, term)


def test_a_year_cannot_follow_a_month():
    """One and three years do not end together with a monthly subscription; a month may follow any."""
    monthly, yearly = Running(end=day("2027-01-05"), term=Term.P1M), Running(end=day("2027-01-05"), term=Term.P1Y)

    assert shared_end(Term.P1Y, day("2026-12-20"), monthly) is None
    assert shared_end(Term.P3Y, day("2026-12-20"), monthly) is None
    assert day("2027-01-05") == shared_end(Term.P1M, day("2026-12-20"), monthly)
    assert day("2027-01-05") == shared_end(Term.P1M, day("2026-12-20"), yearly)


@pytest.mark.parametrize(
    ("end", "shared"), [("2027-01-28", False), ("2027-01-30", False), ("2027-01-31", True), ("2027-02-28", True),
                        ("2028-02-28", False), ("2028-02-29", True), ("2027-04-30", True)],
)  # fmt: skip
def test_a_month_and_the_last_days(end, shared):
    """A month does not end on a 28th, 29th or 30th, unless that is the month's end."""
    other = Running(end=day(end), term=Term.P1Y)
    purchase = day(end).replace(day=2)

    assert (day(end) if shared else None) == shared_end(Term.P1M, purchase, other)


def test_an_end_before_the_purchase_is_none():
    """What has ended, or ends after the longest first term, cannot be shared."""
    assert shared_end(Term.P1M, day("2026-12-20"), Running(end=day("2027-06-05"), term=Term.P1Y)) is None
    assert () == allowed_ends(Term.ONCE, day("2026-12-20"))


def test_ends_name_their_subscriptions():
    """Subscriptions that end on one day are listed together, the month's end beside them."""
    two = [Running(end=day("2027-03-14"), term=Term.P1Y, id=ident) for ident in ("b", "a")]
    found = allowed_ends(Term.P1Y, day("2026-11-22"), existing=two)

    assert [("2027-03-14", "subscription", ("a", "b")), ("2027-10-31", "month", ())] == [
        (item.day.isoformat(), item.aligned, item.subscriptions) for item in found
    ]


@pytest.mark.parametrize(("on", "end"), [("2026-11-22", "2026-10-31"), ("2026-10-31", "2026-10-31"),
                                         ("2028-02-29", "2028-02-29"), ("2028-02-28", "2028-01-31")])  # fmt: skip
def test_the_last_month_end(on, end):
    """The last month end on or before a day, leap days included."""
    assert day(end) == last_month_end(day(on))


def test_the_first_cycle_is_the_short_one():
    """Bought on 22 November to end with 30 June: the first month runs to the 30th, later ones are whole months."""
    first = first_cycle(day("2026-11-22"), day("2027-06-30"), term=Term.P1Y, billing=BillingCycle.MONTHLY)

    assert (day("2026-11-22"), day("2026-11-30")) == (first.charged.start, first.charged.end)
    assert Fraction(9, 30) == first.share


def test_an_upfront_charge_is_prorated_over_the_term():
    """Charged once a year: the days from the purchase to the end, of the year that would end on that day."""
    first = first_cycle(day("2026-11-22"), day("2027-06-30"), term=Term.P1Y, billing=BillingCycle.ANNUAL)

    assert day("2027-06-30") == first.charged.end
    assert Fraction(221, 365) == first.share


def test_a_whole_term_has_a_whole_first_cycle():
    """An end that the term would have anyway shortens nothing."""
    first = first_cycle(day("2026-12-01"), day("2027-11-30"), term=Term.P1Y, billing=BillingCycle.MONTHLY)

    assert first.share == 1


def test_an_end_before_the_purchase_is_refused():
    """A first cycle that would end before it begins is a mistake of the caller."""
    with pytest.raises(ValueError, match="cannot end on"):
        first_cycle(day("2026-12-01"), day("2026-11-30"), term=Term.P1Y, billing=BillingCycle.MONTHLY)
