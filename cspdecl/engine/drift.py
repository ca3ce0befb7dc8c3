"""Live state against what our own operations left and what is declared: what somebody else changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from cspdecl.billing.fold import fold_applied, fold_beginnings
from cspdecl.commerce.words import counted, day
from cspdecl.core.diagnostics import Diagnostic, warning
from cspdecl.engine.plan import Planned, PlanRequest, make_plan
from cspdecl.engine.progress import Progress
from cspdecl.planning.compare import plain_name
from cspdecl.planning.drift import find_beside, find_drift, find_renamed
from cspdecl.planning.drift_report import (
    DriftReport,
    LastReport,
    dump_last,
    judge_drift,
    parse_last,
    remembered_of,
    unknown_concerns,
)
from cspdecl.planning.drift_values import CLASSES, FIELDS, Drift, Remembered, Renamed

if TYPE_CHECKING:
    from cspdecl.core.address import Address
    from cspdecl.core.desired import DesiredState
    from cspdecl.core.live import Bindings, LiveState, LiveSubscription
    from cspdecl.core.outcome import JournalEntry
    from cspdecl.core.project import Project
    from cspdecl.core.records import LedgerRecord, Recorded
    from cspdecl.engine.session import Session
    from cspdecl.spi.store import Store

#: The store's note of the drift that was last reported.
NOTE = "drift"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftResult:
    """What was found, with the reading it was found in and what was remembered of before. `found` is all drift, waived
    or not; `report` says what of it counts. `renamed`: names changed in the provider's portal where none is declared,
    looked for only when asked; they are no drift. `last` and `looked_at`: what `remember_report` goes by."""

    found: tuple[Drift, ...]
    planned: Planned
    remembered: Remembered
    report: DriftReport
    renamed: tuple[Renamed, ...] = ()
    last: LastReport | None = None
    looked_at: frozenset[str] = frozenset()


def look_for_drift(
    session: Session, request: PlanRequest, *, names: bool = False, progress: Progress | None = None
) -> DriftResult:
    """Read live state and compare. Writes nothing but the cache. `names`: look for names that nobody declares, too."""
    planned = make_plan(session, replace(request, needs_books=True), progress=progress)
    project, desired = session.require()
    store = session.store()
    bindings = store.bindings()
    remembered = _remember(store, planned.recorded, planned.live, bindings)
    other = _other_budgets(desired, planned.live)
    if other:
        remembered = replace(remembered, budgets=last_budgets(store, other))
    if names or _differently_named(desired, planned.live, bindings):
        remembered = replace(remembered, names=last_names(store.journal()))
    found = find_drift(
        desired=desired, live=planned.live, bindings=bindings, remembered=remembered, now=planned.plan.now
    )
    renamed = (
        find_renamed(desired=desired, live=planned.live, bindings=bindings, names=remembered.names) if names else ()
    )
    beside = find_beside(
        desired=desired,
        live=planned.live,
        bindings=bindings,
        remembered=remembered,
        drift=found,
        now=planned.plan.now,
        unmanaged=frozenset(planned.plan.unmanaged),
    )
    unread = {item.address.customer for item in beside if item.kind == "unreadable"}
    asked = {*planned.live.customers, *planned.live.absent, *planned.live.unknown}
    last = parse_last(store.recall(NOTE))
    looked_at = frozenset(asked - unread) | _left(desired, bindings, last)
    report = judge_drift(
        project=project.name,
        drift=found,
        beside=beside,
        waivers=project.guardrails.waivers,
        last=last,
        looked_at=looked_at,
        now=planned.plan.now,
        watched=_watched(desired, planned.live, bindings),
    )
    return DriftResult(
        found=found,
        planned=planned,
        remembered=remembered,
        renamed=renamed,
        report=report,
        last=last,
        looked_at=looked_at,
    )


def _watched(desired: DesiredState, live: LiveState, bindings: Bindings) -> tuple[Address, ...]:
    """The bound lines of every customer that was read."""
    read = [desired.customers[key] for key in live.customers if key in desired.customers]
    lines = [line.address for spec in read for line in spec.subscriptions]
    plans = [plan.address for spec in read for plan in spec.azure_plans]
    return tuple(address for address in (*lines, *plans) if address in bindings)


def remember_report(session: Session, result: DriftResult) -> LastReport:
    """Keep what this run reported, so that the next one can tell what is new. Answers what is kept."""
    kept = remembered_of(result.report, result.last, result.looked_at)
    if kept != result.last:
        session.store().remember(NOTE, dump_last(kept))
    return kept


def waiver_warnings(project: Project, report: DriftReport) -> tuple[Diagnostic, ...]:
    """What is to be said about waivers: those that ended while their drift is still there, and those that fit nothing.

    A waiver that ended is said once, whatever number of findings counts again.
    """
    ended = {item.lapsed.name: item.lapsed for item in report.counted if item.lapsed is not None}
    counts = {name: sum(one.lapsed is not None and one.lapsed.name == name for one in report.counted) for name in ended}
    found = [
        warning(
            "CSP761",
            f"the waiver `{waiver.name}` ended on {day(waiver.expires)}, and what it was for counts again: "
            f"{counted(counts[name], 'finding')}",
            origin=waiver.origin,
            hint=f"{waiver.owner} answers for it: put it right, accept it, or give the waiver a later day",
        )
        for name, waiver in sorted(ended.items())
    ]
    found += [
        warning(
            "CSP762",
            f"the waiver `{waiver.name}` fits no drift: `{waiver.concerns}` names no field and no class",
            origin=waiver.origin,
            hint=f"`drift` alone, or `drift:` and one of {', '.join((*FIELDS.values(), *CLASSES[:4], CLASSES[-1]))}",
        )
        for waiver in unknown_concerns(project.guardrails.waivers)
    ]
    return tuple(found)


def last_budgets(store: Store, customers: AbstractSet[str]) -> dict[str, Decimal]:
    """The usage budget that an operation of ours last set, by customer; one that was never set from here is missing."""
    done = {entry.op for entry in store.journal() if entry.kind == "outcome" and '"kind":"applied"' in entry.body}
    budgets: dict[str, Decimal] = {}
    for header in store.runs():
        if '"set_budget"' not in header.plan:
            continue
        for operation in json.loads(header.plan).get("cspdecl", {}).get("operations", ()):
            key = str(operation["address"]).partition("/")[0]
            if operation["action"]["kind"] == "set_budget" and operation["id"] in done and key in customers:
                budgets[key] = Decimal(operation["action"]["after"])
    return budgets


def _other_budgets(desired: DesiredState, live: LiveState) -> set[str]:
    """Customers whose budget is another one than declared: only for those it is asked what was set last."""
    return {
        key
        for key, customer in live.customers.items()
        if customer.budget is not None and key in desired.customers
        for plan in desired.customers[key].azure_plans
        if plan.budget is not None and plan.budget != customer.budget
    }


def _left(desired: DesiredState, bindings: Bindings, last: LastReport | None) -> frozenset[str]:
    """Customers of the last report that are managed no more: what was known of them is gone, too."""
    known = {one.customer for one in last.known.values()} if last is not None else set()
    return frozenset(known - set(desired.customers) - {address.customer for address in bindings})


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
