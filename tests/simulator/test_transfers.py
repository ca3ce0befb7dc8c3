"""Handing subscriptions to another partner: asked for, withdrawn, rejected; what waits cannot be changed."""

from __future__ import annotations

import pytest

from tests.simulator.world import BASIC, CUSTOMER, E3, Client, frozen

HOME = f"/customers/{CUSTOMER}"
OTHER = "5c1a2b3c-0000-4000-8000-0000000000ff"


@pytest.fixture
def world():
    simulator = frozen()
    row = simulator.seed_subscription(CUSTOMER, BASIC, seats=3)
    client = Client(simulator)
    made = client.post(
        f"{HOME}/transfers",
        {
            "sourcePartnerTenantId": simulator.settings.partner_tenant,
            "targetPartnerTenantId": OTHER,
            "lineItems": [{"subscriptionId": row, "partnerIdOnRecord": "6100001"}],
        },
    )
    return simulator, client, row, made


def test_a_transfer_is_made_and_read(world):
    """201 with a line a subscription; the same by id; a bare list of all."""
    _, client, row, made = world
    assert (201, "Active", row) == (made.status, made.body["status"], made.body["lineItems"][0]["subscriptionId"])
    assert made.body == client.get(f"{HOME}/transfers/{made.body['id']}").body
    assert [made.body] == client.get(f"{HOME}/transfers").body


def test_what_waits_for_a_transfer_cannot_be_changed(world):
    """PATCH is 409 with 900278 until the transfer is withdrawn."""
    _, client, row, made = world
    assert (409, 900278) == client.patch(CUSTOMER, row, friendlyName="anders").code
    assert 204 == client("DELETE", f"{HOME}/transfers/{made.body['id']}").status
    assert 200 == client.patch(CUSTOMER, row, friendlyName="anders").status


def test_a_rejected_transfer_is_over(world):
    """PATCH with status reject answers Reject; a second word on it is refused."""
    _, client, _, made = world
    path = f"{HOME}/transfers/{made.body['id']}"
    assert "Reject" == client("PATCH", path, {"id": made.body["id"], "status": "reject"}).body["status"]
    assert 400 == client("PATCH", path, {"status": "reject"}).status
    assert 400 == client("DELETE", path).status


def test_eligibility_names_the_reason(world):
    """A bare list: free to go, waiting already, not active."""
    simulator, client, row, _ = world
    free = simulator.seed_subscription(CUSTOMER, E3)
    idle = simulator.seed_subscription(CUSTOMER, E3, status="suspended")
    found = {item["id"]: item for item in client.get(f"{HOME}/transfersEligibility?transferType=directToIndirect").body}
    assert {row: False, free: True, idle: False} == {name: item["isEligible"] for name, item in found.items()}
    assert "reason" not in found[free]
    assert (400, 800002) == client.get(f"{HOME}/transfersEligibility").code


def test_the_same_subscription_is_not_transferred_twice(world):
    """Nor to oneself."""
    _, client, row, _ = world
    again = {"targetPartnerTenantId": OTHER, "lineItems": [{"subscriptionId": row}]}
    own = again | {"sourcePartnerTenantId": OTHER}
    assert [400, 400] == [client.post(f"{HOME}/transfers", body).status for body in (again, own)]
