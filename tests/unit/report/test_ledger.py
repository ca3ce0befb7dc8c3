"""The ledger as a table, JSON Lines and CSV: readable, harmless, and the same bytes everywhere."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cspdecl.billing.changes import record_operation
from cspdecl.billing.document import change_of
from cspdecl.core.action import SetSeats
from cspdecl.core.project import PriceBook
from cspdecl.report.ledger import COLUMNS, render_csv, render_jsonl, render_table
from cspdecl.report.printable import printable
from tests.unit.billing.estate import (
    CONTEXT,
    NOW,
    VALIDATOR,
    applied,
    line,
    monthly,
    operation,
    price_book,
    sealed,
    subscription,
)
from tests.unit.billing.test_observe import ledger

ROOT = Path(__file__).parents[3]


def records(prices=None):
    (opening,) = ledger(subscription())
    changes = record_operation(
        operation(SetSeats(before=25, after=28), context=line(sell=monthly("29.90"))),
        applied(subscription(28)),
        context=CONTEXT,
        prices=price_book() if prices is None else prices,
        recorded_at=NOW,
        before=subscription(25),
    )
    return sealed(replace(change_of(opening.body), id="op-0"), *changes)


def rows(of):
    return list(csv.DictReader(io.StringIO("".join(render_csv(of)), newline="")))


def test_the_table_reads_from_left_to_right():
    """Number, time, address, what happened, seats, money; people by name where the name is still kept."""
    from cspdecl.billing.state import people

    opening, change = render_table(records(), names=people("nordlicht", ["frau.lindqvist"]))
    assert change == (
        "     2  2026-11-22 14:02  hafenkontor/m365                          applied set_seats                25 → 28"
        "  cost 47.38 EUR, sell 68.77 EUR  by frau.lindqvist\n"
    )
    assert "applied adopt" in opening
    assert "0 → 25" in opening


def test_an_unknown_cost_is_printed_as_unknown():
    """Never as nothing, never as zero."""
    *_rest, change = render_table(records(PriceBook()))
    assert change.rstrip().endswith("sell 68.77 EUR, cost unknown")


def test_json_lines_are_the_published_records():
    """One object a line, each fits the schema."""
    lines = list(render_jsonl(records()))
    assert len(lines) == 2
    for text in lines:
        assert text.endswith("}\n")
        VALIDATOR.validate(json.loads(text))


def test_csv_has_one_row_a_record_and_plain_numbers():
    """Amounts with a point, signs kept, absent values empty."""
    opening, change = rows(records())
    assert list(change) == [name for name, _path in COLUMNS]
    assert (change["cost_amount"], change["cost_currency"], change["quantity_delta"]) == ("47.38", "EUR", "3")
    assert change["cost_amount_exact"] == "2369/50"
    assert opening["cost_amount"] == ""
    assert (change["subscriptions"], change["status"], change["end_of_term"]) == ("s-1", "active", "renew")
    assert "".join(render_csv(records())).count("\r\n") == 3


def test_a_negative_amount_stays_a_number():
    """Returned money is not text."""
    (opening,) = ledger(subscription())
    (change,) = record_operation(
        operation(SetSeats(before=25, after=20)),
        applied(subscription(20)),
        context=CONTEXT,
        prices=price_book(),
        recorded_at=NOW,
        before=subscription(25),
    )
    row = rows(sealed(change))[0]
    assert (row["cost_amount"], row["quantity_delta"], row["recurring_cost_delta"]) == ("-78.97", "-5", "-103.00")
    assert opening.seq == 1


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+49 30 1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_text_never_becomes_a_formula(name):
    """A display name that a spreadsheet would calculate is written with an apostrophe in front, controls shown."""
    (opening,) = ledger(subscription(), context=line(display_name=name))
    assert rows([opening])[0]["display_name"] == f"'{printable(name)}"


def test_quotes_commas_and_line_ends_stay_in_their_cell():
    """RFC 4180 quoting, read back unchanged; a line end in a name is shown as one."""
    name = 'Office, "E-Mail"\nund mehr; 25 €'
    (opening,) = ledger(subscription(), context=line(display_name=name))
    assert rows([opening])[0]["display_name"] == printable(name)


def test_a_hostile_address_cannot_command_a_terminal():
    """Escapes are shown, not sent."""
    from tests.unit.billing.estate import LINE

    (opening,) = ledger(subscription(), address=LINE.child("\x1b[2Jx"))
    (text,) = render_table([opening])
    assert "\x1b" not in text
    assert "\\x1b[2Jx" in text


PROGRAM = """
import hashlib, locale, sys
try:
    locale.setlocale(locale.LC_ALL, "")
except locale.Error:
    pass
from cspdecl.report.ledger import render_csv, render_jsonl, render_table
from tests.unit.report.test_ledger import records
text = "".join([*render_csv(records()), *render_jsonl(records()), *render_table(records())])
print(hashlib.sha256(text.encode()).hexdigest())
"""


def test_exports_are_the_same_bytes_under_any_locale_and_time_zone():
    """German decimal commas, Turkish i, Pacific and Indian time, another hash seed: one digest."""
    here = "".join([*render_csv(records()), *render_jsonl(records()), *render_table(records())])
    digests = {hashlib.sha256(here.encode()).hexdigest()}
    for locale, zone, seed in (
        ("de_DE.UTF-8", "Pacific/Auckland", "1"),
        ("tr_TR.UTF-8", "Asia/Kolkata", "2"),
        ("C", "UTC", "3"),
    ):
        env = {**os.environ, "LC_ALL": locale, "LANG": locale, "TZ": zone, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], cwd=ROOT, env=env, capture_output=True, text=True, check=True
        )
        digests.add(done.stdout.strip())
    assert len(digests) == 1
