"""GitLab: merge request notes, approvals, job artifacts and issues, and what CI puts into the environment.

Facts: GitLab REST documentation, v4 (read 2026-06). Notes hold up to 1,000,000 characters. Approvals say who; when
somebody approved stands beside it in newer versions and in a system note in all. A job's own token cannot write notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from cspdecl.core.errors import ConfigurationError, NotAuthorised
from cspdecl.core.plain import parse_instant
from cspdecl_ci.forge import Comment, Issue, Job, Pull, Review
from cspdecl_ci.wire import Refused, Wire

PLAN_PATH = ".cspdecl/ci/plan.json"
_NO_COMMIT = "0" * 40
_BOT = re.compile(r"(?:project|group)_\d+_bot")


class GitLab:
    """One project on GitLab."""

    limit = 1_000_000
    tracks_issues = True

    def __init__(self, wire: Wire, project: str, branch: str = "") -> None:
        self._wire = wire
        self._at = f"projects/{quote(project, safe='')}"
        self._branch = branch
        self._me: int | None = None

    def pull(self, number: int) -> Pull:
        """GET merge_requests/{iid}"""
        return _pull(self._wire.get(f"{self._at}/merge_requests/{number}"))

    def merged_pull(self, commit: str) -> Pull | None:
        """GET repository/commits/{sha}/merge_requests: the merged one that made this commit, else the last merged."""
        found = self._wire.listed(f"{self._at}/repository/commits/{commit}/merge_requests")
        merged = [one for one in found if one.get("state") == "merged"]
        merged = [one for one in merged if self._branch in ("", one.get("target_branch"))]
        made = [one for one in merged if commit in (one.get("merge_commit_sha"), one.get("squash_commit_sha"))]
        best = max(made or merged, key=lambda one: str(one.get("merged_at") or ""), default=None)
        return _pull(best) if best is not None else None

    def comments(self, pull: int) -> Iterator[Comment]:
        """GET merge_requests/{iid}/notes"""
        for one in self._notes(pull):
            if not one.get("system"):
                yield Comment(
                    place=str(one["id"]),
                    body=one.get("body") or "",
                    own=(one.get("author") or {}).get("id") == self._own(),
                    changed=_instant(one.get("updated_at")),
                )

    def add_comment(self, pull: int, body: str) -> None:
        """POST merge_requests/{iid}/notes"""
        self._wire.send("POST", f"{self._at}/merge_requests/{pull}/notes", {"body": body})

    def change_comment(self, pull: int, comment: Comment, body: str) -> None:
        """PUT merge_requests/{iid}/notes/{id}"""
        self._wire.send("PUT", f"{self._at}/merge_requests/{pull}/notes/{comment.place}", {"body": body})

    def reviews(self, pull: int) -> Iterator[Review]:
        """GET merge_requests/{iid}/approvals: whoever approves now; a withdrawn one is not in it."""
        told = self._wire.get(f"{self._at}/merge_requests/{pull}/approvals")
        said: dict[Any, datetime | None] = {}
        for note in self._notes(pull):
            if note.get("system") and note.get("body") == "approved this merge request":
                said[(note.get("author") or {}).get("id")] = _instant(note.get("created_at"))
        for one in told.get("approved_by") or ():
            user = one.get("user") or {}
            at = _instant(one.get("approved_at")) or said.get(user.get("id"))
            yield Review(
                id=f"gitlab-approval-{pull}-{user.get('id')}",
                by=str(user.get("username") or ""),
                state="approved",
                at=at,
                commit=None,
                bot=bool(_BOT.match(str(user.get("username") or ""))),
                link=str(user.get("web_url") or ""),
            )

    def saved_plans(self, pull: Pull, name: str, *, after: str) -> Iterator[bytes]:
        """GET pipelines, jobs and artifacts: of this project's own pipelines for the last commit, newest first."""
        for commit, source, maker in (
            (after, "push", "cspdecl-apply"),
            (pull.head, "merge_request_event", "cspdecl-plan"),
        ):
            for job in self._jobs(commit, source, maker):
                try:
                    yield self._wire.ask("GET", f"{self._at}/jobs/{job['id']}/artifacts/{PLAN_PATH}").content
                except Refused as problem:
                    if problem.status != 404:
                        raise

    def issues(self) -> Iterator[Issue]:
        """GET issues: open ones."""
        for one in self._wire.listed(f"{self._at}/issues", state="opened"):
            own = (one.get("author") or {}).get("id") == self._own()
            yield Issue(number=one["iid"], body=one.get("description") or "", own=own, link=one.get("web_url") or "")

    def open_issue(self, title: str, body: str) -> None:
        """POST issues"""
        self._wire.send("POST", f"{self._at}/issues", {"title": title, "description": body})

    def change_issue(self, issue: Issue, body: str) -> None:
        """PUT issues/{iid}"""
        self._wire.send("PUT", f"{self._at}/issues/{issue.number}", {"description": body})

    def close_issue(self, issue: Issue, word: str) -> None:
        """A note and PUT issues/{iid}"""
        self._wire.send("POST", f"{self._at}/issues/{issue.number}/notes", {"body": word})
        self._wire.send("PUT", f"{self._at}/issues/{issue.number}", {"state_event": "close"})

    def _jobs(self, commit: str, source: str, name: str) -> Iterator[Mapping[str, Any]]:
        for pipeline in self._wire.listed(f"{self._at}/pipelines", sha=commit, source=source):
            # a job that was run again leaves its earlier files behind
            jobs = self._wire.listed(f"{self._at}/pipelines/{pipeline['id']}/jobs", include_retried="true")
            yield from (job for job in jobs if job.get("name") == name)

    def _notes(self, pull: int) -> Iterator[Mapping[str, Any]]:
        yield from self._wire.listed(f"{self._at}/merge_requests/{pull}/notes", sort="asc", order_by="created_at")

    def _own(self) -> int:
        if self._me is None:
            self._me = int(self._wire.get("user")["id"])
        return self._me


def forge_of(environment: Mapping[str, str]) -> GitLab:
    """The project this job runs for. Raises NotAuthorised without a token that may write notes."""
    token, project = environment.get("GITLAB_TOKEN", ""), environment.get("CI_PROJECT_ID", "")
    if not token:
        raise NotAuthorised("GITLAB_TOKEN is not set: a project access token with the scope `api`, masked")
    if not project:
        raise ConfigurationError("CI_PROJECT_ID is not set: does this run in a job of GitLab?")
    base = environment.get("CI_API_V4_URL") or "https://gitlab.com/api/v4"
    return GitLab(Wire(base=base, secret={"PRIVATE-TOKEN": token}), project, environment.get("CI_COMMIT_BRANCH", ""))


def job_of(environment: Mapping[str, str]) -> Job:
    """What CI says. A merge request from another project is a fork's, in whichever project its pipeline runs."""
    number = environment.get("CI_MERGE_REQUEST_IID")
    source = environment.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "")
    target = environment.get("CI_MERGE_REQUEST_PROJECT_ID") or environment.get("CI_PROJECT_ID", "")
    commit = environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environment.get("CI_COMMIT_SHA", "")
    branch, before = environment.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"), environment.get("CI_COMMIT_BEFORE_SHA")
    url = environment.get("CI_PROJECT_URL")
    return Job(
        forge="gitlab",
        event=environment.get("CI_PIPELINE_SOURCE", ""),
        commit=commit,
        pull=int(number) if number else None,
        branch=branch,
        base=environment.get("CI_MERGE_REQUEST_DIFF_BASE_SHA"),
        home=environment.get("CI_DEFAULT_BRANCH"),
        fork=bool(number) and source != target,
        before=before if before != _NO_COMMIT else None,
        actor=environment.get("GITLAB_USER_LOGIN", ""),
        link=environment.get("CI_JOB_URL"),
        file_links=f"{url}/-/blob/{commit}" if url else None,
    )


def _pull(one: Mapping[str, Any]) -> Pull:
    return Pull(
        number=one["iid"],
        head=one["sha"],
        author=str((one.get("author") or {}).get("username") or ""),
        link=one.get("web_url") or "",
        merged=one.get("state") == "merged",
    )


def _instant(value: Any) -> datetime | None:
    return parse_instant(value) if isinstance(value, str) and value else None
