"""What it would cost to go over: to another offer, wholly or in part, to a longer term, or to try something first."""

from __future__ import annotations

import pytest

from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.money import Money
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.store.priceimport import import_price_list
from cspdecl.testing.builders import OTHER_OFFER
from cspdecl.testing.world import START
from tests.unit.engine.estates import declare, estate_of, world_of
from tests.unit.engine.test_quote import SELL, SHEET, eur, later, on, parts, quote

OTHER = OfferKey.parse(OTHER_OFFER)
MORE = """Made up,CFQ7TTC0LH18,0001,Made up,P1Y,Monthly,DE,EUR,180.00,2020-01-01,9999-12-31
Made up,CFQ7TTC0LCHC,0002,Made up,P1Y,Annual,DE,EUR,118.00,2020-01-01,9999-12-31
Made up,CFQ7TTC0LCHC,0002,Made up,P3Y,Monthly,DE,EUR,324.00,2020-01-01,9999-12-31
"""


@pytest.fixture
def world():
    return world_of()


@pytest.fixture
def estate(tmp_path, world):
    """Alpha has five seats for a year at 10.00 a month, from 22 November 2026; sixty days have passed."""
    estate = estate_of(tmp_path / "project", world)
    sheet = tmp_path / "sheet-2026-11.csv"
    sheet.write_text(SHEET + MORE, encoding="utf-8")
    import_price_list(sheet, estate.root / "prices", now=START)
    declare(estate, "alpha", 5, sell=SELL, endOfTerm="renew")
    declare(estate, "beta", None)
    estate.apply()
    later(estate, world, days=60)
    return estate


def roles(found):
    return [(line.role, line.quantity, str(line.amount)) for line in found.now.lines]


def test_a_full_upgrade_returns_the_old_seats_and_charges_the_new(estate):
    """21 January, the last day of a cycle of 31: five at 10.00 come back for a day, five at 15.00 are charged."""
    found = quote(estate, offer=OTHER)
    assert parts(found) == ((5, 5), None, [])
    assert roles(found) == [("wipe", 5, "-1.60 EUR"), ("charge", 5, "2.40 EUR")]
    assert (found.now.money.cost_now, found.now.cost_month) == (eur("0.80"), eur("25.00"))
    assert found.target.cycle_price == Money.of("15.00", "EUR")
    assert any("asked by `plan`" in note for note in found.notes)
    assert any("cannot be undone" in note for note in found.notes)


def test_some_seats_go_over_and_the_rest_stays(estate):
    """Two of five: only these are exchanged."""
    found = quote(estate, 2, offer=OTHER)
    assert roles(found) == [("wipe", 2, "-0.64 EUR"), ("charge", 2, "0.96 EUR")]
    assert (found.asked, found.now.cost_month) == (2, eur("10.00"))


def test_more_seats_than_run_are_bought_with_the_upgrade(estate):
    """Seven: five are exchanged, two are new."""
    assert [(role, count) for role, count, _amount in roles(quote(estate, 7, offer=OTHER))] == [
        ("wipe", 5),
        ("charge", 7),
    ]


def test_a_longer_term_begins_at_once(estate):
    """Three years at 9.00 a month: a day of the old cycle comes back, a whole month is charged, 1,620.00 are owed."""
    found = quote(estate, term=Term.P3Y)
    assert roles(found) == [("wipe", 5, "-1.60 EUR"), ("charge", 5, "45.00 EUR")]
    assert (found.now.cost_month, found.now.money.commitment) == (eur("-5.00"), eur("1620.00"))
    assert found.now.money.commitment_until == on("2030-01-21")


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"term": Term.P1M}, "CSP321"),
        ({"billing": BillingCycle.ANNUAL}, "CSP322"),
        ({"term": Term.P1M, "billing": BillingCycle.ANNUAL}, "CSP640"),
    ],
)
def test_what_cannot_be_had_mid_term_is_refused(estate, wish, code):
    """A shorter term, another plan alone, a pair that does not exist: refused, and no money beside it."""
    found = quote(estate, **wish)
    assert (found.now, [item.code for item in found.refused]) == (None, [code])


def test_an_unknown_price_of_the_target_is_no_amount(estate):
    """An offer no list knows: unknown with its reason, never nothing."""
    found = quote(estate, offer=OfferKey.parse("CFQ7TTC0HL8W:0001"))
    assert (found.now.lines, found.now.cost_month, found.now.money.cost_now) == ((), None, None)
    assert found.now.money.unknown


def test_a_trial_is_free_and_says_what_it_becomes(estate):
    """Nothing is charged; what it becomes by itself is said, with its day."""
    declare(estate, "beta", 25, name="probe", trial=True, endOfTerm="renew")
    found = quote(estate, address=Address.parse("beta/probe"))
    assert (found.refused, found.now.money.cost_now) == ((), eur("0"))
    assert any("it becomes" in note for note in found.notes)
