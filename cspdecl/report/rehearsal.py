"""A rehearsed price list as text, Markdown and JSON: what falls under its floor first, then what changes most."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from cspdecl.commerce.words import counted, day, instant
from cspdecl.core.money import ExactMoney, Money, Rounding
from cspdecl.core.plain import instant_text
from cspdecl.planning.rehearsal_values import Group, Line, Rehearsal, Side, Sums
from cspdecl.planning.sentences import percent
from cspdecl.report.safe import safe_text

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~@&:])")
_SHOWN = 50  # groups that only change; those under their floor are always shown


def rehearsal_text(found: Rehearsal) -> list[str]:
    """The rehearsal as lines of text."""
    lines = [_headline(found), "amounts a month, for the seats that run now; nothing is bought or written", ""]
    lines += _block("Under the margin floor", [item for item in found.groups if item.below or item.doubtful], found)
    changed = [item for item in found.groups if not (item.below or item.doubtful) and item.before != item.after]
    lines += _block("What changes", changed[:_SHOWN], found)
    if len(changed) > _SHOWN:
        lines += [f"  and {counted(len(changed) - _SHOWN, 'more bundle or line', 'more bundles and lines')}", ""]
    if found.steps:
        lines.append("From each renewal on")
        for step in found.steps:
            lines.append(f"  {step.month}  {_signed(step.change)}, {_signed(step.so_far)} with all before")
        lines.append("")
    lines.append("By customer")
    for one in found.customers:
        name = f" · {safe_text(one.name)}" if one.name != one.key else ""
        lines.append(f"  {safe_text(one.key)}{name}: {_sums(one.before)} → {_sums(one.after)}")
    lines += ["", f"All: {_sums(found.before)} → {_sums(found.after)}"]
    unpriced = sum(1 for item in found.groups if item.after.sell is None and not item.after.sell_unknown)
    if unpriced:
        what = counted(unpriced, "bundle or line", "bundles and lines")
        lines.append(f"{what} without a price of ours: {'its' if unpriced == 1 else 'their'} cost is in the sums")
    if not found.changes:
        lines.append("nothing changes under this list")
    if found.after.unknown:
        lines.append(f"{counted(found.after.unknown, 'amount')} under this list unknown and in no sum")
    lines += [f"not read: {safe_text(key)}: {safe_text(why, longest=300)}" for key, why in found.unread.items()]
    return lines


def _headline(found: Rehearsal) -> str:
    lists = ", ".join(
        f"{item.date} ({item.market}, {item.currency}{', announced' if item.timeline == 'preview' else ''})"
        for item in found.lists
    )
    parts = [f"rehearsal of price list {lists} from {day(found.at)}", f"live {instant(found.as_of)}"]
    return " · ".join([safe_text(found.project), *parts])


def _block(title: str, groups: list[Group], found: Rehearsal) -> Iterator[str]:
    if not groups:
        return
    floor = f" ({percent(found.floor)})" if found.floor is not None and title.startswith("Under") else ""
    yield f"{title}{floor}"
    for group in groups:
        yield f"  {safe_text(str(group.address))}  {safe_text(group.title)}"
        yield f"      {_change(group)}"
        if group.verdict is not None:
            yield f"      {safe_text(group.verdict.text, longest=600)} ({group.verdict.code})"
        for line in group.lines:
            yield f"      {_line(line, alone=not group.is_bundle)}"
            yield from (f"        {safe_text(text, longest=300)}" for text in line.notes)
    yield ""


def _change(group: Group) -> str:
    parts = [f"cost {_amount(group.before.cost)} → {_amount(group.after.cost)}"]
    if group.before.sell is not None or group.after.sell is not None or group.after.sell_unknown:
        parts.append(f"sell {_amount(group.before.sell)} → {_amount(group.after.sell)}")
        parts.append(f"margin {_share(group.margin_before)} → {_share(group.margin_after)}")
    return ", ".join(parts)


def _line(line: Line, *, alone: bool) -> str:
    name = "" if alone else f"{safe_text(line.address.name)}: "
    before = str(line.unit_before.cycle_price) if line.unit_before else "unknown"
    after = str(line.unit_after.cycle_price) if line.unit_after else "unknown"
    when = f"from its renewal on {day(line.reached)}" if line.reached else "not reached"
    why = f" ({safe_text(line.unknown_after, longest=200)})" if line.unknown_after else ""
    return f"{name}{line.seats} seats at {before} → {after} a charge cycle, {when}{why}"


def _sums(sums: Sums) -> str:
    cost = " + ".join(str(money) for money in sums.cost) or "unknown"
    sell = f", sell {' + '.join(str(money) for money in sums.sell)}" if sums.sell else ""
    share = f", margin {percent(sums.margin)}" if sums.margin is not None else ""
    return f"cost {cost}{sell}{share}"


def _amount(exact: ExactMoney | None) -> str:
    return "unknown" if exact is None else str(exact.rounded(Rounding.HALF_UP))


def _share(share: Fraction | None) -> str:
    return "unknown" if share is None else percent(share)


def _signed(exact: ExactMoney) -> str:
    money = exact.rounded(Rounding.HALF_UP)
    return f"{'+' if money.amount > 0 else ''}{money} a month"


# ---- for pull requests ----


def rehearsal_markdown(found: Rehearsal) -> str:
    """Two tables, what falls under its floor first; every name is escaped."""
    title = f"### {_cell(found.project)}: price list {', '.join(item.date for item in found.lists)} rehearsed"
    rows = ["| bundle or line | cost a month | sell a month | margin |", "|---|---|---|---|"]
    for group in found.groups:
        if group.before != group.after or group.below or group.doubtful:
            mark = "**under its floor** " if group.below else "**unknown** " if group.doubtful else ""
            rows.append(
                f"| {mark}{_cell(str(group.address))} {_cell(group.title)} "
                f"| {_amount(group.before.cost)} → {_amount(group.after.cost)} "
                f"| {_sold(group.before)} → {_sold(group.after)} "
                f"| {_share(group.margin_before)} → {_share(group.margin_after)} |"
            )
    totals = f"All: {_sums(found.before)} → {_sums(found.after)}"
    return "\n\n".join([title, "\n".join(rows) if len(rows) > 2 else "Nothing changes.", totals]) + "\n"


def _sold(side: Side) -> str:
    return _amount(side.sell) if side.sell is not None or side.sell_unknown else "–"


def _cell(text: str) -> str:
    escaped = _SPECIAL.sub(r"\\\1", safe_text(text))
    return escaped.replace("\\@", "&#64;").replace("\\<", "&lt;").replace("\\&", "&amp;")


# ---- for machines ----


def rehearsal_document(found: Rehearsal) -> dict[str, Any]:
    """The rehearsal as JSON: amounts a month, rounded, with their exact fractions; unknown ones are null."""
    return {
        "project": found.project,
        "now": instant_text(found.now),
        "read_at": instant_text(found.as_of),
        "from": instant_text(found.at),
        "lists": [
            {"date": item.date, "market": item.market, "currency": item.currency, "timeline": item.timeline,
             "digest": item.digest}
            for item in found.lists
        ],
        "floor": None if found.floor is None else str(found.floor),
        "groups": [_group_document(item) for item in found.groups],
        "customers": [
            {"customer": one.key, "before": _sums_document(one.before), "after": _sums_document(one.after)}
            for one in found.customers
        ],
        "before": _sums_document(found.before),
        "after": _sums_document(found.after),
        "steps": [
            {"month": step.month, "change": _exact(step.change), "so_far": _exact(step.so_far)} for step in found.steps
        ],
        "refused": [{"rule": item.rule, "code": item.code, "text": item.text} for item in found.verdicts],
        "unread": dict(found.unread),
    }  # fmt: skip


def _group_document(group: Group) -> dict[str, Any]:
    return {
        "address": str(group.address),
        "title": group.title,
        "bundle": group.is_bundle,
        "below_floor": group.below,
        "was_below_floor": group.was_below,
        "unknown": group.doubtful,
        "before": _side(group.before, group.margin_before),
        "after": _side(group.after, group.margin_after),
        "lines": [
            {
                "address": str(line.address),
                "subscription": line.subscription,
                "offer": str(line.offer),
                "seats": line.seats,
                "cost_before": _exact(line.before),
                "cost_after": _exact(line.after),
                "renews": None if line.reached is None else instant_text(line.reached),
                "unknown": line.unknown_after,
                "notes": list(line.notes),
            }
            for line in group.lines
        ],
    }


def _side(side: Side, share: Fraction | None) -> dict[str, Any]:
    return {"cost": _exact(side.cost), "sell": _exact(side.sell), "margin": None if share is None else str(share)}


def _exact(amount: ExactMoney | None) -> dict[str, str] | None:
    if amount is None:
        return None
    money = amount.rounded(Rounding.HALF_UP)
    return {"amount": format(money.amount, "f"), "currency": money.currency, "exact": str(amount.value)}


def _sums_document(sums: Sums) -> dict[str, Any]:
    return {
        "cost": [_money(item) for item in sums.cost],
        "sell": [_money(item) for item in sums.sell],
        "margin": None if sums.margin is None else str(sums.margin),
        "unknown": sums.unknown,
    }


def _money(money: Money) -> dict[str, str]:
    return {"amount": format(money.amount, "f"), "currency": money.currency}
