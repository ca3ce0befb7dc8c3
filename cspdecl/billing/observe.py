"""What happened without us: renewals, schedules that came true, changes made elsewhere; each becomes a record once.

Compares what was last recorded of every bound address with what is live. An id is a digest of the address, the kind
of event, its period or reference, and the hash of the address's last record: observing again before or after sealing
makes nothing twice. A customer that could not be read says nothing. When a change was made is known only where the
provider says so; otherwise its charge stays unknown instead of being dated by guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from cspdecl.billing.conversions import Side, exchange
from cspdecl.billing.document import change_of
from cspdecl.billing.kinds import TermKind, running_kind, with_kind
from cspdecl.billing.money import (
    sell_cycle,
    with_cost,
    with_margin,
    with_nothing,
    with_price,
    with_recurring,
    with_sell,
    with_unknown,
)
from cspdecl.billing.parts import anchor_of, charged_cycle, held_price, part_in, parts_in, recorded_of, unit_left
from cspdecl.billing.renewals import Passed, passed_terms, renewal_change
from cspdecl.billing.reprice import in_force
from cspdecl.billing.seats import Estate, add_bundle, add_seat_money
from cspdecl.billing.state import blank_change, line_of, line_of_record, with_quantity, with_subscription
from cspdecl.commerce.prices import UnknownPrice, market_of, prices_in
from cspdecl.commerce.proration import kind_of
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import DesiredState, ServiceSpec, SubscriptionSpec
from cspdecl.core.digest import digest_of
from cspdecl.core.live import Binding, LiveCustomer, LiveState, LiveSubscription, Status
from cspdecl.core.money import Money
from cspdecl.core.operation import LineContext
from cspdecl.core.plain import instant_text
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.records import BillingChange, ChangeOrigin, ChargeKind, Part, Recorded, RunContext

_WINDOW = timedelta(days=7)  # a batch of seats can be returned for so long after its purchase (contract §13.3, 2026-08)


def observe_changes(
    recorded: Mapping[Address, Recorded],
    live: LiveState,
    *,
    desired: DesiredState,
    bindings: Mapping[Address, Binding],
    prices: PriceBook,
    now: datetime,
    context: RunContext,
    skip: frozenset[Address] = frozenset(),
) -> tuple[BillingChange, ...]:
    """Everything seen since the last records, by address. `skip`: addresses with an operation of unknown outcome,
    whose change may be our own. `now` is business time."""
    estate = Estate(desired=desired, live=live.customers, bindings=bindings, recorded=recorded)
    found: list[BillingChange] = []
    for address, binding in sorted(bindings.items()):
        customer, last = live.customers.get(address.customer), recorded.get(address)
        if customer is None or last is None or not binding.ids or address in skip or last.status == "ended":
            continue
        market = market_of(desired.customers.get(address.customer), customer)
        who = replace(context, market=market or context.market)
        found += _Look(address, binding, last, customer, estate, prices_in(prices, market), now, who).all_changes()
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Look:
    address: Address
    binding: Binding
    last: Recorded
    customer: LiveCustomer
    estate: Estate
    prices: PriceBook
    now: datetime
    context: RunContext
    beside: tuple[Part, ...] = ()
    part: str | None = None

    def all_changes(self) -> Iterator[BillingChange]:
        """What was seen of the address; of one with several subscriptions, one subscription after the other."""
        parts = {one.subscription: one for one in change_of(self.last.body).parts}
        if not parts or not set(parts) <= set(self.binding.ids):
            yield from self.changes()
            return
        if not any(item.id in parts for item in self.customer.subscriptions):
            return  # a list may lag
        last = change_of(self.last.body)
        for ident in [one for one in self.binding.ids if one in parts]:
            alone = replace(
                self,
                last=recorded_of(self.last, last, ident) or self.last,
                binding=replace(self.binding, ids=(ident,)),
                beside=tuple(one for key, one in parts.items() if key != ident),
                part=ident,
            )
            for change in alone.changes():
                yield change
                after = part_in(change, ident)
                parts = {key: one for key, one in parts.items() if key != ident} | ({ident: after} if after else {})

    def changes(self) -> Iterator[BillingChange]:
        known = {item.id: item for item in self.customer.subscriptions}
        listed = [known[ident] for ident in self.binding.ids if ident in known]
        running = [item for item in listed if item.status.running]
        if not running:
            yield from self._ended(listed[-1] if listed else None)
            return
        if len(listed) < len(self.binding.ids):
            return  # a list may lag: what is not in it is not known to have ended
        seen, seats = running[-1], sum(item.seats for item in running)
        expected, renewed = int(self.last.seats), False
        unit = self._unit()
        for passed in passed_terms(self.last, seen, seats=seats, now=self.now):
            change = self._renewal(passed, seen, unit)
            yield change
            expected, renewed, unit = passed.after, True, unit_left(change.cost_unit_list, change.discounts)
        if not renewed and seen.offer is not None and str(seen.offer) != self.last.offer and self.last.offer:
            yield self._upgraded(seen, expected, seats)
        elif (elsewhere := self._went_over(seen, expected - seats)) is not None:
            yield self._lost(seen, elsewhere, expected, seats)
        elif seats != expected:
            yield self._seats(seen, expected, seats)
        if not renewed and seen.term_ends != self.last.term_ends and self._was_running_on(seen):
            yield self._note(
                "term", f"the term now ends {_day(seen.term_ends)} instead of {_day(self.last.term_ends)}", seen
            )
        extended = renewed and self.last.end_of_term == "extend" and self._kind(seen) == "est"
        decided = "unset" if extended else self.last.end_of_term  # what came true is not decided again, nor changed
        if decided is not None and seen.end_of_term not in (decided, self.last.end_of_term):
            basis = f"end of term is `{seen.end_of_term}` instead of `{self.last.end_of_term}`"
            yield self._note("end_of_term", basis, seen)
        if seen.scheduled != (None if renewed else self.last.scheduled):
            what = f"{seen.scheduled.seats} seats are" if seen.scheduled else "nothing is"
            yield self._note("schedule", f"{what} now scheduled for the renewal", seen)
        if Status.SUSPENDED in (seen.status, self.last.provider_status) and seen.status != self.last.provider_status:
            goes_on = "; billing goes on as before" if seen.status is Status.SUSPENDED else ", which changes no charge"
            yield self._note("status", f"the subscription is {seen.status} now{goes_on}", seen)

    # ---- events ----

    def _renewal(self, passed: Passed, seen: LiveSubscription, old: Money | None) -> BillingChange:
        origin: ChangeOrigin = "schedule" if passed.scheduled else "renewal"
        kind: ChargeKind = "convert" if passed.was_trial else "renew"
        event = "converted" if passed.was_trial else "renewed"
        blank = self._blank(event, kind, origin, passed.starts, instant_text(passed.starts), passed.basis)
        line = self._line()
        change = renewal_change(
            blank, passed, seen, ids=self.binding.ids, line=line, prices=self.prices, old=old,
            known=self._known(), context=self.context,
        )  # fmt: skip
        return self._finished(change, passed.subscription(seen), line, charged=True, renewed=True)

    def _seats(self, seen: LiveSubscription, before: int, after: int) -> BillingChange:
        when = self._when(seen, after - before)
        kind: ChargeKind = kind_of(before, after)
        basis = f"{before} → {after} seats, changed elsewhere"
        change = self._blank("seats", kind, "drift", when or self.customer.read_at, str(after), basis)
        change = with_subscription(with_quantity(change, before, after), seen, self.binding.ids)
        return self._with_money(change, seen, when)

    def _upgraded(self, seen: LiveSubscription, before: int, after: int) -> BillingChange:
        """All of it became another offer, elsewhere."""
        basis = f"{before} seats of {self.last.offer} became {after} of {seen.offer}, changed elsewhere"
        change = self._blank("upgraded", "convert", "drift", self.customer.read_at, str(seen.offer), basis)
        change = with_subscription(with_quantity(change, before, after), seen, self.binding.ids)
        line, on = self._line(), self.customer.read_at.date()
        new = self._price(seen)
        if not self._same_day():
            return self._with_money(change, seen, None, old=self._unit())
        was = replace(seen, offer=OfferKey.parse(self.last.offer or ""), seats=before)
        old = held_price(self._known(), self._kind(seen), self.prices, was, segment=line.segment)
        cycle = charged_cycle(seen, on, self._anchor(seen))
        change = exchange(
            change, Side(seen=was, seats=before, price=old, cycle=cycle),
            Side(seen=seen, seats=after, price=new, cycle=cycle), on=on, market=self.context.market,
        )  # fmt: skip
        due = sell_cycle(line.sell.every, seen, on) if line.sell and before != after else None
        change = with_sell(change, line.sell, wiped=before, charged=after, cycle=due, on=on)
        return self._finished(change, seen, line, charged=True)

    def _went_over(self, seen: LiveSubscription, gone: int) -> LiveSubscription | None:
        """The subscription that an upgrade of some seats has made elsewhere: as many seats, the same end, ours not."""
        ours = {one for item in self.estate.bindings.values() for one in item.ids}
        found = [
            item for item in self.customer.subscriptions
            if gone > 0 and item.id not in ours and item.status.running and item.seats == gone
            and item.term_ends == seen.term_ends and item.offer != seen.offer
            and self.last.at < item.created <= self.now
        ]  # fmt: skip
        return found[0] if len(found) == 1 else None

    def _lost(self, seen: LiveSubscription, other: LiveSubscription, before: int, after: int) -> BillingChange:
        """Seats that were upgraded elsewhere: they leave at the old price; what they became is not managed here."""
        gone, on = before - after, other.created.date()
        basis = f"{gone} seats went over to {other.offer} elsewhere; no line stands for its subscription {other.id}"
        change = self._blank("upgraded", "convert", "drift", other.created, other.id, basis)
        change = with_subscription(with_quantity(change, before, after), seen, self.binding.ids)
        price, line = self._price(seen), self._line()
        change = with_price(change, price, market=self.context.market)
        cycle = charged_cycle(seen, on, self._anchor(seen))
        change = with_cost(change, price, wiped=gone, charged=0, cycle=cycle, on=on)
        change = with_recurring(change, price, old=None)
        due = sell_cycle(line.sell.every, seen, on) if line.sell else None
        change = with_sell(change, line.sell, wiped=before, charged=after, cycle=due, on=on)
        return self._finished(change, seen, line, charged=True, on=other.created)

    def _ended(self, seen: LiveSubscription | None) -> Iterator[BillingChange]:
        seats, ends = int(self.last.seats), self.last.term_ends
        over = ends is not None and ends <= self.now
        if seen is None and not over:
            return  # not in the list, and its term has not ended: nothing is known
        if over and ends is not None:
            origin: ChangeOrigin = "schedule" if self.last.end_of_term == "cancel" else "drift"
            basis = f"ended with its term on {_day(ends)}: {seats} seats"
            change = self._blank("ended", "other", origin, ends, instant_text(ends), basis)
            change = with_subscription(with_quantity(change, seats, 0), seen, self.binding.ids)
            change = replace(change, state="ended", scheduled=None, provider_status=seen.status if seen else None)
            unit = self._unit()
            if unit is not None:
                change = replace(change, cost_currency=unit.currency, recurring_cost_delta=-(unit * seats))
            line = self._line()
            change = with_sell(change, line.sell, wiped=0, charged=0, cycle=None, on=ends.date())
            yield self._finished(change, seen, line, charged=False)
            return
        basis = f"cancelled elsewhere: {seats} seats end"
        change = self._blank("cancelled", "cancel_immediate", "drift", self.customer.read_at, "", basis)
        change = with_subscription(with_quantity(change, seats, 0), seen, self.binding.ids)
        change = replace(change, state="ended", scheduled=None)
        when = self.customer.read_at if self._same_day() else None
        yield self._with_money(change, seen, when)

    def _note(self, event: str, basis: str, seen: LiveSubscription) -> BillingChange:
        reference = digest_of([event, instant_text(seen.term_ends) if seen.term_ends else "", seen.end_of_term,
                               str(seen.scheduled), str(seen.status)])  # fmt: skip
        change = self._blank(event, "other", "drift", self.customer.read_at, reference, f"{basis}; changed elsewhere")
        change = with_subscription(with_quantity(change, seen.seats, seen.seats), seen, self.binding.ids)
        if seen.trial:
            change = with_nothing(change, self.context.currency)
        elif seen.product != "azure_plan":
            change = with_price(change, self._price(seen), market=self.context.market)
        line = self._line()
        change = with_sell(change, line.sell, wiped=0, charged=0, cycle=None, on=change.time.date())
        return self._finished(change, seen, line, charged=False)

    # ---- parts ----

    def _with_money(
        self, change: BillingChange, seen: LiveSubscription | None, when: datetime | None, *, old: Money | None = None
    ) -> BillingChange:
        line = self._line()
        if when is not None and seen is not None:
            change = add_seat_money(
                change, self._price(seen), seen, line=line, on=when.date(), market=self.context.market,
                anchor=self._anchor(seen),
            )  # fmt: skip
            return self._finished(change, seen, line, charged=True, on=when)
        since, until = _minute(self.last.at), _minute(self.customer.read_at)
        change = with_unknown(
            change, f"when it was changed is not known, between {since} and {until}, nor is its charge"
        )
        if seen is not None:
            price = self._price(seen)
            change = with_recurring(with_price(change, price, market=self.context.market), price, old=old)
        change = with_sell(change, line.sell, wiped=0, charged=0, cycle=None, on=change.time.date())
        return self._finished(change, seen, line, charged=False)

    def _finished(
        self,
        change: BillingChange,
        seen: LiveSubscription | None,
        line: LineContext,
        *,
        charged: bool,
        on: datetime | None = None,
        renewed: bool = False,
    ) -> BillingChange:
        day = (on or change.time).date() if charged else None
        if seen is not None and not renewed:
            change = replace(with_kind(change, self._kind(seen)), cycle_anchor=self._anchor(seen))
        change = self._joined(change)
        change = add_bundle(
            change, line, seen, on=day, prices=self.prices, estate=self.estate, segment=line.segment,
            renewed=renewed,
        )  # fmt: skip
        return with_margin(change)

    def _blank(
        self, event: str, kind: ChargeKind, origin: ChangeOrigin, time: datetime, reference: str, basis: str
    ) -> BillingChange:
        which = [self.part] if self.part else []
        ident = digest_of(["observed", str(self.address), event, reference, self.last.hash, *which])
        change = blank_change(
            ident=ident,
            address=self.address,
            line=self._line(),
            context=self.context,
            origin=origin,
            action=event,
            kind=kind,
            time=time,
            basis=basis,
        )
        return replace(change, customer_tenant_id=self.customer.tenant, provider=self.binding.provider)

    def _joined(self, change: BillingChange) -> BillingChange:
        """A record of one subscription as one of its whole address: seats and parts of the others beside it."""
        if not self.beside or self.part is None:
            return change
        own = () if change.state == "ended" else parts_in(replace(change, parts=()))
        parts = (*self.beside, *own)
        others = sum(int(one.quantity) for one in self.beside)
        change = with_quantity(change, int(change.quantity_before) + others, int(change.quantity_after) + others)
        return replace(
            change, state="running", provider_subscription_ids=tuple(one.subscription for one in parts),
            parts=parts if len(parts) > 1 or not own else (), provider_subscription_id=self.part,
        )  # fmt: skip

    def _known(self) -> Part | None:
        """What the books hold of the subscription."""
        last = change_of(self.last.body)
        held = parts_in(last)
        return part_in(last, self.part) if self.part else held[0] if len(held) == 1 else None

    def _unit(self) -> Money | None:
        """What a seat of it cost a charge cycle by the books."""
        last, known = change_of(self.last.body), self._known()
        if known is None:
            return unit_left(last.cost_unit_list, last.discounts)
        return unit_left(known.cost_unit_list, known.discounts)

    def _anchor(self, seen: LiveSubscription) -> date | None:
        return anchor_of(self._known(), seen)

    def _line(self) -> LineContext:
        customer = self.estate.desired.customers.get(self.address.customer) if self.estate.desired else None
        specs: tuple[SubscriptionSpec | ServiceSpec, ...] = customer.subscriptions if customer else ()
        for spec in specs:
            if spec.address == self.address and customer is not None:
                return self._charged(line_of(spec, customer))
        return line_of_record(change_of(self.last.body), self.last)

    def _charged(self, line: LineContext) -> LineContext:
        """The line at the prices in force: one that is declared anew is charged once a plan has changed it."""
        bundle = self.estate.recorded.get(line.bundle_instance) if line.anchor and line.bundle_instance else None
        sells = replace(line, sell=in_force(line.sell, self.last))
        if bundle is None:
            return sells
        customer = self.estate.desired.customers.get(self.address.customer) if self.estate.desired else None
        found = (item.relative for item in customer.bundles if item.address == line.bundle_instance) if customer else ()
        return replace(sells, bundle_sell=in_force(line.bundle_sell or next(iter(found), None), bundle))

    def _price(self, seen: LiveSubscription) -> UnitPrice | UnknownPrice:
        return held_price(self._known(), self._kind(seen), self.prices, seen, segment=self._line().segment)

    def _kind(self, seen: LiveSubscription) -> TermKind:
        return running_kind(self.last, seen)

    def _when(self, seen: LiveSubscription, delta: int) -> datetime | None:
        """When seats were changed elsewhere: the same day as both looks, or what the batch's window says."""
        if self._same_day():
            return self.customer.read_at
        if delta <= 0 or seen.policy.source != "api":
            return None
        added = [lot.returnable_until - _WINDOW for lot in seen.policy.lots if lot.seats == delta]
        fresh = [when for when in added if self.last.at < when <= self.now]
        return fresh[0] if len(fresh) == 1 else None

    def _same_day(self) -> bool:
        return self.last.at.date() == self.customer.read_at.date()

    def _was_running_on(self, seen: LiveSubscription) -> bool:
        return self.last.term_ends is not None and seen.term_ends is not None


def _day(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d}" if instant else "never"


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
