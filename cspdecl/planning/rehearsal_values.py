"""What a rehearsal of a price list says: exact amounts a month, before and after; None is unknown and never nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.money import ExactMoney, Money, Rounding
from cspdecl.core.operation import Verdict
from cspdecl.core.project import PriceList, UnitPrice


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One subscription. `before` and `after` are its cost a month; `reached`: the renewal from which the new price
    holds, None where there will be none, and then nothing changes."""

    address: Address
    title: str
    subscription: str
    offer: OfferKey
    seats: int
    unit_before: UnitPrice | None
    unit_after: UnitPrice | None
    before: ExactMoney | None
    after: ExactMoney | None
    sell_before: ExactMoney | None
    sell_after: ExactMoney | None
    sell_unknown: bool
    sell_unknown_after: bool
    reached: datetime | None
    unknown_before: str | None
    unknown_after: str | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Cost and our price a month. `cost` None: part of it is unknown, `unknown` says why. `sell` None: none is
    declared, or it is unknown (`sell_unknown`)."""

    cost: ExactMoney | None
    sell: ExactMoney | None
    unknown: tuple[str, ...] = ()
    sell_unknown: bool = False

    @classmethod
    def of(
        cls, costs: Sequence[ExactMoney | None], sells: Sequence[ExactMoney | None], unknown: Sequence[str], *,
        sell_unknown: bool,
    ) -> Side:  # fmt: skip
        """Sums of one thing that is sold; amounts of different currencies have no sum."""
        given = [item for item in sells if item is not None]
        return cls(
            cost=None if None in costs else _sum([item for item in costs if item is not None]),
            sell=None if sell_unknown else _sum(given),
            unknown=tuple(dict.fromkeys(unknown)),
            sell_unknown=sell_unknown,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What is sold as one: a bundle, or a line of its own. `below`: its margin is under the floor afterwards;
    `was_below`: it was before, too; `doubtful`: it has a price of ours, and its margin cannot be told."""

    address: Address
    title: str
    is_bundle: bool
    lines: tuple[Line, ...]
    before: Side
    after: Side
    margin_before: Fraction | None
    margin_after: Fraction | None
    below: bool = False
    was_below: bool = False
    doubtful: bool = False
    verdict: Verdict | None = None

    @property
    def rise(self) -> ExactMoney | None:
        """How much more it costs a month; None where either side is unknown."""
        if self.before.cost is None or self.after.cost is None or self.before.cost.currency != self.after.cost.currency:
            return None
        return self.after.cost + -self.before.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Totals by currency, rounded once; `unknown` amounts are in none of them."""

    cost: tuple[Money, ...]
    sell: tuple[Money, ...]
    unknown: int
    margin: Fraction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerEffect:
    """One customer, before and after."""

    key: str
    name: str
    before: Sums
    after: Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What renewals of one month change, a month, and what all until then do."""

    month: str
    change: ExactMoney
    so_far: ExactMoney


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """The estate under another list. `groups`: those under their floor first, then those that cost most more."""

    project: str
    lists: tuple[PriceList, ...]
    at: datetime
    now: datetime
    as_of: datetime
    floor: Fraction | None
    groups: tuple[Group, ...]
    customers: tuple[CustomerEffect, ...]
    before: Sums
    after: Sums
    steps: tuple[Step, ...]
    unread: Mapping[str, str]

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What the guardrails say."""
        return tuple(item.verdict for item in self.groups if item.verdict is not None)

    @property
    def changes(self) -> bool:
        """Whether anything costs or earns something else, or cannot be told."""
        return any(item.before != item.after for item in self.groups)


def add_sides(sides: Iterable[Side]) -> Sums:
    """Totals of several things that are sold."""
    costs: dict[str, Fraction] = {}
    sells: dict[str, Fraction] = {}
    unknown = 0
    whole = True
    for side in sides:
        unknown += (side.cost is None) + side.sell_unknown
        whole = whole and side.cost is not None and side.sell is not None
        for sums, amount in ((costs, side.cost), (sells, side.sell)):
            if amount is not None:
                sums[amount.currency] = sums.get(amount.currency, Fraction(0)) + amount.value
    share = None
    if whole and len(costs) == 1 and costs.keys() == sells.keys():
        (cost,), (sell,) = costs.values(), sells.values()
        share = (sell - cost) / sell if sell else None
    return Sums(cost=_rounded(costs), sell=_rounded(sells), unknown=unknown, margin=share)


def _rounded(sums: Mapping[str, Fraction]) -> tuple[Money, ...]:
    return tuple(ExactMoney(sums[code], code).rounded(Rounding.HALF_UP) for code in sorted(sums))


def _sum(amounts: Sequence[ExactMoney]) -> ExactMoney | None:
    if not amounts or len({item.currency for item in amounts}) > 1:
        return None
    return ExactMoney(sum((item.value for item in amounts), Fraction(0)), amounts[0].currency)
