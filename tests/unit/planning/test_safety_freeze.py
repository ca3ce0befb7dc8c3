"""Freezes: on by the clocks of their zone, for everything that is sent, save what would be forced on somebody."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from cspdecl.core.action import Adopt, BookService, Rename, ScheduleRenewal, SetEndOfTerm
from cspdecl.core.guard import Freeze
from cspdecl.testing.builders import guard_of, operation
from tests.guard_builders import buy, cancel, judged, limits, more, rule, run_out, said, waiver
from tests.planning_builders import at, next_term, sub

YEAR_END = Freeze(first=date(2026, 12, 20), last=date(2027, 1, 6), reason="year end", zone="Europe/Berlin")
FROZEN = rule("freeze", freeze=YEAR_END)
INSIDE = at("2026-12-24T12:00")
IN_TIME, LATER = at("2027-01-03"), at("2027-03-15")


@pytest.mark.parametrize(
    ("moment", "on"),
    [
        ("2026-12-19T22:59:59", False), ("2026-12-19T23:00", True),
        ("2027-01-06T22:59:59", True), ("2027-01-06T23:00", False),
    ],
)  # fmt: skip
def test_days_are_those_of_the_zone(moment, on):
    """In Berlin the 20th begins at 23:00 UTC, and the 7th too."""
    assert on is judged(limits(FROZEN), buy(), now=at(moment)).refused


def test_it_says_why_how_much_and_until_when():
    """Whoever is refused reads the reason and the day on which to come back."""
    report = judged(limits(FROZEN), buy(), more(), now=INSIDE)

    text = (
        "from 2026-12-20 to 2027-01-06 (Europe/Berlin) nothing is to be bought, changed or cancelled: year end; "
        "2 operations of this plan wait until 2027-01-06 23:00 UTC"
    )
    assert [text] == [item.text for item in report.verdicts]


@pytest.mark.parametrize("action", [Adopt(provider="memory", tenant="t", ids=("s",), offer=None)])
def test_our_own_books_of_what_belongs_to_whom_are_not_frozen(action):
    """Adopting sends nothing."""
    assert [] == said(judged(limits(FROZEN), operation(action, "hafenkontor/visio"), now=INSIDE))


@pytest.mark.parametrize("action", [Rename(before="a", after="b"), BookService(service="support", before=1, after=2)])
def test_everything_sent_or_booked_is_frozen(action):
    """A name in the portal and a service of our own are changes as well."""
    assert judged(limits(FROZEN), operation(action, "hafenkontor/visio"), now=INSIDE).refused


def renewal(seats: int, ends=IN_TIME):
    running = sub(seats=5, term_ends=ends)
    return operation(ScheduleRenewal(next=next_term(running, seats)), "hafenkontor/visio", guard=guard_of(running))


def to_renew():
    running = sub(seats=5, term_ends=IN_TIME, end_of_term="cancel")
    return operation(SetEndOfTerm(before="cancel", after="renew"), "hafenkontor/visio", guard=guard_of(running))


@pytest.mark.parametrize(
    ("step", "held"),
    [
        (run_out(term_ends=IN_TIME), False), (renewal(3), False),
        (run_out(term_ends=LATER), True), (renewal(3, LATER), True),
        (renewal(7), True), (to_renew(), True), (cancel(), True), (more(after=2), True),
    ],
)  # fmt: skip
def test_nobody_is_made_to_renew(step, held):
    """What only saves money and would come too late afterwards passes; what can wait, waits; what costs, too."""
    assert held is judged(limits(FROZEN), step, now=INSIDE).refused


def test_what_cannot_wait_is_named():
    """A purchase that has to be sent before the freeze ends is refused with its last moment and the way out."""
    late = replace(buy(), not_after=at("2026-12-28T09:30"))

    text = judged(limits(FROZEN), late, now=INSIDE).verdicts[0].text

    assert text.endswith(
        ". Afterwards it is too late for hafenkontor/visio by 2026-12-28 09:30 UTC: if it has to be, a waiver of "
        "`freeze` lets it through"
    )


def test_a_waiver_lets_one_customer_through():
    """The others still wait."""
    excused = limits(FROZEN, waivers=(waiver("freeze", "hafenkontor"),))

    assert (False, True) == (
        judged(excused, buy(), now=INSIDE).refused,
        judged(excused, buy(), buy("muehlbach/m365"), now=INSIDE).refused,
    )


def test_a_freeze_may_ask_instead_of_refuse():
    """With a level of its own it waits for somebody's word."""
    asks = rule("freeze", None, "needs-approval", "sales-lead", freeze=YEAR_END)

    report = judged(limits(asks), buy(), now=INSIDE)

    text = (
        "from 2026-12-20 to 2027-01-06 (Europe/Berlin) nothing is to be bought, changed or cancelled: year end; "
        "this plan would send 1 operation all the same; this needs the approval of 1 person of `sales-lead`"
    )
    assert [text] == [item.text for item in report.awaits]
