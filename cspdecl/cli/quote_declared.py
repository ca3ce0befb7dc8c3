"""What one change of a declared line would do and cost, as text and as JSON: now, at the renewal, or not at all."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cspdecl.core.diagnostics import Diagnostic
    from cspdecl.core.operation import Waiting
    from cspdecl.engine.quote import Quote
    from cspdecl.engine.quote_money import AtRenewal, Now

_NOW = ("before", "after", "money", "lines", "cost_month", "sell_month", "by", "returnable_until")
_AT_RENEWAL = ("on", "after", "held", "held_cost_month", "held_sell_month")


def quote_text(quote: Quote) -> list[str]:
    """The quote as lines of text."""
    from cspdecl.commerce.prices import UnknownPrice, list_words

    asked = f"{quote.before} → {quote.asked} seats"
    if quote.target_offer is not None:
        some = f"{quote.asked} of " if quote.asked < quote.before else ""
        asked = f"{some}{quote.before} seats to {quote.target_offer}"
    lines = [f"{quote.address}  {quote.title}", f"  {asked} on {quote.on:%Y-%m-%d} (UTC)"]
    if isinstance(quote.price, UnknownPrice):
        lines.append(f"  cost unknown: {quote.price.reason}")
    else:
        unit = quote.price
        lines.append(f"  one seat {unit.cycle_price} a charge cycle ({unit.term} {unit.billing}, {list_words(unit)})")
    if quote.target is not None:
        what = str(quote.target_offer) if quote.target_offer else "what is asked for"
        if isinstance(quote.target, UnknownPrice):
            lines.append(f"  {what}: cost unknown: {quote.target.reason}")
        else:
            unit = quote.target
            lines.append(f"  {what}: one seat {unit.cycle_price} a charge cycle ({unit.term} {unit.billing})")
    if quote.now is not None:
        lines += _now(quote.now)
    if quote.at_renewal is not None:
        lines += _at_renewal(quote.at_renewal)
    for problem in quote.refused:
        lines.append(f"  refused: {problem.message} ({problem.code})")
        lines += [f"    {text}" for text in (problem.label, problem.hint) if text]
    lines += [f"  waits: {item.text} ({item.code})" for item in quote.waiting]
    if not (quote.now or quote.at_renewal or quote.refused or quote.waiting):
        lines.append("  no seat changes, and no money")
    lines += [f"  note: {text}" for text in quote.notes]
    if quote.live_as_of is not None:
        lines.append(f"  based on what was read {quote.live_as_of:%Y-%m-%d %H:%M} UTC")
    return lines


def _now(now: Now) -> list[str]:
    from cspdecl.commerce.words import instant, last_day

    lines = [f"  now: {now.before} → {now.after} seats" + (f", until {instant(now.by)}" if now.by else "")]
    for line in now.lines:
        lines.append(f"    {line.role:7} {line.quantity} × {_decimal(line.unit_effective)} = {line.amount}")
    money = now.money
    if money.cost_now is not None:
        span = f" for {money.days} of {money.cycle_days} days" if money.days is not None else ""
        lines.append(f"    cost now {money.cost_now}, an estimate{span}")
    lines += [f"    unknown: {reason}" for reason in money.unknown]
    if now.cost_month is not None:
        lines.append(f"    cost {now.cost_month} a month")
    if now.sell_month is not None:
        lines.append(f"    sell {now.sell_month} a month")
    if now.returnable_until is not None:
        lines.append(f"    what is added can be returned until {instant(now.returnable_until)}")
    if money.commitment is not None and money.commitment_until is not None:
        lines.append(f"    new commitment {money.commitment}, the last of it until {last_day(money.commitment_until)}")
    return lines


def _at_renewal(later: AtRenewal) -> list[str]:
    from cspdecl.commerce.words import day, stay_billed

    if later.after is None:
        what = f"until {day(later.on)} (exclusive)"
    elif later.after:
        what = f"at renewal on {day(later.on)}: → {later.after} seats"
    else:
        what = f"at the end of the term, from {day(later.on)}: → 0 seats"
    lines = [f"  {what}; {stay_billed(later.held)} until then"]
    cost = f"cost {later.held_cost_month}" if later.held_cost_month is not None else "cost unknown"
    sell = f", sell {later.held_sell_month}" if later.held_sell_month is not None else ""
    return [*lines, f"    they stay at {cost}{sell} a month"]


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
