"""How long the whole monthly price sheet takes, and how much memory: `python tests/perf/measure_prices.py [ROWS]`.

Makes a sheet like Microsoft's (18 columns, long descriptions, six currencies) in a temporary folder, imports it and
reads ten offers back. Prints one line a step; asserts nothing.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from cspdecl.core.catalog import OfferKey
from cspdecl.store.pricefiles import load_price_book
from cspdecl.store.priceimport import import_price_list

HEADER = (
    "ProductTitle,ProductId,SkuId,SkuTitle,Publisher,SkuDescription,UnitOfMeasure,TermDuration,BillingPlan,Market,"
    "Currency,UnitPrice,PricingTierRangeMin,PricingTierRangeMax,EffectiveStartDate,EffectiveEndDate,Tags,ERP Price,"
    "Segment\n"
)
CURRENCIES = ("EUR", "GBP", "CHF", "SEK", "NOK", "DKK")
PLANS = (("P1M", "Monthly"), ("P1Y", "Monthly"), ("P1Y", "Annual"), ("P3Y", "Annual"))


def sheet_lines(rows: int) -> Iterator[str]:
    """A sheet of so many rows, every product in every currency, in no order worth the name."""
    yield HEADER
    words = "Everything a description says and nobody reads, " * 4
    for number in range(rows):
        offer, currency = divmod(number, len(CURRENCIES))
        product, (term, plan) = offer // len(PLANS), PLANS[offer % len(PLANS)]
        product = product * 7919 % 1_000_003  # prime, so that the order is not the sorted one
        yield (
            f'"Product {product}","CFQ7TT{product:06d}","1","Plan {product}","Microsoft Corporation","{words}","",'
            f'"{term}","{plan}","DE","{CURRENCIES[currency]}","{100 + product % 900}.5","","","4/1/2025 12:00:00 AM",'
            f'"12/31/9999 11:59:59 PM","License","{130 + product % 900}","Commercial"\n'
        )


def write_sheet(path: Path, rows: int) -> int:
    """The sheet as a file; answers its size."""
    with path.open("w", encoding="utf-8", newline="") as out:
        out.writelines(sheet_lines(rows))
    return path.stat().st_size


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(rows: int) -> None:
    """Measure once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = write_sheet(folder / "sheet-2026-11.csv", rows)
        before, started = _peak(), time.perf_counter()
        done = import_price_list(folder / "sheet-2026-11.csv", folder / "prices", now=datetime(2026, 11, 1, tzinfo=UTC))
        taken = time.perf_counter() - started
        kept = sum((folder / "prices" / item.file).stat().st_size for item in done.files)
        print(f"import: {size / 1e6:.0f} MB, {rows} rows, {taken:.1f} s, {_peak() - before:.0f} MB more at its peak")
        print(f"kept: {len(done.files)} lists, {kept / 1e6:.0f} MB")
        offers = [OfferKey(f"CFQ7TT{number * 7919 % 1_000_003:06d}", "0001") for number in range(10)]
        started = time.perf_counter()
        book = load_price_book(folder / "prices", market="DE", currency="EUR", offers=offers)
        found = sum(len(found) for found in book.lists[0].rows.values())
        print(f"load: {found} rows of {len(offers)} offers, {(time.perf_counter() - started) * 1000:.1f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 140_000)
