"""The worked billing scenarios, acted out: each drives a simulator as its page tells, and gives the lines it left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.simulator.money import COMMERCE, E1, GUIDES, GUIDES_TRIAL, STANDARD, everything, go, price, shop, upgrade
from tests.simulator.world import CUSTOMER, Client


def _purchase() -> list[Any]:
    _, client = shop("2021-06-18")
    client.buy(CUSTOMER, STANDARD, 10, "P1M")
    return everything(client)


def _renew() -> list[Any]:
    simulator, client = shop("2021-06-18")
    client.buy(CUSTOMER, STANDARD, 10, "P1M")
    go(simulator, "2021-07-20")
    return everything(client)[1:]


def _annual_monthly() -> list[Any]:
    simulator, client = shop("2021-06-18")
    client.buy(CUSTOMER, STANDARD, 10, "P1Y")
    go(simulator, "2021-07-20")
    return everything(client)[1:]


def _prepaid() -> list[Any]:
    _, client = shop("2021-06-18")
    client.buy(CUSTOMER, STANDARD, 10, "P1Y", "annual")
    return everything(client)


def _seats(start: str, first: int, unit: str, changes: list[tuple[str, int]]) -> list[Any]:
    simulator, client = shop(start)
    price(simulator, unit)
    row = client.buy(CUSTOMER, STANDARD, first, "P1M")
    for day, seats in changes:
        go(simulator, day, 9)
        client.patch(CUSTOMER, row, quantity=seats)
    return everything(client)


def _cancel() -> list[Any]:
    simulator, client = shop("2021-07-15")
    row = client.buy(CUSTOMER, STANDARD, 10, "P1M")
    go(simulator, "2021-07-17")
    client.patch(CUSTOMER, row, status="deleted")
    return everything(client)


def _upgrade(seats: int) -> list[Any]:
    simulator, client = shop("2021-06-18")
    row = client.buy(CUSTOMER, STANDARD, 300, "P1M")
    go(simulator, "2021-06-25")
    upgrade(client, row, E1, seats)
    return everything(client)


def _trial() -> list[Any]:
    _, client = shop("2021-06-25")
    row = client.buy(CUSTOMER, GUIDES_TRIAL, 25, "P1M", "none")
    upgrade(client, row, GUIDES, 25)
    return everything(client)


def _plan(first: str, second: str, day: str) -> list[Any]:
    simulator, client = shop("2021-09-20")
    row = client.buy(CUSTOMER, COMMERCE, 10, "P3Y", first)
    _next_charge(client, row, second)
    go(simulator, day)
    found = everything(client)
    return [found[0], *[line for line in found if line["chargeType"] == "changeBillingPlan"]]


def _next_charge(client: Client, row: str, plan: str) -> None:
    product, _, sku = COMMERCE.partition(":")
    aid = client.subscription(CUSTOMER, row)["offerId"].split(":")[2]
    body = {"productId": product, "skuId": sku, "availabilityId": aid, "billingCycle": plan, "termDuration": "P3Y"}
    client.patch(CUSTOMER, row, nextChargeInstructions={"product": body, "quantity": 10})


SCENARIOS: dict[str, Callable[[], list[Any]]] = {
    "purchase": _purchase,
    "renew": _renew,
    "annual-monthly": _annual_monthly,
    "prepaid-annual": _prepaid,
    "add-seats": lambda: _seats("2021-06-18", 10, "10.08", [("2021-06-20", 12)])[1:],
    "remove-seats": lambda: _seats("2021-06-18", 12, "10.08", [("2021-06-20", 8)])[1:],
    "many-changes-one-cycle": lambda: _seats(
        "2022-03-05",
        10,
        "12",
        [("2022-03-07", 15), ("2022-03-10", 25), ("2022-03-12", 23), ("2022-03-14", 20), ("2022-03-25", 30)],
    ),
    "cancel-7d": _cancel,
    "full-upgrade": lambda: _upgrade(300),
    "partial-upgrade": lambda: _upgrade(100),
    "trial-convert": _trial,
    "plan-annual-to-monthly": lambda: _plan("annual", "monthly", "2022-09-21"),
    "plan-monthly-to-annual": lambda: _plan("monthly", "annual", "2021-10-21"),
}
