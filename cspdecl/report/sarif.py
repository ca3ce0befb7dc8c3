"""Drift as SARIF 2.1.0, for code scanning: a rule a class, a result a finding, at the line in the manifest it is about.

Code scanning knows a result again by its partial fingerprint: customer, subscription and field, whatever the value. It
takes 25,000 results a run and keeps 5,000 (GitHub, 2026), so that many are written, the gravest first.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from cspdecl.core.diagnostics import Origin
from cspdecl.core.guard import Waiver
from cspdecl.planning.drift_report import DriftReport, State
from cspdecl.planning.drift_values import Drift, DriftClass
from cspdecl.report.drift import columns_of, field_name
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.printable import json_safe
from cspdecl.report.safe import safe_text

MOST = 5_000
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
Json = dict[str, Any]

#: Class → (rule, level, what it is called, what it means).
RULES: dict[DriftClass, tuple[str, str, str, str]] = {
    "lost": ("CSP773", "error", "CustomerLost", "A managed customer is not ours any more"),
    "missing": ("CSP771", "error", "Missing", "A subscription ended, and it was not ended from here"),
    "changed-outside": ("CSP770", "warning", "ChangedOutside", "Something was changed outside of the manifests"),
    "unmanaged-new": ("CSP772", "warning", "UnmanagedNew", "A subscription was bought outside of the manifests"),
    "unreadable": ("CSP774", "warning", "Unreadable", "A customer could not be read, so nothing is known about it"),
}


def render_sarif(
    report: DriftReport,
    *,
    version: str,
    project_file: str = "cspdecl.yaml",
    folder: str = "",
    place: Callable[[Origin], tuple[int, int] | None] = lambda _origin: None,
    lang: Language = ENGLISH,
) -> str:
    """The log file. `folder`: the project's folder in its repository, "" or with a slash at its end; what belongs to no
    line stands at the beginning of `project_file`."""
    groups = list(RULES)

    def result(item: Drift, state: State | None, waiver: Waiver | None) -> Json:
        rule, level, _name, _text = RULES[item.group]
        found: Json = {
            "ruleId": rule,
            "ruleIndex": groups.index(item.group),
            "level": level,
            "message": {"text": _message(item, lang)},
            "locations": [_location(item, project_file, folder, place)],
            "partialFingerprints": {"cspdecl/v1": item.key},
            "properties": {"customer": item.address.customer, "field": field_name(item.field), "class": item.group},
        }
        if state is not None and report.last is not None:
            found["baselineState"] = "new" if state == "new" else "unchanged"
        if waiver is not None:
            why = f"{waiver.owner}: {waiver.reason}"
            found["suppressions"] = [{"kind": "external", "status": "accepted", "justification": safe_text(why)}]
        return found

    results = [result(one.drift, one.state, None) for one in report.counted]
    results += [result(item, None, None) for item in report.unreadable]
    results += [result(one.drift, None, one.waiver) for one in report.waived]
    results.sort(key=lambda one: ("suppressions" in one, one["ruleIndex"]))
    cut = len(results) - MOST
    run: Json = {
        "tool": {
            "driver": {"name": "cspdecl", "semanticVersion": version, "rules": [_rule(group) for group in groups]}
        },
        "automationDetails": {"id": f"cspdecl/drift/{quote(report.project, safe='')}/"},
        "columnKind": "unicodeCodePoints",
        "results": results[:MOST],
    }
    if cut > 0:
        text = lang.say("{count} further results were left out, since code scanning keeps no more.", count=cut)
        note = {"level": "warning", "message": {"text": text}}
        run["invocations"] = [{"executionSuccessful": True, "toolExecutionNotifications": [note]}]
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json_safe(json.dumps(log, indent=1, ensure_ascii=False)) + "\n"


def _rule(group: DriftClass) -> Json:
    rule, level, name, text = RULES[group]
    return {
        "id": rule,
        "name": name,
        "shortDescription": {"text": text},
        "help": {"text": f"cspdecl explain {rule}"},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["drift", group]},
    }


def _message(item: Drift, lang: Language) -> str:
    """A plain text; brackets would open a link inside a message (SARIF 2.1.0 §3.11.6)."""
    text = f"{item.address}: {safe_text(lang.sentence(item.text), longest=400)}"
    if item.group == "changed-outside":
        text += f" ({columns_of(item, lang)})"
    return safe_text(text, longest=900).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _location(item: Drift, project_file: str, folder: str, place: Callable[[Origin], tuple[int, int] | None]) -> Json:
    origin = item.origin
    found = place(origin) if origin is not None else None
    line, column = found if found is not None else (1, 1)
    uri = quote(folder + (origin.file if origin is not None else project_file))
    region = {"startLine": line, "startColumn": column}
    return {
        "physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}, "region": region},
        "logicalLocations": [{"fullyQualifiedName": safe_text(str(item.address)), "kind": "resource"}],
    }
