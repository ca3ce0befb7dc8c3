"""Upgrades and trial conversions over the simulator: sent once, followed by reading, found again when an answer is lost."""

# a test that claims an outcome may look into it
# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

import json
from datetime import timedelta

import pytest

from cspdecl.core.action import Transition
from cspdecl.core.catalog import OfferKey
from cspdecl.core.money import Money
from cspdecl.core.outcome import Applied, NotDone, Pending, Rejected, Stale, Unknown
from cspdecl.core.terms import BillingCycle, Term
from cspdecl_partner_center.subscriptions import parse_subscription
from tests.partner_center.shop import NOW, Shop
from tests.partner_center.support import BASIC, PREMIUM, Script, call, carry_out, guard_of, operation, over_script

TRIAL = OfferKey.parse("CFQ7TTC0LCHC:TRL1")


def upgrade(**how):
    return Transition(**{"source": BASIC, "target": PREMIUM, "before": 10, "seats": 10, "country": "US", **how})


def test_full_upgrade_keeps_the_subscription():
    """All seats: the same id, another offer; one request was sent (contract §13.7)."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10)

    outcome = shop.change(own, upgrade())

    live = outcome.subscription
    assert (own, PREMIUM, 10) == (live.id, live.offer, live.seats)
    assert ((), None, 1) == (outcome.also, outcome.receipt.remark, shop.writes("/transitions"))


def test_full_upgrade_to_more_seats_buys_the_difference():
    """More seats than the source has is possible, so the read-back has them."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10)

    assert 14 == shop.change(own, upgrade(seats=14)).subscription.seats


def test_partial_upgrade_makes_a_second_subscription():
    """Fewer seats: a new subscription that ends with the source, which keeps the rest and comes along in the answer."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10, start="2026-03-01T00:00:00Z")

    outcome = shop.change(own, upgrade(seats=4))

    (source,) = outcome.also
    assert (own, BASIC, 6) == (source.id, source.offer, source.seats)
    assert (PREMIUM, 4, source.term_ends) == (
        outcome.subscription.offer,
        outcome.subscription.seats,
        outcome.subscription.term_ends,
    )
    assert own != outcome.subscription.id


def test_seats_move_into_an_existing_subscription():
    """Its seats grow, the source's shrink, and what the target had is compared before."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10, start="2026-03-01T00:00:00Z")
    into = shop.seed(PREMIUM, seats=5, start="2026-03-01T00:00:00Z")

    assert "5 seats" in shop.change(own, upgrade(seats=4, into=into, target_before=7)).seen
    outcome = shop.change(own, upgrade(seats=4, into=into, target_before=5))

    assert (into, 9, [6]) == (
        outcome.subscription.id,
        outcome.subscription.seats,
        [item.seats for item in outcome.also],
    )
    assert 1 == shop.writes("/transitions")


def test_two_partial_upgrades_make_two_subscriptions():
    """What an earlier one made is not taken for the result of the next."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10)

    first = shop.change(own, upgrade(seats=2))
    second = shop.change(own, upgrade(before=8, seats=2))

    assert first.subscription.id != second.subscription.id
    assert [6] == [item.seats for item in second.also]


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        (upgrade(target=OfferKey.parse("CFQ7TTC0HD33:0003")), "it cannot be upgraded to CFQ7TTC0HD33:0003 now"),
        (upgrade(before=9, seats=9), "10 seats of CFQ7TTC0LH18:0001 now, 9 of"),
        (upgrade(trial=True), "10 seats of CFQ7TTC0LH18:0001 now, 10 of"),
    ],
    ids=["no path", "other seats", "no trial"],
)
def test_upgrade_that_is_not_as_planned_is_stale(action, sentence):
    """No path, other seats, not the trial it was: nothing is sent."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10)

    outcome = shop.change(own, action)

    assert isinstance(outcome, Stale)
    assert sentence in outcome.seen
    assert 0 == shop.writes()


def test_change_between_the_two_steps_is_seen():
    """Everything is compared once more right before it is sent."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10)
    planned = shop.on(own, upgrade())
    first = shop.provider.apply(planned, shop.call())
    shop.sim.edit_subscription(shop.tenant, own, quantity=11)

    second = shop.provider.apply(planned, shop.call(first.checkpoint))

    assert isinstance(first, Pending)
    assert isinstance(second, Stale)
    assert 0 == shop.writes()


# ---- trials ----


def test_trial_becomes_what_is_paid_for():
    """In mid-trial, with 25 seats or more: the same subscription, no trial any more (contract §13.7)."""
    shop = Shop()
    own = shop.seed(TRIAL, seats=25, term="P1M")
    action = Transition(
        source=TRIAL, target=PREMIUM, before=25, seats=25, trial=True, term=Term.P1Y, billing=BillingCycle.MONTHLY
    )

    outcome = shop.change(own, action)

    live = outcome.subscription
    assert (PREMIUM, 25, False, Term.P1Y) == (live.offer, live.seats, live.trial, live.term)


# ---- answers that get lost ----


def test_lost_answer_of_an_upgrade_is_found_by_its_result():
    """The request arrived, its answer did not: unknown; the probe finds the upgrade, and nothing is sent again."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10)
    planned = shop.on(own, upgrade(seats=4))
    first = shop.provider.apply(planned, shop.call())
    shop.sim.fault("lost-response", path="/v1/customers/*/subscriptions/*/transitions", method="POST")

    lost = shop.provider.apply(planned, shop.call(first.checkpoint))
    probed = shop.provider.probe(planned, shop.call(first.checkpoint))

    assert isinstance(lost, Unknown)
    assert isinstance(probed, Applied)
    assert (4, [6]) == (probed.subscription.seats, [item.seats for item in probed.also])
    assert 1 == shop.writes("/transitions")


def test_step_that_is_taken_again_after_a_lost_answer_sends_nothing():
    """Asked again with the same checkpoint, it finds its own transition before it sends one."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10)
    planned = shop.on(own, upgrade())
    first = shop.provider.apply(planned, shop.call())
    shop.sim.fault("lost-response", path="/v1/customers/*/subscriptions/*/transitions", method="POST")
    shop.provider.apply(planned, shop.call(first.checkpoint))

    assert isinstance(shop.provider.apply(planned, shop.call(first.checkpoint)), Applied)
    assert 1 == shop.writes("/transitions")


def test_request_that_never_arrived_is_found_not_done_after_a_quarter_of_an_hour():
    """Until then it is looked for and nothing is sent; then nothing is listed and nothing has changed."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10)
    planned = shop.on(own, upgrade())
    first = shop.provider.apply(planned, shop.call())

    early = shop.provider.probe(planned, shop.call(first.checkpoint))
    again = shop.provider.apply(planned, shop.call(early.checkpoint))
    shop.machine += timedelta(minutes=16)
    late = shop.provider.probe(planned, shop.call(early.checkpoint))

    assert ["doubt", "doubt"] == [json.loads(one.checkpoint)["step"] for one in (early, again)]
    assert isinstance(shop.provider.apply(planned, shop.call(early.checkpoint)), Unknown)
    assert NotDone() == late
    assert 0 == shop.writes()
    assert NotDone() == shop.provider.probe(planned, shop.call())


# ---- answers written down ----

BODY = {
    "id": "e487e8dc-421e-4275-cb42-3c1c8daccf70",
    "offerId": f"{BASIC}:CFQ7TTC0K39X",
    "offerName": "Basic",
    "friendlyName": "m365",
    "productType": {"id": "OnlineServicesNCE"},
    "quantity": 10,
    "creationDate": "2026-03-01T00:00:00Z",
    "effectiveStartDate": "2026-03-01T00:00:00Z",
    "commitmentEndDateTime": "2027-02-28T23:59:59Z",
    "status": "active",
    "autoRenewEnabled": True,
    "billingType": "license",
    "billingCycle": "monthly",
    "termDuration": "P1Y",
}
TENANT = "9f2b6c1e-0000-4000-8000-000000000001"
PLACE = f"/subscriptions/{BODY['id']}"


def path_to(*kinds, errors=()):
    told = [{"isEligible": kind in kinds, "transitionType": kind, "errors": list(errors)}
            for kind in ("transition_only", "transition_with_license_transfer")]  # fmt: skip
    return ("GET", "/transitionEligibilities", 200, {"items": [
        {"catalogItemId": f"{PREMIUM}:CFQ7TTC0KCSV", "quantity": 10, "eligibilities": told}]})  # fmt: skip


def scripted(action, *answers, path=None, steps=6):
    script = Script([
        path or path_to("transition_only", "transition_with_license_transfer"),
        *answers,
        ("GET", "/transitions", 200, {"transition": []}),
        ("GET", "/customers/" + TENANT + "/subscriptions", 200, {"items": [BODY]}),
        ("GET", PLACE, 200, BODY),
    ])  # fmt: skip
    provider = over_script(script)
    wanted = operation(action, guard_of(TENANT, parse_subscription(BODY, now=NOW)))
    return script, carry_out(provider, wanted, call(TENANT), steps=steps)


def made(status="Completed ", name="Conversion", errors=()):
    event = {"name": name, "status": status, "timestamp": "2026-11-22T14:02:01Z", "errors": list(errors)}
    return {"operationId": "op-1", "toCatalogItemId": f"{PREMIUM}:CFQ7TTC0KCSV", "quantity": 10, "Events": [event]}


def test_failed_conversion_is_told_with_its_reason():
    """Its event says Failed, and nothing has changed: rejected, in the service's words."""
    failed = made("Failed", errors=[{"code": 3, "description": "conflicting services"}])
    script, outcome = scripted(
        upgrade(),
        ("POST", "/transitions", 200, made("Started ")),
        ("GET", "/transitions", 200, {"transition": []}),
        ("GET", "/transitions", 200, {"transition": []}),
        ("GET", "/transitions", 200, {"transition": [failed]}),
    )

    assert isinstance(outcome, Rejected)
    assert ("CSP425", True) == (outcome.code, "conflicting services" in outcome.message)
    assert 1 == len(script.writes)


def test_licences_that_did_not_move_are_told():
    """The conversion is done, the reassignment failed: applied, with what a person has to do."""
    after = {**BODY, "offerId": f"{PREMIUM}:CFQ7TTC0KCSV"}
    events = [made(), made("Failed", "LicenseReassignment")]
    both = {**events[0], "Events": [event for one in events for event in one["Events"]]}
    script = Script([
        path_to("transition_with_license_transfer"),
        ("POST", "/transitions", 200, both),
        ("GET", "/transitions", 200, {"transition": []}),
        ("GET", "/transitions", 200, {"transition": []}),
        ("GET", "/transitions", 200, {"transition": [both]}),
        ("GET", "/customers/" + TENANT + "/subscriptions", 200, {"items": []}),
        ("GET", PLACE, 200, BODY), ("GET", PLACE, 200, BODY), ("GET", PLACE, 200, BODY), ("GET", PLACE, 200, after),
    ])  # fmt: skip
    wanted = operation(
        upgrade(unit_price=Money.of("18.00", "USD")), guard_of(TENANT, parse_subscription(BODY, now=NOW))
    )

    outcome = carry_out(over_script(script), wanted, call(TENANT))

    assert isinstance(outcome, Applied)
    assert "users' licences were not moved" in outcome.receipt.remark
    assert "18.00 USD a seat that was approved could not be compared" in outcome.receipt.remark


@pytest.mark.parametrize(
    ("reassign", "kinds", "sent"),
    [
        (True, ("transition_only", "transition_with_license_transfer"), "transition_with_license_transfer"),
        (True, ("transition_only",), "transition_only"),
        (False, ("transition_only", "transition_with_license_transfer"), "transition_only"),
        (False, ("transition_with_license_transfer",), None),
        (True, (), None),
    ],
)
def test_kind_of_transition_is_what_was_asked_and_is_eligible(reassign, kinds, sent):
    """Licences move where they may; they never move unasked; where neither way is open it is stale with the reason."""
    path = path_to(*kinds, errors=[{"code": 6, "description": "remove add-ons"}])
    script, outcome = scripted(
        upgrade(reassign=reassign), ("POST", "/transitions", 200, made("Started ")), path=path, steps=1
    )

    assert [sent] == [one.body["transitionType"] for one in script.writes] if sent else [] == script.writes
    assert (sent is None) is isinstance(outcome, Stale)
    assert sent or "add-ons" in outcome.seen


def test_refused_upgrade_is_told_by_its_code():
    """The service refuses the request: a sentence, nothing in doubt."""
    _script, outcome = scripted(
        upgrade(), ("POST", "/transitions", 400, {"code": 900236, "description": "ends earlier"})
    )

    assert isinstance(outcome, Rejected)
    assert "The target of the upgrade ends earlier" in outcome.message


def test_upgrade_that_never_shows_is_unknown_in_the_end():
    """Answered, and a quarter of an hour later nothing can be seen: a person looks."""
    machine = [NOW]
    script = Script([
        path_to("transition_only"), ("POST", "/transitions", 200, made("Started ")),
        ("GET", "/transitions", 200, {"items": []}), ("GET", "/customers/" + TENANT + "/subscriptions", 200, {"items": []}),
        ("GET", PLACE, 200, BODY),
    ])  # fmt: skip
    provider = over_script(script, now=lambda: machine[0])
    wanted = operation(upgrade(), guard_of(TENANT, parse_subscription(BODY, now=NOW)))
    moving = carry_out(provider, wanted, call(TENANT), steps=3)
    machine[0] += timedelta(minutes=16)

    assert isinstance(moving, Pending)
    assert isinstance(provider.apply(wanted, call(TENANT, checkpoint=moving.checkpoint)), Unknown)
    assert isinstance(provider.probe(wanted, call(TENANT, checkpoint=moving.checkpoint)), Unknown)
    assert 1 == len(script.writes)
