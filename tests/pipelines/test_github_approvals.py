"""Whose word counts, on the shipped GitHub workflows: guardrails that wait for somebody, reviews that are none."""

from __future__ import annotations

import json

from tests.pipelines.bench import bench, more_seats
from tests.pipelines.runner import on_pull_request, on_push


def test_a_guardrail_waits_for_a_word_that_counts(tmp_path):
    """More than two seats need sales: the author's word and an early one are none; the right one is kept verbatim."""
    guard = "guardrails:\n  maxSeatsPerChange: [{limit: 2, level: needs-approval, approval: {role: sales}}]\n"
    with bench(tmp_path, more=guard + "  roles: {sales: [anna, vera]}\n") as made:
        pull = more_seats(made)
        made.forge.review(pull, "anna")  # before there was anything to see
        planned = on_pull_request(made, pull)
        assert 0 == planned.code, planned.log
        made.forge.review(pull, "vera")
        before, after = made.merge(pull)
        refused = on_push(made, before, after)
        assert 3 == refused.code, refused.log
        assert "approved before this plan was shown" in made.comments(pull)["apply"]
        assert 10 == made.live_seats("alpha")
        made.forge.review(pull, "anna")
        applied = on_push(made, before, after)
        assert 0 == applied.code, applied.log
        assert 13 == made.live_seats("alpha")
        [approval] = json.loads(applied.file("approvals.json"))
        assert ("anna", pull.head, "vera") == (approval["by"], approval["commit"], approval["author"])
