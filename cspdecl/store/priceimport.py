"""Taking a price sheet into the project: streamed, sorted, one list a market and currency, its faults said."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO, cast

from cspdecl.commerce.pricelist import PriceSheet, check_month, month_of, view_of
from cspdecl.core.diagnostics import Diagnostic, has_errors, note, warning
from cspdecl.core.errors import ConfigurationError
from cspdecl.core.project import PriceView
from cspdecl.store.files import write_atomically
from cspdecl.store.pricefiles import PriceFile, read_whole_index, refused, why, write_index
from cspdecl.store.pricesort import RowSorter, header_line, rivals

_LARGEST = 2 * 1024**3  # unpacked; the largest sheet documented has 42 MB
_SHOWN = 20
UNREADABLE = (OSError, EOFError, UnicodeError, RuntimeError, zlib.error, zipfile.BadZipFile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did: lists written, and remarks (rows left out, lists replaced). `unchanged`: lists that were
    there already, word for word."""

    files: tuple[PriceFile, ...]
    diagnostics: tuple[Diagnostic, ...]
    unchanged: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the project wants to be priced by: its market and its billing currency."""

    market: str
    currency: str


def import_price_list(
    source: Path | Sequence[Path],
    prices: Path,
    *,
    now: datetime,
    month: str | None = None,
    markets: Iterable[str] | None = None,
    view: PriceView | None = None,
    preview: bool = False,
    expected: Expected | None = None,
) -> Imported:
    """Take a price sheet (CSV, or one packed as zip or gzip) into the folder `prices`, one file a market and currency.

    `month` ("2026-11") and `view` are read from the file's name where they are not given; `markets` limits what is
    kept; several sources are parts of one sheet. `preview`: announced, not yet prices. Nothing is written when the
    sheet has errors: raises ConfigurationError carrying them.
    """
    sources = [source] if isinstance(source, Path) else list(source)
    for one in sources:
        if not one.exists():  # before a question about its name
            raise refused("CSP602", f"there is no file {one.name}")
    date = month_for(sources[0].name, month)
    wanted = {market.upper() for market in markets} if markets is not None else None
    with ExitStack() as stack:
        read = _Read(view or view_of(sources[0].name), wanted, stack)
        for one in sources:
            read.take(one)
        if not read.groups:
            held, asked = ", ".join(sorted(read.held)), ", ".join(sorted(wanted or ()))
            raise refused("CSP605", f"{sources[0].name} holds prices of {held}, none of {asked}")
        common = PriceFile(
            file="", date=date, market="", currency="", sha256="", rows=0, source=names_of(sources),
            source_sha256=digest_of_files(sources), imported_at=now, view=read.view,
            timeline="preview" if preview else "current", faults=tuple(read.faults),
        )  # fmt: skip
        read.remarks += _unexpected(expected, read.groups)
        try:
            return _write(prices, common, read)
        except OSError as problem:
            raise refused("CSP604", f"price lists cannot be written to {prices.name}/: {why(problem)}") from problem


class _Read:
    """What was read so far: rows by market and currency, and what is to be said."""

    def __init__(self, view: PriceView, wanted: set[str] | None, stack: ExitStack) -> None:
        self.view, self.wanted, self.stack = view, wanted, stack
        self.groups: dict[tuple[str, str], RowSorter] = {}
        self.held: set[str] = set()
        self.remarks: list[Diagnostic] = []
        self.faults: list[str] = []

    def take(self, source: Path) -> None:
        """Read one file. Raises ConfigurationError where it is none."""
        try:
            lines, whole = open_text(source)
            sheet = PriceSheet(lines, view=self.view, whole=whole)
            for item in sheet:
                self.held.add(item.market)
                if self.wanted is None or item.market in self.wanted:
                    self._group(item.market, item.row.cost.currency).add(item.row)
        except UNREADABLE as problem:
            raise refused("CSP602", f"{source.name} cannot be read as a price sheet: {why(problem)}") from problem
        found = sheet.remarks()
        if has_errors(found):
            raise ConfigurationError(f"{source.name} is not imported: {found[0].message}", diagnostics=found)
        self.remarks += found
        self.faults += sheet.faults

    def _group(self, market: str, currency: str) -> RowSorter:
        sorter = self.groups.get((market, currency))
        if sorter is None:
            sorter = self.groups[market, currency] = RowSorter()
            self.stack.callback(sorter.close)
        return sorter


def _write(prices: Path, common: PriceFile, read: _Read) -> Imported:
    prices.mkdir(parents=True, exist_ok=True)
    index = read_whole_index(prices)
    written, unchanged = [], set()
    for (market, currency), sorter in sorted(read.groups.items()):
        name = file_name(common.date, market, currency, common.view, preview=common.timeline == "preview")
        out = _Output(sorter)
        write_atomically(prices / name, out.lines())
        entry = replace(
            common, file=name, market=market, currency=currency, sha256=out.sha256, rows=out.rows
        )  # fmt: skip
        old = next((item for item in index.lists if item.file == name), None)
        if old is not None and (old.sha256, old.faults) == (entry.sha256, entry.faults):
            entry = old  # the same prices again are the same list, from its first import
            unchanged.add(name)
        elif old is not None:
            text = f"{name} replaces the list imported from {old.source} ({old.rows} rows, now {entry.rows})"
            read.remarks.append(note("CSP607", text))
        read.remarks += out.remarks(entry)
        index = replace(index, lists=(*(item for item in index.lists if item.file != name), entry))
        write_index(prices, index)  # file by file, so that whatever happens next the index fits what is there
        written.append(entry)
    return Imported(files=tuple(written), diagnostics=tuple(read.remarks), unchanged=frozenset(unchanged))


class _Output:
    """The lines of one list on their way to disk: hashed, counted, and searched for rows that contradict each other."""

    def __init__(self, sorter: RowSorter) -> None:
        self._sorter = sorter
        self._hash = hashlib.sha256()
        self._rivals: list[tuple[str, ...]] = []
        self.rows = 0

    @property
    def sha256(self) -> str:
        """The digest of what was written."""
        return self._hash.hexdigest()

    def lines(self) -> Iterator[bytes]:
        """Header and rows, once."""
        self._hash.update(header_line())
        yield header_line()
        for line, contradiction in rivals(self._sorter):
            self.rows += 1
            self._hash.update(line)
            if contradiction:
                self._rivals.append(contradiction)
            yield line

    def remarks(self, entry: PriceFile) -> Iterator[Diagnostic]:
        """Rows of the same offer, term and first day at different prices."""
        for what, since, one, other in self._rivals[:_SHOWN]:
            text = f"{entry.market}: two prices for {what} from {since[:10]}: {one} and {other} {entry.currency}"
            yield warning("CSP612", text, hint="such a price reads as unknown until a corrected sheet is imported")
        if len(self._rivals) > _SHOWN:
            yield warning("CSP612", f"{entry.market}: {len(self._rivals) - _SHOWN} more prices are there twice")


def _unexpected(expected: Expected | None, found: Iterable[tuple[str, str]]) -> Iterator[Diagnostic]:
    """That a sheet has nothing for the project's own market or currency, which may be a mistake in downloading."""
    places = sorted(found)
    if expected is None or (expected.market, expected.currency) in places:
        return
    held = ", ".join(f"{market} ({currency})" for market, currency in places)
    yield warning(
        "CSP616",
        f"the sheet is for {held}; the project buys for {expected.market} in {expected.currency}",
        hint="lists of other markets price customers there; without one of its own a market has no prices",
    )


def file_name(month: str, market: str, currency: str, view: PriceView, *, preview: bool) -> str:
    """What a list is called in the folder."""
    parts = [month, market, currency, *([view] if view != "license" else []), *(["preview"] if preview else [])]
    return "-".join(parts) + ".csv"


def month_for(name: str, month: str | None) -> str:
    """The month something is for: as given, else as its file name says. Raises ConfigurationError."""
    found = month or month_of(name)
    try:
        return check_month(found or "")
    except ValueError:
        said = f"`{month}` is no month" if month else f"the name {name} says no month"
        raise refused("CSP608", f"{said}: which month is it for?", hint="give it: --as-of 2026-11") from None


def names_of(sources: Iterable[Path]) -> str:
    """The file names, for the index."""
    return ", ".join(one.name for one in sources)


def digest_of_files(sources: Iterable[Path]) -> str:
    """sha256 over the files as they were given, one after another."""
    hashed = hashlib.sha256()
    for one in sources:
        with one.open("rb") as raw:
            for block in iter(lambda raw=raw: raw.read(1 << 20), b""):  # type: ignore[misc]
                hashed.update(block)
    return hashed.hexdigest()


def open_text(source: Path) -> tuple[Iterator[str], bool]:
    """A file's lines, unpacked where it is packed, and whether a checksum vouches for its end."""
    with source.open("rb") as raw:
        start = raw.read(4)
    if start.startswith(b"PK"):
        return _zipped(source), True
    if start.startswith(b"\x1f\x8b"):
        return _text(lambda: cast("IO[bytes]", gzip.open(source, "rb"))), True
    return _text(lambda: source.open("rb"), "utf-16" if start.startswith((b"\xff\xfe", b"\xfe\xff")) else None), False


def _zipped(source: Path) -> Iterator[str]:
    with zipfile.ZipFile(source) as archive:
        sheets = [item for item in archive.infolist() if item.filename.lower().endswith(".csv")]
        if len(sheets) != 1:
            raise zipfile.BadZipFile(f"the archive holds {len(sheets)} CSV files, expected one")
        yield from _text(lambda: archive.open(sheets[0]))


def _text(opened: Callable[[], IO[bytes]], encoding: str | None = None) -> Iterator[str]:
    read = 0
    with opened() as packed, io.TextIOWrapper(packed, encoding=encoding or "utf-8-sig", newline="") as lines:
        for line in lines:
            read += len(line)
            if read > _LARGEST:
                raise OSError("it unpacks to more than 2 GiB")
            yield line
