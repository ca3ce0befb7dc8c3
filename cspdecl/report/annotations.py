"""Marks at the lines of a change, as build agents read them from the output: GitHub Actions and Azure Pipelines.

Both have a syntax of their own inside a line, so every value is escaped the way that agent undoes it. Sources: GitHub
"Workflow commands", actions/toolkit `command.ts`; Azure "Logging commands", azure-pipelines-task-lib (2026).
"""

from __future__ import annotations

from collections.abc import Iterable

from cspdecl.core.diagnostics import Severity
from cspdecl.report.remarks import Remark, lines

_GITHUB = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_GITHUB_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_GITHUB_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})
_AZURE = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "warning"}
_AZURE_DATA = str.maketrans({"%": "%AZP25", "\r": "%0D", "\n": "%0A"})
_AZURE_PROPERTY = str.maketrans({"%": "%AZP25", "\r": "%0D", "\n": "%0A", "]": "%5D", ";": "%3B"})


def render_github(remarks: Iterable[Remark]) -> str:
    """Workflow commands, one a line; empty where there is nothing to mark."""
    return lines(_github(item) for item in remarks)


def _github(item: Remark) -> str:
    properties = {
        "file": item.path,
        "line": item.line,
        "col": item.column,
        "title": f"cspdecl {item.code}" if item.code else "cspdecl",
    }
    if item.path is None:
        properties |= {"line": None, "col": None}
    shown = ",".join(
        f"{name}={str(value).translate(_GITHUB_PROPERTY)}" for name, value in properties.items() if value is not None
    )
    return f"::{_GITHUB[item.severity]} {shown}::{item.text.translate(_GITHUB_DATA)}"


def render_azure(remarks: Iterable[Remark]) -> str:
    """Logging commands, one a line; empty where there is nothing to mark. Azure knows no notices: they warn."""
    return lines(_azure(item) for item in remarks)


def _azure(item: Remark) -> str:
    properties = {
        "type": _AZURE[item.severity],
        "sourcepath": item.path,
        "linenumber": item.line,
        "columnnumber": item.column,
        "code": item.code or None,
    }
    if item.path is None:
        properties |= {"linenumber": None, "columnnumber": None}
    shown = ";".join(
        f"{name}={str(value).translate(_AZURE_PROPERTY)}" for name, value in properties.items() if value is not None
    )
    return f"##vso[task.logissue {shown};]{item.text.translate(_AZURE_DATA)}"
