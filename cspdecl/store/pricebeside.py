"""What lies beside the price lists: the offer matrix and the month's rates, imported and digested like them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

from cspdecl.commerce.offermatrix import parse_offer_matrix, parse_rates
from cspdecl.core.catalog import OfferFacts, OfferKey, OfferMatrix
from cspdecl.core.diagnostics import Diagnostic, has_errors
from cspdecl.core.errors import ConfigurationError
from cspdecl.core.plain import PlainError, from_plain, to_plain
from cspdecl.core.project import FxRates
from cspdecl.store.files import write_atomically
from cspdecl.store.pricefiles import SideFile, open_checked, read_whole_index, refused, why, write_index
from cspdecl.store.priceimport import UNREADABLE, digest_of_files, month_for, open_text


def import_offer_matrix(
    source: Path, prices: Path, *, now: datetime, month: str | None = None
) -> tuple[SideFile, tuple[Diagnostic, ...]]:
    """Keep an offer matrix. Raises ConfigurationError where the file is none; then nothing is written."""
    date, lines = month_for(source.name, month), _lines(source)
    parsed = parse_offer_matrix(lines)
    if has_errors(parsed.diagnostics):
        raise _no_import(source, parsed.diagnostics)
    rows = [json.dumps(to_plain(one), ensure_ascii=False, sort_keys=True) for one in parsed.offers]
    return _keep("offers", source, prices, date, rows, now), parsed.diagnostics


def import_rates(
    source: Path, prices: Path, *, now: datetime, month: str | None = None
) -> tuple[SideFile, tuple[Diagnostic, ...]]:
    """Keep the month's rates. Raises ConfigurationError where the file is none; then nothing is written."""
    date, lines = month_for(source.name, month), _lines(source)
    parsed = parse_rates(lines)
    if has_errors(parsed.diagnostics):
        raise _no_import(source, parsed.diagnostics)
    rows = [json.dumps([code, str(rate)]) for code, rate in sorted(parsed.rates.items())]
    return _keep("rates", source, prices, date, rows, now), parsed.diagnostics


def load_offer_matrix(prices: Path | None, *, at: datetime, offers: Iterable[OfferKey]) -> OfferMatrix | None:
    """The matrix of the month of `at`, else the newest before it, with what it says of `offers`; None: none is there.

    Raises ConfigurationError where it was altered after its import.
    """
    entry = _entry(prices, "offers", at)
    if entry is None or prices is None:
        return None
    wanted = frozenset(offers)
    found: dict[OfferKey, OfferFacts] = {}
    for text in _read(prices, entry):
        facts: OfferFacts = from_plain(OfferFacts, json.loads(text))
        if facts.key in wanted:
            found[facts.key] = facts
    return OfferMatrix(month=entry.date, digest=entry.sha256, source=entry.source, offers=found)


def load_rates(prices: Path | None, *, at: datetime) -> FxRates | None:
    """The rates of the month of `at`; None where they are not imported, for another month's are not this one's.

    Raises ConfigurationError where they were altered after their import.
    """
    entry = _entry(prices, "rates", at)
    if entry is None or prices is None or entry.date != f"{at:%Y-%m}":
        return None
    rates = {code: Decimal(rate) for code, rate in map(json.loads, _read(prices, entry))}
    return FxRates(month=entry.date, digest=entry.sha256, source=entry.source, usd_per_unit=rates)


def _lines(source: Path) -> list[str]:
    try:
        return list(open_text(source)[0])
    except UNREADABLE as problem:
        raise refused("CSP621", f"{source.name} cannot be read: {why(problem)}") from problem


def _no_import(source: Path, found: tuple[Diagnostic, ...]) -> ConfigurationError:
    bad = next(item for item in found if item.severity == "error")
    return ConfigurationError(f"{source.name} is not imported: {bad.message}", diagnostics=found)


def _keep(
    holds: Literal["offers", "rates"], source: Path, prices: Path, date: str, rows: list[str], now: datetime
) -> SideFile:
    data = "".join(f"{row}\n" for row in rows).encode()
    entry = SideFile(
        holds=holds, file=f"{date}-{holds}.jsonl", date=date, sha256=hashlib.sha256(data).hexdigest(), rows=len(rows),
        source=source.name, source_sha256=digest_of_files([source]), imported_at=now,
    )  # fmt: skip
    try:
        prices.mkdir(parents=True, exist_ok=True)
        index = read_whole_index(prices)
        old = next((item for item in index.beside if item.file == entry.file), None)
        entry = old if old is not None and old.sha256 == entry.sha256 else entry
        write_atomically(prices / entry.file, data)
        others = tuple(item for item in index.beside if item.file != entry.file)
        write_index(prices, replace(index, beside=(*others, entry)))
    except OSError as problem:
        raise refused("CSP604", f"{entry.file} cannot be written to {prices.name}/: {why(problem)}") from problem
    return entry


def _entry(prices: Path | None, holds: str, at: datetime) -> SideFile | None:
    if prices is None:
        return None
    month = f"{at:%Y-%m}"
    return next((item for item in read_whole_index(prices).beside if item.holds == holds and item.date <= month), None)


def _read(prices: Path, entry: SideFile) -> list[str]:
    with open_checked(prices / entry.file, entry.sha256, source=entry.source) as data:
        try:
            return bytes(data).decode().splitlines()
        except (UnicodeDecodeError, PlainError) as problem:  # cannot be: its digest was just compared
            raise refused("CSP603", f"{entry.file} cannot be read: {problem}") from problem
