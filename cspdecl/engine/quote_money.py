"""Money beside a quoted decision: never beside what cannot be done. Lines of both sides, and what is newly owed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from cspdecl.commerce.prices import UnknownPrice, cost_per_month, find_price
from cspdecl.commerce.proration import (
    UNIT_DOWN,
    charge_lines,
    commitment,
    cycle_of,
    kind_of,
    lines_amount,
    lines_exact,
    prorated_lines,
)
from cspdecl.commerce.values import Decision
from cspdecl.core.action import Action, Cancel, ChangeTerm, Purchase, SetSeats, Transition
from cspdecl.core.catalog import Offer
from cspdecl.core.desired import CustomerSpec, SubscriptionSpec
from cspdecl.core.live import LiveSubscription
from cspdecl.core.money import Money, Rounding
from cspdecl.core.operation import PriceDelta
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.records import ChargeLine
from cspdecl.core.terms import Cycle, add_months, at_midnight, cycle_containing
from cspdecl.planning.bundles import bundle_sell_change
from cspdecl.planning.context import bundle_of
from cspdecl.planning.conversions import preview_bought, preview_transition
from cspdecl.planning.money import SellChange, add_sell, preview_seats, sell_change

Price = UnitPrice | UnknownPrice
_CHANGES = (Purchase, SetSeats, Cancel, Transition, ChangeTerm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What can be done on the day, and its money. `by`: the instant before which fewer seats or an end must be sent.
    `returnable_until`: until when what is added comes back."""

    before: int
    after: int
    money: PriceDelta
    lines: tuple[ChargeLine, ...]
    cost_month: Money | None
    sell_month: Money | None
    by: datetime | None
    returnable_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRenewal:
    """What waits for the end of the term on `on`: `held` seats stay billed until then, for this much a month.

    `after` are the seats of the next term; None: no smaller renewal can be scheduled, and `waiting` says why.
    """

    on: datetime
    after: int | None
    held: int
    held_cost_month: Money | None
    held_sell_month: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """Puts money beside a decision about one line. `spec` is what is declared, `wanted` what is asked for; `price` is
    that of what runs, or of the purchase; `target` that of another offer or term, where one is asked for."""

    customer: CustomerSpec
    spec: SubscriptionSpec
    wanted: SubscriptionSpec
    live: LiveSubscription | None
    book: PriceBook
    price: Price
    target: Price | None
    sold: Offer
    currency: str
    at: datetime

    def now(self, decision: Decision) -> Now | None:
        """What can be done on the day, or None."""
        action = next((step.action for step in decision.steps if isinstance(step.action, _CHANGES)), None)
        if action is None:
            return None
        before, after = self._seats(action, decision)
        sell = self._sell(before, after)
        return Now(
            before=before,
            after=after,
            money=self._money(action, after, sell),
            lines=self._lines(action, before, after),
            cost_month=self._month(action, before, after),
            sell_month=sell.month.rounded(Rounding.HALF_UP) if sell else None,
            by=decision.take_by,
            returnable_until=decision.added_until,
        )

    def at_renewal(self, decision: Decision) -> AtRenewal | None:
        """What waits for the end of the term, or None."""
        if not decision.held or decision.held_until is None or self.live is None:
            return None
        stays = (decision.after or 0) - decision.held if decision.after is not None else 0
        sell = self._sell(stays, stays + decision.held)
        return AtRenewal(
            on=decision.held_until,
            after=0 if self.wanted.absent else decision.later,
            held=decision.held,
            held_cost_month=cost_per_month(self.price, decision.held),
            held_sell_month=sell.month.rounded(Rounding.HALF_UP) if sell else None,
        )

    def _seats(self, action: Action, decision: Decision) -> tuple[int, int]:
        before = self.live.seats if self.live else 0
        match action:
            case Cancel():
                return before, 0
            case Purchase(seats=seats):
                return 0, seats
            case Transition(seats=seats):
                return before, max(before, seats)
            case ChangeTerm():
                return before, before
            case _:
                return before, decision.after or 0

    def _sell(self, before: int, after: int) -> SellChange | None:
        bundle = bundle_of(self.spec, self.customer)
        of_bundle = bundle_sell_change(self.spec, bundle, before, after) if bundle else None
        return add_sell(sell_change(self.spec.sell, before, after), of_bundle)

    def _money(self, action: Action, after: int, sell: SellChange | None) -> PriceDelta:
        segment = self.customer.segment
        if isinstance(action, Purchase):
            return preview_bought(
                self.wanted, action, self.book, now=self.at, sell=sell, promotion=None, offer=self.sold,
                currency=self.currency,
            )  # fmt: skip
        if self.live is None:
            raise ValueError(f"{action.kind} of nothing that runs")
        if isinstance(action, Transition):
            return preview_transition(
                self.wanted, action, self.live, self.book, segment=segment, now=self.at, sell=sell
            )
        if isinstance(action, ChangeTerm):
            return self._longer(action, self.live)
        return preview_seats(self.spec, self.live, self.book, after=after, now=self.at, sell=sell, segment=segment)

    def _longer(self, action: ChangeTerm, live: LiveSubscription) -> PriceDelta:
        """A longer term: the rest of the running cycle comes back, the first cycle of the new term is charged."""
        on = self.at.date()
        ends = at_midnight(add_months(on, action.term.months))
        unknown = tuple(item.reason for item in (self.price, self.target) if isinstance(item, UnknownPrice))
        lines = self._lines(action, live.seats, live.seats)
        delta = PriceDelta(cycle=action.billing, cost_cycle=None, unknown=unknown, commitment_until=ends)
        if not isinstance(self.price, UnitPrice) or not isinstance(self.target, UnitPrice):
            return replace(delta, basis=f"unknown: {'; '.join(unknown)}")
        owed = commitment(price=self.target, seats=live.seats, on=on, term_starts=on, term_ends=ends)
        amount = lines_amount(lines, self.currency) if lines else None
        return replace(
            delta,
            cost_cycle=self.target.cycle_price * live.seats,
            cost_now=amount,
            cost_now_exact=lines_exact(lines, self.currency) if lines else None,
            commitment=owed,
            unit_price=self.target.cycle_price,
            basis="the rest of the running cycle comes back, the new term begins at once; an estimate until invoiced",
        )

    def _month(self, action: Action, before: int, after: int) -> Money | None:
        """The change of cost a month."""
        if not isinstance(action, Transition | ChangeTerm):
            return cost_per_month(self.price, after - before)
        moved = action.seats
        old = cost_per_month(self.price, min(moved, before))
        new = cost_per_month(self.target, moved) if self.target is not None else None
        if self.live is not None and self.live.trial:
            return new
        if old is None or new is None or old.currency != new.currency:
            return None
        return new - old

    # ---- lines ----

    def _lines(self, action: Action, before: int, after: int) -> tuple[ChargeLine, ...]:
        on = self.at.date()
        if isinstance(action, Purchase):
            if action.trial or isinstance(self.price, UnknownPrice) or self.price.billing.months is None:
                return ()
            cycle = cycle_containing(on, on, term=self.wanted.term, billing=self.wanted.billing)
            return charge_lines(price=self.price, before=0, after=after, cycle=cycle, on=on, kind="new")
        if self.live is None:
            return ()
        if isinstance(action, Transition | ChangeTerm):
            return self._exchanged(action, self.live)
        running = self._cycle(self.live)
        if isinstance(self.price, UnknownPrice) or running is None:
            return ()
        kind = kind_of(before, after)
        return charge_lines(price=self.price, before=before, after=after, cycle=running, on=on, kind=kind)

    def _exchanged(self, action: Transition | ChangeTerm, live: LiveSubscription) -> tuple[ChargeLine, ...]:
        """Seats at the old price out, at the new price in; each is cut by the unit."""
        on, running, wiped = self.at.date(), self._cycle(live), tuple[ChargeLine, ...]()
        if not isinstance(self.target, UnitPrice) or self.target.billing.months is None:
            return ()
        anew = isinstance(action, ChangeTerm) or live.trial
        if not live.trial:
            if not isinstance(self.price, UnitPrice) or running is None:
                return ()
            leaving = min(action.seats, live.seats)
            unit = self.price.cycle_price.exact()
            wiped = prorated_lines(unit=unit, before=leaving, after=0, cycle=running, on=on, profile=UNIT_DOWN)
        first = cycle_containing(on, on, term=self.target.term, billing=self.target.billing) if anew else running
        if first is None:
            return ()
        unit = self.target.cycle_price.exact()
        return wiped + prorated_lines(unit=unit, before=0, after=action.seats, cycle=first, on=on, profile=UNIT_DOWN)

    def _cycle(self, live: LiveSubscription) -> Cycle | None:
        found, on = cycle_of(live, self.at.date()), self.at.date()
        return found if found is not None and found.start <= on <= found.end else None


def target_price(
    wanted: SubscriptionSpec, live: LiveSubscription | None, book: PriceBook, *, segment: str, at: datetime
) -> Price | None:
    """The price of the other offer or the longer term that is asked for; None where it is neither."""
    if live is None or (wanted.offer, wanted.term, wanted.billing) == (live.offer, live.term, live.billing):
        return None
    upgrade = wanted.offer != live.offer and not live.trial
    term, billing = (live.term, live.billing) if upgrade else (wanted.term, wanted.billing)
    if term is None or billing is None:
        return UnknownPrice(reason="the running subscription shows no term")
    return find_price(book, offer=wanted.offer, term=term, billing=billing, segment=segment, at=at)
