"""The shipped files for GitLab and Azure DevOps, run; and what all shipped files hold to."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from tests.pipelines.bench import ROOT, bench
from tests.pipelines.other_hosts import AzureHost, GitLabHost

FILES = sorted(path for path in (ROOT / "pipelines").rglob("*") if path.is_file())
WORKFLOWS = [path for path in FILES if path.parent.name == "workflows"]


@pytest.fixture(scope="module", params=[GitLabHost(), AzureHost()], ids=["gitlab", "azure"])
def place(request, tmp_path_factory):
    """A code host and the reseller on it."""
    with bench(tmp_path_factory.mktemp("place")) as made:
        made.forge.me = request.param.me
        yield request.param, made


def test_a_fork_is_planned_offline(place):
    """Nobody is asked, whatever the pipeline's project."""
    host, made = place
    made.branch("stranger")
    made.seats("alpha", 12)
    pull = made.propose("stranger", author="mallory", fork=True)
    asked = len(made.sim.requests())
    planned = host.plan(made, pull)

    assert 0 == planned.code, planned.log
    assert "CSP744" in planned.log
    assert asked == len(made.sim.requests())
    assert "10 → 12" in planned.file("plan.md")
    assert {} == made.comments(pull)


def test_from_the_request_to_the_purchase_and_the_night(place):
    """Shown, approved, merged, bought, said; stale is shown anew and approved anew; the night finds what the portal did."""
    host, made = place
    made.branch("more-seats")
    made.seats("alpha", 13)
    pull = made.propose("more-seats")
    planned = host.plan(made, pull)
    assert 0 == planned.code, planned.log
    assert "10 → 13" in made.comments(pull)["plan"]
    host.approve(made, pull, "anna")
    made.portal("alpha", quantity=11)
    before, after = made.merge(pull)
    stale = host.apply(made, before, after)
    assert 7 == stale.code, stale.log
    assert "11 → 13" in made.comments(pull)["plan"]
    if isinstance(host, GitLabHost):
        assert {"create": 0, "update": 1, "delete": 0} == json.loads(planned.file("gitlab-report.json"))
    else:
        assert "##vso[task.uploadsummary]" in planned.log
        assert [f"cspdecl-plan-{pull.head}"] == stale.artifacts
        host.approve(made, pull, "anna")
        applied = host.apply(made, before, after)
        assert 0 == applied.code, applied.log
        assert 13 == made.live_seats("alpha")
        assert "m365" in made.comments(pull)["apply"]
    made.portal("beta", quantity=17)
    night = host.drift(made)
    assert 2 == night.code, night.log
    assert isinstance(host, GitLabHost) == bool(made.forge.issues)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_shipped_files_hold_no_secret_and_pin_what_they_use(path):
    """Actions by version, images by name and version, no password, no address of an index."""
    text = path.read_text("utf-8")

    assert [] == [used for used in re.findall(r"uses: (\S+)", text) if not re.search(r"@v\d+$|^\./", used)]
    assert None is re.search(r"(?i)password|client_secret|pull_request_target|latest", text)
    assert list(yaml.safe_load_all(text))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_ask_for_little(path):
    """Permissions are listed and minimal; only apply and drift may write files, and no script holds an expression."""
    described = yaml.safe_load(path.read_text("utf-8"))
    permissions = described["permissions"]
    writes = {name for name, level in permissions.items() if level == "write"}
    [job] = described["jobs"].values()

    expected = {
        "cspdecl-plan": {"pull-requests", "id-token"},
        "cspdecl-apply": {"contents", "pull-requests", "id-token"},
        "cspdecl-drift": {"contents", "issues", "id-token"},
    }
    assert expected[path.stem] == writes
    assert path.stem != "cspdecl-apply" or described["concurrency"]["cancel-in-progress"] is False
    assert ("cspdecl-apply" if path.stem == "cspdecl-apply" else "cspdecl-plan") == job["environment"]
    assert [] == [step["run"] for step in job["steps"] if "${{" in step.get("run", "")]


def test_apply_is_never_dropped_for_a_newer_one():
    """One concurrency group a commit on GitHub; a queue on GitLab; no batching on Azure."""
    github = yaml.safe_load((ROOT / "pipelines/github/workflows/cspdecl-apply.yml").read_text("utf-8"))
    gitlab = yaml.safe_load((ROOT / "pipelines/gitlab/cspdecl.gitlab-ci.yml").read_text("utf-8"))
    azure = yaml.safe_load((ROOT / "pipelines/azure-devops/cspdecl-apply.yml").read_text("utf-8"))

    assert "${{ github.sha }}" in github["concurrency"]["group"]
    assert "cspdecl-apply" == gitlab["cspdecl-apply"]["resource_group"]
    assert False is azure["trigger"]["batch"]
