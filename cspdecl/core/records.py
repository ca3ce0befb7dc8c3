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
from cspdecl.core.desired import SellRule
from cspdecl.core.money import Money

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
    `charge_end_inclusive` is the last charged day, as Microsoft prints it.
    """

    role: Literal["wipe", "charge"]
    quantity: int
    unit_effective: Fraction
    amount: Money
    amount_exact: Fraction
    charge_start: date
    charge_end_inclusive: date
    basis: str


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

    For a bundle instance `seats` are the billed bundle seats.
    """

    address: Address
    hash: str
    subscription: str | None
    offer: str | None
    seats: Decimal
    term_ends: datetime | None
    status: Literal["running", "ended"]
    at: datetime
