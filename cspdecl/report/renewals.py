"""Renewals as people read them, by month and the undecided first, and as JSON. Names of tenants are escaped here."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from cspdecl.commerce.prices import UnknownPrice, list_words
from cspdecl.commerce.words import counted, day, instant, last_day, seats
from cspdecl.core.diagnostics import Diagnostic, warning
from cspdecl.core.money import Money
from cspdecl.core.plain import instant_text, to_plain
from cspdecl.core.project import UnitPrice
from cspdecl.core.terms import BillingCycle
from cspdecl.planning.renewals import OpenWindow, Renewal, Renewals, UnderWay
from cspdecl.report.safe import safe_text

_CYCLE = {"monthly": "a month", "annual": "a year", "triennial": "for three years"}


def undecided_warning(found: Renewals) -> Diagnostic | None:
    """One warning for everything that ends without a decision."""
    items = found.undecided
    if not items:
        return None
    first = min(items, key=lambda item: item.decide_by)
    return warning(
        "CSP645",
        f"{counted(len(items), 'term')} {'ends' if len(items) == 1 else 'end'} without a decision, "
        f"the first on {last_day(first.ends)}",
        label=safe_text(where_of(first)),
        hint=f"decide before {instant(first.decide_by)}: `endOfTerm: renew`, `cancel` or `extend`, then plan and apply",
    )


def renewals_text(found: Renewals, *, every: bool = False) -> list[str]:
    """The list as lines of text. `every`: monthly terms that simply go on, one by one."""
    lines = [f"{safe_text(found.project)} · terms that end until {day(found.horizon)} · read {instant(found.as_of)}"]
    if found.under_way:
        lines += ["", "Under way", *(_under_way(item) for item in found.under_way)]
    if found.undecided:
        lines += ["", "To be decided"]
        for item in found.undecided:
            lines += _item(item)
    settled = [item for item in found.items if not item.undecided]
    shown = [item for item in settled if every or not item.routine]
    for month, group in groupby(shown, key=lambda item: day(item.ends)[:7]):
        lines += ["", month]
        for item in group:
            lines += _item(item)
    routine = len(settled) - len(shown)
    if routine:
        lines += ["", f"{counted(routine, 'monthly term')} {'goes' if routine == 1 else 'go'} on unchanged (`--all`)"]
    if found.windows:
        lines += ["", "Still to be returned", *(_window(item) for item in found.windows)]
    if not found.items:
        lines += ["", "no term ends in that time"]
    for key, why in found.unread.items():
        lines.append(f"not read: {safe_text(key)}: {safe_text(why, longest=300)}")
    return lines


def _item(item: Renewal) -> Iterator[str]:
    term = f", {item.term} {item.billing}" if item.term and item.billing else ""
    yield f"  {last_day(item.ends)}  {safe_text(where_of(item))}  {safe_text(item.title)}, {seats(item.seats)}{term}"
    yield f"      {happens(item)}"
    money = charged(item)
    if money:
        yield f"      {money}"
    after = ""
    if item.returnable_until is not None:
        after = f"; seats can be returned until about {day(item.returnable_until)}"
    yield f"      last moment {instant(item.decide_by)}{after}"
    for text in item.notes:
        yield f"      {safe_text(text, longest=400)}"


def happens(item: Renewal) -> str:
    """What follows the term, in words."""
    upcoming = item.next
    if item.outcome == "undecided":
        return "undecided: auto-renew is off, no end is set"
    if item.outcome == "ends":
        return "ends"
    if upcoming is None:
        return "becomes a paid subscription"
    what = f"{seats(upcoming.seats)}, {upcoming.term} {upcoming.billing}"
    if upcoming.offer != item.offer:
        what += f", as {upcoming.offer}"
    if upcoming.ends is not None:
        what += f", ending on {upcoming.ends}"
    if item.outcome == "extends":
        return f"goes on by the month: {what}"
    return f"{'becomes paid' if item.outcome == 'converts' else 'renews'}: {what}"


def charged(item: Renewal) -> str:
    """What the next term costs and earns, in words; empty where none follows."""
    if item.price is None:
        return ""
    if isinstance(item.price, UnknownPrice):
        return f"cost unknown: {safe_text(item.price.reason, longest=300)}"
    parts = []
    if item.cost_cycle is not None:
        parts.append(f"cost {item.cost_cycle} {_per(item.price.billing)}")
    if item.commitment is not None and item.committed_until is not None:
        parts.append(f"{item.commitment} until {last_day(item.committed_until)}")
    if item.sell_month is not None:
        parts.append(f"sell {item.sell_month} a month")
    return f"{', '.join(parts)} ({_basis(item.price)})"


def _basis(price: UnitPrice) -> str:
    return f"{list_words(price)}{', a forecast' if price.forecast else ''}"


def _per(billing: BillingCycle) -> str:
    return _CYCLE.get(str(billing), "a cycle")


def _window(item: OpenWindow) -> str:
    what = "all of it" if item.whole else seats(item.seats)
    return f"  until {instant(item.until)}  {safe_text(_where(item))}  {safe_text(item.title)}: {what}"


def _under_way(item: UnderWay) -> str:
    what = f"{safe_text(_where(item))}  {safe_text(item.title)}, {seats(item.seats)}"
    return f"  {last_day(item.ended)}  {what}: {safe_text(item.why, longest=300)}"


def where_of(item: Renewal) -> str:
    """The line's address, or the customer and the subscription where no line stands for it."""
    return _where(item)


def _where(item: Renewal | OpenWindow | UnderWay) -> str:
    return str(item.address) if item.address is not None else f"{item.customer} ({item.subscription})"


# ---- for machines ----


def renewals_document(found: Renewals) -> dict[str, Any]:
    """The list as JSON: instants in UTC, amounts as decimal text with their currency; what is unknown is null."""
    return {
        "project": found.project,
        "now": instant_text(found.now),
        "read_at": instant_text(found.as_of),
        "until": instant_text(found.horizon),
        "undecided": len(found.undecided),
        "under_way": [_under_way_document(item) for item in found.under_way],
        "renewals": [_renewal(item) for item in found.items],
        "windows": [_window_document(item) for item in found.windows],
        "unread": dict(found.unread),
    }


def _renewal(item: Renewal) -> dict[str, Any]:
    known = item.price if isinstance(item.price, UnitPrice) else None
    return {
        **_who(item),
        "offer": None if item.offer is None else str(item.offer),
        "seats": item.seats,
        "term": None if item.term is None else str(item.term),
        "billing": None if item.billing is None else str(item.billing),
        "last_day": last_day(item.ends),
        "ends": instant_text(item.ends),
        "decide_by": instant_text(item.decide_by),
        "outcome": item.outcome,
        "undecided": item.undecided,
        "declared": item.declared,
        "live": item.ending,
        "next": None if item.next is None else to_plain(item.next),
        "unit_price": _money(known.cycle_price if known else None),
        "price_basis": _basis(known) if known else None,
        "price_unknown": item.price.reason if isinstance(item.price, UnknownPrice) else None,
        "cost_cycle": _money(item.cost_cycle),
        "cost_month": _money(item.cost_month),
        "sell_month": _money(item.sell_month),
        "commitment": _money(item.commitment),
        "committed_until": None if item.committed_until is None else instant_text(item.committed_until),
        "returnable_until": None if item.returnable_until is None else instant_text(item.returnable_until),
        "notes": list(item.notes),
    }


def _window_document(item: OpenWindow) -> dict[str, Any]:
    return {**_who(item), "seats": item.seats, "until": instant_text(item.until), "whole": item.whole}


def _under_way_document(item: UnderWay) -> dict[str, Any]:
    return {**_who(item), "seats": item.seats, "last_day": last_day(item.ended), "why": item.why}


def _who(item: Renewal | OpenWindow | UnderWay) -> dict[str, Any]:
    return {
        "customer": item.customer,
        "address": None if item.address is None else str(item.address),
        "title": item.title,
        "subscription": item.subscription,
    }


def _money(money: Money | None) -> dict[str, str] | None:
    return None if money is None else {"amount": format(money.amount, "f"), "currency": money.currency}
