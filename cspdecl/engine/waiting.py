"""Waiting for a provider without falling silent: who watches is told after ten seconds, and as the wait doubles.

How long a request may take is the provider's affair; here is only said that somebody has not answered yet. Waiting is
counted by the waits themselves, so no clock is asked.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from cspdecl.engine.progress import Progress

T = TypeVar("T")
SLICE = 0.5  # seconds between looks; signals are seen in between
FIRST = 10.0  # seconds until the first line


@dataclass(slots=True)
class Silence:
    """How long nobody has answered."""

    progress: Progress
    first: float = FIRST
    waited: float = 0.0
    _due: float = 0.0

    def broken(self) -> None:
        """An answer came."""
        self.waited = self._due = 0.0

    def lasts(self, seconds: float, whom: Callable[[], str]) -> None:
        """Nobody answered for so many seconds more."""
        self.waited += seconds
        if self.waited >= (self._due or self.first):
            self._due = 2 * self.waited
            self.progress.say(f"no answer from {whom()} for {self.waited:.0f} s, still waiting")


def patiently(call: Callable[[], T], *, whom: str, progress: Progress, first: float = FIRST) -> T:
    """What `call` returns or raises; it is made on a thread of its own, and its silence is told."""
    [answer] = each(lambda: iter([call()]), whom=whom, progress=progress, first=first)
    return answer


def each(begin: Callable[[], Iterable[T]], *, whom: str, progress: Progress, first: float = FIRST) -> Generator[T]:
    """The items of what `begin` gives, as they come, drawn on a thread of its own; silence between them is told.

    Nothing is drawn any more once the caller is through. Raises what drawing raises.
    """
    came: queue.SimpleQueue[tuple[str, object]] = queue.SimpleQueue()
    through = threading.Event()

    def draw() -> None:
        try:
            for item in begin():
                if through.is_set():
                    return
                came.put(("item", item))
            came.put(("end", None))
        except BaseException as problem:  # noqa: BLE001 - raised again where it is waited for
            came.put(("problem", problem))

    silence = Silence(progress, first=first)
    thread = threading.Thread(target=draw, name=f"wait-for-{whom}", daemon=True)
    thread.start()
    try:
        while True:
            try:
                kind, what = came.get(timeout=min(SLICE, first))
            except queue.Empty:
                silence.lasts(min(SLICE, first), lambda: whom)
                continue
            silence.broken()
            if kind == "end":
                return
            if kind == "problem":
                raise cast("BaseException", what)
            yield cast("T", what)
    finally:
        through.set()
