"""Customers in a pull request's comment: each as a block that folds, or all as rows of one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cspdecl.core.operation import MoneyTotals, PlanLine
from cspdecl.report.costliest import sums
from cspdecl.report.gfm import Column, folded, link, markup, md, opening, table
from cspdecl.report.markdown_sheet import Sheet


def customer_blocks(sheet: Sheet, keys: Iterable[str]) -> Iterator[str]:
    """These customers, each in a block of its own."""
    lang = sheet.lang
    columns = [
        Column(md(lang.say("Sign"))),
        Column(md(lang.say("Line"))),
        Column(md(lang.say("Change"))),
        Column(md(lang.say("What it means"))),
    ]
    for key in keys:
        lines = sheet.lines_by_customer.get(key, ())
        why = "".join(f"{opening(lang.sentence(item.text))}\n\n" for item in sheet.why.get(key, ()))
        rows = table(columns, (_row(sheet, line) for line in lines))
        yield folded(_summary(sheet, key), why + rows)


def _row(sheet: Sheet, line: PlanLine) -> list[str]:
    lang = sheet.lang
    name = "/".join(line.address.path) if line.address.path else lang.say("customer")
    title = lang.title(line.title)
    words = link(md(name), sheet.links.address(sheet.origin_of(line.address)))
    notes = line.notes if sheet.show == "all" or line.notes_sell is None else line.notes_sell
    sign = f"`{line.symbol}`" if line.symbol.strip() else ""
    return [
        sign,
        f"{words}<br>{md(title)}" if title else words,
        md(lang.sentence(line.summary)),
        "<br>".join(md(lang.sentence(text)) for text in notes),
    ]


def _summary(sheet: Sheet, key: str) -> str:
    lang, operations = sheet.lang, sheet.operations_by_customer.get(key, ())
    if not operations:
        said = lang.say("nothing to send now")
    elif len(operations) == 1:
        said = lang.say("1 operation")
    else:
        said = lang.say("{count} operations", count=len(operations))
    parts = [said, *_money(sheet, key)]
    name = " ".join(filter(None, [f"<b>{markup(key)}</b>", markup(sheet.name_of(key))]))
    return f"{name} · {markup(', '.join(parts))}"


def _money(sheet: Sheet, key: str) -> list[str]:
    lang, found = sheet.lang, sheet.money.get(key, MoneyTotals())
    parts = []
    cost, sell, owed = sums(found.cost_month, lang), sums(found.sell_month, lang), found.commitment
    if sheet.show == "all" and cost:
        parts.append(lang.say("cost {amounts} a month", amounts=cost))
    if sell:
        parts.append(lang.say("sell {amounts} a month", amounts=sell))
    if sheet.show == "all" and sums(owed, lang, sign=False):
        parts.append(lang.say("new commitment {amounts}", amounts=sums(owed, lang, sign=False)))
    return parts


def details_left(sheet: Sheet, told: int, left: list[str]) -> str:
    """Says above the blocks of some customers whose they are; the others go into `left`."""
    lang, count = sheet.lang, len(sheet.lines_by_customer) - told
    if count == 1:
        left.append(lang.say("the details of 1 customer"))
    elif count:
        left.append(lang.say("the details of {count} customers", count=count))
    if not told:
        return ""
    if sheet.show == "sell":
        return f"#### {md(lang.say('Details of the {count} largest', count=told))}\n"
    return f"#### {md(lang.say('Details of the {count} costliest', count=told))}\n"


def customer_table(sheet: Sheet, rows: int, left: list[str]) -> str:
    """The customers as one table, the costliest first, at most so many; what is not told goes into `left`."""
    lang, found = sheet.lang, sheet.costliest_customers
    told, others = found[:rows], len(sheet.lines_by_customer) - len(found)
    if told and len(told) < len(found):
        left.append(lang.say("{count} of {all} customers", count=len(found) - len(told), all=len(found)))
    if others == 1:
        left.append(lang.say("1 customer for whom nothing is sent now"))
    elif others > 0:
        left.append(lang.say("{count} customers for whom nothing is sent now", count=others))
    if not told:
        return ""
    columns = [Column(md(lang.say("Customer"))), Column(md(lang.say("Operations")), right=True)]
    if sheet.show == "all":
        columns.append(Column(md(lang.say("Cost a month")), right=True))
    columns.append(Column(md(lang.say("Sell a month")), right=True))
    if sheet.show == "all":
        columns.append(Column(md(lang.say("New commitment")), right=True))
    body = []
    for key in told:
        money = sheet.money[key]
        cells = [
            f"{md(key)} {md(sheet.name_of(key))}".rstrip(),
            md(lang.number(len(sheet.operations_by_customer[key]))),
        ]
        if sheet.show == "all":
            unknown = [lang.say("unknown")] if money.unknown else []
            cells.append(md(", ".join([*filter(None, [sums(money.cost_month, lang)]), *unknown])))
        cells.append(md(sums(money.sell_month, lang)))
        if sheet.show == "all":
            cells.append(md(sums(money.commitment, lang, sign=False)))
        body.append(cells)
    return f"#### {md(_title(sheet, len(told), len(found)))}\n\n{table(columns, body)}"


def _title(sheet: Sheet, told: int, found: int) -> str:
    lang = sheet.lang
    if sheet.show == "sell":
        if told == found:
            return lang.say("Customers, the largest first")
        return lang.say("The {count} largest of {all} customers", count=told, all=found)
    if told == found:
        return lang.say("Customers, the costliest first")
    return lang.say("The {count} costliest of {all} customers", count=told, all=found)
