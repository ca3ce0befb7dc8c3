"""Terms and billing cycles of new commerce, and the calendar arithmetic on them.

Source of the cycle rules: Microsoft, common billing scenarios and reconciliation pages, edition 2023-10; all 38
documented cycles follow from `cycle_start`. Dates are UTC days.
"""

from __future__ import annotations

import calendar
import enum
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta


class Term(enum.StrEnum):
    """How long a commitment runs, as ISO 8601 durations. `OneTime`: a perpetual licence, owned for good."""

    P1M = "P1M"
    P1Y = "P1Y"
    P3Y = "P3Y"
    ONCE = "OneTime"

    @property
    def months(self) -> int:
        """Length in months; 0 where nothing runs."""
        return {"P1M": 1, "P1Y": 12, "P3Y": 36, "OneTime": 0}[self.value]


class BillingCycle(enum.StrEnum):
    """How often a term is charged. `none` is a trial, `one_time` a perpetual licence."""

    MONTHLY = "monthly"
    ANNUAL = "annual"
    TRIENNIAL = "triennial"
    NONE = "none"
    ONE_TIME = "one_time"

    @property
    def months(self) -> int | None:
        """Months in one charge cycle, or None where nothing recurs."""
        return {"monthly": 1, "annual": 12, "triennial": 36}.get(self.value)


def cycles_in(term: Term, billing: BillingCycle) -> int | None:
    """Charge cycles in one term (P1Y monthly: 12), or None where the pair makes no sense."""
    if term is Term.ONCE or billing is BillingCycle.ONE_TIME:
        return 1 if (term, billing) == (Term.ONCE, BillingCycle.ONE_TIME) else None
    months = billing.months
    if months is None or months > term.months:
        return None
    return term.months // months


def add_months(day: date, months: int) -> date:
    """The same day so many months later, clamped to the month's end."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def cycle_start(anchor: date, index: int, *, months: int, term: Term) -> date:
    """First day of the charge cycle number `index` (0 = the one that starts at the anchor).

    Longer terms billed monthly and bought on the last or second-last day of a month keep that distance from the
    month's end; everything else keeps the day, clamped (commerce rules 2023-10). A new term begins on the anniversary,
    clamped: around 29 February the two differ by a day, and a term holds whole cycles, twelve a year.
    """
    start = add_months(anchor, index * months)
    if term is not Term.P1M and months == 1 and index % term.months:
        distance = calendar.monthrange(anchor.year, anchor.month)[1] - anchor.day
        if distance <= 1:
            return start.replace(day=calendar.monthrange(start.year, start.month)[1] - distance)
    return start


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One charge cycle: first day and last day, both inclusive, as Microsoft prints them."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """Inclusive length."""
        return (self.end - self.start).days + 1

    def days_from(self, day: date) -> int:
        """Billable days when something changes on `day`: that day to the end, inclusive."""
        return (self.end - day).days + 1


def cycle_containing(anchor: date, day: date, *, term: Term, billing: BillingCycle) -> Cycle:
    """The charge cycle that holds `day`, for a subscription whose cycles start at `anchor` (any one before it)."""
    months = billing.months
    if months is None:
        raise ValueError(f"billing `{billing}` has no charge cycles")
    index = ((day.year - anchor.year) * 12 + day.month - anchor.month) // months
    while cycle_start(anchor, index, months=months, term=term) > day:
        index -= 1
    while cycle_start(anchor, index + 1, months=months, term=term) <= day:
        index += 1
    start = cycle_start(anchor, index, months=months, term=term)
    return Cycle(start=start, end=cycle_start(anchor, index + 1, months=months, term=term) - timedelta(days=1))


def term_end(start: date, term: Term) -> date:
    """Last day of a term that begins on `start`, inclusive (31 Jan 2021 + P1Y: 30 Jan 2022)."""
    return add_months(start, term.months) - timedelta(days=1)


def at_midnight(day: date) -> datetime:
    """The first instant of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
