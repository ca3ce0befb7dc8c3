"""One record an operation: what it says for every kind of action, and what its money is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from cspdecl.billing.changes import Estate, record_operation
from cspdecl.billing.fold import fold_book, fold_recorded
from cspdecl.billing.state import opaque, people
from cspdecl.core.action import (
    Adopt,
    AttestAgreement,
    BookService,
    Cancel,
    ClearSchedule,
    CreateCustomer,
    Forget,
    Purchase,
    Rebind,
    Rename,
    ScheduleRenewal,
    SetEndOfTerm,
    SetSeats,
    UpdateProfile,
)
from cspdecl.core.address import Address
from cspdecl.core.desired import SellRule
from cspdecl.core.live import NextTerm, Status
from cspdecl.core.money import Money
from cspdecl.core.project import PriceBook
from cspdecl.core.terms import BillingCycle, Term
from tests.unit.billing.estate import (
    ANCHOR,
    BETREUUNG,
    BUNDLE,
    CONTEXT,
    LINE,
    NOW,
    PHONE,
    PREMIUM,
    TELEFONIE,
    TENANT,
    anchor_line,
    applied,
    at,
    binding,
    customer,
    desired,
    line,
    monthly,
    operation,
    price_book,
    price_row,
    sealed,
    subscription,
)

EUR = "EUR"


def record(action, seen=None, *, before=None, context=None, prices=None, estate=None, address=LINE, when=NOW, **guard):
    """The one change of an applied operation, sealed (and thereby checked against the schema) on the way."""
    changes = record_operation(
        operation(action, address=address, context=context, **guard),
        applied(seen, when=when),
        context=CONTEXT,
        prices=price_book() if prices is None else prices,
        recorded_at=NOW,
        before=before,
        estate=estate,
    )
    sealed(*changes)
    (change,) = changes
    return change


def buy(seats=12) -> Purchase:
    return Purchase(
        offer=PREMIUM,
        seats=seats,
        term=Term.P1Y,
        billing=BillingCycle.MONTHLY,
        nickname="",
        segment="commercial",
        country="DE",
        unit_price=None,
    )


def test_more_seats_wipe_and_charge_the_days_left():
    """25 → 28 with 23 of 30 days left: the two lines, 47.38 now, 61.80 a cycle, 232.78 until the term ends."""
    change = record(SetSeats(before=25, after=28), subscription(28), before=subscription(25))
    assert (change.charge_kind, change.quantity_before, change.quantity_after, change.quantity_delta) == (
        "add_quantity",
        25,
        28,
        3,
    )
    assert [(one.role, one.quantity, str(one.amount)) for one in change.cost_lines] == [
        ("wipe", 25, "-394.83 EUR"),
        ("charge", 28, "442.21 EUR"),
    ]
    assert change.cost_amount == Money.of("47.38", EUR)
    assert change.cost_amount_exact == Fraction("47.38")
    assert change.recurring_cost_delta == Money.of("61.80", EUR)
    assert change.commitment_remaining_cost == Money.of("232.78", EUR)
    assert change.proration_factor == Fraction(23, 30)
    assert (change.period_start, change.period_end) == (at("2026-11-22"), at("2026-12-15"))
    assert change.cost_rounding_profile == "msft.line_down.v1"
    assert "20.60 EUR a seat and cycle by price list 2026-11" in change.basis


def test_a_record_says_who_by_which_plan_and_how_to_ask_again():
    """Plan, commit, run, tool, order and request; people only as ids that are not their names."""
    change = record(SetSeats(before=25, after=28), subscription(28), before=subscription(25))
    assert (change.id, change.correlation_id, change.plan_digest, change.git_commit) == (
        "op-1",
        "run-1",
        "plan-1",
        "c0ffee",
    )
    assert (change.provider_order_id, change.provider_request_id, change.customer_tenant_id) == (
        "order-1",
        "req-1",
        TENANT,
    )
    assert change.actor == opaque("nordlicht", "frau.lindqvist")
    assert change.approvals == (opaque("nordlicht", "herr.oduya"),)
    (sealed_record,) = sealed(change)
    assert "lindqvist" not in sealed_record.body
    assert people("nordlicht", ["frau.lindqvist"])[change.actor] == "frau.lindqvist"


def test_a_purchase_charges_a_full_cycle_and_commits_to_the_term():
    """12 seats for a year, billed monthly: one line for the first cycle, the whole year as commitment."""
    bought = subscription(12, term_started=NOW, term_ends=at("2027-11-22"))
    change = record(buy(), bought, context=line(sell=monthly("29.90")))
    assert [(one.role, one.quantity) for one in change.cost_lines] == [("charge", 12)]
    assert change.cost_amount == Money.of("247.20", EUR)
    assert change.commitment_remaining_cost == Money.of("2966.40", EUR)
    assert change.sell_amount == Money.of("358.80", EUR)
    assert change.margin_amount == Money.of("111.60", EUR)
    assert change.margin_ratio == Fraction("111.60") / Fraction("358.80")


def test_a_cancellation_returns_everything_and_ends_the_line():
    """Only a wipe line, rounded by the unit as Microsoft's worked case is; the address is ended."""
    gone = subscription(25, status=Status.DELETED)
    change = record(Cancel(seats=25), gone, before=subscription(25))
    assert [(one.role, one.quantity) for one in change.cost_lines] == [("wipe", 25)]
    assert change.cost_amount == Money.of("-394.75", EUR)  # 20.60 × 23/30 = 15.7933 → 15.79 × 25
    assert (change.state, change.quantity_after, change.cost_rounding_profile) == ("ended", 0, "msft.unit_down.v1")
    assert change.commitment_remaining_cost is None


def test_fewer_seats_charge_the_rest_and_commit_to_nothing_new():
    """25 → 20 inside the window: a negative amount, no new commitment."""
    change = record(SetSeats(before=25, after=20), subscription(20), before=subscription(25))
    assert change.charge_kind == "remove_quantity"
    assert change.cost_amount == Money.of("-78.97", EUR)  # -394.83 + 315.86
    assert change.commitment_remaining_cost is None


def test_an_unknown_price_is_absent_and_said():
    """No list imported: quantities and our own price are there, every cost is absent, and the reason is written."""
    change = record(
        SetSeats(before=25, after=28),
        subscription(28),
        before=subscription(25),
        prices=PriceBook(),
        context=line(sell=monthly("29.90")),
    )
    (sealed_record,) = sealed(change)
    assert "cost_" not in sealed_record.body
    assert "no price list is imported" in change.unknown[0]
    assert change.sell_amount == Money.of("68.77", EUR)  # 641.85 - 573.08, each line half-up


def test_a_yearly_price_of_ours_is_prorated_over_our_year():
    """Cost is by the month, our price by the year: each over its own days, and no margin pretends to compare them."""
    rule = SellRule(per_seat=Decimal(365), currency=EUR, every="year")
    change = record(SetSeats(before=25, after=26), subscription(26), before=subscription(25), context=line(sell=rule))
    assert change.sell_amount == Money.of("113.00", EUR)
    assert (change.sell_lines[0].charge_start, change.sell_lines[0].charge_end_inclusive) == (
        date(2026, 11, 22),
        date(2027, 3, 14),
    )
    assert change.margin_amount is None


def test_adopting_opens_the_books_without_a_charge():
    """25 seats ran already: the quantity is there to go on from, nothing is charged or committed."""
    action = Adopt(provider="partner-center", tenant=TENANT, ids=("s-1",), offer=PREMIUM)
    estate = Estate(live={"hafenkontor": customer(subscription(25))})
    change = record(action, estate=estate, context=line(sell=monthly("29.90")))
    assert (change.charge_kind, change.quantity_before, change.quantity_after) == ("own", 0, 25)
    assert (change.cost_lines, change.cost_amount, change.sell_amount) == ((), None, None)
    assert change.cost_unit_list == Money.of("20.60", EUR)
    assert change.term_end == at("2027-03-15")
    assert change.provider_subscription_ids == ("s-1",)


def test_adopting_two_subscriptions_opens_with_their_sum():
    """An address may stand for several subscriptions; one that was not read makes the quantity uncertain."""
    action = Adopt(provider="partner-center", tenant=TENANT, ids=("s-0", "s-1"), offer=PREMIUM)
    both = Estate(live={"hafenkontor": customer(subscription(5, id="s-0"), subscription(25))})
    assert record(action, estate=both).quantity_after == 30
    one = record(action, estate=Estate(live={"hafenkontor": customer(subscription(25))}))
    assert "not every adopted subscription was read" in one.unknown[0]


def test_forgetting_closes_the_books():
    """The subscription goes on; here it is ended, at nothing."""
    change = record(Forget(ids=("s-1",)), before=subscription(25))
    assert (change.state, change.quantity_before, change.quantity_after, change.cost_lines) == ("ended", 25, 0, ())


def test_a_rename_closes_the_old_address_and_opens_the_new_one():
    """Two records whose quantities cancel out, each naming the other; the last records alone tell the same."""
    old = Address.parse("hafenkontor/visio-alt")
    changes = record_operation(
        operation(Rebind(source=old, ids=("s-1",))),
        applied(),
        context=CONTEXT,
        prices=price_book(),
        recorded_at=NOW,
        before=subscription(8),
    )
    leaving, arriving = changes
    assert (leaving.address, leaving.state, leaving.moved_to) == (old, "ended", LINE)
    assert (arriving.address, arriving.state, arriving.moved_from) == (LINE, "running", old)
    assert leaving.quantity_delta + arriving.quantity_delta == 0
    recorded = fold_recorded(sealed(*changes))
    assert (recorded[old].status, recorded[LINE].status) == ("ended", "running")
    assert recorded[LINE].seats == 8


def test_an_own_service_is_charged_by_the_calendar_month():
    """25 → 28 on 22 November: 9 of 30 days at 19.00; the book then has 28."""
    action = BookService(service="managed-workplace", before=25, after=28)
    context = line(provider=None, offer=None, term=None, service="managed-workplace", sell=monthly("19.00"))
    change = record(action, address=BETREUUNG, context=context)
    assert change.sell_amount == Money.of("17.10", EUR)
    assert (change.component_kind, change.charge_kind) == ("own_service", "own")
    book = fold_book(sealed(change))
    assert (book[BETREUUNG].quantity, book[BETREUUNG].sell) == (28, monthly("19.00"))


def test_a_service_that_ends_leaves_the_book():
    """Nought is no quantity to keep."""
    context = line(provider=None, offer=None, term=None, service="managed-workplace", sell=monthly("19.00"))
    first = record(BookService(service="managed-workplace", before=0, after=3), address=BETREUUNG, context=context)
    last = record(BookService(service="managed-workplace", before=3, after=0), address=BETREUUNG, context=context)
    assert fold_book(sealed(first, replace(last, id="op-2"))) == {}


NEXT = NextTerm(offer=PREMIUM, seats=17, term=Term.P1Y, billing=BillingCycle.MONTHLY)


@pytest.mark.parametrize(
    ("action", "seen", "field", "value"),
    [
        (ScheduleRenewal(next=NEXT), subscription(25, scheduled=NEXT), "scheduled", NEXT),
        (ScheduleRenewal(next=NEXT), None, "scheduled", NEXT),
        (ClearSchedule(was=NEXT), None, "scheduled", None),
        (SetEndOfTerm(before="renew", after="cancel"), subscription(25, end_of_term="cancel"), "end_of_term", "cancel"),
        (SetEndOfTerm(before="renew", after="cancel"), None, "end_of_term", "cancel"),
        (Rename(before="a", after="b"), subscription(25), "provider_status", Status.ACTIVE),
    ],
)
def test_what_changes_no_seat_is_recorded_without_charge(action, seen, field, value):
    """Schedules, end of term and names: state after as read, or as sent where nothing was read back."""
    change = record(
        action, seen, before=subscription(25, scheduled=NEXT if isinstance(action, ClearSchedule) else None)
    )
    assert getattr(change, field) == value
    assert (change.quantity_before, change.quantity_after, change.charge_kind) == (25, 25, "other")
    assert change.cost_amount is None


@pytest.mark.parametrize("kind", [CreateCustomer, AttestAgreement, UpdateProfile])
def test_what_happens_to_a_customer_is_recorded_without_quantities(kind):
    """Creating, attesting, renaming a customer: a record each, and no money."""
    nobody = {field: None for field in ("create", "agreement", "before", "after") if field in kind.__dataclass_fields__}
    address = Address("hafenkontor")
    change = record(kind(**nobody), address=address, context=line(offer=None, term=None, billing=None))
    assert (change.component_kind, change.quantity_after, change.cost_amount) == ("customer", 0, None)


def test_adopting_a_customer_is_recorded():
    """The tenant is bound from here on."""
    action = Adopt(provider="partner-center", tenant=TENANT, ids=(), offer=None)
    change = record(action, address=Address("hafenkontor"), context=line(offer=None, term=None, billing=None))
    assert (change.customer_tenant_id, change.quantity_after) == (TENANT, 0)


# ---- bundles ----


def test_the_anchors_record_carries_the_bundles_price():
    """25 → 28 bundle seats at 54.90: 23 of 30 days now, 164.70 a month."""
    change = record(
        SetSeats(before=25, after=28),
        subscription(28),
        before=subscription(25),
        address=ANCHOR,
        context=anchor_line(bundle_seats=28, seats=28),
    )
    assert (change.bundle_quantity_before, change.bundle_quantity_after) == (25, 28)
    assert change.bundle_sell_amount == Money.of("126.27", EUR)
    assert change.bundle_recurring_sell_delta == Money.of("164.70", EUR)
    assert fold_recorded(sealed(change))[BUNDLE].seats == 28


def test_a_reduction_held_back_stays_billed():
    """17 are declared, 20 remain because three wait for the renewal: the customer goes on paying 20."""
    change = record(
        SetSeats(before=25, after=20),
        subscription(20),
        before=subscription(25),
        address=ANCHOR,
        context=anchor_line(bundle_seats=17, seats=17),
    )
    assert (change.bundle_quantity_before, change.bundle_quantity_after) == (25, 20)


def test_an_anchor_that_counts_differently_keeps_the_declared_ratio():
    """28 bundle seats on an anchor of 14: at 14 all are billed, at a held-back 15 thirty."""
    whole = record(
        SetSeats(before=15, after=14),
        subscription(14),
        before=subscription(15),
        address=ANCHOR,
        context=anchor_line(bundle_seats=28, seats=14),
    )
    assert (whole.bundle_quantity_before, whole.bundle_quantity_after) == (30, 28)


def test_other_components_carry_no_bundle_price():
    """Telephony costs something and is sold within the bundle: cost on its record, no price, no margin."""
    context = line(bundle="arbeitsplatz-komfort", bundle_version="2.1.0", bundle_instance=BUNDLE, component="telefonie")
    change = record(
        SetSeats(before=13, after=14), subscription(14), before=subscription(13), address=TELEFONIE, context=context
    )
    assert (change.bundle_sell_amount, change.sell_amount, change.margin_amount) == (None, None, None)


def estate(**rest) -> Estate:
    return Estate(
        desired=desired(seats=28, **rest),
        live={"hafenkontor": customer(subscription(28), subscription(13, id="s-2", offer=PHONE))},
        bindings={ANCHOR: binding(ANCHOR), TELEFONIE: binding(TELEFONIE, "s-2")},
    )


def allocated(prices=None, *, allocate="byCost"):
    return record(
        SetSeats(before=25, after=28),
        subscription(28),
        before=subscription(25),
        address=ANCHOR,
        context=anchor_line(bundle_seats=28, seats=28, allocate=allocate),
        estate=estate(allocate=allocate),
        prices=prices,
    )


def test_the_price_is_shared_by_cost_to_the_last_cent():
    """28 × 20.60 against 13 × 8.00 of 1,537.20; the own service has a price of its own and takes no part."""
    change = allocated()
    assert change.allocation_method == "by_cost"
    assert [(one.component, str(one.amount)) for one in change.allocation] == [
        ("m365", "1,302.38 EUR"),
        ("telefonie", "234.82 EUR"),
    ]
    assert sum(one.share for one in change.allocation) == 1
    assert sum(one.amount.amount for one in change.allocation) == Decimal("1537.20")


def test_an_unknown_cost_makes_the_split_unknown():
    """Telephony is in no list: nothing is allocated, and the component is named."""
    change = allocated(price_book(price_row()))
    assert change.allocation == ()
    assert any("telefonie" in reason for reason in change.unknown)


def test_equal_parts_need_no_cost():
    """`allocate: equal` halves the price even where no cost is known."""
    change = allocated(PriceBook(), allocate="equal")
    assert [str(one.amount) for one in change.allocation] == ["768.60 EUR", "768.60 EUR"]


def test_a_recorded_bundle_goes_on_from_what_was_billed():
    """What the ledger last billed is what is wiped, whatever the ratio of today's declaration says."""
    first = record(
        SetSeats(before=20, after=25),
        subscription(25),
        before=subscription(20),
        address=ANCHOR,
        context=anchor_line(bundle_seats=30, seats=25),
    )
    assert first.bundle_quantity_after == 30
    second = record(
        SetSeats(before=25, after=28),
        subscription(28),
        before=subscription(25),
        address=ANCHOR,
        context=anchor_line(bundle_seats=28, seats=28),
        estate=Estate(recorded=fold_recorded(sealed(first))),
    )
    assert (second.bundle_quantity_before, second.bundle_quantity_after) == (30, 28)


# ---- what stands around ----


def test_a_rename_carries_the_term_along():
    """The new address knows its term from what is live, so that its next renewal is seen."""
    old = Address.parse("hafenkontor/visio-alt")
    _leaving, arriving = record_operation(
        operation(Rebind(source=old, ids=("s-1",))),
        applied(),
        context=CONTEXT,
        prices=price_book(),
        recorded_at=NOW,
        before=None,
        estate=Estate(live={"hafenkontor": customer(subscription(8))}),
    )
    assert (arriving.term_end, arriving.provider_subscription_id) == (at("2027-03-15"), "s-1")
    assert arriving.quantity_after == 8


def test_one_of_two_subscriptions_is_charged_and_both_are_held():
    """An address of 5 + 25 seats gets three more on one of them: charged as 25 → 28, recorded as 30 → 33."""
    around = Estate(
        live={"hafenkontor": customer(subscription(5, id="s-0"), subscription(25))},
        bindings={LINE: binding(LINE, "s-0", "s-1")},
    )
    change = record(SetSeats(before=25, after=28), subscription(28), before=subscription(25), estate=around)
    assert (change.quantity_before, change.quantity_after) == (30, 33)
    assert [one.quantity for one in change.cost_lines] == [25, 28]
    assert change.provider_subscription_ids == ("s-0", "s-1")
    gone = record(Cancel(seats=25), subscription(25, status=Status.DELETED), before=subscription(25), estate=around)
    assert (gone.state, gone.quantity_after) == ("running", 5)


def test_closing_takes_back_exactly_what_was_recorded():
    """The ledger had 25; live shows 30 that nobody recorded: the books close at what they held."""
    opening = record(
        Adopt(provider="partner-center", tenant=TENANT, ids=("s-1",), offer=PREMIUM),
        estate=Estate(live={"hafenkontor": customer(subscription(25))}),
    )
    held = Estate(recorded=fold_recorded(sealed(opening)))
    assert record(Forget(ids=("s-1",)), before=subscription(30), estate=held).quantity_before == 25
