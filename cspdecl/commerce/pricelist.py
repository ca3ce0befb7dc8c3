"""Price lists as text: Microsoft's price sheet becomes rows that say what a seat costs, for how long, from when.

The sheet has 18 documented columns and later ones (contract §9.2, 2023-10); columns are found by name, so order and
additions do not matter. Reading is streaming: lines in, rows out, nothing kept. A broken row is named with its line and
left out; it never becomes a price. A file that was cut short says so for as long as it is used.
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
from cspdecl.core.project import PriceRow, PriceView
from cspdecl.core.terms import BillingCycle, Term, cycles_in

#: The first and the last instant a row may name: sheets print the years 1753 and 9999 for "always".
ALWAYS_FROM = datetime(1753, 1, 1, tzinfo=UTC)
ALWAYS_TO = datetime(9999, 12, 31, tzinfo=UTC)

_NEEDED = ("productid", "skuid", "termduration", "billingplan", "market", "currency", "unitprice")
_PLANS = {
    "monthly": BillingCycle.MONTHLY,
    "annual": BillingCycle.ANNUAL,
    "triennial": BillingCycle.TRIENNIAL,
    "onetime": BillingCycle.ONE_TIME,
}
_TERMS = {"p1m": Term.P1M, "p1y": Term.P1Y, "p3y": Term.P3Y, "onetime": Term.ONCE}
_SEGMENTS = {"": "commercial", "charity": "nonprofit"}
_AMOUNT = re.compile(r"'?(-?\d{1,12}(?:\.\d{1,12})?(?:[eE][+-]?\d{1,2})?)")
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*([AaPp][Mm])?)?")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:Z|\+00:00)?)?")
_SHOWN = 20
_LONGEST_TITLE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPrice:
    """One usable row and the market it is for."""

    market: str
    row: PriceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRows:
    """What a price sheet holds. `left_out` counts rows that are no prices of ours (trials, other terms); `faults` are
    what is wrong with the file as a whole, as sentences."""

    rows: tuple[ListedPrice, ...]
    diagnostics: tuple[Diagnostic, ...]
    left_out: Mapping[str, int]
    faults: tuple[str, ...] = ()


class PriceSheet:
    """One sheet, read once: iterate over it, then ask what was found wrong."""

    def __init__(self, lines: Iterable[str], *, view: PriceView = "license", whole: bool = False) -> None:
        """`lines` keep their line ends, so that a title may hold one. `whole`: an archive's checksum vouches for the
        end of the file, so a last line without an end was never longer."""
        self._reader = _Reader(lines)
        self._view, self._whole = view, whole
        self._broken: list[tuple[int, str]] = []
        self._nothing: list[tuple[int, PriceRow]] = []
        self._scientific = self._tiered = self._usable = 0
        self._refused: Diagnostic | None = None
        self.left_out: Counter[str] = Counter()
        self.faults: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[ListedPrice]:
        header = self._reader.header()
        if header is None:
            self._refused = error("CSP602", "the price list is empty")
            return
        names = {_plain(name): index for index, name in enumerate(header)}
        missing = [name for name in _NEEDED if name not in names]
        if missing:
            message = f"this is no price sheet: it has no column {', '.join(f'`{name}`' for name in missing)}"
            hint = "the sheet needs ProductId, SkuId, TermDuration, BillingPlan, Market, Currency and UnitPrice"
            self._refused = error("CSP602", message, line=1, hint=hint)
            return
        width, last = len(header), None
        for row in self._reader.rows():
            if last is not None:
                yield from self._take(names, width, *last)
            last = row
        if last is not None and not self._cut(width, *last):
            yield from self._take(names, width, *last)

    def remarks(self) -> tuple[Diagnostic, ...]:
        """What is to be said about the sheet once it was read. Errors: it is none."""
        return (self._refused,) if self._refused else tuple(self._remarks())

    def _take(
        self, names: Mapping[str, int], width: int, line: int, cells: Sequence[str] | str
    ) -> Iterator[ListedPrice]:
        if isinstance(cells, str):
            self._broken.append((line, cells))
            return
        try:
            if len(cells) != width:
                raise ValueError(f"the row has {len(cells)} cells, the header {width}")
            parsed = _row(names, cells, self._view)
        except ValueError as problem:
            self._broken.append((line, str(problem)))
            return
        if isinstance(parsed, str):
            self.left_out[parsed] += 1
            return
        self._usable += 1
        self._tiered += bool(parsed.row.tier)
        self._scientific += "e" in cells[names["unitprice"]].lower()
        if parsed.row.cost.amount <= 0:
            self._nothing.append((line, parsed.row))
        yield parsed

    def _cut(self, width: int, line: int, cells: Sequence[str] | str) -> bool:
        """Whether the file ends inside its last row, which then is none."""
        short = isinstance(cells, str) or len(cells) < width
        if not short and (self._whole or self._reader.ended):
            return False
        how = "inside its last row" if short else "without a line end, so its last row may be cut"
        self.faults = (f"the file ends {how} (line {line}); rows behind it would be missing",)
        return True

    def _remarks(self) -> Iterator[Diagnostic]:
        for fault in self.faults:
            yield warning("CSP615", fault, hint="download the sheet again; every plan says this until it is whole")
        for line, problem in self._broken[:_SHOWN]:
            yield warning("CSP601", f"line {line}: row left out: {problem}", line=line, column=1)
        more = len(self._broken) - _SHOWN
        if more > 0:
            yield warning("CSP601", f"{more} more rows left out, the first at line {self._broken[_SHOWN][0]}")
        yield from self._of_nothing()
        if not self._usable:
            hint = "import the view of licence-based offers"
            yield error("CSP605", "the price list holds no price of a seat", hint=hint)
        if self._scientific:
            text = (
                f"{self._scientific} prices are written in powers of ten (1.15E+02): a spreadsheet may have cut digits"
            )
            yield warning("CSP618", text, hint="import the file as it was downloaded, unopened")
        if self._tiered:
            yield note("CSP606", f"{self._tiered} rows are prices for a range of seats")
        for reason, count in sorted(self.left_out.items()):
            yield note("CSP606", f"{count} {reason} left out")

    def _of_nothing(self) -> Iterator[Diagnostic]:
        """Free offers are usual and named in one line; an amount below nothing is a mistake, each with its line."""
        free = [(line, row) for line, row in self._nothing if not row.cost.amount]
        owed = [(line, row) for line, row in self._nothing if row.cost.amount]
        for line, row in owed[:_SHOWN]:
            text = f"line {line}: {_what(row)}: {row.cost} is no price; it reads as unknown"
            yield warning("CSP611", text, line=line, column=1)
        if len(owed) > _SHOWN:
            yield warning("CSP611", f"{len(owed) - _SHOWN} more negative prices, the first at line {owed[_SHOWN][0]}")
        if free:
            some = ", ".join(f"{_what(row)} (line {line})" for line, row in free[:3])
            more = f" and {len(free) - 3} more" if len(free) > 3 else ""
            prices = "1 price is 0" if len(free) == 1 else f"{len(free)} prices are 0"
            yield note("CSP611", f"{prices}, which reads as unknown and never as free: {some}{more}")


def _what(row: PriceRow) -> str:
    return f"{row.offer} {row.term}/{row.billing}"


def parse_price_list(lines: Iterable[str], *, view: PriceView = "license") -> PriceRows:
    """Read a whole price sheet. Errors mean that the text is none; warnings name rows that could not be read."""
    sheet = PriceSheet(lines, view=view)
    rows = tuple(sheet)
    return PriceRows(rows=rows, diagnostics=sheet.remarks(), left_out=dict(sheet.left_out), faults=sheet.faults)


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
    """csv.reader with line numbers, a forgiven byte-order mark, and rows it cannot split named instead of raised.

    `ended`: whether the last line read had an end.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.ended = True
        self._reader = csv.reader(self._watched(lines))

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

    def _watched(self, lines: Iterable[str]) -> Iterator[str]:
        for number, line in enumerate(lines):
            if line:
                self.ended = line[-1] in "\r\n"
            yield line.removeprefix("\ufeff") if number == 0 else line


def _plain(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())


def _row(names: Mapping[str, int], cells: Sequence[str], view: PriceView) -> ListedPrice | str:
    def cell(name: str) -> str:
        index = names.get(name)
        return cells[index].strip() if index is not None else ""

    term, plan = _word(cell("termduration")), _word(cell("billingplan"))
    if term == "onetime" and plan in ("", "none"):
        plan = "onetime"  # perpetual licences; how the sheet writes their plan is documented nowhere
    if plan == "none":
        return "trials and other rows without a billing plan"
    if term not in _TERMS or plan not in _PLANS:
        return f"rows of term {_shown(cell('termduration'))}, plan {_shown(cell('billingplan'))}"
    if cycles_in(_TERMS[term], _PLANS[plan]) is None:
        raise ValueError(f"a term of {_TERMS[term]} cannot be billed {_PLANS[plan]}")
    currency, market = cell("currency").upper(), cell("market").upper()
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise ValueError(f"`{_shown(currency)}` is no currency")
    if not re.fullmatch(r"[A-Z]{2}", market):
        raise ValueError(f"`{_shown(market)}` is no market")
    segment = cell("segment").casefold()
    if not re.fullmatch(r"[a-z -]*", segment):
        raise ValueError(f"`{_shown(segment)}` is no segment")
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
            view=view,
            title=_title(cell("skutitle") or cell("producttitle")),
        ),
    )


@lru_cache(maxsize=256)
def _word(text: str) -> str:
    return re.sub(r"[\s_-]", "", text.casefold())


def _shown(text: str) -> str:
    """A cell in a message: short, and harmless to a terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)[:40] or "none"


def _title(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:_LONGEST_TITLE]


def _amount(column: str, text: str, currency: str) -> Money:
    found = _AMOUNT.fullmatch(text)
    if not found:
        raise ValueError(f"{column} `{_shown(text)}` is no amount: digits with a point, as in 115.2")
    return money_of(Decimal(found[1]), currency)


def money_of(value: Decimal, currency: str) -> Money:
    """An amount with at least its currency's decimals, and no power of ten: 48 EUR is 48.00, 1.152E+2 is 115.20."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -exponent < decimals_of(currency):
        value = value.quantize(Decimal(1).scaleb(-decimals_of(currency)))
    return Money(value, currency)


def _tier(low: str, high: str) -> str:
    low, high = low.removeprefix("'"), high.removeprefix("'")
    if not re.fullmatch(r"\d{0,9}", low) or not re.fullmatch(r"\d{0,9}", high):
        raise ValueError(f"`{_shown(low)}` to `{_shown(high)}` is no range of seats")
    if low and high and int(low) > int(high):
        raise ValueError(f"{low} to {high} is no range of seats")
    return f"{low}-{high}" if low not in ("", "0", "1") or high else ""


def month_of(text: str) -> str | None:
    """The month a file name speaks of, "2026-11", or None: "price-list-2026-11-DE.csv", "202611_sheet.zip"."""
    found = re.search(r"(?<!\d)(20\d{2})[-_]?(0[1-9]|1[0-2])(?!\d)", text)
    return f"{found[1]}-{found[2]}" if found else None


def check_month(text: str) -> str:
    """A month as "2026-11". Raises ValueError."""
    date.fromisoformat(f"{text}-01")
    return text


def view_of(text: str) -> PriceView:
    """The view a file name speaks of: `licensebasedest` and `software` say so, everything else is licences."""
    folded = text.casefold()
    return "est" if "basedest" in folded else "software" if "software" in folded else "license"
