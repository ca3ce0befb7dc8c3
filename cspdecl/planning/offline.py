"""What a project would look like if everything declared ran exactly so: a live state for plans that may ask nobody.

Windows, renewals and terms are not known, so nothing here can be returned and nothing has a renewal; what is bought is
as if bought now. Only for reading: nothing may ever be applied on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from cspdecl.commerce.prices import market_of
from cspdecl.core.address import Address
from cspdecl.core.catalog import Catalog, Catalogs, Offer, OfferKey, OfferTerm
from cspdecl.core.desired import AzurePlanSpec, CustomerSpec, DesiredState, SubscriptionSpec
from cspdecl.core.digest import digest_of
from cspdecl.core.live import (
    Binding,
    Bindings,
    ChangePolicy,
    CustomerAbsent,
    LiveCustomer,
    LiveState,
    LiveSubscription,
    Qualification,
    Status,
)
from cspdecl.core.plain import to_plain
from cspdecl.core.project import PriceBook
from cspdecl.core.records import Book, BookEntry, Recorded
from cspdecl.core.terms import Term
from cspdecl.planning.dated import declared_today

_HASH = ""  # no record stands behind any of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposed:
    """A project as it is supposed to be: live state, what is bound to what, own services, and prices of our own."""

    live: LiveState
    bindings: Bindings
    book: Book
    recorded: dict[Address, Recorded]


def suppose(desired: DesiredState, *, newcomers: Iterable[CustomerSpec] = (), now: datetime) -> Supposed:
    """As if everything declared ran exactly so at `now`. `newcomers` are declared only by the change: they have nothing
    yet, and those that are to be created are not there."""
    customers: dict[str, LiveCustomer] = {}
    bindings: dict[Address, Binding] = {}
    book: dict[Address, BookEntry] = {}
    recorded: dict[Address, Recorded] = {}
    for key, declared in desired.customers.items():
        spec = declared_today(declared, now).spec
        customer = customers[key] = _customer(spec, now)
        bound = [(line.address, item) for line, item in zip(_running(spec), customer.subscriptions, strict=True)]
        bindings[Address(key)] = _bound(Address(key), spec, customer)
        for address, item in bound:
            bindings[address] = _bound(address, spec, customer, item)
        for service in spec.services:
            if not service.absent:
                book[service.address] = BookEntry(
                    address=service.address, service=service.service, quantity=service.quantity, sell=service.sell
                )
        recorded.update((item.address, item) for item in _records(spec, dict(bound), now))
    absent: dict[str, CustomerAbsent] = {}
    for spec in newcomers:
        if spec.create is not None and spec.tenant is None:
            absent[spec.key] = CustomerAbsent(key=spec.key, read_at=now)
        else:
            customers[spec.key] = _customer(replace(spec, subscriptions=(), azure_plans=()), now)
    digest = digest_of([to_plain(customer) for _key, customer in sorted(customers.items())])
    live = LiveState(customers=customers, absent=absent, unknown={}, as_of=now, digest=digest)
    return Supposed(live=live, bindings=bindings, book=book, recorded=recorded)


def _customer(spec: CustomerSpec, now: datetime) -> LiveCustomer:
    budget = next((plan.budget for plan in spec.azure_plans if plan.budget is not None), None)
    qualification = spec.qualification
    profile = spec.create.profile if spec.create else spec.profile
    return LiveCustomer(
        key=spec.key,
        tenant=spec.tenant or f"offline-{spec.key}",
        name=spec.display_name or (profile.company_name if profile else spec.key),
        domain=spec.create.full_domain if spec.create else "",
        subscriptions=tuple(
            _azure(line, now) if isinstance(line, AzurePlanSpec) else _subscription(line, spec, now)
            for line in _running(spec)
        ),
        agreement="accepted",
        blocked=None,
        profile=profile,
        read_at=now,
        qualifications=(Qualification(name=qualification.name, status="approved"),) if qualification else (),
        budget=budget,
        wanted=frozenset({"qualifications", "budget", "licences"}),
    )


def _running(spec: CustomerSpec) -> Iterator[SubscriptionSpec | AzurePlanSpec]:
    yield from (line for line in spec.subscriptions if not line.absent)
    yield from (plan for plan in spec.azure_plans if not plan.absent)


def _ident(address: Address, named: str | None) -> str:
    return named or f"offline:{address}"


def _subscription(line: SubscriptionSpec, spec: CustomerSpec, now: datetime) -> LiveSubscription:
    owned = line.term is Term.ONCE
    return LiveSubscription(
        id=_ident(line.address, line.id),
        offer=line.offer,
        title="",
        nickname=line.nickname or "",
        seats=line.seats,
        term=line.term,
        billing=line.billing,
        status=Status.SUSPENDED if line.suspended else Status.ACTIVE,
        end_of_term=line.end_of_term or "renew",
        trial=line.trial,
        created=now,
        term_started=now,
        term_ends=None,
        cycle_ends=None,
        policy=_nothing_known(now),
        scheduled=None,
        order_id=f"offline:{line.address}" if owned else None,
        product="perpetual" if owned else "license",
        reseller=spec.reseller.partner_id if spec.reseller else None,
    )


def _azure(plan: AzurePlanSpec, now: datetime) -> LiveSubscription:
    return LiveSubscription(
        id=_ident(plan.address, plan.id),
        offer=None,
        title="",
        nickname="",
        seats=1,
        term=None,
        billing=None,
        status=Status.SUSPENDED if plan.suspended else Status.ACTIVE,
        end_of_term="renew",
        trial=False,
        created=now,
        term_started=now,
        term_ends=None,
        cycle_ends=None,
        policy=_nothing_known(now),
        scheduled=None,
        order_id=None,
        product="azure_plan",
    )


def _nothing_known(now: datetime) -> ChangePolicy:
    """No seats that could come back: which of them are inside a window is known to the provider alone."""
    return ChangePolicy(
        lots=(), cancel_until=None, min_seats=1, max_seats=None, can_schedule=True, busy=None, source="api",
        observed_at=now,
    )  # fmt: skip


def _bound(
    address: Address, spec: CustomerSpec, customer: LiveCustomer, item: LiveSubscription | None = None
) -> Binding:
    return Binding(
        address=address,
        provider=spec.provider,
        tenant=customer.tenant,
        ids=(item.id,) if item is not None else (),
        offer=item.offer if item is not None else None,
    )


def _records(spec: CustomerSpec, bound: dict[Address, LiveSubscription], now: datetime) -> Iterator[Recorded]:
    """Our own prices as charged. One that is a share of another is left out: what it came to is in no manifest."""
    for line in spec.subscriptions:
        item = bound.get(line.address)
        if item is not None and line.relative is None:
            yield Recorded(
                address=line.address, hash=_HASH, subscription=item.id, offer=str(line.offer),
                seats=Decimal(line.seats), term_ends=None, status="running", at=now, provider=line.provider,
                ids=(item.id,), term=line.term, billing=line.billing, sell=line.sell,
            )  # fmt: skip
    for bundle in spec.bundles:
        if bundle.relative is None:
            yield Recorded(
                address=bundle.address, hash=_HASH, subscription=None, offer=None, seats=Decimal(bundle.seats),
                term_ends=None, status="running", at=now, sell=bundle.sell,
            )  # fmt: skip


# ---- what is for sale ----


def supposed_catalogs(desired: Iterable[DesiredState], *, market: str, prices: PriceBook, now: datetime) -> Catalogs:
    """As if every offer that a line names were sold there, on the terms it is declared with. Titles come from the price
    lists; limits, prerequisites and what else the catalogue says are not known."""
    found: dict[tuple[str, str, str], dict[OfferKey, Offer]] = {}
    for state in desired:
        for spec in state.customers.values():
            place = market_of(spec, None) or market
            for line in spec.subscriptions:
                offers = found.setdefault((line.provider, place, spec.segment), {})
                for key in _offers_of(line):
                    offers[key] = _sold(key, line, spec, offers.get(key), prices)
    return {
        place: Catalog(market=place[1], offers=offers, as_of=now, segment=place[2])
        for place, offers in sorted(found.items())
    }


def _offers_of(line: SubscriptionSpec) -> Iterator[OfferKey]:
    yield line.offer
    if line.at_renewal is not None and line.at_renewal.offer is not None:
        yield line.at_renewal.offer
    if line.renews_to is not None and line.renews_to.offer is not None:
        yield line.renews_to.offer


def _sold(key: OfferKey, line: SubscriptionSpec, spec: CustomerSpec, known: Offer | None, prices: PriceBook) -> Offer:
    ways = {OfferTerm(term=line.term, billing=line.billing)}
    for wish in (line.at_renewal, line.renews_to):
        if wish is not None:
            ways.add(OfferTerm(term=wish.term or line.term, billing=wish.billing or line.billing))
    rows = (row for item in prices.lists for row in item.rows.get(key, ()))
    return Offer(
        key=key,
        title=known.title if known else next((row.title for row in rows if row.title), str(key)),
        min_seats=1,
        max_seats=None,
        terms=tuple(sorted({*ways, *(known.terms if known else ())})),
        segment=spec.segment,
        trial=line.trial and key == line.offer,
        addon=line.addon_of is not None and key == line.offer,
        product="perpetual" if line.term is Term.ONCE else "license",
    )
