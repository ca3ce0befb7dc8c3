"""Money: decimal amounts with a currency, exact fractions beside them, and division without lost cents.

Amounts of different currencies never meet: adding them raises. Rounding is always named by the caller.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction

# ISO 4217 minor units; every currency not named here has two decimals.
_DECIMALS = {"BHD": 3, "CLP": 0, "ISK": 0, "JPY": 0, "KRW": 0, "KWD": 3, "TND": 3, "UGX": 0, "VND": 0}


class Rounding(enum.StrEnum):
    """How an exact amount becomes minor units: half away from zero, or cut towards zero (Microsoft's ROUNDDOWN)."""

    HALF_UP = "half_up"
    DOWN = "down"


def decimals_of(currency: str) -> int:
    """Digits after the point of a currency's minor unit (ISO 4217)."""
    return _DECIMALS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """A rounded or printed amount: what stands on an invoice. `currency` is ISO 4217."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"money is made from Decimal, not {type(self.amount).__name__}")

    @classmethod
    def of(cls, text: str, currency: str) -> Money:
        """From decimal text such as "18.50"."""
        return cls(Decimal(text), currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing, in a currency."""
        return cls(Decimal(0), currency)

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __mul__(self, factor: int | Decimal) -> Money:
        return Money(self.amount * factor, self.currency)

    def exact(self) -> ExactMoney:
        """The same amount as a fraction, for arithmetic that must not round yet."""
        return ExactMoney(Fraction(self.amount), self.currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} are never added")

    def __str__(self) -> str:
        return f"{self.amount:,.{max(decimals_of(self.currency), -_exponent(self.amount))}f} {self.currency}"


@dataclass(frozen=True, slots=True)
class ExactMoney:
    """An unrounded amount as a fraction of the currency's unit, kept beside every rounded one."""

    value: Fraction
    currency: str

    def __add__(self, other: ExactMoney) -> ExactMoney:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} are never added")
        return ExactMoney(self.value + other.value, self.currency)

    def __neg__(self) -> ExactMoney:
        return ExactMoney(-self.value, self.currency)

    def __mul__(self, factor: int | Fraction) -> ExactMoney:
        return ExactMoney(self.value * factor, self.currency)

    def rounded(self, how: Rounding) -> Money:
        """To the currency's minor unit, exactly (no float, no context precision)."""
        unit = 10 ** decimals_of(self.currency)
        scaled = self.value * unit
        whole, rest = divmod(abs(scaled.numerator), scaled.denominator)
        if how is Rounding.HALF_UP and 2 * rest >= scaled.denominator:
            whole += 1
        signed = -whole if scaled < 0 else whole
        return Money(Decimal(signed).scaleb(-decimals_of(self.currency)), self.currency)


def round_decimal(value: Decimal, digits: int, how: Rounding) -> Decimal:
    """A decimal to `digits` places in a named way."""
    mode = ROUND_HALF_UP if how is Rounding.HALF_UP else ROUND_DOWN
    return value.quantize(Decimal(1).scaleb(-digits), rounding=mode)


def sum_by_currency(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """Totals, one a currency, ordered by code: currencies are never added together."""
    totals: dict[str, Decimal] = {}
    for money in amounts:
        totals[money.currency] = totals.get(money.currency, Decimal(0)) + money.amount
    return tuple(Money(totals[code], code) for code in sorted(totals))


def allocate(total: Money, weights: Sequence[Fraction | int]) -> tuple[Money, ...]:
    """Split `total` in proportion to non-negative weights so that the parts add up to it to the last minor unit.

    Largest remainder first, ties to the earlier part. Raises ValueError when all weights are zero or one is negative.
    """
    if not weights or any(weight < 0 for weight in weights) or not any(weights):
        raise ValueError("weights must be non-negative and not all zero")
    unit = 10 ** decimals_of(total.currency)
    scaled = Fraction(total.amount) * unit
    if scaled.denominator != 1:
        raise ValueError(f"{total} is finer than the smallest unit of {total.currency}")
    sign = -1 if scaled < 0 else 1
    units = abs(int(scaled))
    whole_weight = sum(Fraction(weight) for weight in weights)
    shares = [Fraction(weight) * units / whole_weight for weight in weights]
    floors = [share.numerator // share.denominator for share in shares]
    left = units - sum(floors)
    order = sorted(range(len(shares)), key=lambda index: (floors[index] - shares[index], index))
    for index in order[:left]:
        floors[index] += 1
    return tuple(Money(Decimal(sign * part).scaleb(-decimals_of(total.currency)), total.currency) for part in floors)


def _exponent(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
