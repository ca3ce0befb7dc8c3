"""A plan as people read it. Facts and sentences come from planning; this module lays them out, escapes and colours.

Symbols carry the meaning (`+ ~ - => ?`), colour only repeats it. Costs and margins are left out with `show="sell"`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from cspdecl.commerce.words import counted, last_day
from cspdecl.core.action import Adopt
from cspdecl.core.diagnostics import Diagnostic, Severity
from cspdecl.core.money import Money, decimals_of
from cspdecl.core.operation import MoneyTotals, Operation, Plan, PlanCounts, PlanLine, Verdict, Waiting
from cspdecl.planning.lists import ABOUT_LISTS
from cspdecl.planning.money import plan_margin, total
from cspdecl.planning.sentences import percent
from cspdecl.report.printable import width as width_of
from cspdecl.report.safe import cut_to, padded, safe_text

Show = Literal["sell", "all"]
_COLOURS = {"+": "32", "~": "33", "-": "31", "=>": "36", "?": "35"}
_TITLE = 58
_FOLDED = 3  # so many take-overs of one customer, and nothing else, stand in one sentence
_KINDS = {"scheduled": "scheduled", "due": "due", "blocked": "blocked", "manual": "by hand"}


def render_plan(plan: Plan, *, color: bool = False, show: Show = "all", width: int = 120) -> str:
    """The whole plan as text, ending with a line break. `width` is the terminal's; long titles are cut to fit."""
    paint = _Paint(color)
    blocks = [_header(plan), _about_lists(plan)]
    by_customer: dict[str, list[PlanLine]] = {}
    for line in plan.lines:
        by_customer.setdefault(line.address.customer, []).append(line)
    names = {note.key: note.name for note in plan.customers}
    seats = {item.id: item.context.seats for item in plan.operations if isinstance(item.action, Adopt)}
    money: dict[str, list[Operation]] = {}
    for operation in plan.operations:
        money.setdefault(operation.address.customer, []).append(operation)
    for key, lines in by_customer.items():
        taken = _taken_over(lines, seats)
        if taken:
            blocks.append([_customer_name(key, names.get(key, key)), *_wrapped(f"{paint('=>', '36')} {taken}", width)])
        else:
            sums = _together(money.get(key, ()), show) if len(money) > 1 else []
            blocks.append([*_customer(key, names.get(key, key), lines, paint, show, width), *sums])
    blocks += _more(plan, show, paint)
    blocks.append(_closing(plan, show))
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


class _Paint:
    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, text: str, code: str | None) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and code else text


# ---- the parts ----


def _header(plan: Plan) -> list[str]:
    counts = plan.counts
    scope = "" if plan.scope is None else " in scope"
    prices = f"price list {plan.price_list} ({plan.market}, {plan.currency})" if plan.price_list else "no price list"
    parts = [
        safe_text(plan.project),
        f"{counts.customers_touched:,} of {counted(counts.customers, 'customer')}{scope} touched",
        f"live {_clock(plan.as_of)}",
        prices,
    ]
    return [" · ".join(parts)]


def _about_lists(plan: Plan) -> list[str]:
    """What is wrong with the price lists this plan used: above every amount."""
    found = [item for item in plan.diagnostics if item.code in ABOUT_LISTS]
    return [f"! {safe_text(item.message, longest=400)} ({item.code})" for item in found]


def _clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _taken_over(lines: list[PlanLine], seats: Mapping[str, int | None]) -> str | None:
    """One sentence for a customer of whom several running subscriptions are taken over as they are, and nothing else.

    None where something else happens, or where the lines themselves are as short.
    """
    pieces = []
    for line in lines:
        if line.is_bundle and not line.operations and line.symbol in ("=>", " "):
            continue
        if not line.operations or not line.address.path or not all(ident in seats for ident in line.operations):
            return None
        count = seats[line.operations[0]]
        pieces.append(safe_text("/".join(line.address.path)) + ("" if count is None else f" {count:,}"))
    if len(pieces) < _FOLDED:
        return None
    return f"takes over {counted(len(pieces), 'running subscription')} as declared: {', '.join(pieces)} seats"


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width=max(60, width), initial_indent="  ", subsequent_indent=" " * 8)


def _customer_name(key: str, name: str) -> str:
    return f"{safe_text(key)} · {safe_text(name)}" if name and name != key else safe_text(key)


def _customer(key: str, name: str, lines: list[PlanLine], paint: _Paint, show: Show, width: int) -> list[str]:
    out = [_customer_name(key, name)]
    column = max(12, *(width_of(_name(line)) + _indent(line, lines) - 2 for line in lines))
    column = min(column, 40)
    title_width = max(20, min(_TITLE, width - column - 30))
    pending: list[str] = []
    for index, line in enumerate(lines):
        indent = _indent(line, lines)
        if indent == 2:
            out += pending
            pending = []
        out.append(_line(line, indent, column, title_width, paint))
        notes = [" " * (4 if line.is_bundle else 8) + safe_text(text, longest=400) for text in _notes(line, show)]
        if line.is_bundle and index + 1 < len(lines):
            pending = notes  # a bundle's sums stand below its components
        else:
            out += notes
    return out + pending


def _notes(line: PlanLine, show: Show) -> tuple[str, ...]:
    return line.notes if show == "all" or line.notes_sell is None else line.notes_sell


def _indent(line: PlanLine, lines: list[PlanLine]) -> int:
    parent = line.address.parent
    return 4 if any(other.is_bundle and other.address == parent for other in lines) else 2


def _name(line: PlanLine) -> str:
    return safe_text(line.address.name) if line.address.path else "customer"


def _line(line: PlanLine, indent: int, column: int, title_width: int, paint: _Paint) -> str:
    symbol = paint(line.symbol, _COLOURS.get(line.symbol))
    lead = " " * (indent + 1 - len(line.symbol))  # the arrow takes two columns, and names stay in theirs
    name_width = column - (indent - 2) + 1
    title = padded(cut_to(safe_text(line.title), title_width), title_width)
    head = f"{lead}{symbol} {padded(_name(line), name_width)} "
    return f"{head}{title}  {safe_text(line.summary, longest=200)}".rstrip()


def _more(plan: Plan, show: Show, paint: _Paint) -> list[list[str]]:
    out = []
    shown = {str(line.address) for line in plan.lines if line.symbol == "?" and line.address.path}
    errors = [item for item in plan.diagnostics if item.severity is Severity.ERROR and item.address not in shown]
    if errors:
        out.append(["Errors (nothing is sent for these customers):", *(_error(item) for item in errors)])
    if plan.waiting:
        out.append(["Waiting (nothing to send for these now):", *(_waiting(item) for item in plan.waiting)])
    if plan.unknown:
        out.append(
            [
                f"Not read, so nothing is planned for {'it' if len(plan.unknown) == 1 else 'them'}:",
                *(f"  ? {safe_text(key)}: {safe_text(why, longest=300)}" for key, why in plan.unknown.items()),
            ]
        )
    refused = [verdict for verdict in plan.safety.verdicts if verdict.refused]
    touched = [verdict for verdict in plan.safety.verdicts if not verdict.refused]
    if refused:
        out.append([paint("Refused by guardrails:", "31"), *(_verdict(verdict, show) for verdict in refused)])
    if touched:
        out.append(["Guardrails touched:", *(_verdict(verdict, show) for verdict in touched)])
    return out


def _error(item: Diagnostic) -> str:
    where = f"{safe_text(item.address)}: " if item.address else ""
    return f"  ? {where}{safe_text(item.message, longest=400)} ({item.code})"


def _waiting(item: Waiting) -> str:
    return f"  ? {safe_text(str(item.address))}: {_KINDS[item.kind]}, {safe_text(item.text, longest=400)} ({item.code})"


def _verdict(verdict: Verdict, show: Show) -> str:
    if show == "sell" and verdict.rule in ("minMargin", "maxNewCommitment"):
        where = f" at {safe_text(str(verdict.address))}" if verdict.address else ""
        return f"  {verdict.rule} ({verdict.code}){where}: the numbers are in the full plan"
    return f"  {verdict.rule} ({verdict.code}): {safe_text(verdict.text, longest=600)}"


# ---- the closing lines ----


def _closing(plan: Plan, show: Show) -> list[str]:
    out = [_counts(plan)]
    money = _money(plan, show)
    if money:
        out.append(money)
    errors = sum(item.severity is Severity.ERROR for item in plan.diagnostics)
    if errors:
        held = {str(item.address).partition("/")[0] for item in plan.diagnostics if item.severity is Severity.ERROR}
        out.append(
            f"Not to be applied: {counted(errors, 'error')} to put right first."
            if plan.hindered
            else f"Held back: {counted(len(held), 'customer')} with {counted(errors, 'error')} to put right first."
        )
    if plan.counts.ending_soon:
        out.append(_renewals(plan.counts))
    if not plan.complete:
        missing = counted(len(plan.unknown), "customer")
        out.append(f"Incomplete: {missing} could not be read; plan again later.")
    return out


def _renewals(counts: PlanCounts) -> str:
    ending = f"{counted(counts.ending_soon, 'term')} {'ends' if counts.ending_soon == 1 else 'end'} within 30 days"
    if counts.undecided_soon:
        ending += f", {counts.undecided_soon:,} undecided"
    return f"Renewals: {ending}: `cspdecl renewals` lists them, with last moments and windows."


def _counts(plan: Plan) -> str:
    counts = plan.counts
    left = []
    if counts.unmanaged:
        left.append(f"{counts.unmanaged:,} unmanaged left alone")
    if counts.unmanaged_customers:
        left.append(f"{counted(counts.unmanaged_customers, 'customer')} in no manifest left alone")
    unchanged = counted(counts.unchanged, "subscription") + " unchanged"
    if plan.empty:
        done = "Plan: nothing to do"
        if counts.waiting:
            done += f", {counts.waiting:,} waiting"
        return "; ".join([done, unchanged, *left]) + "."
    change = f"{counts.to_change:,} to change"
    if counts.at_renewal:
        change += f" ({counts.at_renewal:,} at renewal)"
    parts = [f"{counts.to_buy:,} to buy", change, f"{counts.to_cancel:,} to cancel"]
    if counts.to_create:
        parts.insert(0, f"{counted(counts.to_create, 'customer')} to create")
    if counts.to_adopt:
        parts.append(f"{counts.to_adopt:,} to adopt or rename")
    if counts.to_forget:
        parts.append(f"{counts.to_forget:,} to stop managing")
    if counts.waiting:
        left.insert(0, f"{counts.waiting:,} waiting")
    return f"Plan: {', '.join(parts)}; " + "; ".join([unchanged, *left]) + "."


def _money(plan: Plan, show: Show) -> str:
    totals = plan.totals
    sentences = _by_month_of(totals, plan.operations, show)
    if show == "all":
        owed = " and ".join(_amount(money) for money in totals.commitment if money.amount)
        if owed:
            until = f", the last of it until {last_day(totals.commitment_until)}" if totals.commitment_until else ""
            sentences.append(f"New commitment {owed}{until}")
        if totals.unknown:
            some = counted(totals.unknown, "amount")
            sentences.append(f"{some} {'is' if totals.unknown == 1 else 'are'} unknown and in no sum")
    return f"Money: {'. '.join(sentences)}." if sentences else ""


def _together(operations: Sequence[Operation], show: Show) -> list[str]:
    """What the lines of one customer come to, where there are several with money."""
    lines = {item.context.bundle_instance or item.address for item in operations if item.preview is not None}
    if len(lines) < 2:
        return []
    return [f"  together {sentence}" for sentence in _by_month_of(total(operations), operations, show)]


def _by_month_of(totals: MoneyTotals, operations: Sequence[Operation], show: Show) -> list[str]:
    """Cost, our price and the margin by the month, a sentence a currency."""
    sentences = list[str]()
    share = plan_margin(operations) if show == "all" else None
    costs = {money.currency: money for money in totals.cost_month if money.amount}
    sells = {money.currency: money for money in totals.sell_month if money.amount}
    for code in sorted({*costs, *sells}):
        sentence = _by_month(costs.get(code), sells.get(code), show)
        if sentence and share is not None and code in costs and code in sells:
            sentence += f", margin {percent(share)}"
        if sentence:
            sentences.append(sentence)
    return sentences


def _by_month(cost: Money | None, sell: Money | None, show: Show) -> str:
    parts = []
    if cost is not None and show == "all":
        parts.append(f"cost {_signed(cost)} {cost.currency} a month")
    if sell is not None:
        parts.append(f"sell {_signed(sell)}" + ("" if parts else f" {sell.currency} a month"))
    return ", ".join(parts)


def _signed(money: Money) -> str:
    return f"{money.amount:+,.{decimals_of(money.currency)}f}"


def _amount(money: Money) -> str:
    return f"{money.amount:,.{decimals_of(money.currency)}f} {money.currency}"
