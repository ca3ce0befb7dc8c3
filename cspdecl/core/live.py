"""What is: customers and subscriptions as a provider showed them, and what ties addresses to them.

Live is truth. A customer that could not be read is a `ReadFailure`, never an empty customer: nothing is planned on it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey, ProductKind
from cspdecl.core.desired import Profile
from cspdecl.core.terms import BillingCycle, Term

# "unset": auto-renew is off and no explicit action is set. Since 2026-05-04 such a subscription may slide into a paid
# extended service term, so it is a state of its own (contract §13.8).
LiveEndOfTerm = Literal["renew", "cancel", "extend", "unset"]


class Status(enum.StrEnum):
    """A subscription's state at the provider. Expired, disabled and deleted ones cannot come back (contract §13.2)."""

    NONE = "none"
    ACTIVE = "active"
    PENDING = "pending"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    DISABLED = "disabled"
    DELETED = "deleted"

    @property
    def running(self) -> bool:
        """Whether it can be matched with a declaration at all."""
        return self in (Status.ACTIVE, Status.PENDING, Status.SUSPENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLot:
    """Seats of one purchase that may still be returned, and until when (`refundableQuantity.details[]`)."""

    seats: int
    returnable_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePolicy:
    """What may still be done with one subscription, as far as known.

    `source` "api": the provider said so for this subscription; "assumed": our dated constants, and the plan says so.
    `cancel_until` None: cannot be cancelled now. `busy`: why changes must wait, None if they need not.
    """

    lots: tuple[SeatLot, ...]
    cancel_until: datetime | None
    min_seats: int
    max_seats: int | None
    can_schedule: bool
    busy: str | None
    source: Literal["api", "catalog", "assumed"]
    observed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NextTerm:
    """What is scheduled for the renewal. `ends`: its last day where that is set; `promotion`: what will apply."""

    offer: OfferKey
    seats: int
    term: Term
    billing: BillingCycle
    ends: date | None = None
    promotion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSubscription:
    """One subscription as read. `term_ends` is exclusive: the first instant of the next term. `cycle_ends` likewise.

    `offer` is None for what is not product:SKU (legacy offers); such subscriptions are never matched. `product` tells
    licences from software, from perpetual licences (which have neither term nor subscription: `id` is order and line)
    and from Azure plans. `custom_end`: the term was given this last day. `reseller`: the PartnerID on record.
    `full_refund_until`: before it a cancellation returns everything (`refundOptions`). `suspended_by`: who suspended
    it, where the provider says; one that Microsoft suspended cannot be resumed from here (contract §13.1).
    """

    id: str
    offer: OfferKey | None
    title: str
    nickname: str
    seats: int
    term: Term | None
    billing: BillingCycle | None
    status: Status
    end_of_term: LiveEndOfTerm
    trial: bool
    created: datetime
    term_started: datetime
    term_ends: datetime | None
    cycle_ends: datetime | None
    policy: ChangePolicy
    scheduled: NextTerm | None
    order_id: str | None
    promotion: str | None = None
    product: ProductKind = "license"
    custom_end: date | None = None
    reseller: str | None = None
    full_refund_until: datetime | None = None
    suspended_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualification:
    """A qualification of a customer as the provider shows it: what it is, and how far its vetting is."""

    name: Literal["education", "government", "nonprofit", "state-owned"]
    status: Literal["in-review", "approved", "denied"]


#: What may be read of a customer beside its subscriptions, since each costs a request of its own.
Wanted = Literal["qualifications", "budget", "licences"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRef:
    """How to find a customer: by tenant id, or by domain while the id is not known. `wanted`: what else to read."""

    key: str
    tenant: str | None
    domain: str | None
    wanted: frozenset[Wanted] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCustomer:
    """One customer as read at `read_at` (the provider's time). `agreement` "none": nobody has accepted yet;
    "unknown": it could not be asked (missing credentials). `blocked`: why the provider refuses purchases.

    `qualifications` and `budget` are None where they were not asked for or could not be read; a budget that is not
    set is 0. `wanted` is what this reading was asked for. `related`: False where the provider still shows the customer
    and says that the reseller relationship is gone.
    """

    key: str
    tenant: str
    name: str
    domain: str
    subscriptions: tuple[LiveSubscription, ...]
    agreement: Literal["accepted", "none", "unknown"]
    blocked: str | None
    profile: Profile | None
    read_at: datetime
    qualifications: tuple[Qualification, ...] | None = None
    budget: Decimal | None = None
    wanted: frozenset[Wanted] = frozenset()
    related: bool = True

    def completed_by(self, earlier: LiveCustomer) -> LiveCustomer:
        """This reading, and beside it what only an earlier one was asked for."""
        known = {item.id for item in self.subscriptions}
        owned = () if "licences" in self.wanted else earlier.subscriptions
        added = tuple(item for item in owned if item.product == "perpetual" and item.id not in known)
        return replace(
            self,
            subscriptions=(*self.subscriptions, *added),
            qualifications=earlier.qualifications if self.qualifications is None else self.qualifications,
            budget=earlier.budget if self.budget is None else self.budget,
            wanted=self.wanted | earlier.wanted,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAbsent:
    """The provider answered: there is no such customer (so far)."""

    key: str
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFailure:
    """The provider could not answer for this customer. `permanent`: asking again will not help (not our customer).

    `stranger`: it did answer, and says that there is no relationship with this tenant: removed, transferred, or never.
    """

    key: str
    message: str
    permanent: bool = False
    stranger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What an address stands for at a provider: a customer's tenant (path empty) or subscription ids, in order."""

    address: Address
    provider: str
    tenant: str
    ids: tuple[str, ...]
    offer: OfferKey | None


Bindings = Mapping[Address, Binding]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveState:
    """All that was read for a plan. A declared customer is in exactly one of the three mappings.

    `as_of` is the age of the oldest reading; `digest` covers what was read.
    """

    customers: Mapping[str, LiveCustomer]
    absent: Mapping[str, CustomerAbsent]
    unknown: Mapping[str, ReadFailure]
    as_of: datetime
    digest: str
