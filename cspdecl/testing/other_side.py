"""What a suite moves and asks: the other side of a provider, and the steps of talking to it as the engine would."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from cspdecl.core.action import Action, Purchase
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import OfferKey
from cspdecl.core.live import CustomerRef, LiveCustomer, LiveSubscription
from cspdecl.core.operation import Guard, Operation
from cspdecl.core.outcome import Applied, Outcome, Pending, Throttled, Unknown
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.spi.provider import Call, Mode, Provider
from cspdecl.testing.builders import guard_of, operation


class SuiteWorld(Protocol):
    """The other side of a provider, as far as a suite has to move it: a simulator, a sandbox, something in memory."""

    offers: tuple[str, str]
    """Two offers for sale as P1Y/monthly in `market`, 1 to 20 seats at least."""
    tenants: tuple[str, str]
    """Two customers that may buy and have nothing yet."""
    market: str
    currency: str
    provider: str
    """The provider's name; its connections call themselves so."""

    def connect(self, mode: Mode) -> Provider:
        """A connection."""
        ...

    def writes(self) -> int:
        """How many writing requests have arrived so far, refused ones included."""
        ...

    def edit_seats(self, tenant: str, subscription: str, seats: int) -> None:
        """Somebody changes seats past us, as in a portal."""
        ...

    def advance(self, span: timedelta) -> None:
        """Business time passes."""
        ...

    def lose_answer(self) -> None:
        """The next write does its work, and its answer is lost."""
        ...

    def break_reading(self, tenant: str) -> None:
        """From now on this customer cannot be read."""
        ...


def able(provider: Provider, wanted: Capability) -> bool:
    """Whether the provider claims all of these."""
    return wanted in provider.capabilities


def running(world: SuiteWorld, tenant: int = 0) -> list[LiveSubscription]:
    """What a customer has, as a connection of its own reads it."""
    provider = world.connect("read")
    try:
        [answer] = provider.read([CustomerRef(key="c", tenant=world.tenants[tenant], domain=None)])
    finally:
        provider.close()
    assert isinstance(answer, LiveCustomer), answer
    return [item for item in answer.subscriptions if item.status.running]


def purchase(world: SuiteWorld, seats: int, *, offer: int = 0) -> Purchase:
    """A purchase at an unknown price."""
    return Purchase(
        offer=OfferKey.parse(world.offers[offer]), seats=seats, term=Term.P1Y, billing=BillingCycle.MONTHLY,
        nickname="conformance", segment="commercial", country=world.market, unit_price=None,
    )  # fmt: skip


def bare(action: Action, world: SuiteWorld, guard: Guard | None = None) -> Operation:
    """An operation on the first customer."""
    tenant = world.tenants[0]
    return operation(
        action, "customer-1/line", guard=guard or Guard(tenant=tenant), provider=world.provider,
        offer=world.offers[0], tenant=tenant,
    )  # fmt: skip


def on(item: LiveSubscription, action: Action, world: SuiteWorld) -> Operation:
    """An operation on a running subscription, guarded by what is seen of it."""
    return bare(action, world, guard_of(item, tenant=world.tenants[0]))


def call(item: Operation, world: SuiteWorld, checkpoint: str | None = None) -> Call:
    """How the engine would call."""
    ids = (item.guard.subscription,) if item.guard.subscription else ()
    return Call(
        request_id="request-1", correlation_id="correlation-1", checkpoint=checkpoint, tenant=world.tenants[0],
        subscriptions=ids,
    )  # fmt: skip


def finish(provider: Provider, item: Operation, world: SuiteWorld) -> Outcome:
    """Call until there is an answer that is none of `Pending` and `Throttled`."""
    checkpoint: str | None = None
    answer: Outcome = Unknown(cause="never asked")
    for _step in range(50):
        answer = provider.apply(item, call(item, world, checkpoint))
        if isinstance(answer, Pending):
            checkpoint = answer.checkpoint
        elif not isinstance(answer, Throttled):
            assert not isinstance(answer, Unknown), answer
            return answer
    raise AssertionError(f"no answer after fifty steps: {answer}")


def buy(provider: Provider, world: SuiteWorld, *, seats: int) -> LiveSubscription:
    """A running subscription of the first customer."""
    answer = finish(provider, bare(purchase(world, seats), world), world)
    assert isinstance(answer, Applied), answer
    assert answer.subscription is not None
    return answer.subscription
