"""Price lists as text: Microsoft's price sheet becomes rows that say what a seat costs, for how long, from when.

The sheet has 18 documented columns and later ones (contract §9.2, 2023-10); columns are found by name, so order and
additions do not matter. Reading is streaming: lines in, rows out. A broken row is named with its line and left out;
it never becomes a price.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from cspdecl.core.catalog import OfferKey
from cspdecl.core.diagnostics import Diagnostic, error, note, warning
from cspdecl.core.money import Money, decimals_of
from cspdecl.core.project import PriceRow
from cspdecl.core.terms import BillingCycle, Term, cycles_in

#: The first and the last instant a row may name: sheets print the years 1753 and 9999 for "always".
ALWAYS_FROM = datetime(1753, 1, 1, tzinfo=UTC)
ALWAYS_TO = datetime(9999, 12, 31, tzinfo=UTC)

_NEEDED = ("productid", "skuid", "termduration", "billingplan", "market", "currency", "unitprice")
_PLANS = {"monthly": BillingCycle.MONTHLY, "annual": BillingCycle.ANNUAL, "triennial": BillingCycle.TRIENNIAL}
_TERMS = {"p1m": Term.P1M, "p1y": Term.P1Y, "p3y": Term.P3Y}
_SEGMENTS = {"": "commercial", "charity": "nonprofit"}
_AMOUNT = re.compile(r"'?(\d{1,12}(?:\.\d{1,12})?)")
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*([AaPp][Mm])?)?")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:Z|\+00:00)?)?")
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPrice:
    """One usable row and the market it is for."""

    market: str
    row: PriceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRows:
    """What a price sheet holds. `left_out` counts rows that are no seat prices (trials, one-time, other terms)."""

    rows: tuple[ListedPrice, ...]
    diagnostics: tuple[Diagnostic, ...]
    left_out: Mapping[str, int]


def parse_price_list(lines: Iterable[str]) -> PriceRows:
    """Read a price sheet, line by line. `lines` keep their line ends, so that a title may hold one.

    Errors mean that the text is no price sheet; warnings name rows that could not be read and were left out.
    """
    reader = _Reader(lines)
    header = reader.header()
    if header is None:
        return PriceRows(rows=(), diagnostics=(error("CSP602", "the price list is empty"),), left_out={})
    names = {_plain(name): index for index, name in enumerate(header)}
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        message = f"this is no price sheet: it has no column {', '.join(f'`{name}`' for name in missing)}"
        hint = "the sheet needs ProductId, SkuId, TermDuration, BillingPlan, Market, Currency and UnitPrice"
        return PriceRows(rows=(), diagnostics=(error("CSP602", message, line=1, hint=hint),), left_out={})
    rows: list[ListedPrice] = []
    broken: list[tuple[int, str]] = []
    left_out: Counter[str] = Counter()
    for line, cells in reader.rows():
        if isinstance(cells, str):
            broken.append((line, cells))
            continue
        try:
            parsed = _row(names, cells)
        except ValueError as problem:
            broken.append((line, str(problem)))
            continue
        if isinstance(parsed, str):
            left_out[parsed] += 1
        else:
            rows.append(parsed)
    return PriceRows(rows=tuple(rows), diagnostics=tuple(_remarks(rows, broken, left_out)), left_out=dict(left_out))


def parse_effective(text: str, *, end: bool) -> datetime:
    """An instant of a sheet: American ("2/1/2019 12:00:00 AM", "2/1/2023 0:00") or ISO with up to seven digits.

    An `end` in the last minute of a day means the whole day: the next midnight, exclusive. Raises ValueError.
    """
    return _instant(text.strip(), end)


@lru_cache(maxsize=4096)
def _instant(text: str, end: bool) -> datetime:
    if not text:
        return ALWAYS_TO if end else ALWAYS_FROM
    found = _AMERICAN.fullmatch(text)
    if found:
        month, day, year, hour, minute, second, half = found.groups()
        hours = int(hour or 0)
        if half:
            if not 1 <= hours <= 12:
                raise ValueError(f"`{text}` is no date")
            hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    else:
        found = _ISO.fullmatch(text)
        if not found:
            raise ValueError(f"`{text}` is no date: expected 2/1/2026 12:00:00 AM or 2026-02-01T00:00:00Z")
        year, month, day, hour, minute, second = found.groups()
        hours = int(hour or 0)
    if int(year) >= 9999:
        return ALWAYS_TO
    if int(year) <= 1753:
        return ALWAYS_FROM
    value = datetime(int(year), int(month), int(day), hours, int(minute or 0), int(second or 0), tzinfo=UTC)
    if end and (value.hour, value.minute) == (23, 59):
        return datetime.combine(value.date() + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
    return value


class _Reader:
    """csv.reader with line numbers, a forgiven byte-order mark, and rows it cannot split named instead of raised."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._reader = csv.reader(_without_mark(lines))

    def header(self) -> Sequence[str] | None:
        for cells in self._reader:
            if any(cell.strip() for cell in cells):
                return cells
        return None

    def rows(self) -> Iterator[tuple[int, Sequence[str] | str]]:
        while True:
            line = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as problem:
                yield line, f"the row cannot be split into cells ({problem})"
                continue
            if any(cells):
                yield line, cells


def _without_mark(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield line.removeprefix("\ufeff") if number == 0 else line


def _plain(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())


def _row(names: Mapping[str, int], cells: Sequence[str]) -> ListedPrice | str:
    def cell(name: str) -> str:
        index = names.get(name)
        return cells[index].strip() if index is not None and index < len(cells) else ""

    if len(cells) <= max(names[name] for name in _NEEDED):
        raise ValueError(f"the row ends after {len(cells)} cells")
    plan, term = cell("billingplan").casefold(), cell("termduration").casefold()
    if plan == "none":
        return "trials and other rows without a billing plan"
    if term not in _TERMS or plan not in _PLANS:
        return f"rows of term {cell('termduration') or 'none'}, plan {cell('billingplan') or 'none'}"
    if cycles_in(_TERMS[term], _PLANS[plan]) is None:
        raise ValueError(f"a term of {term.upper()} cannot be billed {plan}")
    currency, market = cell("currency").upper(), cell("market").upper()
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise ValueError(f"`{currency}` is no currency")
    if not re.fullmatch(r"[A-Z]{2}", market):
        raise ValueError(f"`{market}` is no market")
    segment = cell("segment").casefold()
    if not re.fullmatch(r"[a-z -]*", segment):
        raise ValueError(f"`{segment}` is no segment")
    starts = parse_effective(cell("effectivestartdate"), end=False)
    ends = parse_effective(cell("effectiveenddate"), end=True)
    if ends <= starts:
        raise ValueError(f"the row ends ({ends.date()}) before it begins ({starts.date()})")
    erp = cell("erpprice")
    return ListedPrice(
        market=market,
        row=PriceRow(
            offer=OfferKey.parse(f"{cell('productid')}:{cell('skuid').removeprefix(chr(39)).zfill(4)}"),
            segment=_SEGMENTS.get(segment, segment),
            term=_TERMS[term],
            billing=_PLANS[plan],
            cost=_amount("UnitPrice", cell("unitprice"), currency),
            erp=_amount("ERP Price", erp, currency) if erp else None,
            effective_from=starts,
            effective_to=ends,
            tier=_tier(cell("pricingtierrangemin"), cell("pricingtierrangemax")),
        ),
    )


def _amount(column: str, text: str, currency: str) -> Money:
    found = _AMOUNT.fullmatch(text)
    if not found:
        raise ValueError(f"{column} `{text}` is no amount: digits with a point, as in 115.2")
    value = Decimal(found[1])
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -exponent < decimals_of(currency):
        value = value.quantize(Decimal(1).scaleb(-decimals_of(currency)))
    return Money(value, currency)


def _tier(low: str, high: str) -> str:
    if not re.fullmatch(r"\d{0,9}", low) or not re.fullmatch(r"\d{0,9}", high):
        raise ValueError(f"`{low}` to `{high}` is no range of seats")
    return f"{low}-{high}" if low not in ("", "0", "1") or high else ""


def _remarks(rows: list[ListedPrice], broken: list[tuple[int, str]], left_out: Counter[str]) -> Iterator[Diagnostic]:
    for line, problem in broken[:_SHOWN]:
        yield warning("CSP601", f"row left out: {problem}", line=line, column=1)
    if len(broken) > _SHOWN:
        yield warning("CSP601", f"{len(broken) - _SHOWN} more rows left out, the first at line {broken[_SHOWN][0]}")
    if not rows:
        yield error("CSP605", "the price list holds no price of a seat", hint="import the view of licence-based offers")
    tiered = sum(1 for item in rows if item.row.tier)
    if tiered:
        yield note("CSP606", f"{tiered} rows are priced by seat ranges; such prices read as unknown")
    for reason, count in sorted(left_out.items()):
        yield note("CSP606", f"{count} {reason} left out")


def month_of(text: str) -> str | None:
    """The month a file name speaks of, "2026-11", or None: "price-list-2026-11-DE.csv", "202611_sheet.zip"."""
    found = re.search(r"(?<!\d)(20\d{2})[-_]?(0[1-9]|1[0-2])(?!\d)", text)
    return f"{found[1]}-{found[2]}" if found else None


def check_month(text: str) -> str:
    """A month as "2026-11". Raises ValueError."""
    date.fromisoformat(f"{text}-01")
    return text
