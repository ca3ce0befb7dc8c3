"""A plan for a pull request: a table of sums, then the text in a fence that nothing inside can close.

Everything a tenant or a manifest chose stands inside the fence or goes through `_cell`, so that no name can mention
people, open HTML or end the block. A comment has a budget; what does not fit is counted.
"""

from __future__ import annotations

import re

from cspdecl.commerce.words import counted
from cspdecl.core.operation import Plan
from cspdecl.report.safe import safe_text
from cspdecl.report.text import Show, render_plan

# GitHub takes 65,536 characters a comment; others less room is left for a template around it.
BUDGET = 60_000
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~@&:])")


def render_markdown(plan: Plan, *, show: str = "all", budget: int = BUDGET) -> str:
    """Markdown that is safe to post, at most `budget` bytes of UTF-8, ending with a line break."""
    eyes: Show = "sell" if show == "sell" else "all"
    head = _head(plan)
    text = render_plan(plan, show=eyes)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    room = budget - len(head.encode()) - 2 * len(fence) - 200
    body, cut = _fit(text, room)
    more = f"\n{counted(cut, 'more line')}: see the saved plan.\n" if cut else ""
    return f"{head}\n{fence}text\n{body}{fence}\n{more}"


def _head(plan: Plan) -> str:
    counts = plan.counts
    title = "Nothing to do" if plan.empty else f"{counted(counts.customers_touched, 'customer')} touched"
    if plan.safety.refused:
        title += ", refused by guardrails"
    if any(item.severity == "error" for item in plan.diagnostics):
        title += ", with errors"
    if not plan.complete:
        title += ", incomplete"
    rows = [
        ("to create", counts.to_create),
        ("to buy", counts.to_buy),
        ("to change", counts.to_change),
        ("to cancel", counts.to_cancel),
        ("to adopt or rename", counts.to_adopt),
        ("to stop managing", counts.to_forget),
        ("waiting", counts.waiting),
        ("unchanged", counts.unchanged),
    ]
    table = ["| | |", "|---|---:|", *(f"| {name} | {count:,} |" for name, count in rows if count)]
    lines = [f"### Plan for {_cell(plan.project)}: {title}", ""]
    if len(table) > 2:
        lines += [*table, ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text of others outside the fence: on one line, every character with a meaning in Markdown or HTML escaped."""
    return _SPECIAL.sub(r"\\\1", safe_text(text)).replace("\\@", "&#64;").replace("\\<", "&lt;").replace("\\&", "&amp;")


def _fit(text: str, room: int) -> tuple[str, int]:
    lines = text.splitlines(keepends=True)
    used = 0
    for index, line in enumerate(lines):
        used += len(line.encode())
        if used > room:
            return "".join(lines[:index]), len(lines) - index
    return text, 0
