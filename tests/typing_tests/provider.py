"""What plugin authors may rely on, as code that has to type-check (mypy --strict, part of `make lint`); never run.

Each `type: ignore` marks what must stay an error: mypy reports one that is no longer needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import assert_never, assert_type

from cspdecl.core.action import SetSeats
from cspdecl.core.capability import Capability, Quota
from cspdecl.core.catalog import Catalog, OfferKey
from cspdecl.core.errors import ConfigurationError
from cspdecl.core.inquiry import Answer, Inquiry, Unanswered
from cspdecl.core.live import CustomerAbsent, CustomerRef, LiveCustomer, ReadFailure
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import (
    Applied,
    Deferred,
    NotDone,
    Outcome,
    Pending,
    ProbeOutcome,
    Receipt,
    Rejected,
    Stale,
    Throttled,
    Unknown,
)
from cspdecl.spi.provider import Call, Connect, Mode, Provider, Secrets, Unmanaged


class Quiet:
    """The smallest provider: it needs no base class, only the shape."""

    def __init__(self, name: str, mode: Mode) -> None:
        self.name = name
        self.mode = mode
        self.capabilities = Capability.SUSPEND | Capability.RENAME
        self.quotas: tuple[Quota, ...] = (Quota(key="partner", per_minute=500, burst=50, concurrency=4),)
        self.calls = 0

    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)

    def catalog(self, market: str, segment: str, offers: Iterable[OfferKey]) -> Catalog:
        return Catalog(market=market, offers={}, as_of=self.now(), missing=tuple(offers))

    def read(self, refs: Iterable[CustomerRef]) -> Iterator[LiveCustomer | CustomerAbsent | ReadFailure]:
        for ref in refs:
            yield CustomerAbsent(key=ref.key, read_at=self.now())

    def read_subscriptions(self, tenant: str, ids: Iterable[str]) -> LiveCustomer | ReadFailure:
        return ReadFailure(key=tenant, message=f"not ours: {', '.join(ids)}", permanent=True)

    def customers(self) -> Iterator[Unmanaged]:
        yield Unmanaged(tenant="t", name="n", domain="d")

    def ask(self, inquiries: Iterable[Inquiry]) -> Iterator[tuple[Inquiry, Answer]]:
        for inquiry in inquiries:
            yield inquiry, Unanswered(reason="nobody knows here")

    def apply(self, operation: Operation, call: Call) -> Outcome:
        match operation.action:
            case SetSeats(after=after) if call.checkpoint is None:
                return Pending(checkpoint=f'{{"seats": {after}}}')
            case SetSeats():
                receipt = Receipt(at=self.now(), request_id=call.request_id, correlation_id=call.correlation_id)
                return Applied(receipt=receipt)
            case _:
                return Rejected(code="unsupported", message="only seats here")

    @property
    def warnings(self) -> tuple[str, ...]:
        return ()

    def probe(self, operation: Operation, call: Call) -> ProbeOutcome:
        return NotDone(checkpoint=call.checkpoint)

    def close(self) -> None:
        return None


def connect(name: str, config: Mapping[str, object], secrets: Secrets, mode: Mode) -> Provider:
    """What an entry point names: the class satisfies the protocol as it stands."""
    if "tenant" not in config:
        raise ConfigurationError("`tenant` is missing")
    assert_type(secrets.read({"env": "NAME"}), str)
    return Quiet(name, mode)


entry_point: Connect = connect


def settle(outcome: Outcome) -> str:
    """Every outcome can be told apart, and there is none besides these."""
    match outcome:
        case Applied(receipt=receipt):
            return assert_type(receipt.request_id, str)
        case Pending(checkpoint=checkpoint):
            return assert_type(checkpoint, str)
        case Throttled(retry_after=seconds):
            return str(assert_type(seconds, int))
        case Rejected() | Deferred():
            return f"{outcome.code}: {outcome.message}"
        case Stale(seen=seen):
            return seen
        case Unknown(cause=cause):
            return cause
        case _:
            assert_never(outcome)


def an_answer_is_a_probe_answer(outcome: Outcome) -> ProbeOutcome:
    """Whatever apply may answer, a probe may find."""
    return outcome


def a_probe_may_find_more(found: ProbeOutcome) -> Outcome:
    """`NotDone` is a probe's finding only: apply can never answer with it."""
    return found  # type: ignore[return-value]


def outcomes_are_values(outcome: Stale) -> None:
    """An outcome cannot be changed after the fact."""
    outcome.seen = "something nicer"  # type: ignore[misc]


def seats_are_no_text(name: str) -> SetSeats:
    """Quantities are integers, given by name."""
    return SetSeats(before=1, after=name)  # type: ignore[arg-type]


class Shouting(Quiet):
    """A provider that answers with text instead of an outcome is none."""

    def apply(self, operation: Operation, call: Call) -> str:  # type: ignore[override]
        return f"{operation.id} {call.request_id}"


not_a_provider: Provider = Shouting("x", "read")  # type: ignore[assignment]
wrong_mode = Quiet("x", "append")  # type: ignore[arg-type]
