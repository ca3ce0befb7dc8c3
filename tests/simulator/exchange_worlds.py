"""The world in which a documented exchange finds what its path names."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cspdecl_simulator import Settings, Simulator
from tests.simulator.exchange_bills import exports, invoices
from tests.simulator.exchange_goods import cart, catalog, order, promotions
from tests.simulator.exchange_subscriptions import subscription
from tests.simulator.exchanges import CUSTOMER, RESELLER, Exchange, customer_of, subscription_of
from tests.simulator.world import BASIC, Client


def world_for(exchange: Exchange) -> Simulator:
    """A world in which the exchange's path exists; the exchange is completed where the page left placeholders."""
    sandbox = exchange.name.startswith(("customers.delete", "sandbox.", "orders.cancel.sandbox"))
    simulator = Simulator(settings=Settings(environment="sandbox" if sandbox else "production"), seed=1)
    simulator.seed_customer(customer_of(exchange.path), name="documented", **_customer(exchange.name))
    for prefix, build in BUILDERS:
        if exchange.name.startswith(prefix):
            build(simulator, exchange)
            break
    return simulator


def _customer(name: str) -> dict[str, Any]:
    if name.startswith("customers.validation-status.allowed"):
        return {"validation": "Allowed"}
    if name.startswith("customers.validation-status.not-allowed"):
        return {"validation": "NotAllowed"}
    if name.startswith("customers.relationships"):
        return {"reseller": RESELLER}
    if name == "customers.qualifications.get.approved":
        return {"qualifications": [{"qualification": "Education", "status": "Approved"}]}
    if name == "customers.qualifications.get.in-review":
        waiting = {"qualification": "Education", "status": "InReview", "created": "2026-01-01T00:00:00Z"}
        return {"qualifications": [waiting]}
    return {}


def _reseller(simulator: Simulator, exchange: Exchange) -> None:
    simulator.seed_reseller(RESELLER, "4847383", name="First Up Consultants")
    simulator.seed_reseller("b01b1487-b36e-4e6d-9b5e-0b58974c4b28", "4847433", name="ReleCloud", location="BR")
    if "list.filter" in exchange.name:
        for name in ("FourthCoffee137", "WingtipToys1254789149"):
            simulator.seed_customer(name=name, reseller=RESELLER)


def _billing_profile(simulator: Simulator, exchange: Exchange) -> None:
    if exchange.body:
        profile = Client(simulator).get(f"/customers/{CUSTOMER}/profiles/billing").body
        exchange.body["Attributes"]["Etag"] = profile["attributes"]["etag"]


def _company(simulator: Simulator, exchange: Exchange) -> None:
    simulator.seed_validation_code("123456", "Contoso, Inc.")
    simulator.seed_validation_code("987654", "Contoso, Inc. Finance Department")


def _agreements(simulator: Simulator, exchange: Exchange) -> None:
    if exchange.name == "agreements.create.mca":
        exchange.body["primaryContact"]["email"] = "new.contact@example.com"


def _tokens(simulator: Simulator, exchange: Exchange) -> None:
    settings = simulator.settings
    exchange.path = re.sub(r"\{tenantId\}|CSPTenantID", settings.partner_tenant, exchange.path)
    simulator.seed_code("AuthorizationCodeValue")
    body = re.sub(r"client_id=[^&]*", f"client_id={settings.client_id}", exchange.body)
    body = re.sub(r"client_secret=[^&]*", f"client_secret={settings.client_secret}", body)
    if "=refresh_token" in body:
        body = re.sub(r"&refresh_token=[^&]*", f"&refresh_token={settings.refresh_token}", body)
    exchange.body = body


def _azure(simulator: Simulator, exchange: Exchange) -> None:
    customer = customer_of(exchange.path)
    if exchange.name == "azure.entitlements.list":
        simulator.seed_subscription(
            customer,
            "DZH318Z0BPS6:0001",
            subscription_id=subscription_of(exchange.path),
            entitlements=[
                {"id": "899ae6f1-8a74-4d5e-b6c6-e6b5019bbff8", "name": "Microsoft Azure", "status": "active"}
            ],
        )


def _entitlements(simulator: Simulator, exchange: Exchange) -> None:
    simulator.edit_customer(customer_of(exchange.path), entitlements=exchange.expected["items"])


def _users(simulator: Simulator, exchange: Exchange) -> None:
    customer = customer_of(exchange.path)
    user = re.search(r"/users/([0-9a-f-]{36})", exchange.path)
    if user:
        simulator.store.save_resource(
            customer,
            "user",
            user[1],
            {
                "id": user[1],
                "state": "active",
                "userPrincipalName": "a@b",
                "displayName": "A",
                "licenses": ["efccb6f7-5641-4e0e-bd10-b4976e1bf68e"] if exchange.name == "licenses.user.list" else [],
            },
        )
        simulator.seed_subscription(customer, "CFQ7TTC0LHT4:0001", seats=5)
        if exchange.name == "licenses.assign":
            simulator.seed_subscription(customer, "CFQ7TTC0LHSF:0001", seats=1)


def _audit(simulator: Simulator, exchange: Exchange) -> None:
    """Two activities in the last days; the sample's dates are moved into the ninety days that can be asked for."""
    customer = "0c39d6d5-c70d-4c55-bc02-f620844f3fd1"
    simulator.seed_customer(customer, company="Relecloud")
    exchange.path = exchange.path.replace("6/1/2017%2012:00:00%20AM", f"{simulator.now:%m/%d/%Y}%2012:00:00%20AM")
    client = Client(simulator)
    client.buy(customer, BASIC)
    user = client.post(
        f"/customers/{customer}/users", {"userPrincipalName": "a@b.c", "displayName": "A", "usageLocation": "US"}
    ).body
    client.post(
        f"/customers/{customer}/users/{user['id']}/licenseupdates",
        {"licensesToAssign": [{"skuId": "3b555118-da6a-4418-894f-7df1e2096870"}]},
    )


def _migrations(simulator: Simulator, exchange: Exchange) -> None:
    customer = customer_of(exchange.path)
    body = exchange.body if isinstance(exchange.body, dict) else {}
    simulator.seed_sku("LEGACY01:", kind="legacy", plans={}, raw={"migrates_to": "CFQ7TTC0LF8S:0002"})
    rows = {body.get("currentSubscriptionId", "02DF825B-D0C9-40BE-8CB6-BAC895510D0A")} | {
        item["currentSubscriptionId"] for item in body.get("addOnMigrations", [])
    }
    old = simulator.now.replace(year=simulator.now.year - 1)
    for row in rows:
        simulator.seed_subscription(customer, "LEGACY01", subscription_id=row, created=old, start=old)
    if exchange.name == "migrations.create":
        # the answer of the page lists add-ons its request does not: send some
        addon = "E3AFD30D-D6E7-45AF-A6C5-FB905992AE00"
        simulator.seed_subscription(customer, "LEGACY01", subscription_id=addon, created=old, start=old)
        exchange.body["addOnMigrations"] = [{"currentSubscriptionId": addon}]
    if exchange.name in ("migrations.get", "migrations.events.list"):
        made = (
            Client(simulator)
            .post(f"/customers/{customer}/migrations/newcommerce", {"currentSubscriptionId": next(iter(rows))})
            .body
        )
        exchange.path = exchange.path.replace("{migration-id}", made["id"])


def _compliance(simulator: Simulator, exchange: Exchange) -> None:
    # the page answers "must be a GUID" to a request that has one
    exchange.path = exchange.path.replace("a2898e3a-06ca-454e-a0d0-c73b0ee36bba", "no-guid")


def _webhooks(simulator: Simulator, exchange: Exchange) -> None:
    if "create" not in exchange.name or "validation" in exchange.name:
        simulator.store.save_shared(
            "webhook",
            "registration",
            {"SubscriberId": "s", "WebhookUrl": "https://example.com", "WebhookEvents": ["test-created"]},
        )


BUILDERS: list[tuple[str, Callable[[Simulator, Exchange], None]]] = [
    ("auth.", _tokens),
    ("customers.list.filter", _reseller),
    ("customers.create.indirect", _reseller),
    ("customers.relationships", _reseller),
    ("relationships.", _reseller),
    ("compliance.", _compliance),
    ("customers.billing-profile", _billing_profile),
    ("customers.", _company),
    ("agreements.", _agreements),
    ("catalog.", catalog),
    ("promotions.", promotions),
    ("carts.", cart),
    ("orders.", order),
    ("subscriptions.", subscription),
    ("azure.", _azure),
    ("entitlements.", _entitlements),
    ("licenses.", _users),
    ("users.", _users),
    ("audit.", _audit),
    ("migrations.", _migrations),
    ("webhooks.", _webhooks),
    ("invoices.", invoices),
    ("billing.", exports),
]
