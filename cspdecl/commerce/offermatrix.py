"""The offer matrix and the month's rates as text: what may be bought of an offer, and what a dollar is worth.

Columns are found by name (contract §9.2, 2023-10: 14 of them; commerce §2.12). What cannot be read is named with its
line and left out. The matrix makes a catalogue's entry stricter, never looser: the provider has the last word.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from cspdecl.commerce.prices import market_of
from cspdecl.core.catalog import Catalog, Catalogs, Offer, OfferFacts, OfferKey, OfferMatrix
from cspdecl.core.desired import CustomerSpec, SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error, warning
from cspdecl.core.money import Money, Rounding
from cspdecl.core.project import FxRates

_NEEDED = ("productid", "skuid", "minlicenses", "maxlicenses")
_SHOWN = 20
_NO_LIMIT = 1_000_000_000  # matrices write what stands for "no limit" as a very large number


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRows:
    """What an offer matrix holds, and what is to be said about it. Errors: it is none."""

    offers: tuple[OfferFacts, ...]
    diagnostics: tuple[Diagnostic, ...]


def parse_offer_matrix(lines: Iterable[str]) -> MatrixRows:
    """Read an offer matrix. Rows of one offer that stand several times are one where they say the same."""
    reader = csv.reader(_unmarked(lines))
    header = next((cells for cells in reader if any(cells)), None)
    names = {_plain(name): index for index, name in enumerate(header or ())}
    missing = [name for name in _NEEDED if name not in names]
    if header is None or missing:
        what = f"it has no column {', '.join(f'`{name}`' for name in missing)}" if header else "it is empty"
        return MatrixRows(offers=(), diagnostics=(error("CSP621", f"this is no offer matrix: {what}", line=1),))
    found: dict[OfferKey, OfferFacts] = {}
    broken: list[tuple[int, str]] = []
    for line, cells in _rows(reader):
        try:
            if isinstance(cells, str) or len(cells) != len(header):
                raise ValueError(cells if isinstance(cells, str) else f"{len(cells)} cells, the header {len(header)}")
            facts = _facts(names, cells)
        except ValueError as problem:
            broken.append((line, str(problem)))
            continue
        known = found.get(facts.key)
        found[facts.key] = facts if known is None else _strictest(known, facts)
    remarks = [
        warning("CSP622", f"line {line}: row left out: {text}", line=line, column=1) for line, text in broken[:_SHOWN]
    ]
    if len(broken) > _SHOWN:
        remarks.append(warning("CSP622", f"{len(broken) - _SHOWN} more rows left out"))
    if not found:
        remarks.append(error("CSP621", "the offer matrix holds no offer"))
    return MatrixRows(offers=tuple(found[key] for key in sorted(found)), diagnostics=tuple(remarks))


def enriched(catalogs: Catalogs, matrix: OfferMatrix | None) -> Catalogs:
    """The provider's catalogues with what the matrix adds: the stricter limit of the two, and what only it says.

    A catalogue that names an offer keeps its terms; a matrix never makes an offer be for sale.
    """
    if matrix is None or not matrix.offers:
        return catalogs
    return {place: _enriched(catalog, matrix.offers) for place, catalog in catalogs.items()}


def _enriched(catalog: Catalog, facts: Mapping[OfferKey, OfferFacts]) -> Catalog:
    offers = {key: with_facts(offer, facts[key]) if key in facts else offer for key, offer in catalog.offers.items()}
    return replace(catalog, offers=offers)


def with_facts(offer: Offer, facts: OfferFacts) -> Offer:
    """One offer with what the matrix says of it."""
    return replace(
        offer,
        min_seats=max(offer.min_seats, facts.min_seats or 0),
        max_seats=_least(offer.max_seats, facts.max_seats),
        prerequisites=offer.prerequisites or facts.prerequisites,
        upgrades=offer.upgrades or facts.upgrades,
        max_subscriptions=_least(offer.max_subscriptions, facts.max_subscriptions),
        max_subscriptions_ever=facts.max_subscriptions_ever or offer.max_subscriptions_ever,
    )


def matrix_warnings(
    customers: Iterable[CustomerSpec], matrix: OfferMatrix | None, *, market: str
) -> Iterator[Diagnostic]:
    """Where what is declared does not fit the matrix: seats, country, subscriptions of one offer. Known offline.

    A plan asks the provider, which has the last word; so these are warnings. `market`: where a customer's is not said.
    """
    for spec in customers if matrix is not None else ():
        country, lines = market_of(spec, None) or market, dict[OfferKey, int]()
        for line in spec.subscriptions:
            facts = matrix.offers.get(line.offer) if matrix is not None else None
            if facts is None or line.absent:
                continue
            lines[line.offer] = lines.get(line.offer, 0) + 1
            text = _unfit(line, facts, country, lines[line.offer])
            if text is not None and matrix is not None:
                yield warning(
                    "CSP627", f"{text}, as the offer matrix of {matrix.month} says", origin=line.origin.at("offer"),
                    address=str(line.address), hint="the plan asks the provider, which has the last word",
                )  # fmt: skip


def _unfit(line: SubscriptionSpec, facts: OfferFacts, country: str, count: int) -> str | None:
    title = facts.title or str(facts.key)
    if facts.max_seats is not None and line.seats > facts.max_seats:
        return f"{title} has at most {facts.max_seats} seats a subscription, {line.seats} are declared"
    if facts.min_seats is not None and line.seats < facts.min_seats:
        return f"{title} has at least {facts.min_seats} seats, {line.seats} are declared"
    if facts.countries and country not in facts.countries:
        return f"{title} is not sold in {country}"
    if facts.max_subscriptions is not None and count > facts.max_subscriptions:
        ever = " ever" if facts.max_subscriptions_ever else ""
        return f"a customer may have {facts.max_subscriptions} subscriptions of {title}{ever}, this is one more"
    return None


# ---- rates ----


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRows:
    """The rates of a file: US dollars one unit of a currency is worth."""

    rates: Mapping[str, Decimal]
    diagnostics: tuple[Diagnostic, ...]


def parse_rates(lines: Iterable[str]) -> RateRows:
    """Read the month's rates: CurrencyCode, USDPerUnit, Month. Two rates for one currency are none."""
    reader = csv.reader(_unmarked(lines))
    header = next((cells for cells in reader if any(cells)), None)
    names = {_plain(name): index for index, name in enumerate(header or ())}
    if header is None or "currencycode" not in names or "usdperunit" not in names:
        text = "this is no file of rates: it needs CurrencyCode and USDPerUnit"
        return RateRows(rates={}, diagnostics=(error("CSP623", text, line=1),))
    rates: dict[str, Decimal] = {}
    remarks: list[Diagnostic] = []
    doubtful: set[str] = set()
    for line, cells in _rows(reader):
        try:
            if isinstance(cells, str) or len(cells) != len(header):
                raise ValueError("the row cannot be split into its cells")
            code, rate = _rate(cells[names["currencycode"]].strip().upper(), cells[names["usdperunit"]].strip())
        except ValueError as problem:
            remarks.append(warning("CSP624", f"line {line}: rate left out: {problem}", line=line, column=1))
            continue
        if rates.setdefault(code, rate) != rate:
            doubtful.add(code)
            remarks.append(
                warning("CSP624", f"line {line}: two rates for {code}: {rates[code]} and {rate}", line=line, column=1)
            )
    kept = {code: rate for code, rate in rates.items() if code not in doubtful}
    if not kept:
        remarks.append(error("CSP623", "the file holds no rate"))
    return RateRows(
        rates=kept, diagnostics=tuple(remarks[:_SHOWN] + [item for item in remarks[_SHOWN:] if item.code == "CSP623"])
    )


def from_dollars(amount: Money, currency: str, rates: FxRates) -> Money | None:
    """What Microsoft prices in US dollars (Azure, marketplace) in a local currency by the month's rate (commerce §2.8).

    None where no rate is known. Seats have local prices and are never converted: anything but dollars raises.
    """
    if amount.currency != "USD":
        raise ValueError(f"{amount.currency} is not converted: only what is priced in US dollars is")
    if currency == "USD":
        return amount
    rate = rates.usd_per_unit.get(currency)
    if rate is None:
        return None
    exact = amount.exact() * (1 / Fraction(rate))
    return replace(exact, currency=currency).rounded(Rounding.HALF_UP)


# ---- cells ----


def _facts(names: Mapping[str, int], cells: Sequence[str]) -> OfferFacts:
    def cell(name: str) -> str:
        index = names.get(name)
        return cells[index].strip() if index is not None else ""

    key = OfferKey.parse(f"{cell('productid')}:{cell('skuid').removeprefix(chr(39)).zfill(4)}")
    least, most = _count("MinLicenses", cell("minlicenses")), _count("MaxLicenses", cell("maxlicenses"))
    if least is not None and most is not None and least > most:
        raise ValueError(f"{key}: at least {least} and at most {most} seats")
    kind = _plain(cell("assetownershiplimittype"))
    if kind not in ("", "concurrentcount", "lifetime", "none"):
        raise ValueError(f"{key}: an AssetOwnershipLimitType nobody documented, `{_safe(kind)}`")
    return OfferFacts(
        key=key,
        title=_safe(cell("skutitle") or cell("producttitle")),
        provisioning=_safe(cell("provisioningstring")),
        min_seats=least,
        max_seats=most,
        max_subscriptions=_count("AssetOwnershipLimit", cell("assetownershiplimit")) if kind != "none" else None,
        max_subscriptions_ever=kind == "lifetime",
        prerequisites=tuple(_offers(cell("productskuprerequisites"))),
        upgrades=tuple(_offers(cell("productskuconversion"))),
        countries=frozenset(re.findall(r"\b[A-Z]{2}\b", cell("allowedcountries").upper())),
    )


def _offers(text: str) -> Iterator[OfferKey]:
    """`PID/SID, PID/SID` with any separator; SKUs may have lost their zeros."""
    for product, sku in re.findall(r"([0-9A-Za-z]{12})\s*[/:]\s*'?([0-9A-Za-z]{1,4})", text):
        yield OfferKey.parse(f"{product}:{sku.zfill(4)}")


def _count(column: str, text: str) -> int | None:
    text = text.removeprefix("'")
    if not text:
        return None
    if not re.fullmatch(r"\d{1,12}", text):
        raise ValueError(f"{column} `{_safe(text)}` is no number")
    return int(text) if 0 < int(text) < _NO_LIMIT else None


def _strictest(one: OfferFacts, other: OfferFacts) -> OfferFacts:
    return replace(
        one,
        min_seats=max(one.min_seats or 0, other.min_seats or 0) or None,
        max_seats=_least(one.max_seats, other.max_seats),
        max_subscriptions=_least(one.max_subscriptions, other.max_subscriptions),
        max_subscriptions_ever=one.max_subscriptions_ever or other.max_subscriptions_ever,
        prerequisites=tuple(dict.fromkeys((*one.prerequisites, *other.prerequisites))),
        upgrades=tuple(dict.fromkeys((*one.upgrades, *other.upgrades))),
        countries=one.countries | other.countries,
    )


def _least(one: int | None, other: int | None) -> int | None:
    given = [item for item in (one, other) if item is not None]
    return min(given) if given else None


def _rate(code: str, text: str) -> tuple[str, Decimal]:
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise ValueError(f"`{_safe(code)}` is no currency")
    try:
        rate = Decimal(text.removeprefix("'"))
    except InvalidOperation:
        raise ValueError(f"{code}: `{_safe(text)}` is no rate") from None
    if not rate.is_finite() or rate <= 0:
        raise ValueError(f"{code}: `{_safe(text)}` is no rate")
    return code, rate


def _rows(reader: Iterator[list[str]]) -> Iterator[tuple[int, Sequence[str] | str]]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            yield reader.line_num, f"the row cannot be split into cells ({problem})"  # type: ignore[attr-defined]
            continue
        if any(cells):
            yield reader.line_num, cells  # type: ignore[attr-defined]


def _unmarked(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield line.removeprefix("\ufeff") if number == 0 else line


def _plain(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())


def _safe(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:120]
