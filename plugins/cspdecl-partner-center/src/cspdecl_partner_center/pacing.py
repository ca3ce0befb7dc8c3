"""How fast we ask: never more than so many requests in any minute, and quiet when told to be.

The limit is a count a minute (500 for customers, orders and subscriptions, contract §5, 2023-10). A log of the last
minute keeps every window within it and still allows all of it, which a leaky bucket with a burst does not. Machine
time and waiting are arguments, so tests do neither.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

MINUTE = 60.0


class Pacer:
    """One budget of requests a minute, shared by all threads of a connection."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._sleep = sleep
        self._sent: deque[float] = deque()
        self._quiet_until = 0.0
        self._lock = threading.Lock()

    def acquire(self) -> None:
        """Wait until one more request fits, and count it."""
        while (wait := self._claim()) > 0:
            self._sleep(wait)

    def park(self, seconds: float) -> None:
        """Send nothing for so long: we were told to come back later."""
        with self._lock:
            self._quiet_until = max(self._quiet_until, self._clock() + seconds)

    def _claim(self) -> float:
        with self._lock:
            now = self._clock()
            if now < self._quiet_until:
                return self._quiet_until - now
            while self._sent and self._sent[0] <= now - MINUTE:
                self._sent.popleft()
            if len(self._sent) >= self._per_minute:
                return self._sent[0] + MINUTE - now
            self._sent.append(now)
            return 0.0


def pauses(attempts: int = 3) -> tuple[float, ...]:
    """Seconds before each repetition: (2ⁿ − 1) / 2, as Microsoft's own client does, three times (contract §4)."""
    return tuple((2**number - 1) / 2 for number in range(1, attempts + 1))
