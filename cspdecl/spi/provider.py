"""A provider: reads live state, says what is for sale, carries out operations, and finds out whether one happened.

Rules for implementers:
- Outcomes are values. Raise only for broken configuration (`ConfigurationError`), refused credentials
  (`NotAuthorised`) and a provider that cannot be asked at all (`TryLater`).
- Protocol details (status codes, etags, carts, fields to preserve, 429) stay inside. Quantities are absolute.
- A write of more than one call returns `Pending(checkpoint)` between calls and is called again with that checkpoint.
- `apply` reads again right before it writes and answers `Stale` where the guard no longer holds.
- `Applied` carries what was read back. The engine compares it with the operation.
- A plugin connected in mode "read" must be unable to write, whatever it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from cspdecl.core.capability import Capability, Quota
from cspdecl.core.catalog import Catalog, OfferKey
from cspdecl.core.inquiry import Answer, Inquiry
from cspdecl.core.live import CustomerAbsent, CustomerRef, LiveCustomer, ReadFailure
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import Outcome, ProbeOutcome

Mode = Literal["read", "write"]


class Secrets(Protocol):
    """Where secrets come from. Implementations never print, log or keep them longer than needed."""

    def read(self, source: Mapping[str, object]) -> str:
        """The secret that `{env: NAME}`, `{file: PATH}` or `{command: [...]}` points to, without final newline.

        Raises NotAuthorised with a sentence naming the source (never the value) when it is not there.
        """
        ...

    def write(self, target: Mapping[str, object], value: str) -> None:
        """Replace the secret at `{file: PATH}` atomically, readable by the owner only."""
        ...

    def resolve(self, path: str) -> str:
        """A path from a manifest, made absolute against the project's root."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """How one call is made. `tenant` and `subscriptions` are what the operation's address is bound to by now (they may
    come from an operation earlier in the same run). A resend after doubt carries the same `request_id`.
    `checkpoint` is what the last `Pending` of this operation gave."""

    request_id: str
    correlation_id: str
    checkpoint: str | None
    tenant: str | None
    subscriptions: tuple[str, ...]
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmanaged:
    """A live customer of ours that no manifest names."""

    tenant: str
    name: str
    domain: str


class Provider(Protocol):
    """One connection to a place where subscriptions are bought."""

    @property
    def name(self) -> str:
        """The provider's name in the project."""
        ...

    @property
    def capabilities(self) -> Capability:
        """What it supports with the credentials it has."""
        ...

    @property
    def quotas(self) -> tuple[Quota, ...]:
        """How often it may be asked. A provider paces its own requests by these; the engine parks on `Throttled`."""
        ...

    @property
    def calls(self) -> int:
        """Requests sent so far, for progress and the plan's footer."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """Worth a line to whoever runs this: a credential that cannot be renewed, and the like. No secrets."""
        ...

    def now(self) -> datetime:
        """Business time: the provider's clock, by its last answer (asks when there is none yet)."""
        ...

    def catalog(self, market: str, segment: str, offers: Iterable[OfferKey]) -> Catalog:
        """What of `offers` is for sale. Offers the market does not have are listed as missing."""
        ...

    def read(self, refs: Iterable[CustomerRef]) -> Iterator[LiveCustomer | CustomerAbsent | ReadFailure]:
        """Each customer once, in any order, as soon as it is there. Reading in parallel is the provider's business."""
        ...

    def read_subscriptions(self, tenant: str, ids: Iterable[str]) -> LiveCustomer | ReadFailure:
        """One customer again, with these subscriptions read one by one (lists may lag, contract §12)."""
        ...

    def customers(self) -> Iterator[Unmanaged]:
        """All customers the credentials can see: for export, adopt and counting what is unmanaged."""
        ...

    def ask(self, inquiries: Iterable[Inquiry]) -> Iterator[tuple[Inquiry, Answer]]:
        """Each question with its answer, in any order. What cannot be asked or says nothing usable is `Unanswered`."""
        ...

    def apply(self, operation: Operation, call: Call) -> Outcome:
        """Carry out one operation, or its next step."""
        ...

    def probe(self, operation: Operation, call: Call) -> ProbeOutcome:
        """Did it happen? Reads only."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@runtime_checkable
class PriceSource(Protocol):
    """What a provider with `Capability.PRICE_PREVIEW` has beside the rest: price lists to download, block by block.

    `view` is "license", "software" or "est"; `timeline` "current", "future" or "history", which needs a `month`
    ("2026-11"). Each raises LookupError where there is no such file, as for an announced list without changes,
    NotAuthorised and TryLater as everything else does.
    """

    def price_sheet(self, market: str, view: str, timeline: str, month: str | None = None) -> Iterator[bytes]:
        """A price sheet, CSV or packed."""
        ...

    def offer_matrix(self, month: str) -> Iterator[bytes]:
        """The offer matrix of a month."""
        ...

    def fx_rates(self, month: str) -> Iterator[bytes]:
        """The dollar rates of a month."""
        ...


Connect = Callable[[str, Mapping[str, object], Secrets, Mode], Provider]
"""`connect(name, config, secrets, mode)`: what the entry point in group "cspdecl.providers" names. `config` holds
`environment` and the settings as written; it has been checked against the plugin's CONFIG_SCHEMA."""
