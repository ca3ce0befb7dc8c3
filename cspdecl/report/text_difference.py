"""A plan of a change as text: what it is compared with, why a customer is in, what it drops, what was waiting anyway,
and what a revert does not take back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cspdecl.core.action import (
    Adopt,
    BookService,
    Cancel,
    ChangeTerm,
    ClearSchedule,
    CreateCustomer,
    Forget,
    Purchase,
    ScheduleRenewal,
    SetEndOfTerm,
    SetSeats,
    Transition,
)
from cspdecl.core.operation import MoneyTotals, Operation, Plan
from cspdecl.report.difference import Split, compared_with, irrevocable, offline_notice, reasons, waiting_sentence
from cspdecl.report.language import Language
from cspdecl.report.safe import safe_text
from cspdecl.report.show import Show
from cspdecl.report.text_closing import money_line

Paint = Callable[[str, str | None], str]
_LISTED = 10  # what is folded is listed shortly up to so many, and counted from there on


def about_change(plan: Plan, paint: Paint, lang: Language) -> list[list[str]]:
    """What the plan is compared with, and that nobody was asked where that is so."""
    out = list[list[str]]()
    if plan.offline:
        out.append([paint(offline_notice(plan, lang), "35")])
    if plan.difference is not None:
        out.append([compared_with(plan.difference, lang)])
    return out


def why_in(plan: Plan, customer: str, lang: Language) -> list[str]:
    """Why a customer is in, a line each."""
    if plan.difference is None:
        return []
    found = reasons(plan.difference).get(customer, ())
    return [f"  {lang.say('in because {why}', why=safe_text(lang.sentence(item.text), longest=300))}" for item in found]


def change_ends(plan: Plan, parts: Split, show: Show, paint: Paint, lang: Language) -> list[list[str]]:
    """What stands below the lines of a change: dropped, for good, its own money, and what was waiting anyway."""
    found = plan.difference
    if found is None:
        return []
    out = list[list[str]]()
    if not (parts.this.operations or parts.this.lines or parts.this.waiting or parts.dropped):
        same = found.totals == MoneyTotals()
        out.append(
            [
                lang.say("This change adds nothing and takes nothing away.")
                if same
                else lang.say("This change adds nothing; what was waiting costs another amount with it.")
            ]
        )
    if parts.dropped:
        title = lang.say("No longer done, but for this change it would be:")
        out.append([title, *_shortly(parts.dropped, lang)])
    kept = irrevocable(plan)
    if kept:
        title = paint(lang.say("What a revert does not simply take back:"), "33")
        lines = [
            f"  {_deed(item.operation, lang)}: {safe_text(lang.sentence(item.undo.text), longest=300)}"
            for item in kept[:_LISTED]
        ]
        out.append([title, *lines, *_and_more(len(kept), lang)])
    money = money_line(found.totals, parts.this.operations if not parts.dropped else (), show, lang)
    if money and found.totals != plan.totals:
        out.append([lang.say("Money of this change: {sums}", sums=money)])
    if parts.waiting.operations:
        out.append([waiting_sentence(parts, lang), *_shortly(parts.waiting.operations, lang)])
    return out


def _shortly(operations: Sequence[Operation], lang: Language) -> list[str]:
    lines = [f"  {_deed(item, lang)}" for item in operations[:_LISTED]]
    return [*lines, *_and_more(len(operations), lang)]


def _and_more(count: int, lang: Language) -> list[str]:
    left = count - _LISTED
    if left < 1:
        return []
    return [
        "  "
        + (
            lang.say("and 1 more, in the plan as JSON")
            if left == 1
            else lang.say("and {count} more, in the plan as JSON", count=left)
        )
    ]


def _deed(operation: Operation, lang: Language) -> str:
    """One operation in a few words."""
    return f"{safe_text(str(operation.address))}: {deed_of(operation, lang)}"


def deed_of(operation: Operation, lang: Language) -> str:
    """What an operation does, in a few words, without its address."""
    match operation.action:
        case Purchase(seats=1):
            return lang.say("buy 1 seat")
        case Purchase(seats=count):
            return lang.say("buy {count} seats", count=count)
        case SetSeats(before=before, after=after):
            return lang.say("{before} → {after} seats", before=before, after=after)
        case BookService(before=before, after=after):
            return lang.say("own service {before} → {after}", before=before, after=after)
        case Cancel(seats=1):
            return lang.say("cancel 1 seat")
        case Cancel(seats=count):
            return lang.say("cancel {count} seats", count=count)
        case ScheduleRenewal(next=following):
            return lang.say("{count} seats from the renewal on", count=following.seats)
        case ClearSchedule():
            return lang.say("take back what is scheduled for the renewal")
        case SetEndOfTerm(after=after):
            return lang.say(_ENDS[after])
        case ChangeTerm(term=term, billing=billing):
            return lang.say("go over to {term} billed {billing}", term=str(term), billing=str(billing))
        case Transition(seats=count, target=target):
            return lang.say("upgrade {count} seats to {target}", count=count, target=str(target))
        case CreateCustomer():
            return lang.say("create the customer")
        case Adopt():
            return lang.say("take over what runs")
        case Forget():
            return lang.say("stop managing")
        case _:
            return safe_text(lang.sentence(operation.reason.text), longest=200)


_ENDS = {
    "renew": "renew at the end of the term",
    "cancel": "end with the term",
    "extend": "go on month by month after the term",
}
