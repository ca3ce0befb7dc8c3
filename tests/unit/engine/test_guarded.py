"""Guardrails end to end: asked of the provider where needed, judged again when a saved plan is carried out."""

from __future__ import annotations

import pytest

from cspdecl.engine.apply import ApplyResult
from cspdecl.engine.exits import Exit
from cspdecl.planning.planfile import dump_plan, load_plan
from cspdecl.testing.builders import OFFER
from tests.unit.engine.estates import KEYS, declare, estate_of, live_seats, world_of
from tests.unit.engine.harness import tenant_of


@pytest.fixture
def world():
    return world_of()


@pytest.fixture
def estate(tmp_path, world):
    made = estate_of(tmp_path / "project", world)
    declare(made, "alpha", 10)
    made.apply()
    return made


def assign(world, customer: str, people: int) -> None:
    """So many people of a customer have a licence."""
    with world.open() as state:
        state.assigned = {tenant_of(KEYS.index(customer) + 1): {OFFER: people}}


def verdicts(plan) -> list[tuple[str, bool]]:
    return [(item.code, item.refused) for item in plan.safety.verdicts]


@pytest.mark.parametrize(("people", "expected"), [(4, []), (5, [("CSP514", True)])])
def test_fewer_seats_than_people_have_licences(estate, world, people, expected):
    """The tenant is asked, and its answer decides."""
    estate.project(guardrails={"belowAssigned": "deny"})
    assign(world, "alpha", people)
    declare(estate, "alpha", 4)

    assert expected == verdicts(estate.plan())


def test_a_renewal_that_is_switched_on_again_is_a_purchase(estate):
    """It commits to a whole new term, which comes by itself; one that runs on as it did is nobody's decision."""
    declare(estate, "alpha", 10, endOfTerm="cancel")
    estate.apply()
    estate.project(guardrails={"forbid": [{"term": "P1Y"}], "maxNewCommitment": {"EUR": "100"}})
    declare(estate, "alpha", 10, endOfTerm="renew")

    assert [("CSP502", True), ("CSP504", True)] == sorted(verdicts(estate.plan()))


def test_a_cleared_schedule_brings_back_what_it_took_away(estate):
    """Four seats were to renew, now ten do: six that nobody had agreed to for the next term."""
    declare(estate, "alpha", 10, atRenewal={"seats": 4})
    estate.apply()
    estate.project(guardrails={"maxNewCommitment": {"EUR": "100"}})
    declare(estate, "alpha", 10)

    assert [("CSP502", True)] == verdicts(estate.plan())


def test_what_is_not_known_is_not_nobody(estate, world):
    """A provider that names no licence of the offer leaves the plan refused, with the reason."""
    estate.project(guardrails={"belowAssigned": "deny"})
    declare(estate, "alpha", 4)

    assert [("CSP515", True)] == verdicts(estate.plan())


def test_a_saved_plan_is_judged_by_the_people_of_today(estate, world):
    """Somebody was given a licence since the plan was approved: it is refused, and nothing is sent."""
    estate.project(guardrails={"belowAssigned": "deny"})
    assign(world, "alpha", 4)
    declare(estate, "alpha", 4)
    plan = load_plan(dump_plan(estate.plan()))
    assign(world, "alpha", 6)

    result = estate.apply(plan)

    assert ([("CSP514", True)], [10]) == (verdicts(result), live_seats(world, "alpha"))


def test_a_waiver_in_the_manifests_lets_a_change_through(estate, world):
    """Written as a document of its own, with owner, reason and end."""
    estate.project(guardrails={"maxSeatsPerChange": 5})
    declare(estate, "alpha", 20)
    refused = estate.plan()
    (estate.root / "waiver.yaml").write_text(
        "apiVersion: cspdecl/v1\nkind: Waiver\nmetadata: {name: they-grow}\n"
        "spec: {guard: maxSeatsPerChange, for: alpha, owner: lena, reason: they grow, expires: 2099-01-01}\n",
        "utf-8",
    )

    result = estate.apply()

    assert isinstance(result, ApplyResult)
    assert ([("CSP501", True)], Exit.DONE, [20]) == (verdicts(refused), result.exit, live_seats(world, "alpha"))
    assert ["they-grow"] == [item.waiver for item in result.plan.safety.verdicts]
