"""Actions as data: what an operation does.

Every action is absolute ("17 seats"), never a delta, so that asking twice cannot do it twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import AgreementSpec, CreateSpec, EndOfTerm, Profile
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
    planned. `nickname` carries an unmistakable mark of this operation into order and subscription."""

    kind: Literal["purchase"] = "purchase"
    offer: OfferKey
    seats: int
    term: Term
    billing: BillingCycle
    nickname: str
    segment: str
    country: str
    unit_price: Money | None


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
class Rename:
    """Change the name shown in the provider's portal."""

    kind: Literal["rename"] = "rename"
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Cancel now, inside the window."""

    kind: Literal["cancel"] = "cancel"
    seats: int


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


Action = (
    CreateCustomer
    | AttestAgreement
    | UpdateProfile
    | Purchase
    | SetSeats
    | ScheduleRenewal
    | ClearSchedule
    | SetEndOfTerm
    | Rename
    | Cancel
    | Adopt
    | Forget
    | Rebind
    | BookService
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
    Rename,
    Cancel,
)
