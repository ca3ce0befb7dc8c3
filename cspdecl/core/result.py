"""What came of an apply, as a document: what was done, what was not and why, and what to do next.

It is written however the run ends, so that a pipeline has one place to look at. Schema: schemas/apply-result.v1.json.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cspdecl.core.operation import Verdict

#: The exit codes in words. "began": the run was cut off before it could say anything else.
VerdictWord = Literal[
    "done",
    "error",
    "refused",
    "partly",
    "unknown",
    "locked",
    "stale",
    "usage",
    "invalid",
    "try-later",
    "not-authorised",
    "interrupted",
    "began",
]
OperationState = Literal[
    "waiting", "flying", "applied", "rejected", "stale", "deferred", "unknown", "skipped", "later"
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationResult:
    """What came of one operation. `did` says in words what it does; `message` why it did not, or what came instead.

    States: applied · rejected by the provider · stale: live was not as planned · deferred: a person has to act first ·
    unknown: `recover` finds out · skipped: it needed something that was not done · later: throttled or out of time.
    """

    id: str
    address: str
    action: str
    did: str
    state: OperationState
    message: str
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftAlone:
    """A part of the plan that was not carried out, since it is not what was approved. `address` None: all of it."""

    code: str
    address: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A diagnostic of the run, in English."""

    code: str
    severity: Literal["error", "warning", "note"]
    message: str
    address: str | None
    hint: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyReport:
    """One run of `apply` as its result file. `exit` is the process's answer, `verdict` the same in a word, `text` in a
    sentence. `plan` is the plan's id, `approvals` ids of those given, `records` counts change records written by this
    run, `observed` those of what happened elsewhere. `recovered`: operations of an earlier run that were settled first.
    `next`: commands to run, in order. `fresh`: the id of the plan of today, where one was made for what was left alone.
    """

    format: int
    exit: int
    verdict: VerdictWord
    text: str
    project: str | None
    run: str | None
    plan: str | None
    commit: str | None
    approvals: tuple[str, ...]
    records: int
    observed: int
    operations: tuple[OperationResult, ...]
    recovered: tuple[OperationResult, ...]
    conflicts: tuple[LeftAlone, ...]
    verdicts: tuple[Verdict, ...]
    problems: tuple[Problem, ...]
    stopped: str | None
    next: tuple[str, ...]
    fresh: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedRun:
    """A run as an auditor looks at it: who started it, from which commit, by which plan, on whose word. `approvals` are
    JSON texts, as the pipeline wrote them."""

    run: str
    started: datetime
    actor: str
    commit: str | None
    plan: str
    approvals: tuple[str, ...]
