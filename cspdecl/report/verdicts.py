"""What the guardrails say, in the words of reports: how strict each is, whom it waits for, and its sentence.

Eyes that see no cost get no sentence of a guard that speaks of money: its numbers would give the cost away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cspdecl.core.operation import Verdict
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.show import Show

# Guards that speak of seats, lines and days only. Every other, a policy of the reseller's own too, may speak of cost.
_WITHOUT_MONEY = frozenset(
    {
        "maxSeatsPerChange", "forbid", "maxStopManaging", "maxCancellations", "maxSeatsRemoved", "maxShareOfEstate",
        "freeze", "belowAssigned",
    }
)  # fmt: skip


def verdict_state(verdict: Verdict, lang: Language = ENGLISH) -> str:
    """What a touched guardrail does to the plan."""
    if verdict.waiver is not None:
        return lang.say("waived by {waiver}", waiver=verdict.waiver)
    if verdict.refused:
        return lang.say("refused")
    if verdict.approval is not None:
        return lang.say("waits for {who}", who=approvers(verdict, lang))
    return lang.say("warned")


def approvers(verdict: Verdict, lang: Language = ENGLISH) -> str:
    """Whose word it waits for."""
    needed = verdict.approval
    if needed is None:
        return ""
    if needed.count == 1:
        return lang.say("1 approval as {role}", role=needed.role)
    return lang.say("{count} approvals as {role}", count=needed.count, role=needed.role)


def verdict_text(verdict: Verdict, show: Show, lang: Language = ENGLISH) -> str:
    """The sentence with the numbers, where these eyes may see them."""
    if show == "sell" and verdict.rule not in _WITHOUT_MONEY:
        return lang.say("the numbers are in the full plan")
    return lang.sentence(verdict.text)


def needed_approvals(verdicts: Iterable[Verdict]) -> Mapping[str, int]:
    """How many people each role has to bring, over all verdicts that wait: the most that any of them asks for."""
    out: dict[str, int] = {}
    for verdict in verdicts:
        if verdict.approval is not None:
            out[verdict.approval.role] = max(out.get(verdict.approval.role, 0), verdict.approval.count)
    return dict(sorted(out.items()))
