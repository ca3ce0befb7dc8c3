"""Combinations that nobody may buy, or nobody without somebody else's word: now, with a renewal, or out of a trial."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cspdecl.core.guard import GuardRule, Level
from cspdecl.planning.safety.case import Bought, Case, bought
from cspdecl.planning.safety.rules import Finding, of


def check_forbidden(rules: Iterable[GuardRule], case: Case) -> Iterator[Finding]:
    """Every purchase that matches all given parts of a rule."""
    for rule in of(rules, "forbid"):
        words = _words(rule)
        for operation in case.operations:
            if any(_matches(rule, item) for item in bought(operation)):
                text = f"{operation.address} {_judged(rule, words)}"
                yield Finding(
                    rule=rule, code="CSP504", text=text,
                    remedy="choose another, or change `guardrails.forbid` in a change of its own",
                    subject=f"{operation.address} {words}",
                    address=operation.address,
                )  # fmt: skip


def _words(rule: GuardRule) -> str:
    parts = (("term", rule.term), ("billing", rule.billing), ("offer", rule.offer))
    return ", ".join(f"{name}: {value}" for name, value in parts if value is not None)


def _matches(rule: GuardRule, item: Bought) -> bool:
    return rule.term in (None, item.term) and rule.billing in (None, item.billing) and rule.offer in (None, item.offer)


def _judged(rule: GuardRule, words: str) -> str:
    if rule.level is Level.DENY:
        return f"buys what the project forbids ({words})"
    if rule.approval is not None:
        return f"buys what nobody buys alone ({words})"
    return f"buys what the project warns of ({words})"
