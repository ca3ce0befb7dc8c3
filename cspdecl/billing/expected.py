"""What the ledger says should be billed: the lines of every record, and the charges that fall due in between.

A record holds the charge of its change; the cycles that follow inside the term charge the same seats at the same price
and have no record of their own, so they are derived here (`cycle_charge`). Seats change by wiping the whole old
quantity and charging the whole new one, two lines each time (contract §17). An address may stand for several
subscriptions: each is followed on its own, from one record of the address to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from cspdecl.billing.document import change_of
from cspdecl.billing.parts import parts_in, unit_charged
from cspdecl.commerce.proration import UNIT_DOWN, rounded_line
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.live import Status
from cspdecl.core.money import Money
from cspdecl.core.records import BillingChange, LedgerRecord, Part
from cspdecl.core.terms import Cycle, Term, at_midnight, cycle_containing

#: Records of these kinds are charges of Microsoft's; the others change no bill of theirs.
CHARGED = frozenset(
    {
        "new", "renew", "add_quantity", "remove_quantity", "move_quantity", "cancel_immediate", "convert", "one_time",
        "change_billing_plan",
    }
)  # fmt: skip
_OVER = (Status.EXPIRED, Status.DISABLED, Status.DELETED)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedLine:
    """One line the ledger makes us expect. `amount` None: its price is not known, `unknown` says why.

    `derived`: a cycle's charge, which has no record of its own. `record` is the record it follows from. `inferred`: no
    document says under which type of charge it is billed.
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
    inferred: bool = False
    promotion: str | None = None
    unknown: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    """One subscription as a record left it, until the next record of its address."""

    part: Part
    change: BillingChange


def expected_lines(records: Iterable[LedgerRecord], *, since: date, before: date) -> Iterator[ExpectedLine]:
    """All lines whose charge starts on or after `since` and before `before`, an address at a time."""
    changes: dict[Address, list[BillingChange]] = {}
    for record in records:
        change = change_of(record.body)
        if change.component_kind in ("microsoft", "third_party") and change.offer is not None:
            changes.setdefault(record.address, []).append(change)
    for found in changes.values():
        for line in _of_address(sorted(found, key=_effect), before):
            if since <= line.start < before:
                yield line


def _effect(change: BillingChange) -> datetime:
    return change.time


def _of_address(changes: list[BillingChange], before: date) -> Iterator[ExpectedLine]:
    running: Mapping[str, _Running] = {}
    end = at_midnight(before)
    for change in changes:
        for one in running.values():
            yield from _cycles(one, until=min(change.time, end))
        if change.charge_kind in CHARGED:
            yield from _of_record(change)
        running = {part.subscription: _Running(part=part, change=change) for part in parts_in(change)}
    for one in running.values():
        yield from _cycles(one, until=end)


def _of_record(change: BillingChange) -> Iterator[ExpectedLine]:
    for line in change.cost_lines:
        made = _line(
            change, None, refund=line.role == "wipe", quantity=Decimal(line.quantity), amount=line.amount,
            exact=line.amount_exact, start=line.charge_start, end=line.charge_end_inclusive,
        )  # fmt: skip
        if line.subscription is not None:
            made = replace(made, subscription=line.subscription, offer=line.offer or change.offer, unit=line.unit_list)
        yield made
    if change.cost_lines or not change.unknown:
        return
    # seats of one subscription of several are not told apart from the others without a price: the change alone is
    several, why, on = bool(change.parts), _why(change), change.time.date()
    own = next((part for part in parts_in(change) if part.subscription == change.provider_subscription_id), None)
    end = _end_without_price(change, own, on)
    left, came = change.quantity_before, change.quantity_after
    if several:
        came = own.quantity if own is not None else Decimal(0)
        left = came - change.quantity_delta
    if change.charge_kind not in ("renew", "new") and left > 0:
        yield _line(change, None, refund=True, quantity=left, start=on, end=end, unknown=why)
    if came > 0 and change.charge_kind != "cancel_immediate":
        yield _line(change, None, refund=False, quantity=came, start=on, end=end, unknown=why)


def _why(change: BillingChange) -> str:
    return "; ".join(change.unknown) or "the record holds no price"


def _end_without_price(change: BillingChange, own: Part | None, on: date) -> date:
    cycle = _cycle(own, on) if own is not None else None
    if cycle is not None:
        return cycle.end
    return (change.term_end - timedelta(microseconds=1)).date() if change.term_end else on


def _cycles(one: _Running, *, until: datetime) -> Iterator[ExpectedLine]:
    """The charges of the cycles that begin after a record, up to and with those that begin as the next takes effect.

    One that begins at that instant is charged first, and then wiped by the change. A term that ends there has none.
    """
    part, change = one.part, one.change
    if not part.quantity or part.term_start is None or part.term_end is None:
        return
    if part.provider_status in _OVER or part.term_kind == "trial":
        return
    cycle = _cycle(part, max(change.time.date(), part.term_start.date()))
    unit = unit_charged(part.cost_unit_list, part.discounts)
    while cycle is not None:
        start = cycle.end + _ONE_DAY
        instant = at_midnight(start)
        if instant >= part.term_end or instant > until:
            return
        cycle = _cycle(part, start)
        if cycle is None:
            return
        if instant <= change.time:
            continue
        yield _line(
            change, part, charge="cycle_charge", refund=False, quantity=part.quantity,
            amount=rounded_line(unit, Fraction(part.quantity), UNIT_DOWN) if unit is not None else None,
            exact=unit.value * Fraction(part.quantity) if unit is not None else None, start=start, end=cycle.end,
            derived=True, unknown=None if unit is not None else _why(change),
        )  # fmt: skip


def _cycle(part: Part, day: date) -> Cycle | None:
    """The charge cycle that holds a day, cut where the term begins or ends; None outside the term."""
    if part.term is None or part.term is Term.ONCE or part.billing_plan is None or part.billing_plan.months is None:
        return None
    if part.term_start is None or (part.term_end is not None and at_midnight(day) >= part.term_end):
        return None
    first = part.term_start.date()
    anchor = part.cycle_anchor or first
    found = cycle_containing(anchor, day, term=part.term, billing=part.billing_plan)
    last = (part.term_end - timedelta(microseconds=1)).date() if part.term_end is not None else found.end
    return Cycle(start=max(found.start, first), end=min(found.end, last))


def _line(
    change: BillingChange, part: Part | None, *, refund: bool, quantity: Decimal, start: date, end: date,
    amount: Money | None = None, exact: Fraction | None = None, charge: str | None = None, derived: bool = False,
    unknown: str | None = None,
) -> ExpectedLine:  # fmt: skip
    of: Part | BillingChange = part if part is not None else change
    return ExpectedLine(
        address=change.address,
        subscription=part.subscription if part is not None else change.provider_subscription_id,
        order=part.order_id if part is not None else change.provider_order_id,
        tenant=change.customer_tenant_id,
        offer=of.offer,
        charge=charge or change.charge_kind,
        refund=refund,
        quantity=quantity,
        unit=of.cost_unit_list,
        amount=amount,
        exact=exact,
        start=start,
        end=end,
        record=change.id,
        derived=derived,
        extended=of.term_kind == "est",
        inferred=charge is None and change.action == "change_term",
        promotion=of.promotion_id,
        unknown=unknown,
    )
