"""Which seats come back, and until when."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cspdecl.commerce.policy import renewal_deadline
from cspdecl.commerce.windows import cancellable_until, returnable
from cspdecl.core.live import Status
from tests.planning_builders import NOW, at, sub

SOON, LATER, GONE = at("2026-11-23"), at("2026-11-27"), at("2026-11-20")


@pytest.mark.parametrize(
    ("lots", "wanted", "expected"),
    [
        ([(5, SOON)], 3, (3, SOON)),
        ([(5, SOON)], 8, (5, SOON)),
        ([(5, SOON), (3, LATER)], 3, (3, LATER)),
        ([(5, SOON), (3, LATER)], 4, (4, SOON)),
        ([(5, GONE), (3, LATER)], 8, (3, LATER)),
        ([(5, GONE)], 1, (0, None)),
        ([(5, NOW)], 1, (0, None)),
        ([], 1, (0, None)),
    ],
)
def test_the_longest_windows_count_first(lots, wanted, expected):
    """A reduction can be sent as long as enough seats are in open windows; one that closes this instant is closed."""
    assert expected == returnable(sub(seats=20, lots=lots), NOW).take(wanted)


def test_a_suspended_subscription_returns_no_seats():
    """Suspension freezes seats whatever the lots say."""
    assert 0 == returnable(sub(lots=[(5, LATER)], status=Status.SUSPENDED), NOW).seats


def test_the_provider_wins_over_the_seven_days():
    """No lots from the provider mean nothing is returnable, although the term began two days ago."""
    live = sub(seats=5, term_started=at("2026-11-20"))

    assert (0, False) == (returnable(live, NOW).seats, returnable(live, NOW).assumed)
    assert (None, False) == cancellable_until(live, NOW)


def test_without_a_word_seven_days_are_assumed():
    """Where the provider says nothing, all seats come back within seven days of the term's start, and it is marked."""
    live = sub(seats=5, term_started=at("2026-11-20"))
    live = replace(live, policy=replace(live.policy, source="assumed"))

    window = returnable(live, NOW)

    assert (5, True) == (window.seats, window.assumed)
    assert (at("2026-11-27"), True) == cancellable_until(live, NOW)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [("2027-03-15", "2027-03-15"), ("2027-03-15T16:57", "2027-03-15"), ("2027-03-15T00:00", "2027-03-15")],
)
def test_renewals_are_written_before_midnight(ends, expected):
    """The deadline is 00:00 UTC of the new term's first day, whatever the hour."""
    assert at(expected) == renewal_deadline(at(ends))
