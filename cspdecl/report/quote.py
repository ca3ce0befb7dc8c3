"""A quote from bare figures, for people and for machines: exact fractions stand beside every rounded amount."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from cspdecl.commerce.figures import NO_CURRENCY, FigureLine, FigureQuote
from cspdecl.core.diagnostics import Diagnostic
from cspdecl.core.money import Money, decimals_of
from cspdecl.core.terms import BillingCycle, Cycle, Term
from cspdecl.report.language import ENGLISH, Language

_ESTIMATE = "an estimate until an invoice says otherwise; before tax"


def figures_document(quote: FigureQuote) -> dict[str, Any]:
    """The quote as JSON. Amounts are decimal text, `…_exact` fractions; what does not apply is null."""
    figures = quote.figures
    document: dict[str, Any] = {
        "charge": quote.charge,
        "currency": None if figures.currency == NO_CURRENCY else figures.currency,
        "term": None if figures.term is None else str(figures.term),
        "billing": None if figures.billing is None else str(figures.billing),
        "on": _iso(figures.on),
        "price_per": figures.per,
        "unit_price": decimal_text(quote.unit),
        "unit_price_exact": str(quote.unit),
        "lines": [_line(line) for line in quote.lines],
        "total": amount_text(quote.total),
        "total_exact": str(quote.total_exact),
        "cycle": None if quote.cycle is None else cycle_document(quote.cycle),
        "counted_by": quote.by,
        "rounding": quote.rounding,
        "profile": quote.profile.name,
        "rule": quote.rule,
        "source": quote.profile.source,
        "notes": [*quote.notes, _ESTIMATE],
    }
    if figures.per == "term":
        document["term_price"] = decimal_text(Fraction(figures.price) * (1 + figures.uplift))
    if figures.discount:
        document["discount"] = decimal_text(figures.discount)
    if quote.margin is not None:
        document["margin"] = amount_text(quote.margin)
        document["margin_share"] = None if quote.share is None else decimal_text(quote.share)
    return document


def _line(line: FigureLine) -> dict[str, Any]:
    quantity = int(line.quantity) if line.quantity.denominator == 1 else decimal_text(line.quantity)
    return {
        "role": line.role,
        "quantity": quantity,
        "unit_price": decimal_text(line.unit),
        "effective_unit_price": decimal_text(line.effective),
        "effective_unit_price_exact": str(line.effective),
        "amount": amount_text(line.amount),
        "amount_exact": str(line.exact),
        "days": line.days,
        "cycle_days": line.cycle_days,
        "charge_start": _iso(line.charge_start),
        "charge_end": _iso(line.charge_end),
    }


def figures_text(quote: FigureQuote, *, lang: Language = ENGLISH) -> list[str]:
    """The quote as lines of text."""
    figures = quote.figures
    name = "" if figures.currency == NO_CURRENCY else f" {figures.currency}"

    def amount(money: Money) -> str:
        return f"{lang.figures(amount_text(money))}{name}"

    unit = f"{lang.figures(_price(quote.unit, figures.currency))}{name}"
    usage = quote.charge == "usage"
    one = lang.say("one unit {amount}" if usage else "one seat {amount} a charge cycle", amount=unit)
    when = "" if figures.on is None else lang.say(" on {day}", day=figures.on)
    lines = [f"{quote.charge}{when}: {one}"]
    if (cycle := quote.cycle) is not None:
        text = lang.say("cycle {start} to {end}, {count} days", start=cycle.start, end=cycle.end, count=cycle.days)
        lines.append(f"  {text}")
    width = max((len(str(line.quantity)) for line in quote.lines), default=1)
    for line in quote.lines:
        effective = lang.figures(decimal_text(line.effective))
        lines.append(
            f"  {lang.say(line.role):7} {lang.figures(_number(line.quantity)):>{width}} × {effective} = "
            f"{amount(line.amount)}{_share(line, quote.by, lang)}"
        )
    if Fraction(quote.total.amount) == quote.total_exact:
        lines.append("  " + lang.say("total {amount}", amount=amount(quote.total)))
    else:
        exact = lang.figures(decimal_text(quote.total_exact))
        lines.append("  " + lang.say("total {amount} (exactly {exact})", amount=amount(quote.total), exact=exact))
    if quote.margin is not None and quote.share is not None:
        share = lang.figures(decimal_text(quote.share * 100))
        text = "margin {amount} a seat, {share} % of the list price"
        lines.append("  " + lang.say(text, amount=amount(quote.margin), share=share))
    elif quote.margin is not None:
        lines.append("  " + lang.say("margin {amount} a seat", amount=amount(quote.margin)))
    lines.append("  " + lang.say("rule: {rule}", rule=lang.sentence(quote.rule)))
    notes = (*quote.notes, _ESTIMATE)
    return [*lines, *(f"  {lang.say('note: {text}', text=lang.sentence(text))}" for text in notes)]


def _share(line: FigureLine, by: str, lang: Language) -> str:
    if line.days is None:
        return ""
    if by == "whole" or line.days == line.cycle_days:
        return f"  {lang.say('a full cycle')}"
    days = {"count": line.days, "all": line.cycle_days}
    return f"  {lang.say('{count} of {all} months' if by == 'months' else '{count} of {all} days', **days)}"


def refusal_document(problem: Diagnostic) -> dict[str, Any]:
    """Why there is no quote, as JSON."""
    given = {"code": problem.code, "message": problem.message, "label": problem.label, "hint": problem.hint}
    return {"refused": [{name: text for name, text in given.items() if text is not None}]}


def cycles_document(start: date, term: Term, billing: BillingCycle, cycles: Sequence[Cycle]) -> dict[str, Any]:
    """Charge cycles as JSON, numbered from 1; first and last days inclusive."""
    return {
        "term": str(term),
        "billing": str(billing),
        "start": start.isoformat(),
        "cycles": [{"number": number, **cycle_document(cycle)} for number, cycle in enumerate(cycles, 1)],
    }


def cycles_text(cycles: Sequence[Cycle], *, lang: Language = ENGLISH) -> list[str]:
    """Charge cycles, one a line."""
    width = len(str(len(cycles)))
    said = (lang.say("{start} to {end}  {count} days", start=one.start, end=one.end, count=one.days) for one in cycles)
    return [f"{number:{width}}  {text}" for number, text in enumerate(said, 1)]


def cycle_document(cycle: Cycle) -> dict[str, Any]:
    """One cycle as JSON."""
    return {"start": cycle.start.isoformat(), "end": cycle.end.isoformat(), "days": cycle.days}


def decimal_text(exact: Fraction) -> str:
    """A fraction in decimals: exactly where they end, else to twelve digits after the point."""
    scaled, power = exact, 0
    while scaled.denominator != 1 and power < 12:
        scaled, power = scaled * 10, power + 1
    digits = round(scaled)
    text = format(Decimal(digits).scaleb(-power), "f")
    return text.rstrip("0").rstrip(".") if "." in text and scaled.denominator != 1 else text


def _price(exact: Fraction, currency: str) -> str:
    """A price with at least its currency's decimals: 7.20, 0.868."""
    whole, point, digits = decimal_text(exact).partition(".")
    places = decimals_of(currency)
    return f"{whole}.{digits.ljust(places, '0')}" if point or places else whole


def amount_text(money: Money) -> str:
    """An amount with its currency's decimals, without the currency."""
    return f"{money.amount:.{decimals_of(money.currency)}f}"


def _number(quantity: Fraction) -> str:
    return decimal_text(quantity)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
