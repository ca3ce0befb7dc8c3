"""Changing a running subscription over the simulator: read afresh, compared, sent back whole, read again."""

# a test that claims an outcome may look into it
# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cspdecl.core.action import Cancel, ClearSchedule, Rename, ScheduleRenewal, SetEndOfTerm, SetSeats
from cspdecl.core.live import CustomerRef, NextTerm, Status
from cspdecl.core.operation import Guard
from cspdecl.core.outcome import Applied, NotDone, Pending, Rejected, Stale, Throttled
from cspdecl.core.terms import BillingCycle, Term
from cspdecl_simulator import Simulator
from tests.partner_center.support import BASIC, PREMIUM, call, carry_out, guard_of, operation, over_simulator

NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)


@pytest.fixture
def sim():
    found = Simulator(seed=7)
    found.freeze(NOW)
    return found


@pytest.fixture
def tenant(sim):
    return sim.seed_customer(company="Hafenkontor")


def live_of(provider, tenant, own):
    (found,) = provider.read([CustomerRef(key="k", tenant=tenant, domain=None)])
    return next(item for item in found.subscriptions if item.id == own)


def change(provider, tenant, own, action, **guard):
    """One change, guarded by everything that is live now, save what is given."""
    live = live_of(provider, tenant, own)
    seen = guard_of(tenant, live)
    wanted = Guard(**{name: guard.get(name, getattr(seen, name)) for name in seen.__slots__})
    return carry_out(provider, operation(action, wanted), call(tenant, own))


def writes(sim):
    return [(entry["method"], entry["status"]) for entry in sim.requests(writes=True) if entry["method"] != "POST"]


def test_seats_are_added(sim, tenant):
    """25 become 28; what was read back has 28, a window for the 3, and nothing else changed."""
    own = sim.seed_subscription(tenant, str(BASIC), seats=25, name="office", lots=[(25, None)])
    provider = over_simulator(sim)
    before = live_of(provider, tenant, own)

    outcome = change(provider, tenant, own, SetSeats(before=25, after=28))

    assert isinstance(outcome, Applied)
    after = outcome.subscription
    assert (28, [3]) == (after.seats, [lot.seats for lot in after.policy.lots])
    assert (before.nickname, before.end_of_term, before.term_ends) == (
        after.nickname,
        after.end_of_term,
        after.term_ends,
    )
    assert [("PATCH", 200)] == writes(sim)
    assert not outcome.receipt.inferred


def test_seats_go_inside_their_window(sim, tenant):
    """Five that were bought on Wednesday go; the rest stays."""
    own = sim.seed_subscription(tenant, str(BASIC), seats=25, lots=[(20, None), (5, "2026-11-18T09:30:00Z")])

    outcome = change(over_simulator(sim), tenant, own, SetSeats(before=25, after=20))

    assert isinstance(outcome, Applied)
    assert 20 == outcome.subscription.seats


def test_seats_outside_their_window_are_refused_in_words(sim, tenant):
    """The service's refusal comes back with its number and what can be done: at renewal."""
    own = sim.seed_subscription(tenant, str(BASIC), seats=25, start="2026-03-01T00:00:00Z", lots=[(25, None)])

    outcome = change(over_simulator(sim), tenant, own, SetSeats(before=25, after=20))

    assert isinstance(outcome, Rejected)
    assert outcome.code in ("800090", "900257", "900214")
    assert "renewal" in outcome.message


@pytest.mark.parametrize(
    ("guard", "told"),
    [
        ({"seats": 24}, "seats is 25 now, 24"),
        ({"term": Term.P1M}, "term is P1Y now, P1M"),
        ({"billing": BillingCycle.ANNUAL}, "billing cycle"),
        ({"status": Status.SUSPENDED}, "status"),
        ({"offer": PREMIUM}, "offer"),
        ({"end_of_term": "cancel"}, "end of term"),
        ({"term_ends": NOW}, "the term ends"),
        (
            {"scheduled": NextTerm(offer=BASIC, seats=1, term=Term.P1Y, billing=BillingCycle.MONTHLY)},
            "scheduled for the next term is nothing now",
        ),
    ],
)
def test_guard_that_no_longer_holds_stops_the_write(sim, tenant, guard, told):
    """Whatever differs from what was planned on is said, and nothing is sent."""
    own = sim.seed_subscription(tenant, str(BASIC), seats=25)

    outcome = change(over_simulator(sim), tenant, own, SetSeats(before=25, after=28), **guard)

    assert isinstance(outcome, Stale)
    assert told in outcome.seen
    assert [] == writes(sim)


def test_rename_reaches_the_portal_name(sim, tenant):
    """The nickname is the friendly name."""
    own = sim.seed_subscription(tenant, str(BASIC), name="old")

    outcome = change(over_simulator(sim), tenant, own, Rename(before="old", after="Büro & Post"))

    assert isinstance(outcome, Applied)
    assert "Büro & Post" == outcome.subscription.nickname


def test_cancel_inside_the_window(sim, tenant):
    """Bought yesterday: it can go, and reads as deleted."""
    own = sim.seed_subscription(tenant, str(BASIC), start="2026-11-21T08:00:00Z")

    outcome = change(over_simulator(sim), tenant, own, Cancel(seats=1))

    assert isinstance(outcome, Applied)
    assert Status.DELETED is outcome.subscription.status


def test_cancel_outside_the_window_is_refused_in_words(sim, tenant):
    """After the days to cancel, only the end of the term is left."""
    own = sim.seed_subscription(tenant, str(BASIC), start="2026-03-01T00:00:00Z")

    outcome = change(over_simulator(sim), tenant, own, Cancel(seats=1))

    assert isinstance(outcome, Rejected)
    assert "term" in outcome.message


@pytest.mark.parametrize(
    ("first", "wish"),
    [("renew", "cancel"), ("renew", "extend"), ("cancel", "renew"), ("extend", "cancel"), ("extend", "renew")],
)
def test_end_of_term_is_written_and_read_back(sim, tenant, first, wish):
    """Renew, cancel at the end, extend month by month: from each to the other."""
    own = sim.seed_subscription(tenant, str(BASIC), start="2026-03-01T00:00:00Z")
    provider = over_simulator(sim)
    if first != "renew":
        assert isinstance(change(provider, tenant, own, SetEndOfTerm(before="renew", after=first)), Applied)

    outcome = change(provider, tenant, own, SetEndOfTerm(before=first, after=wish))

    assert isinstance(outcome, Applied)
    assert wish == outcome.subscription.end_of_term == live_of(provider, tenant, own).end_of_term


def test_off_without_an_action_reads_as_unset(sim, tenant):
    """Auto-renew merely off decides nothing since extended terms exist (contract §13.8); writing decides it."""
    own = sim.seed_subscription(tenant, str(BASIC), auto_renew=False)
    provider = over_simulator(sim)

    assert "unset" == live_of(provider, tenant, own).end_of_term
    assert isinstance(change(provider, tenant, own, SetEndOfTerm(before="unset", after="cancel")), Applied)


NEXT = NextTerm(offer=BASIC, seats=17, term=Term.P1Y, billing=BillingCycle.MONTHLY)


def test_next_term_is_scheduled_and_taken_back(sim, tenant):
    """17 seats from the renewal on; then nothing again, with the renewal still on."""
    own = sim.seed_subscription(tenant, str(BASIC), seats=25, start="2026-03-01T00:00:00Z")
    provider = over_simulator(sim)

    scheduled = change(provider, tenant, own, ScheduleRenewal(next=NEXT))
    cleared = change(provider, tenant, own, ClearSchedule(was=NEXT))

    assert isinstance(scheduled, Applied)
    assert (25, NEXT, "renew") == (
        scheduled.subscription.seats,
        scheduled.subscription.scheduled,
        scheduled.subscription.end_of_term,
    )
    assert isinstance(cleared, Applied)
    assert (None, "renew") == (cleared.subscription.scheduled, cleared.subscription.end_of_term)


def test_next_term_may_be_another_offer_and_term(sim, tenant):
    """An upgrade at renewal, with another billing cycle: the availability named is one of the target."""
    own = sim.seed_subscription(tenant, str(BASIC), seats=25, start="2026-03-01T00:00:00Z")
    wish = NextTerm(offer=PREMIUM, seats=20, term=Term.P1Y, billing=BillingCycle.ANNUAL)

    outcome = change(over_simulator(sim), tenant, own, ScheduleRenewal(next=wish))

    assert isinstance(outcome, Applied)
    assert wish == outcome.subscription.scheduled


def test_a_schedule_needs_a_renewal(sim, tenant):
    """With auto-renew off there is no next term to write for; nothing is sent."""
    own = sim.seed_subscription(tenant, str(BASIC), auto_renew=False)

    outcome = change(over_simulator(sim), tenant, own, ScheduleRenewal(next=NEXT))

    assert isinstance(outcome, Stale)
    assert [] == writes(sim)


def test_an_immediate_change_and_the_schedule_again(sim, tenant):
    """A change now may delete what is scheduled (contract §13.1): it is read back as it is, and writing it again works."""
    own = sim.seed_subscription(tenant, str(BASIC), seats=25, start="2026-03-01T00:00:00Z")
    provider = over_simulator(sim)
    change(provider, tenant, own, ScheduleRenewal(next=NEXT))

    after = change(provider, tenant, own, SetSeats(before=25, after=28)).subscription
    again = change(provider, tenant, own, ScheduleRenewal(next=NEXT))

    assert (28, "renew") == (after.seats, after.end_of_term)
    assert isinstance(again, Applied)
    assert (28, NEXT) == (again.subscription.seats, again.subscription.scheduled)


@pytest.mark.parametrize("echo", ["sent", "both"])
def test_both_spellings_are_read_and_never_both_sent(sim, tenant, echo):
    """Where the service shows instructions in both places, changes and schedules still come out right (§13.4)."""
    sim.configure(schedule_echo=echo)
    own = sim.seed_subscription(tenant, str(BASIC), seats=25, start="2026-03-01T00:00:00Z")
    provider = over_simulator(sim)

    first = change(provider, tenant, own, ScheduleRenewal(next=NEXT))
    other = NextTerm(offer=BASIC, seats=9, term=Term.P1Y, billing=BillingCycle.ANNUAL)
    second = change(provider, tenant, own, ScheduleRenewal(next=other))
    renamed = change(provider, tenant, own, Rename(before=second.subscription.nickname, after="x"))

    assert (NEXT, other) == (first.subscription.scheduled, second.subscription.scheduled)
    assert isinstance(renamed, Applied)


def test_accepted_with_202_is_polled_until_it_shows():
    """A slow change answers 202; it is looked at again until it shows, and only then it is done."""
    machine = [NOW]
    sim = Simulator(seed=7, machine=lambda: machine[0])
    sim.configure(slow_seconds=30)
    tenant = sim.seed_customer()
    own = sim.seed_subscription(tenant, str(BASIC), seats=5)
    provider = over_simulator(sim)
    wanted = operation(SetSeats(before=5, after=7), guard_of(tenant, live_of(provider, tenant, own)))

    first = provider.apply(wanted, call(tenant, own))
    second = provider.apply(wanted, call(tenant, own, checkpoint=first.checkpoint))
    machine[0] += timedelta(seconds=31)
    last = provider.apply(wanted, call(tenant, own, checkpoint=second.checkpoint))

    assert (Pending, Pending, Applied) == (type(first), type(second), type(last))
    assert 0 < first.resume_in_ms <= second.resume_in_ms
    assert 7 == last.subscription.seats
    assert [("PATCH", 202)] == writes(sim)


def test_probe_tells_done_not_done_and_neither(sim, tenant):
    """Live as wanted: applied, inferred. Live as planned on: not done. Live otherwise: stale, a person decides."""
    own = sim.seed_subscription(tenant, str(BASIC), seats=5)
    provider = over_simulator(sim)
    wanted = operation(SetSeats(before=5, after=7), guard_of(tenant, live_of(provider, tenant, own)))

    assert NotDone() == provider.probe(wanted, call(tenant, own))
    provider.apply(wanted, call(tenant, own))
    done = provider.probe(wanted, call(tenant, own))
    change(provider, tenant, own, SetSeats(before=7, after=9))

    assert isinstance(done, Applied)
    assert done.receipt.inferred
    assert 7 == done.subscription.seats
    assert isinstance(provider.probe(wanted, call(tenant, own)), Stale)
    assert 2 == len(writes(sim))


def test_stale_etag_is_said(sim, tenant):
    """Somebody was faster between reading and writing: nothing was changed, plan again."""
    own = sim.seed_subscription(tenant, str(BASIC), seats=5)
    provider = over_simulator(sim)
    wanted = operation(SetSeats(before=5, after=7), guard_of(tenant, live_of(provider, tenant, own)))
    sim.fault("stale-etag", method="PATCH")

    outcome = provider.apply(wanted, call(tenant, own))

    assert isinstance(outcome, Stale)
    assert "2055" in outcome.seen


def test_throttled_write_says_when_to_come_back(sim, tenant):
    """A 429 is a value with the seconds the service named; nothing was changed."""
    own = sim.seed_subscription(tenant, str(BASIC), seats=5)
    provider = over_simulator(sim)
    wanted = operation(SetSeats(before=5, after=7), guard_of(tenant, live_of(provider, tenant, own)))
    sim.fault("throttle", argument="41", method="PATCH")

    outcome = provider.apply(wanted, call(tenant, own))

    assert isinstance(outcome, Throttled)
    assert (41, "partner") == (outcome.retry_after, outcome.quota)
    assert 5 == live_of(provider, tenant, own).seats


def test_renewal_being_processed_parks_the_customer(tenant, sim):
    """In the hours after a term's end the service answers 409: come back in two minutes, for this customer only."""
    sim.configure(renewal_lag_seconds=86_400)
    own = sim.seed_subscription(tenant, str(BASIC), seats=5, start="2025-11-22T00:00:00Z")
    provider = over_simulator(sim)

    live = live_of(provider, tenant, own)
    outcome = change(provider, tenant, own, SetSeats(before=5, after=7))

    assert "renewal" in (live.policy.busy or "")
    assert isinstance(outcome, Throttled)
    assert (120, "customer") == (outcome.retry_after, outcome.quota)


def test_an_operation_that_names_nothing_is_refused(sim, tenant):
    """No subscription in guard or binding: refused before anything is asked."""
    outcome = over_simulator(sim).apply(operation(SetSeats(before=1, after=2), Guard(tenant=tenant)), call(tenant))

    assert isinstance(outcome, Rejected)
    assert [] == sim.requests()


def test_reading_connection_applies_nothing(sim, tenant):
    """A provider connected for reading refuses before it asks."""
    from cspdecl.core.errors import ConfigurationError

    provider = over_simulator(sim, mode="read")
    with pytest.raises(ConfigurationError, match="reading only"):
        provider.apply(operation(SetSeats(before=1, after=2), Guard(tenant=tenant)), call(tenant, "x"))
    assert [] == sim.requests()
