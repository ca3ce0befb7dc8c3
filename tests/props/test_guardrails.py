"""Guardrails over any plan: more limits never let more through, and no change is a way around them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from cspdecl.core.guard import Freeze, Level
from tests.guard_builders import NOW, buy, cancel, judged, limits, more, rule, run_out, waiver

ADDRESSES = st.sampled_from(["a/x", "a/y", "a/y/m365", "b/x", "c/z"])
SEATS = st.integers(1, 60)
STEPS = st.lists(
    st.one_of(
        st.builds(buy, ADDRESSES, SEATS, commitment=st.none() | st.integers(1, 9000).map(str)),
        st.builds(more, ADDRESSES, SEATS, SEATS),
        st.builds(cancel, ADDRESSES, SEATS),
        st.builds(run_out, ADDRESSES, SEATS),
    ),
    max_size=6,
    unique_by=lambda step: step.address,
)
LEVELS = st.sampled_from(["warn", "needs-approval", "deny"])
ROLE = {"level": LEVELS, "role": st.sampled_from(["finance", "sales-lead"]), "count": st.integers(1, 2)}
SHARES = st.integers(0, 20).map(lambda part: Fraction(part, 20))
DAYS = st.integers(-2, 2).map(lambda days: NOW.date() + timedelta(days=days))


def frozen(first: date, last: date, **rest):
    return rule("freeze", None, freeze=Freeze(first=min(first, last), last=max(first, last), reason="r"), **rest)


RULES = st.one_of(
    st.builds(rule, st.just("maxSeatsPerChange"), st.integers(0, 60), **ROLE),
    st.builds(rule, st.just("maxNewCommitment"), st.integers(0, 20000).map(str), **ROLE),
    st.builds(
        rule, st.sampled_from(["maxCancellations", "maxSeatsRemoved", "maxShareOfEstate"]), st.integers(0, 5) | SHARES,
        **ROLE,
    ),
    st.builds(rule, st.just("forbid"), st.none(), term=st.sampled_from(["P1Y", "P3Y"]), **ROLE),
    st.builds(frozen, DAYS, DAYS, **ROLE),
)  # fmt: skip
PROJECTS = st.lists(RULES, max_size=5)
WAIVERS = st.lists(
    st.builds(
        waiver,
        st.sampled_from(["maxSeatsPerChange", "maxNewCommitment", "maxCancellations", "maxSeatsRemoved", "freeze"]),
        st.none() | ADDRESSES | st.just("a"),
    ),
    max_size=2,
).map(tuple)


def weight(report):
    """How strict a report is as a whole: the strictest level that is not excused, -1 for none."""
    return max((item.level.strictness for item in report.verdicts if item.waiver is None), default=-1)


def asked(report):
    """Role and count of everybody who has to agree."""
    found: dict[str, int] = {}
    for item in report.awaits:
        found[item.approval.role] = max(found.get(item.approval.role, 0), item.approval.count)
    return found


def what(report):
    """What a report says, without sentences and sides."""
    return {(item.rule, item.code, item.address, item.level, item.approval, item.waiver) for item in report.verdicts}


@given(STEPS, PROJECTS, RULES, WAIVERS)
def test_one_limit_more_never_lets_more_through(steps, rules, added, waivers):
    """With a limit added a plan is as strictly judged or more, and everybody who was asked is asked, or it is refused."""
    before = judged(limits(*rules, waivers=waivers), *steps)
    after = judged(limits(*rules, added, waivers=waivers), *steps)

    assert weight(before) <= weight(after)
    assert after.refused or all(asked(after).get(role, 0) >= count for role, count in asked(before).items())


@given(STEPS, PROJECTS, PROJECTS)
def test_before_and_after_are_the_same_to_the_judge(steps, one, other):
    """Loosening and sharpening are judged alike: the stricter of both, whichever way the change goes."""
    there = judged(limits(*one), *steps, base=(limits(*other),))
    back = judged(limits(*other), *steps, base=(limits(*one),))

    assert (weight(there), asked(there)) == (weight(back), asked(back))
    assert weight(there) == max(weight(judged(limits(*one), *steps)), weight(judged(limits(*other), *steps)))


@given(STEPS, PROJECTS, WAIVERS)
def test_deleting_limits_in_the_same_change_changes_nothing(steps, rules, waivers):
    """With every limit deleted the same is said, now as what held before."""
    kept = judged(limits(*rules, waivers=waivers), *steps)
    deleted = judged(limits(waivers=waivers), *steps, base=(limits(*rules, waivers=waivers),))

    assert {item for item in what(kept) if item[-1] is None} == what(deleted)
    assert all(item.side == "base" for item in deleted.verdicts)


@given(STEPS, PROJECTS, WAIVERS)
def test_waivers_that_the_change_brings_excuse_nothing(steps, rules, waivers):
    """A change that writes its own waivers is judged as one without any."""
    without = judged(limits(*rules), *steps)
    own = judged(limits(*rules, waivers=waivers), *steps, base=(limits(*rules),))

    assert what(without) == what(own)


@given(STEPS, PROJECTS, WAIVERS)
def test_a_waiver_only_excuses(steps, rules, waivers):
    """With waivers nothing is judged more strictly, and from their end on it is as if they were not there."""
    plain = judged(limits(*rules), *steps)
    over = tuple(replace(item, expires=NOW) for item in waivers)

    assert weight(judged(limits(*rules, waivers=waivers), *steps)) <= weight(plain)
    assert what(plain) == what(judged(limits(*rules, waivers=over), *steps))


@given(STEPS, PROJECTS)
def test_levels_mean_what_they_say(steps, rules):
    """Only deny refuses, only needs-approval asks, and a guard says one level of one thing."""
    report = judged(limits(*rules), *steps)

    for item in report.verdicts:
        assert (item.level is Level.DENY, item.level is Level.NEEDS_APPROVAL) == (
            item.refused,
            item.approval is not None,
        )
