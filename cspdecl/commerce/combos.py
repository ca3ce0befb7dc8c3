"""Which ways of buying an offer has: term and billing plan must stand in the catalogue, never guessed."""

from __future__ import annotations

from cspdecl.commerce.words import listed
from cspdecl.core.catalog import Offer, OfferTerm
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error

# Terms and plans of an offer are read from its availabilities (contract §13.5, table of 2025-04): not every offer has
# every term, and a plan longer than its term does not exist.


def check_combination(spec: SubscriptionSpec, offer: Offer) -> Diagnostic | None:
    """A refusal naming the legal combinations, or None when the declared one is sold."""
    wanted = OfferTerm(spec.term, spec.billing)
    if wanted in offer.terms:
        return None
    legal = [f"`term: {one.term}, billing: {one.billing}`" for one in sorted(offer.terms)]
    return error(
        "CSP323",
        f"{spec.offer} is not sold as {wanted}",
        origin=spec.origin.at("term"),
        address=str(spec.address),
        label=f"{offer.title} has no {spec.term} term billed {spec.billing}",
        hint=f"it is sold as {listed(legal)}",
    )
