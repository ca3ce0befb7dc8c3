"""Calendar arithmetic of terms and charge cycles.

Sources: commerce §2.5 (cycle dates), contract §12 (inclusive last day), §13.5 (which plans a term has), §17 (anchors).
"""

from __future__ import annotations

import calendar
from datetime import datetime

from .wire import DAY, midnight

MONTHS = {"P1M": 1, "P1Y": 12, "P3Y": 36}
CYCLE_MONTHS = {"monthly": 1, "annual": 12, "triennial": 36, "biennial": 24}
PLANS = {  # contract §13.5 (2025-04): the billing plans a term can be bought with
    "P1M": ("monthly",),
    "P1Y": ("monthly", "annual"),
    "P3Y": ("monthly", "annual", "triennial"),
}
NEVER = datetime.fromisoformat("9999-12-31T00:00:00+00:00")


def add_months(day: datetime, months: int) -> datetime:
    """Same day of a later month, clipped to that month's last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1]))


def is_month_end(day: datetime) -> bool:
    return day.day == calendar.monthrange(day.year, day.month)[1]


def next_term_start(start: datetime, term: str) -> datetime:
    """00:00 UTC of the day after a full term that begins on `start`."""
    return add_months(midnight(start), MONTHS[term])


def cycle_starts(start: datetime, end: datetime, cycle: str, term: str) -> list[datetime]:
    """First days of the charge cycles of one term `[start, end)`.

    A long term billed monthly and begun on the last or second-last day of a month keeps that distance (commerce §2.5).
    """
    first, months = midnight(start), CYCLE_MONTHS.get(cycle, 0)
    if not months:
        return [first]
    from_end = calendar.monthrange(first.year, first.month)[1] - first.day
    keeps_distance = cycle == "monthly" and term in ("P1Y", "P3Y") and from_end <= 1
    starts, step = [first], 1
    while True:
        following = add_months(first, step * months)
        if keeps_distance and step % MONTHS[term]:  # a term has whole cycles, twelve a year
            last = calendar.monthrange(following.year, following.month)[1]
            following = following.replace(day=last - from_end)
        if following >= end:
            return starts
        starts.append(following)
        step += 1


def whole_cycles(term: str, cycle: str) -> int:
    """How many times a full term is charged under a plan; one for plans without a rhythm."""
    months = CYCLE_MONTHS.get(cycle, 0)
    return max(1, MONTHS.get(term, 0) // months) if months else 1


def last_day(end: datetime) -> datetime:
    """Midnight of the inclusive last day of a term ending at `end` (exclusive)."""
    return midnight(end - DAY) if end < NEVER else end
