"""Being told to stop while the lock is held: a cancelled CI job sends SIGTERM, and the lock is to be given back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stopping_gives_back() -> Iterator[None]:
    """Let SIGTERM end what runs inside like an interrupt, so that everything on the way out is still done.

    A verb that handles the signal itself (`apply`, which settles what is in flight) keeps its own way; so does anything
    that runs beside the main thread.
    """
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    if not ours:
        yield
        return
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _interrupted(_signum: int, _frame: object) -> None:
    raise KeyboardInterrupt
