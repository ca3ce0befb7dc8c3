"""The lines of a plan by what they cost: new commitment first, then cost a month; for eyes that see no cost, our price.

A line is a subscription, a service, or a bundle with all its components. Currencies are never added: a line of several
is ranked by its largest amount in any one of them. What is not known is not ranked but stands at the end, as unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cspdecl.core.address import Address
from cspdecl.core.money import Money
from cspdecl.core.operation import MoneyTotals, Operation
from cspdecl.planning.money import total
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.show import Show


@dataclass(frozen=True, slots=True, kw_only=True)
class Costly:
    """A line with its operations and what they come to. `unknown`: an amount of it is not known."""

    address: Address
    operations: tuple[Operation, ...]
    totals: MoneyTotals

    @property
    def unknown(self) -> bool:
        """Whether an amount is not known."""
        return self.totals.unknown > 0


def by_cost(operations: Iterable[Operation], show: Show = "all") -> tuple[Costly, ...]:
    """Every line that has money in it, the costliest first, those of unknown cost last."""
    found = [item for item in by_line(operations).values() if any(one.preview is not None for one in item.operations)]
    return tuple(sorted(found, key=lambda item: (item.unknown, *weight(item.totals, show), str(item.address))))


def by_line(operations: Iterable[Operation]) -> Mapping[Address, Costly]:
    """Operations by line, in the plan's order."""
    groups: dict[Address, list[Operation]] = {}
    for operation in operations:
        groups.setdefault(operation.context.bundle_instance or operation.address, []).append(operation)
    return {
        address: Costly(address=address, operations=tuple(group), totals=total(group))
        for address, group in groups.items()
    }


def weight(totals: MoneyTotals, show: Show = "all") -> tuple[Decimal, Decimal]:
    """What sums are sorted by, the largest first."""
    if show == "sell":
        return -_largest(totals.sell_month), Decimal(0)
    return -_largest(totals.commitment), -_largest(totals.cost_month)


def _largest(amounts: Sequence[Money]) -> Decimal:
    return max((money.amount for money in amounts), default=Decimal(0))


# ---- amounts as they are printed ----


def signed(money: Money, lang: Language = ENGLISH) -> str:
    """With its sign: "+61.80 EUR"."""
    return ("+" if money.amount > 0 else "") + lang.money(money)


def sums(amounts: Iterable[Money], lang: Language = ENGLISH, *, sign: bool = True) -> str:
    """Several currencies, each for itself; empty where nothing is above or below nothing."""
    return ", ".join(signed(money, lang) if sign else lang.money(money) for money in amounts if money.amount)
