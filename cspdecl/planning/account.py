"""The customer itself: created, bound to its tenant, its profile, and the agreement without which nothing is sold."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from cspdecl.commerce.words import day
from cspdecl.core.action import Adopt, AttestAgreement, CreateCustomer, UpdateProfile
from cspdecl.core.address import Address
from cspdecl.core.capability import Capability
from cspdecl.core.desired import AgreementSpec, CreateSpec, CustomerSpec, PostalAddress, Profile
from cspdecl.core.diagnostics import error, note
from cspdecl.core.live import Binding, LiveCustomer
from cspdecl.core.operation import Guard, Reason, Waiting
from cspdecl.core.terms import at_midnight
from cspdecl.planning.context import context_of_customer
from cspdecl.planning.rows import CustomerPlan, Row
from cspdecl.planning.sequence import Sequence

Agreement = Literal["accepted", "coming", "none", "unknown"]


def plan_account(
    spec: CustomerSpec, live: LiveCustomer | None, bound: Binding | None, *, capabilities: Capability, buys: bool,
    sequence: Sequence, out: CustomerPlan,
) -> Agreement | None:  # fmt: skip
    """What is to be done about the customer itself; answers how the agreement stands, None where no line may follow."""
    if live is None:
        return _create(spec, bound, capabilities, sequence, out)
    if bound is not None and bound.tenant != live.tenant:
        out.diagnostics.append(
            error(
                "CSP376",
                f"{spec.key} is bound to tenant {bound.tenant}, and {live.tenant} is declared now",
                origin=spec.origin.at("tenant"),
                address=spec.key,
                hint="give the other tenant a customer document of its own; remove this one to stop managing it",
            )
        )
        return None
    if bound is None and spec.create is not None:
        _adopt(spec, live, sequence, out)
    _profile(spec, live, capabilities, sequence, out)
    return _agreement(spec, live, capabilities, sequence, out, buys=buys)


def _create(
    spec: CustomerSpec, bound: Binding | None, capabilities: Capability, sequence: Sequence, out: CustomerPlan
) -> Agreement | None:
    if spec.create is None or bound is not None:
        tenant = spec.tenant or (bound.tenant if bound else "")
        created = bound is not None and spec.create is not None
        out.diagnostics.append(
            error(
                "CSP355" if created else "CSP352",
                f"tenant {tenant} is not a customer of ours"
                + (" any more, and it was created from here: it is not created again" if created else ""),
                origin=spec.origin if created else spec.origin.at("tenant"),
                address=spec.key,
                hint="ask for the reseller relationship again, or take the document out to stop managing it"
                if created
                else "check the id, or have the customer accept your reseller relationship first",
            )
        )
        return None
    address, create = Address(spec.key), spec.create
    if Capability.CREATE_CUSTOMER not in capabilities:
        text = f"create {create.full_domain} in the provider's portal: this provider cannot"
        out.waiting.append(Waiting(address=address, kind="manual", code="CSP360", text=text, origin=spec.origin))
        return None
    context = context_of_customer(spec, create.profile.company_name)
    ident = sequence.add(
        address,
        CreateCustomer(create=create),
        reason=Reason(code="customer.create", text=f"{create.full_domain} is declared and not there"),
        guard=Guard(tenant=None),
        context=context,
        origin=spec.origin,
    )
    sequence.first.append(ident)
    out.created = True
    operations, sentence = [ident], f"the new tenant's first password goes to {create.credentials_to}"
    agreement: Agreement = "none"
    if create.agreement is not None and Capability.ATTEST_AGREEMENT in capabilities:
        operations.append(_attest(spec, create.agreement, None, sequence, requires=(ident,)))
        agreement = "coming"
    out.rows.append(
        Row(
            address=address,
            kind="buy",
            operations=tuple(operations),
            offer_title=create.full_domain,
            note=f"{sentence}; {_accept_words(create)}",
        )
    )
    return agreement


def _attest(
    spec: CustomerSpec, agreement: AgreementSpec, tenant: str | None, sequence: Sequence, *, requires: tuple[str, ...]
) -> str:
    who = agreement.accepted_by
    text = f"{who.first_name} {who.last_name} accepted it on {agreement.accepted_on}, as declared"
    ident = sequence.add(
        Address(spec.key),
        AttestAgreement(agreement=agreement),
        reason=Reason(code="agreement", text=text),
        guard=Guard(tenant=tenant),
        context=context_of_customer(spec, spec.create.profile.company_name if spec.create else spec.key),
        requires=requires,
        origin=spec.origin,
    )
    sequence.first.append(ident)
    return ident


def _accept_words(create: CreateSpec) -> str:
    agreement = create.agreement
    if agreement is None:
        return "nobody has accepted Microsoft's agreement yet, so purchases wait"
    who = f"{agreement.accepted_by.first_name} {agreement.accepted_by.last_name}"
    when = day(at_midnight(agreement.accepted_on))
    if agreement.attest == "classic":
        return f"{who} accepted Microsoft's agreement on {when}"
    # contract §7: new attestations need a person at the customer since 2026-01-05
    return f"purchases wait until {who} has accepted Microsoft's agreement online"


def _adopt(spec: CustomerSpec, live: LiveCustomer, sequence: Sequence, out: CustomerPlan) -> None:
    ident = sequence.add(
        Address(spec.key),
        Adopt(provider=spec.provider, tenant=live.tenant, ids=(), offer=None),
        reason=Reason(code="adopt", text=f"{live.domain} exists already"),
        guard=Guard(tenant=live.tenant),
        context=context_of_customer(spec, live.name),
        origin=spec.origin,
    )
    text = f"{live.domain} exists already as tenant {live.tenant}: it is taken over, not created"
    out.rows.append(Row(address=Address(spec.key), kind="adopt", operations=(ident,), note=text, adopted=True))


def _profile(
    spec: CustomerSpec, live: LiveCustomer, capabilities: Capability, sequence: Sequence, out: CustomerPlan
) -> None:
    wanted, have = spec.profile, live.profile
    if wanted is None:
        return
    if have is None:
        out.diagnostics.append(
            note(
                "CSP356",
                "the customer's profile could not be read, so it is not compared",
                origin=spec.origin.at("profile"),
                address=spec.key,
                hint="profiles need user credentials (`auth.user`)",
            )
        )
        return
    after = _overlaid(wanted, have)
    if after == have:
        return
    changed = ", ".join(_changed(have, after))
    if Capability.UPDATE_PROFILE not in capabilities:
        text = f"set {changed} in the provider's portal: this provider cannot"
        out.waiting.append(
            Waiting(address=Address(spec.key), kind="manual", code="CSP360", text=text, origin=spec.origin)
        )
        return
    ident = sequence.add(
        Address(spec.key),
        UpdateProfile(before=have, after=after),
        reason=Reason(code="profile", text=f"{changed} differ from what is declared"),
        guard=Guard(tenant=live.tenant),
        context=context_of_customer(spec, live.name),
        origin=spec.origin.at("profile"),
    )
    out.rows.append(Row(address=Address(spec.key), kind="change", operations=(ident,), note=f"sets {changed}"))


def _overlaid(wanted: Profile, have: Profile) -> Profile:
    """What is declared over what is there: a field left out stays as it is."""
    address = wanted.address
    kept: PostalAddress = replace(
        address,
        line2=have.address.line2 if address.line2 is None else address.line2,
        state=have.address.state if address.state is None else address.state,
        postal_code=have.address.postal_code if address.postal_code is None else address.postal_code,
    )
    contact = have.contact if wanted.contact is None else wanted.contact
    if contact is not None and contact.phone is None and have.contact is not None:
        contact = replace(contact, phone=have.contact.phone)
    return Profile(
        company_name=wanted.company_name,
        address=kept,
        contact=contact,
        language=wanted.language or have.language,
        culture=wanted.culture or have.culture,
    )


def _changed(have: Profile, after: Profile) -> list[str]:
    names = {"company_name": "company name", "address": "address", "contact": "contact"}
    return [word for field, word in names.items() if getattr(have, field) != getattr(after, field)] or ["language"]


def _agreement(
    spec: CustomerSpec,
    live: LiveCustomer,
    capabilities: Capability,
    sequence: Sequence,
    out: CustomerPlan,
    *,
    buys: bool,
) -> Agreement:
    if live.agreement != "none":
        return live.agreement
    create = spec.create
    given = create.agreement if create is not None else None
    can = Capability.ATTEST_AGREEMENT in capabilities
    if create is not None and given is not None and given.attest == "classic" and can:
        ident = _attest(spec, given, live.tenant, sequence, requires=())
        out.rows.append(Row(address=Address(spec.key), kind="change", operations=(ident,), note=_accept_words(create)))
        return "coming"
    if buys or create is not None:
        who = "somebody at the customer"
        if given is not None:
            who = f"{given.accepted_by.first_name} {given.accepted_by.last_name}"
        text = f"{who} has to accept Microsoft's agreement in the admin centre before anything can be bought"
        out.waiting.append(
            Waiting(address=Address(spec.key), kind="manual", code="CSP350", text=text, origin=spec.origin)
        )
    return "none"
