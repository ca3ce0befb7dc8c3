"""Renewals as a calendar (iCalendar, RFC 5545): an entry at each last moment, with an alarm a week before.

The same renewal keeps its UID and, read at the same time, its very bytes. Instants are UTC, lines are folded at 75
octets, and texts of tenants are escaped twice: made harmless, then for the format.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from cspdecl.planning.renewals import Renewal, Renewals
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.renewals import charged, happens, outcome_words, where_of
from cspdecl.report.safe import safe_text

_LONGEST = 75  # octets a line, its break not counted (RFC 5545 §3.1)


def render_calendar(found: Renewals, *, lang: Language = ENGLISH) -> str:
    """The whole calendar, lines ending as the format wants. Monthly terms that simply go on are left out."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//cspdecl//renewals//EN",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{_text(lang.say('Renewals of {project}', project=safe_text(found.project)))}",
    ]
    for item in found.items:
        if not item.routine:
            lines += _event(item, found.project, found.as_of, lang)
    lines.append("END:VCALENDAR")
    return "".join(f"{line}\r\n" for text in lines for line in _folded(text))


def _event(item: Renewal, project: str, as_of: datetime, lang: Language) -> Iterator[str]:
    where, title = safe_text(where_of(item)), safe_text(item.title)
    what = lang.say("decide") if item.undecided else outcome_words(item, lang)
    summary = f"{where}: {title}, {lang.seats(item.seats)}: {what}"
    yield "BEGIN:VEVENT"
    yield f"UID:{_uid(item, project)}"
    yield f"DTSTAMP:{_instant(as_of)}"
    yield f"DTSTART:{_instant(item.decide_by)}"
    yield f"SUMMARY:{_text(summary)}"
    yield f"DESCRIPTION:{_text(chr(10).join(_description(item, lang)))}"
    yield f"CATEGORIES:{'UNDECIDED' if item.undecided else item.outcome.upper()}"
    yield "TRANSP:TRANSPARENT"
    for trigger in ("-P7D", "-P1D") if item.undecided else ("-P7D",):
        yield "BEGIN:VALARM"
        yield "ACTION:DISPLAY"
        yield f"TRIGGER:{trigger}"
        yield f"DESCRIPTION:{_text(summary)}"
        yield "END:VALARM"
    yield "END:VEVENT"


def _description(item: Renewal, lang: Language) -> Iterable[str]:
    yield lang.say(
        "The term ends on {day}. This is the last moment to decide; afterwards it is too late.",
        day=(item.ends - timedelta(microseconds=1)).astimezone(UTC).date(),
    )
    yield lang.say("As it stands: {what}.", what=happens(item, lang))
    if money := charged(item, lang):
        yield money
    yield from (safe_text(lang.sentence(text), longest=400) for text in item.notes)
    yield lang.say("Subscription {id}", id=safe_text(item.subscription))


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
