"""What holds where several places may say it: the most specific one that does.

From the customer's override of a component over the customer's line, the bundle's component and the bundle to the
project's defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cspdecl.core.diagnostics import Origin
from cspdecl.core.terms import BillingCycle, Term, cycles_in
from cspdecl.manifest import v1
from cspdecl.manifest.context import Context

Layer = v1.Override | v1.SubscriptionLine | v1.Component | v1.BundleSpec | v1.Defaults
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
        every = (*upper, *lower)
        term, billing = TERMS[decided("term", every)], CYCLES[decided("billing", every)]
        if cycles_in(term, billing) is None:
            legal = [str(cycle) for cycle in BillingCycle if cycles_in(term, cycle)]
            context.error(
                "CSP221",
                f"term {term} cannot be billed {billing}",
                place.at("billing" if layer.billing else "term"),
                address=address,
                hint=f"{term} is billed {' or '.join(legal)}",
            )
        return
