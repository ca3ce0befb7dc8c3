"""Live state for a plan: every declared customer read once, what is for sale asked where it matters.

What cannot be read stays unknown and says why; it never looks like an empty customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from cspdecl.commerce.prices import market_of
from cspdecl.core.address import Address
from cspdecl.core.catalog import Catalog, OfferKey
from cspdecl.core.digest import digest_of
from cspdecl.core.inquiry import Unanswered
from cspdecl.core.live import Bindings, CustomerAbsent, CustomerRef, LiveCustomer, LiveState, ReadFailure, Wanted
from cspdecl.core.plain import to_plain
from cspdecl.core.terms import Term
from cspdecl.engine.waiting import each, patiently
from cspdecl.spi.store import Batch

if TYPE_CHECKING:
    from cspdecl.core.desired import CustomerSpec, DesiredState, SubscriptionSpec
    from cspdecl.core.inquiry import Answer, Inquiry
    from cspdecl.core.project import Project
    from cspdecl.engine.progress import Progress
    from cspdecl.spi.provider import Provider
    from cspdecl.spi.store import Store

_CACHE_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What one refresh gave, and the requests it took."""

    live: LiveState
    now: datetime
    calls: int


def refs_of(
    desired: DesiredState, bindings: Bindings, scope: Iterable[str] | None, beside: DesiredState | None = None
) -> dict[str, list[CustomerRef]]:
    """How to find each customer in scope, by provider. `beside`: another side that the same reading must serve."""
    wanted = None if scope is None else set(scope)
    refs: dict[str, list[CustomerRef]] = {}
    others = beside.customers if beside is not None else {}
    for key, spec in {**others, **desired.customers}.items():
        if wanted is None or key in wanted:
            bound = bindings.get(Address(key))
            tenant = spec.tenant or (bound.tenant if bound else None)
            domain = spec.create.full_domain if spec.create else None
            refs.setdefault(spec.provider, []).append(
                CustomerRef(
                    key=key,
                    tenant=tenant,
                    domain=domain,
                    wanted=wanted_of(spec) | (wanted_of(others[key]) if key in others else frozenset()),
                )
            )
    return refs


def wanted_of(spec: CustomerSpec) -> frozenset[Wanted]:
    """What must be read of a customer beside its subscriptions, because something declared is compared with it."""
    wanted: set[Wanted] = set()
    if spec.qualification is not None:
        wanted.add("qualifications")
    if any(plan.budget is not None for plan in spec.azure_plans):
        wanted.add("budget")
    if any(line.term is Term.ONCE for line in spec.subscriptions):
        wanted.add("licences")
    return frozenset(wanted)


def refresh(
    *,
    desired: DesiredState,
    bindings: Bindings,
    providers: Mapping[str, Provider],
    scope: Iterable[str] | None,
    store: Store | None,
    progress: Progress,
    beside: DesiredState | None = None,
) -> Refreshed:
    """Read every customer in scope. The cache takes what was read; nothing else is written."""
    refs = refs_of(desired, bindings, scope, beside)
    customers: dict[str, LiveCustomer] = {}
    absent: dict[str, CustomerAbsent] = {}
    unknown: dict[str, ReadFailure] = {}
    before = sum(provider.calls for provider in providers.values())
    progress.start("reading customers", sum(len(group) for group in refs.values()))
    fresh: list[LiveCustomer] = []
    for name, group in refs.items():
        for answer in each(partial(providers[name].read, group), whom=name, progress=progress):
            match answer:
                case LiveCustomer():
                    customers[answer.key] = answer
                    fresh.append(answer)
                case CustomerAbsent():
                    absent[answer.key] = answer
                case ReadFailure():
                    unknown[answer.key] = answer
            progress.step(answer.key)
            if store is not None and len(fresh) >= _CACHE_BATCH:
                store.commit(Batch(live=tuple(fresh)))
                fresh.clear()
        for ref in group:  # a provider that forgets a customer has not read it
            if ref.key not in customers and ref.key not in absent and ref.key not in unknown:
                unknown[ref.key] = ReadFailure(key=ref.key, message=f"provider `{name}` gave no answer for it")
    if store is not None and fresh:
        store.commit(Batch(live=tuple(fresh)))
    progress.done()
    now = max(patiently(provider.now, whom=name, progress=progress) for name, provider in providers.items())
    return Refreshed(
        live=live_state(customers, absent, unknown, fallback=now),
        now=now,
        calls=sum(provider.calls for provider in providers.values()) - before,
    )


def from_cache(
    *,
    desired: DesiredState,
    store: Store,
    scope: Iterable[str] | None,
    now: datetime,
    beside: DesiredState | None = None,
) -> LiveState:
    """Live state as last read, without asking anybody. What was never read is unknown."""
    declared = {*desired.customers, *(beside.customers if beside is not None else ())}
    wanted = declared if scope is None else set(scope) & declared
    cached = store.live(wanted)
    unknown = {
        key: ReadFailure(key=key, message="it has never been read; plan without `--cached` once")
        for key in sorted(wanted - set(cached))
    }
    return live_state(dict(cached), {}, unknown, fallback=now)


def live_state(
    customers: Mapping[str, LiveCustomer],
    absent: Mapping[str, CustomerAbsent],
    unknown: Mapping[str, ReadFailure],
    *,
    fallback: datetime,
) -> LiveState:
    """The readings as one value. `as_of` is the oldest of them, `fallback` where there are none."""
    times = [customer.read_at for customer in customers.values()] + [item.read_at for item in absent.values()]
    return LiveState(
        customers=dict(sorted(customers.items())),
        absent=dict(sorted(absent.items())),
        unknown=dict(sorted(unknown.items())),
        as_of=min(times, default=fallback),
        digest=digest_of(
            [
                *(to_plain(replace(customer, read_at=fallback)) for _key, customer in sorted(customers.items())),
                sorted(absent),
                sorted(unknown),
            ]
        ),
    )


def reread(
    *, live: LiveState, providers: Mapping[str, Provider], wanted: Mapping[str, tuple[str, frozenset[str]]]
) -> LiveState:
    """Some subscriptions again, one by one: lists lag (contract §12), and a reduction is decided on fresh values.

    `wanted`: customer key → (provider, subscription ids).
    """
    customers, unknown = dict(live.customers), dict(live.unknown)
    for key, (name, ids) in sorted(wanted.items()):
        answer = providers[name].read_subscriptions(customers[key].tenant, sorted(ids))
        if isinstance(answer, ReadFailure):
            del customers[key]
            unknown[key] = replace(answer, key=key)
        else:
            customers[key] = replace(answer, key=key).completed_by(customers[key])
    return live_state(customers, live.absent, unknown, fallback=live.as_of)


Place = tuple[str, str, str]


def offers_in_question(project: Project, desired: DesiredState, live: LiveState) -> dict[Place, set[OfferKey]]:
    """Offers a plan must know the catalogue entry of, by provider, market and segment: of lines that are not running
    with just these seats, and of what lines are to become.

    What is as declared needs no catalogue, so an unchanged estate asks for none.
    """
    wanted: dict[Place, set[OfferKey]] = {}
    for key, spec in desired.customers.items():
        customer = live.customers.get(key)
        if customer is None and key not in live.absent:
            continue
        running = {
            (item.offer, item.seats, item.term, item.billing)
            for item in (customer.subscriptions if customer else ())
            if item.status.running
        }
        market = market_of(spec, customer) or project.market
        for line in spec.subscriptions:
            group = wanted.setdefault((line.provider, market, spec.segment), set())
            as_it_runs = (line.offer, line.seats, line.term, line.billing) in running
            if not line.absent and (not as_it_runs or line.dated or _renews_otherwise(line)):
                group.add(line.offer)
            group.update(_becoming(line))
    return {place: offers for place, offers in wanted.items() if offers}


def _renews_otherwise(line: SubscriptionSpec) -> bool:
    """Whether the next term is to be sold in another way than this one."""
    wanted = line.at_renewal
    return wanted is not None and (wanted.term is not None or wanted.billing is not None)


def _becoming(line: SubscriptionSpec) -> Iterator[OfferKey]:
    """Offers that a line names beside its own."""
    if line.at_renewal is not None and line.at_renewal.offer is not None:
        yield line.at_renewal.offer
    if line.renews_to is not None and line.renews_to.offer is not None:
        yield line.renews_to.offer


def read_catalogs(
    *, offers: Mapping[Place, set[OfferKey]], providers: Mapping[str, Provider], progress: Progress
) -> dict[Place, Catalog]:
    """What of these offers is for sale, a catalogue a provider, market and segment."""
    catalogs: dict[Place, Catalog] = {}
    for (name, market, segment), group in sorted(offers.items()):
        if name in providers:
            progress.start("reading the catalogue", None)
            ask = partial(providers[name].catalog, market, segment, sorted(group))
            catalogs[name, market, segment] = patiently(ask, whom=name, progress=progress)
            progress.done()
    return catalogs


def read_answers(
    *, inquiries: Iterable[tuple[str, Inquiry]], providers: Mapping[str, Provider], progress: Progress
) -> dict[tuple[str, Inquiry], Answer]:
    """What the providers say to a plan's questions; one that forgets a question has not answered it."""
    groups: dict[str, list[Inquiry]] = {}
    for name, inquiry in inquiries:
        groups.setdefault(name, []).append(inquiry)
    answers: dict[tuple[str, Inquiry], Answer] = {}
    for name, group in sorted(groups.items()):
        unique = list(dict.fromkeys(group))
        progress.start("asking what is possible", len(unique))
        for inquiry, answer in each(partial(providers[name].ask, unique), whom=name, progress=progress):
            answers[name, inquiry] = answer
            progress.step(type(inquiry).__name__)
        for inquiry in unique:
            answers.setdefault((name, inquiry), Unanswered(reason=f"provider `{name}` gave no answer"))
        progress.done()
    return answers
