"""One customer at a simulated Partner Center, and a provider that does to it whatever a test asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cspdecl.core.action import Action
from cspdecl.core.live import CustomerRef, LiveCustomer, LiveSubscription
from cspdecl.core.operation import Guard, Operation
from cspdecl.spi.provider import Mode
from cspdecl_simulator import Simulator
from tests.partner_center.support import call, carry_out, guard_of, operation, over_simulator

NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)


class Shop:
    """A simulator whose two clocks stand still, with one customer in it."""

    def __init__(self, *, provider: dict[str, Any] | None = None, **settings: Any) -> None:
        self.machine = NOW
        self.sim = Simulator(seed=7, machine=lambda: self.machine)
        self.sim.freeze(NOW)
        if settings:
            self.sim.configure(**settings)
        self.tenant = self.sim.seed_customer(company="Hafenkontor")
        self._settings = provider or {}
        self.provider = self.connect()

    def connect(self, mode: Mode = "write") -> Any:
        """Another connection: one that has bought nothing yet."""
        return over_simulator(self.sim, mode=mode, now=lambda: self.machine, **self._settings)

    def seed(self, offer: object, **how: Any) -> str:
        """A subscription that runs already."""
        return self.sim.seed_subscription(self.tenant, str(offer), **how)

    def customer(self, *wanted: str) -> LiveCustomer:
        """The customer as read now."""
        ref = CustomerRef(key="k", tenant=self.tenant, domain=None, wanted=frozenset(wanted))  # type: ignore[arg-type]
        (found,) = self.provider.read([ref])
        assert isinstance(found, LiveCustomer)
        return found

    def live(self, id: str) -> LiveSubscription:
        """One subscription as read now."""
        return next(item for item in self.customer().subscriptions if item.id == id)

    def on(self, id: str, action: Action) -> Operation:
        """The action for a subscription, guarded by all of what it is now."""
        return operation(action, guard_of(self.tenant, self.live(id)))

    def change(self, id: str, action: Action) -> Any:
        """The action, carried out to its end."""
        return carry_out(self.provider, self.on(id, action), call(self.tenant))

    def do(self, action: Action, *siblings: str) -> Any:
        """An action that concerns no subscription yet, carried out to its end."""
        return carry_out(self.provider, self.op(action, *siblings), call(self.tenant))

    def op(self, action: Action, *siblings: str) -> Operation:
        """The action for the customer."""
        return operation(action, Guard(tenant=self.tenant, siblings=siblings))

    def call(self, checkpoint: str | None = None) -> Any:
        """One call for the customer."""
        return call(self.tenant, checkpoint=checkpoint)

    def writes(self, ending: str = "") -> int:
        """How many requests that write were sent to paths with this ending."""
        return sum(entry["path"].lower().endswith(ending.lower()) for entry in self.sim.requests(writes=True))
