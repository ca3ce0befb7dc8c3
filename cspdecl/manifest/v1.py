"""The documents of `apiVersion: cspdecl/v1` as people write them: every key, what it means, what it may hold.

These types are the wire: pydantic builds them from plain data (gate.py), schema.py turns them into the JSON Schemas
that editors read, and compile.py reads them. Optional keys are left out, never `null`: a key without value is what
a file cut short looks like.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import Discriminator

from cspdecl.manifest import shapes
from cspdecl.manifest.shapes import (
    Amount,
    BillingText,
    Country,
    Currency,
    Day,
    EndText,
    Flag,
    Guid,
    Labels,
    Line,
    Name,
    OfferId,
    ReduceText,
    TermText,
    says,
)  # fmt: skip
from cspdecl.manifest.v1_guards import Guardrails, Waiver
from cspdecl.manifest.v1_lines import Component, ListOr, Sell, SubscriptionLine
from cspdecl.manifest.v1_notify import Notify
from cspdecl.manifest.v1_people import Create, Hold, Profile, QualificationText, ResellerText
from cspdecl.manifest.v1_test import Test
from cspdecl.manifest.wire import Maybe, wire

API_VERSION = "cspdecl/v1"


@wire()
class Metadata:
    """What a document is called."""

    name: Annotated[Name, says("Unique among documents of its kind; part of every address", "hafenkontor")]
    labels: Labels = field(default_factory=dict)


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
    country: Annotated[Maybe[Country], says("The customer's market, where no profile says it", "DE")] = None
    qualification: Maybe[QualificationText] = None
    hold: Maybe[Hold] = None
    reseller: Maybe[ResellerText] = None
    price_book: Annotated[Maybe[Name], says("The price book this customer buys by", "standard")] = None
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
    sell: Annotated[Maybe[ListOr[Sell]], says("What the customer pays for one seat of the bundle")] = None
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
    model: Annotated[
        Literal["direct", "indirect-provider"],
        says("direct: you sell to the customers yourself; indirect-provider: resellers do, and you buy for them"),
    ]
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
    book: Annotated[Maybe[Name], says("The price book of customers who name none", "standard")] = None


@wire()
class Defaults:
    """What holds where a line, a component or a bundle says nothing."""

    provider: Annotated[Maybe[Name], says("Needed where there is more than one", "partner-center")] = None
    term: TermText
    billing: BillingText
    end_of_term: Maybe[EndText] = None
    reduce: Maybe[ReduceText] = None


@wire(minProperties=1)
class Apply:
    """When a plan may be carried out in CI."""

    branch: Annotated[
        Maybe[str], shapes.BRANCH, says("The branch that is applied from; left out: the remote's default one", "main")
    ] = None
    max_age: Annotated[Maybe[str], shapes.AGE, says("How old an approved plan may be", "7d")] = None


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
    apply: Maybe[Apply] = None
    notify: Annotated[tuple[Notify, ...], says("Who is told of drift and of what was applied, by webhook")] = ()


@wire()
class Project:
    """The project: one a repository."""

    api_version: Literal["cspdecl/v1"]
    kind: Literal["Project"]
    metadata: Metadata
    spec: ProjectSpec


@wire(oneOf=[{"required": ["perSeat"]}, {"required": ["list"]}, {"required": ["cost"]}])
class BookRule:
    """One price of a price book: an amount, or more or less than the list price or your cost."""

    per_seat: Annotated[Maybe[Amount], says("Price of one seat", "18.50")] = None
    of_list: Annotated[
        Maybe[str], shapes.CHANGE, says("The list price and so much more or less", "-5%", alias="list")
    ] = None
    of_cost: Annotated[Maybe[str], shapes.CHANGE, says("Your cost and so much more or less", "+12%", alias="cost")] = (
        None
    )
    every: Annotated[Maybe[Literal["month", "year"]], says("What the price is for, if not what the book says")] = None
    starts: Annotated[Maybe[Day], says("The day from which it holds (UTC)", "2027-01-01", alias="from")] = None


@wire()
class PriceBookSpec:
    """Your own prices, for customers without one on the line."""

    currency: Annotated[Maybe[Currency], says("The reseller's billing currency; another one is refused", "EUR")] = None
    every: Annotated[Literal["month", "year"], says("What the prices are for")]
    default: Annotated[Maybe[ListOr[BookRule]], says("For every offer that is not named", {"list": "-3%"})] = None
    offers: Annotated[
        Mapping[OfferId, ListOr[BookRule]], says("By offer, PRODUCT:SKU", {"CFQ7TTC0HD32:0002": {"perSeat": "18.50"}})
    ] = field(default_factory=dict)
    services: Annotated[
        Mapping[Name, ListOr[BookRule]], says("By service of your own", {"managed-workplace": {"perSeat": "9.00"}})
    ] = field(default_factory=dict)


@wire()
class PriceBook:
    """Your own prices: what a seat of each offer costs a customer."""

    api_version: Literal["cspdecl/v1"]
    kind: Literal["PriceBook"]
    metadata: Metadata
    spec: PriceBookSpec


Document = Annotated[Project | Bundle | Customer | PriceBook | Waiver | Test, Discriminator("kind")]
KINDS: dict[str, type[Any]] = {
    "Project": Project,
    "Bundle": Bundle,
    "Customer": Customer,
    "PriceBook": PriceBook,
    "Waiver": Waiver,
    "Test": Test,
}
