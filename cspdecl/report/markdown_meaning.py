"""The later parts of a pull request's comment: what cannot be taken back, what costs most, and what else there is.

Each part is a whole block of Markdown or nothing. One that tells only its most important rows says how many there are;
what it leaves out it adds to `left`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from cspdecl.core.operation import MoneyTotals, PlanLine
from cspdecl.report.costliest import Costly, sums
from cspdecl.report.difference import waiting_sentence
from cspdecl.report.gfm import folded, link, markup, md, opening, table
from cspdecl.report.language import Language
from cspdecl.report.markdown_sheet import Sheet

_TOGETHER = 8  # so many lines of one kind are named in one row


def cannot_be_taken_back(sheet: Sheet, rows: int, left: list[str]) -> str:
    """What a revert does not simply undo: a row for every deadline and consequence, with the lines it is about."""
    lang = sheet.lang
    found = sheet.bound
    if not found:
        return ""
    alike: dict[tuple[datetime | None, str], list[str]] = {}
    for item in found:
        alike.setdefault((item.undo.until, item.undo.text), []).append(sheet.place(item.operation.address))
    columns = [
        sheet.column(lang.say("Until")),
        sheet.column(lang.say("What a revert of this change does")),
        sheet.column(lang.say("Lines")),
    ]
    body = [
        [md(lang.say("never") if until is None else lang.clock(until)), md(lang.sentence(text)), _named(places, lang)]
        for (until, text), places in list(alike.items())[:rows]
    ]
    if len(alike) > rows:
        hidden = sum(len(places) for places in list(alike.values())[rows:])
        left.append(lang.say("{count} of {all} lines that cannot be taken back", count=hidden, all=len(found)))
    return f"#### {md(lang.say('What cannot be taken back'))}\n\n{table(columns, body)}"


def _named(places: Sequence[str], lang: Language) -> str:
    """The lines of a row, costliest first; beyond a few they are counted."""
    shown = ", ".join(places[:_TOGETHER])
    more = len(places) - _TOGETHER
    return f"{shown} {md(lang.say('and {count} more', count=more))}" if more > 0 else shown


def costliest(sheet: Sheet, rows: int, left: list[str]) -> str:
    """The lines with the most new commitment, then the most cost a month."""
    lang = sheet.lang
    found = [item for item in sheet.ranked if sheet.show == "all" or item.totals.sell_month]
    if len(found) < 2:
        return ""  # the one line stands in the totals
    columns = [sheet.column(lang.say("Line")), sheet.column(lang.say("Change"))]
    if sheet.show == "all":
        columns.append(sheet.column(lang.say("Cost a month"), right=True))
    columns.append(sheet.column(lang.say("Sell a month"), right=True))
    if sheet.show == "all":
        columns.append(sheet.column(lang.say("New commitment"), right=True))
    body = [_costly(sheet, item) for item in found[:rows]]
    title = lang.say("Lines, the costliest first") if sheet.show == "all" else lang.say("Lines, the largest first")
    if len(found) > rows:
        title = (
            lang.say("The {count} costliest of {all} lines", count=rows, all=len(found))
            if sheet.show == "all"
            else lang.say("The {count} largest of {all} lines", count=rows, all=len(found))
        )
        left.append(lang.say("{count} of {all} lines with money", count=len(found) - rows, all=len(found)))
    return f"#### {md(title)}\n\n{table(columns, body)}"


def _costly(sheet: Sheet, item: Costly) -> list[str]:
    lang, line, money = sheet.lang, sheet.titles.get(item.address), item.totals
    unknown = [lang.say("unknown")] if item.unknown else []
    cells = [
        sheet.place(item.address) + (f"<br>{md(line.title)}" if line is not None and line.title else ""),
        md(lang.sentence(line.summary)) if line is not None else "",
    ]
    if sheet.show == "all":
        cells.append(md(", ".join([*filter(None, [sums(money.cost_month, lang)]), *unknown])))
    cells.append(md(sums(money.sell_month, lang)))
    if sheet.show == "all":
        cells.append(md(_owed_by(sheet, money)))
    return cells


def _owed_by(sheet: Sheet, money: MoneyTotals) -> str:
    amounts = sums(money.commitment, sheet.lang, sign=False)
    if not amounts or money.commitment_until is None:
        return amounts
    return sheet.lang.say("{amounts} until {day}", amounts=amounts, day=sheet.last_day(money.commitment_until))


# ---- what else there is ----


def no_longer_done(sheet: Sheet, whole: bool, left: list[str]) -> str:
    """What the base would have done and this change takes back before it happened."""
    lang, found = sheet.lang, sheet.parts.dropped
    if not found:
        return ""
    said = lang.say("No longer done, but for this change it would be: {count}", count=len(found))
    if not whole:
        left.append(lang.say("{count} lines that are no longer done", count=len(found)))
        return f"{opening(said)}\n"
    columns = [sheet.column(lang.say("Line")), sheet.column(lang.say("Why it would have been done"))]
    body = ([md(str(item.address)), md(lang.sentence(item.reason.text))] for item in found)
    return folded(markup(said), table(columns, body))


def already_waiting(sheet: Sheet, whole: bool, left: list[str]) -> str:
    """What would be done without this change as well, folded."""
    lang, said = sheet.lang, waiting_sentence(sheet.parts, sheet.lang)
    lines = [line for line in sheet.parts.waiting.lines if line.operations]
    if not said or not lines:
        return ""
    if not whole:
        left.append(lang.say("{count} lines already waiting", count=len(lines)))
        return f"{opening(said)}\n"
    return folded(markup(said), _listed(sheet, lines))


def _listed(sheet: Sheet, lines: Iterable[PlanLine]) -> str:
    lang = sheet.lang
    columns = [sheet.column(lang.say("Line")), sheet.column(lang.say("Change"))]
    return table(columns, ([sheet.place(line.address), md(lang.sentence(line.summary))] for line in lines))


def waiting(sheet: Sheet, whole: bool, left: list[str]) -> str:
    """What is declared and cannot be sent now, folded."""
    lang, found = sheet.lang, [*sheet.parts.this.waiting, *sheet.parts.waiting.waiting]
    if not found:
        return ""
    said = lang.say("Waiting, nothing to send for it now: {count}", count=len(found))
    if not whole:
        left.append(lang.say("{count} lines that wait", count=len(found)))
        return f"{opening(said)}\n"
    kinds = {
        "scheduled": lang.say("scheduled"),
        "due": lang.say("due"),
        "blocked": lang.say("blocked"),
        "manual": lang.say("by hand"),
    }
    columns = [
        sheet.column(lang.say("Line")),
        sheet.column(lang.say("State")),
        sheet.column(lang.say("What it waits for")),
    ]
    body = (
        [
            link(md(str(item.address)), sheet.links.address(item.origin)),
            md(kinds[item.kind]),
            md(f"{lang.sentence(item.text)} ({item.code})"),
        ]
        for item in found
    )
    return folded(markup(said), table(columns, body))


def unchanged(sheet: Sheet) -> str:
    """What stays, in numbers."""
    lang, counts = sheet.lang, sheet.plan.counts
    said = list[str]()
    if counts.unchanged == 1:
        said.append(lang.say("1 subscription unchanged"))
    elif counts.unchanged:
        said.append(lang.say("{count} subscriptions unchanged", count=counts.unchanged))
    if counts.unmanaged:
        said.append(lang.say("{count} unmanaged left alone", count=counts.unmanaged))
    if counts.unmanaged_customers == 1:
        said.append(lang.say("1 customer in no manifest left alone"))
    elif counts.unmanaged_customers:
        said.append(lang.say("{count} customers in no manifest left alone", count=counts.unmanaged_customers))
    return f"{opening('; '.join(said))}.\n" if said else ""
