"""What a drift run finds, as values: each finding with three columns, declared, last applied and live, and its class.

`pending` is the plan's own work and `unmanaged` ran before us: both are told and are no drift. `unreadable` is not
known. The rest counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from cspdecl.core.address import Address
from cspdecl.core.diagnostics import Origin
from cspdecl.core.digest import digest_of
from cspdecl.core.live import LiveEndOfTerm, NextTerm
from cspdecl.core.records import Recorded
from cspdecl.core.terms import BillingCycle, Term

Kind = Literal["changed", "schedule", "missing", "unmanaged-new", "lost", "pending", "unmanaged", "unreadable"]
DriftClass = Literal["changed-outside", "missing", "unmanaged-new", "lost", "pending", "unmanaged", "unreadable"]

#: The classes that are drift, in the order they are told in.
COUNTED: tuple[DriftClass, ...] = ("lost", "missing", "changed-outside", "unmanaged-new")
CLASSES: tuple[DriftClass, ...] = (*COUNTED, "pending", "unmanaged", "unreadable")
#: What a finding can be about, as a manifest calls it (`endOfTerm`), by its name here.
FIELDS = {
    "seats": "seats", "end_of_term": "endOfTerm", "status": "status", "offer": "offer", "term": "term",
    "billing": "billing", "nickname": "nickname", "scheduled": "atRenewal", "reseller": "reseller",
    "budget": "budget", "subscription": "subscription", "customer": "customer",
}  # fmt: skip

Value = str | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One finding. `was`: as last applied; `declared`: what the manifests say (None: nothing); `live`: what is.

    `subscription`: the provider's id, where the finding is about one. `origin`: the line it belongs to.
    """

    address: Address
    kind: Kind
    field: str
    was: Value
    declared: Value
    live: Value
    text: str
    subscription: str | None = None
    origin: Origin | None = None

    @property
    def group(self) -> DriftClass:
        """The class people are told: a schedule of somebody else's is a change made elsewhere, too."""
        return "changed-outside" if self.kind in ("changed", "schedule") else self.kind  # type: ignore[return-value]

    @property
    def key(self) -> str:
        """What it is about, whatever the value: customer, subscription and field. Stable over renamed lines."""
        return digest_of([self.address.customer, self.subscription or str(self.address), self.field])[:32]

    @property
    def fingerprint(self) -> str:
        """What it is about, and what is live: another value is another finding."""
        return digest_of([self.key, self.group, None if self.live is None else str(self.live)])[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What our own books say about the past.

    `recorded`: the last record of every address, `applied`: the last that an operation of ours left, both by address;
    an address missing in `applied` has none but its last. `since`: when a customer was first managed, by key. `ids`:
    every subscription any record names. `names`: what a subscription was called when we last wrote or adopted it, by
    id. `budgets`: the usage budget we last set, by customer.
    """

    recorded: Mapping[Address, Recorded]
    applied: Mapping[Address, Recorded] = field(default_factory=dict)
    since: Mapping[str, datetime] = field(default_factory=dict)
    ids: AbstractSet[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    budgets: Mapping[str, Decimal] = field(default_factory=dict)

    def own(self, address: Address) -> Recorded | None:
        """How our last operation left an address."""
        return self.applied.get(address) or self.recorded.get(address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """A name changed in the provider's portal where none is declared: no drift, names are labels."""

    address: Address
    was: str
    live: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What should be live if nobody else had touched it: as we left it, moved on over terms that ended since."""

    seats: int
    offer: str | None
    term: Term | None
    billing: BillingCycle | None
    ends: tuple[LiveEndOfTerm, ...]
    scheduled: NextTerm | None
