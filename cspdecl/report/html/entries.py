"""A plan's lines as the page lists them: by customer, a bundle with its components, each with what a revert takes back.

Facts only: nothing is laid out here. A unit is what sorts and filters as one: a line, or a bundle line with all below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cspdecl.core.action import BuyAzurePlan, Purchase, Transition
from cspdecl.core.address import Address
from cspdecl.core.operation import MoneyTotals, Operation, Plan, PlanLine, Waiting
from cspdecl.planning.money import total
from cspdecl.planning.undo import Undo, undo_of
from cspdecl.report.difference import Part

Kind = Literal["buy", "change", "cancel", "adopt", "waiting"]
KINDS: tuple[Kind, ...] = ("buy", "change", "cancel", "adopt", "waiting")
_OF_SYMBOL: Mapping[str, Kind] = {"+": "buy", "~": "change", "-": "cancel", "=>": "adopt", "?": "waiting"}
_STRICT = ("free", "window", "never")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row: a line of the plan, or something that waits and has no line (`line` None).

    `undo` is the hardest of its operations'; `totals` are its own money, a bundle's with that of its components.
    `buys`: something is bought, rather than something of our own created.
    """

    address: Address
    kind: Kind | None
    line: PlanLine | None
    operations: tuple[Operation, ...]
    waiting: tuple[Waiting, ...]
    undo: Undo | None
    totals: MoneyTotals
    buys: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What is found, sorted and folded as one. `kinds`: of all its rows."""

    head: Entry
    below: tuple[Entry, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All rows, the head first."""
        return (self.head, *self.below)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of its rows, in the filter's order."""
        there = {item.kind for item in self.entries}
        return tuple(kind for kind in KINDS if kind in there)

    @property
    def lasting(self) -> bool:
        """Whether a revert takes some of it back only for a time, or not at all."""
        return any(item.undo is not None and item.undo.how != "free" for item in self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One customer with everything the plan has for it."""

    key: str
    name: str
    units: tuple[Unit, ...]
    totals: MoneyTotals


def groups_of(plan: Plan, part: Part) -> tuple[Group, ...]:
    """A part of a plan by customer, in the plan's order."""
    names = {note.key: note.name for note in plan.customers}
    lines: dict[str, list[PlanLine]] = {}
    for line in part.lines:
        lines.setdefault(line.address.customer, []).append(line)
    waits: dict[str, dict[Address, list[Waiting]]] = {}
    for item in part.waiting:
        waits.setdefault(item.address.customer, {}).setdefault(item.address, []).append(item)
        lines.setdefault(item.address.customer, [])
    sent: dict[str, list[Operation]] = {}
    for operation in part.operations:
        sent.setdefault(operation.address.customer, []).append(operation)
    known = {item.id: item for item in part.operations}
    return tuple(
        Group(
            key=key,
            name=names.get(key) or key,
            units=tuple(_units(plan, own, known, waits.get(key, {}))),
            totals=total(sent.get(key, ())),
        )
        for key, own in lines.items()
    )


def _units(
    plan: Plan, lines: Sequence[PlanLine], known: Mapping[str, Operation], waits: Mapping[Address, list[Waiting]]
) -> Iterable[Unit]:
    bundles = {line.address for line in lines if line.is_bundle}
    there = {line.address for line in lines}
    below: dict[Address, list[Entry]] = {}
    for line in lines:
        parent = line.address.parent
        if line.address.path and parent in bundles:
            below.setdefault(parent, []).append(_entry(plan, line, known, waits))
    for line in lines:
        if line.address.path and line.address.parent in bundles:
            continue
        parts = tuple(below.get(line.address, ())) if line.is_bundle else ()
        more = tuple(operation for part in parts for operation in part.operations)
        yield Unit(head=_entry(plan, line, known, waits, more), below=parts)
    for address, items in waits.items():
        if address not in there:
            yield Unit(
                head=Entry(
                    address=address, kind="waiting", line=None, operations=(), waiting=tuple(items), undo=None,
                    totals=MoneyTotals(),
                ),
                below=(),
            )  # fmt: skip


def _entry(
    plan: Plan, line: PlanLine, known: Mapping[str, Operation], waits: Mapping[Address, list[Waiting]],
    more: tuple[Operation, ...] = (),
) -> Entry:  # fmt: skip
    own = tuple(known[ident] for ident in line.operations if ident in known)
    found = [undo_of(item, now=plan.now) for item in own]
    return Entry(
        address=line.address,
        kind=_OF_SYMBOL.get(line.symbol),
        line=line,
        operations=own,
        waiting=tuple(waits.get(line.address, ())),
        undo=max(found, key=lambda item: _STRICT.index(item.how), default=None),
        totals=total((*own, *more)),
        buys=any(isinstance(item.action, Purchase | BuyAzurePlan | Transition) for item in (*own, *more)),
    )
