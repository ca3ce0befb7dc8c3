"""The shipped plan workflow on GitHub, run on pull requests that nobody merges: one reseller serves all of them."""

from __future__ import annotations

import pytest

from tests.pipelines.bench import bench, git, more_seats
from tests.pipelines.forge_server import READ_ONLY
from tests.pipelines.runner import on_merge_group, on_pull_request


@pytest.fixture(scope="module")
def nordlicht(tmp_path_factory):
    with bench(tmp_path_factory.mktemp("nordlicht")) as made:
        yield made


def test_the_comment_says_what_the_last_run_found(nordlicht):
    """A plan, then what failed, then a plan, then that nothing changes: one comment among many, never an old one."""
    pull = more_seats(nordlicht, branch="comment")
    assert 0 == on_pull_request(nordlicht, pull).code
    for number in range(250):
        nordlicht.forge.say(pull.number, "erik", f"remark {number}")
    nordlicht.seats("alpha", -3)
    nordlicht.push_more(pull)
    broken = on_pull_request(nordlicht, pull)
    assert 65 == broken.code
    said = nordlicht.comments(pull)["plan"]
    assert said.startswith("## The manifests are invalid")
    assert "customers/alpha.yaml:" in said
    assert "13" not in said.replace(pull.head[:12], "").partition("error[")[0]
    nordlicht.seats("alpha", 11)
    nordlicht.push_more(pull)
    assert 0 == on_pull_request(nordlicht, pull).code
    assert "10 → 11" in nordlicht.comments(pull)["plan"]
    nordlicht.seats("alpha", 10)
    nordlicht.push_more(pull)
    calm = on_pull_request(nordlicht, pull)

    assert 0 == calm.code, calm.log
    assert "→" not in nordlicht.comments(pull)["plan"]
    assert 251 == len(nordlicht.forge.threads[pull.number])


def test_a_fork_sees_no_credential_and_asks_nobody(nordlicht):
    """An offline plan in the summary; no sign-in, no request to Partner Center, no secret in what the job leaves behind."""
    nordlicht.branch("stranger")
    nordlicht.seats("alpha", 12)
    pull = nordlicht.propose("stranger", author="mallory", fork=True)
    before = len(nordlicht.sim.requests())
    asked = sum(one.path == "/identity" for one in nordlicht.forge.asked)
    planned = on_pull_request(nordlicht, pull)

    assert 0 == planned.code, planned.log
    assert before == len(nordlicht.sim.requests())
    assert asked == sum(one.path == "/identity" for one in nordlicht.forge.asked)
    assert "10 → 12" in planned.summary
    assert "Offline" in planned.summary
    assert {} == nordlicht.comments(pull)
    assert "CSP744" in planned.log
    assert READ_ONLY not in planned.log


def test_a_change_of_where_to_connect_is_planned_offline(nordlicht):
    """A pull request that sends the sign-in elsewhere is shown without anybody signing in."""
    nordlicht.branch("elsewhere")
    nordlicht.project("persistent: true\n", url="https://127.0.0.1:9")
    nordlicht.seats("alpha", 12)
    pull = nordlicht.propose("elsewhere")
    asked = sum(one.path == "/identity" for one in nordlicht.forge.asked)
    planned = on_pull_request(nordlicht, pull)

    assert 0 == planned.code, planned.log
    assert "CSP743" in planned.log
    assert asked == sum(one.path == "/identity" for one in nordlicht.forge.asked)
    assert "Offline" in nordlicht.comments(pull)["plan"]


def test_a_job_without_the_right_to_comment_says_so(nordlicht):
    """An old comment would stay and be wrong: the job fails with a word about the permission."""
    pull = more_seats(nordlicht, branch="no-right")
    planned = on_pull_request(nordlicht, pull, token=READ_ONLY)

    assert 1 == planned.code, planned.log
    assert "CSP740" in planned.log
    assert "10 → 13" in planned.summary


def test_a_merge_queues_candidate_is_planned_without_a_comment(nordlicht):
    """The required check runs for the queue, too; there is no pull request to write on, the summary has the plan."""
    pull = more_seats(nordlicht, branch="queue")
    queued = on_merge_group(nordlicht, pull)

    assert 0 == queued.code, queued.log
    assert "10 → 13" in queued.summary
    assert {} == nordlicht.comments(pull)


def test_a_project_in_a_folder_keeps_its_plans_apart(nordlicht):
    """Of two projects in one repository each has its own comment and its own kept plan."""
    nordlicht.branch("second")
    action = nordlicht.work / ".github/workflows/cspdecl-plan.yml"
    action.write_text(
        action.read_text("utf-8").replace("command: plan", "command: plan\n          project: north"), "utf-8"
    )
    for name in ("cspdecl.yaml", "customers"):
        git(nordlicht.work, "rm", "-r", "-q", "--cached", name)
    (nordlicht.work / "north").mkdir()
    for name in ("cspdecl.yaml", "customers"):
        (nordlicht.work / name).rename(nordlicht.work / "north" / name)
    pull = nordlicht.propose("second")
    planned = on_pull_request(nordlicht, pull)

    assert 0 == planned.code, planned.log
    assert [f"cspdecl-plan-north-{pull.head}"] == planned.artifacts
