"""A comparison of the ledger with a reconciliation file, for finance and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from cspdecl.billing.variance import Comparison, Variance, VarianceClass
from cspdecl.core.money import Money
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.printable import printable

_WORDS: dict[VarianceClass, tuple[str, str]] = {
    "rounding": (
        "1 line differs by rounding only, within a cent a unit",
        "{count} lines differ by rounding only, within a cent a unit",
    ),
    "timing": (
        "1 line falls on other days, or is not there yet",
        "{count} lines fall on other days, or are not there yet",
    ),
    "missing_line": ("1 line is expected and was not billed", "{count} lines are expected and were not billed"),
    "extra_line": ("1 line was billed and is not expected", "{count} lines were billed and are not expected"),
    "charge_type": ("1 line is billed as another type of charge", "{count} lines are billed as another type of charge"),
    "price": ("1 line has another price", "{count} lines have another price"),
    "quantity": ("1 line has another quantity", "{count} lines have another quantity"),
    "fx": (
        "1 line is in another currency or at an exchange rate",
        "{count} lines are in another currency or at an exchange rate",
    ),
    "tax": ("1 line differs by tax", "{count} lines differ by tax"),
    "est": ("1 line is in an extended service term", "{count} lines are in an extended service term"),
    "unpriced": (
        "1 line has no price in the ledger to compare with",
        "{count} lines have no price in the ledger to compare with",
    ),
}
_MOST = 200


def render_comparison(found: Comparison, *, lang: Language = ENGLISH) -> Iterator[str]:
    """As text: the sums, how many lines agree, then every variance but rounding, the largest first."""
    yield lang.say("charges from {since} to before {before}", since=found.since, before=found.before) + "\n"
    yield _sum("ledger", _amounts(found.expected_total, lang), lang)
    yield _sum("billed", _amounts(found.billed_total, lang), lang)
    if found.unmanaged:
        about = {"amounts": _amounts(found.unmanaged_total, lang), "lines": _lines(len(found.unmanaged), lang)}
        said = lang.say("{amounts} on {lines} of subscriptions this ledger did not have then", **about)
        yield _sum("besides", said, lang)
    if found.usage:
        about = {"amounts": _amounts(found.usage_total, lang), "lines": _lines(len(found.usage), lang)}
        yield _sum("usage", lang.say("{amounts} on {lines}, which the ledger does not count", **about), lang)
    yield "\n" + lang.counted(found.equal, "1 line equal to the cent", "{count} lines equal to the cent") + "\n"
    counts = Counter(item.name for item in found.variances)
    for name, words in _WORDS.items():
        if counts[name]:
            yield f"{lang.counted(counts[name], *words)} ({name})\n"
    for bad in found.bad[:_MOST]:
        why = printable(lang.sentence(bad.why))
        yield lang.say("line {number} of the file cannot be read: {why}", number=str(bad.number), why=why) + "\n"
    shown = [item for item in found.variances if not item.tolerated]
    if shown:
        yield "\n"
    for item in shown[:_MOST]:
        yield _row(item, lang)
    if len(shown) > _MOST:
        yield lang.say("… and {count} more: `--format json` has them all", count=str(len(shown) - _MOST)) + "\n"


def comparison_document(found: Comparison) -> dict[str, Any]:
    """As one JSON document."""
    return {
        "since": found.since.isoformat(),
        "before": found.before.isoformat(),
        "agrees": found.agrees,
        "lines": found.lines,
        "equal": found.equal,
        "expected_total": [_money(one) for one in found.expected_total],
        "billed_total": [_money(one) for one in found.billed_total],
        "unmanaged_total": [_money(one) for one in found.unmanaged_total],
        "usage_total": [_money(one) for one in found.usage_total],
        "classes": dict(sorted(Counter(item.name for item in found.variances).items())),
        "variances": [_variance(item) for item in found.variances],
        "unmanaged": [
            {"line": one.number, "subscription": one.subscription, "customer": one.customer, "charge": one.charge}
            for one in found.unmanaged
        ],
        "unreadable": [{"line": one.number, "why": one.why} for one in found.bad],
    }


def _variance(item: Variance) -> dict[str, Any]:
    mine, other = item.expected, item.billed
    out: dict[str, Any] = {
        "class": item.name,
        "text": item.text,
        "address": str(mine.address) if mine else None,
        "subscription": mine.subscription if mine and mine.subscription else other.subscription if other else None,
        "charge": mine.charge if mine else other.charge if other else None,
        "start": (mine.start.isoformat() if mine else other.start.isoformat() if other and other.start else None),
        "end": (mine.end.isoformat() if mine else other.end.isoformat() if other and other.end else None),
        "quantity": str(mine.quantity) if mine else str(other.quantity) if other and other.quantity else None,
        "expected": _money(mine.amount) if mine and mine.amount is not None else None,
        "billed": _money(Money(other.amount, other.currency)) if other and other.amount is not None else None,
        "difference": _money(item.difference) if item.difference is not None else None,
        "record": mine.record if mine else None,
        "line": other.number if other else None,
        "reference": other.reference if other else None,
    }
    return {key: value for key, value in out.items() if value is not None}


def _sum(name: str, text: str, lang: Language) -> str:
    return f"  {lang.say(name):<9}{text}\n"


def _row(item: Variance, lang: Language) -> str:
    mine, other = item.expected, item.billed
    where = str(mine.address) if mine else f"{other.customer_name} {other.subscription}" if other else ""
    charge = mine.charge if mine else other.charge if other else ""
    start = mine.start if mine else other.start if other else None
    end = mine.end if mine else other.end if other else None
    line = " " + lang.say("(line {number})", number=str(other.number)) if other else ""
    days = f"{lang.day(start) if start else start}…{lang.day(end) if end else end}"
    text = printable(lang.sentence(item.text))
    return f"{item.name:<12}  {printable(where)}  {printable(charge)} {days}{line}: {text}\n"


def _amounts(amounts: tuple[Money, ...], lang: Language) -> str:
    return ", ".join(lang.money(one) for one in amounts) or lang.say("nothing")


def _money(amount: Money) -> dict[str, str]:
    return {"amount": format(amount.amount, "f"), "currency": amount.currency}


def _lines(count: int, lang: Language) -> str:
    return lang.counted(count, "1 line", "{count} lines")
