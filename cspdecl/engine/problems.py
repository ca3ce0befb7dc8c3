"""What goes wrong while applying and recovering, as diagnostics: a code to look up, what happened, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cspdecl.core.diagnostics import Diagnostic, error
from cspdecl.core.errors import CspdeclError, LockHeld, StalePlan
from cspdecl.core.operation import Plan
from cspdecl.engine.exits import Exit
from cspdecl.engine.lanes import Task
from cspdecl.planning.approval import Outside


class RunBroken(CspdeclError):  # noqa: N818 - a state, not a fault
    """The store failed while operations were in flight: what came of them is not on disk, and only a look tells."""

    exit_code = int(Exit.UNKNOWN)


def problems_of(tasks: Iterable[Task]) -> tuple[Diagnostic, ...]:
    """What of a run somebody has to see to: outcomes that are not known, and answers that contradict themselves."""
    found = []
    for task in tasks:
        if task.state == "unknown" or (task.state == "later" and task.doubt):
            found.append(_unsettled(task))
        elif task.state == "applied" and task.message:
            found.append(
                error(
                    "CSP803", task.message, address=str(task.operation.address),
                    hint="it was recorded as it was read back; look at the subscription, then plan again",
                )
            )  # fmt: skip
    return tuple(found)


def _unsettled(task: Task) -> Diagnostic:
    what = "is not finished yet" if task.state == "later" else "is not known"
    return error(
        "CSP801", f"what came of `{task.operation.action.kind}` {what}: {task.message}",
        address=str(task.operation.address),
        hint=f"run `cspdecl recover`, nothing is sent twice; at the provider it goes by request {task.request_id}, "
        f"correlation {task.correlation_id}",
    )  # fmt: skip


def stale(conflicts: Sequence[str]) -> StalePlan:
    """A saved plan of which nothing can be carried out."""
    some = ", ".join(conflicts[:3]) + (f" and {len(conflicts) - 3} more" if len(conflicts) > 3 else "")
    text = f"the plan no longer fits what is live, declared or recorded for {some}; nothing was sent, plan again"
    return StalePlan(text, diagnostics=(error("CSP802", text),))


class Outgrown(StalePlan):
    """A saved plan of which nothing lies within its approval any more: why, and as `fresh` what would be done today."""

    def __init__(
        self, message: str, *, diagnostics: tuple[Diagnostic, ...], outside: tuple[Outside, ...], fresh: Plan
    ) -> None:
        super().__init__(message, diagnostics=diagnostics)
        self.outside = outside
        self.fresh = fresh


def left_alone(outside: Iterable[Outside]) -> tuple[Diagnostic, ...]:
    """What was not carried out since it is not what was approved, one diagnostic a reason."""
    hint = "have the plan of today approved; what was approved as it is goes on"
    return tuple(
        error(item.code, item.text, address=str(item.address) if item.address else None, hint=hint) for item in outside
    )


def outgrown(outside: Sequence[Outside], *, fresh: Plan) -> Outgrown:
    """Nothing of the plan can be carried out: why, reason by reason, and the plan of today."""
    names = sorted({str(item.address) for item in outside if item.address is not None})
    told = stale(names) if names else stale(["every customer"])
    found = (*told.diagnostics, *left_alone(outside))
    return Outgrown(told.message, diagnostics=found, outside=tuple(outside), fresh=fresh)


def broken(problem: CspdeclError) -> RunBroken:
    """A run that the store failed under."""
    text = f"the run broke off: {problem.message}"
    hint = "mend that, then run `cspdecl recover`: it looks what was done, and nothing is sent twice"
    return RunBroken(f"{text}; {hint}", diagnostics=(error("CSP804", text, hint=hint),))


def held(problem: LockHeld) -> LockHeld:
    """Somebody else is at work on the project."""
    hint = (
        "wait for that run to end; a lock whose process has died on this machine is taken over by itself. "
        "If its machine is gone for good: `cspdecl recover --take-over RUN`"
    )
    return LockHeld(problem.message, diagnostics=(error("CSP805", problem.message, hint=hint),))
