"""Two plans from one reading, compared: what a change of files adds, what was waiting anyway, what it drops.

An operation is the same on both sides where it does the same at the same address. Its id alone would not do: a guard
says what the operation before it leaves, so one change early in a chain gives everything behind it another id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from cspdecl.core.action import BuyAzurePlan, ChangeTerm, Purchase, Transition
from cspdecl.core.address import Address
from cspdecl.core.digest import digest_of
from cspdecl.core.money import Money
from cspdecl.core.operation import Difference, MoneyTotals, Operation, Plan, Why
from cspdecl.core.plain import to_plain

_NONE = MoneyTotals()


class _Paired(NamedTuple):
    added: list[Operation]
    both: list[tuple[Operation, Operation]]
    dropped: list[Operation]


def compare_plans(
    base: Plan | None, head: Plan, *, reference: str, commit: str, tip: str | None, why: tuple[Why, ...]
) -> Difference:
    """What `head` does beyond `base`, both planned from the same reading. Without a base everything is added.

    `commit` is the base's, `tip` the head's.
    """
    before = base.operations if base is not None else ()
    paired = _pair(before, head.operations)
    added = {item.id for item in paired.added}
    return Difference(
        reference=reference,
        base=commit,
        head=tip,
        why=why,
        added=tuple(item.id for item in head.operations if item.id in added),
        waiting=tuple(item.id for item in head.operations if item.id not in added),
        dropped=tuple(paired.dropped),
        totals=_totals(base.totals if base is not None else _NONE, head.totals, paired),
        alike=_alike(base, head) if base is not None else (),
    )


def _pair(before: Iterable[Operation], after: Iterable[Operation]) -> _Paired:
    known = {item.id: item for item in before}
    both = [(known.pop(item.id), item) for item in after if item.id in known]
    same = {item.id for _, item in both}
    rest: dict[str, list[Operation]] = {}
    for item in known.values():
        rest.setdefault(_deed(item), []).append(item)
    added = list[Operation]()
    for item in after:
        if item.id in same:
            continue
        twins = rest.get(_deed(item))
        if twins:
            both.append((twins.pop(0), item))
        else:
            added.append(item)
    left = {item.id for twins in rest.values() for item in twins}
    return _Paired(added, both, [item for item in before if item.id in left])


def _deed(operation: Operation) -> str:
    """What is done, where and to what, without what it was seen from: the name of a purchase carries a mark of its
    guard, and what a seat may cost is the price list's word, whose change is in the sums. Two subscriptions of as many
    seats are not the same to cancel."""
    action = operation.action
    if isinstance(action, Purchase | BuyAzurePlan):
        action = replace(action, nickname="")
    if isinstance(action, Purchase | ChangeTerm | Transition):
        action = replace(action, unit_price=None)
    subject = [operation.context.provider, operation.guard.tenant, operation.guard.subscription]
    return digest_of([str(operation.address), to_plain(action), subject])


# ---- money ----


def _totals(before: MoneyTotals, after: MoneyTotals, paired: _Paired) -> MoneyTotals:
    """Head less base, a currency at a time. An amount that is unknown on one side only makes the difference unknown."""
    changed = [item.preview for item in (*paired.added, *paired.dropped)]
    for old, new in paired.both:
        if old.preview != new.preview:
            changed.append(new.preview if _unknown(new) or not _unknown(old) else old.preview)
    until = [item.preview.commitment_until for item in paired.added if item.preview is not None]
    return MoneyTotals(
        cost_month=_less(after.cost_month, before.cost_month),
        sell_month=_less(after.sell_month, before.sell_month),
        cost_now=_less(after.cost_now, before.cost_now),
        commitment=_less(after.commitment, before.commitment),
        commitment_until=max((item for item in until if item is not None), default=None),
        unknown=sum(1 for item in changed if item is not None and (item.unknown or item.sell_unknown)),
    )


def _unknown(operation: Operation) -> bool:
    preview = operation.preview
    return preview is not None and bool(preview.unknown or preview.sell_unknown)


def _less(after: Iterable[Money], before: Iterable[Money]) -> tuple[Money, ...]:
    sums: dict[str, Money] = {}
    for money in after:
        sums[money.currency] = sums[money.currency] + money if money.currency in sums else money
    for money in before:
        sums[money.currency] = sums[money.currency] - money if money.currency in sums else money * -1
    return tuple(sums[code] for code in sorted(sums) if sums[code].amount)


# ---- lines ----


def _alike(base: Plan, head: Plan) -> tuple[Address, ...]:
    """Addresses whose lines and waits read the same: only what is said counts, not which operation says it."""
    before, after = _said(base), _said(head)
    return tuple(sorted(address for address, said in after.items() if before.get(address) == said))


def _said(plan: Plan) -> Mapping[Address, list[object]]:
    out: dict[Address, list[object]] = {}
    for line in plan.lines:
        out.setdefault(line.address, []).append(replace(line, operations=()))
    for item in plan.waiting:
        out.setdefault(item.address, []).append(replace(item, origin=None))
    return out
