"""Proration by days: what a change in the middle of a charge cycle costs or returns, to the cent and exactly.

The rule (commerce rules 2023-10, contract §17): every change wipes the whole old quantity for the rest of the cycle
and charges the whole new one; the day of the change counts as changed. factor = billable days / days of the cycle,
both inclusive; a full cycle is never prorated. Microsoft's published numbers follow two roundings, so rounding is a
named profile: seat changes cut the line, everything else cuts the unit. Both differ by less than a cent a seat.
All results are estimates until an invoice says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Literal

from cspdecl.commerce.prices import UnknownPrice, list_words
from cspdecl.core.live import LiveSubscription
from cspdecl.core.money import ExactMoney, Money, Rounding
from cspdecl.core.project import UnitPrice
from cspdecl.core.records import ChargeKind, ChargeLine
from cspdecl.core.terms import Cycle, cycle_containing

Profile = Literal["msft.unit_down.v1", "msft.line_down.v1", "halfup.v1", "unit_halfup.v1"]

_CLAMPED = timedelta(days=3)  # the most that a month's end moves a day
UNIT_DOWN: Profile = "msft.unit_down.v1"
LINE_DOWN: Profile = "msft.line_down.v1"
HALF_UP: Profile = "halfup.v1"
UNIT_HALF_UP: Profile = "unit_halfup.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a change would do to the cost. None is unknown, and `unknown` says why.

    `cost_cycle`: change a charge cycle. `cost_now`: for the rest of the running cycle, rounded as Microsoft rounds,
    with `cost_now_exact` beside it; `days` of `cycle_days` are charged.
    """

    cost_cycle: Money | None
    cost_now: Money | None
    cost_now_exact: ExactMoney | None
    days: int | None
    cycle_days: int | None
    basis: str
    unknown: tuple[str, ...] = ()


def profile_of(kind: ChargeKind) -> Profile:
    """The rounding that reproduces Microsoft's worked tables for a type of charge."""
    return LINE_DOWN if kind in ("add_quantity", "remove_quantity") else UNIT_DOWN


def charge_lines(
    *, price: UnitPrice, before: int, after: int, cycle: Cycle, on: date, kind: ChargeKind
) -> tuple[ChargeLine, ...]:
    """The lines of a change of quantity on `on`: wipe `before`, charge `after`, for the rest of `cycle`."""
    unit = price.cycle_price.exact()
    return prorated_lines(unit=unit, before=before, after=after, cycle=cycle, on=on, profile=profile_of(kind))


def prorated_lines(
    *, unit: ExactMoney, before: int, after: int, cycle: Cycle, on: date, profile: Profile
) -> tuple[ChargeLine, ...]:
    """As `charge_lines`, for any price of one unit a cycle. Raises ValueError when `on` is outside the cycle."""
    if not cycle.start <= on <= cycle.end:
        raise ValueError(f"{on} is not in the cycle {cycle.start} to {cycle.end}")
    if before < 0 or after < 0:
        raise ValueError("quantities are never negative")
    factor = Fraction(cycle.days_from(on), cycle.days)
    sides: tuple[tuple[Literal["wipe", "charge"], int, int], ...] = (("wipe", before, -1), ("charge", after, 1))
    lines = []
    for role, quantity, sign in sides:
        if not quantity:
            continue
        effective = unit * (factor * sign)
        exact = effective * quantity
        lines.append(
            ChargeLine(
                role=role,
                quantity=quantity,
                unit_effective=effective.value,
                amount=rounded_line(effective, quantity, profile),
                amount_exact=exact.value,
                charge_start=on,
                charge_end_inclusive=cycle.end,
                basis=_line_basis(unit, role, quantity, cycle, on),
            )
        )
    return tuple(lines)


def rounded_line(unit_effective: ExactMoney, quantity: int | Fraction, profile: Profile) -> Money:
    """A line's amount in minor units: the unit cut or rounded half-up, then multiplied; or the other way round."""
    if profile in (UNIT_DOWN, UNIT_HALF_UP):
        first = Rounding.DOWN if profile == UNIT_DOWN else Rounding.HALF_UP
        return (unit_effective.rounded(first).exact() * quantity).rounded(first)
    how = Rounding.DOWN if profile == LINE_DOWN else Rounding.HALF_UP
    return (unit_effective * quantity).rounded(how)


def lines_amount(lines: tuple[ChargeLine, ...], currency: str) -> Money:
    """The sum of rounded lines: what the change costs (positive) or returns (negative)."""
    nothing = ExactMoney(Fraction(0), currency).rounded(Rounding.DOWN)
    return sum((line.amount for line in lines), nothing)


def lines_exact(lines: tuple[ChargeLine, ...], currency: str) -> ExactMoney:
    """The sum of unrounded lines."""
    return ExactMoney(sum((line.amount_exact for line in lines), Fraction(0)), currency)


def preview_change(
    *, price: UnitPrice | UnknownPrice, before: int, after: int, cycle: Cycle | None, on: date
) -> Preview:
    """What changing `before` to `after` seats on `on` would do to the cost; nothing bought yet is `before` = 0."""
    if isinstance(price, UnknownPrice):
        return _unknown(None, price.reason)
    cost_cycle = price.cycle_price * (after - before)
    if cycle is None:
        return _unknown(cost_cycle, "the charge cycle is not known, so the share for the days left is not either")
    if not cycle.start <= on <= cycle.end:
        return _unknown(cost_cycle, f"{on} is outside the charge cycle {cycle.start} to {cycle.end}")
    lines = charge_lines(price=price, before=before, after=after, cycle=cycle, on=on, kind=kind_of(before, after))
    currency = price.cycle_price.currency
    days = cycle.days_from(on)
    return Preview(
        cost_cycle=cost_cycle,
        cost_now=lines_amount(lines, currency),
        cost_now_exact=lines_exact(lines, currency),
        days=days,
        cycle_days=cycle.days,
        basis=_basis(price, before, after, days, cycle.days),
    )


def kind_of(before: int, after: int) -> ChargeKind:
    """The type of charge a change of quantity is, judged by its two ends."""
    if before == 0:
        return "new"
    if after == 0:
        return "cancel_immediate"
    return "add_quantity" if after > before else "remove_quantity"


def commitment(
    *,
    price: UnitPrice | UnknownPrice,
    seats: int,
    on: date,
    term_starts: date | datetime,
    term_ends: datetime,
    anchor: date | None = None,
) -> Money | None:
    """What `seats` still cost from `on` to the end of the term once they can no longer be returned.

    The rest of the running cycle by days, every later cycle in full, a last cycle that the term cuts short by days.
    `term_ends` is exclusive. Charge cycles start at `anchor`, else at the start of the term. None: price unknown.
    """
    if not isinstance(price, UnitPrice) or price.billing.months is None:
        return None
    last = _last_day(term_ends)
    start = anchor or (term_starts.date() if isinstance(term_starts, datetime) else term_starts)
    unit = price.cycle_price.exact()
    total = Money.zero(unit.currency)
    day = on
    while day <= last:
        cycle = cycle_containing(start, day, term=price.term, billing=price.billing)
        days = (min(cycle.end, last) - day).days + 1
        total += rounded_line(unit * Fraction(days, cycle.days), seats, LINE_DOWN)
        day = cycle.end + timedelta(days=1)
    return total


def cycle_of(subscription: LiveSubscription, on: date) -> Cycle | None:
    """The charge cycle of a subscription that holds `on`; None where it has none or says too little.

    Cycles start at the term's first day. Where the provider names another end of the running cycle (coterminous
    terms are anchored on the day after it), that end wins; one that is only a month's end away is a clamped day, from
    which the documented cycles could not be counted on.
    """
    if subscription.term is None or subscription.billing is None or subscription.billing.months is None:
        return None
    if subscription.term_ends is not None and on > _last_day(subscription.term_ends):
        return None
    cycle = cycle_containing(subscription.term_started.date(), on, term=subscription.term, billing=subscription.billing)
    if subscription.cycle_ends is not None:
        stated = _last_day(subscription.cycle_ends)
        if on <= stated and abs(stated - cycle.end) > _CLAMPED:
            anchor = stated + timedelta(days=1)
            cycle = cycle_containing(anchor, on, term=subscription.term, billing=subscription.billing)
    return cycle


def _last_day(exclusive: datetime) -> date:
    return (exclusive - timedelta(microseconds=1)).date()


def _unknown(cost_cycle: Money | None, reason: str) -> Preview:
    return Preview(
        cost_cycle=cost_cycle,
        cost_now=None,
        cost_now_exact=None,
        days=None,
        cycle_days=None,
        basis=f"unknown: {reason}",
        unknown=(reason,),
    )


def _basis(price: UnitPrice, before: int, after: int, days: int, cycle_days: int) -> str:
    share = "a full cycle" if days == cycle_days else f"{days} of {cycle_days} days"
    return (
        f"{before} → {after} seats at {price.cycle_price} a seat and cycle, {list_words(price)}, "
        f"{share}; an estimate until invoiced"
    )


def _line_basis(unit: ExactMoney, role: str, quantity: int, cycle: Cycle, on: date) -> str:
    days = cycle.days_from(on)
    share = f"full cycle of {cycle.days} days" if days == cycle.days else f"{days} of {cycle.days} days"
    verb = "returned" if role == "wipe" else "charged"
    return f"{quantity} × {unit.rounded(Rounding.HALF_UP)} for {share} from {on}, {verb}"
