"""What the ledger says should be billed: the lines of every record, and the charges that fall due in between.

A record holds the charge of its change; the cycles that follow inside the term charge the same seats at the same price
and have no record of their own, so they are derived here (`cycle_charge`). Seats change by wiping the whole old
quantity and charging the whole new one, two lines each time (contract §17).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from cspdecl.billing.document import change_of
from cspdecl.commerce.proration import rounded_line
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.live import Status
from cspdecl.core.money import Money
from cspdecl.core.records import BillingChange, LedgerRecord
from cspdecl.core.terms import Cycle, Term, at_midnight, cycle_containing

#: Records of these kinds are charges of Microsoft's; the others change no bill of theirs.
CHARGED = frozenset(
    {"new", "renew", "add_quantity", "remove_quantity", "move_quantity", "cancel_immediate", "convert", "one_time"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedLine:
    """One line the ledger makes us expect. `amount` None: its price is not known, `unknown` says why.

    `derived`: a cycle's charge, which has no record of its own. `record` is the record it follows from.
    """

    address: Address
    subscription: str | None
    order: str | None
    tenant: str | None
    offer: OfferKey | None
    charge: str
    refund: bool
    quantity: Decimal
    unit: Money | None
    amount: Money | None
    exact: Fraction | None
    start: date
    end: date
    record: str
    derived: bool = False
    extended: bool = False
    promotion: str | None = None
    unknown: str | None = None


@dataclass(slots=True, kw_only=True)
class _Thread:
    """One subscription's records, followed in the order of their effect."""

    last: BillingChange | None = None
    quantity: Decimal = Decimal(0)


def expected_lines(records: Iterable[LedgerRecord], *, since: date, before: date) -> Iterator[ExpectedLine]:
    """All lines whose charge starts on or after `since` and before `before`, a subscription at a time."""
    threads: dict[str, list[BillingChange]] = {}
    for record in records:
        change = change_of(record.body)
        if change.component_kind in ("microsoft", "third_party") and change.offer is not None:
            threads.setdefault(change.provider_subscription_id or str(change.address), []).append(change)
    for changes in threads.values():
        for line in _of_thread(sorted(changes, key=_effect)):
            if since <= line.start < before:
                yield line


def _effect(change: BillingChange) -> datetime:
    return change.time


def _of_thread(changes: list[BillingChange]) -> Iterator[ExpectedLine]:
    thread = _Thread()
    for change in changes:
        if thread.last is not None:
            yield from _cycles(thread.last, thread.quantity, until=change.time)
        if change.charge_kind in CHARGED:
            yield from _of_record(change)
        thread.quantity = _own_quantity(change, thread.quantity)
        thread.last = change
    if thread.last is not None:
        yield from _cycles(thread.last, thread.quantity, until=None)


def _own_quantity(change: BillingChange, before: Decimal) -> Decimal:
    """Seats of this one subscription after the change; a record's own quantities are those of the whole address."""
    charged = [line.quantity for line in change.cost_lines if line.role == "charge"]
    if charged:
        return Decimal(charged[-1])
    if change.cost_lines or change.state == "ended":
        return Decimal(0) if change.charge_kind == "cancel_immediate" or change.state == "ended" else before
    several = len(change.provider_subscription_ids) > 1
    return before + change.quantity_delta if several else change.quantity_after


def _of_record(change: BillingChange) -> Iterator[ExpectedLine]:
    for line in change.cost_lines:
        yield _line(
            change, refund=line.role == "wipe", quantity=Decimal(line.quantity), amount=line.amount,
            exact=line.amount_exact, start=line.charge_start, end=line.charge_end_inclusive,
        )  # fmt: skip
    if change.cost_lines or change.cost_unit_list is not None:
        return
    why = _why(change)
    on = change.time.date()
    end = _end_without_price(change, on)
    if change.charge_kind != "renew" and change.quantity_before:
        yield _line(change, refund=True, quantity=change.quantity_before, start=on, end=end, unknown=why)
    if change.quantity_after:
        yield _line(change, refund=False, quantity=change.quantity_after, start=on, end=end, unknown=why)


def _why(change: BillingChange) -> str:
    return "; ".join(change.unknown) or "the record holds no price"


def _end_without_price(change: BillingChange, on: date) -> date:
    cycle = _cycle(change, on)
    if cycle is not None:
        return cycle.end
    return change.term_end.date() - timedelta(days=1) if change.term_end else on


def _cycles(change: BillingChange, quantity: Decimal, *, until: datetime | None) -> Iterator[ExpectedLine]:
    """The charges of later cycles inside the term, until the next record takes over or the term ends."""
    if change.state == "ended" or not quantity or change.term_start is None or change.term_end is None:
        return
    if change.provider_status in (Status.EXPIRED, Status.DISABLED, Status.DELETED) or change.term_kind == "trial":
        return
    term_starts, day = change.term_start.date(), change.time.date()
    cycle = _cycle(change, max(day, term_starts))
    while cycle is not None:
        start = cycle.end + timedelta(days=1)
        instant = at_midnight(start)
        if instant >= change.term_end or (until is not None and instant >= until):
            return
        following = _cycle(change, start)
        if following is None:
            return
        cycle = following
        if instant <= change.time:
            continue
        unit = change.cost_unit_list
        amount = rounded_line(unit.exact(), Fraction(quantity), "msft.unit_down.v1") if unit is not None else None
        yield _line(
            change, charge="cycle_charge", refund=False, quantity=quantity, amount=amount,
            exact=Fraction(unit.amount) * Fraction(quantity) if unit is not None else None, start=start, end=cycle.end,
            derived=True, unknown=None if unit is not None else _why(change),
        )  # fmt: skip


def _cycle(change: BillingChange, day: date) -> Cycle | None:
    """The charge cycle that holds a day: anchored on the term's first day, or where the record shows another anchor."""
    if change.term is None or change.billing_plan is None or change.billing_plan.months is None:
        return None
    if change.term_start is None or change.term is Term.ONCE:
        return None
    anchor = change.term_start.date()
    if change.cycle_start is not None and change.cycle_end is not None:
        usual = cycle_containing(anchor, change.cycle_start.date(), term=change.term, billing=change.billing_plan)
        stated = change.cycle_end.date()
        if usual.end != stated - timedelta(days=1):
            if change.cycle_start.date() <= day < stated:
                return Cycle(start=change.cycle_start.date(), end=stated - timedelta(days=1))
            anchor = stated
    found = cycle_containing(anchor, day, term=change.term, billing=change.billing_plan)
    if change.term_end is not None and at_midnight(found.end) >= change.term_end:
        return Cycle(start=found.start, end=change.term_end.date() - timedelta(days=1))
    return found


def _line(
    change: BillingChange, *, refund: bool, quantity: Decimal, start: date, end: date, amount: Money | None = None,
    exact: Fraction | None = None, charge: str | None = None, derived: bool = False, unknown: str | None = None,
) -> ExpectedLine:  # fmt: skip
    return ExpectedLine(
        address=change.address,
        subscription=change.provider_subscription_id,
        order=change.provider_order_id,
        tenant=change.customer_tenant_id,
        offer=change.offer,
        charge=charge or change.charge_kind,
        refund=refund,
        quantity=quantity,
        unit=change.cost_unit_list,
        amount=amount,
        exact=exact,
        start=start,
        end=end,
        record=change.id,
        derived=derived,
        extended=change.term_kind == "est",
        promotion=change.promotion_id,
        unknown=unknown,
    )
