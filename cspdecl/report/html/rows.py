"""The list: every line of the plan under its customer, one element each, opened for what stands behind it.

Everything is in the page as it opens; the script only hides, orders and opens. Marks are words, colour repeats them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cspdecl.core.action import CreateCustomer, Reprice
from cspdecl.core.money import Money
from cspdecl.core.operation import MoneyTotals, Operation, Waiting, Why
from cspdecl.report.html.entries import Entry, Group, Unit
from cspdecl.report.html.markup import Html, dated, el, join
from cspdecl.report.html.view import View

_WAITS = {"scheduled": "scheduled", "due": "due", "blocked": "blocked", "manual": "by hand"}


def render_groups(groups: Sequence[Group], view: View, *, prefix: str, why: dict[str, tuple[Why, ...]]) -> Html:
    """All customers of one part. `prefix` makes their anchors unlike those of another part."""
    return el(
        "div",
        *(_group(group, view, f"{prefix}{index}", why.get(group.key, ())) for index, group in enumerate(groups)),
        class_="groups",
    )


def _group(group: Group, view: View, anchor: str, why: tuple[Why, ...]) -> Html:
    known = el("span", group.key, class_="key") if group.name != group.key else None
    reasons = [
        el("p", view.lang.sentence(item.text), " ", el("span", item.file, class_="file"), class_="why") for item in why
    ]
    return el(
        "article",  # no landmark: a thousand customers would drown the few that there are
        el(
            "header",
            el("h3", el("bdi", group.name), " ", known, id=anchor),
            _sums(group.totals, view) if len(group.units) > 1 else None,
        ),
        *reasons,
        el("ul", *(_unit(unit, view) for unit in group.units), class_="units"),
        class_="customer",
        aria_labelledby=anchor,
        data_key=group.key,
        **_amounts(group.totals, view),
    )


def _sums(totals: MoneyTotals, view: View) -> Html | None:
    parts = [text for text in (_month(totals, view), _sell(totals, view)) if text]
    return el("p", " · ".join(parts), class_="sums num") if parts else None


def _unit(unit: Unit, view: View) -> Html:
    below = el("ul", *(el("li", _entry(item, view, part=True)) for item in unit.below)) if unit.below else None
    return el(
        "li",
        _entry(unit.head, view),
        below,
        class_="unit",
        data_kind=" ".join(unit.kinds),
        data_lasting=unit.lasting,
        **_amounts(unit.head.totals, view),
    )


def _amounts(totals: MoneyTotals, view: View) -> dict[str, object]:
    """What the script sorts by: "EUR 69.80", several currencies apart by a semicolon."""
    month = totals.cost_month if view.cost else totals.sell_month
    return {"data_month": _plain(month), "data_owed": _plain(totals.commitment) if view.cost else None}


def _plain(amounts: Iterable[Money]) -> str | None:
    return ";".join(f"{money.currency} {money.amount}" for money in amounts if money.amount) or None


# ---- one row ----


def _entry(entry: Entry, view: View, *, part: bool = False) -> Html:
    """`part`: of a bundle, which is sold as a whole; only the whole has our price."""
    line = entry.line
    name = entry.address.name if entry.address.path else view.say("customer")
    if line is None:
        title, summary = "", view.lang.sentence(entry.waiting[0].text)
    else:
        title, summary = view.lang.title(line.title), view.lang.sentence(line.summary)
    sold = "" if part else _sell(entry.totals, view)
    amounts = [text for text in (_month(entry.totals, view), sold) if text]
    head = el(
        "summary",
        el("span", _word(entry, view), class_=f"kind {entry.kind or 'same'}"),
        el("span", el("b", name), " ", el("bdi", title) if title else None, _mark(entry, view), class_="what"),
        el("span", dated(summary), class_="now"),
        el("span", *(el("span", text) for text in amounts), class_="amount") if amounts else None,
    )
    return el("details", head, *_behind(entry, view))


def _word(entry: Entry, view: View) -> str:
    if entry.line is None:
        return view.say(_WAITS[entry.waiting[0].kind])
    match entry.kind:
        case "buy":
            if entry.buys:
                return view.say("buy")
            created = any(isinstance(item.action, CreateCustomer) for item in entry.operations)
            return view.say("create") if created else view.say("add")
        case "change":
            return view.say("change")
        case "cancel":
            return view.say("cancel")
        case "adopt":
            return view.say("take over")
        case "waiting":
            return view.say("waiting")
        case None:
            return view.say("as it is")


def _mark(entry: Entry, view: View) -> Html | None:
    """What a revert cannot simply take back is said in the row itself."""
    undo = entry.undo
    if undo is None or undo.how == "free":
        return None
    if undo.how == "window" and undo.until is not None:
        return el("span", dated(view.say("can be taken back until {until}", until=undo.until)), class_="mark window")
    return el("span", view.say("cannot be taken back"), class_="mark never")


def _month(totals: MoneyTotals, view: View) -> str:
    """Cost a month; unknown is said as such."""
    if not view.cost:
        return ""
    said = [view.say("cost {amount} a month", amount=view.signed(item)) for item in totals.cost_month if item.amount]
    if totals.unknown:
        said.append(view.say("cost unknown") if not said else view.say("partly unknown"))
    return ", ".join(said)


def _sell(totals: MoneyTotals, view: View) -> str:
    return ", ".join(
        view.say("sell {amount} a month", amount=view.signed(item)) for item in totals.sell_month if item.amount
    )


# ---- what stands behind it ----


def _behind(entry: Entry, view: View) -> Iterable[Html]:
    line = entry.line
    notes: tuple[str, ...] = ()
    if line is not None:
        notes = line.notes if view.cost or line.notes_sell is None else line.notes_sell
    said = [view.lang.sentence(text) for text in notes] + [_waits(item, view) for item in entry.waiting]
    if said:
        yield el("ul", *(el("li", dated(text)) for text in said), class_="notes")
    facts: list[tuple[str, str]] = [
        *_of_operations(entry.operations, view),
        *_taken_back(entry, view),
        *_declared(entry, view),
    ]
    if line is not None and line.ids:
        facts.append((view.say("Subscription"), ", ".join(line.ids)))
    if facts:
        yield el(
            "dl",
            *(
                join((el("dt", term), el("dd", text if isinstance(text, Html) else dated(text))))
                for term, text in facts
            ),
        )
    if not said and not facts:
        yield el("p", view.say("Nothing more is known about this line."))


def _waits(item: Waiting, view: View) -> str:
    return view.say(
        "{kind}: {text} ({code})", kind=view.say(_WAITS[item.kind]), text=view.lang.sentence(item.text), code=item.code
    )


def _of_operations(operations: Sequence[Operation], view: View) -> Iterable[tuple[str, str]]:
    for item in operations:
        if view.cost or not isinstance(item.action, Reprice):
            yield view.say("Why"), view.lang.sentence(item.reason.text)
        preview = item.preview
        if view.cost and preview is not None and preview.commitment is not None and preview.commitment.amount:
            owed, until = preview.commitment, preview.commitment_until
            text = view.say("{amount} until {day}", amount=owed, day=view.last_day(until)) if until else None
            yield view.say("New commitment"), text or view.lang.money(owed)
        if item.not_after is not None:
            yield view.say("Last moment to apply"), view.lang.clock(item.not_after)
        yield view.say("Operation"), item.id


def _declared(entry: Entry, view: View) -> Iterable[tuple[str, Html]]:
    origins = [*(item.origin for item in entry.operations), *(item.origin for item in entry.waiting)]
    for where in dict.fromkeys(view.where(item) for item in origins if item is not None):
        yield view.say("Declared in"), where


def _taken_back(entry: Entry, view: View) -> Iterable[tuple[str, str]]:
    if entry.undo is not None:
        yield view.say("Taking it back"), view.lang.sentence(entry.undo.text)
