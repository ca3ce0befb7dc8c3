"""Smaller print of purchases: savings plans, further resellers, purchase-order documents, promotion limits."""

from __future__ import annotations

import pytest

from tests.simulator.world import BASIC, CUSTOMER, E3, Client, frozen

HOME = f"/customers/{CUSTOMER}"
PLAN = "DZH318Z0ELBE:0001"
COMMITMENT = {"amount": 0.25, "currency": "usd", "grain": "hourly"}


@pytest.fixture
def world():
    simulator = frozen()
    return simulator, Client(simulator)


def test_a_savings_plan_keeps_its_commitment(world):
    """The hourly amount and the scope go from cart to order to the subscription's own line."""
    simulator, client = world
    simulator.seed_sku(PLAN, kind="Azure", plans={"P1Y": ["one_time", "monthly"]}, prices={"P1Y/one_time": "2190"})
    line = client.line(
        CUSTOMER,
        PLAN,
        cycle="one_time",
        provisioningContext={"scope": "single", "entitlementId": "kai"},
        purchaseCommitment=COMMITMENT,
    )
    cart = client.cart(CUSTOMER, line).body
    done = client.post(f"{HOME}/carts/{cart['id']}/checkout").body
    order = done["orders"][0]
    row = client.get(f"{HOME}/subscriptions?order_id={order['id']}").body["items"][0]
    assert COMMITMENT == cart["lineItems"][0]["purchaseCommitment"] == order["lineItems"][0]["purchaseCommitment"]
    assert ("benefit", "Benefit", "SavingsPlan") == (
        row["billingType"],
        row["unitType"],
        row["productType"]["subType"]["id"],
    )
    assert {"type": "single", "entitlementId": "kai"} == row["lineItems"][0]["scope"]
    assert COMMITMENT | {"grain": "Hourly"} == row["lineItems"][0]["purchaseCommitment"]


def test_several_savings_plans_may_stand_beside_an_azure_plan(world):
    """Only the plan itself is one a customer."""
    simulator, client = world
    simulator.seed_sku(PLAN, kind="Azure", plans={"P1Y": ["one_time"]})
    for _ in range(2):
        line = client.line(CUSTOMER, PLAN, cycle="one_time", purchaseCommitment=COMMITMENT)
        assert "error" not in client.cart(CUSTOMER, line).body["lineItems"][0]
        client.buy(CUSTOMER, PLAN, cycle="one_time", purchaseCommitment=COMMITMENT)


def provider(resellers=("6100001", "6100002", "6100003")):
    simulator = frozen(model="indirect")
    for number, mpn in enumerate(resellers):
        simulator.seed_reseller(f"7d0b1f6a-0000-4000-8000-{number:012d}", mpn)
    return Client(simulator)


def participants(*others):
    return [{"key": "transaction_reseller", "value": "6100001"}] + [
        {"key": "additional_transaction_reseller", "value": other} for other in others
    ]


def test_further_resellers_reach_the_order():
    """Those named in a cart's participants or on an order's line are read back from the order."""
    client = provider()
    line = client.line(CUSTOMER, E3, participants=participants("6100002", "6100003"))
    cart = client.cart(CUSTOMER, line, partnerOnRecordAttestationAccepted=True).body
    order = client.post(f"{HOME}/carts/{cart['id']}/checkout").body["orders"][0]
    item = client.get(f"{HOME}/orders/{order['id']}").body["lineItems"][0]
    assert ("6100001", ["6100002", "6100003"]) == (item["partnerIdOnRecord"], item["additionalPartnerIdsOnRecord"])


@pytest.mark.parametrize("others", [["6999999"], ["6100002"] * 6])
def test_strangers_and_too_many_are_a_line_error(others):
    """Every further reseller has to be one of the provider's, and there are five at most."""
    client = provider()
    cart = client.cart(CUSTOMER, client.line(CUSTOMER, E3, participants=participants(*others))).body
    assert 10004 == cart["lineItems"][0]["error"]["errorCode"]


def test_a_purchase_order_document_lets_the_order_go_on(world):
    """Files as multipart form data: 201 with all files of the order, then listed; the order no longer waits."""
    simulator, client = world
    client.buy(CUSTOMER, E3)
    order = client.get(f"{HOME}/orders").body["items"][0]["id"]
    kept = simulator.store.resources(CUSTOMER, "order")[order]
    simulator.store.save_resource(CUSTOMER, "order", order, kept | {"status": "pending_po_upload"})
    body = (
        b'--kai\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{"isPartofTender":false}\r\n'
        b'--kai\r\nContent-Disposition: form-data; name="pofiles"; filename="bestellung.pdf"\r\n'
        b"Content-Type: application/pdf\r\n\r\n" + b"x" * 2000 + b"\r\n--kai--\r\n"
    )
    path = f"{HOME}/orders/{order}"
    answer = client("POST", f"{path}/attachment", body, Content_Type="multipart/form-data; boundary=kai")
    shown = [(item["fileName"], item["sizeInKB"]) for item in answer.body["items"]]
    assert (201, [("bestellung.pdf", 2)]) == (answer.status, shown)
    assert answer.body["items"] == client.get(f"{path}/attachments").body["items"]
    assert "po_upload_complete" == client.get(path).body["status"]
    assert (400, 900252) == client("POST", f"{path}/attachment", b"").code


def test_provisioning_names_lines_by_number(world):
    """The orderLineItemId is a number, as the line's own."""
    _, client = world
    client.buy(CUSTOMER, E3)
    order = client.get(f"{HOME}/orders").body["items"][0]["id"]
    item = client.get(f"{HOME}/orders/{order}/provisioningstatus").body["items"][0]
    assert (0, 0) == (item["orderLineItemId"], item["lineItemNumber"])


def test_activation_links_are_one_a_line(world):
    """A marketplace line has one link; a licence has none."""
    simulator, client = world
    simulator.seed_sku("DZH318Z0NORD:0001", kind="SaaS", plans={"P1M": ["monthly"]})
    client.buy(CUSTOMER, "DZH318Z0NORD:0001", term="P1M")
    client.buy(CUSTOMER, E3)
    first, second = (
        client.get(f"{HOME}/orders/{order['id']}/activationlinks").body["items"]
        for order in client.get(f"{HOME}/orders").body["items"]
    )
    assert ["GET"] == [item["link"]["method"] for item in first]
    assert [] == second


def check(client, offer, promotion):
    line = {
        "catalogItemId": client.item(CUSTOMER, offer),
        "quantity": 5,
        "termDuration": "P1Y",
        "billingCycle": "monthly",
    }
    body = {"items": [line | {"id": "7", "promotionId": promotion}]}
    return client.post(f"{HOME}/promotionEligibilities", body).body["items"][0]


def test_a_promotion_is_used_so_many_times_and_no_more(world):
    """The second purchase gets it not, at list price; the eligibility says RedemptionLimit with both numbers."""
    simulator, client = world
    simulator.seed_promotion("39NFJQTNORD1:0001:39NFJQTNORD9", E3, max_redemptions=1)
    assert check(client, E3, "39NFJQTNORD1:0001:39NFJQTNORD9")["eligibilities"][0]["isEligible"]
    client.buy(CUSTOMER, E3, seats=2)
    second = client.cart(CUSTOMER, client.line(CUSTOMER, E3)).body["lineItems"][0]
    problem = check(client, E3, "39NFJQTNORD1:0001:39NFJQTNORD9")["eligibilities"][0]["errors"][0]
    assert "promotionId" not in second
    assert ("RedemptionLimit", 1, 0) == (
        problem["type"],
        problem["maxPromotionRedemptionCount"],
        problem["remainingPromotionRedemptionCount"],
    )


def test_a_promotion_for_owners_needs_the_product(world):
    """Without the product: PrerequisiteProductOwnership; with it: the discount."""
    simulator, client = world
    promotion = "39NFJQTNORD2:0001:39NFJQTNORD9"
    simulator.seed_promotion(promotion, E3, owned=[BASIC.replace(":", "/")])
    errors = check(client, E3, promotion)["eligibilities"][0]["errors"]
    client.buy(CUSTOMER, BASIC)
    assert ["PrerequisiteProductOwnership"] == [problem["type"] for problem in errors]
    assert promotion == client.cart(CUSTOMER, client.line(CUSTOMER, E3)).body["lineItems"][0]["promotionId"]


def test_eligibility_lines_are_numbered(world):
    """A line's id sent as text is a number in the answer."""
    _, client = world
    assert 7 == check(client, E3, "none")["id"]


def test_a_migration_schedule_says_whose_and_when(world):
    """What was asked for, and the service's own fields beside it."""
    simulator, client = world
    simulator.seed_sku("ALTBAU:", kind="legacy", plans={}, raw={"migrates_to": E3})
    row = simulator.seed_subscription(CUSTOMER, "ALTBAU", end="2027-03-01T00:00:00Z")
    made = client.post(
        f"{HOME}/migrations/newcommerce/schedules", {"CurrentSubscriptionId": row, "TargetDate": "2026-09-01"}
    ).body
    listed = client.get(f"{HOME}/migrations/newcommerce/schedules").body
    assert ("Created", CUSTOMER, "2027-03-01T00:00:00Z") == (
        made["status"],
        made["customerTenantId"],
        made["subscriptionEndDate"],
    )
    assert [made] == listed


def test_migration_schedules_are_found_over_all_customers(world):
    """By customer, by subscription, by reference; without a question the query is refused."""
    simulator, client = world
    simulator.seed_sku("ALTBAU:", kind="legacy", plans={}, raw={"migrates_to": E3})
    row = simulator.seed_subscription(CUSTOMER, "ALTBAU", end="2027-03-01T00:00:00Z")
    body = {"currentSubscriptionId": row, "migrateOnRenewal": True, "externalReferenceId": "Fruehjahr"}
    made = client.post(f"{HOME}/migrations/newcommerce/schedules", body).body
    path = "/migrations/newcommerce/schedules"
    for question in (f"customerTenantId={CUSTOMER}", f"currentSubscriptionId={row}", "externalReferenceId=fruehjahr"):
        assert [made] == client.get(f"{path}?{question}").body
    assert [] == client.get(f"{path}?externalReferenceId=herbst").body
    assert (400, 800002) == client.get(path).code


def test_an_azure_entitlement_is_cancelled_and_reactivated(world):
    """200 with what it has become, then 202; reactivating what runs is refused."""
    simulator, client = world
    own = "3f0c2a1b-0000-4000-8000-00000000000e"
    plan = simulator.seed_subscription(
        CUSTOMER, "DZH318Z0BPS6:0001", entitlements=[{"id": own, "name": "Lager", "status": "active"}]
    )
    path = f"{HOME}/subscriptions/{plan}/azureEntitlements/{own}"
    gone = client.post(f"{path}/cancel", {"cancellationReason": "compromise"}).body
    back = client.post(f"{path}/reactivate")
    assert ("inactive", own) == (gone["status"], gone["links"]["self"]["uri"].rsplit("/", 1)[-1])
    assert (202, "active") == (back.status, client.get(path).body["status"])
    assert (400, 900337) == client.post(f"{path}/reactivate").code


def test_an_older_azure_subscription_becomes_a_plan(world):
    """Eligible while it runs; 202 with a Location; the status names both; afterwards there is nothing to upgrade."""
    simulator, client = world
    simulator.seed_sku("A0000001:MS-AZR-0145P", kind="Azure", plans={"": ["monthly"]})
    old = simulator.seed_subscription(CUSTOMER, "A0000001:MS-AZR-0145P")
    asked = {"customerId": CUSTOMER, "productFamily": "azure"}
    assert client.post("/productUpgrades/eligibility", asked).body["isEligible"]
    made = client.post("/productUpgrades", asked)
    line = client.post(f"/{made.headers['Location']}/status", asked).body["lineItems"][0]
    assert (202, old) == (made.status, line["sourceProduct"]["id"])
    assert ("deleted", "active") == (
        client.subscription(CUSTOMER, old)["status"],
        client.subscription(CUSTOMER, line["targetProduct"]["id"])["status"],
    )
    assert not client.post("/productUpgrades/eligibility", asked).body["isEligible"]
    assert (400, 800002) == client.post("/productUpgrades", asked).code


def test_a_filter_of_null_is_none(world):
    """Clients that write every parameter send filter=null."""
    _, client = world
    assert 1 == client.get("/customers?size=5&filter=null").body["totalCount"]
