"""What a plan has to ask beyond reading: questions as data, so that planning stays pure and nothing is asked twice.

`planning.inquiries` lists the questions a plan needs from what is declared and live; the engine has the provider
answer them; the answers go into planning as a value. A question without an answer is unknown and never a yes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from cspdecl.core.catalog import OfferKey
from cspdecl.core.terms import BillingCycle, Term

# ---- questions ----


@dataclass(frozen=True, slots=True, kw_only=True)
class AskTransitions:
    """To what a subscription can be upgraded, now or with its renewal (contract §13.7)."""

    kind: Literal["transitions"] = "transitions"
    tenant: str
    subscription: str
    when: Literal["immediate", "scheduled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskTermEnds:
    """Which last days the first term of a purchase may be given (contract §12, §13.6)."""

    kind: Literal["term_ends"] = "term_ends"
    tenant: str
    term: Term
    start: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPromotions:
    """Which promotions a purchase would get, and which not and why (contract §9.1). `promotion` None: all there are."""

    kind: Literal["promotions"] = "promotions"
    tenant: str
    offer: OfferKey
    term: Term
    billing: BillingCycle
    seats: int
    market: str
    segment: str
    promotion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskReseller:
    """Whether a reseller may be put on record: agreement signed, region (contract §6)."""

    kind: Literal["reseller"] = "reseller"
    partner_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskAssigned:
    """How many licences of some offers the people of a tenant have (contract §8). `market`: where the offers are
    looked up."""

    kind: Literal["assigned"] = "assigned"
    tenant: str
    market: str
    offers: tuple[OfferKey, ...]


Inquiry = AskTransitions | AskTermEnds | AskPromotions | AskReseller | AskAssigned

# ---- answers ----


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSubscription:
    """An existing subscription that seats could move into, or why not."""

    id: str
    eligible: bool
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionPath:
    """One target of a conversion. `kinds`: `transition_only`, `transition_with_license_transfer`; empty: not now,
    `why` says. `item` is the catalogue item id the provider wants to see again, volatile. `seats`: the most that may
    move, where the provider says so."""

    offer: OfferKey
    kinds: tuple[str, ...]
    why: tuple[str, ...] = ()
    item: str = ""
    seats: int | None = None
    into: tuple[TargetSubscription, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transitions:
    """The paths of one subscription."""

    kind: Literal["transitions"] = "transitions"
    paths: tuple[TransitionPath, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TermEnd:
    """An allowed last day (inclusive): a month's end, or the end of other subscriptions."""

    day: date
    aligned: Literal["month", "subscription"]
    subscriptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TermEnds:
    """All allowed last days."""

    kind: Literal["term_ends"] = "term_ends"
    ends: tuple[TermEnd, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionOffer:
    """One promotion for a purchase. `discount` is a share of the partner price; `automatic`: applied without being
    asked for. Not `eligible`: `why` says, in words; `remaining`: seats left under its cap, where the provider says."""

    id: str
    name: str
    eligible: bool
    automatic: bool
    discount: Fraction | None
    why: tuple[str, ...] = ()
    remaining: int | None = None
    ends: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotions:
    """The promotions of one purchase, the deepest eligible one first."""

    kind: Literal["promotions"] = "promotions"
    offers: tuple[PromotionOffer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResellerStanding:
    """A reseller as the provider knows it. `region`: countries it may sell in, empty where that is not said."""

    kind: Literal["reseller"] = "reseller"
    partner_id: str
    agreement_signed: bool
    name: str | None = None
    region: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """A licence of a tenant: which offer brings it (several may bring the same `licence`), how many seats of it there
    are in the tenant, and how many of them are assigned to people."""

    offer: OfferKey
    licence: str
    seats: int
    assigned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedLicences:
    """What was asked for, as far as it is known: an offer that is not in it is unknown, not unassigned."""

    kind: Literal["assigned"] = "assigned"
    licences: tuple[Assigned, ...]

    def of(self, offer: OfferKey) -> Assigned | None:
        """The licence of an offer, None where it is not known."""
        return next((item for item in self.licences if item.offer == offer), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """It could not be asked, or gave no usable answer: why, as a sentence."""

    kind: Literal["unanswered"] = "unanswered"
    reason: str


Answer = Transitions | TermEnds | Promotions | ResellerStanding | AssignedLicences | Unanswered

#: By provider and question. What is not in it was not asked.
Answers = Mapping[tuple[str, Inquiry], Answer]
