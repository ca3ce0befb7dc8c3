"""The kinds of text a manifest holds: pattern, name in words, example. v1.py builds its fields from them.

An integer is accepted wherever text is expected (`partnerId: 4847383` is the text "4847383"): our YAML types nothing
else, so no other number can lose its spelling on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, Strict, StringConstraints
from pydantic_core import PydanticCustomError

from cspdecl.manifest.countries import COUNTRIES


@dataclass(frozen=True, slots=True)
class Shape:
    """What a text has to look like, said in words for messages."""

    what: str
    example: str
    hint: str | None = None


SHAPES: dict[str, Shape] = {}


def shaped(pattern: str, what: str, example: str, hint: str | None = None) -> StringConstraints:
    """A constraint whose pattern gate.py can put into words. Patterns are read by Rust and by JSON Schema alike."""
    SHAPES[pattern] = Shape(what, example, hint)
    return StringConstraints(pattern=pattern)


def says(description: str, *examples: object, **rest: Any) -> Any:
    """A field's description and examples, for the schema that editors read."""
    return Field(description=description, examples=list(examples) or None, **rest)


LINE = shaped(r"^[^\x00-\x1f\x7f]+$", "one line of text", "Hafenkontor Logistik GmbH")
NAME = shaped(
    r"^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$",
    "a name of lower-case letters, digits, `-`, `.` or `_`, at most 63 long",
    "hafenkontor-nord",
    "names become addresses; what people read goes into `displayName`",
)
GUID = shaped(
    r"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$",
    "a tenant id",
    "9f2b6c1e-3d84-4e0a-9a57-2c8e41d7b903",
    "it is shown in the Entra admin centre and in Partner Center as the customer's Microsoft ID",
)
OFFER = shaped(
    r"^[0-9A-Za-z]{12}:[0-9A-Za-z]{4}$",
    "an offer, PRODUCT:SKU of twelve and four letters or digits",
    "CFQ7TTC0LCHC:0002",
    "without the availability id: that one changes, product and SKU do not",
)
AMOUNT = shaped(
    r"^(0|[1-9][0-9]{0,11})(\.([0-9]{1,2}|[0-9]{4}))?$",
    "an amount with a decimal point",
    "54.90",
    'no thousands separators (1.200 is refused, since it could be one), no currency, no sign; best in quotes: "54.90"',
)
RATIO = shaped(
    r"^([0-9]{1,6}(\.[0-9]{1,6})?|[0-9]{1,6}/[1-9][0-9]{0,5})$",
    "a ratio, decimal or fraction",
    "0.5",
    "`1/3` is exact, 0.333333 is not",
)
PERCENT = shaped(r"^(100|[0-9]{1,2}(\.[0-9]{1,4})?)%$", "a percentage from 0% to 100%", "8%")
COUNTRY = shaped(r"^[A-Z]{2}$", "a country code of two capital letters (ISO 3166-1)", "DE")
CURRENCY = shaped(r"^[A-Z]{3}$", "a currency code of three capital letters (ISO 4217)", "EUR")
VERSION = shaped(r"^[0-9]{1,6}(\.[0-9]{1,6}){0,2}$", "a version of one to three numbers", "2.1.0")
BUNDLE = shaped(
    r"^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?(@[0-9]{1,6}(\.[0-9]{1,6}){0,2})?$",
    "a bundle's name, with `@` and a version to pin it",
    "arbeitsplatz-komfort@2",
)
DOMAIN = shaped(
    # the first domain of a tenant; Microsoft allows 27 characters before the suffix and never renames it
    r"^[a-z0-9]([a-z0-9-]{0,25}[a-z0-9])?(\.onmicrosoft\.(com|us|de)|\.partner\.onmschina\.cn)?$",
    "the part of a tenant's first domain before .onmicrosoft.com: lower-case letters, digits and `-`, at most 27 long",
    "muehlbach",
    "umlauts are spelled out: ä is ae; the domain cannot be renamed later",
)
DATE = shaped(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "a date as YEAR-MONTH-DAY", "2026-11-20")
EMAIL = shaped(r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$", "an e-mail address", "anna.brandt@hafenkontor.example")
PHONE = shaped(r"^[0-9+()/. -]{3,32}$", "a telephone number", "+49 40 5550100")
STATE = shaped(r"^[A-Za-z0-9]{1,2}$", "a state or province as its code of one or two characters", "WA")
STORE = shaped(r"^[a-z][a-z0-9+.-]*:[^\x00-\x1f\x7f]+$", "a store, KIND:PLACE", "sqlite:.cspdecl/store.db")
WEBHOOK = shaped(r"^https?://[^\x00-\x20\x7f]+$", "an address that begins with https://", "https://ops.example/hook")
BRANCH = shaped(
    r"^[A-Za-z0-9_][A-Za-z0-9_#+@-]{0,99}([./][A-Za-z0-9_#+@-]{1,99}){0,9}$",
    "the name of a git branch",
    "main",
    "without `refs/heads/` or `origin/` before it",
)
AGE = shaped(r"^[1-9][0-9]{0,3}[hd]$", "hours or days", "7d", "`36h` are hours, `7d` days")
IDENTIFIER = shaped(r"^[^\x00-\x20\x7f]+$", "an id without blanks", "83ef9d05-7c1e-4b7e-8d53-5a4c8f8e2f10")
PATH = shaped(
    r"^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?(/[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?){0,2}$",
    "a line or line/component",
    "arbeitsplatz/m365",
)
PROMOTION = shaped(
    # the availability part belongs to a promotion's name, unlike to an offer's (contract §9.1, 2023-10)
    r"^[0-9A-Za-z]{12}:[0-9A-Za-z]{4}:[0-9A-Za-z]{12}$",
    "a promotion, PRODUCT:SKU:AVAILABILITY",
    "39NFJQT1X27N:0002:39NFJQT1Q5KL",
    "as Partner Center lists it under promotions",
)
CHANGE = shaped(
    r"^([+-][0-9]{1,6}(\.[0-9]{1,4})?|0)%$",
    "a percentage with its sign, more or less",
    "-5%",
    "`+12%` is twelve per cent more, `-5%` five per cent less; the sign is never left out",
)
PARTNER = shaped(
    r"^[0-9]{1,12}$",
    "a PartnerID, digits only",
    "4847383",
    "the location's PartnerID (MPN ID), as Partner Center shows it for the reseller",
)
TERM_END = shaped(
    r"^(month-end|[0-9]{4}-[0-9]{2}-[0-9]{2})$", "a day, `month-end`, or another line: `{line: NAME}`", "2027-06-30"
)
LANGUAGE = shaped(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "a language code", "de")
CULTURE = shaped(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})+$", "a culture, language and country", "de-DE")

MAX_SEATS = 1_000_000  # no order is larger; a seat count that is, has lost a separator or taken up a phone number

Line = Annotated[str, LINE]
Name = Annotated[str, NAME]
Guid = Annotated[str, GUID]
OfferId = Annotated[str, OFFER]
Amount = Annotated[str, AMOUNT]


def _assigned(code: str) -> str:
    if code not in COUNTRIES:
        raise PydanticCustomError("country", "no such country")
    return code


Country = Annotated[
    str,
    COUNTRY,
    AfterValidator(_assigned),
    says("ISO 3166-1 alpha-2 code", json_schema_extra={"enum": sorted(COUNTRIES)}),
]
Currency = Annotated[str, CURRENCY]


def _real(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        if text != "month-end":
            raise PydanticCustomError("day", "no such day") from None
    return text


Day = Annotated[
    str, DATE, AfterValidator(_real), says("A day (UTC)", "2027-01-01", json_schema_extra={"format": "date"})
]
TermEnd = Annotated[str, TERM_END, AfterValidator(_real)]
Seats = Annotated[int, Strict(), says("Seats, absolute: 28 means 28, not 28 more", 28, ge=0, le=MAX_SEATS)]
Flag = Annotated[bool, Strict()]
Labels = Annotated[Mapping[Name, Line], says("Your own marks, to select customers by", {"segment": "kmu"})]
TermText = Annotated[Literal["P1M", "P1Y", "P3Y"], says("How long seats are owed: a month, a year, three years")]
BillingText = Annotated[
    Literal["monthly", "annual", "triennial"], says("How often the term is charged; never longer than the term itself")
]
AnyBillingText = Annotated[
    Literal["monthly", "annual", "triennial", "one_time"],
    says("How often the term is charged; one_time: a perpetual licence, which has no term"),
]
EndText = Annotated[
    Literal["renew", "cancel", "extend"],
    says("What happens when the term ends: a new term, an end, or month by month at a higher price"),
]
ReduceText = Annotated[
    Literal["auto", "now", "renewal"],
    says("When fewer seats take effect: as soon as allowed, only if allowed now, or at the renewal"),
]
