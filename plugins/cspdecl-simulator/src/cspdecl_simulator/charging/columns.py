"""The reconciliation file: 46 documented columns, as the portal exports them and as JSON lines.

Sources: contract §16 (columns in the order of the page; portal files are gzip of several members; oddities reported in
2026), commerce §2.11.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Sequence

from ..wire import Doc

_PAGE = """
PartnerId CustomerId CustomerName CustomerDomainName CustomerCountry InvoiceNumber MPNID ResellerMPNID OrderId
OrderDate ProductId SkuId AvailabilityId SkuName ProductName ChargeType UnitPrice Quantity Subtotal TaxTotal
Total Currency PriceAdjustmentDescription PublisherName PublisherId SubscriptionDescription SubscriptionId
ChargeStartDate ChargeEndDate TermAndBillingCycle EffectiveUnitPrice UnitType AlternateId BillableQuantity
BillingFrequency PricingCurrency PCToBCExchangeRate PCToBCExchangeRateDate MeterDescription ReservationOrderId
CreditReasonCode SubscriptionStartDate SubscriptionEndDate ReferenceID ProductQualifiers PromotionID
"""
COLUMNS = tuple(_PAGE.split())
_SPELLED = {
    "MPNID": "mpnId",
    "ResellerMPNID": "resellerMpnId",
    "Total": "totalForCustomer",
    "ReferenceID": "referenceId",
    "PromotionID": "promotionId",
    "PCToBCExchangeRate": "pcToBCExchangeRate",
    "PCToBCExchangeRateDate": "pcToBCExchangeRateDate",
}
_NUMBERS = frozenset(
    ("UnitPrice", "Quantity", "Subtotal", "TaxTotal", "Total", "EffectiveUnitPrice", "BillableQuantity")
)
_FULL_ONLY = frozenset(
    (
        "CustomerDomainName",
        "CustomerCountry",
        "MPNID",
        "ResellerMPNID",
        "AvailabilityId",
        "PublisherName",
        "PublisherId",
        "UnitType",
        "AlternateId",
        "PricingCurrency",
        "PCToBCExchangeRate",
        "PCToBCExchangeRateDate",
        "MeterDescription",
        "ReservationOrderId",
        "CreditReasonCode",
        "ProductQualifiers",
    )
)
_BOM = "\ufeff"
_MEMBER = 100  # rows of one gzip member


def field_of(column: str) -> str:
    """The API's name of a file column."""
    return _SPELLED.get(column, column[:1].lower() + column[1:])


def row_of(line: Doc, columns: Sequence[str] = COLUMNS) -> Doc:
    """A line under the file's names; add-ons are spelled with a hyphen there."""
    found = {column: line.get(field_of(column), "") for column in columns}
    if "ProductQualifiers" in found:
        found["ProductQualifiers"] = ["Add-on" if one == "AddOn" else one for one in found["ProductQualifiers"]]
    return found


def json_lines(lines: Iterable[Doc], attribute_set: str = "full") -> bytes:
    """One JSON object a line; `basic` leaves out what is not needed to add up (READINGS.md)."""
    columns = COLUMNS if attribute_set == "full" else tuple(name for name in COLUMNS if name not in _FULL_ONLY)
    return b"".join(json.dumps(row_of(line, columns), ensure_ascii=False).encode() + b"\n" for line in lines)


def _guarded(column: str, value: str) -> str:
    """As files of 2026 have been seen: numbers behind an apostrophe with eighteen decimals, zero in exponent form."""
    if column not in _NUMBERS:
        return value
    whole, _, rest = value.partition(".")
    return "'0E-20" if value == "0" else f"'{whole}.{rest.ljust(18, '0')}"


def csv_rows(lines: Iterable[Doc], *, quirks: bool = False) -> list[str]:
    """Header and rows as text, every cell in quotes, a byte order mark before the first."""
    out: list[str] = []

    def write(cells: Iterable[str]) -> None:
        buffer = io.StringIO()
        csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(cells)
        out.append(buffer.getvalue())

    write(COLUMNS)
    out[0] = _BOM + out[0]
    for line in lines:
        found = row_of(line)
        qualifiers = found["ProductQualifiers"]
        found["ProductQualifiers"] = json.dumps(qualifiers) if qualifiers else ""
        write(_guarded(name, str(value)) if quirks else str(value) for name, value in found.items())
    return out


def packed(chunks: list[bytes], per_member: int = _MEMBER) -> bytes:
    """A gzip of several members, as the portal's files are: who reads the first alone misses the rest."""
    groups = [chunks[start : start + per_member] for start in range(0, len(chunks), per_member)] or [[]]
    return b"".join(gzip.compress(b"".join(group), mtime=0) for group in groups)
