"""Freezes: days in which nothing is bought, changed or cancelled.

A freeze must not force a renewal on anybody. What only keeps a next term from costing as much, and could not be written
any more once the freeze is over, passes; everything else that cannot wait is named with its last moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cspdecl.commerce.policy import renewal_deadline
from cspdecl.commerce.words import counted, instant, listed
from cspdecl.core.action import BOOK_ACTIONS, PROVIDER_ACTIONS
from cspdecl.core.guard import Freeze, GuardRule, Level
from cspdecl.core.operation import Operation
from cspdecl.planning.safety.case import Case, only_saves
from cspdecl.planning.safety.rules import Finding, of

_NAMED = 5  # operations that cannot wait, named one by one


def check_freeze(rules: Iterable[GuardRule], case: Case) -> Iterator[Finding]:
    """Every freeze that is on at the plan's time, against everything that would be sent or booked."""
    for rule in of(rules, "freeze"):
        if rule.freeze is None or not is_on(rule.freeze, case.now):
            continue
        ends = over_at(rule.freeze)
        held = [operation for operation in case.operations if _sends(operation) and not passes(operation, ends)]
        if held:
            yield Finding(
                rule=rule, code="CSP513", text=_text(rule, rule.freeze, held, ends),
                subject=f"{rule.freeze.first}/{rule.freeze.last} {rule.freeze.zone}",
            )  # fmt: skip


def is_on(freeze: Freeze, now: datetime) -> bool:
    """Whether `now` lies in the freeze, by the clocks of its zone."""
    return freeze.first <= now.astimezone(ZoneInfo(freeze.zone)).date() <= freeze.last


def over_at(freeze: Freeze) -> datetime:
    """The first instant after the freeze."""
    return datetime.combine(freeze.last + timedelta(days=1), time(), ZoneInfo(freeze.zone)).astimezone(UTC)


def passes(operation: Operation, ends: datetime) -> bool:
    """Whether it may be sent all the same: it only saves money, and afterwards it would be too late."""
    last = last_moment(operation)
    return only_saves(operation) and last is not None and last <= ends


def last_moment(operation: Operation) -> datetime | None:
    """Until when it can be sent."""
    if operation.not_after is not None:
        return operation.not_after
    ends = operation.guard.term_ends
    return renewal_deadline(ends) if only_saves(operation) and ends is not None else None


def _sends(operation: Operation) -> bool:
    return isinstance(operation.action, (*PROVIDER_ACTIONS, *BOOK_ACTIONS))


def _text(rule: GuardRule, freeze: Freeze, held: list[Operation], ends: datetime) -> str:
    days = f"from {freeze.first} to {freeze.last}"
    zone = f" ({freeze.zone})" if freeze.zone != "UTC" else ""
    what = f"{days}{zone} nothing is to be bought, changed or cancelled: {freeze.reason}"
    if rule.level is Level.DENY:
        text = f"{what}; {counted(len(held), 'operation')} of this plan wait until {instant(ends)}"
    else:
        text = f"{what}; this plan would send {counted(len(held), 'operation')} all the same"
    late = [(item.address, last) for item in held if (last := last_moment(item)) is not None and last <= ends]
    if late:
        named = listed([f"{address} by {instant(last)}" for address, last in late[:_NAMED]], final="and")
        more = f" and {len(late) - _NAMED} more" if len(late) > _NAMED else ""
        text += f". Afterwards it is too late for {named}{more}: if it has to be, a waiver of `freeze` lets it through"
    return text
