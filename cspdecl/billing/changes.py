"""From an applied operation to its billing change record: one an operation, with money where money changes.

Whatever is sent to a provider or changes our own books leaves a record, so that the ledger tells every step; seats
and prices appear where somebody owes more or less than before. Adopting opens the books of a line, forgetting closes
them; both charge nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from cspdecl.billing.document import change_of
from cspdecl.billing.kinds import price_of_kind, running_kind, with_kind
from cspdecl.billing.money import (
    sell_cycle,
    with_margin,
    with_price,
    with_recurring,
    with_sell,
    with_unknown,
    without_recurring,
)
from cspdecl.billing.reprice import in_force, with_bundle_reprice, with_reprice
from cspdecl.billing.seats import Estate, add_bundle, add_seat_money
from cspdecl.billing.state import blank_change, with_quantity, with_receipt, with_subscription
from cspdecl.commerce.prices import UnknownPrice, find_price, price_of_running
from cspdecl.commerce.proration import kind_of
from cspdecl.core.action import (
    Adopt,
    BookService,
    Cancel,
    ClearSchedule,
    Forget,
    Purchase,
    Rebind,
    Reprice,
    ScheduleRenewal,
    SetEndOfTerm,
    SetSeats,
)
from cspdecl.core.address import Address
from cspdecl.core.digest import digest_of
from cspdecl.core.live import LiveSubscription
from cspdecl.core.operation import LineContext, Operation
from cspdecl.core.outcome import Applied
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.records import BillingChange, ChargeKind, RunContext

__all__ = ["Estate", "RunContext", "record_operation"]


def record_operation(
    operation: Operation,
    applied: Applied,
    *,
    context: RunContext,
    prices: PriceBook,
    recorded_at: datetime,
    before: LiveSubscription | None,
    estate: Estate | None = None,
) -> tuple[BillingChange, ...]:
    """The records of one applied operation, in the order to be sealed.

    `before` is the subscription as last read before it. Actions in our own books take effect at `recorded_at`, all
    others when the provider says.
    """
    estate = estate or Estate()
    maker = _Maker(operation, applied, context, prices, recorded_at, before or _found(operation, estate), estate)
    match operation.action:
        case Purchase() | SetSeats() | Cancel() as action:
            return (maker.seats(action),)
        case BookService() as action:
            return (maker.service(action),)
        case Adopt() as action:
            return (maker.opening(action),)
        case Forget():
            return (maker.closing(),)
        case Rebind() as action:
            return maker.move(action)
        case Reprice() as action:
            return (maker.reprice(action),)
        case _:
            return (maker.note(),)


@dataclass(frozen=True, slots=True)
class _Maker:
    operation: Operation
    applied: Applied
    context: RunContext
    prices: PriceBook
    recorded_at: datetime
    before: LiveSubscription | None
    estate: Estate

    # ---- seats at a provider ----

    def seats(self, action: Purchase | SetSeats | Cancel) -> BillingChange:
        seen = self.applied.subscription
        kind: ChargeKind
        if isinstance(action, Purchase):
            before, after, kind = 0, seen.seats if seen else action.seats, "new"
            basis = f"{after} seats bought for {action.term}, billed {action.billing}"
        elif isinstance(action, SetSeats):
            before, after = self.before.seats if self.before else action.before, seen.seats if seen else action.after
            kind = kind_of(before, after)
            verb = "added" if after > before else "returned inside their window"
            basis = f"{abs(after - before)} seats {verb}: {before} → {after}"
        else:
            before, after, kind = self.before.seats if self.before else action.seats, 0, "cancel_immediate"
            basis = f"cancelled inside the window: {before} seats end"
        subscription = seen or self.before
        change = self._base(kind, basis, self.applied.receipt.at)
        change = with_subscription(with_quantity(change, before, after), subscription, self._ids(subscription))
        others = self._other_seats(subscription)
        if isinstance(action, Cancel):
            state: Literal["running", "ended"] = "running" if others else "ended"
            change = replace(change, state=state, scheduled=None, provider_status=seen.status if seen else None)
        on = change.time.date()
        if isinstance(action, Purchase) and seen is not None:
            on = seen.term_started.date()  # what is bought is charged from the first day of its term
        # while the seats were still running their term had begun: that is what prices and cycles follow
        basis_of_money = subscription if isinstance(action, Purchase) else self.before or subscription
        change = add_seat_money(
            change, self._price(basis_of_money), basis_of_money, line=self.operation.context, on=on,
            market=self.context.market,
        )  # fmt: skip
        # an address may stand for several subscriptions: charged is this one, held are all of them
        return self._finished(with_quantity(change, before + others, after + others), basis_of_money, on)

    def _price(self, subscription: LiveSubscription | None) -> UnitPrice | UnknownPrice:
        action, line = self.operation.action, self.operation.context
        segment = action.segment if isinstance(action, Purchase) else line.segment
        if subscription is not None and isinstance(action, Purchase):
            return price_of_running(self.prices, subscription, segment=segment)
        if subscription is not None:
            kind = running_kind(self.estate.recorded.get(self.operation.address), subscription)
            return price_of_kind(kind, self.prices, subscription, segment=segment)
        if isinstance(action, Purchase):
            return find_price(
                self.prices, offer=action.offer, term=action.term, billing=action.billing, segment=segment,
                at=self.applied.receipt.at,
            )  # fmt: skip
        return UnknownPrice(reason=f"the subscription of {line.display_name} was not read, so its price is not known")

    # ---- own books ----

    def service(self, action: BookService) -> BillingChange:
        verb = "booked" if action.after > action.before else "taken back"
        basis = f"{abs(action.after - action.before)} × {action.service} {verb}: {action.before} → {action.after}"
        change = with_quantity(self._base("own", basis, self.recorded_at), action.before, action.after)
        if not action.after:
            change = replace(change, state="ended")
        on, line = self.recorded_at.date(), self.operation.context
        if line.sell is not None:
            cycle = sell_cycle(line.sell.every, None, on)
            change = with_sell(change, line.sell, wiped=action.before, charged=action.after, cycle=cycle, on=on)
        return self._finished(change, None, on)

    def opening(self, action: Adopt) -> BillingChange:
        found = self._adopted(action)
        primary = found[-1] if found else None
        seats = sum(item.seats for item in found)
        if not action.ids:
            return self._base(
                "own", "an existing customer is managed from here on", self.recorded_at, tenant=action.tenant
            )
        basis = f"opening balance: {seats} seats ran already when this was taken over, which charges nothing"
        change = self._base("own", basis, self.recorded_at, tenant=action.tenant)
        change = with_subscription(with_quantity(change, 0, seats), primary, action.ids)
        if len(found) < len(action.ids):
            change = with_unknown(change, "not every adopted subscription was read, so the quantity may be larger")
        if primary is not None:
            price = self._price(primary)
            change = with_recurring(with_price(change, price, market=self.context.market), price, old=None)
        change = with_sell(change, self.operation.context.sell, wiped=0, charged=0, cycle=None, on=change.time.date())
        return self._finished(change, primary, None)

    def closing(self) -> BillingChange:
        seats = self._recorded_seats()
        basis = f"no longer managed here: {seats} seats go on as they are, and are recorded no further"
        change = self._base("own", basis, self.recorded_at)
        change = with_subscription(with_quantity(change, seats, 0), self.before, self._ids(self.before))
        change = self._out_of_the_books(replace(change, state="ended"), self.operation.address)
        return self._finished(change, self.before, None)

    def move(self, action: Rebind) -> tuple[BillingChange, ...]:
        seats, target = self._recorded_seats(action.source), self.operation.address
        ids = action.ids
        leaving = with_quantity(
            self._base("own", f"renamed to {target}, which charges nothing", self.recorded_at), seats, 0
        )
        leaving = replace(
            with_subscription(leaving, self.before, ids),
            id=digest_of(["moved", self.operation.id, str(action.source)]),
            address=action.source,
            component_id=action.source.name,
            causation_id=self.operation.id,
            moved_to=target,
            state="ended",
            bundle_id=None,
            bundle_version=None,
            bundle_instance=None,
            bundle_anchor=False,
        )
        leaving = self._out_of_the_books(leaving, action.source)
        arriving = with_quantity(
            self._base("own", f"was {action.source}, which charges nothing", self.recorded_at), 0, seats
        )
        arriving = replace(with_subscription(arriving, self.before, ids), moved_from=action.source)
        if self.before is not None:
            price = self._price(self.before)
            arriving = with_recurring(with_price(arriving, price, market=self.context.market), price, old=None)
        sell = self.operation.context.sell
        arriving = with_sell(arriving, sell, wiped=0, charged=0, cycle=None, on=arriving.time.date())
        return leaving, self._finished(arriving, self.before, None)

    # ---- everything that changes no quantity ----

    def note(self) -> BillingChange:
        action, seen = self.operation.action, self.applied.subscription or self.before
        change = self._base("other", f"{self.operation.reason.text}; changes no charge now", self.applied.receipt.at)
        if not self.operation.address.path:
            return change
        seats = seen.seats + self._other_seats(seen) if seen else self._recorded_seats()
        change = with_subscription(with_quantity(change, seats, seats), seen, self._ids(seen))
        if self.applied.subscription is None:  # not read back: what was sent is what is known
            match action:
                case ScheduleRenewal(next=following):
                    change = replace(change, scheduled=following)
                case ClearSchedule():
                    change = replace(change, scheduled=None)
                case SetEndOfTerm(after=choice):
                    change = replace(change, end_of_term=choice)
                case _:
                    pass
        if seen is not None:
            change = with_price(change, self._price(seen), market=self.context.market)
        sell = self.operation.context.sell
        if sell is not None:
            change = with_sell(change, sell, wiped=0, charged=0, cycle=None, on=change.time.date())
        return self._finished(change, seen, None)

    def reprice(self, action: Reprice) -> BillingChange:
        seen = self.before
        seats = seen.seats + self._other_seats(seen) if seen else self._recorded_seats()
        change = with_quantity(self._base("own", "", self.recorded_at), seats, seats)
        change = with_subscription(change, seen, self._ids(seen))
        if seen is not None:
            change = with_price(change, self._price(seen), market=self.context.market)
        line, last = self.operation.context, self.estate.recorded.get(self.operation.address)
        if action.bundle is None:  # the bundle's price, where it changes too, has a record of its own
            billed = self.estate.recorded.get(line.bundle_instance) if line.bundle_instance else None
            if billed is not None:
                line = replace(line, bundle_sell=in_force(line.bundle_sell, billed))
            return self._finished(with_reprice(change, action, seats=seats), seen, None, line=line)
        sell = last.sell if last is not None else line.sell
        change = with_sell(change, sell, wiped=0, charged=0, cycle=None, on=change.time.date())
        billed = self.estate.recorded.get(action.bundle)
        change = self._finished(change, seen, None)
        return with_bundle_reprice(change, action, seats=int(billed.seats) if billed else action.seats)

    # ---- parts ----

    def _out_of_the_books(self, change: BillingChange, address: Address) -> BillingChange:
        last = self.estate.recorded.get(address)
        return change if last is None else without_recurring(change, change_of(last.body), last.sell)

    def _base(self, kind: ChargeKind, basis: str, time: datetime, *, tenant: str | None = None) -> BillingChange:
        operation = self.operation
        change = blank_change(
            ident=operation.id,
            address=operation.address,
            line=operation.context,
            context=self.context,
            origin="applied",
            action=operation.action.kind,
            kind=kind,
            time=time,
            basis=basis,
        )
        key = operation.address.customer
        customer = self.applied.customer or self.estate.live.get(key)
        bound = self.estate.bindings.get(Address(key))
        known = operation.guard.tenant or (bound.tenant if bound else None) or (customer.tenant if customer else None)
        return replace(with_receipt(change, self.applied.receipt), customer_tenant_id=tenant or known)

    def _finished(
        self, change: BillingChange, subscription: LiveSubscription | None, on: date | None, *,
        line: LineContext | None = None,
    ) -> BillingChange:  # fmt: skip
        segment = self.operation.context.segment
        if subscription is not None and not isinstance(self.operation.action, Purchase):
            change = with_kind(change, running_kind(self.estate.recorded.get(self.operation.address), subscription))
        change = add_bundle(
            change, line or self.operation.context, subscription, on=on, prices=self.prices, estate=self.estate,
            segment=segment,
        )  # fmt: skip
        return with_margin(change)

    def _ids(self, subscription: LiveSubscription | None) -> tuple[str, ...]:
        bound = self.estate.bindings.get(self.operation.address)
        own = subscription.id if subscription else self.operation.guard.subscription
        if isinstance(self.operation.action, Forget):
            return self.operation.action.ids
        if bound is not None and (own is None or own in bound.ids):
            return bound.ids
        return (own,) if own else ()

    def _adopted(self, action: Adopt) -> tuple[LiveSubscription, ...]:
        customer = self.applied.customer or self.estate.live.get(self.operation.address.customer)
        known = {item.id: item for item in customer.subscriptions} if customer else {}
        for item in (self.before, self.applied.subscription):
            if item is not None:
                known.setdefault(item.id, item)
        return tuple(known[ident] for ident in action.ids if ident in known)

    def _recorded_seats(self, address: Address | None = None) -> int:
        last = self.estate.recorded.get(address or self.operation.address)
        if last is not None:
            return int(last.seats)
        return self.before.seats if self.before is not None else self.operation.guard.seats or 0

    def _other_seats(self, subscription: LiveSubscription | None) -> int:
        bound = self.estate.bindings.get(self.operation.address)
        customer = self.estate.live.get(self.operation.address.customer)
        if bound is None or customer is None or subscription is None or isinstance(self.operation.action, Purchase):
            return 0
        others = set(bound.ids) - {subscription.id}
        return sum(item.seats for item in customer.subscriptions if item.id in others and item.status.running)


def _found(operation: Operation, estate: Estate) -> LiveSubscription | None:
    """The subscription an operation in our own books is about, where nobody handed it in."""
    action = operation.action
    customer = estate.live.get(operation.address.customer)
    if customer is None or not isinstance(action, (Forget, Rebind)) or not action.ids:
        return None
    return next((item for item in customer.subscriptions if item.id == action.ids[-1]), None)
