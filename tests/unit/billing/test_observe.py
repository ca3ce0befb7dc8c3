"""What happened without us becomes a record, once: renewals, schedules come true, changes made elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from cspdecl.billing.changes import record_operation
from cspdecl.billing.fold import fold_recorded
from cspdecl.billing.money import older_prices
from cspdecl.billing.observe import observe_changes
from cspdecl.core.action import Adopt
from cspdecl.core.live import LiveState, NextTerm, ReadFailure, SeatLot, Status
from cspdecl.core.money import Money
from cspdecl.core.records import LedgerHead
from cspdecl.core.terms import BillingCycle, Term
from tests.unit.billing.estate import (
    ANCHOR,
    BUNDLE,
    CONTEXT,
    LINE,
    NOW,
    PREMIUM,
    TENANT,
    anchor_line,
    applied,
    at,
    binding,
    desired,
    line,
    live,
    monthly,
    operation,
    policy,
    price_book,
    price_row,
    sealed,
    subscription,
)

EUR = "EUR"
NEXT = NextTerm(offer=PREMIUM, seats=17, term=Term.P1Y, billing=BillingCycle.MONTHLY)


def sold_for(rule):
    """As declared, with another price of our own for the plain line."""
    state = desired()
    who = state.customers["hafenkontor"]
    lines = tuple(replace(spec, sell=rule) if spec.address == LINE else spec for spec in who.subscriptions)
    return replace(state, customers={"hafenkontor": replace(who, subscriptions=lines)})


def ledger(seen, *, address=LINE, context=None, when=NOW):
    """A ledger that opens with `seen` at `when`."""
    action = Adopt(provider="partner-center", tenant=TENANT, ids=(seen.id,), offer=seen.offer)
    changes = record_operation(
        operation(action, address=address, context=context or line(sell=monthly("29.90"))),
        applied(seen, when=when),
        context=CONTEXT,
        prices=price_book(),
        recorded_at=when,
        before=None,
    )
    return sealed(*changes, when=when)


def look(records, state: LiveState, now, *, address=LINE, **rest):
    """What is seen now, sealed and added to the records; and that looking again sees nothing."""

    def seen(of):
        return observe_changes(
            fold_recorded(of),
            state,
            desired=rest.get("desired", desired()),
            bindings={address: binding(address, *rest.get("ids", ()))},
            prices=rest.get("prices", price_book()),
            now=now,
            context=CONTEXT,
            skip=rest.get("skip", frozenset()),
        )

    changes = seen(records)
    assert seen(records) == changes, "looking twice at the same ledger gives the same records"
    head = LedgerHead(seq=records[-1].seq, hash=records[-1].hash)
    after = (*records, *sealed(*changes, head=head, when=now))
    assert seen(after) == (), "once recorded, nothing is seen again"
    return changes


def test_nothing_happened_and_nothing_is_recorded():
    """Live is as recorded."""
    assert look(ledger(subscription()), live(subscription()), NOW) == ()


def test_a_renewal_charges_the_first_cycle_of_the_new_term():
    """A year later: 25 seats renewed for a year, the first month in full, the year as commitment."""
    later = at("2027-03-16")
    renewed = subscription(term_started=at("2027-03-15"), term_ends=at("2028-03-15"))
    (change,) = look(ledger(subscription()), live(renewed, read_at=later), later)
    assert (change.origin, change.action, change.charge_kind) == ("renewal", "renewed", "renew")
    assert (change.time, change.quantity_before, change.quantity_after) == (at("2027-03-15"), 25, 25)
    assert change.cost_amount == Money.of("515.00", EUR)
    assert change.commitment_remaining_cost == Money.of("6180.00", EUR)
    assert (change.sell_amount, change.margin_amount) == (Money.of("747.50", EUR), Money.of("232.50", EUR))
    assert (change.recurring_cost_delta, change.recurring_sell_delta) == (Money.zero(EUR), Money.zero(EUR))
    assert (change.actor, change.plan_digest, change.git_commit) == (None, None, None)


def test_a_schedule_that_came_true_says_so():
    """25 → 17 was written for the renewal: one record of it, charged for 17, origin schedule."""
    later = at("2027-03-16")
    renewed = subscription(17, term_started=at("2027-03-15"), term_ends=at("2028-03-15"))
    (change,) = look(ledger(subscription(scheduled=NEXT)), live(renewed, read_at=later), later)
    assert (change.origin, change.quantity_before, change.quantity_after) == ("schedule", 25, 17)
    assert change.cost_amount == Money.of("350.20", EUR)
    assert change.recurring_cost_delta == Money.of("-164.80", EUR)


def test_both_sides_of_a_schedule_come_true_are_of_the_same_days():
    """Cost and our price are for the whole first cycle of the new term; what changed stands in the recurring deltas."""
    later = at("2027-03-16")
    renewed = subscription(17, term_started=at("2027-03-15"), term_ends=at("2028-03-15"))
    (change,) = look(ledger(subscription(scheduled=NEXT)), live(renewed, read_at=later), later)
    days = {(line.role, line.charge_start, line.charge_end_inclusive) for line in change.cost_lines + change.sell_lines}
    assert days == {("charge", date(2027, 3, 15), date(2027, 4, 14))}
    assert change.sell_amount == Money.of("508.30", EUR)
    assert change.recurring_sell_delta == Money.of("-239.20", EUR)
    assert change.margin_amount == Money.of("158.10", EUR)


def test_a_yearly_price_is_not_due_again_with_every_monthly_term():
    """Sold by the year on a term of a month: the renewal charges nothing of it and says why."""
    opened = subscription(2, term=Term.P1M, term_started=at("2026-11-01"), term_ends=at("2026-12-01"))
    renewed = subscription(2, term=Term.P1M, term_started=at("2026-12-01"), term_ends=at("2027-01-01"))
    yearly = sold_for(replace(monthly("300.00"), every="year"))
    now = at("2026-12-02")
    sold = line(sell=replace(monthly("300.00"), every="year"))
    (change,) = look(ledger(opened, context=sold), live(renewed, read_at=now), now, desired=yearly)
    assert (change.cost_amount, change.sell_amount) == (Money.of("49.44", EUR), None)
    assert "our yearly price runs on" in change.basis


def test_a_price_that_no_plan_has_changed_yet_is_not_charged():
    """35.00 is declared and 29.90 is what the books say: the renewal is at 29.90, until a plan has made the change."""
    later = at("2027-03-16")
    renewed = subscription(term_started=at("2027-03-15"), term_ends=at("2028-03-15"))
    dearer = sold_for(monthly("35.00"))
    (change,) = look(ledger(subscription()), live(renewed, read_at=later), later, desired=dearer)
    assert change.sell_amount == Money.of("747.50", EUR)


def test_a_renewal_priced_by_an_old_list_says_so():
    """Two years on, the list of 2026-11 still has a row: the amount stands, its basis names list and month."""
    later = at("2028-03-16")
    renewed = subscription(term_started=at("2028-03-15"), term_ends=at("2029-03-15"))
    first, second = look(ledger(subscription()), live(renewed, read_at=later), later)
    assert [change.cost_amount for change in (first, second)] == [Money.of("515.00", EUR)] * 2
    assert "list 2026-11, for want of one for 2028-03" in second.basis
    warned = older_prices((first, second))
    assert warned is not None
    assert (warned.code, "2027-03 to 2028-03" in warned.message) == ("CSP609", True)


def test_two_renewals_seen_at_once_tell_a_new_price_once():
    """The price rose before the first of them: the change of the recurring cost stands in that one alone."""
    later = at("2028-03-16")
    renewed = subscription(10, term_started=at("2028-03-15"), term_ends=at("2029-03-15"))
    dearer = price_book(price_row(end="2027-01-01"), price_row(cost="252.00", start="2027-01-01"))
    found = look(ledger(subscription(10)), live(renewed, read_at=later), later, prices=dearer)
    assert [change.recurring_cost_delta for change in found] == [Money.of("4.00", EUR), Money.zero(EUR)]


def test_a_schedule_that_was_dropped_did_not_come_true():
    """17 were scheduled and 25 renewed: a plain renewal; nobody is told that 8 seats went and came back."""
    later = at("2027-03-16")
    renewed = subscription(25, term_started=at("2027-03-15"), term_ends=at("2028-03-15"))
    (change,) = look(ledger(subscription(scheduled=NEXT)), live(renewed, read_at=later), later)
    assert (change.origin, change.quantity_after) == ("renewal", 25)


def test_every_passed_term_is_one_record():
    """A monthly term not looked at for three months renewed three times, each on its day."""
    opened = subscription(2, term=Term.P1M, term_started=at("2026-01-31"), term_ends=at("2026-02-28"))
    now = at("2026-05-10")
    today = subscription(2, term=Term.P1M, term_started=at("2026-04-28"), term_ends=at("2026-05-28"))
    changes = look(ledger(opened, when=at("2026-02-01")), live(today, read_at=now), now)
    assert [change.time for change in changes] == [at("2026-02-28"), at("2026-03-28"), at("2026-04-28")]
    assert [change.cost_amount for change in changes] == [Money.of("49.44", EUR)] * 3
    assert len({change.id for change in changes}) == 3


def test_a_provider_that_remembers_only_the_first_term_still_counts_them():
    """Where `term_started` stays at the purchase, the terms follow from the end."""
    opened = subscription(2, term=Term.P1M, term_started=at("2026-01-10"), term_ends=at("2026-02-10"))
    now = at("2026-04-12")
    today = subscription(2, term=Term.P1M, term_started=at("2026-01-10"), term_ends=at("2026-05-10"))
    changes = look(ledger(opened, when=at("2026-01-20")), live(today, read_at=now), now)
    assert [change.time for change in changes] == [at("2026-02-10"), at("2026-03-10"), at("2026-04-10")]


def test_a_renewal_still_queued_is_not_recorded():
    """The term is over by date, but the provider has not renewed yet: nothing is known."""
    later = at("2027-03-15T03:00:00")
    assert look(ledger(subscription()), live(subscription(), read_at=later), later) == ()


def test_an_extended_term_is_recorded_by_a_forecast_that_says_so():
    """Nobody decided and it slid into a monthly extended term: the month's price and three per cent, and no list row."""
    later = at("2027-03-16")
    slid = subscription(term=Term.P1M, end_of_term="unset", term_started=at("2027-03-15"), term_ends=at("2027-04-15"))
    (change,) = look(ledger(subscription(end_of_term="unset")), live(slid, read_at=later), later)
    assert (change.term_kind, change.cost_amount, change.price_source) == ("est", Money.of("636.50", EUR), "forecast")
    assert "a forecast: the monthly price and 3 %" in change.basis


SLID = subscription(term=Term.P1M, end_of_term="unset", term_started=at("2027-03-15"), term_ends=at("2027-04-15"))


def test_an_extended_term_stays_one_in_every_later_month():
    """Recorded as extended, looked at again after two more months: both are extended, both are a forecast."""
    opened = ledger(subscription(end_of_term="extend"))
    (first,) = look(opened, live(SLID, read_at=at("2027-03-16")), at("2027-03-16"))
    records = (*opened, *sealed(first, head=LedgerHead(seq=1, hash=opened[-1].hash), when=at("2027-03-16")))
    now = at("2027-05-20")
    today = replace(SLID, term_started=at("2027-05-15"), term_ends=at("2027-06-15"))
    found = [change for change in look(records, live(today, read_at=now), now) if change.origin == "renewal"]
    assert [change.time for change in found] == [at("2027-04-15"), at("2027-05-15")]
    assert [(change.term_kind, change.cost_amount, change.cost_unit_list) for change in found] == [
        ("est", Money.of("636.50", EUR), Money.of("25.46", EUR))
    ] * 2
    assert all("another month" in change.basis for change in found)


def test_an_extended_term_nobody_recorded_the_cause_of_is_one_all_the_same():
    """Auto-renew was switched off unseen: a year that goes on by the month with it off is no renewal for a month."""
    found = look(ledger(subscription(end_of_term="renew")), live(SLID, read_at=at("2027-03-16")), at("2027-03-16"))
    assert [change.origin for change in found] == ["renewal", "drift"]
    assert [change.term_kind for change in found] == ["est", "est"]
    assert [change.price_source for change in found] == ["forecast", "forecast"]


def test_a_change_to_monthly_terms_that_was_scheduled_is_a_renewal():
    """It renews, before and after: the month is a term like any other, and has the list's price."""
    month = replace(SLID, end_of_term="renew")
    now = at("2027-03-16")
    (change,) = look(ledger(subscription()), live(month, read_at=now), now)
    assert (change.term_kind, change.cost_amount) == ("standard", Money.of("618.00", EUR))


def test_a_monthly_term_that_went_on_with_auto_renew_off_is_not_priced_by_guess():
    """Whether it was switched off before or after the month began is not known: nor is which price holds."""
    opened = subscription(2, term=Term.P1M, term_started=at("2026-11-01"), term_ends=at("2026-12-01"))
    went_on = replace(opened, term_started=at("2026-12-01"), term_ends=at("2027-01-01"), end_of_term="unset")
    now = at("2026-12-02")
    renewal, note = look(ledger(opened), live(went_on, read_at=now), now)
    assert (renewal.term_kind, renewal.cost_amount, note.cost_unit_list) == (None, None, None)
    assert "may be a renewal or an extended service term" in renewal.unknown[0]


def test_seats_added_in_an_extended_term_cost_what_its_month_costs():
    """The forecast of the month, not the monthly price of the list; where the list has neither, nothing is known."""
    opened = ledger(subscription(end_of_term="extend"))
    now = at("2027-03-16")
    first = look(opened, live(replace(SLID, end_of_term="extend"), read_at=now), now)
    records = (*opened, *sealed(*first, head=LedgerHead(seq=1, hash=opened[-1].hash), when=now))
    more = replace(SLID, seats=30, end_of_term="extend")
    (change,) = look(records, live(more, read_at=at("2027-03-16T08:00:00")), at("2027-03-16T08:00:00"))
    assert (change.quantity_delta, change.term_kind, change.cost_amount) == (5, "est", None)


def test_seats_added_elsewhere_on_a_known_day_are_charged():
    """The provider's window of the batch tells when it was bought: seven days before it ends."""
    now = NOW + timedelta(days=3)
    bought = at("2026-11-24T09:30:00")
    lot = SeatLot(seats=5, returnable_until=bought + timedelta(days=7))
    more = subscription(30, policy=policy(lot))
    (change,) = look(ledger(subscription()), live(more, read_at=now), now)
    assert (change.origin, change.time, change.quantity_delta) == ("drift", bought, 5)
    assert change.billable_units == 21
    assert change.cost_amount is not None


def test_seats_changed_elsewhere_at_an_unknown_time_have_an_unknown_charge():
    """Three days between two looks: what it costs from now on is known, what is due for the days is not."""
    now = NOW + timedelta(days=3)
    (change,) = look(ledger(subscription()), live(subscription(22), read_at=now), now)
    assert (change.charge_kind, change.quantity_before, change.quantity_after) == ("remove_quantity", 25, 22)
    assert change.cost_amount is None
    assert "between 2026-11-22 14:02 UTC and 2026-11-25 14:02 UTC" in change.unknown[0]


def test_the_same_day_is_known():
    """Recorded and seen on one UTC day: the day of the change is that day."""
    (change,) = look(ledger(subscription()), live(subscription(26), read_at=NOW + timedelta(hours=2)), NOW)
    assert change.cost_amount is not None


def test_a_cancellation_elsewhere_ends_the_line():
    """Somebody cancelled in the portal: ended, and the amount is unknown unless the day is."""
    now = NOW + timedelta(days=1)
    (change,) = look(ledger(subscription()), live(subscription(status=Status.DELETED), read_at=now), now)
    assert (change.origin, change.action, change.state, change.quantity_after) == ("drift", "cancelled", "ended", 0)
    assert change.cost_amount is None


def test_an_end_that_was_decided_comes_true():
    """Decided to end: after the term it ends by schedule, and charges nothing."""
    later = at("2027-03-16")
    opened = ledger(subscription(end_of_term="cancel"))
    gone = subscription(status=Status.EXPIRED, end_of_term="cancel")
    (change,) = look(opened, live(gone, read_at=later), later)
    assert (change.origin, change.action, change.time) == ("schedule", "ended", at("2027-03-15"))
    assert change.recurring_cost_delta == Money.of("-515.00", EUR)
    assert change.state == "ended"


def test_a_subscription_missing_from_a_list_is_not_an_end():
    """Lists lag: before its term is over nothing is concluded; afterwards it has ended."""
    assert look(ledger(subscription()), live(), NOW + timedelta(days=1)) == ()
    later = at("2027-03-20")
    (change,) = look(ledger(subscription()), live(read_at=later), later)
    assert (change.action, change.origin) == ("ended", "drift")


@pytest.mark.parametrize(
    ("now", "event"),
    [
        (subscription(end_of_term="cancel"), "end_of_term"),
        (subscription(scheduled=NEXT), "schedule"),
        (subscription(status=Status.SUSPENDED), "status"),
        (subscription(term_ends=at("2027-06-15")), "term"),
    ],
)
def test_decisions_made_elsewhere_are_recorded_without_charge(now, event):
    """End of term, schedules, suspension and another end: seen, said, not charged."""
    (change,) = look(ledger(subscription()), live(now), NOW)
    assert (change.origin, change.action, change.charge_kind, change.quantity_delta) == ("drift", event, "other", 0)


def test_a_renewal_and_a_change_after_it_are_two_records():
    """Renewed with 25, then raised to 30 elsewhere: first the renewal, then the five."""
    later = at("2027-03-18")
    today = subscription(30, term_started=at("2027-03-15"), term_ends=at("2028-03-15"))
    changes = look(ledger(subscription()), live(today, read_at=later), later)
    assert [(change.origin, change.quantity_before, change.quantity_after) for change in changes] == [
        ("renewal", 25, 25),
        ("drift", 25, 30),
    ]


def test_a_customer_that_could_not_be_read_says_nothing():
    """No reading, no conclusion."""
    unread = replace(live(), customers={}, unknown={"hafenkontor": ReadFailure(key="hafenkontor", message="down")})
    assert look(ledger(subscription()), unread, at("2028-01-01")) == ()


def test_an_operation_in_doubt_is_not_taken_for_somebody_elses():
    """What may be our own change is left to recover."""
    assert look(ledger(subscription()), live(subscription(28)), NOW, skip=frozenset({LINE})) == ()


def test_without_a_record_there_is_nothing_to_compare_with():
    """A binding that no record opened gives no difference."""
    changes = observe_changes(
        {},
        live(subscription()),
        desired=desired(),
        bindings={LINE: binding()},
        prices=price_book(),
        now=NOW,
        context=CONTEXT,
    )
    assert changes == ()


def test_a_line_declared_no_longer_keeps_its_name():
    """The manifest dropped the line; the record still says what it was called and sold for."""
    empty = replace(desired(), customers={})
    (change,) = look(ledger(subscription()), live(subscription(26)), NOW, desired=empty)
    assert (change.display_name, change.offer) == ("Office & E-Mail", PREMIUM)


def test_a_renewal_of_an_anchor_moves_the_billed_bundle_seats():
    """The held-back reduction comes true at the renewal: from then on 17 bundle seats are billed."""
    opened = ledger(subscription(20, scheduled=NEXT), address=ANCHOR, context=anchor_line(bundle_seats=17, seats=17))
    assert fold_recorded(opened)[BUNDLE].seats == 20
    later = at("2027-03-16")
    renewed = subscription(17, term_started=at("2027-03-15"), term_ends=at("2028-03-15"))
    (change,) = look(opened, live(renewed, read_at=later), later, address=ANCHOR, desired=desired(seats=17))
    assert (change.bundle_quantity_before, change.bundle_quantity_after) == (20, 17)
    assert change.bundle_sell_amount == Money.of("933.30", EUR), "the first month of the new term, for all 17"
    assert change.bundle_recurring_sell_delta == Money.of("-164.70", EUR)


def test_two_subscriptions_at_one_address_are_added_up():
    """Their seats count together; one that the list leaves out stops the comparison instead of ending it."""
    both = (subscription(5, id="s-0"), subscription(25))
    action = Adopt(provider="partner-center", tenant=TENANT, ids=("s-0", "s-1"), offer=PREMIUM)
    changes = record_operation(
        operation(action),
        replace(applied(), customer=live(*both).customers["hafenkontor"]),
        context=CONTEXT,
        prices=price_book(),
        recorded_at=NOW,
        before=None,
    )
    records = sealed(*changes)
    more = (subscription(7, id="s-0"), subscription(25))
    (change,) = look(records, live(*more), NOW, ids=("s-0", "s-1"))
    assert (change.quantity_before, change.quantity_after) == (30, 32)
    assert look(records, live(subscription(25)), NOW, ids=("s-0", "s-1")) == ()
