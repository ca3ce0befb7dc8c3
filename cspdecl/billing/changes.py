"""From an applied operation to its billing change record: one an operation, with money where money changes.

Whatever is sent to a provider or changes our own books leaves a record, so that the ledger tells every step; seats
and prices appear where somebody owes more or less than before. Adopting opens the books of a line, forgetting closes
them; both charge nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from cspdecl.billing.books import record_closing, record_move, record_opening, record_reprice, record_service
from cspdecl.billing.conversions import record_longer_term, record_transition
from cspdecl.billing.maker import Maker, found_for
from cspdecl.billing.money import with_free_days, with_sell
from cspdecl.billing.parts import nothing, with_discount
from cspdecl.billing.seats import Estate, add_seat_money
from cspdecl.billing.state import with_quantity, with_subscription
from cspdecl.commerce.prices import UnknownPrice, find_price, price_of_running
from cspdecl.commerce.proration import kind_of
from cspdecl.core.action import (
    Adopt,
    BookService,
    BuyAzurePlan,
    Cancel,
    ChangeTerm,
    ClearSchedule,
    Forget,
    Purchase,
    Rebind,
    Reprice,
    Resume,
    ScheduleRenewal,
    SetBudget,
    SetEndOfTerm,
    SetSeats,
    Suspend,
    Transition,
)
from cspdecl.core.live import LiveSubscription
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import Applied
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.records import BillingChange, ChargeKind, RunContext

__all__ = ["Estate", "RunContext", "record_operation"]


def record_operation(
    operation: Operation,
    applied: Applied,
    *,
    context: RunContext,
    prices: PriceBook,
    recorded_at: datetime,
    before: LiveSubscription | None,
    estate: Estate | None = None,
) -> tuple[BillingChange, ...]:
    """The records of one applied operation, in the order to be sealed.

    `before` is the subscription as last read before it. Actions in our own books take effect at `recorded_at`, all
    others when the provider says.
    """
    estate = estate or Estate()
    maker = Maker(operation, applied, context, prices, recorded_at, before or found_for(operation, estate), estate)
    match operation.action:
        case Purchase(trial=True) as action:
            return (_record_trial(maker, action),)
        case Purchase() | SetSeats() | Cancel() as action:
            return (_record_seats(maker, action),)
        case BuyAzurePlan():
            return (_record_azure_plan(maker),)
        case Transition() as action:
            return (record_transition(maker, action),)
        case ChangeTerm() as action:
            return (record_longer_term(maker, action),)
        case BookService() as action:
            return (record_service(maker, action),)
        case Adopt() as action:
            return (record_opening(maker, action),)
        case Forget():
            return (record_closing(maker),)
        case Rebind() as action:
            return record_move(maker, action)
        case Reprice() as action:
            return (record_reprice(maker, action),)
        case _:
            return (_record_note(maker),)


# ---- seats at a provider ----


def _record_seats(maker: Maker, action: Purchase | SetSeats | Cancel) -> BillingChange:
    seen, was = maker.applied.subscription, maker.before
    kind: ChargeKind
    if isinstance(action, Purchase):
        before, after, kind = 0, seen.seats if seen else action.seats, "new"
        how = "bought for good" if action.product == "perpetual" else f"bought for {action.term}"
        basis = f"{after} seats {how}, billed {action.billing}"
        if action.custom_end is not None:
            basis += f"; a first term to {action.custom_end}, whose first charge is inferred"
    elif isinstance(action, SetSeats):
        before, after = was.seats if was else action.before, seen.seats if seen else action.after
        kind = kind_of(before, after)
        verb = "added" if after > before else "returned inside their window"
        basis = f"{abs(after - before)} seats {verb}: {before} → {after}"
    else:
        before, after, kind = was.seats if was else action.seats, 0, "cancel_immediate"
        basis = f"cancelled inside the window: {before} seats end{_refund(maker)}"
    subscription = seen or was
    change = maker.base(kind, basis, maker.applied.receipt.at)
    change = with_subscription(with_quantity(change, before, after), subscription, maker.ids(subscription))
    others = maker.other_seats(subscription)
    if isinstance(action, Cancel):
        state: Literal["running", "ended"] = "running" if others else "ended"
        change = replace(change, state=state, scheduled=None, provider_status=seen.status if seen else None)
        left = tuple(one for one in change.provider_subscription_ids if subscription and one != subscription.id)
        change = replace(change, provider_subscription_ids=left if others else change.provider_subscription_ids)
    on = change.time.date()
    if isinstance(action, Purchase) and seen is not None:
        on = seen.term_started.date()  # what is bought is charged from the first day of its term
    # while the seats were still running their term had begun: that is what prices and cycles follow
    followed = subscription if isinstance(action, Purchase) else was or subscription
    price = _price_of_purchase(maker, action) if isinstance(action, Purchase) else maker.price(followed)
    change = add_seat_money(
        change, price, followed, line=maker.operation.context, on=on, market=maker.context.market,
        anchor=maker.anchor(followed),
    )  # fmt: skip
    # an address may stand for several subscriptions: charged is this one, held are all of them
    return maker.finished(with_quantity(change, before + others, after + others), followed, on)


def _price_of_purchase(maker: Maker, action: Purchase) -> UnitPrice | UnknownPrice:
    seen, preview = maker.applied.subscription, maker.operation.preview
    if seen is None:
        return find_price(
            maker.prices, offer=action.offer, term=action.term, billing=action.billing, segment=action.segment,
            at=maker.applied.receipt.at, seats=(action.seats,),
        )  # fmt: skip
    discount = preview.discount if preview is not None and preview.promotion == seen.promotion else None
    if seen.promotion is None or discount is None:
        return price_of_running(maker.prices, seen, segment=action.segment)
    listed = price_of_running(maker.prices, replace(seen, promotion=None), segment=action.segment)
    return with_discount(listed, seen.promotion, discount)


def _refund(maker: Maker) -> str:
    """Documents disagree on the first day's cancellation; the smaller refund is counted (contract §13.3)."""
    until = maker.before.full_refund_until if maker.before is not None else None
    if until is None or maker.applied.receipt.at >= until:
        return ""
    return f"; all of it could be had back until {until:%Y-%m-%d %H:%M} UTC, the share for the days left is counted"


def _record_trial(maker: Maker, action: Purchase) -> BillingChange:
    """A trial: its line at nothing, and what it becomes unless it is told to end (contract §13.2)."""
    seen = maker.applied.subscription
    seats = seen.seats if seen is not None else action.seats
    following = seen.scheduled if seen is not None else None
    basis = f"a trial of {seats} seats, free"
    if seen is not None and seen.term_ends is not None:
        basis += f" until {seen.term_ends:%Y-%m-%d}"
        if seen.end_of_term == "renew":
            becomes = f"{following.seats} seats of {following.offer} for {following.term}" if following else "paid"
            basis += f"; then {becomes}, unless it is told to end"
    change = maker.base("new", basis, maker.applied.receipt.at)
    change = with_subscription(with_quantity(change, 0, seats), seen, maker.ids(seen))
    change = replace(change, term_kind="trial")
    since = seen.term_started.date() if seen is not None else change.time.date()
    ends = seen.term_ends if seen is not None else None
    until = (ends - timedelta(microseconds=1)).date() if ends is not None else since
    change = with_free_days(change, maker.context.currency, seats=seats, since=since, until=until)
    rule = maker.operation.context.sell
    change = with_sell(change, rule, wiped=0, charged=0, cycle=None, on=since)
    if rule is not None:  # the customer pays from when it is paid for
        change = replace(change, recurring_sell_delta=nothing(rule.currency))
    return maker.finished(change, seen, None)


def _record_azure_plan(maker: Maker) -> BillingChange:
    """An Azure plan: no seats, no term and no price of its own (contract §15)."""
    seen = maker.applied.subscription
    basis = "an Azure plan: usage is billed as it comes, month by month; the plan itself charges nothing"
    change = maker.base("other", basis, maker.applied.receipt.at)
    count = seen.seats if seen is not None else 1
    change = with_subscription(with_quantity(change, 0, count), seen, maker.ids(seen))
    return maker.finished(replace(change, term=None, billing_plan=None), seen, None)


# ---- everything that changes no quantity ----


def _record_note(maker: Maker) -> BillingChange:
    operation = maker.operation
    action, seen = operation.action, maker.applied.subscription or maker.before
    change = maker.base("other", f"{operation.reason.text}; {_effect(maker)}", maker.applied.receipt.at)
    if not operation.address.path:
        return change
    seats = seen.seats + maker.other_seats(seen) if seen else maker.recorded_seats()
    change = with_subscription(with_quantity(change, seats, seats), seen, maker.ids(seen))
    if maker.applied.subscription is None:  # not read back: what was sent is what is known
        match action:
            case ScheduleRenewal(next=following):
                change = replace(change, scheduled=following)
            case ClearSchedule():
                change = replace(change, scheduled=None)
            case SetEndOfTerm(after=choice):
                change = replace(change, end_of_term=choice)
            case _:
                pass
    if seen is not None:
        change = maker.priced(change, seen)
    sell = operation.context.sell
    if sell is not None:
        change = with_sell(change, sell, wiped=0, charged=0, cycle=None, on=change.time.date())
    return maker.finished(change, seen, None)


def _effect(maker: Maker) -> str:
    """What a step that charges nothing means for money."""
    match maker.operation.action:
        case Suspend():
            return "the service stops, billing goes on as before, and auto-renew is off"
        case Resume():
            return "the service runs again; it was billed all the while, and auto-renew stays off until it is set"
        case SetBudget(after=amount):
            return f"usage is expected to stay under {amount} a month, which limits and charges nothing"
        case _:
            return "changes no charge now"
