"""On a schedule: look for drift, and keep one issue that says what is different.

The run fails when the set of drift has changed, not because there is one: an alarm that always sounds is not heard.
"""

from __future__ import annotations

from cspdecl_ci.desk import Desk
from cspdecl_ci.planning import read_json
from cspdecl_ci.publishing import publish
from cspdecl_ci.sticky import find_issue, fitted

DRIFT, PARTLY_READ = 2, 75


def look_for_drift(desk: Desk, *, title: str | None, take: bool) -> int:
    """One look. `take`: renewals and what came true go into the ledger first. Answers with the job's exit code.

    An issue that is opened has the `title`, else the project's own name in it: the folder of a checkout says little.
    """
    if take:
        done = desk.cspdecl.run(*desk.verb("record"))
        if done.code not in (0, PARTLY_READ):
            return done.code
    files = {style: desk.file(f"drift.{end}") for style, end in _FILES.items()}
    words = ["drift", "--alarm", "changed"]
    words += [word for style, path in files.items() for word in ("--write", f"{style}={path}")]
    done = desk.cspdecl.run(*desk.verb(*words))
    shown = files["markdown"]
    if not shown.is_file():
        publish(
            desk, {}, done.code, failure=desk.say("No look for drift could be taken; exit code {code}.", code=done.code)
        )
        return done.code
    text = shown.read_text(encoding="utf-8")
    publish(desk, {}, done.code, failure=text)
    found = read_json(files["json"])
    title = title or desk.say("Drift in {name}", name=str(found.get("project") or desk.key))
    _keep_issue(desk, title, text, any_drift=bool(found.get("drift")), complete=found.get("complete") is not False)
    return done.code


_FILES = {"markdown": "md", "json": "json", "sarif": "sarif", "junit": "xml"}


def _keep_issue(desk: Desk, title: str, text: str, *, any_drift: bool, complete: bool) -> None:
    forge = desk.forge()
    if not forge.tracks_issues:
        return
    body = fitted(f"{desk.marker('drift').line()}\n{text}", forge.limit)
    there = find_issue(forge.issues(), desk.key)
    if any_drift and there is None:
        forge.open_issue(title, body)
    elif any_drift and there is not None and there.body.rstrip() != body.rstrip():
        forge.change_issue(there, body)
    elif there is not None and not any_drift and complete:  # what could not be read may hold drift still
        forge.close_issue(there, desk.say("Nothing differs any more."))
