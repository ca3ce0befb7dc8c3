"""What of a charge cycle a quoted change is charged for: which cycle holds the day, how many days of it, or all of it.

Days of a cycle are its inclusive length; the pages' words, "days of the month it starts in", differ from that only
where a cycle begins at a month's end, and can be asked for (contract §17, 2023-10).
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

from cspdecl.commerce.cycles import cycle_months
from cspdecl.commerce.figures import CHARGE_NAMES, Figures, Refused, refuse
from cspdecl.core.records import ChargeKind
from cspdecl.core.terms import BillingCycle, Cycle, Term, add_months, cycle_start

#: Charges that fall on the first day of a cycle and take all of it.
_WHOLE: tuple[ChargeKind, ...] = ("renew", "cycle_charge")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What is charged: `days` of `of` (or months), from `start` to `end`, both inclusive; None: unknown, not needed."""

    by: Literal["days", "months", "whole"]
    days: int | None = None
    of: int | None = None
    start: date | None = None
    end: date | None = None
    cycle: Cycle | None = None
    notes: tuple[str, ...] = ()

    @property
    def factor(self) -> Fraction:
        """The share of a cycle's price."""
        return Fraction(1) if self.by == "whole" or not self.of else Fraction(self.days or 0, self.of)


def span_of(figures: Figures, charge: ChargeKind, basis: str, *, arriving: bool = False) -> Span:
    """The slice that a charge is for. `arriving`: of the other offer, where a new term may begin on the day.

    Raises Refused where the dates contradict each other or say too little.
    """
    term, billing = figures.term, figures.billing
    on, anchor = figures.on, figures.anchor
    if arriving and (figures.to_term or figures.to_billing):
        term, billing = figures.to_term or term, figures.to_billing or billing
        if figures.to_term is not None and on is not None:
            anchor = on  # another term begins with the change, and its first cycle with it
    if figures.counted is not None:
        return _counted(figures.counted, on, basis)
    if charge == "usage":
        return Span(by="whole", start=on, end=on)
    if Term.ONCE is term or BillingCycle.ONE_TIME is billing:
        return Span(by="whole", start=on, notes=("bought for good: charged once and returned in full, never by days",))
    if on is None and anchor is None:
        return Span(by="whole", notes=("no day given: amounts are for a whole cycle",))
    day = on or anchor or date.min
    first = anchor or day
    _in_order(day, first, figures.cycle_end)
    last = figures.cycle_end if first == figures.anchor or figures.anchor is None else None
    cycle = _cycle(term, billing, first, day, last)
    if cycle is None:
        return _without_cycle(figures, charge, day, first)
    if anchor is None and charge not in (*_WHOLE, "new"):
        whole = _slice(cycle, day, basis, figures.start_month)
        return replace(whole, notes=("no `--cycle-start` given: the day is taken for the first of its cycle",))
    if charge in _WHOLE and day != cycle.start:
        raise _not_first_day(charge if figures.charge else None, day, cycle)
    return _slice(cycle, day, basis, figures.start_month)


def _cycle(term: Term | None, billing: BillingCycle | None, first: date, day: date, last: date | None) -> Cycle | None:
    if last is not None:
        return Cycle(start=first, end=last)
    if term is None and billing is None:
        return None
    if term is None and billing is not None:
        term = {12: Term.P1Y, 36: Term.P3Y}.get(billing.months or 0, Term.P1M)
    if term is Term.P1M and billing is None:
        billing = BillingCycle.MONTHLY  # it has no other
    if term is None or billing is None or (months := cycle_months(term, billing)) is None:
        return None
    index = ((day.year - first.year) * 12 + day.month - first.month) // months
    while cycle_start(first, index, months=months, term=term) > day:
        index -= 1
    while cycle_start(first, index + 1, months=months, term=term) <= day:
        index += 1
    start = cycle_start(first, index, months=months, term=term)
    return Cycle(start=start, end=cycle_start(first, index + 1, months=months, term=term) - timedelta(days=1))


def _slice(cycle: Cycle, day: date, basis: str, start_month: bool) -> Span:
    if day == cycle.start:
        return Span(by="whole", days=cycle.days, of=cycle.days, start=day, end=cycle.end, cycle=cycle)
    if basis == "months":
        left, of = _months(cycle, day)
        return Span(by="months", days=left, of=of, start=day, end=cycle.end, cycle=cycle)
    of = cycle.days
    if start_month and of < 32:
        of = calendar.monthrange(cycle.start.year, cycle.start.month)[1]
    return Span(by="days", days=cycle.days_from(day), of=of, start=day, end=cycle.end, cycle=cycle)


def _months(cycle: Cycle, day: date) -> tuple[int, int]:
    of, gone = 0, None
    while (begins := add_months(cycle.start, of)) <= cycle.end:
        gone = of if begins == day else gone
        of += 1
    if gone is None:
        raise refuse(
            "CSP641",
            f"{day} begins no month of the cycle {cycle.start} to {cycle.end}, and this counts by months",
            hint=f"a plan changed on the {cycle.start.day}. of a month",
        )
    return of - gone, of


def _counted(counted: tuple[int, int], on: date | None, basis: str) -> Span:
    days, of = counted
    end = on + timedelta(days=days - 1) if on is not None and basis != "months" else None
    return Span(by="months" if basis == "months" else "days", days=days, of=of, start=on, end=end)


def _without_cycle(figures: Figures, charge: ChargeKind, day: date, first: date) -> Span:
    if day == first:
        return Span(by="whole", start=day, notes=("no term and billing plan given: amounts are for a whole cycle",))
    if charge == "cancel_immediate" and figures.term is None:
        # marketplace subscriptions are returned in full inside their window (cancellation policy, 2026-08)
        return Span(by="whole", start=day, notes=("no term given: returned in full, as marketplace subscriptions are",))
    raise refuse(
        "CSP641",
        f"which charge cycle holds {day} cannot be told from its first day {first} alone",
        hint="give `--term` and `--billing`, or the cycle's last day as `--cycle-end`, or `--days 28/30`",
    )


def _in_order(day: date, first: date, last: date | None) -> None:
    if day < first:
        raise refuse(
            "CSP641",
            f"{day} is before the cycle that starts on {first}",
            hint="`--cycle-start` is the first day of any charge cycle on or before `--on`",
        )
    if last is not None and not first <= day <= last:
        raise refuse(
            "CSP641",
            f"{day} is not in the cycle {first} to {last}",
            hint="give a day of it, or leave `--cycle-end` out",
        )


def _not_first_day(charge: ChargeKind | None, day: date, cycle: Cycle) -> Refused:
    if charge is None:
        hint = "say which seats there are before and after; what a whole cycle costs is asked for its first day"
        return refuse("CSP643", f"on {day} nothing changes: as many seats after as before", hint=hint)
    following = cycle.end + timedelta(days=1)
    return refuse(
        "CSP641",
        f"{CHARGE_NAMES[charge]} falls on the first day of a cycle, and {day} is inside {cycle.start} to {cycle.end}",
        hint=f"give {cycle.start} or {following}",
    )
