"""A plan for machines: the very document that `plan --out` saves."""

from __future__ import annotations

from cspdecl.core.operation import Plan
from cspdecl.planning.planfile import dump_plan


def render_json(plan: Plan) -> str:
    """The plan document (schema: plan.v1.json), ending with a line break."""
    return dump_plan(plan)
