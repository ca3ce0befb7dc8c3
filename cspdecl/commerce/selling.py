"""Our own prices: a share of the list or of our cost becomes an amount a seat, once the price of the line is known.

A running line is priced by what it is locked at, its list price included, never by today's list; a purchase by today's.
So a price declared as "list less 5 %" moves with the renewal, and by no list change in between. Rounding is half-up to
the currency's smallest unit, once a seat; the exact fraction stays in the basis.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from cspdecl.commerce.prices import UnknownPrice, list_words
from cspdecl.core.desired import RelativeSell, SellRule
from cspdecl.core.money import ExactMoney, Money, Rounding
from cspdecl.core.project import UnitPrice

#: Either price, as `find_price` answers.
Price = UnitPrice | UnknownPrice


@dataclass(frozen=True, slots=True, kw_only=True)
class Sell:
    """Our price of a seat as it follows from a declaration. `rule` None with `unknown`: there is one, and it cannot be
    told; None without: none is declared. `exact` is the amount before rounding, `basis` says how it came about."""

    rule: SellRule | None
    basis: str = ""
    exact: Fraction | None = None
    unknown: str | None = None
    code: str | None = None


def resolve_sell(fixed: SellRule | None, relative: RelativeSell | None, price: Price) -> Sell:
    """What we charge for a seat that costs `price`. A price that is not known makes ours unknown, never nothing."""
    if relative is None:
        return Sell(rule=fixed, basis=fixed_words(fixed))
    if isinstance(price, UnknownPrice):
        return Sell(rule=None, unknown=price.reason, code=price.code)
    months = 12 if relative.every == "year" else 1
    base = _list_month(price) if relative.base == "list" else _cost_month(price)
    if isinstance(base, str):
        return Sell(rule=None, unknown=base)
    if base.currency != relative.currency:
        why = f"the list is in {base.currency}, our price in {relative.currency}, and seats are never converted"
        return Sell(rule=None, unknown=why)
    exact = base * ((1 + relative.change) * months)
    rounded = exact.rounded(Rounding.HALF_UP)
    rule = SellRule(
        per_seat=rounded.amount, currency=rounded.currency, every=relative.every, allocate=relative.allocate
    )
    return Sell(rule=rule, basis=_basis(relative, base, price, exact), exact=exact.value)


def fixed_words(rule: SellRule | None) -> str:
    """A fixed price in words: "fixed: 18.50 EUR a seat and month"."""
    return f"fixed: {rule_words(rule)}" if rule is not None else ""


def rule_words(rule: SellRule | None) -> str:
    """A price of ours in words: "18.50 EUR a seat and month"."""
    return f"{Money(rule.per_seat, rule.currency)} a seat and {rule.every}" if rule is not None else "no price"


def change_words(before: SellRule | None, after: SellRule | None) -> str:
    """A change of price in words: "17.00 → 18.50 EUR a seat and month"."""
    if before is not None and after is not None and (before.currency, before.every) == (after.currency, after.every):
        old, _, _currency = str(Money(before.per_seat, before.currency)).rpartition(" ")
        return f"{old} → {rule_words(after)}"
    return f"{rule_words(before)} → {rule_words(after)}"


def share_words(change: Fraction) -> str:
    """A share in words: "5 % less", "12.5 % more", "the same"."""
    if not change:
        return "unchanged"
    percent = abs(change) * 100
    text = f"{(Decimal(percent.numerator) / percent.denominator).normalize():f}"
    return f"{text} % {'more' if change > 0 else 'less'}"


def same_price(one: SellRule | None, other: SellRule | None) -> bool:
    """Whether two rules charge the same; how a bundle's price is shared out changes no charge."""
    if one is None or other is None:
        return one is other
    return (one.per_seat, one.currency, one.every) == (other.per_seat, other.currency, other.every)


def _list_month(price: UnitPrice) -> ExactMoney | str:
    if price.erp_term is None:
        return "the price list says no list price (ERP) beside the cost"
    if price.erp_term.amount <= 0:
        return f"the list price (ERP) is {price.erp_term}, which is no price"
    if not price.term.months:
        return "a licence that is paid once has no price a month"
    return price.erp_term.exact() * Fraction(1, price.term.months)


def _cost_month(price: UnitPrice) -> ExactMoney | str:
    months = price.billing.months
    if months is None:
        return "a licence that is paid once has no cost a month"
    return price.cycle_price.exact() * Fraction(1, months)  # the instalment is what is charged to us


def _basis(relative: RelativeSell, base: ExactMoney, price: UnitPrice, exact: ExactMoney) -> str:
    what = "list price (ERP)" if relative.base == "list" else "cost"
    month = base.rounded(Rounding.HALF_UP)
    shown = str(month) if Fraction(month.amount) == base.value else f"{month} ({base.value})"
    return (
        f"{what} {shown} a seat and month by {list_words(price)} "
        f"({price.term} {price.billing}), {share_words(relative.change)}: exactly {exact.value} a {relative.every}"
    )
