"""Upgrades (contract §13.7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.simulator.world import BASIC, CUSTOMER, E3, E5, NOON, STANDARD, Client, frozen, merged

OLD = NOON - timedelta(days=100)


def seeded(offer=BASIC, **more):
    simulator = frozen()
    row = simulator.seed_subscription(CUSTOMER, offer, **merged(more, seats=10, start=OLD, lots=[]))
    return simulator, Client(simulator), row


def move(client, row, offer, seats, **more):
    body = {
        "toCatalogItemId": client.item(CUSTOMER, offer),
        "quantity": seats,
        "transitionType": "transition_only",
        **more,
    }
    return client.post(f"/customers/{CUSTOMER}/subscriptions/{row}/transitions", body)


def test_eligibility_names_what_can_be():
    """Immediate names upgrade targets; scheduled names the own SKU too, and no subscriptions to merge into."""
    _, client, row = seeded()
    path = f"/customers/{CUSTOMER}/subscriptions/{row}/transitionEligibilities"
    now = {item["title"] for item in client.get(path).body["items"]}
    later = {item["title"] for item in client.get(path + "?eligibilityType=scheduled").body["items"]}
    assert {"Microsoft 365 Business Basic"} == later - now


def test_a_suspended_source_is_not_eligible():
    """Error 2: the source is not active."""
    _, client, row = seeded()
    client.patch(CUSTOMER, row, status="suspended")
    items = client.get(f"/customers/{CUSTOMER}/subscriptions/{row}/transitionEligibilities").body["items"]
    assert [(False, 2)] * 2 == [(one["isEligible"], one["errors"][0]["code"]) for one in items[0]["eligibilities"]]


def test_a_full_upgrade_keeps_the_id():
    """All seats: the same subscription, another offer, the same end; it cannot be sent twice."""
    _, client, row = seeded()
    before = client.subscription(CUSTOMER, row)
    done = move(client, row, STANDARD, 10)
    after = client.subscription(CUSTOMER, row)
    again = move(client, row, STANDARD, 10)
    listed = client.get(f"/customers/{CUSTOMER}/subscriptions/{row}/transitions").body
    assert (200, row, STANDARD, before["commitmentEndDateTime"], (400, 900259), "Completed", listed["items"]) == (
        done.status,
        after["id"],
        ":".join(after["offerId"].split(":")[:2]),
        after["commitmentEndDateTime"],
        again.code,
        listed["items"][0]["events"][0]["status"],
        listed["transition"],
    )


def test_a_full_upgrade_may_buy_more():
    """A quantity above the source's buys the difference, and opens no window."""
    _, client, row = seeded()
    move(client, row, STANDARD, 12)
    after = client.subscription(CUSTOMER, row)
    assert (12, 0, None) == (
        after["quantity"],
        after["refundableQuantity"]["totalQuantity"],
        after["cancellationAllowedUntilDate"],
    )


def test_a_partial_upgrade_is_a_new_subscription():
    """Fewer seats: the source keeps the rest, the new one ends with it and inherits its window."""
    _, client, row = seeded(start=NOON - timedelta(days=2), lots=None)
    done = move(client, row, STANDARD, 4).body
    source, target = client.subscription(CUSTOMER, row), client.subscription(CUSTOMER, done["toSubscriptionId"])
    assert (6, 4, source["commitmentEndDateTime"], "2026-06-15T12:00:00Z") == (
        source["quantity"],
        target["quantity"],
        target["commitmentEndDateTime"],
        target["refundableQuantity"]["details"][0]["allowedUntilDateTime"],
    )


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ({"term": "P1M", "start": NOON - timedelta(days=3)}, 900267),
        ({"start": NOON - timedelta(days=200)}, 900236),
        ({"status": "suspended"}, 900258),
        ({"lots": None, "start": NOON}, 900261),
    ],
)
def test_seats_move_only_into_a_fitting_subscription(target, code):
    """A shorter term, an earlier end, an inactive one, one inside its own window: each has its code."""
    simulator, client, row = seeded()
    other = simulator.seed_subscription(CUSTOMER, STANDARD, **merged(target, seats=5, lots=[], start=OLD))
    assert (400, code) == move(client, row, STANDARD, 3, toSubscriptionId=other).code


def test_seats_move_into_an_existing_subscription():
    """They leave the source and join the target, whose term stays."""
    simulator, client, row = seeded()
    other = simulator.seed_subscription(CUSTOMER, STANDARD, seats=5, lots=[], start=OLD + timedelta(days=10))
    move(client, row, STANDARD, 3, toSubscriptionId=other)
    assert (7, 8) == (client.subscription(CUSTOMER, row)["quantity"], client.subscription(CUSTOMER, other)["quantity"])


@pytest.mark.parametrize(
    ("source", "offer", "more", "code"),
    [
        (E5, E3, {}, 900260),
        (E3, E5, {"termDuration": "P1M", "billingCycle": "monthly"}, 900267),
        (E3, E5, {"termDuration": "P5Y"}, 900268),
        (E3, E5, {"billingCycle": "triennial"}, 900270),
    ],
)
def test_no_downgrades_and_no_shorter_terms(source, offer, more, code):
    """Targets off the path, shorter or unknown terms, cycles longer than the term are refused."""
    _, client, row = seeded(source)
    assert (400, code) == move(client, row, offer, 10, **more).code


def test_a_trial_can_be_bought_early():
    """A trial becomes the paid item by a transition with at least 25 seats."""
    _, client, row = seeded("CFQ7TTC0LCHC:TRL1", seats=25, term="P1M", start=NOON)
    few, done = move(client, row, "CFQ7TTC0LCHC:0002", 20), move(client, row, "CFQ7TTC0LCHC:0002", 25)
    after = client.subscription(CUSTOMER, row)
    assert ((400, 2002), 200, False, "P1Y", 25) == (
        few.code,
        done.status,
        after["isTrial"],
        after["termDuration"],
        after["quantity"],
    )


def test_an_upgrade_deletes_the_schedule():
    """Whatever was planned for the end of the term is gone."""
    _, client, row = seeded()
    product = {
        "productId": "CFQ7TTC0LH18",
        "skuId": "0001",
        "availabilityId": "",
        "billingCycle": "monthly",
        "termDuration": "P1Y",
    }
    client.patch(CUSTOMER, row, scheduledNextTermInstructions={"product": product, "quantity": 6})
    move(client, row, STANDARD, 10)
    assert None is client.subscription(CUSTOMER, row).get("scheduledNextTermInstructions")
