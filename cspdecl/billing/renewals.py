"""Terms that passed since the last record: how many, what each was renewed to, and what its first cycle charges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cspdecl.billing.kinds import TermKind, following_kind, with_kind
from cspdecl.billing.money import (
    begins_anew,
    sell_cycle,
    with_commitment,
    with_cost,
    with_price,
    with_recurring,
    with_sell,
    with_unknown,
)
from cspdecl.billing.parts import anchor_of, charged_cycle, held_price
from cspdecl.billing.state import with_quantity, with_subscription
from cspdecl.commerce.prices import list_words, sell_amount
from cspdecl.core.live import LiveSubscription, NextTerm
from cspdecl.core.money import Money
from cspdecl.core.operation import LineContext
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.records import BillingChange, Part, Recorded, RunContext
from cspdecl.core.terms import BillingCycle, Term, add_months, at_midnight

_CLAMP = timedelta(days=3)  # 31 January + a month is 28 February
_MOST = 240  # monthly terms in twenty years: more passed at once means damaged dates, not renewals


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One term that began: `before` seats ran until then, `after` seats since. `scheduled`: a schedule came true.
    `kind` None: whether it is a renewal or an extended service term cannot be told. `was_trial`: until then it was a
    trial."""

    starts: datetime
    ends: datetime | None
    term: Term | None
    billing: BillingCycle | None
    before: int
    after: int
    scheduled: bool
    kind: TermKind
    basis: str
    was_trial: bool = False

    def subscription(self, seen: LiveSubscription) -> LiveSubscription:
        """The subscription as it stood in this term: the same one, with this term's dates and seats."""
        return replace(
            seen,
            seats=self.after,
            term=self.term,
            billing=self.billing,
            term_started=self.starts,
            term_ends=self.ends,
            cycle_ends=None if self.ends != seen.term_ends else seen.cycle_ends,
        )


def passed_terms(last: Recorded, seen: LiveSubscription, *, seats: int, now: datetime) -> Iterator[Passed]:
    """The terms that began since `last`, oldest first: none, one, or one a month for monthly terms long unlooked at.

    `seats` are live now. A schedule came true with the first of them, unless what is live says that it was dropped.
    """
    ended = last.term_ends
    if ended is None or seen.term_ends is None or ended > now or seen.term_ends <= ended:
        return
    kind = following_kind(last, seen)
    trial = last.term_kind == "trial" and kind != "trial"
    term, billing = (seen.term, seen.billing) if kind == "est" or trial else (last.term, last.billing)
    starts = _starts(ended, _last_start(seen, ended), term)
    before = int(last.seats)
    for index, start in enumerate(starts):
        newest = index == len(starts) - 1
        came_true = last.scheduled if index == 0 and _came_true(last, seen, seats) else None
        # a trial becomes 25 seats unless told otherwise (contract §13.2): what is live says how many it became
        after = came_true.seats if came_true else seats if trial and index == 0 else before
        name = seen.term if newest else term
        how = _how(last, name, kind, first=index == 0) + (_changed(last, seen, came_true) if came_true else "")
        yield Passed(
            starts=start,
            ends=seen.term_ends if newest else starts[index + 1],
            term=name,
            billing=seen.billing if newest else billing,
            before=before,
            after=after,
            scheduled=came_true is not None,
            kind=kind,
            basis=_basis(start, before, after, came_true is not None, how),
            was_trial=trial and index == 0,
        )
        before = after


def _came_true(last: Recorded, seen: LiveSubscription, seats: int) -> bool:
    """Whether what was scheduled is what runs now; seats may have been changed again since."""
    planned = last.scheduled
    if planned is None:
        return False
    running = (str(seen.offer), seen.term, seen.billing)
    if (str(planned.offer), planned.term, planned.billing) != (last.offer, last.term, last.billing):
        return (str(planned.offer), planned.term, planned.billing) == running
    if planned.ends is not None and seen.term_ends is not None:
        return planned.ends == (seen.term_ends - timedelta(microseconds=1)).date()
    if planned.seats != last.seats:
        return seats != last.seats
    return (str(planned.offer), planned.term, planned.billing) == running


def _changed(last: Recorded, seen: LiveSubscription, planned: NextTerm) -> str:
    """What else than seats a schedule changed."""
    parts = []
    if str(planned.offer) != last.offer:
        parts.append(f"as {planned.offer}")
    if planned.billing != last.billing:
        parts.append(f"billed {planned.billing}")
    if planned.ends is not None:
        parts.append(f"to {planned.ends}")
    return "".join(f", {part}" for part in parts)


def renewal_change(
    change: BillingChange,
    passed: Passed,
    seen: LiveSubscription,
    *,
    ids: tuple[str, ...],
    line: LineContext,
    prices: PriceBook,
    old: Money | None,
    known: Part | None,
    context: RunContext,
) -> BillingChange:
    """The record of one renewal: the first cycle of the new term, charged in full on both sides.

    `old` is what a seat cost until then, None where that is not known; `known` what the books hold of it.
    """
    subscription, on = passed.subscription(seen), passed.starts.date()
    change = with_subscription(with_quantity(change, passed.before, passed.after), subscription, ids)
    change = with_kind(change, passed.kind)
    price = held_price(known, passed.kind, prices, subscription, segment=line.segment)
    anchor = anchor_of(None, subscription)
    change = replace(change, cycle_anchor=anchor)
    lost = known.promotion_id if known is not None else None
    if lost is not None and lost != subscription.promotion:
        change = replace(change, basis=f"{change.basis}; promotion {lost} no longer applies")
    if isinstance(price, UnitPrice):
        if old is not None and old != price.cycle_price and not passed.was_trial:
            change = replace(change, basis=f"{change.basis}; a seat cost {old} a cycle until then")
        words = f"{price.cycle_price} a seat and cycle by price {list_words(price)} ({context.market})"
        change = replace(change, basis=f"{change.basis}; {words}; an estimate until invoiced")
    change = with_price(change, price, market=context.market)
    cycle = charged_cycle(subscription, on, anchor)
    change = with_cost(change, price, wiped=0, charged=passed.after, cycle=cycle, on=on)
    if old is not None:
        change = with_recurring(change, price, old=old)
    elif isinstance(price, UnitPrice):
        change = with_unknown(change, "what a seat cost until then is not known, nor is the change of its cost")
    change = with_commitment(
        change, price, seats=passed.after, on=on, starts=passed.starts, ends=passed.ends, anchor=anchor
    )
    if line.sell is not None:
        anew = begins_anew(line.sell, subscription.term)
        due = sell_cycle(line.sell.every, subscription, on) if anew or passed.before != passed.after else None
        wiped = 0 if anew else passed.before
        change = with_sell(change, line.sell, wiped=wiped, charged=passed.after, cycle=due, on=on)
        if passed.was_trial:  # until then the customer paid nothing
            change = replace(change, recurring_sell_delta=sell_amount(line.sell, passed.after))
        if not anew:
            change = replace(change, basis=f"{change.basis}; our yearly price runs on over monthly terms")
    return change


def _last_start(seen: LiveSubscription, ended: datetime) -> datetime:
    """When the running term began; from its end where a provider only remembers the first term's beginning."""
    if seen.term_started >= ended or seen.term is None or seen.term_ends is None:
        return max(seen.term_started, ended)
    back = at_midnight(add_months(seen.term_ends.date(), -seen.term.months))
    return max(back + (seen.term_ends - at_midnight(seen.term_ends.date())), ended)


def _starts(first: datetime, final: datetime, term: Term | None) -> list[datetime]:
    """First instants of all terms from `first` to `final`, each one `term` long but the last, which is given."""
    starts, months = [first], term.months if term else 0
    within_day = first - at_midnight(first.date())
    while months and len(starts) < _MOST:
        following = at_midnight(add_months(first.date(), months * len(starts))) + within_day
        if following > final + _CLAMP:
            break
        starts.append(following)
    if starts[-1] != final:
        # a month's end moved the day, or the last term is another one than the terms before it
        near = len(starts) > 1 and abs(starts[-1] - final) <= _CLAMP
        starts[-1:] = [final] if near else [starts[-1], final]
    return starts


def _how(last: Recorded, term: Term | None, kind: TermKind, *, first: bool) -> str:
    if kind is None:
        return "renewed by the month or went over into an extended service term"
    if last.term_kind == "trial" and kind != "trial":
        return f"the trial became paid for {term}"
    if kind != "est":
        return f"renewed for {term}"
    more = last.term_kind == "est" or not first
    return (
        "went on for another month in its extended service term" if more else "went over into an extended service term"
    )


def _basis(start: datetime, before: int, after: int, scheduled: bool, how: str) -> str:
    seats = f"{before} → {after} seats as scheduled" if scheduled else f"{after} seats"
    return f"{how} on {start:%Y-%m-%d}: {seats}; the first cycle of the term is charged in full"
