"""Accepting drift: writing into the manifests what is live, by replacing single values where they stand.

Only values are replaced, so comments and layout stay. What was written is read back: a value that would say more than
what is live (a bundle's seats that other components follow, an anchor that other lines share) is put back, and a person
is told what to write instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from cspdecl.core.diagnostics import Origin
from cspdecl.manifest.cache import Cache
from cspdecl.manifest.load import load_manifests
from cspdecl.manifest.locate import find_value
from cspdecl.report.printable import printable

if TYPE_CHECKING:
    from cspdecl.core.address import Address
    from cspdecl.core.desired import DesiredState, SubscriptionSpec
    from cspdecl.core.live import LiveState, LiveSubscription
    from cspdecl.engine.drift import DriftResult
    from cspdecl.engine.session import Session
    from cspdecl.planning.drift_values import Drift

_KEYS = {
    "seats": "seats", "end_of_term": "endOfTerm", "nickname": "nickname", "term": "term", "billing": "billing",
    "offer": "offer",
}  # fmt: skip
_PLACES = frozenset({"origin", "bundle_origin"})
Lines = Mapping["Address", "SubscriptionSpec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edit:
    """One value to replace, and the findings that it accepts."""

    origin: Origin
    value: str
    accepts: tuple[Drift, ...]

    @property
    def text(self) -> str:
        """What is written, for a person."""
        names = ", ".join(str(item.address) for item in self.accepts)
        path = self.origin.path
        index = max((number for number, part in enumerate(path) if isinstance(part, int)), default=-1)
        return f"{self.origin.file}: {'.'.join(map(str, path[index + 1 :]))}: {self.value} ({names})"


def propose_changes(session: Session, result: DriftResult) -> Iterator[str]:
    """Change the manifests so that they accept what is live; says a line for each value, or what to do by hand."""
    _project, desired = session.require()
    lines = _lines(desired)
    edits = _edits(session, lines, result.found)
    written = _write(session, lines, edits)
    for edit in written:
        yield edit.text
    done = {id(item) for edit in written for item in edit.accepts}
    for item in result.found:
        if id(item) not in done:
            yield f"{item.address}: {advice(item, lines.get(item.address), result.planned.live)}"


def advice(item: Drift, line: SubscriptionSpec | None, live: LiveState) -> str:
    """What a person can do about a finding that no single value accepts."""
    if item.kind == "unmanaged-new":
        return _to_take_over(_found(item, live))
    if item.kind == "missing":
        return (
            "it runs no longer: say `absent: true` if it is to stay away, or take the line out, apply, and declare it "
            "again to buy anew"
        )
    if item.kind == "schedule":
        if item.live is None:
            return "what was scheduled is gone: `apply` schedules it again, or declare what runs now"
        return f"scheduled in the portal ({item.live}): declare it with `atRenewal`, or let `apply` take it back"
    if item.field == "status":
        if item.live == "suspended":
            return "say `suspended: true` to leave it so, `absent: true` if it is to end, or let `apply` resume it"
        return "take `suspended` out to leave it running, or let `apply` suspend it again"
    if item.field == "end_of_term" and item.live == "unset":
        back = f", or let `apply` set `{item.declared}` again" if item.declared else ""
        return (
            "auto-renew is off and nothing else is said, which no manifest can declare: write `endOfTerm: cancel` or "
            f"`endOfTerm: extend`{back}"
        )
    if line is None or line.absent:
        return "the line is declared `absent: true`, so nothing is to be accepted; `apply` goes on ending it"
    key, value = _KEYS[item.field], _written(item)
    if value is None:
        return f"its {key} holds characters that cannot be read: give it another in the provider's portal"
    if line.bundle is not None:
        return f"add `overrides: {{{line.bundle.component}: {{{key}: {value}}}}}` to the line in {line.origin.file}"
    return f"add `{key}: {value}` to the line in {line.origin.file}"


def _found(item: Drift, live: LiveState) -> LiveSubscription | None:
    customer = live.customers.get(item.address.customer)
    there = customer.subscriptions if customer else ()
    return next((one for one in there if one.id == item.address.name), None)


def _to_take_over(seen: LiveSubscription | None) -> str:
    if seen is None or (seen.offer is None and seen.product != "azure_plan"):
        return "bought elsewhere, and it cannot be declared: it stays found until it has ended"
    kind = ", trial: true" if seen.trial else ", billing: one_time" if seen.product == "perpetual" else ""
    line = f'{{name: …, offer: "{seen.offer}", seats: {seen.seats}{kind}, id: {seen.id}}}'
    if seen.product == "azure_plan":
        line = f"{{name: …, azurePlan: {{}}, id: {seen.id}}}"
    return f"bought elsewhere: `{line}` among the customer's lines takes it over; until then it stays found"


# ---- which values ----


def _edits(session: Session, lines: Lines, found: Iterable[Drift]) -> list[_Edit]:
    """One edit for every value that could accept findings; several findings may hang on a bundle's seats."""
    places: dict[tuple[str, int, tuple[object, ...]], list[tuple[Origin, str, Drift]]] = {}
    texts: dict[str, str] = {}
    for item in found:
        line, value = lines.get(item.address), _written(item)
        if line is None or line.absent or value is None or item.kind != "changed":
            continue
        for origin in _origins(line, _KEYS[item.field]):
            text = texts.setdefault(origin.file, _read(session, origin.file))
            if find_value(text, origin.document, origin.path) is not None:
                key = (origin.file, origin.document, origin.path)
                places.setdefault(key, []).append((origin, value, item))
                break
    return [
        _Edit(origin=group[0][0], value=_one([value for _, value, _ in group]), accepts=tuple(one[2] for one in group))
        for group in places.values()
    ]


def _one(values: Sequence[str]) -> str:
    """The value to try where several findings hang on one: of a bundle's seats, those of its fullest component."""
    return max(values, key=lambda text: (len(text), text))


def _origins(line: SubscriptionSpec, key: str) -> tuple[Origin, ...]:
    """Where a value of a line may stand at its customer, the nearest first."""
    if line.bundle is None:
        return (line.origin.at(key),)
    return (line.origin.at("overrides", line.bundle.component, key), line.origin.at(key))


def _written(item: Drift) -> str | None:
    """A live value as YAML; None for what no manifest can say."""
    if item.field not in _KEYS or item.live is None or item.live == "unset":
        return None
    if item.field in ("nickname", "offer"):
        text = str(item.live)
        return json.dumps(text, ensure_ascii=False) if printable(text) == text else None
    return str(item.live)


# ---- writing, and reading back ----


def _write(session: Session, lines: Lines, edits: Sequence[_Edit]) -> list[_Edit]:
    """Write all edits, or those that hold alone. Answers which were written."""
    if not edits:
        return []
    if _try(session, lines, edits):
        return list(edits)
    kept: list[_Edit] = []
    for edit in edits if len(edits) > 1 else ():
        if _try(session, lines, [*kept, edit], fresh=[edit]):
            kept.append(edit)
    return kept


def _try(session: Session, lines: Lines, edits: Sequence[_Edit], *, fresh: Sequence[_Edit] | None = None) -> bool:
    """Write `fresh` (else all of `edits`) and look whether the manifests say just what is live; put back if not."""
    before: dict[str, str] = {}
    for edit in edits if fresh is None else fresh:
        text = _read(session, edit.origin.file)
        span = find_value(text, edit.origin.document, edit.origin.path)
        if span is None:
            continue
        before.setdefault(edit.origin.file, text)
        _put(session, edit.origin.file, text[: span[0]] + edit.value + text[span[1] :])
    if _accepted(session, lines, edits):
        return True
    for file, text in before.items():
        _put(session, file, text)
    return False


def _accepted(session: Session, lines: Lines, edits: Iterable[_Edit]) -> bool:
    """Whether every line says what it said before, or what is live where `edits` accept that."""
    cache = Cache(session.root / ".cspdecl" / "cache")
    desired = load_manifests(session.root, now=session.clock.now(), cache=cache).desired
    if desired is None:
        return False
    wanted = {(item.address, item.field): str(item.live) for edit in edits for item in edit.accepts}
    after = _lines(desired)
    if after.keys() != lines.keys():
        return False
    changed: dict[tuple[Address, str], str] = {}
    for address, line in after.items():
        if line != lines[address]:
            for one in fields(line):
                value = getattr(line, one.name)
                if one.name not in _PLACES and value != getattr(lines[address], one.name):
                    changed[address, one.name] = str(value)
    return changed == wanted


def _lines(desired: DesiredState) -> dict[Address, SubscriptionSpec]:
    return {line.address: line for spec in desired.customers.values() for line in spec.subscriptions}


def _read(session: Session, file: str) -> str:
    return (session.root / file).read_bytes().decode("utf-8")


def _put(session: Session, file: str, text: str) -> None:
    (session.root / file).write_bytes(text.encode("utf-8"))
