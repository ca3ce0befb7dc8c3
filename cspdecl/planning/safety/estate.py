"""The estate as a whole: how many subscriptions a plan may end, how much of it change, how much let go.

A share is taken of everything that is managed, however little that is: one of two cancelled is 50 %. What is bought,
created or taken in is no part of what was there, so a first customer is not held up by a share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cspdecl.commerce.words import counted
from cspdecl.core.action import BookService, Forget
from cspdecl.core.guard import GuardRule
from cspdecl.planning.safety.case import Case, changes_what_is, ends
from cspdecl.planning.safety.rules import Finding, beyond, of, part_of, share_crossed, share_words


def check_estate(rules: Iterable[GuardRule], case: Case) -> Iterator[Finding]:
    """The guards that count lines and subscriptions over the whole plan."""
    every = tuple(rules)
    yield from _cancelled(of(every, "maxCancellations"), case)
    yield from _touched(of(every, "maxShareOfEstate"), case)
    yield from _let_go(of(every, "maxStopManaging"), case)


def _cancelled(rules: Iterable[GuardRule], case: Case) -> Iterator[Finding]:
    # one subscription may be decided on and cancelled; it ends once
    count = len({(str(item.address), item.guard.subscription) for item in case.operations if ends(item)})
    whole = case.estate.lines + case.adopted
    for rule in rules:
        if share_crossed(rule, count, whole):
            text = beyond(
                rule,
                f"this plan ends {counted(count, 'subscription')}{_part(rule, count, whole)}",
                share_words(rule, str),
            )
            remedy = "end fewer at a time, or raise `guardrails.maxCancellations` in a change of its own"
            yield Finding(rule=rule, code="CSP510", text=text, remedy=remedy)


def _touched(rules: Iterable[GuardRule], case: Case) -> Iterator[Finding]:
    count = len({item.address for item in case.operations if changes_what_is(item)})
    whole = case.estate.lines + case.adopted
    for rule in rules:
        if share_crossed(rule, count, whole):
            text = beyond(
                rule, f"this plan changes {counted(count, 'line')}{_part(rule, count, whole)}", share_words(rule, str)
            )
            remedy = "change fewer at a time, or raise `guardrails.maxShareOfEstate` in a change of its own"
            yield Finding(rule=rule, code="CSP512", text=text, remedy=remedy)


def _let_go(rules: Iterable[GuardRule], case: Case) -> Iterator[Finding]:
    count = sum(
        1
        for item in case.operations
        if isinstance(item.action, Forget | BookService) and item.reason.code == "removed" and item.address.path
    )
    for rule in rules:
        if share_crossed(rule, count, case.estate.lines):
            part = _part(rule, count, case.estate.lines)
            text = beyond(rule, f"this plan stops managing {counted(count, 'line')}{part}", share_words(rule, str))
            yield Finding(
                rule=rule,
                code="CSP505",
                text=text,
                remedy="put the lines back, remove fewer at a time, or raise `guardrails.maxStopManaging` in a change "
                "of its own",
            )


def _part(rule: GuardRule, count: int, whole: int) -> str:
    """Of how many, where the limit is a share."""
    return f" of {whole}, that is {part_of(count, whole)}" if rule.share is not None else ""
