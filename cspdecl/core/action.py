"""Actions as data: what an operation does.

Every action is absolute ("17 seats"), never a delta, so that asking twice cannot do it twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey, ProductKind
from cspdecl.core.desired import AgreementSpec, CreateSpec, EndOfTerm, Profile, SellRule
from cspdecl.core.live import LiveEndOfTerm, NextTerm
from cspdecl.core.money import Money
from cspdecl.core.terms import BillingCycle, Term

# ---- actions at a provider ----


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCustomer:
    """Create the tenant and the reseller relationship. The first password goes to a file, never further."""

    kind: Literal["create_customer"] = "create_customer"
    create: CreateSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestAgreement:
    """Say who accepted Microsoft's customer agreement. A person may have to accept first; then purchases wait."""

    kind: Literal["attest_agreement"] = "attest_agreement"
    agreement: AgreementSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateProfile:
    """Write name, address or contact of a customer's billing profile."""

    kind: Literal["update_profile"] = "update_profile"
    before: Profile | None
    after: Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """Buy a new subscription. `unit_price` is what one seat may cost a charge cycle as approved; None: unknown when
    planned. `nickname` carries an unmistakable mark of this operation into order and subscription.

    `product` tells licences from software and perpetual ones. `custom_end`: the last day of a first term that is cut
    short. `promotion`: the one that must stand on the cart's line before checkout; a missed condition is not refused
    by the provider, it silently sells at the list price (contract §9.1). `trial` with `renews_to`: what it becomes.
    `reseller`, `additional_resellers`: PartnerIDs on record; `reseller_attested` as the cart wants it.
    """

    kind: Literal["purchase"] = "purchase"
    offer: OfferKey
    seats: int
    term: Term
    billing: BillingCycle
    nickname: str
    segment: str
    country: str
    unit_price: Money | None
    product: ProductKind = "license"
    custom_end: date | None = None
    promotion: str | None = None
    trial: bool = False
    renews_to: Term | None = None
    attested: bool = False
    reseller: str | None = None
    additional_resellers: tuple[str, ...] = ()
    reseller_attested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyAzurePlan:
    """Buy the customer's Azure plan: one a customer, no seats, no term (contract §15)."""

    kind: Literal["buy_azure_plan"] = "buy_azure_plan"
    nickname: str
    country: str
    reseller: str | None = None
    additional_resellers: tuple[str, ...] = ()
    reseller_attested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBudget:
    """Set what a month's Azure usage of a customer is expected to stay under. It limits nothing by itself."""

    kind: Literal["set_budget"] = "set_budget"
    before: Decimal | None
    after: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestQualification:
    """Ask for a customer's qualification; Microsoft vets it, which takes days (contract §6)."""

    kind: Literal["request_qualification"] = "request_qualification"
    name: Literal["education", "government", "nonprofit", "state-owned"]
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSeats:
    """Set the seats of a running subscription now."""

    kind: Literal["set_seats"] = "set_seats"
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRenewal:
    """Write what the next term shall be. Any immediate change deletes it again, so it comes last (contract §13.1)."""

    kind: Literal["schedule_renewal"] = "schedule_renewal"
    next: NextTerm


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearSchedule:
    """Take back what is scheduled for the renewal."""

    kind: Literal["clear_schedule"] = "clear_schedule"
    was: NextTerm


@dataclass(frozen=True, slots=True, kw_only=True)
class SetEndOfTerm:
    """Decide what happens when the term ends: renew, cancel, or extend month by month (contract §13.8)."""

    kind: Literal["set_end_of_term"] = "set_end_of_term"
    before: LiveEndOfTerm
    after: EndOfTerm


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspend:
    """Stop the service. Billing goes on, auto-renew goes off and what was scheduled is dropped (contract §13.1)."""

    kind: Literal["suspend"] = "suspend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Start the service again. Auto-renew stays off until it is set (contract §13.1)."""

    kind: Literal["resume"] = "resume"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTerm:
    """Go over to a longer term now: a commitment for the whole of it, which cannot be undone (contract §13.1, §13.5).

    `unit_price` is what one seat may cost a charge cycle of the new plan as approved; None: unknown when planned.
    """

    kind: Literal["change_term"] = "change_term"
    seats: int
    before_term: Term
    before_billing: BillingCycle
    term: Term
    billing: BillingCycle
    unit_price: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """Upgrade seats to another offer, or turn a trial into what is paid for. Cannot be undone (contract §13.7).

    All seats: the subscription stays and its offer changes. Fewer: a new subscription with the same end, bound to the
    same address as the second one. `into`: seats move to that existing subscription. `before` is what the source had,
    `seats` how many move; `target_before` what `into` had. `reassign`: the users' licences are to move along.
    """

    kind: Literal["transition"] = "transition"
    source: OfferKey
    target: OfferKey
    before: int
    seats: int
    into: str | None = None
    target_before: int = 0
    reassign: bool = True
    term: Term | None = None
    billing: BillingCycle | None = None
    promotion: str | None = None
    unit_price: Money | None = None
    trial: bool = False
    segment: str = "commercial"
    country: str = ""

    @property
    def full(self) -> bool:
        """Whether the subscription itself becomes the other offer."""
        return self.into is None and self.seats >= self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReseller:
    """Put another reseller on record for a running subscription (its `partnerId`)."""

    kind: Literal["set_reseller"] = "set_reseller"
    before: str | None
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """Change the name shown in the provider's portal."""

    kind: Literal["rename"] = "rename"
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Cancel now, inside the window. What was bought as software or for good is cancelled by its order."""

    kind: Literal["cancel"] = "cancel"
    seats: int
    product: ProductKind = "license"
    order_id: str | None = None


# ---- actions in our own books ----


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """Bind an address to subscriptions that already run (or a customer key to its tenant). Writes nothing there."""

    kind: Literal["adopt"] = "adopt"
    provider: str
    tenant: str
    ids: tuple[str, ...]
    offer: OfferKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """Stop managing: the binding goes, the subscription stays as it is."""

    kind: Literal["forget"] = "forget"
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebind:
    """A line got another name: its binding moves from `source`."""

    kind: Literal["rebind"] = "rebind"
    source: Address
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookService:
    """Set the quantity of an own service in the book; 0 ends it."""

    kind: Literal["book_service"] = "book_service"
    service: str
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reprice:
    """Charge another price of our own from now on. Nothing is sent anywhere; it has a record of its own.

    `seats` are those it holds for at once. `bundle`: it is the price of this bundle line, whose records are the
    anchor's, and not that of the line itself. `basis` says how the new price came about, in words.
    """

    kind: Literal["reprice"] = "reprice"
    before: SellRule | None
    after: SellRule | None
    seats: int = 0
    bundle: Address | None = None
    basis: str = ""


Action = (
    CreateCustomer
    | AttestAgreement
    | UpdateProfile
    | Purchase
    | SetSeats
    | ScheduleRenewal
    | ClearSchedule
    | SetEndOfTerm
    | BuyAzurePlan
    | SetBudget
    | RequestQualification
    | Suspend
    | Resume
    | ChangeTerm
    | Transition
    | SetReseller
    | Rename
    | Cancel
    | Adopt
    | Forget
    | Rebind
    | BookService
    | Reprice
)

#: Actions that send something to a provider; the others change only our own store.
PROVIDER_ACTIONS = (
    CreateCustomer,
    AttestAgreement,
    UpdateProfile,
    Purchase,
    SetSeats,
    ScheduleRenewal,
    ClearSchedule,
    SetEndOfTerm,
    BuyAzurePlan,
    SetBudget,
    RequestQualification,
    Suspend,
    Resume,
    ChangeTerm,
    Transition,
    SetReseller,
    Rename,
    Cancel,
)

#: Actions in our own books that leave a record of their own.
BOOK_ACTIONS = (BookService, Reprice)
