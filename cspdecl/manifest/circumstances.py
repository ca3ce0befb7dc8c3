"""How a customer stands: on hold, qualified for a segment, sold to by a reseller, in which market."""

from __future__ import annotations

from datetime import date

from cspdecl.core.address import Address
from cspdecl.core.desired import Hold, QualificationSpec, ResellerOfRecord
from cspdecl.core.diagnostics import Origin
from cspdecl.manifest import v1, v1_people
from cspdecl.manifest.context import Context

MOST_ADDITIONAL = 5
# Members of the EU and of EFTA, where a sale may have additional resellers (contract §10, 2023-10)
EU_AND_EFTA = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
        "CH",
        "IS",
        "LI",
        "NO",
    ]
)
_DETAILS = {"segment": ("education",), "website": ("education",), "validationCode": ("government",)}


def compile_hold(context: Context, wire: v1_people.Hold, origin: Origin, address: Address) -> Hold:
    """That nothing is bought; it has begun, or it is none."""
    since = date.fromisoformat(wire.since)
    if since > context.today:
        context.error(
            "CSP258",
            f"the hold begins on {since}, which is in the future",
            origin.at("since"),
            address=address,
            hint=f"`since` is the day it began; today is {context.today} (UTC). Declare it when the day has come",
        )
    return Hold(since=since, reason=wire.reason, origin=origin)


def compile_qualification(
    context: Context, wire: str | v1_people.Qualification, origin: Origin, address: Address
) -> QualificationSpec:
    """Who the customer is for Microsoft's segments."""
    if not isinstance(wire, v1_people.Qualification):
        return QualificationSpec(name=wire, details={}, origin=origin)  # type: ignore[arg-type]
    given = {"segment": wire.segment, "website": wire.website, "validationCode": wire.validation_code}
    details = {key: value for key, value in given.items() if value is not None}
    for key in details:
        if wire.type not in _DETAILS[key]:
            context.error(
                "CSP216",
                f"`{key}` makes no sense for `{wire.type}`",
                origin.at(key),
                address=address,
                key=True,
                hint=f"it belongs to `type: {_DETAILS[key][0]}`",
            )
    return QualificationSpec(name=wire.type, details=details, origin=origin)


def country_of(context: Context, spec: v1.CustomerSpec, origin: Origin, address: Address) -> str | None:
    """The customer's market as declared; a profile that says another one is a contradiction."""
    home = spec.create or spec.profile
    if spec.country and home and home.address.country != spec.country:
        context.error(
            "CSP264",
            f"`country` is {spec.country}, but the address is in {home.address.country}",
            origin.at("country"),
            address=address,
            hint="the address decides the market: take `country` out, or correct one of them",
        )
    return spec.country


def compile_reseller(
    context: Context, spec: v1.CustomerSpec, origin: Origin, address: Address
) -> ResellerOfRecord | None:
    """Who sold. An indirect provider decides it for every customer, since a reseller who is missing fails nothing: the
    sale is recorded without one (contract §22, 24)."""
    project, wire = context.project, spec.reseller
    if project is None or (wire is None and project.reseller.model != "indirect-provider"):
        return None
    here = origin.at("reseller")
    if project.reseller.model != "indirect-provider":
        context.error(
            "CSP216",
            f"`reseller` makes no sense with `model: {project.reseller.model}`: you sell to the customer yourself",
            here,
            address=address,
            key=True,
        )
        return None
    if wire is None:
        context.error(
            "CSP260",
            "who sells to this customer is not said",
            origin,
            address=address,
            hint='write `reseller: {partnerId: "1234567", attested: true}`, or `reseller: none` if you sell yourself',
        )
        return None
    if not isinstance(wire, v1_people.ResellerOfRecord):
        return None
    _check_partners(context, wire, here, address)
    if wire.additional:
        home = spec.create or spec.profile
        country = spec.country or (home.address.country if home else project.market)
        if country not in EU_AND_EFTA:
            context.error(
                "CSP262",
                f"additional resellers are not possible in {country}",
                here.at("additional"),
                address=address,
                hint="only in the countries of EU and EFTA",
            )
    return ResellerOfRecord(
        partner_id=wire.partner_id, additional=wire.additional, attested=bool(wire.attested), origin=here
    )


def _check_partners(context: Context, wire: v1_people.ResellerOfRecord, origin: Origin, address: Address) -> None:
    """Each PartnerID once, none our own, at most five beside the first (contract §10, 2023-10)."""
    own = context.project.reseller.partner_id if context.project else None
    seen: dict[str, Origin] = {}
    places = [origin.at("partnerId"), *(origin.at("additional", index) for index in range(len(wire.additional)))]
    for partner, place in zip((wire.partner_id, *wire.additional), places, strict=True):
        if own is not None and _same(partner, own):
            context.error(
                "CSP261",
                f"{partner} is your own PartnerID",
                place,
                address=address,
                hint="a provider is never the reseller of record (error 900124); "
                "`reseller: none` says that you sell yourself",
            )
        first = seen.setdefault(partner.lstrip("0"), place)
        if first is not place:
            context.error("CSP261", f"{partner} stands twice", place, address=address, related=(first,))
    if len(wire.additional) > MOST_ADDITIONAL:
        context.error(
            "CSP261",
            f"{len(wire.additional)} additional resellers; at most {MOST_ADDITIONAL} are possible",
            origin.at("additional"),
            address=address,
        )


def _same(one: str, other: str) -> bool:
    return one.lstrip("0") == other.strip().lstrip("0")
