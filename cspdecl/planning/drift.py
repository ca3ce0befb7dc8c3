"""What somebody else changed: live state against what our own last operation left, as far as it is not as declared.

A record of what was only seen changes nothing here: what drifted stays drift until it is put right or declared. What
is declared and not applied yet is the plan's business, and a change made elsewhere that equals the declaration needs
nothing any more; neither is drift. Nor is a renewal, a schedule of ours or a declared extension that came true.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime

from cspdecl.commerce.words import day, seats
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import CustomerSpec, DesiredState
from cspdecl.core.live import Bindings, LiveCustomer, LiveState, LiveSubscription
from cspdecl.planning.compare import plain_name
from cspdecl.planning.dated import declared_today
from cspdecl.planning.drift_lines import azure_drift, line_drift
from cspdecl.planning.drift_pending import pending_of
from cspdecl.planning.drift_values import Drift, Kind, Remembered, Renamed

_GONE = "the provider says that there is no reseller relationship with this customer any more"


def find_drift(
    *, desired: DesiredState, live: LiveState, bindings: Bindings, remembered: Remembered, now: datetime
) -> tuple[Drift, ...]:
    """All that counts as drift, by address: changed outside, missing, bought elsewhere, and customers that were lost.

    A customer that could not be read has no finding: nothing is known about it.
    """
    bound = _bound(bindings)
    out: list[Drift] = list(_lost(desired, live, bound))
    for key, customer in sorted(live.customers.items()):
        spec = desired.customers.get(key)
        if spec is None or not customer.related:
            continue
        spec = declared_today(spec, now).spec
        by_id = {item.id: item for item in customer.subscriptions}
        reseller = spec.reseller.partner_id if spec.reseller is not None else None
        for line in spec.subscriptions:
            binding = bindings.get(line.address)
            if binding is not None:
                out += line_drift(line, binding.ids, remembered, by_id, now, reseller=reseller)
        for plan in spec.azure_plans:
            binding = bindings.get(plan.address)
            if binding is not None:
                out += azure_drift(plan, binding.ids, remembered, by_id, budget=customer.budget, reseller=reseller)
        if key in remembered.since:
            taken = bound.get(key, set()) | remembered.ids
            for item in _loose(spec, customer, taken, bindings):
                if item.created > remembered.since[key]:
                    out.append(_new(spec, item, "unmanaged-new"))
    return tuple(sorted(out, key=_order))


def find_beside(
    *,
    desired: DesiredState,
    live: LiveState,
    bindings: Bindings,
    remembered: Remembered,
    drift: Iterable[Drift],
    now: datetime,
    unmanaged: AbstractSet[str] = frozenset(),
) -> tuple[Drift, ...]:
    """What a drift run tells beside `drift`: what is pending, what is unmanaged and ran before us, who was not read.

    `unmanaged`: what a plan of the same reading says of it, as customer/id.
    """
    found = tuple(drift)
    lost = {item.address.customer for item in found if item.kind == "lost"}
    shown = {item.subscription for item in found if item.kind == "unmanaged-new"}
    touched: dict[Address, set[str]] = {}
    for item in found:
        touched.setdefault(item.address, set()).add(item.field)
    out: list[Drift] = []
    for key, customer in sorted(live.customers.items()):
        whole = desired.customers.get(key)
        if whole is None or key in lost:
            continue
        spec = declared_today(whole, now).spec
        by_id = {item.id: item for item in customer.subscriptions}
        for line in spec.subscriptions:
            ids = bindings[line.address].ids if line.address in bindings else ()
            out += pending_of(line, ids, remembered, by_id, now, touched=touched.get(line.address, set()))
        loose = (item for item in customer.subscriptions if f"{key}/{item.id}" in unmanaged and item.id not in shown)
        out += [_new(spec, item, "unmanaged") for item in loose]
    for key, failure in sorted(live.unknown.items()):
        if key not in lost:
            out.append(_customer(desired, key, "unreadable", failure.message))
    return tuple(sorted(out, key=_order))


def find_renamed(
    *, desired: DesiredState, live: LiveState, bindings: Bindings, names: Mapping[str, str]
) -> tuple[Renamed, ...]:
    """Names changed elsewhere where no `nickname` is declared, as far as the name before is known."""
    out: list[Renamed] = []
    for key, customer in sorted(live.customers.items()):
        spec = desired.customers.get(key)
        lines = {line.address: line for line in spec.subscriptions} if spec else {}
        running = {item.id: item for item in customer.subscriptions if item.status.running}
        for line in lines.values():
            binding = bindings.get(line.address)
            for ident in binding.ids if binding is not None and line.nickname is None else ():
                if ident not in running or ident not in names:
                    continue
                was, name = plain_name(names[ident]), plain_name(running[ident].nickname)
                if was != name:
                    out.append(Renamed(address=line.address, was=was, live=name))
    return tuple(sorted(out, key=lambda item: item.address))


def _order(item: Drift) -> tuple[Address, str, str]:
    return (item.address, item.field, item.subscription or "")


def _bound(bindings: Bindings) -> dict[str, set[str]]:
    bound: dict[str, set[str]] = {}
    for each in bindings.values():
        bound.setdefault(each.address.customer, set()).update(each.ids)
    return bound


def _lost(desired: DesiredState, live: LiveState, bound: Mapping[str, AbstractSet[str]]) -> Iterable[Drift]:
    """Customers we managed and that are ours no more: removed, transferred, or gone from the provider's list.

    Only what the provider answered counts; a tenant that was never ours is a mistake in a manifest, not a loss.
    """
    for key, failure in sorted(live.unknown.items()):
        if failure.stranger and key in bound:
            yield _customer(desired, key, "lost", f"{_GONE}: {failure.message}")
    for key in sorted(live.absent):
        if key in bound:
            yield _customer(desired, key, "lost", "the provider does not list this customer any more")
    for key, customer in sorted(live.customers.items()):
        if not customer.related and key in bound:
            yield _customer(desired, key, "lost", _GONE)


def _customer(desired: DesiredState, key: str, kind: Kind, text: str) -> Drift:
    spec = desired.customers.get(key)
    lost = kind == "lost"
    return Drift(
        address=Address(key), kind=kind, field="customer", was="ours" if lost else None,
        declared="ours" if spec is not None else None, live="not ours" if lost else None, text=text,
        origin=spec.origin if spec is not None else None,
    )  # fmt: skip


def _loose(
    spec: CustomerSpec, customer: LiveCustomer, taken: AbstractSet[str], bindings: Bindings
) -> Iterable[LiveSubscription]:
    """What runs and nothing stands for: neither bound nor named by a line, nor what an unbound line may adopt."""
    wanted = _open_offers(spec, bindings)
    named = {line.id for line in spec.subscriptions if line.id}
    for item in customer.subscriptions:
        if item.id in taken or item.id in named or item.offer in wanted or not item.status.running:
            continue
        if item.product == "azure_plan" and any(plan.address not in bindings for plan in spec.azure_plans):
            continue  # the plan takes it over
        yield item


def _new(spec: CustomerSpec, item: LiveSubscription, kind: Kind) -> Drift:
    """A subscription that nobody declared, until it is adopted or declared."""
    what = "a trial" if item.trial else "an order" if item.product == "azure_plan" else seats(item.seats)
    how = "bought elsewhere" if kind == "unmanaged-new" else "not managed here, bought"
    return Drift(
        address=Address(spec.key, (item.id,)),
        kind=kind,
        field="subscription",
        was=None,
        declared=None,
        live=f"{item.offer or item.title}, {seats(item.seats)}",
        text=f"{what} of {item.title} ({item.offer or 'no product:SKU'}), {how} on {day(item.created)}",
        subscription=item.id,
        origin=spec.origin,
    )


def _open_offers(spec: CustomerSpec, bindings: Bindings) -> AbstractSet[OfferKey]:
    return {line.offer for line in spec.subscriptions if line.address not in bindings and not line.absent}
