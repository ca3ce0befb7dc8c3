"""Before and after a change: the stricter limit wins, and a change cannot excuse itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from cspdecl.core.action import Forget
from cspdecl.core.guard import NeededApproval
from cspdecl.core.operation import Reason
from cspdecl.testing.builders import operation
from tests.guard_builders import NOW, ROLES, buy, cancel, judged, limits, more, rule, said, waiver

DENY = rule("maxSeatsPerChange", 50)
ASK = rule("maxSeatsPerChange", 50, "needs-approval", "sales-lead")


@pytest.mark.parametrize("after", [limits(), limits(rule("maxSeatsPerChange", 50, "warn")), limits(ASK)])
def test_loosening_a_limit_does_not_loosen_it_for_the_same_change(after):
    """A limit that a change takes away or softens still holds for it, and says so; the softer one is silent."""
    report = judged(after, buy(seats=60), base=(limits(DENY),))

    assert [("base", "deny", True)] == [(item.side, str(item.level), item.refused) for item in report.verdicts]
    assert report.verdicts[0].text.endswith(
        "; this change takes the limit away or loosens it, and until it is merged the limit holds"
    )


@pytest.mark.parametrize("before", [limits(), limits(ASK), limits(DENY)])
def test_a_stricter_limit_holds_at_once(before):
    """A limit that a change brings or sharpens holds for the change itself."""
    report = judged(limits(DENY), buy(seats=60), base=(before,))

    assert [("head", "deny", True)] == [(item.side, str(item.level), item.refused) for item in report.verdicts]


def test_every_state_compared_with_counts():
    """The tip of the target branch and the point where the change began are both before it."""
    report = judged(limits(), buy(seats=60), base=(limits(ASK), limits(DENY)))

    assert [("base", "deny", True)] == [(item.side, str(item.level), item.refused) for item in report.verdicts]


def test_both_sides_approvals_are_asked_for():
    """One side asks finance, the other the sales lead: both have to agree."""
    finance = rule("maxSeatsPerChange", 50, "needs-approval", "finance")

    report = judged(limits(finance), buy(seats=60), base=(limits(ASK),))

    assert [NeededApproval(role="finance"), NeededApproval(role="sales-lead")] == [
        item.approval for item in report.awaits
    ]


def test_a_default_that_is_raised_does_not_hold_for_the_change():
    """The tenth that may stop being managed is a limit like any other: raising it takes a change of its own."""
    gone = [
        replace(
            operation(Forget(ids=(f"s{number}",)), f"hafenkontor/l{number}"), reason=Reason(code="removed", text="")
        )
        for number in range(11)
    ]
    before, after = limits(max_stop_managing=Fraction(1, 10)), limits(max_stop_managing=Fraction(1, 2))

    assert [("maxStopManaging", "deny", True)] == said(judged(after, *gone, base=(before,)))


# ---- waivers ----


@pytest.mark.parametrize(
    ("target", "excused"),
    [
        (None, True), ("hafenkontor", True), ("hafenkontor/visio", True), ("hafen", False),
        ("hafenkontor/vis", False), ("hafenkontor/visio/m365", False), ("muehlbach", False),
    ],
)  # fmt: skip
def test_a_waiver_is_for_whom_it_names(target, excused):
    """A customer covers its lines, a line its components, and nothing that only begins alike."""
    report = judged(limits(DENY, waivers=(waiver("maxSeatsPerChange", target),)), buy(seats=60))

    assert (not excused, "w" if excused else None) == (report.refused, report.verdicts[0].waiver)


def test_a_waiver_is_named_with_its_owner_end_and_reason():
    """Whoever reads the plan sees that something was excused, by whom, why and until when."""
    report = judged(limits(DENY, waivers=(waiver("maxSeatsPerChange", "hafenkontor"),)), buy(seats=60))

    assert report.verdicts[0].text.endswith("; excused by the waiver `w` (lena, before 2027-01-01: a reason)")


def test_a_waiver_is_over_at_its_instant():
    """Up to the last microsecond it holds, from `expires` on it does not."""
    ends = NOW.isoformat()
    guardrails = limits(DENY, waivers=(waiver("maxSeatsPerChange", expires=ends),))

    assert (True, False) == (
        judged(guardrails, buy(seats=60), now=NOW).refused,
        judged(guardrails, buy(seats=60), now=NOW - timedelta(microseconds=1)).refused,
    )


def test_a_waiver_of_another_guard_excuses_nothing():
    """It names one guard."""
    report = judged(limits(DENY, waivers=(waiver("maxNewCommitment"), waiver("drift"))), buy(seats=60))

    assert report.refused


def test_what_is_waived_does_not_count_in_a_sum():
    """Of a limit over the whole plan the waived part is taken out, and the rest is judged alone."""
    rules = (rule("maxNewCommitment", "5000", "warn"), rule("maxNewCommitment", "20000"))
    steps = [buy("muehlbach/m365", commitment="18000"), buy("hafenkontor/visio", commitment="6000")]

    report = judged(limits(*rules, waivers=(waiver("maxNewCommitment", "muehlbach"),)), *steps)

    assert [("warn", False, None), ("deny", False, "w")] == [
        (str(item.level), item.refused, item.waiver) for item in report.verdicts
    ]


def test_a_change_cannot_excuse_itself():
    """A waiver counts only where both sides have it; the shorter end holds."""
    held = waiver("maxSeatsPerChange", "hafenkontor")
    longer, over = (
        waiver("maxSeatsPerChange", "hafenkontor", expires="2030-01-01"),
        waiver("maxSeatsPerChange", "hafenkontor", expires="2026-11-01"),
    )

    def refused(before, after):
        return judged(limits(DENY, waivers=after), buy(seats=60), base=(limits(DENY, waivers=before),)).refused

    assert [True, False, True, True] == [
        refused((), (held,)), refused((held,), (longer,)), refused((over,), (longer,)), refused((held,), ()),
    ]  # fmt: skip


def test_nobody_becomes_an_approver_by_the_change_itself():
    """A role counts for those who held it before and hold it after."""
    before, after = {"sales-lead": ("tom",)}, {"sales-lead": ("tom", "mallory")}

    report = judged(limits(ASK, roles=after), buy(seats=60), base=(limits(ASK, roles=before),))

    assert {"sales-lead": ("tom",)} == report.roles


def test_a_new_role_cannot_approve_its_own_change():
    """Where nobody held the role before, the verdict says that the roles come first."""
    report = judged(limits(ASK, roles=ROLES), buy(seats=60), base=(limits(roles={}),))

    assert ({"sales-lead": ()}, True) == (
        report.roles,
        "nobody holds that role both before and after this change" in report.verdicts[0].text,
    )


def test_a_waived_approval_is_not_waited_for():
    """What is excused needs nobody's word, and no role is listed for it."""
    report = judged(limits(ASK, waivers=(waiver("maxSeatsPerChange"),)), buy(seats=60))

    assert ((), {}) == (report.awaits, report.roles)


def test_a_waiver_never_makes_it_stricter():
    """Taking a part out of a bundle leaves a worse margin behind: that is not held against whoever has the waiver."""
    rules = (rule("maxCancellations", Fraction(1, 2), "warn"),)
    steps = [cancel("a/a"), cancel("b/a"), more("c/a")]

    report = judged(limits(*rules, waivers=(waiver("maxCancellations", "c"),)), *steps)

    assert not report.refused
