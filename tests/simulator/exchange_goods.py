"""Worlds for the documented catalogue, cart and order exchanges."""

from __future__ import annotations

import re
from typing import Any

from cspdecl_simulator import Simulator
from tests.simulator.exchanges import Exchange, customer_of


def seed_item(simulator: Simulator, item: str, **more: Any) -> None:
    parts = item.split(":")
    fields: dict[str, Any] = {"title": more.pop("title", item), **more}
    simulator.seed_sku(item if len(parts) > 1 else f"{item}:", **fields)


ANY_PLAN = {
    "": ["one_time", "monthly", "annual"],
    "P1M": ["monthly", "none"],
    "P1Y": ["monthly", "annual", "one_time"],
    "P3Y": ["monthly", "annual", "triennial", "one_time"],
}


def catalog(simulator: Simulator, exchange: Exchange) -> None:
    found = re.search(r"/products/([A-Za-z0-9]+)(?:/skus/(\w+))?(?:/availabilities/(\w+))?", exchange.path)
    if "{product-id}" in exchange.path:
        exchange.path = exchange.path.replace(
            "{product-id}", "CFQ7TTC0LH18" if exchange.name.endswith("nce") else "DZH318Z0BQ3Q"
        )
    raw: dict[str, Any] = {"subType": {"id": "VirtualMachines", "displayName": "VirtualMachines"}}
    reservation: dict[str, Any] = {"kind": "AzureReservation", "raw": raw, "plans": {"P1Y": ["one_time"]}}
    if exchange.name == "catalog.skus.list":
        raw["sku"] = {
            "dynamicAttributes": {
                "armSkuName": "Standard_ND12s",
                "cores": "12",
                "ram": "224",
                "skuDisplayName": "ND12",
                "category": "GPU",
                "armRegionName": "westus2",
                "duration": "1Year",
                "region": "US West 2",
                "diskType": "Hdd",
            },
            "provisioningVariables": ["Scope", "SubscriptionId"],
            "purchasePrerequisites": ["AzureSubscriptionRegistration", "InventoryCheck"],
        }
    if exchange.name == "catalog.inventory.check":
        raw["restrictions"] = [
            {
                "reasonCode": "NotAvailableForSubscription",
                "description": "…",
                "properties": {"type": "Location", "values": "japanwest"},
            }
        ]
        seed_item(simulator, "DZH318Z0BQ3P:0039", **reservation)
        return
    if exchange.name == "catalog.offers.list.legacy":
        seed_item(simulator, "E60E0348-1710-484B-992A-32B294D4CDE1", kind="legacy", plans={})
        return
    if exchange.name == "catalog.products.by-customer.azure":
        legacy = {
            "dynamicAttributes": {
                "billingType": "usage",
                "category": "Enterprise",
                "rank": 1413,
                "hasAddOns": False,
                "isAutoRenewable": False,
                "upgradeTargetOffers": None,
                "conversionTargetOffers": [],
                "unitType": "Usage-based",
                "limitUnitOfMeasure": "None",
                "limit": 0,
                "reselleeQualifications": [],
                "resellerQualifications": [],
            }
        }
        seed_item(
            simulator,
            "9DEA7946-EC2C-441E-9FFD-E3B275F7E838:MS-AZR-0145P",
            kind="Azure",
            plans={"": ["monthly"]},
            raw={"sku": legacy},
        )
        seed_item(
            simulator,
            "DZH318Z0BPS6:0001",
            kind="Azure",
            plans={"": ["one_time"]},
            raw={"sku": {"dynamicAttributes": {"pilotProgram": "modernazurepilot"}}},
        )
        return
    if exchange.name == "catalog.skus.list.nce":
        # the page gives no request of its own for the new-commerce answer
        exchange.path = exchange.path.replace("DZH318Z0BPS6", "CFQ7TTC0LH18")
        return
    if exchange.name in ("catalog.product.get.nce", "catalog.products.by-customer.nce", "promotions.list"):
        return
    nce = exchange.name.endswith("nce") or "by-customer" in exchange.name
    product, sku, availability = found.groups() if found else ("DZH318Z0BQ3Q", "0001", None)
    item = f"{product}:{sku or '0001'}" + (f":{availability}" if availability else "")
    seed_item(simulator, item, **({"kind": "OnlineServicesNCE"} if nce else reservation))
    if exchange.name == "catalog.availabilities.by-customer.nce":
        # the page prints one availability where its heading promises the list
        exchange.pick = lambda body: body["items"][0]


def promotions(simulator: Simulator, exchange: Exchange) -> None:
    simulator.seed_promotion("39NFJQT1PJQB:0001:39NFJQT1Q5KN", "CFQ7TTC0HD33:0003", billing="annual", discount="0.05")
    seed_item(simulator, "CFQ7TTC0LH2Z:0002:CFQ7TTC0HRVK")
    simulator.seed_promotion("39NFJQT1PM6C:0005:39NFJQT1Q5L7", "CFQ7TTC0LH2Z:0002", min_seats=1, max_seats=2400)
    if exchange.name.startswith("promotions.eligibility"):
        simulator.seed_subscription(
            customer_of(exchange.path), "CFQ7TTC0LH2Z:0002", seats=1900, promotion="39NFJQT1PM6C:0005:39NFJQT1Q5L7"
        )


def cart(simulator: Simulator, exchange: Exchange) -> None:
    customer = customer_of(exchange.path)
    body = exchange.body if isinstance(exchange.body, dict) else {}
    for line in body.get("lineItems") or body.get("LineItems") or []:
        for part in [line, *line.get("AddonItems", [])]:
            item = part.get("catalogItemId") or part["CatalogItemId"]
            if ":" not in item:
                seed_item(simulator, item, kind="legacy", plans={"": ["monthly"]})
            elif "BXWC" in item or "C0WF" in item:
                seed_item(simulator, item, kind="SaaS", plans=ANY_PLAN)
            elif not item.startswith("CFQ7TTC0LFLZ"):
                seed_item(simulator, item, kind="Software", plans=ANY_PLAN)
            else:
                seed_item(simulator, item, plans=ANY_PLAN)
    cart = re.search(r"/carts/([0-9a-f-]{36})", exchange.path)
    if cart:
        item = "CFQ7TTC0LF8S:0001:CFQ7TTC0N81H"
        seed_item(simulator, item)
        asked = {"id": 0, "catalogItemId": item, "quantity": 1, "termDuration": "P1M", "billingCycle": "monthly"}
        simulator.store.save_resource(
            customer,
            "cart",
            cart[1],
            {
                "id": cart[1],
                "created": "2026-01-01T00:00:00Z",
                "modified": "2026-01-01T00:00:00Z",
                "expires": "2099-01-01T00:00:00Z",
                "user": "u",
                "status": "Active",
                "lines": [{"asked": asked, "addons": []}],
                "attested": None,
            },
        )
    if exchange.name == "carts.checkout.nce":
        exchange.body = None
        # prose and SDK say {orders, orderErrors}; the page prints the order alone
        exchange.pick = lambda body: body["orders"][0]


def order(simulator: Simulator, exchange: Exchange) -> None:
    customer = customer_of(exchange.path)
    documented = exchange.expected["items"][0] if "items" in exchange.expected else exchange.expected
    order = re.search(r"/orders/([\w-]{10,})", exchange.path)
    order_id = order[1] if order else documented["id"]
    exchange.path = re.sub(r"<(order-id|id-for-order)>", documented["id"], exchange.path)
    if exchange.name == "orders.create":
        seed_item(
            simulator, exchange.body["LineItems"][0]["OfferId"], kind="AzureReservation", plans={"P1Y": ["one_time"]}
        )
        return
    for each in exchange.expected.get("items", [documented]):
        legacy = any(":" not in line["offerId"] for line in each["lineItems"])
        lines = []
        for line in each["lineItems"]:
            if legacy:
                seed_item(simulator, line["offerId"], kind="legacy", plans={})
            lines.append(
                {
                    "number": line["lineItemNumber"],
                    "offer": line["offerId"],
                    "subscription": line.get("subscriptionId"),
                    "type": "New",
                    "term": line.get("termDuration", ""),
                    "name": line["friendlyName"],
                    "quantity": max(1, line["quantity"]),
                    "kind": "legacy" if legacy else "Software",
                }
            )
        simulator.store.save_resource(
            customer,
            "order",
            (order_id if "items" not in exchange.expected else each["id"]).lower(),
            {
                "id": order_id if "items" not in exchange.expected else each["id"],
                "cycle": "one_time",
                "currency": "USD",
                "created": simulator.describe_time(),
                "placed": None,
                "status": "completed",
                "source": "UserPurchase",
                "version": 1,
                "lines": lines,
            },
        )
    if exchange.name == "orders.patch.addon.legacy":
        seed_item(simulator, "2828BE95-46BA-4F91-B2FD-0BEF192ECF60", kind="legacy", plans={})
        simulator.seed_subscription(
            customer, "195416C1-3447-423A-B37B-EE59A99A19C4", subscription_id="1C2B75C1-74A5-472A-A729-7F8CEFC477F9"
        )
        simulator.store.save_resource(
            customer,
            "order",
            order_id.lower(),
            {
                "id": order_id,
                "cycle": "none",
                "currency": "USD",
                "created": simulator.describe_time(),
                "placed": None,
                "status": "completed",
                "source": "UserPurchase",
                "version": 1,
                "lines": [
                    {
                        "number": 0,
                        "offer": "195416C1-3447-423A-B37B-EE59A99A19C4",
                        "subscription": "1C2B75C1-74A5-472A-A729-7F8CEFC477F9",
                        "type": "New",
                        "term": "",
                        "name": "new offer purchase",
                        "quantity": 5,
                        "kind": "legacy",
                    }
                ],
            },
        )
