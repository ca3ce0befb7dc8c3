"""Our own prices in a plan: shares of another price are resolved first of all, and what changed is planned as such.

Our price may change on any day. What the books last said of an address is compared with what is declared; a difference
is an operation of its own in our own books, before anything else that happens to the line, so that seats added in the
same plan are sold at the new price and the record of the change says what all the others pay. An address the books know
nothing of has nothing to change: its first record says its price.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from cspdecl.commerce.prices import UnknownPrice, find_price, market_of, price_of_line, prices_in, sell_exact
from cspdecl.commerce.selling import Sell, change_words, fixed_words, resolve_sell, rule_words, same_price
from cspdecl.core.action import Reprice
from cspdecl.core.address import Address
from cspdecl.core.desired import BundleInstance, CustomerSpec, RelativeSell, SellRule, SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, warning
from cspdecl.core.live import Binding, LiveCustomer, LiveSubscription
from cspdecl.core.money import ExactMoney, Money, Rounding
from cspdecl.core.operation import Guard, LineContext, Operation, PriceDelta, Reason
from cspdecl.core.project import UnitPrice
from cspdecl.core.records import BookEntry
from cspdecl.core.terms import BillingCycle
from cspdecl.planning.context import bundle_of, context_of_line, context_of_service
from cspdecl.planning.match import Pair
from cspdecl.planning.money import margin
from cspdecl.planning.rows import Row
from cspdecl.planning.sentences import percent, signed
from cspdecl.planning.sequence import Sequence as Operations
from cspdecl.planning.world import World

_OURS = Guard(tenant=None)
Price = UnitPrice | UnknownPrice


@dataclass(slots=True)
class Resolved:
    """One customer with every price of ours as an amount. `sells`: how each came about, by address; `unknown`: why one
    cannot be told; `costs`: what a line costs a month, where that is known."""

    spec: CustomerSpec
    pairs: list[Pair]
    sells: dict[Address, Sell] = field(default_factory=dict)
    unknown: dict[Address, str] = field(default_factory=dict)
    costs: dict[Address, ExactMoney | None] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def resolve_prices(world: World, spec: CustomerSpec, pairs: Sequence[Pair]) -> Resolved:
    """Every price of ours that is a share of another, as an amount a seat. `world.prices` are the customer's own."""
    out = Resolved(spec=spec, pairs=list(pairs))
    for index, pair in enumerate(out.pairs):
        line = pair.spec
        if line.relative is None:
            out.sells[line.address] = Sell(rule=line.sell, basis=fixed_words(line.sell))
            continue
        price = _price(world, pair.live, line, spec.segment)
        found = out.sells[line.address] = resolve_sell(None, line.relative, price)
        out.pairs[index] = replace(pair, spec=replace(line, sell=found.rule))
        _note_unknown(out, found, line.address, line)
    bundles = tuple(_bundle(world, out, bundle) for bundle in spec.bundles)
    if bundles != spec.bundles:
        out.spec = replace(spec, bundles=bundles)
    return out


def _note_unknown(out: Resolved, found: Sell, address: Address, place: SubscriptionSpec | BundleInstance) -> None:
    if found.unknown is None:
        return
    out.unknown[address] = found.unknown
    out.diagnostics.append(
        warning(
            "CSP620",
            f"our price is a share of another that is not known: {found.unknown}",
            origin=place.origin.at("sell"),
            address=str(address),
            hint="import the price list it needs, or write a fixed price (`perSeat`)",
        )
    )


def _price(world: World, live: LiveSubscription | None, line: SubscriptionSpec, segment: str) -> Price:
    if live is not None:
        return price_of_line(world.prices, line, live, segment=segment)
    return find_price(
        world.prices, offer=line.offer, term=line.term, billing=line.billing, segment=segment, at=world.now,
        seats=(line.seats,),
    )  # fmt: skip


# ---- a bundle's price as a share of its parts ----


def _bundle(world: World, out: Resolved, bundle: BundleInstance) -> BundleInstance:
    if bundle.relative is None:
        out.sells[bundle.address] = Sell(rule=bundle.sell, basis=fixed_words(bundle.sell))
        return bundle
    found = out.sells[bundle.address] = _share_of_parts(world, out, bundle, bundle.relative)
    _note_unknown(out, found, bundle.address, bundle)
    return replace(bundle, sell=found.rule)


def _share_of_parts(world: World, out: Resolved, bundle: BundleInstance, relative: RelativeSell) -> Sell:
    """A bundle seat's price: what its parts without a price of their own amount to, for one bundle seat.

    Own services cost nothing that any list knows, so they are in neither sum.
    """
    if not bundle.seats:
        return Sell(rule=None)
    total, parts = ExactMoney(Fraction(0), relative.currency), list[str]()
    for pair in out.pairs:
        line = pair.spec
        if line.address not in bundle.components or line.sell is not None or line.relative is not None or line.absent:
            continue
        one = resolve_sell(None, relative, _price(world, pair.live, line, out.spec.segment))
        if one.exact is None:
            return one
        total = total + ExactMoney(one.exact * Fraction(line.seats, bundle.seats), relative.currency)
        parts.append(line.address.name)
    if not parts:
        return Sell(rule=None, unknown="no part of the bundle has a price it could be a share of")
    rounded = total.rounded(Rounding.HALF_UP)
    return Sell(
        rule=SellRule(
            per_seat=rounded.amount, currency=rounded.currency, every=relative.every, allocate=relative.allocate
        ),
        basis=f"a share of {', '.join(parts)}: exactly {total.value} a bundle seat and {relative.every}",
        exact=total.value,
    )


# ---- what changed ----


def as_recorded(world: World, spec: CustomerSpec, live: LiveCustomer, bound: Mapping[Address, Binding]) -> bool:
    """Whether the books charge what is declared, for a customer whose lines are all bound: cheap, asked for each."""
    recorded, running = world.recorded, None
    if not recorded:
        return True
    for line in spec.subscriptions:
        last = recorded.get(line.address)
        if last is None or last.status == "ended":
            continue
        rule = line.sell
        if line.relative is not None:
            if running is None:
                running = {item.id: item for item in live.subscriptions}
                world = replace(world, prices=prices_in(world.prices, market_of(spec, live)))
            price = _price(world, running.get(bound[line.address].ids[-1]), line, spec.segment)
            found = resolve_sell(None, line.relative, price)
            if found.unknown is not None:
                continue
            rule = found.rule
        if not same_price(last.sell, rule):
            return False
    return all(
        bundle.relative is None
        and ((last := recorded.get(bundle.address)) is None or same_price(last.sell, bundle.sell))
        for bundle in spec.bundles
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Repriced:
    """A change of our price for one address: the operations, and how it reads with and without our cost."""

    operations: tuple[str, ...]
    notes: tuple[tuple[str, str], ...]
    preview: PriceDelta


def plan_reprices(
    world: World, resolved: Resolved, sequence: Operations, *, book: Iterable[BookEntry] = ()
) -> dict[Address, Repriced]:
    """The operations for every price that is not what the books say, by the address whose record will tell it."""
    found: dict[Address, Repriced] = {}
    spec = resolved.spec
    now_paid = _costs(world, resolved) if world.recorded else {}
    seats: dict[Address, int] = {}
    for pair in resolved.pairs:  # a line may stand for two subscriptions
        seats[pair.spec.address] = seats.get(pair.spec.address, 0) + (pair.live.seats if pair.live else 0)
    for pair in resolved.pairs:
        line, last = pair.spec, world.recorded.get(pair.spec.address)
        if pair.live is None or pair.how != "bound" or last is None or last.status == "ended" or line.absent:
            continue
        if line.address not in resolved.unknown and line.address not in found:
            cost = now_paid.get(line.address)
            context = context_of_line(line, spec, offer_title=pair.live.title)
            sell = resolved.sells[line.address]
            _add(found, sequence, line.address, last.sell, sell, seats[line.address], cost, context)
    services = {service.address: service for service in spec.services}
    for entry in book:
        service = services.get(entry.address)
        if service is not None and entry.quantity and not service.absent:
            sell = Sell(rule=service.sell, basis=fixed_words(service.sell))
            context = context_of_service(service, bundle_of(service, spec))
            _add(found, sequence, entry.address, entry.sell, sell, entry.quantity, None, context)
    for bundle in spec.bundles:
        _bundle_reprice(world, resolved, bundle, now_paid, sequence, found)
    return found


def _bundle_reprice(
    world: World, resolved: Resolved, bundle: BundleInstance, paid: Mapping[Address, ExactMoney | None],
    sequence: Operations, found: dict[Address, Repriced],
) -> None:  # fmt: skip
    last, anchor = world.recorded.get(bundle.address), world.recorded.get(bundle.anchor)
    if last is None or anchor is None or "ended" in (last.status, anchor.status) or bundle.address in resolved.unknown:
        return
    context = _anchor_context(resolved, bundle)
    if context is None:
        return
    priced_alone = {pair.spec.address for pair in resolved.pairs if pair.spec.sell is not None}
    parts = [paid[one] for one in bundle.components if one in paid and one not in priced_alone]
    cost = None if not parts or None in parts else sum_exact(item for item in parts if item is not None)
    _add(found, sequence, bundle.anchor, last.sell, resolved.sells[bundle.address], int(last.seats), cost, context,
         bundle=bundle.address)  # fmt: skip


def _anchor_context(resolved: Resolved, bundle: BundleInstance) -> LineContext | None:
    for pair in resolved.pairs:
        if pair.spec.address == bundle.anchor:
            bound = pair.live is not None and pair.how == "bound" and not pair.spec.absent
            title = pair.live.title if pair.live else None
            return context_of_line(pair.spec, resolved.spec, offer_title=title) if bound else None
    for service in resolved.spec.services:
        if service.address == bundle.anchor and not service.absent:
            return context_of_service(service, bundle)
    return None


def _costs(world: World, resolved: Resolved) -> dict[Address, ExactMoney | None]:
    """What every running line costs a month; None where that is not known."""
    out: dict[Address, ExactMoney | None] = {}
    for pair in resolved.pairs:
        if pair.live is not None:
            price = price_of_line(world.prices, pair.spec, pair.live, segment=resolved.spec.segment)
            known = isinstance(price, UnitPrice) and price.billing.months
            share = Fraction(pair.live.seats, price.billing.months) if isinstance(price, UnitPrice) and known else None
            month = price.cycle_price.exact() * share if isinstance(price, UnitPrice) and share is not None else None
            others = out.get(pair.spec.address, ExactMoney(Fraction(0), month.currency) if month else None)
            out[pair.spec.address] = month + others if month is not None and others is not None else None
    return out


def _add(
    found: dict[Address, Repriced], sequence: Operations, address: Address, before: SellRule | None, sell: Sell,
    seats: int, cost: ExactMoney | None, context: LineContext, *, bundle: Address | None = None,
) -> None:  # fmt: skip
    after = sell.rule
    if same_price(before, after):
        return
    preview = _preview(before, after, seats, cost, sell.basis)
    whose = "the bundle's price" if bundle is not None else "our price"
    ident = sequence.add(
        address,
        Reprice(before=before, after=after, seats=seats, bundle=bundle, basis=sell.basis),
        reason=Reason(code="reprice", text=f"{whose} is {rule_words(after)}; the books have {rule_words(before)}"),
        guard=_OURS,
        context=context,
        preview=preview,
    )
    last = found.get(address)
    change = f" ({signed(preview.sell)} a {preview.sell_every})" if preview.sell is not None else ""
    public = f"{whose} {change_words(before, after)} from now on{change}"
    margin_words = _margin_words(preview) if context.provider is not None or bundle is not None else ""
    found[address] = Repriced(
        operations=(*(last.operations if last else ()), ident),
        notes=(*(last.notes if last else ()), (public + margin_words, public)),
        preview=preview,
    )


def _preview(
    before: SellRule | None, after: SellRule | None, seats: int, cost: ExactMoney | None, basis: str
) -> PriceDelta:
    currency = (after or before or SellRule(per_seat=0, currency="EUR", every="month")).currency  # type: ignore[arg-type]
    old, new = _month(before, seats), _month(after, seats)
    same = old is None or new is None or old.currency == new.currency
    every = "year" if all(rule is None or rule.every == "year" for rule in (before, after)) else "month"
    delta = None
    if same:
        zero = ExactMoney(Fraction(0), currency)
        delta = ((new or zero) + -(old or zero)) * (12 if every == "year" else 1)
    return PriceDelta(
        cycle=BillingCycle.MONTHLY,
        cost_cycle=Money.zero(currency),
        sell=delta.rounded(Rounding.HALF_UP) if delta is not None else None,
        sell_every=every,  # type: ignore[arg-type]
        basis=f"{basis or 'no price is declared'}; from now on, what was charged already stays",
        margin_before=margin(old, cost),
        margin_after=margin(new, cost),
        sell_unknown=None if same else "the old and the new price are in different currencies",
    )


def _month(rule: SellRule | None, seats: int) -> ExactMoney | None:
    return sell_exact(rule, seats) * Fraction(1, 12 if rule.every == "year" else 1) if rule is not None else None


def sum_exact(amounts: Iterable[ExactMoney]) -> ExactMoney | None:
    """The sum; None where there is nothing, or more than one currency."""
    given = list(amounts)
    if not given or len({item.currency for item in given}) > 1:
        return None
    total = given[0]
    for item in given[1:]:
        total = total + item
    return total


def _margin_words(preview: PriceDelta) -> str:
    if preview.margin_after is None:
        return ", margin unknown"
    was = f" (was {percent(preview.margin_before)})" if preview.margin_before is not None else ""
    return f", margin {percent(preview.margin_after)}{was}"


def mark_unknown(resolved: Resolved, operations: Iterable[Operation]) -> list[Operation]:
    """Operations whose line has a price of ours that cannot be told say so: nothing takes it for none."""
    return [_marked(resolved.unknown, operation) for operation in operations]


def mark_rows(resolved: Resolved, rows: Iterable[Row]) -> list[Row]:
    """The same for the rows that are printed."""
    return [
        replace(row, preview=replace(row.preview, sell_unknown=why))
        if row.preview is not None and (why := resolved.unknown.get(row.address)) is not None
        else row
        for row in rows
    ]


def _marked(unknown: Mapping[Address, str], operation: Operation) -> Operation:
    context, preview = operation.context, operation.preview
    why = unknown.get(operation.address)
    if why is None and context.anchor and context.bundle_instance is not None:
        why = unknown.get(context.bundle_instance)
    if why is None or preview is None:
        return operation
    return replace(operation, preview=replace(preview, sell_unknown=why))
