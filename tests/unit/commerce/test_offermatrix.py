"""The offer matrix and the month's rates: what is read, what is named, and that a catalogue only gets stricter."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from cspdecl.commerce.offermatrix import enriched, from_dollars, parse_offer_matrix, parse_rates, with_facts
from cspdecl.core.catalog import Catalog, Offer, OfferFacts, OfferKey, OfferMatrix
from cspdecl.core.diagnostics import has_errors
from cspdecl.core.money import Money
from cspdecl.core.project import FxRates

SAMPLES = Path(__file__).parents[4] / "shared" / "reference" / "samples"
BASIC = OfferKey.parse("CFQ7TTC0LH18:0001")
HEADER = (
    "ProductTitle,ProductId,SkuId,SkuTitle,ProvisioningId,ProvisioningString,MinLicenses,MaxLicenses,"
    "AssetOwnershipLimit,AssetOwnershipLimitType,ProductSkuPreRequisites,ProductSkuConversion,AllowedCountries\n"
)


def row(**cells: str) -> str:
    values = {
        "title": "Basic", "product": "CFQ7TTC0LH18", "sku": "1", "name": "Basic", "id": "x", "string": "O365", "least": "1",
        "most": "300", "limit": "2", "kind": "ConcurrentCount", "needs": "", "conversion": '"CFQ7TTC0LDPB/0001, CFQ7TTC0LF8Q/2"',
        "countries": "AD;DE", **cells,
    }  # fmt: skip
    return ",".join(values.values()) + "\n"


def offer(**rest) -> Offer:
    return Offer(**{"key": BASIC, "title": "Basic", "min_seats": 1, "max_seats": 1000, "terms": (), **rest})


def test_a_row_says_limits_prerequisites_conversions_and_countries():
    """SKUs get their zeros back wherever they stand."""
    (facts,) = parse_offer_matrix([HEADER, row(needs="CFQ7TTC0LCHC/2")]).offers
    assert facts == OfferFacts(
        key=BASIC, title="Basic", provisioning="O365", min_seats=1, max_seats=300, max_subscriptions=2,
        prerequisites=(OfferKey.parse("CFQ7TTC0LCHC:0002"),),
        upgrades=(OfferKey.parse("CFQ7TTC0LDPB:0001"), OfferKey.parse("CFQ7TTC0LF8Q:0002")),
        countries=frozenset({"AD", "DE"}),
    )  # fmt: skip


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not beside this tree")
def test_the_documented_samples_read_without_a_remark():
    """Matrix and rates as Microsoft's pages print them."""
    with (SAMPLES / "offer_matrix_nce.csv").open(encoding="utf-8", newline="") as lines:
        matrix = parse_offer_matrix(lines)
    with (SAMPLES / "fxrates.csv").open(encoding="utf-8", newline="") as lines:
        rates = parse_rates(lines)
    assert (matrix.diagnostics, rates.diagnostics) == ((), ())
    assert (matrix.offers[0].max_seats, matrix.offers[0].max_subscriptions) == (300, 2)
    assert rates.rates["AED"] == Decimal("0.27224589249009701")


@pytest.mark.parametrize(("cells", "expected"), [({"kind": "Lifetime"}, True), ({"kind": ""}, False)])
def test_a_limit_may_be_for_a_whole_life(cells, expected):
    """At one time, or ever."""
    assert parse_offer_matrix([HEADER, row(**cells)]).offers[0].max_subscriptions_ever is expected


@pytest.mark.parametrize("most", ["", "0", "2147483647"])
def test_no_limit_is_written_in_several_ways(most):
    """Empty, nought, or the largest number a machine has."""
    assert parse_offer_matrix([HEADER, row(most=most, least="")]).offers[0].max_seats is None


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"most": "many"}, "is no number"),
        ({"least": "500"}, "at least 500 and at most 300"),
        ({"kind": "Sometimes"}, "nobody documented"),
        ({"product": "short"}, "is no offer"),
        ({"title": "Basic, yearly"}, "14 cells, the header 13"),
    ],
)
def test_a_broken_row_is_named_and_left_out(cells, words):
    """The other rows stay usable."""
    found = parse_offer_matrix([HEADER, row(product="CFQ7TTC0LCHC"), row(**cells)])
    assert len(found.offers) == 1
    (remark,) = found.diagnostics
    assert (remark.code, remark.line) == ("CSP622", 3)
    assert words in remark.message


@pytest.mark.parametrize("lines", [[], ["a,b\n"], [HEADER]])
def test_what_is_no_matrix_is_refused(lines):
    """Empty, another table, or no offer in it."""
    assert has_errors(parse_offer_matrix(lines).diagnostics)


def test_two_rows_of_one_offer_are_its_strictest():
    """Several provisioning ids, one offer: the smaller limit holds."""
    (facts,) = parse_offer_matrix([HEADER, row(), row(most="25", least="5")]).offers
    assert (facts.min_seats, facts.max_seats) == (5, 25)


def test_a_catalogue_gets_stricter_and_nothing_becomes_for_sale():
    """The smaller maximum, the larger minimum, what only the matrix knows; an offer that is not sold stays so."""
    facts = parse_offer_matrix([HEADER, row(least="5"), row(product="CFQ7TTC0LCHC")]).offers
    matrix = OfferMatrix(month="2026-11", digest="d", source="s", offers={one.key: one for one in facts})
    catalog = Catalog(market="DE", offers={BASIC: offer()}, as_of=datetime(2026, 11, 1, tzinfo=UTC))
    place = ("partner-center", "DE", "commercial")
    found = enriched({place: catalog}, matrix)[place]
    assert list(found.offers) == [BASIC]
    one = found.offers[BASIC]
    assert (one.min_seats, one.max_seats, one.max_subscriptions, len(one.upgrades)) == (5, 300, 2, 2)
    assert enriched({place: catalog}, None) == {place: catalog}


def test_what_the_provider_says_is_not_loosened():
    """The matrix allows 300, the catalogue 25: 25; its own prerequisites stand."""
    (facts,) = parse_offer_matrix([HEADER, row(needs="CFQ7TTC0LCHC/2")]).offers
    found = with_facts(offer(max_seats=25, min_seats=10, prerequisites=(BASIC,)), facts)
    assert (found.min_seats, found.max_seats, found.prerequisites) == (10, 25, (BASIC,))


RATES = FxRates(month="2026-11", digest="d", source="s", usd_per_unit={"EUR": Decimal("1.25"), "JPY": Decimal("0.01")})


@pytest.mark.parametrize(("currency", "amount"), [("EUR", "80.00"), ("USD", "100.00"), ("JPY", "10000")])
def test_dollars_become_a_local_amount_by_the_month_s_rate(currency, amount):
    """A hundred dollars at 1.25 a euro are eighty; a currency without cents has none."""
    assert from_dollars(Money.of("100.00", "USD"), currency, RATES) == Money.of(amount, currency)


def test_an_unknown_rate_is_no_amount_and_seats_are_never_converted():
    """Neither one to one, nor by the way of another currency."""
    assert from_dollars(Money.of("100.00", "USD"), "CHF", RATES) is None
    with pytest.raises(ValueError, match="only what is priced in US dollars"):
        from_dollars(Money.of("100.00", "EUR"), "CHF", RATES)


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (["EUR,1.17,2026-11\n", "CHF,0,2026-11\n"], ["EUR"]),
        (["EUR,1.17,2026-11\n", "chf,NaN,2026-11\n", "E,1,x\n"], ["EUR"]),
        (["EUR,1.17,2026-11\n", "CHF,1.1,2026-11\n", "CHF,1.2,2026-11\n"], ["EUR"]),
    ],
)
def test_a_rate_that_is_none_is_named(lines, kept):
    """Nought, no number, no currency, two for one month: left out, with a warning."""
    found = parse_rates(["CurrencyCode,USDPerUnit,Month\n", *lines])
    assert sorted(found.rates) == kept
    assert {item.code for item in found.diagnostics} == {"CSP624"}


@pytest.mark.parametrize("lines", [[], ["a,b\n"], ["CurrencyCode,USDPerUnit,Month\n"]])
def test_what_is_no_file_of_rates_is_refused(lines):
    """Empty, another table, or nothing in it."""
    assert has_errors(parse_rates(lines).diagnostics)
