"""A simulator and a client for it, as the tests of this folder use them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cspdecl_simulator import Settings, Simulator

NOON = datetime.fromisoformat("2026-06-10T12:00:00+00:00")
CUSTOMER = "9f2b6c1e-0000-4000-8000-000000000001"


class Body(dict):
    """A JSON object that also reads as attributes, for short assertions."""

    __getattr__ = dict.__getitem__


@dataclass
class Answer:
    """Status, headers and parsed body of one reply."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def code(self):
        """Status and error code: what a refusal is known by."""
        return self.status, self.body["code"]


class Client:
    """Calls a simulator in this process with a token of the seeded user, or of the application alone."""

    def __init__(self, simulator: Simulator, *, user: bool = True) -> None:
        self.simulator = simulator
        self.token = simulator.access_token(user=user)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = {"Authorization": f"Bearer {self.token}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        reply = self.simulator.handle(method, path if path.startswith("/webhooks") else f"/v1{path}", sent, raw)
        parsed = json.loads(reply.body, object_hook=Body) if reply.body else None
        return Answer(reply.status, reply.headers, parsed)

    def get(self, path: str, **headers: str) -> Answer:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self("POST", path, body, **headers)

    def subscription(self, customer: str, row: str) -> Any:
        return self("GET", f"/customers/{customer}/subscriptions/{row}").body

    def patch(self, customer: str, row: str, **changes: Any) -> Answer:
        """A GET, the changes, a PATCH of the whole resource; a change to None drops the field."""
        body = self.subscription(customer, row) | changes
        body = {name: value for name, value in body.items() if value is not None}
        return self("PATCH", f"/customers/{customer}/subscriptions/{row}", body)

    def item(self, customer: str, offer: str, segment: str = "commercial") -> str:
        """Today's catalogItemId of a `PID:SID`."""
        product, _, sku = offer.partition(":")
        found = self.get(f"/customers/{customer}/products/{product}/skus/{sku}/availabilities?targetSegment={segment}")
        return found.body["items"][0]["catalogItemId"]

    def cart(self, customer: str, *lines: dict[str, Any], **more: Any) -> Answer:
        return self.post(f"/customers/{customer}/carts", {"lineItems": list(lines), **more})

    def line(
        self, customer: str, offer: str, seats: int = 1, term: str = "P1Y", cycle: str = "monthly", **more: Any
    ) -> dict[str, Any]:
        return {
            "catalogItemId": self.item(customer, offer),
            "quantity": seats,
            "termDuration": term,
            "billingCycle": cycle,
            **more,
        }

    def buy(
        self, customer: str, offer: str, seats: int = 1, term: str = "P1Y", cycle: str = "monthly", **more: Any
    ) -> str:
        """Cart and checkout; returns the subscription id."""
        cart = self.cart(customer, self.line(customer, offer, seats, term, cycle, **more)).body
        done = self.post(f"/customers/{customer}/carts/{cart['id']}/checkout")
        return done.body["orders"][0]["lineItems"][0]["subscriptionId"]


def frozen(at: datetime = NOON, **settings: Any) -> Simulator:
    """A simulator whose business time stands still, with one customer."""
    simulator = Simulator(settings=Settings(**settings), seed=7)
    simulator.freeze(at)
    simulator.seed_customer(CUSTOMER, name="hafenkontor")
    return simulator


BASIC, STANDARD, PREMIUM = "CFQ7TTC0LH18:0001", "CFQ7TTC0LDPB:0001", "CFQ7TTC0LCHC:0002"
E3, E5, COPILOT, VISIO = "CFQ7TTC0LFLX:0001", "CFQ7TTC0LFLZ:0002", "CFQ7TTC0MM8R:0002", "CFQ7TTC0HD32:0002"


def merged(more: dict[str, Any], **base: Any) -> dict[str, Any]:
    """Keyword arguments with defaults, for seeding calls."""
    return base | more
