"""Applying a plan: what a saved plan may still do, what is refused, what is settled first, and how the run ends."""

from __future__ import annotations

import json
import os

import pytest

from cspdecl.core.errors import ConfigurationError, LockHeld, StalePlan
from cspdecl.core.operation import Plan
from cspdecl.engine.apply import ApplyResult, locked
from cspdecl.engine.exits import Exit
from cspdecl.engine.problems import RunBroken
from cspdecl.planning.planfile import dump_plan, load_plan
from cspdecl.store.sqlite import SqliteStore
from cspdecl.testing.builders import OFFER, OTHER_OFFER
from cspdecl.testing.world import Fault
from tests.unit.engine.estates import declare, estate_of, live_seats, only_subscription, world_of
from tests.unit.engine.harness import tenant_of


@pytest.fixture
def world():
    return world_of()


@pytest.fixture
def estate(tmp_path, world):
    made = estate_of(tmp_path / "project", world)
    declare(made, "alpha", 10)
    declare(made, "beta", 4)
    return made


def done(result) -> ApplyResult:
    assert isinstance(result, ApplyResult)
    return result


def outcomes(result) -> list[tuple[str, str, str]]:
    return [(str(one.operation.address), one.operation.action.kind, one.state) for one in done(result).tasks]


# ---- saved plans ----


def test_a_saved_plan_is_carried_out_as_it_was(estate, world):
    """What was reviewed and written to a file is what happens, operation by operation."""
    plan = load_plan(dump_plan(estate.plan()))

    result = done(estate.apply(plan))

    assert [one.id for one in plan.operations] == [one.operation.id for one in result.tasks]
    assert (Exit.DONE, 2) == (result.exit, result.records)
    assert ([10], [4]) == (live_seats(world, "alpha"), live_seats(world, "beta"))


def test_a_saved_plan_is_stale_by_customer(estate, world):
    """Beta changed since the plan was made: Beta is left alone and said so, Alpha is carried out."""
    estate.apply()
    declare(estate, "alpha", 12)
    declare(estate, "beta", 6)
    plan = estate.plan()
    with world.open() as state:
        state.set_seats(tenant_of(2), only_subscription(world, "beta"), 5)

    result = done(estate.apply(plan))

    assert [("alpha/m365", "set_seats", "applied")] == outcomes(result)
    assert (("beta/m365",), Exit.PARTLY) == (result.conflicts, result.exit)
    assert ([12], [5]) == (live_seats(world, "alpha"), live_seats(world, "beta"))


def test_a_plan_for_one_is_not_stale_because_of_another(estate, world):
    """Alpha's plan stands although Beta was changed, in the world and in the manifests."""
    estate.apply()
    declare(estate, "alpha", 12)
    plan = estate.plan()
    declare(estate, "beta", 9)
    with world.open() as state:
        state.set_seats(tenant_of(2), only_subscription(world, "beta"), 5)

    result = done(estate.apply(plan))

    assert ([("alpha/m365", "set_seats", "applied")], Exit.DONE) == (outcomes(result), result.exit)
    assert [5] == live_seats(world, "beta")


def test_a_wholly_stale_plan_is_refused(estate, world):
    """Nothing of the plan holds any more: nothing is sent, and the sentence says what to do."""
    plan = estate.plan()
    declare(estate, "alpha", 11)
    declare(estate, "beta", 5)

    with pytest.raises(StalePlan, match="plan again"):
        estate.apply(plan)

    assert () == world.writes()


def test_a_plan_whose_customer_left_is_stale(estate, world):
    """A plan that buys for a customer whose file has gone since is refused as stale."""
    plan = estate.plan()
    (estate.root / "customers/beta.yaml").unlink()

    with pytest.raises(StalePlan, match="beta"):
        estate.apply(plan)

    assert () == world.writes()


def test_an_applied_plan_does_nothing_more(estate, world):
    """The same file again is no error and writes nothing: its operations are known to be done."""
    plan = estate.plan()
    estate.apply(plan)
    before = world.writes()

    again = done(estate.apply(plan))

    assert ([], (), Exit.DONE) == (outcomes(again), again.conflicts, again.exit)
    assert before == world.writes()
    assert 2 == len(estate.ledger())


def test_what_a_plan_left_undone_is_done_the_next_time(estate, world):
    """Half of a plan was throttled again and again: the same file carries out the other half, and only that."""
    plan = estate.plan()
    world.script(Fault(kind="throttle", tenant=tenant_of(2), times=41))
    first = done(estate.apply(plan))
    assert ({"applied", "later"}, Exit.PARTLY) == ({one.state for one in first.tasks}, first.exit)

    second = done(estate.apply(plan))

    assert ([("beta/m365", "purchase", "applied")], Exit.DONE) == (outcomes(second), second.exit)
    assert ([10], [4]) == (live_seats(world, "alpha"), live_seats(world, "beta"))


# ---- what is refused ----


@pytest.mark.parametrize("saved", [False, True])
def test_a_guardrail_refuses_before_anything_is_sent(estate, world, saved):
    """A plan over the project's own limit comes back as it is, planned now or saved: nothing is written."""
    estate.project(guardrails={"maxSeatsPerChange": 5})
    plan = estate.plan()

    answer = estate.apply(plan if saved else None)

    assert isinstance(answer, Plan)
    assert answer.safety.refused
    assert () == world.writes()


def test_a_saved_plan_keeps_to_the_guardrails_of_today(estate, world):
    """A limit set after the plan was approved holds for it, too: nothing is written, and the plan says why."""
    plan = estate.plan()
    estate.project(guardrails={"maxSeatsPerChange": 5})

    answer = estate.apply(plan)

    assert isinstance(answer, Plan)
    assert (plan.id, ["maxSeatsPerChange"]) == (answer.id, [item.rule for item in answer.safety.verdicts])
    assert () == world.writes()


def test_an_error_holds_back_its_customer_alone(estate, world):
    """Alpha's line matches two running subscriptions: that is for a person to decide. Beta is served, and the exit
    says that not all of it was done."""
    for _ in range(2):
        with world.open() as state:
            state.buy(tenant_of(1), offer=state.offers[0].key, seats=3)

    answer = done(estate.apply())

    assert {"error"} & {item.severity.value for item in answer.plan.diagnostics}
    assert {"beta"} == {task.operation.address.customer for task in answer.tasks}
    assert ([3, 3], [4]) == (live_seats(world, "alpha"), live_seats(world, "beta"))
    assert Exit.PARTLY == answer.exit


def test_in_ci_a_store_that_dies_with_the_job_is_refused(estate, world, monkeypatch):
    """Under CI nothing is bought with a journal that the job takes with it, unless the project says that it stays."""
    monkeypatch.setenv("CI", "true")

    with pytest.raises(ConfigurationError) as refused:
        estate.apply()

    assert (["CSP810"], ()) == ([one.code for one in refused.value.diagnostics], world.writes())
    estate.project(persistent=True)
    assert Exit.DONE == done(estate.apply()).exit


def test_one_run_at_a_time(estate, world):
    """While somebody holds the project nothing is planned or sent, and the message says who it is."""
    with estate.session() as session, locked(session, "other-run", "apply"):
        with pytest.raises(LockHeld, match=str(os.getpid())):
            estate.apply()
        assert () == world.writes()

    assert Exit.DONE == done(estate.apply()).exit


def test_the_lock_is_given_back_after_a_failure(estate, world):
    """A run that ends in an error holds nobody up."""
    plan = estate.plan()
    declare(estate, "alpha", 11)
    declare(estate, "beta", 5)
    with pytest.raises(StalePlan):
        estate.apply(plan)

    assert Exit.DONE == done(estate.apply()).exit


# ---- how a run ends ----


@pytest.mark.parametrize(
    ("faults", "exit_code"),
    [
        ((), Exit.DONE),
        ((Fault(kind="reject", times=2),), Exit.ERROR),
        ((Fault(kind="reject"),), Exit.PARTLY),
        ((Fault(kind="elsewhere", seats=1),), Exit.DONE),  # nothing bought yet that somebody could have changed
        ((Fault(kind="defer"),), Exit.DONE),
        ((Fault(kind="lost_after", skip=3), Fault(kind="probe_lost", times=-1)), Exit.UNKNOWN),
        ((Fault(kind="not_authorised"),), Exit.NOT_AUTHORISED),
        ((Fault(kind="try_later"),), Exit.TRY_LATER),
        ((Fault(kind="throttle", times=-1),), Exit.TRY_LATER),
        ((Fault(kind="misread", times=-1),), Exit.PARTLY),
        ((Fault(kind="unreadable", tenant=tenant_of(2), times=-1),), Exit.TRY_LATER),
    ],
    ids=["done", "all refused", "one refused", "elsewhere", "a person first", "unknown", "not authorised", "nobody there",
         "throttled", "misread", "unreadable"],
)  # fmt: skip
def test_the_strongest_truth_is_the_exit(estate, world, faults, exit_code):
    """However a run ends, its exit code says the worst that is true of it."""
    world.script(*faults)
    from cspdecl.engine.apply import ApplyOptions

    assert exit_code == done(estate.apply(options=ApplyOptions(workers=1))).exit


def test_a_store_that_fails_in_flight_is_said(estate, world, monkeypatch):
    """The disk fills up while a purchase is under way: the run ends as unknown, `recover` settles it, bought once."""
    commit = SqliteStore.commit

    def full(self, batch):
        if any(entry.kind == "outcome" for entry in batch.journal):
            raise ConfigurationError("the disk of the store store.db is full")
        commit(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(SqliteStore, "commit", full)
        with pytest.raises(RunBroken, match=r"disk.*full.*cspdecl recover") as broken:
            estate.apply()
    assert Exit.UNKNOWN == broken.value.exit_code

    assert {"applied"} <= {task.state for task in estate.recover()}
    estate.apply()
    assert ([10], [4]) == (live_seats(world, "alpha"), live_seats(world, "beta"))
    assert 2 == len(estate.ledger())


# ---- recover ----


def test_recover_settles_what_an_earlier_run_left(estate, world):
    """An outcome that no look could settle is settled later, recorded once, under the run and by the person that sent it."""
    world.script(Fault(kind="lost_after", skip=2), Fault(kind="probe_lost", times=5))
    first = done(estate.apply())
    assert Exit.UNKNOWN == first.exit

    [task] = estate.recover()

    assert "applied" == task.state
    assert () == estate.open_operations()
    records = [json.loads(record.body) for record in estate.ledger()]
    assert {first.plan.id} == {record["data"].get("plan_digest") for record in records}
    assert () == estate.plan().operations


def test_apply_settles_first(estate, world):
    """`apply` settles what is open before it plans, so that it cannot buy again what may have been bought."""
    world.script(Fault(kind="lost_after", skip=2), Fault(kind="probe_lost", times=5))
    estate.apply()

    result = estate.apply()

    recovered = [] if isinstance(result, Plan) else [task.state for task in result.recovered]
    assert ["applied"] == recovered or () == estate.open_operations()
    assert ([10], [4]) == (live_seats(world, "alpha"), live_seats(world, "beta"))
    assert 2 == len(estate.ledger())


def test_what_stays_unknown_keeps_its_customer(estate, world):
    """While an outcome is unknown its customer is left alone, run after run; the others are served."""
    world.script(Fault(kind="lost_after", tenant=tenant_of(1), skip=1),
                 Fault(kind="probe_lost", tenant=tenant_of(1), times=-1))  # fmt: skip
    estate.apply()
    declare(estate, "beta", 6)

    result = done(estate.apply())

    assert Exit.UNKNOWN == result.exit
    assert 1 == len(live_seats(world, "alpha"))
    assert [6] == live_seats(world, "beta")


def test_nothing_open_is_nothing_to_recover(estate):
    """After a run that ended well there is nothing to settle."""
    estate.apply()

    assert () == estate.recover()


# ---- record ----


def test_recording_twice_records_nothing_twice(estate, world):
    """A change made elsewhere and a renewal are taken in once each, however often somebody asks."""
    estate.apply()
    with world.open() as state:
        state.set_seats(tenant_of(1), only_subscription(world, "alpha"), 12)
    assert (1, 0) == (estate.record(), estate.record())
    world.advance(days=370)

    assert 2 == estate.record()
    assert 0 == estate.record()
    assert 5 == len(estate.ledger())


def test_our_own_changes_are_never_observed(estate, world):
    """What a run did and recorded is not found again as somebody else's change."""
    estate.apply()
    declare(estate, "alpha", 12)
    estate.apply()

    assert (0, ()) == (estate.record(), estate.drift())


def test_a_bundle_and_an_own_service_converge(estate, world):
    """A bundle of two subscriptions and an own service is bought, booked and then left alone."""
    estate.bundle(
        "office", version="1.0.0", displayName="Office",
        components=[
            {"name": "m365", "offer": OFFER}, {"name": "phone", "offer": OTHER_OFFER, "seats": {"perSeat": 0.5, "round": "up"}},
            {"name": "care", "service": "managed", "sell": {"perSeat": "19.00", "every": "month"}},
        ],
        sell={"perSeat": "54.90", "every": "month", "allocate": "byCost"},
    )  # fmt: skip
    estate.customer("alpha", {"name": "office", "bundle": "office@1", "seats": 5}, tenant=tenant_of(1))

    result = done(estate.apply())

    assert Exit.DONE == result.exit
    assert [3, 5] == sorted(live_seats(world, "alpha"))
    assert ((), (), ()) == (estate.plan().operations, estate.plan(cached=True).operations, estate.drift())
