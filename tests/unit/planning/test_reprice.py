"""Our own price against the books: what is an operation, what is not, and what it leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from cspdecl.core.action import Reprice, SetSeats
from cspdecl.core.address import Address
from cspdecl.core.desired import Dated, RelativeSell
from cspdecl.core.money import Money
from cspdecl.core.project import PriceBook
from cspdecl.core.records import BookEntry, Recorded
from tests.planning_builders import (
    NOW,
    actions,
    binding,
    bundle,
    codes,
    customer,
    line,
    live_customer,
    make_plan,
    monthly,
    origin,
    prices,
    service,
    sub,
)


def recorded(address="hafenkontor/visio", sell=None, *, seats=5, **rest) -> Recorded:
    values = dict(
        address=Address.parse(address), hash="a" * 64, subscription="s1", offer=None, seats=Decimal(seats),
        term_ends=None, status="running", at=NOW, sell=sell,
    )  # fmt: skip
    return Recorded(**{**values, **rest})


def planned(spec_line, *books, seats=5, **rest):
    return make_plan(
        [customer("hafenkontor", spec_line)],
        [live_customer("hafenkontor", sub("s1", seats=seats))],
        bindings=[binding("hafenkontor/visio", "s1")],
        recorded=books,
        **rest,
    )


def share(percent: str) -> RelativeSell:
    return RelativeSell(base="cost", change=Fraction(percent) / 100, currency="EUR", every="month")


def test_a_changed_price_is_an_operation_of_its_own():
    """17.00 in the books, 18.50 declared: five seats pay 7.50 more a month, and nothing is sent anywhere."""
    made = planned(line("visio", sell=monthly("18.50")), recorded(sell=monthly("17.00")))

    (operation,) = made.operations
    assert operation.action == Reprice(
        before=monthly("17.00"), after=monthly("18.50"), seats=5, basis="fixed: 18.50 EUR a seat and month"
    )
    assert operation.preview is not None
    assert operation.preview.sell == Money.of("7.50", "EUR")
    assert (made.counts.to_change, made.counts.unchanged) == (1, 0)


def test_the_same_price_is_nothing_to_do():
    """18.5 is 18.50."""
    made = planned(line("visio", sell=monthly("18.50")), recorded(sell=monthly("18.5")))

    assert (made.operations, made.counts.unchanged) == ((), 1)


@pytest.mark.parametrize(
    "books", [(), (recorded(sell=monthly("17.00"), status="ended"),)], ids=["nothing recorded", "ended"]
)
def test_an_address_the_books_know_nothing_of_has_no_price_to_change(books):
    """Its first record says its price: a plan does not invent one that was charged before."""
    assert planned(line("visio", sell=monthly("18.50")), *books).empty


@pytest.mark.parametrize(
    ("before", "after", "sell"), [(None, monthly("18.50"), "92.50"), (monthly("18.50"), None, "-92.50")]
)
def test_a_price_may_begin_and_end(before, after, sell):
    """Taken over without a price, or given away from now on."""
    made = planned(line("visio", sell=after), recorded(sell=before))

    assert actions(made) == ["hafenkontor/visio reprice"]
    assert made.totals.sell_month == (Money.of(sell, "EUR"),)


def test_the_price_changes_before_the_seats():
    """Seats added in the same plan are sold at the new price, and wait for it."""
    made = planned(line("visio", seats=8, sell=monthly("18.50")), recorded(sell=monthly("17.00")))

    reprice, seats = made.operations
    assert isinstance(reprice.action, Reprice)
    assert isinstance(seats.action, SetSeats)
    assert seats.requires == (reprice.id,)
    assert made.totals.sell_month == (Money.of("63.00", "EUR"),)  # 5 × 1.50 and 3 × 18.50


def test_a_share_of_the_cost_is_compared_as_an_amount():
    """15.50 and twelve per cent is 17.36: in the books already it is nothing to do, else a change to it."""
    declared = line("visio", relative=share("12"))

    assert planned(declared, recorded(sell=monthly("17.36"))).empty
    (operation,) = planned(declared, recorded(sell=monthly("17.00"))).operations
    assert isinstance(operation.action, Reprice)
    assert operation.action.after == monthly("17.36")
    assert "12 % more" in operation.action.basis


def test_a_share_of_an_unknown_cost_changes_nothing():
    """Without a list the price in the books stands: it is neither nothing now, nor taken back."""
    made = planned(line("visio", relative=share("12")), recorded(sell=monthly("17.00")), price_book=PriceBook())

    assert made.operations == ()


def test_a_purchase_at_a_share_of_an_unknown_cost_is_named():
    """The amount we would charge is unknown, counted as such, and in no sum."""
    made = make_plan(
        [customer("hafenkontor", line("visio", relative=share("12")))], [live_customer("hafenkontor")],
        price_book=PriceBook(),
    )  # fmt: skip

    assert codes(made) == ["CSP620"]
    assert (made.totals.sell_month, made.totals.unknown) == ((), 1)


def test_a_bundle_s_price_is_changed_on_its_anchor():
    """54.90 → 57.90 for the 25 bundle seats the books bill."""
    lines, instance = bundle("hafenkontor", "platz", 25, {"m365": ("CFQ7TTC0LCHC:0002", 25)}, sell="57.90")
    made = make_plan(
        [customer("hafenkontor", *lines, bundles=(instance,))],
        [live_customer("hafenkontor", sub("s1", "CFQ7TTC0LCHC:0002", seats=25))],
        bindings=[binding("hafenkontor/platz/m365", "s1", offer="CFQ7TTC0LCHC:0002")],
        recorded=[
            recorded("hafenkontor/platz", monthly("54.90"), seats=25, subscription=None),
            recorded("hafenkontor/platz/m365", seats=25),
        ],
    )

    (operation,) = made.operations
    assert isinstance(operation.action, Reprice)
    assert (operation.address, operation.action.bundle) == (lines[0].address, instance.address)
    assert operation.preview is not None
    assert operation.preview.sell == Money.of("75.00", "EUR")


def test_a_bundle_s_price_may_be_a_share_of_its_parts():
    """Half a telephone a seat: 20.60 and half of 8.00 make 24.60, and half as much again 36.90."""
    lines, instance = bundle(
        "hafenkontor", "platz", 4, {"m365": ("CFQ7TTC0LCHC:0002", 4), "phone": ("CFQ7TTC0LH0T:0001", 2)}
    )
    made = make_plan(
        [customer("hafenkontor", *lines, bundles=(replace(instance, relative=share("50")),))],
        [live_customer("hafenkontor")],
        price_book=prices({"CFQ7TTC0LCHC:0002": "20.60", "CFQ7TTC0LH0T:0001": "8.00"}),
    )

    assert made.totals.sell_month == (Money.of("147.60", "EUR"),)


def test_an_own_service_s_price_is_changed_in_the_book():
    """The book says 19.00, the manifest 20.00: 25 of them pay 25.00 more."""
    entry = BookEntry(
        address=Address.parse("hafenkontor/betreuung"), service="managed-workplace", quantity=25, sell=monthly("19.00")
    )
    made = make_plan(
        [customer("hafenkontor", services=(service("betreuung", 25, sell=monthly("20.00")),))],
        [live_customer("hafenkontor")],
        book=[entry],
    )

    assert actions(made) == ["hafenkontor/betreuung reprice"]
    assert made.totals.sell_month == (Money.of("25.00", "EUR"),)


def test_a_price_with_a_day_changes_on_its_day():
    """19.50 from January: nothing in November, an operation on the first."""
    dated = Dated(starts=date(2027, 1, 1), field="sell", origin=origin("hafenkontor"), sell=monthly("19.50"))
    declared = line("visio", sell=monthly("18.50"), dated=(dated,))
    books = recorded(sell=monthly("18.50"))

    assert planned(declared, books).empty
    late = planned(declared, books, now=NOW.replace(year=2027, month=1, day=1))
    assert actions(late) == ["hafenkontor/visio reprice"]


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [("17.00", "16.00", True), ("16.00", "17.00", False), ("20.00", "19.00", False), ("14.00", "15.00", False)],
)
def test_a_lower_price_must_leave_the_margin(before, after, refused):
    """Cost 15.50, ten per cent asked for: lowering under it is refused, raising never is."""
    made = planned(
        line("visio", sell=monthly(after)), recorded(sell=monthly(before)), guardrails={"min_margin": Fraction(1, 10)}
    )

    assert made.safety.refused is refused
