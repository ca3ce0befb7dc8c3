"""How far an operation of several calls has come: a small JSON text that is journaled before the next call."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cspdecl.core.outcome import Pending, Unknown
from cspdecl.core.plain import PlainError, from_plain, to_plain

Step = Literal[
    "sent", "accepted", "cleared", "cart", "submitted", "order", "created", "resend", "ready", "doubt", "moving"
]
_PAUSES = (1_000, 2_000, 5_000, 10_000, 15_000, 30_000)  # milliseconds before the next look, the last one from then on


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """sent: a change was answered with 200 · accepted: with 202 · cleared: taken back in the second way ·
    cart: stands, unpaid · submitted: checked out, order not seen yet · order: known · created: the customer exists ·
    resend: it may be sent again under the same request id · ready: checked, a transition is sent next ·
    doubt: it may have been sent, so it is only looked for · moving: it was answered.

    `looks` counts readings since; `since` is machine time. `known` is what was there before, so that what is new can
    be told from it.
    """

    step: Step
    cart: str | None = None
    item: str | None = None
    order: str | None = None
    subscription: str | None = None
    tenant: str | None = None
    since: datetime | None = None
    looks: int = 0
    known: tuple[str, ...] = ()


class Unreadable(ValueError):  # noqa: N818 - says what the text is
    """A checkpoint that this version of the plugin did not write."""


def dump(step: Checkpoint) -> str:
    """As text for the journal."""
    return json.dumps(to_plain(step), sort_keys=True)


def load(text: str | None) -> Checkpoint | None:
    """From the journal. Raises Unreadable."""
    if text is None:
        return None
    try:
        found: Checkpoint = from_plain(Checkpoint, json.loads(text))
    except (PlainError, json.JSONDecodeError) as problem:
        raise Unreadable(f"the journal holds a checkpoint that cannot be read: {problem}") from problem
    return found


def again(step: Checkpoint, note: str, *, looks: int) -> Pending | Unknown:
    """Look again in a while, or give up after so many looks."""
    if step.looks >= looks:
        return Unknown(cause=f"{note}; looked {looks} times")
    pause = _PAUSES[min(step.looks, len(_PAUSES) - 1)]
    return Pending(checkpoint=dump(dataclasses.replace(step, looks=step.looks + 1)), resume_in_ms=pause, note=note)


def overdue(step: Checkpoint, now: datetime, limit: timedelta) -> bool:
    """Whether `limit` of machine time has passed since the step was taken."""
    return step.since is not None and now - step.since > limit
