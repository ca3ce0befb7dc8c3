"""How dates, instants and counts read in a sentence: the same everywhere, without locale."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cspdecl.core.live import LiveSubscription, NextTerm


def day(moment: datetime) -> str:
    """The UTC day of an instant, "2027-03-01": the first day of something."""
    return moment.astimezone(UTC).date().isoformat()


def last_day(exclusive: datetime) -> str:
    """The last full day before an exclusive end, "2027-03-14" for a term that ends at 2027-03-15 00:00."""
    return day(exclusive - timedelta(microseconds=1))


def instant(moment: datetime) -> str:
    """An instant to the minute, "2026-11-25 09:30 UTC"; rounded down, so that a deadline is never printed late."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def seats(count: int) -> str:
    """A count of seats: "1 seat", "3 seats"."""
    return counted(count, "seat")


def stay_billed(count: int) -> str:
    """What held-back seats do: "1 seat stays billed", "3 seats stay billed"."""
    return f"{seats(count)} {'stays' if count == 1 else 'stay'} billed"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: "1 line", "2 lines"."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def listed(items: Sequence[str], *, final: str = "or") -> str:
    """A list in words: "a", "a or b", "a, b or c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {final} {items[-1]}"


def next_term_words(following: NextTerm | None, live: LiveSubscription) -> str:
    """What a scheduled renewal brings, beside what runs: "17 seats, as PID:SID, P3Y billed annual"."""
    if following is None:
        return "nothing"
    parts = [seats(following.seats)]
    if following.offer != live.offer:
        parts.append(f"as {following.offer}")
    if (following.term, following.billing) != (live.term, live.billing):
        parts.append(f"{following.term} billed {following.billing}")
    if following.ends is not None:
        parts.append(f"until {following.ends}")
    if following.promotion is not None:
        parts.append(f"with promotion {following.promotion}")
    return ", ".join(parts)
