"""What customers have and what bundles are made of, as people write it. Part of the wire types (v1.py).

Some values may begin to hold on a day: instead of the value alone a list stands there, such as
`[5, {value: 8, from: 2027-01-01}]`; what is a mapping anyway takes `from` among its keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Literal, TypeVar

from pydantic import Discriminator, Field, Tag

from cspdecl.manifest import shapes
from cspdecl.manifest.shapes import (
    Amount,
    AnyBillingText,
    BillingText,
    Currency,
    Day,
    EndText,
    Flag,
    Line,
    Name,
    OfferId,
    ReduceText,
    Seats,
    TermEnd,
    TermText,
    says,
)  # fmt: skip
from cspdecl.manifest.wire import Maybe, wire

T = TypeVar("T")
U = TypeVar("U")
L = TypeVar("L")
_From = says("The day from which it holds (UTC)", "2027-01-01", alias="from")


def _written(value: object) -> str:
    return "@dated" if isinstance(value, (list, tuple)) else "@plain"


def _entry(value: object) -> str:
    return "@later" if isinstance(value, Mapping) or hasattr(value, "starts") else "@plain"


def _end(value: object) -> str:
    return "@line" if isinstance(value, (Mapping, EndsWithLine)) else "@plain"


# a value, or a list of values with their days; `ListOr` where the value is a mapping with a `from` of its own
OrDated = Annotated[
    Annotated[T, Tag("@plain")]
    | Annotated[
        tuple[Annotated[Annotated[U, Tag("@plain")] | Annotated[L, Tag("@later")], Discriminator(_entry)], ...],
        Field(min_length=1),
        Tag("@dated"),
    ],
    Discriminator(_written),
]
ListOr = Annotated[
    Annotated[T, Tag("@plain")] | Annotated[tuple[T, ...], Field(min_length=1), Tag("@dated")], Discriminator(_written)
]


@wire()
class SeatsFrom:
    """A seat count that holds from a day on."""

    value: Seats
    starts: Annotated[Day, _From]


@wire()
class EndFrom:
    """What happens at the end of a term, decided from a day on."""

    value: EndText
    starts: Annotated[Day, _From]


@wire()
class TermFrom:
    """A term that holds from a day on."""

    value: TermText
    starts: Annotated[Day, _From]


@wire()
class BillingFrom:
    """A billing plan that holds from a day on."""

    value: BillingText
    starts: Annotated[Day, _From]


@wire()
class FlagFrom:
    """Yes or no from a day on."""

    value: Annotated[Flag, says("true or false")]
    starts: Annotated[Day, _From]


SeatsText = Annotated[
    OrDated[Seats, Seats, SeatsFrom],
    says("Seats, absolute: 28 means 28, not 28 more", 28, [5, {"value": 8, "from": "2027-01-01"}]),
]
EndTexts = Annotated[
    OrDated[EndText, EndText, EndFrom], says("What happens when the term ends: renew, cancel, or month by month")
]
TermTexts = Annotated[
    OrDated[TermText, TermText, TermFrom], says("How long seats are owed: a month, a year, three years")
]
BillingTexts = Annotated[
    OrDated[AnyBillingText, BillingText, BillingFrom],
    says("How often the term is charged, never longer than the term; one_time: a perpetual licence, without term"),
]
AbsentText = Annotated[
    OrDated[Flag, Flag, FlagFrom],
    says("true: cancel as soon as allowed. Removing the line would only stop managing it"),
]
SuspendedText = Annotated[
    OrDated[Flag, Flag, FlagFrom], says("true: stop the service; Microsoft goes on charging for it")
]


@wire(oneOf=[{"required": ["perSeat"]}, {"required": ["list"]}, {"required": ["cost"]}])
class Sell:
    """Your own price for one seat: an amount, or more or less than the list price or your cost."""

    per_seat: Annotated[Maybe[Amount], says("Price of one seat", "54.90")] = None
    of_list: Annotated[
        Maybe[str], shapes.CHANGE, says("The list price and so much more or less", "-5%", alias="list")
    ] = None
    of_cost: Annotated[Maybe[str], shapes.CHANGE, says("Your cost and so much more or less", "+12%", alias="cost")] = (
        None
    )
    every: Annotated[Literal["month", "year"], says("What the price is for")]
    allocate: Annotated[
        Maybe[Literal["byCost", "equal"]], says("How a bundle's price is shared among its components")
    ] = None
    currency: Annotated[Maybe[Currency], says("The reseller's billing currency; another one is refused", "EUR")] = None
    starts: Annotated[Maybe[Day], _From] = None


SellText = Annotated[ListOr[Sell], says("Your own price for one seat; a list where it changes on a day")]


@wire()
class AtRenewal:
    """What the next term shall have that this one has not."""

    seats: Maybe[Seats] = None
    offer: Annotated[Maybe[OfferId], says("Another offer, which this one may be renewed as", "CFQ7TTC0LCHC:0002")] = (
        None
    )
    term: Maybe[TermText] = None
    billing: Maybe[BillingText] = None
    ends_on: Annotated[Maybe[Day], says("Last day of the next term, where it is to be shorter", "2027-12-31")] = None
    promotion: Annotated[Maybe[str], shapes.PROMOTION, says("A promotion for the next term")] = None
    starts: Annotated[Maybe[Day], _From] = None


AtRenewalText = Annotated[ListOr[AtRenewal], says("What the next term shall have that this one has not")]


@wire()
class Upgrade:
    """That the line's other offer is meant as an upgrade, which cannot be undone."""

    source: Annotated[OfferId, says("The offer that is left", "CFQ7TTC0LDPB:0001", alias="from")]
    seats: Annotated[Maybe[Seats], says("How many of the seats move; left out: all of them", 100)] = None
    licences: Annotated[
        Maybe[Literal["move", "keep"]], says("move: the users' licences go along (as if left out); keep: they stay")
    ] = None


@wire()
class RenewsTo:
    """What a trial becomes when it ends."""

    offer: Annotated[Maybe[OfferId], says("The paid offer", "CFQ7TTC0LCHC:0002")] = None
    seats: Maybe[Seats] = None
    term: Maybe[TermText] = None
    billing: Maybe[BillingText] = None


@wire()
class EndsWithLine:
    """The day another line ends."""

    line: Annotated[str, shapes.PATH, says("A line of this customer's, line or line/component", "m365")]


CustomEndText = Annotated[
    Annotated[TermEnd, Tag("@plain")] | Annotated[EndsWithLine, Tag("@line")],
    Discriminator(_end),
    says("Where the first term ends: a day, `month-end`, or with another line", "2027-06-30", {"line": "m365"}),
]
AddonText = Annotated[str, shapes.PATH, says("The line this is an add-on of, line or line/component", "m365")]
PromotionText = Annotated[
    str,
    shapes.PROMOTION,
    says("A promotion that must apply; without it nothing is bought", "39NFJQT1X27N:0002:39NFJQT1Q5KL"),
]
AttestedText = Annotated[Flag, says("true: what the offer wants confirmed, is")]


@wire()
class AzurePlan:
    """A customer's Azure plan: usage is billed as it comes."""

    budget: Annotated[
        Maybe[Amount], says("What a month's usage is expected to stay under; it limits nothing", "500.00")
    ] = None


@wire()
class Override:
    """What one customer has different from the bundle, for one component."""

    seats: Maybe[SeatsText] = None
    term: Maybe[TermTexts] = None
    billing: Maybe[BillingTexts] = None
    end_of_term: Maybe[EndTexts] = None
    reduce: Maybe[ReduceText] = None
    id: Annotated[
        Maybe[str], shapes.IDENTIFIER, says("The provider's subscription id, where matching is ambiguous")
    ] = None
    sell: Maybe[SellText] = None
    nickname: Annotated[Maybe[Line], says("The subscription's name in the provider's portal")] = None
    absent: Maybe[AbsentText] = None
    suspended: Maybe[SuspendedText] = None
    at_renewal: Maybe[AtRenewalText] = None
    upgrade: Maybe[Upgrade] = None
    addon_of: Maybe[AddonText] = None
    custom_term_end: Maybe[CustomEndText] = None
    promotion: Maybe[PromotionText] = None
    attested: Maybe[AttestedText] = None


@wire(oneOf=[{"required": ["bundle"]}, {"required": ["offer"]}, {"required": ["service"]}, {"required": ["azurePlan"]}])
class SubscriptionLine:
    """One thing a customer has: a bundle, an offer, a service of your own, or an Azure plan."""

    name: Annotated[Name, says("Unique within the customer; the address is customer/name", "arbeitsplatz")]
    bundle: Annotated[Maybe[str], shapes.BUNDLE, says("A bundle, pinned to a version", "arbeitsplatz-komfort@2")] = None
    offer: Annotated[Maybe[OfferId], says("A Microsoft offer, PRODUCT:SKU", "CFQ7TTC0LCHC:0002")] = None
    service: Annotated[Maybe[Name], says("A service of your own, without provider", "managed-workplace")] = None
    azure_plan: Maybe[AzurePlan] = None
    display_name: Annotated[Maybe[Line], says("What plans and quotes call it", "Office & E-Mail")] = None
    starts: Annotated[Maybe[Day], says("The line is nothing before that day", "2027-01-01", alias="from")] = None
    seats: Maybe[SeatsText] = None
    term: Maybe[TermTexts] = None
    billing: Maybe[BillingTexts] = None
    end_of_term: Maybe[EndTexts] = None
    reduce: Maybe[ReduceText] = None
    sell: Maybe[SellText] = None
    absent: Maybe[AbsentText] = None
    suspended: Maybe[SuspendedText] = None
    id: Annotated[
        Maybe[str], shapes.IDENTIFIER, says("The provider's subscription id, where matching is ambiguous")
    ] = None
    nickname: Annotated[Maybe[Line], says("The subscription's name in the provider's portal")] = None
    at_renewal: Maybe[AtRenewalText] = None
    upgrade: Maybe[Upgrade] = None
    trial: Annotated[
        Maybe[Flag], says("true: the offer is a trial; it becomes what is paid for unless it is ended")
    ] = None
    renews_to: Maybe[RenewsTo] = None
    addon_of: Maybe[AddonText] = None
    custom_term_end: Maybe[CustomEndText] = None
    promotion: Maybe[PromotionText] = None
    attested: Maybe[AttestedText] = None
    overrides: Annotated[Mapping[Name, Override], says("By component: what is different here")] = field(
        default_factory=dict
    )
    without: Annotated[tuple[Name, ...], says("Components that this customer does not have")] = ()


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
    billing: Maybe[AnyBillingText] = None
    end_of_term: Maybe[EndText] = None
    reduce: Maybe[ReduceText] = None
    sell: Annotated[Maybe[ListOr[Sell]], says("A price on top of the bundle's")] = None
    at_renewal: Annotated[Maybe[AtRenewal], says("Another term or billing plan from the next term on")] = None
    addon_of: Annotated[Maybe[Name], says("The component this is an add-on of", "m365")] = None
    custom_term_end: Annotated[
        Maybe[CustomEndText], says("Where the first term ends: `month-end`, or with another component", "month-end")
    ] = None
    promotion: Maybe[PromotionText] = None


#: Keys that have their place elsewhere, and where that is; gate.py says so instead of "unknown key".
BELONGS = {
    "from": "to a customer's line, or to one entry of a list of values",
    "upgrade": "to a customer's line, or to a component there, under `overrides`",
    "attested": "to a customer's line, or to a component there, under `overrides`",
    "suspended": "to a customer's line, or to a component there, under `overrides`",
    "absent": "to a customer's line, or to a component there, under `overrides`",
    "trial": "to a customer's line with an `offer`",
    "renewsTo": "to a customer's line with an `offer`",
    "azurePlan": "to a line of its own: `- {name: azure, azurePlan: {}}`",
    "atRenewal": "to a line, or to a component",
    "addonOf": "to a line, or to a component",
    "promotion": "to a line, or to a component",
    "customTermEnd": "to a line, or to a component",
    "hold": "to the customer, beside `subscriptions`",
    "qualification": "to the customer, beside `subscriptions`",
    "priceBook": "to the customer, or as `prices: {book: …}` to the project",
}
