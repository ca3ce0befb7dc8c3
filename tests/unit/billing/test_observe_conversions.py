"""What is seen of upgrades, trials, split lines, schedules and suspensions that happened without us."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

from cspdecl.billing.changes import Estate, record_operation
from cspdecl.billing.document import change_of
from cspdecl.billing.fold import fold_recorded
from cspdecl.billing.observe import observe_changes
from cspdecl.core.action import Adopt, Transition
from cspdecl.core.desired import DesiredState
from cspdecl.core.live import NextTerm, Status
from cspdecl.core.money import Money
from cspdecl.core.records import Discount, LedgerHead
from cspdecl.core.terms import BillingCycle, Term
from tests.unit.billing.estate import (
    CONTEXT,
    LINE,
    PHONE,
    PREMIUM,
    TENANT,
    applied,
    at,
    binding,
    customer,
    line,
    live,
    monthly,
    operation,
    price_book,
    price_row,
    sealed,
    subscription,
)

EUR = "EUR"
NOBODY = DesiredState(customers={}, moves=(), retired=(), digest="d")
BEGUN, LOOKED = at("2026-11-22T14:00:00"), at("2027-03-16T08:00:00")
PRICES = price_book(
    price_row(), price_row(PHONE, "96.00"), price_row(PHONE, "250.00", term=Term.P3Y, billing=BillingCycle.ANNUAL)
)


def opened(*seen, prices=PRICES, sell=None):
    """A ledger that begins with these subscriptions on one line."""
    ids = tuple(one.id for one in seen)
    return sealed(
        *record_operation(
            operation(
                Adopt(provider="partner-center", tenant=TENANT, ids=ids, offer=PREMIUM),
                context=line(sell=sell),
            ),
            applied(seen[-1], when=BEGUN), context=CONTEXT, prices=prices, recorded_at=BEGUN, before=None,
            estate=Estate(live={"hafenkontor": customer(*seen)}),
        ),
        when=BEGUN,
    )  # fmt: skip


def look(records, *seen, now=LOOKED, ids=("s-1",), prices=PRICES):
    """What is seen now; that it fits the schema and that nothing is seen twice."""

    def changes(of):
        return observe_changes(
            fold_recorded(of), live(*seen, read_at=now), desired=NOBODY, bindings={LINE: binding(LINE, *ids)},
            prices=prices, now=now, context=CONTEXT,
        )  # fmt: skip

    found = changes(records)
    head = LedgerHead(seq=records[-1].seq, hash=records[-1].hash)
    assert changes((*records, *sealed(*found, head=head, when=now))) == ()
    return found


def renewed(**rest):
    return subscription(**{"term_started": at("2027-03-15"), "term_ends": at("2028-03-15"), **rest})


def test_a_schedule_with_another_offer_comes_true():
    """25 of one offer renew as 20 of another: charged at its list price, and said in words."""
    following = NextTerm(offer=PHONE, seats=20, term=Term.P1Y, billing=BillingCycle.MONTHLY)
    [change] = look(opened(subscription(scheduled=following)), renewed(offer=PHONE, seats=20))
    assert (change.origin, change.charge_kind, change.offer) == ("schedule", "renew", PHONE)
    assert (change.quantity_before, change.quantity_after) == (25, 20)
    assert change.cost_amount == Money.of("160.00", EUR)
    assert change.recurring_cost_delta == Money.of("-355.00", EUR)  # 20 x 8.00 - 25 x 20.60
    assert f"as {PHONE}" in change.basis


def test_a_schedule_with_another_term_and_plan_comes_true():
    """Three years billed by the year: the first year in full."""
    following = NextTerm(offer=PHONE, seats=25, term=Term.P3Y, billing=BillingCycle.ANNUAL)
    seen = renewed(offer=PHONE, term=Term.P3Y, billing=BillingCycle.ANNUAL, term_ends=at("2030-03-15"))
    [change] = look(opened(subscription(scheduled=following)), seen)
    assert (change.origin, change.term, change.billing_plan) == ("schedule", Term.P3Y, BillingCycle.ANNUAL)
    assert change.cost_unit_list == Money.of("83.33", EUR)
    assert "renewed for P3Y" in change.basis
    assert "billed annual" in change.basis


def test_a_schedule_that_was_dropped_is_a_plain_renewal():
    """The offer stayed: what was scheduled did not come true, and nobody is told it did."""
    following = NextTerm(offer=PHONE, seats=25, term=Term.P1Y, billing=BillingCycle.MONTHLY)
    [change] = look(opened(subscription(scheduled=following)), renewed())
    assert (change.origin, change.offer) == ("renewal", PREMIUM)


def test_a_renewal_with_an_end_of_its_own_begins_with_a_short_cycle():
    """Scheduled to end on 31 December: March is charged from the 15th, later months whole."""
    following = NextTerm(offer=PREMIUM, seats=25, term=Term.P1Y, billing=BillingCycle.MONTHLY, ends=date(2027, 12, 31))
    seen = renewed(term_ends=at("2028-01-01"), custom_end=date(2027, 12, 31))
    [change] = look(opened(subscription(scheduled=following)), seen)
    assert (change.origin, change.cycle_anchor) == ("schedule", date(2028, 1, 1))
    assert (change.billable_units, change.cycle_units) == (17, 31)
    assert "to 2027-12-31" in change.basis


def test_a_price_step_at_the_renewal_is_said():
    """The new term is priced by the list at its start; the old price stands beside it."""
    step = price_book(price_row(end="2027-03-01"), price_row(cost="276.00", start="2027-03-01"))
    [change] = look(opened(subscription()), renewed(), prices=step)
    assert change.cost_unit_list == Money.of("23.00", EUR)
    assert change.recurring_cost_delta == Money.of("60.00", EUR)  # 2.40 more, 25 times
    assert "a seat cost 20.60 EUR a cycle until then" in change.basis


def test_a_promotion_that_ends_with_the_term_is_said():
    """It was 20.60 less 10 %; the new term is at the list price."""
    promotion = "CFQ7TTC0LCHC:0002:AID"
    first = change_of(opened(subscription())[0].body)
    from_books = sealed(replace(first, promotion_id=promotion, discounts=discounts(promotion)), when=BEGUN)
    [change] = look(from_books, renewed())
    assert f"promotion {promotion} no longer applies" in change.basis
    assert change.recurring_cost_delta == Money.of("51.5", EUR)  # 20.60 x 25 less 18.54 x 25


def discounts(promotion):

    return (Discount(because="promotion", ratio=Fraction(1, 10), id=promotion),)


def test_a_promotion_that_goes_on_goes_on_in_the_books():
    """The same id in the new term: the discount the books know is taken off the new list price."""
    promotion = "CFQ7TTC0LCHC:0002:AID"
    first = change_of(opened(subscription())[0].body)
    from_books = sealed(replace(first, promotion_id=promotion, discounts=discounts(promotion)), when=BEGUN)
    [change] = look(from_books, renewed(promotion=promotion))
    assert (change.cost_unit_list, change.unknown) == (Money.of("20.60", EUR), ())
    assert change.cost_amount == Money.of("463.50", EUR)  # 18.54 x 25


def trial():
    return subscription(
        25, trial=True, term=Term.P1M, billing=BillingCycle.NONE, term_started=at("2026-11-20"),
        term_ends=at("2026-12-20"), created=at("2026-11-20"),
    )  # fmt: skip


def test_a_trial_that_became_paid_by_itself_is_a_conversion():
    """25 seats for a year, charged from the day after the trial; our price begins with it."""
    paid = renewed(term_started=at("2026-12-20"), term_ends=at("2027-12-20"), created=at("2026-11-20"))
    [change] = look(opened(trial(), sell=monthly("29.90")), paid, now=at("2026-12-21"))
    assert (change.origin, change.action, change.charge_kind) == ("renewal", "converted", "convert")
    assert (change.quantity_before, change.quantity_after, change.term_kind) == (25, 25, "standard")
    assert (change.cost_amount, change.recurring_cost_delta) == (Money.of("515.00", EUR), Money.of("515.00", EUR))
    assert change.recurring_sell_delta == Money.of("747.50", EUR)
    assert "the trial became paid for P1Y" in change.basis


def test_a_suspension_elsewhere_says_that_billing_goes_on():
    """Its status, that auto-renew is off, and nothing charged."""
    seen = subscription(status=Status.SUSPENDED, end_of_term="unset")
    found = look(opened(subscription()), seen, now=at("2026-11-25"))
    assert any("billing goes on as before" in change.basis for change in found)
    assert all(change.cost_amount is None and change.quantity_after == 25 for change in found)


def test_an_upgrade_of_all_seats_made_in_the_portal_is_a_conversion():
    """The same id has another offer: on the day itself with its charge, later without."""
    seen = subscription(offer=PHONE)
    [same_day] = look(opened(subscription()), seen, now=at("2026-11-22T18:00:00"))
    assert (same_day.charge_kind, same_day.origin) == ("convert", "drift")
    assert [str(one.amount) for one in same_day.cost_lines] == ["-394.75 EUR", "153.25 EUR"]
    [later] = look(opened(subscription()), seen, now=at("2026-12-01"))
    assert (later.cost_amount, later.recurring_cost_delta) == (None, Money.of("-315.00", EUR))
    assert "not known" in later.unknown[0]


def test_a_partial_upgrade_made_in_the_portal_takes_its_seats_along():
    """10 of 25 are another subscription now, which no line stands for: they leave at the old price, on its day."""
    other = subscription(10, id="s-9", offer=PHONE, created=at("2026-11-25T10:00:00"))
    [change] = look(opened(subscription()), subscription(15), other, now=at("2026-12-01"))
    assert (change.charge_kind, change.quantity_before, change.quantity_after) == ("convert", 25, 15)
    assert (change.time, change.provider_subscription_ids) == (at("2026-11-25T10:00:00"), ("s-1",))
    assert [(one.role, one.quantity, str(one.amount)) for one in change.cost_lines] == [("wipe", 10, "-137.30 EUR")]
    assert "s-9" in change.basis


def split():
    """A line of two subscriptions that end together: 15 of one offer, 10 of the other."""
    before = subscription()
    left, made = replace(before, seats=15), replace(before, id="s-2", offer=PHONE, seats=10, term_started=BEGUN)
    made_operation = operation(
        Transition(source=PREMIUM, target=PHONE, before=25, seats=10), context=line(), ident="op-2"
    )
    first = opened(before)
    head = LedgerHead(seq=first[-1].seq, hash=first[-1].hash)
    changes = record_operation(
        made_operation, applied(made, when=BEGUN, also=(left,)), context=CONTEXT, prices=PRICES, recorded_at=BEGUN,
        before=before,
        estate=Estate(
            live={"hafenkontor": customer(before)}, bindings={LINE: binding(LINE)}, recorded=fold_recorded(first)
        ),
    )  # fmt: skip
    return left, made, (*first, *sealed(*changes, head=head, when=BEGUN))


def test_nothing_is_seen_of_a_split_line_that_is_as_recorded():
    """Two subscriptions of one line, both as the books have them."""
    left, made, records = split()
    assert look(records, left, made, now=at("2026-11-23"), ids=("s-1", "s-2")) == ()


def test_one_part_of_a_split_line_is_changed_elsewhere():
    """Two seats more on the upgraded part: the record is of the line, and knows its parts."""
    left, made, records = split()
    [change] = look(records, left, replace(made, seats=12), now=at("2026-11-22T20:00:00"), ids=("s-1", "s-2"))
    assert (change.provider_subscription_id, change.quantity_before, change.quantity_after) == ("s-2", 25, 27)
    assert [(part.subscription, part.quantity) for part in change.parts] == [("s-1", 15), ("s-2", 12)]
    assert change.recurring_cost_delta == Money.of("16.00", EUR)


def test_both_parts_of_a_split_line_renew():
    """Two records, one a subscription, each at its own price; the last one knows both."""
    left, made, records = split()
    start, end = at("2027-03-15"), at("2028-03-15")
    both = [replace(item, term_started=start, term_ends=end) for item in (left, made)]
    first, second = look(records, *both, ids=("s-1", "s-2"))
    assert [str(one.cost_amount) for one in (first, second)] == ["309.00 EUR", "80.00 EUR"]
    assert [one.provider_subscription_id for one in (first, second)] == ["s-1", "s-2"]
    assert {part.term_end for part in second.parts} == {end}
    assert (second.quantity_before, second.quantity_after) == (25, 25)


def test_one_part_of_a_split_line_ends_and_the_other_goes_on():
    """The source was cancelled elsewhere: the line is the upgraded part alone, and runs."""
    left, made, records = split()
    gone = replace(left, status=Status.DELETED)
    [change] = look(records, gone, made, now=at("2026-11-22T20:00:00"), ids=("s-1", "s-2"))
    assert (change.state, change.quantity_before, change.quantity_after) == ("running", 25, 10)
    assert (change.provider_subscription_ids, change.charge_kind) == (("s-2",), "cancel_immediate")
