"""The smaller resources: users and licences, audit records, webhooks, Azure, profiles (contract §6, §8, §12, §15, §18, §19)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.simulator.world import BASIC, CUSTOMER, PREMIUM, Client, frozen

BASIC_LICENCE = "3b555118-da6a-4418-894f-7df1e2096870"
BASE = f"/customers/{CUSTOMER}"


def test_licences_run_out():
    """Seats come from subscriptions; the third user of two seats gets 60012, and subscribedskus counts along."""
    simulator = frozen()
    simulator.seed_subscription(CUSTOMER, BASIC, seats=2)
    client = Client(simulator)
    answers = []
    for index in range(3):
        user = {"userPrincipalName": f"u{index}@x.example", "displayName": "U", "usageLocation": "DE"}
        made = client.post(f"{BASE}/users", user).body["id"]
        answers.append(
            client.post(f"{BASE}/users/{made}/licenseupdates", {"licensesToAssign": [{"skuId": BASIC_LICENCE}]})
        )
    sku = client.get(f"{BASE}/subscribedskus").body["items"][0]
    assert ([201, 201, 400], 60012, (2, 2, 0), BASIC_LICENCE) == (
        [answer.status for answer in answers],
        answers[-1].body["code"],
        (sku["totalUnits"], sku["consumedUnits"], sku["availableUnits"]),
        sku["productSku"]["id"],
    )


def test_deleted_users_can_come_back():
    """A deleted user is inactive, out of the list, and recoverable by PATCH."""
    client = Client(frozen())
    user = {"userPrincipalName": "u@x.example", "displayName": "U", "usageLocation": "DE"}
    made = client.post(f"{BASE}/users", user).body["id"]
    gone = client("DELETE", f"{BASE}/users/{made}").status, client.get(f"{BASE}/users").body["totalCount"]
    back = client("PATCH", f"{BASE}/users/{made}", {"State": "active"}).body["state"]
    assert ((204, 0), "active", (404, 60002)) == (gone, back, client.get(f"{BASE}/users/nobody").code)


def test_the_directory_needs_delegated_access():
    """Without GDAP users are 403."""
    simulator = frozen()
    simulator.edit_customer(CUSTOMER, delegated=False)
    assert 403 == Client(simulator).get(f"{BASE}/users").status


@pytest.mark.parametrize(
    ("field", "value", "count"),
    [
        ("CustomerId", CUSTOMER.upper(), 2),
        ("CompanyName", "hafen", 2),
        ("ResourceType", "Order", 1),
        ("ResourceType", "CustomerUser", 0),
    ],
)
def test_audit_records_are_filtered(field, value, count):
    """By customer, by part of the company's name, by the PascalCase name of a resource type."""
    simulator = frozen()
    client = Client(simulator)
    row = client.buy(CUSTOMER, PREMIUM)
    client.patch(CUSTOMER, row, quantity=2)
    text = json.dumps({"Field": field, "Value": value, "Operator": "equals"})
    assert count == client.get(f"/auditrecords?startDate=2026-06-10&filter={text}").body["totalCount"]


def test_audit_goes_back_ninety_days():
    """An older start date is refused; a day is asked for inclusively; the correlation id is kept."""
    simulator = frozen()
    client = Client(simulator)
    row = simulator.seed_subscription(CUSTOMER, PREMIUM)
    body = client.subscription(CUSTOMER, row) | {"quantity": 2}
    client("PATCH", f"{BASE}/subscriptions/{row}", body, MS_CorrelationId="c-1")
    simulator.advance(timedelta(days=1))
    day = client.get("/auditrecords?startDate=2026-06-10&endDate=2026-06-10").body["items"]
    assert (400, ["c-1"], 0) == (
        client.get("/auditrecords?startDate=2026-03-01").status,
        [record["originalCorrelationId"] for record in day],
        client.get("/auditrecords?startDate=2026-06-11").body["totalCount"],
    )


def test_webhooks_are_registered_and_tested():
    """A registration is replaced by PUT under the same subscriber; a test event needs test-created."""
    client = Client(frozen())
    path = "/webhooks/v1/registration"
    missing = client.get(path).status
    made = client.post(path, {"WebhookUrl": "https://x.example", "WebhookEvents": ["subscription-updated"]}).body
    refused = client.post(f"{path}/validationEvents").status
    again = client("PUT", path, {"WebhookUrl": "https://x.example", "WebhookEvents": ["test-created"]}).body
    event = client.post(f"{path}/validationEvents").body["correlationId"]
    assert (404, 400, made["SubscriberId"], "completed") == (
        missing,
        refused,
        again["SubscriberId"],
        client.get(f"{path}/validationEvents/{event}").body["status"],
    )


@pytest.mark.parametrize(
    ("status", "code"), [("Allowed", 201), ("UnderReview", 800073), ("NotAllowed", 800074), ("Unknown", 800075)]
)
def test_an_account_under_review_buys_nothing(status, code):
    """Blocking account statuses refuse the checkout; Allowed and none do not."""
    simulator = frozen()
    other = simulator.seed_customer(validation=status)
    client = Client(simulator)
    cart = client.cart(other, client.line(other, BASIC)).body["id"]
    done = client.post(f"/customers/{other}/carts/{cart}/checkout")
    assert code == (done.status if done.status == 201 else done.body["code"])


def test_one_azure_plan_a_customer():
    """A second one is a line error; an entitlement is cancelled with a reason only."""
    simulator = frozen()
    plan = simulator.seed_subscription(
        CUSTOMER,
        "DZH318Z0BPS6:0001",
        billing="one_time",
        entitlements=[{"id": "899ae6f1-8a74-4d5e-b6c6-e6b5019bbff8", "name": "Azure", "status": "active"}],
    )
    client = Client(simulator)
    item = client.item(CUSTOMER, "DZH318Z0BPS6:0001")
    path = f"{BASE}/subscriptions/{plan}/azureEntitlements/899ae6f1-8a74-4d5e-b6c6-e6b5019bbff8"
    again = client.cart(CUSTOMER, {"catalogItemId": item, "quantity": 1, "billingCycle": "one_time"}).body["lineItems"][
        0
    ]["error"]
    bad, good = (
        client.post(f"{path}/cancel", {"cancellationReason": "mood"}),
        client.post(f"{path}/cancel", {"cancellationReason": "compromise"}),
    )
    assert (10006, (400, 900307), "inactive") == (again["errorCode"], bad.code, good.body["status"])


def test_software_is_cancelled_by_its_order_and_licences_are_not():
    """The cancellation matrix of contract §11: an order PATCH ends software, and is 800077 for licences."""
    client = Client(frozen())
    client.buy(CUSTOMER, "DG7GMGF0DVSV:000P", 2, "P3Y", "annual")
    client.buy(CUSTOMER, BASIC)
    software, licence = (order["id"] for order in client.get(f"{BASE}/orders").body["items"])
    done = client("PATCH", f"{BASE}/orders/{software}", {"id": software, "status": "cancelled"})
    refused = client("PATCH", f"{BASE}/orders/{licence}", {"id": licence, "status": "cancelled"})
    assert ("cancelled", (403, 800077), ["deleted", "active"]) == (
        done.body["status"],
        refused.code,
        [row["status"] for row in client.get(f"{BASE}/subscriptions").body["items"]],
    )


def test_a_trial_can_be_scheduled_to_fewer_seats():
    """Conversion with another quantity needs auto-renewal to stay on, and then it is what happens."""
    simulator = frozen()
    row = simulator.seed_subscription(CUSTOMER, "CFQ7TTC0LCHC:TRL1", seats=25, term="P1M")
    client = Client(simulator)
    wanted = client.subscription(CUSTOMER, row)["scheduledNextTermInstructions"] | {"quantity": 5}
    client.patch(CUSTOMER, row, scheduledNextTermInstructions=wanted)
    simulator.advance(timedelta(days=31))
    after = client.subscription(CUSTOMER, row)
    assert (5, "P1Y", False) == (after["quantity"], after["termDuration"], after["isTrial"])


def test_the_price_sheet_is_what_carts_charge():
    """The sheet of the pricing host has the whole-term price of a row; an API token does not open it."""
    simulator = frozen()
    settings = simulator.settings
    form = (
        f"grant_type=refresh_token&refresh_token={settings.refresh_token}&client_id={settings.client_id}"
        f"&client_secret={settings.client_secret}&scope=https://api.partner.microsoft.com/.default"
    )
    reply = simulator.handle("POST", f"/{settings.partner_tenant}/oauth2/v2.0/token", {}, form.encode())
    path = "/v1.0/sales/pricesheets(Market='US',PricesheetView='updatedlicensebased')/$value?timeline=current"
    token = json.loads(reply.body)["access_token"]
    sheet = simulator.handle("GET", path, {"Authorization": f"Bearer {token}"}).body.decode()
    refused = simulator.handle("GET", path, {"Authorization": f"Bearer {simulator.access_token()}"}).status
    row = next(
        line for line in sheet.splitlines() if '"CFQ7TTC0LCHC","0002"' in line and '"P1Y","Monthly","US","USD"' in line
    )
    assert ("221.76", "277.2", 400) == (row.split(",")[11].strip('"'), row.split(",")[17].strip('"'), refused)
