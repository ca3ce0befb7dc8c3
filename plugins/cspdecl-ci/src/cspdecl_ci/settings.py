"""Whether a change touches where the project connects to and where its secrets come from.

A pull request that says `endpoint:` or `secretFrom:` anew could send the job's credential anywhere, before anybody has
looked. So such a change is planned like a stranger's, until it is merged.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from cspdecl_ci.processes import git

_DOORS = ("providers", "store", "persistent", "notify")
_KIND = "Project"
_IGNORE = ".cspdeclignore"
_LINKS = ("120000", "160000")  # git's modes of a link and of a submodule


def settings_changed(project: Path, base: str) -> bool:
    """Whether the connection settings of the work tree differ from those at `base`. What cannot be read differs.

    Every file that was touched is looked at, whatever attributes, patterns and names the change gives it. A link, a
    submodule and another `.cspdeclignore` decide which files are manifests, so a change of those is one of settings.
    """
    base = next((one for one in (f"refs/remotes/{base}",) if git(project, "rev-parse", "-q", "--verify", one)), base)
    fork_point = git(project, "merge-base", base, "HEAD") or base
    touched = _touched(project, fork_point)
    if touched is None:
        return True
    linked = any(
        item.startswith(_LINKS) for item in (git(project, "ls-files", "-s", "-z", "--", ".") or "").split("\0")
    )
    speaking = _speaking(project, fork_point)
    for name, modes in touched.items():
        if name.rpartition("/")[2] == _IGNORE or any(mode in _LINKS for mode in modes):
            return True
        if not linked and not name.lower().endswith((".yaml", ".yml")):
            continue  # no manifest, unless a link makes it one
        before = _settings_in(git(project, "show", f"{fork_point}:./{name}") or "") if name in speaking else []
        after = _after(project / name)
        if None in (before, after) or before != after:
            return True
    return False


def _touched(project: Path, commit: str) -> dict[str, tuple[str, ...]] | None:
    """Files of the work tree that differ from a commit, with their modes before and after; None where git is silent."""
    raw = git(
        project, "diff", "--raw", "--no-renames", "--ignore-submodules=none", "-z", "--relative", commit, "--", "."
    )
    new = git(project, "ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    if raw is None or new is None:
        return None
    parts = [item for item in raw.split("\0") if item]
    found = {name: tuple(about.lstrip(":").split()[:2]) for about, name in zip(parts[::2], parts[1::2], strict=True)}
    links = {name: ("120000",) if (project / name).is_symlink() else () for name in new.split("\0") if name}
    return {**found, **links}


def _speaking(project: Path, commit: str) -> frozenset[str]:
    """Files of a commit that may hold a Project: without an escape the word has to stand there."""
    told = git(project, "grep", "-l", "-z", "--text", "-F", "-e", _KIND, "-e", "\\", commit, "--", ".") or ""
    return frozenset(name.partition(":")[2] for name in told.split("\0"))


def _after(path: Path) -> list[str] | None:
    if not path.exists():
        return []
    try:
        return _settings_in(path.read_text(encoding="utf-8-sig", errors="replace")) if path.is_file() else None
    except OSError:
        return None


def _settings_in(text: str) -> list[str] | None:
    """Connection settings of the Project documents of a file, as text in a fixed form; None where it cannot be read."""
    if _KIND not in text and "\\" not in text:
        return []
    try:
        documents = list(yaml.safe_load_all(text))
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return [json.dumps(_doors(one), sort_keys=True, default=str) for one in documents if _is_project(one)]


def _is_project(document: Any) -> bool:
    return isinstance(document, dict) and document.get("kind") == _KIND


def _doors(document: dict[str, Any]) -> dict[str, Any]:
    spec = document.get("spec")
    return {name: spec[name] for name in _DOORS if name in spec} if isinstance(spec, dict) else {}
