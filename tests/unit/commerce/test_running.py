"""What runs and is to change: the corners of renewals, suspensions and terms that no manifest case reaches."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cspdecl.commerce.came_true import after_renewal
from cspdecl.commerce.decide import decide
from cspdecl.commerce.decide_renewal import is_scheduled
from cspdecl.commerce.values import Setting
from cspdecl.core.action import SetEndOfTerm
from cspdecl.core.address import Address
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import AtRenewal
from cspdecl.core.live import NextTerm, Status
from cspdecl.core.records import Recorded
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.planning.compare import compare
from tests.planning_builders import ALL, NOW, PHONE, VISIO, at, catalog, line, next_term, origin, sub

OFFER = catalog().offers[OfferKey.parse(VISIO)]
SETTING = Setting(now=NOW, capabilities=ALL, offer=OFFER, offer_state="sold")
HERE = origin().at("atRenewal")
LATER = sub(created=at("2020-03-15"))


def wish(**rest):
    return AtRenewal(origin=HERE, **rest)


def decided(spec, live, **setting):
    delta = compare(spec, live)
    assert delta is not None
    return decide(delta, replace(SETTING, **setting))


def kinds(decision):
    return [step.action.kind for step in decision.steps]


def codes(items):
    return [item.code for item in items]


def recorded(**rest):
    values: dict[str, Any] = {"seats": 25, "term_ends": at("2026-03-15"), "scheduled": None} | rest
    return Recorded(
        address=Address.parse("hafenkontor/visio"), hash="0" * 64, subscription="s1", offer=VISIO, status="running",
        at=at("2026-01-01"), **values,
    )  # fmt: skip


# ---- whether the renewal has been ----


@pytest.mark.parametrize(
    ("live", "own", "expected"),
    [
        (replace(LATER, seats=17), None, True),  # a later term, where atRenewal wants it
        (replace(LATER, seats=20), None, True),  # on the way there
        (replace(LATER, seats=25), None, False),  # as the line says: still to come
        (replace(LATER, seats=12), None, False),  # neither
        (sub(seats=17, created=at("2026-03-15")), None, False),  # its first term
        (replace(LATER, seats=17, scheduled=next_term(LATER, 17)), None, False),  # written for the renewal to come
        (replace(LATER, seats=12), recorded(scheduled=next_term(LATER, 17)), True),  # we scheduled it for a past term
        (replace(LATER, seats=17), recorded(scheduled=next_term(LATER, 17), term_ends=at("2027-03-15")), False),
    ],
    ids=["there", "on the way", "as declared", "elsewhere", "first term", "scheduled", "recorded before", "taken away"],
)
def test_whether_a_renewal_came_true(live, own, expected):
    """By the subscription, its term, and what the ledger says was scheduled."""
    spec, said = after_renewal(line("visio", seats=25, at_renewal=wish(seats=17)), live, own)

    assert expected is (said is not None)
    assert (live.seats if expected else 25) == spec.seats


def test_what_came_true_is_kept_field_by_field():
    """Offer, term and plan that `atRenewal` brought stay as they run; the rest of the line is as declared."""
    spec = line("visio", seats=5, at_renewal=wish(term=Term.P3Y, billing=BillingCycle.ANNUAL))
    live = replace(LATER, seats=5, term=Term.P3Y, billing=BillingCycle.ANNUAL, term_ends=at("2029-03-15"))

    kept, said = after_renewal(spec, live, None)

    assert (Term.P3Y, BillingCycle.ANNUAL, 5, None) == (kept.term, kept.billing, kept.seats, kept.at_renewal)
    assert said is not None
    assert "term: P3Y, billing: annual" in (said.hint or "")


def test_an_end_that_has_been_is_said():
    """`endsOn` within the running term was that of the renewal before."""
    spec = line("visio", at_renewal=wish(ends=date(2027, 3, 14)))

    _kept, said = after_renewal(spec, LATER, None)

    assert said is not None
    assert "CSP303" == said.code


# ---- the renewal ----


@pytest.mark.parametrize(
    ("have", "wanted", "expected"), [(None, None, True), ("A", None, True), (None, "A", True), ("A", "B", False)]
)
def test_a_promotion_is_compared_where_both_are_known(have, wanted, expected):
    """One that is not shown is said elsewhere, one nobody asked for is welcome, another one is a difference."""
    base = next_term(LATER, 5)

    assert expected is is_scheduled(replace(base, promotion=have), replace(base, promotion=wanted))


def test_a_change_with_the_renewal_waits_where_nothing_can_be_scheduled():
    """The provider says that this subscription takes no schedule: due, and no error."""
    live = sub()
    shut = replace(live, policy=replace(live.policy, can_schedule=False))

    assert ([], ["CSP314"]) == (
        kinds(decided(line("visio", at_renewal=wish(seats=8)), shut)),
        codes(decided(line("visio", at_renewal=wish(seats=8)), shut).waiting),
    )


def test_more_seats_at_the_renewal_keep_to_the_maximum():
    """What the pool does not hold now, it does not hold then."""
    decision = decided(line("visio", at_renewal=wish(seats=301)), sub())

    assert ([], ["CSP331"]) == (kinds(decision), codes(decision.diagnostics))


def test_another_offer_without_conversions_is_for_a_person():
    """A provider that converts nothing leaves it to the portal."""
    spec = line("visio", at_renewal=wish(offer=OfferKey.parse(PHONE)))

    assert ["CSP360"] == codes(decided(spec, sub(), capabilities=ALL & ~Capability.CONVERT).waiting)


def test_software_shares_no_end():
    """End dates are shared by licences only."""
    spec = line("visio", at_renewal=wish(ends=date(2027, 12, 31)))

    assert ["CSP306"] == codes(decided(spec, sub(product="software")).diagnostics)


def test_an_end_may_be_that_of_another_subscription():
    """A day no month ends on is fine where another subscription of ours ends on it."""
    spec = line("visio", at_renewal=wish(ends=date(2027, 9, 9)))
    other = sub("s2", PHONE, term_ends=at("2027-09-10"), term_started=at("2026-09-10"))

    assert ["schedule_renewal"] == kinds(decided(spec, sub(), neighbours=(other,)))
    assert ["CSP306"] == codes(decided(spec, sub()).diagnostics)


# ---- suspended ----


def test_a_suspension_on_the_day_of_the_renewal_waits():
    """From 00:00 UTC of that day on the state is read-only."""
    live = sub(term_ends=at("2026-11-22"))

    assert ([], ["CSP315"]) == (
        kinds(decided(line("visio", suspended=True), live)), codes(decided(line("visio", suspended=True), live).waiting)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("live", "code"),
    [(sub(trial=True), "CSP326"), (sub(busy="a renewal is running"), "CSP334"), (sub(status=Status.PENDING), "CSP334")],
    ids=["trial", "busy", "provisioning"],
)
def test_what_cannot_be_suspended_waits(live, code):
    """Trials keep their state, and what is busy takes no change."""
    decision = decided(line("visio", suspended=True), live)

    assert ([], [code]) == (kinds(decision), codes(decision.waiting))


def test_without_the_ability_a_person_suspends():
    """The provider cannot: said, with what to do."""
    assert ["CSP360"] == codes(
        decided(line("visio", suspended=True), sub(), capabilities=ALL & ~Capability.SUSPEND).waiting
    )


def test_what_was_scheduled_goes_with_a_suspension():
    """The plan says that the schedule is dropped."""
    live = sub()

    decision = decided(line("visio", suspended=True), replace(live, scheduled=next_term(live, 3)))

    assert ["suspend"] == kinds(decision)
    assert "dropped" in " ".join(decision.notes)


def test_a_resumption_that_must_give_seats_back_at_once_waits_with_them():
    """`reduce: now` cannot be judged while suspended: resumed first, the seats by the next plan."""
    live = sub(seats=8, status=Status.SUSPENDED, end_of_term="unset")

    decision = decided(line("visio", seats=5, reduce="now"), live)

    assert (["resume", "set_end_of_term"], ["CSP326"]) == (kinds(decision), codes(decision.waiting))


# ---- a longer term ----


@pytest.mark.parametrize("declared", ["cancel", None])
def test_an_end_that_is_set_is_taken_back_and_written_again_around_a_longer_term(declared):
    """An explicit end is a scheduled action: none may be pending, and any immediate change deletes it."""
    decision = decided(line("visio", term=Term.P3Y, end_of_term=declared), sub(end_of_term="cancel"))

    assert ["set_end_of_term", "change_term", "set_end_of_term"] == kinds(decision)
    assert [("cancel", "renew"), ("renew", "cancel")] == [
        (step.action.before, step.action.after) for step in decision.steps if isinstance(step.action, SetEndOfTerm)
    ]


def test_what_was_to_end_can_get_a_longer_term_that_renews():
    """Where it is to renew from now on, that comes first and once."""
    assert ["set_end_of_term", "change_term"] == kinds(decided(line("visio", term=Term.P3Y), sub(end_of_term="cancel")))


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ({"capabilities": ALL & ~Capability.CHANGE_TERM}, "CSP360"),
        ({"agreement": "none"}, "CSP350"),
        ({"blocked": "unpaid"}, "CSP351"),
        ({"offer": None, "offer_state": "unread"}, "CSP325"),
    ],
)
def test_a_longer_term_waits_like_a_purchase(setting, code):
    """What stands against a purchase stands against it: it is one."""
    decision = decided(line("visio", term=Term.P3Y), sub(), **setting)

    assert ([], [code]) == (kinds(decision), codes(decision.waiting))


def test_what_was_longer_before_is_not_bought_a_term():
    """The ledger says a year, a month runs and renews: it may be an extension, so a person decides."""
    live = sub(term=Term.P1M, term_started=at("2026-11-15"), term_ends=at("2026-12-15"))

    assert ["CSP321"] == codes(decided(line("visio"), live, was_term=Term.P1Y).diagnostics)
    assert ["change_term"] == kinds(decided(line("visio"), live, was_term=Term.P1M))


def test_next_term_of_a_longer_one_is_of_the_longer_one():
    """Scheduled afterwards, the next term is that of the term gone over to."""
    decision = decided(line("visio", term=Term.P3Y, at_renewal=wish(seats=8)), sub())
    following = NextTerm(offer=OfferKey.parse(VISIO), seats=8, term=Term.P3Y, billing=BillingCycle.MONTHLY)

    assert ["change_term", "schedule_renewal"] == kinds(decision)
    assert following == decision.steps[-1].action.next
    assert at("2029-11-22") == decision.later_on
