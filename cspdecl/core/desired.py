"""What the manifests say should be: customers, their subscriptions and own services, with bundles already expanded.

Every resource keeps the place it was written at, so that any later stage can point there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
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
class RelativeSell:
    """Our own price as a share of another: the list (ERP) or our cost, `change` more or less (1/10: ten per cent more).

    It becomes a `SellRule` in planning, where the price of the line is known; until then it is nothing.
    """

    base: Literal["list", "cost"]
    change: Fraction
    currency: str
    every: Literal["month", "year"]
    allocate: Literal["byCost", "equal"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRenewal:
    """What the next term shall have that this one has not (`atRenewal:`). None: as the line declares it now.

    `ends` is the last day of the next term where it is to be shorter than usual (contract §13.6).
    """

    seats: int | None = None
    offer: OfferKey | None = None
    term: Term | None = None
    billing: BillingCycle | None = None
    ends: date | None = None
    promotion: str | None = None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """That a line's other `offer` is meant as an upgrade, which cannot be undone (contract §13.7).

    `source` is the offer that is left, named so that nothing is upgraded by mistake. `seats`: so many of the line's
    seats move and the rest stays on `source` (one address, two subscriptions); None: all of them.
    `reassign`: the users' licences move along.
    """

    source: OfferKey
    seats: int | None = None
    reassign: bool = True
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewsTo:
    """What a trial becomes when it ends: a paid offer, its seats, term and billing plan. None: the provider's default,
    which for a licence is 25 seats for a year, billed monthly (contract §13.2, 2023-10)."""

    offer: OfferKey | None = None
    seats: int | None = None
    term: Term | None = None
    billing: BillingCycle | None = None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomEnd:
    """Where the first term of a purchase shall end (contract §13.6). Exactly one of the three: that last day, the last
    month end inside the term, or the day another line of this customer ends."""

    day: date | None = None
    month_end: bool = False
    line: Address | None = None
    origin: Origin


#: What may be declared with `from:` a day: the value holds from that day on (UTC, the provider's clock).
DatedField = Literal["seats", "end_of_term", "absent", "suspended", "sell", "term", "at_renewal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A value of a line that begins to hold on `starts`; `field` says which of the values below is meant.

    "term" carries `term` and `billing` together, "sell" `sell` or `relative` (both None: no price any more). For an
    own service and a bundle `seats` is the quantity. Nothing is stored aside: until that day every plan lists it as
    waiting, then the value is simply in force.
    """

    starts: date
    field: DatedField
    origin: Origin
    seats: int | None = None
    end_of_term: EndOfTerm | None = None
    absent: bool = False
    suspended: bool = False
    sell: SellRule | None = None
    relative: RelativeSell | None = None
    term: Term | None = None
    billing: BillingCycle | None = None
    at_renewal: AtRenewal | None = None


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
    relative: RelativeSell | None = None
    dated: tuple[Dated, ...] = ()
    starts: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionSpec:
    """One subscription as declared. `seats` is absolute; with `absent` it is to be cancelled as soon as allowed.

    `id` names the provider's subscription where matching could not. `nickname` is the name shown in the provider's
    portal; None leaves it alone. `bundle_origin` is the place in the bundle that a component comes from.

    `starts`: the line is nothing before that day. `dated`: values that begin to hold later, in the order of their
    days. `relative`: our price as a share of another, where it is not fixed (`sell` is None then).
    `promotion`: a promotion that must apply, or nothing is bought. `attested`: what the offer wants confirmed, is.
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
    suspended: bool = False
    trial: bool = False
    renews_to: RenewsTo | None = None
    at_renewal: AtRenewal | None = None
    upgrade: Upgrade | None = None
    addon_of: Address | None = None
    custom_end: CustomEnd | None = None
    promotion: str | None = None
    attested: bool = False
    relative: RelativeSell | None = None
    dated: tuple[Dated, ...] = ()
    starts: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AzurePlanSpec:
    """A customer's Azure plan: no seats, usage is billed as it comes. `budget` is what a month's usage is expected to
    stay under, in the currency the provider counts usage in; None leaves it alone (contract §15)."""

    address: Address
    provider: str
    display_name: str | None
    budget: Decimal | None
    absent: bool
    suspended: bool
    id: str | None
    origin: Origin
    starts: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Nothing is bought for this customer (in arrears since a day); what reduces or ends goes on."""

    since: date
    reason: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class QualificationSpec:
    """Who the customer is for Microsoft's segments (contract §6): what needs a qualification is refused without it.

    `details` are what the request of it needs: `segment` (K12, HigherEducation), `website`, `validationCode`.
    """

    name: Literal["education", "government", "nonprofit", "state-owned"]
    details: Mapping[str, str]
    origin: Origin

    @property
    def segment(self) -> str:
        """The segment of the catalogue and the price list it opens."""
        return "commercial" if self.name == "state-owned" else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class ResellerOfRecord:
    """Who sold, where an indirect provider buys: the reseller's PartnerID, up to five more (EU and EFTA only).

    `attested`: the provider confirms that the reseller stands behind the order (contract §10, error 900206).
    """

    partner_id: str
    additional: tuple[str, ...]
    attested: bool
    origin: Origin


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
    dated: tuple[Dated, ...] = ()
    starts: date | None = None


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
    azure_plans: tuple[AzurePlanSpec, ...] = ()
    hold: Hold | None = None
    qualification: QualificationSpec | None = None
    reseller: ResellerOfRecord | None = None
    country: str | None = None

    @property
    def segment(self) -> str:
        """The segment of catalogue and price list this customer buys from."""
        return self.qualification.segment if self.qualification else "commercial"


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
