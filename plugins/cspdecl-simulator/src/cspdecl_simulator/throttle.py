"""Rate limits, counted on machine time (contract §5)."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from math import ceil

from .wire import Refusal

_COUNTED = ("/customers",)  # the customer, order and subscription resources all live below it
DOCUMENTED_A_MINUTE = 500


class Throttle:
    """Sliding windows by scope: per partner for the documented resources, per partner and customer for migrations and
    validations.
    """

    def __init__(self) -> None:
        self._seen: dict[str, deque[float]] = {}
        self.refused = 0

    def check(self, mode: str, path: str, customer: str, machine: datetime) -> None:
        """Counts a call; every call counts, refused ones too.

        Raises Refusal(429) when the limit of a scope is passed.
        """
        if mode == "off":
            return
        for scope, limit, window in self._limits(mode, path, customer):
            self._count(scope, limit, window, machine.timestamp())

    def _limits(self, mode: str, path: str, customer: str) -> list[tuple[str, int, float]]:
        if mode != "documented":
            return [("partner", int(mode), 60.0)]
        lower = path.lower()
        found = [("partner", DOCUMENTED_A_MINUTE, 60.0)] if lower.startswith("/customers") else []
        if "/migrations/newcommerce/validate" in lower:
            found.append((f"validate/{customer}", 450, 300.0))
        elif lower.endswith("/migrations/newcommerce"):
            found.append(("migrate", 100, 300.0))
        if lower.endswith("/validationevents"):
            found.append(("events", 2, 60.0))
        return found

    def _count(self, scope: str, limit: int, window: float, now: float) -> None:
        seen = self._seen.setdefault(scope, deque())
        while seen and seen[0] <= now - window:
            seen.popleft()
        seen.append(now)
        if len(seen) > limit:
            self.refused += 1
            wait = max(1, ceil(seen[len(seen) - limit - 1] + window - now)) if len(seen) > limit else 1
            seen.pop()
            raise throttled(wait)

    def used(self) -> dict[str, int]:
        return {scope: len(seen) for scope, seen in self._seen.items()}


def throttled(wait: int) -> Refusal:
    return Refusal(
        429,
        429,
        "Rate limit is exceeded.",
        body={"statusCode": 429, "message": f"Rate limit is exceeded. Try again in {wait} seconds."},
        headers={"Retry-After": str(wait)},
    )
