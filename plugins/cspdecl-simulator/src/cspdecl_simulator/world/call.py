"""One request as the rules see it: parameters, body, caller, the two clocks, and the world it concerns."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..catalog import Catalog
from ..settings import Settings
from ..wire import Body, Doc, Refusal, iso, moment
from .state import World

if TYPE_CHECKING:
    from ..storage import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who holds the token: an application, or a user through one (`upn` set)."""

    application: str = ""
    upn: str = ""
    object_id: str = ""

    @property
    def is_user(self) -> bool:
        return bool(self.upn)


@dataclass(slots=True, kw_only=True)
class Call:
    method: str
    path: str
    params: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    caller: Caller = field(default_factory=Caller)
    now: datetime
    machine: datetime
    settings: Settings
    catalog: Catalog
    partner: Store
    rng: random.Random
    world: World | None = None
    correlation: str = ""
    base_url: str = ""
    audits: list[Doc] = field(default_factory=list)
    charges: list[Doc] = field(default_factory=list)

    @property
    def customer(self) -> World:
        if self.world is None:
            raise LookupError("this operation is not about one customer")
        return self.world

    @property
    def form(self) -> Body:
        """The body as an object.

        Raises Refusal(400, 800002) when it is a list or a scalar.
        """
        if isinstance(self.body, Body):
            return self.body
        raise Refusal(400, 800002, "The request body must be a JSON object.")

    @property
    def base(self) -> str:
        return f"/customers/{self.customer.id}"

    @property
    def country(self) -> str:
        return str(self.customer.customer["billing"]["defaultAddress"].get("country") or self.settings.country)

    def guid(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def short_id(self) -> str:
        """Twelve hexadecimal digits, as new-commerce orders have."""
        return f"{self.rng.getrandbits(48):012x}"

    def instant(self, name: str, value: Any) -> datetime | None:
        """A date of the body; None when absent.

        Raises Refusal(400, 3000) for what is no date.
        """
        if value in (None, ""):
            return None
        try:
            return moment(str(value))
        except ValueError as problem:
            raise Refusal(400, 3000, f"The property {name} is not a valid date.") from problem

    def audit(
        self,
        resource: str,
        operation: str,
        *,
        old: Doc | None = None,
        new: Doc | None = None,
        data: list[Doc] | None = None,
        status: str = "succeeded",
    ) -> None:
        """Remembers an activity; written with the rest when the request succeeds (contract §18)."""
        world = self.world
        self.audits.append(
            {
                "id": self.guid(),
                "partnerId": self.settings.partner_tenant,
                "customerId": world.id if world else "",
                "customerName": world.customer["company"] if world else "",
                "userPrincipalName": self.caller.upn or None,
                "applicationId": self.caller.application or None,
                "resourceType": resource,
                "old": old,
                "new": new,
                "operationType": operation,
                "originalCorrelationId": self.correlation,
                "operationDate": iso(self.now),
                "operationStatus": status,
                "customizedData": data or [],
            }
        )


def etag_of(row_id: str, version: int) -> str:
    """Opaque to callers: base64 of id and version (contract §3)."""
    import base64

    return base64.b64encode(f'{{"id":"{row_id}","version":{version}}}'.encode()).decode()


def check_etag(call: Call, current: str, body_etag: str | None = None) -> None:
    """Refuses a stale If-Match with 2055 (contract §4); a header given, the body's etag is not looked at."""
    sent = call.headers.get("if-match")
    wanted = (sent if sent is not None else body_etag or "").strip().removeprefix("W/").strip('"')
    if wanted and wanted not in ("*", current):
        raise Refusal(400, 2055, "The entity tag does not match: the resource was changed in the meantime.")


def as_quantity(value: Any, name: str = "quantity") -> int:
    """A whole number of seats.

    Raises Refusal(400, 3000) otherwise.
    """
    if isinstance(value, bool) or value is None:
        raise Refusal(400, 3000, f"The property {name} is not valid.")
    try:
        number = int(value)
    except (TypeError, ValueError) as problem:
        raise Refusal(400, 3000, f"The property {name} is not valid.") from problem
    if str(value).strip() not in (str(number), f"{number}.0"):
        raise Refusal(400, 3000, f"The property {name} is not a whole number.")
    return number


def as_flag(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    raise Refusal(400, 3000, f"The property {name} is not true or false.")
