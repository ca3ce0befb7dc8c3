"""A comparison of the ledger with a reconciliation file, for finance and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from cspdecl.billing.variance import Comparison, Variance, VarianceClass
from cspdecl.core.money import Money
from cspdecl.report.printable import printable

_WORDS: dict[VarianceClass, str] = {
    "rounding": "differ by rounding only, within a cent a unit",
    "timing": "fall on other days, or are not there yet",
    "missing_line": "are expected and were not billed",
    "extra_line": "were billed and are not expected",
    "charge_type": "are billed as another type of charge",
    "price": "have another price",
    "quantity": "have another quantity",
    "fx": "are in another currency or at an exchange rate",
    "tax": "differ by tax",
    "est": "are in an extended service term",
    "unpriced": "have no price in the ledger to compare with",
}
_MOST = 200


def render_comparison(found: Comparison) -> Iterator[str]:
    """As text: the sums, how many lines agree, then every variance but rounding, the largest first."""
    yield f"charges from {found.since} to before {found.before}\n"
    yield f"  ledger   {_amounts(found.expected_total)}\n"
    yield f"  billed   {_amounts(found.billed_total)}\n"
    if found.unmanaged:
        total = _amounts(found.unmanaged_total)
        yield f"  besides  {total} on {_lines(len(found.unmanaged))} of subscriptions this ledger did not have then\n"
    if found.usage:
        total = _amounts(found.usage_total)
        yield f"  usage    {total} on {_lines(len(found.usage))}, which the ledger does not count\n"
    yield f"\n{_lines(found.equal)} equal to the cent\n"
    counts = Counter(item.name for item in found.variances)
    for name, words in _WORDS.items():
        if counts[name]:
            yield f"{_lines(counts[name])} {_of_one(words) if counts[name] == 1 else words} ({name})\n"
    for bad in found.bad[:_MOST]:
        yield f"line {bad.number} of the file cannot be read: {printable(bad.why)}\n"
    shown = [item for item in found.variances if not item.tolerated]
    if shown:
        yield "\n"
    for item in shown[:_MOST]:
        yield _row(item)
    if len(shown) > _MOST:
        yield f"… and {len(shown) - _MOST} more: `--format json` has them all\n"


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


def _row(item: Variance) -> str:
    mine, other = item.expected, item.billed
    where = str(mine.address) if mine else f"{other.customer_name} {other.subscription}" if other else ""
    charge = mine.charge if mine else other.charge if other else ""
    start = mine.start if mine else other.start if other else None
    end = mine.end if mine else other.end if other else None
    line = f" (line {other.number})" if other else ""
    return f"{item.name:<12}  {printable(where)}  {printable(charge)} {start}…{end}{line}: {printable(item.text)}\n"


def _amounts(amounts: tuple[Money, ...]) -> str:
    return ", ".join(str(one) for one in amounts) or "nothing"


def _money(amount: Money) -> dict[str, str]:
    return {"amount": format(amount.amount, "f"), "currency": amount.currency}


_OF_ONE = {"are": "is", "have": "has", "differ": "differs", "fall": "falls", "were": "was"}


def _of_one(words: str) -> str:
    """The words of several lines, said of one."""
    return " ".join(_OF_ONE.get(word, word) for word in words.split(" "))


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count:,} lines"
