"""What a commerce decision is made from, and what it is: a difference, its setting, and the steps that follow.

A `Decision` holds facts (how many seats come back until when), not only sentences, so that money can be put beside
them later without deciding anything again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cspdecl.core.action import Action
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Offer, OfferKey
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic
from cspdecl.core.live import LiveSubscription
from cspdecl.core.operation import Reason, Waiting

Field = Literal["offer", "term", "billing", "seats", "scheduled", "end_of_term", "nickname", "absent"]
Symbol = Literal["+", "~", "-", "=>", "?", " "]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """A declared line and the subscription it stands for, with what differs. `live` None: there is none yet."""

    spec: SubscriptionSpec
    live: LiveSubscription | None
    fields: frozenset[Field]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What surrounds a decision.

    `offer` is the catalogue's entry; without one, `offer_state` says whether it is not sold or could not be asked.
    `pooled_elsewhere`: seats of the same offer that this customer has or will have on other subscriptions of ours.
    `running`: subscriptions this customer has, with those planned before this one; `held`: the offers it has or
    declares. `blocked`: why the provider refuses purchases. `agreement` "coming": an operation of this plan attests
    it first.
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
    held_why: Literal["window", "declared", "provider"] = "window"
    owed_until: datetime | None = None
    assumed: bool = False
    notes: tuple[str, ...] = ()


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
