"""Changing a subscription: full replacement, windows, limits, terms (contract §13.1–13.5, §13.9, §4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.simulator.world import BASIC, COPILOT, CUSTOMER, E3, NOON, PREMIUM, VISIO, Client, frozen, merged

OLD = NOON - timedelta(days=100)


def seeded(offer=PREMIUM, **more):
    """A simulator, a client and one subscription, bought a hundred days ago unless said otherwise."""
    settings = {
        name: more.pop(name)
        for name in ("environment", "slow_seconds", "single_change", "update_limit")
        if name in more
    }
    simulator = frozen(**settings)
    row = simulator.seed_subscription(CUSTOMER, offer, **merged(more, seats=10, start=OLD))
    return simulator, Client(simulator), row


def test_seats_go_up_at_any_time_and_down_by_batch():
    """Added seats open seven days of their own; only they can be given back, the rest is 800090, later all is 900257."""
    simulator, client, row = seeded()
    none = client.patch(CUSTOMER, row, quantity=9).code
    client.patch(CUSTOMER, row, quantity=13)
    refundable = client.subscription(CUSTOMER, row)["refundableQuantity"]
    too_many, some = client.patch(CUSTOMER, row, quantity=9).code, client.patch(CUSTOMER, row, quantity=11).status
    simulator.advance(timedelta(days=7, seconds=1))
    assert ((400, 900257), 3, "2026-06-17T12:00:00Z", (400, 800090), 200, (400, 900257)) == (
        none,
        refundable["totalQuantity"],
        refundable["details"][0]["allowedUntilDateTime"],
        too_many,
        some,
        client.patch(CUSTOMER, row, quantity=10).code,
    )


def test_quantity_limits():
    """Zero is outside the offer's range; the pool of small-business seats names what is left."""
    _, client, row = seeded(BASIC)
    over = client.patch(CUSTOMER, row, quantity=301)
    assert ((400, 2002), (403, 800088), "290") == (
        client.patch(CUSTOMER, row, quantity=0).code,
        over.code,
        over.body["data"][-1],
    )


def test_the_sandbox_holds_25_seats():
    """More is 800018."""
    _, client, row = seeded(E3, environment="sandbox")
    assert (400, 800018) == client.patch(CUSTOMER, row, quantity=26).code


def test_what_is_left_out_is_reset():
    """A body without autoRenewEnabled turns renewal off; without quantity and status those stay."""
    _, client, row = seeded()
    done = client("PATCH", f"/customers/{CUSTOMER}/subscriptions/{row}", {"friendlyName": "neu"})
    assert (200, "neu", False, 10, "active") == (
        done.status,
        *(done.body[name] for name in ("friendlyName", "autoRenewEnabled", "quantity", "status")),
    )


def test_names_are_read_in_any_case():
    """A PascalCase body changes what a camelCase one would."""
    _, client, row = seeded()
    done = client(
        "PATCH", f"/customers/{CUSTOMER}/subscriptions/{row.upper()}", {"Quantity": 12, "AutoRenewEnabled": True}
    )
    assert (12, True) == (done.body["quantity"], done.body["autoRenewEnabled"])


def test_stale_etags_are_refused():
    """If-Match of an earlier version is 2055, of the current one is taken; without it nothing is compared."""
    _, client, row = seeded()
    body = client.subscription(CUSTOMER, row)
    etag, path = body["attributes"]["etag"], f"/customers/{CUSTOMER}/subscriptions/{row}"
    first = client("PATCH", path, body | {"quantity": 11}, If_Match=f'"{etag}"')
    second = client("PATCH", path, body | {"quantity": 12}, If_Match=f'"{etag}"')
    assert (200, (400, 2055), 200) == (first.status, second.code, client("PATCH", path, body | {"quantity": 12}).status)


def test_suspending_keeps_charging_and_stops_renewing():
    """Suspension drops auto-renewal and freezes the quantity; resuming does not turn renewal on again."""
    _, client, row = seeded()
    suspended = client.patch(CUSTOMER, row, status="suspended").body
    frozen_seats, auto = (
        client.patch(CUSTOMER, row, quantity=11).code,
        client.patch(CUSTOMER, row, autoRenewEnabled=True).code,
    )
    resumed = client.patch(CUSTOMER, row, status="active", autoRenewEnabled=True).body
    assert (("suspended", False, None), (400, 2001), (400, 800091), ("active", False)) == (
        (suspended["status"], suspended["autoRenewEnabled"], suspended["refundableQuantity"]),
        frozen_seats,
        auto,
        (resumed["status"], resumed["autoRenewEnabled"]),
    )


def test_cancelling_has_a_deadline():
    """Inside the window the subscription is deleted at once and stays in the list; after it 900117; a deleted one takes nothing."""
    _, client, old = seeded()
    new = client.buy(CUSTOMER, VISIO)
    until = client.subscription(CUSTOMER, new)["cancellationAllowedUntilDate"]
    done = client.patch(CUSTOMER, new, status="deleted").body
    listed = [row["status"] for row in client.get(f"/customers/{CUSTOMER}/subscriptions").body["items"]]
    assert ("2026-06-17T23:59:00Z", "deleted", (400, 900117), ["active", "deleted"], (400, 2011)) == (
        until,
        done["status"],
        client.patch(CUSTOMER, old, status="deleted").code,
        listed,
        client.patch(CUSTOMER, new, quantity=2).code,
    )


@pytest.mark.parametrize(
    ("have", "want", "code"),
    [
        (("P1Y", "monthly"), ("P1M", "monthly"), 800122),
        (("P1Y", "monthly"), ("P1Y", "annual"), 800097),
        (("P1M", "monthly"), ("P5Y", "annual"), 800121),
        (("P1Y", "monthly"), ("P3Y", "weekly"), 800097),
    ],
)
def test_terms_only_grow(have, want, code):
    """A shorter term, another plan alone, an unknown term or plan: each has its code."""
    _, client, row = seeded(term=have[0], billing=have[1], start=NOON - timedelta(days=10))
    assert (400, code) == client.patch(CUSTOMER, row, termDuration=want[0], billingCycle=want[1]).code


def test_a_longer_term_starts_at_once():
    """Monthly to annual: a new commitment from now on, under the same id."""
    _, client, row = seeded(term="P1M", start=NOON - timedelta(days=10))
    done = client.patch(CUSTOMER, row, termDuration="P1Y", billingCycle="monthly").body
    assert ("P1Y", "2026-06-10T12:00:00Z", "2027-06-09T23:59:59Z") == (
        done["termDuration"],
        done["effectiveStartDate"],
        done["commitmentEndDateTime"],
    )


def test_items_without_a_monthly_term_cannot_have_one():
    """Copilot has no P1M, so nothing can be scheduled to it."""
    _, client, row = seeded(COPILOT)
    product = {
        "productId": "CFQ7TTC0MM8R",
        "skuId": "0002",
        "availabilityId": "",
        "billingCycle": "monthly",
        "termDuration": "P1M",
    }
    assert (400, 800121) == client.patch(
        CUSTOMER, row, scheduledNextTermInstructions={"product": product, "quantity": 10}
    ).code


def test_trials_change_nothing_but_their_end():
    """Quantity, status and term of a trial are refused, auto-renewal can be turned off."""
    _, client, row = seeded("CFQ7TTC0LCHC:TRL1", seats=25, term="P1M", start=NOON - timedelta(days=3))
    assert ((400, 800095), (400, 800096), (400, 800107), 200) == (
        client.patch(CUSTOMER, row, quantity=30).code,
        client.patch(CUSTOMER, row, status="deleted").code,
        client.patch(CUSTOMER, row, termDuration="P1Y", billingCycle="monthly").code,
        client.patch(CUSTOMER, row, autoRenewEnabled=False).status,
    )


def test_a_slow_service_answers_202():
    """202 with a Location; the old value is read until the change has come true, and other writes are 409/800082."""
    simulator, client, row = seeded(slow_seconds=30)
    done = client.patch(CUSTOMER, row, quantity=12)
    meanwhile = client.subscription(CUSTOMER, row)["quantity"], client.patch(CUSTOMER, row, quantity=13).code
    simulator.advance(timedelta(seconds=31))
    assert (202, f"/customers/{CUSTOMER}/subscriptions/{row}", 12, (10, (409, 800082)), 12) == (
        done.status,
        done.headers["Location"],
        done.body["quantity"],
        meanwhile,
        client.subscription(CUSTOMER, row)["quantity"],
    )


def test_updates_are_numbered():
    """After about 1,200 updates every further one is 900311."""
    simulator, client, row = seeded()
    simulator.edit_subscription(CUSTOMER, row, updates=1200)
    assert (400, 900311) == client.patch(CUSTOMER, row, quantity=11).code


def test_one_change_at_a_time_on_request():
    """With single_change a body that changes two things is refused."""
    _, client, row = seeded(single_change=True)
    assert (400, 800002) == client.patch(CUSTOMER, row, quantity=11, friendlyName="neu").code


def test_expired_and_disabled_take_nothing():
    """Each state after the end has its own refusal."""
    simulator, client, row = seeded(status="expired")
    expired = client.patch(CUSTOMER, row, quantity=11).code
    simulator.edit_subscription(CUSTOMER, row, status="disabled")
    assert ((400, 900277), (400, 900279)) == (expired, client.patch(CUSTOMER, row, quantity=11).code)


def test_changes_leave_orders_and_records():
    """Seats added leave an order and an audit record with old and new value."""
    _, client, row = seeded()
    client.patch(CUSTOMER, row, quantity=12)
    orders = client.get(f"/customers/{CUSTOMER}/orders").body["items"]
    record = client.get("/auditrecords?startDate=2026-06-10").body["items"][0]
    assert (["New", "addQuantity"], "update_subscription", True, True) == (
        [order["lineItems"][0]["transactionType"] for order in orders],
        record["operationType"],
        '"Quantity": 10' in record["resourceOldValue"],
        '"Quantity": 12' in record["resourceNewValue"],
    )


def test_seats_over_a_promotion_cap_fail():
    """Where a purchase would go through at list price, adding seats beyond the cap is 27006."""
    simulator, client, _ = seeded()
    simulator.seed_promotion("PROMO1:0001:X", VISIO, discount="0.25", max_seats=10)
    row = client.buy(CUSTOMER, VISIO, 8)
    assert ("PROMO1:0001:X", (400, 27006), 200) == (
        client.subscription(CUSTOMER, row)["promotionId"],
        client.patch(CUSTOMER, row, quantity=11).code,
        client.patch(CUSTOMER, row, quantity=10).status,
    )
