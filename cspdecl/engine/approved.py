"""Whether what is about to be carried out is what was approved: from the right place, not too old, said yes to.

In CI the place is checked: the default branch, tracked files as committed, no pull request. At a terminal somebody is
there to see, so what is unusual is said and no more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cspdecl.core.address import Address
from cspdecl.core.diagnostics import Diagnostic, error, warning
from cspdecl.core.errors import CspdeclError, StalePlan
from cspdecl.core.operation import Operation, Plan, SafetyReport
from cspdecl.core.plain import PlainError, from_plain
from cspdecl.engine import gitplace, provenance
from cspdecl.engine.basis import basis_of
from cspdecl.engine.exits import Exit
from cspdecl.engine.preview_base import load_at
from cspdecl.planning.approval import Judgement, Outside
from cspdecl.planning.approvers import ApprovalFile, Bound, find_lacking

if TYPE_CHECKING:
    from cspdecl.engine.plan import Planned
    from cspdecl.engine.session import Session
    from cspdecl.spi.store import Store


class WrongPlace(CspdeclError):  # noqa: N818 - a state, not a fault
    """Nothing is carried out from here: another branch, changed files, a pull request."""

    exit_code = int(Exit.USAGE)


class NotApproved(CspdeclError):  # noqa: N818 - a state, not a fault
    """The plan waits for somebody's word; `plan` is the one that does."""

    exit_code = int(Exit.REFUSED)

    def __init__(self, message: str, *, diagnostics: tuple[Diagnostic, ...], plan: Plan) -> None:
        super().__init__(message, diagnostics=diagnostics)
        self.plan = plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """What came with the plan: the approvals, and names the plan goes by besides its id (the digest of its file)."""

    given: ApprovalFile = field(default_factory=ApprovalFile)
    names: frozenset[str] = frozenset()

    @property
    def ids(self) -> tuple[str, ...]:
        """The approvals' ids, for the records."""
        return tuple(item.id for item in self.given.approvals)

    @property
    def verbatim(self) -> tuple[str, ...]:
        """The approvals as the pipeline wrote them, for the run."""
        return tuple(item.verbatim for item in self.given.approvals)


# ---- the place ----


def check_place(session: Session) -> tuple[Diagnostic, ...]:
    """Refuse what must not be carried out from here. Outside CI what is unusual comes back as warnings.

    Raises WrongPlace.
    """
    strict = provenance.in_ci()
    if strict and (event := gitplace.pull_request_event()) is not None:
        text = f"this runs for a pull request ({event}), and nothing is carried out before it is merged"
        raise _refused("CSP725", text, "apply on a push to the default branch")
    if not gitplace.in_work_tree(session.root):
        if strict and gitplace.has_git_folder(session.root):
            hint = "run `git status` in the same job to see why; often `git config --global --add safe.directory` helps"
            raise _refused("CSP726", "git cannot be asked which branch and which files these are", hint)
        return ()
    changed = _changed(session)
    if changed:
        names = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if len(changed) > 3 else "")
        text = f"files differ from what is committed: {names}"
        if strict:
            raise _refused("CSP722", text, "commit them, and let the merged commit be applied")
        return (warning("CSP722", text, hint="what is carried out can then be found in no commit"),)
    if strict:
        _check_branch(session)
    return ()


def _check_branch(session: Session) -> None:
    named = session.project.apply.branch
    branch = named or gitplace.default_branch(session.root)
    if branch is None:
        hint = "say `apply: {branch: main}` in the project"
        raise _refused("CSP721", "which branch is the default one cannot be told here, and is not guessed", hint)
    if gitplace.on_branch(session.root, branch) is not True:
        hint = f"apply after the merge, from `{branch}`; a shallow checkout must know the remote's `{branch}`"
        raise _refused("CSP720", f"the commit that is checked out is not on the branch `{branch}`", hint)


def check_not_superseded(session: Session, plan: Plan, planned: Planned, judged: Judgement) -> Judgement:
    """In CI what a newer commit of the branch declares otherwise is left alone: an old job that is run again must not
    buy what was reverted since, nor take back what was merged."""
    branch = session.project.apply.branch or gitplace.default_branch(session.root)
    if not provenance.in_ci() or plan.basis is None or branch is None or not gitplace.in_work_tree(session.root):
        return judged
    tip = gitplace.tip_beyond(session.root, branch)
    if tip is None:
        return judged
    newest = load_at(session, tip)
    customers = dict.fromkeys(operation.address.customer for operation in judged.operations)
    declared: Mapping[str, str] = {}
    if newest is not None and newest.project is not None and newest.desired is not None:
        declared = basis_of(newest.project, newest.desired, planned.live, planned.prices, customers).customers
    held = [key for key in customers if declared.get(key) != plan.basis.customers.get(key)]
    outside = tuple(
        Outside(
            code="CSP812",
            address=Address(key),
            text=f"what is declared for {key} says something else in a newer commit of `{branch}` ({tip[:8]})",
        )
        for key in held
    )
    left = tuple(operation for operation in judged.operations if operation.address.customer not in held)
    return Judgement(operations=left, outside=(*judged.outside, *outside))


def _changed(session: Session) -> tuple[str, ...]:
    """Tracked files below the project that were changed, and manifests that git does not know."""
    tracked = gitplace.tracked_files(session.root)
    unknown = {item.path for item in session.load().files} - tracked if tracked is not None else set()
    return tuple(sorted({*gitplace.dirty_files(session.root), *unknown}))


def _refused(code: str, text: str, hint: str) -> WrongPlace:
    return WrongPlace(text, diagnostics=(error(code, text, hint=hint),))


# ---- the plan ----


def check_readable_only(plan: Plan) -> None:
    """Refuse a plan that nobody's live state stands behind. Raises StalePlan."""
    if plan.offline:
        text = "this plan was made offline, from the files alone: it is for reading"
        hint = "plan again where the provider can be read, and have that approved"
        raise StalePlan(text, diagnostics=(error("CSP724", text, hint=hint),))


def check_age(plan: Plan, *, now: datetime, most: timedelta) -> tuple[Diagnostic, ...]:
    """Refuse a plan older than `most` in CI, by the provider's clock; elsewhere say so. Raises StalePlan."""
    age = now - plan.now
    if age <= most:
        return ()
    text = f"the plan is of {plan.now:%Y-%m-%d %H:%M} UTC, {_span(age)} old, and {_span(most)} are allowed"
    hint = "plan again and have that approved; `apply: {maxAge: …}` in the project says how old a plan may be"
    if provenance.in_ci():
        raise StalePlan(text, diagnostics=(error("CSP723", text, hint=hint),))
    return (warning("CSP723", text, hint=hint),)


def _span(span: timedelta) -> str:
    hours = int(span.total_seconds() // 3600)
    count, unit = (hours // 24, "day") if hours >= 48 or hours % 24 == 0 else (hours, "hour")
    return f"{count} {unit}{'s'[: count != 1]}"


def check_approvals(plan: Plan, reports: Iterable[SafetyReport], approved: Approved) -> None:
    """Refuse a plan that still waits for somebody's word. Raises NotApproved, naming who is missing."""
    head = plan.difference.head if plan.difference is not None else None
    bound = Bound(
        plans=frozenset({plan.id}) | approved.names,
        commits=frozenset(commit for commit in (plan.commit, head) if commit is not None),
    )
    lacking = find_lacking(reports, approved.given, bound)
    if lacking:
        found = tuple(
            error("CSP727", item.text, address=str(item.verdict.address) if item.verdict.address else None)
            for item in lacking
        )
        raise NotApproved("the plan waits for approvals", diagnostics=found, plan=plan)


# ---- what the approval was used for ----


def carried_out(store: Store, plan: Plan) -> tuple[Operation, ...]:
    """Operations that earlier runs of the same plan have done: the approval of each is used up."""
    done: list[Operation] = []
    for header in store.runs():
        if header.plan_id != plan.id:
            continue
        applied = {
            entry.op
            for entry in store.journal(header.run)
            if entry.kind in ("outcome", "settled") and '"kind":"applied"' in entry.body
        }
        done += [operation for operation in _operations_of(header.plan) if operation.id in applied]
    return tuple(done)


def _operations_of(plan: str) -> Sequence[Operation]:
    try:
        return tuple(from_plain(Operation, item) for item in json.loads(plan)["cspdecl"]["operations"])
    except (PlainError, ValueError, KeyError) as problem:
        text = "an earlier run of this plan was by another version, and what it did cannot be read; plan again"
        raise StalePlan(text, diagnostics=(error("CSP802", text),)) from problem
