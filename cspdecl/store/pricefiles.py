"""Price lists on disk: imported once, normalised, dated and digested; read back only as far as a plan needs them.

`prices/<month>-<MARKET>-<CURRENCY>[-<view>][-preview].csv` holds the rows, sorted, one a line; `prices/index.json` says
where each came from and its sha256. A file that no longer matches its digest is refused: a price nobody imported is no
price. Sorted rows are found by halving, so a few offers out of a hundred thousand rows cost next to nothing.
"""

from __future__ import annotations

import csv
import hashlib
import json
import mmap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal, TypeVar

from cspdecl.core.catalog import OfferKey
from cspdecl.core.diagnostics import error
from cspdecl.core.errors import ConfigurationError
from cspdecl.core.money import Money
from cspdecl.core.plain import from_plain, parse_instant, to_plain
from cspdecl.core.project import PriceBook, PriceList, PriceRow, PriceView
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.store.files import write_atomically

INDEX = "index.json"
_Entry = TypeVar("_Entry", "PriceFile", "SideFile")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFile:
    """One imported list as the index names it. `source` is the imported file's own name, `sha256` covers ours.

    `timeline` "preview": announced for its month, not yet a price. `faults`: what was wrong with the source.
    """

    file: str
    date: str
    market: str
    currency: str
    sha256: str
    rows: int
    source: str
    source_sha256: str
    imported_at: datetime
    view: PriceView = "license"
    timeline: Literal["current", "preview"] = "current"
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SideFile:
    """What is kept beside the lists: an offer matrix ("offers") or the month's rates ("rates")."""

    holds: Literal["offers", "rates"]
    file: str
    date: str
    sha256: str
    rows: int
    source: str
    source_sha256: str
    imported_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """All that was imported, newest first."""

    lists: tuple[PriceFile, ...] = ()
    beside: tuple[SideFile, ...] = ()


def read_index(prices: Path) -> tuple[PriceFile, ...]:
    """The imported lists, newest first; none where nothing was imported. Raises ConfigurationError when damaged."""
    return read_whole_index(prices).lists


def read_whole_index(prices: Path) -> Index:
    """Lists and what is kept beside them. Raises ConfigurationError when damaged."""
    path = prices / INDEX
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Index()
    except (OSError, UnicodeDecodeError) as problem:
        raise refused("CSP604", f"the index of price lists cannot be read: {why(problem)}") from problem
    try:
        document = json.loads(text)
        if document["version"] != 1:
            raise ValueError(f"version {document['version']} is from a newer cspdecl")
        lists: list[PriceFile] = [from_plain(PriceFile, _snake(item)) for item in document["lists"]]
        beside: list[SideFile] = [from_plain(SideFile, _snake(item)) for item in document.get("beside", ())]
    except (ValueError, KeyError, TypeError) as problem:
        message = f"the index of price lists ({prices.name}/{INDEX}) is damaged: {problem}"
        raise refused(
            "CSP604", message, hint="import the lists again, or take the file back from version control"
        ) from problem
    for name in (*(entry.file for entry in lists), *(entry.file for entry in beside)):
        if Path(name).name != name:
            raise refused("CSP604", f"the index of price lists names `{name}`, which is not beside it")
    return Index(lists=_newest(lists), beside=_newest(beside))


def write_index(prices: Path, index: Index) -> None:
    """Replace the index, in an order that does not depend on the order of imports."""
    document: dict[str, object] = {"version": 1, "lists": _plain(index.lists)}
    if index.beside:
        document["beside"] = _plain(index.beside)
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    write_atomically(prices / INDEX, text.encode())


def load_price_book(
    prices: Path | None, *, market: str, currency: str, offers: Iterable[OfferKey], markets: Iterable[str] = ()
) -> PriceBook:
    """The imported lists in one currency, of the project's `market` and of `markets`, with the rows of `offers` only.

    Raises ConfigurationError when a list is missing or was altered after its import.
    """
    if prices is None:
        return PriceBook(home=market)
    wanted, places = frozenset(offers), {market, *markets}
    loaded, elsewhere = list[PriceList](), set[str]()
    for entry in read_index(prices):
        if entry.market in places and entry.currency == currency:
            loaded.append(load_list(prices, entry, wanted))
        else:
            elsewhere.add(f"{entry.market} ({entry.currency})")
    return PriceBook(
        lists=tuple(item for item in loaded if item.timeline == "current"),
        previews=tuple(item for item in loaded if item.timeline == "preview"),
        home=market,
        elsewhere=tuple(sorted(elsewhere)),
    )


def load_list(prices: Path, entry: PriceFile, offers: frozenset[OfferKey] | None) -> PriceList:
    """One list, with the rows of `offers` (None: all). Raises ConfigurationError where it is missing or altered."""
    with open_checked(prices / entry.file, entry.sha256, source=entry.source) as data:
        rows = _all_rows(data, entry) if offers is None else _some_rows(data, entry, offers)
    return PriceList(
        date=entry.date,
        market=entry.market,
        currency=entry.currency,
        digest=entry.sha256,
        source=entry.source,
        rows=rows,
        view=entry.view,
        timeline=entry.timeline,
        faults=entry.faults,
        held=entry.rows,
    )


def open_checked(path: Path, sha256: str, *, source: str) -> mmap.mmap:
    """A stored file, mapped, after its digest was compared. Raises ConfigurationError where it is not what it was."""
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as problem:  # an empty file cannot be mapped
        hint = f"import {source} again, or take the file back from version control"
        raise refused("CSP603", f"price list {path.name} cannot be read: {why(problem)}", hint=hint) from problem
    if hashlib.sha256(data).hexdigest() != sha256:
        data.close()
        message = f"price list {path.name} is not the one that was imported: its digest differs from the index"
        raise refused("CSP603", message, hint=f"import {source} again, or take the file back from version control")
    return data


Rows = Mapping[OfferKey, tuple[PriceRow, ...]]


def _some_rows(data: mmap.mmap, entry: PriceFile, offers: frozenset[OfferKey]) -> Rows:
    columns, found = _columns(data), dict[OfferKey, tuple[PriceRow, ...]]()
    for offer in offers:
        prefix = f"{offer.product},{offer.sku},".encode()
        lines = list(_lines_from(data, prefix))
        if lines:
            found[offer] = tuple(_row(columns, cells, entry) for cells in csv.reader(line.decode() for line in lines))
    return found


def _all_rows(data: mmap.mmap, entry: PriceFile) -> Rows:
    columns, found = _columns(data), dict[OfferKey, list[PriceRow]]()
    data.seek(0)
    data.readline()
    for cells in csv.reader(line.decode() for line in iter(data.readline, b"")):
        row = _row(columns, cells, entry)
        found.setdefault(row.offer, []).append(row)
    return {offer: tuple(rows) for offer, rows in found.items()}


def _columns(data: mmap.mmap) -> dict[str, int]:
    data.seek(0)
    return {name: index for index, name in enumerate(data.readline().decode().strip().split(","))}


def _lines_from(data: mmap.mmap, prefix: bytes) -> Iterator[bytes]:
    """The lines that begin with `prefix`, by halving: lines are sorted, and the header sorts behind every one."""
    low, high = data.find(b"\n", 0) + 1, len(data)  # without a start, mmap searches from where it was read
    while low < high:
        middle = data.rfind(b"\n", low, (low + high) // 2)
        start = low if middle < 0 else middle + 1
        end = data.find(b"\n", start) + 1 or len(data)
        if data[start : start + len(prefix)] < prefix:
            low = end
        else:
            high = start
    data.seek(low)
    while (line := data.readline()).startswith(prefix):
        yield line


def _row(columns: Mapping[str, int], cells: list[str], entry: PriceFile) -> PriceRow:
    def cell(name: str) -> str:
        index = columns.get(name)
        return cells[index] if index is not None else ""

    erp = cell("erp")
    return PriceRow(
        offer=OfferKey(cell("product"), cell("sku")),
        segment=cell("segment"),
        term=Term(cell("term")),
        billing=BillingCycle(cell("billing")),
        cost=Money(Decimal(cell("cost")), entry.currency),
        erp=Money(Decimal(erp), entry.currency) if erp else None,
        effective_from=parse_instant(cell("from")),
        effective_to=parse_instant(cell("to")),
        tier=cell("tier"),
        view=entry.view,
        title=cell("title"),
    )


def _newest(entries: Iterable[_Entry]) -> tuple[_Entry, ...]:
    return tuple(sorted(entries, key=lambda entry: (entry.date, entry.file), reverse=True))


def _plain(entries: Iterable[PriceFile | SideFile]) -> list[dict[str, object]]:
    return [_camel(to_plain(entry)) for entry in sorted(entries, key=lambda entry: entry.file)]


def refused(code: str, message: str, *, hint: str | None = None) -> ConfigurationError:
    """An error with its one diagnostic."""
    return ConfigurationError(message, diagnostics=(error(code, message, hint=hint),))


def why(problem: Exception) -> str:
    """What the system said, without its numbers."""
    if isinstance(problem, UnicodeDecodeError):
        return "it is no text (UTF-8)"
    return getattr(problem, "strerror", None) or str(problem)


_CAMEL = {"source_sha256": "sourceSha256", "imported_at": "importedAt"}
_SNAKE = {camel: snake for snake, camel in _CAMEL.items()}


def _camel(plain: dict[str, object]) -> dict[str, object]:
    return {_CAMEL.get(key, key): plain[key] for key in plain}


def _snake(plain: dict[str, object]) -> dict[str, object]:
    return {_SNAKE.get(key, key): plain[key] for key in plain}
