"""The documented exchanges: how each finds its world, and which are left out, and why."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.conftest import SHARED

FOLDER = SHARED / "reference" / "partner-center" / "examples"
CUSTOMER = "eebd1b55-5360-4438-a11d-5c06918c3014"
SUBSCRIPTION = "83ef9d05-4169-4ef9-9657-0e86b1eab1de"
RESELLER = "484e548c-f5f3-4528-93a9-c16c6373cb59"

LEFT_OUT = {
    "recon.worked-examples.nce": "worked billing examples, no exchange: acted out by test_charging.py",
    "recon.": "worked billing examples of traditional and marketplace offers, no exchange and not charged",
    "webhooks.event.": "calls the service makes to a partner; deliveries are not sent",
    "webhooks.callback": "a call the service makes to a partner",
    "errors.throttled-429": "run by test_throttling.py, which reaches the limit",
}


@dataclass
class Exchange:
    """One documented exchange, ready to be sent once its world stands."""

    name: str
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    status: int | None
    expected: Any
    pick: Callable[[Any], Any] = field(default=lambda body: body)


def names() -> list[str]:
    """Files of the exchanges that are run."""
    return [
        path.stem
        for path in sorted(FOLDER.glob("*.json"))
        if not any(path.stem.startswith(prefix) for prefix in LEFT_OUT)
    ]


def load(name: str) -> Exchange:
    data = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    request, response = data["request"], data["response"] or {}
    path = request["path"]
    path = re.sub(r"[<{](customer-tenant-id|customer-id|customerId)[>}]", CUSTOMER, path)
    path = re.sub(
        r"[<{](id-for-subscription|subscription-id|subscriptionID|subscriptionId|id-for-target)[>}]", SUBSCRIPTION, path
    )
    path = re.sub(r"[<{](country-id|isocode-id)[>}]", "US", path)
    headers = {
        k: v for k, v in (request["headers"] or {}).items() if k.lower() in ("ms-requestid", "if-match", "x-locale")
    }
    return Exchange(
        name, request["method"], path, headers, request["body"], response.get("status"), response.get("body")
    )


def customer_of(path: str) -> str:
    found = re.search(r"/customers/([0-9a-fA-F-]{36})", path)
    return found[1].lower() if found else CUSTOMER


def subscription_of(path: str) -> str:
    found = re.search(r"/subscriptions/([0-9a-fA-F-]{36})", path)
    return found[1] if found else SUBSCRIPTION
