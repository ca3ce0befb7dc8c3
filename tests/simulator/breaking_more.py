"""The other half of the attempts: buying, promotions, resellers, the sandbox, and money."""

from __future__ import annotations

from typing import Any

from cspdecl_simulator.catalog import availability_id
from cspdecl_simulator.wire import moment
from tests.simulator import money
from tests.simulator.breaking import AZURE, breaks, end_of_cart, seeded
from tests.simulator.money import DAY, E1, GUIDES_TRIAL, everything, go, shop, short, upgrade
from tests.simulator.worked import SCENARIOS
from tests.simulator.world import CUSTOMER, PREMIUM, VISIO, Client, frozen

PROMOTION = "PROMO1:0001:AAA"


# promotions


def _promoted(**constraints: Any) -> tuple[Any, Client]:
    simulator = frozen()
    simulator.seed_promotion(PROMOTION, VISIO, **constraints)
    return simulator, Client(simulator)


def _given(simulator: Any, client: Client, seats: int = 5, **more: Any) -> str | None:
    row = client.buy(CUSTOMER, VISIO, seats, **more)
    return simulator.subscription(CUSTOMER, row)["promotion"]


@breaks("promotions.silent", (None, None))
def _buy_past_a_condition() -> Any:
    simulator, client = _promoted(max_seats=10)
    return _given(simulator, client, 11), _given(simulator, client, 5, term="P1M")


@breaks("promotions.cap", (400, 27006))
def _add_seats_past_the_cap() -> Any:
    _, client = _promoted(max_seats=10)
    row = client.buy(CUSTOMER, VISIO, 9)
    return client.patch(CUSTOMER, row, quantity=12).code


@breaks("promotions.first", (PROMOTION, None))
def _a_second_first_purchase() -> Any:
    simulator, client = _promoted(first_purchase=True)
    return _given(simulator, client), _given(simulator, client)


@breaks("promotions.once", (PROMOTION, None))
def _redeem_again_after_cancelling() -> Any:
    simulator, client = _promoted(max_redemptions=1)
    row = client.buy(CUSTOMER, VISIO, 5)
    first = simulator.subscription(CUSTOMER, row)["promotion"]
    client.patch(CUSTOMER, row, status="deleted")
    return first, _given(simulator, client)


@breaks("promotions.renewal", (PROMOTION, None))
def _renew_after_the_promotion() -> Any:
    simulator, client = _promoted(term="P1M", end="2026-06-30T00:00:00Z")
    row = client.buy(CUSTOMER, VISIO, 5, "P1M")
    first = simulator.subscription(CUSTOMER, row)["promotion"]
    simulator.advance(31 * DAY)
    return first, simulator.subscription(CUSTOMER, row)["promotion"]


@breaks("promotions.term", (PROMOTION, None))
def _a_longer_term_with_a_promotion() -> Any:
    simulator, client = _promoted(term="P1Y")
    row = client.buy(CUSTOMER, VISIO, 5)
    first = simulator.subscription(CUSTOMER, row)["promotion"]
    client.patch(CUSTOMER, row, termDuration="P3Y", billingCycle="monthly")
    return first, simulator.subscription(CUSTOMER, row)["promotion"]


@breaks("promotions.deepest", "0.2")
def _two_promotions_at_once() -> Any:
    simulator, client = _promoted(discount="0.1")
    simulator.seed_promotion("PROMO2:0001:AAA", VISIO, discount="0.2")
    return simulator.subscription(CUSTOMER, client.buy(CUSTOMER, VISIO, 5))["price"]["discount"]


# buying


@breaks("buying.agreement", (403, 13605))
def _buy_without_an_agreement() -> Any:
    simulator = frozen()
    customer = simulator.seed_customer(name="neu", agreement=False)
    client = Client(simulator)
    cart = client.cart(customer, client.line(customer, PREMIUM)).body
    return client.post(f"/customers/{customer}/carts/{cart['id']}/checkout").code


@breaks("buying.attestation", (10012, 201))
def _buy_without_attesting() -> Any:
    simulator = frozen()
    simulator.seed_sku("HYBRIDSKU001:0001", attestation=True)
    client = Client(simulator)
    line = client.line(CUSTOMER, "HYBRIDSKU001:0001")
    return end_of_cart(client, line), end_of_cart(client, line | {"attestationAccepted": True})


@breaks("buying.base", 400041)
def _an_add_on_without_its_base() -> Any:
    simulator = frozen()
    simulator.seed_sku("ADDONSKU0001:0001", addon=True, prerequisites=[PREMIUM])
    client = Client(simulator)
    return end_of_cart(client, client.line(CUSTOMER, "ADDONSKU0001:0001"))


@breaks("buying.base-stays", (409, 27009))
def _cancel_a_base_with_add_ons() -> Any:
    simulator, client, row = seeded(start=moment("2026-06-09T12:00:00Z"))
    simulator.seed_subscription(CUSTOMER, VISIO, parent=row)
    return client.patch(CUSTOMER, row, status="deleted").code


@breaks("buying.segment", 10006)
def _an_education_item_without_qualification() -> Any:
    simulator = frozen()
    simulator.seed_sku("SCHOOLSKU001:0001", segment="education")
    client = Client(simulator)
    sku = simulator.catalog.skus["SCHOOLSKU001:0001"]
    item = f"{sku.key}:{availability_id(sku, 'education', simulator.now, simulator.settings.rotation_seconds)}"
    line = {"catalogItemId": item, "quantity": 1, "termDuration": "P1Y", "billingCycle": "monthly"}
    return end_of_cart(client, line)


@breaks("buying.one-plan", 10006)
def _a_second_azure_plan() -> Any:
    simulator = frozen()
    simulator.seed_subscription(CUSTOMER, AZURE)
    client = Client(simulator)
    line = {"catalogItemId": client.item(CUSTOMER, AZURE), "quantity": 1, "billingCycle": "one_time"}
    return end_of_cart(client, line)


@breaks("buying.rotation", [201, 10001])
def _an_old_availability() -> Any:
    simulator = frozen()
    client = Client(simulator)
    line, found = client.line(CUSTOMER, VISIO), []
    for _ in range(2):
        simulator.advance(DAY)
        found.append(end_of_cart(client, line))
    return found


@breaks("buying.once", (True, 1))
def _check_out_twice() -> Any:
    client = Client(frozen())
    cart = client.cart(CUSTOMER, client.line(CUSTOMER, VISIO)).body
    answers = [client.post(f"/customers/{CUSTOMER}/carts/{cart['id']}/checkout").body for _ in range(2)]
    return answers[0] == answers[1], client.get(f"/customers/{CUSTOMER}/orders").body["totalCount"]


@breaks("buying.expiry", (400, 800002))
def _an_old_cart() -> Any:
    simulator = frozen()
    client = Client(simulator)
    cart = client.cart(CUSTOMER, client.line(CUSTOMER, VISIO)).body
    simulator.advance(8 * DAY)
    return client.post(f"/customers/{CUSTOMER}/carts/{cart['id']}/checkout").code


# sandbox


@breaks("sandbox.customers", 400)
def _a_seventy_sixth_customer() -> Any:
    simulator = frozen(environment="sandbox")
    for number in range(74):
        simulator.seed_customer(name=f"c{number}")
    profile = {"email": "a@b.example", "culture": "en-US", "language": "en", "companyName": "Neu"}
    address = {
        "country": "US",
        "city": "Redmond",
        "state": "WA",
        "addressLine1": "1 Way",
        "postalCode": "98052",
        "firstName": "A",
        "lastName": "B",
        "phoneNumber": "4255550100",
    }
    body = {
        "companyProfile": {"domain": "neu76.onmicrosoft.com"},
        "billingProfile": profile | {"defaultAddress": address},
    }
    return Client(simulator).post("/customers", body).status


@breaks("sandbox.subscriptions", (400, 800018))
def _a_sixth_subscription() -> Any:
    simulator = frozen(environment="sandbox")
    for _ in range(5):
        simulator.seed_subscription(CUSTOMER, VISIO)
    client = Client(simulator)
    return end_of_cart(client, client.line(CUSTOMER, PREMIUM))


@breaks("sandbox.seats", (10009, (400, 800018)))
def _a_twenty_sixth_seat() -> Any:
    _, client, row = seeded(seats=25, settings={"environment": "sandbox"})
    return end_of_cart(client, client.line(CUSTOMER, VISIO, 26)), client.patch(CUSTOMER, row, quantity=26).code


# money


def _amounts(lines: list[Any]) -> list[str]:
    return [" ".join(short(line)[::3]) + f" {line['subtotal']}" for line in lines]


@breaks("charging.new", ["new 10 100.8"])
def _buy() -> Any:
    return _amounts(SCENARIOS["purchase"]())


@breaks("charging.renew", ["renew 10 100.8"])
def _renew() -> Any:
    return _amounts(SCENARIOS["renew"]())


@breaks("charging.cycle", ["new", "cycleCharge", "cycleCharge"])
def _hide_from_a_charge() -> Any:
    simulator, client = shop("2026-06-10")
    row = client.buy(CUSTOMER, money.STANDARD, 10, "P1Y")
    client.patch(CUSTOMER, row, status="suspended")
    for day in ("2026-07-10", "2026-07-10", "2026-07-11", "2026-08-12"):
        go(simulator, day)
    return [line["chargeType"] for line in everything(client)]


@breaks("charging.seats", ["addQuantity 10 -94.08", "addQuantity 12 112.89"])
def _add_two() -> Any:
    return _amounts(SCENARIOS["add-seats"]())


@breaks("charging.cancel", ["new 10 100.8", "cancelImmediate 10 -94.2"])
def _cancel() -> Any:
    return _amounts(SCENARIOS["cancel-7d"]())


@breaks("charging.convert", ["convert 100 -772", "convert 100 492"])
def _convert_part() -> Any:
    return _amounts(SCENARIOS["partial-upgrade"]()[1:])


@breaks("charging.move", ["moveQuantity 4 -26.88", "moveQuantity 4 9.4"])
def _move() -> Any:
    simulator, client = shop("2026-06-01")
    target = client.buy(CUSTOMER, E1, 5, "P1Y")
    go(simulator, "2026-06-10")
    row = client.buy(CUSTOMER, money.STANDARD, 10, "P1M")
    go(simulator, "2026-06-20")
    upgrade(client, row, E1, 4, toSubscriptionId=target)
    return _amounts(everything(client)[2:])


@breaks("charging.plan", ["changeBillingPlan 10 2291.6"])
def _change_plan() -> Any:
    return _amounts(SCENARIOS["plan-monthly-to-annual"]()[1:])


@breaks("charging.forever", (["new", "cancelImmediate"], "0"))
def _give_a_licence_back() -> Any:
    simulator, client = shop("2026-06-10")
    line = {"catalogItemId": client.item(CUSTOMER, "DG7GMGF0D7FX:0002"), "quantity": 1, "billingCycle": "one_time"}
    cart = client.cart(CUSTOMER, line).body
    order = client.post(f"/customers/{CUSTOMER}/carts/{cart['id']}/checkout").body["orders"][0]["id"]
    go(simulator, "2026-07-01")
    client("PATCH", f"/customers/{CUSTOMER}/orders/{order}", {"status": "cancelled"})
    found = everything(client)
    return [line["chargeType"] for line in found], f"{sum(float(line['subtotal']) for line in found):g}"


@breaks("charging.cents", (["112.89"], ["-94.2"]))
def _round_both_ways() -> Any:
    seats = [line["subtotal"] for line in SCENARIOS["add-seats"]()][1:]
    return seats, [line["subtotal"] for line in SCENARIOS["cancel-7d"]()][1:]


@breaks("charging.instalments", "282.83")
def _an_instalment_that_is_none() -> Any:
    simulator, client = shop("2026-06-10")
    simulator.seed_price(money.STANDARD, "P1Y", "monthly", "3393.90", currency="EUR")
    client.buy(CUSTOMER, money.STANDARD, 1, "P1Y")
    return everything(client)[0]["subtotal"]


@breaks("charging.days", ["100.8", "-100.8", "110.88"])
def _change_on_the_first_day() -> Any:
    _, client = shop("2026-05-31")
    row = client.buy(CUSTOMER, money.STANDARD, 10, "P1M")
    client.patch(CUSTOMER, row, quantity=11)
    return [line["subtotal"] for line in everything(client)]


@breaks("charging.anchors", ["2026-01-30", "2026-02-27", "2026-03-30", "2026-04-29"])
def _begin_before_a_month_end() -> Any:
    simulator, client = shop("2026-01-30")
    client.buy(CUSTOMER, money.STANDARD, 1, "P1Y")
    go(simulator, "2026-05-01")
    return [line["chargeStartDate"][:10] for line in everything(client)]


@breaks("charging.short-first", ["new 10 70.5", "cycleCharge 10 100.8"])
def _cut_a_term_short() -> Any:
    simulator, client = shop("2026-06-10")
    client.buy(CUSTOMER, money.STANDARD, 10, "P1Y", customTermEndDate="2026-08-31T00:00:00Z")
    go(simulator, "2026-07-20")
    return _amounts(everything(client))


@breaks("charging.uplift", ("10.08", "10.38"))
def _slide_into_an_extended_term() -> Any:
    simulator, client = shop("2026-06-10")
    row = client.buy(CUSTOMER, money.STANDARD, 10, "P1M")
    client.patch(CUSTOMER, row, autoRenewEnabled=False)
    go(simulator, "2026-07-11")
    line = everything(client)[-1]
    return line["unitPrice"], line["effectiveUnitPrice"]


@breaks("charging.months", (0, 1))
def _ask_for_an_invoice_early() -> Any:
    simulator, client = shop("2026-06-10")
    client.buy(CUSTOMER, GUIDES_TRIAL, 25, "P1M", "none")
    go(simulator, "2026-07-07")
    early = client.get("/invoices").body["totalCount"]
    go(simulator, "2026-07-08")
    return early, client.get("/invoices").body["totalCount"]
