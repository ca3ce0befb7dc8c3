"""Every event that costs or gives back money, and the lines it leaves.

Sources: contract §16 (when each charge type is emitted), §17 (refund all and charge all; upgrades refund only the seats
that leave; a cancellation is the refund alone), commerce §2.3–§2.4. What they do not say is in READINGS.md.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from ..catalog import AZURE, LEGACY, SAAS
from ..terms import MONTHS, NEVER
from ..wire import Doc, iso, midnight, moment
from .amounts import Amount, amount, cut, decimals, instalment, share
from .calendar import Cycle, cycle_of
from .lines import line, stable_id

if TYPE_CHECKING:
    from ..world.call import Call


def is_charged(row: Doc) -> bool:
    """Whether lines are made for it: not for traditional offers, nor for an Azure plan (usage is not simulated)."""
    return row["kind"] != LEGACY and not (row["kind"] == AZURE and not row["term"]) and "unit" in row["price"]


def unit_price(row: Doc) -> tuple[Decimal, Fraction]:
    """(UnitPrice, what a full cycle really costs a seat): one charge cycle of the price locked for the term, before and
    after the promotion; an extended term shows the normal price beside its own.
    """
    price = row["price"]
    charged = instalment(Decimal(price["unit"]), row["term"], row["plan"], price["currency"])
    shown = Decimal(price["base"]) if price.get("base") else charged
    return shown, Fraction(charged) * (1 - Fraction(price.get("discount") or "0"))


def _reference(call: Call, row: Doc) -> str:
    """One id for all lines of an event, the same whenever the event is looked at."""
    row["charges"] = int(row.get("charges", 0)) + 1
    return stable_id(row["id"], iso(call.now), str(row["charges"]))


def _emit(
    call: Call,
    row: Doc,
    kind: str,
    begins: datetime,
    ends: datetime | None,
    found: Amount,
    quantity: int,
    *,
    order: str,
    reference: str,
) -> None:
    doc = line(
        settings=call.settings,
        customer=call.customer.customer,
        row=row,
        sku=call.catalog.find(row["product"], row["sku"]),
        kind=kind,
        begins=begins,
        ends=ends,
        found=found,
        quantity=quantity,
        order=order,
        reference=reference,
        at=call.now,
    )
    call.charges.append(doc)


def _part(
    call: Call,
    row: Doc,
    kind: str,
    quantity: int,
    sign: int,
    *,
    order: str,
    reference: str,
    begins: datetime | None = None,
    part: Fraction | None = None,
) -> None:
    """One line over the rest of the cycle that runs, from today or from `begins`."""
    cycle = cycle_of(row, call.now)
    since = max(midnight(begins or call.now), cycle.start)
    unit, price = unit_price(row)
    if part is None:
        part = share(cycle, since, call.settings.cycle_days)
    found = amount(kind, unit, sign * price, part, quantity, row["price"]["currency"])
    _emit(call, row, kind, since, cycle.end, found, quantity, order=order, reference=reference)


def _paid(row: Doc, now: datetime) -> None:
    ends = cycle_of(row, now).end
    row["charged_to"] = iso(ends) if ends > now else row["end"]


def purchased(call: Call, row: Doc, order: str = "") -> None:
    """`new`: the first cycle, shortened where the term is."""
    if not is_charged(row):
        return
    cycle = cycle_of(row, moment(row["start"]))
    _first(call, row, "new", cycle, order or row["order"])


def renewed(call: Call, row: Doc, kind: str, order: str) -> None:
    """`renew`, or `convert` for a trial that became paid by itself: the first cycle of the term that begins."""
    if is_charged(row):
        _first(call, row, kind, cycle_of(row, moment(row["start"])), order)


def _first(call: Call, row: Doc, kind: str, cycle: Cycle, order: str) -> None:
    unit, price = unit_price(row)
    part = share(cycle, cycle.start, call.settings.cycle_days)
    quantity = int(row["quantity"])
    found = amount(kind, unit, price, part, quantity, row["price"]["currency"])
    ends = cycle.end if cycle.end < NEVER else None
    _emit(call, row, kind, cycle.start, ends, found, quantity, order=order, reference=_reference(call, row))
    row["charged_to"] = iso(cycle.end)


def cycle_charge(call: Call, row: Doc, kind: str = "cycleCharge", part: Fraction | None = None) -> None:
    """The recurring charge inside a longer term, for what is suspended as well (contract §13.1)."""
    if is_charged(row):
        quantity = int(row["quantity"])
        _part(
            call,
            row,
            kind,
            quantity,
            1,
            order=row.get("term_order") or row["order"],
            reference=_reference(call, row),
            part=part,
        )
    _paid(row, call.now)


def seats_changed(call: Call, row: Doc, before: int, order: str) -> None:
    """`addQuantity` or `removeQuantity`: everything is given back and charged again for the rest of the cycle."""
    if not is_charged(row):
        return
    kind, reference = ("addQuantity" if row["quantity"] > before else "removeQuantity"), _reference(call, row)
    _part(call, row, kind, before, -1, order=order, reference=reference)
    _part(call, row, kind, int(row["quantity"]), 1, order=order, reference=reference)


def cancelled(call: Call, row: Doc, order: str) -> None:
    """`cancelImmediate`: what is left of the cycle; all of it for marketplace items, and where the switch says so on
    the first day (contract §13.3).
    """
    if not is_charged(row):
        return
    fresh = call.now - moment(row["committed"]) < timedelta(hours=24) and call.settings.first_day_refund == "full"
    begins = cycle_of(row, call.now).start if fresh or row["kind"] == SAAS else None
    _part(
        call,
        row,
        "cancelImmediate",
        int(row["quantity"]),
        -1,
        order=order,
        reference=_reference(call, row),
        begins=begins,
    )
    row["charged_to"] = ""


def converted(call: Call, before: Doc, after: Doc, quantity: int, order: str) -> None:
    """`convert`: the seats that leave are given back at the old price, those that come charged at the new one; also for
    a longer term taken in mid-term, where `before` and `after` are one subscription.
    """
    reference = _reference(call, after)
    leaving = int(before["quantity"]) if before["id"] == after["id"] else quantity
    if is_charged(before):
        _part(call, before, "convert", leaving, -1, order=order, reference=reference)
    if is_charged(after):
        _part(call, after, "convert", int(after["quantity"]), 1, order=order, reference=reference)
    _paid(after, call.now)


def moved(call: Call, before: Doc, after: Doc, quantity: int, order: str) -> None:
    """`moveQuantity`: seats that leave one subscription for another that runs already."""
    reference = _reference(call, after)
    if is_charged(before):
        _part(call, before, "moveQuantity", quantity, -1, order=order, reference=reference)
    if is_charged(after):
        _part(call, after, "moveQuantity", quantity, 1, order=order, reference=reference)


def plan_changed(call: Call, row: Doc) -> None:
    """`changeBillingPlan` at the start of a cycle: a year begun in its middle costs the months that are left of it, not
    the days (commerce §2.4; history since 2025-04-01).
    """
    cycle, part = cycle_of(row, call.now), None
    months = (cycle.end.year - call.now.year) * 12 + cycle.end.month - call.now.month
    whole = MONTHS.get("P1Y", 12) if row["plan"] == "annual" else 1
    if row["plan"] == "annual" and months < whole:
        part = Fraction(months, whole)
    cycle_charge(call, row, "changeBillingPlan", part)


def bought_once(call: Call, row: Doc, order: str, sign: int = 1) -> None:
    """A perpetual licence: one `new` line without an end; given back in full (contract §13.3)."""
    kind = "new" if sign > 0 else "cancelImmediate"
    unit, price = unit_price(row)
    found = amount(kind, unit, sign * price, Fraction(1), int(row["quantity"]), row["price"]["currency"])
    reference = stable_id(order, row["id"], kind)
    _emit(call, row, kind, midnight(call.now), None, found, int(row["quantity"]), order=order, reference=reference)


def term_total(
    term_price: Decimal, discount: Decimal, cycles: list[Cycle], term: str, plan: str, currency: str
) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """For a cart: (one cycle at list, one cycle after the discount, the first charge, all charges) of one seat."""
    listed = instalment(term_price, term, plan, currency)
    price = Fraction(listed) * (1 - Fraction(discount))
    charges = [amount("new", listed, price, share(cycle, cycle.start), 1, currency).subtotal for cycle in cycles]
    return listed, cut(price, decimals(currency)), charges[0], sum(charges, Decimal(0))
