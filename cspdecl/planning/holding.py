"""A customer on hold: each line is planned as far as it buys nothing, and what was held back is said beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cspdecl.commerce.circumstances import held_back, renewals_on_hold, under_hold
from cspdecl.commerce.values import Decision
from cspdecl.core.desired import CustomerSpec, Hold
from cspdecl.core.live import LiveCustomer
from cspdecl.planning.match import Pair
from cspdecl.planning.rows import CustomerPlan


def plain(spec: CustomerSpec, live: LiveCustomer) -> bool:
    """Whether nothing about the customer has a say beside its lines: no hold, qualification, reseller, Azure plan."""
    if spec.hold is not None or spec.qualification is not None or spec.azure_plans:
        return False
    wanted = spec.reseller.partner_id if spec.reseller else None
    return wanted is None or all(item.reseller == wanted for item in live.subscriptions if item.status.running)


def hold_pairs(spec: CustomerSpec, pairs: Sequence[Pair], out: CustomerPlan) -> list[Pair]:
    """The pairs as far as they may go ahead, each with what a hold keeps back; says which renewals commit anyway."""
    hold = spec.hold
    if hold is None:
        return list(pairs)
    lines = [(pair.spec, pair.live) for pair in pairs if pair.live is not None]
    renewing = renewals_on_hold(hold, lines, spec.key)
    out.diagnostics += [renewing] if renewing is not None else []
    return [_less(pair) for pair in pairs]


def _less(pair: Pair) -> Pair:
    wish = under_hold(pair.spec, pair.live, pair.split)
    if not wish.held:
        return pair
    return replace(pair, spec=wish.spec, split=wish.split, held=wish.held, declared=pair.spec)


def with_held(decision: Decision, pair: Pair, hold: Hold | None) -> Decision:
    """The decision about what was left of a line, and that the rest of it waits."""
    if hold is None or not pair.held or pair.live is None:
        return decision
    waiting = held_back(pair.spec, hold, pair.held)
    running = pair.live.seats
    return replace(
        decision,
        symbol=decision.symbol if decision.steps else "?",
        waiting=(*decision.waiting, waiting),
        before=running if decision.before is None else decision.before,
        after=running if decision.after is None else decision.after,
        notes=(*decision.notes, waiting.text) if decision.steps else decision.notes,
    )
