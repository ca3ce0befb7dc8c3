"""Values in one line: subscriptions, customers, specs, operations; everything filled in but what a test is about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Literal

from cspdecl.core.action import PROVIDER_ACTIONS, Action
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.diagnostics import Origin
from cspdecl.core.digest import digest_of
from cspdecl.core.live import ChangePolicy, LiveCustomer, LiveEndOfTerm, LiveSubscription, NextTerm, SeatLot, Status
from cspdecl.core.operation import Guard, LineContext, Operation, Reason
from cspdecl.core.plain import to_plain
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.testing.world import START

OFFER = "CFQ7TTC0LCHC:0002"
OTHER_OFFER = "CFQ7TTC0LH18:0001"
TENANT = "9f2b6c1e-0000-4000-8000-000000000001"


class SteppingClock:
    """Machine time under control: `now` stands, `monotonic` moves by `step` seconds each time it is asked.

    With a large step nothing waits: a throttle of half a minute is over the next time somebody looks.
    """

    def __init__(self, now: datetime = START, *, step: float = 30.0) -> None:
        self.instant, self.step, self._ticks = now, step, 0.0

    def now(self) -> datetime:
        """Machine time, UTC."""
        return self.instant

    def monotonic(self) -> float:
        """Seconds that never go backwards."""
        self._ticks += self.step
        return self._ticks


class CountingIds:
    """Identifiers in order: the same test sees the same ones."""

    def __init__(self, start: int = 1) -> None:
        self._next = count(start)

    def fresh(self) -> str:
        """The next one."""
        return f"11111111-0000-4000-8000-{next(self._next):012d}"


def live_subscription(
    *,
    id: str = "22222222-0000-4000-8000-000000000001",
    offer: str = OFFER,
    seats: int = 10,
    lots: Iterable[SeatLot] = (),
    cancel_until: datetime | None = None,
    scheduled: NextTerm | None = None,
    end_of_term: LiveEndOfTerm = "renew",
    status: Status = Status.ACTIVE,
    title: str = "",
    nickname: str = "",
    busy: str | None = None,
    started: datetime = datetime(2026, 3, 1, tzinfo=UTC),
    ends: datetime = datetime(2027, 3, 1, tzinfo=UTC),
    trial: bool = False,
    max_seats: int | None = 300,
) -> LiveSubscription:
    """A running yearly subscription, billed monthly."""
    return LiveSubscription(
        id=id,
        offer=OfferKey.parse(offer),
        title=title or f"Offer {offer}",
        nickname=nickname,
        seats=seats,
        term=Term.P1Y,
        billing=BillingCycle.MONTHLY,
        status=status,
        end_of_term=end_of_term,
        trial=trial,
        created=started,
        term_started=started,
        term_ends=ends,
        cycle_ends=ends,
        policy=ChangePolicy(
            lots=tuple(lots),
            cancel_until=cancel_until,
            min_seats=1,
            max_seats=max_seats,
            can_schedule=True,
            busy=busy,
            source="api",
            observed_at=START,
        ),
        scheduled=scheduled,
        order_id="33333333-0000-4000-8000-000000000001",
    )


def lot(seats: int, *, days_left: float) -> SeatLot:
    """Seats that can be returned for so many days from the world's start on."""
    return SeatLot(seats=seats, returnable_until=START + timedelta(days=days_left))


def live_customer(
    *subscriptions: LiveSubscription,
    key: str = "contoso",
    tenant: str = TENANT,
    name: str = "Contoso GmbH",
    agreement: Literal["accepted", "none", "unknown"] = "accepted",
    read_at: datetime = START,
) -> LiveCustomer:
    """A customer that may buy."""
    return LiveCustomer(
        key=key,
        tenant=tenant,
        name=name,
        domain=f"{key}.onmicrosoft.com",
        subscriptions=subscriptions,
        agreement=agreement,
        blocked=None,
        profile=None,
        read_at=read_at,
    )


def subscription_spec(
    address: str = "contoso/m365", *, seats: int = 10, offer: str = OFFER, **rest: Any
) -> SubscriptionSpec:
    """A declared line: yearly, billed monthly, renewing."""
    where = Address.parse(address)
    filled: dict[str, Any] = {
        "provider": "memory", "term": Term.P1Y, "billing": BillingCycle.MONTHLY, "end_of_term": "renew",
        "reduce": "auto", "display_name": None, "sell": None, "absent": False, "id": None, "nickname": None,
        "labels": {}, "bundle": None, "origin": Origin(file=f"customers/{where.customer}.yaml"),
    }  # fmt: skip
    return SubscriptionSpec(address=where, seats=seats, offer=OfferKey.parse(offer), **{**filled, **rest})


def operation(
    action: Action,
    address: str = "contoso/m365",
    *,
    requires: tuple[str, ...] = (),
    guard: Guard | None = None,
    not_after: datetime | None = None,
    provider: str = "memory",
    offer: str | None = OFFER,
    tenant: str | None = TENANT,
) -> Operation:
    """One step of a plan, its id made of what it says."""
    where = Address.parse(address)
    guard = guard or Guard(tenant=tenant)
    sent = isinstance(action, PROVIDER_ACTIONS)
    return Operation(
        id=digest_of([address, to_plain(action), to_plain(guard)]),
        address=where,
        action=action,
        reason=Reason(code="test", text="a test wants it"),
        requires=requires,
        guard=guard,
        context=LineContext(
            provider=provider if sent else None,
            display_name=where.name,
            offer=OfferKey.parse(offer) if offer and where.path else None,
            term=Term.P1Y,
            billing=BillingCycle.MONTHLY,
            end_of_term="renew",
        ),
        not_after=not_after,
    )


def guard_of(item: LiveSubscription, *, tenant: str = TENANT) -> Guard:
    """The guard that planning would set on a subscription as it is seen."""
    return Guard(
        tenant=tenant,
        subscription=item.id,
        offer=item.offer,
        seats=item.seats,
        term=item.term,
        billing=item.billing,
        status=item.status,
        end_of_term=item.end_of_term,
        scheduled=item.scheduled,
        check_scheduled=True,
        term_ends=item.term_ends,
    )
