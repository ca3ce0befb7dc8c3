"""Charge cycles and common ends as printed on public pages, retyped, through the real command line."""

from __future__ import annotations

import pytest

from tests.vectors.asking import ask

#: Term, day of purchase, number of the cycle, first and last day, length.
CYCLES = [
    ("P1M", "2021-02-28", 1, "2021-02-28", "2021-03-27", 28),
    ("P1M", "2021-06-30", 1, "2021-06-30", "2021-07-29", 30),
    ("P1M", "2021-07-31", 1, "2021-07-31", "2021-08-30", 31),
    ("P1M", "2021-01-31", 1, "2021-01-31", "2021-02-27", 28),
    ("P1M", "2021-01-30", 1, "2021-01-30", "2021-02-27", 29),
    ("P1M", "2021-05-30", 1, "2021-05-30", "2021-06-29", 31),
    ("P1M", "2021-06-18", 2, "2021-07-18", "2021-08-17", 31),
    ("P1Y", "2022-02-21", 1, "2022-02-21", "2022-03-20", 28),
    ("P1Y", "2021-01-31", 2, "2021-02-28", "2021-03-30", 31),
    ("P1Y", "2021-01-31", 5, "2021-05-31", "2021-06-29", 30),
    ("P1Y", "2021-01-31", 8, "2021-08-31", "2021-09-29", 30),
    ("P1Y", "2021-01-31", 11, "2021-11-30", "2021-12-30", 31),
    ("P1Y", "2021-01-30", 2, "2021-02-27", "2021-03-29", 31),
    ("P1Y", "2021-01-30", 4, "2021-04-29", "2021-05-29", 31),
    ("P1Y", "2021-01-30", 9, "2021-09-29", "2021-10-29", 31),
    ("P1Y", "2021-01-30", 12, "2021-12-30", "2022-01-29", 31),
]
#: Term, day of purchase, ends given, the allowed end, its length, the next term.
ENDS = [
    ("P3Y", "2022-07-01", "2022-10-01:P1Y", "2024-10-01", 824, ("2024-10-02", "2027-10-01")),
    ("P3Y", "2022-07-01", "2022-10-01:P3Y", "2022-10-01", 93, ("2022-10-02", "2025-10-01")),
    ("P1Y", "2022-07-01", "2022-10-01:P1Y", "2022-10-01", 93, ("2022-10-02", "2023-10-01")),
    ("P1Y", "2022-07-01", "2022-10-01:P3Y", "2022-10-01", 93, ("2022-10-02", "2023-10-01")),
    ("P3Y", "2022-07-15", None, "2025-06-30", 1082, ("2025-07-01", "2028-06-30")),
    ("P1Y", "2022-07-15", None, "2023-06-30", 351, ("2023-07-01", "2024-06-30")),
    ("P1M", "2022-07-15", None, "2022-07-31", 17, ("2022-08-01", "2022-08-31")),
    ("P1Y", "2023-02-04", None, "2024-01-31", 362, ("2024-02-01", "2025-01-31")),
]


@pytest.mark.parametrize(("term", "start", "number", "first", "last", "days"), CYCLES)
def test_a_printed_charge_cycle(term, start, number, first, last, days):
    """The numbered cycle of what was bought on that day, billed monthly."""
    words = ["--term", term, "--billing", "monthly", "--start", start, "--count", str(number), "--format", "json"]
    expected = {"number": number, "start": first, "end": last, "days": days}

    assert expected == ask(["quote", "--cycles", *words])["cycles"][-1]


@pytest.mark.parametrize(("term", "start", "shared", "end", "days", "following"), ENDS)
def test_a_printed_common_end(term, start, shared, end, days, following):
    """The day is allowed, so long is the first term, and so the next one runs."""
    words = ["--coterm", "--term", term, "--start", start, "--format", "json"]
    words += ["--with", shared] if shared else []
    [found] = [item for item in ask(["quote", *words])["ends"] if item["end"] == end]

    assert (days, *following) == (found["days"], found["next_term"]["start"], found["next_term"]["end"])


def test_a_year_cannot_end_with_a_month():
    """Only the month's end is left, and the reason is said."""
    words = ["--coterm", "--term", "P1Y", "--start", "2022-07-01", "--with", "2022-07-20:P1M", "--format", "json"]
    found = ask(["quote", *words])

    assert ["month"] == [item["aligned"] for item in found["ends"]]
    assert ["2022-07-20 cannot be shared: a term of P1Y cannot end together with a monthly one"] == found["notes"]
