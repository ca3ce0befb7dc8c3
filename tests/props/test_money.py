"""Money never gets lost or made: splitting, prorating, wiping and charging, over all the numbers hypothesis finds."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from cspdecl.billing.bundles import share_price
from cspdecl.commerce.prices import billed_seats
from cspdecl.commerce.proration import charge_lines, kind_of, lines_amount, lines_exact, prorated_lines, rounded_line
from cspdecl.core.address import Address
from cspdecl.core.money import ExactMoney, Money, Rounding, allocate, decimals_of
from cspdecl.core.project import UnitPrice
from cspdecl.core.terms import BillingCycle, Cycle, Term

CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "KWD"])
SEATS = st.integers(0, 3000)


@st.composite
def amounts(draw, currency="EUR"):
    units = draw(st.integers(0, 10**8))
    return Money(Decimal(units).scaleb(-decimals_of(currency)), currency)


@st.composite
def prices(draw):
    money = draw(amounts())
    return UnitPrice(
        term_price=money,
        cycle_exact=money.exact(),
        cycle_price=money,
        term=Term.P1Y,
        billing=BillingCycle.MONTHLY,
        list_date="2026-11",
        list_digest="d",
    )


@st.composite
def cycles_with_day(draw):
    start = draw(st.dates(date(2020, 1, 1), date(2035, 1, 1)))
    days = draw(st.integers(1, 366))
    return Cycle(start=start, end=start + timedelta(days=days - 1)), start + timedelta(
        days=draw(st.integers(0, days - 1))
    )


@given(
    CURRENCIES.flatmap(lambda code: amounts(currency=code)), st.lists(st.integers(0, 10**6), min_size=1, max_size=12)
)
def test_parts_add_up_to_the_whole(total, weights):
    """Whatever the weights, no smallest unit is lost or made, and nobody is more than one unit off."""
    if not any(weights):
        return
    parts = allocate(total, weights)
    assert sum((part.amount for part in parts), Decimal(0)) == total.amount
    unit = Fraction(1, 10 ** decimals_of(total.currency))
    for part, weight in zip(parts, weights, strict=True):
        assert abs(Fraction(part.amount) - Fraction(total.amount) * weight / sum(weights)) < unit


@given(amounts(), st.lists(st.fractions(0, 1000), min_size=1, max_size=8))
def test_shares_of_a_bundle_are_exactly_one(total, weights):
    """Fractions add up to 1 and amounts to the price; nothing to share by means no shares."""
    named = [(Address("k", (str(index),)), str(index), weight) for index, weight in enumerate(weights)]
    shares = share_price(total, named)
    if any(weights):
        assert sum(share.share for share in shares) == 1
        assert sum((share.amount.amount for share in shares), Decimal(0)) == total.amount
    else:
        assert shares == ()


@given(prices(), SEATS, SEATS, cycles_with_day())
def test_wipe_and_charge_differ_by_the_change(price, before, after, when):
    """Unrounded lines add up to delta × price × days; rounding errs by less than a cent for every line or seat."""
    cycle, on = when
    kind = kind_of(before, after)
    lines = charge_lines(price=price, before=before, after=after, cycle=cycle, on=on, kind=kind)
    factor = Fraction(cycle.days_from(on), cycle.days)
    exact = lines_exact(lines, "EUR").value
    assert exact == Fraction(price.cycle_price.amount) * factor * (after - before)
    bound = Fraction(1, 100) * (2 if kind in ("add_quantity", "remove_quantity") else max(before, after, 1))
    assert abs(Fraction(lines_amount(lines, "EUR").amount) - exact) < bound


@given(prices(), SEATS, SEATS, SEATS, cycles_with_day())
def test_two_steps_on_one_day_cost_what_one_step_costs(price, first, middle, last, when):
    """10 → 15 → 12 on one day nets 10 → 12: exactly before rounding, and within two cents after it."""
    cycle, on = when

    def net(before, after):
        unit = price.cycle_price.exact()
        return prorated_lines(unit=unit, before=before, after=after, cycle=cycle, on=on, profile="msft.line_down.v1")

    steps, direct = (*net(first, middle), *net(middle, last)), net(first, last)
    assert lines_exact(steps, "EUR") == lines_exact(direct, "EUR")
    # the middle quantity is charged and wiped by the same rounding, so it cancels to the cent
    assert lines_amount(steps, "EUR") == lines_amount(direct, "EUR")


@given(prices(), SEATS, SEATS, cycles_with_day())
def test_there_and_back_on_one_day_costs_nothing(price, before, after, when):
    """A change and its reversal on the same day net to zero, to the cent."""
    cycle, on = when
    unit = price.cycle_price.exact()
    there = prorated_lines(unit=unit, before=before, after=after, cycle=cycle, on=on, profile="halfup.v1")
    back = prorated_lines(unit=unit, before=after, after=before, cycle=cycle, on=on, profile="halfup.v1")
    assert lines_amount((*there, *back), "EUR").amount == 0


@given(prices(), SEATS, cycles_with_day())
def test_a_later_change_never_costs_more(price, seats, when):
    """Every day that passes makes buying cheaper or leaves it equal; the first day costs the full cycle."""
    cycle, on = when

    def cost(day):
        return lines_amount(
            charge_lines(price=price, before=0, after=seats, cycle=cycle, on=day, kind="new"), "EUR"
        ).amount

    assert cost(cycle.start) == price.cycle_price.amount * seats
    assert cost(on) <= cost(cycle.start)
    if on < cycle.end:
        assert cost(on + timedelta(days=1)) <= cost(on)


@given(st.fractions(-(10**6), 10**6), st.integers(1, 3000))
def test_microsofts_two_roundings_differ_by_less_than_a_cent_a_seat(unit, quantity):
    """Cutting the unit or the line: both towards zero, the line never further from the exact amount."""
    effective = ExactMoney(unit, "EUR")
    exact = unit * quantity
    by_unit = Fraction(rounded_line(effective, quantity, "msft.unit_down.v1").amount)
    by_line = Fraction(rounded_line(effective, quantity, "msft.line_down.v1").amount)
    assert abs(by_unit) <= abs(by_line) <= abs(exact)
    assert abs(exact - by_line) < Fraction(1, 100)
    assert abs(exact - by_unit) < Fraction(quantity, 100)


@given(st.fractions(-(10**9), 10**9), CURRENCIES)
def test_rounding_is_exact_and_symmetric(value, currency):
    """Half-up is the nearest unit with halves away from zero; both roundings mirror at zero."""
    money = ExactMoney(value, currency)
    unit = Fraction(1, 10 ** decimals_of(currency))
    half, down = (Fraction(money.rounded(how).amount) for how in (Rounding.HALF_UP, Rounding.DOWN))
    assert abs(half - value) <= unit / 2
    assert abs(down) <= abs(value) < abs(down) + unit
    assert (-money).rounded(Rounding.HALF_UP) == -money.rounded(Rounding.HALF_UP)


@given(st.integers(1, 500), st.integers(1, 500), st.integers(0, 500), st.integers(0, 500))
def test_billed_bundle_seats_follow_the_anchor(bundle, anchor, one, other):
    """No anchor, nothing billed; all of it, all billed; more anchor never bills less."""

    def billed(seats):
        return billed_seats(bundle_seats=bundle, line_seats=anchor, anchor_seats=seats)

    assert billed(0) == 0
    assert billed(anchor) == bundle
    low, high = sorted((one, other))
    assert billed(low) <= billed(high)
