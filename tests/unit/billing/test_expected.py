"""The lines a ledger makes us expect: records, and the cycles between them, over every kind of calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest

from cspdecl.billing.document import change_of
from cspdecl.billing.expected import expected_lines
from cspdecl.core.action import SetSeats
from cspdecl.core.live import Status
from cspdecl.core.records import Discount, Part
from cspdecl.core.terms import BillingCycle, Term
from tests.unit.billing.estate import PHONE, at, sealed
from tests.unit.billing.test_variance import LEDGER, bought, chain

FAR = {"since": date(2020, 1, 1), "before": date(2035, 1, 1)}


def record(**rest):
    """The purchase of ten seats with other facts."""
    return sealed(replace(change_of(LEDGER[0].body), **rest))


def starts(records, **period):
    return [f"{line.start:%m-%d}" for line in expected_lines(records, **(period or FAR)) if line.derived]


def term(start, end, **rest):
    return record(time=at(f"{start}T09:00:00"), term_start=at(start), term_end=at(end), **rest)


def test_a_year_by_the_month_is_twelve_lines_without_gap_or_overlap():
    """The purchase's own, and eleven cycles, each from the day after the one before."""
    lines = list(expected_lines(LEDGER, **FAR))
    assert [line.charge for line in lines] == ["new", *["cycle_charge"] * 11]
    for before, after in pairwise(lines):
        assert after.start == before.end + timedelta(days=1)
    assert lines[-1].end == date(2027, 11, 9)
    assert {str(line.amount) for line in lines} == {"206.00 EUR"}


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2027-01-31", "2028-01-31", "02-28 03-31 04-30 05-31 06-30 07-31 08-31 09-30 10-31 11-30 12-31"),
        ("2027-01-30", "2028-01-30", "02-27 03-30 04-29 05-30 06-29 07-30 08-30 09-29 10-30 11-29 12-30"),
        ("2028-01-29", "2029-01-29", "02-29 03-29 04-29 05-29 06-29 07-29 08-29 09-29 10-29 11-29 12-29"),
        ("2028-02-29", "2029-02-28", "03-31 04-30 05-31 06-30 07-31 08-31 09-30 10-31 11-30 12-31 01-31"),
    ],
)
def test_cycles_follow_the_month_ends_of_longer_terms(start, end, expected):
    """The last and the second-last day of a month keep their distance from its end; leap years too."""
    assert starts(term(start, end)) == expected.split()


def test_a_term_with_an_end_of_its_own_is_counted_from_it():
    """Short first cycle to the month's end, whole ones after it."""
    records = term("2026-06-15", "2026-10-01", cycle_anchor=date(2026, 10, 1))
    assert starts(records) == ["07-01", "08-01", "09-01"]


def test_a_suspended_subscription_goes_on_being_billed():
    """Billing goes on; what expired is charged no more."""
    assert len(starts(term("2026-11-10", "2027-11-10", provider_status=Status.SUSPENDED))) == 11
    assert starts(term("2026-11-10", "2027-11-10", provider_status=Status.EXPIRED)) == []


@pytest.mark.parametrize(
    "facts",
    [
        {"term_kind": "trial"},
        {"term": Term.P3Y, "billing_plan": BillingCycle.TRIENNIAL},
        {"term": Term.ONCE, "billing_plan": BillingCycle.ONE_TIME, "term_end": None},
        {"term": None, "billing_plan": None},
        {"state": "ended"},
    ],
)
def test_what_has_no_later_cycles_expects_none(facts):
    """A trial, three years paid at once, a licence for good, usage, what has ended."""
    assert starts(record(**{"term_end": at("2029-11-10"), **facts})) == []


def test_an_extended_month_is_marked():
    """One month, its own line only, known as extended."""
    [line] = expected_lines(
        record(term=Term.P1M, term_end=at("2026-12-10"), term_kind="est", charge_kind="renew"), **FAR
    )
    assert (line.extended, line.charge) == (True, "renew")


def test_a_discount_is_taken_off_every_cycle():
    """20.60 less 10 % is 18.54 a seat."""
    off = Discount(because="promotion", ratio=Fraction(1, 10), id="P:1:A")
    amounts = {str(line.amount) for line in expected_lines(record(discounts=(off,)), **FAR) if line.derived}
    assert amounts == {"185.40 EUR"}


def test_a_change_at_the_instant_a_cycle_begins_finds_it_charged():
    """The cycle of ten seats is charged, wiped and charged anew for twelve: nothing is left out."""
    action, seen, _before, _when = bought()
    more = (SetSeats(before=10, after=12), replace(seen, seats=12), seen, at("2026-12-10"))
    lines = [
        (line.charge, line.refund, line.quantity)
        for line in expected_lines(chain((action, seen, None, at("2026-11-10T09:00:00")), more), **FAR)
        if line.start == date(2026, 12, 10)
    ]
    assert lines == [
        ("cycle_charge", False, Decimal(10)), ("add_quantity", True, Decimal(10)), ("add_quantity", False, Decimal(12)),
    ]  # fmt: skip


def test_each_part_of_a_line_has_cycles_of_its_own():
    """Two subscriptions, two prices; the second one's cycles are its source's."""
    first = change_of(LEDGER[0].body)
    part = Part(
        subscription="s-1", offer=first.offer, quantity=Decimal(6), term=first.term, billing_plan=first.billing_plan,
        term_start=first.term_start, term_end=at("2027-02-10"), cost_unit_list=first.cost_unit_list,
    )  # fmt: skip
    other = replace(
        part, subscription="s-2", offer=PHONE, quantity=Decimal(4), term_start=at("2026-11-20"),
        cycle_anchor=date(2026, 11, 10),
    )  # fmt: skip
    records = record(parts=(part, other), provider_subscription_ids=("s-1", "s-2"))
    found = [(line.subscription, str(line.start), str(line.amount)) for line in expected_lines(records, **FAR)
             if line.derived]  # fmt: skip
    assert found == [
        ("s-1", "2026-12-10", "123.60 EUR"), ("s-1", "2027-01-10", "123.60 EUR"),
        ("s-2", "2026-12-10", "82.40 EUR"), ("s-2", "2027-01-10", "82.40 EUR"),
    ]  # fmt: skip


def test_only_the_lines_of_the_period_are_given():
    """From its first day to before the day after its last."""
    found = starts(LEDGER, since=date(2026, 12, 10), before=date(2027, 2, 10))
    assert found == ["12-10", "01-10"]
