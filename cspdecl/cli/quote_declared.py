"""What one change of a declared line would do and cost, as text and as JSON: now, at the renewal, or not at all."""

from __future__ import annotations

from datetime import UTC, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cspdecl.commerce.prices import UnknownPrice
    from cspdecl.core.diagnostics import Diagnostic
    from cspdecl.core.operation import Waiting
    from cspdecl.core.project import UnitPrice
    from cspdecl.engine.quote import Quote
    from cspdecl.engine.quote_money import AtRenewal, Now
    from cspdecl.report.language import Language

_NOW = ("before", "after", "money", "lines", "cost_month", "sell_month", "by", "returnable_until")
_AT_RENEWAL = ("on", "after", "held", "held_cost_month", "held_sell_month")


def quote_text(quote: Quote, lang: Language) -> list[str]:
    """The quote as lines of text."""
    from cspdecl.commerce.prices import UnknownPrice

    lines = [f"{quote.address}  {quote.title}", f"  {_asked(quote, lang)}", f"  {_unit(quote.price, lang)}"]
    if quote.target is not None:
        what = str(quote.target_offer) if quote.target_offer else lang.say("what is asked for")
        if isinstance(quote.target, UnknownPrice):
            lines.append(f"  {what}: {_unit(quote.target, lang)}")
        else:
            said = lang.say("one seat {amount} a charge cycle", amount=quote.target.cycle_price)
            lines.append(f"  {what}: {said} ({quote.target.term} {lang.say(str(quote.target.billing))})")
    if quote.now is not None:
        lines += _now(quote.now, lang)
    if quote.at_renewal is not None:
        lines += _at_renewal(quote.at_renewal, lang)
    for problem in quote.refused:
        why = lang.sentence(problem.message)
        lines.append("  " + lang.say("refused: {why} ({code})", why=why, code=problem.code))
        lines += [f"    {lang.sentence(text)}" for text in (problem.label, problem.hint) if text]
    lines += [
        "  " + lang.say("waits: {why} ({code})", why=lang.sentence(item.text), code=item.code) for item in quote.waiting
    ]
    if not (quote.now or quote.at_renewal or quote.refused or quote.waiting):
        lines.append("  " + lang.say("no seat changes, and no money"))
    lines += ["  " + lang.say("note: {text}", text=lang.sentence(text)) for text in quote.notes]
    if quote.live_as_of is not None:
        lines.append("  " + lang.say("based on what was read {moment}", moment=quote.live_as_of))
    return lines


def _asked(quote: Quote, lang: Language) -> str:
    values = {"before": str(quote.before), "asked": str(quote.asked), "day": quote.on, "offer": quote.target_offer}
    if quote.target_offer is None:
        return lang.say("{before} → {asked} seats on {day} (UTC)", **values)
    if quote.asked < quote.before:
        return lang.say("{asked} of {before} seats to {offer} on {day} (UTC)", **values)
    return lang.say("{before} seats to {offer} on {day} (UTC)", **values)


def _unit(price: UnitPrice | UnknownPrice, lang: Language) -> str:
    from cspdecl.commerce.prices import UnknownPrice, list_words

    if isinstance(price, UnknownPrice):
        return lang.say("cost unknown: {why}", why=lang.sentence(price.reason))
    said = lang.say("one seat {amount} a charge cycle", amount=price.cycle_price)
    return f"{said} ({price.term} {lang.say(str(price.billing))}, {lang.sentence(list_words(price))})"


def _now(now: Now, lang: Language) -> list[str]:
    counts = {"before": str(now.before), "after": str(now.after)}
    if now.by:
        said = lang.say("now: {before} → {after} seats, until {moment}", **counts, moment=now.by)
    else:
        said = lang.say("now: {before} → {after} seats", **counts)
    lines = [f"  {said}"]
    for line in now.lines:
        unit, amount = lang.figures(_decimal(line.unit_effective)), lang.money(line.amount)
        lines.append(f"    {lang.say(line.role):7} {lang.figures(str(line.quantity))} × {unit} = {amount}")
    money, said_of = now.money, list[str]()
    if money.cost_now is not None and money.days is not None:
        text = "cost now {amount}, an estimate for {count} of {all} days"
        days = {"count": str(money.days), "all": str(money.cycle_days)}
        said_of.append(lang.say(text, amount=money.cost_now, **days))
    elif money.cost_now is not None:
        said_of.append(lang.say("cost now {amount}, an estimate", amount=money.cost_now))
    said_of += [lang.say("unknown: {why}", why=lang.sentence(reason)) for reason in money.unknown]
    if now.cost_month is not None:
        said_of.append(lang.say("cost {amount} a month", amount=now.cost_month))
    if now.sell_month is not None:
        said_of.append(lang.say("sell {amount} a month", amount=now.sell_month))
    if now.returnable_until is not None:
        said_of.append(lang.say("what is added can be returned until {moment}", moment=now.returnable_until))
    if money.commitment is not None and money.commitment_until is not None:
        last = (money.commitment_until - timedelta(microseconds=1)).astimezone(UTC).date()
        said_of.append(
            lang.say("new commitment {amount}, the last of it until {day}", amount=money.commitment, day=last)
        )
    return [*lines, *(f"    {text}" for text in said_of)]


def _at_renewal(later: AtRenewal, lang: Language) -> list[str]:
    day = later.on.astimezone(UTC).date()
    if later.after is None:
        what = lang.say("until {day} (exclusive)", day=day)
    elif later.after:
        what = lang.say("at renewal on {day}: → {count} seats", day=day, count=str(later.after))
    else:
        what = lang.say("at the end of the term, from {day}: → 0 seats", day=day)
    stays = "1 seat stays billed until then", "{count} seats stay billed until then"
    lines = [f"  {what}; {lang.counted(later.held, *stays)}"]
    cost, sell = later.held_cost_month, later.held_sell_month
    values = {"cost": lang.say("unknown") if cost is None else cost, "sell": sell}
    text = "they stay at cost {cost} a month" if sell is None else "they stay at cost {cost}, sell {sell} a month"
    return [*lines, f"    {lang.say(text, **values)}"]


def _decimal(exact: Fraction) -> str:
    value = Decimal(exact.numerator) / Decimal(exact.denominator)
    return format(value.quantize(Decimal("0.000001")).normalize(), "f")  # shown only: amounts are computed exactly


def quote_document(quote: Quote) -> dict[str, Any]:
    """The quote as JSON: exact fractions beside rounded amounts; what is unknown or does not apply is absent."""
    document = {
        **_known(quote, "title", "before", "asked", "price", "warning", "live_as_of", "target", "target_offer"),
        "address": str(quote.address),
        "on": quote.on.isoformat(),
        "refused": [_problem(item) for item in quote.refused],
        "waiting": [_wait(item) for item in quote.waiting],
        "notes": list(quote.notes),
    }
    if quote.now is not None:
        document["now"] = _known(quote.now, *_NOW)
    if quote.at_renewal is not None:
        document["at_renewal"] = _known(quote.at_renewal, *_AT_RENEWAL)
    return document


def _problem(item: Diagnostic) -> dict[str, Any]:
    return _known(item, "code", "message", "label", "hint")


def _wait(item: Waiting) -> dict[str, Any]:
    return _known(item, "code", "kind", "text", "when")


def _known(value: object, *names: str) -> dict[str, Any]:
    from cspdecl.core.plain import to_plain

    found = {name: getattr(value, name) for name in names}
    plain = {
        name: [to_plain(one) for one in item] if isinstance(item, tuple) else to_plain(item)
        for name, item in found.items()
        if item is not None
    }
    return {name: _dense(item) for name, item in plain.items()}


def _dense(plain: Any) -> Any:
    if isinstance(plain, dict):
        return {name: _dense(item) for name, item in plain.items() if item is not None}
    return [_dense(item) for item in plain] if isinstance(plain, list) else plain
