"""What happened without us: renewals, schedules that came true, changes made elsewhere; each becomes a record once.

Compares what was last recorded of every bound address with what is live. An id is a digest of the address, the kind
of event, its period or reference, and the hash of the address's last record: observing again before or after sealing
makes nothing twice. A customer that could not be read says nothing. When a change was made is known only where the
provider says so; otherwise its charge stays unknown instead of being dated by guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cspdecl.billing.document import change_of
from cspdecl.billing.kinds import TermKind, price_of_kind, running_kind, with_kind
from cspdecl.billing.money import with_margin, with_price, with_recurring, with_sell, with_unknown
from cspdecl.billing.renewals import Passed, passed_terms, renewal_change
from cspdecl.billing.reprice import in_force
from cspdecl.billing.seats import Estate, add_bundle, add_seat_money
from cspdecl.billing.state import blank_change, line_of, with_quantity, with_subscription
from cspdecl.commerce.prices import UnknownPrice, market_of, prices_in
from cspdecl.commerce.proration import kind_of
from cspdecl.core.address import Address
from cspdecl.core.desired import DesiredState, ServiceSpec, SubscriptionSpec
from cspdecl.core.digest import digest_of
from cspdecl.core.live import Binding, LiveCustomer, LiveState, LiveSubscription, Status
from cspdecl.core.money import Money
from cspdecl.core.operation import LineContext
from cspdecl.core.plain import instant_text
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.records import BillingChange, ChangeOrigin, ChargeKind, Recorded, RunContext

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
        priced = prices_in(prices, market_of(desired.customers.get(address.customer), customer))
        found += _Look(address, binding, last, customer, estate, priced, now, context).changes()
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
        unit = change_of(self.last.body).cost_unit_list
        for passed in passed_terms(self.last, seen, seats=seats, now=self.now):
            change = self._renewal(passed, seen, unit)
            yield change
            expected, renewed, unit = passed.after, True, change.cost_unit_list
        if seats != expected:
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
            yield self._note("status", f"the subscription is {seen.status} now, which changes no charge", seen)

    # ---- events ----

    def _renewal(self, passed: Passed, seen: LiveSubscription, old: Money | None) -> BillingChange:
        origin: ChangeOrigin = "schedule" if passed.scheduled else "renewal"
        blank = self._blank("renewed", "renew", origin, passed.starts, instant_text(passed.starts), passed.basis)
        line = self._line()
        change = renewal_change(
            blank, passed, seen, ids=self.binding.ids, line=line, prices=self.prices, old=old, context=self.context
        )
        return self._finished(change, passed.subscription(seen), line, charged=True, renewed=True)

    def _seats(self, seen: LiveSubscription, before: int, after: int) -> BillingChange:
        when = self._when(seen, after - before)
        kind: ChargeKind = kind_of(before, after)
        basis = f"{before} → {after} seats, changed elsewhere"
        change = self._blank("seats", kind, "drift", when or self.customer.read_at, str(after), basis)
        change = with_subscription(with_quantity(change, before, after), seen, self.binding.ids)
        return self._with_money(change, seen, when)

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
            unit = change_of(self.last.body).cost_unit_list
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
        change = with_price(change, self._price(seen), market=self.context.market)
        line = self._line()
        change = with_sell(change, line.sell, wiped=0, charged=0, cycle=None, on=change.time.date())
        return self._finished(change, seen, line, charged=False)

    # ---- parts ----

    def _with_money(self, change: BillingChange, seen: LiveSubscription | None, when: datetime | None) -> BillingChange:
        line = self._line()
        if when is not None and seen is not None:
            change = add_seat_money(
                change, self._price(seen), seen, line=line, on=when.date(), market=self.context.market
            )
            return self._finished(change, seen, line, charged=True, on=when)
        since, until = _minute(self.last.at), _minute(self.customer.read_at)
        change = with_unknown(
            change, f"when it was changed is not known, between {since} and {until}, nor is its charge"
        )
        if seen is not None:
            price = self._price(seen)
            change = with_recurring(with_price(change, price, market=self.context.market), price, old=None)
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
            change = with_kind(change, self._kind(seen))
        change = add_bundle(
            change, line, seen, on=day, prices=self.prices, estate=self.estate, segment=line.segment,
            renewed=renewed,
        )  # fmt: skip
        return with_margin(change)

    def _blank(
        self, event: str, kind: ChargeKind, origin: ChangeOrigin, time: datetime, reference: str, basis: str
    ) -> BillingChange:
        ident = digest_of(["observed", str(self.address), event, reference, self.last.hash])
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

    def _line(self) -> LineContext:
        customer = self.estate.desired.customers.get(self.address.customer) if self.estate.desired else None
        specs: tuple[SubscriptionSpec | ServiceSpec, ...] = customer.subscriptions if customer else ()
        for spec in specs:
            if spec.address == self.address and customer is not None:
                return self._charged(line_of(spec, customer))
        return _line_of_record(change_of(self.last.body), self.last)

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
        return price_of_kind(self._kind(seen), self.prices, seen, segment=self._line().segment)

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


def _line_of_record(change: BillingChange, last: Recorded) -> LineContext:
    """What the last record said about a line that is declared no longer."""
    return LineContext(
        provider=change.provider,
        display_name=change.display_name or change.address.name,
        offer=change.offer,
        service=change.service,
        term=change.term,
        billing=change.billing_plan,
        bundle=change.bundle_id,
        bundle_version=change.bundle_version,
        bundle_instance=change.bundle_instance,
        component=change.component_id if change.bundle_id else None,
        sell=last.sell,
        segment=change.price_segment or "commercial",
    )


def _day(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d}" if instant else "never"


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
