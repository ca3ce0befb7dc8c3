"""The ledger's rows: sealed records that are never edited, each chained to the one before.

`LedgerRecord` is the envelope every store keeps; what stands inside `body` is the billing change record, a
CloudEvents object as canonical JSON (schema: schemas/billing-change.v1.json).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import SellRule
from cspdecl.core.live import LiveEndOfTerm, NextTerm, Status
from cspdecl.core.money import Money
from cspdecl.core.terms import BillingCycle, Term

GENESIS = "0" * 64

#: What a change means in charges: Microsoft's eleven types in snake_case (reconciliation pages, 2023-10), then ours.
ChargeKind = Literal[
    "new",
    "renew",
    "cycle_charge",
    "add_quantity",
    "remove_quantity",
    "move_quantity",
    "cancel_immediate",
    "convert",
    "change_billing_plan",
    "customer_credit",
    "extend_term",
    "usage",
    "one_time",
    "own",
    "other",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeLine:
    """One side of a change: the old quantity wiped, or the new one charged, for the rest of the cycle.

    `quantity` is positive; the sign stands in `unit_effective` (exact, per seat, for the slice) and in the amounts.
    `charge_end_inclusive` is the last charged day, as Microsoft prints it. `subscription`, `offer` and `unit_list` (one
    seat, one charge cycle) are given where they are not the record's own: an upgrade has two of each.
    """

    role: Literal["wipe", "charge"]
    quantity: int
    unit_effective: Fraction
    amount: Money
    amount_exact: Fraction
    charge_start: date
    charge_end_inclusive: date
    basis: str
    subscription: str | None = None
    offer: OfferKey | None = None
    unit_list: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """What is taken off the list price of a seat, as a share of it: 1/10. `id` is the promotion's."""

    because: Literal["promotion"]
    ratio: Fraction
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One subscription of an address that stands for several, or for another one than changed, as it is afterwards.

    `cycle_anchor`: a day its charge cycles begin on, where that is not the term's first day.
    """

    subscription: str
    offer: OfferKey | None
    quantity: Decimal
    order_id: str | None = None
    provider_status: Status | None = None
    term: Term | None = None
    term_kind: Literal["standard", "trial", "est"] | None = None
    billing_plan: BillingCycle | None = None
    promotion_id: str | None = None
    discounts: tuple[Discount, ...] = ()
    term_start: datetime | None = None
    term_end: datetime | None = None
    end_of_term: Literal["renew", "cancel", "extend", "none"] | None = None
    scheduled: NextTerm | None = None
    cycle_anchor: date | None = None
    cost_unit_list: Money | None = None
    price_source: Literal["list", "forecast"] | None = None
    price_list: str | None = None
    price_list_digest: str | None = None
    price_valid_from: datetime | None = None
    price_segment: str | None = None


#: Why a record exists: a plan was carried out, a term renewed, a schedule came true, somebody changed it elsewhere.
ChangeOrigin = Literal["applied", "renewal", "schedule", "drift", "reprice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationShare:
    """What one component gets of a bundle's price every `sell_every`: a fraction, and an amount without lost cents."""

    address: Address
    component: str
    share: Fraction
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingChange:
    """One change of what a customer has or owes: an operation carried out, or something seen to have happened.

    Field names are those of the published record (schemas/billing-change.v1.json); the first block becomes its
    envelope. What is not known or does not apply is None and absent there, never 0; `unknown` says why. Every `_end`
    is exclusive. Amounts on the cost side are estimates until an invoice says otherwise. The record holds the whole
    state after the change, so that the last one of an address is enough to go on from.
    """

    id: str
    source: str
    address: Address
    time: datetime
    correlation_id: str
    causation_id: str | None = None
    actor: str | None = None

    origin: ChangeOrigin
    stage: Literal["recorded"] = "recorded"
    action: str
    charge_kind: ChargeKind
    basis: str
    unknown: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()
    git_commit: str | None = None
    plan_digest: str | None = None
    tool_version: str

    provider: str | None = None
    provider_subscription_id: str | None = None
    provider_subscription_ids: tuple[str, ...] = ()
    provider_order_id: str | None = None
    provider_request_id: str | None = None
    provider_correlation_id: str | None = None
    provider_reference_id: str | None = None
    inferred: bool = False
    customer_key: str
    customer_tenant_id: str | None = None

    component_id: str
    component_kind: Literal["microsoft", "third_party", "own_service", "customer"]
    display_name: str | None = None
    service: str | None = None
    moved_from: Address | None = None
    moved_to: Address | None = None

    offer: OfferKey | None = None
    term: Term | None = None
    term_kind: Literal["standard", "trial", "est"] | None = None
    billing_plan: BillingCycle | None = None
    promotion_id: str | None = None
    reseller_id: str | None = None
    quantity_before: Decimal
    quantity_after: Decimal
    quantity_delta: Decimal
    state: Literal["running", "ended"]
    provider_status: Status | None = None
    term_start: datetime | None = None
    term_end: datetime | None = None
    end_of_term: Literal["renew", "cancel", "extend", "none"] | None = None
    scheduled: NextTerm | None = None
    cancellable_until: datetime | None = None
    parts: tuple[Part, ...] = ()

    cycle_anchor: date | None = None
    cycle_start: datetime | None = None
    cycle_end: datetime | None = None
    period_start: datetime | None = None
    period_end: datetime | None = None
    proration_unit: Literal["day"] | None = None
    billable_units: int | None = None
    cycle_units: int | None = None
    proration_factor: Fraction | None = None

    cost_currency: str | None = None
    cost_unit_list: Money | None = None
    discounts: tuple[Discount, ...] = ()
    cost_unit_effective: Fraction | None = None
    cost_lines: tuple[ChargeLine, ...] = ()
    cost_amount: Money | None = None
    cost_amount_exact: Fraction | None = None
    cost_rounding_profile: str | None = None
    recurring_cost_delta: Money | None = None
    commitment_remaining_cost: Money | None = None
    price_source: Literal["list", "forecast"] | None = None
    price_list: str | None = None
    price_list_digest: str | None = None
    price_valid_from: datetime | None = None
    price_market: str | None = None
    price_segment: str | None = None

    sell_currency: str | None = None
    sell_unit: Money | None = None
    sell_every: Literal["month", "year"] | None = None
    sell_lines: tuple[ChargeLine, ...] = ()
    sell_amount: Money | None = None
    sell_amount_exact: Fraction | None = None
    sell_rounding_profile: str | None = None
    recurring_sell_delta: Money | None = None
    margin_amount: Money | None = None
    margin_ratio: Fraction | None = None

    bundle_id: str | None = None
    bundle_version: str | None = None
    bundle_instance: Address | None = None
    bundle_anchor: bool = False
    bundle_quantity_before: Decimal | None = None
    bundle_quantity_after: Decimal | None = None
    bundle_sell_unit: Money | None = None
    bundle_sell_every: Literal["month", "year"] | None = None
    bundle_sell_lines: tuple[ChargeLine, ...] = ()
    bundle_sell_amount: Money | None = None
    bundle_sell_amount_exact: Fraction | None = None
    bundle_recurring_sell_delta: Money | None = None
    allocation_method: Literal["by_cost", "equal"] | None = None
    allocation: tuple[AllocationShare, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """Who records, in which run and by which plan. `actor` and `approvals` are names here and become opaque ids in
    records, which can never be erased; the names stay with the run. `plan_id` None: nothing was planned."""

    run: str
    project: str
    tool_version: str
    market: str
    currency: str
    plan_id: str | None = None
    commit: str | None = None
    actor: str | None = None
    approvals: tuple[str, ...] = ()
    segment: str = "commercial"

    @property
    def source(self) -> str:
        """The ledger's name in every record."""
        return f"cspdecl://{self.project}/ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRecord:
    """One row. `id` is unique in a ledger; `hash` = sha256(previous hash ‖ body); `seq` counts from 1 without gaps."""

    seq: int
    id: str
    address: Address
    recorded_at: datetime
    body: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerHead:
    """How far the ledger goes: number and hash of the last record (0 and GENESIS when empty)."""

    seq: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True, kw_only=True)
class BookEntry:
    """An own service as the ledger leaves it."""

    address: Address
    service: str
    quantity: int
    sell: SellRule | None


Book = Mapping[Address, BookEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The last recorded state of an address: what observing compares live state with.

    For a bundle instance `seats` are the billed bundle seats. `ids` are all subscriptions, in order. `body` is the
    record itself, for whoever needs more of it. `parts`: its subscriptions where the address stands for several.
    """

    address: Address
    hash: str
    subscription: str | None
    offer: str | None
    seats: Decimal
    term_ends: datetime | None
    status: Literal["running", "ended"]
    at: datetime
    provider: str | None = None
    tenant: str | None = None
    ids: tuple[str, ...] = ()
    service: str | None = None
    term: Term | None = None
    term_kind: Literal["standard", "trial", "est"] | None = None
    billing: BillingCycle | None = None
    end_of_term: LiveEndOfTerm | None = None
    scheduled: NextTerm | None = None
    provider_status: Status | None = None
    sell: SellRule | None = None
    bundle_instance: Address | None = None
    body: str = ""
    reseller: str | None = None
    parts: tuple[Part, ...] = ()
