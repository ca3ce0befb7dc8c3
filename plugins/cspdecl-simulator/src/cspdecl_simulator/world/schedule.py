"""What shall happen at the end of the term: next-term instructions under either of their names, plan changes at the
next charge.

Source: contract §13.4 (2026), §13.5, §13.8, §4 (900244–900246); both spellings are read, scheduledActions wins when
both are sent.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..catalog import NCE, SOFTWARE, Sku
from ..terms import MONTHS, is_month_end, last_day, next_term_start
from ..wire import DAY, Body, Doc, Refusal, midnight, moment, present, snake
from . import promotions
from .call import Call, as_quantity
from .lines import SANDBOX_SEATS, seats_left
from .state import World

_ACTIONS = {
    "renewtonewterm": "RenewToNewTerm",
    "cancel": "Cancel",
    "renewtoextendedserviceterm": "RenewToExtendedServiceTerm",
    "transition": "Transition",
}
PLAN_CHANGES_UNTIL = moment("2025-04-01T00:00:00Z")  # contract §13.5


def _name(value: Any) -> str:
    return str(value or "").replace("_", "").lower()


def read_schedule(call: Call, form: Body, row: Doc) -> Doc | None:
    """The schedule a PATCH body asks for; None when it names none (which deletes what was there, contract §13.1)."""
    actions = form.parts("scheduledactions")
    if actions:
        if len(actions) > 1:
            raise Refusal(400, 800002, "Only one scheduled action is supported.")
        return _read_action(call, actions[0], row)
    instructions = form.get("schedulednextterminstructions")
    if not isinstance(instructions, Body):
        return None
    return {"action": "RenewToNewTerm", "source": "next", "instructions": _read_instructions(instructions)}


def _read_action(call: Call, source: Body, row: Doc) -> Doc:
    action = _ACTIONS.get(_name(source.get("actiontype")))
    kind = {"termend": "TermEnd", "customdate": "CustomDate"}.get(
        _name(source.get("scheduletype") or source.get("scheduledtype") or "TermEnd")
    )
    if action is None or kind is None:
        raise Refusal(400, 900126, "scheduleType or actionType is not known.")
    found: Doc = {"action": action, "source": "actions", "type": kind}
    if kind == "CustomDate":
        date = call.instant("effectiveDate", source.get("effectivedate"))
        if date is None or not call.now < date <= moment(row["end"]):
            raise Refusal(400, 3000, "effectiveDate must lie between now and the end of the term.")
        found["date"] = str(source["effectivedate"])
    instructions = source.get("instructions")
    if isinstance(instructions, Body):
        found["instructions"] = _read_instructions(instructions)
    elif action in ("RenewToNewTerm", "Transition"):
        raise Refusal(400, 3000, f"{action} needs instructions.")
    return found


def _read_instructions(source: Body) -> Doc:
    product = source.part("product")
    return present(
        product=present(
            productId=product.text("productid"),
            skuId=product.text("skuid"),
            availabilityId=product.get("availabilityid", ""),
            billingCycle=product.text("billingcycle"),
            termDuration=product.text("termduration"),
            promotionId=product.text("promotionid"),
        ),
        quantity=source.get("quantity"),
        customTermEndDate=source.text("customtermenddate"),
    )


def same(one: Doc | None, other: Doc | None) -> bool:
    """Whether two schedules mean the same, whatever name they came by."""

    def meaning(found: Doc | None) -> Any:
        if not found:
            return None
        wanted = found.get("instructions") or {}
        product = wanted.get("product", {})
        return (
            found["action"],
            found.get("date"),
            str(product.get("productId", "")).upper(),
            str(product.get("skuId", "")).upper(),
            snake(str(product.get("billingCycle", ""))),
            str(product.get("termDuration", "")),
            str(product.get("promotionId", "")),
            str(wanted.get("quantity")),
            str(wanted.get("customTermEndDate", "")),
        )

    return bool(meaning(one) == meaning(other))


def check_schedule(call: Call, row: Doc, wanted: Doc, auto: bool) -> Doc:
    """The schedule as it will be kept; promotionId is what will apply (contract §9.1, §13.4).

    Raises Refusal where the service would not save it.
    """
    if row["kind"] not in (NCE, SOFTWARE):
        raise Refusal(403, 900263, "Scheduled changes are not available for this product.")
    if row["status"] != "active":
        raise Refusal(400, 800091, "The subscription must be active to schedule changes.")
    if wanted["action"] == "Cancel":
        return wanted
    if wanted["action"] == "RenewToExtendedServiceTerm":
        if row["kind"] != NCE or row["trial"]:
            raise Refusal(400, 800002, "Extended service terms are for licence-based subscriptions.")
        if auto:
            raise Refusal(400, 800002, "RenewToExtendedServiceTerm needs autoRenewEnabled false.")
        return wanted
    if wanted["action"] == "RenewToNewTerm" and not auto:
        raise Refusal(400, 800093, "Scheduled changes need autoRenewEnabled true.")
    instructions = wanted["instructions"]
    sku, term, plan = _target(call, row, instructions["product"])
    quantity = as_quantity(instructions.get("quantity"), "quantity")
    _check_seats(call, row, sku, quantity)
    if instructions.get("customTermEndDate"):
        _check_end(call, row, sku, term, instructions["customTermEndDate"])
    kept = {**wanted, "instructions": {**instructions, "product": dict(instructions["product"]), "quantity": quantity}}
    promotion = instructions["product"].get("promotionId")
    won = (
        promotions.best(call, sku.key, term, plan, quantity, promotion)
        if promotion and promotions.known(call, promotion)
        else None
    )
    if promotion and won is None and promotions.known(call, promotion):
        kept["instructions"]["product"].pop("promotionId")
    return kept


def _target(call: Call, row: Doc, product: Doc) -> tuple[Sku, str, str]:
    sku = call.catalog.find(str(product.get("productId", "")), str(product.get("skuId", "")))
    if sku is None:
        raise Refusal(404, 400018, "The scheduled product and SKU were not found.")
    source = call.catalog.find(row["product"], row["sku"])
    allowed = {f"{row['product']}:{row['sku']}".upper(), row["trial_of"].upper()} | {
        key.upper() for key in (source.upgrades if source else ())
    }
    if row["trial_of"]:
        paid = call.catalog.by_key(row["trial_of"])
        allowed |= {key.upper() for key in (paid.upgrades if paid else ())}
    if sku.key.upper() not in allowed:
        raise Refusal(400, 900260, f"{sku.key} is not an upgrade target of this subscription.")
    term, plan = str(product.get("termDuration") or row["term"]), snake(str(product.get("billingCycle") or row["plan"]))
    if plan not in sku.plans.get(term, ()):
        code = 800121 if term not in sku.plans else 800097
        raise Refusal(400, code, f"{sku.key} is not sold with term {term} and billing {plan}.")
    return sku, term, plan


def _check_seats(call: Call, row: Doc, sku: Sku, quantity: int) -> None:
    if quantity < sku.min_seats or quantity > sku.max_seats:
        raise Refusal(400, 2002, f"The quantity must lie between {sku.min_seats} and {sku.max_seats}.")
    if call.settings.environment == "sandbox" and quantity > SANDBOX_SEATS:
        raise Refusal(400, 800018, f"The sandbox allows {SANDBOX_SEATS} licences per subscription.")
    if sku.pooled:
        left, _ = seats_left(call.customer, sku, besides=row["id"])
        if quantity > left:
            raise Refusal(403, 800088, f"Only {left} seats are left for catalog item {sku.key}.", data=[str(left)])


def _check_end(call: Call, row: Doc, sku: Sku, term: str, text: str) -> None:
    """The end date of next-term instructions: 900244 product, 900245 outside the term or 28–30, 900246 no match."""
    wanted = call.instant("customTermEndDate", text)
    if wanted is None:
        return
    if sku.kind != NCE or row["trial"] or term not in MONTHS:
        raise Refusal(400, 900244, "customTermEndDate is not supported for this product.")
    start, day = moment(row["end"]), midnight(wanted)
    if not start <= day <= next_term_start(start, term) - DAY:
        raise Refusal(400, 900245, "customTermEndDate must lie inside the next term.")
    if term == "P1M" and day.day in (28, 29, 30) and not is_month_end(day):
        raise Refusal(400, 900245, "A monthly term cannot end on the 28th, 29th or 30th.")
    if not is_month_end(day) and not _ends_on(call.customer, row, day, term):
        raise Refusal(400, 900246, "customTermEndDate matches no active subscription and no month end.")


def _ends_on(world: World, row: Doc, day: datetime, term: str) -> bool:
    return any(
        other["status"] == "active"
        and not other["trial"]
        and other["kind"] == NCE
        and other["id"] != row["id"]
        and (term == "P1M" or other["term"] != "P1M")
        and last_day(moment(other["end"])).timetuple()[1:3] == day.timetuple()[1:3]
        for other in world.rows("subscription").values()
    )


def read_next_charge(call: Call, form: Body, row: Doc) -> Doc | None:
    """NextChargeInstructions of a body, checked when they are new.

    Licence-based plan changes are blocked since 2025-04-01 (contract §13.5); before, P3Y could go monthly ↔ annual.
    """
    source = form.get("nextchargeinstructions")
    if not isinstance(source, Body):
        return None
    wanted = _read_instructions(source)
    if wanted == row["next_charge"]:
        return wanted
    plan = snake(str(wanted.get("product", {}).get("billingCycle", "")))
    if row["kind"] == NCE and call.now >= PLAN_CHANGES_UNTIL:
        raise Refusal(400, 800097, "The billing plan cannot change within a term since 2025-04-01.")
    if row["kind"] != NCE or row["term"] != "P3Y" or {plan, row["plan"]} != {"monthly", "annual"}:
        raise Refusal(400, 800097, "Only a three-year term can change between monthly and annual billing.")
    if (
        as_quantity(wanted.get("quantity")) != row["quantity"]
        or str(wanted["product"].get("termDuration")) != row["term"]
    ):
        raise Refusal(400, 800002, "Quantity and term must stay the same.")
    return wanted
