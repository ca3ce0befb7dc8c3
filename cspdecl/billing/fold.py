"""The ledger added up: what every address was last recorded to be, and the book of own services.

Each record holds the whole state after its change, so the last record of every address is enough; the whole ledger
gives the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from cspdecl.billing.document import next_term_of
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import SellRule
from cspdecl.core.live import LiveEndOfTerm, Status
from cspdecl.core.plain import parse_instant
from cspdecl.core.records import BookEntry, LedgerRecord, Part, Recorded
from cspdecl.core.terms import BillingCycle, Term

_APPLIED = '"origin":"applied"'
_OF_A_PART = (
    "offer", "term", "term_kind", "billing_plan", "term_end", "end_of_term", "scheduled", "provider_status"
)  # fmt: skip
_SERVICE = '"component_kind":"own_service"'


def fold_recorded(records: Iterable[LedgerRecord]) -> dict[Address, Recorded]:
    """The last recorded state of every address, bundle instances included."""
    found: dict[Address, Recorded] = {}
    anchors: dict[Address, Address] = {}
    for record in records:
        document = json.loads(record.body)
        data, at = document["data"], parse_instant(document["time"])
        found[record.address] = _recorded(record, data, at)
        was = anchors.pop(record.address, None)
        if was is not None:
            del found[was]
        if data.get("bundle_anchor") and "bundle_instance" in data:
            instance = anchors[record.address] = Address.parse(data["bundle_instance"])
            found[instance] = _bundle(record, data, at, instance)
    return found


def fold_applied(records: Iterable[LedgerRecord]) -> dict[Address, Recorded]:
    """How the last operation of ours left every address: records of what was only seen to have happened say nothing."""
    return fold_recorded(record for record in records if _APPLIED in record.body)


def fold_beginnings(records: Iterable[LedgerRecord]) -> tuple[dict[str, datetime], frozenset[str]]:
    """Since when each customer is managed, by its key, and every subscription id that a record names.

    A customer that was let go begins anew with its next record. `records` are all of these customers, in order.
    """
    since: dict[str, datetime] = {}
    ids: set[str] = set()
    for record in records:
        document = json.loads(record.body)
        data, key = document["data"], record.address.customer
        since.setdefault(key, parse_instant(document["time"]))
        if not record.address.path and data["action"] == "forget":
            del since[key]
        ids.update(data.get("provider_subscription_ids", ()))
    return since, frozenset(ids)


def fold_book(records: Iterable[LedgerRecord]) -> dict[Address, BookEntry]:
    """The own services that are held now: address, service, quantity and our price."""
    found: dict[Address, BookEntry] = {}
    for record in records:
        found.pop(record.address, None)
        if _SERVICE not in record.body:  # most records are no services: spare the parsing
            continue
        data = json.loads(record.body)["data"]
        if data.get("component_kind") == "own_service" and data["state"] == "running":
            found[record.address] = BookEntry(
                address=record.address,
                service=data.get("service", ""),
                quantity=int(Decimal(data["quantity_after"])),
                sell=_sell(data, "sell"),
            )
    return found


def _recorded(record: LedgerRecord, data: dict[str, Any], at: datetime) -> Recorded:
    if len(data.get("parts", ())) == 1:  # the record is about one that ended, what goes on is the other
        (part,) = data["parts"]
        kept = {key: part[key] for key in _OF_A_PART if key in part}
        data = {key: value for key, value in data.items() if key not in _OF_A_PART} | kept
        data["provider_subscription_id"] = part["subscription"]
    return Recorded(
        address=record.address,
        hash=record.hash,
        subscription=data.get("provider_subscription_id"),
        offer=data.get("offer"),
        seats=Decimal(data["quantity_after"]),
        term_ends=parse_instant(data["term_end"]) if "term_end" in data else None,
        status=data["state"],
        at=at,
        provider=data.get("provider"),
        tenant=data.get("customer_tenant_id"),
        ids=tuple(data.get("provider_subscription_ids", ())),
        service=data.get("service"),
        term=Term(data["term"]) if "term" in data else None,
        term_kind=data.get("term_kind"),
        billing=BillingCycle(data["billing_plan"]) if "billing_plan" in data else None,
        end_of_term=_end_of_term(data.get("end_of_term")),
        scheduled=next_term_of(data.get("scheduled")),
        provider_status=Status(data["provider_status"]) if "provider_status" in data else None,
        sell=_sell(data, "sell"),
        bundle_instance=Address.parse(data["bundle_instance"]) if "bundle_instance" in data else None,
        body=record.body,
        reseller=data.get("reseller_id"),
        parts=tuple(_part(one) for one in data.get("parts", ())) if len(data.get("parts", ())) > 1 else (),
    )


def _part(data: dict[str, Any]) -> Part:
    """One of several subscriptions of an address, as far as comparing with live needs it."""
    return Part(
        subscription=data["subscription"],
        offer=OfferKey.parse(data["offer"]) if data.get("offer") else None,
        quantity=Decimal(data["quantity"]),
        provider_status=Status(data["provider_status"]) if "provider_status" in data else None,
        term=Term(data["term"]) if "term" in data else None,
        term_kind=data.get("term_kind"),
        billing_plan=BillingCycle(data["billing_plan"]) if "billing_plan" in data else None,
        term_end=parse_instant(data["term_end"]) if "term_end" in data else None,
        end_of_term=data.get("end_of_term"),
        scheduled=next_term_of(data.get("scheduled")),
    )


def _bundle(record: LedgerRecord, data: dict[str, Any], at: datetime, instance: Address) -> Recorded:
    seats = Decimal(data.get("bundle_quantity_after", "0"))
    return Recorded(
        address=instance,
        hash=record.hash,
        subscription=None,
        offer=None,
        seats=seats,
        term_ends=None,
        status="running" if seats else "ended",
        at=at,
        provider=data.get("provider"),
        tenant=data.get("customer_tenant_id"),
        sell=_sell(data, "bundle_sell"),
        bundle_instance=instance,
        body=record.body,
    )


def _sell(data: dict[str, Any], prefix: str) -> SellRule | None:
    unit, every = data.get(f"{prefix}_unit"), data.get(f"{prefix}_every")
    if unit is None or every is None:
        return None
    return SellRule(per_seat=Decimal(unit["amount"]), currency=unit["currency"], every=every)


def _end_of_term(text: str | None) -> LiveEndOfTerm | None:
    match text:
        case "none":
            return "unset"
        case "renew" | "cancel" | "extend":
            return text
        case _:
            return None
