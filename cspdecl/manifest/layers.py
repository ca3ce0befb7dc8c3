"""What holds where several places may say it: the most specific one that does.

From the customer's override of a component over the customer's line, the bundle's component and the bundle to the
project's defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from cspdecl.core.diagnostics import Origin
from cspdecl.core.terms import BillingCycle, Term, cycles_in
from cspdecl.manifest import v1, v1_lines
from cspdecl.manifest.context import Context
from cspdecl.manifest.timelines import combined, holds

Layer = v1_lines.Override | v1_lines.SubscriptionLine | v1_lines.Component | v1.BundleSpec | v1.Defaults
TERMS: dict[str | None, Term] = {str(term): term for term in Term}
CYCLES: dict[str | None, BillingCycle] = {str(cycle): cycle for cycle in BillingCycle}
TERM_KEYS = {"term": "term", "billing": "billing", "end_of_term": "endOfTerm", "reduce": "reduce"}


def decided(attribute: str, layers: Sequence[Layer | None]) -> Any:
    """The first value that a layer gives, or None."""
    for layer in layers:
        if layer is not None:
            value = getattr(layer, attribute)
            if value is not None:
                return value
    return None


Pairs = list[tuple[date | None, Term, BillingCycle, Origin | None]]


def term_and_billing(layers: Sequence[Layer | None], places: Sequence[Origin]) -> Pairs:
    """Term and billing plan as the layers say them: at first (no day), then from each day on which one changes."""
    terms, billings = holds("term", "term", layers, places), holds("billing", "billing", layers, places)
    base, later = combined(terms, billings, lambda term, billing: (term, billing))
    return [(None, *_pair(*base), None), *((item.day, *_pair(*item.value), item.origin) for item in later)]


def _pair(term: str | None, billing: str | None) -> tuple[Term, BillingCycle]:
    """As core has them. What is sold once has no term; both are missing only where the project is in doubt."""
    cycle = CYCLES.get(billing, BillingCycle.MONTHLY)
    return (Term.ONCE if cycle is BillingCycle.ONE_TIME else TERMS.get(term, Term.P1Y)), cycle


def check_combination(
    context: Context,
    upper: Sequence[Layer | None],
    lower: Sequence[Layer | None],
    places: Sequence[Origin],
    address: object,
) -> None:
    """Judge term × billing where one of the `upper` layers, written at `places`, has a say in it.

    A term is charged at most as seldom as it is long (contract §13.5, 2023-10): P1M monthly; P1Y monthly or annual;
    P3Y all three. Which of them an offer really has, its catalogue says.
    """
    for layer, place in zip(upper, places, strict=True):
        if layer is None or (layer.term is None and layer.billing is None):
            continue
        pairs = term_and_billing((*upper, *lower), places)
        for _, term, billing, origin in pairs:
            here = origin or place.at("billing" if layer.billing else "term")
            check_pair(context, term, billing, here, address)
        if pairs[0][1] is Term.ONCE:
            _check_once(context, upper, places, pairs, address)
        return


def check_pair(context: Context, term: Term, billing: BillingCycle, origin: Origin, address: object) -> None:
    """Complain about a term that cannot be billed like that."""
    if cycles_in(term, billing) is None:
        legal = [str(cycle) for cycle in BillingCycle if cycles_in(term, cycle)]
        context.error(
            "CSP221",
            f"term {term} cannot be billed {billing}",
            origin,
            address=address,
            hint=f"{term} is billed {' or '.join(legal)}",
        )


def _check_once(
    context: Context, upper: Sequence[Layer | None], places: Sequence[Origin], pairs: Pairs, address: object
) -> None:
    """A perpetual licence is bought once: no term stands beside it, and it never becomes a subscription."""
    for layer, place in zip(upper, places, strict=True):
        if layer is not None and layer.term is not None:
            context.error(
                "CSP221",
                "what is billed one_time has no term",
                place.at("term"),
                address=address,
                hint="a perpetual licence is owned for good: leave `term` out; "
                "what runs for a term is billed monthly, annual or triennial",
            )
        if layer is not None and layer.billing is not None:
            break
    for _, term, billing, origin in pairs[1:]:
        if billing is not BillingCycle.ONE_TIME:
            context.error(
                "CSP221",
                f"a perpetual licence cannot become a term of {term}",
                origin,
                address=address,
                hint="declare the subscription as a line of its own",
            )
