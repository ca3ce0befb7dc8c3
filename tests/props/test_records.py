"""What holds for the records of any history: every day of every seat is charged once, and sums are what their parts are.

A world in memory lives through random purchases, changes, upgrades, suspensions and passing days; what is done and what
is seen becomes records as in a run, and the lines expected of them are held against the seats the world had each day.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, note
from hypothesis import strategies as st

from cspdecl.billing.chain import seal
from cspdecl.billing.document import change_of
from cspdecl.billing.expected import expected_lines
from cspdecl.billing.fold import fold_recorded
from cspdecl.billing.observe import observe_changes
from cspdecl.billing.parts import cost_of, parts_in
from cspdecl.billing.variance import tolerance
from cspdecl.commerce.prices import unit_price
from cspdecl.commerce.proration import charge_lines, lines_amount, lines_exact
from cspdecl.core.action import Cancel, ChangeTerm, Purchase, Resume, ScheduleRenewal, SetSeats, Suspend, Transition
from cspdecl.core.address import Address
from cspdecl.core.desired import DesiredState
from cspdecl.core.live import LiveState, NextTerm, Status
from cspdecl.core.money import Money
from cspdecl.core.outcome import JournalEntry
from cspdecl.core.project import UnitPrice
from cspdecl.core.records import ChargeKind, LedgerHead, LedgerRecord
from cspdecl.core.terms import BillingCycle, Cycle, Term
from cspdecl.engine.settle import Settler
from cspdecl.testing import deeds
from cspdecl.testing.buying import buy, term_end_days
from cspdecl.testing.world import Refused, State, sell
from tests.unit.billing.estate import (
    CONTEXT,
    PHONE,
    PREMIUM,
    TENANT,
    applied,
    at,
    customer,
    line,
    operation,
    price_book,
    price_row,
)

PRICES = price_book(
    *(
        price_row(offer, f"{amount * term.months}", term=term, billing=billing)
        for offer, amount in ((PREMIUM, 21), (PHONE, 8))
        for term in (Term.P1M, Term.P1Y, Term.P3Y)
        for billing in (BillingCycle.MONTHLY, BillingCycle.ANNUAL)
    )
)
LINES = (Address("hafenkontor", ("a",)), Address("hafenkontor", ("b",)))
NOBODY = DesiredState(customers={}, moves=(), retired=(), digest="d")
STARTS = [at("2026-01-31T09:00:00"), at("2026-01-30T09:00:00"), at("2027-02-27T23:30:00"), at("2028-02-29T00:00:00")]


class Clock:
    """Machine time that follows the world."""

    def __init__(self, state: State) -> None:
        self.state = state

    def now(self):
        return self.state.now

    def monotonic(self):
        return 0.0


class Life:
    """A world, the run that records it, and how many seats each subscription had at the end of each day."""

    def __init__(self, start) -> None:
        phone, premium = sell(str(PHONE), str(PREMIUM))
        self.state = State(now=start, offers=(replace(phone, upgrades=(PREMIUM,)), premium))
        self.state.put_customer(replace(customer(read_at=start), key=TENANT))
        self.settler = Settler(
            context=CONTEXT, prices=PRICES, head=LedgerHead(), bindings={}, live={}, clock=Clock(self.state)
        )
        self.ledger: list[LedgerRecord] = []
        self.held: dict[date, dict[str, int]] = {}
        self.count = 0
        self.look()

    def look(self) -> None:
        """Read the customer, and note its seats."""
        read = replace(self.state.customer(TENANT), key="hafenkontor", read_at=self.state.now)
        self.settler.live["hafenkontor"] = read
        self.held[self.state.now.date()] = {
            item.id: item.seats for item in read.subscriptions if item.status.running
        }  # fmt: skip

    def settle(self, address, action, made, also=(), guard=None) -> None:
        """Record one operation as a run does."""
        self.count += 1
        step = operation(action, address=address, context=line(), ident=f"op-{self.count}", subscription=guard)
        batch = self.settler.begin()
        entry = JournalEntry(run="r", op=step.id, kind="outcome", at=self.state.now)
        batch.add(step, applied(made, when=self.state.now, also=also), entry)
        self.ledger += batch.finish().ledger
        self.look()

    def pass_days(self, days: int) -> None:
        """Days pass, and what happened in them is seen once at their end."""
        for _day in range(days):
            self.state.advance(timedelta(days=1))
            self.look()
        live = LiveState(customers=dict(self.settler.live), absent={}, unknown={}, as_of=self.state.now, digest="l")
        for change in observe_changes(
            self.settler.recorded, live, desired=NOBODY, bindings=self.settler.bindings, prices=PRICES,
            now=self.state.now, context=CONTEXT,
        ):  # fmt: skip
            record = seal(change, self.settler.head, self.state.now)
            self.settler.head = LedgerHead(seq=record.seq, hash=record.hash)
            self.settler.recorded.update(fold_recorded([record]))
            self.ledger.append(record)

    def running(self, address):
        bound = self.settler.bindings.get(address)
        items = [self.state.kept(TENANT, ident) for ident in bound.ids] if bound else []
        return [item for item in items if item.status.running]


def step(life: Life, draw) -> None:
    """One thing that may happen; what the world refuses does not."""
    address, seats = draw(st.sampled_from(LINES)), draw(st.integers(1, 30))
    running, state = life.running(address), life.state
    what = draw(
        st.sampled_from(["buy", "seats", "seats", "upgrade", "suspend", "longer", "cancel", "schedule", "days", "days"])
    )
    if what == "days":
        life.pass_days(draw(st.integers(1, 40)))
        return
    if not running:
        term = draw(st.sampled_from([Term.P1M, Term.P1Y]))
        billing = draw(st.sampled_from([BillingCycle.MONTHLY] if term is Term.P1M else list(BillingCycle)[:2]))
        ends = term_end_days(state, TENANT, term, state.now.date())
        action = Purchase(
            offer=PHONE, seats=seats, term=term, billing=billing, nickname="", segment="commercial", country="DE",
            unit_price=None, custom_end=draw(st.sampled_from([None, *ends])),
        )  # fmt: skip
        made = buy(state, TENANT, action)
        life.settle(address, action, made)
        return
    item = draw(st.sampled_from(running))

    def kept():
        return state.subscription(TENANT, item.id)

    match what:
        case "seats" if seats != item.seats:
            state.set_seats(TENANT, item.id, seats)
            life.settle(address, SetSeats(before=item.seats, after=seats), kept(), guard=item.id)
        case "upgrade" if item.offer == PHONE:
            others = [one for one in running if one.id != item.id]
            into = others[0] if others else None
            moved = Transition(
                source=PHONE, target=PREMIUM, before=item.seats, seats=min(seats, item.seats),
                into=into.id if into else None, target_before=into.seats if into else 0,
            )  # fmt: skip
            ids = deeds.transition(state, TENANT, item.id, moved)
            made, *also = (state.kept(TENANT, one) for one in ids)
            life.settle(address, moved, made, tuple(also), guard=item.id)
        case "suspend":
            if item.status is Status.SUSPENDED:
                deeds.resume(state, TENANT, item.id)
                state.set_end(TENANT, item.id, "renew")
                life.settle(address, Resume(), kept(), guard=item.id)
            else:
                deeds.suspend(state, TENANT, item.id)
                life.settle(address, Suspend(), kept(), guard=item.id)
        case "schedule":
            offer, term = draw(st.sampled_from([PHONE, PREMIUM])), draw(st.sampled_from([Term.P1M, Term.P1Y]))
            following = NextTerm(offer=offer, seats=seats, term=term, billing=BillingCycle.MONTHLY)
            state.schedule(TENANT, item.id, following)
            life.settle(address, ScheduleRenewal(next=following), kept(), guard=item.id)
        case "longer" if item.term is not None:
            longer = ChangeTerm(
                seats=item.seats, before_term=item.term, before_billing=item.billing or BillingCycle.MONTHLY,
                term=Term.P3Y, billing=BillingCycle.MONTHLY,
            )  # fmt: skip
            deeds.change_term(state, TENANT, item.id, longer)
            life.settle(address, longer, kept(), guard=item.id)
        case "cancel":
            state.cancel(TENANT, item.id)
            life.settle(address, Cancel(seats=item.seats), state.kept(TENANT, item.id), guard=item.id)
        case _:  # nothing that can be done now
            pass


@st.composite
def lives(draw):
    """A life of some steps, ending after a month in which nothing is done."""
    life = Life(draw(st.sampled_from(STARTS)))
    for _index in range(draw(st.integers(1, 10))):
        try:
            step(life, draw)
        except Refused:
            life.look()
    life.pass_days(35)
    return life


def covered(lines, until: date):
    """Seats a day and subscription, as the lines charge and return them."""
    days: dict[date, Counter[str]] = defaultdict(Counter)
    for item in lines:
        day = item.start
        while day <= min(item.end, until):
            days[day][item.subscription] += -int(item.quantity) if item.refund else int(item.quantity)
            day += timedelta(days=1)
    return days


@given(lives())
def test_every_day_of_every_seat_is_charged_exactly_once(life):
    """No gap and no overlap, in lives with month ends, leap days, upgrades of parts, suspensions and renewals."""
    today = life.state.now.date()
    lines = list(expected_lines(life.ledger, since=date(2020, 1, 1), before=today + timedelta(days=1)))
    for record in life.ledger:
        change = change_of(record.body)
        note(f"{change.time} {change.action} {change.quantity_before}-{change.quantity_after}: {change.basis}")
    for one in lines:
        note(f"{one.charge} {one.subscription} {one.quantity} {one.start} {one.end} {one.refund}")
    assert all(item.amount is not None for item in lines)
    days = covered(lines, today)
    for day, seats in life.held.items():
        assert {key: count for key, count in days[day].items() if count} == seats, day


@given(lives())
def test_the_lines_are_the_records_and_the_cycles_between_them(life):
    """The sum of all lines is that of the records' amounts and of the derived cycles, to the cent and exactly."""
    far = {"since": date(2000, 1, 1), "before": date(2060, 1, 1)}
    lines = list(expected_lines(life.ledger, **far))
    changes = [change_of(record.body) for record in life.ledger]
    zero = Money.zero("EUR")
    recorded = sum((one.cost_amount for one in changes if one.cost_amount is not None), zero)
    exact = sum((one.cost_amount_exact or Fraction(0) for one in changes), Fraction(0))
    derived = [one for one in lines if one.derived]
    assert None not in {one.amount for one in lines} | {one.exact for one in lines}
    assert sum((one.amount or zero for one in lines), zero) == sum((one.amount or zero for one in derived), recorded)
    assert sum(one.exact or 0 for one in lines) == exact + sum(one.exact or 0 for one in derived)
    for one in lines:
        assert abs(Fraction((one.amount or zero).amount) - (one.exact or 0)) <= Fraction(tolerance(one.quantity))


@given(lives())
def test_recurring_deltas_add_up_to_what_runs(life):
    """Over all records of a line they are what its subscriptions cost a charge cycle by its last one."""
    for address in LINES:
        changes = [change_of(record.body) for record in life.ledger if record.address == address]
        if not changes:
            continue
        total = sum((one.recurring_cost_delta for one in changes if one.recurring_cost_delta), Money.zero("EUR"))
        assert total.amount == (cost_of(parts_in(changes[-1])) or Money.zero("EUR")).amount


seats = st.integers(0, 300)


@given(seats, seats, seats, st.integers(0, 29), st.integers(1, 99_999))
def test_a_change_in_two_steps_moves_money_by_less_than_the_rounding_bound(first, middle, last, day, cents):
    """Two steps on one day beside one: the same exactly, and rounded within the bound of their lines."""
    cycle = Cycle(start=date(2026, 11, 1), end=date(2026, 11, 30))
    price = unit_price(price_row(cost=str(Decimal(cents * 12) / 100)), list_date="2026-11", list_digest="d")
    assert isinstance(price, UnitPrice)

    def change(before, after):
        kind: ChargeKind = "add_quantity" if after > before else "remove_quantity"
        on = cycle.start + timedelta(days=day)
        return charge_lines(price=price, before=before, after=after, cycle=cycle, on=on, kind=kind)

    split, merged = (*change(first, middle), *change(middle, last)), change(first, last)
    assert lines_exact(split, "EUR") == lines_exact(merged, "EUR")
    bound = sum(tolerance(one.quantity) for one in (*split, *merged))
    assert abs((lines_amount(split, "EUR") - lines_amount(merged, "EUR")).amount) <= bound
    back = (*change(first, middle), *change(middle, first))
    assert lines_amount(back, "EUR") == Money.zero("EUR")
