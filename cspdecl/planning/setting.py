"""What surrounds a decision about one line: the offer, the customer's other lines, the provider's answers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cspdecl.commerce.prices import market_of
from cspdecl.commerce.values import Base, Setting
from cspdecl.core.action import Purchase
from cspdecl.core.address import Address
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Offer, OfferKey
from cspdecl.core.desired import CustomerSpec, SubscriptionSpec
from cspdecl.core.inquiry import Inquiry, Promotions, TermEnds, Transitions, Unanswered
from cspdecl.core.live import LiveCustomer, LiveSubscription, Status
from cspdecl.planning.account import Agreement
from cspdecl.planning.inquiries import (
    Asking,
    promotions_question,
    renewal_question,
    term_ends_question,
    transitions_question,
)
from cspdecl.planning.match import Pair
from cspdecl.planning.resellers import standings_of
from cspdecl.planning.world import World

# The plans whose seats the licence terms count together. No catalogue says so; the product's title does, and it is
# good for a warning only (Learn sentence quoted by third parties, 2026; commerce rules §5).
_BUSINESS = re.compile(r"Microsoft 365 Business (Basic|Standard|Premium)\b")


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """One customer, as every decision about one of its lines sees it. `running` grows with every purchase planned, as
    do `bought` by offer."""

    world: World
    spec: CustomerSpec
    there: LiveCustomer
    pairs: Sequence[Pair]
    agreement: Agreement
    running: int = 0
    held: frozenset[OfferKey] = frozenset()
    bought: dict[OfferKey, int] = field(default_factory=dict)
    promised: dict[str, int] = field(default_factory=dict)
    _pool: dict[OfferKey, int] | None = field(default=None)
    _anchors: dict[Address, Address] = field(default_factory=dict)
    _by_address: dict[Address, Pair] = field(default_factory=dict)
    _addons: dict[Address, list[Pair]] = field(default_factory=dict)
    _counts: tuple[Counter[OfferKey], Counter[OfferKey]] | None = field(default=None)
    _business: dict[Address, int] | None = field(default=None)

    def __post_init__(self) -> None:
        self._anchors = {bundle.address: bundle.anchor for bundle in self.spec.bundles}
        for pair in self.pairs:
            self._by_address.setdefault(pair.spec.address, pair)
            if pair.spec.addon_of is not None:
                base = self._anchors.get(pair.spec.addon_of, pair.spec.addon_of)
                self._addons.setdefault(base, []).append(pair)
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

    def setting(self, pair: Pair, offer: Offer | None, state: Literal["sold", "missing", "unread"]) -> Setting:
        """All that `commerce.decide` may know beside the line and its subscription."""
        spec, live = pair.spec, pair.live
        about = self.asking(spec.provider)
        transitions = self._answer(spec, transitions_question(pair, about))
        term_ends = self._answer(spec, term_ends_question(spec, live, about))
        promotions = self._answer(spec, promotions_question(spec, live, about))
        paths = self._answer(spec, renewal_question(spec, live, about))
        then = spec.at_renewal.offer if spec.at_renewal is not None else None
        next_offer, next_state = self.offer(spec.provider, then) if then is not None else (offer, state)
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
            standings=standings_of(self.world, self.spec),
            transitions=transitions if isinstance(transitions, Transitions | Unanswered) else None,
            term_ends=term_ends if isinstance(term_ends, TermEnds | Unanswered) else None,
            promotions=promotions if isinstance(promotions, Promotions | Unanswered) else None,
            base=self.line(spec.addon_of),
            addons=tuple(Base(spec=one.spec, live=one.live) for one in self.addons_of(spec.address)),
            aligned=self.line(spec.custom_end.line) if spec.custom_end is not None else None,
            new_customer=not self.there.tenant,
            of_offer=self._of_offer(spec.offer, ever=offer is not None and offer.max_subscriptions_ever),
            base_seats=sum(self._pools().get(key, 0) for key in offer.prerequisites) if offer is not None else 0,
            family_seats=self._family(spec, offer),
            split=pair.split,
            renewal_paths=paths if isinstance(paths, Transitions | Unanswered) else None,
            renewal_offer=next_offer,
            renewal_offer_state=next_state,
            neighbours=self._neighbours(live) if spec.at_renewal is not None else (),
            was_term=recorded.term if (recorded := self.world.recorded.get(spec.address)) is not None else None,
            promised=self.promised,
        )

    def purchased(self, action: Purchase) -> None:
        """Take in a purchase of this plan, which every later decision counts."""
        self.running += 1
        self.bought[action.offer] = self.bought.get(action.offer, 0) + 1
        if action.promotion is not None:
            self.promised[action.promotion] = self.promised.get(action.promotion, 0) + action.seats

    def circumstances(self) -> Setting:
        """What holds for the customer as a whole, whatever the line."""
        provider = self.world.project.providers.get(self.spec.provider)
        return Setting(
            now=self.world.now,
            capabilities=self.world.capabilities.get(self.spec.provider, Capability.NONE),
            environment=provider.environment if provider else "production",
            running=self.running,
            agreement=self.agreement,
            blocked=self.there.blocked,
            model=self.world.project.reseller.model,
            segment=self.spec.segment,
            country=self.market,
            hold=self.spec.hold,
            qualifications=self.there.qualifications,
            reseller=self.spec.reseller,
            standings=standings_of(self.world, self.spec),
            new_customer=not self.there.tenant,
        )

    def asking(self, provider: str) -> Asking:
        """What questions about this customer are made from; as in `planning.inquiries`, so that answers are found."""
        return Asking(
            tenant=self.there.tenant, market=self.market, segment=self.spec.segment,
            capabilities=self.world.capabilities.get(provider, Capability.NONE), now=self.world.now,
        )  # fmt: skip

    def line(self, address: Address | None) -> Base | None:
        """Another line of this customer, by its address or that of the bundle line whose anchor it is."""
        if address is None:
            return None
        found = self._by_address.get(self._anchors.get(address, address))
        return Base(spec=found.spec, live=found.live) if found is not None else None

    def addons_of(self, address: Address) -> list[Pair]:
        """Lines that name this one as their base."""
        return self._addons.get(address, [])

    def _neighbours(self, live: LiveSubscription | None) -> tuple[LiveSubscription, ...]:
        """The customer's other subscriptions, whose ends a next term may share."""
        return tuple(one for one in self.there.subscriptions if live is not None and one.id != live.id)

    def _answer(self, spec: SubscriptionSpec, question: Inquiry | None) -> object:
        return self.world.answer(spec.provider, question) if question is not None else None

    def _of_offer(self, key: OfferKey, *, ever: bool) -> int:
        """Subscriptions of an offer: those that run or are planned; what has ended counts until it is gone (§9)."""
        if self._counts is None:
            there = [(item.offer, item.status) for item in self.there.subscriptions if item.offer is not None]
            lasting = Counter(offer for offer, status in there if status not in (Status.DELETED, Status.NONE))
            self._counts = lasting, Counter(offer for offer, _status in there)
        return self._counts[ever][key] + self.bought.get(key, 0)

    def _family(self, spec: SubscriptionSpec, offer: Offer | None) -> int | None:
        """Seats of the customer's other Business plans, where this is one of them."""
        if offer is None or not _BUSINESS.search(offer.title):
            return None
        if self._business is None:
            self._business = {}
            for pair in self.pairs:
                other = self.offer(pair.spec.provider, pair.spec.offer)[0]
                title = other.title if other is not None else pair.live.title if pair.live is not None else ""
                if not pair.spec.absent and _BUSINESS.search(title):
                    seats = max(pair.spec.seats, pair.live.seats if pair.live else 0)
                    self._business[pair.spec.address] = self._business.get(pair.spec.address, 0) + seats
        return sum(seats for address, seats in self._business.items() if address != spec.address)

    def _pooled(self, spec: SubscriptionSpec, live: LiveSubscription | None) -> int:
        """Seats of the same offer on the customer's other lines and subscriptions, the larger of is and shall."""
        return self._pools().get(spec.offer, 0) - max(spec.seats, live.seats if live else 0)

    def _pools(self) -> dict[OfferKey, int]:
        if self._pool is None:
            self._pool = _pool(self.pairs, self.there)
        return self._pool


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
