"""Months, invoices and what is on them.

Source: contract §16 (the billing period is the calendar month, invoice and lines are ready by the 8th of the next;
modern invoice ids begin with a letter).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from ..catalog import CURRENCY_SYMBOLS
from ..wire import Doc, attributes, iso, link, moment

READY_DAY = 8
_NUMBERS = {"EUR": 978, "USD": 840, "GBP": 826, "CHF": 756, "SEK": 752, "NOK": 578, "DKK": 208, "JPY": 392}


class Book(Protocol):
    """Where the lines are kept."""

    def charges(self, period: str, currency: str = "", upto: int | None = None) -> list[Doc]: ...

    def charge_totals(self) -> list[tuple[str, str]]: ...

    def shared(self, kind: str) -> dict[str, Doc]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """One invoice of the simulator's own making: a calendar month in one currency."""

    period: str
    currency: str

    @property
    def id(self) -> str:
        return f"G{self.period.replace('-', '')}{_NUMBERS.get(self.currency, sum(map(ord, self.currency)) % 900):03d}"

    @property
    def first(self) -> datetime:
        return moment(f"{self.period}-01")

    @property
    def following(self) -> datetime:
        """The first day of the next month."""
        return (self.first + timedelta(days=31)).replace(day=1)

    @property
    def ready(self) -> datetime:
        return self.following.replace(day=READY_DAY)


def month_of(at: datetime, back: int = 0) -> str:
    """`YYYY-MM` of an instant, or of a month before it."""
    for _ in range(back):
        at = at.replace(day=1) - timedelta(days=1)
    return f"{at:%Y-%m}"


def issued(book: Book, now: datetime) -> list[Invoice]:
    """Every invoice that is out by `now`, oldest first."""
    found = [Invoice(period=period, currency=currency) for period, currency in book.charge_totals()]
    return [invoice for invoice in found if invoice.ready <= now]


def billed_lines(book: Book, invoice: Invoice, upto: int | None = None) -> list[Doc]:
    """The lines of an invoice, with its number on them."""
    return [line | {"invoiceNumber": invoice.id} for line in book.charges(invoice.period, invoice.currency, upto)]


def unbilled_lines(book: Book, period: str, currency: str, now: datetime, upto: int | None = None) -> list[Doc]:
    """The lines of a month that no invoice carries yet; taxes come with the invoice."""
    if Invoice(period=period, currency=currency).ready <= now:
        return []
    untaxed = {"taxTotal": "0"}
    return [line | untaxed | {"totalForCustomer": line["subtotal"]} for line in book.charges(period, currency, upto)]


def total(lines: Iterable[Doc]) -> Decimal:
    return sum((Decimal(line["totalForCustomer"]) for line in lines), Decimal(0))


def invoice_doc(book: Book, invoice: Invoice) -> Doc:
    """An invoice as the list and the single page show it."""
    lines = f"/invoices/OneTime-{invoice.id}/lineitems/OneTime/BillingLineItems"
    receipt = invoice.id[1:7]
    return {
        "id": invoice.id,
        "invoiceDate": iso(invoice.ready),
        "billingPeriodStartDate": iso(invoice.first),
        "billingPeriodEndDate": iso(invoice.following - timedelta(days=1)),
        "totalCharges": total(billed_lines(book, invoice)),
        "paidAmount": 0,
        "currencyCode": invoice.currency,
        "currencySymbol": CURRENCY_SYMBOLS.get(invoice.currency, invoice.currency),
        "pdfDownloadLink": f"/invoices/{invoice.id}/documents/statement",
        "taxReceipts": [
            {
                "id": receipt,
                "taxReceiptPdfDownloadLink": f"/invoices/{invoice.id}/receipts/{receipt}/documents/statement",
            }
        ],
        "invoiceDetails": [
            {
                "invoiceLineItemType": "billing_line_items",
                "billingProvider": "one_time",
                "links": {"self": link(lines)},
                "attributes": attributes("InvoiceDetail"),
            }
        ],
        "documentType": "invoice",
        "invoiceType": "OneTime",
        "links": {"self": link(f"/invoices/OneTime-{invoice.id}")},
        "attributes": attributes("Invoice"),
    }


def older(book: Book) -> dict[str, Doc]:
    """Invoices from before this world, seeded as they were: `{doc, lines}` by number."""
    return {str(item["doc"]["id"]).upper(): item for item in book.shared("invoice").values()}


def _summary(invoices: list[Doc]) -> Doc:
    dates = sorted(str(item["invoiceDate"]) for item in invoices)
    balance = sum(
        (Decimal(str(item["totalCharges"])) - Decimal(str(item["paidAmount"])) for item in invoices), Decimal(0)
    )
    return {
        "balanceAmount": balance,
        "currencyCode": invoices[0]["currencyCode"],
        "currencySymbol": invoices[0]["currencySymbol"],
        "accountingDate": dates[-1],
        "firstInvoiceCreationDate": dates[0],
        "lastPaymentDate": "0001-01-01T00:00:00",
        "lastPaymentAmount": sum((Decimal(str(item["paidAmount"])) for item in invoices), Decimal(0)),
        "latestInvoiceDate": dates[-1],
    }


def summaries(invoices: list[Doc]) -> list[Doc]:
    """What is owed in every currency, and of it by type of invoice."""
    by_currency: dict[str, list[Doc]] = {}
    for item in invoices:
        by_currency.setdefault(str(item["currencyCode"]), []).append(item)
    found = []
    for items in by_currency.values():
        kinds: dict[str, list[Doc]] = {}
        for item in items:
            kinds.setdefault(str(item["invoiceType"]), []).append(item)
        details: list[Any] = [
            {"invoiceType": kind, "summary": _summary(some) | {"attributes": attributes("InvoiceSummary")}}
            for kind, some in kinds.items()
        ]
        extra = {"links": {"self": link("/invoices/summary")}, "attributes": attributes("InvoiceSummary")}
        found.append(_summary(items) | {"details": details} | extra)
    return found
