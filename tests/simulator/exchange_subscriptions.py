"""Worlds for the documented subscription exchanges."""

from __future__ import annotations

from typing import Any

from cspdecl_simulator import Simulator
from tests.simulator.exchange_goods import ANY_PLAN, seed_item
from tests.simulator.exchanges import Exchange, customer_of, subscription_of


def _lower(doc: Any) -> Any:
    if isinstance(doc, dict):
        return {name.lower(): _lower(value) for name, value in doc.items()}
    return [_lower(item) for item in doc] if isinstance(doc, list) else doc


def _like(simulator: Simulator, customer: str, wire: dict[str, Any], row_id: str, **more: Any) -> None:
    """Seeds a subscription that looks like a documented one."""
    wire = _lower(wire)
    offer = wire.get("offerid") or "0CCA44D6-68E9-4762-94EE-31ECE98783B9"
    fields: dict[str, Any] = {
        "seats": wire["quantity"],
        "auto_renew": wire["autorenewenabled"],
        "status": wire["status"],
        "name": wire["friendlyname"],
        "order_id": wire["orderid"],
        "partner": wire.get("partnerid") or "",
    }
    if ":" in offer:
        kind = wire.get("producttype", {}).get("id") or (
            "SaaS" if not wire.get("ismicrosoftproduct", True) else "OnlineServicesNCE"
        )
        seed_item(simulator, offer, kind=kind, plans=ANY_PLAN, title=wire["offername"])
        fields |= {"term": wire["termduration"], "billing": wire["billingcycle"]}
        if wire.get("refundablequantity"):
            fields["lots"] = [(wire["refundablequantity"]["totalquantity"], simulator.now)]
    else:
        seed_item(simulator, offer, kind="legacy", plans={}, title=wire.get("offername", "Offer"))
        fields |= {
            "parent": wire.get("parentsubscriptionid"),
            "billing": "monthly",
            "billing_type": wire["billingtype"],
            "unit": wire["unittype"],
        }
    simulator.seed_subscription(customer, offer, subscription_id=row_id, **fields | more)


def subscription(simulator: Simulator, exchange: Exchange) -> None:
    customer, row = customer_of(exchange.path), subscription_of(exchange.path)
    name, expected = exchange.name, exchange.expected
    exchange.headers.pop("If-Match", None)
    if name.startswith(("subscriptions.patch", "subscriptions.reactivate", "subscriptions.schedule")):
        body = _lower(exchange.body)
        before = dict(body)
        if "quantity" in name:
            before["quantity"] = body["quantity"] + 5
        if "202" in name:
            simulator.configure(slow_seconds=30)
        if "autorenew" in name:
            before["autorenewenabled"] = True
        if "reactivate" in name:
            before["status"] = "suspended"
        before["friendlyname"] = "before" if "friendly" in name else before["friendlyname"]
        more: dict[str, Any] = {"start": simulator.now}
        if "202" in name:
            # the page answers a traditional request with a new-commerce resource
            before = _lower(expected) | {"quantity": 6}
            exchange.body = {**expected, "quantity": 1}
            exchange.body.pop("id")
            more["lots"] = [(6, simulator.now)]
        if "nce" in name:
            more["lots"] = [(before["quantity"], simulator.now)]
            exchange.status = 200
        if name == "subscriptions.schedule-changes":
            # the page's own names and dates do not fit each other: a licence-based monthly subscription upgrading to a seeded target
            exchange.expected["scheduledNextTermInstructions"].pop("customTermEndDate")
            exchange.body["scheduledNextTermInstructions"].pop("customTermEndDate")
            exchange.expected.pop("customTermEndDate")
            before["producttype"] = {"id": "OnlineServicesNCE"}
            simulator.seed_promotion(
                "39NFJQT1PFPJ:000H:39NFJQT1Q5DK", "DG7GMGF0DVSV:000P", term="P3Y", billing="annual"
            )
        _like(simulator, customer, before, row, **more)
        if name == "subscriptions.schedule-changes":
            seed_item(
                simulator, before["offerid"], kind="OnlineServicesNCE", plans=ANY_PLAN, upgrades=["DG7GMGF0DVSV:000P"]
            )
        for key in ("id", "Id"):
            if isinstance(exchange.body, dict) and key in exchange.body:
                exchange.body[key] = row
        return
    if name in ("subscriptions.get.nce", "subscriptions.get", "subscriptions.get.addon"):
        _like(simulator, customer, expected, row)
    elif name in ("subscriptions.list", "subscriptions.list.by-partner"):
        _like(simulator, customer, expected["items"][0], expected["items"][0]["id"])
    elif name == "subscriptions.addons.list":
        _like(simulator, customer, expected["items"][0] | {"status": "active"}, row)
        _like(simulator, customer, expected["items"][0], "11111111-4169-4ef9-9657-0e86b1eab1de", parent=row)
    elif "conversions" in name:
        seed_item(simulator, "031C9E47-4802-4248-838E-778FB1D2CC05", kind="legacy", plans={})
        seed_item(
            simulator,
            "C0BD2E08-11AC-4836-BDC7-3712E744922F",
            kind="legacy",
            plans={},
            trial_of="031C9E47-4802-4248-838E-778FB1D2CC05:",
        )
        simulator.seed_subscription(customer, "C0BD2E08-11AC-4836-BDC7-3712E744922F", seats=25, subscription_id=row)
    elif "upgrades" in name:
        target = "796B6B5F-613C-4E24-A17C-EBA730D49C02" if "create" in name else "91FD106F-4B2C-4938-95AC-F54F74E9A239"
        seed_item(simulator, target, kind="legacy", plans={})
        seed_item(simulator, "00000000-0000-4000-8000-00000000000A", kind="legacy", plans={}, upgrades=[f"{target}:"])
        simulator.seed_subscription(
            customer,
            "00000000-0000-4000-8000-00000000000A",
            subscription_id=row,
            status="active" if "create" in name else "suspended",
        )
    elif "transition" in name:
        _transition(simulator, exchange, customer, row)
    elif "overage" in name:
        simulator.edit_customer(
            customer,
            overage=[
                {"azureEntitlementId": "ea1c26b7", "partnerId": "1234", "type": "PhoneServices", "overageEnabled": True}
            ],
        )
    elif "custom-term" in name:
        simulator.freeze(simulator.now.replace(month=7, day=3))
        simulator.seed_subscription(
            customer,
            "CFQ7TTC0LH18:0001",
            term="P1Y",
            start=simulator.now.replace(month=8, day=2, year=simulator.now.year - 1),
        )
    elif "provisioning" in name:
        simulator.seed_subscription(customer, "CFQ7TTC0LF8R:0001", seats=5, subscription_id=row)


def _transition(simulator: Simulator, exchange: Exchange, customer: str, row: str) -> None:
    e1, e3 = "CFQ7TTC0LF8Q:0001:CFQ7TTC0K39X", "CFQ7TTC0LF8R:0001:CFQ7TTC0KCSV"
    seed_item(simulator, e3)
    seed_item(simulator, e1, upgrades=["CFQ7TTC0LF8R:0001"])
    old = simulator.now.replace(day=1)
    simulator.seed_subscription(
        customer, e1, seats=2, term="P1M", subscription_id=row, start=old, lots=[], status="active"
    )
    simulator.seed_subscription(
        customer, e3, seats=1, term="P1M", subscription_id="0af52192-4a2a-4364-d25b-c8ecab3a5697", start=old, lots=[]
    )
    if "eligibilities" in exchange.name:
        # one item of the sample is not eligible, with errors: two worlds cannot be had at once, the errors' shape is test_transitions.py's
        for item in exchange.expected["items"]:
            for part in ("eligibilities", "subscriptionEligibilities"):
                for entry in item.get(part, []):
                    entry["errors"] = []
