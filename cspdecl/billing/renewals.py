"""Terms that passed since the last record: how many, what each was renewed to, and what its first cycle charges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cspdecl.billing.money import sell_cycle, with_commitment, with_cost, with_price, with_recurring, with_sell
from cspdecl.billing.state import with_quantity, with_subscription
from cspdecl.commerce.prices import UnknownPrice, price_of_running
from cspdecl.commerce.proration import cycle_of
from cspdecl.core.live import LiveSubscription
from cspdecl.core.money import Money
from cspdecl.core.operation import LineContext
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.records import BillingChange, Recorded, RunContext
from cspdecl.core.terms import BillingCycle, Term, add_months, at_midnight

_CLAMP = timedelta(days=3)  # 31 January + a month is 28 February
_MOST = 240  # monthly terms in twenty years: more passed at once means damaged dates, not renewals


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One term that began: `before` seats ran until then, `after` seats since. `scheduled`: a schedule came true."""

    starts: datetime
    ends: datetime | None
    term: Term | None
    billing: BillingCycle | None
    before: int
    after: int
    scheduled: bool
    extended: bool
    basis: str

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
    extended = last.end_of_term in ("extend", "unset") and seen.term is Term.P1M is not last.term
    term, billing = (seen.term, seen.billing) if extended else (last.term, last.billing)
    starts = _starts(ended, _last_start(seen, ended), term)
    before = int(last.seats)
    for index, start in enumerate(starts):
        newest = index == len(starts) - 1
        came_true = last.scheduled if index == 0 and _came_true(last, seen, seats) else None
        after = came_true.seats if came_true else before
        name = seen.term if newest else term
        yield Passed(
            starts=start,
            ends=seen.term_ends if newest else starts[index + 1],
            term=name,
            billing=seen.billing if newest else billing,
            before=before,
            after=after,
            scheduled=came_true is not None,
            extended=extended,
            basis=_basis(start, name, before, after, came_true is not None, extended),
        )
        before = after


def _came_true(last: Recorded, seen: LiveSubscription, seats: int) -> bool:
    planned = last.scheduled
    if planned is None:
        return False
    if planned.seats != last.seats:
        return seats != last.seats
    return (planned.term, planned.billing, planned.offer) == (seen.term, seen.billing, seen.offer)


def renewal_change(
    change: BillingChange,
    passed: Passed,
    seen: LiveSubscription,
    *,
    ids: tuple[str, ...],
    line: LineContext,
    prices: PriceBook,
    old: Money | None,
    context: RunContext,
) -> BillingChange:
    """The record of one renewal: the first cycle of the new term, charged in full at the price of that day."""
    subscription, on = passed.subscription(seen), passed.starts.date()
    change = with_subscription(with_quantity(change, passed.before, passed.after), subscription, ids)
    price: UnitPrice | UnknownPrice
    if passed.extended:
        change = replace(change, term_kind="est")
        price = UnknownPrice(reason="an extended service term has list rows of its own, which are not imported")
    else:
        price = price_of_running(prices, subscription, segment=context.segment)
    change = with_price(change, price, market=context.market)
    change = with_cost(change, price, wiped=0, charged=passed.after, cycle=cycle_of(subscription, on), on=on)
    change = with_recurring(change, price, old=old)
    change = with_commitment(change, price, seats=passed.after, on=on, starts=passed.starts, ends=passed.ends)
    if line.sell is not None:
        cycle = sell_cycle(line.sell.every, subscription, on)
        # our own price goes on as before: only a change of seats is a change of what we charge
        changed = cycle if passed.before != passed.after else None
        change = with_sell(change, line.sell, wiped=passed.before, charged=passed.after, cycle=changed, on=on)
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


def _basis(start: datetime, term: Term | None, before: int, after: int, scheduled: bool, extended: bool) -> str:
    how = "went over into an extended service term" if extended else f"renewed for {term}"
    seats = f"{before} → {after} seats as scheduled" if scheduled else f"{after} seats"
    return f"{how} on {start:%Y-%m-%d}: {seats}; the first cycle is charged in full; an estimate until invoiced"
