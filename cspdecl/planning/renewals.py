"""What ends when, what happens then, what it will cost, and until when that can still be decided. Pure: looks, decides
nothing.

What is live is what will happen; what is declared and not written yet is said beside it. Prices are those of the list
in force on the day of the renewal, as far as it is imported: a renewal is a purchase (contract §22.28, 2026), priced
anew. Everything about it must be written before 00:00 UTC of its day (contract §13.2, 2023-10).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cspdecl.commerce.policy import RETURN_WINDOW, TRIAL_BECOMES_SEATS, renewal_deadline
from cspdecl.commerce.prices import (
    UnknownPrice,
    cost_per_cycle,
    cost_per_month,
    find_price,
    market_of,
    price_of_extended,
    prices_in,
    sell_per_month,
)
from cspdecl.commerce.proration import commitment
from cspdecl.commerce.selling import resolve_sell
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.dated import on_day
from cspdecl.core.desired import DesiredState, EndOfTerm, SubscriptionSpec
from cspdecl.core.live import Bindings, LiveEndOfTerm, LiveState, LiveSubscription, NextTerm, Status
from cspdecl.core.money import Money
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.terms import BillingCycle, Term, add_months, at_midnight
from cspdecl.planning.renewal_notes import Around, Outcome, is_extended, notes_of, otherwise, unwritten

#: How far a plan looks ahead for its closing line.
SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """The end of one running term. `ends` is the first instant after it; everything must be written before `decide_by`.

    `outcome` follows from what is live (`ending`), `declared` from the manifest (None: not declared); `unwritten` says
    that they differ. `next` is the term that follows, `price` what a seat of it costs, `commitment` what it commits to
    until `committed_until` (exclusive). `returnable_until`: about when the window after it closes. An unknown
    amount is None, and `price` says why.
    """

    customer: str
    name: str
    address: Address | None
    title: str
    subscription: str
    offer: OfferKey | None
    seats: int
    term: Term | None
    billing: BillingCycle | None
    ends: datetime
    decide_by: datetime
    ending: LiveEndOfTerm
    declared: EndOfTerm | None
    outcome: Outcome
    unwritten: bool = False
    next: NextTerm | None = None
    price: UnitPrice | UnknownPrice | None = None
    cost_cycle: Money | None = None
    cost_month: Money | None = None
    sell_month: Money | None = None
    commitment: Money | None = None
    committed_until: datetime | None = None
    returnable_until: datetime | None = None
    notes: tuple[str, ...] = ()

    @property
    def undecided(self) -> bool:
        """Whether somebody has to decide: nothing is set, or what is declared is not written yet."""
        return self.outcome == "undecided" or self.unwritten

    @property
    def routine(self) -> bool:
        """A monthly term that simply goes on: true every month, and no news."""
        same = self.next is not None and self.next.seats == self.seats and self.next.term is self.term
        return self.term is Term.P1M and self.outcome == "renews" and same and not self.undecided


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWindow:
    """Seats that still come back: `seats` of them, the first until `until`; `whole`: all of it can be cancelled."""

    customer: str
    address: Address | None
    title: str
    subscription: str
    seats: int
    until: datetime
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """A term that is over and not renewed or ended yet. `ended`: the first instant after it; `why`: what is known."""

    customer: str
    address: Address | None
    title: str
    subscription: str
    seats: int
    ended: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewals:
    """Everything that ends before `horizon`, the undecided first, then by day. `unread`: who was not read, and why.

    `under_way`: what ended before `now`, as it was read; a renewal may take a day (contract §13.2, 2023-10).
    """

    project: str
    now: datetime
    as_of: datetime
    horizon: datetime
    items: tuple[Renewal, ...]
    windows: tuple[OpenWindow, ...]
    unread: Mapping[str, str]
    under_way: tuple[UnderWay, ...] = ()

    @property
    def undecided(self) -> tuple[Renewal, ...]:
        """What somebody has to decide."""
        return tuple(item for item in self.items if item.undecided)


def find_renewals(
    *, project: str, market: str, desired: DesiredState, live: LiveState, bindings: Bindings, prices: PriceBook,
    now: datetime, within: timedelta,
) -> Renewals:  # fmt: skip
    """The renewals of every customer that was read. `prices` holds the lists of all markets concerned."""
    horizon = now + within
    lines = _lines_by_subscription(desired, bindings, now)
    items: list[Renewal] = []
    windows: list[OpenWindow] = []
    under_way: list[UnderWay] = []
    for key, there in live.customers.items():
        spec = desired.customers.get(key)
        book = prices_in(prices, market_of(spec, there) or market)
        for item in there.subscriptions:
            line = lines.get((key, item.id))
            if item.status.running:
                windows += _open_window(key, item, line, now)
                under_way += _under_way(key, item, line, now)
            if _ends_soon(item, now, horizon):
                items.append(_renewal(Around(key=key, there=there, spec=spec, line=line, book=book), item))
    items.sort(key=lambda one: (not one.undecided, one.ends, one.customer, str(one.address), one.subscription))
    windows.sort(key=lambda one: (one.until, one.customer, str(one.address), one.subscription))
    return Renewals(
        project=project,
        now=now,
        as_of=live.as_of,
        horizon=horizon,
        items=tuple(items),
        windows=tuple(windows),
        unread={key: failure.message for key, failure in live.unknown.items()},
        under_way=tuple(sorted(under_way, key=lambda one: (one.ended, one.customer, one.subscription))),
    )


def count_soon(live: LiveState, now: datetime) -> tuple[int, int]:
    """Of the running terms that end within `SOON`: how many, and how many of them undecided.

    Monthly terms are left out, since they end every month; trials are not.
    """
    ending = undecided = 0
    for customer in live.customers.values():
        for item in customer.subscriptions:
            if _ends_soon(item, now, now + SOON) and (item.trial or item.term is not Term.P1M):
                ending += 1
                undecided += _outcome(item, None) == "undecided"
    return ending, undecided


def _ends_soon(item: LiveSubscription, now: datetime, horizon: datetime) -> bool:
    if not item.status.running or item.term_ends is None or item.product == "azure_plan":
        return False
    return now < item.term_ends <= horizon


def _lines_by_subscription(
    desired: DesiredState, bindings: Bindings, now: datetime
) -> dict[tuple[str, str], SubscriptionSpec]:
    found: dict[tuple[str, str], SubscriptionSpec] = {}
    for key, spec in desired.customers.items():
        for line in spec.subscriptions:
            binding = bindings.get(line.address)
            for ident in binding.ids if binding else (line.id,):
                if ident is not None:
                    found[key, ident] = on_day(line, now.date())
    return found


def _open_window(
    key: str, item: LiveSubscription, line: SubscriptionSpec | None, now: datetime
) -> Iterator[OpenWindow]:
    lots = [lot for lot in item.policy.lots if lot.returnable_until > now and lot.seats]
    whole = item.policy.cancel_until is not None and item.policy.cancel_until > now
    if not lots and not whole:
        return
    instants = [lot.returnable_until for lot in lots]
    if not instants and item.policy.cancel_until is not None:
        instants = [item.policy.cancel_until]
    yield OpenWindow(
        customer=key,
        address=line.address if line else None,
        title=item.title,
        subscription=item.id,
        seats=item.seats if whole else sum(lot.seats for lot in lots),
        until=min(instants),
        whole=whole,
    )


def _under_way(key: str, item: LiveSubscription, line: SubscriptionSpec | None, now: datetime) -> Iterator[UnderWay]:
    if item.term_ends is None or item.term_ends > now or item.product == "azure_plan":
        return
    yield UnderWay(
        customer=key,
        address=line.address if line else None,
        title=item.title,
        subscription=item.id,
        seats=item.seats,
        ended=item.term_ends,
        why=item.policy.busy or "what became of it was not read yet",
    )


def _renewal(around: Around, item: LiveSubscription) -> Renewal:
    line, ends = around.line, item.term_ends
    if ends is None:  # asked only of what ends
        raise ValueError(f"subscription {item.id} has no end")
    declared = _declared(line)
    outcome = _outcome(item, line)
    upcoming = _next(item, line, outcome)
    notes = list(notes_of(around, item, outcome, upcoming, declared))
    price = _price(around, item, outcome, upcoming, ends)
    seats = upcoming.seats if upcoming else 0
    known = isinstance(price, UnitPrice)
    until = _until(upcoming, ends) if known and upcoming else None
    return Renewal(
        customer=around.key,
        name=around.there.name,
        address=line.address if line else None,
        title=(line.display_name if line else None) or item.title,
        subscription=item.id,
        offer=item.offer,
        seats=item.seats,
        term=item.term,
        billing=item.billing,
        ends=ends,
        decide_by=renewal_deadline(ends),
        ending=item.end_of_term,
        declared=declared,
        outcome=outcome,
        unwritten=unwritten(line, item, declared)
        or (line is not None and line.at_renewal is not None and otherwise(line, item, outcome) is not None),
        next=upcoming,
        price=price,
        cost_cycle=cost_per_cycle(price, seats) if price else None,
        cost_month=cost_per_month(price, seats) if price else None,
        sell_month=_sell(line, price, seats),
        commitment=_owed(price, seats, ends, until),
        committed_until=until,
        returnable_until=ends + RETURN_WINDOW if outcome in ("renews", "converts") else None,
        notes=tuple(notes),
    )


def _declared(line: SubscriptionSpec | None) -> EndOfTerm | None:
    if line is None:
        return None
    return "cancel" if line.absent else line.end_of_term


def _outcome(item: LiveSubscription, line: SubscriptionSpec | None) -> Outcome:
    """What happens by itself, as it is written at the provider. What was extended goes on by the month until ended."""
    if is_extended(item, line) and item.end_of_term in ("unset", "extend"):
        return "extends"
    if item.status is Status.SUSPENDED and item.end_of_term != "renew":
        return "ends"  # suspended at its end it is disabled (contract §13.2); whether it can be extended is not said
    if item.trial:
        return "converts" if item.end_of_term == "renew" else "ends"
    known: dict[LiveEndOfTerm, Outcome] = {"renew": "renews", "extend": "extends", "cancel": "ends"}
    return known.get(item.end_of_term, "undecided")


def _next(item: LiveSubscription, line: SubscriptionSpec | None, outcome: Outcome) -> NextTerm | None:
    if outcome == "converts":
        if item.scheduled is not None:
            return item.scheduled
        offer = line.renews_to.offer if line and line.renews_to else None
        if offer is None:
            return None
        # left alone a trial becomes this (create-a-new-subscription page, 2023-10; contract §13.2)
        return NextTerm(offer=offer, seats=TRIAL_BECOMES_SEATS, term=Term.P1Y, billing=BillingCycle.MONTHLY)
    if item.offer is None or item.term is None or item.billing is None:
        return None
    if outcome == "extends":
        return NextTerm(offer=item.offer, seats=item.seats, term=Term.P1M, billing=BillingCycle.MONTHLY)
    if outcome != "renews":
        return None
    return item.scheduled or NextTerm(offer=item.offer, seats=item.seats, term=item.term, billing=item.billing)


def _price(
    around: Around, item: LiveSubscription, outcome: Outcome, upcoming: NextTerm | None, ends: datetime
) -> UnitPrice | UnknownPrice | None:
    if outcome == "converts" and upcoming is None:
        return UnknownPrice(reason="which paid offer the trial becomes is not known")
    if upcoming is None:
        return None
    if outcome == "extends" or is_extended(item, around.line):
        return price_of_extended(around.book, upcoming.offer, segment=around.segment, at=ends)
    return find_price(
        around.book,
        offer=upcoming.offer,
        term=upcoming.term,
        billing=upcoming.billing,
        segment=around.segment,
        at=ends,
        seats=(upcoming.seats,),
    )


def _until(upcoming: NextTerm, ends: datetime) -> datetime:
    if upcoming.ends is not None:
        return at_midnight(upcoming.ends) + timedelta(days=1)
    return at_midnight(add_months(ends.date(), upcoming.term.months))


def _owed(price: UnitPrice | UnknownPrice | None, seats: int, ends: datetime, until: datetime | None) -> Money | None:
    if not isinstance(price, UnitPrice) or until is None:
        return None
    return commitment(price=price, seats=seats, on=ends.date(), term_starts=ends.date(), term_ends=until)


def _sell(line: SubscriptionSpec | None, price: UnitPrice | UnknownPrice | None, seats: int) -> Money | None:
    if line is None or price is None:
        return None
    rule = resolve_sell(line.sell, line.relative, price).rule
    return sell_per_month(rule, seats) if rule is not None else None
