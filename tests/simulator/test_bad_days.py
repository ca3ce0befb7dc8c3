"""Throttling and scripted faults (contract §5)."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import pytest

from cspdecl_simulator import Simulator
from tests.simulator.world import BASIC, CUSTOMER, E3, NOON, Client, frozen


def test_the_documented_limit():
    """500 calls a minute; the 501st is 429 with Retry-After in the documented shape, and the minute passes on machine time."""
    machine = [NOON]
    simulator = Simulator(machine=lambda: machine[0])
    simulator.configure(throttle="documented")
    simulator.seed_customer(CUSTOMER)
    client = Client(simulator)
    codes = {client.get(f"/customers/{CUSTOMER}").status for _ in range(500)}
    machine[0] += timedelta(seconds=3)
    refused = client.get(f"/customers/{CUSTOMER}")
    machine[0] += timedelta(seconds=58)
    assert (
        {200},
        429,
        "57",
        {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds."},
        200,
    ) == (
        codes,
        refused.status,
        refused.headers["Retry-After"],
        refused.body,
        client.get(f"/customers/{CUSTOMER}").status,
    )


def test_a_limit_of_ones_own():
    """N a minute counts everything."""
    client = Client(frozen(throttle="2"))
    assert [200, 200, 429] == [client.get("/agreements").status for _ in range(3)]


def test_a_lost_response_is_work_done():
    """The purchase is made, the answer never arrives; the second try finds it."""
    simulator = frozen()
    client = Client(simulator)
    cart = client.cart(CUSTOMER, client.line(CUSTOMER, BASIC)).body["id"]
    simulator.fault("lost-response", method="POST", path="*/checkout")
    path = f"/v1/customers/{CUSTOMER}/carts/{cart}/checkout"
    reply = simulator.handle("POST", path, {"Authorization": f"Bearer {client.token}"})
    again = client.post(f"/customers/{CUSTOMER}/carts/{cart}/checkout")
    assert (True, 201, 1) == (
        reply.drop,
        again.status,
        client.get(f"/customers/{CUSTOMER}/subscriptions").body["totalCount"],
    )


@pytest.mark.parametrize(
    ("kind", "status", "bought"),
    [
        ("error-500", 500, 0),
        ("error-503", 503, 0),
        ("error-500-after", 500, 1),
        ("throttle", 429, 0),
        ("stale-etag", 400, 0),
        ("unreadable", 403, 0),
    ],
)
def test_errors_before_and_after_the_work(kind, status, bought):
    """Each fault strikes once, with its status; only error-500-after leaves the work done."""
    simulator = frozen()
    client = Client(simulator)
    cart = client.cart(CUSTOMER, client.line(CUSTOMER, BASIC)).body["id"]
    simulator.fault(kind, path="*/checkout")
    struck = client.post(f"/customers/{CUSTOMER}/carts/{cart}/checkout").status
    assert (status, bought, 200) == (
        struck,
        client.get(f"/customers/{CUSTOMER}/subscriptions").body["totalCount"],
        client.get(f"/customers/{CUSTOMER}").status,
    )


def test_faults_can_wait_and_stay():
    """After lets requests pass, times=0 strikes for ever, clearing ends it."""
    simulator = frozen()
    client = Client(simulator)
    simulator.fault("error-503", path="/v1/customers", after=1, times=0)
    seen = [client.get("/customers").status for _ in range(4)]
    simulator.clear_faults()
    assert ([200, 503, 503, 503], 200) == (seen, client.get("/customers").status)


def test_cut_bodies_and_slow_answers():
    """Malformed cuts the JSON, slow says how long a server should wait."""
    simulator = frozen()
    client = Client(simulator)
    simulator.fault("malformed", path="/v1/customers")
    headers = {"Authorization": f"Bearer {client.token}"}
    cut = simulator.handle("GET", "/v1/customers", headers)
    simulator.fault("slow", argument="2.5", path="/v1/customers")
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut.body)
    assert 2.5 == simulator.handle("GET", "/v1/customers", headers).delay


def test_unknown_faults_are_refused():
    """A kind nobody knows is an error of the one who scripts it."""
    with pytest.raises(ValueError, match="unknown fault kind"):
        frozen().fault("bad-mood")


def test_the_request_log_knows_writes():
    """A test can claim that nothing was written."""
    simulator = frozen()
    client = Client(simulator)
    client.get("/customers")
    before = simulator.requests(writes=True)
    client.cart(CUSTOMER, client.line(CUSTOMER, BASIC))
    assert ([], ["/customers/{customer}/carts"]) == (
        before,
        [item["endpoint"] for item in simulator.requests(writes=True)],
    )


def test_nonsense_is_answered_not_raised():
    """A body that is no JSON, a list where an object belongs, wrong types: always a 4xx with a code."""
    simulator = frozen()
    row = simulator.seed_subscription(CUSTOMER, BASIC)
    client = Client(simulator)
    path = f"/customers/{CUSTOMER}/subscriptions/{row}"
    sent = [
        b"{",
        [],
        {"quantity": "many"},
        {"quantity": 1.5},
        {"autoRenewEnabled": "perhaps"},
        {"scheduledActions": [{"actionType": "Fly"}]},
        {"status": "gone"},
    ]
    assert {400} == {client("PATCH", path, body).status for body in sent}


JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**12,
    "",
    "x",
    [],
    {},
    [{}],
    {"a": 0.12345678901234567},
    "P1Y",
    "monthly",
    "deleted",
    "2026-13-45",
    "\x00",
    {"product": {"productId": "CFQ7TTC0LH18", "skuId": "0001", "billingCycle": 3, "termDuration": []}, "quantity": "a"},
    {
        "product": {"productId": "CFQ7TTC0LH18", "skuId": "0001", "promotionId": {}},
        "quantity": 3,
        "customTermEndDate": 7,
    },
    [{"actionType": "Cancel"}],
    [{"actionType": "Cancel", "scheduleType": "CustomDate", "effectiveDate": 5}],
]
FIELDS = (
    "quantity",
    "status",
    "autoRenewEnabled",
    "friendlyName",
    "termDuration",
    "billingCycle",
    "partnerId",
    "scheduledNextTermInstructions",
    "scheduledActions",
    "nextChargeInstructions",
    "id",
    "catalogItemId",
    "promotionId",
    "customTermEndDate",
    "participants",
    "renewsTo",
    "provisioningContext",
    "addonItems",
    "toSubscriptionId",
)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_sent_is_answered(seed):
    """Random values in random fields of PATCHes, carts, orders and transitions: never an exception, never a 5xx, and time still passes."""
    rng = random.Random(seed)
    simulator = frozen()
    rows = [simulator.seed_subscription(CUSTOMER, offer, seats=10) for offer in (BASIC, E3, "CFQ7TTC0LCHC:TRL1")]
    client = Client(simulator)
    base = {
        "catalogItemId": client.item(CUSTOMER, BASIC),
        "quantity": 1,
        "termDuration": "P1Y",
        "billingCycle": "monthly",
    }
    seen = set()
    for _ in range(100):
        junk = {rng.choice(FIELDS): rng.choice(JUNK) for _ in range(rng.randrange(1, 4))}
        row = f"/customers/{CUSTOMER}/subscriptions/{rng.choice(rows)}"
        seen.add(client("PATCH", row, junk).status)
        seen.add(
            client.post(
                f"{row}/transitions", {"toCatalogItemId": "x", "transitionType": "transition_only"} | junk
            ).status
        )
        seen |= {
            client.post(f"/customers/{CUSTOMER}/{kind}", {"lineItems": [base | junk]}).status
            for kind in ("carts", "orders")
        }
    simulator.advance(timedelta(days=800))
    assert set() == {status for status in seen if status >= 500}
