"""What every record of an operation is made from: the operation, what came of it, and what stands around it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from cspdecl.billing.document import change_of
from cspdecl.billing.kinds import TermKind, running_kind, with_kind
from cspdecl.billing.money import with_margin, with_nothing, with_price, without_recurring
from cspdecl.billing.parts import anchor_of, held_price, parts_in, recorded_of, with_parts
from cspdecl.billing.seats import Estate, add_bundle
from cspdecl.billing.state import blank_change, with_receipt
from cspdecl.commerce.prices import UnknownPrice
from cspdecl.core.action import Adopt, Forget, Purchase, Rebind
from cspdecl.core.address import Address
from cspdecl.core.live import LiveSubscription
from cspdecl.core.operation import LineContext, Operation
from cspdecl.core.outcome import Applied
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.records import BillingChange, ChargeKind, Part, RunContext


@dataclass(frozen=True, slots=True)
class Maker:
    """One applied operation on its way to its record. `before` is the subscription as last read before it."""

    operation: Operation
    applied: Applied
    context: RunContext
    prices: PriceBook
    recorded_at: datetime
    before: LiveSubscription | None
    estate: Estate

    # ---- the record around the money ----

    def out_of_the_books(self, change: BillingChange, address: Address) -> BillingChange:
        """The record with what the address cost and earned taken out."""
        last = self.estate.recorded.get(address)
        return change if last is None else without_recurring(change, change_of(last.body), last.sell)

    def base(self, kind: ChargeKind, basis: str, time: datetime, *, tenant: str | None = None) -> BillingChange:
        """A record of this operation with everything but quantities, state and money."""
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

    def finished(
        self, change: BillingChange, subscription: LiveSubscription | None, on: date | None, *,
        line: LineContext | None = None, own: Iterable[Part] | None = None, kind: TermKind = None,
    ) -> BillingChange:  # fmt: skip
        """The record with its bundle, its margin, and what the books hold of every subscription of the address.

        `subscription` is what its prices and cycles follow, None where nothing runs. `own` are the parts that changed,
        where that is not just this one. `kind`: of its term, where it is another one than it was.
        """
        line, fresh = line or self.operation.context, isinstance(self.operation.action, Purchase)
        if subscription is not None and not fresh:
            change = with_kind(change, kind or self.kind_of(subscription))
        if subscription is not None and change.state == "running":
            known = None if fresh else self.known(subscription.id)
            change = replace(change, cycle_anchor=anchor_of(known, subscription) or change.cycle_anchor)
        change = with_parts(change, self.known_parts(), self._own(change) if own is None else own)
        change = add_bundle(
            change, line, subscription, on=on, prices=self.prices, estate=self.estate, segment=line.segment
        )
        return with_margin(change)

    def _own(self, change: BillingChange) -> tuple[Part, ...]:
        """The subscription a record is about, as a part: its own facts, and the seats as they were read."""
        ident, seen = change.provider_subscription_id, self.applied.subscription or self.before
        if ident is None or seen is None or seen.id != ident:
            return ()
        (part,) = parts_in(replace(change, parts=(), provider_subscription_ids=(ident,), state="running"))
        known = self.known(ident)
        if part.cost_unit_list is None and known is not None and known.term_start == part.term_start:
            part = replace(part, cost_unit_list=known.cost_unit_list, discounts=known.discounts)
        return (replace(part, quantity=Decimal(seen.seats)),)

    # ---- what the books and the last reading say ----

    def last(self, address: Address | None = None) -> BillingChange | None:
        """The last record of the address."""
        found = self.estate.recorded.get(address or self.operation.address)
        return change_of(found.body) if found is not None and found.body else None

    def known_parts(self) -> dict[str, Part]:
        """What the books hold of the address, by subscription; a renamed line takes it along."""
        action = self.operation.action
        source = action.source if isinstance(action, Rebind) else None
        return {part.subscription: part for part in parts_in(self.last(source))}

    def known(self, ident: str) -> Part | None:
        """What the books hold of one subscription."""
        return self.known_parts().get(ident)

    def kind_of(self, subscription: LiveSubscription) -> TermKind:
        """The kind of its running term."""
        recorded = self.estate.recorded.get(self.operation.address)
        return running_kind(recorded_of(recorded, self.last(), subscription.id), subscription)

    def price(self, subscription: LiveSubscription | None) -> UnitPrice | UnknownPrice:
        """What one of its seats costs: as the books say for this term, else as the lists do."""
        line = self.operation.context
        if subscription is None:
            why = f"the subscription of {line.display_name} was not read, so its price is not known"
            return UnknownPrice(reason=why)
        known = self.known(subscription.id)
        return held_price(known, self.kind_of(subscription), self.prices, subscription, segment=line.segment)

    def priced(self, change: BillingChange, subscription: LiveSubscription) -> BillingChange:
        """The record with what a seat of a subscription costs; a trial costs nothing."""
        if subscription.trial:
            return with_nothing(change, self.context.currency)
        if subscription.product == "azure_plan":
            return change  # usage has no price of a seat
        return with_price(change, self.price(subscription), market=self.context.market)

    def anchor(self, subscription: LiveSubscription | None) -> date | None:
        """A day on which its charge cycles begin, where the books or its own end say so."""
        return None if subscription is None else anchor_of(self.known(subscription.id), subscription)

    def ids(self, subscription: LiveSubscription | None) -> tuple[str, ...]:
        """All subscriptions of the address."""
        bound = self.estate.bindings.get(self.operation.address)
        own = subscription.id if subscription else self.operation.guard.subscription
        if isinstance(self.operation.action, Forget):
            return self.operation.action.ids
        if bound is not None and (own is None or own in bound.ids):
            return bound.ids
        return (own,) if own else ()

    def adopted(self, action: Adopt) -> tuple[LiveSubscription, ...]:
        """The subscriptions taken over, as they were read."""
        customer = self.applied.customer or self.estate.live.get(self.operation.address.customer)
        known = {item.id: item for item in customer.subscriptions} if customer else {}
        for item in (self.before, self.applied.subscription):
            if item is not None:
                known.setdefault(item.id, item)
        return tuple(known[ident] for ident in action.ids if ident in known)

    def recorded_seats(self, address: Address | None = None) -> int:
        """Seats by the last record."""
        last = self.estate.recorded.get(address or self.operation.address)
        if last is not None:
            return int(last.seats)
        return self.before.seats if self.before is not None else self.operation.guard.seats or 0

    def all_subscriptions(self) -> tuple[LiveSubscription, ...]:
        """The customer's subscriptions as read before."""
        customer = self.estate.live.get(self.operation.address.customer)
        return customer.subscriptions if customer is not None else ()

    def other_seats(self, subscription: LiveSubscription | None) -> int:
        """Seats of the address's other subscriptions, as read."""
        bound = self.estate.bindings.get(self.operation.address)
        customer = self.estate.live.get(self.operation.address.customer)
        if bound is None or customer is None or subscription is None or isinstance(self.operation.action, Purchase):
            return 0
        others = set(bound.ids) - {subscription.id}
        return sum(item.seats for item in customer.subscriptions if item.id in others and item.status.running)


def found_for(operation: Operation, estate: Estate) -> LiveSubscription | None:
    """The subscription an operation in our own books is about, where nobody handed it in."""
    action = operation.action
    customer = estate.live.get(operation.address.customer)
    if customer is None or not isinstance(action, (Forget, Rebind)) or not action.ids:
        return None
    return next((item for item in customer.subscriptions if item.id == action.ids[-1]), None)
