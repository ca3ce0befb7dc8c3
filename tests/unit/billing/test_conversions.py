"""Records of upgrades, trials, longer terms and everything else that changes what a subscription is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from cspdecl.billing.changes import Estate, record_operation
from cspdecl.billing.document import change_of
from cspdecl.billing.fold import fold_recorded
from cspdecl.core.action import (
    BuyAzurePlan,
    Cancel,
    ChangeTerm,
    Purchase,
    Resume,
    SetBudget,
    SetReseller,
    SetSeats,
    Suspend,
    Transition,
)
from cspdecl.core.catalog import OfferKey
from cspdecl.core.live import NextTerm, Status
from cspdecl.core.money import Money
from cspdecl.core.operation import PriceDelta
from cspdecl.core.records import Discount
from cspdecl.core.terms import BillingCycle, Term
from tests.unit.billing.estate import (
    CONTEXT,
    LINE,
    NOW,
    applied,
    at,
    binding,
    customer,
    line,
    monthly,
    operation,
    price_book,
    price_row,
    sealed,
    subscription,
)

STANDARD = OfferKey.parse("CFQ7TTC0LDPB:0001")
E1 = OfferKey.parse("CFQ7TTC0LF8Q:0001")
PRICES = price_book(
    price_row(STANDARD, "120.96"), price_row(E1, "77.16"), price_row(STANDARD, "10.08", term=Term.P1M),
    price_row(E1, "6.43", term=Term.P1M), price_row(STANDARD, "300.00", term=Term.P3Y, billing=BillingCycle.TRIENNIAL),
    price_row(E1, "900.00", term=Term.ONCE, billing=BillingCycle.ONE_TIME),
)  # fmt: skip
EUR = "EUR"


def month(seats, **rest):
    """A monthly subscription from the 18th, as in the worked tables."""
    values = dict(
        offer=STANDARD, term=Term.P1M, term_started=at("2026-06-18"), created=at("2026-06-18"),
        term_ends=at("2026-07-18"),
    )  # fmt: skip
    return subscription(seats, **{**values, **rest})


def record(action, seen=None, *, before=None, when="2026-06-25T09:00:00", also=(), estate=None, recorded=(), **rest):
    """The one record of an action, checked against the schema."""
    estate = estate or Estate(
        live={"hafenkontor": customer(*([before] if before else []))},
        bindings={LINE: binding(LINE, *([before.id] if before else []))} if before else {},
        recorded=fold_recorded(recorded),
    )
    made = operation(action, context=rest.pop("context", None) or line(offer=STANDARD))
    made = replace(made, preview=rest.pop("preview", None))
    (change,) = record_operation(
        made, applied(seen, when=at(when), also=also), context=CONTEXT, prices=PRICES, recorded_at=NOW, before=before,
        estate=estate,
    )  # fmt: skip
    sealed(change)
    return change


def lines_of(change):
    return [(one.role, one.subscription, str(one.offer or change.offer), one.quantity, str(one.amount),
             str(one.charge_start), str(one.charge_end_inclusive)) for one in change.cost_lines]  # fmt: skip


def upgrade(seats, before=300, **rest):
    return Transition(source=STANDARD, target=E1, before=before, seats=seats, **rest)


def test_a_full_upgrade_returns_all_seats_and_charges_them_anew():
    """Microsoft's table: 300 seats from 10.08 to 6.43 with 23 of 30 days left, -2,316.00 and +1,476.00."""
    before = month(300)
    change = record(upgrade(300), replace(before, offer=E1), before=before)
    days = ("2026-06-25", "2026-07-17")
    assert lines_of(change) == [
        ("wipe", "s-1", str(STANDARD), 300, "-2,316.00 EUR", *days),
        ("charge", "s-1", str(E1), 300, "1,476.00 EUR", *days),
    ]
    assert (change.charge_kind, change.cost_rounding_profile, change.offer) == ("convert", "msft.unit_down.v1", E1)
    assert (change.quantity_before, change.quantity_after, change.parts) == (300, 300, ())
    assert change.recurring_cost_delta == Money.of("-1095.00", EUR)
    assert change.commitment_remaining_cost == Money.zero(EUR)


def test_a_partial_upgrade_returns_what_leaves_and_binds_two_subscriptions():
    """100 of 300: -772.00 and +492.00; the address still has 300 seats, and the record says how they lie."""
    before = month(300)
    left = replace(before, seats=200)
    made = replace(before, id="s-2", offer=E1, seats=100, term_started=at("2026-06-25"), created=at("2026-06-25"))
    change = record(upgrade(100), made, before=before, also=(left,))
    assert [(one[1], one[3], one[4]) for one in lines_of(change)] == [
        ("s-1", 100, "-772.00 EUR"),
        ("s-2", 100, "492.00 EUR"),
    ]
    assert (change.quantity_before, change.quantity_after) == (300, 300)
    assert (change.provider_subscription_ids, change.provider_subscription_id) == (("s-1", "s-2"), "s-2")
    assert [(one.subscription, one.quantity, one.cost_unit_list, one.cycle_anchor) for one in change.parts] == [
        ("s-1", 200, Money.of("10.08", EUR), None),
        ("s-2", 100, Money.of("6.43", EUR), date(2026, 6, 18)),
    ]


def split():
    """A line of two subscriptions, and what its record said."""
    before = month(300)
    left = replace(before, seats=200)
    made = replace(before, id="s-2", offer=E1, seats=100, term_started=at("2026-06-25"))
    first = record(upgrade(100), made, before=before, also=(left,))
    return left, made, first


def around(left, made, first):
    return Estate(
        live={"hafenkontor": customer(left, made)}, bindings={LINE: binding(LINE, "s-1", "s-2")},
        recorded=fold_recorded(sealed(first)),
    )  # fmt: skip


def test_more_seats_move_into_the_part_that_was_upgraded():
    """50 of 200 follow: returned on the source, charged on the target, both for the target's cycle."""
    left, made, first = split()
    change = record(
        upgrade(50, before=200, into="s-2", target_before=100), replace(made, seats=150), before=left,
        also=(replace(left, seats=150),), estate=around(left, made, first),
    )  # fmt: skip
    assert change.charge_kind == "move_quantity"
    assert [(one[0], one[1], one[3], one[4]) for one in lines_of(change)] == [
        ("wipe", "s-1", 50, "-386.00 EUR"),
        ("charge", "s-2", 50, "246.00 EUR"),
    ]
    assert {one.subscription: one.quantity for one in change.parts} == {"s-1": Decimal(150), "s-2": Decimal(150)}
    assert (change.quantity_before, change.quantity_after) == (300, 300)


def test_the_last_seats_to_move_leave_one_subscription():
    """All 200 follow: the source is gone, and the address is the target alone."""
    left, made, first = split()
    gone = replace(left, status=Status.DELETED)
    change = record(
        upgrade(200, before=200, into="s-2", target_before=100), replace(made, seats=300), before=left, also=(gone,),
        estate=around(left, made, first),
    )  # fmt: skip
    assert (change.provider_subscription_ids, change.parts) == (("s-2",), ())
    assert (change.quantity_before, change.quantity_after, change.cycle_anchor) == (300, 300, date(2026, 6, 18))


def test_one_part_of_a_line_changes_its_seats_and_the_other_is_kept():
    """Five more upgraded seats are charged at the new price on the subscription that has them."""
    left, made, first = split()
    change = record(
        SetSeats(before=100, after=105), replace(made, seats=105), before=made, estate=around(left, made, first)
    )
    assert change.provider_subscription_id == "s-2"
    assert (change.quantity_before, change.quantity_after, change.cost_unit_list) == (300, 305, Money.of("6.43", EUR))
    assert (change.billable_units, change.cycle_units) == (23, 30)
    assert [(one.subscription, one.quantity) for one in change.parts] == [("s-1", 200), ("s-2", 105)]


def test_cancelling_one_part_leaves_the_other():
    """The upgraded part is cancelled: its seats end, the rest of the address goes on alone."""
    left, made, first = split()
    change = record(Cancel(seats=100), before=made, estate=around(left, made, first))
    assert (change.state, change.quantity_before, change.quantity_after) == ("running", 300, 200)
    assert (change.provider_subscription_ids, change.provider_subscription_id) == (("s-1",), "s-2")
    assert [(part.subscription, part.offer) for part in change.parts] == [("s-1", STANDARD)]
    assert change.cost_amount == Money.of("-492.00", EUR)


def test_an_upgrade_of_unknown_price_charges_nothing_and_says_why():
    """No list row for the target: no lines, no recurring delta, the reason."""
    before = month(300, offer=STANDARD)
    target = OfferKey.parse("CFQ7TTC0ZZZZ:0001")
    change = record(
        Transition(source=STANDARD, target=target, before=300, seats=300), replace(before, offer=target), before=before
    )
    assert (change.cost_lines, change.cost_amount, change.recurring_cost_delta) == ((), None, None)
    assert "no row" in change.unknown[0]


def test_a_longer_term_returns_the_rest_of_the_cycle_and_charges_a_full_one():
    """10 monthly seats become a year's on the 25th: 23 days back, a first cycle of the year in full, all of it owed."""
    before = month(10)
    made = replace(before, term=Term.P1Y, term_started=at("2026-06-25"), term_ends=at("2027-06-25"))
    action = ChangeTerm(
        seats=10, before_term=Term.P1M, before_billing=BillingCycle.MONTHLY, term=Term.P1Y,
        billing=BillingCycle.MONTHLY,
    )  # fmt: skip
    change = record(action, made, before=before)
    assert [one[3:] for one in lines_of(change)] == [
        (10, "-77.20 EUR", "2026-06-25", "2026-07-17"),
        (10, "100.80 EUR", "2026-06-25", "2026-07-24"),
    ]
    assert change.commitment_remaining_cost == Money.of("1209.60", EUR)
    assert "inferred" in change.basis
    assert change.charge_kind == "change_billing_plan"


def trial(**rest):
    return month(
        25, billing=BillingCycle.NONE, trial=True, end_of_term="renew",
        scheduled=NextTerm(offer=STANDARD, seats=25, term=Term.P1Y, billing=BillingCycle.MONTHLY), **rest,
    )  # fmt: skip


def test_a_trial_is_free_and_says_what_it_becomes():
    """25 seats at nothing, their line as bills show it, nothing recurring on either side."""
    action = Purchase(
        offer=STANDARD, seats=25, term=Term.P1M, billing=BillingCycle.NONE, nickname="", segment="commercial",
        country="DE", unit_price=None, trial=True,
    )  # fmt: skip
    change = record(action, trial(), when="2026-06-18T08:00:00", context=line(sell=monthly("15.00")))
    assert (change.term_kind, change.cost_amount, change.unknown) == ("trial", Money.zero(EUR), ())
    assert [one[3:] for one in lines_of(change)] == [(25, "0.00 EUR", "2026-06-18", "2026-07-17")]
    assert (change.recurring_cost_delta, change.recurring_sell_delta) == (Money.zero(EUR), Money.zero(EUR))
    assert "25 seats of" in change.basis
    assert change.commitment_remaining_cost is None


def test_a_trial_that_becomes_paid_returns_nothing_and_charges_a_whole_term():
    """The trial's line back at nothing, 30 seats for a year: a full first cycle, and our price from that day on."""
    made = replace(
        trial(), trial=False, seats=30, term=Term.P1Y, billing=BillingCycle.MONTHLY, term_started=at("2026-06-25"),
        term_ends=at("2027-06-25"), scheduled=None,
    )  # fmt: skip
    change = record(
        upgrade(30, before=25, trial=True, term=Term.P1Y, billing=BillingCycle.MONTHLY), replace(made, offer=E1),
        before=trial(), context=line(sell=monthly("15.00")),
    )  # fmt: skip
    assert [(one[0], *one[3:]) for one in lines_of(change)] == [
        ("wipe", 25, "0.00 EUR", "2026-06-25", "2026-07-17"),
        ("charge", 30, "192.90 EUR", "2026-06-25", "2026-07-24"),
    ]
    assert (change.term_kind, change.recurring_cost_delta) == ("standard", Money.of("192.90", EUR))
    assert (change.sell_amount, change.recurring_sell_delta) == (Money.of("450.00", EUR), Money.of("450.00", EUR))


def buy(**rest):
    values = dict(
        offer=STANDARD, seats=10, term=Term.P1Y, billing=BillingCycle.MONTHLY, nickname="", segment="commercial",
        country="DE", unit_price=None,
    )  # fmt: skip
    return Purchase(**{**values, **rest})


def promoted(seats=10):
    return month(
        seats, term=Term.P1Y, term_ends=at("2027-06-18"), promotion="39NFJQT1X0XH:0002:39NFJQT1Q5KK",
    )  # fmt: skip


PROMOTION = PriceDelta(
    cycle=BillingCycle.MONTHLY, cost_cycle=None, discount=Fraction(1, 10), promotion="39NFJQT1X0XH:0002:39NFJQT1Q5KK"
)


def test_a_promotion_stands_between_list_and_effective_price():
    """10.08 less 10 % is 9.072 a seat; ten seats cost 90.70, cut by the unit."""
    change = record(
        buy(promotion="39NFJQT1X0XH:0002:39NFJQT1Q5KK"), promoted(), when="2026-06-18T08:00:00", preview=PROMOTION
    )
    assert (change.cost_unit_list, change.cost_unit_effective) == (Money.of("10.08", EUR), Fraction("9.072"))
    assert PROMOTION.promotion is not None
    assert change.discounts == (Discount(because="promotion", ratio=Fraction(1, 10), id=PROMOTION.promotion),)
    assert change.cost_amount == Money.of("90.70", EUR)
    assert change.promotion_id == PROMOTION.promotion


def test_seats_added_later_keep_the_promotion_the_books_know():
    """No list holds promotions: the discount of the purchase's record prices what is added in its term."""
    first = record(buy(), promoted(), when="2026-06-18T08:00:00", preview=PROMOTION)
    change = record(SetSeats(before=10, after=12), promoted(12), before=promoted(), recorded=sealed(first))
    assert (change.unknown, change.recurring_cost_delta) == ((), Money.of("18.144", EUR))
    assert change.discounts[0].ratio == Fraction(1, 10)


def test_a_promotion_whose_discount_is_not_known_leaves_the_cost_unknown():
    """The subscription came back with another promotion than the one that was expected."""
    change = record(buy(), promoted(), when="2026-06-18T08:00:00")
    assert change.cost_amount is None
    assert "promotion" in change.unknown[0]


def test_a_first_term_with_an_end_of_its_own_begins_with_a_short_cycle():
    """Bought on the 15th to end on 30 September: 16 of 30 days of June, later cycles from the first."""
    seen = month(
        10, term=Term.P1Y, term_started=at("2026-06-15"), created=at("2026-06-15"), term_ends=at("2026-10-01"),
        custom_end=date(2026, 9, 30),
    )  # fmt: skip
    change = record(buy(custom_end=date(2026, 9, 30)), seen, when="2026-06-15T10:00:00")
    assert (change.billable_units, change.cycle_units, change.cycle_anchor) == (16, 30, date(2026, 10, 1))
    assert change.cost_amount == Money.of("53.70", EUR)  # 10.08 x 16/30 = 5.376, cut to 5.37
    assert change.commitment_remaining_cost == Money.of("356.16", EUR)  # 53.76 and three cycles
    assert "inferred" in change.basis


def owned(seats=3):
    return month(
        seats, offer=E1, id="order-1:1", term=Term.ONCE, billing=BillingCycle.ONE_TIME, term_ends=None,
        product="perpetual",
    )  # fmt: skip


def test_a_licence_for_good_is_paid_once_and_returned_whole():
    """3 × 900 on the day, nothing recurs; inside its window all of it comes back."""
    action = buy(offer=E1, seats=3, term=Term.ONCE, billing=BillingCycle.ONE_TIME, product="perpetual")
    bought = record(action, owned(), when="2026-06-18T08:00:00")
    assert (bought.cost_amount, bought.recurring_cost_delta) == (Money.of("2700.00", EUR), Money.zero(EUR))
    assert bought.commitment_remaining_cost is None
    back = record(Cancel(seats=3, product="perpetual", order_id="order-1"), before=owned(), recorded=sealed(bought))
    assert (back.cost_amount, back.state, back.charge_kind) == (Money.of("-2700.00", EUR), "ended", "cancel_immediate")


def test_suspending_and_resuming_charge_nothing_and_say_that_billing_goes_on():
    """Quantity, price and term stay; the status is the provider's."""
    before = month(10, term=Term.P1Y, term_ends=at("2027-06-18"))
    off = record(Suspend(), replace(before, status=Status.SUSPENDED, end_of_term="unset"), before=before)
    assert (off.quantity_after, off.state, off.provider_status) == (10, "running", Status.SUSPENDED)
    assert (off.cost_amount, off.cost_unit_list) == (None, Money.of("10.08", EUR))
    assert "billing goes on" in off.basis
    on = record(Resume(), replace(before, end_of_term="unset"), before=replace(before, status=Status.SUSPENDED))
    assert "billed all the while" in on.basis


def test_an_azure_plan_has_a_record_and_no_price():
    """No term, no unit price, nothing unknown; a budget changes none of it."""
    plan = month(1, offer=OfferKey.parse("DZH318Z0BPS6:0001"), term=None, billing=None, term_ends=None,
                 product="azure_plan")  # fmt: skip
    bought = record(BuyAzurePlan(nickname="", country="DE"), plan, context=line(offer=None, term=None, billing=None))
    assert (bought.charge_kind, bought.cost_unit_list, bought.unknown) == ("other", None, ())
    budget = record(SetBudget(before=None, after=Decimal(500)), before=plan, recorded=sealed(bought))
    assert (budget.cost_amount, budget.unknown) == (None, ())
    assert "500 a month" in budget.basis


def test_another_reseller_on_record_is_told():
    """The PartnerID as it was read back."""
    before = month(10, reseller="1111111")
    change = record(SetReseller(before="1111111", after="2222222"), replace(before, reseller="2222222"), before=before)
    assert (change.reseller_id, change.cost_amount) == ("2222222", None)


def test_a_price_recorded_in_a_term_holds_for_it_whatever_list_comes_later():
    """Seats added are charged what the term was recorded at, though the list now says otherwise."""
    before = month(10, term=Term.P1Y, term_ends=at("2027-06-18"))
    first = record(buy(), before, when="2026-06-18T08:00:00")
    cheaper = replace(change_of(sealed(first)[0].body), cost_unit_list=Money.of("9.00", EUR))
    change = record(SetSeats(before=10, after=11), replace(before, seats=11), before=before, recorded=sealed(cheaper))
    assert change.recurring_cost_delta == Money.of("9.00", EUR)


def test_what_is_recorded_of_a_split_line_is_folded_with_its_parts():
    """The last record is enough to go on from: seats of the address, both ids, and each part in the record."""
    left, made, first = split()
    folded = fold_recorded(sealed(first))[LINE]
    assert (folded.seats, folded.ids) == (Decimal(300), ("s-1", "s-2"))
    assert [part.quantity for part in change_of(folded.body).parts] == [left.seats, made.seats]
