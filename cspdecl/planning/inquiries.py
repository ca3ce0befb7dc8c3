"""Which questions a plan has to ask beyond reading: derived from what is declared and live, asked all at once.

Only what differs raises a question, so an unchanged estate asks none. The answers come back into `plan` as a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from cspdecl.core.address import Address
from cspdecl.core.capability import Capability
from cspdecl.core.dated import on_day
from cspdecl.core.desired import DesiredState, SubscriptionSpec
from cspdecl.core.inquiry import AskTransitions, Inquiry
from cspdecl.core.live import Bindings, LiveState, LiveSubscription
from cspdecl.core.project import Project


def find_inquiries(
    *, project: Project, desired: DesiredState, live: LiveState, bindings: Bindings,
    capabilities: Mapping[str, Capability], now: datetime,
) -> tuple[tuple[str, Inquiry], ...]:  # fmt: skip
    """The questions by provider, in the order of the customers; each once."""
    found: dict[tuple[str, Inquiry], None] = {}
    for key, spec in desired.customers.items():
        customer = live.customers.get(key)
        if customer is None:
            continue
        running = {item.id: item for item in customer.subscriptions if item.status.running}
        for declared in spec.subscriptions:
            line = on_day(declared, now.date())
            bound = [running[one] for one in _ids(bindings, line.address) if one in running]
            for inquiry in _of_line(line, customer.tenant, bound):
                found[line.provider, inquiry] = None
    return tuple(found)


def _ids(bindings: Bindings, address: Address) -> tuple[str, ...]:
    binding = bindings.get(address)
    return binding.ids if binding else ()


def _of_line(line: SubscriptionSpec, tenant: str, bound: list[LiveSubscription]) -> Iterator[Inquiry]:
    if line.upgrade is not None:
        for item in bound:
            if item.offer == line.upgrade.source:
                yield AskTransitions(tenant=tenant, subscription=item.id, when="immediate")
