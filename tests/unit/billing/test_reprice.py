"""The record of a change of our own price: what all seats pay more from now on, and no charge for the past."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cspdecl.billing.changes import Estate, record_operation
from cspdecl.billing.fold import fold_book, fold_recorded
from cspdecl.core.action import Adopt, BookService, Reprice
from cspdecl.core.money import Money
from cspdecl.core.operation import LineContext
from cspdecl.core.records import LedgerHead
from tests.unit.billing.estate import (
    ANCHOR,
    BETREUUNG,
    BUNDLE,
    CONTEXT,
    LINE,
    NOW,
    TENANT,
    anchor_line,
    applied,
    binding,
    customer,
    desired,
    line,
    monthly,
    operation,
    price_book,
    sealed,
    subscription,
)

EUR = "EUR"


def opened(context, address=LINE, seats=25):
    """The books of one address, opened at a price."""
    action = Adopt(provider="partner-center", tenant=TENANT, ids=("s-1",), offer=subscription().offer)
    changes = record_operation(
        operation(action, address=address, context=context), applied(subscription(seats)), context=CONTEXT,
        prices=price_book(), recorded_at=NOW, before=None,
    )  # fmt: skip
    return sealed(*changes)


def repriced(records, action, *, address=LINE, context, seats=25):
    """The record of a change of price on these books, and the books after it."""
    estate = Estate(
        desired=desired(allocate="byCost"), live={"hafenkontor": customer(subscription(seats))},
        bindings={address: binding(address)}, recorded=fold_recorded(records),
    )  # fmt: skip
    (change,) = record_operation(
        operation(action, address=address, context=context, ident="op-2"), applied(), context=CONTEXT,
        prices=price_book(), recorded_at=NOW, before=subscription(seats), estate=estate,
    )  # fmt: skip
    head = LedgerHead(seq=records[-1].seq, hash=records[-1].hash)
    return change, (*records, *sealed(change, head=head))


def test_a_new_price_is_what_everybody_pays_from_now_on():
    """29.90 → 31.90 for 25 seats: 50.00 more a month, no line charged, the whole state repeated."""
    action = Reprice(before=monthly("29.90"), after=monthly("31.90"), seats=25, basis="fixed")
    change, records = repriced(opened(line(sell=monthly("29.90"))), action, context=line(sell=monthly("31.90")))
    assert (change.origin, change.action, change.charge_kind) == ("reprice", "reprice", "own")
    assert (change.sell_unit, change.recurring_sell_delta) == (Money.of("31.90", EUR), Money.of("50.00", EUR))
    assert (change.sell_lines, change.sell_amount, change.cost_lines) == ((), None, ())
    assert (change.quantity_before, change.quantity_after, change.quantity_delta) == (25, 25, 0)
    assert change.actor is not None
    assert "29.90 → 31.90 EUR a seat and month for 25 seats from now on" in change.basis
    assert fold_recorded(records)[LINE].sell == monthly("31.90")


def test_a_price_taken_back_is_gone_from_the_books():
    """Given away from now on: the unit is absent, the difference is all of it."""
    action = Reprice(before=monthly("29.90"), after=None, seats=25)
    change, records = repriced(opened(line(sell=monthly("29.90"))), action, context=line())
    assert (change.sell_unit, change.recurring_sell_delta) == (None, Money.of("-747.50", EUR))
    assert fold_recorded(records)[LINE].sell is None


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, monthly("2.00"), "50.00"),
        (replace(monthly("24.00"), every="year"), monthly("3.00"), "25.00"),  # 2.00 a month before
        (monthly("2.00"), replace(monthly("36.00"), every="year"), "300.00"),  # 24.00 a year before
        (replace(monthly("24.00"), every="year"), replace(monthly("36.00"), every="year"), "300.00"),
    ],
)
def test_what_changes_is_told_by_what_the_new_price_counts_in(before, after, expected):
    """By the month or by the year; a price that did not exist was nothing."""
    action = Reprice(before=before, after=after, seats=25)
    change, _records = repriced(opened(line(sell=before)), action, context=line(sell=after))
    assert change.recurring_sell_delta == Money.of(expected, EUR)


def test_prices_of_two_currencies_have_no_difference():
    """Francs became euros: nothing is converted, and the difference is absent."""
    francs = replace(monthly("29.90"), currency="CHF")
    action = Reprice(before=francs, after=monthly("31.90"), seats=25)
    change, _records = repriced(opened(line(sell=francs)), action, context=line(sell=monthly("31.90")))
    assert (change.sell_unit, change.recurring_sell_delta) == (Money.of("31.90", EUR), None)


def test_a_bundle_s_new_price_stands_on_its_anchor_and_is_shared_out_anew():
    """54.90 → 57.90 for 25 bundle seats: 75.00 more a month; the parts add up to the new price."""
    old, new = anchor_line(bundle_seats=25, allocate="byCost"), anchor_line(bundle_seats=25, allocate="byCost")
    new = replace(new, bundle_sell=monthly("57.90", allocate="equal"))
    action = Reprice(before=monthly("54.90"), after=monthly("57.90"), seats=25, bundle=BUNDLE)
    change, records = repriced(opened(old, ANCHOR), action, address=ANCHOR, context=new)
    assert change.bundle_sell_unit == Money.of("57.90", EUR)
    assert change.bundle_recurring_sell_delta == Money.of("75.00", EUR)
    assert sum(part.amount.amount for part in change.allocation) == Money.of("1447.50", EUR).amount
    assert (change.sell_unit, change.bundle_sell_lines) == (None, ())
    folded = fold_recorded(records)
    assert folded[BUNDLE].sell == monthly("57.90")
    assert folded[BUNDLE].seats == Decimal(25)


def test_an_anchor_s_own_new_price_leaves_the_bundle_s_as_it_was():
    """Both change in one plan: the first record says nothing yet of the second."""
    context = replace(anchor_line(bundle_seats=25), bundle_sell=monthly("57.90"), sell=monthly("3.00"))
    action = Reprice(before=None, after=monthly("3.00"), seats=25)
    change, _records = repriced(opened(anchor_line(bundle_seats=25), ANCHOR), action, address=ANCHOR, context=context)
    assert (change.sell_unit, change.bundle_sell_unit) == (Money.of("3.00", EUR), Money.of("54.90", EUR))


def test_an_own_service_s_new_price_is_in_the_book():
    """The quantity stays, the price is the new one."""
    context = LineContext(provider=None, display_name="Betreuung", service="managed-workplace", seats=25)
    first = record_operation(
        operation(
            BookService(service="managed-workplace", before=0, after=25), address=BETREUUNG,
            context=replace(context, sell=monthly("19.00")),
        ),
        applied(), context=CONTEXT, prices=price_book(), recorded_at=NOW, before=None,
    )  # fmt: skip
    records = sealed(*first)
    action = Reprice(before=monthly("19.00"), after=monthly("20.00"), seats=25)
    estate = Estate(recorded=fold_recorded(records))
    (change,) = record_operation(
        operation(action, address=BETREUUNG, context=replace(context, sell=monthly("20.00")), ident="op-2"), applied(),
        context=CONTEXT, prices=price_book(), recorded_at=NOW, before=None, estate=estate,
    )  # fmt: skip
    entry = fold_book((*records, *sealed(change, head=LedgerHead(seq=1, hash=records[-1].hash))))[BETREUUNG]
    assert (entry.quantity, entry.sell) == (25, monthly("20.00"))
    assert change.recurring_sell_delta == Money.of("25.00", EUR)
