"""What an apply leaves in files, however it ends: a result that fits its schema, a comment, the plan of today."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cspdecl.engine.apply import locked
from cspdecl.testing.world import Fault
from tests.conftest import ROOT
from tests.unit.cli.command import Project
from tests.unit.engine.estates import declare, live_seats
from tests.unit.engine.harness import tenant_of

SCHEMA = json.loads((ROOT / "schemas/apply-result.v1.json").read_text("utf-8"))
FILES = ("--result-file", "result.json", "--comment-file", "result.md", "--fresh", "fresh.json")
NOW = ("apply", "--auto-approve", "--workers", "1")


def result_of(project: Project) -> dict[str, Any]:
    """The result file, which fits its schema."""
    result = json.loads((project.root / "result.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(result)
    return result


def comment_of(project: Project) -> str:
    """The comment, which begins with its mark."""
    text = (project.root / "result.md").read_text("utf-8")
    assert text.startswith("<!-- cspdecl:apply key=")
    return text


def declared(project: Project) -> None:
    """Alpha and Beta, who have nothing yet."""
    declare(project.estate, "alpha", 10)
    declare(project.estate, "beta", 4)


def saved(project: Project) -> None:
    """The same, planned into a file."""
    declared(project)
    assert 0 == project.run("plan", "--out", "plan.json").returncode


def plainly(project: Project) -> tuple[str, ...]:
    saved(project)
    return ("apply", "plan.json")


def outgrown(project: Project) -> tuple[str, ...]:
    saved(project)
    declare(project.estate, "alpha", 11)
    declare(project.estate, "beta", 5)
    return ("apply", "plan.json")


def half_outgrown(project: Project) -> tuple[str, ...]:
    saved(project)
    declare(project.estate, "beta", 5)
    return ("apply", "plan.json")


def over_a_guardrail(project: Project) -> tuple[str, ...]:
    declared(project)
    project.estate.project(guardrails={"maxSeatsPerChange": 5})
    return NOW


def after(*faults: Fault) -> Callable[[Project], tuple[str, ...]]:
    def scene(project: Project) -> tuple[str, ...]:
        declared(project)
        project.world.script(*faults)
        return NOW

    return scene


def altered(project: Project) -> tuple[str, ...]:
    saved(project)
    path = project.root / "plan.json"
    path.write_text(path.read_text("utf-8").replace("alpha", "gamma"), "utf-8")
    return ("apply", "plan.json")


def broken(project: Project) -> tuple[str, ...]:
    saved(project)
    declare(project.estate, "alpha", -1)
    return ("apply", "plan.json")


def bad_approvals(project: Project) -> tuple[str, ...]:
    saved(project)
    (project.root / "approvals.json").write_text("{}", "utf-8")
    return ("apply", "plan.json", "--approvals", "approvals.json")


SCENES: dict[str, tuple[int, str, Callable[[Project], tuple[str, ...]]]] = {
    "done": (0, "done", plainly),
    "nothing to do": (0, "done", lambda project: NOW),
    "outgrown": (7, "stale", outgrown),
    "half outgrown": (4, "partly", half_outgrown),
    "guardrail": (3, "refused", over_a_guardrail),
    "partly": (4, "partly", after(Fault(kind="reject", text="not today"))),
    "unknown": (5, "unknown", after(Fault(kind="lost_after", skip=3), Fault(kind="probe_lost", times=-1))),
    "nobody there": (75, "try-later", after(Fault(kind="try_later"))),
    "not authorised": (77, "not-authorised", after(Fault(kind="not_authorised"))),
    "altered plan": (7, "stale", altered),
    "no such plan": (1, "error", lambda project: ("apply", "missing.json")),
    "broken manifest": (65, "invalid", broken),
    "bad approvals": (64, "usage", bad_approvals),
    "nobody to ask": (64, "usage", lambda project: ("apply",)),
}


@pytest.mark.parametrize("name", SCENES)
def test_however_it_ends_the_result_is_written(tmp_path: Path, name: str):
    """Exit code, result file and comment say the same, and a result of before does not stay behind."""
    project = Project(tmp_path)
    (project.root / "result.json").write_text('{"exit": 99}', "utf-8")
    code, verdict, scene = SCENES[name]

    ended = project.run(*scene(project), *FILES)
    result = result_of(project)

    assert (code, code, verdict) == (ended.returncode, result["exit"], result["verdict"]), ended.stderr
    assert f"exit code {code}" in comment_of(project)
    assert "Traceback" not in ended.stderr


def test_the_lock_of_another_run_is_in_the_result(tmp_path: Path):
    """6: who holds it stands in the file that the pipeline reads."""
    project = Project(tmp_path)
    words = plainly(project)

    with project.estate.session() as session, locked(session, "another-run", "apply"):
        ended = project.run(*words, *FILES)

    result = result_of(project)
    assert (6, "locked", ["CSP805"]) == (
        ended.returncode,
        result["verdict"],
        [one["code"] for one in result["problems"]],
    )
    assert "another-run" in comment_of(project)


@pytest.mark.parametrize(("sent", "verdict"), [(signal.SIGINT, "interrupted"), (signal.SIGKILL, "began")])
def test_an_interrupted_run_has_a_result(tmp_path: Path, sent: signal.Signals, verdict: str):
    """Stopped or killed while it waits: the file says that it did not come to its end, and what to run."""
    project = Project(tmp_path)
    words = plainly(project)
    project.world.script(Fault(kind="throttle", seconds=90, times=1))
    process = subprocess.Popen(
        project.words(*words, *FILES), env=project.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, cwd=project.root,
    )  # fmt: skip
    assert process.stderr
    said = ""
    while "throttled" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    process.send_signal(sent)
    process.communicate(timeout=60)

    result = result_of(project)
    assert (130, verdict, "cspdecl recover") == (result["exit"], result["verdict"], result["next"][0])


def test_a_stale_plan_leaves_the_plan_of_today(tmp_path: Path):
    """7: nothing is sent; what would be done today is printed and saved, and that file can be approved and applied."""
    project = Project(tmp_path)

    ended = project.run(*outgrown(project), *FILES)

    assert (7, ()) == (ended.returncode, project.world.writes())
    assert "11 seats" in ended.stdout
    assert "says something else than when this was planned" in comment_of(project)
    assert result_of(project)["fresh"] == json.loads((project.root / "fresh.json").read_text("utf-8"))["cspdecl"]["id"]
    assert 0 == project.run("apply", "fresh.json").returncode
    assert ([11], [5]) == (live_seats(project.world, "alpha"), live_seats(project.world, "beta"))


def test_what_was_left_alone_has_a_plan_of_its_own(tmp_path: Path):
    """4: Alpha is served; the plan of today that is saved is Beta's alone."""
    project = Project(tmp_path)

    ended = project.run(*half_outgrown(project), *FILES)

    fresh = json.loads((project.root / "fresh.json").read_text("utf-8"))
    assert (4, ["beta/m365"]) == (ended.returncode, [one["address"] for one in fresh["resource_changes"]])
    assert ["beta"] == [one["address"] for one in result_of(project)["conflicts"]]


def test_a_result_is_shown_again(tmp_path: Path):
    """`show` knows a result from a plan: as text, as the comment it was, in German where that is asked for."""
    project = Project(tmp_path)
    project.run(*SCENES["partly"][2](project), *FILES)

    text = project.run("show", "result.json").stdout
    markdown = project.run("show", "result.json", "--format", "markdown").stdout
    document = project.run("show", "result.json", "--format", "json").stdout

    assert "not today" in text
    assert comment_of(project) == markdown
    assert result_of(project) == json.loads(document)
    assert 64 == project.run("show", "result.json", "--format", "html").returncode


def test_on_whose_word_a_run_was_started(tmp_path: Path):
    """The ledger keeps ids; the run keeps what the pipeline wrote, and `ledger approvals` prints it for an auditor."""
    project = Project(tmp_path)
    words = plainly(project)
    entry = {"id": "review-7", "by": "lena", "link": "https://example.com/7", "author": "tom"}
    (project.root / "approvals.json").write_text(json.dumps([entry, "pr-17"]), "utf-8")

    ended = project.run(*words, "--approvals", "approvals.json", *FILES)

    assert 0 == ended.returncode
    assert ["review-7", "pr-17"] == result_of(project)["approvals"]
    [run] = map(json.loads, project.run("ledger", "approvals", "--format", "json").stdout.splitlines())
    assert [entry, "pr-17"] == run["approvals"]
    assert '"by":"lena"' in project.run("ledger", "approvals", run["run"]).stdout
    assert 1 == project.run("ledger", "approvals", "no-such-run").returncode


def test_a_folder_that_is_not_there_stops_before_anything_is_sent(tmp_path: Path):
    """A result that could not be written is found out first, not after the purchase."""
    project = Project(tmp_path)

    ended = project.run(*plainly(project), "--result-file", "missing/result.json")

    assert (1, ()) == (ended.returncode, project.world.writes())
    assert tenant_of(1) not in ended.stderr
