"""One reconciliation line, in the columns and spellings of the documents.

Sources: contract §16 (columns, charge types), commerce §2.11 (what each column holds, texts of terms). Every amount and
quantity is text, as in the samples of the v1 API.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from fractions import Fraction

from ..catalog import Sku
from ..settings import Settings
from ..terms import NEVER, whole_cycles
from ..wire import Doc, iso, midnight, moment
from .amounts import Amount, cut, decimals, plain

_DAY = timedelta(days=1)
_NAMES = uuid.UUID("c5bd5e24-0000-4000-8000-00000000b111")
_TERMS = {
    ("P1M", "monthly"): "One-Month commitment for monthly billing",
    ("P1M", "none"): "One-Month commitment for trial",
    ("P1Y", "monthly"): "One-Year commitment for monthly/yearly billing",
    ("P1Y", "annual"): "One-Year commitment for yearly billing",
    ("P3Y", "monthly"): "Three-3 Years commitment for monthly/3 Years/yearly billing",
    ("P3Y", "annual"): "Three-3 Years commitment for monthly/3 Years/yearly billing",
    ("P3Y", "triennial"): "Three-3 Years commitment for monthly/3 Years/yearly billing",
}
_FREQUENCIES = {"monthly": "Monthly", "annual": "Annual"}


def stable_id(*parts: str) -> str:
    """The same id for the same thing, however the clock got there."""
    return str(uuid.uuid5(_NAMES, "/".join(parts)))


def term_text(term: str, plan: str) -> str:
    """TermAndBillingCycle; blank for what has no term."""
    known = _TERMS.get((term, plan))
    if known is None and term:
        return {"P1M": "One-month", "P1Y": "One-year", "P3Y": "Three-year"}.get(term, term) + " term duration"
    return known or ""


def frequency(term: str, plan: str) -> str:
    """BillingFrequency: blank where one charge pays for the whole term."""
    return _FREQUENCIES.get(plan, "") if whole_cycles(term, plan) > 1 else ""


def adjustments(row: Doc) -> str:
    """PriceAdjustmentDescription: a JSON list as text, empty when the price is the list's own."""
    found = []
    price = row["price"]
    if row.get("promotion") and price.get("discount") not in (None, "0"):
        percent = plain(Fraction(price["discount"]) * 100)
        found.append(f"{percent} % off with promotion {row['promotion']}")
    if row.get("est") and price.get("base"):
        found.append(f"Extended service term: {price.get('uplift', '')} % above the price of the normal term")
    return json.dumps(found) if found else ""


def qualifiers(row: Doc, sku: Sku | None) -> list[str]:
    return (["AddOn"] if sku is not None and sku.addon else []) + (["Trial"] if row["trial"] else [])


def _day(at: datetime) -> str:
    return iso(midnight(at))


def line(
    *,
    settings: Settings,
    customer: Doc,
    row: Doc,
    sku: Sku | None,
    kind: str,
    begins: datetime,
    ends: datetime | None,
    found: Amount,
    quantity: int,
    order: str,
    reference: str,
    at: datetime,
) -> Doc:
    """The line of one charge; `ends` is the first day that is not paid, None for what is bought once and for all."""
    currency = str(row["price"]["currency"])
    tax = cut(Fraction(plain(found.subtotal)) * Fraction(settings.tax_percent) / 100, decimals(currency))
    term_end = moment(row["end"])
    address = customer["billing"]["defaultAddress"]
    subscription = str(row.get("subscription_id", row["id"]))
    return {
        "partnerId": settings.partner_tenant,
        "customerId": customer["id"],
        "customerName": customer["company"],
        "customerDomainName": customer["domain"],
        "customerCountry": str(address.get("country") or settings.country),
        "invoiceNumber": "",
        "mpnId": settings.partner_mpn,
        "resellerMpnId": row["partner"] or "0",
        "orderId": order,
        "orderDate": iso(at),
        "productId": row["product"],
        "skuId": row["sku"],
        "availabilityId": row["availability"],
        "skuName": row["title"],
        "productName": (sku.product_title if sku is not None else "") or row["title"],
        "productQualifiers": qualifiers(row, sku),
        "chargeType": kind,
        "unitPrice": plain(found.unit),
        "effectiveUnitPrice": plain(found.effective),
        "unitType": "",
        "quantity": str(quantity),
        "subtotal": plain(found.subtotal),
        "taxTotal": plain(tax),
        "totalForCustomer": plain(found.subtotal + tax),
        "currency": currency,
        "publisherName": row["publisher"],
        "publisherId": "",
        "subscriptionDescription": row["name"],
        "subscriptionId": _shown_id(settings, subscription),
        "subscriptionStartDate": _day(moment(row["start"])),
        "subscriptionEndDate": _day(term_end - _DAY) if term_end < NEVER else "",
        "chargeStartDate": _day(begins),
        "chargeEndDate": _day(ends - _DAY) if ends is not None else _day(begins),
        "termAndBillingCycle": term_text(row["term"], row["plan"]),
        "alternateId": order,
        "referenceId": reference,
        "priceAdjustmentDescription": adjustments(row),
        "discountDetails": "",
        "pricingCurrency": currency,
        "pcToBCExchangeRate": "1",
        "pcToBCExchangeRateDate": iso(midnight(at).replace(day=1)).removesuffix("Z"),
        "billableQuantity": str(quantity),
        "meterDescription": "",
        "billingFrequency": frequency(row["term"], row["plan"]),
        "reservationOrderId": order if row["kind"] == "AzureReservation" or row.get("benefit") else "",
        "creditReasonCode": "",
        "promotionId": row.get("promotion") or "",
        "invoiceLineItemType": "billing_line_items",
        "billingProvider": "one_time",
        "attributes": {"objectType": "OneTimeInvoiceLineItem"},
    }


def _shown_id(settings: Settings, subscription: str) -> str:
    """The column page says that this is not the console's id (contract §16): a switch decides."""
    own = settings.recon_subscription_ids == "own" and subscription
    return stable_id("recon", subscription) if own else subscription
