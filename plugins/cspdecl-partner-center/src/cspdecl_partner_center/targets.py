"""What an operation is about: one subscription of one customer, by guard or by what the address is bound to by now."""

from __future__ import annotations

from dataclasses import dataclass

from cspdecl.core.operation import Guard
from cspdecl.core.outcome import Outcome, Rejected
from cspdecl.spi.provider import Call


class NotPossible(Exception):  # noqa: N818 - an outcome on its way
    """A change that is not sent at all, with the outcome that says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The subscription an operation is about."""

    tenant: str
    id: str


def target_of(guard: Guard, call: Call) -> Target:
    """Tenant and subscription. Raises NotPossible.

    Ids of subscriptions are GUIDs without case; those of perpetual licences hold the id of an order, which has one.
    """
    tenant, wanted = tenant_of(guard, call), guard.subscription
    if wanted is None and len(call.subscriptions) == 1:
        wanted = call.subscriptions[0]
    if wanted is None:
        raise NotPossible(Rejected(code="CSP410", message="the operation names no customer or no single subscription"))
    return Target(tenant=tenant, id=wanted if ":" in wanted else wanted.lower())


def tenant_of(guard: Guard, call: Call) -> str:
    """The customer's tenant. Raises NotPossible."""
    tenant = call.tenant or guard.tenant
    if tenant is None:
        raise NotPossible(Rejected(code="CSP410", message="the customer's tenant is not known yet"))
    return tenant.lower()
