"""Renewals as a calendar (iCalendar, RFC 5545): an entry at each last moment, with an alarm a week before.

The same renewal keeps its UID and, read at the same time, its very bytes. Instants are UTC, lines are folded at 75
octets, and texts of tenants are escaped twice: made harmless, then for the format.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from cspdecl.commerce.words import last_day, seats
from cspdecl.planning.renewals import Renewal, Renewals
from cspdecl.report.renewals import charged, happens, where_of
from cspdecl.report.safe import safe_text

_LONGEST = 75  # octets a line, its break not counted (RFC 5545 §3.1)


def render_calendar(found: Renewals) -> str:
    """The whole calendar, lines ending as the format wants. Monthly terms that simply go on are left out."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//cspdecl//renewals//EN",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{_text(f'Renewals of {safe_text(found.project)}')}",
    ]
    for item in found.items:
        if not item.routine:
            lines += _event(item, found.project, found.as_of)
    lines.append("END:VCALENDAR")
    return "".join(f"{line}\r\n" for text in lines for line in _folded(text))


def _event(item: Renewal, project: str, as_of: datetime) -> Iterator[str]:
    where, title = safe_text(where_of(item)), safe_text(item.title)
    what = "decide" if item.undecided else happens(item).partition(":")[0]
    summary = f"{where}: {title}, {seats(item.seats)}: {what}"
    yield "BEGIN:VEVENT"
    yield f"UID:{_uid(item, project)}"
    yield f"DTSTAMP:{_instant(as_of)}"
    yield f"DTSTART:{_instant(item.decide_by)}"
    yield f"SUMMARY:{_text(summary)}"
    yield f"DESCRIPTION:{_text(chr(10).join(_description(item)))}"
    yield f"CATEGORIES:{'UNDECIDED' if item.undecided else item.outcome.upper()}"
    yield "TRANSP:TRANSPARENT"
    for trigger in ("-P7D", "-P1D") if item.undecided else ("-P7D",):
        yield "BEGIN:VALARM"
        yield "ACTION:DISPLAY"
        yield f"TRIGGER:{trigger}"
        yield f"DESCRIPTION:{_text(summary)}"
        yield "END:VALARM"
    yield "END:VEVENT"


def _description(item: Renewal) -> Iterable[str]:
    yield f"The term ends on {last_day(item.ends)}. This is the last moment to decide; afterwards it is too late."
    yield f"As it stands: {happens(item)}."
    if money := charged(item):
        yield money
    yield from (safe_text(text, longest=400) for text in item.notes)
    yield f"Subscription {safe_text(item.subscription)}"


def _uid(item: Renewal, project: str) -> str:
    """The same for the same term of the same subscription, whatever becomes of its name or seats."""
    named = "\n".join((project, item.customer, item.subscription, _instant(item.ends)))
    return f"{hashlib.sha256(named.encode()).hexdigest()[:32]}@cspdecl.invalid"


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(value: str) -> str:
    """A text value (RFC 5545 §3.3.11)."""
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Pieces of at most 75 octets, never inside a character; each but the first begins with a blank."""
    piece, room = "", _LONGEST
    for char in line:
        size = len(char.encode())
        if size > room:
            yield piece
            piece, room = " ", _LONGEST - 1
        piece += char
        room -= size
    yield piece
