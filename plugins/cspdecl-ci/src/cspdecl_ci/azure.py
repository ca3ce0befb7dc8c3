"""Azure DevOps: pull request threads, votes and build artifacts, and what Pipelines put into the environment.

Facts: Azure DevOps Services REST API 7.1 (read 2026-06). A comment holds up to 150,000 characters. Who votes how is a
list without times; when somebody voted stands in threads that the system writes. Drift is told by the run itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from cspdecl.core.errors import ConfigurationError, NotAuthorised, TryLater
from cspdecl.core.plain import parse_instant
from cspdecl_ci.forge import Comment, Issue, Job, Pull, Review
from cspdecl_ci.github import unpacked
from cspdecl_ci.wire import Refused, Wire

_VERSION = "7.1"
_APPROVED = (10, 5)  # approved; approved with suggestions
# The account of the service itself, the same in every organisation
_SYSTEM = "00000002-0000-8888-8000-000000000000"
_CLOSED = 4  # a thread that asks nobody to answer


class Azure:
    """One Git repository on Azure DevOps."""

    limit = 150_000
    tracks_issues = False

    def __init__(self, wire: Wire, project: str, repository: str, branch: str = "") -> None:
        self._wire = wire
        self._builds = f"{quote(project)}/_apis/build/builds"
        self._git = f"{quote(project)}/_apis/git/repositories/{quote(repository)}"
        self._repository = repository
        self._branch = branch
        self._me: str | None = None

    def pull(self, number: int) -> Pull:
        """GET pullRequests/{id}"""
        return _pull(self._get(f"{self._git}/pullRequests/{number}"))

    def merged_pull(self, commit: str) -> Pull | None:
        """POST pullrequestquery: the completed one whose merge made this commit."""
        asked = {"queries": [{"type": "lastMergeCommit", "items": [commit]}]}
        told = self._send("POST", f"{self._git}/pullrequestquery", asked)
        found = [one for result in told.get("results") or () for one in result.get(commit) or ()]
        merged = [one for one in found if one.get("status") == "completed"]
        merged = [one for one in merged if self._branch in ("", one.get("targetRefName"))]
        return self.pull(merged[-1]["pullRequestId"]) if merged else None

    def comments(self, pull: int) -> Iterator[Comment]:
        """GET threads: the first comment of each."""
        for thread in self._threads(pull):
            first = next((one for one in thread.get("comments") or () if not one.get("isDeleted")), None)
            if first is not None and first.get("commentType") in ("text", 1):
                yield Comment(
                    place=f"{thread['id']}/{first['id']}",
                    body=first.get("content") or "",
                    own=(first.get("author") or {}).get("id") == self._own(),
                    changed=_instant(first.get("lastContentUpdatedDate") or first.get("publishedDate")),
                )

    def add_comment(self, pull: int, body: str) -> None:
        """POST threads: one that is closed, so that no policy waits for an answer to it."""
        comment = {"parentCommentId": 0, "content": body, "commentType": 1}
        self._send("POST", f"{self._git}/pullRequests/{pull}/threads", {"comments": [comment], "status": _CLOSED})

    def change_comment(self, pull: int, comment: Comment, body: str) -> None:
        """PATCH threads/{id}/comments/{id}"""
        thread, _, number = comment.place.partition("/")
        self._send("PATCH", f"{self._git}/pullRequests/{pull}/threads/{thread}/comments/{number}", {"content": body})

    def reviews(self, pull: int) -> Iterator[Review]:
        """GET reviewers: whoever approves now; groups, which vote through their members, are left out."""
        said: dict[str, datetime | None] = {}
        for thread in self._threads(pull):
            properties = thread.get("properties") or {}
            if _value(properties, "CodeReviewThreadType") == "VoteUpdate" and _by_the_system(thread):
                who = (thread.get("identities") or {}).get(_value(properties, "CodeReviewVotedByIdentity")) or {}
                said[str(who.get("id"))] = _instant(thread.get("publishedDate"))
        for one in self._get(f"{self._git}/pullRequests/{pull}/reviewers").get("value") or ():
            if one.get("isContainer") or not one.get("vote"):
                continue
            yield Review(
                id=f"azure-vote-{pull}-{one['id']}",
                by=str(one.get("uniqueName") or ""),
                state="approved" if one["vote"] in _APPROVED else "rejected",
                at=said.get(str(one["id"])),
                commit=None,
                bot="@" not in str(one.get("uniqueName") or ""),
            )

    def saved_plans(self, pull: Pull, name: str, *, after: str) -> Iterator[bytes]:
        """GET builds of the pull request and their artifacts, newest first."""
        later = [one for one in self._runs(self._branch) if one.get("sourceVersion") == after]
        for build in (*later, *self._runs(f"refs/pull/{pull.number}/merge")):
            try:
                artifact = self._get(f"{self._builds}/{build['id']}/artifacts", artifactName=name)
            except Refused as problem:
                if problem.status == 404:
                    continue
                raise
            url = (artifact.get("resource") or {}).get("downloadUrl")
            plan = unpacked(self._wire.ask("GET", url).content) if url else None
            if plan is not None:
                yield plan

    def _runs(self, branch: str) -> list[Mapping[str, Any]]:
        asked: dict[str, str | int] = {"repositoryId": self._repository, "repositoryType": "TfsGit", "$top": 50}
        return list(self._get(self._builds, **asked, branchName=branch).get("value") or ()) if branch else []

    def issues(self) -> Iterator[Issue]:
        """None: drift is told by the run."""
        return iter(())

    def open_issue(self, title: str, body: str) -> None:
        """Nothing to open."""

    def change_issue(self, issue: Issue, body: str) -> None:
        """Nothing to change."""

    def close_issue(self, issue: Issue, word: str) -> None:
        """Nothing to close."""

    def _threads(self, pull: int) -> Iterator[Mapping[str, Any]]:
        yield from self._get(f"{self._git}/pullRequests/{pull}/threads").get("value") or ()

    def _get(self, path: str, **query: str | int) -> Any:
        return self._wire.get(path, **query, **{"api-version": _VERSION})

    def _send(self, method: str, path: str, body: Any) -> Any:
        return self._wire.send(method, path, body, **{"api-version": _VERSION})

    def _own(self) -> str:
        if self._me is None:
            told = self._wire.get("_apis/connectionData")
            self._me = str((told.get("authenticatedUser") or {}).get("id"))
        return self._me


def wire_of(environment: Mapping[str, str]) -> Wire:
    """The API with the job's token. Raises NotAuthorised without one."""
    token, base = environment.get("SYSTEM_ACCESSTOKEN", ""), environment.get("SYSTEM_COLLECTIONURI", "")
    if not token:
        raise NotAuthorised("SYSTEM_ACCESSTOKEN is not set: map `$(System.AccessToken)` into the step's `env`")
    if not base:
        raise ConfigurationError("SYSTEM_COLLECTIONURI is not set: does this run in a job of Azure Pipelines?")
    return Wire(base=base, secret={"Authorization": f"Bearer {token}"})


def forge_of(environment: Mapping[str, str]) -> Azure:
    """The repository this job runs for."""
    project, repository = environment.get("SYSTEM_TEAMPROJECT", ""), environment.get("BUILD_REPOSITORY_ID", "")
    if not project or not repository:
        raise ConfigurationError(
            "SYSTEM_TEAMPROJECT or BUILD_REPOSITORY_ID is not set: does this run in Azure Pipelines?"
        )
    return Azure(wire_of(environment), project, repository, environment.get("BUILD_SOURCEBRANCH", ""))


def job_of(environment: Mapping[str, str]) -> Job:
    """What Pipelines say about this run."""
    number = environment.get("SYSTEM_PULLREQUEST_PULLREQUESTID")
    target = environment.get("SYSTEM_PULLREQUEST_TARGETBRANCH", "").removeprefix("refs/heads/")
    commit = environment.get("SYSTEM_PULLREQUEST_SOURCECOMMITID") or environment.get("BUILD_SOURCEVERSION", "")
    collection, project = environment.get("SYSTEM_COLLECTIONURI", ""), environment.get("SYSTEM_TEAMPROJECT", "")
    build, repository = environment.get("BUILD_BUILDID"), environment.get("BUILD_REPOSITORY_URI")
    return Job(
        forge="azure",
        event=environment.get("BUILD_REASON", ""),
        commit=commit,
        pull=int(number) if number else None,
        branch=target or None,
        fork=environment.get("SYSTEM_PULLREQUEST_ISFORK", "").lower() == "true",
        actor=environment.get("BUILD_REQUESTEDFOREMAIL", ""),
        link=f"{collection}{quote(project)}/_build/results?buildId={build}" if build else None,
        file_links=f"{repository}?version=GC{commit}&path=" if repository else None,
    )


def identity_token(environment: Mapping[str, str], audience: str) -> str:
    """A token for a service connection with workload identity federation; its audience is Entra's in any case."""
    url, connection = environment.get("SYSTEM_OIDCREQUESTURI"), environment.get("CSPDECL_SERVICE_CONNECTION")
    if not url or not connection:
        raise NotAuthorised("this job gets no identity token: name a service connection in CSPDECL_SERVICE_CONNECTION")
    wire = wire_of({**environment, "SYSTEM_COLLECTIONURI": url})
    asked = urlencode({"api-version": _VERSION, "serviceConnectionId": connection})
    value = wire.send("POST", f"{url}?{asked}", {}).get("oidcToken")
    if not isinstance(value, str) or not value:
        raise TryLater("Azure Pipelines answer without an identity token")
    return value


def _pull(one: Mapping[str, Any]) -> Pull:
    return Pull(
        number=one["pullRequestId"],
        head=(one.get("lastMergeSourceCommit") or {}).get("commitId") or "",
        author=str((one.get("createdBy") or {}).get("uniqueName") or ""),
        merged=one.get("status") == "completed",
    )


def _by_the_system(thread: Mapping[str, Any]) -> bool:
    """Whether nobody else wrote a thread: properties may be given by whoever opens one."""
    comments = thread.get("comments") or ()
    return bool(comments) and all((one.get("author") or {}).get("id") == _SYSTEM for one in comments)


def _value(properties: Mapping[str, Any], name: str) -> Any:
    found = properties.get(name)
    return found.get("$value") if isinstance(found, Mapping) else found


def _instant(value: Any) -> datetime | None:
    return parse_instant(value) if isinstance(value, str) and value else None
