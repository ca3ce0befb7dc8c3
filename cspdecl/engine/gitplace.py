"""Where a work tree stands: on which branch, with which files changed, and for what kind of event CI runs here.

What git cannot say is None, never a guess: what the answers are for is buying.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from cspdecl.engine.provenance import git_bytes

# GitHub names the event, GitLab the pipeline's source, Azure DevOps the build's reason.
_EVENTS = (
    ("GITHUB_EVENT_NAME", "pull_request"),
    ("CI_PIPELINE_SOURCE", "merge_request"),
    ("BUILD_REASON", "PullRequest"),
)


def pull_request_event() -> str | None:
    """The event's own name where CI runs for a change that is not merged, whoever's it is; else None."""
    if os.environ.get("CI_PIPELINE_SOURCE") == "external_pull_request_event":
        return "external_pull_request_event"
    for variable, start in _EVENTS:
        value = os.environ.get(variable, "")
        if value.startswith(start):
            return value
    return None


def in_work_tree(root: Path) -> bool:
    """Whether git knows the folder."""
    return _text(root, "rev-parse", "--is-inside-work-tree") == "true"


def has_git_folder(root: Path) -> bool:
    """Whether there is a repository here or above, be git able to read it or not."""
    return any((folder / ".git").exists() for folder in (root, *root.absolute().parents))


def default_branch(root: Path) -> str | None:
    """The branch that merges go to: as CI says it, else as the remote's HEAD was when it was cloned."""
    named = os.environ.get("CI_DEFAULT_BRANCH") or _branch_of_event()
    if named:
        return named
    remote = _remote(root)
    head = _text(root, "symbolic-ref", "--short", f"refs/remotes/{remote}/HEAD") if remote else None
    return head.removeprefix(f"{remote}/") if head else None


def on_branch(root: Path, branch: str) -> bool | None:
    """Whether the commit checked out is the tip of the remote's branch or behind it; of our own where there is no
    remote. None: the branch is not known here, or the history between is not."""
    remote = _remote(root)
    if remote is None and _text(root, "remote"):
        return None  # several remotes, none of them called origin
    reference = f"refs/remotes/{remote}/{branch}" if remote else f"refs/heads/{branch}"
    if _text(root, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}") is None:
        return None
    if _text(root, "merge-base", "--is-ancestor", "HEAD", reference) is not None:
        return True
    return None if _text(root, "rev-parse", "--is-shallow-repository") == "true" else False


def tip_beyond(root: Path, branch: str) -> str | None:
    """The tip of the remote's branch (of our own where there is no remote), where it is not what is checked out."""
    remote = _remote(root)
    reference = f"refs/remotes/{remote}/{branch}" if remote else f"refs/heads/{branch}"
    tip = _text(root, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
    return tip if tip != _text(root, "rev-parse", "HEAD") else None


def dirty_files(root: Path) -> tuple[str, ...]:
    """Tracked files below `root` that differ from the commit, staged or not."""
    answer = git_bytes(root, "diff", "HEAD", "--name-only", "--no-renames", "-z", "--relative", "--", ".")
    return _names(answer) if answer is not None else ("everything: there is no commit yet",)


def tracked_files(root: Path) -> frozenset[str] | None:
    """Files below `root` that git keeps, those of submodules included."""
    answer = git_bytes(root, "ls-files", "--recurse-submodules", "-z", "--", ".")
    return None if answer is None else frozenset(_names(answer))


def _names(answer: bytes) -> tuple[str, ...]:
    return tuple(sorted(name.decode("utf-8", "surrogateescape") for name in answer.split(b"\0") if name))


def _remote(root: Path) -> str | None:
    names = (_text(root, "remote") or "").split()
    return "origin" if "origin" in names else names[0] if len(names) == 1 else None


def _branch_of_event() -> str | None:
    """GitHub's runner leaves the event as a file, in which the repository names its default branch."""
    try:
        event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))
        return str(event["repository"]["default_branch"])
    except (KeyError, OSError, ValueError, TypeError):
        return None


def _text(root: Path, *words: str) -> str | None:
    answer = git_bytes(root, *words)
    return None if answer is None else answer.decode("utf-8", "surrogateescape").strip()
