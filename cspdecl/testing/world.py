"""The other side in memory: customers, what they have, what is for sale, a business clock, scripted faults, a log.

A small world with the rules that every reseller's provider shares: seats of one purchase come back for seven days, a
subscription may be cancelled in its first seven, a change takes back what was scheduled, terms renew. It may live in a
file, so that a process can be killed and the world goes on; each request then loads, changes and replaces that file.
"""

from __future__ import annotations

import fcntl
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

from cspdecl.core.catalog import Offer, OfferKey, OfferTerm
from cspdecl.core.desired import EndOfTerm, Profile
from cspdecl.core.live import ChangePolicy, LiveCustomer, LiveSubscription, NextTerm, SeatLot, Status
from cspdecl.core.plain import from_plain, to_plain
from cspdecl.core.terms import BillingCycle, Term, add_months, at_midnight

WINDOW = timedelta(days=7)
START = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)

FaultKind = Literal[
    "lost_before",  # the answer is lost, nothing happened
    "lost_after",  # the answer is lost, it happened
    "throttle",  # come back in `seconds`
    "reject",
    "defer",
    "pending",  # one more step before the answer
    "elsewhere",  # somebody sets `seats` right before us
    "misread",  # done, but one seat more is read back
    "bug",  # the plugin raises what no plugin may raise
    "not_authorised",
    "try_later",
    "unreadable",  # a customer's reading fails
    "probe_lost",  # a probe finds no answer
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong: `times` times (-1: always), for `action` and `tenant` where they are given, after
    `skip` requests that it would have met."""

    kind: FaultKind
    action: str | None = None
    tenant: str | None = None
    times: int = 1
    skip: int = 0
    seats: int = 0
    seconds: int = 1
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """A purchase between its steps. `subscription` is set by checkout; `request_id` is what the order remembers."""

    id: str
    tenant: str
    request_id: str
    offer: OfferKey
    seats: int
    term: Term
    billing: BillingCycle
    nickname: str
    subscription: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One line of the log: a reading or a write, and what it was about."""

    kind: Literal["read", "write"]
    what: str
    tenant: str = ""
    request_id: str = ""


class Refused(Exception):  # noqa: N818 - a value on its way out, not a failure of the program
    """The world says no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(slots=True, kw_only=True)
class State:
    """All there is. Plain data by core.plain, so that it can live in a file."""

    now: datetime = START
    serial: int = 0
    offers: tuple[Offer, ...] = ()
    customers: Mapping[str, LiveCustomer] = field(default_factory=dict)
    carts: Mapping[str, Cart] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    log: tuple[Request, ...] = ()

    def fresh_id(self) -> str:
        """A GUID nobody has used here."""
        self.serial += 1
        return f"00000000-0000-4000-a000-{self.serial:012d}"

    def sold(self, key: OfferKey | None) -> Offer | None:
        """An offer that is for sale, or None."""
        return next((offer for offer in self.offers if offer.key == key), None)

    def customer(self, tenant: str) -> LiveCustomer:
        """A customer by tenant. Raises Refused where it is none of ours."""
        found = self.customers.get(tenant.lower())
        if found is None:
            raise Refused("not_a_customer", "there is no such customer")
        return found

    def put_customer(self, customer: LiveCustomer) -> None:
        """Keep a customer as given."""
        self.customers = {**self.customers, customer.tenant.lower(): customer}

    def subscription(self, tenant: str, ident: str) -> LiveSubscription:
        """One subscription as it is now. Raises Refused where there is none."""
        for item in self.customer(tenant).subscriptions:
            if item.id == ident:
                return self.seen(item)
        raise Refused("not_a_subscription", "there is no such subscription")

    def put(self, tenant: str, item: LiveSubscription) -> None:
        """Keep a subscription as given."""
        customer = self.customer(tenant)
        others = tuple(one for one in customer.subscriptions if one.id != item.id)
        self.put_customer(replace(customer, subscriptions=(*others, item)))

    def seen(self, item: LiveSubscription) -> LiveSubscription:
        """A subscription as a reading shows it now: only windows that are still open."""
        lots = tuple(lot for lot in item.policy.lots if lot.returnable_until > self.now)
        until = item.policy.cancel_until
        policy = replace(
            item.policy, lots=lots, cancel_until=until if until and until > self.now else None, observed_at=self.now
        )
        return replace(item, policy=policy)

    # ---- what can be done ----

    def buy(
        self,
        tenant: str,
        *,
        offer: OfferKey,
        seats: int,
        term: Term = Term.P1Y,
        billing: BillingCycle = BillingCycle.MONTHLY,
        nickname: str = "",
        order: str | None = None,
    ) -> LiveSubscription:
        """A new subscription, from today's midnight on. Raises Refused."""
        customer, sold = self.customer(tenant), self.sold(offer)
        if customer.agreement != "accepted":
            raise Refused("no_agreement", "nobody has accepted the customer agreement yet")
        if sold is None or OfferTerm(term, billing) not in sold.terms:
            raise Refused("not_for_sale", f"{offer} is not sold as {term}/{billing}")
        self._within(sold, seats)
        start = at_midnight(self.now.date())
        item = LiveSubscription(
            id=self.fresh_id(),
            offer=offer,
            title=sold.title,
            nickname=nickname,
            seats=seats,
            term=term,
            billing=billing,
            status=Status.ACTIVE,
            end_of_term="renew",
            trial=False,
            created=self.now,
            term_started=start,
            term_ends=_months_on(start, term.months),
            cycle_ends=_months_on(start, billing.months or 1),
            policy=ChangePolicy(
                lots=(SeatLot(seats=seats, returnable_until=self.now + WINDOW),),
                cancel_until=self.now + WINDOW,
                min_seats=sold.min_seats,
                max_seats=sold.max_seats,
                can_schedule=True,
                busy=None,
                source="api",
                observed_at=self.now,
            ),
            scheduled=None,
            order_id=order or self.fresh_id(),
        )
        self.put(tenant, item)
        return item

    def set_seats(self, tenant: str, ident: str, seats: int) -> None:
        """More seats open a window of their own; fewer come out of open windows, the youngest first. Raises Refused."""
        item = self._running(tenant, ident)
        sold = self.sold(item.offer)
        if sold is not None:
            self._within(sold, seats)
        lots = list(item.policy.lots)
        if seats > item.seats:
            lots.append(SeatLot(seats=seats - item.seats, returnable_until=self.now + WINDOW))
        missing = item.seats - seats
        while missing > 0:
            if not lots:
                raise Refused("window_closed", f"{missing} of these seats are outside their 7-day window")
            last = lots.pop()
            if last.seats > missing:
                lots.append(replace(last, seats=last.seats - missing))
            missing -= last.seats
        self.put(tenant, replace(item, seats=seats, scheduled=None, policy=replace(item.policy, lots=tuple(lots))))

    def schedule(self, tenant: str, ident: str, following: NextTerm | None) -> None:
        """What the next term shall be; None takes it back. Raises Refused."""
        item = self._running(tenant, ident)
        if following is not None and item.end_of_term != "renew":
            raise Refused("no_renewal", "it does not renew, so nothing can be scheduled")
        self.put(tenant, replace(item, scheduled=following))

    def set_end(self, tenant: str, ident: str, choice: EndOfTerm) -> None:
        """Renew, cancel or extend when the term ends. Raises Refused."""
        self.put(tenant, replace(self._running(tenant, ident), end_of_term=choice))

    def rename(self, tenant: str, ident: str, name: str) -> None:
        """Another nickname. Raises Refused."""
        self.put(tenant, replace(self._running(tenant, ident), nickname=name))

    def cancel(self, tenant: str, ident: str) -> None:
        """End it now, inside its window. Raises Refused."""
        item = self._running(tenant, ident)
        if item.policy.cancel_until is None:
            raise Refused("window_closed", "it can only be cancelled within 7 days of its purchase")
        self.put(tenant, replace(item, status=Status.DELETED, scheduled=None))

    def create(self, tenant: str | None, *, name: str, domain: str, profile: Profile | None) -> LiveCustomer:
        """A new customer without agreement. Raises Refused where the domain is taken."""
        if any(customer.domain == domain for customer in self.customers.values()):
            raise Refused("domain_taken", f"{domain} is taken")
        customer = LiveCustomer(
            key=name, tenant=tenant or self.fresh_id(), name=name, domain=domain, subscriptions=(),
            agreement="none", blocked=None, profile=profile, read_at=self.now,
        )  # fmt: skip
        self.put_customer(customer)
        return customer

    def advance(self, span: timedelta) -> None:
        """Time passes; terms that end in between renew as scheduled, or end."""
        self.now += span
        for tenant, customer in self.customers.items():
            for item in customer.subscriptions:
                self.put(tenant, self._renewed(item))

    def _renewed(self, item: LiveSubscription) -> LiveSubscription:
        while item.status is Status.ACTIVE and item.term_ends and item.term_ends <= self.now and item.term:
            if item.end_of_term == "cancel":
                return replace(item, status=Status.EXPIRED, scheduled=None)
            following = item.scheduled if item.end_of_term == "renew" else None
            term = Term.P1M if item.end_of_term == "extend" else (following.term if following else item.term)
            start = item.term_ends
            item = replace(
                item,
                seats=following.seats if following else item.seats,
                offer=following.offer if following else item.offer,
                billing=following.billing if following else item.billing,
                term=term,
                scheduled=None,
                term_started=start,
                term_ends=_months_on(start, term.months),
                policy=replace(item.policy, lots=(), cancel_until=start + WINDOW),
            )
        return item

    def _running(self, tenant: str, ident: str) -> LiveSubscription:
        item = self.subscription(tenant, ident)
        if not item.status.running:
            raise Refused("not_running", f"it is {item.status}")
        return item

    @staticmethod
    def _within(sold: Offer, seats: int) -> None:
        if seats < sold.min_seats or (sold.max_seats is not None and seats > sold.max_seats):
            raise Refused("seats", f"{sold.min_seats} to {sold.max_seats or 'any number of'} seats are sold")

    # ---- faults and log ----

    def note(self, kind: Literal["read", "write"], what: str, *, tenant: str = "", request_id: str = "") -> None:
        """Write a line of the log."""
        self.log = (*self.log, Request(kind=kind, what=what, tenant=tenant, request_id=request_id))

    def fault(self, kinds: tuple[FaultKind, ...], *, action: str, tenant: str) -> Fault | None:
        """The first scripted fault that this request meets, counted down."""
        for index, fault in enumerate(self.faults):
            if fault.kind not in kinds or fault.times == 0:
                continue
            if fault.action not in (None, action) or (fault.tenant or tenant).lower() != tenant.lower():
                continue
            changed = replace(fault, skip=fault.skip - 1) if fault.skip else replace(fault, times=fault.times - 1)
            self.faults = (*self.faults[:index], changed, *self.faults[index + 1 :])
            if not fault.skip:
                return fault
        return None


class World:
    """Where the state lives: in this process, or in a file that outlives it. Safe for threads, and for processes."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._state = State()

    @contextmanager
    def open(self) -> Iterator[State]:
        """The state, kept when the block ends; nobody else is inside meanwhile."""
        with self._lock:
            if self._path is None:
                yield self._state
                return
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.with_suffix(".lock").open("w") as guard:
                fcntl.flock(guard, fcntl.LOCK_EX)
                state = from_plain(State, json.loads(self._path.read_text("utf-8"))) if self._path.exists() else State()
                try:
                    yield state
                finally:
                    # the new text is complete before it takes the old one's place: a kill leaves one of the two
                    new = self._path.with_suffix(".new")
                    new.write_text(json.dumps(to_plain(state)), encoding="utf-8")
                    new.replace(self._path)

    def advance(self, **span: float) -> None:
        """Let business time pass: `advance(days=8)`."""
        with self.open() as state:
            state.advance(timedelta(**span))

    def script(self, *faults: Fault) -> None:
        """Add faults."""
        with self.open() as state:
            state.faults = (*state.faults, *faults)

    def writes(self) -> tuple[Request, ...]:
        """Every write that arrived, in order, refused ones included."""
        with self.open() as state:
            return tuple(line for line in state.log if line.kind == "write")


def sell(
    *offers: str, terms: str = "P1Y/monthly P1Y/annual P1M/monthly P3Y/monthly", most: int = 300
) -> tuple[Offer, ...]:
    """Offers for a world's catalogue, titled by their ids."""
    ways = tuple(OfferTerm.parse(word) for word in terms.split())
    keys = [OfferKey.parse(text) for text in offers]
    return tuple(Offer(key=key, title=f"Offer {key}", min_seats=1, max_seats=most, terms=ways) for key in keys)


def _months_on(start: datetime, months: int) -> datetime:
    day: date = add_months(start.date(), months)
    return at_midnight(day)
