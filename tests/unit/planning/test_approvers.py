"""Whose word counts: people of the role, not the author, for this plan; and what the file of approvals may hold."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cspdecl.core.guard import NeededApproval
from cspdecl.core.operation import SafetyReport, Verdict
from cspdecl.planning.approvers import ApprovalFile, Bound, approval_of, find_lacking, parse_approvals

BOUND = Bound(plans=frozenset({"digest"}), commits=frozenset({"c0ffee"}))
ROLES = {"finance": ("Lena", "jens", "tom")}


def waiting(count: int = 1, *, rule: str = "maxNewCommitment", roles=ROLES) -> SafetyReport:
    """A plan that waits for so many people of finance."""
    needed = NeededApproval(role="finance", count=count)
    verdict = Verdict(rule=rule, code="CSP510", text="12,000.00 EUR", refused=False, approval=needed)
    return SafetyReport(verdicts=(verdict,), roles=roles)


def given(*entries: object) -> ApprovalFile:
    """The file as a pipeline writes it."""
    return parse_approvals(json.dumps(list(entries)))


def yes(by: str, **rest: object) -> dict[str, object]:
    """One review."""
    return {"id": f"review-{by}", "by": by, "plan": "digest", **rest}


def missing(report: SafetyReport, file: ApprovalFile) -> list[int]:
    """How many people are missing, verdict by verdict."""
    return [item.missing for item in find_lacking([report], file, BOUND)]


@pytest.mark.parametrize(
    ("count", "entries", "expected"),
    [
        (1, [yes("lena")], []),
        (1, [yes("@LENA")], []),
        (2, [yes("lena"), yes("jens")], []),
        (2, [yes("lena"), yes("Lena", id="once more")], [1]),
        (1, [yes("mallory")], [1]),
        (1, [yes("lena", author="lena")], [1]),
        (1, [yes("lena", author=["tom", "jens"])], []),
        (1, [yes("lena", plan="another")], [1]),
        (1, [yes("lena", plan=None, commit="c0ffee")], []),
        (1, [yes("lena", plan=None, commit="0ther")], [1]),
        (1, [yes("lena", commit="merged by squash")], []),
        (1, [yes("lena", plan=None)], [1]),
        (1, ["pr-17"], [1]),
        (2, [], [2]),
    ],
    ids=["one of the role", "however it is written", "two of two", "one person twice", "nobody of the role",
         "the author", "somebody else's change", "another plan", "this commit", "another commit",
         "this plan, squashed", "bound to nothing", "a bare id", "nobody"],
)  # fmt: skip
def test_who_counts(count, entries, expected):
    """Enough different people of the role, none of them the author, who said yes to this plan."""
    assert expected == missing(waiting(count), given(*entries))


def test_the_sentence_says_who_is_missing():
    """Whoever reads it knows whom to ask, and why somebody's yes was not counted; it speaks of no money."""
    [lack] = find_lacking([waiting(2)], given(yes("lena"), yes("tom", author="tom"), yes("mallory")), BOUND)

    assert (
        "`maxNewCommitment` waits for 2 approvals by `finance`; given by lena; 1 missing: one of jens; "
        "not counted: mallory does not hold the role; not counted: tom wrote the change"
    ) == lack.text


def test_nobody_left_to_ask_is_said():
    """A role that nobody holds but the author is not waited for in silence."""
    [lack] = find_lacking([waiting(roles={"finance": ("tom",)})], given(yes("tom", author="tom")), BOUND)

    assert "1 missing: nobody else who holds `finance` is left to ask" in lack.text


def test_only_who_held_the_role_before_and_holds_it_now():
    """Of the approved plan's report and today's, only people in both count: nobody is made an approver meanwhile."""
    then, now = waiting(roles={"finance": ("lena", "jens")}), waiting(roles={"finance": ("jens", "mallory")})

    answers = [
        [item.missing for item in find_lacking([then, now], given(yes(name)), BOUND)]
        for name in ("lena", "jens", "mallory")
    ]

    assert [[1], [], [1]] == answers


def test_a_waived_verdict_waits_for_nobody():
    """What a waiver excuses needs no approval."""
    report = waiting()
    waived = replace(report, verdicts=(replace(report.verdicts[0], waiver="spring"),))

    assert [] == missing(waived, given())


def test_every_verdict_waits_by_itself():
    """Two guards of one role are both answered by one person's yes."""
    both = replace(waiting(), verdicts=(*waiting().verdicts, *waiting(rule="minMargin").verdicts))

    assert ([1, 1], []) == (missing(both, given()), missing(both, given(yes("lena"))))


# ---- the file ----


def test_an_approval_is_kept_as_it_was_written():
    """Whatever the pipeline knows stays with it, key by key, and comes back out of the store."""
    entry = yes("lena", at="2026-11-22T14:02:00Z", link="https://example.com/r/1", weight=1.5)

    [approval] = given(entry).approvals

    assert (entry, approval) == (json.loads(approval.verbatim), approval_of(approval.verbatim))
    assert ("pr-17", "pr-17") == (approval_of('"pr-17"').id, approval_of("pr-17").id)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "it is no JSON"),
        ("{}", "it is no JSON list"),
        ("[1]", "entry 1 is neither an id nor an object with an `id`"),
        ('[{"by": "lena"}]', "`id` of entry 1 is no text"),
        ('["a", {"id": "r", "by": 7}]', "`by` of entry 2 is no text"),
        ('[{"id": "r", "at": "yesterday"}]', "`at` of entry 1 is no instant"),
        ('[{"id": "r", "author": 7}]', "`author` of entry 1"),
    ],
)
def test_a_file_that_is_none_is_refused(text, why):
    """What cannot be read is not half read: the sentence names the entry."""
    with pytest.raises(ValueError, match=why):
        parse_approvals(text)
