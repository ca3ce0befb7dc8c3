"""The business clock: running beside the machine's at an offset, or frozen until somebody moves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .wire import iso, moment


def machine_time() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """`frozen_at` set: that instant, always. Otherwise machine time plus `offset`."""

    offset: timedelta = timedelta(0)
    frozen_at: datetime | None = None

    def now(self, machine: datetime) -> datetime:
        return self.frozen_at if self.frozen_at is not None else machine + self.offset

    def moved_to(self, instant: datetime, machine: datetime) -> Clock:
        if self.frozen_at is not None:
            return Clock(frozen_at=instant)
        return Clock(offset=instant - machine)

    def frozen(self, machine: datetime) -> Clock:
        return Clock(frozen_at=self.now(machine))

    def running(self, machine: datetime) -> Clock:
        return Clock(offset=self.now(machine) - machine)

    def to_dict(self) -> dict[str, Any]:
        if self.frozen_at is not None:
            return {"frozen_at": iso(self.frozen_at)}
        return {"offset": self.offset / timedelta(microseconds=1)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Clock:
        if data.get("frozen_at"):
            return cls(frozen_at=moment(data["frozen_at"]))
        return cls(offset=timedelta(microseconds=float(data.get("offset", 0))))
