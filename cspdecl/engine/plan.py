"""From a project to a plan: refresh, decide, look again at what would be reduced, decide once more.

The decision itself is planning's; this module fetches what it needs and nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from cspdecl.commerce.offermatrix import enriched
from cspdecl.core.action import Cancel, ClearSchedule, Forget, ScheduleRenewal, SetEndOfTerm, SetSeats, Transition
from cspdecl.core.address import Address
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Catalogs
from cspdecl.core.diagnostics import Origin, error
from cspdecl.core.errors import ManifestError, StoreDamaged
from cspdecl.core.inquiry import Answers
from cspdecl.core.live import LiveState
from cspdecl.core.operation import Operation, Plan
from cspdecl.core.records import Recorded
from cspdecl.engine import provenance, refresh
from cspdecl.engine.basis import basis_of
from cspdecl.engine.preview import Other, other_side, with_difference
from cspdecl.engine.preview_base import base_prices
from cspdecl.engine.progress import Progress, Silent
from cspdecl.engine.scope import declared_offers, find_scope
from cspdecl.engine.session import everything

if TYPE_CHECKING:
    from cspdecl.core.catalog import OfferKey
    from cspdecl.core.desired import DesiredState
    from cspdecl.core.live import Bindings
    from cspdecl.core.project import Guardrails, PriceBook
    from cspdecl.engine.session import Session
    from cspdecl.manifest.load import Loaded
    from cspdecl.spi.provider import Provider
    from cspdecl.spi.store import Store

_LOST = "what this plan knows of bindings, records and own services is not to be trusted, and `apply` will refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What the caller wants planned. All three filters narrow the customers; empty means all. `needs_books`: without a
    sound ledger nothing can be said. `difference`: plan the base of `changed_since` as well and say what is new.
    `offline`: what the base declares is taken for live, and nobody is asked."""

    customers: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    changed_since: str | None = None
    cached: bool = False
    needs_books: bool = False
    difference: bool = False
    offline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan and what it was made from, for whoever applies it in the same process."""

    plan: Plan
    live: LiveState
    prices: PriceBook
    calls: int
    recorded: Mapping[Address, Recorded] = field(default_factory=dict)
    answers: Answers = field(default_factory=dict)


def make_plan(session: Session, request: PlanRequest, *, progress: Progress | None = None) -> Planned:
    """Read what is live and plan. Connects providers for reading only; writes nothing but the cache."""
    progress = progress or Silent()
    if request.offline:
        from cspdecl.engine.preview_offline import plan_offline

        return plan_offline(session, request)
    project, desired = session.require()
    store = session.store()
    damage = store.damage()
    if damage and request.needs_books:
        raise StoreDamaged(damage, diagnostics=(error("CSP910", damage, hint=_LOST),))
    if damage:
        progress.say(f"warning: {damage}; {_LOST}")
    bindings = store.bindings()
    found = find_scope(session, desired, bindings, request)
    scope, other = found.customers, other_side(found, project, desired) if request.difference else None
    beside = other.desired if other is not None else None
    catalogs: Catalogs = {}
    providers: Mapping[str, Provider] = {}
    if request.cached:
        now = session.clock.now()
        live = refresh.from_cache(desired=desired, store=store, scope=scope, now=now, beside=beside)
        now = max(now, live.as_of)  # a simulator's clock may be ahead of ours; what was read is never from the future
        capabilities = {name: everything() for name in project.providers}
        calls = 0
    else:
        needed = providers_needed(desired, scope)
        needed |= providers_needed(beside, scope) if beside is not None else set()
        providers = session.providers("read", needed or {project.default_provider})
        capabilities = {name: provider.capabilities for name, provider in providers.items()}
        read = refresh.refresh(
            desired=desired, bindings=bindings, providers=providers, scope=scope, store=store, progress=progress,
            beside=beside,
        )  # fmt: skip
        live, now, calls = read.live, read.now, read.calls
        for provider in providers.values():
            for text in provider.warnings:
                progress.say(f"warning: {provider.name}: {text}")
        asked = refresh.offers_in_question(project, desired, live)
        if other is not None:
            for place, offers in refresh.offers_in_question(other.project, other.desired, live).items():
                asked.setdefault(place, set()).update(offers)
        catalogs = refresh.read_catalogs(offers=asked, providers=providers, progress=progress)
        matrix = session.offer_matrix({key for group in asked.values() for key in group}, now)
        catalogs = enriched(catalogs, matrix)
    reading = Reading(
        now=now, scope=scope, capabilities=capabilities, catalogs=catalogs, providers=providers, bindings=bindings
    )
    planned, before = _decide(session, live, reading, other, found.guardrails, calls, progress)
    if not request.difference or found.base is None:
        return planned
    return replace(planned, plan=with_difference(planned.plan, before, found, project))


def providers_needed(desired: DesiredState, scope: tuple[str, ...] | None) -> set[str]:
    """The providers of the customers in scope."""
    return {spec.provider for key, spec in desired.customers.items() if scope is None or key in scope}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What every plan from one reading shares, beside what was read of the customers."""

    now: datetime
    scope: tuple[str, ...] | None
    capabilities: Mapping[str, Capability]
    catalogs: Catalogs
    providers: Mapping[str, Provider]
    bindings: Bindings


def _decide(
    session: Session,
    live: LiveState,
    reading: Reading,
    other: Other | None,
    base_guardrails: tuple[Guardrails, ...],
    calls: int,
    progress: Progress,
) -> tuple[Planned, Plan | None]:
    """The plan of what is declared, and that of the other side where there is one, from the same answers."""
    from cspdecl.billing.fold import fold_book, fold_recorded
    from cspdecl.planning.inquiries import find_inquiries
    from cspdecl.planning.plan import plan
    from cspdecl.planning.safety import find_assigned_inquiries

    project, desired = session.require()
    store, providers = session.store(), reading.providers
    records = tuple(store.last_records().values())
    countries = {item.profile.address.country for item in live.customers.values() if item.profile is not None}
    offers = _offers(desired, live) | (declared_offers(other.desired) if other is not None else set())
    prices = session.prices(offers, markets=countries)
    old_prices = base_prices(session, other.base, offers, markets=countries) if other is not None else None
    last_hashes = {record.address: record.hash for record in records}
    book = fold_book(records)
    recorded = dict(fold_recorded(records))
    answers: Answers = {}
    if providers:
        before = sum(provider.calls for provider in providers.values())
        inquiries = dict.fromkeys(
            inquiry
            for side in ((project, desired), *([(other.project, other.desired)] if other is not None else []))
            for inquiry in find_inquiries(
                project=side[0], desired=side[1], live=live, bindings=reading.bindings,
                capabilities=reading.capabilities, now=reading.now,
            )
        )  # fmt: skip
        answers = refresh.read_answers(inquiries=inquiries, providers=providers, progress=progress)
        calls += sum(provider.calls for provider in providers.values()) - before

    deferred: frozenset[str] = frozenset()
    commit = provenance.commit_of(session.root)

    def decide(state: LiveState, side: Other | None = None) -> Plan:
        return plan(
            project=side.project if side is not None else project,
            desired=side.desired if side is not None else desired,
            live=state,
            catalogs=reading.catalogs,
            prices=(old_prices or prices) if side is not None else prices,
            bindings=reading.bindings,
            book=book,
            last_hashes=last_hashes,
            capabilities=reading.capabilities,
            now=reading.now,
            scope=side.scope if side is not None else reading.scope,
            commit=side.base.commit if side is not None else commit,
            answers=answers,
            recorded=recorded,
            deferred=deferred,
            base_guardrails=() if side is not None else base_guardrails,
        )

    def both(state: LiveState) -> tuple[Plan, Plan | None]:
        return decide(state), decide(state, other) if other is not None else None

    made, old = both(live)
    deferred = left_to_people_before(store, (*made.operations, *(old.operations if old else ())))
    if deferred:
        made, old = both(live)
    refuse_cut_files(session.load(), desired, made.operations)
    again = subscriptions_to_reread((*made.operations, *(old.operations if old else ())))
    if providers and again:
        before = sum(provider.calls for provider in providers.values())
        fresh = refresh.reread(live=live, providers=providers, wanted=again)
        calls += sum(provider.calls for provider in providers.values()) - before
        if fresh.digest != live.digest:
            made, old = both(fresh)
        live = fresh
    judged = (project.guardrails, *base_guardrails)
    people = find_assigned_inquiries(judged, made.operations, reading.capabilities, project.market)
    if providers and people:
        before = sum(provider.calls for provider in providers.values())
        answers = {**answers, **refresh.read_answers(inquiries=people, providers=providers, progress=progress)}
        calls += sum(provider.calls for provider in providers.values()) - before
        made, old = both(live)
    touched = {operation.address.customer for operation in made.operations}
    made = replace(made, basis=basis_of(project, desired, live, prices, touched))
    return Planned(plan=made, live=live, prices=prices, calls=calls, recorded=recorded, answers=answers), old


def left_to_people_before(store: Store, operations: Iterable[Operation]) -> frozenset[str]:
    """Those of the operations about renewals that a provider left to a person when they were sent before."""
    about = (SetEndOfTerm, ScheduleRenewal, ClearSchedule)
    wanted = {operation.id for operation in operations if isinstance(operation.action, about)}
    if not wanted:
        return frozenset()
    outcomes = (entry for entry in store.journal() if entry.kind == "outcome" and entry.op in wanted)
    return frozenset(entry.op for entry in outcomes if '"kind":"deferred"' in entry.body)


def refuse_cut_files(loaded: Loaded, desired: DesiredState, operations: Sequence[Operation]) -> None:
    """A file whose last line does not end may have been cut short: it does not make anything stop being managed.

    Raises ManifestError naming each such file and what it would let go.
    """
    doubtful = {item.origin.file for item in loaded.diagnostics if item.code == "CSP114" and item.origin is not None}
    lost: dict[str, list[str]] = {}
    for operation in operations if doubtful else ():
        spec = desired.customers.get(operation.address.customer)
        if isinstance(operation.action, Forget) and spec is not None and spec.origin.file in doubtful:
            lost.setdefault(spec.origin.file, []).append(str(operation.address))
    if lost:
        found = tuple(
            error(
                "CSP252",
                f"this file may be cut short, and {', '.join(names)} would no longer be managed",
                origin=Origin(file=file),
                line=1,
                column=1,
                hint="if it is complete, end its last line with a newline; if not, restore it",
            )
            for file, names in sorted(lost.items())
        )
        raise ManifestError("a file may be cut short", diagnostics=found)


def subscriptions_to_reread(operations: Sequence[Operation]) -> dict[str, tuple[str, frozenset[str]]]:
    """Subscriptions whose reduction, cancellation, renewal or upgrade is planned: customer key → (provider, ids)."""
    wanted: dict[str, tuple[str, frozenset[str]]] = {}
    for operation in operations:
        action, ident = operation.action, operation.guard.subscription
        provider = operation.context.provider
        reduces = isinstance(action, Cancel | ScheduleRenewal | SetEndOfTerm | Transition) or (
            isinstance(action, SetSeats) and action.after < action.before
        )
        if reduces and ident and provider:
            key = operation.address.customer
            wanted[key] = (provider, wanted.get(key, (provider, frozenset()))[1] | {ident})
    return wanted


def _offers(desired: DesiredState, live: LiveState) -> set[OfferKey]:
    running = [item for customer in live.customers.values() for item in customer.subscriptions]
    wanted = declared_offers(desired) | {item.scheduled.offer for item in running if item.scheduled is not None}
    return wanted | {item.offer for item in running if item.offer is not None}
