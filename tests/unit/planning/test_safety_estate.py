"""Guards over the estate as a whole: counted and as a share, with no size below which they sleep."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cspdecl.core.action import Adopt, Reprice, ScheduleRenewal
from cspdecl.core.live import LiveState
from cspdecl.planning.safety import Estate, estate_of
from cspdecl.testing.builders import guard_of, live_subscription, operation
from tests.guard_builders import buy, cancel, judged, limits, more, rule, run_out, said
from tests.planning_builders import NOW, VISIO, at, binding, customer, line, live_customer, make_plan, next_term, sub

SMALL = Estate(lines=2, seats=10)


def test_one_of_two_is_half():
    """A share of a small estate is a share: one of two cancelled is 50 %."""
    report = judged(limits(rule("maxCancellations", Fraction(5, 100))), cancel(), estate=SMALL)

    assert (
        "this plan ends 1 subscription of 2, that is 50.0 %, the project allows 5.0 %; end fewer at a time, or raise "
        "`guardrails.maxCancellations` in a change of its own"
    ) == report.verdicts[0].text


def test_of_nothing_anything_is_all():
    """Where nothing is managed yet, one cancellation is beyond every share."""
    report = judged(limits(rule("maxCancellations", Fraction(99, 100))), cancel(), cancel("a/b"), estate=Estate())

    assert report.refused


def test_a_first_customer_is_not_held_up():
    """What is bought or adopted is no part of what was there."""
    report = judged(limits(rule("maxShareOfEstate", Fraction(1, 100))), buy(), buy("muehlbach/m365"), estate=Estate())

    assert [] == said(report)


def test_what_is_taken_in_and_changed_at_once_counts():
    """Adopting does not hide what is done to the adopted: one of four that are there then is 25 %."""
    adopted = [
        operation(Adopt(provider="memory", tenant="t", ids=(name,), offer=None), f"hafenkontor/{name}") for name in "ab"
    ]

    for share, refused in ((Fraction(24, 100), True), (Fraction(25, 100), False)):
        report = judged(limits(rule("maxShareOfEstate", share)), *adopted, more("hafenkontor/a"), estate=SMALL)
        assert refused is report.refused


def test_a_price_of_ours_touches_the_estate():
    """A bundle whose price is raised reaches every customer who has it."""
    steps = [operation(Reprice(before=None, after=None, seats=5), f"c{number}/komfort") for number in range(11)]

    assert judged(limits(rule("maxShareOfEstate", Fraction(1, 10))), *steps).refused


@pytest.mark.parametrize(("ends", "refused"), [(3, False), (4, True)])
def test_ends_are_counted(ends, refused):
    """Cancelled now or let run out: three are allowed, four are not."""
    steps = [cancel(f"c{number}/visio") if number % 2 else run_out(f"c{number}/visio") for number in range(ends)]

    assert refused is judged(limits(rule("maxCancellations", 3)), *steps).refused


def test_a_subscription_ends_once():
    """Decided on and cancelled in one plan is one end."""
    report = judged(limits(rule("maxCancellations", 1)), run_out(), cancel())

    assert not report.refused


def test_seats_taken_away_add_up():
    """Fewer now, fewer at the renewal, cancelled and let run out: 3 + 2 + 5 + 5."""
    running = live_subscription(seats=5)
    fewer = operation(ScheduleRenewal(next=next_term(running, 3)), "a/b", guard=guard_of(running))
    steps = [more("a/a", 8, 5), fewer, cancel("a/c"), run_out("a/d"), more("a/e", 1, 90)]

    assert [(True, "this plan takes away 15 seats, the project allows 14")] == [
        (item.refused, item.text.split(";")[0]) for item in judged(limits(rule("maxSeatsRemoved", 14)), *steps).verdicts
    ]
    assert [] == said(judged(limits(rule("maxSeatsRemoved", 15)), *steps))


def test_a_share_of_seats_says_of_how_many():
    """5 of 10 seats are half."""
    report = judged(limits(rule("maxSeatsRemoved", Fraction(1, 4), "warn")), cancel(), estate=SMALL)

    assert ["this plan takes away 5 seats of 10, that is 50.0 %, more than 25.0 %, which is worth a second look"] == [
        item.text for item in report.verdicts
    ]


def test_the_estate_is_what_is_bound():
    """Seats of what is bound are counted as read; a customer who was not read and never recorded counts none."""
    bound = [binding("hafenkontor/a", "s1"), binding("hafenkontor/b", "s2", "s3"), binding("fern/a", "s9")]
    live = LiveState(
        customers={"hafenkontor": live_customer("hafenkontor", *(sub(f"s{n}", VISIO, n) for n in (1, 2, 3, 4)))},
        absent={}, unknown={}, as_of=NOW, digest="",
    )  # fmt: skip

    assert Estate(lines=3, seats=6) == estate_of({item.address: item for item in bound}, {}, live, {})


def test_a_plan_is_judged_by_its_own_estate():
    """From the manifests: cancelling one of two bound subscriptions is half of what is managed."""
    made = make_plan(
        [customer("hafenkontor", line("a", absent=True), line("b"))],
        [live_customer("hafenkontor", sub("s1", cancel_until=at("2026-11-25")), sub("s2"))],
        bindings=[binding("hafenkontor/a", "s1"), binding("hafenkontor/b", "s2")],
        guardrails={"rules": (rule("maxCancellations", Fraction(1, 2)), rule("maxCancellations", Fraction(49, 100)))},
    )

    assert [("maxCancellations", "deny", True)] == said(made.safety)
