"""One live subscription as a line of a manifest: what a plan would then leave just as it is."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from cspdecl.core.live import LiveCustomer, LiveSubscription, NextTerm, Status
from cspdecl.core.terms import Term


def cannot_declare(item: LiveSubscription) -> str | None:
    """Why a subscription has no line, or None."""
    if not item.status.running:
        return f"it is {item.status}"
    if item.product == "azure_plan":
        return None
    if item.offer is None or item.term is None or item.billing is None:
        return "it is not sold by product and SKU with a term"
    return None


def line_of(item: LiveSubscription, name: str, *, budget: Decimal | None = None) -> dict[str, Any]:
    """The line. `budget`: the customer's usage budget, where it is known."""
    if item.product == "azure_plan":
        plan = {"budget": str(budget)} if budget else {}
        return {"name": name, "azurePlan": plan, "id": item.id, **_suspended(item)}
    line: dict[str, Any] = {"name": name, "offer": str(item.offer), "seats": item.seats}
    if item.product == "perpetual" or item.term is Term.ONCE:
        return {**line, "billing": str(item.billing), "id": item.id}
    if item.trial:
        ends = "renew" if item.end_of_term == "renew" else "cancel"
        return {**line, "trial": True, "endOfTerm": ends, "id": item.id, **_renews_to(item)}
    line.update(term=str(item.term), billing=str(item.billing))
    if item.status is Status.SUSPENDED:
        return {**line, "id": item.id, **_suspended(item)}  # what follows its term is decided when it runs again
    line["endOfTerm"] = "cancel" if item.end_of_term == "unset" else item.end_of_term
    line["id"] = item.id
    return {**line, **_at_renewal(item)}


def _suspended(item: LiveSubscription) -> dict[str, Any]:
    return {"suspended": True} if item.status is Status.SUSPENDED else {}


def _renews_to(item: LiveSubscription) -> dict[str, Any]:
    following = item.scheduled
    if following is None or item.end_of_term != "renew":
        return {}
    becomes = {
        "offer": str(following.offer),
        "seats": following.seats,
        "term": str(following.term),
        "billing": str(following.billing),
    }
    return {"renewsTo": becomes}


def _at_renewal(item: LiveSubscription) -> dict[str, Any]:
    following = item.scheduled
    if following is None or item.end_of_term != "renew":
        return {}
    differing = _differing(item, following)
    if set(differing) == {"seats"} and following.seats < item.seats:
        return {"seats": following.seats, "reduce": "renewal"}
    return {"atRenewal": differing} if differing else {}


def renewal_of(item: LiveSubscription) -> dict[str, Any]:
    """What is scheduled for the renewal, as `atRenewal` says it; empty where nothing is, or nothing else than now."""
    following = item.scheduled
    return _differing(item, following) if following is not None and item.end_of_term == "renew" else {}


def _differing(item: LiveSubscription, following: NextTerm) -> dict[str, Any]:
    """What the next term has that this one has not."""
    found: dict[str, Any] = {}
    if following.seats != item.seats:
        found["seats"] = following.seats
    if following.offer != item.offer:
        found["offer"] = str(following.offer)
    if following.term is not item.term:
        found["term"] = str(following.term)
    if following.billing is not item.billing:
        found["billing"] = str(following.billing)
    if following.ends is not None:
        found["endsOn"] = following.ends.isoformat()
    return found


def circumstances_of(customer: LiveCustomer, *, model: str) -> tuple[dict[str, Any], list[str]]:
    """What the customer's document says beside its lines: its qualification, the reseller on record; and remarks."""
    spec: dict[str, Any] = {}
    remarks: list[str] = []
    approved = [one.name for one in customer.qualifications or () if one.status == "approved"]
    if approved:
        spec["qualification"] = approved[0]
        remarks += [f"it also has the {name} qualification, and one can be declared" for name in approved[1:]]
    if model == "indirect-provider":
        spec["reseller"] = _reseller(customer.subscriptions, remarks)
    return spec, remarks


def _reseller(subscriptions: Iterable[LiveSubscription], remarks: list[str]) -> Any:
    named = sorted({item.reseller for item in subscriptions if item.status.running and item.reseller})
    if len(named) == 1:
        remarks.append(
            "before anything is bought, `reseller` needs `attested: true`: that the reseller stands behind its orders"
        )
        return {"partnerId": named[0]}
    if named:
        remarks.append(f"several resellers are on record ({', '.join(named)}), and one can be declared: decide it")
    return "none"
