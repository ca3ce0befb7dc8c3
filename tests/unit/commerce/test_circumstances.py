"""Holds, qualifications and resellers: what is left of a wish, what waits, what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from cspdecl.commerce.circumstances import (
    check_qualified,
    check_reseller,
    renewals_on_hold,
    under_hold,
    waits_for_circumstances,
)
from cspdecl.commerce.products import decide_owned
from cspdecl.commerce.values import Delta, Setting
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import Hold, RenewsTo, ResellerOfRecord
from cspdecl.core.diagnostics import Diagnostic, Origin
from cspdecl.core.inquiry import ResellerStanding, Unanswered
from cspdecl.core.live import NextTerm, Qualification
from cspdecl.core.operation import Waiting
from cspdecl.core.terms import BillingCycle, Term
from tests.planning_builders import ALL, NOW, PREMIUM, VISIO, at, line, sub

HERE = Origin(file="customers/hafenkontor.yaml")
HOLD = Hold(since=date(2026, 11, 1), reason="three invoices open", origin=HERE)
PAID = NextTerm(offer=OfferKey.parse(PREMIUM), seats=25, term=Term.P1Y, billing=BillingCycle.MONTHLY)


def around(**rest) -> Setting:
    """What surrounds a line of a customer that may buy."""
    return Setting(now=NOW, capabilities=rest.pop("capabilities", ALL), **rest)


# ---- hold ----


def trial(**rest):
    return sub("t1", VISIO, 25, trial=True, term=Term.P1M, billing=BillingCycle.NONE, scheduled=PAID, **rest)


@pytest.mark.parametrize(
    ("wanted", "held"),
    [
        (RenewsTo(seats=10, origin=HERE), ()),
        (RenewsTo(seats=40, origin=HERE), ("what the trial is to become (`renewsTo`)",)),
        (RenewsTo(term=Term.P3Y, origin=HERE), ("what the trial is to become (`renewsTo`)",)),
        (RenewsTo(offer=OfferKey.parse(VISIO), origin=HERE), ("what the trial is to become (`renewsTo`)",)),
    ],
)
def test_a_trial_becomes_no_more_than_it_would_by_itself(wanted, held):
    """Fewer seats after a trial go on; more of them, a longer term or another offer are held back."""
    assert held == under_hold(line("visio", seats=25, trial=True, renews_to=wanted), trial()).held


def test_a_trial_that_ends_is_not_switched_on():
    """Off stays off: on hold nothing becomes paid that would not by itself."""
    wish = under_hold(line("visio", seats=25, trial=True), trial(end_of_term="cancel"))

    assert ("cancel", None) == (wish.spec.end_of_term, wish.spec.renews_to)


def test_what_leaves_is_left_alone():
    """`absent` is no purchase, and neither is what a hold has nothing to say about."""
    for spec in (line("visio", absent=True, seats=99), line("visio", seats=3)):
        assert (spec, ()) == (under_hold(spec, sub()).spec, under_hold(spec, sub()).held)


def test_many_renewals_are_named_by_the_nearest():
    """Six are named, the nearest first; the rest is counted, and what ends is none of them."""
    lines = [
        (line(f"l{number}"), sub(f"s{number}", term_ends=at("2027-01-01") + timedelta(days=9 - number)))
        for number in range(9)
    ]
    ending = (line("ends", end_of_term="cancel"), sub("s9"))

    found = renewals_on_hold(HOLD, [*lines, ending], "hafenkontor")

    assert found is not None
    assert "9 renewals commit again: l8 on 2027-01-02 (5 seats, P1Y), l7" in found.message
    assert found.message.endswith("l3 on 2027-01-07 (5 seats, P1Y) and 3 more")
    assert renewals_on_hold(HOLD, [ending], "hafenkontor") is None


# ---- qualifications ----


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        (None, "CSP383"),
        ((), "CSP384"),
        ((Qualification(name="education", status="in-review"),), "CSP384"),
        ((Qualification(name="education", status="denied"),), "CSP385"),
        ((Qualification(name="government", status="approved"),), "CSP384"),
        ((Qualification(name="education", status="approved"),), None),
    ],
)
def test_only_an_approved_qualification_opens_a_segment(shown, code):
    """Not read, not asked for, in review, denied, another one: none of them is a yes."""
    found = check_qualified(line("visio"), around(segment="education", qualifications=shown))

    assert code == (found.code if found is not None else None)


def test_the_commercial_segment_needs_none():
    """Whatever could be read, commercial offers are for everybody."""
    assert check_qualified(line("visio"), around()) is None


def test_a_new_customer_has_to_be_asked_for_first():
    """Nothing could be read of a customer that does not exist yet."""
    found = check_qualified(line("visio"), around(segment="education", new_customer=True))

    assert isinstance(found, Waiting)
    assert found.text.endswith("it has to be asked for first")


# ---- resellers ----

RESELLER = ResellerOfRecord(partner_id="1234567", additional=("7654321",), attested=True, origin=HERE)
SIGNED = {key: ResellerStanding(partner_id=key, agreement_signed=True) for key in ("1234567", "7654321")}


def checked(reseller=RESELLER, standings=SIGNED, **rest):
    setting = around(model="indirect-provider", reseller=reseller, standings=standings, country="DE", **rest)
    found = check_reseller(HERE, "hafenkontor/visio", setting)
    return found.code if isinstance(found, Diagnostic) else found


def test_a_reseller_is_named_only_when_every_partner_may_be():
    """Signed and in region: the reseller and each additional partner."""
    unsigned = replace(SIGNED["7654321"], agreement_signed=False)
    abroad = replace(SIGNED["7654321"], region=("US", "CA"))

    assert checked() is None
    assert "reseller 7654321 has not signed Microsoft's partner agreement" == checked(
        standings={**SIGNED, "7654321": unsigned}
    )
    assert "CSP392" == checked(standings={**SIGNED, "7654321": abroad})
    assert "CSP391" == checked(replace(RESELLER, attested=False))


@pytest.mark.parametrize("standings", [{}, {"1234567": Unanswered(reason="needs a sign-in")}])
def test_a_reseller_nobody_could_ask_about_is_not_named(standings):
    """No answer is no yes."""
    assert checked(standings=standings).startswith("whether reseller 1234567 may sell could not be read")


def test_a_provider_without_resellers_cannot_name_one():
    """Where the plugin cannot put anybody on record, the order waits rather than lose its reseller."""
    waiting = waits_for_circumstances(
        line("visio"),
        around(model="indirect-provider", reseller=RESELLER, capabilities=ALL & ~Capability.RESELLER_OF_RECORD),
    )

    assert waiting is not None
    assert "CSP390" == waiting.code


def test_who_sells_directly_names_nobody():
    """`reseller` says nothing outside the indirect model."""
    assert check_reseller(HERE, "hafenkontor/visio", around(reseller=RESELLER)) is None


# ---- what is owned ----


def owned(spec, live):
    decision = decide_owned(Delta(spec=spec, live=live, fields=frozenset()), live, around())
    assert decision is not None
    return decision


def licence(**rest):
    return replace(
        sub("o1:1", VISIO, 5, cancel_until=at("2026-12-01")), product="perpetual", term=Term.ONCE,
        billing=BillingCycle.ONE_TIME, term_ends=None, order_id="o1", **rest,
    )  # fmt: skip


def test_a_licence_is_given_back_whole_by_its_order():
    """The cancellation names what kind of thing it is and the order it came with."""
    [step] = owned(line("visio", absent=True, term=Term.ONCE), licence()).steps

    assert ("cancel", 5, "perpetual", "o1", at("2026-12-01")) == (
        step.action.kind, step.action.seats, step.action.product, step.action.order_id, step.not_after
    )  # fmt: skip


@pytest.mark.parametrize("seats", [3, 8])
def test_single_licences_neither_come_nor_go(seats):
    """More is another order, fewer cannot be given back."""
    decision = owned(line("visio", seats=seats, term=Term.ONCE, billing=BillingCycle.ONE_TIME), licence())

    assert ((), ["CSP394"]) == (decision.steps, [item.code for item in decision.diagnostics])


def test_the_thirty_days_are_counted_where_the_provider_does_not_say():
    """Thirty days from the purchase, by our dated constant (contract §13.3)."""
    silent = replace(licence().policy, cancel_until=None, source="assumed")
    fresh, old = licence(created=at("2026-11-01")), licence(created=at("2026-10-01"))
    leaving = line("visio", absent=True, term=Term.ONCE)

    assert [at("2026-12-01")] == [step.not_after for step in owned(leaving, replace(fresh, policy=silent)).steps]
    assert ["CSP395"] == [item.code for item in owned(leaving, replace(old, policy=silent)).diagnostics]
