"""Reconciliation lines as Microsoft delivers them, read into values: CSV as the portal exports it, JSON as the APIs do.

Columns are found by name without case; both spellings of the total and of PartnerIDs are known, unknown columns are
passed over. Oddities that have been seen in real files are undone here and nowhere else: a byte-order mark on the first
header, numbers behind an apostrophe, `0E-20`, a SKU without its zeros, a reference that is a JSON object (reported for
2026). Amounts are decimals of any length and are never rounded on the way in (contract §16, commerce §2.11).
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from sys import intern

from cspdecl.core.catalog import OfferKey
from cspdecl.core.plain import parse_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconLine:
    """One billed or unbilled line. `kind` as we write it (`add_quantity`); unknown types pass through in that spelling.

    `quantity` is the billable quantity and always positive; refunds are negative in `effective` and `subtotal`. `start`
    and `end` are the charged days, both inclusive. `number` counts the file's lines from 1; `invoice` is empty while
    unbilled. What a file leaves empty is None, never 0.
    """

    number: int
    charge: str
    subscription: str
    order: str
    alternate: str
    customer: str
    customer_name: str
    offer: OfferKey | None
    title: str
    quantity: Decimal | None
    unit: Decimal | None
    effective: Decimal | None
    subtotal: Decimal | None
    tax: Decimal | None
    total: Decimal | None
    currency: str
    rate: Decimal | None
    start: date | None
    end: date | None
    ordered: datetime | None
    invoice: str
    reference: str
    promotion: str
    adjustment: str

    @property
    def amount(self) -> Decimal | None:
        """The amount before tax: the subtotal, else the total less its tax (taxes are not always in the lines)."""
        if self.subtotal is not None:
            return self.subtotal
        return None if self.total is None else self.total - (self.tax or 0)

    @property
    def refund(self) -> bool:
        """Whether the line gives something back."""
        amount = self.amount or self.effective
        return amount is not None and amount < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that cannot be read: its number and why. It is reported, never passed over."""

    number: int
    why: str


_NAMES = {
    "charge": ("chargetype",),
    "subscription": ("subscriptionid",),
    "order": ("orderid",),
    "alternate": ("alternateid",),
    "customer": ("customerid",),
    "customer_name": ("customername",),
    "product": ("productid",),
    "sku": ("skuid",),
    "title": ("skuname", "productname"),
    "quantity": ("billablequantity", "quantity"),
    "unit": ("unitprice",),
    "effective": ("effectiveunitprice",),
    "subtotal": ("subtotal",),
    "tax": ("taxtotal", "tax"),
    "total": ("total", "totalforcustomer"),
    "currency": ("currency",),
    "rate": ("pctobcexchangerate",),
    "start": ("chargestartdate",),
    "end": ("chargeenddate",),
    "ordered": ("orderdate",),
    "invoice": ("invoicenumber",),
    "reference": ("referenceid",),
    "promotion": ("promotionid",),
    "adjustment": ("priceadjustmentdescription",),
}
_NEEDED = ("charge", "subscription", "subtotal", "start", "end", "currency")
_DIGITS = 40  # a number of more digits, before the point or behind it, is none that anybody was billed
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_US_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


class NotReconError(ValueError):
    """The text holds no reconciliation lines; the message says what it lacks."""


def read_csv(lines: Iterable[str]) -> Iterator[ReconLine | BadLine]:
    """The lines of a CSV export. Raises NotReconError where the header lacks what a comparison needs."""
    rows = csv.reader(_clean(lines))
    try:
        yield from _csv_lines(rows)
    except csv.Error as problem:
        raise NotReconError(f"line {rows.line_num}: {problem}") from problem


def _csv_lines(rows: Iterator[list[str]]) -> Iterator[ReconLine | BadLine]:
    header = next(rows, None)
    if not header:
        raise NotReconError("the file is empty")
    names = [name.strip().lower().replace("_", "") for name in header]
    places = {field: [names.index(name) for name in known if name in names] for field, known in _NAMES.items()}
    lacking = [_NAMES[field][0] for field in _NEEDED if not places[field]]
    if places["total"] and "subtotal" in lacking:
        lacking.remove("subtotal")
    if lacking:
        raise NotReconError(f"its header has no {', '.join(lacking)}")
    single = [(field, at) for field, at in places.items() if len(at) == 1]
    more = [(field, at) for field, at in places.items() if len(at) > 1]
    for number, row in enumerate(rows, start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            yield BadLine(number=number, why=f"{len(row)} columns where the header has {len(header)}")
            continue
        cells = {field: row[at[0]] for field, at in single}
        for field, several in more:
            cells[field] = next((row[at] for at in several if row[at].strip()), "")
        yield _line(number, cells)


def read_json(lines: Iterable[str]) -> Iterator[ReconLine | BadLine]:
    """The lines of JSON Lines, one object each, or of one document `{"items": […]}` or `[…]`. Raises NotReconError."""
    text = iter(_clean(lines))
    first = next((line for line in text if line.strip()), "")
    try:
        single = json.loads(first, parse_float=str, parse_int=str)
        objects: Iterable[object] = _jsonl(single, text) if _is_line(single) else _items(single)
    except (ValueError, RecursionError):
        try:
            objects = _items(json.loads(first + "".join(text), parse_float=str, parse_int=str))
        except (ValueError, RecursionError) as problem:
            raise NotReconError(f"it is neither JSON nor JSON Lines: {problem}") from problem
    for number, item in enumerate(objects, start=1):
        if not isinstance(item, Mapping):
            yield BadLine(number=number, why="it is no object" if item is not None else "it is no JSON")
            continue
        cells = {str(key).lower().replace("_", ""): value for key, value in item.items()}
        yield _line(number, {field: _first(cells, known) for field, known in _NAMES.items()})


def _is_line(value: object) -> bool:
    return isinstance(value, Mapping) and "items" not in value and "value" not in value


def _jsonl(first: object, rest: Iterable[str]) -> Iterator[object]:
    yield first
    for line in rest:
        if line.strip():
            try:
                yield json.loads(line, parse_float=str, parse_int=str)
            except (ValueError, RecursionError):
                yield None


def _items(document: object) -> list[object]:
    if isinstance(document, Mapping):
        document = document.get("items", document.get("value"))
    if not isinstance(document, list):
        raise NotReconError("it holds no list of lines")
    return document


def _first(cells: Mapping[str, object], names: Iterable[str]) -> str:
    for name in names:
        value = cells.get(name)
        if value is not None and value != "":
            return json.dumps(value) if isinstance(value, dict | list) else str(value)
    return ""


def _clean(lines: Iterable[str]) -> Iterator[str]:
    for index, line in enumerate(lines):
        yield line.lstrip("\ufeff") if index == 0 else line


def _line(number: int, cells: Mapping[str, str]) -> ReconLine | BadLine:
    text = {field: intern(value.strip().removeprefix("'")) for field, value in cells.items()}
    try:
        return ReconLine(
            number=number,
            charge=snake(text.get("charge", "")),
            subscription=text.get("subscription", "").lower(),
            order=text.get("order", ""),
            alternate=text.get("alternate", ""),
            customer=text.get("customer", "").lower(),
            customer_name=text.get("customer_name", ""),
            offer=_offer(text.get("product", ""), text.get("sku", "")),
            title=text.get("title", ""),
            quantity=_number(text, "quantity"),
            unit=_number(text, "unit"),
            effective=_number(text, "effective"),
            subtotal=_number(text, "subtotal"),
            tax=_number(text, "tax"),
            total=_number(text, "total"),
            currency=text.get("currency", "").upper(),
            rate=_number(text, "rate"),
            start=_day(text.get("start", "")),
            end=_day(text.get("end", "")),
            ordered=_instant(text.get("ordered", "")),
            invoice=text.get("invoice", ""),
            reference=reference_of(text.get("reference", "")),
            promotion=text.get("promotion", ""),
            adjustment=text.get("adjustment", ""),
        )
    except (ValueError, InvalidOperation) as problem:
        return BadLine(number=number, why=str(problem) or "a number that is none")


@lru_cache(maxsize=4096)
def snake(charge: str) -> str:
    """`cancelImmediate`, `CancelImmediate` and `cancelimmediate` as `cancel_immediate`."""
    plain = charge.strip().replace(" ", "").replace("_", "").lower()
    return _CHARGES.get(plain) or _CAMEL.sub("_", charge.strip()).lower().replace(" ", "_")


_CHARGES = {
    name.replace("_", ""): name
    for name in (
        "new", "renew", "cycle_charge", "add_quantity", "remove_quantity", "move_quantity", "cancel_immediate",
        "convert", "change_billing_plan", "customer_credit", "extend_term",
    )
} | {"purchase": "new", "refund": "cancel_immediate"}  # fmt: skip


def reference_of(text: str) -> str:
    """What ties the lines of one event: an id, or the id inside the JSON object that replaced it."""
    if text.startswith("{"):
        try:
            found = json.loads(text)
        except ValueError:
            return text
        return str(found.get("id", text)) if isinstance(found, Mapping) else text
    return text


@lru_cache(maxsize=4096)
def _offer(product: str, sku: str) -> OfferKey | None:
    return OfferKey(product.upper(), sku.upper().zfill(4)) if product and sku else None


def _number(text: Mapping[str, str], field: str) -> Decimal | None:
    value = text.get(field, "")
    if not value:
        return None
    try:
        grouped = "," in value and re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", value)
        found = Decimal(value.replace(",", "") if grouped else value)
    except InvalidOperation:
        raise ValueError(f"`{value[:40]}` in {_NAMES[field][0]} is no number") from None
    if not found.is_finite() or not -_DIGITS < found.adjusted() < _DIGITS:
        raise ValueError(f"`{value[:40]}` in {_NAMES[field][0]} is no number")
    return found


@lru_cache(maxsize=4096)
def _day(text: str) -> date | None:
    if not text:
        return None
    american = _US_DATE.match(text)
    if american:
        month, day, year = map(int, american.groups())
        return date(year, month, day)
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise ValueError(f"`{text[:40]}` is no date") from None


@lru_cache(maxsize=4096)
def _instant(text: str) -> datetime | None:
    if not text or _US_DATE.match(text):
        return None
    if "T" not in text:
        text = f"{text}T00:00:00"
    try:
        return parse_instant(text if text.endswith("Z") or "+" in text else f"{text}Z")
    except ValueError:
        return None
