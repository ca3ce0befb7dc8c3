"""The table of exit codes, one scenario a code, each a process of its own; and the same through `bash -e`."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable

import pytest

from cspdecl.engine.apply import locked
from cspdecl.testing.world import Fault
from tests.unit.cli.command import Project
from tests.unit.engine.estates import declare
from tests.unit.engine.harness import tenant_of

APPLY = ("apply", "--auto-approve", "--workers", "1")


def fresh(project: Project) -> tuple[str, ...]:
    declare(project.estate, "alpha", 10)
    declare(project.estate, "beta", 4)
    return APPLY


def with_fault(*faults: Fault) -> Callable[[Project], tuple[str, ...]]:
    def scene(project: Project) -> tuple[str, ...]:
        project.world.script(*faults)
        return fresh(project)

    return scene


def over_a_guardrail(project: Project) -> tuple[str, ...]:
    fresh(project)
    project.estate.project(guardrails={"maxSeatsPerChange": 5})
    return APPLY


def stale(project: Project) -> tuple[str, ...]:
    fresh(project)
    assert 0 == project.run("plan", "--out", "plan.json").returncode
    declare(project.estate, "alpha", 11)
    declare(project.estate, "beta", 5)
    return ("apply", "plan.json")


def invalid(project: Project) -> tuple[str, ...]:
    declare(project.estate, "alpha", -1)
    return ("plan",)


def empty(project: Project) -> tuple[str, ...]:
    (project.root / "cspdecl.yaml").unlink()
    return ("plan",)


def without_a_key(project: Project) -> tuple[str, ...]:
    fresh(project)
    settings = {"plugin": "memory", "environment": "sandbox", "world": str(project.world_file)}
    project.estate.project(providers={"memory": {**settings, "keyFrom": {"env": "NOT_THERE"}}})
    return ("plan",)


SCENES: dict[str, tuple[int, Callable[[Project], tuple[str, ...]]]] = {
    "done": (0, fresh),
    "nothing to do": (0, lambda project: ("plan", "--detailed-exitcode")),
    "no such plan": (1, lambda project: ("show", "missing.json")),
    "all refused": (1, with_fault(Fault(kind="reject", times=-1))),
    "changes": (2, lambda project: (*fresh(project)[:0], "plan", "--detailed-exitcode")),
    "guardrail": (3, over_a_guardrail),
    "guardrail in plan": (3, lambda project: (*over_a_guardrail(project)[:0], "plan")),
    "partly": (4, with_fault(Fault(kind="reject"))),
    "unknown": (5, with_fault(Fault(kind="not_authorised", skip=4))),
    "stale": (7, stale),
    "nobody to ask": (64, lambda project: (*fresh(project)[:0], "apply")),
    "no such option": (64, lambda project: ("plan", "--frobnicate")),
    "no such verb": (64, lambda project: ("frobnicate",)),
    "invalid": (65, invalid),
    "no project": (65, empty),
    "unreadable": (75, with_fault(Fault(kind="unreadable", tenant=tenant_of(2), times=-1))),
    "nobody there": (75, with_fault(Fault(kind="try_later"))),
    "refused credentials": (77, with_fault(Fault(kind="not_authorised"))),
    "no credentials": (77, without_a_key),
}


@pytest.mark.parametrize("name", SCENES)
def test_exit_code(tmp_path, name):
    """Each scenario ends with its code, and never with a traceback."""
    project = Project(tmp_path)
    expected, scene = SCENES[name]

    ended = project.run(*scene(project))

    assert (expected, "") == (ended.returncode, ended.stderr if "Traceback" in ended.stderr else "")


@pytest.mark.parametrize("name", ["changes", "guardrail", "partly", "unknown", "stale"])
def test_exit_code_through_bash(tmp_path, name):
    """In a script under `bash -e` the code arrives unchanged, and nothing after the command runs."""
    project = Project(tmp_path)
    expected, scene = SCENES[name]

    ended = project.run(*scene(project), wrapped=True)

    assert (expected, False) == (ended.returncode, "went on" in ended.stdout)


def test_somebody_else_holds_the_lock(tmp_path):
    """6: the holder is named, with its process, and nothing is sent."""
    project = Project(tmp_path)
    words = fresh(project)

    with project.estate.session() as session, locked(session, "another run", "apply"):
        ended = project.run(*words)

    assert (6, ()) == (ended.returncode, project.world.writes())
    assert "holds this project" in ended.stderr


def test_drift_is_told_by_its_code(tmp_path):
    """`drift` ends with 0 when nothing drifted and with 2 when something did."""
    project = Project(tmp_path)
    assert 0 == project.run(*fresh(project)).returncode
    assert 0 == project.run("drift").returncode
    with project.world.open() as state:
        [item] = state.customers[tenant_of(1)].subscriptions
        state.set_seats(tenant_of(1), item.id, 12)

    assert 2 == project.run("drift").returncode


def test_an_interrupt_ends_cleanly(tmp_path):
    """130: interrupted while waiting for a throttle, the run stops at once, gives its lock back and leaves nothing open."""
    project = Project(tmp_path)
    project.world.script(Fault(kind="throttle", seconds=90, times=1))
    process = subprocess.Popen(
        project.words(*fresh(project)), env=project.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stderr
    said = ""
    while "throttled" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    process.send_signal(signal.SIGINT)
    output, rest = process.communicate(timeout=60)

    assert 130 == process.returncode, (output, said, rest)
    assert () == project.estate.open_operations()
    assert 0 == project.run(*APPLY).returncode


def test_the_result_file_says_the_same(tmp_path):
    """What the exit code says in a number the result file says in full, so that nobody has to parse text."""
    import json

    project = Project(tmp_path)
    project.world.script(Fault(kind="reject", text="not today"))

    ended = project.run(*fresh(project), "--result-file", "result.json")
    result = json.loads((project.root / "result.json").read_text())

    assert (4, 4) == (ended.returncode, result["exit"])
    assert [("rejected", "not today"), ("applied", "")] == [
        (one["state"], one["message"]) for one in result["operations"]
    ]
