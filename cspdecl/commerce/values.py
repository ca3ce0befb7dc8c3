"""What a commerce decision is made from, and what it is: a difference, its setting, and the steps that follow.

A `Decision` holds facts (how many seats come back until when), not only sentences, so that money can be put beside
them later without deciding anything again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cspdecl.core.action import Action
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Offer, OfferKey
from cspdecl.core.desired import Hold, ResellerOfRecord, SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic
from cspdecl.core.inquiry import PromotionOffer, Promotions, ResellerStanding, TermEnds, Transitions, Unanswered
from cspdecl.core.live import LiveSubscription, Qualification
from cspdecl.core.operation import Reason, Waiting
from cspdecl.core.terms import Term

Field = Literal[
    "offer", "term", "billing", "seats", "scheduled", "at_renewal", "end_of_term", "nickname", "absent", "suspended",
    "reseller", "trial",
]  # fmt: skip
Symbol = Literal["+", "~", "-", "=>", "?", " "]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """A declared line and the subscription it stands for, with what differs. `live` None: there is none yet."""

    spec: SubscriptionSpec
    live: LiveSubscription | None
    fields: frozenset[Field]


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """Another line of the same customer that a decision looks at: what it declares and what runs for it (None: not
    yet). An add-on's base, a base's add-ons, the line whose end is to be shared."""

    spec: SubscriptionSpec
    live: LiveSubscription | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """That a line stands for two subscriptions, what is left of an upgrade's source and its target: which `part` is
    decided about, what the `other` one is, and how many seats are `moving` from the source to the target now."""

    part: Literal["source", "target"]
    other: LiveSubscription
    moving: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What surrounds a decision.

    `offer` is the catalogue's entry; without one, `offer_state` says whether it is not sold or could not be asked.
    `pooled_elsewhere`: seats of the same offer that this customer has or will have on other subscriptions of ours.
    `running`: subscriptions this customer has, with those planned before this one; `held`: the offers it has or
    declares. `blocked`: why the provider refuses purchases. `agreement` "coming": an operation of this plan attests
    it first. `model`: how we buy. `hold`: nothing is bought for this customer. `reseller`: who is to be on record,
    with what is known of each in `standings`. `transitions`, `renewal_paths`, `term_ends`, `promotions` are the
    provider's answers about this line; None was not asked, `Unanswered` could not be: neither is a yes.
    `base`: the line that `addonOf` names; `addons`: the lines that name this one; `aligned`: the line whose end a
    purchase is to share. `new_customer`: it does not exist yet, so nothing could be asked about it. `of_offer`:
    subscriptions of this offer that run or are planned before this one. `base_seats`: seats of everything the offer
    is an add-on to. `family_seats`: seats of other Microsoft 365 Business plans, None where the offer is none.
    `promised`: seats that earlier purchases of this plan take from a promotion's cap, by its id. `split`: where the
    line is one of two parts. `renewal_offer`: the catalogue's entry of what the line is to become
    with its renewal, with its state as for `offer`. `neighbours`: the customer's other running subscriptions of ours.
    `was_term`: the term that the ledger last says of the line.
    """

    now: datetime
    capabilities: Capability
    environment: Literal["production", "sandbox"] = "production"
    offer: Offer | None = None
    offer_state: Literal["sold", "missing", "unread"] = "unread"
    pooled_elsewhere: int = 0
    running: int = 0
    held: frozenset[OfferKey] = frozenset()
    agreement: Literal["accepted", "coming", "none", "unknown"] = "accepted"
    blocked: str | None = None
    model: Literal["direct", "indirect-provider", "indirect-reseller"] = "direct"
    segment: str = "commercial"
    country: str | None = None
    hold: Hold | None = None
    qualifications: tuple[Qualification, ...] | None = None
    reseller: ResellerOfRecord | None = None
    standings: Mapping[str, ResellerStanding | Unanswered] = field(default_factory=dict)
    transitions: Transitions | Unanswered | None = None
    renewal_paths: Transitions | Unanswered | None = None
    term_ends: TermEnds | Unanswered | None = None
    promotions: Promotions | Unanswered | None = None
    base: Base | None = None
    addons: tuple[Base, ...] = ()
    aligned: Base | None = None
    new_customer: bool = False
    of_offer: int = 0
    base_seats: int = 0
    family_seats: int | None = None
    split: Split | None = None
    promised: Mapping[str, int] = field(default_factory=dict)
    renewal_offer: Offer | None = None
    renewal_offer_state: Literal["sold", "missing", "unread"] = "unread"
    neighbours: tuple[LiveSubscription, ...] = ()
    was_term: Term | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action at the provider, why, and until when it may be sent."""

    action: Action
    reason: Reason
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What follows from a difference: steps in the order they must be taken, what waits, what is refused.

    `after` is the seats once the steps are done, `later` those at the renewal on `later_on`. `added` new seats can be
    returned until `added_until`; `taken` come back if sent before `take_by`; `held` stay billed until `held_until`,
    because their window is over, because `reduce: renewal` says so, or because the provider takes none back.
    `owed_until` is the exclusive end of the term. `assumed`: windows are our dated constants, not the provider's word.
    `promotion`: what is expected to be taken off the price of a purchase.
    """

    symbol: Symbol = "~"
    steps: tuple[Step, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    before: int | None = None
    after: int | None = None
    later: int | None = None
    later_on: datetime | None = None
    added: int = 0
    added_until: datetime | None = None
    taken: int = 0
    take_by: datetime | None = None
    held: int = 0
    held_until: datetime | None = None
    held_why: Literal["window", "declared", "provider", "suspended"] = "window"
    owed_until: datetime | None = None
    assumed: bool = False
    notes: tuple[str, ...] = ()
    promotion: PromotionOffer | None = None


UNCHANGED = Decision(symbol=" ")


@dataclass(slots=True)
class Draft:
    """A decision in the making: the rules add to it one after another."""

    steps: list[Step] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether a rule has said no: then nothing of the line is sent."""
        return any(item.severity == "error" for item in self.diagnostics)
