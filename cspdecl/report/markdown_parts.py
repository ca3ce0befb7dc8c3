"""The first parts of a pull request's comment: headline, totals, and what stands in the way.

Each part is a whole block of Markdown or nothing. One that tells only its most important rows says how many there are;
what it leaves out it adds to `left`.
"""

from __future__ import annotations

from cspdecl.core.action import Cancel, Purchase, SetSeats
from cspdecl.core.diagnostics import Diagnostic, Severity
from cspdecl.core.operation import MoneyTotals, Plan, Verdict
from cspdecl.planning.lists import ABOUT_LISTS
from cspdecl.planning.money import plan_margin, total
from cspdecl.planning.sentences import percent
from cspdecl.report.costliest import sums
from cspdecl.report.difference import Part, compared_with, offline_notice
from cspdecl.report.gfm import link, md, opening, table
from cspdecl.report.language import Language
from cspdecl.report.markdown_sheet import Sheet
from cspdecl.report.verdicts import needed_approvals, verdict_state, verdict_text

# ---- the head ----


def headline(sheet: Sheet) -> str:
    """What this comes to, in one line."""
    lang, this = sheet.lang, sheet.parts.this
    name, count, customers = sheet.plan.project, len(this.operations), len(sheet.operations_by_customer)
    if not count and sheet.plan.difference is not None:
        said = lang.say("{project}: this change does nothing", project=name)
    elif not count:
        said = lang.say("{project}: nothing to do", project=name)
    elif count == 1:
        said = lang.say("{project}: 1 operation for 1 customer", project=name)
    elif customers == 1:
        said = lang.say("{project}: {count} operations for 1 customer", project=name, count=count)
    else:
        said = lang.say(
            "{project}: {count} operations for {customers} customers", project=name, count=count, customers=customers
        )
    return f"### {md(said)}\n"


def status(sheet: Sheet) -> str:
    """What stands in the way, each in a sentence; empty where nothing does."""
    plan, lang = sheet.plan, sheet.lang
    said = []
    if plan.safety.refused:
        said.append(lang.say("Refused by guardrails."))
    if plan.safety.awaits:
        said += [
            lang.say("Waits for 1 approval as {role}.", role=role)
            if count == 1
            else lang.say("Waits for {count} approvals as {role}.", count=count, role=role)
            for role, count in needed_approvals(plan.safety.awaits).items()
        ]
    held = {str(item.address).partition("/")[0] for item in _errors(plan)}
    if plan.hindered:
        said.append(lang.say("Errors to put right first: nothing can be applied."))
    elif len(held) == 1:
        said.append(lang.say("Errors to put right first: 1 customer is held back."))
    elif held:
        said.append(lang.say("Errors to put right first: {count} customers are held back.", count=len(held)))
    if len(plan.unknown) == 1:
        said.append(lang.say("Incomplete: 1 customer could not be read."))
    elif plan.unknown:
        said.append(lang.say("Incomplete: {count} customers could not be read.", count=len(plan.unknown)))
    return f"**{'<br>'.join(md(text) for text in said)}**\n" if said else ""


def notices(sheet: Sheet, rows: int, left: list[str]) -> str:
    """What the plan was compared with, whether anybody was asked, what is wrong with the price lists."""
    plan, lang = sheet.plan, sheet.lang
    said = [] if plan.difference is None else [compared_with(plan.difference, lang)]
    if plan.offline:
        said.append(offline_notice(plan, lang))
    lists = [item for item in plan.diagnostics if item.code in ABOUT_LISTS]
    said += [f"{lang.sentence(item.message)} ({item.code})" for item in lists[:rows]]
    if len(lists) > rows:
        left.append(lang.say("{count} remarks on price lists", count=len(lists) - rows))
    return "".join(f"> {opening(text)}\n>\n" for text in said)[: -len(">\n")] if said else ""


def totals(sheet: Sheet) -> str:
    """Counts and sums; in a difference with what was waiting beside them."""
    plan, lang, parts = sheet.plan, sheet.lang, sheet.parts
    columns = [sheet.column(lang.say("In total"))]
    columns.append(sheet.column(lang.say("This change") if plan.difference is not None else lang.say("This plan")))
    sides: list[tuple[Part, MoneyTotals]] = [
        (parts.this, plan.totals if plan.difference is None else plan.difference.totals)
    ]
    if parts.waiting.operations:
        columns.append(sheet.column(lang.say("Already waiting")))
        sides.append((parts.waiting, total(parts.waiting.operations)))
    rows = [(name, [_count(sheet, part, sign) for part, _ in sides]) for sign, name in _signs(lang)]
    rows.append((lang.say("Seats that change now"), [_seats(sheet, part) for part, _ in sides]))
    if sheet.show == "all":
        rows.append((lang.say("Cost a month"), [sums(money.cost_month, lang) for _, money in sides]))
    rows.append((lang.say("Sell a month"), [sums(money.sell_month, lang) for _, money in sides]))
    if sheet.show == "all":
        margins = [plan_margin(part.operations) for part, _ in sides]
        rows += [
            (
                lang.say("Margin of what changes"),
                ["" if one is None else lang.sentence(percent(one)) for one in margins],
            ),
            (lang.say("For the rest of this cycle"), [sums(money.cost_now, lang) for _, money in sides]),
            (lang.say("New commitment"), [_owed(sheet, money) for _, money in sides]),
            (
                lang.say("Unknown amounts, in no sum"),
                [lang.number(money.unknown) if money.unknown else "" for _, money in sides],
            ),
        ]
    body = [[md(name), *(md(cell) for cell in cells)] for name, cells in rows if any(cells)]
    return table(columns, body)


def _signs(lang: Language) -> list[tuple[str, str]]:
    return [
        ("+", lang.say("To buy or create")),
        ("~", lang.say("To change")),
        ("-", lang.say("To cancel or stop managing")),
        ("=>", lang.say("To take over or rename")),
    ]


def _count(sheet: Sheet, part: Part, sign: str) -> str:
    """How many lines have this sign, components of bundles each for itself, as the text's closing line counts them."""
    count = sum(1 for line in part.lines if line.symbol == sign and line.operations and not line.is_bundle)
    return sheet.lang.number(count) if count else ""


def _seats(sheet: Sheet, part: Part) -> str:
    before = after = 0
    for operation in part.operations:
        match operation.action:
            case Purchase(seats=count):
                after += count
            case SetSeats(before=old, after=new):
                before, after = before + old, after + new
            case Cancel(seats=count):
                before += count
            case _:
                pass
    if not before and not after:
        return ""
    return sheet.lang.say("{before} → {after}", before=before, after=after)


def _owed(sheet: Sheet, money: MoneyTotals) -> str:
    amounts = sums(money.commitment, sheet.lang, sign=False)
    if not amounts or money.commitment_until is None:
        return amounts
    return sheet.lang.say(
        "{amounts}, the last of it until {day}", amounts=amounts, day=sheet.last_day(money.commitment_until)
    )


# ---- what stands in the way ----


def errors(sheet: Sheet, rows: int, left: list[str]) -> str:
    """What has to be put right, each with its place."""
    lang, found = sheet.lang, _errors(sheet.plan)
    if not found:
        return ""
    columns = [sheet.column(lang.say("Code")), sheet.column(lang.say("Where")), sheet.column(lang.say("What is wrong"))]
    body = [[md(item.code), _where(sheet, item), md(_message(sheet, item))] for item in found[:rows]]
    if len(found) > rows:
        left.append(lang.say("{count} of {all} errors", count=len(found) - rows, all=len(found)))
    return f"#### {md(lang.say('Errors'))}\n\n{table(columns, body)}"


def _errors(plan: Plan) -> list[Diagnostic]:
    return [item for item in plan.diagnostics if item.severity is Severity.ERROR]


def _message(sheet: Sheet, item: Diagnostic) -> str:
    return sheet.lang.sentence(item.message)


def _where(sheet: Sheet, item: Diagnostic) -> str:
    """The address, and the file with its line where that is known."""
    origin = item.origin
    if origin is None:
        return md(item.address or "")
    found = sheet.links.place(origin)
    file = f"{origin.file}:{found[0]}" if found is not None else origin.file
    words = "<br>".join(md(text) for text in (item.address, file) if text)
    return link(words, sheet.links.address(origin))


def not_read(sheet: Sheet, rows: int, left: list[str]) -> str:
    """Customers of whom nothing is known, so that nothing is planned for them."""
    lang, found = sheet.lang, list(sheet.plan.unknown.items())
    if not found:
        return ""
    columns = [sheet.column(lang.say("Customer")), sheet.column(lang.say("Why it was not read"))]
    if len(found) > rows:
        left.append(lang.say("{count} of {all} customers not read", count=len(found) - rows, all=len(found)))
    body = [[md(key), md(lang.sentence(why), longest=300)] for key, why in found[:rows]]
    return f"#### {md(lang.say('Not read, so nothing is planned'))}\n\n{table(columns, body)}"


def guardrails(sheet: Sheet, rows: int, left: list[str]) -> str:
    """Every guardrail that was touched, the strictest first."""
    lang = sheet.lang
    found = sorted(sheet.plan.safety.verdicts, key=_severity)
    if not found:
        return ""
    columns = [
        sheet.column(lang.say("Guardrail")),
        sheet.column(lang.say("Result")),
        sheet.column(lang.say("What it says")),
    ]
    body = [
        [
            md(f"{item.rule} ({item.code})"),
            md(verdict_state(item, lang)) + (f"<br>{md(_base(sheet))}" if item.side == "base" else ""),
            (f"{sheet.place(item.address)}<br>" if item.address is not None else "")
            + md(verdict_text(item, sheet.show, lang), longest=600),
        ]
        for item in found[:rows]
    ]
    if len(found) > rows:
        left.append(lang.say("{count} of {all} guardrails touched", count=len(found) - rows, all=len(found)))
    return f"#### {md(lang.say('Guardrails'))}\n\n{table(columns, body)}"


def _base(sheet: Sheet) -> str:
    return sheet.lang.say("as it stood before this change")


def _severity(verdict: Verdict) -> tuple[int, str, str]:
    rank = 3 if verdict.waiver is not None else 0 if verdict.refused else 1 if verdict.approval is not None else 2
    return rank, verdict.code, str(verdict.address or "")
