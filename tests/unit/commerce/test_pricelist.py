"""Reading Microsoft's price sheet: what becomes a price, what is left out, and what is said about it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cspdecl.commerce.pricelist import ALWAYS_TO, month_of, parse_effective, parse_price_list
from cspdecl.core.diagnostics import has_errors
from cspdecl.core.money import Money

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
        ({"price": "-5"}, "UnitPrice `-5` is no amount"),
        ({"price": "NaN"}, "no amount"),
        ({"price": "1e3"}, "no amount"),
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
    """No billing plan, five years, one-time: none of them is the price of a seat."""
    parsed = sheet(line(), line(plan="None", term="P1M"), line(term="P5Y"), line(term="OneTime", plan="OneTime"))
    assert len(parsed.rows) == 1
    assert sum(parsed.left_out.values()) == 3
    assert {item.code for item in parsed.diagnostics} == {"CSP606"}


def test_seat_ranges_are_noted():
    """A row for 1 to 300 seats keeps its range, so that nobody takes it for the price of any quantity."""
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
