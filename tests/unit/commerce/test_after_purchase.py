"""What `atRenewal` says of a line that is only being bought: with the purchase where it can be, else with the next plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from cspdecl.commerce.decide_purchase import decide_purchase
from cspdecl.commerce.values import Setting
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import AtRenewal
from cspdecl.core.terms import BillingCycle, Term
from tests.planning_builders import ALL, NOW, PHONE, VISIO, at, catalog, line, origin

OFFER = catalog().offers[OfferKey.parse(VISIO)]
SETTING = Setting(now=NOW, capabilities=ALL, offer=OFFER, offer_state="sold", agreement="accepted")
HERE = origin().at("atRenewal")


def bought(setting: Setting = SETTING, **wish):
    """What comes of buying five seats with a wish for the renewal."""
    return decide_purchase(line("visio", at_renewal=AtRenewal(origin=HERE, **wish)), setting)


def steps(decision):
    return [step.action.kind for step in decision.steps]


def test_seats_of_the_next_term_are_written_right_after_the_purchase():
    """Four of the five seats go on: one more step, before 00:00 UTC of the day of the renewal."""
    decision = bought(seats=4)

    assert ["purchase", "schedule_renewal"] == steps(decision)
    assert 4 == decision.steps[1].action.next.seats
    assert at("2027-11-22") == decision.steps[1].not_after
    assert "from the renewal on 2027-11-22: 4 seats" in decision.notes


def test_another_offer_is_left_to_the_next_plan():
    """What something can become is asked about what runs, so the plan says so and writes nothing yet."""
    decision = bought(offer=OfferKey.parse(PHONE), seats=4)

    assert ["purchase"] == steps(decision)
    assert f"that it becomes {PHONE} at its renewal is written by the next plan, once it runs" in decision.notes


def test_the_same_offer_by_name_is_no_other_offer():
    """`atRenewal: {offer: …}` with what is being bought changes nothing about the offer."""
    assert ["purchase", "schedule_renewal"] == steps(bought(offer=OfferKey.parse(VISIO), seats=4))


def test_what_is_bought_as_it_goes_on_needs_no_schedule():
    """Five seats now and five from the renewal on: bought, nothing else."""
    assert ["purchase"] == steps(bought(seats=5))


def test_nothing_is_declared_for_the_renewal():
    """Without `atRenewal` there is one step."""
    assert ["purchase"] == steps(decide_purchase(line("visio"), SETTING))


@pytest.mark.parametrize(
    ("wish", "code"),
    [({"term": Term.P1M, "billing": BillingCycle.ANNUAL}, "CSP323"), ({"ends": date(2028, 2, 12)}, "CSP306")],
)
def test_a_next_term_that_cannot_be_had_is_said_before_anything_is_bought(wish, code):
    """A combination nobody sells, a day that is none: named beside the purchase, and not written."""
    decision = bought(**wish)

    assert [code] == [item.code for item in (*decision.diagnostics, *decision.waiting)]
    assert "schedule_renewal" not in steps(decision)


def test_a_provider_that_cannot_schedule_leaves_it_to_a_person():
    """Bought all the same; what is for the renewal stands among what waits, with its day."""
    decision = bought(replace(SETTING, capabilities=ALL & ~Capability.SCHEDULED_CHANGES), seats=4)

    assert ["purchase"] == steps(decision)
    assert ["CSP360"] == [item.code for item in decision.waiting]
