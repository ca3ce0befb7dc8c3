"""Market rules and address checks.

Sources: contract §6 (country rules, address validation, registration numbers), §4 (600002, 600049–600051).
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any

from ..wire import Answer, Body, Doc, Refusal, attributes, present
from .call import Call

# The table of error codes names these; the create page's longer list is for information (READINGS.md).
REGISTRATION_COUNTRIES = frozenset(["AM", "AZ", "BY", "HU", "IN", "KZ", "KG", "MD", "RU", "TJ", "UZ", "UA"])
REGISTRATION_ALLOWED = REGISTRATION_COUNTRIES | frozenset(
    ["BR", "ZA", "PL", "AE", "SA", "TR", "TH", "VN", "MM", "IQ", "SS", "VE"]
)
STATE_CHECKED = frozenset(("US", "CA", "CN", "MX"))
_US_PHONE = r"^(1[\-\/\.]?)?(\((\d{3})\)|(\d{3}))[\-\/\.]?(\d{3})[\-\/\.]?(\d{4})$"
_ADDRESS = (
    "country",
    "region",
    "city",
    "state",
    "addressLine1",
    "addressLine2",
    "postalCode",
    "firstName",
    "lastName",
    "middleName",
    "phoneNumber",
)


@cache
def _countries() -> dict[str, dict[str, Any]]:
    return tomllib.loads((resources.files("cspdecl_simulator") / "data" / "countries.toml").read_text("utf-8"))


def rules(country: str) -> dict[str, Any]:
    return _countries().get(country.upper(), {})


def country_rules(call: Call) -> Answer:
    """GET /countryvalidationrules/{iso2}"""
    iso2 = call.params["iso"].upper()
    if not re.fullmatch("[A-Z]{2}", iso2):
        raise Refusal(400, 800002, "The country must be a two-letter ISO code.")
    found, is_us = rules(iso2), iso2 == "US"
    culture = found.get("culture", f"en-{iso2}")
    return Answer(
        200,
        present(
            iso2Code=iso2,
            defaultCulture=culture,
            isStateRequired=bool(found.get("states")),
            states={"value": found["states"].split()} if found.get("states") else None,
            supportedStatesList=found["states"].split() if found.get("states") else None,
            supportedLanguages={"value": found.get("languages", "en").split()},
            supportedCultures={"value": found.get("cultures", culture).split()},
            isPostalCodeRequired=bool(found.get("postal")),
            postalCodeRegex=found.get("postal", ""),
            isCityRequired=True,
            isVatIdSupported=bool(found.get("vat")),
            vatIdRegex=found.get("vat"),
            taxIdFormat="US######" if is_us else None,
            taxIdSample="US999965" if is_us else None,
            phoneNumberRegex=_US_PHONE if is_us else r"^[0-9 ()+\-\/.]{4,20}$",
            isRegistrationNumberSupported=iso2 in REGISTRATION_ALLOWED,
            isTaxIdSupported=is_us or bool(found.get("vat")),
            isTaxIdOptional=True,
            resellerAgreementRegion=found.get("agreement_region", "EMEA"),
            geographicRegion=found.get("region", "Other"),
            countryCallingCodes={"value": [found["calling"]] if found.get("calling") else []},
            attributes=attributes("CountryInformation"),
        ),
    )


def read_address(source: Body) -> Doc:
    """The address fields that were sent, in the service's order and spelling."""
    return {name: str(source[name.lower()]) for name in _ADDRESS if source.get(name.lower()) is not None}


def address_problems(address: Doc) -> list[str]:
    """Names of the fields a market would not take."""
    country = str(address.get("country", "")).upper()
    found, wrong = rules(country), []
    if not re.fullmatch("[A-Z]{2}", country):
        return ["Country"]
    if not 1 <= len(address.get("addressLine1", "")) <= 200:
        wrong.append("AddressLine1")
    if not address.get("city"):
        wrong.append("City")
    states = found.get("states", "").split()
    if country in STATE_CHECKED and str(address.get("state", "")).upper() not in states:
        wrong.append("State")
    if found.get("postal") and not re.match(found["postal"], address.get("postalCode", "")):
        wrong.append("PostalCode")
    return wrong


def validate_address(call: Call) -> Answer:
    """POST /validations/address: a street with a number is verified, one without gets a suggestion (contract §6)."""
    address = read_address(call.form)
    if not address.get("country"):
        raise Refusal(400, 800002, "Country is required.")
    wrong = address_problems(address)
    has_number = any(char.isdigit() for char in address.get("addressLine1", ""))
    if wrong:
        return Answer(
            200,
            {
                "originalAddress": address,
                "suggestedAddresses": [],
                "status": "NotValidated",
                "validationMessage": "Address field invalid for property: " + ", ".join(f"'{name}'" for name in wrong),
            },
        )
    better = dict(address)
    if address["country"].upper() == "US" and "-" not in address["postalCode"]:
        better["postalCode"] = address["postalCode"] + "-0001"
    if has_number:
        return Answer(200, {"originalAddress": address, "suggestedAddresses": [better], "status": "VerifiedShippable"})
    better["addressLine1"] = f"1 {address['addressLine1']}"
    return Answer(
        200,
        {
            "originalAddress": address,
            "suggestedAddresses": [better],
            "status": "StreetPartial",
            "validationMessage": "Address field invalid for property: 'Region', 'PostalCode', 'City'",
        },
    )


def check_registration(country: str, number: str | None, phone: str | None) -> None:
    """Registration and phone numbers a market insists on (contract §4: 600002, 600049, 600050, 600051)."""
    country = country.upper()
    pattern = rules(country).get("registration", r"^[0-9A-Za-z\-./ ]{4,30}$")
    if number and country not in REGISTRATION_ALLOWED:
        raise Refusal(400, 600002, f"Organization registration number is not supported for country {country}.")
    if country in REGISTRATION_COUNTRIES and not number:
        raise Refusal(400, 600049, f"Organization registration number is required for country {country}.")
    if number and not re.match(pattern, number):
        raise Refusal(400, 600050, f"Organization registration number must match {pattern}")
    if country in REGISTRATION_COUNTRIES and not phone:
        raise Refusal(400, 600051, f"Billing profile default address phone number is required for country {country}.")
