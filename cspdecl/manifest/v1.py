"""The documents of `apiVersion: cspdecl/v1` as people write them: every key, what it means, what it may hold.

These types are the wire: pydantic builds them from plain data (gate.py), schema.py turns them into the JSON Schemas
that editors read, and compile.py reads them. Optional keys are left out, never `null`: a key without value is what
a file cut short looks like.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Strict, Tag

from cspdecl.manifest import shapes
from cspdecl.manifest.shapes import (
    Amount,
    BillingText,
    Country,
    Currency,
    EndText,
    Flag,
    Guid,
    Labels,
    Line,
    Name,
    OfferId,
    ReduceText,
    Seats,
    TermText,
    says,
)  # fmt: skip
from cspdecl.manifest.wire import Maybe, wire

API_VERSION = "cspdecl/v1"


@wire()
class Metadata:
    """What a document is called."""

    name: Annotated[Name, says("Unique among documents of its kind; part of every address", "hafenkontor")]
    labels: Labels = field(default_factory=dict)


@wire()
class Sell:
    """Your own price for one seat."""

    per_seat: Annotated[Amount, says("Price of one seat", "54.90")]
    every: Annotated[Literal["month", "year"], says("What the price is for")]
    allocate: Annotated[
        Maybe[Literal["byCost", "equal"]], says("How a bundle's price is shared among its components")
    ] = None
    currency: Annotated[Maybe[Currency], says("The reseller's billing currency; another one is refused", "EUR")] = None


@wire()
class Address:
    """Where a customer is."""

    line1: Annotated[Line, says("Street and number", "Am Anger 3", max_length=200)]
    line2: Annotated[Maybe[Line], says("Addition", max_length=200)] = None
    postal_code: Annotated[Maybe[Line], says("Postal code; quotes keep leading zeros in editors", "99084")] = None
    city: Annotated[Line, says("City", "Erfurt")]
    state: Annotated[Maybe[str], shapes.STATE, says("State or province code, where the market wants one", "WA")] = None
    country: Country


@wire()
class Contact:
    """A person at the customer."""

    first_name: Annotated[Line, says("First name", "Anna", max_length=50)]
    last_name: Annotated[Line, says("Last name", "Brandt", max_length=50)]
    email: Annotated[str, shapes.EMAIL, says("E-mail address", "anna.brandt@muehlbach.example")]
    phone: Annotated[Maybe[str], shapes.PHONE, says("Telephone number", "+49 361 5550100")] = None


def _person(value: object) -> str:
    return "@person" if isinstance(value, (Mapping, Contact)) else "@word"


@wire()
class Agreement:
    """Microsoft's customer agreement: who accepted it and when. A person may have to; purchases wait for it."""

    type: Annotated[Literal["MicrosoftCustomerAgreement"], says("The agreement")]
    accepted_by: Annotated[
        Annotated[Literal["contact"], Tag("@word")] | Annotated[Contact, Tag("@person")],
        Discriminator(_person),
        says("`contact` for the contact above, or a person", "contact"),
    ]
    accepted_on: Annotated[
        str,
        shapes.DATE,
        says("The day it was accepted, not in the future", "2026-11-20", json_schema_extra={"format": "date"}),
    ]
    attest: Annotated[
        Maybe[Literal["classic", "enhanced"]],
        says("How the acceptance is reported; `classic` only where the older call is still taken"),
    ] = None


@wire()
class FilePlace:
    """A file outside the manifests."""

    file: Annotated[Line, says("Path of the file", ".cspdecl/muehlbach.credentials")]


@wire()
class Profile:
    """Name and address as the provider's billing profile keeps them; compared only where they stand here."""

    company_name: Annotated[Line, says("Registered name", "Hafenkontor Logistik GmbH")]
    address: Address
    contact: Maybe[Contact] = None
    language: Annotated[Maybe[str], shapes.LANGUAGE, says("Language of invoices and mails", "de")] = None
    culture: Annotated[Maybe[str], shapes.CULTURE, says("Formats of dates and numbers", "de-DE")] = None


@wire()
class Create:
    """A customer who has no tenant yet."""

    domain: Annotated[
        str, shapes.DOMAIN, says("First domain, without .onmicrosoft.com; it stays for ever", "muehlbach")
    ]
    company_name: Annotated[Line, says("Registered name", "Mühlbach Pflege gGmbH")]
    address: Address
    contact: Contact
    agreement: Maybe[Agreement] = None
    credentials_to: Annotated[FilePlace, says("Where the new tenant's first password goes: it is shown once")]
    registration_number: Annotated[Maybe[Line], says("Company registration number, where the market demands it")] = None
    language: Annotated[Maybe[str], shapes.LANGUAGE, says("Language of invoices and mails", "de")] = None
    culture: Annotated[Maybe[str], shapes.CULTURE, says("Formats of dates and numbers", "de-DE")] = None


@wire()
class Override:
    """What one customer has different from the bundle, for one component."""

    seats: Maybe[Seats] = None
    term: Maybe[TermText] = None
    billing: Maybe[BillingText] = None
    end_of_term: Maybe[EndText] = None
    reduce: Maybe[ReduceText] = None
    id: Annotated[
        Maybe[str], shapes.IDENTIFIER, says("The provider's subscription id, where matching is ambiguous")
    ] = None
    sell: Maybe[Sell] = None
    nickname: Annotated[Maybe[Line], says("The subscription's name in the provider's portal")] = None
    absent: Annotated[Maybe[Flag], says("true: cancel this component's subscription as soon as allowed")] = None


@wire(oneOf=[{"required": ["bundle"]}, {"required": ["offer"]}, {"required": ["service"]}])
class SubscriptionLine:
    """One thing a customer has: a bundle, an offer, or a service of your own."""

    name: Annotated[Name, says("Unique within the customer; the address is customer/name", "arbeitsplatz")]
    bundle: Annotated[Maybe[str], shapes.BUNDLE, says("A bundle, pinned to a version", "arbeitsplatz-komfort@2")] = None
    offer: Annotated[Maybe[OfferId], says("A Microsoft offer, PRODUCT:SKU", "CFQ7TTC0LCHC:0002")] = None
    service: Annotated[Maybe[Name], says("A service of your own, without provider", "managed-workplace")] = None
    display_name: Annotated[Maybe[Line], says("What plans and quotes call it", "Office & E-Mail")] = None
    seats: Maybe[Seats] = None
    term: Maybe[TermText] = None
    billing: Maybe[BillingText] = None
    end_of_term: Maybe[EndText] = None
    reduce: Maybe[ReduceText] = None
    sell: Maybe[Sell] = None
    absent: Annotated[
        Maybe[Flag], says("true: cancel as soon as allowed. Removing the line would only stop managing it")
    ] = None
    id: Annotated[
        Maybe[str], shapes.IDENTIFIER, says("The provider's subscription id, where matching is ambiguous")
    ] = None
    nickname: Annotated[Maybe[Line], says("The subscription's name in the provider's portal")] = None
    overrides: Annotated[Mapping[Name, Override], says("By component: what is different here")] = field(
        default_factory=dict
    )
    without: Annotated[tuple[Name, ...], says("Components that this customer does not have")] = ()


@wire()
class Moved:
    """A line that got another name; its subscription stays the same."""

    source: Annotated[str, shapes.PATH, says("The old name, line or line/component", "visio-alt", alias="from")]
    to: Annotated[str, shapes.PATH, says("The new name, which is declared", "visio")]


@wire(oneOf=[{"required": ["tenant"]}, {"required": ["create"]}])
class CustomerSpec:
    """Who the customer is and what they have."""

    tenant: Annotated[Maybe[Guid], says("The customer's Microsoft tenant id")] = None
    create: Maybe[Create] = None
    provider: Annotated[Maybe[Name], says("A provider of the project, if not its default")] = None
    display_name: Annotated[Maybe[Line], says("What plans and quotes call the customer")] = None
    profile: Maybe[Profile] = None
    subscriptions: Annotated[tuple[SubscriptionLine, ...], says("What the customer has; [] for nothing yet")]
    moved: Annotated[tuple[Moved, ...], says("Lines that got another name")] = ()


@wire()
class Customer:
    """Who has how much of what. One file a customer keeps reviews short."""

    api_version: Literal["cspdecl/v1"]
    kind: Literal["Customer"]
    metadata: Metadata
    spec: CustomerSpec


@wire()
class ComponentSeats:
    """How many seats of a component one bundle seat brings."""

    per_seat: Annotated[str, shapes.RATIO, says("Seats for each bundle seat, decimal or fraction", "0.5", "1/3")]
    round: Annotated[Literal["up", "down", "nearest"], says("What happens to a part of a seat; nearest: half goes up")]


@wire(oneOf=[{"required": ["offer"]}, {"required": ["service"]}])
class Component:
    """One part of a bundle: a Microsoft offer, or a service of your own."""

    name: Annotated[Name, says("Unique within the bundle; the address is customer/line/name", "telefonie")]
    offer: Annotated[Maybe[OfferId], says("A Microsoft offer, PRODUCT:SKU", "CFQ7TTC0LH0T:0001")] = None
    service: Annotated[Maybe[Name], says("A service of your own, without provider", "managed-workplace")] = None
    display_name: Annotated[Maybe[Line], says("What plans and quotes call it", "Telefonie")] = None
    seats: Annotated[Maybe[ComponentSeats], says("Left out: as many as the bundle has")] = None
    term: Maybe[TermText] = None
    billing: Maybe[BillingText] = None
    end_of_term: Maybe[EndText] = None
    reduce: Maybe[ReduceText] = None
    sell: Annotated[Maybe[Sell], says("A price on top of the bundle's")] = None


@wire()
class RetiredComponent:
    """A component that the bundle no longer has, and what becomes of subscriptions bought for it."""

    name: Annotated[Name, says("Its name", "backup-alt")]
    then: Annotated[Literal["keep", "cancel"], says("keep: stop managing them; cancel: as soon as allowed")]


@wire()
class BundleSpec:
    """What is inside and what it costs the customer."""

    version: Annotated[str, shapes.VERSION, says("Raise the first number when what is inside changes", "2.1.0")]
    display_name: Annotated[Maybe[Line], says("What plans and quotes call it", "Arbeitsplatz Komfort")] = None
    components: Annotated[tuple[Component, ...], says("The parts; the first is the anchor", min_length=1)]
    anchor: Annotated[Maybe[Name], says("The component whose seats start the billing, if not the first")] = None
    retired: Annotated[tuple[RetiredComponent, ...], says("Parts that were taken out")] = ()
    sell: Maybe[Sell] = None
    term: Maybe[TermText] = None
    billing: Maybe[BillingText] = None
    end_of_term: Maybe[EndText] = None
    reduce: Maybe[ReduceText] = None


@wire()
class Bundle:
    """What you sell, in your own words and at your own price."""

    api_version: Literal["cspdecl/v1"]
    kind: Literal["Bundle"]
    metadata: Metadata
    spec: BundleSpec


@wire()
class Reseller:
    """The company that sells."""

    legal_name: Annotated[Line, says("Registered name", "Nordlicht Systemhaus GmbH")]
    model: Annotated[Literal["direct"], says("direct: you buy from Microsoft yourself")]
    country: Country
    currency: Annotated[Currency, says("What Microsoft bills you in", "EUR")]
    partner_id: Annotated[
        Maybe[Line], says("PartnerID of the location; quotes keep leading zeros in editors", "4847383")
    ] = None


@wire()
class Prices:
    """Where imported price lists are."""

    path: Annotated[Line, says("Folder, relative to the project", "prices/")]
    market: Annotated[Maybe[Country], says("The market they are for, if not the reseller's country", "DE")] = None


@wire()
class Defaults:
    """What holds where a line, a component or a bundle says nothing."""

    provider: Annotated[Maybe[Name], says("Needed where there is more than one", "partner-center")] = None
    term: TermText
    billing: BillingText
    end_of_term: Maybe[EndText] = None
    reduce: Maybe[ReduceText] = None


@wire(minProperties=1)
class Forbid:
    """A combination nobody may buy: every part that is given must match."""

    term: Maybe[TermText] = None
    billing: Maybe[BillingText] = None
    offer: Annotated[Maybe[OfferId], says("A Microsoft offer, PRODUCT:SKU", "CFQ7TTC0LCHC:0002")] = None


@wire()
class Guardrails:
    """The project's own limits; a plan that crosses one is refused."""

    max_seats_per_change: Annotated[
        Maybe[Annotated[int, Strict()]], says("Seats that one operation may add or remove", 50, ge=1)
    ] = None
    max_new_commitment: Annotated[
        Mapping[Currency, Amount], says("By currency: what one plan may newly owe", {"EUR": "20000"})
    ] = field(default_factory=dict)
    min_margin: Annotated[Maybe[str], shapes.PERCENT, says("Share of the sell price that must remain", "8%")] = None
    forbid: Annotated[tuple[Forbid, ...], says("Combinations that nobody may buy", [{"term": "P3Y"}])] = ()
    max_stop_managing: Annotated[
        Maybe[str], shapes.PERCENT, says("Share of managed lines that one plan may stop managing", "10%")
    ] = None


_PROVIDER_SCHEMA = {
    "description": "A connection: `plugin`, `environment`, and what the plugin asks for",
    "type": "object",
    "required": ["plugin"],
    "properties": {
        "plugin": {"description": "The plugin's name", "examples": ["partner-center"], "type": "string"},
        "environment": {
            "description": "Decides limits and guards",
            "enum": ["production", "sandbox"],
            "type": "string",
        },
    },
    "additionalProperties": True,
}


@wire()
class ProjectSpec:
    """Who resells, through which providers, at which prices and within which limits."""

    reseller: Reseller
    providers: Annotated[
        Mapping[Name, Annotated[Mapping[str, Any], says("", json_schema_extra=_PROVIDER_SCHEMA)]],
        says("Connections by name", min_length=1),
    ]
    prices: Maybe[Prices] = None
    defaults: Defaults
    store: Annotated[
        Maybe[str], shapes.STORE, says("Where journal, ledger and bindings are kept", "sqlite:.cspdecl/store.db")
    ] = None
    persistent: Annotated[Maybe[Flag], says("true: the store's disk outlives a CI job, so apply may run there")] = None
    guardrails: Maybe[Guardrails] = None


@wire()
class Project:
    """The project: one a repository."""

    api_version: Literal["cspdecl/v1"]
    kind: Literal["Project"]
    metadata: Metadata
    spec: ProjectSpec


Document = Annotated[Project | Bundle | Customer, Discriminator("kind")]
KINDS: dict[str, type[Any]] = {"Project": Project, "Bundle": Bundle, "Customer": Customer}
