"""A rehearsed price list as text, Markdown and JSON: what falls under its floor first, then what changes most."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC
from fractions import Fraction
from typing import Any

from cspdecl.core.money import ExactMoney, Money, Rounding
from cspdecl.core.plain import instant_text
from cspdecl.planning.rehearsal_values import Group, Line, Rehearsal, Side, Sums
from cspdecl.planning.sentences import percent
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.safe import safe_text

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~@&:])")
_SHOWN = 50  # groups that only change; those under their floor are always shown


def rehearsal_text(found: Rehearsal, *, lang: Language = ENGLISH) -> list[str]:
    """The rehearsal as lines of text."""
    about = lang.say("amounts a month, for the seats that run now; nothing is bought or written")
    lines = [_headline(found, lang), about, ""]
    floor = lang.say("Under the margin floor")
    if found.floor is not None:
        floor = lang.say("Under the margin floor ({share})", share=lang.figures(percent(found.floor)))
    lines += _block(floor, [item for item in found.groups if item.below or item.doubtful], lang)
    changed = [item for item in found.groups if not (item.below or item.doubtful) and item.before != item.after]
    lines += _block(lang.say("What changes"), changed[:_SHOWN], lang)
    if len(changed) > _SHOWN:
        more = len(changed) - _SHOWN
        said = lang.counted(more, "and 1 more bundle or line", "and {count} more bundles and lines")
        lines += [f"  {said}", ""]
    if found.steps:
        lines.append(lang.say("From each renewal on"))
        for step in found.steps:
            change, so_far = _signed(step.change, lang), _signed(step.so_far, lang)
            text = lang.say("{change} a month, {so_far} a month with all before", change=change, so_far=so_far)
            lines.append(f"  {step.month}  {text}")
        lines.append("")
    lines.append(lang.say("By customer"))
    for one in found.customers:
        name = f" · {safe_text(one.name)}" if one.name != one.key else ""
        lines.append(f"  {safe_text(one.key)}{name}: {_sums(one.before, lang)} → {_sums(one.after, lang)}")
    lines += ["", _all(found, lang)]
    unpriced = sum(1 for item in found.groups if item.after.sell is None and not item.after.sell_unknown)
    if unpriced:
        own = "1 bundle or line without a price of ours: its cost is in the sums"
        all_ = "{count} bundles and lines without a price of ours: their cost is in the sums"
        lines.append(lang.counted(unpriced, own, all_))
    if not found.changes:
        lines.append(lang.say("nothing changes under this list"))
    if found.after.unknown:
        one_amount = "1 amount under this list unknown and in no sum"
        lines.append(
            lang.counted(found.after.unknown, one_amount, "{count} amounts under this list unknown and in no sum")
        )
    for key, why in found.unread.items():
        reason = safe_text(lang.sentence(why), longest=300)
        lines.append(lang.say("not read: {customer}: {why}", customer=safe_text(key), why=reason))
    return lines


def _headline(found: Rehearsal, lang: Language) -> str:
    lists = ", ".join(
        lang.say(
            "{list} ({market}, {currency}, announced)"
            if item.timeline == "preview"
            else "{list} ({market}, {currency})",
            list=item.date, market=item.market, currency=item.currency,
        )
        for item in found.lists
    )  # fmt: skip
    day = found.at.astimezone(UTC).date()
    parts = [lang.say("rehearsal of price list {lists} from {day}", lists=lists, day=day)]
    return " · ".join([safe_text(found.project), *parts, lang.say("live {moment}", moment=found.as_of)])


def _all(found: Rehearsal, lang: Language) -> str:
    return lang.say("All: {before} → {after}", before=_sums(found.before, lang), after=_sums(found.after, lang))


def _block(title: str, groups: list[Group], lang: Language) -> Iterator[str]:
    if not groups:
        return
    yield title
    for group in groups:
        yield f"  {safe_text(str(group.address))}  {safe_text(group.title)}"
        yield f"      {_change(group, lang)}"
        if group.verdict is not None:
            yield f"      {safe_text(lang.sentence(group.verdict.text), longest=600)} ({group.verdict.code})"
        for line in group.lines:
            yield f"      {_line(line, lang, alone=not group.is_bundle)}"
            yield from (f"        {safe_text(lang.sentence(text), longest=300)}" for text in line.notes)
    yield ""


def _change(group: Group, lang: Language) -> str:
    def amounts(before: ExactMoney | None, after: ExactMoney | None) -> str:
        return f"{_amount(before, lang)} → {_amount(after, lang)}"

    parts = [lang.say("cost {amounts}", amounts=amounts(group.before.cost, group.after.cost))]
    if group.before.sell is not None or group.after.sell is not None or group.after.sell_unknown:
        shares = f"{_share(group.margin_before, lang)} → {_share(group.margin_after, lang)}"
        parts.append(lang.say("sell {amounts}", amounts=amounts(group.before.sell, group.after.sell)))
        parts.append(lang.say("margin {share}", share=shares))
    return ", ".join(parts)


def _line(line: Line, lang: Language, *, alone: bool) -> str:
    unknown = lang.say("unknown")
    text = lang.say(
        "{count} seats at {before} → {after} a charge cycle",
        count=str(line.seats),
        before=lang.money(line.unit_before.cycle_price) if line.unit_before else unknown,
        after=lang.money(line.unit_after.cycle_price) if line.unit_after else unknown,
    )
    when = lang.say("not reached")
    if line.reached:
        when = lang.say("from its renewal on {day}", day=line.reached.astimezone(UTC).date())
    why = f" ({safe_text(lang.sentence(line.unknown_after), longest=200)})" if line.unknown_after else ""
    return f"{'' if alone else f'{safe_text(line.address.name)}: '}{text}, {when}{why}"


def _sums(sums: Sums, lang: Language) -> str:
    parts = [lang.say("cost {amounts}", amounts=" + ".join(map(lang.money, sums.cost)) or lang.say("unknown"))]
    if sums.sell:
        parts.append(lang.say("sell {amounts}", amounts=" + ".join(map(lang.money, sums.sell))))
    if sums.margin is not None:
        parts.append(lang.say("margin {share}", share=_share(sums.margin, lang)))
    return ", ".join(parts)


def _amount(exact: ExactMoney | None, lang: Language) -> str:
    return lang.say("unknown") if exact is None else lang.money(exact.rounded(Rounding.HALF_UP))


def _share(share: Fraction | None, lang: Language) -> str:
    return lang.say("unknown") if share is None else lang.figures(percent(share))


def _signed(exact: ExactMoney, lang: Language) -> str:
    money = exact.rounded(Rounding.HALF_UP)
    return f"{'+' if money.amount > 0 else ''}{lang.money(money)}"


# ---- for pull requests ----


def rehearsal_markdown(found: Rehearsal, *, lang: Language = ENGLISH) -> str:
    """Two tables, what falls under its floor first; every name is escaped."""
    dates = ", ".join(item.date for item in found.lists)
    said = lang.say("{project}: price list {lists} rehearsed", project=_cell(found.project), lists=dates)
    heads = (lang.say("bundle or line"), lang.say("cost a month"), lang.say("sell a month"), lang.say("margin"))
    rows = [f"| {' | '.join(heads)} |", "|---|---|---|---|"]
    below, unknown = f"**{lang.say('under its floor')}** ", f"**{lang.say('unknown')}** "
    for group in found.groups:
        if group.before != group.after or group.below or group.doubtful:
            mark = below if group.below else unknown if group.doubtful else ""
            rows.append(
                f"| {mark}{_cell(str(group.address))} {_cell(group.title)} "
                f"| {_amount(group.before.cost, lang)} → {_amount(group.after.cost, lang)} "
                f"| {_sold(group.before, lang)} → {_sold(group.after, lang)} "
                f"| {_share(group.margin_before, lang)} → {_share(group.margin_after, lang)} |"
            )
    body = "\n".join(rows) if len(rows) > 2 else lang.say("Nothing changes.")
    return "\n\n".join([f"### {said}", body, _all(found, lang)]) + "\n"


def _sold(side: Side, lang: Language) -> str:
    return _amount(side.sell, lang) if side.sell is not None or side.sell_unknown else "–"


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
