"""Reading and making charges in tests: a small shop with the prices of the worked tables, and every line there is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from cspdecl_simulator import Simulator
from cspdecl_simulator.wire import moment
from tests.simulator.world import CUSTOMER, Client, frozen

STANDARD, E1, GUIDES, GUIDES_TRIAL = "WORKED000001:0001", "WORKED000002:0001", "WORKED000003:0001", "WORKED000003:TRL1"
COMMERCE = "WORKED000004:0001"
LINES = "provider=onetime&invoicelineitemtype=billinglineitems"


def shop(at: str, **settings: Any) -> tuple[Simulator, Client]:
    """A simulator at ten in the morning of a day, selling what the worked tables sell, and a client for it."""
    simulator = frozen(moment(f"{at}T10:00:00Z"), **{"currency": "EUR", **settings})
    month = {"P1M": ["monthly"], "P1Y": ["monthly", "annual"]}
    simulator.seed_sku(STANDARD, title="Business Standard", plans=month, prices={}, upgrades=[E1])
    simulator.seed_sku(E1, title="Office E1", plans=month, prices={})
    simulator.seed_sku(GUIDES, title="Guides", plans={"P1Y": ["monthly"]}, prices={})
    simulator.seed_sku(GUIDES_TRIAL, title="Guides trial", plans={"P1M": ["none"]}, prices={}, trial_of=GUIDES)
    simulator.seed_sku(COMMERCE, title="Commerce", plans={"P3Y": ["monthly", "annual"]}, prices={})
    for sku, term, plan, unit in (
        (STANDARD, "P1M", "monthly", "10.08"),
        (STANDARD, "P1Y", "monthly", "120.96"),
        (STANDARD, "P1Y", "annual", "120.96"),
        (E1, "P1M", "monthly", "6.43"),
        (E1, "P1Y", "monthly", "77.16"),
        (E1, "P1Y", "annual", "77.16"),
        (GUIDES, "P1Y", "monthly", "631.32"),
        (GUIDES_TRIAL, "P1M", "none", "0"),
        (COMMERCE, "P3Y", "annual", "750"),
        (COMMERCE, "P3Y", "monthly", "720"),
    ):
        simulator.seed_price(sku, term, plan, unit, currency="EUR")
    return simulator, Client(simulator)


def price(simulator: Simulator, unit: str) -> None:
    """Another price for a month of Business Standard."""
    simulator.seed_price(STANDARD, "P1M", "monthly", unit, currency="EUR")


def go(simulator: Simulator, day: str, hour: int = 10) -> datetime:
    return simulator.set_time(moment(f"{day}T{hour:02d}:00:00Z"))


def upgrade(client: Client, row: str, target: str, quantity: int, **more: Any) -> Any:
    """A transition of so many seats."""
    item = client.item(CUSTOMER, target)
    body = {"toCatalogItemId": item, "quantity": quantity, "transitionType": "transition_only", **more}
    return client.post(f"/customers/{CUSTOMER}/subscriptions/{row}/transitions", body)


def unbilled(client: Client, period: str = "current", currency: str = "EUR") -> list[Any]:
    """The lines of a period that no invoice carries, page by page."""
    path = f"/invoices/unbilled/lineitems?{LINES}&currencycode={currency}&period={period}&size=3"
    return _pages(client, path)


def _pages(client: Client, path: str) -> list[Any]:
    found, answer = [], client.get(path).body
    while True:
        found += answer["items"]
        token = answer.get("continuationToken")
        if token is None:
            return found
        answer = client.get(f"{path}&seekOperation=Next", MS_ContinuationToken=token).body


def billed(client: Client) -> dict[str, list[Any]]:
    """The lines of every invoice, by its number."""
    invoices = client.get("/invoices").body["items"]
    return {item["id"]: _pages(client, f"/invoices/{item['id']}/lineitems?{LINES}&size=3") for item in invoices}


def everything(client: Client, currency: str = "EUR") -> list[Any]:
    """Every line, billed or not, in the order they were made."""
    return (
        [line for lines in billed(client).values() for line in lines]
        + unbilled(client, "previous", currency)
        + unbilled(client, "current", currency)
    )


def short(line: Any) -> tuple[str, ...]:
    """Type, days, quantity and subtotal: what a worked table prints."""
    return (
        line["chargeType"],
        line["chargeStartDate"][:10],
        line["chargeEndDate"][:10],
        line["billableQuantity"],
        line["subtotal"],
    )


DAY = timedelta(days=1)
