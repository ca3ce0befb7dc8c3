"""What one change of a declared line would cost, from price lists and what was read last; asks nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from cspdecl.commerce.prices import UnknownPrice, cost_per_month, find_price, price_of_running, sell_per_month
from cspdecl.commerce.proration import Preview, charge_lines, commitment, cycle_of, kind_of, preview_change
from cspdecl.core.address import Address
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.errors import CspdeclError
from cspdecl.core.live import LiveSubscription
from cspdecl.core.money import Money
from cspdecl.core.records import ChargeLine
from cspdecl.core.terms import BillingCycle, at_midnight, cycle_containing, term_end

if TYPE_CHECKING:
    from cspdecl.core.project import UnitPrice
    from cspdecl.engine.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A change in money. `live_as_of` is when the subscription was read, None for a purchase."""

    address: Address
    title: str
    before: int
    after: int
    on: date
    price: UnitPrice | UnknownPrice
    preview: Preview
    lines: tuple[ChargeLine, ...]
    cost_month: Money | None
    sell_month: Money | None
    commitment: Money | None
    commitment_until: datetime | None
    live_as_of: datetime | None


def quote_line(session: Session, address: Address, *, seats: int | None, on: datetime) -> Quote:
    """Quote a declared subscription at `seats` (or as declared) on a day. Raises CspdeclError where there is none."""
    spec = _spec(session, address)
    live, read_at = _live(session, spec)
    after = spec.seats if seats is None else seats
    day = on.date()
    book = session.prices({spec.offer})
    if live is not None and live.term is not None and live.billing is not None:
        price = price_of_running(book, live)
        before, cycle, ends = live.seats, cycle_of(live, day), live.term_ends
        starts = live.term_started.date()
    else:
        price = find_price(book, offer=spec.offer, term=spec.term, billing=spec.billing, segment="commercial", at=on)
        before, starts = 0, day
        recurring = spec.billing not in (BillingCycle.NONE, BillingCycle.ONE_TIME)
        cycle = cycle_containing(day, day, term=spec.term, billing=spec.billing) if recurring else None
        ends = at_midnight(date.fromordinal(term_end(day, spec.term).toordinal() + 1))
    preview = preview_change(price=price, before=before, after=after, cycle=cycle, on=day)
    known = not isinstance(price, UnknownPrice) and cycle is not None and cycle.start <= day <= cycle.end
    lines = (
        charge_lines(price=price, before=before, after=after, cycle=cycle, on=day, kind=kind_of(before, after))
        if known and cycle is not None and not isinstance(price, UnknownPrice) and before != after
        else ()
    )
    owed = None
    if after > before and ends is not None:
        owed = commitment(price=price, seats=after - before, on=day, term_starts=starts, term_ends=ends)
    return Quote(
        address=address,
        title=spec.display_name or str(spec.offer),
        before=before,
        after=after,
        on=day,
        price=price,
        preview=preview,
        lines=lines,
        cost_month=cost_per_month(price, after - before),
        sell_month=sell_per_month(spec.sell, after - before) if spec.sell else None,
        commitment=owed,
        commitment_until=ends if after > before else None,
        live_as_of=read_at,
    )


def _spec(session: Session, address: Address) -> SubscriptionSpec:
    _project, desired = session.require()
    customer = desired.customers.get(address.customer)
    if customer is None:
        raise CspdeclError(f"no customer named `{address.customer}` is declared")
    for line in customer.subscriptions:
        if line.address == address:
            return line
    names = ", ".join(str(line.address) for line in customer.subscriptions[:8])
    raise CspdeclError(f"`{address}` is no declared subscription; {address.customer} has {names or 'none'}")


def _live(session: Session, spec: SubscriptionSpec) -> tuple[LiveSubscription | None, datetime | None]:
    store = session.store()
    binding = store.bindings().get(spec.address)
    customer = store.live([spec.address.customer]).get(spec.address.customer)
    if customer is None:
        return None, None
    running = [item for item in customer.subscriptions if item.status.running and not item.trial]
    if binding is not None:
        chosen = [item for item in running if item.id in binding.ids]
    else:
        chosen = [item for item in running if item.id == spec.id or (spec.id is None and item.offer == spec.offer)]
    if len(chosen) > 1:
        raise CspdeclError(f"`{spec.address}` could be any of {len(chosen)} subscriptions: adopt it first")
    return (chosen[0], customer.read_at) if chosen else (None, None)
