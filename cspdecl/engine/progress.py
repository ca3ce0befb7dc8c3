"""Progress of long work, as events: the engine says what it did, the command line decides how that looks."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Listens to long work. Called from the coordinator's thread only."""

    def start(self, what: str, total: int | None) -> None:
        """Something long begins: `total` steps, or None when not known."""
        ...

    def step(self, detail: str = "") -> None:
        """One step is done."""
        ...

    def say(self, text: str) -> None:
        """Worth a line: waiting for a throttle, an operation that failed."""
        ...

    def done(self) -> None:
        """The long work has ended."""
        ...


class Silent:
    """Listens and says nothing."""

    def start(self, what: str, total: int | None) -> None:
        """Nothing."""

    def step(self, detail: str = "") -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Nothing."""

    def done(self) -> None:
        """Nothing."""
