"""Proration against the worked numbers Microsoft prints, and against the plan in the handbook."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from cspdecl.commerce.prices import UnknownPrice
from cspdecl.commerce.proration import (
    charge_lines,
    commitment,
    cycle_of,
    kind_of,
    lines_amount,
    lines_exact,
    preview_change,
    prorated_lines,
)
from cspdecl.core.money import ExactMoney, Money
from cspdecl.core.project import UnitPrice
from cspdecl.core.terms import BillingCycle, Cycle, Term, cycle_containing
from tests.unit.commerce.test_prices import running

VECTORS = Path(__file__).parents[4] / "shared" / "reference" / "vectors"
SEAT_CHARGES = {
    "new": "new",
    "renew": "renew",
    "cycleCharge": "cycle_charge",
    "addQuantity": "add_quantity",
    "removeQuantity": "remove_quantity",
    "cancelImmediate": "cancel_immediate",
    "convert": "convert",
}


def unit(amount: str, *, billing=BillingCycle.MONTHLY, term=Term.P1Y, currency="EUR") -> UnitPrice:
    money = Money.of(amount, currency)
    return UnitPrice(
        term_price=money * 12,
        cycle_exact=money.exact(),
        cycle_price=money,
        term=term,
        billing=billing,
        list_date="2026-11",
        list_digest="d",
    )


def worked_cases():
    path = VECTORS / "proration.csv"
    if not path.exists():
        return []
    found = []
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        note = dict(part.split("=", 1) for part in row["note"].split(";") if "=" in part)
        kind = SEAT_CHARGES.get(note.get("charge_type", "").strip())
        if row["case"].startswith("nce_") and note.get("quality", "").strip() == "exact" and kind:
            found.append(pytest.param(row, note, kind, id=row["case"]))
    return found


@pytest.mark.parametrize(("row", "note", "kind"), worked_cases())
def test_every_exact_seat_charge_of_microsofts_pages_comes_out_to_the_cent(row, note, kind):
    """New, renewed, added, removed, cancelled and converted seats: the printed amount, from price and dates alone."""
    days, cycle_days, quantity = int(note["bill_days"]), int(note["cycle_days"]), int(note["line_quantity"])
    on = date.fromisoformat(row["change_date"])
    end = on + timedelta(days=days - 1)
    cycle = Cycle(start=end - timedelta(days=cycle_days - 1), end=end)
    expected = Money.of(row["expected_amount"], row["currency"] or "EUR")
    wipe = expected.amount < 0
    lines = charge_lines(
        price=unit(row["unit_price"], currency=expected.currency),
        before=quantity if wipe else 0,
        after=0 if wipe else quantity,
        cycle=cycle,
        on=on,
        kind=kind,
    )
    assert [line.amount for line in lines] == [expected]
    assert [line.role for line in lines] == ["wipe" if wipe else "charge"]
    assert lines[0].charge_end_inclusive == end


@pytest.mark.skipif(not VECTORS.exists(), reason="reference vectors are not beside this tree")
def test_the_vectors_were_read():
    """A reader that finds nothing would pass every case."""
    assert len(worked_cases()) >= 16


@pytest.mark.skipif(not VECTORS.exists(), reason="reference vectors are not beside this tree")
def test_all_documented_charge_cycles_follow_from_the_purchase_date():
    """First and last day of every documented cycle, from the day of purchase alone."""
    rows = list(csv.DictReader((VECTORS / "charge_cycles.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) >= 23
    for row in rows:
        start, end = date.fromisoformat(row["charge_start"]), date.fromisoformat(row["charge_end_inclusive"])
        found = cycle_containing(
            date.fromisoformat(row["purchase_date"]),
            start,
            term=Term(row["term"]),
            billing=BillingCycle(row["billing_plan"]),
        )
        assert (found.start, found.end, found.days) == (start, end, int(row["days"])), row


def test_six_changes_in_one_cycle_wipe_and_charge_as_printed():
    """12.00 a seat, March 2022: every line of the published series, in order."""
    cycle = Cycle(start=date(2022, 3, 5), end=date(2022, 4, 4))
    seats = [(7, 10, 15), (10, 15, 25), (12, 25, 23), (14, 23, 20), (25, 20, 30)]
    amounts = []
    for day, before, after in seats:
        lines = charge_lines(
            price=unit("12"),
            before=before,
            after=after,
            cycle=cycle,
            on=date(2022, 3, day),
            kind=kind_of(before, after),
        )
        amounts += [str(line.amount.amount) for line in lines]
    assert amounts == [
        *("-112.25", "168.38", "-150.96", "251.61", "-232.25"),
        *("213.67", "-195.87", "170.32", "-85.16", "127.74"),
    ]


def test_the_plan_in_the_handbook_costs_what_it_says():
    """25 → 28 seats of 20.60 with 23 of 30 days left: +61.80 a month, 47.38 for the rest of this cycle."""
    cycle = Cycle(start=date(2026, 11, 15), end=date(2026, 12, 14))
    preview = preview_change(price=unit("20.60"), before=25, after=28, cycle=cycle, on=date(2026, 11, 22))
    assert preview.cost_cycle == Money.of("61.80", "EUR")
    assert preview.cost_now == Money.of("47.38", "EUR")
    assert preview.cost_now_exact == ExactMoney(Fraction("47.38"), "EUR")
    assert (preview.days, preview.cycle_days, preview.unknown) == (23, 30, ())


def test_the_new_commitment_in_the_handbook_adds_up():
    """+3 and +1 seats until 14 March and twelve new ones for a year oblige to 3,805.31 altogether."""
    until_march = datetime(2027, 3, 15, tzinfo=UTC)
    a_year = datetime(2027, 11, 22, tzinfo=UTC)
    on, spring = date(2026, 11, 22), date(2026, 3, 15)
    parts = [
        commitment(price=unit("20.60"), seats=3, on=on, term_starts=spring, term_ends=until_march),
        commitment(price=unit("8.00"), seats=1, on=on, term_starts=spring, term_ends=until_march),
        commitment(price=unit("24.60"), seats=12, on=on, term_starts=on, term_ends=a_year),
    ]
    assert [str(part) for part in parts] == ["232.78 EUR", "30.13 EUR", "3,542.40 EUR"]
    assert sum(part.amount for part in parts if part) == Decimal("3805.31")


def test_a_term_cut_short_commits_only_its_days():
    """A coterminous first term that ends mid-cycle owes the days it has, not the whole cycle."""
    owed = commitment(
        price=unit("30.00"),
        seats=1,
        on=date(2026, 6, 1),
        term_starts=date(2026, 6, 1),
        term_ends=datetime(2026, 7, 11, tzinfo=UTC),
    )
    assert owed == Money.of("39.67", "EUR")


def test_after_the_term_nothing_is_owed():
    """A day past the end commits to nothing; an unknown price commits to the unknown, never to zero."""
    ends = datetime(2026, 7, 1, tzinfo=UTC)
    past = commitment(price=unit("30"), seats=1, on=date(2026, 7, 1), term_starts=date(2025, 7, 1), term_ends=ends)
    assert past is not None
    assert past.amount == 0
    unknown = UnknownPrice(reason="no list")
    assert commitment(price=unknown, seats=1, on=date(2026, 1, 1), term_starts=ends, term_ends=ends) is None


def test_a_full_cycle_is_never_prorated():
    """Cycles of 28 and of 31 days cost the same when they are bought whole."""
    for cycle in (
        Cycle(start=date(2026, 2, 1), end=date(2026, 2, 28)),
        Cycle(start=date(2026, 3, 1), end=date(2026, 3, 31)),
    ):
        lines = charge_lines(price=unit("10.08"), before=0, after=10, cycle=cycle, on=cycle.start, kind="new")
        assert lines_amount(lines, "EUR") == Money.of("100.80", "EUR")


def test_a_year_with_a_leap_day_has_366_days():
    """Half a leap year is prorated over its own length."""
    cycle = cycle_containing(date(2027, 6, 1), date(2027, 12, 1), term=Term.P1Y, billing=BillingCycle.ANNUAL)
    assert cycle.days == 366
    lines = charge_lines(
        price=unit("366", billing=BillingCycle.ANNUAL),
        before=1,
        after=2,
        cycle=cycle,
        on=date(2028, 5, 31),
        kind="add_quantity",
    )
    assert [str(line.amount.amount) for line in lines] == ["-1.00", "2.00"]


def test_the_sell_side_rounds_half_up():
    """Our own lines round as a merchant does: 54.90 × 23/31 × 1 = 40.7322… → 40.73, 18.50 × 1/4 = 4.625 → 4.63."""
    cycle = Cycle(start=date(2026, 2, 1), end=date(2026, 2, 28))
    (line,) = prorated_lines(
        unit=Money.of("18.50", "EUR").exact(), before=0, after=1, cycle=cycle, on=date(2026, 2, 22), profile="halfup.v1"
    )
    assert line.amount == Money.of("4.63", "EUR")
    assert line.amount_exact == Fraction("4.625")


def test_an_unknown_price_previews_as_unknown():
    """Nothing of it reads as zero, and the reason travels along."""
    preview = preview_change(
        price=UnknownPrice(reason="no price list is imported"), before=1, after=2, cycle=None, on=date(2026, 1, 1)
    )
    assert (preview.cost_cycle, preview.cost_now, preview.cost_now_exact) == (None, None, None)
    assert preview.unknown == ("no price list is imported",)


def test_without_a_cycle_only_the_recurring_cost_is_known():
    """The cycle is unknown: what it costs a cycle is known, what is due now is not."""
    preview = preview_change(price=unit("20"), before=1, after=3, cycle=None, on=date(2026, 1, 1))
    assert preview.cost_cycle == Money.of("40", "EUR")
    assert preview.cost_now is None
    assert len(preview.unknown) == 1


def test_nothing_changes_and_nothing_is_due():
    """The same quantity wipes and charges the same amount: exactly zero, printed with cents."""
    cycle = Cycle(start=date(2026, 11, 15), end=date(2026, 12, 14))
    lines = charge_lines(price=unit("9.99"), before=7, after=7, cycle=cycle, on=date(2026, 11, 20), kind="add_quantity")
    assert str(lines_amount(lines, "EUR")) == "0.00 EUR"
    assert lines_exact(lines, "EUR").value == 0
    assert lines_amount((), "EUR") == Money(Decimal("0.00"), "EUR")


def test_a_day_outside_the_cycle_is_refused():
    """A change is never prorated over a cycle it does not fall into."""
    cycle = Cycle(start=date(2026, 11, 15), end=date(2026, 12, 14))
    with pytest.raises(ValueError, match="not in the cycle"):
        charge_lines(price=unit("9.99"), before=1, after=2, cycle=cycle, on=date(2026, 12, 15), kind="add_quantity")


def test_the_cycle_of_a_subscription_starts_with_its_term():
    """Bought on the 15th: the cycle runs from the 15th to the 14th."""
    assert cycle_of(running(), date(2026, 11, 22)) == Cycle(start=date(2026, 11, 15), end=date(2026, 12, 14))


def test_where_the_provider_states_the_cycles_end_that_end_wins():
    """A coterminous subscription is charged to the end it was aligned with."""
    aligned = running(cycle_ends=datetime(2026, 12, 1, tzinfo=UTC))
    assert cycle_of(aligned, date(2026, 11, 22)) == Cycle(start=date(2026, 11, 1), end=date(2026, 11, 30))


def test_after_its_term_a_subscription_has_no_cycle():
    """The renewal has not been read yet: nothing is prorated over a term that is over."""
    assert cycle_of(running(), date(2027, 3, 15)) is None
    assert cycle_of(running(billing=BillingCycle.NONE), date(2026, 11, 22)) is None
