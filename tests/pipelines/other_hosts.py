"""GitLab CI and Azure Pipelines in small: the shipped files' own script lines, run in bash with what each host sets."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from typing import Any

import yaml

from tests.pipelines.bench import APPLY_SUBJECT, READER, ROOT, WRITER, Bench, git
from tests.pipelines.forge_server import TOKEN, Pull
from tests.pipelines.identities import SUBJECT, token
from tests.pipelines.runner import Run, _base

_MACRO = re.compile(r"\$\(([\w.]+)\)")


def _checkout(bench: Bench, sha: str, branch: str | None) -> Run:
    bench.jobs += 1
    result = Run(folder=bench.folder / f"runner-{bench.jobs}")
    git(bench.folder, "clone", "-q", "--no-checkout", str(bench.remote), result.folder.name)
    git(result.folder, "fetch", "-q", "origin", "+refs/pull/*/head:refs/remotes/pull/*")
    git(result.folder, "checkout", "-q", *(["-B", branch] if branch else ["--detach"]), sha)
    return result


def _bash(result: Run, lines: list[str], environment: dict[str, str]) -> None:
    for line in lines:
        if result.code:
            return
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", line], cwd=result.folder, env=environment, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        result.log += done.stdout
        result.code = done.returncode


def _filled(text: str, macros: dict[str, str]) -> str:
    return _MACRO.sub(lambda found: macros[found[1]], text)


class GitLabHost:
    me = "project_77_bot_1"
    plan_scope, apply_scope = "cspdecl-plan", "cspdecl-apply"

    def job(self, bench: Bench, name: str, sha: str, given: dict[str, str], *, pull: Pull | None = None) -> Run:
        described = yaml.safe_load((ROOT / "pipelines/gitlab/cspdecl.gitlab-ci.yml").read_text("utf-8"))
        job = {**described[".cspdecl"], **described[name]}
        result = _checkout(bench, sha, None)  # GitLab always checks out a commit
        writes = job["environment"]["name"] == "cspdecl-apply"
        variables = {
            "CI": "true", "GITLAB_CI": "true", "CI_API_V4_URL": f"{bench.forge_url}/api/v4", "CI_PROJECT_ID": "77",
            "CI_COMMIT_SHA": sha, "CI_PROJECT_DIR": str(result.folder), "CI_DEFAULT_BRANCH": "main", "GITLAB_TOKEN": TOKEN,
            "GITLAB_USER_LOGIN": "vera", "CSPDECL_CLIENT_ID": WRITER if writes else READER,
            **{key: str(value) for key, value in job["variables"].items()},
        }  # fmt: skip
        [identity] = job["id_tokens"]
        variables[identity] = token(
            subject=APPLY_SUBJECT if writes else SUBJECT, audience=job["id_tokens"][identity]["aud"]
        )
        if pull is not None and pull.fork:
            variables = {key: value for key, value in variables.items() if key not in ("GITLAB_TOKEN", identity)}
        _bash(result, [*job["before_script"], *job["script"]], _base(bench) | variables | given)
        plan = result.folder / ".cspdecl/ci/plan.json"
        if name == "cspdecl-plan" and plan.is_file():
            bench.forge.keep("", sha, plan.read_bytes())
        for path in [*job["artifacts"]["paths"], *job["artifacts"].get("reports", {}).values()]:
            assert (result.folder / path).exists(), f"{path} is promised and was not made"
        return result

    def plan(self, bench: Bench, pull: Pull) -> Run:
        given = {
            "CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": str(pull.number),
            "CI_MERGE_REQUEST_PROJECT_ID": "77", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "78" if pull.fork else "77",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        }  # fmt: skip
        return self.job(bench, "cspdecl-plan", pull.head, given, pull=pull)

    def approve(self, bench: Bench, pull: Pull, who: str) -> None:
        bench.forge.review(pull, who)
        bench.forge.say(pull.number, who, "approved this merge request", system=True)

    def apply(self, bench: Bench, before: str, after: str) -> Run:
        given = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_BEFORE_SHA": before}
        return self.job(bench, "cspdecl-apply", after, given)

    def drift(self, bench: Bench) -> Run:
        given = {"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "main"}
        return self.job(bench, "cspdecl-drift", git(bench.remote, "rev-parse", "main"), given)


class AzureHost:
    me = "Build Service"

    def job(self, bench: Bench, name: str, sha: str, given: dict[str, str], *, fork: bool = False) -> Run:
        described: Any = yaml.safe_load((ROOT / f"pipelines/azure-devops/cspdecl-{name}.yml").read_text("utf-8"))
        result = _checkout(bench, sha, None)  # Azure checks out a commit, for pull requests its trial merge
        writes = {"group": "cspdecl-apply"} in described["variables"]
        bench.forge.identity = {"subject": APPLY_SUBJECT if writes else SUBJECT}
        macros = {
            "System.AccessToken": TOKEN,
            "CSPDECL_CLIENT_ID": WRITER if writes else READER,
            "CSPDECL_SERVICE_CONNECTION": "c-1",
        }
        macros |= {"Build.SourcesDirectory": str(result.folder)}
        variables = {
            "TF_BUILD": "True", "SYSTEM_COLLECTIONURI": f"{bench.forge_url}/azure/", "SYSTEM_TEAMPROJECT": "nordlicht",
            "BUILD_REPOSITORY_ID": "repo-1", "BUILD_SOURCEVERSION": sha, "BUILD_SOURCESDIRECTORY": str(result.folder),
            "SYSTEM_OIDCREQUESTURI": f"{bench.forge_url}/azure/oidc", "BUILD_REQUESTEDFOREMAIL": "vera@nordlicht.example",
        }  # fmt: skip
        macros |= {"System.PullRequest.SourceCommitId": given.get("SYSTEM_PULLREQUEST_SOURCECOMMITID", "")}
        for step in described["steps"]:
            if "checkout" in step:
                assert 0 == step["fetchDepth"]
            elif "script" in step and step.get("displayName") != "Install":
                own = {key: _filled(str(value), macros) for key, value in step.get("env", {}).items()}
                own = {key: "" if fork and value == TOKEN else value for key, value in own.items()}
                _bash(result, [step["script"]], _base(bench) | variables | own | given)
                said = re.findall(r"##vso\[task\.setvariable variable=(\w+);isOutput=true\](.*)", result.log)
                macros |= {f"{step.get('name')}.{key}": value for key, value in said}
            elif "publish" in step:
                self._keep(bench, result, _filled(step["artifact"], macros), sha)
        return result

    @staticmethod
    def _keep(bench: Bench, result: Run, name: str, sha: str) -> None:
        held, source = io.BytesIO(), result.folder / ".cspdecl/ci"
        with zipfile.ZipFile(held, "w") as into:
            for path in sorted(source.rglob("*")):
                into.write(path, f"{name}/{path.relative_to(source)}")
        bench.forge.keep(name, sha, held.getvalue())
        result.artifacts.append(name)

    def plan(self, bench: Bench, pull: Pull) -> Run:
        given = {
            "BUILD_REASON": "PullRequest", "SYSTEM_PULLREQUEST_PULLREQUESTID": str(pull.number),
            "SYSTEM_PULLREQUEST_ISFORK": str(pull.fork), "SYSTEM_PULLREQUEST_SOURCECOMMITID": pull.head,
            "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main", "BUILD_SOURCEBRANCH": f"refs/pull/{pull.number}/merge",
        }  # fmt: skip
        return self.job(bench, "plan", git(bench.remote, "rev-parse", "main"), given, fork=pull.fork)

    def approve(self, bench: Bench, pull: Pull, who: str) -> None:
        bench.forge.review(pull, who)

    def apply(self, bench: Bench, before: str, after: str) -> Run:
        return self.job(
            bench, "apply", after, {"BUILD_REASON": "IndividualCI", "BUILD_SOURCEBRANCH": "refs/heads/main"}
        )

    def drift(self, bench: Bench) -> Run:
        given = {"BUILD_REASON": "Schedule", "BUILD_SOURCEBRANCH": "refs/heads/main"}
        return self.job(bench, "drift", git(bench.remote, "rev-parse", "main"), given)
