"""Live state for a plan: every declared customer read once, what is for sale asked where it matters.

What cannot be read stays unknown and says why; it never looks like an empty customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from cspdecl.core.address import Address
from cspdecl.core.catalog import Catalog, OfferKey
from cspdecl.core.digest import digest_of
from cspdecl.core.live import Bindings, CustomerAbsent, CustomerRef, LiveCustomer, LiveState, ReadFailure
from cspdecl.core.plain import to_plain
from cspdecl.engine.waiting import each, patiently
from cspdecl.spi.store import Batch

if TYPE_CHECKING:
    from cspdecl.core.desired import DesiredState
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


def refs_of(desired: DesiredState, bindings: Bindings, scope: Iterable[str] | None) -> dict[str, list[CustomerRef]]:
    """How to find each customer in scope, by provider. A customer in bindings only is looked up too: its lines left."""
    wanted = None if scope is None else set(scope)
    refs: dict[str, list[CustomerRef]] = {}
    for key, spec in desired.customers.items():
        if wanted is None or key in wanted:
            bound = bindings.get(Address(key))
            tenant = spec.tenant or (bound.tenant if bound else None)
            domain = spec.create.full_domain if spec.create else None
            refs.setdefault(spec.provider, []).append(CustomerRef(key=key, tenant=tenant, domain=domain))
    return refs


def refresh(
    *,
    desired: DesiredState,
    bindings: Bindings,
    providers: Mapping[str, Provider],
    scope: Iterable[str] | None,
    store: Store | None,
    progress: Progress,
) -> Refreshed:
    """Read every customer in scope. The cache takes what was read; nothing else is written."""
    refs = refs_of(desired, bindings, scope)
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


def from_cache(*, desired: DesiredState, store: Store, scope: Iterable[str] | None, now: datetime) -> LiveState:
    """Live state as last read, without asking anybody. What was never read is unknown."""
    wanted = set(desired.customers) if scope is None else set(scope) & set(desired.customers)
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
            customers[key] = replace(answer, key=key)
    return live_state(customers, live.absent, unknown, fallback=live.as_of)


def offers_in_question(desired: DesiredState, live: LiveState) -> dict[str, set[OfferKey]]:
    """Offers a plan must know the catalogue entry of, by provider: of lines that are not running with just these seats.

    What is as declared needs no catalogue, so an unchanged estate asks for none.
    """
    wanted: dict[str, set[OfferKey]] = {}
    for key, spec in desired.customers.items():
        customer = live.customers.get(key)
        if customer is None and key not in live.absent:
            continue
        running = {
            (item.offer, item.seats) for item in (customer.subscriptions if customer else ()) if item.status.running
        }
        for line in spec.subscriptions:
            if not line.absent and (line.offer, line.seats) not in running:
                wanted.setdefault(line.provider, set()).add(line.offer)
    return wanted


def read_catalogs(
    *, project: Project, offers: Mapping[str, set[OfferKey]], providers: Mapping[str, Provider], progress: Progress
) -> dict[str, Catalog]:
    """What of these offers is for sale, a catalogue a provider."""
    catalogs: dict[str, Catalog] = {}
    for name, provider in providers.items():
        group = offers.get(name, set())
        if group:
            progress.start("reading the catalogue", None)
            ask = partial(provider.catalog, project.market, "commercial", sorted(group))
            catalogs[name] = patiently(ask, whom=name, progress=progress)
            progress.done()
        else:
            catalogs[name] = Catalog(market=project.market, offers={}, as_of=provider.now())
    return catalogs
