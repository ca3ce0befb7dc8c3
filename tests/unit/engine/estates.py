"""Two customers on a world in memory: the project that tests of applying, recovering and recording start from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cspdecl.testing.builders import OFFER, OTHER_OFFER, CountingIds, SteppingClock, live_customer
from cspdecl.testing.estate import Estate
from cspdecl.testing.memory import MemoryProvider
from cspdecl.testing.world import World, sell
from tests.unit.engine.harness import tenant_of

KEYS = ("alpha", "beta")


def world_of(path: Path | None = None) -> World:
    """Alpha and Beta, who may buy and have nothing."""
    world = World(path)
    with world.open() as state:
        state.offers = sell(OFFER, OTHER_OFFER)
        for number, key in enumerate(KEYS, 1):
            state.put_customer(live_customer(key=key, tenant=tenant_of(number), name=f"{key.title()} GmbH"))
    return world


def estate_of(root: Path, world: World, /, **settings: Any) -> Estate:
    """A project on it, nothing declared."""
    estate = Estate(
        root=root, connect=lambda mode: MemoryProvider(world, mode=mode), clock=SteppingClock(), ids=CountingIds(),
        settings=settings,
    )  # fmt: skip
    estate.project()
    return estate


def declare(estate: Estate, key: str, seats: int | None, *, name: str = "m365", **line: Any) -> None:
    """One line of a customer; None: no line at all."""
    lines = [] if seats is None else [{"name": name, "offer": OFFER, "seats": seats, **line}]
    estate.customer(key, *lines, tenant=tenant_of(KEYS.index(key) + 1))


def live_seats(world: World, key: str) -> list[int]:
    """Seats of what a customer has running."""
    with world.open() as state:
        customer = state.customers[tenant_of(KEYS.index(key) + 1)]
        return [item.seats for item in customer.subscriptions if item.status.running]


def only_subscription(world: World, key: str) -> str:
    """The id of the one thing a customer has running."""
    with world.open() as state:
        customer = state.customers[tenant_of(KEYS.index(key) + 1)]
        [found] = [item.id for item in customer.subscriptions if item.status.running]
        return found
