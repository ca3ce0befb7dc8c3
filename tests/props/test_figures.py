"""Quotes from any figures: lines add up, rounding stays within its bound, cycles tile the calendar, nothing falls over."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from click.testing import CliRunner
from hypothesis import assume, given
from hypothesis import strategies as st

from cspdecl.cli.main import cli
from cspdecl.commerce.cycles import LEGAL_PLANS, charge_cycles
from cspdecl.commerce.figure_quote import quote_figures
from cspdecl.commerce.figures import FigureQuote, Figures
from cspdecl.core.terms import BillingCycle, Term, cycle_containing

DAYS = st.dates(date(2020, 1, 1), date(2032, 12, 31))
PLANS = st.sampled_from([
    (term, plan) for term, plans in LEGAL_PLANS.items() for plan in plans if plan.months is not None
])  # fmt: skip
PRICES = st.decimals("0.01", "9999.99", places=2)
SEATS = st.integers(1, 3000).map(Fraction)


def quoted(**given_figures) -> FigureQuote:
    found = quote_figures(Figures(**given_figures))
    assert isinstance(found, FigureQuote), found
    return found


@given(PLANS, DAYS, st.integers(0, 1200), PRICES, SEATS, SEATS)
def test_lines_add_up_and_stay_within_the_rounding_bound(plan, anchor, passed, price, before, after):
    """The total is the sum of its lines, and each is within a cent a seat and one cent of the exact amount."""
    assume(before != after)
    found = quoted(
        price=price, currency="EUR", term=plan[0], billing=plan[1], anchor=anchor, on=anchor + timedelta(days=passed),
        before=before, after=after,
    )  # fmt: skip

    assert sum((line.amount.amount for line in found.lines), Decimal(0)) == found.total.amount
    assert [] == [
        line
        for line in found.lines
        if abs(Fraction(line.amount.amount) - line.exact) > Fraction(line.quantity + 1, 100)
    ]
    share = Fraction(found.lines[0].days or 0, found.lines[0].cycle_days or 1)
    assert found.total_exact == (after - before) * found.unit * share


@given(PLANS, DAYS, st.integers(0, 400), PRICES, SEATS, SEATS, SEATS)
def test_splitting_a_change_moves_money_by_less_than_the_rounding_bound(plan, anchor, passed, price, one, two, three):
    """From one to three seats at once or by way of two, on the same day: at most the bound of the lines apart."""
    common = {
        "price": price, "currency": "EUR", "term": plan[0], "billing": plan[1], "anchor": anchor,
        "on": anchor + timedelta(days=passed),
    }  # fmt: skip
    if len({one, two, three}) < 3:
        return
    whole = quoted(before=one, after=three, **common)
    parts = [quoted(before=one, after=two, **common), quoted(before=two, after=three, **common)]

    lines = [line for quote in (whole, *parts) for line in quote.lines]
    apart = abs(whole.total.amount - sum(quote.total.amount for quote in parts))
    assert apart <= sum(Fraction(line.quantity, 100) + Fraction(1, 100) for line in lines)


@given(PLANS, DAYS, st.integers(1, 40))
def test_charge_cycles_tile_the_calendar(plan, start, count):
    """No gap, no overlap; and every day of a cycle finds that very cycle."""
    term, billing = plan
    cycles = charge_cycles(start, term=term, billing=billing, count=count)

    assert cycles[0].start == start
    assert [] == [one for one, two in pairwise(cycles) if one.end + timedelta(days=1) != two.start]
    for cycle in (cycles[0], cycles[-1]):
        for day in (cycle.start, cycle.end):
            assert cycle == cycle_containing(start, day, term=term, billing=billing)


WORDS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["--term"]), st.sampled_from(["P1M", "P1Y", "P3Y", "OneTime", "p9x"])),
        st.tuples(
            st.sampled_from(["--billing"]), st.sampled_from(["monthly", "annual", "triennial", "none", "one_time", "daily"])
        ),
        st.tuples(
            st.sampled_from(["--on", "--cycle-start", "--cycle-end", "--start"]),
            st.sampled_from(["2021-01-31", "2024-02-29", "0001-01-01", "9999-12-31", "2021-13-01"]),
        ),
        st.tuples(st.sampled_from(["--from", "--to"]), st.sampled_from(["0", "1", "12", "1.5", "-1", "999999999999999"])),
        st.tuples(
            st.sampled_from(["--charge"]),
            st.sampled_from(["new", "renew", "cycleCharge", "addQuantity", "removeQuantity", "cancelImmediate", "convert",
                             "changeBillingPlan", "usage"]),
        ),
        st.tuples(st.sampled_from(["--unit-price", "--to-unit-price", "--list-price"]), st.sampled_from(["0", "10.08", "x"])),
        st.tuples(st.sampled_from(["--days"]), st.sampled_from(["1/1", "28/30", "31/30", "0/0"])),
        st.tuples(st.sampled_from(["--discount", "--uplift", "--to-discount"]), st.sampled_from(["0%", "100%", "10%", "7"])),
        st.tuples(st.sampled_from(["--price-per"]), st.sampled_from(["term", "cycle"])),
        st.tuples(st.sampled_from(["--to-term"]), st.sampled_from(["P1M", "P1Y", "OneTime"])),
        st.tuples(
            st.sampled_from(["--profile"]), st.sampled_from(["msft.v1", "msft.plan_months.v1", "legacy.daily.v1", "mc2019.v1"])
        ),
        st.tuples(st.sampled_from(["--currency"]), st.sampled_from(["EUR", "JPY", "KWD", "?"])),
        st.tuples(st.sampled_from(["--cycles", "--coterm", "--start-month"])),
        st.tuples(st.sampled_from(["--with"]), st.sampled_from(["2021-12-31", "9999-12-31:P3Y", "2022-02-28 (P1M)"])),
    ),
    max_size=9,
)  # fmt: skip


@given(WORDS)
def test_no_words_make_it_fall_over(words):
    """Whatever is typed: an answer, a refusal with its code, or wrong usage; never an error nobody foresaw."""
    run = CliRunner().invoke(cli, ["quote", *(word for pair in words for word in pair)])

    assert run.exit_code in (0, 2, 65), (words, run.output, run.exception)
    assert run.exit_code != 65 or "error[CSP64" in run.stderr


@given(st.sampled_from(list(Term)), st.sampled_from(list(BillingCycle)))
def test_a_pair_is_legal_or_refused_by_name(term, billing):
    """Every pair of the two lists: an answer where it is sold, else CSP640."""
    found = quote_figures(Figures(price=Decimal(1), term=term, billing=billing))

    legal = billing in LEGAL_PLANS[term]
    assert (isinstance(found, FigureQuote), getattr(found, "code", None)) == (legal, None if legal else "CSP640")
