"""What surrounds a decision about one line: the offer, the customer's other lines, the provider's answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cspdecl.commerce.prices import market_of
from cspdecl.commerce.values import Setting
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Offer, OfferKey
from cspdecl.core.desired import CustomerSpec, SubscriptionSpec
from cspdecl.core.live import LiveCustomer, LiveSubscription
from cspdecl.planning.account import Agreement
from cspdecl.planning.match import Pair
from cspdecl.planning.world import World


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """One customer, as every decision about one of its lines sees it. `running` grows with every purchase planned."""

    world: World
    spec: CustomerSpec
    there: LiveCustomer
    pairs: Sequence[Pair]
    agreement: Agreement
    running: int = 0
    held: frozenset[OfferKey] = frozenset()
    _pool: dict[OfferKey, int] | None = field(default=None)

    def __post_init__(self) -> None:
        subscriptions = [item for item in self.there.subscriptions if item.status.running]
        self.running = len(subscriptions)
        self.held = frozenset(
            {item.offer for item in subscriptions if item.offer is not None}
            | {line.offer for line in self.spec.subscriptions if not line.absent}
        )

    @property
    def market(self) -> str:
        """The country whose catalogue and price list hold for this customer."""
        return market_of_customer(self.world, self.spec, self.there)

    def offer(self, provider: str, key: OfferKey) -> tuple[Offer | None, Literal["sold", "missing", "unread"]]:
        """The catalogue's entry for this customer's market and segment, or why there is none."""
        return self.world.offer(provider, key, market=self.market, segment=self.spec.segment)

    def setting(
        self, spec: SubscriptionSpec, live: LiveSubscription | None, offer: Offer | None,
        state: Literal["sold", "missing", "unread"],
    ) -> Setting:  # fmt: skip
        """All that `commerce.decide` may know beside the line and its subscription."""
        provider = self.world.project.providers.get(spec.provider)
        return Setting(
            now=self.world.now,
            capabilities=self.world.capabilities.get(spec.provider, Capability.NONE),
            environment=provider.environment if provider else "production",
            offer=offer,
            offer_state=state,
            pooled_elsewhere=self._pooled(spec, live),
            running=self.running,
            held=self.held,
            agreement=self.agreement,
            blocked=self.there.blocked,
            model=self.world.project.reseller.model,
            segment=self.spec.segment,
            country=self.market,
            hold=self.spec.hold,
            qualifications=self.there.qualifications,
            reseller=self.spec.reseller,
        )

    def _pooled(self, spec: SubscriptionSpec, live: LiveSubscription | None) -> int:
        """Seats of the same offer on the customer's other lines and subscriptions, the larger of is and shall."""
        if self._pool is None:
            self._pool = _pool(self.pairs, self.there)
        return self._pool.get(spec.offer, 0) - max(spec.seats, live.seats if live else 0)


def market_of_customer(world: World, spec: CustomerSpec, there: LiveCustomer | None) -> str:
    """The country a customer buys in; the project's market where neither profile nor manifest says another."""
    return market_of(spec, there) or world.project.market


def _pool(pairs: Iterable[Pair], there: LiveCustomer) -> dict[OfferKey, int]:
    """Seats an offer, over all lines and all subscriptions that no line stands for."""
    total: dict[OfferKey, int] = {}
    paired = set()
    for pair in pairs:
        shall = 0 if pair.spec.absent else pair.spec.seats
        seats = max(shall, pair.live.seats if pair.live else 0)
        total[pair.spec.offer] = total.get(pair.spec.offer, 0) + seats
        if pair.live is not None:
            paired.add(pair.live.id)
    for item in there.subscriptions:
        if item.offer is not None and item.status.running and item.id not in paired and not item.trial:
            total[item.offer] = total.get(item.offer, 0) + item.seats
    return total
