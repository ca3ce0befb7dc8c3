"""Decisions about one line: the corners that no manifest reaches, and the steps in their order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cspdecl.commerce.decide import decide
from cspdecl.commerce.values import Delta, Setting
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import OfferKey
from cspdecl.core.live import Status
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.planning.compare import compare
from tests.planning_builders import ALL, NOW, PHONE, VISIO, at, catalog, line, next_term, sub

OFFER = catalog().offers[OfferKey.parse(VISIO)]
SETTING = Setting(now=NOW, capabilities=ALL, offer=OFFER, offer_state="sold")


def decided(spec, live, **setting):
    delta = compare(spec, live) if live else Delta(spec=spec, live=None, fields=frozenset())
    assert delta is not None
    return decide(delta, replace(SETTING, **setting))


def kinds(decision):
    return [step.action.kind for step in decision.steps]


def codes(items):
    return [item.code for item in items]


def test_steps_come_in_the_order_in_which_they_can_be_written():
    """Name and end of term first, seats next, the schedule last, since anything before it would delete it."""
    live = sub(seats=8, lots=[(1, at("2026-11-25"))], end_of_term="unset", nickname="alt")

    decision = decided(line("visio", seats=5, nickname="neu"), live)

    assert ["rename", "set_end_of_term", "set_seats", "schedule_renewal"] == kinds(decision)


def test_an_open_end_that_nobody_decides_is_a_warning():
    """Auto-renew merely off and nothing declared: said, not written."""
    decision = decided(line("visio", end_of_term=None), sub(end_of_term="unset"))

    assert ([], ["CSP317"]) == (kinds(decision), codes(decision.diagnostics))


def test_a_reduction_without_renewal_is_refused():
    """Seats that can go only at a renewal, auto-renew off, nothing declared about the end: a person decides."""
    decision = decided(line("visio", seats=5, end_of_term=None), sub(seats=8, end_of_term="unset"))

    assert ([], ["CSP317", "CSP313"]) == (kinds(decision), codes(decision.diagnostics))


def test_nothing_of_a_refused_line_is_sent():
    """A name to write and a reduction to refuse: the name is not written either."""
    decision = decided(line("visio", seats=5, reduce="now", nickname="neu"), sub(seats=8))

    assert ([], ["CSP310"]) == (kinds(decision), codes(decision.diagnostics))


def test_what_may_not_be_scheduled_is_due():
    """The provider says that this subscription takes no schedule: the change waits for its day."""
    live = sub(seats=8)

    decision = decided(line("visio", seats=5), replace(live, policy=replace(live.policy, can_schedule=False)))

    assert ([], ["CSP314"]) == (kinds(decision), codes(decision.waiting))


def test_switching_renewal_on_makes_scheduling_possible():
    """No schedule is taken while auto-renew is off; the plan switches it on first, so the schedule follows."""
    live = sub(seats=8, end_of_term="cancel")

    decision = decided(line("visio", seats=5), replace(live, policy=replace(live.policy, can_schedule=False)))

    assert ["set_end_of_term", "schedule_renewal"] == kinds(decision)


@pytest.mark.parametrize(
    ("reduce", "expected"), [("auto", ["schedule_renewal"]), ("now", []), ("renewal", ["schedule_renewal"])]
)
def test_a_provider_that_takes_nothing_back(reduce, expected):
    """Without partial reductions everything waits for the renewal, and `reduce: now` is refused by name."""
    live = sub(seats=8, lots=[(8, at("2026-11-25"))])

    decision = decided(line("visio", seats=5, reduce=reduce), live, capabilities=ALL & ~Capability.PARTIAL_REDUCTION)

    assert expected == kinds(decision)
    assert (["CSP360"] if reduce == "now" else []) == codes(decision.diagnostics)


def test_turning_renewal_off_takes_the_schedule_along():
    """A foreign schedule needs no step of its own where auto-renew goes off anyway."""
    live = sub(seats=5)

    decision = decided(line("visio", seats=5, end_of_term="cancel"), replace(live, scheduled=next_term(live, 2)))

    assert ["set_end_of_term"] == kinds(decision)
    assert "takes back" in " ".join(decision.notes)


def test_a_foreign_schedule_goes_before_a_new_name():
    """Whether a new name deletes what is scheduled is not documented; taken back first, both readings hold."""
    live = sub(seats=5)

    decision = decided(line("visio", seats=5, nickname="neu"), replace(live, scheduled=next_term(live, 2)))

    assert ["clear_schedule", "rename"] == kinds(decision)


def test_a_schedule_that_changes_nothing_is_left_alone():
    """A scheduled renewal as it is now is no drift."""
    live = sub(seats=5)

    assert compare(line("visio", seats=5), replace(live, scheduled=next_term(live, 5))) is None


def test_a_renewal_to_something_else_is_taken_back():
    """Somebody scheduled an upgrade for the renewal: it is named and taken back."""
    live = sub(seats=5)
    upgrade = replace(next_term(live, 5), offer=OfferKey.parse(PHONE))

    decision = decided(line("visio", seats=5), replace(live, scheduled=upgrade))

    assert ["clear_schedule"] == kinds(decision)
    assert f"as {PHONE}" in decision.notes[0]


def test_a_suspended_subscription_inside_its_window_is_cancelled():
    """Suspension freezes seats, not the cancellation."""
    live = sub(status=Status.SUSPENDED, end_of_term="unset", cancel_until=at("2026-11-25"))

    assert ["cancel"] == kinds(decided(line("visio", absent=True), live))


def test_a_suspended_subscription_outside_its_window_needs_a_person():
    """Nothing documented ends it from here."""
    decision = decided(line("visio", absent=True), sub(status=Status.SUSPENDED, end_of_term="unset"))

    assert ([], ["manual"]) == (kinds(decision), [item.kind for item in decision.waiting])


def test_a_purchase_that_shall_end_is_told_so():
    """A new subscription renews unless told otherwise, so `endOfTerm: cancel` follows the purchase."""
    assert ["purchase", "set_end_of_term"] == kinds(decided(line("visio", end_of_term="cancel"), None))


def test_what_is_absent_and_not_there_needs_nothing():
    """`absent: true` without a subscription is as declared."""
    assert [] == kinds(decided(line("visio", absent=True), None))


def test_a_trial_offer_is_not_bought():
    """Starting a trial is a spending decision with a date; it is refused by name."""
    offer = replace(OFFER, trial=True)

    assert ["CSP345"] == codes(decided(line("visio"), None, offer=offer).diagnostics)


def test_a_withdrawn_offer_is_not_bought():
    """An offer without any way to buy it is no longer for sale."""
    decision = decided(line("visio"), None, offer=replace(OFFER, terms=()))

    assert ([], ["CSP324"]) == (kinds(decision), codes(decision.diagnostics))


def test_a_withdrawn_offer_still_grows():
    """Seats of what runs are added although new subscriptions are not sold: the provider decides."""
    assert ["set_seats"] == kinds(decided(line("visio", seats=9), sub(seats=5), offer=replace(OFFER, terms=())))


def test_an_add_on_without_its_base_is_a_warning():
    """The base may come from another seller, so the purchase is planned and the doubt is said."""
    offer = replace(OFFER, addon=True, prerequisites=(OfferKey.parse(PHONE),))

    alone = decided(line("visio"), None, offer=offer)
    beside = decided(line("visio"), None, offer=offer, held=frozenset({OfferKey.parse(PHONE)}))

    assert (["purchase"], ["CSP335"]) == (kinds(alone), codes(alone.diagnostics))
    assert (["purchase"], []) == (kinds(beside), codes(beside.diagnostics))


def test_the_sandbox_has_five_subscriptions_a_customer():
    """The sixth is refused there and bought in production."""
    refused = decided(line("visio"), None, environment="sandbox", running=5)

    assert ["CSP332"] == codes(refused.diagnostics)
    assert ["purchase"] == kinds(decided(line("visio"), None, running=5))


def test_seats_that_run_are_never_refused():
    """A line above a maximum that was lowered may shrink towards it, or stay."""
    offer = replace(OFFER, max_seats=10)

    assert ["schedule_renewal"] == kinds(decided(line("visio", seats=15), sub(seats=20), offer=offer))
    assert ["set_end_of_term"] == kinds(
        decided(line("visio", seats=20, end_of_term="cancel"), sub(seats=20), offer=offer)
    )


def test_a_subscription_has_a_maximum_of_its_own():
    """What the provider says about the one subscription bounds it too."""
    live = sub(seats=5)

    decision = decided(line("visio", seats=9), replace(live, policy=replace(live.policy, max_seats=8)))

    assert ["CSP330"] == codes(decision.diagnostics)


def test_a_subscription_without_a_term_waits():
    """No end of term shown: what needs one is listed, nothing is guessed."""
    decision = decided(line("visio", seats=5, end_of_term="cancel"), sub(seats=8, term_ends=None))

    assert ([], ["CSP314", "CSP314"]) == (kinds(decision), codes(decision.waiting))


def by_month(**rest):
    """A subscription whose year ended a week ago and that goes on by the month."""
    terms = {"term": Term.P1M, "term_started": at("2026-11-15"), "term_ends": at("2026-12-15"), "end_of_term": "unset"}
    return sub(**{"created": at("2025-11-15"), **terms, **rest})


@pytest.mark.parametrize("billing", list(BillingCycle)[:2])
@pytest.mark.parametrize("end", ["unset", "extend", "cancel"])
def test_what_was_told_to_extend_and_does_is_as_declared(end, billing):
    """No change of the term, no error, nothing sent; whatever else of the line differs cannot be changed there."""
    spec = line("visio", end_of_term="extend", billing=billing, nickname="neu")

    decision = decided(spec, by_month(end_of_term=end))

    assert (" ", [], ["CSP346"]) == (decision.symbol, kinds(decision), codes(decision.diagnostics))
    assert {"warning"} == {str(item.severity) for item in decision.diagnostics}


@pytest.mark.parametrize(
    ("spec", "live"),
    [
        (line("visio", end_of_term="extend"), by_month(end_of_term="renew")),
        (line("visio", end_of_term="renew"), by_month()),
    ],
)
def test_another_monthly_term_is_no_extended_service_term(spec, live):
    """One that renews, and one nobody told to extend: no term is bought for what may be an extension."""
    assert ["CSP321"] == codes(decided(spec, live).diagnostics)


def test_an_extended_service_term_is_left_by_absent():
    """It is cancelled as long as the provider allows it, which is any day."""
    live = by_month(cancel_until=at("2026-12-14"))

    assert ["cancel"] == kinds(decided(line("visio", end_of_term="extend", absent=True), live))
