"""Renewals as people read them, by month and the undecided first, and as JSON. Names of tenants are escaped here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

from cspdecl.commerce.prices import UnknownPrice, list_words
from cspdecl.commerce.words import counted, day, instant, last_day
from cspdecl.core.diagnostics import Diagnostic, warning
from cspdecl.core.money import Money
from cspdecl.core.plain import instant_text, to_plain
from cspdecl.core.project import UnitPrice
from cspdecl.core.terms import BillingCycle
from cspdecl.planning.renewals import OpenWindow, Renewal, Renewals, UnderWay
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.safe import safe_text

_COST = {
    "monthly": "cost {amount} a month",
    "annual": "cost {amount} a year",
    "triennial": "cost {amount} for three years",
}


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


def renewals_text(found: Renewals, *, every: bool = False, lang: Language = ENGLISH) -> list[str]:
    """The list as lines of text. `every`: monthly terms that simply go on, one by one."""
    lines = [
        lang.say(
            "{project} · terms that end until {day} · read {moment}",
            project=safe_text(found.project), day=_day(found.horizon), moment=found.as_of,
        )
    ]  # fmt: skip
    if found.under_way:
        lines += ["", lang.say("Under way"), *(_under_way(item, lang) for item in found.under_way)]
    if found.undecided:
        lines += ["", lang.say("To be decided")]
        for item in found.undecided:
            lines += _item(item, lang)
    settled = [item for item in found.items if not item.undecided]
    shown = [item for item in settled if every or not item.routine]
    for month, group in groupby(shown, key=lambda item: day(item.ends)[:7]):
        lines += ["", month]
        for item in group:
            lines += _item(item, lang)
    routine = len(settled) - len(shown)
    if routine:
        goes = "1 monthly term goes on unchanged (`--all`)"
        lines += ["", lang.counted(routine, goes, "{count} monthly terms go on unchanged (`--all`)")]
    if found.windows:
        lines += ["", lang.say("Still to be returned"), *(_window(item, lang) for item in found.windows)]
    if not found.items:
        lines += ["", lang.say("no term ends in that time")]
    for key, why in found.unread.items():
        reason = safe_text(lang.sentence(why), longest=300)
        lines.append(lang.say("not read: {customer}: {why}", customer=safe_text(key), why=reason))
    return lines


def _item(item: Renewal, lang: Language) -> Iterator[str]:
    term = f", {item.term} {_billed(item.billing, lang)}" if item.term and item.billing else ""
    where, title = safe_text(where_of(item)), safe_text(item.title)
    yield f"  {lang.day(_last(item.ends))}  {where}  {title}, {lang.seats(item.seats)}{term}"
    yield f"      {happens(item, lang)}"
    money = charged(item, lang)
    if money:
        yield f"      {money}"
    if item.returnable_until is None:
        last = lang.say("last moment {moment}", moment=item.decide_by)
    else:
        last = lang.say(
            "last moment {moment}; seats can be returned until about {day}",
            moment=item.decide_by, day=_day(item.returnable_until),
        )  # fmt: skip
    yield f"      {last}"
    for text in item.notes:
        yield f"      {safe_text(lang.sentence(text), longest=400)}"


def outcome_words(item: Renewal, lang: Language = ENGLISH) -> str:
    """What becomes of the term, in a word or two."""
    if item.outcome == "undecided":
        return lang.say("undecided")
    if item.outcome == "ends":
        return lang.say("ends")
    if item.next is None:
        return lang.say("becomes a paid subscription")
    if item.outcome == "extends":
        return lang.say("goes on by the month")
    return lang.say("becomes paid") if item.outcome == "converts" else lang.say("renews")


def happens(item: Renewal, lang: Language = ENGLISH) -> str:
    """What follows the term, in words."""
    upcoming = item.next
    if item.outcome == "undecided":
        return lang.say("undecided: auto-renew is off, no end is set")
    if item.outcome == "ends" or upcoming is None:
        return outcome_words(item, lang)
    what = [lang.seats(upcoming.seats), f"{upcoming.term} {_billed(upcoming.billing, lang)}"]
    if upcoming.offer != item.offer:
        what.append(lang.say("as {offer}", offer=upcoming.offer))
    if upcoming.ends is not None:
        what.append(lang.say("ending on {day}", day=upcoming.ends))
    return f"{outcome_words(item, lang)}: {', '.join(what)}"


def charged(item: Renewal, lang: Language = ENGLISH) -> str:
    """What the next term costs and earns, in words; empty where none follows."""
    if item.price is None:
        return ""
    if isinstance(item.price, UnknownPrice):
        return lang.say("cost unknown: {why}", why=safe_text(lang.sentence(item.price.reason), longest=300))
    parts = []
    if item.cost_cycle is not None:
        parts.append(lang.say(_COST.get(str(item.price.billing), "cost {amount} a cycle"), amount=item.cost_cycle))
    if item.commitment is not None and item.committed_until is not None:
        parts.append(lang.say("{amount} until {day}", amount=item.commitment, day=_last(item.committed_until)))
    if item.sell_month is not None:
        parts.append(lang.say("sell {amount} a month", amount=item.sell_month))
    return f"{', '.join(parts)} ({lang.sentence(_basis(item.price))})"


def _basis(price: UnitPrice) -> str:
    return f"{list_words(price)}{', a forecast' if price.forecast else ''}"


def _billed(billing: BillingCycle, lang: Language) -> str:
    return lang.say(str(billing))


def _window(item: OpenWindow, lang: Language) -> str:
    what = lang.say("all of it") if item.whole else lang.seats(item.seats)
    until = lang.say("until {moment}", moment=item.until)
    return f"  {until}  {safe_text(_where(item))}  {safe_text(item.title)}: {what}"


def _under_way(item: UnderWay, lang: Language) -> str:
    what = f"{safe_text(_where(item))}  {safe_text(item.title)}, {lang.seats(item.seats)}"
    return f"  {lang.day(_last(item.ended))}  {what}: {safe_text(lang.sentence(item.why), longest=300)}"


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _last(exclusive: datetime) -> date:
    """The last full day before an exclusive end."""
    return _day(exclusive - timedelta(microseconds=1))


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
