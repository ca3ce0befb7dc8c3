"""Prices of a seat: which row counts, what an instalment is, and when a price is not known."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cspdecl.commerce.prices import (
    UnknownPrice,
    cost_per_month,
    find_price,
    list_words,
    older_lists,
    per_month,
    price_of_extended,
    price_of_line,
    price_of_running,
    prices_in,
    sell_amount,
    sell_per_month,
)
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import SellRule
from cspdecl.core.live import ChangePolicy, LiveSubscription, Status
from cspdecl.core.money import Money
from cspdecl.core.project import PriceBook, PriceList, PriceRow, UnitPrice
from cspdecl.core.terms import BillingCycle, Term
from tests.planning_builders import line

PREMIUM = OfferKey.parse("CFQ7TTC0LCHC:0002")
OPEN = datetime(9999, 12, 31, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def row(
    cost="247.20", *, start="2025-04-01", end=None, term=Term.P1Y, billing=BillingCycle.MONTHLY, **rest
) -> PriceRow:
    return PriceRow(
        offer=PREMIUM,
        segment=rest.pop("segment", "commercial"),
        term=term,
        billing=billing,
        cost=Money.of(cost, rest.pop("currency", "EUR")),
        erp=None,
        effective_from=at(start),
        effective_to=at(end) if end else OPEN,
        **rest,
    )


def book(*lists: tuple[str, tuple[PriceRow, ...]]) -> PriceBook:
    return PriceBook(
        lists=tuple(
            PriceList(date=date, market="DE", currency="EUR", digest=date, source=f"{date}.csv", rows={PREMIUM: rows})
            for date, rows in lists
        )
    )


def price(prices: PriceBook, when="2026-11-22", *, term=Term.P1Y, billing=BillingCycle.MONTHLY, segment="commercial"):
    return find_price(prices, offer=PREMIUM, term=term, billing=billing, segment=segment, at=at(when))


def running(**rest) -> LiveSubscription:
    values = dict(
        id="s-1",
        offer=PREMIUM,
        title="Premium",
        nickname="",
        seats=25,
        term=Term.P1Y,
        billing=BillingCycle.MONTHLY,
        status=Status.ACTIVE,
        end_of_term="renew",
        trial=False,
        created=at("2026-03-15"),
        term_started=at("2026-03-15"),
        term_ends=at("2027-03-15"),
        cycle_ends=None,
        policy=ChangePolicy(
            lots=(),
            cancel_until=None,
            min_seats=1,
            max_seats=300,
            can_schedule=True,
            busy=None,
            source="api",
            observed_at=at("2026-11-22"),
        ),
        scheduled=None,
        order_id=None,
    )
    return LiveSubscription(**{**values, **rest})


def test_a_term_price_is_divided_by_its_cycles_and_rounded_half_up():
    """The sheet prints 3393.90 for the year; a monthly instalment is 282.83, while 282.825 is kept exactly."""
    found = price(book(("2026-11", (row("3393.90"),))))
    assert isinstance(found, UnitPrice)
    assert found.cycle_price == Money.of("282.83", "EUR")
    assert found.cycle_exact.value == Fraction(282825, 1000)
    assert found.term_price == Money.of("3393.90", "EUR")


def test_a_yearly_plan_is_charged_as_printed():
    """P1Y billed annually has one cycle: the price of the cycle is the price of the row."""
    found = price(book(("2026-11", (row("115.2", billing=BillingCycle.ANNUAL),))), billing=BillingCycle.ANNUAL)
    assert isinstance(found, UnitPrice)
    assert str(found.cycle_price) == "115.20 EUR"


def test_the_row_in_force_at_the_instant_counts():
    """Two rows follow each other; the instant decides, to the second."""
    prices = book(("2026-11", (row("240.00", end="2026-07-01"), row("252.00", start="2026-07-01"))))
    assert cost_per_month(price(prices, "2026-06-30T23:59:59"), 1) == Money.of("20.00", "EUR")
    assert cost_per_month(price(prices, "2026-07-01"), 1) == Money.of("21.00", "EUR")


def test_after_a_republish_the_latest_start_wins():
    """A republished list repeats a product; the row that starts later counts, in whatever order they stand."""
    prices = book(("2026-11", (row("252.00", start="2026-11-02"), row("240.00"))))
    assert cost_per_month(price(prices), 1) == Money.of("21.00", "EUR")


def test_two_rows_that_contradict_each_other_are_no_price():
    """Same key, same start, two amounts: nobody may choose, and the reason names both."""
    found = price(book(("2026-11", (row("240.00"), row("252.00")))))
    assert isinstance(found, UnknownPrice)
    assert "two rows" in found.reason
    assert "240.00 EUR and 252.00 EUR" in found.reason


def test_the_same_row_twice_is_one_price():
    """A list that repeats itself word for word does not contradict itself."""
    assert cost_per_month(price(book(("2026-11", (row(), row())))), 3) == Money.of("61.80", "EUR")


@pytest.mark.parametrize(
    ("prices", "words"),
    [
        (PriceBook(), "no price list is imported"),
        (book(("2026-11", (row(start="2026-12-01"),))), "was in force on 2026-11-22"),
        (book(("2026-11", (row(segment="charity"),))), "has no row for"),
        (book(("2026-11", (row(term=Term.P3Y),))), "has no row for"),
        (book(("2026-11", (row(tier="1-300"), row("1", tier="301-")))), "seat ranges"),
        (book(("2026-11", ()), ("2026-10", (row(),))), "price list 2026-11 (DE, EUR) has no row"),
    ],
)
def test_what_is_not_known_says_why(prices, words):
    """No list, not yet in force, another segment or term, tiers, dropped from the newest list: unknown, with a reason."""
    found = price(prices)
    assert isinstance(found, UnknownPrice)
    assert words in found.reason
    assert cost_per_month(found, 5) is None


def test_an_instant_is_priced_by_the_list_of_its_month():
    """November asks November's list although December's is already imported."""
    prices = book(("2026-12", (row("300.00"),)), ("2026-11", (row("240.00"),)), ("2026-10", (row("120.00"),)))
    assert cost_per_month(price(prices, "2026-11-22"), 1) == Money.of("20.00", "EUR")
    assert cost_per_month(price(prices, "2027-02-01"), 1) == Money.of("25.00", "EUR")


def test_a_running_subscription_is_priced_by_the_start_of_its_term():
    """What began in March costs March's price, whatever today's list says."""
    prices = book(("2026-11", (row("240.00", end="2026-07-01"), row("252.00", start="2026-07-01"))))
    assert cost_per_month(price_of_running(prices, running()), 1) == Money.of("20.00", "EUR")


def test_a_price_that_began_after_the_term_is_never_the_running_price():
    """Only today's price is known: the price of a term that began earlier is unknown."""
    found = price_of_running(book(("2026-11", (row(start="2026-07-01"),))), running())
    assert isinstance(found, UnknownPrice)
    assert "2026-03-15" in found.reason


@pytest.mark.parametrize("change", [{"trial": True}, {"offer": None}, {"term": None}, {"promotion": "P:0001:X"}])
def test_trials_legacy_offers_and_promotions_have_no_list_price(change):
    """A list describes neither a trial, nor a legacy offer, nor what a promotion takes off."""
    assert isinstance(price_of_running(book(("2026-11", (row(),))), running(**change)), UnknownPrice)


def test_a_price_by_an_older_list_says_for_which_month_it_was_wanted():
    """Rows have no end, so an old list always has a price: it stands, and names list and month."""
    prices = book(("2026-12", (row("252.00"),)), ("2026-11", (row("240.00"),)))
    found = [price(prices, when) for when in ("2026-11-30T23:59:59", "2026-12-01", "2028-03-15")]
    assert [one.asked_for for one in found if isinstance(one, UnitPrice)] == [None, None, "2028-03"]
    assert [list_words(one) for one in found if isinstance(one, UnitPrice)] == [
        "list 2026-11",
        "list 2026-12",
        "list 2026-12, for want of one for 2028-03",
    ]


def test_a_list_of_a_later_month_is_not_an_older_one():
    """A term that began before the first import is priced by rows that were in force then: nothing to warn of."""
    found = price(book(("2026-11", (row(),))), "2026-03-15")
    assert isinstance(found, UnitPrice)
    assert found.asked_for is None


def test_all_older_lists_are_one_warning():
    """Ten renewals over two years, one sentence; where every list is of its month, none."""
    assert older_lists([("2026-11", None), (None, None)]) is None
    one = older_lists([("2026-11", "2028-03"), ("2026-11", "2028-03")])
    many = older_lists([("2026-11", "2029-03"), ("2026-11", "2028-03"), ("2026-11", None)])
    assert one is not None
    assert many is not None
    assert (one.code, one.severity, one.message) == (
        "CSP609",
        "warning",
        "amounts of 2028-03 are by price list 2026-11: none for that month is imported",
    )
    assert many.message == "amounts of 2028-03 to 2029-03 are by price list 2026-11: none for then is imported"


def test_a_line_declared_for_a_year_that_runs_by_the_month_is_priced_as_extended():
    """It is in its extended service term: the monthly price and three per cent; declared by the month it is just that."""
    prices = book(("2026-11", (row("24.72", term=Term.P1M),)))
    monthly = running(term=Term.P1M)
    found = [price_of_line(prices, line("visio", term=term), monthly) for term in (Term.P1Y, Term.P1M)]
    assert [(one.cycle_price, one.forecast) for one in found if isinstance(one, UnitPrice)] == [
        (Money.of("25.46", "EUR"), True),
        (Money.of("24.72", "EUR"), False),
    ]


def test_our_own_price_is_a_rule_times_seats():
    """28 seats at 54.90 a month; a yearly rule is divided by twelve only for comparing."""
    monthly = SellRule(per_seat=Decimal("54.90"), currency="EUR", every="month")
    yearly = SellRule(per_seat=Decimal(100), currency="EUR", every="year")
    assert sell_amount(monthly, 28) == Money.of("1537.20", "EUR")
    assert sell_per_month(monthly, 28) == Money.of("1537.20", "EUR")
    assert sell_amount(yearly, 1) == Money.of("100.00", "EUR")
    assert sell_per_month(yearly, 1) == Money.of("8.33", "EUR")
    assert per_month(Money.of("250", "EUR"), 12) == Money.of("20.83", "EUR")


def test_yen_have_no_cents():
    """Instalments are rounded to the currency's own minor unit."""
    found = price(book(("2026-11", (row("12345", currency="JPY"),))))
    assert isinstance(found, UnitPrice)
    assert found.cycle_price == Money.of("1029", "JPY")


@pytest.mark.parametrize(
    ("seats", "expected"),
    [((1,), "240.00"), ((300,), "240.00"), ((301,), "228.00"), ((10, 300), "240.00"), ((400, 301), "228.00")],
)
def test_a_price_for_a_range_of_seats_is_that_of_the_quantity(seats, expected):
    """1 to 300 and 301 and more: the row whose range holds the seats, before and after."""
    prices = book(("2026-11", (row("228.00", tier="301-"), row("240.00", tier="1-300"))))
    found = find_price(prices, offer=PREMIUM, term=Term.P1Y, billing=BillingCycle.MONTHLY, segment="commercial",
                       at=at("2026-11-22"), seats=seats)  # fmt: skip
    assert isinstance(found, UnitPrice)
    assert found.term_price == Money.of(expected, "EUR")
    assert "seats" in list_words(found)


@pytest.mark.parametrize(
    ("seats", "code"), [((), "CSP619"), ((300, 301), "CSP619"), ((5000,), "CSP613")], ids=["none", "across", "outside"]
)
def test_a_change_across_ranges_of_seats_has_no_price(seats, code):
    """No quantity, a change from one range into another, a quantity no range holds: named, never guessed."""
    prices = book(("2026-11", (row("228.00", tier="301-4000"), row("240.00", tier="1-300"))))
    found = find_price(prices, offer=PREMIUM, term=Term.P1Y, billing=BillingCycle.MONTHLY, segment="commercial",
                       at=at("2026-11-22"), seats=seats)  # fmt: skip
    assert isinstance(found, UnknownPrice)
    assert found.code == code


@pytest.mark.parametrize(("cost", "code"), [("0.00", "CSP611"), ("-5.00", "CSP611")])
def test_nothing_and_less_is_no_price(cost, code):
    """The row that counts says nothing: unknown, and neither zero nor the price of an older row."""
    found = price(book(("2026-11", (row(cost, start="2026-10-01"), row("240.00", start="2025-01-01")))))
    assert isinstance(found, UnknownPrice)
    assert found.code == code


def test_every_unknown_price_that_a_person_can_put_right_has_its_code():
    """No list, no row, two rows: the message of each can be looked up."""
    found = [
        price(PriceBook()),
        price(book(("2026-11", (row(segment="education"),)))),
        price(book(("2026-11", (row("1.00"), row("2.00"))))),
    ]
    assert [one.code for one in found if isinstance(one, UnknownPrice)] == ["CSP614", "CSP613", "CSP612"]


def a_list(date: str, *rows: PriceRow, **rest) -> PriceList:
    return PriceList(
        date=date, market=rest.pop("market", "DE"), currency="EUR", digest=date, source="s.csv", rows={PREMIUM: rows},
        **rest,
    )  # fmt: skip


def test_licences_and_software_are_asked_beside_each_other():
    """The newest list of each view: an offer stands in one of them."""
    once = row("90.00", term=Term.ONCE, billing=BillingCycle.ONE_TIME, view="software")
    prices = PriceBook(lists=(a_list("2026-11", row()), a_list("2026-10", once, view="software")))
    found = price(prices, term=Term.ONCE, billing=BillingCycle.ONE_TIME)
    assert isinstance(found, UnitPrice)
    assert (found.cycle_price, found.asked_for) == (Money.of("90.00", "EUR"), "2026-11")
    assert isinstance(price(prices), UnitPrice)


def test_a_row_of_extended_terms_wins_over_every_forecast():
    """Where the list of extended terms has the offer, its row is read."""
    own = row("25.40", term=Term.P1M, view="est")
    prices = PriceBook(lists=(a_list("2026-11", row("24.72", term=Term.P1M)), a_list("2026-11", own, view="est")))
    found = price_of_extended(prices, PREMIUM, at=at("2026-11-22"))
    assert isinstance(found, UnitPrice)
    assert (found.cycle_price, found.forecast) == (Money.of("25.40", "EUR"), False)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((row("7.20", term=Term.P1M), row("72.00", billing=BillingCycle.ANNUAL)), "7.42"),  # 7.20 × 1.03 = 7.416
        ((row("72.00", billing=BillingCycle.ANNUAL),), "7.38"),  # 72 / 12 × 1.23
    ],
)
def test_an_extended_term_is_forecast_from_the_month_else_from_the_year(rows, expected):
    """Three per cent on the month; twenty-three on a twelfth of the year where there is no monthly plan."""
    found = price_of_extended(book(("2026-11", rows)), PREMIUM, at=at("2026-11-22"))
    assert isinstance(found, UnitPrice)
    assert (found.cycle_price, found.forecast) == (Money.of(expected, "EUR"), True)
    assert "a forecast" in list_words(found)


def test_nothing_to_forecast_an_extended_term_by_is_unknown():
    """Only a yearly plan billed by the month: no document says what the extended term costs then."""
    found = price_of_extended(book(("2026-11", (row(),))), PREMIUM, at=at("2026-11-22"))
    assert isinstance(found, UnknownPrice)
    assert found.code == "CSP613"


def test_a_customer_of_unknown_market_is_priced_by_the_project_s_own():
    """Lists of several markets lie beside each other: nobody gets the prices of a country he is not in."""
    lists = (a_list("2026-11", row("240.00")), a_list("2026-11", row("120.00"), market="AT"))
    prices = PriceBook(lists=lists, home="DE")
    assert [item.market for item in prices_in(prices, None).lists] == ["DE"]
    assert [item.market for item in prices_in(prices, "AT").lists] == ["AT"]
    assert prices_in(prices, "FR").lacking == "FR"


@settings(max_examples=60)
@given(
    rows=st.lists(
        st.builds(
            lambda cost, start, days: row(cost, start=f"2026-{start:02d}-01", end=f"2027-{days:02d}-01"),
            st.sampled_from(["1.00", "2.00", "0.00"]), st.integers(1, 11), st.integers(1, 12),
        ),
        max_size=6,
    ),
    shuffle=st.randoms(use_true_random=False),
)  # fmt: skip
def test_a_price_does_not_depend_on_the_order_of_rows(rows, shuffle):
    """Whatever rows a list has: shuffled they say the same, price or reason."""
    other = list(rows)
    shuffle.shuffle(other)
    assert price(book(("2026-11", tuple(rows)))) == price(book(("2026-11", tuple(other))))
