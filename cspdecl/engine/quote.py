"""What one change of a declared line would do and cost, from price lists and what was read last; asks nobody.

The decision is the plan's own: what can be done on the day, what only at the renewal, what is refused. Money is then
put beside what can be done, never beside what cannot.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from cspdecl.commerce.decide import decide
from cspdecl.commerce.prices import (
    UnknownPrice,
    cost_per_month,
    find_price,
    market_of,
    older_lists,
    price_of_line,
    prices_in,
)
from cspdecl.commerce.proration import charge_lines, cycle_of, kind_of
from cspdecl.commerce.values import Decision, Delta, Setting
from cspdecl.commerce.words import day, last_day
from cspdecl.core.action import Cancel, Purchase, SetSeats
from cspdecl.core.address import Address
from cspdecl.core.catalog import Offer, OfferTerm
from cspdecl.core.desired import CustomerSpec, SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error
from cspdecl.core.errors import CspdeclError
from cspdecl.core.live import LiveCustomer, LiveSubscription
from cspdecl.core.money import Money, Rounding
from cspdecl.core.operation import PriceDelta, Waiting
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.records import ChargeLine
from cspdecl.core.terms import cycle_containing
from cspdecl.engine.session import everything
from cspdecl.planning.bundles import bundle_sell_change
from cspdecl.planning.compare import compare
from cspdecl.planning.context import bundle_of
from cspdecl.planning.money import SellChange, add_sell, preview_purchase, preview_seats, sell_change

if TYPE_CHECKING:
    from cspdecl.engine.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What can be done on the day, and its money. `by`: the instant before which fewer seats or an end must be sent.
    `returnable_until`: until when what is added comes back."""

    before: int
    after: int
    money: PriceDelta
    lines: tuple[ChargeLine, ...]
    cost_month: Money | None
    sell_month: Money | None
    by: datetime | None
    returnable_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRenewal:
    """What waits for the end of the term on `on`: `held` seats stay billed until then, for this much a month.

    `after` are the seats of the next term; None: no smaller renewal can be scheduled, and `waiting` says why.
    """

    on: datetime
    after: int | None
    held: int
    held_cost_month: Money | None
    held_sell_month: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """An answer in three parts: `now`, `at_renewal`, `refused`; all empty where nothing changes.

    `before` seats run, `asked` were asked for (0: to cancel). `live_as_of` is when the line was read, None where
    nothing of it runs. `waiting` is what has to happen first or elsewhere, `notes` what the answer leaves open.
    """

    address: Address
    title: str
    before: int
    asked: int
    on: date
    price: UnitPrice | UnknownPrice
    now: Now | None
    at_renewal: AtRenewal | None
    refused: tuple[Diagnostic, ...]
    waiting: tuple[Waiting, ...]
    notes: tuple[str, ...]
    warning: Diagnostic | None
    live_as_of: datetime | None


def quote_line(session: Session, address: Address, *, seats: int | None, on: datetime | None) -> Quote:
    """Quote a declared subscription at `seats` (None: as declared; 0: cancelled) on a day (None: now).

    Raises CspdeclError where no such line is declared, or what stands for it was not read.
    """
    customer, spec = _declared(session, address)
    wanted = replace(spec, absent=True) if seats == 0 else replace(spec, absent=False, seats=seats) if seats else spec
    there, live = _live(session, spec)
    now = max(session.clock.now(), there.read_at) if there else session.clock.now()
    at = now if on is None or on.date() == now.date() else on
    book = prices_in(session.prices({spec.offer}), market_of(customer, there))
    price = (
        price_of_line(book, spec, live)
        if live
        else find_price(book, offer=spec.offer, term=spec.term, billing=spec.billing, segment="commercial", at=at)
    )
    quote = Quote(
        address=address,
        title=spec.display_name or (live.title if live else "") or str(spec.offer),
        before=live.seats if live else 0,
        asked=0 if wanted.absent else wanted.seats,
        on=at.date(),
        price=price,
        now=None,
        at_renewal=None,
        refused=(),
        waiting=(),
        notes=tuple(_notes(there, live, at, now)),
        warning=older_lists([(price.list_date, price.asked_for)]) if isinstance(price, UnitPrice) else None,
        live_as_of=there.read_at if there and live else None,
    )
    outside = _outside_term(spec, live, at) if live else None
    if outside is not None:
        return replace(quote, refused=(outside,))
    decision = _decide(session, customer, wanted, there, live, at)
    offered = _Offered(customer=customer, spec=spec, wanted=wanted, live=live, book=book, price=price, at=at)
    return replace(
        quote,
        now=offered.now(decision),
        at_renewal=offered.at_renewal(decision),
        refused=tuple(item for item in decision.diagnostics if item.severity == "error"),
        waiting=decision.waiting,
        notes=(*quote.notes, *_remarks(decision)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offered:
    """Puts money beside a decision about one line."""

    customer: CustomerSpec
    spec: SubscriptionSpec
    wanted: SubscriptionSpec
    live: LiveSubscription | None
    book: PriceBook
    price: UnitPrice | UnknownPrice
    at: datetime

    def now(self, decision: Decision) -> Now | None:
        for step in decision.steps:
            if isinstance(step.action, Purchase | SetSeats | Cancel):
                break
        else:
            return None
        before = self.live.seats if self.live else 0
        after = 0 if isinstance(step.action, Cancel) else decision.after or 0
        sell = self._sell(before, after)
        money = (
            preview_seats(self.spec, self.live, self.book, after=after, now=self.at, sell=sell)
            if self.live
            else preview_purchase(self.wanted, self.book, segment="commercial", now=self.at, sell=sell)
        )
        return Now(
            before=before,
            after=after,
            money=money,
            lines=self._lines(before, after),
            cost_month=cost_per_month(self.price, after - before),
            sell_month=sell.month.rounded(Rounding.HALF_UP) if sell else None,
            by=decision.take_by,
            returnable_until=decision.added_until,
        )

    def at_renewal(self, decision: Decision) -> AtRenewal | None:
        if not decision.held or decision.held_until is None or self.live is None:
            return None
        stays = (decision.after or 0) - decision.held if decision.after is not None else 0
        sell = self._sell(stays, stays + decision.held)
        return AtRenewal(
            on=decision.held_until,
            after=0 if self.wanted.absent else decision.later,
            held=decision.held,
            held_cost_month=cost_per_month(self.price, decision.held),
            held_sell_month=sell.month.rounded(Rounding.HALF_UP) if sell else None,
        )

    def _sell(self, before: int, after: int) -> SellChange | None:
        bundle = bundle_of(self.spec, self.customer)
        of_bundle = bundle_sell_change(self.spec, bundle, before, after) if bundle else None
        return add_sell(sell_change(self.spec.sell, before, after), of_bundle)

    def _lines(self, before: int, after: int) -> tuple[ChargeLine, ...]:
        on = self.at.date()
        if isinstance(self.price, UnknownPrice) or self.price.billing.months is None:
            return ()
        if self.live is None:
            cycle = cycle_containing(on, on, term=self.spec.term, billing=self.spec.billing)
        else:
            found = cycle_of(self.live, on)
            if found is None or not found.start <= on <= found.end:
                return ()
            cycle = found
        kind = kind_of(before, after)
        return charge_lines(price=self.price, before=before, after=after, cycle=cycle, on=on, kind=kind)


def _decide(
    session: Session, customer: CustomerSpec, wanted: SubscriptionSpec, there: LiveCustomer | None,
    live: LiveSubscription | None, at: datetime,
) -> Decision:  # fmt: skip
    if live is None:
        delta: Delta | None = Delta(spec=wanted, live=None, fields=frozenset())
    else:
        delta = compare(wanted, live)
    if delta is None:
        return Decision(symbol=" ")
    provider = session.project.providers[wanted.provider]
    running = [item for item in there.subscriptions if item.status.running] if there else []
    way = OfferTerm(wanted.term, wanted.billing)
    # nobody is asked what is sold: what is declared is taken to be for sale, and a note says so
    sold = Offer(key=wanted.offer, title=str(wanted.offer), min_seats=1, max_seats=None, terms=(way,))
    setting = Setting(
        now=at,
        capabilities=everything(),
        environment=provider.environment,
        offer=sold,
        offer_state="sold",
        running=len(running),
        held=frozenset({item.offer for item in running if item.offer} | {one.offer for one in customer.subscriptions}),
        agreement=there.agreement if there else "coming",
        blocked=there.blocked if there else None,
    )
    return decide(delta, setting)


def _remarks(decision: Decision) -> list[str]:
    """What the decision says beside steps, waits and refusals; the two parts themselves tell that seats were split."""
    waits = {item.text for item in decision.waiting}
    said = [item.message for item in decision.diagnostics if item.severity != "error" and item.code != "CSP310"]
    return [*(text for text in decision.notes if text not in waits), *said]


def _notes(there: LiveCustomer | None, live: LiveSubscription | None, at: datetime, now: datetime) -> list[str]:
    notes = []
    if there is None:
        notes.append("nothing was read of this customer yet, so this is quoted as a purchase")
    if live is None:
        notes.append("whether it is sold, and how many seats at most, is asked by `plan`, not here")
    if at.date() < now.date():
        notes.append(f"{day(at)} has passed: nothing can be changed on it any more")
    return notes


def _outside_term(spec: SubscriptionSpec, live: LiveSubscription, at: datetime) -> Diagnostic | None:
    began, ends = live.term_started, live.term_ends
    if at.date() >= began.date() and (ends is None or at < ends):
        return None
    early = at.date() < began.date()
    running = f"it began on {day(began)}" if early or ends is None else f"it ends on {last_day(ends)}"
    return error(
        "CSP610",
        f"{day(at)} is {'before' if early else 'after'} the running term: {running}",
        origin=spec.origin,
        address=str(spec.address),
        label=f"subscription {live.id}",
        hint="quote a day of the running term; what a next term costs is known when its prices are",
    )


def _declared(session: Session, address: Address) -> tuple[CustomerSpec, SubscriptionSpec]:
    _project, desired = session.require()
    customer = desired.customers.get(address.customer)
    if customer is None:
        raise CspdeclError(f"no customer named `{address.customer}` is declared")
    for line in customer.subscriptions:
        if line.address == address:
            return customer, line
    names = ", ".join(str(line.address) for line in customer.subscriptions[:8])
    raise CspdeclError(f"`{address}` is no declared subscription; {address.customer} has {names or 'none'}")


def _live(session: Session, spec: SubscriptionSpec) -> tuple[LiveCustomer | None, LiveSubscription | None]:
    """The customer and the line's subscription as read last. A line that stands for something must have been read."""
    store = session.store()
    binding = store.bindings().get(spec.address)
    customer = store.live([spec.address.customer]).get(spec.address.customer)
    if customer is None:
        if binding is not None:
            raise CspdeclError(f"what `{spec.address}` stands for has not been read: run `cspdecl plan` once")
        return None, None
    running = [item for item in customer.subscriptions if item.status.running and not item.trial]
    if binding is not None:
        chosen = [item for item in running if item.id in binding.ids]
        if not chosen:
            raise CspdeclError(f"the subscription of `{spec.address}` runs no longer; `cspdecl plan` says what follows")
    else:
        chosen = [item for item in running if item.id == spec.id or (spec.id is None and item.offer == spec.offer)]
    if len(chosen) > 1:
        raise CspdeclError(f"`{spec.address}` could be any of {len(chosen)} subscriptions: adopt it first")
    return customer, chosen[0] if chosen else None
