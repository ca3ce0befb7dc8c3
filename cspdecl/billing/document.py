"""A billing change as the world sees it: a CloudEvents envelope with everything else under `data`, and back.

Money is decimal text with a currency, exact values are fractions, instants RFC 3339 in UTC; what is unknown is absent.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from cspdecl.core.catalog import OfferKey
from cspdecl.core.digest import canonical_json
from cspdecl.core.live import NextTerm
from cspdecl.core.plain import from_plain, instant_text, to_plain
from cspdecl.core.records import BillingChange, LedgerRecord

TYPE = "io.cspdecl.billing.recorded.v1"
SCHEMA = "urn:cspdecl:billing-change:v1"

#: Attributes of the envelope and the fields they come from; everything else is data.
ENVELOPE = {
    "id": "id",
    "source": "source",
    "subject": "address",
    "time": "time",
    "correlationid": "correlation_id",
    "causationid": "causation_id",
    "authid": "actor",
}
_FIXED = {"specversion": "1.0", "type": TYPE, "dataschema": SCHEMA, "datacontenttype": "application/json"}


def body_of(change: BillingChange, *, seq: int, recorded_at: datetime) -> str:
    """The canonical JSON that a record seals: all of the change, its number and when it was written down."""
    data = to_plain(change)
    envelope = {name: data.pop(field) for name, field in ENVELOPE.items() if field in data}
    data["stage"] = change.stage
    data = _offers_as_text(data)
    return canonical_json(
        {**_FIXED, **envelope, "recordedtime": instant_text(recorded_at), "sequence": f"{seq:012d}", "data": data}
    )


def change_of(body: str) -> BillingChange:
    """The change inside a record's body. Raises PlainError (a ValueError) where it is none of ours."""
    document = json.loads(body)
    data = dict(document["data"])
    for name, field in ENVELOPE.items():
        if name in document:
            data[field] = document[name]
    found: BillingChange = from_plain(BillingChange, _offers_as_keys(data))
    return found


def document_of(record: LedgerRecord) -> dict[str, Any]:
    """The published record: the body with the two hashes that chain it. Fits schemas/billing-change.v1.json."""
    document: dict[str, Any] = json.loads(record.body)
    document["data"] = {**document["data"], "prev_hash": record.previous, "record_hash": record.hash}
    return document


def next_term_of(data: Any) -> NextTerm | None:
    """What a record says is scheduled."""
    return None if data is None else from_plain(NextTerm, _offers_as_keys(data))


def _offers_as_text(data: Any) -> Any:
    """Offers as people write them, wherever they stand."""
    if isinstance(data, list):
        return [_offers_as_text(item) for item in data]
    if not isinstance(data, dict):
        return data
    return {
        key: f"{value['product']}:{value['sku']}" if key == "offer" else _offers_as_text(value)
        for key, value in data.items()
    }


def _offers_as_keys(data: Any) -> Any:
    if isinstance(data, list):
        return [_offers_as_keys(item) for item in data]
    if not isinstance(data, dict):
        return data
    return {
        key: to_plain(OfferKey.parse(value)) if key == "offer" else _offers_as_keys(value)
        for key, value in data.items()
    }
