"""What stands below the lines of a plan as text: errors, waits, who was not read, guardrails, counts and money."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from cspdecl.core.diagnostics import Diagnostic, Severity
from cspdecl.core.operation import MoneyTotals, Operation, Plan, PlanCounts, Verdict, Waiting
from cspdecl.planning.money import plan_margin
from cspdecl.planning.sentences import percent
from cspdecl.report.costliest import signed
from cspdecl.report.language import Language
from cspdecl.report.safe import safe_text
from cspdecl.report.show import Show
from cspdecl.report.verdicts import verdict_state, verdict_text

Paint = Callable[[str, str | None], str]


def more(plan: Plan, waiting: Sequence[Waiting], show: Show, paint: Paint, lang: Language) -> list[list[str]]:
    """Errors, what of `waiting` there is to say, who was not read, and the guardrails that were touched."""
    out = list[list[str]]()
    shown = {str(line.address) for line in plan.lines if line.symbol == "?" and line.address.path}
    errors = [item for item in plan.diagnostics if item.severity is Severity.ERROR and item.address not in shown]
    if errors:
        out.append([lang.say("Errors (nothing is sent for these customers):"), *(_error(one, lang) for one in errors)])
    if waiting:
        out.append([lang.say("Waiting (nothing to send for these now):"), *(_waiting(one, lang) for one in waiting)])
    if plan.unknown:
        one = len(plan.unknown) == 1
        title = lang.say(
            "Not read, so nothing is planned for it:" if one else "Not read, so nothing is planned for them:"
        )
        missing = plan.unknown.items()
        out.append([title, *(f"  ? {safe_text(key)}: {_foreign(why, 300, lang)}" for key, why in missing)])
    refused = [verdict for verdict in plan.safety.verdicts if verdict.refused]
    touched = [verdict for verdict in plan.safety.verdicts if not verdict.refused]
    if refused:
        title = paint(lang.say("Refused by guardrails:"), "31")
        out.append([title, *(_verdict(one, show, lang) for one in refused)])
    if touched:
        out.append([lang.say("Guardrails touched:"), *(_verdict(one, show, lang, state=True) for one in touched)])
    return out


def _foreign(text: str, longest: int, lang: Language) -> str:
    return safe_text(lang.sentence(text), longest=longest)


def _error(item: Diagnostic, lang: Language) -> str:
    where = f"{safe_text(item.address)}: " if item.address else ""
    return f"  ? {where}{_foreign(item.message, 400, lang)} ({item.code})"


def _waiting(item: Waiting, lang: Language) -> str:
    kinds = {"scheduled": "scheduled", "due": "due", "blocked": "blocked", "manual": "by hand"}
    text = _foreign(item.text, 400, lang)
    return f"  ? {safe_text(str(item.address))}: {lang.say(kinds[item.kind])}, {text} ({item.code})"


def _verdict(verdict: Verdict, show: Show, lang: Language, *, state: bool = False) -> str:
    said = verdict_text(verdict, show, lang)
    text, hidden = safe_text(said, longest=600), show == "sell" and said != verdict_text(verdict, "all", lang)
    how = f", {verdict_state(verdict, lang)}" if state else ""
    rule = f"{verdict.rule} ({verdict.code}{how})"
    if verdict.address and hidden:
        rule = lang.say("{rule} at {address}", rule=rule, address=safe_text(str(verdict.address)))
    return f"  {rule}: {text}"


# ---- the closing lines ----


def closing(plan: Plan, show: Show, lang: Language) -> list[str]:
    """How much there is to do, what it costs, and what stands against it."""
    out = [_counts(plan, lang)]
    money = money_line(plan.totals, plan.operations, show, lang)
    if money:
        out.append(lang.say("Money: {sums}", sums=money))
    errors = sum(item.severity is Severity.ERROR for item in plan.diagnostics)
    if errors:
        out.append(_held(plan, errors, lang))
    if plan.counts.ending_soon:
        out.append(_renewals(plan.counts, lang))
    if not plan.complete:
        missing = len(plan.unknown)
        out.append(
            lang.say("Incomplete: 1 customer could not be read; plan again later.")
            if missing == 1
            else lang.say("Incomplete: {count} customers could not be read; plan again later.", count=missing)
        )
    return out


def _held(plan: Plan, errors: int, lang: Language) -> str:
    if plan.hindered:
        if errors == 1:
            return lang.say("Not to be applied: 1 error to put right first.")
        return lang.say("Not to be applied: {count} errors to put right first.", count=errors)
    held = len({str(item.address).partition("/")[0] for item in plan.diagnostics if item.severity is Severity.ERROR})
    if errors == 1:
        return lang.say("Held back: 1 customer with 1 error to put right first.")
    if held == 1:
        return lang.say("Held back: 1 customer with {count} errors to put right first.", count=errors)
    return lang.say("Held back: {held} customers with {count} errors to put right first.", held=held, count=errors)


def _renewals(counts: PlanCounts, lang: Language) -> str:
    ending, open_ = counts.ending_soon, counts.undecided_soon
    if ending == 1:
        text = lang.say("1 term ends within 30 days")
    else:
        text = lang.say("{count} terms end within 30 days", count=ending)
    if open_:
        text = lang.say("{ending}, {count} undecided", ending=text, count=open_)
    return lang.say("Renewals: {ending}: `cspdecl renewals` lists them, with last moments and windows.", ending=text)


def _counts(plan: Plan, lang: Language) -> str:
    counts, say = plan.counts, lang.say
    left = []
    if counts.unmanaged:
        left.append(say("{count} unmanaged left alone", count=counts.unmanaged))
    if counts.unmanaged_customers == 1:
        left.append(say("1 customer in no manifest left alone"))
    elif counts.unmanaged_customers:
        left.append(say("{count} customers in no manifest left alone", count=counts.unmanaged_customers))
    if counts.unchanged == 1:
        unchanged = say("1 subscription unchanged")
    else:
        unchanged = say("{count} subscriptions unchanged", count=counts.unchanged)
    waiting = say("{count} waiting", count=counts.waiting)
    if plan.empty:
        done = [say("nothing to do"), *([waiting] if counts.waiting else [])]
    else:
        done, left = _to_do(counts, lang), [*([waiting] if counts.waiting else []), *left]
    return say("Plan: {done}; {rest}.", done=", ".join(done), rest="; ".join([unchanged, *left]))


def _to_do(counts: PlanCounts, lang: Language) -> list[str]:
    say = lang.say
    parts = [say("{count} to buy", count=counts.to_buy)]
    if counts.at_renewal:
        parts.append(say("{count} to change ({later} at renewal)", count=counts.to_change, later=counts.at_renewal))
    else:
        parts.append(say("{count} to change", count=counts.to_change))
    parts.append(say("{count} to cancel", count=counts.to_cancel))
    if counts.to_create == 1:
        parts.insert(0, say("1 customer to create"))
    elif counts.to_create:
        parts.insert(0, say("{count} customers to create", count=counts.to_create))
    if counts.to_adopt:
        parts.append(say("{count} to adopt or rename", count=counts.to_adopt))
    if counts.to_forget:
        parts.append(say("{count} to stop managing", count=counts.to_forget))
    return parts


# ---- money ----


def money_line(totals: MoneyTotals, operations: Sequence[Operation], show: Show, lang: Language) -> str:
    """Cost, our price, what is newly owed and what is unknown, in sentences; empty where there is nothing of it."""
    sentences = by_month_of(totals, operations, show, lang)
    if show == "all":
        owed = [money for money in totals.commitment if money.amount]
        if owed:
            until = totals.commitment_until
            both = lang.say(" and ").join(lang.money(money) for money in owed)
            sentences.append(
                lang.say("New commitment {owed}, the last of it until {day}", owed=both, day=_last_day(until))
                if until
                else lang.say("New commitment {owed}", owed=both)
            )
        if totals.unknown == 1:
            sentences.append(lang.say("1 amount is unknown and in no sum"))
        elif totals.unknown:
            sentences.append(lang.say("{count} amounts are unknown and in no sum", count=totals.unknown))
    return f"{'. '.join(sentences)}." if sentences else ""


def by_month_of(totals: MoneyTotals, operations: Iterable[Operation], show: Show, lang: Language) -> list[str]:
    """Cost, our price and the margin by the month, a sentence a currency. Without operations there is no margin."""
    sentences = list[str]()
    share = plan_margin(operations) if show == "all" else None
    costs = {money.currency: money for money in totals.cost_month if money.amount and show == "all"}
    sells = {money.currency: money for money in totals.sell_month if money.amount}
    for code in sorted({*costs, *sells}):
        cost, sell = costs.get(code), sells.get(code)
        if cost is None and sell is not None:
            sentences.append(lang.say("sell {sell} a month", sell=signed(sell, lang)))
        elif cost is not None and sell is None:
            sentences.append(lang.say("cost {cost} a month", cost=signed(cost, lang)))
        elif cost is not None and sell is not None:
            values = {"cost": signed(cost, lang), "sell": signed(sell, lang).rpartition(" ")[0]}
            if share is None:
                sentences.append(lang.say("cost {cost} a month, sell {sell}", **values))
            else:
                said = lang.figures(percent(share))
                sentences.append(lang.say("cost {cost} a month, sell {sell}, margin {margin}", **values, margin=said))
    return sentences


def _last_day(exclusive: datetime) -> date:
    return (exclusive - timedelta(microseconds=1)).astimezone(UTC).date()
