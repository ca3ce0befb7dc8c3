"""A result as a comment: safe, within its budget, complete where there is room, and the same facts at a terminal."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from cspdecl.core.guard import NeededApproval
from cspdecl.core.operation import Verdict
from cspdecl.core.result import ApplyReport, LeftAlone, OperationResult, Problem
from cspdecl.report.result import render_result, render_result_text

HOSTILE = "@anna | <img src=x> \x1b[31m `tick` <!-- --> [a](http://b)"


def one(number: int, state: Any = "applied", message: str = "") -> OperationResult:
    """An operation of a run."""
    return OperationResult(
        id=f"{number:064d}", address=f"kunde-{number}/m365", action="set_seats", did=f"{number} → {number + 1} seats",
        state=state, message=message, request_id="",
    )  # fmt: skip


def report(**rest) -> ApplyReport:
    """A run that did two things and left one alone."""
    base = ApplyReport(
        format=1, exit=4, verdict="partly", text="partly carried out", project="nordlicht", run="run-1", plan="a" * 64,
        commit="c0ffee" * 6, approvals=("review-7",), records=2, observed=1,
        operations=(one(1), one(2), one(3, "rejected", "not today")), recovered=(),
        conflicts=(LeftAlone(code="CSP813", address="kunde-4/m365", reason="kunde-4/m365: live moved"),), verdicts=(),
        problems=(), stopped=None, next=("cspdecl plan --out plan.json",), fresh="b" * 64,
    )  # fmt: skip
    return replace(base, **rest)


def test_a_comment_says_what_was_done_what_not_and_what_next():
    """Mark, title, what was not done before what was, who said yes, and the command to run."""
    text = render_result(report())

    assert text.startswith("<!-- cspdecl:apply key=nordlicht -->\n### Partly carried out for nordlicht\n")
    order = ["Change records written: 2", "Not done: 1", "not today", "Left alone", "live moved", "Done: 2", "cspdecl plan",
             "exit code 4", "approvals: review-7"]  # fmt: skip
    assert sorted(order, key=text.index) == order


@pytest.mark.parametrize("count", [0, 1, 50, 5_000])
@pytest.mark.parametrize("state", ["applied", "later"])
def test_a_comment_keeps_its_budget(count, state):
    """60,000 bytes at most at any size: fewer whole rows, counted, never half a table."""
    text = render_result(report(operations=tuple(one(number, state, HOSTILE * 3) for number in range(count))))

    assert len(text.encode()) <= 60_000
    assert [] == [line for line in text.splitlines() if line.startswith("|") and not line.endswith("|")]
    assert ("more: see the result file" in text) is (count == 5_000)


def test_names_from_elsewhere_do_nothing():
    """A provider's message can open no tag and no link, mention nobody, end no table and obey no terminal."""
    hostile = report(
        operations=(one(1, "rejected", HOSTILE),), project=HOSTILE, commit=HOSTILE, approvals=(HOSTILE,),
        conflicts=(LeftAlone(code="CSP813", address=None, reason=HOSTILE),),
        problems=(Problem(code="", severity="error", message=HOSTILE, address=None, hint=HOSTILE),),
    )  # fmt: skip

    text, plain = render_result(hostile), render_result_text(hostile)

    assert [] == [part for part in ("<img", "@anna", "\x1b", "`tick`", "http://b") if part in text]
    assert not re.search(r"(?<!\\)\]\(", text)
    assert 1 == text.count("<!--") == text.count("-->")
    assert "\x1b" not in plain


def test_who_may_not_see_cost_does_not():
    """With `sell` the numbers of a guardrail of money stay out of the comment; a missing approval is named all the same."""
    waits = Verdict(
        rule="maxNewCommitment", code="CSP510", text="commits to 12,000.00 EUR", refused=False,
        approval=NeededApproval(role="finance", count=2),
    )  # fmt: skip
    missing = Problem(code="CSP727", severity="error", message="2 missing: one of lena", address=None, hint=None)
    refused = report(exit=3, verdict="refused", verdicts=(waits,), problems=(missing,), operations=(), conflicts=())

    shown, hidden = render_result(refused), render_result(refused, show="sell")

    assert ("12,000.00 EUR" in shown, "12,000.00" in hidden) == (True, False)
    assert "one of lena" in hidden
    assert "12,000.00" not in render_result_text(refused, show="sell")


def test_a_run_without_anything_to_do_is_no_success_story():
    """Nothing was carried out since nothing was to be: the title says so."""
    idle = report(
        exit=0, verdict="done", text="there was nothing to do", operations=(), conflicts=(), records=0, observed=0
    )

    assert "### Nothing to carry out for nordlicht\n" in render_result(idle)
