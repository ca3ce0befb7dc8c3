"""Catalogue, carts and orders (contract §9–§11, §13.9, §20)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cspdecl_simulator import Simulator
from tests.simulator.world import BASIC, COPILOT, CUSTOMER, E3, NOON, PREMIUM, VISIO, Client, frozen

CARTS = f"/customers/{CUSTOMER}/carts"


def error(answer):
    return answer.body["lineItems"][0]["error"]["errorCode"]


def test_segments_come_mixed_unless_one_is_asked_for():
    """Without targetSegment the list mixes every segment but nonprofit; each has an id of its own."""
    client = Client(frozen())
    path = "/products/CFQ7TTC0LH18/skus/0001/availabilities?country=DE"
    mixed, charity = client.get(path).body["items"], client.get(path + "&targetSegment=nonprofit").body["items"]
    assert (["commercial", "government"], ["nonprofit"], 3) == (
        [item["segment"] for item in mixed],
        [item["segment"] for item in charity],
        len({item["id"] for item in mixed + charity}),
    )


def test_a_sku_has_the_terms_its_prices_have():
    """Copilot has no monthly term; Business Basic has all three."""
    client = Client(frozen())

    def durations(product, sku):
        found = client.get(f"/products/{product}/skus/{sku}/availabilities?country=US&targetSegment=commercial").body[
            "items"
        ]
        return sorted({term["duration"] for term in found[0]["terms"]})

    assert (["P1Y", "P3Y"], ["P1M", "P1Y", "P3Y"]) == (
        durations("CFQ7TTC0MM8R", "0002"),
        durations("CFQ7TTC0LH18", "0001"),
    )


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/products/NOTHING?country=US", 400013),
        ("/products/CFQ7TTC0LH18/skus/9999?country=US", 400018),
        ("/products/CFQ7TTC0LH18/skus/0001/availabilities/NOTHING?country=US", 400019),
    ],
)
def test_what_is_not_on_sale(path, code):
    """Product, SKU and availability each have a code for not found."""
    assert (404, code) == Client(frozen()).get(path).code


def test_availability_ids_rotate():
    """An id of yesterday still buys; one of two rotations ago is a line error, and at checkout 400019."""
    simulator = frozen()
    client = Client(simulator)
    line = client.line(CUSTOMER, BASIC)
    cart = client.cart(CUSTOMER, line).body
    simulator.advance(timedelta(days=1))
    yesterday = "error" in client.cart(CUSTOMER, line).body["lineItems"][0]
    simulator.advance(timedelta(days=1))
    assert (False, 10001, (404, 400019)) == (
        yesterday,
        error(client.cart(CUSTOMER, line)),
        client.post(f"{CARTS}/{cart['id']}/checkout").code,
    )


def test_a_line_is_priced_per_charge_and_as_a_whole():
    """Price is one charge of one seat, extendedPrice the whole term of all seats; P1Y billed monthly is twelve charges."""
    client = Client(frozen())
    pricing = client.cart(CUSTOMER, client.line(CUSTOMER, PREMIUM, 3)).body["lineItems"][0]["pricing"]
    assert {
        "listPrice": 18.48,
        "discountedPrice": 18.48,
        "proratedPrice": 18.48,
        "price": 18.48,
        "extendedPrice": 665.28,
    } == pricing


def test_promotions_are_taken_off_or_silently_not():
    """An automatic promotion shows on the line; beyond its cap the line is at list price, without an error."""
    simulator = frozen()
    simulator.seed_promotion("PROMO1:0001:X", PREMIUM, discount="0.25", max_seats=10)
    client = Client(simulator)
    few, many = (
        client.cart(CUSTOMER, client.line(CUSTOMER, PREMIUM, seats)).body["lineItems"][0] for seats in (10, 11)
    )
    assert (("PROMO1:0001:X", 13.86), (None, 18.48), False) == (
        (few.get("promotionId"), few["pricing"]["price"]),
        (many.get("promotionId"), many["pricing"]["price"]),
        "error" in many,
    )


@pytest.mark.parametrize(
    ("offer", "seats", "term", "cycle", "code"),
    [
        (BASIC, 301, "P1Y", "monthly", 10015),
        (COPILOT, 1, "P1M", "monthly", 10013),
        (BASIC, 1, "P1M", "annual", 10013),
        (BASIC, 1, "", "monthly", 10010),
    ],
)
def test_line_errors_inside_a_created_cart(offer, seats, term, cycle, code):
    """A cart with a bad line is created, the error stands on the line, and checkout refuses it."""
    client = Client(frozen())
    cart = client.cart(CUSTOMER, client.line(CUSTOMER, offer, seats, term, cycle))
    assert (201, code, (400, 800009)) == (
        cart.status,
        error(cart),
        client.post(f"{CARTS}/{cart.body['id']}/checkout").code,
    )


def test_small_business_seats_are_one_pool():
    """300 seats over all subscriptions and all sellers: what is left stands in the line's error."""
    simulator = frozen()
    simulator.edit_customer(CUSTOMER, other_seats={BASIC: 100})
    client = Client(simulator)
    client.buy(CUSTOMER, BASIC, 150)
    cart = client.cart(CUSTOMER, client.line(CUSTOMER, BASIC, 51))
    info = cart.body["lineItems"][0]["error"]
    assert (10002, {"availableQuantity": 50, "purchasedQuantity": 250}) == (
        info["errorCode"],
        info["additionalInformation"],
    )


def test_a_quantity_is_at_least_one():
    """Zero seats are no line at all: 900275."""
    client = Client(frozen())
    assert (400, 900275) == client.cart(CUSTOMER, client.line(CUSTOMER, BASIC, 0)).code


def test_checkout_buys_and_repeats_its_answer():
    """One order a billing cycle, pending at first, completed on a look; the second checkout repeats the first answer."""
    client = Client(frozen())
    lines = client.line(CUSTOMER, BASIC, 2), client.line(CUSTOMER, VISIO, 1, "P1Y", "annual")
    cart = client.cart(CUSTOMER, *lines).body["id"]
    first, again = client.post(f"{CARTS}/{cart}/checkout"), client.post(f"{CARTS}/{cart}/checkout")
    orders = client.get(f"/customers/{CUSTOMER}/orders").body["items"]
    assert (201, first.body, ["pending", "pending"], ["completed", "completed"], "Ordered", 2) == (
        first.status,
        again.body,
        [order["status"] for order in first.body["orders"]],
        [order["status"] for order in orders],
        client.get(f"{CARTS}/{cart}").body["status"],
        client.get(f"/customers/{CUSTOMER}/subscriptions").body["totalCount"],
    )


def test_checkout_may_refuse_to_repeat():
    """The other reading of the documents: 800065."""
    client = Client(frozen(repeat_checkout="refuse"))
    cart = client.cart(CUSTOMER, client.line(CUSTOMER, BASIC)).body["id"]
    client.post(f"{CARTS}/{cart}/checkout")
    assert (400, 800065) == client.post(f"{CARTS}/{cart}/checkout").code


def test_a_failed_group_is_tried_again():
    """A partly failed checkout is 201 with orderErrors; repeating it places the failed group only."""
    simulator = frozen()
    client = Client(simulator)
    cart = client.cart(CUSTOMER, client.line(CUSTOMER, BASIC), client.line(CUSTOMER, VISIO, 1, "P1Y", "annual")).body[
        "id"
    ]
    simulator.fault("order-error", argument="1", path="*/checkout")
    first, again = client.post(f"{CARTS}/{cart}/checkout").body, client.post(f"{CARTS}/{cart}/checkout").body
    assert ((1, ["1"]), (2, 0)) == (
        (len(first["orders"]), [item["orderGroupId"] for item in first["orderErrors"]]),
        (len(again["orders"]), len(again["orderErrors"])),
    )


def test_no_agreement_no_order():
    """A cart can be made, a checkout cannot: 13605. The customer's own signature is enough."""
    simulator = frozen()
    other = simulator.seed_customer(agreement=False)
    client = Client(simulator)
    cart = client.cart(other, client.line(other, BASIC)).body["id"]
    refused = client.post(f"/customers/{other}/carts/{cart}/checkout").code
    simulator.edit_customer(other, direct_signed=True)
    assert ((403, 13605), 201) == (refused, client.post(f"/customers/{other}/carts/{cart}/checkout").status)


def test_a_cart_lives_seven_days():
    """After that it is refused."""
    simulator = frozen(rotation_seconds=0)
    client = Client(simulator)
    cart = client.cart(CUSTOMER, client.line(CUSTOMER, BASIC)).body["id"]
    simulator.advance(timedelta(days=7, seconds=1))
    assert 400 == client.post(f"{CARTS}/{cart}/checkout").status


def test_replacing_a_cart_drops_what_is_left_out():
    """PUT is the whole cart and answers 201."""
    client = Client(frozen())
    cart = client.cart(CUSTOMER, client.line(CUSTOMER, BASIC), client.line(CUSTOMER, VISIO)).body
    done = client("PUT", f"{CARTS}/{cart['id']}", {"LineItems": [client.line(CUSTOMER, E3, 4)]})
    assert (201, [4]) == (done.status, [line["quantity"] for line in done.body["lineItems"]])


def test_provisioning_takes_its_time():
    """Until the delay is over the order is pending and names no subscription, and nothing may be changed; then it is completed."""
    machine = [NOON]
    simulator = Simulator(machine=lambda: machine[0])
    simulator.configure(provisioning_seconds=60)
    simulator.seed_customer(CUSTOMER)
    client = Client(simulator)
    cart = client.cart(CUSTOMER, client.line(CUSTOMER, BASIC)).body["id"]
    order = client.post(f"{CARTS}/{cart}/checkout").body["orders"][0]
    path = f"/customers/{CUSTOMER}/orders/{order['id']}"
    early = client.get(path).body
    row = client.get(f"/customers/{CUSTOMER}/subscriptions").body["items"][0]
    refused = client.patch(CUSTOMER, row["id"], quantity=2).code
    machine[0] += timedelta(seconds=61)
    late = client.get(path).body
    assert (("pending", False), "pending", (400, 800081), ("completed", row["id"])) == (
        (early["status"], "subscriptionId" in early["lineItems"][0]),
        row["status"],
        refused,
        (late["status"], late["lineItems"][0]["subscriptionId"]),
    )


def test_visibility_takes_its_time():
    """Before it is over an order is 404/20000 and in no list; business time moving on ends it too."""
    simulator = frozen(visibility_seconds=900)
    client = Client(simulator)
    cart = client.cart(CUSTOMER, client.line(CUSTOMER, BASIC)).body["id"]
    order = client.post(f"{CARTS}/{cart}/checkout").body["orders"][0]["id"]
    early = client.get(f"/customers/{CUSTOMER}/orders/{order}").code
    listed = client.get(f"/customers/{CUSTOMER}/subscriptions").body["totalCount"]
    simulator.advance(timedelta(minutes=15))
    assert ((404, 20000), 0, 200) == (early, listed, client.get(f"/customers/{CUSTOMER}/orders/{order}").status)


def test_sandbox_limits():
    """25 seats a subscription (line error 10009) and five subscriptions a customer (800018)."""
    client = Client(frozen(environment="sandbox"))
    over = client.cart(CUSTOMER, client.line(CUSTOMER, E3, 26))
    for _ in range(5):
        client.buy(CUSTOMER, E3)
    cart = client.cart(CUSTOMER, client.line(CUSTOMER, E3)).body["id"]
    assert (10009, (400, 800018)) == (error(over), client.post(f"{CARTS}/{cart}/checkout").code)


def test_resellers_are_for_providers():
    """A direct partner cannot name one (10004); a provider must, attested (900206), and reads it back."""
    direct = Client(frozen())
    participants = [{"key": "transaction_reseller", "value": "4847383"}]
    simulator = frozen(model="indirect")
    simulator.seed_reseller("484e548c-f5f3-4528-93a9-c16c6373cb59", "4847383")
    client = Client(simulator)
    line = client.line(CUSTOMER, BASIC, participants=participants)
    bare = client.cart(CUSTOMER, line).body["id"]
    refused = client.post(f"{CARTS}/{bare}/checkout").code
    attested = client.cart(CUSTOMER, line, partnerOnRecordAttestationAccepted=True).body["id"]
    order = client.post(f"{CARTS}/{attested}/checkout").body["orders"][0]
    assert (10004, (400, 900206), "4847383", "4847383") == (
        error(direct.cart(CUSTOMER, direct.line(CUSTOMER, BASIC, participants=participants))),
        refused,
        order["lineItems"][0]["partnerIdOnRecord"],
        client.get(f"/customers/{CUSTOMER}/subscriptions?mpn_id=4847383").body["items"][0]["partnerId"],
    )


def test_orders_can_be_made_without_a_cart():
    """POST orders buys at once, and twice when sent twice."""
    client = Client(frozen())
    line = {
        "LineItemNumber": 0,
        "OfferId": client.item(CUSTOMER, BASIC),
        "Quantity": 3,
        "TermDuration": "P1Y",
        "FriendlyName": "Büro",
    }
    body = {"BillingCycle": "monthly", "LineItems": [line]}
    sent = [client.post(f"/customers/{CUSTOMER}/orders", body).status for _ in range(2)]
    assert ([201, 201], ["Büro", "Büro"]) == (
        sent,
        [row["friendlyName"] for row in client.get(f"/customers/{CUSTOMER}/subscriptions").body["items"]],
    )


def test_education_is_for_the_qualified():
    """An education item is refused on the line until the qualification is approved."""
    simulator = frozen()
    client = Client(simulator)
    line = {
        "catalogItemId": client.item(CUSTOMER, "CFQ7TTC0LHPL:000W", "education"),
        "quantity": 1,
        "termDuration": "P1Y",
        "billingCycle": "annual",
    }
    before = error(client.cart(CUSTOMER, line))
    simulator.edit_customer(CUSTOMER, qualifications=[{"qualification": "Education", "status": "Approved"}])
    assert (10006, False) == (before, "error" in client.cart(CUSTOMER, line).body["lineItems"][0])
