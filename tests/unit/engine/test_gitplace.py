"""From where something is carried out: real repositories, a bare remote, and what CI says of itself."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from cspdecl.core.errors import StalePlan
from cspdecl.engine.apply import ApplyResult
from cspdecl.engine.approved import WrongPlace
from cspdecl.engine.exits import Exit
from tests.unit.engine.estates import declare, estate_of, live_seats, world_of

IGNORED = ".cspdecl/\n"


def git(folder: Path, *words: str) -> str:
    """Run git in a folder, as somebody, whatever the machine's own settings."""
    names = ("-c", "user.name=anna", "-c", "user.email=anna@example.com", "-c", "init.defaultBranch=main")
    done = subprocess.run(
        ["git", *names, *words], cwd=folder, capture_output=True, text=True, check=True, timeout=60,
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"},
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def world():
    return world_of()


@pytest.fixture
def estate(tmp_path, world, monkeypatch):
    """A project in a clone of a bare remote, its manifests committed and pushed to `main`, CI all around."""
    made = estate_of(tmp_path / "clone", world)
    made.project(persistent=True)
    declare(made, "alpha", 10)
    (made.root / ".gitignore").write_text(IGNORED, encoding="utf-8")
    git(tmp_path, "init", "--quiet", "--bare", "remote.git")
    git(made.root, "init", "--quiet")
    git(made.root, "remote", "add", "origin", str(tmp_path / "remote.git"))
    commit(made, "alpha")
    git(made.root, "push", "--quiet", "--set-upstream", "origin", "main")
    git(made.root, "remote", "set-head", "origin", "main")
    monkeypatch.setenv("CI", "true")
    return made


def commit(estate, message: str) -> None:
    """All of the project, committed."""
    git(estate.root, "add", "--all")
    git(estate.root, "commit", "--quiet", "--allow-empty", "-m", message)


def refusal(estate, world, plan=None) -> tuple[list[str], int]:
    """Codes and exit of a refusal before anything was read or sent."""
    with pytest.raises((WrongPlace, StalePlan)) as refused:
        estate.apply(plan)
    assert () == world.writes()
    return [item.code for item in refused.value.diagnostics], refused.value.exit_code


def test_the_tip_of_the_default_branch_is_the_place(estate, world):
    """Checked out as pushed: it is carried out, a saved plan as well as one made now."""
    assert Exit.DONE == estate.apply(estate.plan()).exit
    assert [10] == live_seats(world, "alpha")


def test_a_commit_behind_the_tip_is_the_place_too(estate, world):
    """Somebody pushed meanwhile: what was merged before is still merged."""
    commit(estate, "later")
    git(estate.root, "push", "--quiet")
    git(estate.root, "checkout", "--quiet", "HEAD~1")

    assert Exit.DONE == estate.apply().exit


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize("since", [4, None], ids=["lowered", "broken"])
def test_an_old_job_does_not_buy_what_was_reverted(estate, world, saved, since):
    """Merged, not carried out, reverted; then somebody runs the first job again. Nor is a broken tip taken for none."""
    plan = estate.plan() if saved else None
    declare(estate, "alpha", since or 10)
    if since is None:
        (estate.root / "cspdecl.yaml").write_text("kind: Project\n", encoding="utf-8")
    commit(estate, "revert")
    git(estate.root, "push", "--quiet")
    git(estate.root, "checkout", "--quiet", "HEAD~1")

    assert (["CSP802", "CSP812"], Exit.STALE) == refusal(estate, world, plan)


@pytest.mark.parametrize("saved", [False, True])
def test_a_branch_that_is_not_merged_is_not(estate, world, saved):
    """A commit that the remote's default branch does not have is not carried out, whatever it is called here."""
    plan = estate.plan() if saved else None
    commit(estate, "not pushed")

    assert (["CSP720"], Exit.USAGE) == refusal(estate, world, plan)


def test_the_branch_that_the_project_names(estate, world):
    """`apply: {branch: production}`: main is not it, until it is merged there."""
    estate.project(persistent=True, apply={"branch": "production"})
    commit(estate, "from production only")
    git(estate.root, "push", "--quiet")
    assert (["CSP720"], Exit.USAGE) == refusal(estate, world)

    git(estate.root, "push", "--quiet", "origin", "main:production")
    git(estate.root, "fetch", "--quiet")

    assert Exit.DONE == estate.apply().exit


@pytest.mark.parametrize("how", ["the project", "GitLab", "GitHub"])
def test_which_branch_is_never_guessed(estate, world, how, monkeypatch, tmp_path):
    """A checkout that does not know the remote's default branch refuses; the project or CI may say it."""
    git(estate.root, "remote", "set-head", "origin", "--delete")
    assert (["CSP721"], Exit.USAGE) == refusal(estate, world)

    if how == "the project":
        estate.project(persistent=True, apply={"branch": "main"})
        commit(estate, "said")
        git(estate.root, "push", "--quiet")
    elif how == "GitLab":
        monkeypatch.setenv("CI_DEFAULT_BRANCH", "main")
    else:
        event = tmp_path / "event.json"
        event.write_text(json.dumps({"repository": {"default_branch": "main"}}), encoding="utf-8")
        monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))

    assert Exit.DONE == estate.apply().exit


@pytest.mark.parametrize("how", ["changed", "staged", "removed", "unknown to git"])
def test_files_that_nobody_committed(estate, world, how):
    """What is carried out is what was merged: a changed manifest, or one that git does not know, refuses."""
    if how == "unknown to git":
        declare(estate, "beta", 4)
    elif how == "removed":
        (estate.root / ".gitignore").unlink()
    else:
        declare(estate, "alpha", 11)
    if how == "staged":
        git(estate.root, "add", "--all")

    assert (["CSP722"], Exit.USAGE) == refusal(estate, world)


def test_other_files_do_no_harm(estate, world):
    """What the job itself leaves beside the manifests is no manifest."""
    (estate.root / "plan.json").write_text("{}", encoding="utf-8")

    assert Exit.DONE == estate.apply().exit


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_EVENT_NAME", "pull_request_target"),
        ("CI_PIPELINE_SOURCE", "merge_request_event"),
        ("CI_PIPELINE_SOURCE", "external_pull_request_event"),
        ("BUILD_REASON", "PullRequest"),
    ],
)
def test_a_pull_request_carries_nothing_out(estate, world, name, value, monkeypatch):
    """Before the merge nothing is sent, be the commit on the default branch or not."""
    monkeypatch.setenv(name, value)

    assert (["CSP725"], Exit.USAGE) == refusal(estate, world)


def test_a_push_is_no_pull_request(estate, world, monkeypatch):
    """The events of a push are the ones to apply on."""
    for name, value in (
        ("GITHUB_EVENT_NAME", "push"),
        ("CI_PIPELINE_SOURCE", "push"),
        ("BUILD_REASON", "IndividualCI"),
    ):
        monkeypatch.setenv(name, value)

    assert Exit.DONE == estate.apply().exit


def test_a_repository_that_git_cannot_read_is_not_no_repository(estate, world):
    """A `.git` that git refuses to look at must not pass for a folder without one."""
    (estate.root / ".git/HEAD").write_text("broken", encoding="utf-8")

    assert (["CSP726"], Exit.USAGE) == refusal(estate, world)


def test_a_shallow_checkout_that_does_not_know_is_refused(estate, world, tmp_path):
    """One commit deep and behind the tip, nothing can be told of the branch: refused, not believed."""
    old = git(estate.root, "rev-parse", "HEAD")
    commit(estate, "later")
    git(estate.root, "push", "--quiet")
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{tmp_path / 'remote.git'}", "shallow")
    git(tmp_path / "shallow", "fetch", "--quiet", "--depth", "1", "origin", old)
    git(tmp_path / "shallow", "checkout", "--quiet", old)
    shallow = estate_of(tmp_path / "elsewhere", world)
    shallow.root = tmp_path / "shallow"

    assert (["CSP720"], Exit.USAGE) == refusal(shallow, world)


def test_a_repository_without_remote_goes_by_its_own_branch(estate, world):
    """On a runner that keeps its repository to itself the named branch is the local one."""
    git(estate.root, "remote", "remove", "origin")
    estate.project(persistent=True, apply={"branch": "main"})
    commit(estate, "said")

    assert Exit.DONE == estate.apply().exit


def test_a_plan_grows_old(estate, world):
    """By the provider's clock: a week and an hour after it was made, nobody looked at what it would do now."""
    plan = estate.plan()
    world.advance(days=7, hours=1)

    assert (["CSP723"], Exit.STALE) == refusal(estate, world, plan)
    estate.project(persistent=True, apply={"maxAge": "8d"})
    commit(estate, "eight days")
    git(estate.root, "push", "--quiet")
    assert Exit.DONE == estate.apply(plan).exit


def test_at_a_terminal_it_is_said_and_no_more(estate, world, monkeypatch):
    """Outside CI a person may apply what is not committed, from any branch; a warning says what nobody will find."""
    from cspdecl.engine.approved import check_place

    monkeypatch.delenv("CI")
    git(estate.root, "checkout", "--quiet", "-b", "try")
    declare(estate, "alpha", 11)

    with estate.session() as session:
        assert [("CSP722", "warning")] == [(item.code, item.severity.value) for item in check_place(session)]
    assert Exit.DONE == estate.apply().exit


def test_outside_git_there_is_no_branch_to_be_on(tmp_path, world, monkeypatch):
    """A project that no repository holds is carried out as before."""
    estate = estate_of(tmp_path / "project", world)
    estate.project(persistent=True)
    declare(estate, "alpha", 10)
    monkeypatch.setenv("CI", "true")

    done = estate.apply()
    assert isinstance(done, ApplyResult)
    assert Exit.DONE == done.exit
