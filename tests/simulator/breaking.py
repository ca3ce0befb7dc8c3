"""How every rule of the simulator is tried to be broken: by its name, what has to come of the attempt.

`@breaks(rule, expected)` marks an attempt; what it returns is what the simulator did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cspdecl_simulator import Simulator
from cspdecl_simulator.wire import moment
from tests.simulator.money import DAY
from tests.simulator.world import BASIC, CUSTOMER, NOON, PREMIUM, STANDARD, VISIO, Client, frozen

TRIAL, SOFTWARE, PERPETUAL = "CFQ7TTC0LCHC:TRL1", "DG7GMGF0DVSV:000P", "DG7GMGF0D7FX:0002"
AZURE = "DZH318Z0BPS6:0001"
Attempt = Callable[[], Any]
ATTEMPTS: dict[str, tuple[Any, Attempt]] = {}


def breaks(rule: str, expected: Any) -> Callable[[Attempt], Attempt]:
    def keep(attempt: Attempt) -> Attempt:
        assert rule not in ATTEMPTS, rule
        ATTEMPTS[rule] = (expected, attempt)
        return attempt

    return keep


def seeded(offer: str = PREMIUM, **more: Any) -> tuple[Simulator, Client, str]:
    """A frozen world with one subscription, sixty days old unless said otherwise."""
    settings = more.pop("settings", {})
    simulator = frozen(**settings)
    row = simulator.seed_subscription(CUSTOMER, offer, **{"seats": 10, "start": NOON - 60 * DAY, **more})
    return simulator, Client(simulator), row


def end_of_cart(client: Client, *lines: dict[str, Any], **more: Any) -> Any:
    """The error of a cart's first line, else what the checkout answers."""
    cart = client.cart(CUSTOMER, *lines, **more).body
    error = cart["lineItems"][0].get("error")
    if error:
        return error["errorCode"]
    done = client.post(f"/customers/{CUSTOMER}/carts/{cart['id']}/checkout")
    return done.code if done.status >= 400 else done.status


def next_term(offer: str, quantity: int = 10, term: str = "P1Y", plan: str = "Monthly", **more: Any) -> dict[str, Any]:
    """Next-term instructions."""
    product, _, sku = offer.partition(":")
    wanted = {"productId": product, "skuId": sku, "availabilityId": "", "billingCycle": plan, "termDuration": term}
    return {"product": wanted | more.pop("product", {}), "quantity": quantity, **more}


def transition(client: Client, row: str, target: str, quantity: int, **more: Any) -> Any:
    body = {"toCatalogItemId": client.item(CUSTOMER, target), "quantity": quantity, "transitionType": "transition_only"}
    return client.post(f"/customers/{CUSTOMER}/subscriptions/{row}/transitions", body | more)


# windows


@breaks("windows.seats", (400, 900257))
def _seats_after_the_window() -> Any:
    _, client, row = seeded()
    return client.patch(CUSTOMER, row, quantity=9).code


@breaks("windows.lots", ((400, 800090), 200))
def _more_than_the_new_batch() -> Any:
    _, client, row = seeded()
    client.patch(CUSTOMER, row, quantity=12)
    return client.patch(CUSTOMER, row, quantity=9).code, client.patch(CUSTOMER, row, quantity=10).status


@breaks("windows.renewal", ((400, 900257), 200))
def _seats_before_and_after_a_renewal() -> Any:
    simulator, client, row = seeded(term="P1M", start=NOON - 20 * DAY)
    early = client.patch(CUSTOMER, row, quantity=1).code
    simulator.advance(12 * DAY)
    return early, client.patch(CUSTOMER, row, quantity=1).status


@breaks("windows.cancel", (400, 900117))
def _cancel_after_the_window() -> Any:
    _, client, row = seeded()
    return client.patch(CUSTOMER, row, status="deleted").code


@breaks("windows.software", (403, 800027))
def _fewer_seats_of_software() -> Any:
    _, client, row = seeded(SOFTWARE, term="P3Y", billing="annual", start=NOON)
    return client.patch(CUSTOMER, row, quantity=9).code


@breaks("windows.perpetual", (400, 800061))
def _a_licence_for_ever_after_a_month() -> Any:
    simulator = frozen()
    client = Client(simulator)
    line = {"catalogItemId": client.item(CUSTOMER, PERPETUAL), "quantity": 1, "billingCycle": "one_time"}
    cart = client.cart(CUSTOMER, line).body
    order = client.post(f"/customers/{CUSTOMER}/carts/{cart['id']}/checkout").body["orders"][0]["id"]
    simulator.advance(31 * DAY)
    return client("PATCH", f"/customers/{CUSTOMER}/orders/{order}", {"status": "cancelled"}).code


@breaks("windows.upgrade", ((400, 900117), (400, 900257)))
def _give_back_what_an_upgrade_made() -> Any:
    _, client, row = seeded(BASIC)
    part = transition(client, row, STANDARD, 4).body["toSubscriptionId"]
    return client.patch(CUSTOMER, part, status="deleted").code, client.patch(CUSTOMER, part, quantity=1).code


# seats


@breaks("seats.pool", (10002, (403, 800088)))
def _more_than_the_pool() -> Any:
    _, client, row = seeded(PREMIUM, seats=290)
    return end_of_cart(client, client.line(CUSTOMER, PREMIUM, 11)), client.patch(CUSTOMER, row, quantity=301).code


@breaks("seats.maximum", 10015)
def _more_than_an_item_allows() -> Any:
    simulator = frozen()
    simulator.seed_sku("SMALLSKU0001:0001", max_seats=5)
    client = Client(simulator)
    return end_of_cart(client, client.line(CUSTOMER, "SMALLSKU0001:0001", 6))


@breaks("seats.minimum", (400, 2002))
def _fewer_than_an_item_allows() -> Any:
    simulator = frozen()
    simulator.seed_sku("LARGESKU0001:0001", min_seats=5)
    client = Client(simulator)
    row = client.buy(CUSTOMER, "LARGESKU0001:0001", 6)
    return client.patch(CUSTOMER, row, quantity=4).code


@breaks("seats.updates", (400, 900311))
def _one_update_too_many() -> Any:
    _, client, row = seeded(settings={"update_limit": 1})
    client.patch(CUSTOMER, row, friendlyName="eins")
    return client.patch(CUSTOMER, row, friendlyName="zwei").code


@breaks("seats.subscriptions", (403, 800066))
def _one_subscription_too_many() -> Any:
    _, client, _ = seeded(settings={"max_subscriptions": 1})
    return end_of_cart(client, client.line(CUSTOMER, VISIO))


# updates


@breaks("patch.replaces", False)
def _leave_auto_renewal_out() -> Any:
    _, client, row = seeded()
    return client.patch(CUSTOMER, row, friendlyName="anders", autoRenewEnabled=None).body["autoRenewEnabled"]


@breaks("patch.etag", (400, 2055))
def _a_stale_tag() -> Any:
    _, client, row = seeded()
    body = client.subscription(CUSTOMER, row)
    client.patch(CUSTOMER, row, friendlyName="anders")
    path = f"/customers/{CUSTOMER}/subscriptions/{row}"
    return client("PATCH", path, body | {"friendlyName": "dritt"}, If_Match=f'"{body["attributes"]["etag"]}"').code


@breaks("patch.closed", [(400, 900277), (400, 900279), (400, 2011)])
def _change_what_has_ended() -> Any:
    found = []
    for status in ("expired", "disabled", "deleted"):
        _, client, row = seeded(status=status)
        found.append(client.patch(CUSTOMER, row, friendlyName="anders").code)
    return found


@breaks("patch.transfer", (409, 900278))
def _change_what_is_being_transferred() -> Any:
    _, client, row = seeded()
    body = {"targetPartnerTenantId": "5c1a2b3c-0000-4000-8000-0000000000ff", "lineItems": [{"subscriptionId": row}]}
    client.post(f"/customers/{CUSTOMER}/transfers", body)
    return client.patch(CUSTOMER, row, friendlyName="anders").code


# schedules


@breaks("schedules.deleted", (True, False))
def _change_beside_a_schedule() -> Any:
    _, client, row = seeded()
    before = client.patch(CUSTOMER, row, scheduledNextTermInstructions=next_term(PREMIUM, 7)).body
    after = client.patch(CUSTOMER, row, friendlyName="anders").body
    return "scheduledNextTermInstructions" in before, "scheduledNextTermInstructions" in after


@breaks("schedules.renewal", (400, 800093))
def _schedule_without_renewal() -> Any:
    _, client, row = seeded()
    return client.patch(CUSTOMER, row, autoRenewEnabled=False, scheduledNextTermInstructions=next_term(PREMIUM, 7)).code


@breaks("schedules.active", (400, 800091))
def _schedule_while_suspended() -> Any:
    _, client, row = seeded(status="suspended", suspended_by=["CustomerCancellation"])
    return client.patch(CUSTOMER, row, scheduledNextTermInstructions=next_term(PREMIUM, 7)).code


@breaks("schedules.wins", 3)
def _both_spellings() -> Any:
    simulator, client, row = seeded()
    action = {"scheduleType": "TermEnd", "actionType": "RenewToNewTerm", "instructions": next_term(PREMIUM, 3)}
    client.patch(CUSTOMER, row, scheduledNextTermInstructions=next_term(PREMIUM, 7), scheduledActions=[action])
    return simulator.subscription(CUSTOMER, row)["schedule"]["instructions"]["quantity"]


@breaks("schedules.path", (400, 900260))
def _schedule_another_product() -> Any:
    _, client, row = seeded()
    return client.patch(CUSTOMER, row, scheduledNextTermInstructions=next_term(VISIO, 7)).code


@breaks("schedules.end-date", [(400, 900245), (400, 900246)])
def _schedule_an_end_nobody_has() -> Any:
    found = []
    for day in ("2029-06-30", "2026-12-17"):
        _, client, row = seeded(start=NOON - 330 * DAY)
        wanted = next_term(PREMIUM, 7, customTermEndDate=f"{day}T00:00:00Z")
        found.append(client.patch(CUSTOMER, row, scheduledNextTermInstructions=wanted).code)
    return found


# terms


@breaks("terms.matrix", 10013)
def _a_month_billed_yearly() -> Any:
    client = Client(frozen())
    return end_of_cart(client, client.line(CUSTOMER, PREMIUM, 1, "P1M", "annual"))


@breaks("terms.longer-only", (400, 800122))
def _a_shorter_term() -> Any:
    _, client, row = seeded()
    return client.patch(CUSTOMER, row, termDuration="P1M", billingCycle="monthly").code


@breaks("terms.nothing-pending", (400, 900280))
def _a_longer_term_beside_a_schedule() -> Any:
    _, client, row = seeded()
    client.patch(CUSTOMER, row, scheduledNextTermInstructions=next_term(PREMIUM, 7))
    return client.patch(CUSTOMER, row, termDuration="P3Y", billingCycle="monthly").code


@breaks("terms.plan-alone", [(400, 800097), (400, 800097)])
def _another_plan_alone() -> Any:
    _, client, row = seeded(term="P3Y", billing="annual")
    directly = client.patch(CUSTOMER, row, billingCycle="monthly").code
    wanted = next_term(PREMIUM, 10, "P3Y", "Monthly")
    return [directly, client.patch(CUSTOMER, row, nextChargeInstructions=wanted).code]


# renewals


@breaks("renewals.queue", (409, 900278))
def _write_into_a_queued_renewal() -> Any:
    simulator, client, row = seeded(term="P1M", start=NOON - 30 * DAY, settings={"renewal_lag_seconds": 7200})
    simulator.set_time(moment("2026-06-11T01:00:00Z"))
    return client.patch(CUSTOMER, row, quantity=11).code


@breaks("renewals.price", ("21.12", "21.12", "31.68"))
def _a_new_list_in_mid_term() -> Any:
    simulator = frozen()
    client = Client(simulator)
    row = client.buy(CUSTOMER, PREMIUM, 1, "P1M")
    before = simulator.subscription(CUSTOMER, row)["price"]["unit"]
    simulator.change_prices(percent="50", at=NOON + DAY)
    simulator.advance(10 * DAY)
    during = simulator.subscription(CUSTOMER, row)["price"]["unit"]
    simulator.advance(21 * DAY)
    return before, during, simulator.subscription(CUSTOMER, row)["price"]["unit"]


@breaks("renewals.cancel", "disabled")
def _go_on_after_an_end_that_was_asked_for() -> Any:
    simulator, client, row = seeded(term="P1M", start=NOON - 20 * DAY)
    action = {"scheduleType": "TermEnd", "actionType": "Cancel"}
    client.patch(CUSTOMER, row, autoRenewEnabled=False, scheduledActions=[action])
    simulator.advance(12 * DAY)
    return client.subscription(CUSTOMER, row)["status"]


@breaks("renewals.slide", ("active", "2026-07-20"))
def _leave_the_end_open() -> Any:
    simulator, client, row = seeded(term="P1M", start=moment("2026-05-21T12:00:00Z"))
    client.patch(CUSTOMER, row, autoRenewEnabled=False)
    simulator.advance(12 * DAY)
    found = client.subscription(CUSTOMER, row)
    return found["status"], found["commitmentEndDate"][:10]


@breaks("renewals.grace", "expired")
def _leave_the_end_open_before_2026() -> Any:
    simulator = frozen(moment("2026-03-01T12:00:00Z"))
    row = simulator.seed_subscription(CUSTOMER, PREMIUM, term="P1M", auto_renew=False)
    simulator.advance(32 * DAY)
    return Client(simulator).subscription(CUSTOMER, row)["status"]


def _extended() -> tuple[Simulator, Client, str]:
    simulator, client, row = seeded(term="P1M", start=NOON - 20 * DAY, auto_renew=False)
    simulator.advance(20 * DAY)
    return simulator, client, row


@breaks("renewals.extended-seats", [(403, 800027), (403, 800027)])
def _seats_in_an_extended_term() -> Any:
    _, client, row = _extended()
    return [client.patch(CUSTOMER, row, quantity=seats).code for seats in (9, 11)]


@breaks("renewals.extended-leave", 200)
def _leave_an_extended_term_outside_any_window() -> Any:
    simulator, client, row = _extended()
    simulator.advance(5 * DAY)
    return client.patch(CUSTOMER, row, status="deleted").status
