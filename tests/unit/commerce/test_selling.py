"""Our own prices: a share of list or cost becomes an amount a seat, or a reason why it cannot be told."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cspdecl.commerce.prices import UnknownPrice, sell_amount, unit_price
from cspdecl.commerce.selling import change_words, resolve_sell, same_price, share_words
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import RelativeSell, SellRule
from cspdecl.core.money import Money, allocate
from cspdecl.core.project import PriceRow, UnitPrice
from cspdecl.core.terms import BillingCycle, Term

OFFER = OfferKey.parse("CFQ7TTC0LCHC:0002")


def price(cost="115.20", erp: str | None = "144.00", *, term=Term.P1Y, billing=BillingCycle.MONTHLY) -> UnitPrice:
    found = unit_price(
        PriceRow(
            offer=OFFER, segment="commercial", term=term, billing=billing, cost=Money.of(cost, "EUR"),
            erp=Money.of(erp, "EUR") if erp else None, effective_from=datetime(2026, 1, 1, tzinfo=UTC),
            effective_to=datetime(2027, 1, 1, tzinfo=UTC),
        ),
        list_date="2026-11", list_digest="d",
    )  # fmt: skip
    assert isinstance(found, UnitPrice)
    return found


def share(
    base: Literal["list", "cost"], change: str, every: Literal["month", "year"] = "month", currency="EUR"
) -> RelativeSell:
    return RelativeSell(base=base, change=Fraction(change) / 100, currency=currency, every=every)


def fixed(amount: str, every: Literal["month", "year"] = "month", currency="EUR") -> SellRule:
    return SellRule(per_seat=Decimal(amount), currency=currency, every=every)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (share("list", "-5"), fixed("11.40")),  # 144 / 12 = 12.00
        (share("list", "0", "year"), fixed("144.00", "year")),
        (share("cost", "12"), fixed("10.75")),  # 9.60 × 1.12 = 10.752
        (share("cost", "12.5", "year"), fixed("129.60", "year")),
    ],
)
def test_a_share_of_list_or_cost_is_an_amount_a_seat(rule, expected):
    """List less five, list by the year, cost and twelve, cost and an eighth by the year: rounded half-up, once."""
    assert resolve_sell(None, rule, price()).rule == expected


def test_the_cost_is_the_instalment_that_is_charged():
    """3393.90 a year is charged as 282.83 a month: our price is a share of that, not of 282.825."""
    found = resolve_sell(None, share("cost", "0"), price("3393.90"))
    assert found.rule == fixed("282.83")


def test_the_exact_amount_stays_in_the_basis():
    """What was rounded is written out: base, list, share and fraction."""
    found = resolve_sell(None, share("cost", "12"), price())
    assert found.exact == Fraction("10.752")
    assert (
        found.basis
        == "cost 9.60 EUR a seat and month by list 2026-11 (P1Y monthly), 12 % more: exactly 1344/125 a month"
    )


@pytest.mark.parametrize(
    ("rule", "of", "words"),
    [
        (share("cost", "12"), UnknownPrice(reason="no list"), "no list"),
        (share("list", "-5"), price(erp=None), "no list price"),
        (share("list", "-5"), price(erp="0.00"), "which is no price"),
        (share("cost", "12", currency="CHF"), price(), "never converted"),
        (share("cost", "12"), price(term=Term.ONCE, billing=BillingCycle.ONE_TIME), "paid once"),
        (share("list", "-5"), price(term=Term.ONCE, billing=BillingCycle.ONE_TIME), "paid once"),
    ],
)
def test_a_share_of_what_is_not_known_is_not_known(rule, of, words):
    """No price, no list price, another currency, a licence that is paid once: a reason, and never zero."""
    found = resolve_sell(None, rule, of)
    assert found.rule is None
    assert words in (found.unknown or "")


def test_a_fixed_price_needs_no_list():
    """What is written out stands, whatever Microsoft charges."""
    assert resolve_sell(fixed("18.50"), None, UnknownPrice(reason="no list")).rule == fixed("18.50")
    assert resolve_sell(None, None, price()).unknown is None


@pytest.mark.parametrize(("change", "words"), [("-5", "5 % less"), ("12.5", "12.5 % more"), ("100", "100 % more")])
def test_shares_in_words(change, words):
    """As people say them."""
    assert share_words(Fraction(change) / 100) == words


def test_prices_are_the_same_whatever_is_shared_out():
    """Amount, currency and how often make a price; which part of a bundle gets how much of it does not."""
    assert same_price(fixed("1.0"), SellRule(per_seat=Decimal("1.00"), currency="EUR", every="month", allocate="equal"))
    assert not same_price(fixed("1.00"), fixed("1.00", "year"))
    assert not same_price(fixed("1.00"), None)
    assert change_words(None, fixed("18.50")) == "no price → 18.50 EUR a seat and month"


@given(
    cost=st.decimals("0.01", "9999.99", places=2),
    change=st.integers(-99, 300),
    seats=st.integers(1, 5000),
    weights=st.lists(st.integers(0, 1000), min_size=1, max_size=6).filter(any),
)
def test_a_share_times_seats_is_shared_out_without_a_lost_cent(cost, change, seats, weights):
    """Resolve, multiply, allocate: the parts add up to exactly what is charged."""
    found = resolve_sell(None, share("cost", str(change)), price(format(cost, "f"))).rule
    assert found is not None
    total = sell_amount(found, seats)
    assert sum((part.amount for part in allocate(total, weights)), Decimal(0)) == total.amount
