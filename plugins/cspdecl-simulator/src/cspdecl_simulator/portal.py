"""A person at the portal: the same rules as the API, another name in the audit record."""

from __future__ import annotations

import json
from typing import Any

from .simulator import Simulator
from .wire import Body, Doc, Refusal, Reply
from .world.call import Call, Caller
from .world.carts import checkout, create_cart
from .world.changes import patch_subscription
from .world.subscriptions import find, render

PORTAL_USER = "sales.person@demo-partner.onmicrosoft.com"


class NotFoundError(LookupError):
    """Nothing, or more than one thing, goes by that name."""


def find_customer(simulator: Simulator, text: str) -> Doc:
    """A customer by id, domain, company or manifest name.

    Raises NotFoundError.
    """
    found = simulator.store.find_customers(text)
    if len(found) != 1:
        raise NotFoundError(f"{len(found) or 'no'} customers are called {text!r}")
    return found[0]


def find_subscription(simulator: Simulator, customer_id: str, text: str) -> Doc:
    """A subscription by id, friendly name, title or `PID:SID`; live ones win over ended ones.

    Raises NotFoundError.
    """
    rows = list(simulator.store.resources(customer_id, "subscription").values())
    wanted = text.lower()
    for live in (True, False):
        found = [
            row
            for row in rows
            if (row["status"] in ("active", "suspended")) == live
            and wanted
            in (row["id"].lower(), row["name"].lower(), row["title"].lower(), f"{row['product']}:{row['sku']}".lower())
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise NotFoundError(f"{len(found)} subscriptions are called {text!r}: name one by its id")
    raise NotFoundError(f"no subscription is called {text!r}")


def _call(simulator: Simulator, customer_id: str, user: str) -> Call:
    call = simulator.system_call(customer_id, Caller(application="Partner Center portal", upn=user, object_id="portal"))
    call.method = "PATCH"
    return call


def edit(
    simulator: Simulator, customer_id: str, subscription_id: str, changes: dict[str, Any], *, user: str = PORTAL_USER
) -> Doc:
    """Changes a subscription as the portal would: the whole resource read, changed and sent back; returns it as it
    stands now.

    Raises Refusal where the API would refuse.
    """
    with simulator.store.transaction():
        simulator.settle_all()
        call = _call(simulator, customer_id, user)
        call.params = {"customer": customer_id, "subscription": subscription_id}
        body = json.loads(json.dumps(render(call, find(call)))) | changes
        call.body = json.loads(json.dumps(body), object_pairs_hook=Body)
        answer = patch_subscription(call)
        simulator.finish(call)
        return dict(answer.doc)


def buy(
    simulator: Simulator, customer_id: str, offer: str, seats: int, term: str, billing: str, *, user: str = PORTAL_USER
) -> Doc:
    """Buys at the portal, through a cart like everybody; returns the order.

    Raises Refusal where the API would refuse, KeyError for an offer that is not in the catalogue.
    """
    from .catalog import availability_id

    with simulator.store.transaction():
        simulator.settle_all()
        call = _call(simulator, customer_id, user)
        sku = simulator.catalog.by_key(offer)
        if sku is None:
            raise KeyError(offer)
        item = f"{sku.key}:{availability_id(sku, sku.segment, call.now, call.settings.rotation_seconds)}"
        call.body = Body(
            {
                "lineItems": [
                    Body({"catalogItemId": item, "quantity": seats, "termDuration": term, "billingCycle": billing})
                ]
            }
        )
        cart = create_cart(call).doc
        error = cart["lineItems"][0].get("error")
        if error:
            raise Refusal(400, error["errorCode"], error["errorDescription"])
        call.params = {"customer": customer_id, "cart": cart["id"]}
        order: Doc = checkout(call).doc["orders"][0]
        simulator.finish(call)
        return order


__all__ = ["NotFoundError", "Reply", "buy", "edit", "find_customer", "find_subscription"]
