"""The shipped GitHub workflows, run: from a pull request over its review and merge to what is bought and what is said."""

from __future__ import annotations

import json

import pytest

from tests.pipelines.bench import bench
from tests.pipelines.forge_server import READ_ONLY
from tests.pipelines.runner import on_pull_request, on_push, on_schedule, person


@pytest.fixture
def nordlicht(tmp_path):
    with bench(tmp_path) as made:
        yield made


def more_seats(made, seats=13, branch="more-seats"):
    made.branch(branch)
    made.seats("alpha", seats)
    return made.propose(branch)


def test_from_the_pull_request_to_the_purchase(nordlicht):
    """Three seats more: shown, approved, squashed, bought once, said; a second run of the same job buys nothing."""
    pull = more_seats(nordlicht)
    planned = on_pull_request(nordlicht, pull)
    assert 0 == planned.code, planned.log
    shown = nordlicht.comments(pull)["plan"]
    assert "10 → 13" in shown
    assert "true" == planned.outputs["has_changes"]
    assert "10 → 13" in planned.summary
    assert [f"cspdecl-plan-{pull.head}"] == planned.artifacts
    nordlicht.forge.review(pull, "anna")
    assert 10 == nordlicht.live_seats("alpha")

    before, after = nordlicht.merge(pull, "squash")
    applied = on_push(nordlicht, before, after)

    assert 0 == applied.code, applied.log
    assert 13 == nordlicht.live_seats("alpha")
    assert 10 == nordlicht.live_seats("beta")
    assert "alpha/m365" in nordlicht.comments(pull)["apply"]
    again = on_push(nordlicht, before, after)
    assert 0 == again.code, again.log
    assert 13 == nordlicht.live_seats("alpha")
