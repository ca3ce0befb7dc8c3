"""The shipped GitHub workflows, run: from a pull request over its review and merge to what is bought and what is said."""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest

from cspdecl.engine.apply import locked
from cspdecl.engine.session import Session
from cspdecl_ci.applying import Waiting, apply_merged
from tests.pipelines.bench import bench, git, more_seats
from tests.pipelines.runner import desk_of_push, on_pull_request, on_push, on_schedule, person


@pytest.fixture
def nordlicht(tmp_path):
    with bench(tmp_path) as made:
        yield made


def test_from_the_pull_request_to_the_purchase(nordlicht):
    """Three seats more: shown, approved, squashed, bought once, said; run again buys nothing; no word holds a token."""
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
    left = [planned.log, planned.summary, applied.log, applied.summary, *nordlicht.comments(pull).values()]
    left += [path.read_text("utf-8") for run in (planned, applied) for path in (run.folder / ".cspdecl/ci").iterdir()]
    assert [] == [text[:200] for text in left if "forge-token" in text or "eyJ" in text]
    assert json.loads(applied.file("result.json"))
    again = on_push(nordlicht, before, after)
    assert 0 == again.code, again.log
    assert 13 == nordlicht.live_seats("alpha")


@pytest.mark.parametrize("how", [pytest.param("merge", marks=pytest.mark.long), "rebase"])
def test_how_it_was_merged_does_not_matter(nordlicht, how):
    """A merge commit or a rebase: what was approved are operations, and the commit only says where they came from."""
    pull = more_seats(nordlicht)
    assert 0 == on_pull_request(nordlicht, pull).code
    nordlicht.branch("meanwhile")
    nordlicht.write("README.md", "# Customers\n")
    other = nordlicht.propose("meanwhile", author="olga")
    nordlicht.merge(other)
    applied = on_push(nordlicht, *nordlicht.merge(pull, how))

    assert 0 == applied.code, applied.log
    assert 13 == nordlicht.live_seats("alpha")


def test_a_push_past_everybody_buys_nothing(nordlicht):
    """A commit right on the default branch: fine where nothing would be sent, refused with a word where something would."""
    nordlicht.write("README.md", "# Customers\n")
    harmless = on_push(nordlicht, *nordlicht.push_main("Words only"))
    assert 0 == harmless.code, harmless.log
    nordlicht.seats("alpha", 12)
    refused = on_push(nordlicht, *nordlicht.push_main("Two seats, quickly"))

    assert 3 == refused.code, refused.log
    assert "CSP741" in refused.log
    assert 10 == nordlicht.live_seats("alpha")


def test_what_does_not_fit_any_more_is_shown_anew_and_needs_a_new_word(nordlicht):
    """Somebody edits in the portal meanwhile: 7 and a fresh plan; run again without a new approval nothing is bought."""
    pull = more_seats(nordlicht)
    assert 0 == on_pull_request(nordlicht, pull).code
    nordlicht.forge.review(pull, "anna")
    nordlicht.portal("alpha", quantity=11)
    before, after = nordlicht.merge(pull)
    stale = on_push(nordlicht, before, after)

    assert 7 == stale.code, stale.log
    assert 11 == nordlicht.live_seats("alpha")
    assert "11 → 13" in nordlicht.comments(pull)["plan"]
    assert [f"cspdecl-plan-{pull.head}"] == stale.artifacts

    assert 7 == on_push(nordlicht, before, after).code
    assert 11 == nordlicht.live_seats("alpha")
    nordlicht.forge.review(pull, "anna")
    again = on_push(nordlicht, before, after)
    assert 0 == again.code, again.log
    assert 13 == nordlicht.live_seats("alpha")


def test_the_plan_that_was_shown_is_the_one_that_runs(nordlicht):
    """A saved plan whose digest is not in our comment is not used, whoever put it there; nothing is bought."""
    pull = more_seats(nordlicht, 12)
    assert 0 == on_pull_request(nordlicht, pull).code
    [kept] = nordlicht.forge.artifacts
    nordlicht.seats("alpha", 40)
    nordlicht.push_more(pull)
    assert 0 == on_pull_request(nordlicht, pull).code
    nordlicht.forge.artifacts[-1].content = kept.content
    unfit = on_push(nordlicht, *nordlicht.merge(pull))

    assert 7 == unfit.code, unfit.log
    assert "CSP742" in unfit.log
    assert 10 == nordlicht.live_seats("alpha")
    assert "was not kept" in nordlicht.comments(pull)["apply"]


def test_two_merges_in_one_push_are_both_carried_out(nordlicht):
    """Each pull request has its own plan and its own comment about what was done; one without any keeps nobody."""
    nordlicht.branch("words")
    nordlicht.write("README.md", "# Customers\n")
    words = nordlicht.propose("words")
    first = more_seats(nordlicht, 11, "one")
    assert 0 == on_pull_request(nordlicht, first).code
    nordlicht.branch("two")
    nordlicht.seats("beta", 12)
    second = nordlicht.propose("two", author="olga")
    assert 0 == on_pull_request(nordlicht, second).code
    before, _middle = nordlicht.merge(words, "squash")
    nordlicht.merge(first, "squash")
    _middle, after = nordlicht.merge(second, "merge")
    applied = on_push(nordlicht, before, after)

    assert 0 == applied.code, applied.log
    assert (11, 12) == (nordlicht.live_seats("alpha"), nordlicht.live_seats("beta"))
    assert "alpha/m365" in nordlicht.comments(first)["apply"]
    assert "beta/m365" in nordlicht.comments(second)["apply"]


def test_a_host_that_takes_no_comment_hides_no_result(nordlicht):
    """Bought and refused the comment: the job fails with the word, the summary says what was bought, the rest is done."""
    first = more_seats(nordlicht, 11, "one")
    assert 0 == on_pull_request(nordlicht, first).code
    nordlicht.branch("two")
    nordlicht.seats("beta", 12)
    second = nordlicht.propose("two", author="olga")
    assert 0 == on_pull_request(nordlicht, second).code
    before, _middle = nordlicht.merge(first)
    _middle, after = nordlicht.merge(second)
    nordlicht.forge.trouble(f"POST .*/issues/{first.number}/comments", 403)
    applied = on_push(nordlicht, before, after)

    assert 1 == applied.code, applied.log
    assert "CSP740" in applied.log
    assert (11, 12) == (nordlicht.live_seats("alpha"), nordlicht.live_seats("beta"))
    assert "alpha/m365" in applied.summary
    assert "beta/m365" in nordlicht.comments(second)["apply"]


def test_one_that_cannot_be_carried_out_keeps_no_other_from_it(nordlicht):
    """Of two merges in a push the first was never planned for its last commit: 7 for that, and the other is bought."""
    first = more_seats(nordlicht, 11, "one")
    assert 0 == on_pull_request(nordlicht, first).code
    nordlicht.write("README.md", "# Customers\n")
    nordlicht.push_more(first)
    nordlicht.branch("two")
    nordlicht.seats("beta", 12)
    second = nordlicht.propose("two", author="olga")
    assert 0 == on_pull_request(nordlicht, second).code
    before, _middle = nordlicht.merge(first)
    _middle, after = nordlicht.merge(second)
    applied = on_push(nordlicht, before, after)

    assert 7 == applied.code, applied.log
    assert "CSP742" in applied.log
    assert (10, 12) == (nordlicht.live_seats("alpha"), nordlicht.live_seats("beta"))


def test_merged_without_a_new_commit_a_fresh_plan_still_needs_a_new_word(nordlicht):
    """A fast-forward: the request's last commit is the branch's, and nobody approved what was made after the merge."""
    pull = more_seats(nordlicht)
    assert 0 == on_pull_request(nordlicht, pull).code
    nordlicht.forge.review(pull, "anna")
    nordlicht.portal("alpha", quantity=11)
    before = git(nordlicht.work, "rev-parse", "main")
    git(nordlicht.work, "push", "-q", "origin", f"{pull.head}:main")
    nordlicht.forge.merge(pull, pull.head)
    assert 7 == on_push(nordlicht, before, pull.head).code
    again = on_push(nordlicht, before, pull.head)

    assert 7 == again.code, again.log
    assert 11 == nordlicht.live_seats("alpha")


def test_drift_is_one_issue_and_alarms_when_it_changes(nordlicht):
    """Found: 2 and an issue. The same next night: 0. Put right: closed with a word."""
    assert 0 == on_schedule(nordlicht).code
    assert {} == nordlicht.forge.issues
    nordlicht.portal("alpha", quantity=14)
    found = on_schedule(nordlicht)
    assert 2 == found.code, found.log
    [issue] = nordlicht.forge.issues.values()
    assert ("open", True) == (issue.state, "m365" in issue.body and "14" in issue.body)
    same = on_schedule(nordlicht)
    assert 0 == same.code, same.log
    nordlicht.portal("alpha", quantity=10)
    on_schedule(nordlicht)

    assert ["closed"] == [one.state for one in nordlicht.forge.issues.values()]
    assert {"drift.sarif", "drift.xml"} <= {path.name for path in (same.folder / ".cspdecl/ci").iterdir()}


def test_no_disk_is_needed(tmp_path):
    """The store on a ref of the repository: what one runner recorded the next one knows, and `main` holds none of it."""
    with bench(tmp_path, store="git:.") as made:
        pull = more_seats(made)
        assert 0 == on_pull_request(made, pull).code
        before, after = made.merge(pull)
        applied = on_push(made, before, after)
        assert 0 == applied.code, applied.log
        assert 13 == made.live_seats("alpha")
        again = on_push(made, before, after)
        assert 0 == again.code, again.log
        assert 13 == made.live_seats("alpha")
        listed = person(made, "ledger", "list")
        assert 0 == listed.returncode, listed.stderr
        assert "alpha/m365" in listed.stdout
        assert after == git(made.remote, "rev-parse", "main")


def test_a_job_waits_while_another_run_holds_the_lock(nordlicht, monkeypatch):
    """Two merges at once: the second job waits for the first one's lock, and then does its work."""
    pull = more_seats(nordlicht)
    assert 0 == on_pull_request(nordlicht, pull).code
    before, after = nordlicht.merge(pull)
    said: list[str] = []
    with Session(nordlicht.work) as session, ExitStack() as held:
        held.enter_context(locked(session, "another run", "apply"))
        desk = desk_of_push(nordlicht, before, after, said.append)
        code = apply_merged(desk, plan_from=None, waiting=Waiting(seconds=60, pause=lambda _seconds: held.close()))

    assert 0 == code, said
    assert 13 == nordlicht.live_seats("alpha")
    assert [True] == [
        text.startswith("another run holds the lock: waiting") for text in said if "holds the lock:" in text
    ]
