"""Charge cycles and which terms have which billing plan: what can be said from dates alone, without a price.

Cycles follow from `core.terms.cycle_start`; the legal pairs are the table of new commerce (contract §13.5, 2025-04).
Whether a monthly term that was clamped (31 January → 28 February) returns to the 31st is not documented: here it does.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from cspdecl.commerce.words import listed
from cspdecl.core.catalog import OfferTerm
from cspdecl.core.diagnostics import Diagnostic, error
from cspdecl.core.terms import BillingCycle, Cycle, Term, cycle_start, cycles_in

#: What may be bought at all (contract §13.5, 2025-04; `none` is a trial). Not every offer has every one.
LEGAL_PLANS: dict[Term, tuple[BillingCycle, ...]] = {
    Term.P1M: (BillingCycle.MONTHLY, BillingCycle.NONE),
    Term.P1Y: (BillingCycle.MONTHLY, BillingCycle.ANNUAL),
    Term.P3Y: (BillingCycle.MONTHLY, BillingCycle.ANNUAL, BillingCycle.TRIENNIAL),
    Term.ONCE: (BillingCycle.ONE_TIME,),
}


def check_plan(term: Term, billing: BillingCycle) -> Diagnostic | None:
    """A refusal naming the billing plans a term has and the terms a plan has, or None where the pair exists."""
    if billing in LEGAL_PLANS[term]:
        return None
    plans = listed([str(one) for one in LEGAL_PLANS[term]])
    terms = listed([str(one) for one, allowed in LEGAL_PLANS.items() if billing in allowed])
    return error(
        "CSP640",
        f"a term of {term} is not billed {billing}",
        label=f"{OfferTerm(term, billing)} does not exist",
        hint=f"{term} is billed {plans}; {billing} goes with {terms}",
    )


def cycle_months(term: Term, billing: BillingCycle) -> int | None:
    """Months in a charge cycle; a trial has one cycle of a month; None where nothing is charged by the cycle."""
    if billing is BillingCycle.NONE and term is Term.P1M:
        return 1
    return billing.months


def charge_cycles(start: date, *, term: Term, billing: BillingCycle, count: int | None = None) -> tuple[Cycle, ...]:
    """The first `count` charge cycles (None: those of one term) of what is bought on `start`.

    Raises OverflowError or ValueError where the calendar ends before they do.
    """
    months = cycle_months(term, billing)
    if months is None:
        return ()
    wanted = (cycles_in(term, billing) or 1) if count is None else count
    starts = [cycle_start(start, index, months=months, term=term) for index in range(wanted + 1)]
    return tuple(Cycle(start=first, end=following - timedelta(days=1)) for first, following in pairwise(starts))


def calendar_ends() -> Diagnostic:
    """What is said where a computation would go beyond the calendar."""
    return error("CSP649", "the calendar ends before this does", hint="dates are computed up to the year 9999")
