"""From manifests to a world: every customer with a tenant gets exactly what is declared — and then the differences
that were asked for.

The format of the differences is described in the plugin's README.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from .manifests import Declared, Line, ManifestError
from .simulator import Simulator
from .wire import Doc, iso

_AGE = re.compile(r"^(\d+(?:\.\d+)?)\s*([smhdw])$")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
DEFAULT_AGE = timedelta(days=60)


def parse_span(text: str) -> timedelta:
    """`8d`, `12h`, `30m`, `45s`, `2w`; several may follow each other with blanks.

    Raises ValueError for anything else.
    """
    total, sign = timedelta(0), 1
    text = text.strip()
    if text.startswith("-"):
        sign, text = -1, text[1:]
    for part in text.split() or [""]:
        match = _AGE.match(part)
        if match is None:
            raise ValueError(f"{part!r} is no span of time such as 8d, 12h or 30m")
        total += timedelta(**{_UNITS[match[2]]: float(match[1])})
    return sign * total


def configure_from(simulator: Simulator, project: Doc) -> None:
    """Takes reseller, country, currency, environment and application ids from a project."""
    reseller = project.get("reseller") or {}
    changes: Doc = {}
    for key, name in (
        ("country", "country"),
        ("currency", "currency"),
        ("partnerId", "partner_mpn"),
        ("legalName", "partner_name"),
        ("model", "model"),
    ):
        if reseller.get(key):
            changes[name] = str(reseller[key])
    if changes.get("model") not in (None, "direct", "indirect"):
        changes["model"] = "indirect" if "indirect" in changes["model"] else "direct"
    providers = project.get("providers") or {}
    default = (project.get("defaults") or {}).get("provider")
    for provider in [providers[default]] if default in providers else providers.values():
        if provider.get("plugin", "partner-center") != "partner-center":
            continue
        if provider.get("environment") in ("production", "sandbox"):
            changes["environment"] = provider["environment"]
        tenant = str(provider.get("tenant") or "")
        if tenant:
            changes["partner_domain" if "." in tenant else "partner_tenant"] = tenant
        client = ((provider.get("auth") or {}).get("app") or {}).get("clientId")
        if client:
            changes["client_id"] = str(client)
    if changes:
        simulator.configure(**changes)


def populate(simulator: Simulator, declared: Declared, edits: list[Doc] | None = None) -> tuple[int, int]:
    """Seeds what is declared, changed by `edits`; returns how many customers and subscriptions there are now.

    Raises ManifestError for an edit that names nothing.
    """
    plan = _Edits(edits or [])
    customers = subscriptions = 0
    with simulator.store.transaction():
        for name, spec in declared.customers.items():
            customer_edit = plan.take(name)
            if customer_edit.get("remove"):
                for line in declared.lines[name]:
                    plan.take(line.address)
                continue
            customers += 1
            tenant = str(spec["tenant"])
            if "." in tenant or len(tenant) != 36:
                tenant = str(customer_edit.get("tenant") or simulator.system_call().guid())
            simulator.seed_customer(
                tenant,
                name=name,
                company=str(customer_edit.get("company") or _company(spec) or name),
                domain=str(spec["tenant"]) if "." in str(spec["tenant"]) else "",
                country=simulator.settings.country,
                agreement=bool(customer_edit.get("agreement", True)),
                direct_signed=bool(customer_edit.get("directSigned", False)),
                delegated=bool(customer_edit.get("delegated", True)),
                other_seats=customer_edit.get("otherSeats") or {},
                qualifications=_qualifications(simulator, declared.lines[name]),
            )
            for line in declared.lines[name]:
                subscriptions += _seed_line(simulator, tenant, line, plan.take(line.address))
            for extra in customer_edit.get("extra") or ():
                subscriptions += _seed_extra(simulator, tenant, extra)
        plan.finish()
    return customers, subscriptions


def _company(spec: Doc) -> str:
    """The name a customer goes by: as the billing profile is to have it, else as plans print it."""
    profile = spec.get("profile") or {}
    return str(profile.get("companyName") or spec.get("displayName") or "")


class _Edits:
    """The differences by address; each must be used, or it was a slip of the pen."""

    def __init__(self, edits: list[Doc]) -> None:
        self._left: dict[str, Doc] = {}
        for edit in edits:
            address = str(edit.get("address") or edit.get("customer") or "")
            self._left[address] = {**self._left.get(address, {}), **edit}

    def take(self, address: str) -> Doc:
        return self._left.pop(address, {})

    def finish(self) -> None:
        if self._left:
            raise ManifestError("differences that match nothing: " + ", ".join(sorted(self._left)))


def _qualifications(simulator: Simulator, lines: list[Line]) -> list[Doc]:
    segments = {sku.segment for line in lines if (sku := simulator.catalog.by_key(line.offer)) is not None}
    return [{"qualification": "Education", "status": "Approved"}] if "education" in segments else []


def _schedule(end_of_term: str) -> tuple[bool, Doc | None]:
    """Auto-renewal and scheduled action of an end-of-term wish (contract §13.8)."""
    if end_of_term == "cancel":
        return False, {"action": "Cancel", "source": "actions", "type": "TermEnd"}
    if end_of_term == "extend":
        return False, {"action": "RenewToExtendedServiceTerm", "source": "actions", "type": "TermEnd"}
    return True, None


def _seed_line(simulator: Simulator, tenant: str, line: Line, edit: Doc) -> int:
    """One declared subscription, or what a difference makes of it; returns how many were made."""
    if edit.get("missing"):
        return 0
    auto, schedule = _schedule(str(edit.get("endOfTerm") or line.end_of_term))
    if "autoRenew" in edit:
        auto, schedule = bool(edit["autoRenew"]), None
    _seed(
        simulator,
        tenant,
        {
            "offer": edit.get("offer") or line.offer,
            "seats": edit.get("seats", line.seats),
            "term": edit.get("term") or line.term,
            "billing": edit.get("billing") or line.billing,
            "id": line.id or edit.get("id"),
            "name": edit.get("friendlyName") or line.name or None,
            "age": edit.get("age"),
            "lots": edit.get("lots"),
            "status": edit.get("status", "active"),
            "promotion": edit.get("promotion"),
            "partner": edit.get("partner") or "",
        },
        auto,
        schedule,
    )
    return 1


def _seed_extra(simulator: Simulator, tenant: str, extra: Doc) -> int:
    auto, schedule = _schedule(str(extra.get("endOfTerm") or "renew"))
    if "autoRenew" in extra:
        auto, schedule = bool(extra["autoRenew"]), None
    _seed(
        simulator,
        tenant,
        {
            "seats": 1,
            "term": "P1Y",
            "billing": "monthly",
            "status": "active",
            "partner": "",
            **extra,
            "name": extra.get("friendlyName"),
        },
        auto,
        schedule,
    )
    return 1


def _seed(simulator: Simulator, tenant: str, wanted: Doc, auto: bool, schedule: Doc | None) -> None:
    now = simulator.now
    term = str(wanted["term"])
    default = timedelta(days=12) if term == "P1M" else DEFAULT_AGE
    age = parse_span(str(wanted["age"])) if wanted.get("age") is not None else default
    lots: list[tuple[int, Any]] | None = None
    if wanted.get("lots"):
        lots = [(int(lot["seats"]), now - parse_span(str(lot["age"]))) for lot in wanted["lots"]]
    status = str(wanted["status"])
    simulator.seed_subscription(
        tenant,
        str(wanted["offer"]),
        seats=int(wanted["seats"]),
        term=term,
        billing=str(wanted["billing"]),
        subscription_id=str(wanted["id"]) if wanted.get("id") else None,
        start=now - age,
        auto_renew=auto and status == "active",
        name=wanted.get("name"),
        status=status,
        lots=lots,
        schedule=schedule,
        promotion=wanted.get("promotion"),
        partner=str(wanted.get("partner") or ""),
        status_since=iso(now),
        suspended_by=["CustomerCancellation"] if status == "suspended" else [],
    )


def read_edits(path: Path) -> list[Doc]:
    """The differences of a file: a list, or a document with `edits`.

    Raises ManifestError when it is neither.
    """
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as problem:
        raise ManifestError(f"{path}: {problem}") from problem
    found = found.get("edits") if isinstance(found, dict) else found
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise ManifestError(f"{path}: a list of differences is expected")
    return found
