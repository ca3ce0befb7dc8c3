"""A reseller's own limits as data: what is measured, from where on, how strict, and who may say yes all the same.

One guard may have several thresholds: from 20 seats on a warning, from 50 on a sales lead, from 200 on never. What a
guard measures is counted over the whole plan and absolutely or as a share, so that no small set slips through.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from cspdecl.core.catalog import OfferKey
from cspdecl.core.diagnostics import Origin
from cspdecl.core.terms import BillingCycle, Term

GuardName = Literal[
    "maxSeatsPerChange",
    "maxNewCommitment",
    "minMargin",
    "forbid",
    "maxStopManaging",
    "maxCancellations",
    "maxSeatsRemoved",
    "maxShareOfEstate",
    "freeze",
    "belowAssigned",
]


class Level(enum.StrEnum):
    """How strict a guard is. Ordered by `strictness`: what two sides disagree on is settled by the stricter one."""

    WARN = "warn"
    NEEDS_APPROVAL = "needs-approval"
    DENY = "deny"

    @property
    def strictness(self) -> int:
        """A number for comparing: higher is stricter."""
        return (Level.WARN, Level.NEEDS_APPROVAL, Level.DENY).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededApproval:
    """Whose word is needed: `count` different people who hold `role`, none of them the author of the change."""

    role: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """A window in which nothing is bought, changed or cancelled: from the start of one day to the end of another.

    Days are in `zone` (an IANA name). `reason` is shown to whoever is refused.
    """

    first: date
    last: date
    reason: str
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRule:
    """One threshold of one guard. Which of the limits is set depends on the guard; `forbid` and `freeze` have none but
    their own part. A rule applies from above its limit on ("minMargin": below it)."""

    guard: GuardName
    level: Level = Level.DENY
    approval: NeededApproval | None = None
    count: int | None = None
    share: Fraction | None = None
    money: Mapping[str, Decimal] | None = None
    term: Term | None = None
    billing: BillingCycle | None = None
    offer: OfferKey | None = None
    freeze: Freeze | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """An exception with a name and an end: what it is for, who answers for it, why, and until when.

    `concerns` is a guard's name or a drift class ("drift", "drift:seats"); `target` an address, a customer, or None for
    the whole project. From `expires` on it is as if it were not there.
    """

    name: str
    concerns: str
    target: str | None
    owner: str
    reason: str
    expires: datetime
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One person's yes, as the pipeline found it in the reviews. `verbatim` is what the pipeline wrote, unchanged.

    `plan` is the id or digest of the plan it was given for, where the pipeline knows it.
    """

    id: str
    by: str | None = None
    at: datetime | None = None
    commit: str | None = None
    plan: str | None = None
    verbatim: str = ""
