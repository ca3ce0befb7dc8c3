"""Live state against what our own operations left and what is declared: what somebody else changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cspdecl.billing.fold import fold_applied, fold_beginnings
from cspdecl.engine.plan import Planned, PlanRequest, make_plan
from cspdecl.engine.progress import Progress
from cspdecl.planning.compare import plain_name
from cspdecl.planning.drift import Drift, Remembered, Renamed, find_drift, find_renamed

if TYPE_CHECKING:
    from cspdecl.core.address import Address
    from cspdecl.core.desired import DesiredState
    from cspdecl.core.live import Bindings, LiveState, LiveSubscription
    from cspdecl.core.outcome import JournalEntry
    from cspdecl.core.records import LedgerRecord, Recorded
    from cspdecl.engine.session import Session
    from cspdecl.spi.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftResult:
    """What was found, with the reading it was found in and what was remembered of before. `renamed`: names changed in
    the provider's portal where none is declared, looked for only when asked; they are no drift."""

    found: tuple[Drift, ...]
    planned: Planned
    remembered: Remembered
    renamed: tuple[Renamed, ...] = ()


def look_for_drift(
    session: Session, request: PlanRequest, *, names: bool = False, progress: Progress | None = None
) -> DriftResult:
    """Read live state and compare. Writes nothing but the cache. `names`: look for names that nobody declares, too."""
    planned = make_plan(session, replace(request, needs_books=True), progress=progress)
    _project, desired = session.require()
    store = session.store()
    bindings = store.bindings()
    remembered = _remember(store, planned.recorded, planned.live, bindings)
    if names or _differently_named(desired, planned.live, bindings):
        remembered = replace(remembered, names=last_names(store.journal()))
    found = find_drift(
        desired=desired, live=planned.live, bindings=bindings, remembered=remembered, now=planned.plan.now
    )
    renamed = (
        find_renamed(desired=desired, live=planned.live, bindings=bindings, names=remembered.names) if names else ()
    )
    return DriftResult(found=found, planned=planned, remembered=remembered, renamed=renamed)


def last_names(journal: Iterable[JournalEntry]) -> dict[str, str]:
    """What every subscription was called when an operation last read it back, by its id."""
    names: dict[str, str] = {}
    for entry in journal:
        if '"subscription":{' in entry.body:
            seen = json.loads(entry.body).get("subscription", {})
            if "id" in seen and "nickname" in seen:
                names[seen["id"]] = seen["nickname"]
    return names


def _remember(store: Store, recorded: Mapping[Address, Recorded], live: LiveState, bindings: Bindings) -> Remembered:
    """What the books say. The ledger is read again only for what its last records do not answer."""
    bound = {ident for binding in bindings.values() for ident in binding.ids}
    asked = {key for key, customer in live.customers.items() if _loose(customer.subscriptions, bound)}
    last = store.last_records()
    seen = {address for address, record in last.items() if not fold_applied([record])}
    history = {address for address in last if address.customer in asked}
    rows: tuple[LedgerRecord, ...] = tuple(store.ledger(addresses=seen | history)) if seen | history else ()
    applied = fold_applied(row for row in rows if row.address in seen)
    since, ids = fold_beginnings(row for row in rows if row.address in history)
    return Remembered(recorded=recorded, applied=applied, since=since, ids=ids)


def _loose(subscriptions: Iterable[LiveSubscription], bound: set[str]) -> bool:
    """Whether a customer has something running that nothing is bound to."""
    return any(item.id not in bound and item.status.running for item in subscriptions)


def _differently_named(desired: DesiredState, live: LiveState, bindings: Bindings) -> bool:
    """Whether any subscription is called otherwise than declared: only then the journal is asked what it was called."""
    for key, customer in live.customers.items():
        spec = desired.customers.get(key)
        names = {item.id: item.nickname for item in customer.subscriptions}
        for line in spec.subscriptions if spec else ():
            binding = bindings.get(line.address) if line.nickname is not None else None
            if binding and any(plain_name(names.get(ident, "")) != line.nickname for ident in binding.ids):
                return True
    return False
