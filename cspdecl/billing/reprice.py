"""The record of a change of our own price: from now on, for every seat, and nothing charged for the past.

What was charged stays charged: our price is paid in advance, so the running month or year keeps the price it began
with, and the next one is at the new price. Seats that change in between are counted at the new one. The record
therefore has no charge lines, only what changes every month or year from its time on.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from cspdecl.commerce.prices import sell_amount
from cspdecl.commerce.selling import change_words
from cspdecl.core.action import Reprice
from cspdecl.core.desired import RelativeSell, SellRule
from cspdecl.core.money import ExactMoney, Money, Rounding
from cspdecl.core.records import BillingChange, Recorded


def in_force(declared: SellRule | RelativeSell | None, last: Recorded) -> SellRule | None:
    """What is charged: the price the books last said, until a plan changes it; shared out as is declared now."""
    if last.sell is None or declared is None:
        return last.sell
    return replace(last.sell, allocate=declared.allocate)


def with_reprice(change: BillingChange, action: Reprice, *, seats: int) -> BillingChange:
    """The record of an address with another price of the line's own. `seats` it holds for, before and after."""
    change = replace(change, origin="reprice", basis=_basis(action, seats))
    rule = action.after
    delta = _delta(action, seats)
    if rule is None:  # taken back: the unit is gone, what it was is in the difference
        return replace(change, sell_currency=None, sell_unit=None, sell_every=None, recurring_sell_delta=delta)
    return replace(
        change, sell_currency=rule.currency, sell_unit=Money(rule.per_seat, rule.currency), sell_every=rule.every,
        recurring_sell_delta=delta,
    )  # fmt: skip


def with_bundle_reprice(change: BillingChange, action: Reprice, *, seats: int) -> BillingChange:
    """The anchor's record with another price of its bundle, for so many billed bundle seats."""
    rule = action.after
    return replace(
        change,
        origin="reprice",
        basis=_basis(action, seats),
        bundle_quantity_before=Decimal(seats),
        bundle_quantity_after=Decimal(seats),
        bundle_sell_unit=Money(rule.per_seat, rule.currency) if rule else None,
        bundle_sell_every=rule.every if rule else None,
        bundle_recurring_sell_delta=_delta(action, seats),
    )


def _delta(action: Reprice, seats: int) -> Money | None:
    """What changes every month, or every year where both prices are yearly; None across currencies."""
    before, after = action.before, action.after
    given = [rule for rule in (before, after) if rule is not None]
    if not given or len({rule.currency for rule in given}) > 1:
        return None
    if len({rule.every for rule in given}) == 1:
        nothing = Money.zero(given[0].currency)
        return _amount(after, seats, nothing) - _amount(before, seats, nothing)
    # a yearly price became a monthly one or the other way round: by what the new one counts in
    every = given[-1].every
    parts = [_in(rule, every, seats) * sign for rule, sign in ((before, -1), (after, 1)) if rule is not None]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total.rounded(Rounding.HALF_UP)


def _amount(rule: SellRule | None, seats: int, nothing: Money) -> Money:
    return sell_amount(rule, seats) if rule is not None else nothing


def _in(rule: SellRule, every: str, seats: int) -> ExactMoney:
    amount = Money(rule.per_seat, rule.currency).exact() * seats
    months = {"month": 1, "year": 12}
    return ExactMoney(amount.value * months[every] / months[rule.every], amount.currency)


def _basis(action: Reprice, seats: int) -> str:
    whose = "the bundle's price" if action.bundle is not None else "our price"
    how = f"; {action.basis}" if action.basis else ""
    return (
        f"{whose} {change_words(action.before, action.after)} for {seats} seats from now on{how}; "
        "what was charged already stays"
    )
