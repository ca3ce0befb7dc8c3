"""Upgrades, trials and add-ons: the corners beside the golden cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from cspdecl.core.action import Purchase, Rebind, ScheduleRenewal, SetEndOfTerm, SetSeats, Transition
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import AtRenewal, CustomEnd, Move, RenewsTo, Upgrade
from cspdecl.core.inquiry import (
    AskTermEnds,
    AskTransitions,
    TargetSubscription,
    TermEnd,
    TermEnds,
    TransitionPath,
    Transitions,
)
from cspdecl.core.live import NextTerm, Status
from cspdecl.core.operation import Plan
from cspdecl.core.terms import BillingCycle, Term, at_midnight
from cspdecl.planning.inquiries import find_inquiries
from tests.planning_builders import (
    ALL,
    NOW,
    PHONE,
    PREMIUM,
    TENANT,
    VISIO,
    actions,
    at,
    binding,
    bundle,
    catalog,
    codes,
    customer,
    line,
    live_customer,
    make_plan,
    origin,
    project,
    sub,
)  # fmt: skip

BOTH = ("transition_only", "transition_with_license_transfer")
ASKED = AskTransitions(tenant=TENANT, subscription="s1", when="immediate")


def upgrade(seats: int | None = None, *, reassign: bool = True) -> Upgrade:
    return Upgrade(source=OfferKey.parse(VISIO), seats=seats, reassign=reassign, origin=origin().at("upgrade"))


def allowed(*, into: tuple[str, ...] = (), kinds: tuple[str, ...] = BOTH) -> Transitions:
    targets = tuple(TargetSubscription(id=one, eligible=True) for one in into)
    return Transitions(paths=(TransitionPath(offer=OfferKey.parse(PREMIUM), kinds=kinds, into=targets),))


def planned(*lines, subs=(), bound=(), **rest) -> Plan:
    return make_plan([customer("hafenkontor", *lines)], [live_customer("hafenkontor", *subs)], bindings=bound, **rest)


def only(made: Plan, kind):
    (action,) = [item.action for item in made.operations if isinstance(item.action, kind)]
    return action


# ---- upgrades ----


def test_licences_that_cannot_move_are_said():
    """Where the provider moves no licences, the plan says so and does not ask for it."""
    made = planned(
        line("visio", PREMIUM, upgrade=upgrade()), subs=[sub("s1")], bound=[binding("hafenkontor/visio", "s1")],
        answers={ASKED: allowed(kinds=("transition_only",))},
    )  # fmt: skip

    assert not only(made, Transition).reassign
    assert any("by hand" in note for note in made.lines[0].notes)


def test_licences_stay_where_that_is_declared():
    """`licences: keep` leaves the users' licences where they are."""
    made = planned(
        line("visio", PREMIUM, upgrade=upgrade(reassign=False)), subs=[sub("s1")],
        bound=[binding("hafenkontor/visio", "s1")], answers={ASKED: allowed()},
    )  # fmt: skip

    assert not only(made, Transition).reassign


def test_an_upgraded_line_is_as_declared():
    """Once it is done, `upgrade` may stay in the file: nothing is asked and nothing planned."""
    made = planned(
        line("visio", PREMIUM, upgrade=upgrade()), subs=[sub("s1", PREMIUM)], bound=[binding("hafenkontor/visio", "s1")]
    )

    assert ([], 1) == (actions(made), made.counts.unchanged)


def test_an_unbound_upgrade_takes_over_what_it_leaves():
    """One line, one subscription of the offer it upgrades: it is taken over, then upgraded."""
    made = planned(line("visio", PREMIUM, upgrade=upgrade()), subs=[sub("s1")], answers={ASKED: allowed()})

    assert ["hafenkontor/visio adopt", "hafenkontor/visio transition"] == actions(made)


def test_the_upgraded_part_alone_is_not_taken_for_the_whole():
    """With its binding lost, a line of two parts asks: taking over one of them would buy the other again."""
    made = planned(line("visio", PREMIUM, 5, upgrade=upgrade(2)), subs=[sub("s1", VISIO, 3), sub("s2", PREMIUM, 2)])

    assert ([], ["CSP348"]) == (actions(made), codes(made))


@pytest.mark.parametrize(("gone", "left"), [("s1", PREMIUM), ("s2", VISIO)])
def test_a_part_that_ended_elsewhere_is_not_bought_again(gone, left):
    """One of a line's two subscriptions ended: a question, never a purchase."""
    subs = [sub("s1", VISIO, 3), sub("s2", PREMIUM, 2)]
    subs = [replace(item, status=Status.DELETED) if item.id == gone else item for item in subs]

    made = planned(
        line("visio", PREMIUM, 5, upgrade=upgrade(2)), subs=subs, bound=[binding("hafenkontor/visio", "s1", "s2")]
    )

    assert ([], ["CSP343"]) == (actions(made), codes(made))
    assert left in (made.diagnostics[0].hint or "")


def test_both_parts_leave_together():
    """`absent: true` on a line of two parts ends both of them."""
    made = planned(
        line("visio", PREMIUM, 0, absent=True, upgrade=upgrade(2)),
        subs=[sub("s1", VISIO, 3, cancel_until=at("2026-11-25")), sub("s2", PREMIUM, 2)],
        bound=[binding("hafenkontor/visio", "s1", "s2")],
    )

    assert {("s1", "cancel"), ("s2", "set_end_of_term")} == {
        (item.guard.subscription, item.action.kind) for item in made.operations
    }


def test_a_line_of_two_parts_is_renamed_once():
    """A move takes both subscriptions along in one step."""
    made = planned(
        line("office", PREMIUM, 5, upgrade=upgrade(2)), subs=[sub("s1", VISIO, 3), sub("s2", PREMIUM, 2)],
        bound=[binding("hafenkontor/visio", "s1", "s2")],
        moves=[Move(source=Address.parse("hafenkontor/visio"), target=Address.parse("hafenkontor/office"),
                    origin=origin())],
    )  # fmt: skip

    assert ("s1", "s2") == only(made, Rebind).ids


def test_the_end_of_term_of_both_parts_follows_the_line():
    """What the line says of its end holds for each of the two."""
    made = planned(
        line("visio", PREMIUM, 5, upgrade=upgrade(2), end_of_term="cancel"),
        subs=[sub("s1", VISIO, 3), sub("s2", PREMIUM, 2)], bound=[binding("hafenkontor/visio", "s1", "s2")],
    )  # fmt: skip

    assert ["s1", "s2"] == [
        item.guard.subscription for item in made.operations if isinstance(item.action, SetEndOfTerm)
    ]


def test_the_renewal_of_a_line_of_two_parts_is_about_what_stayed():
    """`atRenewal.seats` counts both parts: what is left after the upgraded ones is scheduled for the rest."""
    made = planned(
        line("visio", PREMIUM, 5, upgrade=upgrade(2), at_renewal=AtRenewal(seats=4, origin=origin())),
        subs=[sub("s1", VISIO, 3), sub("s2", PREMIUM, 2)], bound=[binding("hafenkontor/visio", "s1", "s2")],
    )  # fmt: skip

    assert [("s1", 2)] == [(item.guard.subscription, item.action.next.seats) for item in made.operations
                           if isinstance(item.action, ScheduleRenewal)]  # fmt: skip


def test_the_last_seats_move_into_the_other_part():
    """Taking `seats` out of `upgrade` moves what stayed behind as well."""
    made = planned(
        line("visio", PREMIUM, 5, upgrade=upgrade()), subs=[sub("s1", VISIO, 3), sub("s2", PREMIUM, 2)],
        bound=[binding("hafenkontor/visio", "s1", "s2")], answers={ASKED: allowed(into=("s2",))},
    )  # fmt: skip

    action = only(made, Transition)
    assert ("s2", 3, 3, 2) == (action.into, action.seats, action.before, action.target_before)


def test_a_name_comes_with_the_upgrade():
    """What else the line says of the subscription is written after the upgrade, in the same plan."""
    made = planned(
        line("visio", PREMIUM, upgrade=upgrade(), nickname="Büro"), subs=[sub("s1")],
        bound=[binding("hafenkontor/visio", "s1")], answers={ASKED: allowed()},
    )  # fmt: skip

    assert ["hafenkontor/visio transition", "hafenkontor/visio rename"] == actions(made)


def test_an_upgrade_waits_for_the_agreement():
    """An upgrade is a purchase and waits for what purchases wait for."""
    made = make_plan(
        [customer("hafenkontor", line("visio", PREMIUM, upgrade=upgrade()))],
        [live_customer("hafenkontor", sub("s1"), agreement="none")],
        bindings=[binding("hafenkontor/visio", "s1")], answers={ASKED: allowed()},
    )  # fmt: skip

    assert ([], ["CSP350"]) == (actions(made), [item.code for item in made.waiting])


def test_seats_after_an_upgrade_come_back_by_its_windows():
    """Fewer seats than run: all are upgraded, then what is inside its window goes back."""
    live = sub("s1", VISIO, 5, lots=[(2, at("2026-11-25T09:30"))])
    made = planned(
        line("visio", PREMIUM, 3, upgrade=upgrade()), subs=[live], bound=[binding("hafenkontor/visio", "s1")],
        answers={ASKED: allowed()},
    )  # fmt: skip

    assert (5, 3) == (only(made, Transition).seats, only(made, SetSeats).after)


# ---- trials ----


def trial(**rest):
    following = NextTerm(offer=OfferKey.parse(PREMIUM), seats=25, term=Term.P1Y, billing=BillingCycle.MONTHLY)
    values = {"term": Term.P1M, "billing": BillingCycle.NONE, "trial": True, "scheduled": following, **rest}
    return sub("t1", VISIO, 25, term_started=at("2026-11-10"), term_ends=at("2026-12-10"), cycle_ends=None, **values)


def test_a_trial_that_was_told_to_end_ends():
    """Auto-renew off is the end of a trial; nothing more has to be written."""
    made = planned(
        line("probe", VISIO, 25, trial=True, end_of_term="cancel"), subs=[trial(end_of_term="unset")],
        bound=[binding("hafenkontor/probe", "t1")],
    )  # fmt: skip

    assert ([], []) == (actions(made), codes(made))


def test_what_a_trial_becomes_is_filled_from_what_it_shows():
    """`renewsTo` names what differs; offer, term and plan stay as the trial shows them."""
    made = planned(
        line("probe", VISIO, 25, trial=True, renews_to=RenewsTo(seats=8, origin=origin())), subs=[trial()],
        bound=[binding("hafenkontor/probe", "t1")],
    )  # fmt: skip

    following = only(made, ScheduleRenewal).next
    assert (PREMIUM, 8, Term.P1Y) == (str(following.offer), following.seats, following.term)


def test_too_late_for_a_trial():
    """From 00:00 UTC of the day it becomes paid nothing about that can be written."""
    made = planned(
        line("probe", VISIO, 25, trial=True, end_of_term="cancel"), subs=[trial()],
        bound=[binding("hafenkontor/probe", "t1")], now=at("2026-12-10T08:00"),
    )  # fmt: skip

    assert ([], ["CSP315"]) == (actions(made), [item.code for item in made.waiting])


def test_a_trial_that_may_be_cancelled_is():
    """What the provider says about this trial wins over the documented "no cancel"."""
    made = planned(
        line("probe", VISIO, 0, trial=True, absent=True), subs=[trial(cancel_until=at("2026-11-25"))],
        bound=[binding("hafenkontor/probe", "t1")],
    )  # fmt: skip

    assert ["hafenkontor/probe cancel"] == actions(made)


# ---- add-ons and ends ----


def test_a_bundle_line_may_be_the_base():
    """`addonOf` a bundle's line means its anchor, which is bought first."""
    parts, instance = bundle("hafenkontor", "arbeitsplatz", 5, {"m365": (PREMIUM, 5)})
    telefon = line("telefon", PHONE, 5, addon_of=instance.address)
    spec = customer("hafenkontor", telefon, *parts, bundles=(instance,))

    made = make_plan([spec], [live_customer("hafenkontor")])

    assert ["hafenkontor/arbeitsplatz/m365 purchase", "hafenkontor/telefon purchase"] == actions(made)
    assert made.operations[0].id in made.operations[1].requires


END = CustomEnd(line=Address.parse("hafenkontor/m365"), origin=origin())


def test_lines_bought_together_end_together():
    """Two terms of one length, bought by one plan, end together as long as both are bought on one day: the second
    purchase comes after the first, and no later than that day."""
    made = planned(line("visio", VISIO, 5, custom_end=END), line("m365", PREMIUM, 5))

    first, second = made.operations
    assert ["hafenkontor/m365 purchase", "hafenkontor/visio purchase"] == actions(made)
    assert [None, None] == [item.action.custom_end for item in made.operations if isinstance(item.action, Purchase)]
    assert (None, at_midnight(NOW.date() + timedelta(days=1))) == (first.not_after, second.not_after)
    assert first.id in second.requires


def test_what_ends_with_a_line_that_waits_waits_too():
    """Nothing is bought to end with a line that is not bought now."""
    made = planned(
        line("visio", VISIO, 5, custom_end=END), line("m365", PREMIUM, 5),
        catalogs={("partner-center", "DE", "commercial"): catalog(unread=(PREMIUM,))},
    )  # fmt: skip

    assert ([], ["CSP325", "CSP367"]) == (actions(made), [item.code for item in made.waiting])


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (line("visio", VISIO, 5, custom_end=END), "CSP367"),
        (line("visio", VISIO, 5, addon_of=Address.parse("hafenkontor/m365")), "CSP363"),
    ],
)
def test_what_goes_with_a_line_that_begins_later_waits_for_its_day(one, code):
    """A base, or an end to share, that begins on a day to come is waited for and no mistake."""
    made = planned(one, line("m365", PREMIUM, 5, starts=date(2027, 1, 1)))

    assert [] == actions(made) + codes(made)
    assert (code, at("2027-01-01")) in {(item.code, item.when) for item in made.waiting}


def test_an_end_that_cannot_be_shared_is_refused_before_both_are_bought():
    """A month cannot end with a year that ends later, whatever day the year's line says."""
    base = line("m365", PREMIUM, 5, custom_end=CustomEnd(day=date(2027, 6, 30), origin=origin()))
    ends = TermEnds(ends=(TermEnd(day=date(2027, 6, 30), aligned="subscription"),))
    month = AskTermEnds(tenant=TENANT, term=Term.P1M, start=NOW.date())
    made = planned(
        line("visio", VISIO, 5, term=Term.P1M, custom_end=END), base,
        answers={month: TermEnds(ends=()), replace(month, term=Term.P1Y): ends},
    )  # fmt: skip

    assert ([], ["CSP366"]) == (actions(made), codes(made))


# ---- what is owned ----


@pytest.mark.parametrize("absent", [False, True])
@pytest.mark.parametrize("bound", [(), (binding("hafenkontor/server", "order-1:0"),)])
def test_what_is_owned_and_unread_is_left_alone(absent, bound):
    """Licences that could not be read are neither bought, nor given back, nor forgotten: they may be there."""
    made = planned(line("server", term=Term.ONCE, billing=BillingCycle.ONE_TIME, absent=absent), bound=bound)

    assert ([], ["CSP396"]) == (actions(made), [item.code for item in made.waiting])


# ---- questions ----


def asked(*lines, subs=(), bound=()):
    from cspdecl.core.desired import DesiredState
    from cspdecl.core.live import LiveState

    spec, live = customer("hafenkontor", *lines), live_customer("hafenkontor", *subs)
    return find_inquiries(
        project=project(), desired=DesiredState(customers={spec.key: spec}, moves=(), retired=(), digest="0" * 64),
        live=LiveState(customers={live.key: live}, absent={}, unknown={}, as_of=NOW, digest="1" * 64),
        bindings={item.address: item for item in bound}, capabilities={"partner-center": ALL}, now=NOW,
    )  # fmt: skip


def test_an_unchanged_estate_asks_nothing():
    """What is as declared raises no question."""
    assert () == asked(line("visio"), subs=[sub("s1")], bound=[binding("hafenkontor/visio", "s1")])


def test_questions_are_about_what_differs():
    """An upgrade asks about its source; an end of its own asks for the allowed days; nothing is asked twice."""
    upgraded = asked(
        line("visio", PREMIUM, upgrade=upgrade()), subs=[sub("s1")], bound=[binding("hafenkontor/visio", "s1")]
    )
    ends = asked(*(line(name, custom_end=CustomEnd(month_end=True, origin=origin())) for name in ("a", "b")))

    assert (("partner-center", ASKED),) == upgraded
    assert [AskTermEnds(tenant=TENANT, term=Term.P1Y, start=NOW.date())] == [
        question for _name, question in ends if isinstance(question, AskTermEnds)
    ]
