"""When to try an operation again: a pure function of what came of it and how often it was tried.

Waiting is machine time. Only answers that say "nothing was changed" are sent again; doubt is probed first.
"""

from __future__ import annotations

from dataclasses import dataclass

from cspdecl.core.outcome import NotDone, Pending, ProbeOutcome, Throttled, Unknown

#: After this many throttled answers in a row an operation is left for the next run.
MAX_THROTTLED = 40
#: The same where the provider did not ask for the pause but gave no usable answer.
MAX_UNREAD = 3
#: Probes of one doubtful operation within a run; what is still unknown then is left to `recover`.
MAX_PROBES = 5
#: Calls repeated after a look found nothing done; a provider that loses every answer is left for the next run.
MAX_RESENDS = 3
#: Steps of one pending operation (cart, checkout, polling); after 15 min Microsoft calls it late (contract §11).
MAX_PENDING_MS = 20 * 60 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Try again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Not in this run."""


def decide_retry(outcome: ProbeOutcome, *, attempt: int, pending_ms: int = 0) -> Wait | GiveUp:
    """The next step after an answer that settles nothing. `attempt` counts answers of this kind in a row, from 1."""
    match outcome:
        case Throttled():
            most = MAX_THROTTLED if outcome.asked else MAX_UNREAD
            return GiveUp() if attempt > most else Wait(seconds=max(outcome.retry_after, 1))
        case Pending():
            return GiveUp() if pending_ms > MAX_PENDING_MS else Wait(seconds=outcome.resume_in_ms / 1000)
        case Unknown():
            return GiveUp() if attempt > MAX_PROBES else Wait(seconds=float(min(2 ** (attempt - 1), 16)) / 4)
        case NotDone():
            return GiveUp() if attempt > MAX_RESENDS else Wait(seconds=float(attempt - 1))
        case _:
            return GiveUp()
