"""The partner's own profiles: organization, billing, legal business, support, membership.

Sources: contract §2 (which tokens), §6; the profile pages' samples (2023-10). A PUT replaces the fields a partner may
change and answers them as they were sent; what is the service's own stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..wire import Answer, Body, Doc, Refusal, attributes, link, present
from .call import Call, check_etag


@dataclass(frozen=True, slots=True)
class _Kind:
    """One profile: the last part of its path, its type names, the fields a PUT replaces, whether it has an etag."""

    path: str
    type: str
    fields: tuple[str, ...]
    required: tuple[str, ...]
    object_type: str = ""
    versioned: bool = False


_KINDS = {
    kind.path: kind
    for kind in (
        _Kind(
            "organization",
            "OrganizationProfile",
            ("companyName", "defaultAddress", "email", "language", "culture"),
            ("companyname", "defaultaddress"),
            versioned=True,
        ),
        _Kind(
            "billing",
            "BillingProfile",
            ("companyName", "address", "primaryContact", "purchaseOrderNumber", "taxId", "billingCurrency"),
            ("companyname", "address"),
            versioned=True,
        ),
        _Kind(
            "legalbusiness",
            "LegalBusinessProfile",
            ("companyName", "address", "primaryContact", "companyApproverAddress", "companyApproverEmail"),
            ("companyname", "address"),
        ),
        _Kind("support", "SupportProfile", ("email", "telephone", "website"), ("email",)),
    )
}


def _seeded(call: Call, kind: _Kind) -> Doc:
    """What the profile says before anybody changes it; made of the simulator's settings."""
    settings = call.settings
    street = {
        "country": settings.country,
        "city": "Redmond",
        "state": "WA",
        "addressLine1": "1 Demo Way",
        "addressLine2": "",
        "postalCode": "98052",
    }
    person = {"firstName": "Demo", "lastName": "Partner", "phoneNumber": "4255550100"}
    contact = {**person, "email": settings.user}
    values: dict[str, Any] = {
        "companyName": settings.partner_name,
        "defaultAddress": street | person,
        "address": street if kind.path == "billing" else street | person,
        "primaryContact": contact,
        "companyApproverAddress": street,
        "companyApproverEmail": settings.user,
        "purchaseOrderNumber": "",
        "taxId": "",
        "billingCurrency": settings.currency,
        "email": settings.user,
        "telephone": "4255550100",
        "website": "www.example.com",
        "language": "en",
        "culture": "en-US",
    }
    return {name: values[name] for name in kind.fields} | {"version": 1}


def _own(call: Call, kind: _Kind) -> Doc:
    """What of a profile is the service's own and no PUT changes."""
    settings = call.settings
    if kind.path == "organization":
        return {"id": settings.partner_tenant, "tenantId": settings.partner_tenant, "domain": settings.partner_domain}
    if kind.path == "legalbusiness":
        return {"vettingStatus": "authorized", "vettingSubStatus": "none"}
    return {}


def _etag(kind: _Kind, version: int) -> str:
    return str(-7340023409842013 + 104729 * version + len(kind.path))


def _render(call: Call, kind: _Kind, kept: Doc) -> Doc:
    doc = {name: kept.get(name) for name in kind.fields} | _own(call, kind)
    doc["profileType"] = kind.type
    doc["links"] = {"self": link(f"/profiles/{kind.path}")}
    etag = _etag(kind, int(kept["version"])) if kind.versioned else None
    doc["attributes"] = attributes(kind.object_type or kind.type, etag)
    return doc


def _kind(call: Call) -> _Kind:
    """The profile a path names; the support page writes its PUT to `supportprofile`."""
    name = call.path.rstrip("/").rsplit("/", 1)[-1].lower().removesuffix("profile")
    return _KINDS[name]


def _kept(call: Call, kind: _Kind) -> Doc:
    return call.partner.shared_one("profile", kind.path) or _seeded(call, kind)


def get_profile(call: Call) -> Answer:
    """GET /profiles/{organization|billing|legalbusiness|support}: what is empty is left out."""
    kind = _kind(call)
    doc = _render(call, kind, _kept(call, kind))
    return Answer(200, {name: _filled(value) for name, value in doc.items() if value is not None})


def _filled(value: Any) -> Any:
    return present(**value) if isinstance(value, dict) else value


def put_profile(call: Call) -> Answer:
    """PUT /profiles/…: the whole profile; a stale If-Match is refused, the body's etag is not looked at."""
    kind, form = _kind(call), call.form
    old = _kept(call, kind)
    if kind.versioned:
        check_etag(call, _etag(kind, int(old["version"])))
    for name in kind.required:
        if form.get(name) in (None, ""):
            raise Refusal(400, 3000, f"{name} is required.")
    sent = {name.lower(): value for name, value in _camel(form).items()}
    kept = {name: sent.get(name.lower()) for name in kind.fields} | {"version": int(old["version"]) + 1}
    call.partner.save_shared("profile", kind.path, kept)
    return Answer(200, _render(call, kind, kept))


def _camel(value: Any) -> Any:
    """A sent document with the service's spelling of names."""
    source = value.raw if isinstance(value, Body) else value
    if isinstance(source, dict):
        return {name[:1].lower() + name[1:]: _camel(item) for name, item in source.items()}
    return [_camel(item) for item in source] if isinstance(source, list) else source


def mpn_profile(call: Call) -> Answer:
    """GET /profiles/mpn[?mpnId=]: the own membership, or whose an id is; unknown ids answer 404 with code 3000."""
    wanted = call.query.get("mpnid", call.settings.partner_mpn)
    names = {row["mpnId"]: row["name"] for row in call.partner.shared("reseller").values()} | {
        call.settings.partner_mpn: call.settings.partner_name
    }
    if wanted not in names:
        raise Refusal(404, 3000, f"There is no partner organization with PartnerID {wanted}.", source="PartnerFD")
    return Answer(
        200,
        {
            "mpnId": wanted,
            "partnerName": names[wanted],
            "profileType": "MpnProfile",
            "links": {"self": link("/profiles/mpn")},
            "attributes": attributes("MpnProfile"),
        },
    )
