"""Two books side by side: the lines the ledger expects, and the lines that were billed. Every difference has a name.

Joined by subscription, charge type and charged days. The subscription's id in a reconciliation file is not promised to
be the one the console shows (contract §16), so a line that no id fits is looked for by its order and offer before it
counts as unmanaged. A line may differ by a cent a unit and one more before that is a variance (commerce §2.4):
Microsoft's own published numbers follow two roundings. Amounts are compared before tax.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from cspdecl.billing.expected import ExpectedLine
from cspdecl.billing.known import Known
from cspdecl.billing.recon import BadLine, ReconLine
from cspdecl.core.money import Money, sum_by_currency

#: rounding: within the tolerance, yet not equal · timing: other days, or not there yet · missing_line: expected, not
#: billed · extra_line: billed, not expected · charge_type: the same charge under another name · unpriced: billed as
#: counted, but the ledger knows no price to compare with.
VarianceClass = Literal[
    "rounding", "timing", "missing_line", "extra_line", "price", "quantity", "fx", "tax", "est", "charge_type",
    "unpriced",
]  # fmt: skip

CENT = Decimal("0.01")
_NEAR = timedelta(days=3)  # a renewal may take a day, and month ends move a day or two
_LAG = timedelta(days=7)  # unbilled lines take up to seven days to appear (commerce §2.4.6, contract §16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variance:
    """One difference. `expected` or `billed` is None where only one of the books has the line."""

    name: VarianceClass
    expected: ExpectedLine | None
    billed: ReconLine | None
    difference: Money | None
    text: str

    @property
    def tolerated(self) -> bool:
        """Whether it is of the kind nobody has to look into."""
        return self.name == "rounding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What came of it: how many lines agree to the cent, every variance, and what is nobody's here."""

    since: date
    before: date
    lines: int
    equal: int
    variances: tuple[Variance, ...]
    unmanaged: tuple[ReconLine, ...]
    usage: tuple[ReconLine, ...]
    bad: tuple[BadLine, ...]
    expected_total: tuple[Money, ...]
    billed_total: tuple[Money, ...]
    unmanaged_total: tuple[Money, ...]
    usage_total: tuple[Money, ...]

    @property
    def agrees(self) -> bool:
        """Whether the two books agree within the tolerance, and every line could be read."""
        return not self.bad and all(item.tolerated for item in self.variances)


def tolerance(quantity: Decimal) -> Decimal:
    """How far a line's amount may be off: a cent a unit, and one more (commerce §2.4, contract §17)."""
    return CENT * abs(quantity) + CENT


@dataclass(slots=True, kw_only=True)
class _Books:
    expected: list[ExpectedLine] = field(default_factory=list)
    billed: list[ReconLine] = field(default_factory=list)


def compare_books(
    expected: Iterable[ExpectedLine], billed: Iterable[ReconLine | BadLine], *, since: date, before: date,
    known: Known | None = None,
) -> Comparison:  # fmt: skip
    """Compare line by line. `known` are the subscriptions and orders the ledger has ever had."""
    books: dict[str, _Books] = {}
    known = known or Known()
    by_order = dict(known.orders)
    ours: list[ExpectedLine] = list(expected)
    for line in ours:
        key = (line.subscription or str(line.address)).lower()
        books.setdefault(key, _Books()).expected.append(line)
        if line.order and line.offer:
            by_order[line.order.lower(), str(line.offer)] = key
    bad: list[BadLine] = []
    unmanaged: list[ReconLine] = []
    usage: list[ReconLine] = []
    theirs: list[ReconLine] = []
    count = 0
    for item in billed:
        count += 1
        if isinstance(item, BadLine):
            bad.append(item)
            continue
        if item.start is not None and not since <= item.start < before:
            continue
        found = _key_of(item, books, known, by_order)
        if found is None:
            unmanaged.append(item)
        elif known.usage(found):
            usage.append(item)
        else:
            theirs.append(item)
            books.setdefault(found, _Books()).billed.append(item)
    latest = max((line.start for line in theirs if line.start is not None), default=None)
    unbilled = bool(theirs) and all(not line.invoice for line in theirs)
    equal, variances = 0, []
    for pair in books.values():
        same, found_here = _compare_one(pair, latest if unbilled else None)
        equal += same
        variances += found_here
    variances.sort(key=_weight)
    return Comparison(
        since=since,
        before=before,
        lines=count,
        equal=equal,
        variances=tuple(variances),
        unmanaged=tuple(unmanaged),
        usage=tuple(usage),
        bad=tuple(bad),
        expected_total=sum_by_currency(line.amount for line in ours if line.amount is not None),
        billed_total=_sum(theirs),
        unmanaged_total=_sum(unmanaged),
        usage_total=_sum(usage),
    )


def _key_of(
    line: ReconLine, books: dict[str, _Books], known: Known, by_order: dict[tuple[str, str], str]
) -> str | None:
    """The subscription of ours that a line is about; None where it is none, or was not yet or no longer ours then."""
    offer = str(line.offer)
    pairs = ((order.lower(), offer) for order in (line.order, line.alternate) if order)
    own = line.subscription
    ours = own in books or own in known.spans
    found = own if ours else next((by_order[one] for one in pairs if one in by_order), None)
    if found is not None and found in known.spans and not known.managed(found, line.start, charge=line.charge):
        return None
    return found


def _compare_one(books: _Books, latest: date | None) -> tuple[int, list[Variance]]:
    """One subscription's two books: the closest agreement first, then looser and looser ones."""
    ours, theirs = list(books.expected), list(books.billed)
    none_at_all = not theirs
    equal, found = 0, list[Variance]()
    for number, (mine, other) in enumerate(_PASSES):
        for line in list(ours):
            wanted = mine(line)
            match = next((one for one in theirs if other(one, line) == wanted), None)
            if match is None:
                continue
            ours.remove(line)
            theirs.remove(match)
            variance = _judge(line, match)
            if variance is None:
                equal += 1
            else:
                found.append(variance)
        if number:
            continue
        for line in list(ours):  # before anything looser takes one line of a group for the whole
            group = _split_of(line, theirs)
            if not group:
                continue
            ours.remove(line)
            theirs = [one for one in theirs if not any(one is part for part in group)]
            variance = _judge_split(line, group)
            if variance is None:
                equal += 1
            else:
                found.append(variance)
    found += [_missing(line, latest, none_at_all) for line in ours]
    found += [_extra(line) for line in theirs]
    return equal, found


_Mine = Callable[[ExpectedLine], object]
_Other = Callable[[ReconLine, ExpectedLine], object]
_PASSES: tuple[tuple[_Mine, _Other], ...] = (
    (
        lambda line: (line.charge, line.refund, line.start, line.end, line.quantity),
        lambda one, line: (
            (one.charge, _refund(one, line), one.start, one.end, one.quantity) if _close(one, line) else None
        ),
    ),
    (
        lambda line: (line.charge, line.refund, line.start, line.end, line.quantity),
        lambda one, line: (one.charge, _refund(one, line), one.start, one.end, one.quantity),
    ),
    (
        lambda line: (line.charge, line.refund, line.start, line.end),
        lambda one, line: (one.charge, _refund(one, line), one.start, one.end),
    ),
    (
        lambda line: (line.charge, line.refund, line.quantity, True),
        lambda one, line: (one.charge, _refund(one, line), one.quantity, _near(one, line)),
    ),
    (
        lambda line: (line.refund, line.quantity, line.start, line.end),
        lambda one, line: (_refund(one, line), one.quantity, one.start, one.end),
    ),
)


def _refund(one: ReconLine, line: ExpectedLine) -> bool:
    """A line at zero is neither: it goes with what is expected."""
    return one.refund if one.amount else line.refund


def _close(one: ReconLine, line: ExpectedLine) -> bool:
    if line.amount is None or one.amount is None:
        return line.amount is None
    return abs(one.amount - line.amount.amount) <= tolerance(line.quantity)


def _near(one: ReconLine, line: ExpectedLine) -> bool:
    if line.unknown is not None and not line.derived:
        return True  # when it was changed is not known
    return one.start is not None and abs(one.start - line.start) <= _NEAR


def _split_of(line: ExpectedLine, theirs: Sequence[ReconLine]) -> list[ReconLine]:
    """One of ours that was billed as several: telephony and the rest of a suite stand in lines of their own."""
    wanted = (line.charge, line.refund, line.start, line.end, line.quantity)
    group = [one for one in theirs if (one.charge, _refund(one, line), one.start, one.end, one.quantity) == wanted]
    if len(group) < 2 or line.amount is None or any(one.currency != line.amount.currency for one in group):
        return []
    off = abs(_total(group) - line.amount.amount)
    return group if off <= tolerance(line.quantity) * len(group) else []


def _judge_split(line: ExpectedLine, group: Sequence[ReconLine]) -> Variance | None:
    if line.amount is None or _total(group) == line.amount.amount:
        return None
    shown = Money(_total(group), line.amount.currency)
    difference = shown - line.amount
    text = f"expected {line.amount}, billed {shown} in {len(group)} lines"
    return Variance(name="rounding", expected=line, billed=group[0], difference=difference, text=text)


def _total(group: Sequence[ReconLine]) -> Decimal:
    return sum((one.amount or Decimal(0) for one in group), Decimal(0))


def _judge(line: ExpectedLine, one: ReconLine) -> Variance | None:
    amount, billed = line.amount, one.amount
    shown = None if billed is None else Money(billed, one.currency)
    if one.quantity is not None and one.quantity != line.quantity:
        return _variance("quantity", line, one, f"{line.quantity} expected, {one.quantity} billed")
    if amount is None:
        if line.extended or _extended(one):
            return _variance("est", line, one, f"billed {shown} in an extended service term")
        return _variance("unpriced", line, one, f"billed {shown}; {line.unknown or 'its price is not known'}")
    if billed is None:
        return _variance("missing_line", line, one, "the line is there and holds no amount")
    if one.currency and one.currency != amount.currency:
        return _variance("fx", line, one, f"expected {amount}, billed {shown}")
    if one.charge != line.charge and not line.inferred:
        return _variance("charge_type", line, one, f"expected as {line.charge}, billed as {one.charge}")
    if (one.start, one.end) != (line.start, line.end):
        ours, theirs = _days(line.start, line.end), _days(one.start, one.end)
        return _variance("timing", line, one, f"expected for {ours}, billed for {theirs}")
    off = abs(billed - amount.amount)
    if not off:
        return None
    if off <= tolerance(line.quantity):
        return _variance("rounding", line, one, f"expected {amount}, billed {shown}")
    return _variance(*_why_off(line, one, amount, shown))


def _why_off(
    line: ExpectedLine, one: ReconLine, amount: Money, shown: Money | None
) -> tuple[VarianceClass, ExpectedLine, ReconLine, str]:
    words = f"expected {amount}, billed {shown}"
    if one.rate is not None and one.rate != 1:
        return "fx", line, one, f"{words} at a rate of {one.rate}"
    if one.subtotal is None and one.tax and one.total is not None and one.total == amount.amount:
        return "tax", line, one, f"{words}; the line's total may hold no tax"
    if line.extended or _extended(one):
        return "est", line, one, f"{words} in an extended service term"
    if one.promotion and one.promotion != line.promotion:
        return "price", line, one, f"{words} with promotion {one.promotion}"
    if line.promotion and not one.promotion:
        return "price", line, one, f"{words}: promotion {line.promotion} was not applied"
    if one.unit is not None and line.unit is not None and one.unit != line.unit.amount:
        return "price", line, one, f"{words}: {line.unit} a unit expected, {one.unit} billed"
    return "price", line, one, words


def _extended(one: ReconLine) -> bool:
    return "extended service" in one.adjustment.lower() or one.charge == "extend_term"


def _missing(line: ExpectedLine, latest: date | None, none_at_all: bool) -> Variance:
    if latest is not None and line.start > latest - _LAG:
        return _variance("timing", line, None, "not in the file yet: unbilled lines take up to seven days")
    words = f"{line.amount}" if line.amount is not None else "an amount that is not known"
    if none_at_all:  # a failed join says nothing about what was bought (contract §22.29)
        words += ": no line has its subscription or order, so it may be billed under another id; it runs all the same"
    else:
        words += ", not billed"
    return _variance("missing_line", line, None, f"expected {words}")


def _extra(one: ReconLine) -> Variance:
    shown = f"{Money(one.amount, one.currency)}" if one.amount is not None else "no amount"
    return _variance("extra_line", None, one, f"billed {shown}, not expected")


def _variance(name: VarianceClass, line: ExpectedLine | None, one: ReconLine | None, text: str) -> Variance:
    ours = line.amount if line is not None else None
    theirs = Money(one.amount, one.currency) if one is not None and one.amount is not None else None
    difference: Money | None = None
    if ours is not None and theirs is not None and ours.currency == theirs.currency:
        difference = theirs - ours
    elif line is None:
        difference = theirs
    elif one is None and ours is not None:
        difference = -ours
    return Variance(name=name, expected=line, billed=one, difference=difference, text=text)


def _weight(item: Variance) -> tuple[bool, Decimal, str]:
    size = abs(item.difference.amount) if item.difference is not None else Decimal(0)
    where = str(item.expected.address) if item.expected else item.billed.subscription if item.billed else ""
    return item.tolerated, -size, where


def _days(start: date | None, end: date | None) -> str:
    return f"{start or '?'} to {end or '?'}"


def _sum(lines: Iterable[ReconLine]) -> tuple[Money, ...]:
    return sum_by_currency(Money(line.amount, line.currency) for line in lines if line.amount is not None)
