"""A code host as the pipelines see it: pull requests, comments, reviews, artifacts and one issue.

GitHub, GitLab and Azure DevOps each fill this in. What a pull request or its comments say was written by somebody:
only what our own account wrote is believed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Name = Literal["github", "gitlab", "azure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the environment says about this run.

    `pull` is the pull request's number where the run is about one; `branch` is where it would be merged, `base` the
    commit to compare with where that branch was not fetched. `fork`: the change comes from a repository that others
    write to. `home` is the default branch where the host tells it.
    `event` is the host's own word; `before` the commit the branch was at before a push.
    """

    forge: Name
    event: str
    commit: str
    pull: int | None = None
    branch: str | None = None
    base: str | None = None
    home: str | None = None
    fork: bool = False
    before: str | None = None
    actor: str = ""
    link: str | None = None
    file_links: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """A pull request: `head` is the last commit of its branch, `author` who opened it."""

    number: int
    head: str
    author: str
    link: str = ""
    merged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment. `own`: written by the account that the pipelines use. `place` is how the host finds it again."""

    place: str
    body: str
    own: bool
    changed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One word of one reviewer, in the order they were spoken. `commit` and `at` where the host tells them.

    `may_write`: whether the reviewer may write to the repository; some hosts take reviews from whoever can read it.
    """

    id: str
    by: str
    state: Literal["approved", "rejected", "withdrawn", "commented"]
    at: datetime | None
    commit: str | None
    bot: bool = False
    may_write: bool = True
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """The one issue that tells of drift."""

    number: int
    body: str
    own: bool
    link: str = ""


class Forge(Protocol):
    """What a code host can be asked. Every call may raise Refused, NotAuthorised or TryLater."""

    limit: int
    """Longest comment, in characters."""
    tracks_issues: bool
    """Whether drift can be told in an issue."""

    def pull(self, number: int) -> Pull:
        """A pull request by its number."""

    def merged_pull(self, commit: str) -> Pull | None:
        """The pull request that brought a commit to the branch of this run; None where it was pushed directly.

        One that was merged into another branch is not it: who may merge there decides nothing here.
        """

    def comments(self, pull: int) -> Iterator[Comment]:
        """All comments of a pull request, oldest first."""

    def add_comment(self, pull: int, body: str) -> None:
        """A new comment."""

    def change_comment(self, pull: int, comment: Comment, body: str) -> None:
        """A comment, rewritten."""

    def reviews(self, pull: int) -> Iterator[Review]:
        """All reviews of a pull request, oldest first."""

    def saved_plans(self, pull: Pull, name: str, *, after: str) -> Iterator[bytes]:
        """Plans that pipelines of this very repository saved for the pull request's last commit, newest first.

        `after` is the commit of the default branch that is being applied: a run for it may have saved a plan made anew.
        """

    def issues(self) -> Iterator[Issue]:
        """Open issues, for finding our own again."""

    def open_issue(self, title: str, body: str) -> None:
        """A new issue."""

    def change_issue(self, issue: Issue, body: str) -> None:
        """An issue, rewritten."""

    def close_issue(self, issue: Issue, word: str) -> None:
        """An issue, closed with a last word."""
