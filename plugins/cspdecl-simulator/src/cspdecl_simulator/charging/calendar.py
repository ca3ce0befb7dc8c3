"""Charge cycles of a term: from which day to which day one price pays.

Sources: commerce §2.5 (anchors, month ends), §2.6 (a shortened first term has its short cycle first), contract §17
(a cycle ends on the day before the next one starts).
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..terms import CYCLE_MONTHS, MONTHS, NEVER, add_months, next_term_start
from ..wire import Doc, midnight, moment

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One charge cycle: `start` its first charged day, `end` the first day after it, `whole` the first day it would
    have had were it not shortened at the beginning of a term.
    """

    start: datetime
    end: datetime
    whole: datetime

    @property
    def days(self) -> int:
        """How many days the full price pays for."""
        return (self.end - self.whole).days

    @property
    def is_short(self) -> bool:
        return self.start > self.whole

    @classmethod
    def once(cls, day: datetime) -> Cycle:
        """What is paid once: a day that stands for ever."""
        first = midnight(day)
        return cls(start=first, end=first + _DAY, whole=first)

    def rest(self, now: datetime) -> int:
        """Days from the day of `now`, which counts, to the last one."""
        return (self.end - max(self.start, midnight(now))).days


def keeps_distance(anchor: datetime, term: str, plan: str) -> bool:
    """A long term billed by the month and begun on the last or second-last day of one stays that far from its end."""
    from_end = calendar.monthrange(anchor.year, anchor.month)[1] - anchor.day
    return plan == "monthly" and term in ("P1Y", "P3Y") and from_end <= 1


def boundary(anchor: datetime, count: int, term: str, plan: str) -> datetime:
    """The first day of the cycle `count` cycles after the one that begins on `anchor`; before it when negative.

    A term has whole cycles: where one of 28 February ends a day later than that distance says, the last takes the day.
    """
    day = add_months(anchor, count * CYCLE_MONTHS[plan])
    if keeps_distance(anchor, term, plan) and count % MONTHS[term]:
        last = calendar.monthrange(day.year, day.month)[1]
        day = day.replace(day=last - (calendar.monthrange(anchor.year, anchor.month)[1] - anchor.day))
    return day


def usual_anchor(start: datetime, end: datetime, term: str) -> datetime:
    """The day cycles are counted from: the first of a full term, the day after a shortened one (commerce §2.6)."""
    full = term not in MONTHS or end == next_term_start(start, term)
    return midnight(start if full else end)


def cycle_at(
    start: datetime, end: datetime, term: str, plan: str, now: datetime, anchor: datetime | None = None
) -> Cycle:
    """The cycle of the term `[start, end)` that holds `now`; the first or the last one for an instant outside it.

    Without an `anchor` a full term is counted from its start, a shortened one back from its end.
    """
    first = midnight(start)
    if plan not in CYCLE_MONTHS or end >= NEVER:
        return Cycle(start=first, end=end, whole=first)
    anchor = anchor or usual_anchor(start, end, term)
    day = min(max(midnight(now), first), max(first, midnight(end - _DAY)))
    count = ((day.year - anchor.year) * 12 + day.month - anchor.month) // CYCLE_MONTHS[plan]
    while boundary(anchor, count, term, plan) > day:
        count -= 1
    while boundary(anchor, count + 1, term, plan) <= day:
        count += 1
    begins, follows = boundary(anchor, count, term, plan), boundary(anchor, count + 1, term, plan)
    return Cycle(start=max(first, begins), end=end if follows >= midnight(end) else follows, whole=begins)


def cycles(start: datetime, end: datetime, term: str, plan: str, anchor: datetime | None = None) -> Iterator[Cycle]:
    """Every cycle of a term, in order."""
    day = midnight(start)
    while day < end:
        cycle = cycle_at(start, end, term, plan, day, anchor)
        yield cycle
        day = cycle.end


def anchor_of(row: Doc) -> datetime:
    """The day the charge cycles of a subscription are counted from."""
    if row.get("anchor"):
        return moment(row["anchor"])
    return usual_anchor(moment(row["start"]), moment(row["end"]), row["term"])


def cycle_of(row: Doc, now: datetime) -> Cycle:
    """The charge cycle a subscription is in."""
    return cycle_at(moment(row["start"]), moment(row["end"]), row["term"], row["plan"], now, anchor_of(row))


def next_cycle(row: Doc) -> datetime | None:
    """When the next charge inside the running term is due; None when the term has none left."""
    paid = row.get("charged_to")
    if not paid or row["status"] not in ("active", "suspended"):
        return None
    due = moment(paid)
    return due if due < moment(row["end"]) else None
