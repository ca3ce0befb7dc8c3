"""Who a customer is: profile, and what is needed to create one."""

from __future__ import annotations

from datetime import date

from cspdecl.core.desired import AgreementSpec, Contact, CreateSpec, PostalAddress, Profile
from cspdecl.core.diagnostics import Origin
from cspdecl.manifest import v1_people
from cspdecl.manifest.context import Context


def compile_create(context: Context, wire: v1_people.Create, origin: Origin, address: object) -> CreateSpec:
    """A customer without tenant yet. The domain is kept as its first part, whichever way it was written."""
    contact = _contact(wire.contact)
    return CreateSpec(
        domain=wire.domain.removesuffix(".onmicrosoft.com"),
        profile=Profile(
            company_name=wire.company_name,
            address=_address(wire.address),
            contact=contact,
            language=wire.language,
            culture=wire.culture,
        ),
        agreement=_agreement(context, wire.agreement, contact, origin.at("agreement"), address),
        credentials_to=wire.credentials_to.file,
        registration_number=wire.registration_number,
    )


def compile_profile(wire: v1_people.Profile) -> Profile:
    """Name and address to compare with the provider's."""
    return Profile(
        company_name=wire.company_name,
        address=_address(wire.address),
        contact=_contact(wire.contact) if wire.contact else None,
        language=wire.language,
        culture=wire.culture,
    )


def _agreement(
    context: Context, wire: v1_people.Agreement | None, contact: Contact, origin: Origin, address: object
) -> AgreementSpec | None:
    if wire is None:
        return None
    here = origin.at("acceptedOn")
    try:
        accepted = date.fromisoformat(wire.accepted_on)
    except ValueError:
        context.error("CSP234", f"there is no day {wire.accepted_on}", here, address=address)
        accepted = date.min
    if accepted > context.today:
        # an acceptance in the future is refused by the provider (commerce rules 2023-10)
        context.error(
            "CSP234",
            f"the agreement was accepted on {accepted}, which is in the future",
            here,
            address=address,
            hint=f"today is {context.today} (UTC)",
        )
    return AgreementSpec(
        type=wire.type,
        accepted_by=contact if wire.accepted_by == "contact" else _contact(wire.accepted_by),
        accepted_on=accepted,
        attest=wire.attest or "enhanced",  # the classic call was retired on 2026-01-05 (contract §7)
    )


def _contact(wire: v1_people.Contact) -> Contact:
    return Contact(first_name=wire.first_name, last_name=wire.last_name, email=wire.email, phone=wire.phone)


def _address(wire: v1_people.Address) -> PostalAddress:
    return PostalAddress(
        line1=wire.line1,
        line2=wire.line2,
        postal_code=wire.postal_code,
        city=wire.city,
        state=wire.state,
        country=wire.country,
    )
