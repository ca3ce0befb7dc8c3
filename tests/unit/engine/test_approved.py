"""Applying what was approved: what may have moved since, what may not, and how often an approval serves."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cspdecl.core.action import SetSeats
from cspdecl.core.errors import StalePlan
from cspdecl.core.guard import Approval, NeededApproval
from cspdecl.core.operation import Plan, SafetyReport, Verdict
from cspdecl.engine import basis
from cspdecl.engine.apply import ApplyOptions, ApplyResult
from cspdecl.engine.approved import Approved, NotApproved
from cspdecl.engine.exits import Exit
from cspdecl.engine.problems import Outgrown
from cspdecl.planning.approvers import ApprovalFile
from cspdecl.planning.planfile import dump_plan, load_plan
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


def saved(estate) -> Plan:
    """A plan as it comes back out of its file."""
    return load_plan(dump_plan(estate.plan()))


def done(result) -> ApplyResult:
    assert isinstance(result, ApplyResult)
    return result


def refused(estate, plan) -> list[str]:
    """Codes of why nothing of a plan was carried out."""
    with pytest.raises(StalePlan) as stale:
        estate.apply(plan)
    return [item.code for item in stale.value.diagnostics]


# ---- what may have moved ----


def test_a_record_taken_in_since_does_no_harm(estate, world):
    """Seats went up and down in the portal and were recorded, which gives the operation another id: it is still the same."""
    estate.apply()
    declare(estate, "alpha", 12)
    plan = saved(estate)
    with world.open() as state:
        state.set_seats(tenant_of(1), only_subscription(world, "alpha"), 11)
    assert 1 == estate.record()
    with world.open() as state:
        state.set_seats(tenant_of(1), only_subscription(world, "alpha"), 10)
    assert 1 == estate.record()

    result = done(estate.apply(plan))

    assert (Exit.DONE, [12]) == (result.exit, live_seats(world, "alpha"))
    assert plan.operations[0].id != result.tasks[0].operation.id
    assert plan.id == json.loads(estate.ledger()[-1].body)["data"]["plan_digest"]


def test_what_somebody_did_meanwhile_need_not_be_done(estate, world):
    """The seats were set in the portal to what was approved: nothing is sent, and that is no conflict."""
    estate.apply()
    declare(estate, "alpha", 12)
    plan = saved(estate)
    with world.open() as state:
        state.set_seats(tenant_of(1), only_subscription(world, "alpha"), 12)

    result = done(estate.apply(plan))

    assert ((), (), Exit.DONE) == (result.tasks, result.outside, result.exit)


def test_a_file_that_was_moved_and_a_line_that_moved_down_are_the_same_declaration(estate, world):
    """Where something is written is not what is declared."""
    plan = saved(estate)
    old = estate.root / "customers/alpha.yaml"
    (estate.root / "customers/renamed.yaml").write_text("# moved\n" + old.read_text(encoding="utf-8"), encoding="utf-8")
    old.unlink()

    assert (Exit.DONE, [10]) == (done(estate.apply(plan)).exit, live_seats(world, "alpha"))


# ---- what may not ----


def test_seats_that_moved_are_another_change(estate, world):
    """10 → 12 was approved and 11 are there now: 11 → 12 was not. Nothing is sent; the plan of today comes along."""
    estate.apply()
    declare(estate, "alpha", 12)
    plan = saved(estate)
    with world.open() as state:
        state.set_seats(tenant_of(1), only_subscription(world, "alpha"), 11)

    with pytest.raises(Outgrown) as stale:
        estate.apply(plan)

    assert ["CSP802", "CSP813"] == [item.code for item in stale.value.diagnostics]
    assert "the value it starts from is `11`, approved was `10`" in stale.value.diagnostics[1].message
    actions = [item.action for item in stale.value.fresh.operations]
    assert [(11, 12)] == [(item.before, item.after) for item in actions if isinstance(item, SetSeats)]
    assert [11] == live_seats(world, "alpha")


def test_a_bundle_that_says_something_else_is_another_declaration(estate, world):
    """A component was added to the bundle that Alpha uses: what was approved for Alpha was another bundle."""
    component = {"name": "m365", "offer": OFFER}
    estate.bundle("komfort", version="1.0.0", components=[component])
    estate.customer("alpha", {"name": "platz", "bundle": "komfort@1", "seats": 10}, tenant=tenant_of(1))
    (estate.root / "customers/beta.yaml").unlink()
    plan = saved(estate)
    estate.bundle("komfort", version="1.0.0", components=[{**component, "displayName": "Office"}])

    assert ["CSP802", "CSP812"] == refused(estate, plan)
    assert () == world.writes()


def test_another_declaration_holds_back_its_customer_alone(estate, world):
    """Beta's file says something else than when it was approved: Alpha is served, Beta's plan of today comes along."""
    plan = saved(estate)
    estate.customer(
        "beta", {"name": "m365", "offer": OFFER, "seats": 4}, {"name": "more", "offer": OTHER_OFFER, "seats": 1},
        tenant=tenant_of(2),
    )  # fmt: skip

    result = done(estate.apply(plan))

    assert (Exit.PARTLY, [10], []) == (result.exit, live_seats(world, "alpha"), live_seats(world, "beta"))
    assert [("CSP812", "beta")] == [(item.code, str(item.address)) for item in result.outside]
    assert result.fresh is not None
    assert {"beta/m365", "beta/more"} == {str(item.address) for item in result.fresh.operations}


@pytest.mark.parametrize(
    ("what", "value"), [("__version__", "99.0"), ("version_of_provider", lambda _name: "99.0")], ids=["tool", "plugin"]
)
def test_another_version_makes_the_whole_plan_stale(estate, world, monkeypatch, what, value):
    """The decisions of another version of ours or of the plugin are not those that somebody looked at."""
    plan = saved(estate)
    monkeypatch.setattr(basis, what, value)

    assert ["CSP802", "CSP811"] == refused(estate, plan)
    assert () == world.writes()


def test_other_price_lists_make_the_whole_plan_stale(estate, world, monkeypatch):
    """A list imported since may price everything otherwise."""
    plan = saved(estate)
    assert plan.basis is not None
    other = replace(plan, basis=replace(plan.basis, prices="of an older list"))

    assert ["CSP802", "CSP811"] == refused(estate, other)


def test_a_plan_made_offline_is_for_reading(estate, world):
    """What nobody read live is not carried out, however it got approved."""
    assert ["CSP724"] == refused(estate, replace(saved(estate), offline=True))
    assert () == world.writes()


# ---- how often ----


def test_an_approval_is_used_up_by_what_was_done_on_it(estate, world):
    """Bought on an approval, cancelled in the portal, recorded: the same file buys nothing again."""
    plan = saved(estate)
    estate.apply(plan)
    with world.open() as state:
        state.cancel(tenant_of(1), only_subscription(world, "alpha"))
    estate.record()

    again = done(estate.apply(plan))

    assert ((), [], Exit.DONE) == (again.tasks, live_seats(world, "alpha"), again.exit)


def test_seats_are_not_added_twice_on_one_approval(estate, world):
    """Added, returned in the portal, recorded: the approval was for adding them once."""
    estate.apply()
    declare(estate, "alpha", 12)
    plan = saved(estate)
    estate.apply(plan)
    with world.open() as state:
        state.set_seats(tenant_of(1), only_subscription(world, "alpha"), 10)
    estate.record()

    again = done(estate.apply(plan))

    assert ((), [10]) == (again.tasks, live_seats(world, "alpha"))


def test_the_rest_of_a_chain_is_done_the_next_time(estate, world):
    """Bought, and then the throttle came before the end of term was set: the same file sets it."""
    estate.customer("alpha", {"name": "m365", "offer": OFFER, "seats": 10, "endOfTerm": "cancel"}, tenant=tenant_of(1))
    (estate.root / "customers/beta.yaml").unlink()
    plan = saved(estate)
    assert ["purchase", "set_end_of_term"] == [item.action.kind for item in plan.operations]
    world.script(Fault(kind="throttle", skip=3, times=60))
    first = done(estate.apply(plan))
    assert {"applied", "later"} == {item.state for item in first.tasks}
    world.script()

    second = done(estate.apply(plan))

    assert [("set_end_of_term", "applied")] == [(item.operation.action.kind, item.state) for item in second.tasks]


# ---- whose word ----


def test_a_plan_waits_for_its_approvers(estate, world, monkeypatch):
    """A guard asks for somebody of finance: without the yes nothing is sent, with it everything is, and the run says
    on whose word."""
    needed = Verdict(
        rule="maxNewCommitment", code="CSP510", text="", refused=False, approval=NeededApproval(role="finance")
    )
    plan = saved(estate)
    plan = replace(plan, safety=SafetyReport(verdicts=(needed,), roles={"finance": ("lena",)}))
    approval = Approval(
        id="review-7", by="lena", plan=plan.id, verbatim='{"by":"lena","id":"review-7","link":"https://example.com"}'
    )

    with pytest.raises(NotApproved, match="waits for approvals") as refusal:
        estate.apply(plan)
    assert (["CSP727"], Exit.REFUSED, ()) == (
        [item.code for item in refusal.value.diagnostics], refusal.value.exit_code, world.writes()
    )  # fmt: skip
    given = Approved(given=ApprovalFile(approvals=(approval,)))
    result = done(estate.apply(plan, options=ApplyOptions(approved=given)))

    assert Exit.DONE == result.exit
    with estate.session() as session:
        [header] = session.store().runs()
    assert (approval.verbatim,) == header.approvals
    records = [json.loads(row.body)["data"] for row in estate.ledger()]
    assert {1} == {len(record["approvals"]) for record in records}
    assert not any("lena" in row.body or "review-7" in row.body for row in estate.ledger())


@pytest.mark.parametrize("is_saved", [False, True], ids=["planned now", "saved"])
def test_who_asks_is_not_who_approves(estate, world, is_saved):
    """The project wants a sales lead's word from 5 seats on: agreeing at the terminal is none, and no more is sent than
    for nobody's word; a sales lead's yes carries it out."""
    seats = [{"limit": 5, "level": "needs-approval", "approval": {"role": "sales-lead"}}]
    estate.project(guardrails={"maxSeatsPerChange": seats, "roles": {"sales-lead": ["tom"]}})
    plan = saved(estate) if is_saved else None

    with pytest.raises(NotApproved) as refusal:
        estate.apply(plan)
    assert ["CSP727"] == [item.code for item in refusal.value.diagnostics]
    assert (
        "`maxSeatsPerChange` at alpha/m365 waits for 1 approval by `sales-lead`" in refusal.value.diagnostics[0].message
    )
    assert () == world.writes()

    mine = Approval(id="r", by="tom", plan=(plan or estate.plan()).id, verbatim='"r"')
    said = Approved(given=ApprovalFile(approvals=(mine,), authors=frozenset({"Tom"})))
    with pytest.raises(NotApproved):
        estate.apply(plan, options=ApplyOptions(approved=said))
    given = Approved(given=ApprovalFile(approvals=(mine,)))

    assert Exit.DONE == done(estate.apply(plan, options=ApplyOptions(approved=given))).exit


def test_nobody_becomes_an_approver_after_the_plan_was_made(estate, world):
    """Roles of the plan and of today both count: whoever was put into the role meanwhile is not asked."""
    seats = [{"limit": 5, "level": "needs-approval", "approval": {"role": "sales-lead"}}]
    estate.project(guardrails={"maxSeatsPerChange": seats, "roles": {"sales-lead": ["tom"]}})
    plan = saved(estate)
    estate.project(guardrails={"maxSeatsPerChange": seats, "roles": {"sales-lead": ["mallory"]}})
    given = Approved(given=ApprovalFile(approvals=(Approval(id="r", by="mallory"),)))

    with pytest.raises(NotApproved, match="approvals"):
        estate.apply(plan, options=ApplyOptions(approved=given))
    assert () == world.writes()
