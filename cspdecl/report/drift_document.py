"""A drift run as one JSON document (schemas/drift.v1.json): names and values as they are, in no language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cspdecl.core.diagnostics import Origin
from cspdecl.core.guard import Waiver
from cspdecl.core.plain import instant_text
from cspdecl.planning.drift_report import DriftReport, Known
from cspdecl.planning.drift_values import FIELDS, Drift

Place = Callable[[Origin], "tuple[int, int] | None"]
FORMAT_VERSION = "1.0"
Json = dict[str, Any]


def drift_document(report: DriftReport, *, place: Place = lambda _origin: None) -> Json:
    """The run. `place` finds the lines that findings belong to."""
    return {
        "format_version": FORMAT_VERSION,
        "project": report.project,
        "timestamp": instant_text(report.at),
        "complete": not report.unreadable,
        "changed": report.changed,
        "digest": report.digest,
        "last_reported": None if report.last is None else instant_text(report.last),
        "drift": [
            {
                **finding_of(item.drift, place),
                "state": item.state,
                "since": instant_text(item.since),
                **({"lapsed": _waiver(item.lapsed)} if item.lapsed is not None else {}),
            }
            for item in report.counted
        ],
        "gone": [_known(key) for key in report.gone],
        "waived": [{**finding_of(item.drift, place), "waiver": _waiver(item.waiver)} for item in report.waived],
        "pending": [finding_of(item, place) for item in report.pending],
        "unmanaged": [finding_of(item, place) for item in report.unmanaged],
        "unknown": {item.address.customer: item.text for item in report.unreadable},
    }


def finding_of(item: Drift, place: Place) -> Json:
    """One finding with its three columns."""
    source: Json = {}
    if item.origin is not None:
        found = place(item.origin)
        at = {"line": found[0], "column": found[1]} if found is not None else {}
        source = {"source": {"file": item.origin.file, **at}}
    return {
        "address": str(item.address),
        "customer": item.address.customer,
        "subscription": item.subscription,
        "class": item.group,
        "field": FIELDS.get(item.field, item.field),
        "declared": item.declared,
        "last_applied": item.was,
        "live": item.live,
        "text": item.text,
        "fingerprint": item.fingerprint,
        **source,
    }


def _known(item: Known) -> Json:
    return {
        "address": item.address,
        "customer": item.customer,
        "class": item.group,
        "field": FIELDS.get(item.field, item.field),
        "live": item.live,
        "since": instant_text(item.since),
    }


def _waiver(item: Waiver) -> Json:
    return {"name": item.name, "owner": item.owner, "reason": item.reason, "expires": instant_text(item.expires)}
