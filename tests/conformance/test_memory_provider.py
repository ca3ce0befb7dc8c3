"""The provider in memory keeps what every provider has to keep: the suite can be passed, and the engine converges."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from cspdecl.spi.provider import Mode, Provider
from cspdecl.testing.builders import OFFER, OTHER_OFFER, live_customer
from cspdecl.testing.memory import MemoryProvider
from cspdecl.testing.provider_suite import ProviderSuite
from cspdecl.testing.world import Fault, World, sell

TENANTS = ("9f2b6c1e-0000-4000-8000-000000000001", "9f2b6c1e-0000-4000-8000-000000000002")


class MemoryWorld:
    """The suite's hands on a world in memory."""

    offers, tenants, market, currency, provider = (OFFER, OTHER_OFFER), TENANTS, "DE", "EUR", "memory"

    def __init__(self) -> None:
        self.inner = World()
        with self.inner.open() as state:
            first, second = sell(OFFER, OTHER_OFFER)
            state.offers = (replace(first, upgrades=(second.key,)), second)
            for number, tenant in enumerate(TENANTS, 1):
                state.put_customer(live_customer(key=f"firma{number}", tenant=tenant, name=f"Firma {number} GmbH"))

    def connect(self, mode: Mode) -> Provider:
        return MemoryProvider(self.inner, mode=mode)

    def writes(self) -> int:
        return len(self.inner.writes())

    def edit_seats(self, tenant: str, subscription: str, seats: int) -> None:
        with self.inner.open() as state:
            state.set_seats(tenant, subscription, seats)

    def advance(self, span: timedelta) -> None:
        self.inner.advance(seconds=span.total_seconds())

    def lose_answer(self) -> None:
        self.inner.script(Fault(kind="lost_after"))

    def break_reading(self, tenant: str) -> None:
        self.inner.script(Fault(kind="unreadable", tenant=tenant, times=-1))


class TestMemory(ProviderSuite):
    """The provider in memory."""

    def world(self, folder: Path) -> MemoryWorld:
        return MemoryWorld()
