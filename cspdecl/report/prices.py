"""Price lists as people read them: one offer through all lists, and what changed from one list to another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from cspdecl.commerce.prices import tier_words, unit_price
from cspdecl.core.catalog import OfferKey
from cspdecl.core.project import PriceBook, PriceList, PriceRow, UnitPrice

_ALWAYS = {1753: "always", 9999: "open"}


def show_offer(book: PriceBook, offer: OfferKey, *, market: str) -> Iterator[str]:
    """Every row of an offer, list by list."""
    lists = [item for item in (*book.previews, *book.lists) if item.market == market]
    rows = [(item, row) for item in lists for row in _sorted(item, offer)]
    if not rows:
        yield f"{offer}: no row in {len(lists)} imported lists of {market}"
        return
    titles = dict.fromkeys(row.title for _item, row in rows if row.title)
    yield f"{offer}  {' / '.join(titles)}".rstrip()
    named = None
    for item, row in rows:
        if item is not named:
            named = item
            yield f"  {_head(item)}"
            yield from (f"    not whole: {fault} (CSP615)" for fault in item.faults)
        yield f"    {_row(row)}"


def show_diff(before: PriceList, after: PriceList) -> Iterator[str]:
    """What became dearer, cheaper, new or gone, one line a price, the greatest rise first."""
    yield f"{_head(before)}  →  {_head(after)}"
    old, new = _keys(before), _keys(after)
    changed = [(key, old[key], new[key]) for key in old.keys() & new.keys() if _price(old[key]) != _price(new[key])]
    changed.sort(key=lambda item: (-_share(item[1], item[2]), item[0]))
    for key, one, other in changed:
        share = _share(one, other)
        yield f"  ~ {_name(key, other)}  {one.cost.amount} → {other.cost}  {share:+.1f} %{_erp(one, other)}"
    for key in sorted(new.keys() - old.keys()):
        yield f"  + {_name(key, new[key])}  {new[key].cost}"
    for key in sorted(old.keys() - new.keys()):
        yield f"  - {_name(key, old[key])}  {old[key].cost}"
    fresh, gone = len(new.keys() - old.keys()), len(old.keys() - new.keys())
    yield f"{len(changed)} changed, {fresh} new, {gone} gone, {len(new) - fresh - len(changed)} the same"


Key = tuple[str, str, str, str, str, str]


def _keys(prices: PriceList) -> dict[Key, PriceRow]:
    """The row that counts for each key: of several the one that starts latest."""
    found: dict[Key, PriceRow] = {}
    for offer, rows in prices.rows.items():
        for row in sorted(rows, key=lambda row: (row.effective_from, row.cost.amount)):
            found[offer.product, offer.sku, row.segment, row.term, row.billing, row.tier] = row
    return found


def _price(row: PriceRow) -> tuple[Decimal, Decimal | None]:
    return row.cost.amount, row.erp.amount if row.erp else None


def _share(one: PriceRow, other: PriceRow) -> Decimal:
    return (other.cost.amount - one.cost.amount) * 100 / one.cost.amount if one.cost.amount > 0 else Decimal(0)


def _erp(one: PriceRow, other: PriceRow) -> str:
    if one.erp is None or other.erp is None or one.erp == other.erp:
        return ""
    return f"  list {one.erp.amount} → {other.erp}"


def _name(key: Key, row: PriceRow) -> str:
    product, sku, segment, term, billing, tier = key
    parts = [f"{product}:{sku}", f"{term} {billing}", segment if segment != "commercial" else "", row.title]
    return "  ".join(part for part in (*parts, tier_words(tier) if tier else "") if part)


def _head(item: PriceList) -> str:
    words = {"license": "licences", "software": "software", "est": "extended terms"}[item.view]
    announced = "announced, not yet a price: " if item.timeline == "preview" else ""
    return f"{announced}list {item.date}, {item.market}, {item.currency}, {words}"


def _row(row: PriceRow) -> str:
    found = unit_price(row, list_date="", list_digest="")
    cycle = ""
    if isinstance(found, UnitPrice) and found.cycle_price != row.cost:
        cycle = f", {found.cycle_price} a charge cycle"
    erp = f", list {row.erp}" if row.erp else ""
    doubt = " (no price: CSP611)" if row.cost.amount <= 0 else ""
    tier = f", {tier_words(row.tier)}" if row.tier else ""
    segment = f", {row.segment}" if row.segment != "commercial" else ""
    span = f"{_day(row.effective_from)} to {_day(row.effective_to)}"
    return f"{row.term} {row.billing}{segment}{tier}: {row.cost} for the term{cycle}{erp}{doubt}, {span}"


def _day(moment: datetime) -> str:
    return _ALWAYS.get(
        moment.year, f"{moment:%Y-%m-%d}" if moment.time().isoformat() == "00:00:00" else f"{moment:%Y-%m-%d %H:%M}"
    )


def _sorted(item: PriceList, offer: OfferKey) -> list[PriceRow]:
    return sorted(
        item.rows.get(offer, ()), key=lambda row: (row.segment, row.term, row.billing, row.effective_from, row.tier)
    )
