"""Promotions: which one a purchase gets, what it takes off the price, and what a missed one costs.

A purchase that misses a condition is not refused by the provider: it goes through at the list price (promotions page,
2023-10; contract §9.1). So what is expected is asked for before, written into the purchase and required on the cart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from cspdecl.commerce.words import counted, listed, seats
from cspdecl.core.inquiry import PromotionOffer, Promotions
from cspdecl.core.money import Money, Rounding
from cspdecl.core.project import UnitPrice


def best(found: Promotions) -> PromotionOffer | None:
    """The promotion a purchase gets by itself: of the eligible automatic ones the deepest, since they do not add up."""
    fitting = [item for item in found.offers if item.eligible and item.automatic]
    return max(fitting, key=_depth, default=None)


def named(found: Promotions, wanted: str) -> PromotionOffer | None:
    """The promotion that a line insists on, by its id. The availability in it rotates and is not compared (§9.1)."""
    exact = [item for item in found.offers if item.id.upper() == wanted.upper()]
    alike = [item for item in found.offers if _stable(item.id) == _stable(wanted)]
    return next(iter([*exact, *alike]), None)


def cut_off(found: Promotions, wanted: int) -> PromotionOffer | None:
    """A promotion that only misses because `wanted` seats are more than remain under its cap."""
    near = [
        item for item in found.offers if not item.eligible and item.automatic and 0 < (item.remaining or 0) < wanted
    ]
    return max(near, key=_depth, default=None)


def left_after(found: Promotions, promised: Mapping[str, int], wanted: int) -> Promotions:
    """The promotions once earlier purchases of one plan have taken their seats from the caps, which count them all."""
    if not promised:
        return found
    return Promotions(offers=tuple(_less(item, promised.get(item.id, 0), wanted) for item in found.offers))


def _less(item: PromotionOffer, taken: int, wanted: int) -> PromotionOffer:
    if not taken or item.remaining is None:
        return item
    left = max(item.remaining - taken, 0)
    return replace(item, remaining=left, eligible=item.eligible and wanted <= left)


def discounted(price: UnitPrice, promotion: PromotionOffer) -> UnitPrice:
    """The price with the promotion taken off: a share of the partner price, off the instalment that is charged.

    16.00 less 10 % is 14.40, and 41.62 less 25 % is 31.215: only a line's amount is cut to cents (reconciliation
    samples; commerce rules §2.4, §2.7). Where the discount is not known, no number changes, and it is
    named all the same.
    """
    if promotion.discount is None:
        return replace(price, promotion=promotion.id)
    left = Fraction(1) - promotion.discount
    return replace(
        price,
        term_price=_share(price.term_price, left),
        cycle_exact=price.cycle_exact * left,
        cycle_price=_share(price.cycle_price, left),
        discount=promotion.discount,
        promotion=promotion.id,
    )


def _share(money: Money, left: Fraction) -> Money:
    """A share of an amount, with the decimals it needs; to the minor unit where it would need endless ones."""
    exact = money.exact() * left
    rest = exact.value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return exact.rounded(Rounding.HALF_UP)
    return Money(Decimal(exact.value.numerator) / Decimal(exact.value.denominator), money.currency)


def why_not(promotion: PromotionOffer) -> str:
    """Why a promotion is not to be had, in words."""
    if promotion.why:
        return listed(promotion.why, final="and")
    if promotion.remaining is not None:
        return f"its cap leaves {seats(promotion.remaining)}, counted over all partners"
    return "the provider does not say why"


def discount_words(promotion: PromotionOffer) -> str:
    """What it is worth, as in: 10 % off with promotion “Launch”."""
    name = f"“{promotion.name}”" if promotion.name else promotion.id
    if promotion.discount is None:
        return f"with promotion {name}, whose discount is not known"
    return f"{float(promotion.discount * 100):g} % off with promotion {name}"


def remaining_words(promotion: PromotionOffer) -> str:
    """How much is left under its cap."""
    return "" if promotion.remaining is None else f"{counted(promotion.remaining, 'seat')} left under its cap"


def _depth(item: PromotionOffer) -> Fraction:
    return item.discount or Fraction(0)


def _stable(ident: str) -> str:
    return ":".join(ident.upper().split(":")[:2])
