"""Who runs this, from which commit, on which machine: what records and locks say about their origin."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
from pathlib import Path

from cspdecl.core.errors import CspdeclError

_COMMIT_VARIABLES = ("GITHUB_SHA", "CI_COMMIT_SHA", "BUILD_SOURCEVERSION")
_ACTOR_VARIABLES = ("CSPDECL_ACTOR", "GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_REQUESTEDFOREMAIL")


def actor() -> str:
    """An opaque name for whoever started this: from CI where there is one, else user and host."""
    for name in _ACTOR_VARIABLES:
        if os.environ.get(name):
            return os.environ[name]
    return f"{user()}@{socket.gethostname()}"


def user() -> str:
    """The login name, or the user id where the machine knows no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"


def run_link() -> str | None:
    """A link to the CI run, for the lock's owner line."""
    env = os.environ
    if env.get("GITHUB_RUN_ID"):
        return (
            f"{env.get('GITHUB_SERVER_URL', '')}/{env.get('GITHUB_REPOSITORY', '')}/actions/runs/{env['GITHUB_RUN_ID']}"
        )
    return env.get("CI_JOB_URL") or env.get("BUILD_BUILDURI")


def in_ci() -> bool:
    """Whether this runs in CI, where a disk does not outlive the job."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false", "no")


def commit_of(root: Path) -> str | None:
    """The commit the manifests are at: with `+` at its end where the work tree differs from it; None outside git."""
    head = _git(root, "rev-parse", "HEAD")
    if head is None:
        return next((os.environ[name] for name in _COMMIT_VARIABLES if os.environ.get(name)), None)
    dirty = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ".")
    return f"{head}+" if dirty else head


def folder_in_repository(root: Path) -> str:
    """Where the project stands in its repository: "" at its top and outside of git, else a path with `/` at its end."""
    return _git(root, "rev-parse", "--show-prefix") or ""


def changed_files(root: Path, reference: str) -> tuple[str, ...]:
    """Files below `root` that differ from a git reference, work tree included, relative to `root`, sorted. A file that
    was moved counts under both names.

    Raises CspdeclError where git cannot answer.
    """
    if reference.startswith("-"):
        raise CspdeclError(f"`{reference}` is no git reference")
    changed = git_bytes(root, "diff", "--name-only", "--no-renames", "-z", "--relative", reference, "--", ".")
    new = git_bytes(root, "ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    if changed is None or new is None:
        raise CspdeclError(f"git cannot say what changed since `{reference}`: is this a git work tree that knows it?")
    names = {*changed.split(b"\0"), *new.split(b"\0")} - {b""}
    return tuple(sorted(name.decode("utf-8", "surrogateescape") for name in names))


def file_at(root: Path, reference: str, name: str) -> bytes | None:
    """A file as it was at a git reference, or None where it was not there."""
    return None if reference.startswith("-") else git_bytes(root, "show", f"{reference}:./{name}")


def git_bytes(root: Path, *words: str) -> bytes | None:
    """What git answers in `root`, byte for byte; None where it cannot."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed program, no shell
            ["git", *words],  # noqa: S607 - git is looked up like any tool
            cwd=root,
            capture_output=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def tracks(root: Path, folder: str) -> bool:
    """Whether git holds anything of a folder below `root`; False outside git."""
    return bool(_git(root, "ls-files", "--", folder))


def _git(root: Path, *words: str) -> str | None:
    answer = git_bytes(root, *words)
    try:
        return None if answer is None else answer.decode("utf-8").strip()
    except UnicodeDecodeError:
        return None
