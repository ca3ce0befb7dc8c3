"""What somebody who may open a pull request, review one or push a branch could try, and does not get."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from cspdecl.core.errors import CspdeclError
from cspdecl_ci import environment
from cspdecl_ci.approvals import count_approvals
from cspdecl_ci.desk import refuse_planted
from cspdecl_ci.github import unpacked
from cspdecl_ci.planning import read_json
from cspdecl_ci.processes import Cspdecl
from cspdecl_ci.settings import settings_changed
from tests.pipelines.bench import PROJECT as WHOLE
from tests.pipelines.bench import ROOT
from tests.pipelines.test_decisions import ELSEWHERE, PROJECT, _git
from tests.pipelines.test_forges import host, world_of


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository with a project in it, in which the job stands."""
    _git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "cspdecl.yaml").write_text(PROJECT, "utf-8")
    commit(tmp_path, "base")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def commit(folder, message, **files):
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    _git(folder, "add", ".")
    _git(folder, "commit", "-q", "-m", message)


def test_a_file_of_the_checkout_is_no_module_of_ours(checkout):
    """`yaml.py` beside the manifests is not run by the process that plans, whether it has credentials or not."""
    ran = checkout / "ran"
    for name in ("yaml.py", "click.py", "cspdecl.py", "sitecustomize.py"):
        (checkout / name).write_text(f"open({str(ran)!r}, 'w').close()\n", "utf-8")
    done = Cspdecl(project=checkout, environment={}, echo=lambda _text: None).run("--version")

    assert (0, False) == (done.code, ran.exists()), done.err


@pytest.mark.parametrize("path", sorted((ROOT / "pipelines").rglob("*.yml")), ids=lambda path: path.name)
def test_installing_runs_nothing_of_the_checkout(path):
    """`python -m` looks into the folder it is called in first: a `pip.py` there would be run with the job's token."""
    assert "python -m" not in path.read_text("utf-8")


@pytest.mark.parametrize(
    "name",
    [".cspdecl/cache/manifests-0.jsonl", "north/.cspdecl/cache/git/x/clone.git/config", ".CSPDECL/x", ".cspdecl"],
)
def test_what_is_believed_without_a_look_is_not_taken_from_a_repository(checkout, name):
    """A committed parse cache could say that unchanged manifests connect elsewhere, a committed clone has hooks."""
    refuse_planted(checkout)
    (checkout / ".cspdecl").mkdir()
    (checkout / ".cspdecl/ours").write_text("", "utf-8")
    refuse_planted(checkout)
    (checkout / ".cspdecl/ours").unlink()
    (checkout / ".cspdecl").rmdir()
    (checkout / name).parent.mkdir(parents=True, exist_ok=True)
    (checkout / name).write_text("", "utf-8")
    _git(checkout, "add", "-f", ".")
    _git(checkout, "commit", "-q", "-m", "planted")
    with pytest.raises(CspdeclError) as problem:
        refuse_planted(checkout)

    assert ["CSP748"] == [item.code for item in problem.value.diagnostics]


def test_a_tag_with_the_name_of_the_base_hides_no_change_of_settings(checkout):
    """Git takes a tag before a branch of the same name."""
    _git(checkout, "update-ref", "refs/remotes/origin/main", "HEAD")
    commit(checkout, "elsewhere", **{"cspdecl.yaml": ELSEWHERE})
    _git(checkout, "tag", "origin/main")

    assert settings_changed(checkout, "origin/main")


def test_whoever_opens_a_pull_request_does_not_choose_what_settings_are_known(checkout):
    """Against a branch that he pushed himself nothing is different; the default branch is asked, too."""
    whole = {"tenant": "n.onmicrosoft.com", "ca": "ca.pem", "store": "git:.", "more": ""}
    customer = "apiVersion: cspdecl/v1\nkind: Customer\nmetadata: {name: a}\nspec: {tenant: 11111111-2222-4333-8444-555555555555, subscriptions: []}\n"
    commit(checkout, "whole", **{"cspdecl.yaml": WHOLE.format(url="https://here.example", **whole), "a.yaml": customer})
    _git(checkout, "clone", "-q", "--bare", ".", ".git/origin.git")
    _git(checkout, "remote", "add", "origin", ".git/origin.git")
    _git(checkout, "checkout", "-q", "-b", "mine")
    commit(checkout, "elsewhere", **{"cspdecl.yaml": WHOLE.format(url="https://127.0.0.1:9", **whole)})
    _git(checkout, "push", "-q", "origin", "mine")
    _git(checkout, "fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*")
    event = {
        "pull_request": {"head": {"sha": "HEAD", "repo": {"full_name": "n/m"}}, "base": {"ref": "mine"}},
        "repository": {"default_branch": "main"},
    }
    (checkout / ".git/event.json").write_text(json.dumps(event), "utf-8")
    given = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "n/m", "GITHUB_BASE_REF": "mine", "GITHUB_TOKEN": "t"}
    said = _ci(checkout, "plan", GITHUB_EVENT_PATH=str(checkout / ".git/event.json"), **given)

    assert "CSP743" in said


def _ci(folder: Path, *words: str, **given: str) -> str:
    """`cspdecl ci` as a job calls it; what it said."""
    from click.testing import CliRunner

    from cspdecl.cli.main import cli

    done = CliRunner().invoke(cli, ["-C", str(folder), "ci", *words], env=given)
    return done.output


@pytest.mark.parametrize(
    "event",
    [
        {"workflow_run": {"head_repository": {"full_name": "mallory/manifests"}}},
        {"workflow_run": {"head_repository": None}},
        {"issue": {"number": 3, "pull_request": {}}, "comment": {"body": "/plan"}},
    ],
    ids=["another repository", "a repository that is gone", "a remark"],
)
def test_an_event_with_rights_that_a_stranger_can_cause_is_a_strangers(tmp_path, event):
    """These run with secrets whoever caused them: what does not say whose change it is, is a fork's."""
    (tmp_path / "event.json").write_text(json.dumps(event), "utf-8")
    given = {"GITHUB_EVENT_PATH": str(tmp_path / "event.json"), "GITHUB_REPOSITORY": "nordlicht/manifests"}

    assert environment.job_of(given, "github").fork


def test_a_review_by_somebody_who_may_only_read_is_no_approval():
    """Where everybody may read, everybody may review: GitHub is asked what a reviewer may."""
    world = world_of("github")
    pull = world.open_pull("a" * 40, "one")
    for name in ("anna", "mallory"):
        world.review(pull, name)
    world.readers.add("mallory")
    with host("github", world) as forge:
        found = count_approvals(forge.reviews(1), forge.pull(1), plan="d" * 64, shown=world.now - timedelta(hours=1))

    assert ["anna"] == [one["by"] for one in found.approvals]
    assert ("mallory: may not write to this repository",) == found.left_out


@pytest.mark.parametrize("name", ["github", "gitlab", "azure"])
def test_a_request_that_was_merged_elsewhere_approves_nothing(name):
    """Merged into a branch of one's own and pushed on: that is a push without a pull request."""
    world = world_of(name)
    pull = world.open_pull("a" * 40, "one", base="mine")
    world.merge(pull, "1" * 40)
    main = {"GITHUB_REF": "refs/heads/main", "CI_COMMIT_BRANCH": "main", "BUILD_SOURCEBRANCH": "refs/heads/main"}
    with host(name, world, **main) as forge:
        elsewhere = forge.merged_pull("1" * 40)
        pull.base = "main"
        there = forge.merged_pull("1" * 40)

    assert None is elsewhere
    assert there is not None


def test_a_vote_that_a_person_made_up_has_no_time():
    """Threads may be given any properties: only what the service wrote says when somebody voted."""
    world = world_of("azure")
    pull = world.open_pull("a" * 40, "one")
    world.review(pull, "anna")
    shown = world.tick()
    world.forged.append(world.review(pull, "anna"))
    with host("azure", world) as forge:
        [found] = forge.reviews(1)

    assert found.at is not None
    assert found.at < shown


def test_an_archive_that_is_none_or_far_too_large_holds_no_plan(monkeypatch):
    """Damaged, encrypted or a bomb: not the plan that was shown, and no crash."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as into:
        into.writestr("plan.json", "x" * 1000)
    whole = held.getvalue()
    broken = bytearray(whole)
    broken[40:48] = b"\xff" * 8
    locked = bytearray(whole)
    locked[6] |= 1
    locked[whole.index(b"PK\x01\x02") + 8] |= 1

    assert b"x" * 1000 == unpacked(whole)
    assert [None, None, None] == [unpacked(bytes(broken)), unpacked(bytes(locked)), unpacked(b"PK")]
    monkeypatch.setattr("cspdecl_ci.github._LARGEST", 999)
    assert None is unpacked(whole)


def test_a_document_without_a_bottom_is_no_plan(tmp_path):
    """What cannot be read is not the plan that was shown."""
    (tmp_path / "plan.json").write_text("[" * 200_000, "utf-8")

    assert {} == read_json(tmp_path / "plan.json")
