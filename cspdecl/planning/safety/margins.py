"""The margin floor: what is newly sold, or sold for less, must leave this share of its price.

By the bundle or line. A margin that is not known is below every floor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from cspdecl.core.action import BookService, Reprice
from cspdecl.core.address import Address
from cspdecl.core.guard import GuardRule
from cspdecl.core.operation import Operation, PriceDelta
from cspdecl.planning.money import cost_month, margin, sell_month
from cspdecl.planning.safety.case import Case, bundle_or_line, commits
from cspdecl.planning.safety.rules import Finding, beyond, of
from cspdecl.planning.sentences import percent


def check_margins(rules: Iterable[GuardRule], case: Case) -> Iterator[Finding]:
    """Every floor against what is sold and against prices that are lowered."""
    floors = tuple(of(rules, "minMargin"))
    if not floors:
        return
    sold = _sold(case.operations)
    for rule in floors:
        for address, group in sold.items():
            yield from _group(rule, address, group)
        for operation in case.operations:
            yield from _lowered(rule, operation)


def _say(rule: GuardRule, address: Address, text: str, remedy: str) -> Finding:
    return Finding(rule=rule, code="CSP503", text=text, remedy=remedy, address=address)


def _lowered(rule: GuardRule, operation: Operation) -> Iterator[Finding]:
    """A price of ours that is lowered must leave that share, too; one that is raised may still be under it."""
    action, preview, least = operation.action, operation.preview, rule.share or Fraction(0)
    if not isinstance(action, Reprice) or preview is None or action.after is None:
        return
    if preview.sell is not None and preview.sell.amount >= 0:
        return
    address = action.bundle or operation.address
    if preview.margin_after is None and operation.context.provider is not None:
        yield _unknown(rule, address, f"what the lower price of {address} leaves is unknown")
    elif preview.margin_after is not None and preview.margin_after < least:
        text = beyond(
            rule, f"the lower price of {address} leaves {percent(preview.margin_after)}", percent(least), floor=True
        )
        yield _say(rule, address, text, "keep the price, or lower `guardrails.minMargin` in a change of its own")


def _unknown(rule: GuardRule, address: Address, what: str, remedy: str = "import the price list it needs") -> Finding:
    return _say(rule, address, f"{what}, and at least {percent(rule.share or Fraction(0))} is asked for", remedy)


def _sold(operations: Iterable[Operation]) -> dict[Address, list[Operation]]:
    groups: dict[Address, list[Operation]] = {}
    for operation in operations:
        if commits(operation) or (isinstance(operation.action, BookService) and operation.action.after > 0):
            groups.setdefault(bundle_or_line(operation), []).append(operation)
    return groups


def _group(rule: GuardRule, address: Address, group: list[Operation]) -> Iterator[Finding]:
    previews = [operation.preview for operation in group if operation.preview is not None]
    why = next((item.sell_unknown for item in previews if item.sell_unknown), None)
    if why is not None:
        yield _unknown(rule, address, f"the margin of {address} is unknown (our price: {why})")
        return
    sells = [item for item in map(sell_month, previews) if item is not None]
    if not sells or not any(commits(operation) for operation in group):
        return
    unknown = next((item.unknown[0] for item in previews if item.cost_cycle is None and item.unknown), None)
    if unknown is not None:
        yield _unknown(rule, address, f"the margin of {address} is unknown ({unknown})")
        return
    yield from _below(rule, address, previews)


def _below(rule: GuardRule, address: Address, previews: list[PriceDelta]) -> Iterator[Finding]:
    least = rule.share or Fraction(0)
    sells = [item for item in map(sell_month, previews) if item is not None]
    costs = [item for item in map(cost_month, previews) if item is not None]
    sell, cost = sells[0], costs[0]
    for item in sells[1:]:
        sell = sell + item
    for item in costs[1:]:
        cost = cost + item
    share = margin(sell, cost)
    if share is None and cost.value > 0 and (sell.currency != cost.currency or sell.value <= 0):
        why = f"our price is in {sell.currency} and the cost in {cost.currency}"
        why = why if sell.currency != cost.currency else "our price is nothing"
        yield _unknown(rule, address, f"the margin of {address} cannot be computed ({why})", "change `sell`")
    if share is not None and share < least:
        text = beyond(rule, f"what {address} adds leaves {percent(share)} of its price", percent(least), floor=True)
        yield _say(rule, address, text, "raise `sell`, or lower `guardrails.minMargin` in a change of its own")
