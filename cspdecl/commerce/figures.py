"""What a quote from bare figures is asked with and what it answers: values, and the names of charges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from cspdecl.commerce.profiles import NamedProfile
from cspdecl.core.diagnostics import Diagnostic, error
from cspdecl.core.money import Money
from cspdecl.core.records import ChargeKind
from cspdecl.core.terms import BillingCycle, Cycle, Term

#: ISO 4217's own code for "no currency": amounts then have two decimals and no name.
NO_CURRENCY = "XXX"

#: Microsoft's names of charges (reconciliation pages, 2023-10), and two that are no seat changes.
CHARGES: dict[str, ChargeKind] = {
    "new": "new",
    "renew": "renew",
    "cycleCharge": "cycle_charge",
    "addQuantity": "add_quantity",
    "removeQuantity": "remove_quantity",
    "cancelImmediate": "cancel_immediate",
    "convert": "convert",
    "changeBillingPlan": "change_billing_plan",
    "usage": "usage",
}
#: The same, the other way round.
CHARGE_NAMES: dict[ChargeKind, str] = {kind: name for name, kind in CHARGES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is asked. `before` and `after` are seats of what the price is of; `after` of an upgrade: those that stay.

    `to_price` is what one seat of the other offer costs, a cycle or a term as `per` says, with `to_term` and
    `to_billing` where a new term begins. `anchor`: any first day of a cycle before; `cycle_end`: the last day, where it
    is known. `counted`: (days charged, days of the cycle) instead of dates. `uplift` is put on the price, `discount`
    taken off it. `list_price`: ERP for the same span. `start_month`: a cycle counts the days of the month it begins in.
    """

    price: Decimal
    per: Literal["cycle", "term"] = "cycle"
    currency: str = NO_CURRENCY
    term: Term | None = None
    billing: BillingCycle | None = None
    before: Fraction | None = None
    after: Fraction | None = None
    charge: ChargeKind | None = None
    on: date | None = None
    anchor: date | None = None
    cycle_end: date | None = None
    counted: tuple[int, int] | None = None
    discount: Fraction = Fraction(0)
    uplift: Fraction = Fraction(0)
    to_price: Decimal | None = None
    to_term: Term | None = None
    to_billing: BillingCycle | None = None
    to_discount: Fraction = Fraction(0)
    list_price: Decimal | None = None
    profile: str | None = None
    start_month: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureLine:
    """One printed line. `unit` is the price of a cycle, `effective` what of it is charged per seat, negative on a wipe.

    `days` of `cycle_days` are charged, or months where the profile counts so; both None: a whole cycle, however long.
    """

    role: Literal["wipe", "charge"]
    quantity: Fraction
    unit: Fraction
    effective: Fraction
    amount: Money
    exact: Fraction
    days: int | None
    cycle_days: int | None
    charge_start: date | None
    charge_end: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureQuote:
    """The answer. `unit` is the price of one charge cycle as charged, `cycle` the one that holds the day.

    `margin` and `share` where a list price was given; `notes` what the answer leaves open.
    """

    charge: str
    figures: Figures
    unit: Fraction
    lines: tuple[FigureLine, ...]
    total: Money
    total_exact: Fraction
    cycle: Cycle | None
    by: Literal["days", "months", "whole"]
    profile: NamedProfile
    rounding: str
    rule: str
    notes: tuple[str, ...]
    margin: Money | None = None
    share: Fraction | None = None


class Refused(Exception):  # noqa: N818 - a verdict, not a fault
    """The figures contradict each other or today's rules."""

    def __init__(self, problem: Diagnostic) -> None:
        super().__init__(problem.message)
        self.problem = problem


def refuse(code: str, message: str, *, label: str | None = None, hint: str | None = None) -> Refused:
    """A refusal to raise."""
    return Refused(error(code, message, label=label, hint=hint))
