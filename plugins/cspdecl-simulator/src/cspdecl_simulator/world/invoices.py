"""Invoices and their lines over the v1 API: billed, not billed yet, balances, the PDF.

Source: contract §16, §5 (paging of line items); examples invoices.*. Lines carry every documented field.
"""

from __future__ import annotations

import base64
import json

from ..charging import billing, pdf
from ..charging.billing import Invoice
from ..wire import Answer, Doc, Refusal, attributes, collection, link, moment
from .call import Call

MAX_LINES = 2000
_OWN = ("onetime", "all", "")
_BILLING, _USAGE = "billinglineitems", "usagelineitems"


def _documents(call: Call) -> list[Doc]:
    """Every invoice there is: older ones as they were seeded, then the simulator's own."""
    seeded = [dict(item["doc"]) for item in billing.older(call.partner).values()]
    return seeded + [billing.invoice_doc(call.partner, one) for one in billing.issued(call.partner, call.now)]


def list_invoices(call: Call) -> Answer:
    """GET /invoices: newest last; size and offset are ignored as for modern invoices, the filter is by date (§16)."""
    found = _documents(call)
    if call.query.get("filter", "null") not in ("", "null"):
        found = [item for item in found if _fits(call.query["filter"], item)]
    answer = collection(found, "/invoices")
    return Answer(200, answer)


def _fits(text: str, item: Doc) -> bool:
    """An InvoiceDate filter: {"Field":"InvoiceDate","Value":…,"Operator":"greater_than"…}.

    Raises Refusal(400, 800002) for any other.
    """
    try:
        asked = {name.lower(): str(value) for name, value in json.loads(text).items()}
        wanted, date = moment(asked["value"]), moment(str(item["invoiceDate"]))
    except (ValueError, KeyError, AttributeError) as problem:
        raise Refusal(400, 800002, "The filter is not valid.") from problem
    operator = asked.get("operator", "").lower().replace("_", "")
    checks = {
        "greaterthan": date > wanted,
        "greaterthanorequals": date >= wanted,
        "lessthan": date < wanted,
        "lessthanorequals": date <= wanted,
        "equals": date == wanted,
    }
    if asked.get("field", "").lower() != "invoicedate" or operator not in checks:
        raise Refusal(400, 800002, "Invoices are filtered by InvoiceDate only.")
    return checks[operator]


def find(call: Call) -> Invoice | Doc:
    """The invoice a path names, with or without the type before its number.

    Raises Refusal(404, 2000).
    """
    wanted = call.params["invoice"].split("-")[-1].upper()
    for invoice in billing.issued(call.partner, call.now):
        if invoice.id == wanted:
            return invoice
    seeded = billing.older(call.partner).get(wanted)
    if seeded is None:
        raise Refusal(404, 2000, f"Invoice {call.params['invoice']} was not found.")
    return seeded


def get_invoice(call: Call) -> Answer:
    found = find(call)
    return Answer(200, billing.invoice_doc(call.partner, found) if isinstance(found, Invoice) else found["doc"])


def statement(call: Call) -> Answer:
    """GET /invoices/{id}/documents/statement and of a receipt: a PDF that says what the invoice says."""
    found = find(call)
    doc = billing.invoice_doc(call.partner, found) if isinstance(found, Invoice) else found["doc"]
    text = [
        f"{call.settings.partner_name}: invoice {doc['id']}",
        f"Date {str(doc['invoiceDate'])[:10]}",
        f"Total {doc['totalCharges']} {doc['currencyCode']}",
        "Made by a simulator. Nothing of this is owed to anybody.",
    ]
    return Answer(200, raw=pdf.page(text), headers={"Content-Type": "application/pdf"})


def _wanted(call: Call) -> tuple[str, str]:
    """Provider and kind of line, from the path or the query."""
    provider = (call.params.get("provider") or call.query.get("provider", "")).lower()
    kind = (call.params.get("kind") or call.query.get("invoicelineitemtype", "") or _BILLING).lower()
    if kind not in (_BILLING, _USAGE):
        raise Refusal(400, 800002, "invoicelineitemtype is BillingLineItems or UsageLineItems.")
    return provider, kind


def billed(call: Call) -> Answer:
    """GET /invoices/{id}/lineitems?provider&invoicelineitemtype&size, or both in the path."""
    found, (provider, kind) = find(call), _wanted(call)
    if not isinstance(found, Invoice):
        lines = found.get("lines", {}).get(f"{provider}/{kind}", [])
        name = str(found["doc"]["id"])
    else:
        lines = billing.billed_lines(call.partner, found) if provider in _OWN and kind == _BILLING else []
        name = found.id
    uri = f"/invoices/{name}/lineitems?provider={provider or 'all'}&invoicelineitemtype={kind}"
    return Answer(200, _page(call, list(lines), uri))


def unbilled(call: Call) -> Answer:
    """GET /invoices/unbilled/lineitems?provider&invoicelineitemtype&currencycode&period=current|previous"""
    provider, kind = _wanted(call)
    period, currency = call.query.get("period", "").lower(), call.query.get("currencycode", "").upper()
    if period not in ("current", "previous") or len(currency) != 3:
        raise Refusal(400, 800002, "period (current or previous) and currencycode are required.")
    month = billing.month_of(call.now, back=period == "previous")
    if kind == _USAGE:
        usage = call.partner.shared("usage").get(month, {"lines": []})["lines"]
        lines = [line for line in usage if line.get("billingCurrency", currency) == currency]
    else:
        lines = billing.unbilled_lines(call.partner, month, currency, call.now) if provider in _OWN else []
    uri = (
        f"/invoices/unbilled/lineitems?provider={provider or 'all'}&invoicelineitemtype={kind}"
        f"&currencycode={currency}&period={period}"
    )
    return Answer(200, _page(call, lines, uri))


def _page(call: Call, lines: list[Doc], uri: str) -> Doc:
    """Up to 2,000 lines; the rest by a token in the body and in the header of the next link (contract §5)."""
    try:
        size = int(call.query.get("size") or MAX_LINES)
        token = call.headers.get("ms-continuationtoken")
        begin = int(base64.b64decode(token, validate=True)) if token else int(call.query.get("offset") or 0)
    except ValueError as problem:
        raise Refusal(400, 800002, "size, offset or continuation token is not valid.") from problem
    if not 1 <= size <= MAX_LINES or begin < 0:
        raise Refusal(400, 800002, f"size is 1 to {MAX_LINES}.")
    answer = collection(lines[begin : begin + size], f"{uri}&size={size}")
    if begin + size < len(lines):
        token = base64.b64encode(str(begin + size).encode()).decode()
        answer["continuationToken"] = token
        answer["links"]["next"] = link(
            f"{uri}&size={size}&seekOperation=Next", headers=[{"key": "MS-ContinuationToken", "value": token}]
        )
    return answer


def summaries(call: Call) -> Answer:
    """GET /invoices/summaries: the balance of every currency."""
    return Answer(200, collection(billing.summaries(_documents(call)), "/invoices/summaries"))


def summary(call: Call) -> Answer:
    """GET /invoices/summary: the balance in the partner's own currency."""
    for item in billing.summaries(_documents(call)):
        if item["currencyCode"] == call.settings.currency:
            return Answer(200, item)
    empty = {"balanceAmount": 0, "currencyCode": call.settings.currency, "details": []}
    return Answer(200, empty | {"attributes": attributes("InvoiceSummary")})


def estimate_links(call: Call) -> Answer:
    """GET /invoices/estimates/links?currencycode: where to look for what is not billed yet."""
    currency = call.query.get("currencycode", "").upper()
    if len(currency) != 3:
        raise Refusal(400, 800002, "currencycode is required.")
    items: list[Doc] = []
    for kind, title, text, provider, wanted in (
        (
            "daily_rated_usage",
            "Daily rated usage",
            "Usage that no invoice carries yet.",
            "Marketplace",
            "UsageLineItems",
        ),
        ("non_consumption", "Reconciliation lines", "Charges that no invoice carries yet.", "all", "billinglineitems"),
    ):
        for period in ("Current", "Previous"):
            uri = (
                f"/invoices/unbilled/lineitems?provider={provider}&invoicelineitemtype={wanted}"
                f"&currencycode={currency}&period={period.lower()}&size={MAX_LINES}"
            )
            items.append({"type": kind, "title": title, "description": text, "period": period, "link": link(uri)})
    return Answer(200, collection(items))
