"""A plan as people read it. Facts and sentences come from planning; this module lays them out, escapes and colours.

Symbols carry the meaning (`+ ~ - => ?`), colour only repeats it. Costs and margins are left out with `show="sell"`.
A plan of a change shows what the change does; what was waiting anyway is folded (`text_difference`).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from cspdecl.core.action import Adopt
from cspdecl.core.operation import Operation, Plan, PlanLine
from cspdecl.planning.lists import ABOUT_LISTS
from cspdecl.planning.money import total
from cspdecl.report.difference import Part, split
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.printable import width as width_of
from cspdecl.report.safe import cut_to, padded, safe_text
from cspdecl.report.show import Show
from cspdecl.report.text_closing import by_month_of, closing, more
from cspdecl.report.text_difference import about_change, change_ends, why_in

_COLOURS = {"+": "32", "~": "33", "-": "31", "=>": "36", "?": "35"}
_TITLE = 58
_FOLDED = 3  # so many take-overs of one customer, and nothing else, stand in one sentence


def render_plan(
    plan: Plan, *, color: bool = False, show: Show = "all", width: int = 120, lang: Language = ENGLISH
) -> str:
    """The whole plan as text, ending with a line break. `width` is the terminal's; long titles are cut to fit."""
    paint, parts = _Paint(color), split(plan)
    blocks = [_header(plan, lang), *about_change(plan, paint, lang), _about_lists(plan, lang)]
    blocks += _customers(plan, parts.this, paint, show, width, lang)
    blocks += more(plan, parts.this.waiting, show, paint, lang)
    blocks += change_ends(plan, parts, show, paint, lang)
    blocks.append(closing(plan, show, lang))
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _customers(plan: Plan, part: Part, paint: _Paint, show: Show, width: int, lang: Language) -> Iterable[list[str]]:
    by_customer: dict[str, list[PlanLine]] = {}
    for line in part.lines:
        by_customer.setdefault(line.address.customer, []).append(line)
    names = {note.key: note.name for note in plan.customers}
    seats = {item.id: item.context.seats for item in part.operations if isinstance(item.action, Adopt)}
    money: dict[str, list[Operation]] = {}
    for operation in part.operations:
        money.setdefault(operation.address.customer, []).append(operation)
    for key, lines in by_customer.items():
        taken = _taken_over(lines, seats, lang)
        name = [_customer_name(key, names.get(key, key)), *why_in(plan, key, lang)]
        if taken:
            yield [*name, *_wrapped(f"{paint('=>', '36')} {taken}", width)]
        else:
            sums = _together(money.get(key, ()), show, lang) if len(money) > 1 else []
            yield [*name, *_customer(lines, paint, show, width, lang), *sums]


class _Paint:
    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, text: str, code: str | None) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and code else text


# ---- the parts ----


def _header(plan: Plan, lang: Language) -> list[str]:
    touched, count = plan.counts.customers_touched, plan.counts.customers
    if plan.scope is None and count == 1:
        who = lang.say("{touched} of 1 customer touched", touched=touched)
    elif plan.scope is None:
        who = lang.say("{touched} of {count} customers touched", touched=touched, count=count)
    elif count == 1:
        who = lang.say("{touched} of 1 customer in scope touched", touched=touched)
    else:
        who = lang.say("{touched} of {count} customers in scope touched", touched=touched, count=count)
    when = lang.say("clock of this machine {when}" if plan.offline else "live {when}", when=plan.as_of)
    prices = lang.say("no price list")
    if plan.price_list:
        prices = lang.say(
            "price list {month} ({market}, {currency})",
            month=plan.price_list,
            market=plan.market,
            currency=plan.currency,
        )
    return [" · ".join([safe_text(plan.project), who, when, prices])]


def _about_lists(plan: Plan, lang: Language) -> list[str]:
    """What is wrong with the price lists this plan used: above every amount."""
    found = [item for item in plan.diagnostics if item.code in ABOUT_LISTS]
    return [f"! {safe_text(lang.sentence(item.message), longest=400)} ({item.code})" for item in found]


def _taken_over(lines: list[PlanLine], seats: Mapping[str, int | None], lang: Language) -> str | None:
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
        pieces.append(safe_text("/".join(line.address.path)) + ("" if count is None else f" {lang.number(count)}"))
    if len(pieces) < _FOLDED:
        return None
    return lang.say(
        "takes over {count} running subscriptions as declared: {lines} seats",
        count=len(pieces),
        lines=", ".join(pieces),
    )


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width=max(60, width), initial_indent="  ", subsequent_indent=" " * 8)


def _customer_name(key: str, name: str) -> str:
    return f"{safe_text(key)} · {safe_text(name)}" if name and name != key else safe_text(key)


def _customer(lines: list[PlanLine], paint: _Paint, show: Show, width: int, lang: Language) -> list[str]:
    out = list[str]()
    column = max(12, *(width_of(_name(line, lang)) + _indent(line, lines) - 2 for line in lines))
    column = min(column, 40)
    title_width = max(20, min(_TITLE, width - column - 30))
    pending: list[str] = []
    for index, line in enumerate(lines):
        indent = _indent(line, lines)
        if indent == 2:
            out += pending
            pending = []
        out.append(_line(line, indent, column, title_width, paint, lang))
        lead = " " * (4 if line.is_bundle else 8)
        notes = [lead + safe_text(lang.sentence(text), longest=400) for text in _notes(line, show)]
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


def _name(line: PlanLine, lang: Language) -> str:
    return safe_text(line.address.name) if line.address.path else lang.say("customer")


def _line(line: PlanLine, indent: int, column: int, title_width: int, paint: _Paint, lang: Language) -> str:
    symbol = paint(line.symbol, _COLOURS.get(line.symbol))
    lead = " " * (indent + 1 - len(line.symbol))  # the arrow takes two columns, and names stay in theirs
    name_width = column - (indent - 2) + 1
    title = padded(cut_to(safe_text(lang.title(line.title)), title_width), title_width)
    head = f"{lead}{symbol} {padded(_name(line, lang), name_width)} "
    return f"{head}{title}  {safe_text(lang.sentence(line.summary), longest=200)}".rstrip()


def _together(operations: Sequence[Operation], show: Show, lang: Language) -> list[str]:
    """What the lines of one customer come to, where there are several with money."""
    lines = {item.context.bundle_instance or item.address for item in operations if item.preview is not None}
    if len(lines) < 2:
        return []
    found = by_month_of(total(operations), operations, show, lang)
    return [f"  {lang.say('together {sums}', sums=sentence)}" for sentence in found]
