"""What a provider left to a person is listed for a person, and not sent again and again."""

from __future__ import annotations

import pytest

from cspdecl.testing.world import Fault
from tests.unit.engine.estates import declare, estate_of, world_of


@pytest.fixture
def world():
    return world_of()


@pytest.fixture
def estate(tmp_path, world):
    made = estate_of(tmp_path / "project", world)
    declare(made, "alpha", 10)
    made.apply()
    return made


def of_end(plan):
    """What a plan wants to send, and what it leaves to people."""
    return [item.action.kind for item in plan.operations], [(item.kind, item.code) for item in plan.waiting]


def test_an_end_that_did_not_come_back_as_sent_is_by_hand(estate, world):
    """Sent once and deferred: the next plans name it with its day, and send nothing."""
    declare(estate, "alpha", 10, endOfTerm="cancel")
    world.script(Fault(kind="defer", action="set_end_of_term"))
    estate.apply()
    before = world.writes()

    plan = estate.plan()
    estate.apply()

    assert ([], [("manual", "CSP340")]) == of_end(plan)
    assert plan.waiting[0].when is not None
    assert before == world.writes()


def test_once_a_person_has_set_it_nothing_is_left(estate, world):
    """The end as declared, set in the portal: nothing to send and nothing to say."""
    declare(estate, "alpha", 10, endOfTerm="cancel")
    world.script(Fault(kind="defer", action="set_end_of_term"))
    estate.apply()
    with world.open() as state:
        for tenant, customer in state.customers.items():
            for item in customer.subscriptions:
                state.set_end(tenant, item.id, "cancel")

    assert ([], []) == of_end(estate.plan())


def test_what_changes_is_tried_again(estate, world):
    """Other seats make it another situation: the end is written again behind them."""
    declare(estate, "alpha", 10, endOfTerm="cancel")
    world.script(Fault(kind="defer", action="set_end_of_term"))
    estate.apply()
    declare(estate, "alpha", 12, endOfTerm="cancel")

    assert (["set_seats", "set_end_of_term"], []) == of_end(estate.plan())
