"""Common end dates: on which last days a first term may be made to end, and what its short first charge covers.

The provider's answer decides for a purchase (`AskTermEnds`); these are the documented rules behind it, for customers
that do not exist yet, for renewals, which it does not answer for, and for `quote`. Days are last days, inclusive.
Sources: align-subscription-end-dates and billing-basics pages, 2023-10 (contract §13.6, commerce rules §2.6).
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from cspdecl.core.inquiry import TermEnd
from cspdecl.core.terms import BillingCycle, Cycle, Term, add_months, cycle_containing, term_end

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A subscription of ours that an end could be shared with: the last day of its term, and the term's length."""

    end: date
    term: Term
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstCycle:
    """The first charge of a term that is cut short: `charged` is what is paid for, out of the `full` cycle that would
    end on the same day. That share is inferred: no published number shows it, so money built on it is an estimate."""

    charged: Cycle
    full: Cycle

    @property
    def share(self) -> Fraction:
        """The part of a full cycle's price that is charged."""
        return Fraction(self.charged.days, self.full.days)


def allowed_ends(term: Term, purchase: date, *, existing: Iterable[Running] = ()) -> tuple[TermEnd, ...]:
    """Last days that the first term of something bought on `purchase` may be given, the earliest first.

    The last month's end inside the term, always; and for each running subscription the latest of its ends inside the
    term, this one or a later one of its own rhythm. `existing` holds paid licences bought by us for this customer:
    neither trials nor another partner's. Nothing for what has no term.
    """
    if not term.months:
        return ()
    longest = term_end(purchase, term)
    ends: dict[date, list[str]] = {}
    for one in existing:
        day = shared_end(term, purchase, one)
        if day is not None:
            ends.setdefault(day, []).append(one.id)
    found = [
        TermEnd(day=day, aligned="subscription", subscriptions=tuple(sorted(filter(None, ids))))
        for day, ids in ends.items()
    ]
    month = last_month_end(longest)
    if month >= purchase:
        found.append(TermEnd(day=month, aligned="month"))
    return tuple(sorted(found, key=lambda item: (item.day, item.aligned)))


def shared_end(term: Term, purchase: date, other: Running) -> date | None:
    """The day a new subscription may end together with `other`; None where the two cannot end together.

    A year or three cannot follow a month; a month follows anything, but no 28th, 29th or 30th that is not a month's
    end (contract §13.6). A longer new term takes the last anniversary of the other's end that lies inside it.
    """
    if not other.term.months or (term is not Term.P1M and other.term is Term.P1M):
        return None
    longest, day, index = term_end(purchase, term), None, 0
    while (candidate := add_months(other.end, index * other.term.months)) <= longest:
        if candidate >= purchase:
            day = candidate
        index += 1
    if day is None or (term is Term.P1M and day.day in (28, 29, 30) and not is_month_end(day)):
        return None
    return day


def term_after(end: date, term: Term) -> tuple[date, date]:
    """First and last day of the full term that follows one ending on `end`."""
    start = end + _ONE_DAY
    return start, term_end(start, term)


def last_month_end(day: date) -> date:
    """The latest end of a month on or before `day`."""
    return day if is_month_end(day) else day.replace(day=1) - _ONE_DAY


def is_month_end(day: date) -> bool:
    """Whether `day` is the last of its month."""
    return day.day == calendar.monthrange(day.year, day.month)[1]


def first_cycle(purchase: date, end: date, *, term: Term, billing: BillingCycle) -> FirstCycle:
    """The first charge of a term bought on `purchase` that ends on `end`: later cycles start on the day after `end`.

    Raises ValueError where the billing plan has no cycles, or the end lies before the purchase.
    """
    if end < purchase:
        raise ValueError(f"a term bought on {purchase} cannot end on {end}")
    full = cycle_containing(end + _ONE_DAY, purchase, term=term, billing=billing)
    return FirstCycle(charged=Cycle(start=purchase, end=full.end), full=full)
