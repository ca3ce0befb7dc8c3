"""Lines whose upgrade has been, or may have been: nothing is bought or upgraded once more on the strength of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cspdecl.core.action import SetEndOfTerm, Transition
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import Retired, Upgrade
from cspdecl.core.inquiry import AskTransitions, TargetSubscription, TransitionPath, Transitions
from tests.planning_builders import (
    PHONE,
    PREMIUM,
    TENANT,
    VISIO,
    actions,
    at,
    binding,
    codes,
    customer,
    line,
    live_customer,
    make_plan,
    origin,
    sub,
)  # fmt: skip

PATH = TransitionPath(
    offer=OfferKey.parse(PREMIUM), kinds=("transition_only", "transition_with_license_transfer"),
    into=(TargetSubscription(id="s2", eligible=True),),
)  # fmt: skip
ANSWERS = {AskTransitions(tenant=TENANT, subscription="s1", when="immediate"): Transitions(paths=(PATH,))}
LEFT, UPGRADED = sub("s1", VISIO, 3), sub("s2", PREMIUM, 2)


def upgrade(seats: int | None = None, source: str = VISIO) -> Upgrade:
    return Upgrade(source=OfferKey.parse(source), seats=seats, origin=origin().at("upgrade"))


def planned(*lines, subs=(LEFT, UPGRADED), bound=(), **rest):
    return make_plan(
        [customer("hafenkontor", *lines)],
        [live_customer("hafenkontor", *subs)],
        bindings=bound,
        answers=ANSWERS,
        **rest,
    )


def test_the_upgraded_part_named_by_its_id_is_not_the_whole():
    """`id:` names the upgraded part of a line of two: its other seats are not bought on the new offer."""
    made = planned(line("visio", PREMIUM, 5, upgrade=upgrade(2), id="s2"))

    assert ([], ["CSP348"]) == (actions(made), codes(made))


def test_the_upgraded_part_alone_is_not_made_the_whole_when_seats_are_raised():
    """What was left of the source is gone; seats declared on it again are not bought on the new offer."""
    made = planned(
        line("visio", PREMIUM, 5, upgrade=upgrade(2)), subs=[UPGRADED], bound=[binding("hafenkontor/visio", "s2")]
    )

    assert ([], ["CSP348"]) == (actions(made), codes(made))


def test_all_of_the_upgraded_part_is_the_whole():
    """Once nothing is declared on the source any more, the upgraded part is the line, and `upgrade` may stay."""
    made = planned(
        line("visio", PREMIUM, 2, upgrade=upgrade(2)), subs=[UPGRADED], bound=[binding("hafenkontor/visio", "s2")]
    )

    assert ([], [], 1) == (actions(made), codes(made), made.counts.unchanged)


@pytest.mark.parametrize("known", [{"bound": [binding("hafenkontor/visio", "s1")]}, {"id": "s1"}])
def test_a_part_upgraded_in_the_portal_is_not_upgraded_once_more(known):
    """A subscription of the new offer that ends with the source may be the part already: asked, never done twice."""
    bound = known.pop("bound", ())

    made = planned(line("visio", PREMIUM, 5, upgrade=upgrade(2), **known), bound=bound)

    assert ([], ["CSP348"]) == (actions(made), codes(made))


def test_a_subscription_that_is_declared_or_ends_elsewhere_stands_in_no_ones_way():
    """What has a line of its own, or ends on another day, is not the upgraded part."""
    wanted = line("visio", PREMIUM, 3, upgrade=upgrade(2))
    bound = [binding("hafenkontor/visio", "s1"), binding("hafenkontor/other", "s2", offer=PREMIUM)]

    declared = planned(wanted, line("other", PREMIUM, 2), bound=bound)
    elsewhere = planned(wanted, subs=[LEFT, replace(UPGRADED, term_ends=at("2027-06-01"))], bound=bound[:1])

    assert [True, True] == [
        any(isinstance(item.action, Transition) for item in made.operations) for made in (declared, elsewhere)
    ]


@pytest.mark.parametrize("bound", [(), (binding("hafenkontor/old", "s1"),)])
def test_an_upgrade_with_both_ends_there_is_asked_about(bound):
    """Without its binding a line may mean what runs on the old offer or on the new one: neither is filled up."""
    made = planned(line("new", PREMIUM, 3, upgrade=upgrade()), subs=[LEFT, sub("s9", PREMIUM, 1)], bound=bound)

    assert ([], ["CSP348"]) == (actions(made), codes(made))


@pytest.mark.parametrize(
    "declared",
    [
        {"end_of_term": "cancel"},
        {"suspended": True},
        {"upgrade": upgrade(source=PREMIUM), "offer": OfferKey.parse(PHONE)},
        {"absent": True},
    ],
    ids=["end of term", "suspended", "another upgrade", "absent"],
)
def test_two_parts_without_their_upgrade_are_asked_about(declared):
    """With `upgrade` taken out the seats may add up, and what else is declared of the line is still not lost."""
    wanted = replace(line("visio", PREMIUM, 5), **declared)

    made = planned(wanted, bound=[binding("hafenkontor/visio", "s1", "s2")])

    assert ([], ["CSP375"]) == (actions(made), codes(made))
    assert "upgrade: {" in (made.diagnostics[0].hint or "")


def test_both_parts_of_a_retired_component_leave():
    """`then: cancel` is about all that the component stands for, also where an upgrade has made two of it."""
    rule = Retired(address=Address.parse("hafenkontor/visio"), then="cancel", origin=origin())

    made = planned(bound=[binding("hafenkontor/visio", "s1", "s2")], retired=[rule])

    assert [("s1", SetEndOfTerm), ("s2", SetEndOfTerm)] == [
        (item.guard.subscription, type(item.action)) for item in made.operations
    ]
