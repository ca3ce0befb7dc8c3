"""The two clocks: business time is the service's own, by its `Date` header; machine time is ours.

Windows, renewals and cycles follow the first, which a simulator may move; waiting follows the second.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from cspdecl.core.errors import TryLater
from cspdecl_partner_center import paths
from cspdecl_partner_center.transport import Busy, NoAnswer, Refusal, Request, Transport


def machine_now() -> datetime:
    """The runner's time."""
    return datetime.now(UTC)


class Business:
    """The service's time, by its last answer; asks when there is none yet."""

    def __init__(self, transport: Transport, fallback: Callable[[], datetime] = machine_now) -> None:
        self._transport = transport
        self._fallback = fallback

    def now(self) -> datetime:
        """Business time. Raises TryLater when nobody answers."""
        if self._transport.shared.date is None:
            try:
                self._transport.send(Request(method="GET", path=paths.CUSTOMERS, query=[("size", "1")], patient=True))
            except Refusal:
                pass  # an answer all the same, and it was dated
            except (Busy, NoAnswer) as problem:
                raise TryLater(f"Partner Center does not answer: {problem}") from problem
        # A service that sends no Date is asked for nothing that depends on it to the second.
        return self._transport.shared.date or self._fallback()
