"""A plan in numbers for pipelines: `key=value` lines for later steps, and GitLab's report for the merge request.

Neither names a customer: outputs end up in logs, and GitLab lets guests read a report.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from cspdecl.core.money import Money, decimals_of
from cspdecl.core.operation import Plan
from cspdecl.planning.planfile import resource_changes
from cspdecl.report.difference import split
from cspdecl.report.show import Show
from cspdecl.report.verdicts import needed_approvals

# What GitLab counts of what our actions are called; the rest (no-op, forget) changes nothing at a provider.
_GITLAB = {"create": "create", "update": "update", "schedule": "update", "delete": "delete"}


def change_counts(plan: Plan) -> dict[str, int]:
    """How many things the change creates, updates and deletes, as the document's `resource_changes` have it."""
    counts = {"create": 0, "update": 0, "delete": 0}
    for change in resource_changes(split(plan).this.operations):
        for action in change["change"]["actions"]:
            if action in _GITLAB:
                counts[_GITLAB[action]] += 1
    return counts


def render_gitlab(plan: Plan) -> str:
    """GitLab's `artifacts:reports:terraform` document: three counts."""
    return json.dumps(change_counts(plan)) + "\n"


def render_outputs(plan: Plan, *, digest: str, exitcode: int, delimiter: str, show: Show = "all") -> str:
    """Lines for `$GITHUB_OUTPUT` or any shell. Amounts are plain decimals with a point; an empty one is not known or
    not for these eyes. `delimiter` must not be guessable: it ends a value of several lines.
    """
    counts = change_counts(plan)
    money = plan.totals if plan.difference is None else plan.difference.totals
    awaited = needed_approvals(plan.safety.awaits)
    cost, owed = money.cost_month if show == "all" else (), money.commitment if show == "all" else ()
    others = {item.currency for item in (*cost, *owed, *money.sell_month)} - {plan.currency}
    values = {
        "has_changes": _truth(bool(split(plan).this.operations)),
        "add": str(counts["create"]),
        "change": str(counts["update"]),
        "remove": str(counts["delete"]),
        "monthly_delta": _amount(cost, plan.currency, unknown=money.unknown) if show == "all" else "",
        "monthly_sell_delta": _amount(money.sell_month, plan.currency, unknown=money.unknown),
        "commitment": _amount(owed, plan.currency, unknown=money.unknown) if show == "all" else "",
        "currency": plan.currency,
        "other_currencies": " ".join(sorted(others)),
        "unknown_amounts": str(money.unknown),
        "complete": _truth(plan.complete),
        "refused": _truth(plan.safety.refused),
        "needs_approval": _truth(bool(awaited)),
        "approvals": " ".join(f"{role}:{count}" for role, count in awaited.items()),
        "plan_id": plan.id,
        "digest": digest,
        "exitcode": str(exitcode),
    }
    return "".join(pair(name, value, delimiter) for name, value in values.items())


def pair(name: str, value: str, delimiter: str) -> str:
    """One output: `name=value`, or between delimiters where the value has line breaks. Raises ValueError where the
    value holds the delimiter."""
    if "\n" not in value and "\r" not in value:
        return f"{name}={value}\n"
    if delimiter in value:
        raise ValueError("an output holds its own delimiter")
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _amount(amounts: Iterable[Money], currency: str, *, unknown: int) -> str:
    """The sum in a currency. Where it has none, that is nothing only if every amount is known."""
    known: Mapping[str, Money] = {item.currency: item for item in amounts}
    if currency not in known:
        return "" if unknown else f"{0:.{decimals_of(currency)}f}"
    return f"{known[currency].amount:.{decimals_of(currency)}f}"
