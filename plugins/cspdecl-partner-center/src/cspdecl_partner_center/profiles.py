"""A customer's billing profile: what addresses must look like, and writing name, address and contact.

The whole profile goes back with its etag (contract §6); fields that the project does not speak of stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cspdecl.core.action import UpdateProfile
from cspdecl.core.desired import PostalAddress, Profile
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import Applied, Outcome, Rejected, Stale, Unknown
from cspdecl.spi.provider import Call
from cspdecl_partner_center import faults, paths
from cspdecl_partner_center.clock import Business
from cspdecl_partner_center.customers import CustomerReader, parse_profile
from cspdecl_partner_center.effects import receipt
from cspdecl_partner_center.faithful import Json, Malformed, get, listed, with_fields
from cspdecl_partner_center.paging import Incomplete
from cspdecl_partner_center.transport import Busy, NoAnswer, Refusal, Request, Transport

# Countries whose error table enforces a registration number, and those that only the business list names (contract §6).
REGISTRATION_NUMBER = frozenset(
    "AM AZ BY HU IN KZ KG MD RU TJ UZ UA BR ZA PL AE SA TR TH VN MM IQ SS VE".split()  # noqa: SIM905 - as printed
)
_GOOD_ADDRESS = {"verifiedshippable", "verified", "notvalidated"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryRules:
    """What the market asks of an address. None or empty: not said, and then not checked here."""

    country: str
    culture: str | None
    cultures: tuple[str, ...]
    languages: tuple[str, ...]
    states: tuple[str, ...]
    state_required: bool
    city_required: bool
    postal_code_required: bool
    postal_code: str | None
    phone: str | None
    takes_registration_number: bool


def read_rules(transport: Transport, country: str) -> CountryRules:
    """The rules of a market. Field names differ between the sample and the resource page; both are read."""
    body = transport.send(Request(method="GET", path=paths.country_rules(country), patient=True)).body
    return CountryRules(
        country=country,
        culture=_text(body, "defaultCulture"),
        cultures=_listed(body, "supportedCultures", "supportedCulturesList"),
        languages=_listed(body, "supportedLanguages", "supportedLanguagesList"),
        states=_listed(body, "states", "supportedStatesList"),
        state_required=get(body, "isStateRequired") is True,
        city_required=get(body, "isCityRequired") is True,
        postal_code_required=get(body, "isPostalCodeRequired") is True,
        postal_code=_text(body, "postalCodeRegex"),
        phone=_text(body, "phoneNumberRegex"),
        takes_registration_number=get(body, "isRegistrationNumberSupported") is True,
    )


def breaches(rules: CountryRules, profile: Profile, registration_number: str | None) -> str | None:
    """The first rule of the market that a profile breaks, as a sentence; None when it breaks none."""
    address, where = profile.address, rules.country
    if rules.state_required and not address.state:
        return f"{where} asks for a state: add its code to the address"
    if address.state and rules.states and address.state.upper() not in {state.upper() for state in rules.states}:
        return f"`{address.state}` is no state of {where}: one of {', '.join(rules.states[:60])}"
    if rules.city_required and not address.city:
        return f"{where} asks for a city"
    if rules.postal_code_required and not address.postal_code:
        return f"{where} asks for a postal code"
    if address.postal_code and not _fits(rules.postal_code, address.postal_code):
        return f"`{address.postal_code}` is no postal code of {where}"
    phone = profile.contact.phone if profile.contact else None
    if phone and not _fits(rules.phone, phone):
        return f"`{phone}` is no telephone number as {where} writes them"
    if where.upper() in REGISTRATION_NUMBER:
        if not registration_number and rules.takes_registration_number:
            return f"{where} asks for the company's registration number: add `registrationNumber`"
        if not phone and rules.takes_registration_number:
            return f"{where} asks for a telephone number of the contact"
    return None


def refused_address(transport: Transport, address: PostalAddress) -> Rejected | None:
    """What Microsoft's address check has against an address, with its own suggestion; None when it passes."""
    body = {
        "AddressLine1": address.line1,
        "City": address.city,
        "State": address.state or "",
        "PostalCode": address.postal_code or "",
        "Country": address.country,
    }
    if address.line2:
        body["AddressLine2"] = address.line2
    try:
        answer = transport.send(Request(method="POST", path=paths.VALIDATE_ADDRESS, body=body, patient=True)).body
    except Refusal as refusal:
        return Rejected(code=refusal.code, message=faults.sentence_of(refusal.code, refusal.description))
    status = str(get(answer, "status") or "")
    if status.replace("_", "").lower() in _GOOD_ADDRESS:
        return None
    suggested = [_in_words(entry) for entry in listed(answer, "suggestedAddresses")]
    told = get(answer, "validationMessage")
    return Rejected(
        code="CSP416",
        message=f"the address is not confirmed ({status}{': ' if told else ''}{told or ''})",
        hint=f"Microsoft suggests: {'; or '.join(suggested)}" if suggested else "check street, city and postal code",
    )


def address_body(profile: Profile) -> dict[str, Json]:
    """An address with the contact in it, as the wire has it."""
    address, contact = profile.address, profile.contact
    body: dict[str, Json] = {
        "country": address.country,
        "city": address.city,
        "state": address.state or "",
        "addressLine1": address.line1,
        "addressLine2": address.line2 or "",
        "postalCode": address.postal_code or "",
    }
    if contact is not None:
        body |= {"firstName": contact.first_name, "lastName": contact.last_name, "phoneNumber": contact.phone or ""}
    return body


class ProfileWriter:
    """Writes billing profiles."""

    def __init__(self, transport: Transport, business: Business, customers: CustomerReader) -> None:
        self._transport = transport
        self._business = business
        self._customers = customers

    def apply(self, operation: Operation, action: UpdateProfile, call: Call) -> Outcome:
        """Read, compare, write the whole profile, read again."""
        tenant = call.tenant or operation.guard.tenant
        if tenant is None:
            return Rejected(code="CSP410", message="the customer's tenant is not known yet")
        wrote = False
        try:
            body = self._read(tenant)
            live = parse_profile(body)
            if action.before is not None and live != action.before:
                return Stale(seen="the billing profile was changed meanwhile")
            moved = live is None or live.address != action.after.address
            if moved and (refused := refused_address(self._transport, action.after.address)) is not None:
                return refused
            self._write(tenant, body, action.after, call)
            wrote = True
            after = self._customers.customer(operation.address.customer, tenant, patient=False)
        except Refusal as refusal:
            return (
                Unknown(cause=f"written, but cannot be read back: {refusal}") if wrote else faults.outcome_of(refusal)
            )
        except (Busy, NoAnswer) as problem:
            return (
                Unknown(cause=f"written, but cannot be read back: {problem}") if wrote else faults.outcome_of(problem)
            )
        except (Malformed, Incomplete) as problem:
            return Unknown(cause=str(problem)) if wrote else faults.outcome_of(NoAnswer(str(problem), reading=True))
        if after.profile is None or not covers(after.profile, action.after):
            return Unknown(cause="the billing profile was written, but it does not read as written")
        return Applied(receipt=receipt(call, self._business.now()), customer=after)

    def _read(self, tenant: str) -> Mapping[str, Json]:
        path = paths.customer(tenant, "profiles", "billing")
        body = self._transport.send(Request(method="GET", path=path)).body
        if not isinstance(body, dict):
            raise Malformed("the billing profile is no object")
        return body

    def _write(self, tenant: str, body: Mapping[str, Json], after: Profile, call: Call) -> None:
        address = get(body, "defaultAddress")
        changed = with_fields(
            body,
            companyName=after.company_name,
            defaultAddress=with_fields(address if isinstance(address, dict) else {}, **address_body(after)),
        )
        if after.contact is not None:
            contact = after.contact
            changed = with_fields(
                changed, firstName=contact.first_name, lastName=contact.last_name, email=contact.email
            )
        if after.language is not None:
            changed = with_fields(changed, language=after.language)
        if after.culture is not None:
            changed = with_fields(changed, culture=after.culture)
        etag = get(body, "attributes", "etag")
        self._transport.send(
            Request(
                method="PUT",
                path=paths.customer(tenant, "profiles", "billing"),
                body=changed,
                headers={"If-Match": etag if etag.startswith('"') else f'"{etag}"'} if isinstance(etag, str) else {},
                request_id=call.request_id,
                correlation_id=call.correlation_id,
            )
        )


def covers(live: Profile, wish: Profile) -> bool:
    """Whether a profile says what was wished; what the wish leaves open may be anything."""
    contact = wish.contact is None or (
        live.contact is not None
        and (live.contact.first_name, live.contact.last_name, live.contact.email)
        == (wish.contact.first_name, wish.contact.last_name, wish.contact.email)
        and (wish.contact.phone is None or wish.contact.phone == live.contact.phone)
    )
    return (
        contact
        and live.company_name == wish.company_name
        and live.address == wish.address
        and (wish.language is None or wish.language.lower() == (live.language or "").lower())
        and (wish.culture is None or wish.culture.lower() == (live.culture or "").lower())
    )


def _fits(pattern: str | None, value: str) -> bool:
    try:
        return pattern is None or re.search(pattern, value) is not None
    except re.error:
        return True  # a pattern of another dialect is theirs to apply


def _listed(body: Json, *names: str) -> tuple[str, ...]:
    for name in names:
        found = get(body, name)
        found = get(found, "value") if isinstance(found, dict) else found
        if isinstance(found, list):
            return tuple(str(entry) for entry in found)
    return ()


def _in_words(address: Json) -> str:
    names = ("addressLine1", "addressLine2", "postalCode", "city", "state", "country")
    return ", ".join(str(part) for name in names if (part := get(address, name)))


def _text(body: Json, name: str) -> str | None:
    value = get(body, name)
    return value if isinstance(value, str) and value else None
