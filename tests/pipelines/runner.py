"""GitHub Actions in small: workflows are read from the repository's own files and their steps are run in bash.

Checkouts are real (init, fetch, checkout, as actions/checkout does it), artifacts go to the code host, `${{ … }}` is
put in for what the shipped files use; anything else is an error, so that a file cannot use what this does not prove.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cspdecl_ci import environment as environment_module
from cspdecl_ci.desk import Desk
from cspdecl_ci.processes import Cspdecl
from tests.pipelines.bench import APPLY_SUBJECT, READER, WRITER, Bench, git, git_environment
from tests.pipelines.forge_server import READ_ONLY, TOKEN, Pull
from tests.pipelines.identities import SUBJECT

_EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")
_ENVIRONMENTS = {"cspdecl-plan": (READER, SUBJECT), "cspdecl-apply": (WRITER, APPLY_SUBJECT)}


@dataclass
class Run:
    """How a job ended: the first step's code that was not 0, what it printed, its outputs, summary and files."""

    code: int = 0
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    folder: Path = Path()
    artifacts: list[str] = field(default_factory=list)

    def file(self, name: str) -> str:
        return (self.folder / ".cspdecl/ci" / name).read_text("utf-8")


def person(bench: Bench, *words: str) -> subprocess.CompletedProcess[str]:
    """Somebody at a terminal of the reseller, with the rights to buy."""
    bench.forge.identity = {"subject": APPLY_SUBJECT}
    environment = _base(bench) | {"CSPDECL_CLIENT_ID": WRITER, "GITHUB_ACTIONS": "true"} | _identity(bench)
    return subprocess.run(
        [sys.executable, "-m", "cspdecl", *words], cwd=bench.work, env=environment, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def on_pull_request(bench: Bench, pull: Pull, **more: Any) -> Run:
    home = "mallory/manifests" if pull.fork else "nordlicht/manifests"
    event = {
        "pull_request": {
            "number": pull.number,
            "head": {"sha": pull.head, "repo": {"full_name": home, "fork": pull.fork}},
            "base": {"ref": pull.base, "sha": git(bench.remote, "rev-parse", pull.base)},
        },
        "repository": {"default_branch": "main"},
    }
    return run(bench, "cspdecl-plan", "pull_request", event, sha=pull.head, fork=pull.fork, base_ref=pull.base, **more)


def on_push(bench: Bench, before: str, after: str, **more: Any) -> Run:
    return run(
        bench, "cspdecl-apply", "push", {"before": before, "after": after, "ref": "refs/heads/main"}, sha=after, **more
    )


def on_merge_group(bench: Bench, pull: Pull, **more: Any) -> Run:
    """A merge queue's candidate: the pull request as it would stand on the default branch."""
    base = git(bench.remote, "rev-parse", "main")
    git(bench.work, "push", "-q", "origin", f"{pull.head}:refs/heads/gh-readonly-queue/main/pr-{pull.number}")
    event = {"merge_group": {"head_sha": pull.head, "base_sha": base, "base_ref": "refs/heads/main"}}
    return run(bench, "cspdecl-plan", "merge_group", event, sha=pull.head, **more)


def on_schedule(bench: Bench, **more: Any) -> Run:
    return run(
        bench,
        "cspdecl-drift",
        "schedule",
        {"schedule": "17 3 * * *"},
        sha=git(bench.remote, "rev-parse", "main"),
        **more,
    )


def run(
    bench: Bench,
    workflow: str,
    name: str,
    event: Any,
    *,
    sha: str,
    fork: bool = False,
    base_ref: str = "",
    token: str = TOKEN,
) -> Run:
    """One run of a workflow as the branch has it."""
    text = git(bench.remote, "show", f"{sha}:.github/workflows/{workflow}.yml")
    described = _texts(text)
    assert name in described["on"], f"{workflow} does not run on {name}"
    [job] = described["jobs"].values()
    client, subject = _ENVIRONMENTS[job["environment"]]
    bench.jobs += 1
    folder = bench.folder / f"runner-{bench.jobs}"
    runner = Runner(bench, folder, event, sha, fork=fork)
    runner.environment = _base(bench) | runner.given(name, token, base_ref)
    if not fork:  # a fork's job gets neither variables of the environment nor an identity
        bench.forge.identity = {"subject": subject}
        runner.context["vars"] = {"CSPDECL_CLIENT_ID": client}
        if "id-token" in described["permissions"]:
            runner.environment |= _identity(bench)
    runner.environment |= {key: runner.filled(value, {}) for key, value in job.get("env", {}).items()}
    runner.steps(job["steps"], {})
    return runner.result


def desk_of_push(bench: Bench, before: str, after: str, echo: Callable[[str], None]) -> Desk:
    """The apply job in this process, for what cannot be seen from outside: how it waits."""
    bench.jobs += 1
    runner = Runner(bench, bench.folder / f"runner-{bench.jobs}", {"before": before}, after, fork=False)
    bench.forge.identity = {"subject": APPLY_SUBJECT}
    environment = _base(bench) | runner.given("push", TOKEN, "") | _identity(bench)
    environment |= {"CSPDECL_CLIENT_ID": WRITER, "GITHUB_TOKEN": TOKEN}
    runner.checkout({"fetch-depth": "0"})
    return Desk(
        job=environment_module.job_of(environment, "github"),
        forge=lambda: environment_module.forge_of(environment, "github"),
        cspdecl=Cspdecl(project=runner.folder, environment=environment, echo=echo),
        folder=runner.folder / ".cspdecl/ci",
        key=".",
        show="sell",
        language="en",
        environment=environment,
        echo=echo,
    )


class Runner:
    def __init__(self, bench: Bench, folder: Path, event: Any, sha: str, *, fork: bool) -> None:
        self.bench, self.folder, self.sha, self.fork = bench, folder, sha, fork
        self.result = Run(folder=folder)
        self.context: dict[str, Any] = {"github": {"event": event, "sha": sha, "token": ""}, "vars": {}, "steps": {}}
        self.environment: dict[str, str] = {}
        folder.mkdir()
        (folder.parent / f"{folder.name}.event.json").write_text(json.dumps(event), "utf-8")

    def given(self, event: str, token: str, base_ref: str) -> dict[str, str]:
        """What GitHub puts into every step."""
        beside = self.folder.parent / self.folder.name
        self.context["github"]["token"] = READ_ONLY if self.fork else token
        return {
            "CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": f"{beside}.event.json",
            "GITHUB_REPOSITORY": "nordlicht/manifests", "GITHUB_SHA": self.sha, "GITHUB_BASE_REF": base_ref,
            **({"GITHUB_REF": "refs/heads/main"} if event in ("push", "schedule") else {}),
            "GITHUB_API_URL": self.bench.forge_url, "GITHUB_SERVER_URL": "https://forge.example", "GITHUB_RUN_ID": "1",
            "GITHUB_ACTOR": "vera", "GITHUB_WORKSPACE": str(self.folder), "GITHUB_STEP_SUMMARY": f"{beside}.summary.md",
        }  # fmt: skip

    def steps(self, steps: list[dict[str, Any]], inputs: dict[str, str]) -> None:
        for step in steps:
            if not self._due(step.get("if"), inputs):
                continue
            if "run" in step:
                self._bash(step, inputs)
            else:
                self._use(
                    step["uses"], {k: self.filled(v, inputs) for k, v in step.get("with", {}).items()}, step.get("id")
                )

    def _due(self, condition: str | None, inputs: dict[str, str]) -> bool:
        if condition == "always()":
            return True
        if condition is not None:
            assert "inputs.install == 'true'" == condition, condition
            return self.result.code == 0 and inputs["install"] == "true"
        return self.result.code == 0

    def _bash(self, step: dict[str, Any], inputs: dict[str, str]) -> None:
        assert "${{" not in step["run"], "what somebody wrote must not become a script"
        written = self.folder.parent / f"{self.folder.name}.{len(self.result.log)}.out"
        own = {key: self.filled(value, inputs) for key, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder, env={**self.environment, **own, "GITHUB_OUTPUT": str(written)}, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        self.result.log += done.stdout
        self.result.code = self.result.code or done.returncode
        outputs = _outputs(written.read_text("utf-8")) if written.is_file() else {}
        self.context["steps"][step["id"]] = {"outputs": outputs}
        self.result.outputs |= outputs
        summary = Path(self.environment["GITHUB_STEP_SUMMARY"])
        self.result.summary = summary.read_text("utf-8") if summary.is_file() else ""

    def _use(self, what: str, given: dict[str, str], id: str | None) -> None:
        if what == "actions/checkout@v5":
            self.checkout(given)
        elif what == "actions/upload-artifact@v4":
            self._upload(given)
        else:
            assert what.startswith("./"), f"nobody here knows {what}"
            action = _texts((self.folder / what / "action.yml").read_text("utf-8"))
            inputs = {key: self.filled(one.get("default", ""), {}) for key, one in action["inputs"].items()}
            assert set(given) <= set(inputs), given
            inner = self.context["steps"]
            self.context["steps"] = {}
            # the runner of these tests brings cspdecl along, as a reseller's own image does
            self.steps(action["runs"]["steps"], {**inputs, **given, "install": "false"})
            found = {key: self.filled(one["value"], {}) for key, one in action["outputs"].items()}
            self.context["steps"] = {**inner, **({id: {"outputs": found}} if id else {})}

    def checkout(self, given: dict[str, str]) -> None:
        assert "0" == given.get("fetch-depth"), "a shallow checkout cannot tell what changed"
        git(self.folder, "init", "-q")
        git(self.folder, "remote", "add", "origin", str(self.bench.remote))
        git(
            self.folder,
            "fetch",
            "-q",
            "--no-tags",
            "origin",
            "+refs/heads/*:refs/remotes/origin/*",
            "+refs/pull/*/head:refs/remotes/pull/*",
        )
        if "ref" in given:
            git(self.folder, "checkout", "-q", "--detach", given["ref"])
        else:
            git(self.folder, "checkout", "-q", "-B", "main", self.sha)

    def _upload(self, given: dict[str, str]) -> None:
        assert "true" == given.get("include-hidden-files"), "a folder with a dot would be left out"
        held = io.BytesIO()
        source = self.folder / given["path"]
        with zipfile.ZipFile(held, "w") as into:
            for path in sorted(source.rglob("*")) if source.is_dir() else []:
                into.write(path, path.relative_to(source))
        self.bench.forge.artifacts[:] = [
            one for one in self.bench.forge.artifacts if (one.name, one.commit) != (given["name"], self.sha)
        ]
        self.bench.forge.keep(given["name"], self.sha, held.getvalue(), ours=not self.fork)
        self.result.artifacts.append(given["name"])

    def filled(self, text: str, inputs: dict[str, str]) -> str:
        return _EXPRESSION.sub(lambda found: self._value(found[1], inputs), text)

    def _value(self, expression: str, inputs: dict[str, str]) -> str:
        for part in expression.split("||"):
            value: Any = {**self.context, "inputs": inputs}
            for name in part.strip().split("."):
                value = value.get(name) if isinstance(value, dict) else None
            if value:
                return str(value)
        return ""


def _base(bench: Bench) -> dict[str, str]:
    programs = f"{Path(sys.executable).parent}:{git_environment()['PATH']}"
    return git_environment(PATH=programs, NO_COLOR="1", PYTHONUTF8="1", CSPDECL_ACTOR="pipeline")


def _identity(bench: Bench) -> dict[str, str]:
    return {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{bench.forge_url}/identity?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": TOKEN,
    }


def _outputs(text: str) -> dict[str, str]:
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, _, value = line.partition("=")
        if "<<" in line and ("=" not in line or line.index("<<") < line.index("=")):
            name, _, end = line.partition("<<")
            value = "\n".join(iter(lambda: next(lines), end))
        found[name] = value
    return found


def _texts(text: str) -> Any:
    """YAML with every scalar as text: `on` is a word here."""
    return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - a loader that makes nothing but texts
