"""What is sold: products, SKUs, prices and the availability ids under which they can be bought today.

Sources: contract §9 (resources, rotation of ids), commerce §2.1–2.2 (plans; a price row is for the whole term).
Without a price list prices are derived from USD retail figures: cost = 80 % of retail, EUR = 0.94 USD — made up, and
labelled so wherever they are shown.
"""

from __future__ import annotations

import csv
import hashlib
import tomllib
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from importlib import resources
from typing import Any

from .terms import MONTHS, PLANS, whole_cycles

SEGMENTS = ("commercial", "education", "government", "nonprofit")
CENT = Decimal("0.01")
NCE, SOFTWARE, AZURE, LEGACY, SAAS = "OnlineServicesNCE", "Software", "Azure", "legacy", "SaaS"
CURRENCY_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "CHF": "CHF", "SEK": "kr", "NOK": "kr", "DKK": "kr"}
_ALPHABET = "0123456789BCDFGHJKLMNPQRSTVWXZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One row of a price list: the whole term of one seat, before promotions and tax."""

    unit: Decimal
    retail: Decimal
    starts: datetime | None = None
    ends: datetime | None = None
    market: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sku:
    """One thing to buy. `plans` maps term to billing plans; a term of "" is none at all (Azure plan, perpetual
    software). A customer may have `owned_limit` subscriptions of it, ever where `owned_for_life` (0: any number); an
    add-on needs `base_share` per cent of its bases' seats.
    """

    product_id: str
    sku_id: str
    title: str
    segment: str = "commercial"
    kind: str = NCE
    provisioning_id: str = ""
    part_number: str = ""
    min_seats: int = 1
    max_seats: int = 10_000_000
    pooled: bool = False
    trial_of: str = ""
    addon: bool = False
    prerequisites: tuple[str, ...] = ()
    upgrades: tuple[str, ...] = ()
    attestation: bool = False
    owned_limit: int = 0
    owned_for_life: bool = False
    base_share: int = 0
    plans: dict[str, tuple[str, ...]] = field(default_factory=dict)
    product_title: str = ""
    fixed_availability: str = ""
    publisher: str = "Microsoft Corporation"
    hidden: bool = False
    raw: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.product_id}:{self.sku_id}"

    @property
    def is_trial(self) -> bool:
        return bool(self.trial_of)

    @property
    def segments(self) -> tuple[str, ...]:
        """Segments it is offered to: what is commercial is sold to authorities and charities as well."""
        return ("commercial", "government", "nonprofit") if self.segment == "commercial" else (self.segment,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """What a month of extended service costs a seat: `base` the month of a normal term, `uplift` percent on it."""

    unit: Decimal
    retail: Decimal
    base: Decimal
    uplift: int
    starts: datetime | None = None
    ends: datetime | None = None


class Catalog:
    """Everything on sale, with its prices; read-only once built."""

    def __init__(self) -> None:
        self.skus: dict[str, Sku] = {}
        self.prices: dict[tuple[str, str, str, str, str], list[Price]] = {}

    def add(self, sku: Sku) -> None:
        self.skus[sku.key.upper()] = sku

    def find(self, product_id: str, sku_id: str) -> Sku | None:
        return self.skus.get(f"{product_id}:{sku_id}".upper())

    def by_key(self, key: str) -> Sku | None:
        return self.skus.get(":".join(key.split(":")[:2]).upper())

    def product(self, product_id: str) -> list[Sku]:
        return [sku for sku in self.skus.values() if sku.product_id.upper() == product_id.upper()]

    def add_price(self, sku: str, segment: str, term: str, plan: str, currency: str, price: Price) -> None:
        self.prices.setdefault((sku.upper(), segment, term, plan, currency), []).append(price)

    def price(
        self, sku: Sku, segment: str, term: str, plan: str, currency: str, country: str, now: datetime
    ) -> Price | None:
        """The row in force: the market's own before any market's, then the latest start, then what was loaded last (a
        republished list, contract §9.2); None = not sold that way."""
        rows = self.prices.get((sku.key.upper(), segment, term, plan, currency), [])
        usable = [
            row
            for row in rows
            if row.market in ("", country)
            and (row.starts is None or row.starts <= now)
            and (row.ends is None or now <= row.ends)
        ]
        if not usable:
            return None
        return max(reversed(usable), key=lambda row: (row.market != "", row.starts.timestamp() if row.starts else 0.0))

    def extended_price(self, sku: Sku, segment: str, currency: str, country: str, now: datetime) -> Extended | None:
        """The row of the extended-service view: the monthly price + 3 %, a twelfth of the yearly one + 23 % where
        there is none (commerce §2.9), rounded to cents; None = not sold at all."""
        row, months, uplift = self.price(sku, segment, "P1M", "monthly", currency, country, now), 1, 3
        if row is None:
            row, months, uplift = self.price(sku, segment, "P1Y", "annual", currency, country, now), 12, 23
        return extended(row, months, uplift) if row is not None else None

    def offered(self, sku: Sku, segment: str, currency: str, country: str, now: datetime) -> list[tuple[str, str]]:
        """Every (term, plan) that has a price today."""
        return [
            (term, plan)
            for term, plans in sku.plans.items()
            for plan in plans
            if self.price(sku, segment, term, plan, currency, country, now) is not None
        ]


def extended(row: Price, months: int, uplift: int) -> Extended:
    """The extended-service row that belongs to a row of the normal list."""
    factor = (100 + Decimal(uplift)) / 100 / months
    return Extended(
        unit=_cents(row.unit * factor),
        retail=_cents(row.retail * factor),
        base=_cents(row.unit / months),
        uplift=uplift,
        starts=row.starts,
        ends=row.ends,
    )


def availability_id(sku: Sku, segment: str, now: datetime, rotation: int, back: int = 0) -> str:
    """The id in force `back` rotations ago: twelve characters, the first eight those of the product family."""
    if sku.fixed_availability:
        return sku.fixed_availability
    period = int(now.timestamp() // rotation) - back if rotation else 0
    digest = hashlib.sha256(f"{sku.key}/{segment}/{period}".encode()).digest()
    number = int.from_bytes(digest[:8], "big")
    tail = ""
    for _ in range(4):
        number, rest = divmod(number, len(_ALPHABET))
        tail += _ALPHABET[rest]
    return f"{sku.product_id[:7]}{'K' if segment == 'commercial' else segment[0].upper()}{tail}"


def resolve_availability(sku: Sku, wanted: str, now: datetime, rotation: int) -> tuple[str, int] | None:
    """Segment and age in rotations (0 or 1) of an availability id; None when it is unknown or two rotations old."""
    for segment in sku.segments:
        for back in (0, 1):
            if availability_id(sku, segment, now, rotation, back).upper() == wanted.upper():
                return segment, back
    return None


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def derived_price(retail_term: Decimal, term: str, plan: str, currency: str) -> Price:
    """A made-up row from a retail figure: the amount of one charge is rounded first, half up (commerce §2.2)."""
    charges = whole_cycles(term, plan)
    rate = Decimal("0.94") if currency == "EUR" else Decimal(1)
    retail = _cents(retail_term / charges * rate)
    return Price(unit=_cents(retail * Decimal("0.8")) * charges, retail=retail * charges)


def _retail(row: dict[str, str], term: str, plan: str) -> Decimal | None:
    year, month_of_year, month = row["erp_year"], row["erp_month_of_year"], row["erp_month"]
    if term == "P1M":
        return Decimal(month) if month else None
    years = 3 if term == "P3Y" else 1
    if plan == "monthly":
        return Decimal(month_of_year) * 12 * years if month_of_year else None
    return Decimal(year) * years if year else None


def builtin(with_prices: bool = True) -> Catalog:
    """The catalogue that ships with the simulator, with made-up prices unless a price list takes their place."""
    data = resources.files(__package__) / "data"
    relations = tomllib.loads((data / "relations.toml").read_text("utf-8"))
    catalog = Catalog()
    for row in csv.DictReader((data / "catalog.csv").read_text("utf-8").splitlines()):
        key = f"{row['product_id']}:{row['sku_id']}"
        plans = {term: plans for term, plans in PLANS.items() if term != "P1M" or row["erp_month"]}
        sku = Sku(
            product_id=row["product_id"],
            sku_id=row["sku_id"],
            title=row["title"],
            segment=row["segment"],
            provisioning_id=row["provisioning_id"] or str(uuid.uuid5(uuid.NAMESPACE_URL, key)),
            part_number=row["part_number"] or row["title"].upper().replace(" ", "_"),
            max_seats=int(row["max_seats"] or 10_000_000),
            pooled=bool(row["max_seats"]),
            upgrades=tuple(relations["upgrades"].get(key, ())),
            plans=plans,
        )
        catalog.add(sku)
        if with_prices:
            for term, term_plans in plans.items():
                for plan in term_plans:
                    retail = _retail(row, term, plan)
                    if retail is not None:
                        _everywhere(catalog, sku, term, plan, retail)
    for item in relations["extra"]:
        sku = sku_from_dict(item)
        catalog.add(sku)
        for place, retail in item["erp"].items():
            term, _, plan = place.partition("/")
            if with_prices or sku.is_trial or sku.kind == AZURE:
                _everywhere(catalog, sku, term, plan, Decimal(retail))
    return catalog


def _everywhere(catalog: Catalog, sku: Sku, term: str, plan: str, retail: Decimal) -> None:
    for segment in sku.segments:
        for currency in ("USD", "EUR"):
            catalog.add_price(sku.key, segment, term, plan, currency, derived_price(retail, term, plan, currency))


def sku_from_dict(item: dict[str, Any]) -> Sku:
    """A SKU from a data file or a seeding call: `id` is `PID:SID`, everything else optional."""
    product_id, _, sku_id = item["id"].partition(":")
    plans = item.get("plans", PLANS)
    return Sku(
        product_id=product_id,
        sku_id=sku_id,
        title=item.get("title", item["id"]),
        segment=item.get("segment", "commercial"),
        kind=item.get("kind", NCE),
        provisioning_id=item.get("provisioning_id") or str(uuid.uuid5(uuid.NAMESPACE_URL, item["id"])),
        part_number=item.get("part_number", ""),
        min_seats=item.get("min_seats", 1),
        max_seats=item.get("max_seats", 10_000_000),
        pooled=item.get("pooled", False),
        trial_of=item.get("trial_of", ""),
        addon=item.get("addon", False),
        prerequisites=tuple(item.get("prerequisites", ())),
        upgrades=tuple(item.get("upgrades", ())),
        attestation=item.get("attestation", False),
        owned_limit=item.get("owned_limit", 0),
        owned_for_life=item.get("owned_for_life", False),
        base_share=item.get("base_share", 0),
        plans={term: tuple(values) for term, values in plans.items()},
        product_title=item.get("product_title", ""),
        fixed_availability=item.get("availability", ""),
        publisher=item.get("publisher", "Microsoft Corporation"),
        raw=item.get("raw", {}),
        hidden=item.get("hidden", False),
    )


def add_seeded(catalog: Catalog, item: dict[str, Any]) -> None:
    """Adds a seeded SKU: its own retail prices replace what was there; without any, made-up ones of ten a month."""
    sku = sku_from_dict(item)
    known = [place for place in catalog.prices if place[0] == sku.key.upper()]
    catalog.add(sku)
    if item.get("prices") is not None:
        for place in known:
            del catalog.prices[place]
    for term, plans in sku.plans.items():
        for plan in plans:
            text = (item.get("prices") or {}).get(f"{term}/{plan}")
            if item.get("prices") is not None and text is None:
                continue
            if text is None and any(place[2:4] == (term, plan) for place in known):
                continue
            made_up = Decimal(0) if sku.is_trial else Decimal(10) * MONTHS.get(term, 1)
            _everywhere(catalog, sku, term, plan, made_up if text is None else Decimal(text))
