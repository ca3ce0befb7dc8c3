"""What a project says of a plan, and what it said before the change: the stricter wins, guard by guard.

So that taking a limit away and crossing it in one change does not work; nor does a change that excuses itself, since a
waiver counts only where both sides have it, and so does a person's role.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cspdecl.commerce.words import day, listed
from cspdecl.core.address import Address
from cspdecl.core.guard import GuardRule, Level, Waiver
from cspdecl.core.inquiry import Answer
from cspdecl.core.operation import Operation, SafetyReport, Verdict
from cspdecl.core.project import Guardrails
from cspdecl.planning.safety.assigned import check_assigned
from cspdecl.planning.safety.case import Case, Estate
from cspdecl.planning.safety.commitment import check_commitment
from cspdecl.planning.safety.estate import check_estate
from cspdecl.planning.safety.forbidden import check_forbidden
from cspdecl.planning.safety.freeze import check_freeze
from cspdecl.planning.safety.margins import check_margins
from cspdecl.planning.safety.rules import Finding, in_full, rules_of, strictest
from cspdecl.planning.safety.seats import check_seats

_CHECKS = (
    check_seats, check_commitment, check_margins, check_forbidden, check_assigned, check_estate, check_freeze,
)  # fmt: skip


def check_safety(
    guardrails: Guardrails,
    operations: Sequence[Operation],
    *,
    estate: Estate,
    now: datetime,
    base: Sequence[Guardrails] = (),
    assigned: Mapping[str, Answer] | None = None,
) -> SafetyReport:
    """Every guardrail that is touched. `base`: the limits before the change, of each state it is compared with;
    `assigned`: by tenant, what was said of the licences people have."""
    case = Case(operations=operations, estate=estate, now=now, assigned=assigned or {})
    waivers = standing_waivers(guardrails, base, now)
    said = _judge(guardrails, case, waivers)
    held = {key: [(item, False) for item in items] for key, items in said.standing.items()}
    for before in base:
        for key, items in _judge(before, case, waivers).standing.items():
            known = held.get(key, [])
            missing = [(item, True) for item in _stricter(items, [item for item, _ in known])]
            if missing and known and known[0][0].strictness < items[0].strictness:
                known = []  # the softer one is silent
            held[key] = [*known, *missing]
    verdicts = [_verdict(item, base=earlier) for items in held.values() for item, earlier in items]
    verdicts += [_excused(item, by) for item, by in said.excused]
    roles = _roles(verdicts, guardrails, base)
    return SafetyReport(verdicts=tuple(_reachable(item, roles, changed=bool(base)) for item in verdicts), roles=roles)


def standing_waivers(guardrails: Guardrails, base: Iterable[Guardrails], now: datetime) -> tuple[Waiver, ...]:
    """The waivers that count: not expired, and held by every side."""
    before = [{(item.concerns, item.target): item for item in side.waivers if now < item.expires} for side in base]
    return tuple(
        item
        for item in guardrails.waivers
        if now < item.expires and all((item.concerns, item.target) in side for side in before)
    )


def covers(waiver: Waiver, address: Address) -> bool:
    """Whether a waiver is for an address: its own, a line of its customer, a component of its line."""
    if waiver.target is None:
        return True
    return f"{address}/".startswith(f"{waiver.target}/")


@dataclass(slots=True)
class _Said:
    """What one side says: findings that stand, and those that a waiver takes away."""

    standing: dict[tuple[str, str], list[Finding]]
    excused: list[tuple[Finding, tuple[Waiver, ...]]]


def _judge(guardrails: Guardrails, case: Case, waivers: Sequence[Waiver]) -> _Said:
    """All findings; then, guard by guard, those that are left without what is waived."""
    rules = rules_of(guardrails)
    said = _Said(standing=_grouped(strictest(_findings(rules, case))), excused=[])
    for guard in dict.fromkeys(key[0] for key in said.standing):
        own = [item for item in waivers if item.concerns == guard]
        if not own:
            continue
        kept = [item for item in case.operations if not any(covers(waiver, item.address) for waiver in own)]
        if len(kept) == len(case.operations):
            continue
        narrowed = replace(case, operations=kept)
        left = _grouped(strictest(_findings([rule for rule in rules if rule.guard == guard], narrowed)))
        for key in [key for key in said.standing if key[0] == guard]:
            full, rest = said.standing[key], left.get(key, [])
            if rest and (rest[0].strictness > full[0].strictness or not _spared(full, rest)):
                continue  # without what is waived it is no better
            said.excused += [(item, _used(own, item, case.operations)) for item in _spared(full, rest)]
            if rest:
                said.standing[key] = rest
            else:
                del said.standing[key]
    return said


def _spared(full: Sequence[Finding], rest: Sequence[Finding]) -> list[Finding]:
    """Findings that are gone without what is waived."""
    return [item for item in full if item.rule not in [other.rule for other in rest]]


def _findings(rules: Sequence[GuardRule], case: Case) -> Iterable[Finding]:
    for check in _CHECKS:
        yield from check(rules, case)


def _grouped(findings: Iterable[Finding]) -> dict[tuple[str, str], list[Finding]]:
    groups: dict[tuple[str, str], list[Finding]] = {}
    for item in findings:
        groups.setdefault(item.key, []).append(item)
    return groups


def _used(own: Sequence[Waiver], finding: Finding, operations: Sequence[Operation]) -> tuple[Waiver, ...]:
    """The waivers that take a finding away: of its address, else of any operation it counts."""
    if finding.address is not None:
        return tuple(item for item in own if covers(item, finding.address)) or tuple(own)
    return tuple(item for item in own if any(covers(item, one.address) for one in operations))


def _stricter(before: Sequence[Finding], after: Sequence[Finding]) -> list[Finding]:
    """What the side before asks for beyond the side after."""
    if not after or before[0].strictness > after[0].strictness:
        return list(before)
    if before[0].strictness < after[0].strictness or before[0].rule.level is not Level.NEEDS_APPROVAL:
        return []
    asked = {item.rule.approval.role: item.rule.approval.count for item in after if item.rule.approval is not None}
    return [
        item
        for item in before
        if item.rule.approval is not None and item.rule.approval.count > asked.get(item.rule.approval.role, 0)
    ]


# ---- as verdicts ----


def _verdict(item: Finding, *, base: bool = False) -> Verdict:
    kept = "; this change takes the limit away or loosens it, and until it is merged the limit holds" if base else ""
    return Verdict(
        rule=item.rule.guard,
        code=item.code,
        text=in_full(item) + kept,
        refused=item.rule.level is Level.DENY,
        address=item.address,
        level=item.rule.level,
        approval=item.rule.approval if item.rule.level is Level.NEEDS_APPROVAL else None,
        side="base" if base else "head",
    )


def _excused(item: Finding, by: Sequence[Waiver]) -> Verdict:
    names = listed([f"`{waiver.name}`" for waiver in by], final="and")
    first = by[0]
    why = f"{first.owner}, before {day(first.expires)}: {first.reason}"
    return replace(
        _verdict(item),
        text=f"{item.text}; excused by the waiver {names} ({why})",
        refused=False,
        waiver=", ".join(waiver.name for waiver in by),
    )


def _roles(
    verdicts: Iterable[Verdict], guardrails: Guardrails, base: Sequence[Guardrails]
) -> dict[str, tuple[str, ...]]:
    """Who may approve what is waited for: those who hold the role on every side."""
    wanted = sorted({item.approval.role for item in verdicts if item.approval is not None and item.waiver is None})
    return {
        role: tuple(
            person
            for person in guardrails.roles.get(role, ())
            if all(person in side.roles.get(role, ()) for side in base)
        )
        for role in wanted
    }


def _reachable(item: Verdict, roles: Mapping[str, tuple[str, ...]], *, changed: bool) -> Verdict:
    """Says so where too few people hold the role for the approval ever to be given."""
    if item.approval is None or item.waiver is not None:
        return item
    there = len(roles[item.approval.role])
    if there >= item.approval.count:
        return item
    when = "both before and after this change" if changed else "in this project"
    return replace(
        item,
        text=f"{item.text}; {there or 'nobody'} {'hold' if there > 1 else 'holds'} that role {when}, so the roles have "
        "to be changed first, in a change of its own",
    )
