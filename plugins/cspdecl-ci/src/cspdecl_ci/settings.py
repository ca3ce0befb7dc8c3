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


def settings_changed(project: Path, base: str) -> bool:
    """Whether the connection settings of the work tree differ from those at `base`. What cannot be read differs."""
    fork_point = git(project, "merge-base", base, "HEAD") or base
    return _at(project, None) is None or _at(project, None) != _at(project, fork_point)


def _at(project: Path, commit: str | None) -> list[str] | None:
    """Connection settings of every Project document, as text in a fixed form; None where one cannot be read."""
    where = () if commit is None else (commit,)
    told = git(
        project,
        "grep",
        "-l",
        "-I",
        "-z",
        "--untracked" if commit is None else "--full-name",
        "Project",
        *where,
        "--",
        ".",
    )
    names = [] if told is None else [name for name in told.split("\0") if name.endswith((".yaml", ".yml"))]
    found = list[str]()
    for name in names:
        if commit is None:
            path = project / name
            text = path.read_text(encoding="utf-8") if path.is_file() and not path.is_symlink() else None
        else:
            text = git(project, "show", f"{commit}:{name.partition(':')[2]}")
        if text is None:
            return None
        try:
            documents = list(yaml.safe_load_all(text))
        except yaml.YAMLError:
            return None
        found += [json.dumps(_doors(one), sort_keys=True, default=str) for one in documents if _is_project(one)]
    return sorted(found)


def _is_project(document: Any) -> bool:
    return isinstance(document, dict) and document.get("kind") == "Project"


def _doors(document: dict[str, Any]) -> dict[str, Any]:
    spec = document.get("spec")
    return {name: spec[name] for name in _DOORS if name in spec} if isinstance(spec, dict) else {}
