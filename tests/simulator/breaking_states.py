"""Attempts on what is suspended, on trials, upgrades and common ends."""

from __future__ import annotations

from typing import Any

from tests.simulator.breaking import AZURE, SOFTWARE, TRIAL, breaks, end_of_cart, next_term, seeded, transition
from tests.simulator.money import DAY, everything
from tests.simulator.world import BASIC, CUSTOMER, NOON, PREMIUM, STANDARD, Client, frozen

# suspension


@breaks("suspension.seats", (400, 2001))
def _seats_while_suspended() -> Any:
    _, client, row = seeded()
    client.patch(CUSTOMER, row, status="suspended")
    return client.patch(CUSTOMER, row, quantity=11).code


@breaks("suspension.renewal", (False, False))
def _suspend_and_resume() -> Any:
    _, client, row = seeded()
    shown = [client.patch(CUSTOMER, row, status=status).body["autoRenewEnabled"] for status in ("suspended", "active")]
    return tuple(shown)


@breaks("suspension.microsoft", (400, 800096))
def _resume_what_microsoft_suspended() -> Any:
    _, client, row = seeded(status="suspended", suspended_by=["MicrosoftInitiated"])
    return client.patch(CUSTOMER, row, status="active").code


@breaks("suspension.end", "disabled")
def _stay_suspended_over_the_end() -> Any:
    simulator, client, row = seeded(term="P1M", start=NOON - 20 * DAY)
    client.patch(CUSTOMER, row, status="suspended")
    simulator.advance(12 * DAY)
    return client.subscription(CUSTOMER, row)["status"]


# trials


@breaks("trials.seats", (400, 800095))
def _more_seats_of_a_trial() -> Any:
    _, client, row = seeded(TRIAL, seats=25, term="P1M", start=NOON)
    return client.patch(CUSTOMER, row, quantity=26).code


@breaks("trials.status", [(400, 800096), (400, 800096)])
def _end_a_trial() -> Any:
    _, client, row = seeded(TRIAL, seats=25, term="P1M", start=NOON)
    return [client.patch(CUSTOMER, row, status=status).code for status in ("suspended", "deleted")]


@breaks("trials.converts", (25, "P1Y", "monthly"))
def _leave_a_trial_alone() -> Any:
    simulator, client, row = seeded(TRIAL, seats=25, term="P1M", start=NOON)
    simulator.advance(31 * DAY)
    found = client.subscription(CUSTOMER, row)
    return found["quantity"], found["termDuration"], found["billingCycle"]


@breaks("trials.minimum", (400, 2002))
def _convert_a_trial_to_few_seats() -> Any:
    _, client, row = seeded(TRIAL, seats=25, term="P1M", start=NOON)
    return transition(client, row, PREMIUM, 24).code


# upgrades


@breaks("upgrades.path", [(400, 900260), (400, 900259)])
def _upgrade_downwards() -> Any:
    _, client, row = seeded(PREMIUM)
    return [transition(client, row, target, 10).code for target in (BASIC, PREMIUM)]


@breaks("upgrades.active", (400, 800091))
def _upgrade_what_is_suspended() -> Any:
    _, client, row = seeded(BASIC, status="suspended")
    return transition(client, row, STANDARD, 10).code


@breaks("upgrades.target", [(400, 900261), (400, 900236), (400, 900258)])
def _move_seats_where_they_cannot_go() -> Any:
    found = []
    for more in ({"start": NOON}, {"start": NOON - 200 * DAY}, {"status": "suspended"}):
        simulator, client, row = seeded(BASIC)
        wanted: dict[str, Any] = {
            "start": NOON - 30 * DAY,
            "lots": [(5, more.get("start") if more.get("start") == NOON else None)],
        }
        target = simulator.seed_subscription(CUSTOMER, STANDARD, seats=5, **{**wanted, **more})
        found.append(transition(client, row, STANDARD, 3, toSubscriptionId=target).code)
    return found


@breaks("upgrades.term", (400, 900267))
def _upgrade_into_a_shorter_term() -> Any:
    _, client, row = seeded(BASIC)
    return transition(client, row, STANDARD, 10, termDuration="P1M", billingCycle="monthly").code


# common ends


@breaks("ends.date", 10017)
def _an_end_nobody_has() -> Any:
    client = Client(frozen())
    return end_of_cart(client, client.line(CUSTOMER, PREMIUM, 1, customTermEndDate="2027-01-17T00:00:00Z"))


@breaks("ends.product", 10016)
def _an_end_for_software() -> Any:
    client = Client(frozen())
    line = client.line(CUSTOMER, SOFTWARE, 1, "P3Y", "annual", customTermEndDate="2027-01-31T00:00:00Z")
    return end_of_cart(client, line)


@breaks("ends.running", True)
def _move_the_end_of_a_running_term() -> Any:
    _, client, row = seeded()
    before = client.subscription(CUSTOMER, row)["commitmentEndDate"]
    wanted = {"commitmentEndDate": "2026-12-31T00:00:00Z", "customTermEndDate": "2026-12-31T00:00:00Z"}
    return before == client.patch(CUSTOMER, row, **wanted).body["commitmentEndDate"]


@breaks("upgrades.more", (13, STANDARD, ["10", "13"]))
def _upgrade_more_seats_than_run() -> Any:
    _, client, row = seeded(BASIC)
    transition(client, row, STANDARD, 13)
    found = client.subscription(CUSTOMER, row)
    offer = ":".join(found["offerId"].split(":")[:2])
    return found["quantity"], offer, [line["quantity"] for line in everything(client, "USD")]


@breaks("upgrades.schedule", (True, False))
def _upgrade_beside_a_schedule() -> Any:
    _, client, row = seeded(BASIC)
    before = client.patch(CUSTOMER, row, scheduledNextTermInstructions=next_term(BASIC, 7)).body
    transition(client, row, STANDARD, 10)
    after = client.subscription(CUSTOMER, row)
    return "scheduledNextTermInstructions" in before, "scheduledNextTermInstructions" in after


@breaks("terms.licences", [(400, 800107), (400, 800121)])
def _a_longer_term_for_what_is_no_licence() -> Any:
    found = []
    for offer, term in ((TRIAL, "P1M"), (SOFTWARE, "P1Y")):
        _, client, row = seeded(offer, seats=25, term=term, start=NOON)
        found.append(client.patch(CUSTOMER, row, termDuration="P3Y", billingCycle="annual").code)
    return found


@breaks("buying.azure-in-use", [(400, 900115), 200])
def _suspend_a_plan_in_use() -> Any:
    found = []
    for status in ("active", "inactive"):
        below = [{"id": "899ae6f1-8a74-4d5e-b6c6-e6b5019bbff8", "name": "Azure", "status": status}]
        _, client, row = seeded(AZURE, seats=1, term="", billing="one_time", entitlements=below)
        answer = client.patch(CUSTOMER, row, status="suspended")
        found.append(answer.status if answer.status == 200 else answer.code)
    return found


@breaks("buying.azure-stays", (400, 900117))
def _cancel_an_azure_plan() -> Any:
    _, client, row = seeded(AZURE, seats=1, term="", billing="one_time")
    return client.patch(CUSTOMER, row, status="deleted").code


@breaks("buying.old-azure", 10006)
def _an_azure_plan_beside_an_older_one() -> Any:
    simulator = frozen()
    simulator.seed_sku("MS-AZR-0145P:0001", kind="Azure", plans={"": ["one_time"]})
    simulator.seed_subscription(CUSTOMER, "MS-AZR-0145P:0001", term="P1M", billing="monthly")
    client = Client(simulator)
    line = {"catalogItemId": client.item(CUSTOMER, AZURE), "quantity": 1, "billingCycle": "one_time"}
    return end_of_cart(client, line)
