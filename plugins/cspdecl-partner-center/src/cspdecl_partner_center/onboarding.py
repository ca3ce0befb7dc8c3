"""A new customer: checked against the market's rules, created once, its first password put away before anything else.

Creating is documented to be idempotent by MS-RequestId, and a domain can exist once (contract §3, §6): sending it again
under the same id is safe, and the only way to receive a password whose answer was lost.
"""

from __future__ import annotations

import contextlib
import json

from cspdecl.core.action import CreateCustomer
from cspdecl.core.desired import CreateSpec, Profile
from cspdecl.core.errors import CspdeclError
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import Applied, NotDone, Outcome, Pending, ProbeOutcome, Rejected, Stale, Unknown
from cspdecl.spi.provider import Call, Secrets
from cspdecl_partner_center import checkpoint, faults, paths
from cspdecl_partner_center.checkpoint import Checkpoint
from cspdecl_partner_center.clock import Business
from cspdecl_partner_center.customers import CustomerReader
from cspdecl_partner_center.effects import receipt
from cspdecl_partner_center.faithful import Json, Malformed, get
from cspdecl_partner_center.paging import Incomplete
from cspdecl_partner_center.profiles import CountryRules, address_body, breaches, read_rules, refused_address
from cspdecl_partner_center.transport import Busy, NoAnswer, Refusal, Request, Transport

PLACEHOLDER = "kept for the first password of a customer being created"
_NO_PASSWORD = "the first password was not received: reset it in Partner Center"  # noqa: S105 - a sentence about one
_LOOKS = 20


class Onboarder:
    """Creates customers."""

    def __init__(self, transport: Transport, business: Business, customers: CustomerReader, secrets: Secrets) -> None:
        self._transport = transport
        self._business = business
        self._customers = customers
        self._secrets = secrets

    def apply(self, operation: Operation, action: CreateCustomer, call: Call) -> Outcome:
        """Check, create, put the password away, read back."""
        create, step = action.create, checkpoint.load(call.checkpoint)
        key = operation.address.customer
        try:
            if step is not None and step.step == "created":
                return self._read_back(key, call, step)
            rules = read_rules(self._transport, create.profile.address.country)
            resend = step is not None and step.step == "resend"
            if not resend and (refused := self._refused(create, rules)) is not None:
                return refused
            if (refused := self._cannot_keep(create, resend=resend)) is not None:
                return refused
            return self._create(key, create, rules, call, resend=resend)
        except Refusal as refusal:
            return faults.outcome_of(refusal)
        except (Busy, NoAnswer) as problem:
            return faults.outcome_of(problem)
        except (Malformed, Incomplete) as problem:
            return faults.outcome_of(NoAnswer(str(problem), reading=True))

    def probe(self, operation: Operation, action: CreateCustomer, call: Call) -> ProbeOutcome:
        """Does the customer exist? If it does and its password is not put away, it is asked for once more."""
        create, step = action.create, checkpoint.load(call.checkpoint)
        try:
            if step is not None and step.step == "created":
                return NotDone(checkpoint=call.checkpoint)
            tenants = self._customers.find_domain(create.full_domain, patient=False)
            if not tenants:
                return NotDone()
            if self._kept(create) in (None, PLACEHOLDER):
                return NotDone(checkpoint=checkpoint.dump(Checkpoint(step="resend", tenant=tenants[0])))
            live = self._customers.customer(operation.address.customer, tenants[0], patient=False)
            return Applied(receipt=receipt(call, self._business.now(), inferred=True), customer=live)
        except Busy as busy:
            return faults.outcome_of(busy)
        except (Refusal, NoAnswer, Malformed, Incomplete) as problem:
            faults.must_be_there(problem)
            return Unknown(cause=f"cannot be found out: {problem}")

    def _refused(self, create: CreateSpec, rules: CountryRules) -> Outcome | None:
        if (broken := breaches(rules, create.profile, create.registration_number)) is not None:
            return Rejected(code="CSP416", message=broken)
        if self._taken(create.full_domain):
            if tenants := self._customers.find_domain(create.full_domain, patient=False):
                return Stale(seen=f"{create.full_domain} is a customer already: declare `tenant: {tenants[0]}`")
            return Rejected(
                code="CSP417",
                message=f"the domain {create.full_domain} is taken",
                hint="choose another; if it is the customer's, ask for a reseller relationship instead",
            )
        return refused_address(self._transport, create.profile.address)

    def _taken(self, domain: str) -> bool:
        try:
            self._transport.send(Request(method="HEAD", path=paths.domain(domain), patient=True))
        except Refusal as refusal:
            if refusal.status == 404:
                return False
            raise
        return True

    def _kept(self, create: CreateSpec) -> str | None:
        try:
            return self._secrets.read({"file": create.credentials_to})
        except (CspdeclError, OSError):
            return None

    def _cannot_keep(self, create: CreateSpec, *, resend: bool) -> Rejected | None:
        """The password is shown once, so its place is tried before the customer is created."""
        kept = self._kept(create)
        if kept not in (None, "", PLACEHOLDER):
            return Rejected(
                code="CSP418",
                message=f"`credentialsTo` {create.credentials_to} holds something already and is not overwritten",
                hint="name another file, or move what it holds",
            )
        try:
            self._secrets.write({"file": create.credentials_to}, PLACEHOLDER)
        except (CspdeclError, OSError) as problem:
            return Rejected(
                code="CSP418",
                message=f"`credentialsTo` {create.credentials_to} cannot be written: {problem}",
                hint="the new tenant's first password is shown once; a place for it is needed first",
            )
        return None

    def _create(self, key: str, create: CreateSpec, rules: CountryRules, call: Call, *, resend: bool) -> Outcome:
        request = Request(
            method="POST",
            path=paths.CUSTOMERS,
            body=_body(create, rules),
            request_id=call.request_id,
            correlation_id=call.correlation_id,
        )
        try:
            body = self._transport.send(request).body
        except Refusal as refusal:
            if not resend:
                return faults.outcome_of(refusal)
            # Its domain exists and is ours, so the first sending made it; only the password is lost.
            tenants = self._customers.find_domain(create.full_domain, patient=False)
            if not tenants:
                return faults.outcome_of(refusal)
            lost = self._without_password(create)
            return self._read_back(key, call, Checkpoint(step="created", tenant=tenants[0], item=lost))
        tenant = get(body, "id") or get(body, "companyProfile", "tenantId")
        note = self._put_away(create, body)
        if not isinstance(tenant, str) or not tenant:
            return Unknown(cause=f"created, but the answer names no tenant{'; ' + note if note else ''}")
        return self._read_back(key, call, Checkpoint(step="created", tenant=tenant.lower(), item=note))

    def _put_away(self, create: CreateSpec, body: Json) -> str | None:
        """Write the credentials where they belong. They go nowhere else; what went wrong is a sentence without them."""
        name, password = get(body, "userCredentials", "userName"), get(body, "userCredentials", "password")
        if not isinstance(password, str) or not password:
            return self._without_password(create)
        if isinstance(name, str) and "@" not in name:
            name = f"{name}@{create.full_domain}"
        text = json.dumps({"userName": name, "password": password}, ensure_ascii=False)
        try:
            self._secrets.write({"file": create.credentials_to}, text)
        except (CspdeclError, OSError):
            return f"the first password could not be written to {create.credentials_to}: reset it in Partner Center"
        return None

    def _without_password(self, create: CreateSpec) -> str:
        """Say in the file, too, that it will hold no password."""
        with contextlib.suppress(CspdeclError, OSError):
            self._secrets.write({"file": create.credentials_to}, _NO_PASSWORD)
        return _NO_PASSWORD

    def _read_back(self, key: str, call: Call, step: Checkpoint) -> Applied | Pending | Unknown:
        try:
            live = self._customers.customer(key, step.tenant or "", patient=False)
        except (Refusal, Busy, NoAnswer, Malformed, Incomplete) as problem:
            if step.looks:  # not before the tenant is journaled
                faults.must_be_there(problem)
            return checkpoint.again(step, f"created; it cannot be read yet: {problem}", looks=_LOOKS)
        found = receipt(call, self._business.now(), remark=step.item)
        return Applied(receipt=found, customer=live)


def _body(create: CreateSpec, rules: CountryRules) -> Json:
    profile = create.profile
    culture = profile.culture or rules.culture or (rules.cultures[0] if rules.cultures else "en-US")
    company: dict[str, Json] = {"Domain": create.full_domain}
    if create.registration_number and rules.takes_registration_number:
        company["OrganizationRegistrationNumber"] = create.registration_number
    return {
        "enableGDAPByDefault": False,
        "CompanyProfile": company,
        "BillingProfile": {
            "Culture": culture,
            "Email": profile.contact.email if profile.contact else "",
            "Language": profile.language or _language(culture, rules),
            "CompanyName": profile.company_name,
            "DefaultAddress": _address(profile),
        },
    }


def _language(culture: str, rules: CountryRules) -> str:
    own = culture.split("-", maxsplit=1)[0].lower()
    spoken = [language for language in rules.languages if language.lower() == own]
    return (spoken or list(rules.languages) or [own])[0]


def _address(profile: Profile) -> dict[str, Json]:
    # Create-customer prints its request in PascalCase; empty fields are left out, since a state may not be blank.
    return {name[0].upper() + name[1:]: value for name, value in address_body(profile).items() if value != ""}
