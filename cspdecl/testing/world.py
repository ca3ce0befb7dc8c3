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
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

from cspdecl.core.action import Purchase
from cspdecl.core.catalog import Offer, OfferKey, OfferTerm
from cspdecl.core.desired import EndOfTerm, Profile
from cspdecl.core.inquiry import Answer, Inquiry, ResellerStanding
from cspdecl.core.live import LiveCustomer, LiveSubscription, NextTerm, Qualification, SeatLot, Status
from cspdecl.core.plain import from_plain, to_plain
from cspdecl.core.terms import BillingCycle, Term, at_midnight
from cspdecl.testing import deeds
from cspdecl.testing.buying import Cart, Promoted, buy, within
from cspdecl.testing.passage import WINDOW, lived_on, months_on
from cspdecl.testing.script import Fault, FaultKind, Refused, Request

__all__ = ["START", "WINDOW", "Cart", "Fault", "Promoted", "Refused", "Request", "State", "World", "sell"]

START = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
VETTING = timedelta(days=3)  # how long a qualification is in review here


@dataclass(slots=True, kw_only=True)
class State:
    """All there is. Plain data by core.plain, so that it can live in a file.

    `said`: answers to single questions that stand before what the state would say. `results`: which subscriptions came
    of a request, by its id. `vetted`: from when on the qualifications in review of a tenant are approved. `assigned`:
    by tenant and offer, licences that people have; one that is not there is not known.
    """

    now: datetime = START
    serial: int = 0
    offers: tuple[Offer, ...] = ()
    customers: Mapping[str, LiveCustomer] = field(default_factory=dict)
    carts: Mapping[str, Cart] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    log: tuple[Request, ...] = ()
    said: tuple[tuple[Inquiry, Answer], ...] = ()
    promotions: tuple[Promoted, ...] = ()
    resellers: Mapping[str, ResellerStanding] = field(default_factory=dict)
    results: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    vetted: Mapping[str, datetime] = field(default_factory=dict)
    assigned: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def fresh_id(self) -> str:
        """A GUID nobody has used here."""
        self.serial += 1
        return f"00000000-0000-4000-a000-{self.serial:012d}"

    def sold(self, key: OfferKey | None, segment: str | None = None) -> Offer | None:
        """An offer that is for sale (in a segment, where one is named), or None."""
        return next((one for one in self.offers if one.key == key and segment in (None, one.segment)), None)

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
        return self.seen(self.kept(tenant, ident))

    def kept(self, tenant: str, ident: str) -> LiveSubscription:
        """One subscription as it is kept, closed windows and all. Raises Refused where there is none."""
        for item in self.customer(tenant).subscriptions:
            if item.id == ident:
                return item
        raise Refused("not_a_subscription", "there is no such subscription")

    def put(self, tenant: str, item: LiveSubscription) -> None:
        """Keep a subscription as given."""
        customer = self.customer(tenant)
        others = tuple(one for one in customer.subscriptions if one.id != item.id)
        self.put_customer(replace(customer, subscriptions=(*others, item)))

    def seen(self, item: LiveSubscription) -> LiveSubscription:
        """A subscription as a reading shows it now: only windows that are still open, none of seats while suspended."""
        lots = tuple(lot for lot in item.policy.lots if lot.returnable_until > self.now and lot.seats)
        if item.status is Status.SUSPENDED:
            lots = ()
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
    ) -> LiveSubscription:
        """A new subscription, bought in the plainest way. Raises Refused."""
        action = Purchase(
            offer=offer, seats=seats, term=term, billing=billing, nickname=nickname, segment="commercial", country="",
            unit_price=None,
        )  # fmt: skip
        return buy(self, tenant, action)

    def set_seats(self, tenant: str, ident: str, seats: int) -> None:
        """More seats open a window of their own; fewer come out of open windows, the youngest first. Raises Refused."""
        item = self._running(tenant, ident)
        sold = self.sold(item.offer)
        if item.status is Status.SUSPENDED:
            raise Refused("2001", "it is suspended, and its seats are frozen")
        if (
            item.trial
            or item.product in ("perpetual", "azure_plan")
            or (item.product == "software" and seats < item.seats)
        ):
            raise Refused("seats_fixed", "its seats cannot be changed so")
        if sold is not None:
            within(sold, seats)
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
        if following is not None:
            self._may_follow(item, following)
        self.put(tenant, replace(item, scheduled=following))

    def set_end(self, tenant: str, ident: str, choice: EndOfTerm) -> None:
        """Renew, cancel or extend when the term ends. Raises Refused."""
        item = self._running(tenant, ident)
        if item.status is Status.SUSPENDED:
            raise Refused("not_active", "it is suspended")
        scheduled = item.scheduled if choice == "renew" else None
        self.put(tenant, replace(item, end_of_term=choice, scheduled=scheduled))

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
            agreement="none", blocked=None, profile=profile, read_at=self.now, qualifications=(), budget=Decimal(0),
        )  # fmt: skip
        self.put_customer(customer)
        return customer

    def advance(self, span: timedelta) -> None:
        """Time passes; terms that end in between renew as scheduled, or end."""
        self.now += span
        for tenant, customer in self.customers.items():
            for item in customer.subscriptions:
                moved = lived_on(item, self.now)
                title = self.sold(moved.offer)
                self.put(tenant, replace(moved, title=title.title) if title and moved.offer != item.offer else moved)
            if self.vetted.get(tenant, self.now + VETTING) <= self.now:
                customer = self.customers[tenant]
                approved = tuple(_approved(one) for one in customer.qualifications or ())
                self.put_customer(replace(customer, qualifications=approved))

    def _may_follow(self, item: LiveSubscription, following: NextTerm) -> None:
        if item.status is not Status.ACTIVE or item.end_of_term != "renew":
            raise Refused("no_renewal", "it does not renew, so nothing can be scheduled")
        sold = self.sold(following.offer)
        reachable = {path.offer for path in deeds.paths_of(self, item) if path.kinds}
        if following.offer != item.offer and following.offer not in reachable:
            raise Refused("no_path", f"{item.offer} cannot become {following.offer} at its renewal")
        same = (following.term, following.billing) == (item.term, item.billing)
        if sold is not None and not same and OfferTerm(following.term, following.billing) not in sold.terms:
            raise Refused("not_for_sale", f"{following.offer} is not sold as {following.term}/{following.billing}")
        if following.ends is not None and item.term_ends is not None:
            latest = months_on(item.term_ends, following.term.months)
            if not item.term_ends < at_midnight(following.ends + timedelta(days=1)) <= latest:
                raise Refused("900244", f"the next term cannot end on {following.ends}")

    def _running(self, tenant: str, ident: str) -> LiveSubscription:
        item = self.subscription(tenant, ident)
        if not item.status.running:
            raise Refused("not_running", f"it is {item.status}")
        return item

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


def _approved(item: Qualification) -> Qualification:
    return replace(item, status="approved") if item.status == "in-review" else item
