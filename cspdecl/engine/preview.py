"""The second of the two plans of a preview: what would be done without the change, from the same reading.

Where the base cannot be planned (it is not valid, or there was nothing yet) everything counts as the change, and the
plan says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cspdecl.core.desired import DesiredState
from cspdecl.core.diagnostics import sort_diagnostics
from cspdecl.core.operation import Plan, Verdict
from cspdecl.planning.difference import compare_plans
from cspdecl.planning.difference_scope import about_guardrails, comparable

if TYPE_CHECKING:
    from cspdecl.core.project import Project
    from cspdecl.engine.preview_base import Base
    from cspdecl.engine.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """The base as far as it can be planned: customers of another tenant or provider then are left out of it."""

    base: Base
    project: Project
    desired: DesiredState
    scope: tuple[str, ...]


def other_side(found: Scope, project: Project, desired: DesiredState) -> Other | None:
    """What is planned beside what is declared; None where there is no base that could be."""
    base = found.base
    if base is None or base.project is None or base.desired is None or found.customers is None:
        return None
    fitting = {
        key: spec
        for key, spec in base.desired.customers.items()
        if spec.provider in project.providers
        and (key not in desired.customers or comparable(spec, desired.customers[key]))
    }
    left_out = base.desired.customers.keys() - fitting.keys()
    return Other(
        base=base,
        project=base.project,
        desired=replace(base.desired, customers=fitting),
        scope=tuple(key for key in found.customers if key not in left_out),
    )


def with_difference(plan: Plan, before: Plan | None, found: Scope, project: Project) -> Plan:
    """The plan with what it adds to that of the base, and with what is to be said about the base itself."""
    base = found.base
    if base is None:
        return plan
    why = found.why
    if found.judged:
        named = {item.customer for item in why}
        judged = dict.fromkeys(item.address.customer for item in plan.operations)
        why = (*why, *about_guardrails(project, (key for key in judged if key not in named)))
    difference = compare_plans(before, plan, reference=base.reference, commit=base.commit, tip=plan.commit, why=why)
    if base.unknown_limits and plan.operations:
        plan = replace(plan, safety=replace(plan.safety, verdicts=(*plan.safety.verdicts, _limits_unknown(base))))
    return replace(plan, difference=difference, diagnostics=sort_diagnostics((*plan.diagnostics, *base.diagnostics)))


def _limits_unknown(base: Base) -> Verdict:
    """A limit that nobody can read may be any: otherwise a project that was broken first would have none."""
    return Verdict(
        rule="guardrails",
        code="CSP516",
        text=f"the project at {base.reference} cannot be read, so which limits hold there is not known; put the "
        "project right in a change of its own that sends nothing",
        refused=True,
        side="base",
    )
