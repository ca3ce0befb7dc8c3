"""Sentences about money, windows and dates under a line. Each comes twice: for all, and for eyes that see no cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from cspdecl.commerce.decide_extended import goes_by_month
from cspdecl.commerce.prices import list_words, price_of_extended
from cspdecl.commerce.products import gives_seats_back
from cspdecl.commerce.values import Decision
from cspdecl.commerce.words import day, instant, last_day, seats, stay_billed
from cspdecl.core.action import Action, SetEndOfTerm
from cspdecl.core.live import LiveSubscription
from cspdecl.core.money import ExactMoney, Money, Rounding, decimals_of
from cspdecl.core.operation import PriceDelta
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.terms import BillingCycle
from cspdecl.planning.money import cost_month, cycle_word, held_cost, margin, sell_month


@dataclass(frozen=True, slots=True)
class Sentence:
    """`full` for those who may see cost and margin, `sell` for the others; None leaves it out."""

    full: str | None
    sell: str | None

    @classmethod
    def open(cls, text: str) -> Sentence:
        """A sentence with nothing to hide."""
        return cls(text, text)


def signed(money: Money) -> str:
    """With sign and currency: "+61.80 EUR", "-1,200.00 EUR"."""
    return f"{signed_amount(money)} {money.currency}"


def signed_amount(money: Money) -> str:
    """With sign, without currency: "+61.80"."""
    return f"{money.amount:+,.{decimals_of(money.currency)}f}"


def plain(money: Money) -> str:
    """Without sign: "46.50 EUR"."""
    return f"{money.amount:,.{decimals_of(money.currency)}f} {money.currency}"


def percent(share: Fraction) -> str:
    """A share as "68.5 %", half-up."""
    tenths = ExactMoney(share * 100 * 10, "JPY").rounded(Rounding.HALF_UP).amount
    return f"{tenths / 10:.1f} %"


def about_windows(decision: Decision, live: LiveSubscription | None, prices: PriceBook) -> list[Sentence]:
    """Until when seats come back, what stays billed, and until when it is owed."""
    out = [Sentence.open(text) for text in decision.notes]
    if decision.added and decision.added_until is not None:
        new = "the " + seats(decision.added) if live is None else f"{decision.added} new {_seat_word(decision.added)}"
        they = "it is" if decision.added == 1 else "they are"
        owed = f", then {they} owed until {last_day(decision.owed_until)}" if decision.owed_until else ""
        out.append(Sentence.open(f"{new} can be returned until {instant(decision.added_until)}{owed}"))
    if decision.taken and decision.take_by is not None:
        assumed = " (assumed: the provider does not say)" if decision.assumed else ""
        # an extended service term can be cancelled on any day: that is no window of seven days
        extended = live is not None and goes_by_month(live)
        how = "can be cancelled" if extended else "inside the 7-day window"
        out.append(Sentence.open(f"{how} until {instant(decision.take_by)}{assumed}"))
    suspended = decision.held_why == "suspended"
    if decision.held and decision.held_until is not None and (decision.later is not None) and not suspended:
        out.append(_held(decision, live, prices, decision.held_until))
    if live is not None and suspended:
        out.append(_goes_on(live, prices))
    if live is not None and any(_extends(step.action) for step in decision.steps):
        out.append(_extension(live, prices))
    return out


def _extends(action: Action) -> bool:
    return isinstance(action, SetEndOfTerm) and action.after == "extend"


def _goes_on(live: LiveSubscription, prices: PriceBook) -> Sentence:
    cost = held_cost(live, prices, live.seats)
    if cost is None:
        return Sentence("billing goes on; the cost is unknown", "billing goes on")
    return Sentence(f"billing goes on: {plain(cost[0])} {cost[1]}", "billing goes on")


def _extension(live: LiveSubscription, prices: PriceBook) -> Sentence:
    """What the months after the term would cost, by the list of today."""
    price = price_of_extended(prices, live.offer, at=live.term_ends or live.term_started)
    if not isinstance(price, UnitPrice):
        return Sentence("what a month of the extension costs is unknown", None)
    month = plain(price.cycle_price * live.seats)
    return Sentence(f"a month of the extension costs {month} by {list_words(price)}", None)


def _held(decision: Decision, live: LiveSubscription | None, prices: PriceBook, until: datetime) -> Sentence:
    why = {
        "window": "outside the 7-day window",
        "declared": "`reduce: renewal` is declared",
        "provider": "this provider takes no seats back",
    }
    if live is not None and not gives_seats_back(live) and decision.held_why == "provider":
        why["provider"] = "software gives back no seats before its renewal"
    head = f"{why[decision.held_why]}: {stay_billed(decision.held)}"
    cost = held_cost(live, prices, decision.held) if live is not None else None
    if cost is None:
        return Sentence(f"{head} until then, the cost is unknown", f"{head} until then")
    return Sentence(f"{head}, {plain(cost[0])} {cost[1]}, until then", f"{head} until then")


def _seat_word(count: int) -> str:
    return "seat" if count == 1 else "seats"


def about_cost(preview: PriceDelta) -> list[Sentence]:
    """What an operation changes in cost, now and a cycle."""
    out = []
    if preview.cycle is BillingCycle.NONE and not preview.unknown:
        return []  # a trial is free, which its own sentence says
    if preview.cost_cycle is not None and preview.cycle is not BillingCycle.NONE:
        word = cycle_word(0 if preview.cycle is BillingCycle.ONE_TIME else preview.cycle.months)
        now = ""
        if preview.cost_now is not None and preview.days is not None and preview.days != preview.cycle_days:
            days = f"{preview.days} day{'' if preview.days == 1 else 's'}"
            amount = preview.cost_now.amount
            if amount < 0:
                back = f"{-amount:,.{decimals_of(preview.cost_now.currency)}f}"
                now = f" ({back} comes back for the {days} left of this cycle)"
            else:
                now = f" ({amount:,.{decimals_of(preview.cost_now.currency)}f} for the {days} left of this cycle)"
        elif preview.cost_now is not None and preview.days is None and preview.cost_now != preview.cost_cycle:
            now = (
                f" ({preview.cost_now.amount:,.{decimals_of(preview.cost_now.currency)}f} now, with a new first cycle)"
            )
        guess = ", a forecast: no list has a row for it" if preview.forecast else ""
        out.append(Sentence(f"cost {signed(preview.cost_cycle)} {word}{now}{guess}", None))
    for reason in preview.unknown:
        out.append(
            Sentence(f"cost unknown: {reason}" if preview.cost_cycle is None else f"partly unknown: {reason}", None)
        )
    return out


def about_sell(
    sell: ExactMoney | None, cost: ExactMoney | None, *, with_cost: bool, cost_known: bool = True
) -> list[Sentence]:
    """What we earn by the month, with the margin where both sides are known."""
    if sell is None or not sell.value:
        return []
    amount = sell.rounded(Rounding.HALF_UP)
    share = margin(sell, cost) if cost_known else None
    tail = f", margin {percent(share)}" if share is not None else "" if cost_known else ", margin unknown"
    public = f"sell {signed(amount)} a month"
    if with_cost and cost is not None and cost_known:
        paid = cost.rounded(Rounding.HALF_UP)
        same = paid.currency == amount.currency
        shown = signed_amount(amount) if same else signed(amount)
        return [Sentence(f"cost {signed(paid)} a month, sell {shown}{tail}", public)]
    return [Sentence(public + tail, public)]


def months(preview: PriceDelta | None) -> tuple[ExactMoney | None, ExactMoney | None]:
    """Cost and sell of a preview by the month."""
    return (None, None) if preview is None else (cost_month(preview), sell_month(preview))


def end_words(decision: Decision) -> str:
    """When the later seats come: "at renewal on 2027-01-10"."""
    return f"at renewal on {day(decision.later_on)}" if decision.later_on else "at renewal"
