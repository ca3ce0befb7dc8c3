"""A quote from bare figures: a price, seats, two days; out come the lines Microsoft would print. Needs no project.

`price` is what one seat costs a charge cycle, or the whole term where `per` says so: then the instalment is rounded
half-up first, as price sheets do (3393.90 / 12 = 282.83; commerce rules 2023-10, §2.2). A change wipes what was and
charges what will be for the rest of the cycle, the day of the change included (contract §17). Without a day, and
without anything to tell the cycle by, amounts are for a whole cycle and a note says so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from cspdecl.commerce.cycles import calendar_ends, check_plan
from cspdecl.commerce.figure_cycles import Span, span_of
from cspdecl.commerce.figures import CHARGE_NAMES, FigureLine, FigureQuote, Figures, Refused, refuse
from cspdecl.commerce.profiles import PLAN_CHANGES_ENDED, PLAN_MONTHS, PROFILES, TODAY, NamedProfile
from cspdecl.commerce.proration import HALF_UP, LINE_DOWN, UNIT_DOWN, UNIT_HALF_UP, Profile, kind_of, rounded_line
from cspdecl.core.diagnostics import Diagnostic, error
from cspdecl.core.money import ExactMoney, Money, Rounding
from cspdecl.core.records import ChargeKind
from cspdecl.core.terms import BillingCycle, Term, cycles_in


def quote_figures(figures: Figures) -> FigureQuote | Diagnostic:
    """The lines of a change, or why there are none, naming what is legal."""
    try:
        return _Quoting(figures).quote()
    except Refused as verdict:
        return verdict.problem
    except (OverflowError, ValueError):
        return calendar_ends()


class _Quoting:
    def __init__(self, figures: Figures) -> None:
        self.figures = figures
        self.notes: list[str] = []
        for term, billing in ((figures.term, figures.billing), (figures.to_term, figures.to_billing)):
            if term is not None and billing is not None and (problem := check_plan(term, billing)) is not None:
                raise Refused(problem)
        self.before, self.after, self.charge = self._charge()
        self.profile = self._profile()

    def quote(self) -> FigureQuote:
        figures = self.figures
        unit = self._instalment(figures.price, figures.term, figures.billing, uplift=figures.uplift)
        span = span_of(figures, self.charge, self.profile.basis)
        self.notes += span.notes
        if self.charge == "new" and span.by == "days":
            self.notes.append("bought into a cycle that runs already, as for a common end: that share is inferred")
        self.notes += self._remarks()
        lines = [line for line in self._lines(unit, span) if line.quantity]
        amounts = sum((line.amount for line in lines), Money.zero(figures.currency))
        margin, share = self._margin(unit)
        return FigureQuote(
            charge=CHARGE_NAMES[self.charge],
            figures=figures,
            unit=unit,
            lines=tuple(lines),
            total=amounts,
            total_exact=sum((line.exact for line in lines), Fraction(0)),
            cycle=span.cycle,
            by=span.by,
            profile=self.profile,
            rounding=self.profile.rounding(self.charge),
            rule=self._rule(span),
            notes=tuple(self.notes),
            margin=margin,
            share=share,
        )

    def _remarks(self) -> list[str]:
        if self.charge == "usage" and self.before == self.after > 0:
            return [f"the {self.before} that are used are included; left out, `--from` is 0 and all are charged"]
        if self.charge in ("remove_quantity", "cancel_immediate") and self.figures.term not in (None, Term.ONCE):
            return [_WINDOW]
        return []

    # ---- which charge, which profile ----

    def _charge(self) -> tuple[Fraction, Fraction, ChargeKind]:
        figures = self.figures
        before, after, charge = figures.before, figures.after, figures.charge
        if before is None and after is None:
            after = Fraction(1)
            self.notes.append("no seats given: this is for one")
        if before is None:
            before = after if charge in ("renew", "cycle_charge") else Fraction(0)
        if after is None:
            after = Fraction(0) if charge == "cancel_immediate" else before
        before, after = before or Fraction(0), after or Fraction(0)
        if charge is None:
            charge = self._by_itself(before, after)
        if charge != "usage" and not before.denominator == after.denominator == 1:
            raise refuse("CSP643", "seats are whole numbers", hint="only `usage` is charged by fractions of a unit")
        self._agrees(charge, before, after)
        return before, after, charge

    def _by_itself(self, before: Fraction, after: Fraction) -> ChargeKind:
        if self.figures.to_price is not None:
            return "convert"
        if before == after:
            return "cycle_charge"
        return kind_of(int(before), int(after))

    def _agrees(self, charge: ChargeKind, before: Fraction, after: Fraction) -> None:
        fits = {
            "new": before == 0,
            "add_quantity": after > before,
            "remove_quantity": after < before,
            "cancel_immediate": after == 0,
            "usage": after >= before,
        }
        if not fits.get(charge, True):
            legal = [CHARGE_NAMES[kind] for kind, holds in _readings(before, after).items() if holds]
            raise refuse(
                "CSP643",
                f"{before} → {after} is no {CHARGE_NAMES[charge]}",
                label=_WANTS[charge],
                hint=f"for {before} → {after} there are: {', '.join(legal)}",
            )
        # at a price of 0 it is a trial: what comes of it has a price of its own, and what it returns is 0
        if charge == "convert" and self.figures.to_price is None and self.figures.price and before and after >= before:
            raise refuse(
                "CSP644",
                f"an upgrade of {before} seats needs the price of the other offer, too",
                hint="give it as `--to-unit-price`; without it only seats that leave (300 → 200) or arrive (0 → 100)",
            )
        if self.figures.to_price is not None and charge not in ("convert", "change_billing_plan"):
            raise refuse(
                "CSP644",
                f"{CHARGE_NAMES[charge]} has one price, and `--to-unit-price` gives a second",
                hint="another offer or plan is `--charge convert` (until 2025-03-31 also `changeBillingPlan`)",
            )

    def _profile(self) -> NamedProfile:
        figures = self.figures
        named = PROFILES[figures.profile] if figures.profile else None
        if self.charge != "change_billing_plan":
            return named or TODAY
        day = figures.on or figures.anchor
        if named is None and (day is None or day >= PLAN_CHANGES_ENDED):
            raise Refused(_history(figures, self.after, day))
        return named or PLAN_MONTHS

    # ---- money ----

    def _instalment(
        self, price: Decimal, term: Term | None, billing: BillingCycle | None, *, uplift: Fraction = Fraction(0)
    ) -> Fraction:
        """The price of one charge cycle. Finer than the smallest unit only where it was given so."""
        raised = Fraction(price) * (1 + uplift)
        if self.figures.per == "cycle":
            return raised
        if term is None or billing is None:
            raise refuse("CSP644", "a price for the term needs the term and its billing plan", hint=_NEEDS)
        cycles = cycles_in(term, billing) or 1
        return Fraction(ExactMoney(raised / cycles, self.figures.currency).rounded(Rounding.HALF_UP).amount)

    def _lines(self, unit: Fraction, span: Span) -> list[FigureLine]:
        figures = self.figures
        wiped, charged = self._quantities()
        effective = unit * (1 - figures.discount)
        wipe = self._line("wipe", wiped, unit, -effective, span)
        if figures.to_price is None:
            return [wipe, self._line("charge", charged, unit, effective, span)]
        term, billing = figures.to_term or figures.term, figures.to_billing or figures.billing
        target = self._instalment(figures.to_price, term, billing)
        arriving = span_of(figures, self.charge, self.profile.basis, arriving=True)
        return [wipe, self._line("charge", charged, target, target * (1 - figures.to_discount), arriving)]

    def _quantities(self) -> tuple[Fraction, Fraction]:
        """What is returned and what is charged."""
        before, after, nothing = self.before, self.after, Fraction(0)
        if self.charge in ("new", "renew", "cycle_charge", "change_billing_plan"):
            return nothing, after
        if self.charge == "usage":
            return nothing, after - before
        if self.charge != "convert" or not before:
            return before, after
        leaving = before - after if after < before else before
        if self.figures.to_price is None:
            return leaving, nothing
        return leaving, after if after > before else leaving

    def _line(
        self, role: Literal["wipe", "charge"], quantity: Fraction, unit: Fraction, effective: Fraction, span: Span
    ) -> FigureLine:
        currency = self.figures.currency
        if self.profile.basis == "daily price" and span.days is not None and span.of:
            daily = ExactMoney(effective / span.of, currency).rounded(Rounding.HALF_UP)
            charged = Fraction(daily.amount) * span.days
        else:
            charged = effective * span.factor
        count = int(quantity) if quantity.denominator == 1 else quantity
        return FigureLine(
            role=role,
            quantity=quantity,
            unit=unit,
            effective=charged,
            amount=rounded_line(ExactMoney(charged, currency), count, self.profile.rounding(self.charge)),
            exact=charged * quantity,
            days=span.days,
            cycle_days=span.of,
            charge_start=span.start,
            charge_end=span.end,
        )

    def _margin(self, unit: Fraction) -> tuple[Money | None, Fraction | None]:
        """What the list price leaves of one seat, for the span the prices are given for."""
        figures = self.figures
        if figures.list_price is None:
            return None, None
        cost = (Fraction(figures.price) * (1 + figures.uplift)) * (1 - figures.discount)
        left = Fraction(figures.list_price) - cost
        share = left / Fraction(figures.list_price) if figures.list_price else None
        return ExactMoney(left, figures.currency).rounded(Rounding.HALF_UP), share

    def _rule(self, span: Span) -> str:
        what = {
            "new": "the whole quantity is charged",
            "renew": "the whole quantity is charged for the cycle",
            "cycle_charge": "the whole quantity is charged for the cycle",
            "cancel_immediate": "the whole quantity is returned",
            "convert": "the seats that leave are returned and charged on the other offer",
            "change_billing_plan": "the whole quantity is charged by the new plan",
            "usage": "what is over what is included is charged",
        }.get(self.charge, "the old quantity is returned and the new one charged")
        if span.by == "whole":
            share = "a full cycle is never prorated"
        else:
            share = f"{span.days} of {span.of} {span.by}, the day of the change included"
        how = self.profile.rounding(self.charge)
        words = _DAILY if self.profile.basis == "daily price" else _ROUNDED[how]
        return f"{CHARGE_NAMES[self.charge]}: {what}; {share}; {words} ({how})"


_NEEDS = "give `--term` and `--billing`, or a price for one charge cycle with `--price-per cycle`"
#: Contract §13.3, §13.4 (2026-06): later there is neither a cancellation nor a reduction.
_WINDOW = "seats go back for seven days after purchase, addition or renewal; later they are owed to the term's end"
_DAILY = "the price of one day rounded half up, then multiplied"
_ROUNDED: dict[Profile, str] = {
    UNIT_DOWN: "cut to the smallest unit per seat, then multiplied",
    LINE_DOWN: "multiplied, then cut to the smallest unit",
    HALF_UP: "multiplied, then rounded half up",
    UNIT_HALF_UP: "rounded half up per seat, then multiplied",
}
_WANTS: dict[ChargeKind, str] = {
    "new": "a purchase begins with 0 seats",
    "add_quantity": "adding ends with more seats than before",
    "remove_quantity": "removing ends with fewer seats than before",
    "cancel_immediate": "a cancellation ends with 0 seats",
    "usage": "usage is never less than what is included",
}


def _readings(before: Fraction, after: Fraction) -> dict[ChargeKind, bool]:
    return {
        "new": before == 0 < after,
        "add_quantity": 0 < before < after,
        "remove_quantity": 0 < after < before,
        "cancel_immediate": after == 0 < before,
        "convert": bool(before or after),
        "renew": after > 0,
        "cycle_charge": after > 0,
    }


def _history(figures: Figures, seats: Fraction, day: date | None) -> Diagnostic:
    """Why a change of the billing plan alone is refused, with what it would have cost by months and by days."""
    numbers = []
    for name in (PLAN_MONTHS.name, TODAY.name):
        try:
            found = _Quoting(replace(figures, profile=name)).quote()
        except (Refused, OverflowError, ValueError):
            continue
        unit = "months" if name == PLAN_MONTHS.name else "days"
        numbers.append(f"{found.total.amount} by {unit}")
    was = f"; until 2025-03-31 it would have cost {' (or '.join(numbers)}{')' if len(numbers) > 1 else ''}"
    return error(
        "CSP642",
        f"the billing plan alone cannot change in the middle of a term{f' on {day}' if day else ''}: "
        f"Microsoft ended that on {PLAN_CHANGES_ENDED}{was if numbers else ''}",
        label="a plan changes with a purchase, at a renewal, or together with a longer term",
        hint=f"compute history with `--profile {PLAN_MONTHS.name}`",
    )
