"""What is declared, is not so yet, and was touched by nobody else: the plan's own work, told beside drift.

The same three columns as for drift, so that nobody takes a change that waits for its merge for one made in the portal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from cspdecl.commerce.decide_renewal import next_term
from cspdecl.commerce.values import Field
from cspdecl.commerce.words import seats
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.live import LiveSubscription
from cspdecl.planning.compare import compare, plain_name
from cspdecl.planning.drift_lines import expected, pieces, schedule_words
from cspdecl.planning.drift_values import Drift, Expected, Remembered, Value

_WAITS = "declared and not applied yet"


def pending_of(
    line: SubscriptionSpec,
    ids: Sequence[str],
    remembered: Remembered,
    by_id: Mapping[str, LiveSubscription],
    now: datetime,
    *,
    touched: AbstractSet[str],
) -> Iterator[Drift]:
    """The differences of a line that nobody else made. `touched`: fields that drifted, which are told there."""
    found = list(pieces(line, ids, remembered))
    if not found and not ids and not line.absent:
        yield _pending(line, "subscription", None, f"{line.offer}, {seats(line.seats)}", None, None)
    for spec, own, _last, ident in found:
        live = by_id.get(ident) if ident is not None else None
        if live is None or not live.status.running:
            continue
        delta = compare(spec, live)
        left = expected(spec, own, live, now)
        for name in sorted(delta.fields if delta is not None else ()):
            field, was, declared, there = _columns(name, spec, left, live)
            if field == "seats" and live.scheduled is not None and live.scheduled.seats == declared:
                continue  # written at the provider already: it comes with the renewal
            untouched = was is None or there == was or (field == "end_of_term" and there in left.ends)
            if field not in touched and declared != there and untouched:
                yield _pending(line, field, was, declared, there, ident)


def _columns(
    name: Field, line: SubscriptionSpec, left: Expected, live: LiveSubscription
) -> tuple[str, Value, Value, Value]:
    """A difference by its name: what it is called here, and its columns as last applied, declared, live."""
    match name:
        case "seats":
            return "seats", left.seats, line.seats, live.seats
        case "end_of_term":
            return "end_of_term", left.ends[0] if left.ends else None, line.end_of_term, live.end_of_term
        case "offer":
            return "offer", left.offer, str(line.offer), str(live.offer)
        case "term":
            return "term", left.term and str(left.term), str(line.term), live.term and str(live.term)
        case "billing":
            return "billing", left.billing and str(left.billing), str(line.billing), live.billing and str(live.billing)
        case "nickname":
            return "nickname", None, line.nickname, plain_name(live.nickname)
        case "absent":
            return "status", "running", "ended", str(live.status)
        case "suspended":
            return "status", None, "suspended" if line.suspended else "active", str(live.status)
        case "reseller":
            return "reseller", None, None, live.reseller
        case "trial":
            return "end_of_term", left.ends[0] if left.ends else None, line.end_of_term, live.end_of_term
        case "scheduled" | "at_renewal":
            return (
                "scheduled", schedule_words(left.scheduled), schedule_words(next_term(line, live)),
                schedule_words(live.scheduled),
            )  # fmt: skip
    raise AssertionError(name)


def _pending(line: SubscriptionSpec, field: str, was: Value, declared: Value, there: Value, ident: str | None) -> Drift:
    return Drift(
        address=line.address, kind="pending", field=field, was=was, declared=declared, live=there, text=_WAITS,
        subscription=ident, origin=line.origin,
    )  # fmt: skip
