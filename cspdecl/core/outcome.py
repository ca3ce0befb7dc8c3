"""What came of an operation, as a value: a provider answers with one of these; the world's faults raise nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cspdecl.core.live import LiveCustomer, LiveSubscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """How the provider can be asked about this again. `at` is its own time; `inferred`: a probe found it.
    `remark`: what whoever runs this has to know all the same, such as a first password that could not be kept."""

    at: datetime
    request_id: str
    correlation_id: str
    order_id: str | None = None
    reference: str | None = None
    inferred: bool = False
    remark: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """Done, and read back. `subscription` or `customer` is what is live afterwards, as read, not as assumed.

    `also`: other subscriptions the operation changed: what is left of the source of an upgrade.
    """

    kind: Literal["applied"] = "applied"
    receipt: Receipt
    subscription: LiveSubscription | None = None
    customer: LiveCustomer | None = None
    also: tuple[LiveSubscription, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Half way: a cart stands, an order provisions, a 202 is polled. `checkpoint` (JSON text, no secrets) is journaled
    before the next call; `resume_in_ms` milliseconds of machine time until asking again makes sense."""

    kind: Literal["pending"] = "pending"
    checkpoint: str
    resume_in_ms: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The provider said no, for good. Nothing was changed. `code` is the provider's, `message` a sentence to act on."""

    kind: Literal["rejected"] = "rejected"
    code: str
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """What is live is not what was planned on. Nothing was changed; `seen` says what differs."""

    kind: Literal["stale"] = "stale"
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """A person has to act first (accept an agreement, use the portal). Nothing was changed; look again next time."""

    kind: Literal["deferred"] = "deferred"
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttled:
    """Asked too often, or told to come back in `retry_after` seconds: nothing was changed. `quota` is the bucket to
    park: the partner's or the customer's. `asked`: the provider wants the pause; otherwise what is there gave no usable
    answer, which a few tries have to change. A provider that is not there at all is `TryLater`, not this."""

    kind: Literal["throttled"] = "throttled"
    retry_after: int
    quota: Literal["partner", "customer"] = "partner"
    message: str = ""
    asked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """No answer, or none that can be trusted: it may have happened. Only a probe settles it."""

    kind: Literal["unknown"] = "unknown"
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDone:
    """A probe's finding: it did not happen, and sending it again is safe."""

    kind: Literal["not_done"] = "not_done"
    checkpoint: str | None = None


Outcome = Applied | Pending | Rejected | Stale | Deferred | Throttled | Unknown
ProbeOutcome = Applied | Pending | Rejected | Stale | Deferred | Throttled | Unknown | NotDone

JournalKind = Literal["planned", "intent", "checkpoint", "outcome", "probe", "skipped", "settled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One line of the write-ahead journal. `body` is plain JSON text: the checkpoint, or the outcome."""

    run: str
    op: str
    kind: JournalKind
    at: datetime
    request_id: str | None = None
    correlation_id: str | None = None
    body: str = ""
