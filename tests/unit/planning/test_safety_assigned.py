"""Fewer seats than people have licences: counted by tenant and licence, and never taken for nobody."""

from __future__ import annotations

import pytest

from cspdecl.core.action import ScheduleRenewal
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import OfferKey
from cspdecl.core.inquiry import AskAssigned, Assigned, AssignedLicences, Unanswered
from cspdecl.planning.safety import assigned_of, find_assigned_inquiries
from cspdecl.testing.builders import OFFER, OTHER_OFFER, TENANT, guard_of, operation
from tests.guard_builders import buy, cancel, judged, limits, more, rule, run_out, said, waiver
from tests.planning_builders import next_term, sub

KEY, OTHER = OfferKey.parse(OFFER), OfferKey.parse(OTHER_OFFER)
WARN, DENY = rule("belowAssigned", None, "warn"), rule("belowAssigned")


def has(seats: int, assigned: int, offer: OfferKey = KEY, licence: str = "l1") -> dict:
    """What the provider says of the tenant."""
    known = (Assigned(offer=offer, licence=licence, seats=seats, assigned=assigned),)
    return {TENANT: AssignedLicences(licences=known)}


@pytest.mark.parametrize(("assigned", "touched"), [(5, False), (6, True)])
def test_as_many_as_are_assigned_are_enough(assigned, touched):
    """8 → 5 seats: five people keep theirs, the sixth would be without."""
    report = judged(limits(WARN), more(before=8, after=5), assigned=has(8, assigned))

    assert touched is bool(report.verdicts)


def test_it_says_how_many_people_would_be_without():
    """The sentence names seats, licences and people; where it denies, what to do first."""
    report = judged(limits(DENY), more(before=8, after=5), assigned=has(8, 7))

    text = (
        "hafenkontor/visio loses 3 seats: 5 seats are left in the tenant and 7 are assigned, so 2 people would be "
        "without; take those licences back first"
    )
    assert [text] == [item.text for item in report.verdicts]


def test_seats_at_the_renewal_count_as_well():
    """A reduction that is only scheduled leaves people without on the day it comes true (contract §8)."""
    running = sub("s1", OFFER, 8)
    later = operation(ScheduleRenewal(next=next_term(running, 5)), "hafenkontor/visio", guard=guard_of(running))

    assert [("belowAssigned", "deny", True)] == said(judged(limits(DENY), later, assigned=has(8, 7)))


def test_an_end_takes_all_seats():
    """Cancelled or let run out, nobody keeps a licence."""
    for step in (cancel(seats=8), run_out(seats=8)):
        assert judged(limits(DENY), step, assigned=has(8, 1)).refused
        assert not judged(limits(DENY), step, assigned=has(8, 0)).refused


def test_a_tenant_counts_its_licences_together():
    """Other subscriptions of the same licence, and seats that the plan adds, are there for people too."""
    moved = (cancel("hafenkontor/old", 8), buy("hafenkontor/new", 7))

    assert not judged(limits(DENY), *moved, assigned=has(8, 7)).refused
    assert judged(limits(DENY), *moved, assigned=has(8, 8)).refused
    assert not judged(limits(DENY), cancel("hafenkontor/old", 8), assigned=has(15, 7)).refused


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({}, "it was not asked; it needs a provider with a user's sign-in"),
        ({TENANT: Unanswered(reason="access to the directory is needed")}, "access to the directory is needed"),
        (has(8, 7, OTHER), "Microsoft names none of this offer"),
    ],
)
def test_what_is_not_known_is_said_at_the_guards_own_level(answer, why):
    """Not known neither passes a deny silently nor makes a warning refuse."""
    for level, refused in ((DENY, True), (WARN, False)):
        (verdict,) = judged(limits(level), cancel(), assigned=answer).verdicts
        assert ("CSP515", refused) == (verdict.code, verdict.refused)
        assert f"is not known ({why}), and loses 5 seats" in verdict.text


def test_more_seats_are_nobodys_loss():
    """Only what takes seats away is looked at."""
    assert [] == said(judged(limits(DENY), buy(), more(after=9)))


def test_a_waiver_lets_it_through():
    """Whoever has looked by themselves says so in a waiver."""
    excused = limits(DENY, waivers=(waiver("belowAssigned", "hafenkontor/visio"),))

    assert not judged(excused, cancel()).refused


# ---- what is asked ----

USERS = {"memory": Capability.ASSIGNED_LICENCES}


def test_only_tenants_that_lose_seats_are_asked():
    """One question a tenant, about the offers it loses; none where no side has the guard."""
    steps = [more(before=8, after=5), cancel("hafenkontor/other"), buy("muehlbach/visio"), more("a/b", 5, 9)]

    expected = (("memory", AskAssigned(tenant=TENANT, market="DE", offers=(KEY,))),)
    assert expected == find_assigned_inquiries([limits(WARN)], steps, USERS, "DE")
    assert expected == find_assigned_inquiries([limits(), limits(DENY)], steps, USERS, "DE")
    assert () == find_assigned_inquiries([limits()], steps, USERS, "DE")


def test_who_cannot_answer_is_not_asked():
    """Without a user's sign-in nothing is sent; the verdict says that it is not known."""
    assert () == find_assigned_inquiries([limits(WARN)], [cancel()], {"memory": Capability.NONE}, "DE")


def test_answers_by_tenant():
    """Of all answers of a plan only those about people's licences."""
    asked = AskAssigned(tenant=TENANT, market="DE", offers=(KEY,))
    told = has(8, 7)[TENANT]

    assert {TENANT: told} == assigned_of({("memory", asked): told})
