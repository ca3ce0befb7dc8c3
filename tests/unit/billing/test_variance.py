"""The ledger beside a bill: every difference under its name, and nothing called missing that merely was not found."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from cspdecl.billing.changes import record_operation
from cspdecl.billing.expected import expected_lines
from cspdecl.billing.known import known_subscriptions
from cspdecl.billing.recon import BadLine, ReconLine
from cspdecl.billing.variance import compare_books, tolerance
from cspdecl.core.action import Adopt, BuyAzurePlan, Forget, Purchase, SetSeats
from cspdecl.core.catalog import OfferKey
from cspdecl.core.money import Money
from cspdecl.core.records import LedgerHead, LedgerRecord
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.report.compare import comparison_document, render_comparison
from tests.unit.billing.estate import (
    CONTEXT,
    PREMIUM,
    TENANT,
    applied,
    at,
    line,
    operation,
    price_book,
    sealed,
    subscription,
)

BOUGHT = at("2026-11-10T09:00:00")
SEEN = subscription(10, term_started=at("2026-11-10"), term_ends=at("2027-11-10"), created=BOUGHT, order_id="ORDER-1")
NOVEMBER = {"since": date(2026, 11, 1), "before": date(2026, 12, 1)}


def chain(*steps):
    """A ledger of operations one after the other: (action, seen, before, when)."""
    head = LedgerHead()
    records: list[LedgerRecord] = []
    for number, (action, seen, before, when) in enumerate(steps):
        changes = record_operation(
            operation(action, context=line(), ident=f"op-{number}"), applied(seen, when=when), context=CONTEXT,
            prices=price_book(), recorded_at=when, before=before,
        )  # fmt: skip
        made = sealed(*changes, head=head, when=when)
        head = LedgerHead(seq=made[-1].seq, hash=made[-1].hash)
        records += made
    return records


def bought():
    action = Purchase(
        offer=PREMIUM, seats=10, term=Term.P1Y, billing=BillingCycle.MONTHLY, nickname="", segment="commercial",
        country="DE", unit_price=None,
    )  # fmt: skip
    return (action, SEEN, None, BOUGHT)


LEDGER = chain(bought())


def bill(**rest):
    """The line that fits the purchase: 10 seats at 20.60, 10 November to 9 December."""
    values = dict(
        number=2, charge="new", subscription="s-1", order="", alternate="", customer="", customer_name="Hafenkontor",
        offer=PREMIUM, title="", quantity=Decimal(10), unit=Decimal("20.60"), effective=Decimal("20.60"),
        subtotal=Decimal("206.00"), tax=None, total=None, currency="EUR", rate=None, start=date(2026, 11, 10),
        end=date(2026, 12, 9), ordered=None, invoice="G1", reference="", promotion="", adjustment="",
    )  # fmt: skip
    return ReconLine(**{**values, **rest})


def compare(*billed, ledger=None, **period):
    """The two books of November."""
    ledger, period = ledger or LEDGER, period or NOVEMBER
    return compare_books(
        expected_lines(ledger, **period), billed, **period, known=known_subscriptions(ledger)
    )  # fmt: skip


def names(found):
    return [item.name for item in found.variances]


def test_books_that_agree_agree():
    """One line, to the cent."""
    found = compare(bill())
    assert (found.agrees, found.equal, names(found)) == (True, 1, [])
    assert found.expected_total == found.billed_total == (Money.of("206.00", "EUR"),)


def test_the_tolerance_is_a_cent_a_unit_and_one_more():
    """0.11 for ten seats: at it rounding, which agrees; beyond it a price."""
    assert tolerance(Decimal(10)) == Decimal("0.11")
    at_it, beyond = compare(bill(subtotal=Decimal("206.11"))), compare(bill(subtotal=Decimal("206.12")))
    assert (names(at_it), at_it.agrees, at_it.variances[0].difference) == (["rounding"], True, Money.of("0.11", "EUR"))
    assert (names(beyond), beyond.agrees) == (["price"], False)


@pytest.mark.parametrize(
    ("changed", "name", "words"),
    [
        ({"start": date(2026, 11, 12)}, "timing", "expected for 2026-11-10 to 2026-12-09"),
        ({"charge": "renew"}, "charge_type", "expected as new, billed as renew"),
        ({"subtotal": Decimal("230.00"), "unit": Decimal("23.00")}, "price", "20.60 EUR a unit expected, 23.00 billed"),
        ({"subtotal": Decimal("185.40"), "promotion": "P:1:A"}, "price", "with promotion P:1:A"),
        ({"quantity": Decimal(12), "subtotal": Decimal("247.20")}, "quantity", "10 expected, 12 billed"),
        ({"currency": "USD"}, "fx", "billed 206.00 USD"),
        ({"subtotal": Decimal("190.00"), "rate": Decimal("0.92")}, "fx", "at a rate of 0.92"),
        ({"subtotal": None, "total": Decimal("206.00"), "tax": Decimal("32.89")}, "tax", "may hold no tax"),
        ({"subtotal": Decimal("212.18"), "adjustment": "Extended Service Term"}, "est", "extended service term"),
        ({"subtotal": None}, "missing_line", "holds no amount"),
    ],
)
def test_every_difference_of_a_line_has_its_name(changed, name, words):
    """One line of theirs beside one of ours, and what tells them apart."""
    found = compare(bill(**changed))
    assert names(found) == [name]
    assert words in found.variances[0].text
    assert not found.agrees


def test_what_is_billed_as_two_lines_is_one():
    """Telephony and the rest of a suite: together they are what was expected, whichever comes first."""
    parts = [bill(subtotal=Decimal("150.00"), unit=Decimal("15.00")), bill(subtotal=Decimal("56.00"), number=3)]
    for order in (parts, parts[::-1]):
        assert (compare(*order).agrees, compare(*order).equal, names(compare(*order))) == (True, 1, [])
    off = compare(parts[0], replace(parts[1], subtotal=Decimal("56.05")))
    assert (names(off), off.agrees) == (["rounding"], True)


def test_a_line_nobody_expects_is_extra():
    """Of a subscription of ours, on days where nothing was changed."""
    found = compare(bill(), bill(number=3, charge="add_quantity", subtotal=Decimal("20.60"), quantity=Decimal(1)))
    assert names(found) == ["extra_line"]


def test_a_line_that_is_not_there_is_missing():
    """Another line of the subscription is: it was not billed."""
    other = bill(charge="customer_credit", subtotal=Decimal("-1.00"), quantity=Decimal(1))
    found = compare(other)
    missing = next(item for item in found.variances if item.name == "missing_line")
    assert missing.text == "expected 206.00 EUR, not billed"
    assert missing.difference == Money.of("-206.00", "EUR")


def test_a_join_that_fails_never_says_not_bought():
    """No line of the file names the subscription: it may stand there under another id."""
    found = compare(bill(subscription="ffffffff", order="", offer=None))
    assert names(found) == ["missing_line"]
    assert "it may be billed under another id; it runs all the same" in found.variances[0].text
    assert [one.subscription for one in found.unmanaged] == ["ffffffff"]


@pytest.mark.parametrize("field", ["order", "alternate"])
def test_a_line_with_another_id_is_found_by_order_and_offer(field):
    """The id in a file is not promised to be the console's; case does not matter."""
    assert compare(bill(subscription="ffffffff", **{field: "order-1"})).agrees


def test_an_unbilled_line_may_be_a_week_late():
    """Not in a file of unbilled lines yet: timing, where the file's last charge is no week younger."""
    fresh = bill(subscription="s-2", order="", offer=None, invoice="")
    found = compare(bill(invoice="", charge="usage", quantity=Decimal(3), start=date(2026, 11, 12)))
    assert "timing" in names(found)
    assert names(compare(fresh)) == ["missing_line"]


def test_a_line_that_cannot_be_read_keeps_the_books_from_agreeing():
    """It is counted and named."""
    found = compare(bill(), BadLine(number=7, why="4 columns where the header has 7"))
    assert (found.agrees, found.lines) == (False, 2)
    assert "line 7 of the file cannot be read" in "".join(render_comparison(found))


def test_other_months_lines_are_not_compared():
    """A file of several months beside one of them."""
    assert compare(bill(), bill(number=3, start=date(2026, 10, 10)), bill(number=4, subscription="x",
                   start=date(2026, 10, 10))).unmanaged == ()  # fmt: skip


def adopt(when):
    running = subscription(10)
    return (Adopt(provider="partner-center", tenant=TENANT, ids=("s-1",), offer=PREMIUM), running, None, when)


def test_what_was_billed_before_a_line_was_taken_over_is_not_ours():
    """The cycle that began a week before, and one that began on the very day."""
    cycle = bill(charge="cycle_charge", start=date(2026, 11, 15), end=date(2026, 12, 14))
    for day in ("2026-11-22T14:00:00", "2026-11-15T09:00:00"):
        found = compare(cycle, ledger=chain(adopt(at(day))))
        assert (found.agrees, len(found.unmanaged)) == (True, 1)


def test_what_is_billed_after_a_line_was_let_go_is_not_ours():
    """It goes on being billed, and nobody calls it extra."""
    let_go = (Forget(ids=("s-1",)), None, SEEN, at("2026-11-20T10:00:00"))
    cycle = bill(charge="cycle_charge", start=date(2026, 12, 10), end=date(2027, 1, 9))
    found = compare(cycle, ledger=chain(bought(), let_go), since=date(2026, 12, 1), before=date(2027, 1, 1))
    assert (found.agrees, len(found.unmanaged)) == (True, 1)


def test_usage_of_an_azure_plan_is_no_charge_the_ledger_counts():
    """It stands beside, with its sum."""
    plan = subscription(1, id="az-1", offer=OfferKey.parse("DZH318Z0BPS6:0001"), term=None, billing=None,
                        term_ends=None, product="azure_plan")  # fmt: skip
    ledger = chain((BuyAzurePlan(nickname="", country="DE"), plan, None, BOUGHT))
    found = compare(bill(subscription="az-1", subtotal=Decimal("81.33")), ledger=ledger)
    assert (found.agrees, found.usage_total) == (True, (Money.of("81.33", "EUR"),))
    assert "usage    81.33 EUR on 1 line" in "".join(render_comparison(found))


def test_a_charge_of_unknown_price_is_compared_by_its_days_and_quantity():
    """The ledger knew no list: unpriced, and the books do not agree by it."""
    action, seen, before, when = bought()
    (change,) = record_operation(
        operation(action), applied(seen, when=when), context=CONTEXT, prices=replace(price_book(), lists=()),
        recorded_at=when, before=before,
    )  # fmt: skip
    found = compare(bill(), ledger=sealed(change))
    assert (names(found), found.agrees) == (["unpriced"], False)


def test_a_change_of_seats_is_two_lines_on_both_sides():
    """10 → 12 on 20 November: the whole old quantity back, the whole new one charged."""
    more = (SetSeats(before=10, after=12), replace(SEEN, seats=12), SEEN, at("2026-11-20T12:00:00"))
    days = {"charge": "add_quantity", "start": date(2026, 11, 20)}
    found = compare(
        bill(), bill(number=3, subtotal=Decimal("-137.33"), **days),
        bill(number=4, subtotal=Decimal("164.80"), quantity=Decimal(12), **days), ledger=chain(bought(), more),
    )  # fmt: skip
    assert (found.agrees, found.equal, names(found)) == (True, 3, [])


def test_the_document_names_both_sides_of_a_difference():
    """Record and line, amounts with their currency, the difference as text."""
    found = comparison_document(compare(bill(subtotal=Decimal("230.00"))))
    (one,) = found["variances"]
    assert (one["record"], one["line"], one["class"]) == ("op-0", 2, "price")
    assert one["difference"] == {"amount": "24.00", "currency": "EUR"}
    assert found["agrees"] is False
