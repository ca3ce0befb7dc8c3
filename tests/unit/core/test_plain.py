"""Values to plain data and back, addresses, digests, money and terms: the vocabulary holds together."""

from __future__ import annotations

import json
import typing
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cspdecl.core.action import Action, Purchase, SetSeats
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey, OfferTerm
from cspdecl.core.diagnostics import Origin, error, note, sort_diagnostics
from cspdecl.core.digest import canonical_json, digest_of
from cspdecl.core.live import LiveCustomer
from cspdecl.core.money import ExactMoney, Money, Rounding, allocate, sum_by_currency
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import Applied, Outcome, Receipt, Stale
from cspdecl.core.plain import PlainError, from_plain, instant_text, parse_instant, to_plain
from cspdecl.core.terms import BillingCycle, Term, add_months, cycle_containing, cycles_in, term_end
from cspdecl.testing.builders import live_customer, live_subscription, lot, operation

INSTANTS = st.datetimes(timezones=st.just(UTC))
DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2060, 1, 1))


# ---- plain ----


def test_a_customer_comes_back_as_it_was():
    """A reading with windows and lots survives JSON unchanged."""
    customer = live_customer(live_subscription(lots=[lot(3, days_left=2)]))

    assert customer == from_plain(LiveCustomer, json.loads(json.dumps(to_plain(customer))))


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_an_operation_comes_back_as_it_was(before, after):
    """Which kind of action it is travels with it."""
    item = operation(SetSeats(before=before, after=after))

    assert item == from_plain(Operation, json.loads(json.dumps(to_plain(item))))


def test_defaults_are_left_out_and_filled_in():
    """What equals its default is not written, so that a format grows without old files changing; the tag always is."""
    plain = to_plain(Applied(receipt=Receipt(at=datetime(2026, 1, 1, tzinfo=UTC), request_id="r", correlation_id="c")))

    assert {"kind", "receipt"} == set(plain)
    assert {"at", "request_id", "correlation_id"} == set(plain["receipt"])


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Stale, {"kind": "stale"}),
        (Stale, {"kind": "stale", "seen": "x", "surprise": 1}),
        (Outcome, {"kind": "nonsense"}),
        (Outcome, {"seen": "x"}),
        (Outcome, "stale"),
        (Operation, []),
        (datetime, "yesterday"),
        (datetime, "2026-11-22T14:02:00"),
        (Decimal, "12,5"),
        (Address, "a//b"),
    ],
)
def test_what_does_not_fit_is_said(kind, data):
    """Damaged data, data of another version and a time without zone are PlainError, whatever is wrong with them."""
    with pytest.raises(PlainError):
        from_plain(kind, data)


@given(INSTANTS)
def test_instants_come_back(instant):
    """An instant is written in UTC with Z, and read back to the microsecond."""
    assert instant_text(instant).endswith("Z")
    assert instant == parse_instant(instant_text(instant))


def test_instants_of_other_zones_and_precisions():
    """An offset becomes UTC, and Microsoft's seven digits are cut to microseconds."""
    berlin = datetime(2026, 11, 22, 15, 2, tzinfo=timezone(timedelta(hours=1)))

    assert "2026-11-22T14:02:00Z" == instant_text(berlin)
    assert datetime(2026, 11, 22, 14, 2, 3, 123456, tzinfo=UTC) == parse_instant("2026-11-22T14:02:03.1234567Z")
    with pytest.raises(TypeError):
        instant_text(datetime(2026, 11, 22))


def test_every_action_has_a_word_of_its_own():
    """No two actions share a tag: a journal tells them apart."""
    tags = [action.__dataclass_fields__["kind"].default for action in typing.get_args(Action)]

    assert len(tags) == len(set(tags))
    assert Purchase.__dataclass_fields__["kind"].default in tags


# ---- addresses, offers, digests ----


@given(st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True), min_size=1, max_size=3))
def test_addresses_come_back(parts):
    """An address is its parts with slashes between, and its parent is one part shorter."""
    address = Address.parse("/".join(parts))

    assert "/".join(parts) == str(address)
    assert (parts[-1], "/".join(parts[:-1]) or parts[0]) == (address.name, str(address.parent))


def test_offers_compare_without_case():
    """The same product and SKU in any case is the same offer; anything else is refused with words."""
    assert OfferKey.parse("cfq7ttc0lchc:0002") == OfferKey.parse("CFQ7TTC0LCHC:0002")
    assert OfferKey.parse("CFQ7TTC0LCHC:0002") == OfferKey.of_item("CFQ7TTC0LCHC:0002:CFQ7TTC0RM6T")
    assert "P1Y/monthly" == str(OfferTerm.parse("P1Y/monthly"))
    with pytest.raises(ValueError, match="PRODUCT:SKU"):
        OfferKey.parse("CFQ7TTC0LCHC")


@given(st.dictionaries(st.text(max_size=4), st.one_of(st.integers(), st.text(max_size=4), st.none(), st.booleans())))
def test_a_digest_knows_no_order(data):
    """The same value gives the same digest, in whatever order its keys were put in."""
    turned = dict(reversed(list(data.items())))

    assert digest_of(data) == digest_of(turned)
    assert data == json.loads(canonical_json(data))


@pytest.mark.parametrize("value", [1.5, {"a": [0.1]}, {1: "a"}])
def test_no_float_enters_a_digest(value):
    """Floats, and keys that are no text, are refused: they would differ from machine to machine."""
    with pytest.raises(TypeError):
        canonical_json(value)


# ---- money and terms ----


@given(st.integers(-10_000_000, 10_000_000), st.lists(st.integers(0, 1000), min_size=1, max_size=9).filter(any))
def test_nothing_is_lost_in_dividing(cents, weights):
    """Parts add up to the whole, to the cent, and nobody without weight gets any."""
    total = Money(Decimal(cents).scaleb(-2), "EUR")
    parts = allocate(total, weights)

    assert total == Money(sum((part.amount for part in parts), Decimal(0)).quantize(Decimal("0.01")), "EUR")
    assert {Decimal(0)} >= {part.amount for part, weight in zip(parts, weights, strict=True) if not weight}


def test_currencies_never_meet():
    """Adding two currencies raises; totals stand side by side."""
    euro, dollar = Money.of("1.00", "EUR"), Money.of("2.00", "USD")

    with pytest.raises(ValueError, match="never added"):
        euro + dollar
    with pytest.raises(ValueError, match="never added"):
        euro.exact() + dollar.exact()
    assert (Money.of("2.00", "EUR"), dollar) == sum_by_currency([euro, dollar, euro])
    with pytest.raises(TypeError):
        Money(1.5, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "how", "expected"),
    [
        (Fraction(339390, 1200), Rounding.HALF_UP, "282.83"),
        (Fraction(339390, 1200), Rounding.DOWN, "282.82"),
        (Fraction(-5, 1000), Rounding.HALF_UP, "-0.01"),
        (Fraction(-9, 1000), Rounding.DOWN, "0"),
        (Fraction(1, 3), Rounding.HALF_UP, "0.33"),
    ],
)
def test_rounding_is_named(value, how, expected):
    """Half away from zero, or cut towards zero."""
    assert Decimal(expected) == ExactMoney(value, "EUR").rounded(how).amount


@given(DAYS, st.sampled_from(["monthly", "annual"]), st.integers(0, 400))
def test_each_day_is_in_one_cycle(anchor, billing, later):
    """A day lies in the cycle that is found for it, and the next cycle begins the day after that one ends."""
    day = anchor + timedelta(days=later)
    cycle = cycle_containing(anchor, day, term=Term.P1Y, billing=BillingCycle(billing))
    following = cycle_containing(anchor, cycle.end + timedelta(days=1), term=Term.P1Y, billing=BillingCycle(billing))

    assert cycle.start <= day <= cycle.end
    assert cycle.end + timedelta(days=1) == following.start
    assert 1 <= cycle.days_from(day) <= cycle.days <= 366


def test_terms_count_cycles():
    """A year has twelve months or one year; a month has no year in it."""
    assert (12, 1, None, None, 3) == (
        cycles_in(Term.P1Y, BillingCycle.MONTHLY), cycles_in(Term.P1Y, BillingCycle.ANNUAL),
        cycles_in(Term.P1M, BillingCycle.ANNUAL), cycles_in(Term.P1Y, BillingCycle.NONE),
        cycles_in(Term.P3Y, BillingCycle.ANNUAL),
    )  # fmt: skip
    assert date(2022, 1, 30) == term_end(date(2021, 1, 31), Term.P1Y)
    assert date(2024, 2, 29) == add_months(date(2024, 1, 31), 1)


# ---- diagnostics ----


def test_diagnostics_are_read_in_order():
    """By file and place, errors before notes, those without a place last, none twice."""
    here = Origin(file="b.yaml", path=("spec", 10))
    early = Origin(file="b.yaml", path=("spec", 2))
    first = error("CSP200", "z", origin=Origin(file="a.yaml"))
    second = error("CSP201", "y", origin=early)
    third, fourth = error("CSP202", "x", origin=here), note("CSP100", "w", origin=here)
    last = error("CSP001", "nowhere")

    assert (first, second, third, fourth, last) == sort_diagnostics([last, fourth, third, second, first, second])
