"""What one change of a declared line would do and cost, from price lists and what was read last; asks nobody.

The decision is the plan's own: what can be done on the day, what only at the renewal, what is refused. Money is then
put beside what can be done, never beside what cannot.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from cspdecl.commerce.cycles import check_plan
from cspdecl.commerce.decide import decide
from cspdecl.commerce.prices import UnknownPrice, find_price, market_of, older_lists, price_of_line, prices_in
from cspdecl.commerce.selling import resolve_sell
from cspdecl.commerce.values import Decision, Delta, Setting
from cspdecl.commerce.words import day, last_day
from cspdecl.core.address import Address
from cspdecl.core.catalog import Offer, OfferKey, OfferTerm
from cspdecl.core.dated import on_day
from cspdecl.core.desired import CustomerSpec, SubscriptionSpec, Upgrade
from cspdecl.core.diagnostics import Diagnostic, error
from cspdecl.core.errors import CspdeclError
from cspdecl.core.inquiry import TransitionPath, Transitions
from cspdecl.core.live import LiveCustomer, LiveSubscription
from cspdecl.core.operation import Waiting
from cspdecl.core.project import UnitPrice
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.engine.quote_money import AtRenewal, Now, Offered, target_price
from cspdecl.engine.session import everything
from cspdecl.planning.compare import compare

if TYPE_CHECKING:
    from cspdecl.engine.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """An answer in three parts: `now`, `at_renewal`, `refused`; all empty where nothing changes.

    `before` seats run, `asked` were asked for (0: to cancel). `live_as_of` is when the line was read, None where
    nothing of it runs. `waiting` is what has to happen first or elsewhere, `notes` what the answer leaves open.
    `target` is the price of another offer or a longer term, `target_offer` that offer, where one is asked for.
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
    target: UnitPrice | UnknownPrice | None = None
    target_offer: OfferKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked about a declared line; None: as declared. `seats` 0 cancels; with another `offer`, so many seats go
    over to it. `term` and `billing`: a longer term now."""

    seats: int | None = None
    offer: OfferKey | None = None
    term: Term | None = None
    billing: BillingCycle | None = None

    @property
    def converts(self) -> bool:
        """Whether something else than seats is asked about."""
        return any(item is not None for item in (self.offer, self.term, self.billing))


def quote_line(session: Session, address: Address, wish: Wish, *, on: datetime | None) -> Quote:
    """Quote a declared subscription on a day (None: now).

    Raises CspdeclError where no such line is declared, or what stands for it was not read.
    """
    customer, declared = _declared(session, address)
    there, live = _live(session, declared)
    now = max(session.clock.now(), there.read_at) if there else session.clock.now()
    at = now if on is None or on.date() == now.date() else on
    spec = on_day(declared, at.date())
    wanted = as_wished(spec, live, wish)
    offers = {spec.offer, wanted.offer, *([live.offer] if live and live.offer else [])}
    market = market_of(customer, there)
    book = prices_in(session.prices(offers, markets={market} if market else ()), market)
    segment = customer.segment
    price = (
        price_of_line(book, spec, live, segment=segment)
        if live
        else find_price(
            book, offer=wanted.offer, term=wanted.term, billing=wanted.billing, segment=segment, at=at,
            seats=(wanted.seats,),
        )
    )  # fmt: skip
    if live is None and wanted.trial:
        price = UnknownPrice(reason="a trial has no price of its own")
    sell = resolve_sell(spec.sell, spec.relative, price)
    spec, wanted = replace(spec, sell=sell.rule), replace(wanted, sell=sell.rule)
    target = target_price(wanted, live, book, segment=segment, at=at) if wish.converts else None
    quote = Quote(
        address=address,
        title=spec.display_name or (live.title if live else "") or str(spec.offer),
        before=live.seats if live else 0,
        asked=0 if wanted.absent else wanted.upgrade.seats or wanted.seats if wanted.upgrade else wanted.seats,
        on=at.date(),
        price=price,
        now=None,
        at_renewal=None,
        refused=(),
        waiting=(),
        notes=tuple(_notes(there, live, at, now)),
        warning=_older(price, target),
        live_as_of=there.read_at if there and live else None,
        target=target,
        target_offer=wanted.offer if live and wanted.offer != live.offer else None,
    )
    outside = _outside_term(spec, live, at) if live else None
    outside = outside or check_plan(wanted.term, wanted.billing)
    if outside is not None:
        return replace(quote, refused=(outside,))
    sold = _sold(wanted)
    decision = _decide(session, customer, wanted, there, live, at, sold)
    currency = session.project.reseller.currency
    offered = Offered(
        customer=customer, spec=spec, wanted=wanted, live=live, book=book, price=price, target=target, sold=sold,
        currency=currency, at=at,
    )  # fmt: skip
    eligible = ["whether this customer may upgrade is asked by `plan`, not here"] if quote.target_offer else []
    return replace(
        quote,
        now=offered.now(decision),
        at_renewal=offered.at_renewal(decision),
        refused=tuple(item for item in decision.diagnostics if item.severity == "error"),
        waiting=decision.waiting,
        notes=(*quote.notes, *eligible, *_remarks(decision)),
    )


def as_wished(spec: SubscriptionSpec, live: LiveSubscription | None, wish: Wish) -> SubscriptionSpec:
    """The line as it would be declared for what is asked."""
    wanted = replace(
        spec, offer=wish.offer or spec.offer, term=wish.term or spec.term, billing=wish.billing or spec.billing
    )
    if wish.seats == 0:
        return replace(wanted, absent=True)
    if wish.seats:
        wanted = replace(wanted, absent=False, seats=wish.seats)
    if live is None or live.offer is None or wanted.offer == live.offer:
        return wanted
    part = wish.seats if wish.seats and wish.seats < live.seats else None
    source = Upgrade(source=live.offer, seats=part, origin=spec.origin)
    total = live.seats if part or wish.seats is None else wish.seats
    return replace(wanted, seats=total, upgrade=source, trial=False, renews_to=None)


def _older(*prices: UnitPrice | UnknownPrice | None) -> Diagnostic | None:
    return older_lists((item.list_date, item.asked_for) for item in prices if isinstance(item, UnitPrice))


def _sold(wanted: SubscriptionSpec) -> Offer:
    # nobody is asked what is sold: what is declared is taken to be for sale, and a note says so
    return Offer(
        key=wanted.offer,
        title=str(wanted.offer),
        min_seats=1,
        max_seats=None,
        terms=(OfferTerm(wanted.term, wanted.billing),),
        trial=wanted.trial,
        product="perpetual" if wanted.term is Term.ONCE else "license",
    )


def _decide(
    session: Session, customer: CustomerSpec, wanted: SubscriptionSpec, there: LiveCustomer | None,
    live: LiveSubscription | None, at: datetime, sold: Offer,
) -> Decision:  # fmt: skip
    if live is None:
        delta: Delta | None = Delta(spec=wanted, live=None, fields=frozenset())
    else:
        delta = compare(wanted, live)
    if delta is None:
        return Decision(symbol=" ")
    provider = session.project.providers[wanted.provider]
    running = [item for item in there.subscriptions if item.status.running] if there else []
    # nor is it asked whether an upgrade can be had: the note says so, and money is told as if it could
    path = TransitionPath(offer=wanted.offer, kinds=("transition_with_license_transfer", "transition_only"))
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
        model=session.project.reseller.model,
        segment=customer.segment,
        country=market_of(customer, there),
        hold=customer.hold,
        qualifications=there.qualifications if there else None,
        transitions=Transitions(paths=(path,)),
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
    running = [item for item in customer.subscriptions if item.status.running and (binding or spec.trial == item.trial)]
    if binding is not None:
        chosen = [item for item in running if item.id in binding.ids]
        if not chosen:
            raise CspdeclError(f"the subscription of `{spec.address}` runs no longer; `cspdecl plan` says what follows")
    else:
        chosen = [item for item in running if item.id == spec.id or (spec.id is None and item.offer == spec.offer)]
    if len(chosen) > 1 and binding is not None:
        raise CspdeclError(f"`{spec.address}` stands for two subscriptions, upgraded in part: ask `cspdecl plan`")
    if len(chosen) > 1:
        raise CspdeclError(f"`{spec.address}` could be any of {len(chosen)} subscriptions: adopt it first")
    return customer, chosen[0] if chosen else None
