"""GitHub: the REST API for comments, reviews, artifacts and issues, and what Actions puts into the environment.

Facts: GitHub REST documentation, API version 2022-11-28 (read 2026-06). A comment has at most 65,536 characters; lists
come in pages of at most a hundred and lead on by `Link`; reviews come in the order they were given.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from cspdecl.core.errors import ConfigurationError, NotAuthorised, TryLater
from cspdecl.core.plain import parse_instant
from cspdecl_ci.forge import Comment, Issue, Job, Pull, Review
from cspdecl_ci.wire import Refused, Wire

PLAN_FILE = "plan.json"
_NO_COMMIT = "0" * 40
_LARGEST = 256 * 1024 * 1024  # a plan, unpacked
_STATES: Mapping[str, Literal["approved", "rejected", "withdrawn", "commented"]] = {
    "APPROVED": "approved",
    "CHANGES_REQUESTED": "rejected",
    "DISMISSED": "withdrawn",
}


class GitHub:
    """One repository on GitHub or a GitHub Enterprise Server."""

    limit = 65_536
    tracks_issues = True

    def __init__(self, wire: Wire, repository: str, environment: Mapping[str, str]) -> None:
        self._wire = wire
        self._at = f"repos/{quote(repository)}"
        self._environment = environment
        # GITHUB_TOKEN cannot ask who it is; its comments are by this account
        self._account = environment.get("CSPDECL_COMMENTER") or "github-actions[bot]"

    def pull(self, number: int) -> Pull:
        """GET pulls/{number}"""
        return _pull(self._wire.get(f"{self._at}/pulls/{number}"))

    def merged_pull(self, commit: str) -> Pull | None:
        """GET commits/{sha}/pulls: for a squash or a merge the one that made this commit, else the last one merged."""
        found = [one for one in self._wire.listed(f"{self._at}/commits/{commit}/pulls") if one.get("merged_at")]
        branch = self._environment.get("GITHUB_REF", "").removeprefix("refs/heads/")
        found = [one for one in found if not branch or (one.get("base") or {}).get("ref") == branch]
        made = [one for one in found if one.get("merge_commit_sha") == commit]
        best = max(made or found, key=lambda one: str(one["merged_at"]), default=None)
        return _pull(best) if best is not None else None

    def comments(self, pull: int) -> Iterator[Comment]:
        """GET issues/{number}/comments"""
        for one in self._wire.listed(f"{self._at}/issues/{pull}/comments"):
            yield Comment(
                place=str(one["id"]),
                body=one.get("body") or "",
                own=_login(one) == self._account,
                changed=parse_instant(one["updated_at"]) if one.get("updated_at") else None,
            )

    def add_comment(self, pull: int, body: str) -> None:
        """POST issues/{number}/comments"""
        self._wire.send("POST", f"{self._at}/issues/{pull}/comments", {"body": body})

    def change_comment(self, pull: int, comment: Comment, body: str) -> None:
        """PATCH issues/comments/{id}"""
        self._wire.send("PATCH", f"{self._at}/issues/comments/{comment.place}", {"body": body})

    def reviews(self, pull: int) -> Iterator[Review]:
        """GET pulls/{number}/reviews; what is only pending was not said yet. Whoever may read may review."""
        may = dict[str, bool]()
        for one in self._wire.listed(f"{self._at}/pulls/{pull}/reviews"):
            if one.get("state") == "PENDING":
                continue
            who, bot = _login(one), (one.get("user") or {}).get("type") != "User"
            if one.get("state") == "APPROVED" and not bot and who not in may:
                may[who] = self._may_write(who)
            yield Review(
                id=f"github-review-{one['id']}",
                by=who,
                state=_STATES.get(one.get("state", ""), "commented"),
                at=parse_instant(one["submitted_at"]) if one.get("submitted_at") else None,
                commit=one.get("commit_id"),
                bot=bot,
                may_write=may.get(who, True),
                link=one.get("html_url") or "",
            )

    def _may_write(self, login: str) -> bool:
        """GET collaborators/{login}/permission: `maintain` counts as write there, `triage` as read."""
        try:
            told = self._wire.get(f"{self._at}/collaborators/{quote(login, safe='')}/permission")
        except Refused as problem:
            if problem.status == 404:
                return False
            raise
        return isinstance(told, dict) and told.get("permission") in ("admin", "write")

    def saved_plans(self, pull: Pull, name: str, *, after: str) -> Iterator[bytes]:
        """GET actions/artifacts: of runs for the head commit, of this repository's own branches only."""
        for one in self._wire.listed(f"{self._at}/actions/artifacts", key="artifacts", name=name):
            run = one.get("workflow_run") or {}
            ours = run.get("head_repository_id") == run.get("repository_id")
            if one.get("expired") or run.get("head_sha") not in (pull.head, after) or not ours:
                continue
            plan = unpacked(self._wire.ask("GET", f"{self._at}/actions/artifacts/{one['id']}/zip").content)
            if plan is not None:
                yield plan

    def issues(self) -> Iterator[Issue]:
        """GET issues: open ones, pull requests left out."""
        for one in self._wire.listed(f"{self._at}/issues", state="open"):
            if "pull_request" not in one:
                yield Issue(
                    number=one["number"], body=one.get("body") or "", own=_login(one) == self._account,
                    link=one.get("html_url") or "",
                )  # fmt: skip

    def open_issue(self, title: str, body: str) -> None:
        """POST issues"""
        self._wire.send("POST", f"{self._at}/issues", {"title": title, "body": body})

    def change_issue(self, issue: Issue, body: str) -> None:
        """PATCH issues/{number}"""
        self._wire.send("PATCH", f"{self._at}/issues/{issue.number}", {"body": body})

    def close_issue(self, issue: Issue, word: str) -> None:
        """A comment and PATCH issues/{number}"""
        self.add_comment(issue.number, word)
        self._wire.send("PATCH", f"{self._at}/issues/{issue.number}", {"state": "closed"})


def wire_of(environment: Mapping[str, str]) -> Wire:
    """The API with the job's token. Raises NotAuthorised without one."""
    token = environment.get("GITHUB_TOKEN", "")
    if not token:
        raise NotAuthorised("GITHUB_TOKEN is not set: pass `github.token` to the step")
    return Wire(
        base=environment.get("GITHUB_API_URL") or "https://api.github.com",
        secret={"Authorization": f"Bearer {token}"},
        headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
    )


def forge_of(environment: Mapping[str, str]) -> GitHub:
    """The repository this job runs for."""
    return GitHub(wire_of(environment), _needed(environment, "GITHUB_REPOSITORY"), environment)


def job_of(environment: Mapping[str, str]) -> Job:
    """What the event says. A pull request whose branch lies elsewhere, or nowhere any more, is a fork's."""
    event = _event(environment)
    name = environment.get("GITHUB_EVENT_NAME", "")
    server, repository = (
        environment.get("GITHUB_SERVER_URL", "https://github.com"),
        environment.get("GITHUB_REPOSITORY"),
    )
    commit, pull, base, fork = environment.get("GITHUB_SHA", ""), None, None, False
    branch: str | None = environment.get("GITHUB_BASE_REF") or None
    if isinstance(event.get("pull_request"), dict):
        asked: Mapping[str, Any] = event["pull_request"]
        head = asked.get("head") or {}
        commit, pull, base = head.get("sha") or commit, asked.get("number"), (asked.get("base") or {}).get("sha")
        home = (head.get("repo") or {}).get("full_name")
        fork = home is None or home != repository
    elif "issue" in event:
        fork = True  # a remark on a pull request: it does not say whose
    elif isinstance(event.get("workflow_run"), dict):
        fork = ((event["workflow_run"].get("head_repository") or {}).get("full_name")) != repository
    elif isinstance(event.get("merge_group"), dict):
        commit, base = event["merge_group"].get("head_sha") or commit, event["merge_group"].get("base_sha")
    run = environment.get("GITHUB_RUN_ID")
    return Job(
        forge="github",
        event=name,
        commit=commit,
        pull=pull,
        branch=branch,
        base=base,
        home=(event.get("repository") or {}).get("default_branch"),
        fork=fork,
        before=event.get("before") if event.get("before") != _NO_COMMIT else None,
        actor=environment.get("GITHUB_ACTOR", ""),
        link=f"{server}/{repository}/actions/runs/{run}" if run else None,
        file_links=f"{server}/{repository}/blob/{commit}",
    )


def identity_token(environment: Mapping[str, str], audience: str) -> str:
    """A token of Actions' own identity provider; the job needs `permissions: id-token: write`."""
    url, token = environment.get("ACTIONS_ID_TOKEN_REQUEST_URL"), environment.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    if not url or not token:
        raise NotAuthorised("this job gets no identity token: give it `permissions: {id-token: write}`")
    told = Wire(base=url, secret={"Authorization": f"Bearer {token}"}).get(url, audience=audience)
    value = told.get("value") if isinstance(told, dict) else None
    if not isinstance(value, str) or not value:
        raise TryLater("the identity provider of GitHub Actions answers without a token")
    return value


def unpacked(archive: bytes) -> bytes | None:
    """The plan in a zip of artifacts; None where it holds none."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as found:
            held = [one for one in found.infolist() if Path(one.filename).name == PLAN_FILE]
            plan = min(held, key=lambda one: len(one.filename), default=None)
            return found.read(plan) if plan is not None and plan.file_size <= _LARGEST else None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError):  # damaged, or locked
        return None


def _event(environment: Mapping[str, str]) -> Mapping[str, Any]:
    path = environment.get("GITHUB_EVENT_PATH")
    if not path:
        return {}
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ConfigurationError("the event of this run cannot be read from GITHUB_EVENT_PATH") from None
    return event if isinstance(event, dict) else {}


def _pull(one: Mapping[str, Any]) -> Pull:
    return Pull(
        number=one["number"],
        head=one["head"]["sha"],
        author=_login(one),
        link=one.get("html_url") or "",
        merged=bool(one.get("merged_at")),
    )


def _login(one: Mapping[str, Any]) -> str:
    return str((one.get("user") or {}).get("login") or "")


def _needed(environment: Mapping[str, str], name: str) -> str:
    if not environment.get(name):
        raise ConfigurationError(f"{name} is not set: does this run in a job of the code host?")
    return environment[name]
