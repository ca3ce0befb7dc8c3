"""What every part of a pull request's comment looks up in its plan, looked up once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cspdecl.core.address import Address
from cspdecl.core.diagnostics import Origin
from cspdecl.core.operation import MoneyTotals, Operation, Plan, PlanLine, Why
from cspdecl.planning.money import total
from cspdecl.report.costliest import Costly, by_cost, weight
from cspdecl.report.difference import Irrevocable, Split, irrevocable, reasons, split
from cspdecl.report.gfm import Column, link, md
from cspdecl.report.language import Language
from cspdecl.report.links import Links
from cspdecl.report.show import Show

_UNIT = timedelta(microseconds=1)  # ends are exclusive: the last day is the one before


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A plan with what every part looks up in it, looked up once."""

    plan: Plan
    show: Show
    lang: Language
    links: Links
    parts: Split
    why: Mapping[str, Sequence[Why]]
    lines_by_customer: Mapping[str, Sequence[PlanLine]]
    operations_by_customer: Mapping[str, Sequence[Operation]]
    operations_by_id: Mapping[str, Operation]
    origins: Mapping[Address, Origin]
    titles: Mapping[Address, PlanLine]
    names: Mapping[str, str]
    ranked: Sequence[Costly]
    bound: Sequence[Irrevocable]
    money: Mapping[str, MoneyTotals]
    costliest_customers: tuple[str, ...]

    @classmethod
    def of(cls, plan: Plan, *, show: Show, lang: Language, links: Links) -> Sheet:
        """Everything once, in the plan's order."""
        parts = split(plan)
        lines: dict[str, list[PlanLine]] = {}
        for line in parts.this.lines:
            lines.setdefault(line.address.customer, []).append(line)
        operations: dict[str, list[Operation]] = {}
        origins: dict[Address, Origin] = {}
        for item in plan.operations:
            if item.origin is not None:
                origins.setdefault(item.address, item.origin)
                if item.context.bundle_instance is not None:
                    origins.setdefault(item.context.bundle_instance, item.origin)
        for item in parts.this.operations:
            operations.setdefault(item.address.customer, []).append(item)
        money = {key: total(group) for key, group in operations.items()}
        return cls(
            plan=plan,
            show=show,
            lang=lang,
            links=links,
            parts=parts,
            why={} if plan.difference is None else reasons(plan.difference),
            lines_by_customer=lines,
            operations_by_customer=operations,
            operations_by_id={item.id: item for item in plan.operations},
            origins=origins,
            titles={line.address: line for line in plan.lines},
            names={note.key: note.name for note in plan.customers},
            ranked=by_cost(parts.this.operations, show),
            bound=sorted(irrevocable(plan), key=lambda item: _gravity(item, show)),
            money=money,
            costliest_customers=tuple(sorted(money, key=lambda key: (*weight(money[key], show), key))),
        )

    def operations_of(self, line: PlanLine) -> list[Operation]:
        """The operations behind a line."""
        return [self.operations_by_id[ident] for ident in line.operations if ident in self.operations_by_id]

    def origin_of(self, address: Address) -> Origin | None:
        """Where a line is declared."""
        return self.origins.get(address)

    def name_of(self, customer: str) -> str:
        """The provider's name for a customer, empty where it is the key again."""
        name = self.names.get(customer, "")
        return "" if name == customer else name

    def place(self, address: Address) -> str:
        """An address that leads to its declaration."""
        return link(md(str(address)), self.links.address(self.origin_of(address)))

    def last_day(self, moment: datetime | None) -> str:
        """The last full day before an exclusive end."""
        return "" if moment is None else self.lang.day((moment - _UNIT).date())

    def column(self, heading: str, *, right: bool = False) -> Column:
        """A column; `heading` is said already."""
        return Column(md(heading), right=right)


def _gravity(item: Irrevocable, show: Show) -> tuple[object, ...]:
    """What can never be taken back first, then by what it newly commits to."""
    return item.undo.how != "never", *weight(total((item.operation,)), show), str(item.operation.address)
