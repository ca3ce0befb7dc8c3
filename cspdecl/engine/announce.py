"""Telling others: drift that changed, and what a run carried out, as CloudEvents 1.0 to the project's webhooks.

An event's id follows from what it tells, so that a receiver which got it twice knows; whom a set of drift was told is
remembered, and whoever could not be reached is told by the next run. Without `show: all` an event holds counts,
addresses and fields, no value and no money. Nothing here fails a run: what could not be told is a warning.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cspdecl.core.diagnostics import Diagnostic, warning
from cspdecl.core.digest import canonical_json, digest_of
from cspdecl.core.errors import CspdeclError
from cspdecl.core.plain import instant_text
from cspdecl.engine import provenance
from cspdecl.engine.drift import NOTE
from cspdecl.planning.drift_report import DriftReport, LastReport, dump_last
from cspdecl.planning.drift_values import COUNTED
from cspdecl.report.drift_document import finding_of
from cspdecl.report.printable import printable

if TYPE_CHECKING:
    from cspdecl.core.project import Webhook
    from cspdecl.engine.apply import ApplyResult
    from cspdecl.engine.drift import DriftResult
    from cspdecl.engine.session import Session

DRIFT_EVENT = "io.cspdecl.drift.detected.v1"
APPLIED_EVENT = "io.cspdecl.change.applied.v1"
#: Findings or operations one event lists; the counts are always of all.
MOST = 500
Json = dict[str, Any]
Rest = Callable[[float], None]


def announce_drift(
    session: Session, result: DriftResult, last: LastReport, *, rest: Rest = time.sleep
) -> tuple[Diagnostic, ...]:
    """Tell every webhook of drift about the set `last` stands for, unless it was told already. Answers warnings."""
    hooks = [hook for hook in session.project.notify if "drift" in hook.events]
    if not hooks or (result.last is None and not result.report.counted):
        return ()  # nothing drifted, and nothing ever had
    ident = drift_event_id(session.project.name, last)
    told = dict(last.told or {})
    found: list[Diagnostic] = []
    for hook in hooks:
        if told.get(hook.name) == ident:
            continue
        problem = _tell(session, hook, drift_event(session.project.name, result.report, last, show=hook.show), rest)
        if problem is None:
            told[hook.name] = ident
        else:
            found.append(problem)
    if told != dict(last.told or {}):
        session.store().remember(NOTE, dump_last(replace(last, told=told)))
    return tuple(found)


def announce_applied(session: Session, result: ApplyResult, *, rest: Rest = time.sleep) -> tuple[Diagnostic, ...]:
    """Tell every webhook of what was applied about a run that sent something. Answers warnings; never raises."""
    hooks = [hook for hook in session.project.notify if "applied" in hook.events]
    if not any(task.state in _SENT for task in result.tasks):
        return ()
    project, at = session.project.name, instant_text(session.clock.now())
    found = (_tell(session, hook, applied_event(project, result, at=at, show=hook.show), rest) for hook in hooks)
    return tuple(item for item in found if item is not None)


# ---- events ----

_SENT = ("applied", "rejected", "unknown", "stale", "deferred", "later")


def drift_event_id(project: str, last: LastReport) -> str:
    """The same as long as the set is, another when a set comes back after having been gone."""
    return f"drift-{digest_of([project, last.chain])[:32]}"


def drift_event(project: str, report: DriftReport, last: LastReport, *, show: str = "fields") -> Json:
    """A CloudEvent about a set of drift; empty once everything is put right."""
    counted = sorted(report.counted, key=lambda item: (item.state != "new", item.drift.address, item.drift.field))

    def shown(item: Any) -> Json:
        whole = {**finding_of(item.drift, lambda _origin: None), "state": item.state, "since": instant_text(item.since)}
        if show == "all":
            return whole
        return {key: whole[key] for key in ("address", "class", "field", "state", "since", "fingerprint")}

    data: Json = {
        "project": project,
        "digest": last.digest,
        "counts": {group: sum(item.drift.group == group for item in counted) for group in COUNTED},
        "new": report.new,
        "gone": len(report.gone),
        "waived": len(report.waived),
        "unreadable": len(report.unreadable),
        "findings": [shown(item) for item in counted[:MOST]],
        "left_out": max(len(counted) - MOST, 0),
        "run": provenance.run_link(),
    }
    return _event(DRIFT_EVENT, drift_event_id(project, last), project, instant_text(last.at), data)


def applied_event(project: str, result: ApplyResult, *, at: str, show: str = "fields") -> Json:
    """A CloudEvent about what a run carried out. Its id is the run's."""
    states: dict[str, int] = {}
    for task in result.tasks:
        states[task.state] = states.get(task.state, 0) + 1

    def shown(task: Any) -> Json:
        operation = task.operation
        base = {"id": operation.id, "address": str(operation.address), "action": operation.action.kind}
        whole = {**base, "state": task.state}
        if show == "all":
            from cspdecl.core.plain import to_plain

            whole["change"] = to_plain(operation.action)
            if operation.preview is not None:
                whole["money"] = to_plain(operation.preview)
        return whole

    data: Json = {
        "project": project,
        "run": result.run,
        "plan": result.plan.id,
        "exit": int(result.exit),
        "counts": dict(sorted(states.items())),
        "records": result.records,
        "operations": [shown(task) for task in result.tasks[:MOST]],
        "left_out": max(len(result.tasks) - MOST, 0),
        "link": provenance.run_link(),
    }
    return _event(APPLIED_EVENT, f"applied-{result.run}", project, at, data)


def _event(kind: str, ident: str, project: str, at: str, data: Json) -> Json:
    return {
        "specversion": "1.0",
        "id": ident,
        "source": f"cspdecl://{project}",
        "type": kind,
        "subject": project,
        "time": at,
        "datacontenttype": "application/json",
        "data": data,
    }


def _tell(session: Session, hook: Webhook, event: Json, rest: Rest) -> Diagnostic | None:
    """Sign and post; a warning where it was not taken, which names the webhook and never its secret."""
    from cspdecl.engine.webhook import Delivered, deliver

    try:
        secret = session.secrets.read(hook.secret_from)
    except CspdeclError as problem:
        return _not_told(hook, printable(problem.message))
    body = canonical_json(event).encode()
    answer = deliver(hook.url, str(event["id"]), body, secret=secret, clock=session.clock, rest=rest)
    if isinstance(answer, Delivered):
        return None
    tries = f" ({answer.tries} tries)" if answer.tries > 1 else ""
    return _not_told(hook, f"{printable(answer.why)}{tries}")


def _not_told(hook: Webhook, why: str) -> Diagnostic:
    return warning(
        "CSP760",
        f"`{hook.name}` was not told: {why}",
        origin=hook.origin,
        hint="what was done stands; drift is told again by the next run with `--alarm changed`",
    )
