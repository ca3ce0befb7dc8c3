"""Where a code host shows what a run found besides the comment: summary, marks beside lines, outputs, report widgets.

Sizes: GitHub takes a step's summary of up to 1 MiB and drops a larger one whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from cspdecl_ci.desk import Desk
from cspdecl_ci.sticky import fitted

SUMMARY = 1_000_000  # bytes; a little less than GitHub takes


def views(desk: Desk) -> dict[str, Path]:
    """The views a plan is written in for this code host, by the style's name, each with its file."""
    found = {"markdown": desk.file("plan.md"), "html": desk.file("plan.html")}
    match desk.job.forge:
        case "github":
            found |= {"summary": desk.file("summary.md"), "annotations": desk.file("annotations.txt")}
            found |= {"outputs": desk.file("outputs.txt")}
        case "gitlab":
            found |= {"gitlab": desk.file("gitlab-report.json")}
        case "azure":
            found |= {"summary": desk.file("summary.md"), "azure": desk.file("azure.txt")}
    return found


def publish(desk: Desk, files: Mapping[str, Path], code: int, *, failure: str | None = None) -> None:
    """Hand the views to the code host. `failure` takes the place of a summary where no plan came out."""
    match desk.job.forge:
        case "github":
            text = failure if failure is not None else _text(files.get("summary"))
            _append(desk.environment.get("GITHUB_STEP_SUMMARY"), _within(text))
            _append(
                desk.environment.get("GITHUB_OUTPUT"), _text(files.get("outputs")) if files else f"exitcode={code}\n"
            )
            _commands(desk, files.get("annotations"))
        case "azure":
            path = files.get("summary")
            if failure is not None:
                path = desk.file("summary.md")
                path.write_text(failure, encoding="utf-8")
            if path is not None and path.is_file():
                desk.echo(f"##vso[task.uploadsummary]{path.absolute()}")
            _commands(desk, files.get("azure"))
        case "gitlab":
            if files:
                return
            # an artifact that is named in the pipeline has to be there, also where no plan came out
            desk.file("gitlab-report.json").write_text('{"create":0,"update":0,"delete":0}\n', encoding="utf-8")


def artifact_name(desk: Desk, head: str) -> str:
    """The name under which plans of a pull request's last commit are kept: one a project of the repository."""
    project = "" if desk.key == "." else re.sub(r"[^A-Za-z0-9]+", "-", desk.key).strip("-") + "-"
    return f"cspdecl-plan-{project}{head}"


def announce_artifact(desk: Desk, name: str) -> None:
    """Say under which name this run's files are to be kept; the last word counts."""
    match desk.job.forge:
        case "github":
            _append(desk.environment.get("GITHUB_OUTPUT"), f"artifact={name}\n")
        case "azure":
            desk.echo(f"##vso[task.setvariable variable=artifact;isOutput=true]{name}")
        case "gitlab":  # keeps them with the job
            pass


def _commands(desk: Desk, path: Path | None) -> None:
    text = _text(path)
    if text:
        desk.echo(text.rstrip("\n"))


def _text(path: Path | None) -> str:
    return path.read_text(encoding="utf-8") if path is not None and path.is_file() else ""


def _within(text: str) -> str:
    while len(text.encode()) > SUMMARY:
        text = fitted(text, len(text) * SUMMARY // len(text.encode()) - 100)
    return text


def _append(name: str | None, text: str) -> None:
    if name and text:
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(text if text.endswith("\n") else text + "\n")
