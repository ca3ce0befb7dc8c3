"""What the manifests say should be: customers, their subscriptions and own services, with bundles already expanded.

Every resource keeps the place it was written at, so that any later stage can point there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.diagnostics import Origin
from cspdecl.core.terms import BillingCycle, Term

EndOfTerm = Literal["renew", "cancel", "extend"]
Reduce = Literal["auto", "now", "renewal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SellRule:
    """Our own price of one seat, `per_seat` in `currency`, every month or year, whatever Microsoft charges."""

    per_seat: Decimal
    currency: str
    every: Literal["month", "year"]
    allocate: Literal["byCost", "equal"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleRef:
    """That a line is a component of a bundle sold at `instance` (customer/line)."""

    name: str
    version: str
    component: str
    instance: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleInstance:
    """One bundle sold to one customer: `seats` bundle seats, priced by `sell`, counted by the `anchor` component."""

    address: Address
    name: str
    version: str
    display_name: str
    seats: int
    sell: SellRule | None
    anchor: Address
    components: tuple[Address, ...]
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionSpec:
    """One subscription as declared. `seats` is absolute; with `absent` it is to be cancelled as soon as allowed.

    `id` names the provider's subscription where matching could not. `nickname` is the name shown in the provider's
    portal; None leaves it alone. `bundle_origin` is the place in the bundle that a component comes from.
    """

    address: Address
    provider: str
    offer: OfferKey
    seats: int
    term: Term
    billing: BillingCycle
    end_of_term: EndOfTerm | None
    reduce: Reduce
    display_name: str | None
    sell: SellRule | None
    absent: bool
    id: str | None
    nickname: str | None
    labels: Mapping[str, str]
    bundle: BundleRef | None
    origin: Origin
    bundle_origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """An own service: no provider; its live state is the fold of the ledger ("the book")."""

    address: Address
    service: str
    display_name: str | None
    quantity: int
    sell: SellRule | None
    absent: bool
    bundle: BundleRef | None
    origin: Origin
    bundle_origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person at the customer."""

    first_name: str
    last_name: str
    email: str
    phone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalAddress:
    """Where a customer is. `country` is ISO 3166-1 alpha-2; `state` a code where the market wants one."""

    line1: str
    line2: str | None
    postal_code: str | None
    city: str
    state: str | None
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementSpec:
    """Who accepted Microsoft's customer agreement, and when. `attest: classic` asks the older call (contract §7)."""

    type: str
    accepted_by: Contact
    accepted_on: date
    attest: Literal["classic", "enhanced"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The customer's name and address as the provider's billing profile keeps them."""

    company_name: str
    address: PostalAddress
    contact: Contact | None
    language: str | None = None
    culture: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSpec:
    """A customer to be created: `domain` is the part before .onmicrosoft.com; the first password goes to
    the file `credentials_to`, since it is shown once."""

    domain: str
    profile: Profile
    agreement: AgreementSpec | None
    credentials_to: str
    registration_number: str | None = None

    @property
    def full_domain(self) -> str:
        """The tenant's first domain."""
        return self.domain if "." in self.domain else f"{self.domain}.onmicrosoft.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSpec:
    """One customer. Exactly one of `tenant` and `create` is given; `profile` is compared where it is declared."""

    key: str
    provider: str
    tenant: str | None
    create: CreateSpec | None
    profile: Profile | None
    display_name: str | None
    labels: Mapping[str, str]
    subscriptions: tuple[SubscriptionSpec, ...]
    services: tuple[ServiceSpec, ...]
    bundles: tuple[BundleInstance, ...]
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A line that got another name: `moved: [{from: …, to: …}]`."""

    source: Address
    target: Address
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """A component taken out of a bundle: what happens to subscriptions bound at `address`."""

    address: Address
    then: Literal["keep", "cancel"]
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """Everything declared, bundles expanded. `digest` covers the files read."""

    customers: Mapping[str, CustomerSpec]
    moves: tuple[Move, ...]
    retired: tuple[Retired, ...]
    digest: str
