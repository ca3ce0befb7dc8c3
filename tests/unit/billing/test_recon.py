"""Reconciliation files as they are: columns in any case and order, oddities of exports, damage that is said."""

from __future__ import annotations

import gzip
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from cspdecl.billing.recon import BadLine, NotReconError, ReconLine, read_csv, read_json, reference_of, snake
from cspdecl.core.errors import CspdeclError
from cspdecl.engine.compare import Period, read_file

SAMPLES = Path(__file__).parents[3].parent / "shared" / "reference" / "samples"
HEADER = "ChargeType,SubscriptionId,BillableQuantity,Subtotal,ChargeStartDate,ChargeEndDate,Currency"
ROW = "cycleCharge,s-1,10,100.80,2021-06-18,2021-07-17,EUR"


def one(*rows, header=HEADER):
    """The only line of a CSV file."""
    (line,) = read_csv([f"{header}\n", *(f"{row}\n" for row in rows)])
    return line


def test_a_line_is_read_by_the_names_of_its_columns():
    """Type, days, quantity and amount, whatever the order and case of the header."""
    line = one("EUR,100.80,s-1,CYCLECHARGE,2021-06-18T00:00:00Z,6/17/2021,10",
               header="currency,SUBTOTAL,SubscriptionID,chargetype,ChargeStartDate,chargeEndDate,billableQuantity")  # fmt: skip
    assert (line.charge, line.subscription, line.amount) == ("cycle_charge", "s-1", Decimal("100.80"))
    assert (line.start, line.end, line.quantity) == (date(2021, 6, 18), date(2021, 6, 17), 10)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("100.80", "100.80"),
        ("'22.000000000000000000", "22"),
        ("'0E-20", "0"),
        ("1,234.50", "1234.50"),
        ("-94.080000000000001", "-94.080000000000001"),
    ],
)
def test_numbers_are_read_as_they_are_written(text, value):
    """Apostrophes of spreadsheets, scientific zeros, thousands: decimals of any length, never rounded."""
    line = one(f'new,s-1,1,"{text}",2021-06-18,2021-07-17,EUR')
    assert line.subtotal == Decimal(value)


@pytest.mark.parametrize("text", ["abc", "NaN", "Infinity", "1E999999999", "1E-999999"])
def test_what_is_no_number_is_said(text):
    """The line is reported with its number and the column."""
    line = one(f"new,s-1,1,{text},2021-06-18,2021-07-17,EUR")
    assert isinstance(line, BadLine)
    assert (line.number, "subtotal" in line.why) == (2, True)


def test_a_byte_order_mark_before_the_first_header_is_no_part_of_its_name():
    """Also where the header is quoted."""
    (line,) = read_csv([f'\ufeff"ChargeType",{HEADER.partition(",")[2]}\n', f"{ROW}\n"])
    assert isinstance(line, ReconLine)
    assert line.charge == "cycle_charge"


def test_the_total_stands_for_a_subtotal_that_is_not_there():
    """Both spellings, less the tax in it; an empty cell is no zero."""
    for name in ("Total", "TotalForCustomer"):
        header = f"ChargeType,SubscriptionId,{name},TaxTotal,ChargeStartDate,ChargeEndDate,Currency"
        assert one("new,s-1,119,19,2021-06-18,2021-07-17,EUR", header=header).amount == 100
        assert one("new,s-1,,,2021-06-18,2021-07-17,EUR", header=header).amount is None


def test_the_quantity_stands_for_a_billable_quantity_that_is_empty():
    """The billable quantity counts where it is given."""
    header = f"{HEADER},Quantity"
    assert one(f"{ROW},25", header=header).quantity == 10
    assert one("new,s-1,,100.80,2021-06-18,2021-07-17,EUR,25", header=header).quantity == 25


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("cycleCharge", "cycle_charge"), ("CycleCharge", "cycle_charge"), ("cyclecharge", "cycle_charge"),
        ("New", "new"), ("addQuantity", "add_quantity"), ("cancelImmediate", "cancel_immediate"), ("Refund", "cancel_immediate"),
        ("someNewType", "some_new_type"), ("Cycle fee", "cycle_fee"),
    ],
)  # fmt: skip
def test_types_of_charge_are_compared_without_case(written, read):
    """Known ones in any spelling, unknown ones passed through."""
    assert snake(written) == read


def test_a_reference_may_be_an_object():
    """The id inside it, or the text itself."""
    assert reference_of('{"osId": "o", "id": "r-1", "v": 2}') == "r-1"
    assert reference_of("7d71c595") == "7d71c595"
    assert reference_of("{broken") == "{broken"


def test_a_row_with_other_columns_is_said():
    """A file that was cut in the middle of a line."""
    line = one("new,s-1,10,100")
    assert isinstance(line, BadLine)
    assert "4 columns where the header has 7" in line.why


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "empty"), ("a,b,c\n1,2,3\n", "its header has no chargetype"), ("[1", "neither"), ('{"value": 1}', "list")],
)
def test_what_is_no_reconciliation_file_is_refused(text, why):
    """An empty file, another header, broken JSON, JSON without lines."""
    reader = read_json if text[:1] in ("[", "{") else read_csv
    with pytest.raises(NotReconError, match=why):
        list(reader(text.splitlines(keepends=True)))


def test_damage_a_reader_stumbles_over_is_no_traceback():
    """A quote that never closes, nesting without end."""
    with pytest.raises(NotReconError, match="field"):
        list(read_csv([f"{HEADER}\n", '"' + "x" * 200_000]))
    with pytest.raises(NotReconError, match="neither"):
        list(read_json(["[" * 100_000]))


def test_json_lines_with_a_broken_one_go_on():
    """The number of the broken line is said, the others are read."""
    good = json.dumps({"chargeType": "new", "subscriptionId": "S-1", "subtotal": 1.10, "currency": "eur"})
    first, broken, last = read_json([f"{good}\n", "{broken\n", good])
    assert isinstance(first, ReconLine)
    assert (first.subtotal, first.subscription, first.currency) == (Decimal("1.10"), "s-1", "EUR")
    assert broken == BadLine(number=2, why="it is no JSON")
    assert last.number == 3


def test_a_file_of_several_compressed_members_is_read_to_its_end(tmp_path):
    """As the portal makes them; one that is cut says so."""
    path = tmp_path / "recon.csv.gz"
    packed = gzip.compress(f"\ufeff{HEADER}\n{ROW}\n".encode()) + gzip.compress(f"{ROW}\n".encode())
    path.write_bytes(packed)
    assert [line.amount for line in read_file(path) if isinstance(line, ReconLine)] == [
        Decimal("100.80"),
        Decimal("100.80"),
    ]
    path.write_bytes(packed[:-12])
    with pytest.raises(CspdeclError, match="cannot be read"):
        list(read_file(path))


@pytest.mark.parametrize("text", ["2026-13", "2026-W01", "9999-12", "December", "2026-1"])
def test_what_is_no_month_is_refused(text):
    """A month is four digits and two."""
    with pytest.raises(CspdeclError, match="no month"):
        Period.month(text)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the reference files are not here")
def test_published_samples_are_read_whole():
    """Every line of Microsoft's samples and worked scenarios has its amount, days and type."""
    files = [list(read_file(SAMPLES / name)) for name in ("OneTimeInvoiceLineItem.jsonl", "recon_nce_scenarios.csv")]
    api, scenarios = ([line for line in file if isinstance(line, ReconLine)] for file in files)
    assert [len(file) for file in files] == [len(api), len(scenarios)] == [6, 34]
    for line in (*api, *scenarios):
        assert None not in (line.amount, line.start, line.end, line.quantity)
    assert scenarios[5].quantity == 12
    assert [line.amount for line in scenarios[4:6]] == [Decimal("-94.08"), Decimal("112.89")]
