"""What a project writes as limits, as thresholds: the plain forms are thresholds that deny.

Every threshold is judged by itself, and of those that are crossed the strictest speak: one threshold more can never
let more through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from cspdecl.commerce.words import counted
from cspdecl.core.address import Address
from cspdecl.core.guard import GuardName, GuardRule, Level, NeededApproval
from cspdecl.core.project import Guardrails
from cspdecl.planning.sentences import percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One threshold that is crossed: by what (`subject` tells the findings of a guard apart), where, in a sentence.

    `remedy` is what can be done about it, said where the plan is refused.
    """

    rule: GuardRule
    code: str
    text: str
    remedy: str = ""
    subject: str = ""
    address: Address | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What two states of a project, or two thresholds, may both say something of."""
        return self.rule.guard, self.subject or str(self.address or "")

    @property
    def strictness(self) -> int:
        """Of the rule: higher is stricter."""
        return self.rule.level.strictness


def rules_of(guardrails: Guardrails) -> tuple[GuardRule, ...]:
    """All thresholds of a project."""
    found: list[GuardRule] = []
    if guardrails.max_seats_per_change is not None:
        found.append(GuardRule(guard="maxSeatsPerChange", count=guardrails.max_seats_per_change))
    if guardrails.max_new_commitment is not None:
        found.append(GuardRule(guard="maxNewCommitment", money=guardrails.max_new_commitment))
    if guardrails.min_margin is not None:
        found.append(GuardRule(guard="minMargin", share=guardrails.min_margin))
    for item in guardrails.forbid:
        found.append(GuardRule(guard="forbid", term=item.term, billing=item.billing, offer=item.offer))
    if guardrails.max_stop_managing is not None:
        found.append(GuardRule(guard="maxStopManaging", share=guardrails.max_stop_managing))
    return (*found, *guardrails.rules)


def margin_floor(guardrails: Guardrails) -> Fraction | None:
    """The share of our price that must be left: the highest that denies, else the highest there is."""
    floors = [rule for rule in rules_of(guardrails) if rule.guard == "minMargin" and rule.share is not None]
    denied = [rule.share for rule in floors if rule.level is Level.DENY and rule.share is not None]
    return max(denied or [rule.share for rule in floors if rule.share is not None], default=None)


def of(rules: Iterable[GuardRule], guard: GuardName) -> Iterator[GuardRule]:
    """The thresholds of one guard."""
    return (rule for rule in rules if rule.guard == guard)


def strictest(findings: Iterable[Finding]) -> list[Finding]:
    """Of the findings about one thing those that count: the strictest, one of them, or every approval that is needed.

    Where several thresholds of a level are crossed, the one furthest up says most.
    """
    groups: dict[tuple[str, str], list[Finding]] = {}
    for item in findings:
        groups.setdefault(item.key, []).append(item)
    out: list[Finding] = []
    for group in groups.values():
        top = max(item.strictness for item in group)
        most = sorted((item for item in group if item.strictness == top), key=_height, reverse=True)
        out += _approvals(most) if most[0].rule.level is Level.NEEDS_APPROVAL else most[:1]
    return out


def _approvals(findings: Iterable[Finding]) -> list[Finding]:
    """One finding a role, the one that asks for most people."""
    by_role: dict[str, Finding] = {}
    for item in findings:
        approval = item.rule.approval or NeededApproval(role="")
        known = by_role.get(approval.role)
        if known is None or approval.count > (known.rule.approval or approval).count:
            by_role[approval.role] = item
    return list(by_role.values())


def _height(item: Finding) -> Fraction:
    """How far up a threshold is, so that the last one that was crossed is named; for margins the lowest."""
    rule = item.rule
    if rule.count is not None:
        return Fraction(rule.count)
    if rule.share is not None:
        return -rule.share if rule.guard == "minMargin" else rule.share
    if rule.money:
        return Fraction(max(rule.money.values()))
    return Fraction(0)


def beyond(rule: GuardRule, what: str, limit: str, *, floor: bool = False) -> str:
    """The sentence of a crossed threshold: what would happen (`what`, its first half), and what the limit is."""
    if rule.level is Level.DENY:
        return f"{what}, the project {'asks for' if floor else 'allows'} {limit}"
    look = ", which is worth a second look" if rule.level is Level.WARN else ""
    return f"{what}, {'less' if floor else 'more'} than {limit}{look}"


def in_full(item: Finding) -> str:
    """The sentence, and what follows from it: the remedy where it refuses, whose word is needed where somebody's is."""
    if item.rule.level is Level.DENY:
        return f"{item.text}; {item.remedy}" if item.remedy else item.text
    return f"{item.text}; {whose_word(item.rule.approval)}" if item.rule.approval is not None else item.text


def whose_word(approval: NeededApproval) -> str:
    """Who has to agree: "this needs the approval of 2 people of finance"."""
    people = counted(approval.count, "person", "people")
    return f"this needs the approval of {people} of `{approval.role}`"


def share_crossed(rule: GuardRule, count: int, whole: int) -> bool:
    """Whether `count` of `whole` is beyond a threshold in pieces or as a share. Of nothing, anything is all."""
    if rule.count is not None and count > rule.count:
        return True
    return rule.share is not None and bool(count) and Fraction(count, max(whole, 1)) > rule.share


def share_words(rule: GuardRule, noun: Callable[[int], str]) -> str:
    """A threshold in pieces or as a share, in words."""
    return percent(rule.share) if rule.share is not None else noun(rule.count or 0)


def part_of(count: int, whole: int) -> str:
    """`count` of `whole` as a share in words."""
    return percent(Fraction(count, max(whole, 1)))
