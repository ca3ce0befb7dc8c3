"""A line that stands for two subscriptions: unfolded into its parts before deciding, folded into one row after it.

After an upgrade of some of its seats an address is bound to what stayed and to what was upgraded (contract §13.7). Each
part is compared and decided like any line; only seats that are to go over concern both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cspdecl.commerce.decide_upgrade import refuse_way_back
from cspdecl.commerce.parts import source_part, target_part, upgraded_seats
from cspdecl.commerce.values import Decision, Split
from cspdecl.core.action import Transition
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic
from cspdecl.core.live import LiveSubscription
from cspdecl.planning.rows import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a line: what is declared of it, what runs, and how it stands to the other."""

    spec: SubscriptionSpec
    live: LiveSubscription
    split: Split


def unfold(line: SubscriptionSpec, running: Sequence[LiveSubscription]) -> tuple[Part, ...] | Diagnostic | None:
    """The two parts of a line, a refusal where seats would have to go back, None where it is no such line."""
    if line.upgrade is None or len(running) != 2:
        return None
    source = next((item for item in running if item.offer == line.upgrade.source), None)
    target = next((item for item in running if item.offer == line.offer), None)
    if source is None or target is None:
        return None
    from_spec, to_spec = source_part(line), target_part(line)
    moving = 0
    if not line.absent:
        shall = upgraded_seats(line)
        moving = max(0, min(shall - target.seats, source.seats))
        if shall < target.seats and from_spec.seats > source.seats:
            return refuse_way_back(line, upgraded=target.seats, declared=shall)
    if moving:
        # until they have moved the target is left as it is: what is declared beyond comes with the next plan
        to_spec = replace(to_spec, seats=target.seats)
        from_spec = replace(from_spec, absent=False)
    return (
        Part(spec=from_spec, live=source, split=Split(part="source", other=target, moving=moving)),
        Part(spec=to_spec, live=target, split=Split(part="target", other=source, moving=moving)),
    )


def fold(rows: Sequence[Row], running: Sequence[LiveSubscription]) -> Row:
    """The rows of a line's parts as its one row; a part without a row stays as it is and is counted all the same."""
    first = rows[0]
    kinds = {row.kind for row in rows}
    kind = kinds.pop() if len(kinds) == 1 else "change"
    shown = {row.live.id for row in rows if row.live is not None}
    decisions = [row.decision for row in rows if row.decision is not None]
    decisions += [Decision(symbol=" ", before=item.seats, after=item.seats) for item in running if item.id not in shown]
    titles = dict.fromkeys(row.offer_title or "" for row in rows) | dict.fromkeys(
        item.title for item in running if item.id not in shown
    )
    return replace(
        first,
        offer_title=" + ".join(filter(None, titles)),
        kind=kind,
        parts=tuple(rows),
        decision=_added(decisions),
        operations=tuple(ident for row in rows for ident in row.operations),
    )


def _added(decisions: Sequence[Decision]) -> Decision:
    """Before, after and later of a whole line: the sums over its parts."""
    before = sum(item.before or 0 for item in decisions)
    steps = tuple(step for item in decisions for step in item.steps)
    # what leaves one part for the other is still the line's
    moved = sum(step.action.seats for step in steps if isinstance(step.action, Transition) and step.action.into)
    after = sum(item.after or 0 for item in decisions) + moved
    later = [item.after or 0 if item.later is None else item.later for item in decisions]
    planned = any(item.later is not None for item in decisions)
    return Decision(
        symbol="~",
        steps=steps,
        waiting=tuple(one for item in decisions for one in item.waiting),
        diagnostics=tuple(one for item in decisions for one in item.diagnostics),
        before=before,
        after=after,
        later=sum(later) + moved if planned else None,
        later_on=next((item.later_on for item in decisions if item.later_on is not None), None),
    )
