"""What every customer's plan is made from: project, catalogues, prices, answers, the books, the hour."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cspdecl.core.address import Address
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Catalogs, Offer, OfferKey
from cspdecl.core.inquiry import Answer, Answers, Inquiry
from cspdecl.core.project import PriceBook, Project
from cspdecl.core.records import Recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The same for all customers of one plan. `recorded`: what the ledger last says of each address.

    `deferred`: the ids of operations that a provider left to a person when they were sent.
    """

    project: Project
    catalogs: Catalogs
    prices: PriceBook
    last_hashes: Mapping[Address, str]
    capabilities: Mapping[str, Capability]
    now: datetime
    answers: Answers = field(default_factory=dict)
    recorded: Mapping[Address, Recorded] = field(default_factory=dict)
    deferred: AbstractSet[str] = frozenset()

    def offer(
        self, provider: str, key: OfferKey, *, market: str, segment: str
    ) -> tuple[Offer | None, Literal["sold", "missing", "unread"]]:
        """The catalogue's entry, or why there is none."""
        catalog = self.catalogs.get((provider, market, segment))
        if catalog is None:
            return None, "unread"
        offer = catalog.offers.get(key)
        if offer is not None:
            return offer, "sold"
        return None, "missing" if key in catalog.missing else "unread"

    def answer(self, provider: str, inquiry: Inquiry) -> Answer | None:
        """What the provider said to a question, None where it was not asked."""
        return self.answers.get((provider, inquiry))
