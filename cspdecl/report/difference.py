"""A plan that is a difference, taken apart for every renderer: what this change does, what was waiting anyway, what it
drops, and what of it no revert takes back.

Without a difference everything is "this". Nothing here lays anything out, save the few sentences that all formats say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cspdecl.core.address import Address
from cspdecl.core.operation import Difference, Operation, Plan, PlanLine, Waiting, Why
from cspdecl.planning.undo import Undo, undo_of
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.safe import safe_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Lines, operations and waits that belong together, in the plan's order."""

    lines: tuple[PlanLine, ...] = ()
    operations: tuple[Operation, ...] = ()
    waiting: tuple[Waiting, ...] = ()

    @property
    def customers(self) -> tuple[str, ...]:
        """The customers of its operations, in order."""
        return tuple(dict.fromkeys(item.address.customer for item in self.operations))


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """`this`: what the change adds; `waiting`: what would be done without it as well; `dropped`: what the base would
    have done and this plan does not any more."""

    this: Part
    waiting: Part
    dropped: tuple[Operation, ...] = ()


def split(plan: Plan) -> Split:
    """A plan's parts. A line whose operations are on both sides belongs to the change; a bundle goes with the first
    of its components that does; a line without operations (blocked, by hand) with the change unless the base has it
    just so."""
    found = plan.difference
    if found is None:
        return Split(this=Part(lines=plan.lines, operations=plan.operations, waiting=plan.waiting), waiting=Part())
    added, alike = frozenset(found.added), frozenset(found.alike)
    mine = {line.address for line in plan.lines if _is_this(line, added, alike)}
    mine |= {line.address for line in plan.lines if line.is_bundle and _has_child(line.address, mine)}
    return Split(
        this=Part(
            lines=tuple(line for line in plan.lines if line.address in mine),
            operations=tuple(item for item in plan.operations if item.id in added),
            waiting=tuple(item for item in plan.waiting if item.address not in alike),
        ),
        waiting=Part(
            lines=tuple(line for line in plan.lines if line.address not in mine),
            operations=tuple(item for item in plan.operations if item.id not in added),
            waiting=tuple(item for item in plan.waiting if item.address in alike),
        ),
        dropped=found.dropped,
    )


def _is_this(line: PlanLine, added: frozenset[str], alike: frozenset[Address]) -> bool:
    if line.operations:
        return not added.isdisjoint(line.operations)
    return line.address not in alike and line.symbol != " " and not line.is_bundle


def _has_child(bundle: Address, mine: Iterable[Address]) -> bool:
    return any(address.parent == bundle and address.path for address in mine)


@dataclass(frozen=True, slots=True, kw_only=True)
class Irrevocable:
    """One operation of the change that a revert takes back only for a time, or not at all."""

    operation: Operation
    undo: Undo


def irrevocable(plan: Plan) -> tuple[Irrevocable, ...]:
    """What a revert does not simply take back, of this change (of all, where the plan is no difference), in order."""
    found = [(item, undo_of(item, now=plan.now)) for item in split(plan).this.operations]
    return tuple(Irrevocable(operation=item, undo=undo) for item, undo in found if undo.how != "free")


def reasons(difference: Difference) -> dict[str, tuple[Why, ...]]:
    """Why each customer is in, by its key."""
    out: dict[str, tuple[Why, ...]] = {}
    for why in difference.why:
        out[why.customer] = (*out.get(why.customer, ()), why)
    return out


# ---- sentences that every format says ----


def compared_with(difference: Difference, lang: Language = ENGLISH) -> str:
    """What this plan was compared with."""
    return lang.say(
        "This change against {reference} (base {base})",
        reference=safe_text(difference.reference),
        base=safe_text(short(difference.base)),
    )


def short(commit: str) -> str:
    """A commit as people write it: eight digits, and the mark of a changed work tree."""
    return commit[:8] + ("+" if commit.endswith("+") else "")


def offline_notice(plan: Plan, lang: Language = ENGLISH) -> str:
    """What a plan that asked nobody is worth; empty for every other."""
    if not plan.offline:
        return ""
    base = short(plan.difference.base) if plan.difference is not None else "?"
    return lang.say(
        "Offline: nobody was asked. As if everything declared at {base} ran exactly so; "
        "windows and renewals are not known.",
        base=base,
    )


def waiting_sentence(parts: Split, lang: Language = ENGLISH) -> str:
    """What was waiting anyway, folded into a sentence; empty where nothing was."""
    count, customers = len(parts.waiting.operations), len(parts.waiting.customers)
    if not count:
        return ""
    if count == 1:
        return lang.say("Already waiting without this change: 1 operation for 1 customer.")
    if customers == 1:
        return lang.say("Already waiting without this change: {count} operations for 1 customer.", count=count)
    return lang.say(
        "Already waiting without this change: {count} operations for {customers} customers.",
        count=count,
        customers=customers,
    )
