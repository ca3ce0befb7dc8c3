"""Reading Microsoft's price sheet: what becomes a price, what is left out, and what is said about it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cspdecl.commerce.pricelist import ALWAYS_TO, PriceSheet, month_of, parse_effective, parse_price_list, view_of
from cspdecl.core.diagnostics import has_errors
from cspdecl.core.money import Money
from cspdecl.core.terms import BillingCycle, Term

SAMPLE = Path(__file__).parents[4] / "shared" / "reference" / "samples" / "pricelist_nce.csv"
HEADER = (
    "ProductTitle,ProductId,SkuId,TermDuration,BillingPlan,Market,Currency,UnitPrice,"
    "EffectiveStartDate,EffectiveEndDate,ERP Price\n"
)


def sheet(*rows: str, header: str = HEADER):
    return parse_price_list([header, *(row + "\n" for row in rows)])


def line(**cells: str) -> str:
    values = {
        "title": "Premium",
        "product": "CFQ7TTC0LCHC",
        "sku": "0002",
        "term": "P1Y",
        "plan": "Monthly",
        "market": "DE",
        "currency": "EUR",
        "price": "247.20",
        "start": "4/1/2025 12:00:00 AM",
        "end": "12/31/9999 11:59:59 PM",
        "erp": "309.00",
        **cells,
    }
    return ",".join(values.values())


@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample sheet is not beside this tree")
def test_the_documented_sample_reads_without_a_remark():
    """Two rows with American dates of both shapes, no Segment column, amounts as short as `48`."""
    with SAMPLE.open(encoding="utf-8", newline="") as lines:
        parsed = parse_price_list(lines)
    assert parsed.diagnostics == ()
    first, second = (item.row for item in parsed.rows)
    assert str(first.offer) == "CFQ7TTC0HDK0:0001"
    assert (first.cost, first.erp) == (Money.of("115.20", "USD"), Money.of("144", "USD"))
    assert first.effective_to == datetime(2021, 2, 4, 20, 35, 31, tzinfo=UTC)
    assert (second.segment, second.effective_to) == ("commercial", ALWAYS_TO)


@pytest.mark.parametrize(
    ("text", "end", "expected"),
    [
        ("2/1/2019 12:00:00 AM", False, "2019-02-01T00:00:00"),
        ("2/1/2019 12:30:00 PM", False, "2019-02-01T12:30:00"),
        ("2/1/2023 0:00", False, "2023-02-01T00:00:00"),
        ("2019-02-01T00:00:00.0000000Z", False, "2019-02-01T00:00:00"),
        ("2019-02-01", False, "2019-02-01T00:00:00"),
        ("2/4/2021 8:35:31 PM", True, "2021-02-04T20:35:31"),
        ("11/30/2023 11:59:59 PM", True, "2023-12-01T00:00:00"),
        ("2023-11-30T23:59:59.9999999Z", True, "2023-12-01T00:00:00"),
        ("11/30/9999 23:59", True, "9999-12-31T00:00:00"),
        ("1/1/1753 12:00:00 AM", False, "1753-01-01T00:00:00"),
        ("", False, "1753-01-01T00:00:00"),
        ("", True, "9999-12-31T00:00:00"),
    ],
)
def test_both_date_formats_and_the_open_ends(text, end, expected):
    """American and ISO instants; the last minute of a day means the whole day; 1753 and 9999 mean always."""
    assert parse_effective(text, end=end) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["31/1/2024", "2024-13-01", "13:00", "1/1/2024 13:00:00 PM", "tomorrow"])
def test_what_is_no_date_is_refused(text):
    """A day-first date would silently become another day: it is refused, never turned round."""
    with pytest.raises(ValueError, match=r"."):
        parse_effective(text, end=False)


def test_sku_ids_get_their_zeros_back():
    """A spreadsheet cut `0001` to `1`; four characters are the identity."""
    assert str(sheet(line(sku="1")).rows[0].row.offer) == "CFQ7TTC0LCHC:0001"


def test_a_byte_order_mark_and_other_columns_do_not_matter():
    """Columns are found by name, in any order, with additions."""
    header = "\ufeffSegment,ChangeIndicator," + HEADER
    parsed = sheet("Charity,UNC," + line(), header=header)
    assert parsed.rows[0].row.segment == "nonprofit"
    assert parsed.rows[0].row.cost == Money.of("247.20", "EUR")


def test_a_title_may_hold_line_ends_and_the_line_of_the_next_fault_is_right():
    """Quoted cells span lines; the broken row after them is named by its own line."""
    parsed = parse_price_list([HEADER, '"Two\n', 'lines"' + line()[7:] + "\n", line(price="1,5") + "\n"])
    assert len(parsed.rows) == 1
    assert [item.line for item in parsed.diagnostics] == [4]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"price": "NaN"}, "no amount"),
        ({"price": "1.234,56"}, "cells"),
        ({"price": ""}, "no amount"),
        ({"product": "short"}, "is no offer"),
        ({"currency": "Euro"}, "is no currency"),
        ({"market": "Germany"}, "is no market"),
        ({"term": "P1M", "plan": "Annual"}, "cannot be billed annual"),
        ({"start": "1/1/2026", "end": "1/1/2025"}, "before it begins"),
    ],
)
def test_a_broken_row_is_named_and_left_out(cells, words):
    """The other rows stay usable; the broken one has its line and what is wrong with it."""
    parsed = sheet(line(), line(**cells))
    assert len(parsed.rows) == 1
    (remark,) = parsed.diagnostics
    assert (remark.code, remark.line) == ("CSP601", 3)
    assert words in remark.message


def test_trials_and_foreign_terms_are_left_out_and_counted():
    """No billing plan, five years, no term at all: none of them is the price of a seat."""
    parsed = sheet(line(), line(plan="None", term="P1M"), line(term="P5Y"), line(term="NoTerm", plan="Monthly"))
    assert len(parsed.rows) == 1
    assert sum(parsed.left_out.values()) == 3
    assert {item.code for item in parsed.diagnostics} == {"CSP606"}


def test_seat_ranges_are_noted():
    """A row for 1 to 300 seats keeps its range; one from the first seat on without an end is no range."""
    header = "PricingTierRangeMin,PricingTierRangeMax," + HEADER
    parsed = sheet("1,300," + line(), "1,," + line(), header=header)
    assert [item.row.tier for item in parsed.rows] == ["1-300", ""]
    assert parsed.diagnostics[0].code == "CSP606"


def test_hundreds_of_broken_rows_are_summed_up():
    """Twenty are named, the rest counted: a wrong file does not bury its own message."""
    parsed = sheet(line(), *(line(price="x") for _ in range(120)))
    assert len(parsed.diagnostics) == 21
    assert parsed.diagnostics[-1].message.startswith("100 more rows left out")


@pytest.mark.parametrize("lines", [[], ["\n"], ["a,b,c\n"], ["<html>\n", "<body>\n"], [HEADER], [HEADER, "1,2\n"]])
def test_what_is_no_price_sheet_is_an_error(lines):
    """Empty, another table, a web page, no usable row: an error, never an empty price list."""
    parsed = parse_price_list(lines)
    assert parsed.rows == ()
    assert has_errors(parsed.diagnostics)


@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("price-list-2026-11-DE-EUR.csv", "2026-11"),
        ("202611_sheet.zip", "2026-11"),
        ("sheet.csv", None),
        ("v120261199.csv", None),
    ],
)
def test_a_file_name_may_say_the_month(name, month):
    """The month is read from a name only where it stands alone."""
    assert month_of(name) == month


@pytest.mark.parametrize("term", ["OneTime", "onetime", "One Time"])
@pytest.mark.parametrize("plan", ["OneTime", "None", ""])
def test_a_perpetual_licence_has_a_price(term, plan):
    """How the sheet writes the plan of what is owned for good is documented nowhere: every spelling is read."""
    (item,) = sheet(line(term=term, plan=plan)).rows
    assert (item.row.term, item.row.billing) == (Term.ONCE, BillingCycle.ONE_TIME)


@pytest.mark.parametrize(("text", "amount"), [("1.152E+2", "115.20"), ("1e3", "1000.00"), ("5E-1", "0.50")])
def test_powers_of_ten_are_read_and_doubted(text, amount):
    """A spreadsheet writes so, and cuts digits: the amount is what stands there, and one warning says it."""
    parsed = sheet(line(price=text), line())
    assert parsed.rows[0].row.cost == Money.of(amount, "EUR")
    assert [item.code for item in parsed.diagnostics] == ["CSP618"]


def test_amounts_and_ids_guarded_by_an_apostrophe_are_read():
    """A spreadsheet guards what looks like a number by an apostrophe in front."""
    (item,) = sheet(line(price="'247.20", sku="'0002")).rows
    assert (str(item.row.offer), item.row.cost) == ("CFQ7TTC0LCHC:0002", Money.of("247.20", "EUR"))


@pytest.mark.parametrize("price", ["0", "0.00", "-5"])
def test_nothing_and_less_is_named_with_its_line(price):
    """The row stays, so that nothing older is taken in its place, and is no price."""
    parsed = sheet(line(), line(price=price))
    assert len(parsed.rows) == 2
    (found,) = parsed.diagnostics
    assert (found.code, found.severity) == ("CSP611", "warning" if price.startswith("-") else "note")
    assert "line 3" in found.message


@pytest.mark.parametrize(
    "last",
    [line()[:40] + "\n", line()[:40], line()[:-3], '"Premium', line()],
    ids=["row", "row-", "cell", "quote", "end"],
)
def test_a_file_that_was_cut_says_so_and_its_last_row_is_no_price(last):
    """Cut in a row, in a cell, in quotes, or just without the last line end: which cannot be told from a cut."""
    parsed = parse_price_list([HEADER, line() + "\n", last])
    assert len(parsed.rows) == 1
    assert [item.code for item in parsed.diagnostics] == ["CSP615"]
    assert len(parsed.faults) == 1


def test_an_archive_that_vouches_for_its_end_needs_no_last_line_end():
    """Zip and gzip keep a checksum: a sheet in one ends where it says."""
    lines = PriceSheet([HEADER, line()], whole=True)
    assert len(list(lines)) == 1
    assert lines.faults == ()


def test_a_row_that_is_shifted_by_a_comma_is_named():
    """An unquoted comma in a title moves every cell: the row would be another one's price."""
    parsed = sheet(line(), line(title="Premium, yearly"))
    assert len(parsed.rows) == 1
    assert "12 cells, the header 11" in parsed.diagnostics[0].message


def test_a_title_is_kept_and_made_harmless():
    """Names come from elsewhere: no line break and no terminal escape gets into a stored list."""
    parsed = parse_price_list([HEADER, '"Pre\x1b[31m\n', 'mium"' + line()[7:] + "\n"])
    assert parsed.rows[0].row.title == "Pre [31m mium"


@pytest.mark.parametrize(
    ("name", "view"),
    [("de-licensebasedest-2026-11.csv", "est"), ("software_202611.zip", "software"), ("2026-11-DE.csv", "license")],
)
def test_a_file_name_may_say_the_view(name, view):
    """The views of extended service terms and of software are named in the request that fetches them."""
    assert view_of(name) == view
