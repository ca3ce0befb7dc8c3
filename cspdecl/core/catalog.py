"""What can be bought: offers by product and SKU, and the terms and billing plans they come in.

Availability ids rotate and never enter these values: PID:SID is the stable identity (contract §9, 2023-10).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cspdecl.core.terms import BillingCycle, Term

#: What kind of thing an offer is: each has windows and charges of its own (contract §§11, 13.3, 15).
ProductKind = Literal["license", "software", "perpetual", "azure_plan", "marketplace", "other"]

_OFFER = re.compile(r"[0-9A-Za-z]{12}:[0-9A-Za-z]{4}")


@dataclass(frozen=True, slots=True, order=True)
class OfferKey:
    """A product and one of its SKUs, "CFQ7TTC0LCHC:0002"; compared without case, kept in upper case."""

    product: str
    sku: str

    @classmethod
    def parse(cls, text: str) -> OfferKey:
        """Read "PID:SID". Raises ValueError when it is not twelve and four letters or digits."""
        if not _OFFER.fullmatch(text):
            raise ValueError(f"`{text}` is no offer: write PRODUCT:SKU, such as CFQ7TTC0LCHC:0002")
        product, _, sku = text.upper().partition(":")
        return cls(product, sku)

    @classmethod
    def of_item(cls, text: str) -> OfferKey | None:
        """The stable part of a catalogue item id "PID:SID:AID", or None for a legacy offer id."""
        parts = text.split(":")
        return cls(parts[0].upper(), parts[1].upper()) if len(parts) >= 2 and all(parts[:2]) else None

    def __str__(self) -> str:
        return f"{self.product}:{self.sku}"


@dataclass(frozen=True, slots=True, order=True)
class OfferTerm:
    """One way to buy an offer: how long, and how often it is charged. Written "P1Y/monthly"."""

    term: Term
    billing: BillingCycle

    @classmethod
    def parse(cls, text: str) -> OfferTerm:
        """Read "P1Y/monthly"."""
        term, _, billing = text.partition("/")
        return cls(Term(term), BillingCycle(billing))

    def __str__(self) -> str:
        return f"{self.term}/{self.billing}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An offer as the provider's catalogue describes it. `terms` empty: withdrawn from sale.

    `upgrades` are the offers it names as targets of a conversion; whether one can be had is asked per subscription.
    `attestation`: the buyer has to confirm something (`attested` on the line) before it is sold. `max_subscriptions`:
    how many a customer may have of it, at one time or (`max_subscriptions_ever`) over its whole life.
    """

    key: OfferKey
    title: str
    min_seats: int
    max_seats: int | None
    terms: tuple[OfferTerm, ...]
    segment: str = "commercial"
    trial: bool = False
    addon: bool = False
    prerequisites: tuple[OfferKey, ...] = ()
    product: ProductKind = "license"
    upgrades: tuple[OfferKey, ...] = ()
    attestation: bool = False
    max_subscriptions: int | None = None
    max_subscriptions_ever: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFacts:
    """What the offer matrix says of an offer beside its price (contract §9.2, 2023-10). None and empty: not said.

    `countries` are where it may be sold; `min_seats` and `max_seats` hold for one subscription. `provisioning` is the
    name of what is set up for it (O365_BUSINESS_ESSENTIALS), the same for all offers of a family.
    """

    key: OfferKey
    title: str
    provisioning: str = ""
    min_seats: int | None = None
    max_seats: int | None = None
    max_subscriptions: int | None = None
    max_subscriptions_ever: bool = False
    prerequisites: tuple[OfferKey, ...] = ()
    upgrades: tuple[OfferKey, ...] = ()
    countries: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMatrix:
    """One imported offer matrix: the month it is for, its digest, and what it says of the offers asked for."""

    month: str
    digest: str
    source: str
    offers: Mapping[OfferKey, OfferFacts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Offers of one market and segment as read at `as_of`. `missing` were asked for and are not sold there;
    `unread` could not be asked, so nothing may be concluded about them."""

    market: str
    offers: Mapping[OfferKey, Offer]
    as_of: datetime
    missing: tuple[OfferKey, ...] = ()
    unread: tuple[OfferKey, ...] = ()
    segment: str = "commercial"


#: Catalogues by provider, market and segment: what is sold to a school in France is another list.
Catalogs = Mapping[tuple[str, str, str], Catalog]
