"""Price lists as people read them: one offer through all lists, and what changed from one list to another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from cspdecl.commerce.prices import tier_words, unit_price
from cspdecl.core.catalog import OfferKey
from cspdecl.core.project import PriceBook, PriceList, PriceRow, UnitPrice
from cspdecl.report.language import ENGLISH, Language

_ALWAYS = {1753: "always", 9999: "open"}


def show_offer(book: PriceBook, offer: OfferKey, *, market: str, lang: Language = ENGLISH) -> Iterator[str]:
    """Every row of an offer, list by list."""
    lists = [item for item in (*book.previews, *book.lists) if item.market == market]
    rows = [(item, row) for item in lists for row in _sorted(item, offer)]
    if not rows:
        yield lang.say(
            "{offer}: no row in {count} imported lists of {market}", offer=offer, count=len(lists), market=market
        )
        return
    titles = dict.fromkeys(row.title for _item, row in rows if row.title)
    yield f"{offer}  {' / '.join(titles)}".rstrip()
    named = None
    for item, row in rows:
        if item is not named:
            named = item
            yield f"  {_head(item, lang)}"
            for fault in item.faults:
                yield "    " + lang.say("not whole: {fault} (CSP615)", fault=lang.sentence(fault))
        yield f"    {_row(row, lang)}"


def show_diff(before: PriceList, after: PriceList, *, lang: Language = ENGLISH) -> Iterator[str]:
    """What became dearer, cheaper, new or gone, one line a price, the greatest rise first."""
    yield f"{_head(before, lang)}  →  {_head(after, lang)}"
    old, new = _keys(before), _keys(after)
    changed = [(key, old[key], new[key]) for key in old.keys() & new.keys() if _price(old[key]) != _price(new[key])]
    changed.sort(key=lambda item: (-_share(item[1], item[2]), item[0]))
    for key, one, other in changed:
        share, cost = lang.figures(f"{_share(one, other):+.1f} %"), f"{lang.figures(str(one.cost.amount))}"
        yield f"  ~ {_name(key, other, lang)}  {cost} → {lang.money(other.cost)}  {share}{_erp(one, other, lang)}"
    for key in sorted(new.keys() - old.keys()):
        yield f"  + {_name(key, new[key], lang)}  {lang.money(new[key].cost)}"
    for key in sorted(old.keys() - new.keys()):
        yield f"  - {_name(key, old[key], lang)}  {lang.money(old[key].cost)}"
    fresh, gone = len(new.keys() - old.keys()), len(old.keys() - new.keys())
    counts = {"changed": len(changed), "new": fresh, "gone": gone, "same": len(new) - fresh - len(changed)}
    shown = {name: lang.figures(str(count)) for name, count in counts.items()}
    yield lang.say("{changed} changed, {new} new, {gone} gone, {same} the same", **shown)


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


def _erp(one: PriceRow, other: PriceRow, lang: Language) -> str:
    if one.erp is None or other.erp is None or one.erp == other.erp:
        return ""
    before = lang.figures(str(one.erp.amount))
    return "  " + lang.say("list {before} → {after}", before=before, after=other.erp)


def _name(key: Key, row: PriceRow, lang: Language) -> str:
    product, sku, segment, term, billing, tier = key
    parts = [f"{product}:{sku}", f"{term} {billing}", segment if segment != "commercial" else "", row.title]
    return "  ".join(part for part in (*parts, lang.sentence(tier_words(tier)) if tier else "") if part)


def _head(item: PriceList, lang: Language) -> str:
    words = {"license": lang.say("licences"), "software": lang.say("software"), "est": lang.say("extended terms")}
    return lang.say(
        "announced, not yet a price: list {date}, {market}, {currency}, {holds}"
        if item.timeline == "preview"
        else "list {date}, {market}, {currency}, {holds}",
        date=item.date, market=item.market, currency=item.currency, holds=words[item.view],
    )  # fmt: skip


def _row(row: PriceRow, lang: Language) -> str:
    found = unit_price(row, list_date="", list_digest="")
    cycle = ""
    if isinstance(found, UnitPrice) and found.cycle_price != row.cost:
        cycle = ", " + lang.say("{amount} a charge cycle", amount=found.cycle_price)
    erp = ", " + lang.say("list {amount}", amount=row.erp) if row.erp else ""
    doubt = lang.say(" (no price: CSP611)") if row.cost.amount <= 0 else ""
    tier = f", {lang.sentence(tier_words(row.tier))}" if row.tier else ""
    segment = f", {row.segment}" if row.segment != "commercial" else ""
    ends = {"first": _day(row.effective_from, lang), "last": _day(row.effective_to, lang)}
    whole = lang.say("{amount} for the term", amount=row.cost)
    span = lang.say("{first} to {last}", **ends)
    return f"{row.term} {lang.say(row.billing)}{segment}{tier}: {whole}{cycle}{erp}{doubt}, {span}"


def _day(moment: datetime, lang: Language) -> str:
    if moment.year in _ALWAYS:
        return lang.say(_ALWAYS[moment.year])
    day = lang.day(moment.date())
    return day if moment.time().isoformat() == "00:00:00" else f"{day} {moment:%H:%M}"


def _sorted(item: PriceList, offer: OfferKey) -> list[PriceRow]:
    return sorted(
        item.rows.get(offer, ()), key=lambda row: (row.segment, row.term, row.billing, row.effective_from, row.tier)
    )
