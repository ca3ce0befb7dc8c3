"""New commitment: what a whole plan newly obliges to pay, by currency.

A limit that does not name a currency allows none of it, and an amount that is not known is beyond every limit: a price
list that is missing must not open the gate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cspdecl.core.guard import GuardRule
from cspdecl.core.money import Money
from cspdecl.core.operation import Operation
from cspdecl.planning.money import total
from cspdecl.planning.safety.case import Case, commits
from cspdecl.planning.safety.rules import Finding, beyond, of
from cspdecl.planning.sentences import plain

_REMEDY = "split the change, or raise `guardrails.maxNewCommitment` in a change of its own"


def check_commitment(rules: Iterable[GuardRule], case: Case) -> Iterator[Finding]:
    """Every currency of the plan against every limit, and every amount that is not known."""
    limits = tuple(of(rules, "maxNewCommitment"))
    if not limits:
        return
    sums = _sums(case.operations)
    for rule in limits:
        for owed in (sums[currency] for currency in sorted(sums)):
            yield from _one(rule, owed)
        for operation in case.operations:
            yield from _unknown(rule, operation)


def _sums(operations: Sequence[Operation]) -> dict[str, Money]:
    sums = {owed.currency: owed for owed in total(operations).commitment}
    for operation in operations:
        if operation.promised is not None and (later := operation.promised.commitment) is not None:
            sums[later.currency] = sums[later.currency] + later if later.currency in sums else later
    return sums


def _one(rule: GuardRule, owed: Money) -> Iterator[Finding]:
    limit = (rule.money or {}).get(owed.currency)
    subject = f"new commitment in {owed.currency}"
    if limit is None:
        text = f"this plan commits to {plain(owed)}, and no limit is set for {owed.currency}"
        remedy = "set one under `guardrails.maxNewCommitment`"
        yield Finding(rule=rule, code="CSP502", text=text, remedy=remedy, subject=subject)
    elif owed.amount > limit:
        text = beyond(rule, f"this plan newly commits to {plain(owed)}", plain(Money(limit, owed.currency)))
        yield Finding(rule=rule, code="CSP502", text=text, remedy=_REMEDY, subject=subject)


def _unknown(rule: GuardRule, operation: Operation) -> Iterator[Finding]:
    why = operation.promised.unknown if operation.promised is not None else None
    if commits(operation) and (operation.preview is None or operation.preview.commitment is None):
        why = operation.preview.unknown[0] if operation.preview and operation.preview.unknown else "it is unknown"
    if why is None:
        return
    text = f"what {operation.address} commits to is unknown ({why}), so the limit cannot be checked"
    yield Finding(
        rule=rule,
        code="CSP502",
        text=text,
        remedy="import the price list it needs with `cspdecl prices import`",
        subject=f"{operation.address} {operation.id}",
        address=operation.address,
    )
