"""What planning one customer leaves behind, before it is put into words: rows, counts, operations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from cspdecl.commerce.values import Decision
from cspdecl.core.address import Address
from cspdecl.core.desired import CustomerSpec, ServiceSpec, SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic
from cspdecl.core.live import Binding, LiveSubscription
from cspdecl.core.operation import CustomerNote, Operation, PlanLine, PriceDelta, Waiting

Kind = Literal["buy", "change", "cancel", "adopt", "forget", "blocked", "unchanged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a plan in facts: what was decided, the operations it became, and what they cost.

    `source` is the former address of a renamed line; `adopted` that its binding is new; `gone` a binding let go.
    `parts`: the rows of a line that stands for two subscriptions, of which this one is the sum.
    `repriced`: what becomes of our price, as a sentence with our margin and one without. `summary`: what stands beside
    the title of something without seats, and `provider` where it runs.
    """

    address: Address
    kind: Kind
    spec: SubscriptionSpec | ServiceSpec | None = None
    decision: Decision | None = None
    live: LiveSubscription | None = None
    operations: tuple[str, ...] = ()
    preview: PriceDelta | None = None
    offer_title: str | None = None
    source: Address | None = None
    adopted: bool = False
    gone: Binding | None = None
    note: str | None = None
    parts: tuple[Row, ...] = ()
    repriced: tuple[tuple[str, str], ...] = ()
    summary: str | None = None
    provider: str | None = None


@dataclass(slots=True)
class CustomerPlan:
    """One customer's part of a plan. `spec`: as declared for today."""

    key: str
    spec: CustomerSpec | None = None
    note: CustomerNote | None = None
    operations: list[Operation] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    lines: list[PlanLine] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    unmanaged: list[str] = field(default_factory=list)
    unchanged: int = 0
    created: bool = False
    market: str = ""
