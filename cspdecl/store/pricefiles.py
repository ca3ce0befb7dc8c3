"""Price lists on disk: imported once, normalised, dated and digested; read back only as far as a plan needs them.

`prices/<month>-<MARKET>-<CURRENCY>.csv` holds the rows, sorted, one a line; `prices/index.json` says where each came
from and its sha256. A file that no longer matches its digest is refused: a price nobody imported is no price.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from cspdecl.commerce.pricelist import check_month, month_of, parse_price_list
from cspdecl.core.catalog import OfferKey
from cspdecl.core.diagnostics import Diagnostic, error, has_errors, note
from cspdecl.core.errors import ConfigurationError
from cspdecl.core.money import Money
from cspdecl.core.plain import from_plain, instant_text, parse_instant, to_plain
from cspdecl.core.project import PriceBook, PriceList, PriceRow
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.store.files import write_atomically

INDEX = "index.json"
_COLUMNS = ("product", "sku", "segment", "term", "billing", "cost", "erp", "from", "to", "tier")
_LARGEST = 2 * 1024**3  # unpacked; the largest sheet documented has 42 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFile:
    """One imported list as the index names it. `source` is the imported file's own name, `sha256` covers ours."""

    file: str
    date: str
    market: str
    currency: str
    sha256: str
    rows: int
    source: str
    source_sha256: str
    imported_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did: lists written, and remarks (rows left out, lists replaced)."""

    files: tuple[PriceFile, ...]
    diagnostics: tuple[Diagnostic, ...]


def import_price_list(
    source: Path, prices: Path, *, now: datetime, month: str | None = None, markets: Iterable[str] | None = None
) -> Imported:
    """Take a price sheet (CSV, or one packed as zip or gzip) into the folder `prices`, one file a market and currency.

    `month` ("2026-11") is read from the file's name where it is not given; `markets` limits what is kept. Nothing is
    written when the sheet has errors: raises ConfigurationError carrying them.
    """
    date = _month(source, month)
    hashed = hashlib.sha256()
    try:
        with source.open("rb") as raw:
            for block in iter(lambda: raw.read(1 << 20), b""):
                hashed.update(block)
        parsed = parse_price_list(_lines(source))
    except (OSError, EOFError, UnicodeError, RuntimeError, zlib.error, zipfile.BadZipFile) as problem:
        raise _refused("CSP602", f"{source.name} cannot be read as a price sheet: {_why(problem)}") from problem
    if has_errors(parsed.diagnostics):
        raise ConfigurationError(
            f"{source.name} is not imported: {parsed.diagnostics[0].message}", diagnostics=parsed.diagnostics
        )
    wanted = {market.upper() for market in markets} if markets is not None else None
    groups: dict[tuple[str, str], list[PriceRow]] = {}
    for item in parsed.rows:
        if wanted is None or item.market in wanted:
            groups.setdefault((item.market, item.row.cost.currency), []).append(item.row)
    if not groups:
        held = ", ".join(sorted({item.market for item in parsed.rows}))
        message = f"{source.name} holds prices of {held}, none of {', '.join(sorted(wanted or ()))}"
        raise _refused("CSP605", message)
    remarks = list(parsed.diagnostics)
    try:
        prices.mkdir(parents=True, exist_ok=True)
        known = {entry.file: entry for entry in read_index(prices)}
        written = []
        for (market, currency), rows in sorted(groups.items()):
            data = _normalised(rows)
            entry = PriceFile(
                file=f"{date}-{market}-{currency}.csv",
                date=date,
                market=market,
                currency=currency,
                sha256=hashlib.sha256(data).hexdigest(),
                rows=data.count(b"\n") - 1,
                source=source.name,
                source_sha256=hashed.hexdigest(),
                imported_at=now,
            )
            old = known.get(entry.file)
            if old is not None and old.sha256 != entry.sha256:
                text = f"{entry.file} replaces the list imported from {old.source} ({old.rows} rows, now {entry.rows})"
                remarks.append(note("CSP607", text))
            write_atomically(prices / entry.file, data)
            known[entry.file] = entry
            written.append(entry)
        _write_index(prices, known)
    except OSError as problem:
        raise _refused("CSP604", f"price lists cannot be written to {prices.name}/: {_why(problem)}") from problem
    return Imported(files=tuple(written), diagnostics=tuple(remarks))


def read_index(prices: Path) -> tuple[PriceFile, ...]:
    """The imported lists, newest first; none where nothing was imported. Raises ConfigurationError when damaged."""
    path = prices / INDEX
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as problem:
        raise _refused("CSP604", f"the index of price lists cannot be read: {_why(problem)}") from problem
    try:
        document = json.loads(text)
        if document["version"] != 1:
            raise ValueError(f"version {document['version']} is from a newer cspdecl")
        entries: list[PriceFile] = [from_plain(PriceFile, _snake(item)) for item in document["lists"]]
    except (ValueError, KeyError, TypeError) as problem:
        message = f"the index of price lists ({prices.name}/{INDEX}) is damaged: {problem}"
        raise _refused(
            "CSP604", message, hint="import the lists again, or take the file back from version control"
        ) from problem
    for entry in entries:
        if Path(entry.file).name != entry.file:
            raise _refused("CSP604", f"the index of price lists names `{entry.file}`, which is not beside it")
    return tuple(sorted(entries, key=lambda entry: (entry.date, entry.file), reverse=True))


def load_price_book(prices: Path | None, *, market: str, currency: str, offers: Iterable[OfferKey]) -> PriceBook:
    """The imported lists of one market and currency, with the rows of `offers` only.

    Raises ConfigurationError when a list is missing or was altered after its import.
    """
    if prices is None:
        return PriceBook()
    wanted = frozenset(offers)
    products = frozenset(offer.product.encode() for offer in wanted)
    lists = []
    for entry in read_index(prices):
        if (entry.market, entry.currency) == (market, currency):
            rows = _read_rows(prices / entry.file, entry, products, wanted)
            lists.append(
                PriceList(
                    date=entry.date,
                    market=entry.market,
                    currency=entry.currency,
                    digest=entry.sha256,
                    source=entry.source,
                    rows=rows,
                )
            )
    return PriceBook(lists=tuple(lists))


def _read_rows(
    path: Path, entry: PriceFile, products: frozenset[bytes], wanted: frozenset[OfferKey]
) -> Mapping[OfferKey, tuple[PriceRow, ...]]:
    # A list has hundreds of thousands of lines and a plan needs a few: lines are hashed, and split only where the
    # product id in front of the first comma is asked for.
    hashed = hashlib.sha256()
    kept: list[bytes] = []
    try:
        with path.open("rb") as lines:
            for line in lines:
                hashed.update(line)
                if line[: line.find(b",")] in products:
                    kept.append(line)
    except OSError as problem:
        raise _refused("CSP603", f"price list {entry.file} cannot be read: {_why(problem)}") from problem
    if hashed.hexdigest() != entry.sha256:
        message = f"price list {entry.file} is not the one that was imported: its digest differs from the index"
        raise _refused(
            "CSP603", message, hint=f"import {entry.source} again, or take the file back from version control"
        )
    found: dict[OfferKey, list[PriceRow]] = {}
    for cells in csv.reader(line.decode() for line in kept):
        row = _row(cells, entry.currency)
        if row.offer in wanted:
            found.setdefault(row.offer, []).append(row)
    return {offer: tuple(rows) for offer, rows in found.items()}


def _row(cells: list[str], currency: str) -> PriceRow:
    product, sku, segment, term, billing, cost, erp, starts, ends, tier = cells
    return PriceRow(
        offer=OfferKey(product, sku),
        segment=segment,
        term=Term(term),
        billing=BillingCycle(billing),
        cost=Money(Decimal(cost), currency),
        erp=Money(Decimal(erp), currency) if erp else None,
        effective_from=parse_instant(starts),
        effective_to=parse_instant(ends),
        tier=tier,
    )


def _normalised(rows: list[PriceRow]) -> bytes:
    lines = {
        (
            row.offer.product,
            row.offer.sku,
            row.segment,
            str(row.term),
            str(row.billing),
            format(row.cost.amount, "f"),
            format(row.erp.amount, "f") if row.erp else "",
            instant_text(row.effective_from),
            instant_text(row.effective_to),
            row.tier,
        )
        for row in rows
    }
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(sorted(lines))
    return text.getvalue().encode()


def _write_index(prices: Path, entries: Mapping[str, PriceFile]) -> None:
    lists = [_camel(to_plain(entries[name])) for name in sorted(entries)]
    text = json.dumps({"version": 1, "lists": lists}, indent=2, ensure_ascii=False) + "\n"
    write_atomically(prices / INDEX, text.encode())


def _lines(source: Path) -> Iterator[str]:
    with source.open("rb") as raw:
        start = raw.read(4)
    if start.startswith(b"PK"):
        with zipfile.ZipFile(source) as archive:
            sheets = [item for item in archive.infolist() if item.filename.lower().endswith(".csv")]
            if len(sheets) != 1:
                raise zipfile.BadZipFile(f"the archive holds {len(sheets)} CSV files, expected one")
            with archive.open(sheets[0]) as packed:
                yield from _text(packed)
    elif start.startswith(b"\x1f\x8b"):
        with gzip.open(source, "rb") as packed:
            yield from _text(packed)
    else:
        with source.open("rb") as packed:
            yield from _text(packed, "utf-16" if start.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")


def _text(packed: object, encoding: str = "utf-8-sig") -> Iterator[str]:
    read = 0
    with io.TextIOWrapper(packed, encoding=encoding, newline="") as lines:  # type: ignore[type-var]
        for line in lines:
            read += len(line)
            if read > _LARGEST:
                raise OSError("it unpacks to more than 2 GiB")
            yield line


def _month(source: Path, month: str | None) -> str:
    found = month or month_of(source.name)
    try:
        return check_month(found or "")
    except ValueError:
        said = f"`{month}` is no month" if month else f"the name {source.name} says no month"
        raise _refused("CSP608", f"{said}: which month is the list for?", hint="give it as 2026-11") from None


def _refused(code: str, message: str, *, hint: str | None = None) -> ConfigurationError:
    return ConfigurationError(message, diagnostics=(error(code, message, hint=hint),))


def _why(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or str(problem)


def _camel(plain: dict[str, object]) -> dict[str, object]:
    return {{"source_sha256": "sourceSha256", "imported_at": "importedAt"}.get(key, key): plain[key] for key in plain}


def _snake(plain: dict[str, object]) -> dict[str, object]:
    return {{"sourceSha256": "source_sha256", "importedAt": "imported_at"}.get(key, key): plain[key] for key in plain}
