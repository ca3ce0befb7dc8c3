"""Promotions: what is on, who may have it, what it takes off.

Source: contract §9.1. A purchase that misses a condition is not refused; it goes through at list price.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..wire import Answer, Doc, Refusal, attributes, collection, moment, pascal, snake
from .call import Call, as_quantity

_TEXTS = {
    "InvalidPromotion": "The promotion is not known or not active.",
    "NoPromotionsAvailable": "There is no promotion for this item.",
    "Term": "The term or billing cycle does not fit the promotion.",
    "SeatCount": "The provided quantity does not satisfy the minimum or maximum seat requirements for the promotion.",
    "OfferPurchasedPreviously": "The promotion is for a first purchase only.",
    "InvalidCatalogItemId": "The catalog item is not known.",
    "RedemptionLimit": "The promotion has been used as often as it may be.",
    "PrerequisiteProductOwnership": "A required product is not owned.",
}


def active(call: Call) -> list[Doc]:
    return [
        doc
        for doc in call.partner.shared("promotion").values()
        if moment(doc["startDate"]) <= call.now <= moment(doc["endDate"])
    ]


def list_promotions(call: Call) -> Answer:
    """GET /productpromotions?country&segment: the active ones; segment is commercial only."""
    if not call.query.get("country") or not call.query.get("segment"):
        raise Refusal(400, 800002, "country and segment are required.")
    if call.query["segment"].lower() != "commercial":
        raise Refusal(403, 400030, "segment must be commercial.")
    return Answer(200, collection(active(call)))


def get_promotion(call: Call) -> Answer:
    """GET /productpromotions/{id}: expired ones too."""
    found = call.partner.shared_one("promotion", call.params["promotion"].upper())
    if found is None:
        raise Refusal(404, 27007, "The promotion was not found.")
    return Answer(200, found)


def _covers(promotion: Doc, key: str) -> Doc | None:
    return next(
        (
            item
            for item in promotion["requiredProducts"]
            if f"{item['productId']}:{item['skuId']}".upper() == key.upper()
        ),
        None,
    )


def _terms(promotion: Doc, key: str) -> list[tuple[str, str]]:
    return [
        (item["term"]["duration"], snake(item["term"]["billingCycle"]))
        for item in promotion["requiredProducts"]
        if f"{item['productId']}:{item['skuId']}".upper() == key.upper()
    ]


def _seats_used(call: Call, promotion: Doc) -> int:
    """Seats under a promotion's PID:SID, cancelled ones included."""
    key = ":".join(str(promotion["id"]).split(":")[:2]).upper()
    seats = 0
    for row in call.customer.rows("subscription").values():
        if str(row.get("promotion") or "").upper().startswith(key + ":"):
            seats += int(row.get("promotion_seats") or row["quantity"])
    return seats


def problems(call: Call, promotion: Doc, key: str, term: str, plan: str, quantity: int) -> list[Doc]:
    """Why a purchase would not get a promotion; empty when it would."""
    if not any(item["id"] == promotion["id"] for item in active(call)):
        return [_problem("InvalidPromotion")]
    if _covers(promotion, key) is None:
        return [_problem("InvalidPromotion")]
    found: list[Doc] = []
    terms = _terms(promotion, key)
    if (term, plan) not in terms:
        found.append(
            _problem(
                "Term",
                eligibleTerms=[{"duration": duration, "billingCycle": pascal(cycle)} for duration, cycle in terms],
            )
        )
    constraints = promotion.get("promotionConstraints") or {}
    for seats in constraints.get("seatConstraints", ()):
        low, high = int(seats.get("minSeats") or 1), seats.get("maxSeats")
        left = None if high is None else int(high) - _seats_used(call, promotion)
        if quantity < low or (left is not None and quantity > left):
            found.append(
                _problem("SeatCount", minimumRequiredSeats=low, maximumRequiredSeats=high, availableSeats=left)
            )
    for rule in constraints.get("eligibilityConstraints", ()):
        if (
            rule.get("isApplicable")
            and rule.get("type") == "FirstPurchase"
            and any(
                f"{row['product']}:{row['sku']}".upper() == key.upper()
                for row in call.customer.rows("subscription").values()
            )
        ):
            found.append(_problem("OfferPurchasedPreviously"))
    return found + _ownership(call, promotion, constraints)


def _ownership(call: Call, promotion: Doc, constraints: Doc) -> list[Doc]:
    """How often a promotion was used already, and what one must own to have it.

    The constraint's lists are read as: one product of every inner list (READINGS.md).
    """
    found: list[Doc] = []
    rows = list(call.customer.rows("subscription").values())
    key = ":".join(str(promotion["id"]).split(":")[:2]).upper()
    used = sum(1 for row in rows if str(row.get("promotion") or "").upper().startswith(key + ":"))
    for limit in constraints.get("assetOwnershipLimits", ()):
        left = int(limit["maxAssets"]) - used
        if left < 1:
            found.append(
                _problem(
                    "RedemptionLimit",
                    maxPromotionRedemptionCount=int(limit["maxAssets"]),
                    remainingPromotionRedemptionCount=max(0, left),
                )
            )
    seats: dict[str, int] = {}
    for row in rows:
        if row["status"] in ("active", "suspended"):
            owned = f"{row['product']}/{row['sku']}".upper()
            seats[owned] = seats.get(owned, 0) + int(row["quantity"])
    for choices in constraints.get("productOwnershipConstraints", ()):
        if not any(_owns(seats.get(str(item["bigId"]).upper(), 0), item) for item in choices):
            found.append(_problem("PrerequisiteProductOwnership"))
    return found


def _owns(seats: int, item: Doc) -> bool:
    high = item.get("maxSeats")
    return seats >= int(item.get("minSeats") or 1) and (high is None or seats <= int(high))


def _problem(kind: str, **more: Any) -> Doc:
    return {
        **{name: value for name, value in more.items() if value is not None},
        "type": kind,
        "description": _TEXTS[kind],
    }


def best(call: Call, key: str, term: str, plan: str, quantity: int, wanted: str | None) -> tuple[str, Decimal] | None:
    """Promotion id and discount that a purchase gets: the deepest automatic one, or the one asked for when it fits."""
    found: list[tuple[Decimal, str]] = []
    for promotion in active(call):
        asked = wanted is not None and promotion["id"].upper() == wanted.upper()
        if not asked and not promotion.get("properties", {}).get("isAutoApplicable"):
            continue
        if not problems(call, promotion, key, term, plan, quantity):
            for item in promotion["requiredProducts"]:
                if (item["term"]["duration"], snake(item["term"]["billingCycle"])) == (term, plan):
                    found += [(Decimal(policy["value"]), promotion["id"]) for policy in item["pricingPolicies"]]
    if not found:
        return None
    discount, promotion_id = max(found)
    return promotion_id, discount


def known(call: Call, promotion_id: str) -> bool:
    return call.partner.shared_one("promotion", promotion_id.upper()) is not None


def _line_id(value: Any, index: int) -> Any:
    """The answer numbers its lines even where a request sends the number as text."""
    if value is None:
        return index
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def eligibilities(call: Call) -> Answer:
    """POST /customers/{id}/promotionEligibilities"""
    items: list[Doc] = []
    for index, item in enumerate(call.form.parts("items")):
        catalog_id, term = str(item.get("catalogitemid", "")), str(item.get("termduration", ""))
        plan, quantity = snake(str(item.get("billingcycle", ""))), as_quantity(item.get("quantity"))
        key, wanted = ":".join(catalog_id.split(":")[:2]), item.text("promotionid")
        answers: list[Doc] = []
        if call.catalog.by_key(key) is None:
            answers.append(
                {"promotionId": wanted or "", "isEligible": False, "errors": [_problem("InvalidCatalogItemId")]}
            )
        elif wanted is not None:
            promotion = call.partner.shared_one("promotion", wanted.upper())
            errors = (
                problems(call, promotion, key, term, plan, quantity) if promotion else [_problem("InvalidPromotion")]
            )
            answers.append({"promotionId": wanted, "isEligible": not errors, "errors": errors})
        else:
            for promotion in active(call):
                if _covers(promotion, key) is not None:
                    errors = problems(call, promotion, key, term, plan, quantity)
                    answers.append({"promotionId": promotion["id"], "isEligible": not errors, "errors": errors})
            if not answers:
                answers.append({"isEligible": False, "errors": [_problem("NoPromotionsAvailable")]})
        items.append(
            {
                "id": _line_id(item.get("id"), index),
                "catalogItemId": catalog_id,
                "quantity": quantity,
                "billingCycle": plan,
                "termDuration": term,
                "eligibilities": answers,
                "attributes": attributes("PromotionEligibilities"),
            }
        )
    return Answer(200, collection(items))
