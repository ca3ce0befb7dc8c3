"""From a price to an amount: instalments, days, discounts, and where the cents are cut.

Sources: commerce §2.2 (instalments are rounded half up), §2.4 (proration, which rule fits which charge type), contract
§17 (worked tables); currency decimals from ISO 4217.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from ..terms import whole_cycles
from .calendar import Cycle

_WITHOUT_CENTS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
BY_LINE = frozenset({"addQuantity", "removeQuantity"})
_SHOWN = 18  # digits after the point in a file


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """What a line says of money: the price of a full cycle, what one seat is charged, what all of them are."""

    unit: Decimal
    effective: Fraction
    subtotal: Decimal


def decimals(currency: str) -> int:
    """Digits after the point that a currency has."""
    return 0 if currency in _WITHOUT_CENTS else 3 if currency in _THOUSANDTHS else 2


def cut(value: Fraction, digits: int) -> Decimal:
    """Towards zero, so that refunds shrink as well."""
    scale = 10**digits
    sign = -1 if value < 0 else 1
    return Decimal(f"{sign * (abs(value) * scale // 1)}e-{digits}")


def instalment(term_price: Decimal, term: str, plan: str, currency: str, *, exact: bool = True) -> Decimal:
    """The price of one charge cycle: a row of the price sheet is for the whole term (contract §9.2). A row that is one
    cycle stays to the digit it is printed, unless `exact` says no.
    """
    if exact and whole_cycles(term, plan) == 1:
        return term_price
    digits = decimals(currency)
    halves = Fraction(term_price) / whole_cycles(term, plan) * 10**digits * 2
    return Decimal(f"{(halves + 1) // 2}e-{digits}")


def share(cycle: Cycle, begins: datetime, rule: str = "actual") -> Fraction:
    """The part of a cycle's price that pays from `begins` to its end.

    `rule` start_month counts a cycle by the calendar month, or the year, it starts in, as a page says it; `actual` by
    its own days.
    """
    billed = cycle.rest(begins)
    if billed == cycle.days:
        return Fraction(1)
    days = cycle.days
    if rule == "start_month" and days <= 31:
        days = calendar.monthrange(cycle.whole.year, cycle.whole.month)[1]
    elif rule == "start_month" and 364 < days < 367:
        days = 366 if calendar.isleap(cycle.whole.year) else 365
    return Fraction(billed, days)


def amount(kind: str, unit: Decimal, price: Fraction, part: Fraction, quantity: int, currency: str) -> Amount:
    """One line: `price` is what a full cycle really costs a seat, `part` how much of the cycle; negative for refunds.

    Seat changes cut the cents of the whole line, everything else those of one seat (commerce §2.4).
    """
    exact, digits = price * part, decimals(currency)
    if kind in BY_LINE:
        return Amount(unit=unit, effective=exact, subtotal=cut(exact * quantity, digits))
    seat = cut(exact, digits)
    return Amount(unit=unit, effective=Fraction(seat), subtotal=seat * quantity)


def plain(value: Decimal | Fraction) -> str:
    """A number as the lines print it: no exponent, no trailing zeros, at most eighteen decimals."""
    if isinstance(value, Fraction):
        value = cut(value, _SHOWN)
    if not value:
        return "0"
    shown = f"{value:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown
