"""Promotions: which applies, what it takes off, and why one does not."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from cspdecl.commerce.promotions import best, cut_off, discount_words, discounted, named, why_not
from cspdecl.core.inquiry import PromotionOffer, Promotions
from cspdecl.core.money import ExactMoney, Money
from cspdecl.core.project import UnitPrice
from cspdecl.core.terms import BillingCycle, Term


def promotion(ident: str, discount: str | None = "1/10", **rest) -> PromotionOffer:
    values = {"name": "", "eligible": True, "automatic": True, **rest}
    return PromotionOffer(id=ident, discount=Fraction(discount) if discount else None, **values)


def price(cycle: str) -> UnitPrice:
    amount = Money.of(cycle, "EUR")
    return UnitPrice(
        term_price=amount * 12, cycle_exact=ExactMoney(Fraction(cycle), "EUR"), cycle_price=amount, term=Term.P1Y,
        billing=BillingCycle.MONTHLY, list_date="2026-11", list_digest="d" * 64,
    )  # fmt: skip


def test_the_deepest_automatic_one_applies():
    """Overlapping promotions do not add up: the deeper one wins; one that must be asked for is not taken by itself."""
    found = Promotions(
        offers=(
            promotion("A:1:X", "1/20"), promotion("A:2:X", "1/10"), promotion("A:3:X", "1/2", automatic=False),
            promotion("A:4:X", "1/3", eligible=False),
        )
    )  # fmt: skip

    assert best(found) == found.offers[1]
    assert best(Promotions(offers=())) is None


def test_a_named_one_is_found_whatever_its_availability():
    """Promotions are counted by product and SKU; the third part rotates (contract §9.1)."""
    found = Promotions(offers=(promotion("39NFJQT1PJPN:0001:39NFJQT1Q5KM"),))

    assert found.offers[0] == named(found, "39nfjqt1pjpn:0001:OLD000000000")
    assert named(found, "39NFJQT1PJPN:0002:39NFJQT1Q5KM") is None


def test_over_the_cap_is_told_from_not_eligible():
    """A promotion with seats left, fewer than wanted, can be had by a smaller purchase."""
    found = Promotions(offers=(promotion("A:1:X", eligible=False, remaining=40),
                               promotion("A:2:X", eligible=False, why=("not the first purchase",))))  # fmt: skip

    assert found.offers[0] == cut_off(found, 100)
    assert cut_off(found, 30) is None


@pytest.mark.parametrize(
    ("cycle", "share", "after", "seats", "line"),
    [("16", "1/10", "14.4", 50, "720"), ("3", "1/10", "2.7", 10, "27"), ("41.62", "1/4", "31.215", 135, "4214.025")],
)
def test_the_discount_comes_off_the_instalment(cycle, share, after, seats, line):
    """A share of the partner price; decimals stay until a line is cut to cents."""
    left = discounted(price(cycle), promotion("A:1:X", share))

    assert Decimal(after) == left.cycle_price.amount
    assert Decimal(line) == left.cycle_price.amount * seats
    assert (Fraction(share), "A:1:X") == (left.discount, left.promotion)


def test_an_endless_decimal_is_rounded():
    """A third off 10.00 is 6.67 a seat; the exact price stays beside it."""
    left = discounted(price("10.00"), promotion("A:1:X", "1/3"))

    assert Money.of("6.67", "EUR") == left.cycle_price
    assert Fraction(20, 3) == left.cycle_exact.value


def test_an_unknown_discount_changes_no_number():
    """What is not known is named, never guessed."""
    left = discounted(price("10.00"), promotion("A:1:X", None, name="Launch"))

    assert (Money.of("10.00", "EUR"), None, "A:1:X") == (left.cycle_price, left.discount, left.promotion)
    assert discount_words(promotion("A:1:X", None)) == "with promotion A:1:X, whose discount is not known"


def test_why_it_does_not_apply():
    """The provider's reasons, else what remains, else that it does not say."""
    two = promotion("A:1:X", eligible=False, why=("it is for a year", "it starts at 10 seats"))

    assert why_not(two) == "it is for a year and it starts at 10 seats"
    assert why_not(promotion("A:1:X", remaining=1)) == "its cap leaves 1 seat, counted over all partners"
    assert why_not(promotion("A:1:X")) == "the provider does not say why"
