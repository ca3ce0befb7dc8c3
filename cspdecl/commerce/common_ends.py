"""For a quote: the days a first term may end, each with its length and the term after it, and why some days may not.

Offline, by the documented rules (`commerce.coterm`); before a purchase the provider is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from cspdecl.commerce.coterm import Running, allowed_ends, last_month_end, shared_end, term_after
from cspdecl.core.terms import Cycle, Term, term_end


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonEnd:
    """One allowed last day. `shared_with`: the ends given that it belongs to. `first` is the short first term."""

    day: date
    aligned: Literal["month", "subscription"]
    shared_with: tuple[str, ...]
    first: Cycle
    following: Cycle


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonEnds:
    """All of them, the earliest first; `full` is the term as it would be without; `notes` say what was left out."""

    term: Term
    start: date
    full: Cycle
    ends: tuple[CommonEnd, ...]
    notes: tuple[str, ...]


def common_ends(term: Term, start: date, given: Iterable[tuple[date, tuple[str, ...]]]) -> CommonEnds:
    """What is allowed for a purchase on `start`. `given`: last days of running subscriptions, with their terms;
    without a term, any that a subscription can have. Raises OverflowError or ValueError beyond the calendar."""
    running, notes = [], []
    for day, terms in given:
        candidates = [Term(name) for name in terms] or [one for one in Term if one.months]
        shared = [
            Running(end=day, term=one, id=f"{day}:{one}")
            for one in candidates
            if shared_end(term, start, Running(end=day, term=one)) is not None
        ]
        if not shared:
            notes.append(f"{day} cannot be shared: {_why(term, start, day, candidates)}")
        elif not terms and len({shared_end(term, start, one) for one in shared}) > 1:
            notes.append(f"which day is shared with {day} depends on that subscription's term: write {day}:P1Y or such")
        running += shared
    ends = tuple(
        CommonEnd(
            day=item.day,
            aligned=item.aligned,
            shared_with=item.subscriptions,
            first=Cycle(start=start, end=item.day),
            following=Cycle(start=term_after(item.day, term)[0], end=term_after(item.day, term)[1]),
        )
        for item in allowed_ends(term, start, existing=running)
    )
    return CommonEnds(
        term=term, start=start, full=Cycle(start=start, end=term_end(start, term)), ends=ends, notes=tuple(notes)
    )


def _why(term: Term, start: date, day: date, candidates: list[Term]) -> str:
    if term is not Term.P1M and set(candidates) == {Term.P1M}:
        return f"a term of {term} cannot end together with a monthly one"
    if day < start:
        return f"it is before {start}, and no later end of it lies inside the term"
    longest = term_end(start, term)
    if day > longest:
        return f"it is after {longest}, the last day of the term"
    if term is Term.P1M and day != last_month_end(day):
        return "a monthly term ends on a 28th, 29th or 30th only where that is the month's last day"
    return "no end of it lies inside the term"
