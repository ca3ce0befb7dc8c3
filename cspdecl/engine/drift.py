"""Live state against what was last recorded and declared: what somebody else changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cspdecl.engine.plan import Planned, PlanRequest, make_plan
from cspdecl.engine.progress import Progress
from cspdecl.planning.drift import Drift, find_drift

if TYPE_CHECKING:
    from cspdecl.engine.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftResult:
    """What was found, with the reading it was found in."""

    found: tuple[Drift, ...]
    planned: Planned


def look_for_drift(session: Session, request: PlanRequest, *, progress: Progress | None = None) -> DriftResult:
    """Read live state and compare. Writes nothing but the cache."""
    planned = make_plan(session, replace(request, needs_books=True), progress=progress)
    _project, desired = session.require()
    found = find_drift(
        desired=desired,
        live=planned.live,
        bindings=session.store().bindings(),
        recorded=planned.recorded,
        now=planned.plan.now,
    )
    return DriftResult(found=found, planned=planned)
