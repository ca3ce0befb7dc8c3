"""A plan as a comment on a pull request: totals, what is refused, what cannot be taken back, the costliest lines, and
every customer in a block that folds.

The comment has a budget, counted in bytes of UTF-8. What does not fit is summarised, one step at a time and always the
same way: first the customers become a table and only the costliest keep their block, then the table gets shorter, then
there are totals only; a table is whole or absent, and the comment says what it left out. Its first line is a hidden
mark, by which a pipeline finds and updates it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cspdecl import __version__
from cspdecl.core.operation import Plan
from cspdecl.planning.planfile import plan_document
from cspdecl.report.gfm import md, opening, size
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.links import NO_LINKS, Links
from cspdecl.report.markdown_customers import customer_blocks, customer_table, details_left
from cspdecl.report.markdown_meaning import (
    already_waiting,
    cannot_be_taken_back,
    costliest,
    no_longer_done,
    unchanged,
    waiting,
)
from cspdecl.report.markdown_parts import errors, guardrails, headline, not_read, notices, status, totals
from cspdecl.report.markdown_sheet import Sheet

# GitHub takes 65,536 characters a comment; some room is left for what a pipeline puts around it.
BUDGET = 60_000
# GitHub drops the whole summary of a step above 1 MiB (1,048,576 bytes).
SUMMARY_BUDGET = 1_000_000
TOP = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """How much is told. `customers`: so many rows in the table of customers, None for a block for each of them and no
    table; `details`: so many blocks beside the table; `rows`: in every other table that is cut to what matters most;
    `lists`: whether tables that only list are there at all."""

    customers: int | None
    details: int = 0
    rows: int = TOP
    lists: bool = True


_EVERY = 1_000_000
_Part = Callable[[Sheet, bool, list[str]], str]
_Told = tuple[str, list[str]]  # a block, and what it leaves out
_LISTS: tuple[_Part, ...] = (no_longer_done, already_waiting, waiting)
_SHARE = 6  # no list takes more than this part of the room from what was asked about
_STEPS = (
    _Step(customers=None),
    _Step(customers=_EVERY, details=25),
    _Step(customers=_EVERY, details=10),
    _Step(customers=_EVERY),
    _Step(customers=100, details=10),
    _Step(customers=100),
    _Step(customers=TOP, lists=False),
    _Step(customers=0, lists=False),
    _Step(customers=0, rows=10, lists=False),
    _Step(customers=0, rows=3, lists=False),
)


def render_markdown(
    plan: Plan, *, show: str = "all", budget: int = BUDGET, lang: Language = ENGLISH, links: Links = NO_LINKS,
    digest: str | None = None, top: int = TOP,
) -> str:  # fmt: skip
    """Markdown that is safe to post, at most `budget` bytes of UTF-8, ending with a line break.

    `digest` is the saved plan's; without one it is computed. `top`: so many rows in tables of the most important.
    """
    sheet = Sheet.of(plan, show="sell" if show == "sell" else "all", lang=lang, links=links)
    mark = marker(plan, digest if digest is not None else plan_document(plan)["cspdecl"]["digest"])
    room = budget - size(mark)
    if room < 0:
        return ""
    listed = [_listed(part, sheet, room) for part in _LISTS]
    counted = [_counted(part, sheet) for part in _LISTS]
    for step in _STEPS:
        body = _body(sheet, step, listed if step.lists else counted, room=room, top=top)
        if body is not None:
            return mark + body
    return mark + _least(sheet, room)


def marker(plan: Plan, digest: str) -> str:
    """The hidden first line: whose plan this is, and which. A later comment with the same key takes its place."""
    return f"<!-- cspdecl:plan key={key_of(plan.project)} digest={key_of(digest)} -->\n"


def key_of(name: str) -> str:
    """A name as it can stand in a mark: letters, digits, dots, underscores and single hyphens."""
    return re.sub(r"-+", "-", re.sub(r"[^A-Za-z0-9._-]", "-", name)).strip("-") or "project"


def _body(sheet: Sheet, step: _Step, lists: Sequence[_Told], *, room: int, top: int) -> str | None:
    """Everything at this step, or None where it takes more than `room`."""
    left: list[str] = []
    rows = min(step.rows, top)
    blocks = [
        headline(sheet),
        status(sheet),
        notices(sheet, rows, left),
        totals(sheet),
        errors(sheet, rows, left),
        not_read(sheet, rows, left),
        guardrails(sheet, rows, left),
        cannot_be_taken_back(sheet, rows, left),
        costliest(sheet, rows, left),
    ]
    used = sum(size(block) for block in blocks)
    if used > room:
        return None
    told = tuple(sheet.lines_by_customer)
    if step.customers is not None:
        told = sheet.costliest_customers[: step.details]
        blocks.append(customer_table(sheet, step.customers, left))
        blocks.append(details_left(sheet, len(told), left))
    # what is too much is noticed while it is written, not afterwards
    for block in customer_blocks(sheet, told):
        used += size(block)
        if used > room:
            return None
        blocks.append(block)
    for _, what in lists:
        left += what
    blocks += [*(text for text, _ in lists), unchanged(sheet), _left_out(sheet, left), _footer(sheet)]
    text = "\n".join(block for block in blocks if block)
    return text if size(text) <= room else None


def _listed(part: _Part, sheet: Sheet, room: int) -> _Told:
    """A part that only lists: as a count where the list takes more than its share of the room."""
    whole = part(sheet, True, [])
    return (whole, []) if size(whole) <= room // _SHARE else _counted(part, sheet)


def _counted(part: _Part, sheet: Sheet) -> _Told:
    left: list[str] = []
    return part(sheet, False, left), left


def _least(sheet: Sheet, room: int) -> str:
    """What is said where there is hardly any room: the headline, totals if they fit, and where the rest is."""
    for blocks in (
        [headline(sheet), status(sheet), totals(sheet), _footer(sheet)],
        [headline(sheet), status(sheet), _footer(sheet)],
        [headline(sheet)],
    ):
        text = "\n".join(block for block in blocks if block)
        if size(text) <= room:
            return text
    return ""


def _left_out(sheet: Sheet, left: list[str]) -> str:
    if not left:
        return ""
    return opening(sheet.lang.say("Left out here: {what}.", what="; ".join(left)), longest=2_000) + "\n"


def _footer(sheet: Sheet) -> str:
    plan, lang = sheet.plan, sheet.lang
    prices = (
        lang.say(
            "price list {month} ({market}, {currency})",
            month=plan.price_list,
            market=plan.market,
            currency=plan.currency,
        )
        if plan.price_list
        else lang.say("no price list")
    )
    tool = plan.basis.tool if plan.basis is not None else __version__
    parts = [
        lang.say("offline, as of {moment}", moment=plan.as_of)
        if plan.offline
        else lang.say("live as of {moment}", moment=plan.as_of),
        prices,
        f"cspdecl {tool}",
        lang.say("plan {id}", id=plan.id.removeprefix("sha256:")[:12]),
    ]
    rest = lang.say("The saved plan has every line: cspdecl show FILE")
    return f"<sub>{md(' · '.join(parts))}<br>{md(rest)}</sub>\n"
