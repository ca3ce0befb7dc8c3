"""A price list tried on the estate: cost, our price and margin before and after, before any of it is in force.

A list change reaches a running subscription only when it renews (contract §9.2, 2023-10), so both are told: the full
effect, once every term has renewed, and from which renewal on it comes about. Seats are those that run now. A list
that is only announced is never a price for anything else; what is not known is counted, never nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Literal

from cspdecl.commerce.prices import UnknownPrice, market_of, price_of_line, prices_in
from cspdecl.commerce.words import day
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.dated import on_day
from cspdecl.core.desired import BundleInstance, CustomerSpec, DesiredState, SubscriptionSpec
from cspdecl.core.live import Bindings, LiveCustomer, LiveState, LiveSubscription, Status
from cspdecl.core.money import ExactMoney
from cspdecl.core.operation import Verdict
from cspdecl.core.project import PriceBook, Project, UnitPrice
from cspdecl.core.terms import add_months, at_midnight
from cspdecl.planning.bundles import seats_billed
from cspdecl.planning.match import Pair
from cspdecl.planning.money import margin
from cspdecl.planning.rehearsal_margins import judge
from cspdecl.planning.rehearsal_values import CustomerEffect, Group, Line, Rehearsal, Side, Step, add_sides
from cspdecl.planning.reprice import resolve_prices
from cspdecl.planning.safety import margin_floor
from cspdecl.planning.world import World

__all__ = ["Verdict", "rehearse"]

_NO_RENEWAL = {"cancel": "it ends with its term", "unset": "what follows its term is undecided"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Books:
    """The lists as they are, and the one that is tried, both of all markets; `at`: from when the latter would hold."""

    current: PriceBook
    tried: PriceBook
    at: datetime


def rehearse(
    *, project: Project, desired: DesiredState, live: LiveState, bindings: Bindings, current: PriceBook,
    tried: PriceBook, at: datetime, now: datetime,
) -> Rehearsal:  # fmt: skip
    """Try `tried`, a book that holds nothing but the list in question, from `at` on."""
    books = _Books(current=current, tried=tried, at=at)
    groups: list[Group] = []
    names: dict[str, str] = {}
    for key, there in live.customers.items():
        spec = desired.customers.get(key)
        if spec is not None:
            names[key] = there.name
            groups += _customer(project, _today(spec, now), there, bindings, books, now)
    floor = margin_floor(project.guardrails)
    judged = sorted((replace(item, **judge(item, floor)) for item in groups), key=_order)
    before, after = add_sides(item.before for item in judged), add_sides(item.after for item in judged)
    return Rehearsal(
        project=project.name,
        lists=tuple(tried.lists),
        at=at,
        now=now,
        as_of=live.as_of,
        floor=floor,
        groups=tuple(judged),
        customers=_customers(judged, names),
        before=before,
        after=after,
        steps=_steps(judged),
        unread={key: failure.message for key, failure in live.unknown.items()},
    )


def _today(spec: CustomerSpec, now: datetime) -> CustomerSpec:
    return replace(
        spec,
        subscriptions=tuple(on_day(line, now.date()) for line in spec.subscriptions),
        bundles=tuple(on_day(bundle, now.date()) for bundle in spec.bundles),
    )


def _order(item: Group) -> tuple[object, ...]:
    rise = item.rise
    return (not item.below, not item.doubtful, -(rise.value if rise else Fraction(0)), str(item.address))


def _customers(groups: Iterable[Group], names: Mapping[str, str]) -> tuple[CustomerEffect, ...]:
    found: dict[str, list[Group]] = {}
    for group in groups:
        found.setdefault(group.address.customer, []).append(group)
    return tuple(
        CustomerEffect(
            key=key,
            name=names.get(key, key),
            before=add_sides(item.before for item in members),
            after=add_sides(item.after for item in members),
        )
        for key, members in sorted(found.items())
    )


def _steps(groups: Iterable[Group]) -> tuple[Step, ...]:
    """By the month of the renewal: how much more everything costs a month from then on."""
    sums: dict[tuple[str, str], Fraction] = {}
    for line in (line for group in groups for line in group.lines):
        if (
            line.reached is not None
            and line.before is not None
            and line.after is not None
            and line.after != line.before
        ):
            name = (day(line.reached)[:7], line.after.currency)
            sums[name] = sums.get(name, Fraction(0)) + line.after.value - line.before.value
    steps, running = [], dict[str, Fraction]()
    for (month, currency), change in sorted(sums.items()):
        running[currency] = running.get(currency, Fraction(0)) + change
        steps.append(
            Step(month=month, change=ExactMoney(change, currency), so_far=ExactMoney(running[currency], currency))
        )
    return tuple(steps)


# ---- one customer ----


def _customer(
    project: Project, spec: CustomerSpec, there: LiveCustomer, bindings: Bindings, books: _Books, now: datetime
) -> list[Group]:
    market = market_of(spec, there)
    current, tried = prices_in(books.current, market), prices_in(books.tried, market)
    pairs = [Pair(spec=line, live=item, how="bound") for line, item in _running(spec, there, bindings)]
    renewed = [replace(pair, live=_renewed(pair.live, books.at)) for pair in pairs if pair.live is not None]
    before = resolve_prices(_world(project, current, now), spec, pairs)
    after = resolve_prices(_world(project, tried, now), spec, renewed)
    lines: dict[Address, list[Line]] = {}
    for old, new in zip(before.pairs, after.pairs, strict=True):
        if old.live is None or new.live is None:
            continue
        place = old.spec.bundle.instance if old.spec.bundle else old.spec.address
        lines.setdefault(place, []).append(_line(old, new, current, tried, spec.segment, books.at))
    bundles = {item.address: (item, other) for item, other in zip(before.spec.bundles, after.spec.bundles, strict=True)}
    return [_group(place, members, bundles.get(place), spec, pairs) for place, members in lines.items()]


def _running(
    spec: CustomerSpec, there: LiveCustomer, bindings: Bindings
) -> Iterable[tuple[SubscriptionSpec, LiveSubscription]]:
    by_id = {item.id: item for item in there.subscriptions if item.status.running and not item.trial}
    for line in spec.subscriptions:
        binding = bindings.get(line.address)
        for ident in binding.ids if binding else (line.id,):
            item = by_id.get(ident or "")
            if item is not None and item.billing is not None and item.billing.months is not None:
                yield line, item


def _renewed(item: LiveSubscription, at: datetime) -> LiveSubscription:
    """The subscription as if its term had begun at `at`: its promotion, if any, ends with the term."""
    return replace(item, term_started=at, promotion=None)


def _world(project: Project, prices: PriceBook, now: datetime) -> World:
    return World(project=project, catalogs={}, prices=prices, last_hashes={}, capabilities={}, now=now)


def _line(old: Pair, new: Pair, current: PriceBook, tried: PriceBook, segment: str, at: datetime) -> Line:
    live, renewed = old.live, new.live
    if live is None or renewed is None:
        raise ValueError(f"{old.spec.address} stands for nothing that runs")
    price = price_of_line(current, old.spec, live, segment=segment)
    later = price_of_line(tried, new.spec, renewed, segment=segment)
    reached, why = _reached(live, at)
    if reached is None:
        later = price
    sell, resold = _sell(old, live.seats), _sell(new if reached else old, live.seats)
    notes = [] if reached else [why]
    if live.scheduled is not None and reached:
        notes.append("something else is scheduled for its renewal; this is for what runs now")
    if live.promotion is not None and reached:
        notes.append(f"promotion {live.promotion} ends with the term")
    return Line(
        address=old.spec.address,
        title=old.spec.display_name or live.title,
        subscription=live.id,
        offer=live.offer or OfferKey("", ""),
        seats=live.seats,
        unit_before=price if isinstance(price, UnitPrice) else None,
        unit_after=later if isinstance(later, UnitPrice) else None,
        before=_month(price, live.seats),
        after=_month(later, live.seats),
        sell_before=sell,
        sell_after=resold,
        sell_unknown=old.spec.sell is None and old.spec.relative is not None,
        sell_unknown_after=new.spec.sell is None and new.spec.relative is not None and reached is not None,
        reached=reached,
        unknown_before=price.reason if isinstance(price, UnknownPrice) else None,
        unknown_after=later.reason if isinstance(later, UnknownPrice) else None,
        notes=tuple(notes),
    )


def _reached(live: LiveSubscription, at: datetime) -> tuple[datetime | None, str]:
    """The first renewal on or after `at`, or why there will be none."""
    if live.term_ends is None or live.term is None or not live.term.months:
        return None, "it has no term that could renew"
    if live.status is Status.SUSPENDED:
        return None, "it is suspended"
    if live.end_of_term in _NO_RENEWAL:
        return None, _NO_RENEWAL[live.end_of_term]
    first, index = live.term_ends, 0
    renewal = first
    while renewal < at:
        index += 1
        renewal = at_midnight(add_months(first.date(), index * live.term.months))
    return renewal, ""


def _month(price: UnitPrice | UnknownPrice, seats: int) -> ExactMoney | None:
    if isinstance(price, UnknownPrice):
        return None
    return price.cycle_price.exact() * Fraction(seats, price.billing.months or 1)


def _sell(pair: Pair, seats: int) -> ExactMoney | None:
    rule = pair.spec.sell
    if rule is None:
        return None
    return ExactMoney(Fraction(rule.per_seat) * seats / (12 if rule.every == "year" else 1), rule.currency)


# ---- what is sold as one ----


def _group(
    place: Address, members: list[Line], bundle: tuple[BundleInstance, BundleInstance] | None, spec: CustomerSpec,
    pairs: list[Pair],
) -> Group:  # fmt: skip
    own: Literal["before", "after"]
    sides = []
    for own in ("before", "after"):
        costs = [getattr(line, own) for line in members]
        sells = [getattr(line, f"sell_{own}") for line in members]
        if bundle is not None:
            sells.append(_bundle_month(bundle[own == "after"], spec, pairs))
        unknown = [line.unknown_before if own == "before" else line.unknown_after for line in members]
        lacking = [line.sell_unknown if own == "before" else line.sell_unknown_after for line in members]
        sides.append(Side.of(costs, sells, [text for text in unknown if text], sell_unknown=any(lacking)))
    return Group(
        address=place,
        title=bundle[0].display_name if bundle else members[0].title,
        is_bundle=bundle is not None,
        lines=tuple(members),
        before=sides[0],
        after=sides[1],
        margin_before=margin(sides[0].sell, sides[0].cost),
        margin_after=margin(sides[1].sell, sides[1].cost),
    )


def _bundle_month(bundle: BundleInstance, spec: CustomerSpec, pairs: list[Pair]) -> ExactMoney | None:
    """The bundle's own price a month, for the seats its anchor has."""
    if bundle.sell is None:
        return None
    anchor = next((pair for pair in pairs if pair.spec.address == bundle.anchor), None)
    billed = bundle.seats
    if anchor is not None and anchor.live is not None:
        billed = seats_billed(anchor.spec, bundle, anchor.live.seats)
    months = 12 if bundle.sell.every == "year" else 1
    return ExactMoney(Fraction(bundle.sell.per_seat) * billed / months, bundle.sell.currency)
