"""Parking: which throttles are closed until when, and which customers have an operation in flight.

How fast requests follow each other is the plugin's business, since only it knows how many an operation takes; here a
bucket that the provider closed stays closed until it said.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Gate:
    """Which buckets are closed until when (seconds of the monotonic clock), and which customers are busy."""

    parked: dict[str, float] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)

    def park(self, bucket: str, until: float) -> None:
        """Close a bucket until a moment; a later moment wins."""
        self.parked[bucket] = max(until, self.parked.get(bucket, 0.0))

    def opens_at(self, buckets: tuple[str, ...]) -> float:
        """When the last of these buckets opens; 0 when none is closed."""
        return max((self.parked.get(bucket, 0.0) for bucket in buckets), default=0.0)


def buckets_of(provider: str, customer: str) -> tuple[str, str]:
    """The throttles one operation counts against: the partner's, and the customer's (contract §5)."""
    return (f"{provider}|partner", f"{provider}|customer|{customer}")
