"""Renewals as a calendar: read back by a strict reader of its own, byte for byte the same, harmless with hostile names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.live import NextTerm
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.planning.renewals import Renewal, Renewals
from cspdecl.report.calendar import render_calendar

NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
ENDS = datetime(2026, 12, 15, tzinfo=UTC)
OFFER = OfferKey.parse("CFQ7TTC0LCHC:0002")
RENEWAL = Renewal(
    customer="contoso", name="Contoso GmbH", address=Address.parse("contoso/visio"), title="Visio Plan 2",
    subscription="22222222-0000-4000-8000-000000000001", offer=OFFER, seats=5, term=Term.P1Y,
    billing=BillingCycle.MONTHLY, ends=ENDS, decide_by=ENDS, ending="renew", declared="renew", outcome="renews",
    next=NextTerm(offer=OFFER, seats=5, term=Term.P1Y, billing=BillingCycle.MONTHLY),
)  # fmt: skip


def calendar(*items: Renewal, project: str = "hansestadt") -> str:
    return render_calendar(
        Renewals(
            project=project, now=NOW, as_of=NOW, horizon=NOW + timedelta(days=90), items=items, windows=(), unread={}
        )
    )


def read(text: str) -> list[tuple[str, str]]:
    """Lines as (name, value): unfolded and unescaped, every rule of the format checked on the way."""
    assert text.endswith("\r\n")
    raw = text.split("\r\n")[:-1]
    assert [] == [line for line in raw if "\n" in line or "\r" in line or not line or len(line.encode()) > 75]
    unfolded: list[str] = []
    for line in raw:
        if line.startswith(" "):
            unfolded[-1] += line[1:]
        else:
            unfolded.append(line)
    found = []
    for line in unfolded:
        name, colon, value = line.partition(":")
        assert colon
        assert name.replace("-", "").isalnum()
        assert name.isupper()
        found.append((name, value if name in ("CATEGORIES", "TRIGGER") else unescape(value)))
    return found


def unescape(value: str) -> str:
    out, rest = "", iter(value)
    for char in rest:
        assert char >= " "
        assert char not in ";,"
        if char == "\\":
            following = next(rest)
            assert following in "\\;,n"
            char = "\n" if following == "n" else following
        out += char
    return out


def of(found: list[tuple[str, str]], name: str) -> list[str]:
    return [value for key, value in found if key == name]


def test_an_entry_stands_at_the_last_moment_with_an_alarm_a_week_before():
    """One event in one calendar, UTC, stamped with the reading's time; blocks nest."""
    found = read(calendar(RENEWAL))
    assert [value for key, value in found if key in ("BEGIN", "END")] == [
        "VCALENDAR", "VEVENT", "VALARM", "VALARM", "VEVENT", "VCALENDAR",
    ]  # fmt: skip
    assert (of(found, "DTSTART"), of(found, "DTSTAMP")) == (["20261215T000000Z"], ["20261122T140200Z"])
    assert of(found, "TRIGGER") == ["-P7D"]
    assert of(found, "SUMMARY") == ["contoso/visio: Visio Plan 2, 5 seats: renews"]
    assert (found[1], found[2][0]) == (("VERSION", "2.0"), "PRODID")


def test_it_is_a_calendar_and_no_invitation():
    """A METHOD would make it a message of scheduling, which needs an organizer (RFC 5546 §3.2.1)."""
    assert [] == of(read(calendar(RENEWAL)), "METHOD")


def test_what_is_undecided_rings_twice_and_says_so():
    """A week and a day before; the summary asks for a decision."""
    found = read(calendar(replace(RENEWAL, outcome="undecided", ending="unset", next=None)))
    assert of(found, "TRIGGER") == ["-P7D", "-P1D"]
    assert of(found, "SUMMARY")[0].endswith(": decide")
    assert of(found, "CATEGORIES") == ["UNDECIDED"]


def test_a_renewal_keeps_its_identity():
    """Other seats, another name: the same UID; another term or project: another one. The same reading: the same bytes."""
    [uid] = of(read(calendar(RENEWAL)), "UID")
    same = replace(RENEWAL, seats=7, title="Other", address=None)
    assert of(read(calendar(same)), "UID") == [uid]
    assert of(read(calendar(replace(RENEWAL, ends=ENDS + timedelta(days=365)))), "UID") != [uid]
    assert of(read(calendar(RENEWAL, project="other")), "UID") != [uid]
    assert calendar(RENEWAL) == calendar(RENEWAL)


def test_hostile_names_stay_text():
    """Separators, line breaks, terminal escapes and marks of direction neither end a value nor reach a reader raw."""
    title = "Büro; A, B\\n\r\nEND:VCALENDAR \x1b[31m\u202e 🏢" * 3
    found = read(calendar(replace(RENEWAL, title=title)))
    [summary] = of(found, "SUMMARY")
    assert "Büro; A, B\\n\\x0d\\x0aEND:VCALENDAR \\x1b[31m\\u202e 🏢" in summary
    assert len(of(found, "END")) == 3


def test_folding_never_cuts_a_character():
    """Long names of wide characters: every line is at most 75 octets and valid text by itself."""
    for width in range(1, 78):
        text = calendar(replace(RENEWAL, title="x" * width + "ü🏢" * 20))
        assert of(read(text), "SUMMARY")[0].count("🏢") == 20


def test_monthly_terms_that_go_on_make_no_entry():
    """They would ring every month."""
    routine = replace(
        RENEWAL, term=Term.P1M, next=NextTerm(offer=OFFER, seats=5, term=Term.P1M, billing=BillingCycle.MONTHLY)
    )
    assert "BEGIN:VEVENT" not in calendar(routine)
    assert "BEGIN:VEVENT" in calendar(replace(routine, unwritten=True))
