"""Every worked number comes out of the real command line: today's to the cent, others under their own profile."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.vectors.asking import ask, number
from tests.vectors.page import PAGE, render_page
from tests.vectors.table import ALL, Worked


@pytest.mark.parametrize("worked", [row for row in ALL if row.kind != "other"], ids=lambda row: row.case)
def test_a_printed_number_comes_out_to_the_cent(worked: Worked):
    """From price, seats and days as typed, the amount that the page prints."""
    found = number(ask(worked.arguments), worked.part)

    assert Decimal(worked.printed) == found


def test_what_follows_no_rule_is_listed_with_both_numbers():
    """The reference page is what the program says now, rows that differ included."""
    assert PAGE.read_text("utf-8") == render_page()


def test_every_row_has_a_name_of_its_own_and_says_why_where_it_is_none_of_todays():
    """A case appears once, and what is not asserted under today's rules has a reason."""
    assert len(ALL) == len({(row.case, row.part) for row in ALL})
    assert [] == [row.case for row in ALL if row.kind != "exact" and not row.why]
