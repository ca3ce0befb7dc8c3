"""Worlds for the documented invoice and export exchanges."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from cspdecl_simulator import Simulator
from tests.simulator.exchanges import Exchange, customer_of
from tests.simulator.world import PREMIUM, Client

GRAPH = "https://graph.microsoft.com"
_BOUGHT = datetime.fromisoformat("2021-05-20T18:30:06+00:00")
_TRIAL = "CFQ7TTC0LH0R:0002"


def _sold(simulator: Simulator, exchange: Exchange) -> None:
    """A trial of an add-on and a subscription with a promotion, bought in May 2021; it is June, or still May."""
    customer = customer_of(exchange.path)
    simulator.freeze(_BOUGHT)
    simulator.seed_sku(_TRIAL, title="Trial", trial_of=PREMIUM, addon=True, plans={"P1M": ["none"]})
    simulator.seed_promotion("39NFJQT1X27N:0002:39NFJQT1Q5KL", PREMIUM)
    client = Client(simulator)
    client.buy(customer, _TRIAL, 25, "P1M", "none")
    client.buy(customer, PREMIUM, 50)
    client.buy(customer, PREMIUM, 1)


def invoices(simulator: Simulator, exchange: Exchange) -> None:
    """What the invoice pages show: invoices from before this world as they were, the world's own beside them."""
    _sold(simulator, exchange)
    if exchange.name == "invoices.unbilled.daily-rated-usage":
        simulator.freeze(datetime.fromisoformat("2021-06-03T00:00:00+00:00"))
        simulator.seed_usage("2021-05", exchange.expected["items"])
        exchange.expected["links"].pop("next")  # two lines of two thousand: nothing follows
    elif exchange.name == "invoices.unbilled.lineitems":
        simulator.freeze(datetime.fromisoformat("2021-06-03T00:00:00+00:00"))
        _without_slip(exchange.expected)
        exchange.expected["links"].pop("next")  # three lines of two thousand: nothing follows
    else:
        simulator.freeze(datetime.fromisoformat("2021-06-09T00:00:00+00:00"))
    if exchange.name in ("invoices.list", "invoices.summaries"):
        listed = exchange.expected["items"] if exchange.name == "invoices.list" else _two_kinds()
        for doc in listed:
            simulator.seed_invoice(doc)
        if exchange.name == "invoices.list":
            exchange.expected["links"].pop("next")  # size and offset are ignored for modern invoices (contract §16)
    if exchange.name == "invoices.lineitems.office":
        lines = exchange.expected["items"]
        simulator.seed_invoice({"id": "1234000000"}, {"office/billinglineitems": [*lines, lines[0]]})
    own = Client(simulator).get("/invoices").body["items"]
    if own:
        exchange.path = exchange.path.replace("<invoice-id>", own[-1]["id"]).replace("G000024135", own[-1]["id"])
    if exchange.name == "invoices.lineitems.onetime":
        _without_slip(exchange.expected)


def _without_slip(expected: dict[str, Any]) -> None:
    """Of the sample lines those of 2019 print numbers, those of 2021 text, which is what is answered; one carries a name
    "attributes/objectType" beside the attributes, a slip of the page.
    """
    for line in expected["items"]:
        line.pop("attributes/objectType", None)
        line.update({name: str(value) for name, value in line.items() if isinstance(value, int | float)})


def _two_kinds() -> list[dict[str, Any]]:
    base = {"invoiceDate": "2018-03-16T00:00:00Z", "totalCharges": 10, "paidAmount": 1, "currencyCode": "GBP"}
    return [base | {"id": kind, "invoiceType": kind, "currencySymbol": "£"} for kind in ("Recurring", "OneTime")]


def exports(simulator: Simulator, exchange: Exchange) -> None:
    """An export that was asked for; the pages of the 2023 beta look at it under paths of their own."""
    _sold(simulator, exchange)
    simulator.freeze(datetime.fromisoformat("2021-06-09T00:00:00+00:00"))
    settings = simulator.settings
    form = (
        f"grant_type=client_credentials&client_id={settings.client_id}&client_secret={settings.client_secret}"
        f"&scope={GRAPH}/.default"
    )
    reply = simulator.handle("POST", f"/{settings.partner_tenant}/oauth2/v2.0/token", {}, form.encode())
    headers = {"Authorization": f"Bearer {json.loads(reply.body)['access_token']}"}
    asked = b'{"invoiceId": "G202105840", "attributeSet": "full"}'
    path = "/v1.0/reports/partners/billing/reconciliation/billed/export"
    operation = simulator.handle("POST", path, headers, asked).headers["Location"].rsplit("/", 1)[1]
    exchange.path = f"/v1/billingoperations/{operation}"
    client = Client(simulator)
    if exchange.name != "billing.operation.running":
        client.get(f"/billingoperations/{operation}")
    if exchange.name == "billing.manifest":
        where = client.get(f"/billingoperations/{operation}").body["resourceLocation"]
        exchange.path = f"/v1/billingmanifests/{where.rsplit('/', 1)[1]}"
