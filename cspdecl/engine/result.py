"""However an apply ends, its report: of a run, of a plan that was not carried out, of an error, of a beginning."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cspdecl.core.diagnostics import Diagnostic
from cspdecl.core.errors import CspdeclError
from cspdecl.core.outcome import Applied
from cspdecl.core.plain import PlainError, from_plain, to_plain
from cspdecl.core.result import ApplyReport, LeftAlone, OperationResult, Problem, VerdictWord
from cspdecl.engine.exits import Exit
from cspdecl.engine.settle import Settler
from cspdecl.report.printable import json_safe

if TYPE_CHECKING:
    from cspdecl.core.operation import Plan
    from cspdecl.engine.apply import ApplyResult
    from cspdecl.engine.lanes import Task
    from cspdecl.planning.approval import Outside

FORMAT = 1
_WORDS: dict[Exit, tuple[VerdictWord, str]] = {
    Exit.DONE: ("done", "everything was carried out"),
    Exit.ERROR: ("error", "nothing was carried out"),
    Exit.REFUSED: ("refused", "refused: a guardrail or a missing approval stands against it"),
    Exit.PARTLY: ("partly", "partly carried out"),
    Exit.UNKNOWN: ("unknown", "what came of something that was sent is not known yet"),
    Exit.LOCKED: ("locked", "nothing was carried out: another run is at work"),
    Exit.STALE: ("stale", "nothing was carried out: the plan is not what would be done today"),
    Exit.USAGE: ("usage", "nothing was carried out: it was asked for in a way that is not allowed"),
    Exit.INVALID: ("invalid", "nothing was carried out: what is declared has errors"),
    Exit.TRY_LATER: ("try-later", "not everything was carried out yet: try again later"),
    Exit.NOT_AUTHORISED: ("not-authorised", "the provider did not accept the credentials, or there are none"),
    Exit.INTERRUPTED: ("interrupted", "interrupted before it was through"),
}
_PLAN_AGAIN = "cspdecl plan --out plan.json"
_NEXT: dict[Exit, tuple[str, ...]] = {
    Exit.PARTLY: (_PLAN_AGAIN,),
    Exit.UNKNOWN: ("cspdecl recover", _PLAN_AGAIN),
    Exit.STALE: (_PLAN_AGAIN,),
    Exit.INVALID: ("cspdecl validate", _PLAN_AGAIN),
    Exit.INTERRUPTED: ("cspdecl recover", _PLAN_AGAIN),
}


def report_of(outcome: ApplyResult, *, project: str, commit: str | None, approvals: Sequence[str]) -> ApplyReport:
    """A run that came to its end."""
    from cspdecl.engine.problems import problems_of

    word, text = _WORDS[outcome.exit]
    if outcome.exit is Exit.DONE and not outcome.tasks:
        text = "there was nothing to do"
    return ApplyReport(
        format=FORMAT,
        exit=int(outcome.exit),
        verdict=word,
        text=text,
        project=project,
        run=outcome.run,
        plan=outcome.plan.id,
        commit=commit,
        approvals=tuple(approvals),
        records=outcome.records,
        observed=outcome.observed,
        operations=tuple(map(_operation, outcome.tasks)),
        recovered=tuple(map(_operation, outcome.recovered)),
        conflicts=tuple(map(_left_alone, outcome.outside)),
        verdicts=outcome.plan.safety.verdicts,
        problems=_problems((*outcome.plan.diagnostics, *problems_of((*outcome.tasks, *outcome.recovered)))),
        stopped=outcome.stopped,
        next=_NEXT.get(outcome.exit, ()),
        fresh=outcome.fresh.id if outcome.fresh is not None else None,
    )


def report_of_plan(plan: Plan, exit_code: Exit, *, approved: bool, approvals: Sequence[str]) -> ApplyReport:
    """A plan that was not carried out. `approved`: nobody said no, it is refused, in error or empty."""
    word, text = _WORDS[exit_code]
    if exit_code is Exit.DONE:
        text = "there was nothing to do" if approved else "nothing was carried out: nobody agreed to it"
    return _bare(
        exit_code, word, text, plan=plan, approvals=approvals, problems=_problems(plan.diagnostics),
        verdicts_of=plan,
    )  # fmt: skip


def report_of_failure(
    problem: BaseException, *, project: str | None, plan: Plan | None, approvals: Sequence[str],
    wrong_usage: str | None = None,
) -> ApplyReport:  # fmt: skip
    """A run that ended in an error, as early as that may have been. `wrong_usage`: what was wrong with how it was asked
    for."""
    from cspdecl.engine.approved import NotApproved
    from cspdecl.engine.problems import Outgrown

    exit_code = Exit.ERROR
    message, found = f"cspdecl has a bug: {type(problem).__name__}", tuple[Diagnostic, ...]()
    if isinstance(problem, CspdeclError):
        exit_code, message, found = Exit(problem.exit_code), problem.message, problem.diagnostics
    elif isinstance(problem, OSError):
        message = f"{problem.filename or 'a file'}: {problem.strerror or problem}"
    elif isinstance(problem, KeyboardInterrupt):
        exit_code, message = Exit.INTERRUPTED, "interrupted"
    elif wrong_usage:
        exit_code, message = Exit.USAGE, wrong_usage
    word, text = _WORDS[exit_code]
    problems = _problems(found)
    if not problems:
        problems = (Problem(code="", severity="error", message=message, address=None, hint=None),)
    outside = problem.outside if isinstance(problem, Outgrown) else ()
    return _bare(
        exit_code, word, text, plan=plan, approvals=approvals, problems=problems, project=project, outside=outside,
        fresh=problem.fresh.id if isinstance(problem, Outgrown) else None,
        verdicts_of=problem.plan if isinstance(problem, NotApproved) else None, stopped=message,
    )  # fmt: skip


def report_of_beginning(*, plan: Plan | None, approvals: Sequence[str]) -> ApplyReport:
    """What stands in the file while the run goes on, and stays there where it is cut off."""
    return _bare(
        Exit.INTERRUPTED, "began", "the run was cut off, and what it did is in the store only",
        plan=plan, approvals=approvals,
    )  # fmt: skip


def write_report(report: ApplyReport, path: Path) -> None:
    """The report as JSON, in the place of what was there, whole or not at all. Raises OSError."""
    text = json_safe(json.dumps(to_plain(report), indent=2, ensure_ascii=False)) + "\n"
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def read_report(text: str) -> ApplyReport | None:
    """A result file; None where the text is none. Raises CspdeclError for one of another version."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not (isinstance(data, dict) and {"format", "verdict", "operations", "conflicts"} <= data.keys()):
        return None
    try:
        return from_plain(ApplyReport, data)
    except PlainError as problem:
        raise CspdeclError(f"the result file comes from another version ({problem})") from None


def _bare(
    exit_code: Exit, word: VerdictWord, text: str, *, plan: Plan | None, approvals: Sequence[str],
    problems: tuple[Problem, ...] = (), project: str | None = None, outside: Iterable[Outside] = (),
    fresh: str | None = None, verdicts_of: Plan | None = None, stopped: str | None = None,
) -> ApplyReport:  # fmt: skip
    return ApplyReport(
        format=FORMAT,
        exit=int(exit_code),
        verdict=word,
        text=text,
        project=plan.project if plan is not None else project,
        run=None,
        plan=plan.id if plan is not None else None,
        commit=plan.commit if plan is not None else None,
        approvals=tuple(approvals),
        records=0,
        observed=0,
        operations=(),
        recovered=(),
        conflicts=tuple(map(_left_alone, outside)),
        verdicts=verdicts_of.safety.verdicts if verdicts_of is not None else (),
        problems=problems,
        stopped=stopped,
        next=_NEXT.get(exit_code, ()),
        fresh=fresh,
    )


def _operation(task: Task) -> OperationResult:
    operation, outcome = task.operation, task.outcome
    remark = outcome.receipt.remark if isinstance(outcome, Applied) else None
    return OperationResult(
        id=operation.id,
        address=str(operation.address),
        action=operation.action.kind,
        did=Settler.describe(operation),
        state=task.state,
        message=task.message or remark or "",
        request_id=task.request_id,
    )


def _left_alone(item: Outside) -> LeftAlone:
    return LeftAlone(code=item.code, address=str(item.address) if item.address else None, reason=item.text)


def _problems(found: Iterable[Diagnostic]) -> tuple[Problem, ...]:
    return tuple(
        Problem(
            code=item.code, severity=item.severity.value, message=item.message, address=item.address, hint=item.hint
        )
        for item in found
    )
