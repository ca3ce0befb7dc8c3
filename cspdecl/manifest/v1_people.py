"""Who a customer is and how they stand, as people write it: addresses, contacts, agreement, profile, qualification,
reseller of record, hold. Part of the wire types (v1.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from cspdecl.manifest import shapes
from cspdecl.manifest.shapes import Country, Day, Flag, Line, says
from cspdecl.manifest.wire import Maybe, wire


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
class Hold:
    """Nothing is bought for this customer; what reduces or ends goes on."""

    since: Annotated[Day, says("The day it began", "2026-11-01")]
    reason: Annotated[Line, says("Why, for whoever reads the plan", "three invoices open")]


@wire()
class Qualification:
    """Who the customer is for Microsoft's segments, with what a request of it needs."""

    type: Annotated[Literal["education", "government", "nonprofit", "state-owned"], says("The qualification")]
    segment: Annotated[Maybe[Literal["K12", "HigherEducation"]], says("education: which kind of school")] = None
    website: Annotated[Maybe[Line], says("education: the school's site", "https://schule.example")] = None
    validation_code: Annotated[
        Maybe[Line], says("government: the code Microsoft gave for this customer", "GCC-0001")
    ] = None


def _qualification(value: object) -> str:
    return "@details" if isinstance(value, (Mapping, Qualification)) else "@plain"


QualificationText = Annotated[
    Annotated[Literal["education", "government", "nonprofit", "state-owned"], Tag("@plain")]
    | Annotated[Qualification, Tag("@details")],
    Discriminator(_qualification),
    says("Who the customer is for Microsoft's segments; left out: a commercial customer", "education"),
]


@wire()
class ResellerOfRecord:
    """Who sold, where an indirect provider buys."""

    partner_id: Annotated[str, shapes.PARTNER, says("The reseller's PartnerID", "1234567")]
    additional: Annotated[
        tuple[Annotated[str, shapes.PARTNER], ...], says("Up to five more resellers, EU and EFTA only", ["7654321"])
    ] = ()
    attested: Annotated[Maybe[Flag], says("true: the reseller is confirmed to stand behind these orders")] = None


def _reseller(value: object) -> str:
    return "@details" if isinstance(value, (Mapping, ResellerOfRecord)) else "@plain"


ResellerText = Annotated[
    Annotated[Literal["none"], Tag("@plain")] | Annotated[ResellerOfRecord, Tag("@details")],
    Discriminator(_reseller),
    says("Who sold (indirect providers only); `none`: the provider itself", {"partnerId": "1234567", "attested": True}),
]
