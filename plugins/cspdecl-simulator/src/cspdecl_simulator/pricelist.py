"""Reads a Partner Center price list: 18 documented columns, later ones with Segment (contract §9.2)."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from .catalog import NCE, Catalog, Price, Sku
from .charging.amounts import instalment
from .terms import whole_cycles
from .wire import iso

_PLANS = {
    "monthly": "monthly",
    "annual": "annual",
    "triennial": "triennial",
    "none": "none",
    "": "one_time",
    "onetime": "one_time",
    "one time": "one_time",
}
_SEGMENTS = {"charity": "nonprofit", "": "commercial"}
_FORMATS = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")


class PriceListError(ValueError):
    """The file cannot be read as a price list; the text says where."""


def _instant(text: str) -> datetime | None:
    """An American date; the open ends 1753 and 9999 and an empty cell count as none."""
    text = text.strip().removesuffix("Z").split(".")[0]
    for shape in _FORMATS:
        try:
            found = datetime.strptime(text, shape).replace(tzinfo=UTC)
        except ValueError:
            continue
        return None if found.year in (1753, 9999) else found
    return None


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows as small dictionaries, ready to be kept in a world file.

    Raises PriceListError when columns are missing or a price is no number.
    """
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        names = {(name or "").strip().strip('“”"').lower().replace(" ", ""): name for name in reader.fieldnames or ()}
        needed = ("productid", "skuid", "termduration", "billingplan", "currency", "unitprice", "erpprice")
        missing = [name for name in needed if name not in names]
        if missing:
            raise PriceListError(f"{path}: columns missing: {', '.join(missing)}")
        rows = []
        for number, row in enumerate(reader, start=2):

            def cell(name: str, row: dict[str, str] = row) -> str:
                return (row.get(names.get(name, "")) or "").strip()

            try:
                unit, retail = Decimal(cell("unitprice")), Decimal(cell("erpprice") or cell("unitprice"))
            except InvalidOperation as problem:
                raise PriceListError(f"{path}:{number}: UnitPrice and ERP Price must be numbers") from problem
            starts, ends = _instant(cell("effectivestartdate")), _instant(cell("effectiveenddate"))
            segment = cell("segment").lower()
            rows.append(
                {
                    "sku": f"{cell('productid')}:{cell('skuid').zfill(4)}",
                    "title": cell("skutitle") or cell("producttitle"),
                    "segment": _SEGMENTS.get(segment, segment),
                    "term": cell("termduration") if cell("termduration") not in ("NoTerm", "OneTime") else "",
                    "plan": _PLANS.get(cell("billingplan").lower(), cell("billingplan").lower()),
                    "market": cell("market"),
                    "currency": cell("currency"),
                    "unit": str(unit),
                    "retail": str(retail),
                    "starts": iso(starts) if starts else "",
                    "ends": iso(ends) if ends else "",
                }
            )
    return rows


def add_rows(catalog: Catalog, rows: list[dict[str, str]]) -> None:
    """Puts the rows into a catalogue; a SKU it does not know becomes one, with the plans the list prices."""
    from .wire import moment

    for row in rows:
        sku = catalog.by_key(row["sku"])
        if sku is None:
            product_id, _, sku_id = row["sku"].partition(":")
            sku = Sku(
                product_id=product_id,
                sku_id=sku_id,
                title=row["title"] or row["sku"],
                kind=NCE,
                segment=row["segment"],
                plans={},
            )
            catalog.add(sku)
        plans = sku.plans.get(row["term"], ())
        if row["plan"] not in plans:
            sku.plans[row["term"]] = (*plans, row["plan"])
        price = Price(
            unit=Decimal(row["unit"]),
            retail=Decimal(row["retail"]),
            market=row["market"],
            starts=moment(row["starts"]) if row["starts"] else None,
            ends=moment(row["ends"]) if row["ends"] else None,
        )
        for segment in (
            sku.segments if row["segment"] == "commercial" and sku.segment == "commercial" else (row["segment"],)
        ):
            catalog.add_price(sku.key, segment, row["term"], row["plan"], row["currency"], price)


def _ended(price: Price, at: datetime) -> Price:
    return replace(price, ends=at - timedelta(microseconds=1)) if price.ends is None or price.ends >= at else price


def replace_from(catalog: Catalog, rows: list[dict[str, str]], at: datetime) -> None:
    """A list that takes over on a day: what it prices anew ends before it, what it does not name stays as it is."""
    named = {(row["sku"].upper(), row["term"], row["plan"], row["currency"], row["market"]) for row in rows}
    for (key, segment, term, plan, currency), prices in catalog.prices.items():
        catalog.prices[key, segment, term, plan, currency] = [
            _ended(price, at)
            if (key, term, plan, currency, price.market) in named or (key, term, plan, currency, "") in named
            else price
            for price in prices
        ]
    add_rows(catalog, [row | {"starts": row["starts"] or iso(at)} for row in rows])


def raise_from(catalog: Catalog, percent: Decimal, at: datetime) -> None:
    """Every price in force on a day goes up, or down, by a percentage; the amount of one charge is rounded first."""
    factor = 1 + percent / 100
    for (key, segment, term, plan, currency), prices in catalog.prices.items():
        raised = []
        for price in prices:
            runs = (price.starts is None or price.starts <= at) and (price.ends is None or price.ends >= at)
            if runs and price.unit:
                unit, retail = (
                    instalment(value * factor, term, plan, currency, exact=False) * whole_cycles(term, plan)
                    for value in (price.unit, price.retail)
                )
                raised.append(replace(price, starts=at, unit=unit, retail=retail))
        if raised:
            kept = [_ended(price, at) if price.starts is None or price.starts < at else price for price in prices]
            catalog.prices[key, segment, term, plan, currency] = kept + raised
