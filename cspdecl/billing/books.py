"""Records of our own books: own services, lines taken over, let go and renamed, our own price. Nothing is charged for
them by anybody else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cspdecl.billing.maker import Maker
from cspdecl.billing.money import sell_cycle, with_sell, with_unknown
from cspdecl.billing.parts import cost_of, nothing, part_of
from cspdecl.billing.reprice import in_force, with_bundle_reprice, with_reprice
from cspdecl.billing.state import with_quantity, with_subscription
from cspdecl.core.action import Adopt, BookService, Rebind, Reprice
from cspdecl.core.digest import digest_of
from cspdecl.core.live import LiveSubscription
from cspdecl.core.records import BillingChange, Part


def record_service(maker: Maker, action: BookService) -> BillingChange:
    """An own service booked or taken back: our price for the days left of its month or year."""
    verb = "booked" if action.after > action.before else "taken back"
    basis = f"{abs(action.after - action.before)} × {action.service} {verb}: {action.before} → {action.after}"
    change = with_quantity(maker.base("own", basis, maker.recorded_at), action.before, action.after)
    if not action.after:
        change = replace(change, state="ended")
    on, line = maker.recorded_at.date(), maker.operation.context
    if line.sell is not None:
        cycle = sell_cycle(line.sell.every, None, on)
        change = with_sell(change, line.sell, wiped=action.before, charged=action.after, cycle=cycle, on=on)
    return maker.finished(change, None, on)


def record_opening(maker: Maker, action: Adopt) -> BillingChange:
    """A line taken over: an opening balance with what it costs a cycle, which charges nothing."""
    found = maker.adopted(action)
    primary = found[-1] if found else None
    seats = sum(item.seats for item in found)
    if not action.ids:
        return maker.base(
            "own", "an existing customer is managed from here on", maker.recorded_at, tenant=action.tenant
        )
    basis = f"opening balance: {seats} seats ran already when this was taken over, which charges nothing"
    change = maker.base("own", basis, maker.recorded_at, tenant=action.tenant)
    change = with_subscription(with_quantity(change, 0, seats), primary, action.ids)
    if len(found) < len(action.ids):
        change = with_unknown(change, "not every adopted subscription was read, so the quantity may be larger")
    parts = opening_parts(maker, found)
    if primary is not None:
        change = replace(maker.priced(change, primary), recurring_cost_delta=cost_of(parts))
    change = with_sell(change, maker.operation.context.sell, wiped=0, charged=0, cycle=None, on=change.time.date())
    if primary is not None and primary.trial and change.recurring_sell_delta is not None:
        change = replace(change, recurring_sell_delta=nothing(change.recurring_sell_delta.currency))
    return maker.finished(change, primary, None, own=parts)


def opening_parts(maker: Maker, found: Iterable[LiveSubscription]) -> tuple[Part, ...]:
    """Subscriptions as they begin in the books, each at its price."""
    parts = []
    for item in found:
        price = maker.price(item)
        part = part_of(item, price, kind=maker.kind_of(item), anchor=maker.anchor(item))
        if item.trial:
            part = replace(part, cost_unit_list=nothing(maker.context.currency))
        parts.append(part)
    return tuple(parts)


def record_closing(maker: Maker) -> BillingChange:
    """A line let go: its books are closed."""
    seats = maker.recorded_seats()
    basis = f"no longer managed here: {seats} seats go on as they are, and are recorded no further"
    change = maker.base("own", basis, maker.recorded_at)
    change = with_subscription(with_quantity(change, seats, 0), maker.before, maker.ids(maker.before))
    change = maker.out_of_the_books(replace(change, state="ended"), maker.operation.address)
    return maker.finished(change, maker.before, None)


def record_move(maker: Maker, action: Rebind) -> tuple[BillingChange, ...]:
    """A line renamed: the books of the old name are closed, those of the new one opened."""
    seats, target = maker.recorded_seats(action.source), maker.operation.address
    ids = action.ids
    leaving = with_quantity(
        maker.base("own", f"renamed to {target}, which charges nothing", maker.recorded_at), seats, 0
    )
    leaving = replace(
        with_subscription(leaving, maker.before, ids),
        id=digest_of(["moved", maker.operation.id, str(action.source)]),
        address=action.source,
        component_id=action.source.name,
        causation_id=maker.operation.id,
        moved_to=target,
        state="ended",
        bundle_id=None,
        bundle_version=None,
        bundle_instance=None,
        bundle_anchor=False,
    )
    leaving = maker.out_of_the_books(leaving, action.source)
    arriving = with_quantity(
        maker.base("own", f"was {action.source}, which charges nothing", maker.recorded_at), 0, seats
    )
    arriving = replace(with_subscription(arriving, maker.before, ids), moved_from=action.source)
    if maker.before is not None:
        held = maker.known_parts().values() or opening_parts(maker, (maker.before,))
        arriving = replace(maker.priced(arriving, maker.before), recurring_cost_delta=cost_of(held))
    sell = maker.operation.context.sell
    arriving = with_sell(arriving, sell, wiped=0, charged=0, cycle=None, on=arriving.time.date())
    return leaving, maker.finished(arriving, maker.before, None)


def record_reprice(maker: Maker, action: Reprice) -> BillingChange:
    """Another price of our own from now on."""
    seen = maker.before
    seats = seen.seats + maker.other_seats(seen) if seen else maker.recorded_seats()
    change = with_quantity(maker.base("own", "", maker.recorded_at), seats, seats)
    change = with_subscription(change, seen, maker.ids(seen))
    if seen is not None:
        change = maker.priced(change, seen)
    line, last = maker.operation.context, maker.estate.recorded.get(maker.operation.address)
    if action.bundle is None:  # the bundle's price, where it changes too, has a record of its own
        billed = maker.estate.recorded.get(line.bundle_instance) if line.bundle_instance else None
        if billed is not None:
            line = replace(line, bundle_sell=in_force(line.bundle_sell, billed))
        return maker.finished(with_reprice(change, action, seats=seats), seen, None, line=line)
    sell = last.sell if last is not None else line.sell
    change = with_sell(change, sell, wiped=0, charged=0, cycle=None, on=change.time.date())
    billed = maker.estate.recorded.get(action.bundle)
    change = maker.finished(change, seen, None)
    return with_bundle_reprice(change, action, seats=int(billed.seats) if billed else action.seats)
