"""Machine time, waiting and fresh ids: the only place where the engine meets them.

Business time (windows, renewals, cycles) is the provider's and is never taken from here.
"""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The runner's clock."""

    def now(self) -> datetime:
        """Machine time, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go backwards."""
        ...


class Ids(Protocol):
    """Where fresh identifiers come from."""

    def fresh(self) -> str:
        """A new GUID, lower case."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Machine time, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go backwards."""
        return time.monotonic()


class RandomIds:
    """GUIDs of the machine's random source."""

    def fresh(self) -> str:
        """A new GUID, lower case."""
        return str(uuid.uuid4())
