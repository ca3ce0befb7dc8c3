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
from cspdecl.core.errors import CspdeclError, ManifestError, StoreDamaged
from cspdecl.core.inquiry import Answers
from cspdecl.core.live import LiveState
from cspdecl.core.operation import Operation, Plan
from cspdecl.core.records import Recorded
from cspdecl.engine import provenance, refresh
from cspdecl.engine.basis import basis_of
from cspdecl.engine.progress import Progress, Silent
from cspdecl.engine.session import everything

if TYPE_CHECKING:
    from cspdecl.core.catalog import OfferKey
    from cspdecl.core.desired import CustomerSpec, DesiredState
    from cspdecl.core.live import Bindings
    from cspdecl.core.project import PriceBook
    from cspdecl.engine.session import Session
    from cspdecl.manifest.load import Loaded
    from cspdecl.spi.provider import Provider
    from cspdecl.spi.store import Store

_LOST = "what this plan knows of bindings, records and own services is not to be trusted, and `apply` will refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What the caller wants planned. All three filters narrow the customers; empty means all. `needs_books`: without a
    sound ledger nothing can be said."""

    customers: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    changed_since: str | None = None
    cached: bool = False
    needs_books: bool = False


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
    project, desired = session.require()
    store = session.store()
    damage = store.damage()
    if damage and request.needs_books:
        raise StoreDamaged(damage, diagnostics=(error("CSP910", damage, hint=_LOST),))
    if damage:
        progress.say(f"warning: {damage}; {_LOST}")
    bindings = store.bindings()
    scope = scope_of(session, desired, bindings, request)
    capabilities: dict[str, Capability] = {}
    catalogs: Catalogs = {}
    providers: Mapping[str, Provider] = {}
    if request.cached:
        now = session.clock.now()
        live = refresh.from_cache(desired=desired, store=store, scope=scope, now=now)
        now = max(now, live.as_of)  # a simulator's clock may be ahead of ours; what was read is never from the future
        capabilities = {name: everything() for name in project.providers}
        calls = 0
    else:
        providers = session.providers("read", providers_needed(desired, scope) or {project.default_provider})
        capabilities = {name: provider.capabilities for name, provider in providers.items()}
        read = refresh.refresh(
            desired=desired, bindings=bindings, providers=providers, scope=scope, store=store, progress=progress
        )
        live, now, calls = read.live, read.now, read.calls
        for provider in providers.values():
            for text in provider.warnings:
                progress.say(f"warning: {provider.name}: {text}")
        asked = refresh.offers_in_question(project, desired, live)
        catalogs = refresh.read_catalogs(offers=asked, providers=providers, progress=progress)
        matrix = session.offer_matrix({key for group in asked.values() for key in group}, now)
        catalogs = enriched(catalogs, matrix)
    return _decide(session, live, now, scope, capabilities, catalogs, providers, calls, progress)


def providers_needed(desired: DesiredState, scope: tuple[str, ...] | None) -> set[str]:
    """The providers of the customers in scope."""
    return {spec.provider for key, spec in desired.customers.items() if scope is None or key in scope}


def _decide(
    session: Session,
    live: LiveState,
    now: datetime,
    scope: tuple[str, ...] | None,
    capabilities: Mapping[str, Capability],
    catalogs: Catalogs,
    providers: Mapping[str, Provider],
    calls: int,
    progress: Progress,
) -> Planned:
    from cspdecl.billing.fold import fold_book, fold_recorded
    from cspdecl.planning.inquiries import find_inquiries
    from cspdecl.planning.plan import plan

    project, desired = session.require()
    store = session.store()
    bindings = store.bindings()
    records = tuple(store.last_records().values())
    countries = {item.profile.address.country for item in live.customers.values() if item.profile is not None}
    prices = session.prices(_offers(desired, live), markets=countries)
    last_hashes = {record.address: record.hash for record in records}
    book = fold_book(records)
    recorded = dict(fold_recorded(records))
    answers: Answers = {}
    if providers:
        before = sum(provider.calls for provider in providers.values())
        inquiries = find_inquiries(
            project=project, desired=desired, live=live, bindings=bindings, capabilities=capabilities, now=now
        )
        answers = refresh.read_answers(inquiries=inquiries, providers=providers, progress=progress)
        calls += sum(provider.calls for provider in providers.values()) - before

    deferred: frozenset[str] = frozenset()

    def decide(state: LiveState) -> Plan:
        return plan(
            project=project,
            desired=desired,
            live=state,
            catalogs=catalogs,
            prices=prices,
            bindings=bindings,
            book=book,
            last_hashes=last_hashes,
            capabilities=capabilities,
            now=now,
            scope=scope,
            commit=provenance.commit_of(session.root),
            answers=answers,
            recorded=recorded,
            deferred=deferred,
        )

    made = decide(live)
    deferred = left_to_people_before(store, made.operations)
    if deferred:
        made = decide(live)
    refuse_cut_files(session.load(), desired, made.operations)
    again = subscriptions_to_reread(made.operations)
    if providers and again:
        before = sum(provider.calls for provider in providers.values())
        fresh = refresh.reread(live=live, providers=providers, wanted=again)
        calls += sum(provider.calls for provider in providers.values()) - before
        if fresh.digest != live.digest:
            made = decide(fresh)
        live = fresh
    touched = {operation.address.customer for operation in made.operations}
    made = replace(made, basis=basis_of(project, desired, live, prices, touched))
    return Planned(plan=made, live=live, prices=prices, calls=calls, recorded=recorded)


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


def scope_of(
    session: Session, desired: DesiredState, bindings: Bindings, request: PlanRequest
) -> tuple[str, ...] | None:
    """The customers a request is about, or None for all. Raises CspdeclError for names nobody knows."""
    if not (request.customers or request.labels or request.changed_since):
        return None
    known = {*desired.customers, *(address.customer for address in bindings)}
    unknown = sorted(set(request.customers) - known)
    if unknown:
        from difflib import get_close_matches

        near = get_close_matches(unknown[0], sorted(known), n=1)
        hint = f"did you mean `{near[0]}`?" if near else None
        found = error("CSP250", f"no customer named `{unknown[0]}`", hint=hint)
        raise CspdeclError(f"no customer named `{unknown[0]}`", diagnostics=(found,))
    chosen = set(known)
    if request.customers:
        chosen &= set(request.customers)
    for label in request.labels:
        labelled = {key for key, spec in desired.customers.items() if _has_label(spec, label)}
        if not labelled:
            found = error("CSP251", f"no customer has the label `{label}`", hint=_known_labels(desired))
            raise CspdeclError(f"no customer has the label `{label}`", diagnostics=(found,))
        chosen &= labelled
    if request.changed_since:
        chosen &= changed_customers(session, desired, bindings, request.changed_since)
    return tuple(sorted(chosen))


def _known_labels(desired: DesiredState) -> str:
    names = sorted({name for spec in desired.customers.values() for name in spec.labels})
    return f"labels in use: {', '.join(names[:12])}" if names else "no customer has any label"


def _has_label(spec: CustomerSpec, label: str) -> bool:
    name, equals, value = label.partition("=")
    return name in spec.labels and (not equals or spec.labels[name] == value)


def changed_customers(session: Session, desired: DesiredState, bindings: Bindings, reference: str) -> set[str]:
    """Customers that a change of files since a git reference may touch.

    A customer file touches its customers, those it named before included; a bundle's file every customer who has the
    bundle; anything else that is a manifest (the project) touches all.
    """
    files = set(provenance.changed_files(session.root, reference))
    everyone = {*desired.customers, *(binding.address.customer for binding in bindings.values())}
    by_file: dict[str, set[str]] = {}
    for key, spec in desired.customers.items():
        by_file.setdefault(spec.origin.file, set()).add(key)
        places = [line.bundle_origin for line in spec.subscriptions] + [line.bundle_origin for line in spec.services]
        for place in places:
            if place is not None:
                by_file.setdefault(place.file, set()).add(key)
    touched: set[str] = set()
    for name in files:
        if not name.endswith((".yaml", ".yml")):
            if name.startswith(f"{(session.project.prices_path or 'prices').rstrip('/')}/"):
                return everyone
            continue
        if name == session.project.origin.file:
            return everyone
        touched |= by_file.get(name, set())
        before = provenance.file_at(session.root, reference, name)
        touched |= _customers_named(before) & everyone if before else set()
        if name not in by_file:
            # a bundle nobody uses any more, or a file that is gone: whoever has such an address bound is touched
            touched |= {key for key in everyone if before and key.encode() in before}
    return touched


def _customers_named(text: bytes) -> set[str]:
    from cspdecl.manifest.yaml import parse_yaml

    names = set()
    documents, _problems = parse_yaml(text.decode(errors="replace"), "before")
    for document in documents:
        data = document.value
        if isinstance(data, dict) and data.get("kind") == "Customer" and isinstance(data.get("metadata"), dict):
            names.add(str(data["metadata"].get("name")))
    return names


def _offers(desired: DesiredState, live: LiveState) -> set[OfferKey]:
    lines = [line for spec in desired.customers.values() for line in spec.subscriptions]
    wanted = {line.offer for line in lines}
    wanted |= {line.at_renewal.offer for line in lines if line.at_renewal and line.at_renewal.offer}
    wanted |= {line.renews_to.offer for line in lines if line.renews_to and line.renews_to.offer}
    wanted |= {line.upgrade.source for line in lines if line.upgrade}
    wanted |= {
        item.scheduled.offer
        for customer in live.customers.values()
        for item in customer.subscriptions
        if item.scheduled is not None
    }
    wanted |= {
        item.offer for customer in live.customers.values() for item in customer.subscriptions if item.offer is not None
    }
    return wanted
