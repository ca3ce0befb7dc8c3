"""Seats: how many one operation may add or take away, and how many a whole plan may take away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cspdecl.commerce.words import seats
from cspdecl.core.guard import GuardRule
from cspdecl.planning.safety.case import Case, seat_change, seats_removed
from cspdecl.planning.safety.rules import Finding, beyond, of, part_of, share_crossed, share_words


def check_seats(rules: Iterable[GuardRule], case: Case) -> Iterator[Finding]:
    """Both guards about seats."""
    every = tuple(rules)
    yield from _at_once(of(every, "maxSeatsPerChange"), case)
    yield from _removed(of(every, "maxSeatsRemoved"), case)


def _at_once(rules: Iterable[GuardRule], case: Case) -> Iterator[Finding]:
    for rule in rules:
        limit = rule.count or 0
        for operation in case.operations:
            change = seat_change(operation)
            if abs(change) > limit:
                verb = "add" if change > 0 else "remove"
                text = beyond(rule, f"{operation.address} would {verb} {seats(abs(change))} at once", str(limit))
                yield Finding(
                    rule=rule,
                    code="CSP501",
                    text=text,
                    remedy="make the change in steps, or raise `guardrails.maxSeatsPerChange` in a change of its own",
                    subject=f"{operation.address} {operation.id}",
                    address=operation.address,
                )


def _removed(rules: Iterable[GuardRule], case: Case) -> Iterator[Finding]:
    gone = sum(seats_removed(operation) for operation in case.operations)
    for rule in rules:
        if share_crossed(rule, gone, case.estate.seats):
            part = f" of {case.estate.seats}, that is {part_of(gone, case.estate.seats)}" if rule.share else ""
            text = beyond(rule, f"this plan takes away {seats(gone)}{part}", share_words(rule, str))
            remedy = "take away fewer at a time, or raise `guardrails.maxSeatsRemoved` in a change of its own"
            yield Finding(rule=rule, code="CSP511", text=text, remedy=remedy)
