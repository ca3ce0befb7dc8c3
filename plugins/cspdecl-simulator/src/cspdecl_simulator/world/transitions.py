"""Upgrades: what a subscription may become, and becoming it; trial conversion; the traditional forms.

Sources: contract §13.7, §4 (900236, 900258–900261, 900267–900270); examples subscriptions.transition*,
*.conversions.*, *.upgrades.*.
"""

from __future__ import annotations

from datetime import datetime

from ..catalog import LEGACY, Sku, availability_id, resolve_availability
from ..charging import events
from ..charging.calendar import anchor_of
from ..terms import CYCLE_MONTHS, MONTHS, next_term_start
from ..wire import Answer, Doc, Refusal, attributes, collection, iso, moment, pascal, present, snake
from . import promotions
from .call import Call, as_quantity
from .changes import reopen_windows
from .lines import seats_left
from .orders import follow_up
from .subscriptions import find, new_subscription, offer_id, open_lots, snapshot

ERRORS = {
    2: "Subscription cannot be transitioned because the source subscription state is not active.",
    7: "There is no transition path.",
    9: "The subscription is not provisioned.",
}
_TARGET_ERRORS = {
    1: "The target subscription is not active.",
    2: "The target subscription is within its cancellation window.",
    3: "The subscription's term duration is shorter than the source subscription's term duration.",
    4: "The subscription ends earlier than the source subscription.",
}


def targets(call: Call, row: Doc) -> list[Sku]:
    """What a subscription may become: the paid item of a trial, else the upgrade targets of its SKU."""
    source = call.catalog.by_key(row["trial_of"]) if row["trial"] else call.catalog.find(row["product"], row["sku"])
    if source is None:
        return []
    found = [source] if row["trial"] else []
    return found + [
        sku for key in source.upgrades if (sku := call.catalog.by_key(key)) is not None and not sku.is_trial
    ]


def _item(call: Call, sku: Sku, row: Doc) -> str:
    return f"{sku.key}:{availability_id(sku, row['segment'], call.now, call.settings.rotation_seconds)}"


def _target_problem(call: Call, row: Doc, other: Doc) -> int | None:
    """Why seats cannot move into an existing subscription; None when they can."""
    if other["status"] != "active":
        return 1
    if open_lots(other, call.now):
        return 2
    if MONTHS.get(other["term"], 0) < MONTHS.get(row["term"], 0):
        return 3
    if moment(other["end"]) < moment(row["end"]):
        return 4
    return None


def eligibilities(call: Call) -> Answer:
    """GET …/transitionEligibilities?eligibilityType=immediate|scheduled; scheduled names the own SKU too (contract
    §13.4).
    """
    row = find(call)
    if row["kind"] == LEGACY:
        raise Refusal(403, 900263, "The method is not for traditional subscriptions.")
    kind = call.query.get("eligibilitytype", "immediate").lower()
    if kind not in ("immediate", "scheduled"):
        raise Refusal(400, 800002, "eligibilityType must be immediate or scheduled.")
    operation, items = call.guid(), []
    chosen = targets(call, row)
    own = call.catalog.find(row["product"], row["sku"])
    if kind == "scheduled" and own is not None and not row["trial"]:
        chosen = [own, *chosen]
    for sku in chosen:
        problems = [] if row["status"] == "active" else [{"code": 2, "description": ERRORS[2]}]
        item: Doc = {
            "operationId": operation,
            "catalogItemId": _item(call, sku, row),
            "title": sku.title,
            "description": sku.title,
            "quantity": row["quantity"],
            "eligibilities": [
                {"isEligible": not problems, "transitionType": name, "errors": problems}
                for name in ("transition_only", "transition_with_license_transfer")
            ],
        }
        if kind == "immediate" and not row["trial"]:
            item["subscriptionEligibilities"] = [
                _into(call, row, other)
                for other in call.customer.rows("subscription").values()
                if f"{other['product']}:{other['sku']}" == sku.key and other["status"] == "active"
            ]
        else:
            item["subscriptionEligibilities"] = []
        item["attributes"] = attributes("TransitionEligibility")
        items.append(item)
    return Answer(200, collection(items))


def _into(call: Call, row: Doc, other: Doc) -> Doc:
    code = _target_problem(call, row, other)
    return {
        "isEligible": code is None,
        "subscriptionId": other["id"],
        "subscriptionFriendlyName": other["name"],
        "subscriptionTermDuration": other["term"],
        "subscriptionBillingCycle": other["plan"],
        "errors": [] if code is None else [{"code": code, "description": _TARGET_ERRORS[code]}],
    }


def create(call: Call) -> Answer:
    """POST …/transitions: full, partial, or into an existing subscription; never idempotent (contract §13.7)."""
    row, form = find(call), call.form
    if row["kind"] == LEGACY:
        raise Refusal(403, 900263, "The method is not for traditional subscriptions.")
    kind = snake(form.text("transitiontype") or "")
    wanted = form.text("tocatalogitemid")
    if (
        wanted is None
        or form.get("quantity") is None
        or kind not in ("transition_only", "transition_with_license_transfer")
    ):
        raise Refusal(400, 800002, "toCatalogItemId, quantity and transitionType are required.")
    if row["status"] != "active":
        raise Refusal(400, 800091, ERRORS[2])
    sku = _target(call, row, wanted)
    quantity = as_quantity(form["quantity"])
    other_id = form.text("tosubscriptionid")
    before = snapshot(row)
    from_item, from_quantity = offer_id(row), row["quantity"]
    if other_id:
        other = _merge_into(call, row, sku, other_id, quantity)
    else:
        other = _upgrade(
            call,
            row,
            sku,
            wanted,
            quantity,
            form.text("termduration"),
            form.text("billingcycle"),
            form.text("promotionid"),
        )
    row["version"] += 1
    row["updates"] += 1
    call.customer.put("subscription", row)
    call.audit(
        "subscription",
        "convert_trial_subscription" if before["BillingCycle"] == "None" else "upgrade_subscription",
        old=before,
        new=snapshot(row),
    )
    return Answer(200, _remember(call, row, other, wanted, from_item, quantity, kind, from_quantity))


def _target(call: Call, row: Doc, wanted: str) -> Sku:
    parts = wanted.split(":")
    sku = call.catalog.by_key(wanted)
    if sku is None or len(parts) != 3:
        raise Refusal(404, 400018, f"Catalog item {wanted} was not found.")
    if sku.key.upper() == f"{row['product']}:{row['sku']}".upper():
        raise Refusal(400, 900259, "The target is the same as the source.")
    if not any(sku.key == one.key for one in targets(call, row)):
        raise Refusal(400, 900260, "There is no transition path to this catalog item.")
    if resolve_availability(sku, parts[2], call.now, call.settings.rotation_seconds) is None:
        raise Refusal(404, 400019, f"Availability {parts[2]} was not found.")
    return sku


def _upgrade(
    call: Call,
    row: Doc,
    sku: Sku,
    wanted: str,
    quantity: int,
    term: str | None,
    plan: str | None,
    promotion: str | None,
) -> Doc:
    term = (term or ("P1Y" if row["trial"] else row["term"])).upper()
    plan = snake(plan or ("monthly" if row["trial"] else row["plan"]))
    if term not in sku.plans:
        raise Refusal(400, 900268, f"The term {term} is not valid for the target.")
    if not row["trial"] and MONTHS[term] < MONTHS[row["term"]]:
        raise Refusal(400, 900267, "The target's term is shorter than the source's.")
    if plan not in sku.plans[term]:
        longer = CYCLE_MONTHS.get(plan, 0) > MONTHS[term]
        raise Refusal(400, 900270 if longer else 900269, f"Billing {plan} is not valid with term {term}.")
    price = call.catalog.price(sku, row["segment"], term, plan, call.settings.currency, call.country, call.now)
    if price is None:
        raise Refusal(403, 800028, "The target is no longer sold that way.")
    if quantity < 1 or quantity < sku.min_seats or quantity > sku.max_seats or (row["trial"] and quantity < 25):
        raise Refusal(400, 2002, "The quantity is outside the allowed range.")
    if sku.pooled and quantity > seats_left(call.customer, sku)[0]:
        left = seats_left(call.customer, sku)[0]
        raise Refusal(403, 800088, f"Only {left} seats are left for catalog item {sku.key}.", data=[sku.key, str(left)])
    won = None if row["trial"] else promotions.best(call, sku.key, term, plan, quantity, promotion)
    locked = {
        "unit": str(price.unit),
        "discount": str(won[1] if won else 0),
        "currency": call.settings.currency,
        "at": iso(call.now),
    }
    longer_term = term != row["term"] or row["trial"]
    end: datetime = next_term_start(call.now, term) if longer_term else moment(row["end"])
    availability, before = wanted.split(":")[2], dict(row)
    if quantity >= row["quantity"]:
        extra = quantity - row["quantity"]
        if row["name"] == row["title"]:
            row["name"] = sku.title
        row.update(
            product=sku.product_id,
            sku=sku.sku_id,
            availability=availability,
            title=sku.title,
            quantity=quantity,
            term=term,
            plan=plan,
            price=locked,
            promotion=won[0] if won else None,
            schedule=None,
            trial=False,
            trial_of="",
        )
        if longer_term:
            row.update(
                start=iso(call.now), end=iso(end), committed=iso(call.now), custom_end=None, anchor=None, est=False
            )
            if before["est"]:
                reopen_windows(row, None, iso(call.now))
        if extra and row["lots"]:
            row["lots"][-1]["quantity"] += 0  # an upgrade opens no window of its own (contract §13.3)
        row["auto"] = True if not row["est"] else row["auto"]
        events.converted(call, before, row, quantity, follow_up(call, row, "convert", quantity)["id"])
        return row
    part = new_subscription(
        row_id=call.guid(),
        sku=sku,
        availability=availability,
        segment=row["segment"],
        quantity=quantity,
        term=term,
        plan=plan,
        start=call.now,
        end=end,
        order="",
        price=locked,
        promotion=won[0] if won else None,
        partner=row["partner"] or None,
        machine=call.machine,
        lots=[{**lot, "quantity": min(lot["quantity"], quantity)} for lot in open_lots(row, call.now)],
        cancel_until=row["cancel_until"],
        anchor=None if longer_term else iso(anchor_of(row)),
    )
    part["order"] = follow_up(call, part, "convert", quantity)["id"]
    events.converted(call, before, part, quantity, part["order"])
    call.customer.put("subscription", part)
    _take(row, quantity)
    return part


def _take(row: Doc, quantity: int) -> None:
    """Seats leave the source: from what has no window any more first, then the oldest batches."""
    free = row["quantity"] - sum(lot["quantity"] for lot in row["lots"])
    left = max(0, quantity - max(0, free))
    for lot in row["lots"]:
        taken = min(left, lot["quantity"])
        lot["quantity"] -= taken
        left -= taken
    row["quantity"] -= quantity
    row["schedule"] = None


def _merge_into(call: Call, row: Doc, sku: Sku, other_id: str, quantity: int) -> Doc:
    other = find(call, other_id)
    if other["id"] == row["id"]:
        raise Refusal(400, 900259, "The target is the same as the source.")
    if f"{other['product']}:{other['sku']}" != sku.key:
        raise Refusal(400, 900260, "The target subscription is of another catalog item.")
    code = _target_problem(call, row, other)
    if code is not None:
        refusal = {1: 900258, 2: 900261, 3: 900267, 4: 900236}[code]
        raise Refusal(400, refusal, _TARGET_ERRORS[code])
    if quantity > row["quantity"] or quantity < 1:
        raise Refusal(400, 2002, "The quantity is outside the allowed range.")
    before = dict(row)
    other["quantity"] += quantity
    other["schedule"] = None
    other["version"] += 1
    other["updates"] += 1
    call.customer.put("subscription", other)
    _take(row, quantity)
    if row["quantity"] == 0:
        row.update(status="deleted", status_since=iso(call.now), auto=False, lots=[], cancel_until=None)
    events.moved(call, before, other, quantity, follow_up(call, other, "convert", other["quantity"])["id"])
    return other


def _remember(call: Call, row: Doc, other: Doc, wanted: str, from_item: str, quantity: int, kind: str, had: int) -> Doc:
    operation = call.guid()
    transition = present(
        operationId=operation,
        fromCatalogItemId=from_item,
        fromSubscriptionId=row["id"],
        toCatalogItemId=wanted,
        toSubscriptionId=other["id"],
        quantity=quantity,
        termDuration=other["term"],
        billingCycle=pascal(other["plan"]),
        transitionType=kind,
        promotionId=other["promotion"],
        events=[
            {
                "name": "Conversion",
                "status": "Started ",
                "timestamp": iso(call.now),
                "attributes": attributes("TransitionEvent"),
            }
        ],
        attributes=attributes("Transition"),
    )
    row.setdefault("transitions", []).append({**transition, "at": iso(call.machine), "whole": quantity >= had})
    return transition


def list_transitions(call: Call) -> Answer:
    """GET …/transitions[?operationId]: the sample calls the list `transition`; it stands under both names."""
    row = find(call)
    wanted = call.query.get("operationid", "").lower()
    items = []
    for kept in row.get("transitions", ()):
        if wanted and kept["operationId"].lower() != wanted:
            continue
        doc = {name: value for name, value in kept.items() if name not in ("at", "whole")}
        events = [{**doc["events"][0], "status": "Completed"}]
        if kept["whole"] or doc["transitionType"] == "transition_with_license_transfer":
            events.append(
                {
                    "name": "LicenseReassignment",
                    "status": "Completed",
                    "timestamp": doc["events"][0]["timestamp"],
                    "attributes": attributes("TransitionEvent"),
                }
            )
        doc["events"] = events
        items.append(doc)
    answer = collection(items)
    answer["transition"] = items
    return Answer(200, answer)
