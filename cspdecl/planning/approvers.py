"""Who said yes: approvals as the pipeline wrote them down, and whether they are enough for what a plan waits for.

An approval counts for a role when its person holds the role, did not write the change, and said yes to this plan; one
that names no plan but a commit, to that commit. What names neither could be brought along for any plan, and a bare id
names nobody: both are kept in the records and count for no role.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from cspdecl.commerce.words import counted
from cspdecl.core.guard import Approval, NeededApproval
from cspdecl.core.operation import SafetyReport, Verdict
from cspdecl.core.plain import parse_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalFile:
    """What the pipeline made of the reviews. `authors`: who wrote the change, where it says so."""

    approvals: tuple[Approval, ...] = ()
    authors: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What an approval may name as the thing approved: ids and digests of the plan, commits it was made from."""

    plans: frozenset[str]
    commits: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """One verdict that still waits for somebody, and the sentence that says for whom."""

    verdict: Verdict
    missing: int
    text: str


def parse_approvals(text: str) -> ApprovalFile:
    """The file of `--approvals`: a JSON list of ids, or of objects with `id` and, where known, `by`, `at`, `commit`,
    `plan` and `author`; whatever else they hold is kept. Raises ValueError saying what is wrong."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise ValueError(f"it is no JSON: {problem}") from None
    if not isinstance(data, list):
        raise ValueError("it is no JSON list")
    approvals, authors = [], set[str]()
    for number, item in enumerate(data, 1):
        approval, wrote = _approval(item, f"entry {number}")
        approvals.append(approval)
        authors |= wrote
    return ApprovalFile(approvals=tuple(approvals), authors=frozenset(authors))


def approval_of(verbatim: str) -> Approval:
    """An approval as a run's header keeps it: JSON as `parse_approvals` reads it, or the bare id of an older store."""
    try:
        return _approval(json.loads(verbatim), "the approval")[0]
    except (ValueError, RecursionError):
        return Approval(id=verbatim, verbatim=verbatim)


def _approval(item: object, where: str) -> tuple[Approval, set[str]]:
    verbatim = json.dumps(item, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if isinstance(item, str) and item:
        return Approval(id=item, verbatim=verbatim), set()
    if not isinstance(item, dict):
        raise ValueError(f"{where} is neither an id nor an object with an `id`")
    texts = {name: item.get(name) for name in ("id", "by", "at", "commit", "plan")}
    for name, value in texts.items():
        if not (isinstance(value, str) and value) and (name == "id" or value is not None):
            raise ValueError(f"`{name}` of {where} is no text")
    authors = item.get("author") or []
    authors = [authors] if isinstance(authors, str) else authors
    if not isinstance(authors, list) or not all(isinstance(name, str) for name in authors):
        raise ValueError(f"`author` of {where} is neither a name nor a list of names")
    try:
        instant = parse_instant(texts["at"]) if texts["at"] else None
    except ValueError:
        raise ValueError(f"`at` of {where} is no instant such as 2026-11-22T14:02:00Z") from None
    approval = Approval(
        id=str(texts["id"]), by=texts["by"], at=instant, commit=texts["commit"], plan=texts["plan"], verbatim=verbatim
    )
    return approval, set(authors)


# ---- enough of them? ----


def find_lacking(reports: Iterable[SafetyReport], given: ApprovalFile, bound: Bound) -> tuple[Lack, ...]:
    """What still waits for somebody's word. Of several reports (the approved plan's and today's) all verdicts count,
    and only people who hold the role in each report that knows it."""
    reports = tuple(reports)
    out: list[Lack] = []
    asked: set[tuple[str, str, int, str]] = set()
    for verdict in (item for report in reports for item in report.awaits):
        needed = verdict.approval
        if needed is None:
            continue
        key = (verdict.rule, needed.role, needed.count, str(verdict.address or ""))
        if key in asked:
            continue
        asked.add(key)
        lack = _lack(verdict, needed, _holders(needed.role, [report.roles for report in reports]), given, bound)
        out += [lack] if lack is not None else []
    return tuple(out)


def _holders(role: str, roles: Iterable[Mapping[str, tuple[str, ...]]]) -> dict[str, str]:
    """People of a role, by the name they are compared by."""
    known = [{_same(name): name for name in report[role]} for report in roles if role in report]
    if not known:
        return {}
    common = set(known[0]).intersection(*known[1:])
    return {key: name for key, name in known[0].items() if key in common}


def _lack(
    verdict: Verdict, needed: NeededApproval, holders: Mapping[str, str], given: ApprovalFile, bound: Bound
) -> Lack | None:
    authors = {_same(name) for name in given.authors}
    yes: dict[str, str] = {}
    no: dict[str, str] = {}
    for approval in given.approvals:
        if approval.by is None:
            continue
        name = _same(approval.by)
        why = _uncounted(approval, name, holders.keys(), authors, bound)
        if why is None:
            yes[name] = approval.by
        else:
            no[name] = f"{approval.by} {why}"
    missing = needed.count - len(yes)
    if missing <= 0:
        return None
    could = sorted(name for key, name in holders.items() if key not in yes and key not in authors)
    who = f"one of {', '.join(could)}" if could else f"nobody else who holds `{needed.role}` is left to ask"
    # without the verdict's own sentence: it may speak of cost, and this one is posted; the plan has it
    about = f"`{verdict.rule}` at {verdict.address}" if verdict.address else f"`{verdict.rule}`"
    parts = [f"{about} waits for {counted(needed.count, 'approval')} by `{needed.role}`"]
    if yes:
        parts.append(f"given by {', '.join(sorted(yes.values()))}")
    parts.append(f"{missing} missing: {who}")
    parts += [f"not counted: {text}" for key, text in sorted(no.items()) if key not in yes]
    return Lack(verdict=verdict, missing=missing, text="; ".join(parts))


def _uncounted(
    approval: Approval, name: str, holders: AbstractSet[str], authors: AbstractSet[str], bound: Bound
) -> str | None:
    if name in authors:
        return "wrote the change"
    if name not in holders:
        return "does not hold the role"
    if approval.plan is not None and approval.plan not in bound.plans:
        return "said yes to another plan"
    if approval.plan is None and approval.commit is None:
        return "does not say to which plan or commit"
    if approval.plan is None and approval.commit not in bound.commits:
        return "said yes to another commit"
    return None


def _same(name: str) -> str:
    """A login as code hosts compare them: without regard to case, with or without the @ before it."""
    return name.strip().removeprefix("@").casefold()
