"""Records of what turns a subscription into another one: an upgrade, a trial that is paid for, a longer term.

An upgrade returns only the seats that leave, at the old price, and charges them at the new one, for the rest of the
cycle; both sides are cut by the unit (commerce §2.4, contract §17, 2023-10). A trial is returned at nothing and a whole
new term begins. What a longer term charges no document says: the rest of the old cycle comes back and a first full
cycle of the new term is charged, which is inferred and an estimate (contract §13.1, §13.5).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from cspdecl.billing.maker import Maker
from cspdecl.billing.money import sell_cycle, with_commitment, with_price, with_sell, with_unknown
from cspdecl.billing.parts import anchor_of_cycle, charged_cycle, list_unit, nothing, part_of, with_discount
from cspdecl.billing.state import with_quantity, with_subscription
from cspdecl.commerce.prices import UnknownPrice, find_price, list_words, sell_amount
from cspdecl.commerce.proration import UNIT_DOWN, lines_amount, lines_exact, prorated_lines
from cspdecl.core.action import ChangeTerm, Transition
from cspdecl.core.catalog import OfferKey
from cspdecl.core.live import LiveSubscription
from cspdecl.core.project import UnitPrice
from cspdecl.core.records import BillingChange, ChargeLine
from cspdecl.core.terms import Cycle, at_midnight

Price = UnitPrice | UnknownPrice
_NO_CYCLE = "the charge cycle is not known, so the charge for the days left is not either"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of an exchange: so many seats of a subscription, at a price, for the rest of a cycle."""

    seen: LiveSubscription
    seats: int
    price: Price
    cycle: Cycle | None


def record_transition(maker: Maker, action: Transition) -> BillingChange:
    """An upgrade of all or some seats, into a new or an existing subscription, or a trial that becomes paid."""
    time, source, made = maker.applied.receipt.at, maker.before, maker.applied.subscription
    on = time.date()
    there = {item.id: item for item in maker.all_subscriptions()}
    after = {**there, **{item.id: item for item in (*maker.applied.also, made) if item is not None}}
    ids = _ids_after(maker, after, made)
    bound = maker.ids(source)
    if source is not None:
        there[source.id] = source
    before = sum(there[one].seats for one in bound if one in there and there[one].status.running)
    seats = sum(after[one].seats for one in ids if one in after)
    verb = _verb(action)
    change = maker.base("move_quantity" if action.into else "convert", f"{verb}; it cannot be undone", time)
    change = with_subscription(with_quantity(change, before, seats), made or source, ids)
    if made is None or source is None:
        why = "what it became was not read back, so its charge is not known"
        return maker.finished(with_unknown(change, why), made or source, on)
    anchor_out = maker.anchor(source)
    out = charged_cycle(source, on, anchor_out)
    anchor = _anchor_in(maker, action, source, made, out, anchor_out)
    new = _new_price(maker, action, made)
    leaving = Side(seen=source, seats=min(action.seats, source.seats), price=maker.price(source), cycle=out)
    coming = Side(seen=made, seats=action.seats, price=new, cycle=charged_cycle(made, on, anchor))
    if action.trial:
        change = _with_free_return(change, maker, source, leaving.seats, on)
    change = exchange(change, leaving, coming, on=on, market=maker.context.market, trial=action.trial)
    change = _with_owed(change, leaving, coming, on=on, anchor=anchor, trial=action.trial)
    change = _with_our_price(change, maker, made, on=on, trial=action.trial)
    parts = [part_of(made, new, kind=maker.kind_of(made), anchor=anchor)]
    left = after.get(source.id)
    if left is not None and source.id != made.id and source.id in ids:
        parts.append(part_of(left, leaving.price, kind=maker.kind_of(source), anchor=anchor_out))
    change = replace(change, cycle_anchor=anchor)
    return maker.finished(change, made, on, own=parts, kind="trial" if made.trial else "standard")


def record_longer_term(maker: Maker, action: ChangeTerm) -> BillingChange:
    """A longer term that began at once: the rest of the old cycle back, the first cycle of the new term in full."""
    time, before, made = maker.applied.receipt.at, maker.before, maker.applied.subscription
    on = time.date()
    others = maker.other_seats(before or made)
    seats = made.seats if made is not None else action.seats
    basis = f"{action.before_term} became {action.term}, billed {action.billing}, for {seats} seats"
    change = maker.base("change_billing_plan", basis, time)
    held = before.seats if before is not None else action.seats
    change = with_subscription(with_quantity(change, held + others, seats + others), made or before, maker.ids(made))
    if made is None or before is None:
        return maker.finished(with_unknown(change, "it was not read back, so its charge is not known"), before, on)
    line = maker.operation.context
    new: Price = find_price(
        maker.prices, offer=made.offer or line.offer or OfferKey("", ""), term=action.term, billing=action.billing,
        segment=line.segment, at=time, seats=(seats,),
    )  # fmt: skip
    if made.promotion is not None:
        new = UnknownPrice(reason=f"promotion {made.promotion} applies, and price lists hold no promotions")
    out = charged_cycle(before, on, maker.anchor(before))
    leaving = Side(seen=before, seats=held, price=maker.price(before), cycle=out)
    coming = Side(seen=made, seats=seats, price=new, cycle=charged_cycle(made, on, None))
    change = exchange(change, leaving, coming, on=on, market=maker.context.market)
    words = "; that a term starts anew with a full first cycle is inferred"
    change = replace(change, basis=change.basis + words)
    change = with_commitment(change, new, seats=seats, on=on, starts=made.term_started, ends=made.term_ends)
    change = _with_our_price(change, maker, made, on=on, trial=False)
    part = part_of(made, new, kind="standard", anchor=None)
    return maker.finished(change, made, on, own=(part,), kind="standard")


def exchange(
    change: BillingChange, leaving: Side, coming: Side, *, on: date, market: str, trial: bool = False
) -> BillingChange:
    """The money of seats that leave one price for another: both sides for the rest of their cycle, cut by the unit."""
    change = with_price(change, coming.price, market=market)
    old, new, cycle = leaving.price, coming.price, coming.cycle
    if isinstance(old, UnknownPrice) and not trial:
        return with_unknown(change, old.reason)
    if isinstance(new, UnknownPrice):
        return replace(change, cost_lines=())
    currency, lines, recurring = new.cycle_price.currency, list(change.cost_lines), new.cycle_price * coming.seats
    if isinstance(old, UnitPrice) and not trial:
        if old.cycle_price.currency != currency:
            return with_unknown(change, "the two are priced in different currencies")
        recurring -= old.cycle_price * leaving.seats
        if leaving.cycle is not None and leaving.cycle.start <= on <= leaving.cycle.end:
            lines += _lines(leaving, old, leaving.cycle, on, wipe=True)
    change = replace(change, recurring_cost_delta=recurring)
    if cycle is None or not cycle.start <= on <= cycle.end or not (lines or trial):
        return with_unknown(replace(change, cost_lines=()), _NO_CYCLE)
    lines += _lines(coming, new, cycle, on, wipe=False)
    factor = Fraction(cycle.days_from(on), cycle.days)
    beyond = at_midnight(cycle.end + timedelta(days=1))
    sides = f"{leaving.seats} returned, {coming.seats} charged"
    words = f"{sides}, at {new.cycle_price} a seat and cycle by price {list_words(new)} ({market})"
    return replace(
        change,
        basis=f"{change.basis}; {words}; {cycle.days_from(on)} of {cycle.days} days; an estimate until invoiced",
        cycle_start=at_midnight(cycle.start),
        cycle_end=beyond,
        period_start=at_midnight(on),
        period_end=beyond,
        proration_unit="day",
        billable_units=cycle.days_from(on),
        cycle_units=cycle.days,
        proration_factor=factor,
        cost_unit_effective=(new.cycle_price.exact() * factor).value,
        cost_lines=tuple(lines),
        cost_amount=lines_amount(tuple(lines), currency),
        cost_amount_exact=lines_exact(tuple(lines), currency).value,
        cost_rounding_profile=UNIT_DOWN,
    )


def _lines(side: Side, price: UnitPrice, cycle: Cycle, on: date, *, wipe: bool) -> list[ChargeLine]:
    made = prorated_lines(
        unit=price.cycle_price.exact(), before=side.seats if wipe else 0, after=0 if wipe else side.seats,
        cycle=cycle, on=on, profile=UNIT_DOWN,
    )  # fmt: skip
    return [
        replace(line, subscription=side.seen.id, offer=side.seen.offer, unit_list=list_unit(price)) for line in made
    ]


def _with_free_return(
    change: BillingChange, maker: Maker, source: LiveSubscription, seats: int, on: date
) -> BillingChange:
    """The trial's line given back at nothing, as bills show it."""
    free = nothing(maker.context.currency)
    last = (source.term_ends - timedelta(microseconds=1)).date() if source.term_ends else on
    line = ChargeLine(
        role="wipe", quantity=seats, unit_effective=Fraction(0), amount=free, amount_exact=Fraction(0),
        charge_start=on, charge_end_inclusive=max(last, on), basis=f"{seats} × 0, the trial", subscription=source.id,
        offer=source.offer, unit_list=free,
    )  # fmt: skip
    return replace(change, cost_lines=(line,))


def _with_owed(
    change: BillingChange, leaving: Side, coming: Side, *, on: date, anchor: date | None, trial: bool
) -> BillingChange:
    """What it newly commits to: the new price until the end, less what was owed at the old one already."""
    made, source = coming.seen, leaving.seen
    filled = with_commitment(
        change, coming.price, seats=coming.seats, on=on, starts=made.term_started, ends=made.term_ends, anchor=anchor
    )
    owed = filled.commitment_remaining_cost
    if trial or owed is None:
        return filled
    was = with_commitment(
        change, leaving.price, seats=leaving.seats, on=on, starts=source.term_started, ends=source.term_ends,
        anchor=anchor_of_cycle(source, leaving.cycle),
    ).commitment_remaining_cost  # fmt: skip
    if was is None or was.currency != owed.currency:
        return change
    more = max(owed - was, nothing(owed.currency), key=lambda item: item.amount)
    return replace(change, commitment_remaining_cost=more)


def _with_our_price(
    change: BillingChange, maker: Maker, made: LiveSubscription, *, on: date, trial: bool
) -> BillingChange:
    """Our side: what the line is sold for does not change with the offer, only with its seats; a trial was free."""
    rule = maker.operation.context.sell
    if rule is None:
        return change
    before, after = 0 if trial else int(change.quantity_before), int(change.quantity_after)
    due = sell_cycle(rule.every, made, on) if before != after else None
    change = with_sell(change, rule, wiped=before, charged=after, cycle=due, on=on)
    return replace(change, recurring_sell_delta=sell_amount(rule, after)) if trial else change


def _new_price(maker: Maker, action: Transition, made: LiveSubscription) -> Price:
    """The price of what the seats became: the list of the day, or what an existing subscription runs at."""
    if action.into is not None:
        return maker.price(made)
    line, preview = maker.operation.context, maker.operation.preview
    term, billing = made.term or action.term or line.term, made.billing or action.billing or line.billing
    if term is None or billing is None:
        return UnknownPrice(reason="what it became has no term, so no price list describes it")
    price = find_price(
        maker.prices, offer=action.target, term=term, billing=billing, segment=line.segment,
        at=maker.applied.receipt.at, seats=(action.seats,),
    )  # fmt: skip
    if made.promotion is None:
        return price
    if preview is None or preview.promotion != made.promotion or preview.discount is None:
        return UnknownPrice(reason=f"promotion {made.promotion} applies, and price lists hold no promotions")
    return with_discount(price, made.promotion, preview.discount)


def _anchor_in(
    maker: Maker, action: Transition, source: LiveSubscription, made: LiveSubscription, out: Cycle | None,
    anchor_out: date | None,
) -> date | None:  # fmt: skip
    """Where the charge cycles of what the seats became begin: the new part of a line keeps its source's."""
    if action.trial:
        return None
    if action.into is not None:
        return maker.anchor(made)
    if made.id == source.id or out is None:
        return anchor_out
    if made.term_started == source.term_started:
        return anchor_out or anchor_of_cycle(source, out)
    return anchor_out or anchor_of_cycle(source, out) or source.term_started.date()


def _ids_after(maker: Maker, after: dict[str, LiveSubscription], made: LiveSubscription | None) -> tuple[str, ...]:
    """The address's subscriptions: those that go on, and the new one behind them; none of another line's."""
    address = maker.operation.address
    ids = list(maker.ids(maker.before))
    others = {one for key, item in maker.estate.bindings.items() if key != address for one in item.ids}
    if made is not None and made.id not in ids and made.id not in others:
        ids.append(made.id)
    running = tuple(one for one in ids if one not in after or after[one].status.running)
    return running or tuple(ids)


def _verb(action: Transition) -> str:
    if action.trial:
        return f"the trial became {action.seats} seats of {action.target}"
    if action.into is not None:
        return f"{action.seats} seats of {action.source} moved into {action.target}, which runs already"
    if action.full:
        more = f", {action.seats - action.before} of them bought with it" if action.seats > action.before else ""
        return f"{action.seats} seats upgraded from {action.source} to {action.target}{more}"
    left = action.before - action.seats
    return f"{action.seats} of {action.before} seats upgraded from {action.source} to {action.target}, {left} stay"
