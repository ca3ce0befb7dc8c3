"""On a pull request: validate, plan the difference, show it in one comment, in the run's summary and beside the lines.

A stranger's change, and one that says anew where to connect, is planned offline by a process without credentials. The
comment always says what this run found: a plan, that nothing changes, or what failed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cspdecl.core.diagnostics import note, warning
from cspdecl_ci.desk import Desk, digest_of, operations_of, refusal
from cspdecl_ci.processes import Done
from cspdecl_ci.publishing import announce_artifact, artifact_name, publish, views
from cspdecl_ci.settings import settings_changed
from cspdecl_ci.sticky import fenced

INVALID = 65
CHANGES = 2


def plan_change(desk: Desk) -> int:
    """The plan of a pull request or of a merge queue's candidate. Answers with the exit code for the job."""
    base = desk.default_ref(f"origin/{desk.job.branch}" if desk.job.branch else None, desk.job.base, "origin/HEAD")
    if base is None:
        raise refusal(
            "CSP747",
            "what to compare with is not in this checkout",
            hint="fetch the whole history: `fetch-depth: 0`, GIT_DEPTH 0, `fetchDepth: 0`",
            exit_code=64,
        )
    announce_artifact(desk, artifact_name(desk, desk.job.commit))
    stranger = desk.job.fork
    checked = desk.cspdecl.run(*desk.verb("validate"), stranger=True)
    if checked.code:
        return _failed(desk, checked)
    if stranger:
        desk.tell(
            note(
                "CSP744",
                "the change comes from a fork: planned offline, without credentials",
                hint="nobody was asked; a plan against what is live comes after somebody pushed it to a branch here",
            )
        )
    elif any(settings_changed(desk.project, one) for one in _homes(desk, base)):
        stranger = True
        desk.tell(
            warning(
                "CSP743",
                "the change says anew where to connect or where secrets come from: planned offline",
                hint="look at it closely; once it is merged, plans connect as it says",
            )
        )
    saved, words = desk.file("plan.json"), list[str]()
    words += ["plan", "--changed-since", base, "--out", str(saved), "--detailed-exitcode", "--show", desk.show]
    words += ["--offline"] if stranger else []
    words += [f"--link-base={desk.job.file_links}"] if desk.job.file_links else []
    files = views(desk)
    words += [word for style, path in files.items() for word in ("--write", f"{style}={path}")]
    done = desk.cspdecl.run(*desk.verb(*words), stranger=stranger)
    shown = files["markdown"]
    if not shown.is_file():
        return _failed(desk, done)
    document = read_json(saved)
    publish(desk, files, done.code)
    if desk.job.pull is not None:
        marker = desk.marker("plan", commit=desk.job.commit, digest=digest_of(document))
        silent = done.code == 0 and not operations_of(document)  # nothing to say, unless something stands there
        _say(desk, shown.read_text(encoding="utf-8"), marker=marker, only_update=silent)
    return 0 if done.code == CHANGES else done.code


def _homes(desk: Desk, base: str) -> tuple[str, ...]:
    """What the connection settings have to be those of: where it would be merged, and the default branch.

    Who opens a pull request chooses its base, and may have pushed that himself.
    """
    home = desk.default_ref(f"refs/remotes/origin/{desk.job.home}" if desk.job.home else None)
    return (base, home) if home else (base,)


def _failed(desk: Desk, done: Done) -> int:
    """No plan came out: the comment says so, and why, instead of showing an older one."""
    title = desk.say("The manifests are invalid" if done.code == INVALID else "No plan could be made")
    where = desk.say("Commit {commit}, exit code {code}.", commit=desk.job.commit[:12], code=done.code)
    text = f"## {title}\n\n{where}\n\n{fenced(done.err or done.out)}{desk.log_link()}"
    publish(desk, {}, done.code, failure=text)
    if desk.job.pull is not None:
        _say(desk, text, marker=desk.marker("plan", commit=desk.job.commit), only_update=False)
    return done.code


def _say(desk: Desk, text: str, *, marker: Any, only_update: bool) -> None:
    if not desk.job.fork:
        desk.comment(desk.job.pull or 0, marker, text, only_update=only_update)
        return
    try:
        desk.comment(desk.job.pull or 0, marker, text, only_update=only_update)
    except Exception as problem:  # noqa: BLE001 - a fork's token may not write; its plan stands in the summary
        desk.echo(f"no comment on a fork's pull request ({problem}): the plan stands in the run's summary")


def read_json(path: Path) -> dict[str, Any]:
    """A document that a verb wrote; an empty one where it wrote none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
