"""PATCH on a subscription: the full-replacement contract and every change that goes through it.

Sources: contract §13.1 (what is reset, what deletes schedules), §13.2 (renewal window), §13.3 (windows), §13.5
(terms), §13.9 (limits), §4 (codes).
"""

from __future__ import annotations

import copy
from datetime import timedelta
from decimal import Decimal

from ..catalog import LEGACY, NCE, SOFTWARE
from ..charging import events
from ..terms import MONTHS, next_term_start
from ..wire import Answer, Body, Doc, Refusal, iso, midnight, moment, snake
from . import promotions
from .call import Call, as_flag, as_quantity, check_etag, etag_of
from .limits import refuse_in_use
from .lines import SANDBOX_SEATS, seats_left
from .orders import follow_up
from .schedule import check_schedule, read_next_charge, read_schedule, same
from .subscriptions import WINDOW, cancel_until, conversion_of, find, open_lots, provisioned, render, snapshot
from .transfers import refuse_pending

_CLOSED = {
    "deleted": (400, 2011, "The subscription has been deleted."),
    "expired": (400, 900277, "The subscription has expired."),
    "disabled": (400, 900279, "The subscription is disabled: updates are no longer allowed."),
}


def patch_subscription(call: Call) -> Answer:
    """PATCH …/subscriptions/{id}: 200 with the resource, or 202 with a Location when the service is slow."""
    row, form = find(call), call.form
    _check_ready(call, row)
    check_etag(call, etag_of(row["id"], row["version"]))
    if (form.text("id") or row["id"]).lower() != row["id"].lower():
        raise Refusal(400, 3000, "The id of the body is not that of the path.")
    before = copy.deepcopy(row)
    before.pop("pending", None)
    work = copy.deepcopy(row)
    changed = _apply(call, work, form)
    work["version"] += 1
    work["updates"] += 1
    slow = call.settings.slow_seconds
    if slow > 0 and changed:
        work["pending"] = {
            "due": iso(call.machine + timedelta(seconds=slow)),
            "due_business": iso(call.now + timedelta(seconds=slow)),
            "before": before,
        }
    else:
        work.pop("pending", None)
    call.customer.put("subscription", work)
    call.audit(
        "subscription",
        "update_subscription",
        old=snapshot(before),
        new=snapshot(work),
        data=[{"key": "SubscriptionId", "value": work["id"]}],
    )
    if work.get("pending"):
        shown = dict(work)
        shown.pop("pending")
        return Answer(202, render(call, shown), {"Location": f"{call.base}/subscriptions/{work['id']}"})
    return Answer(200, render(call, work))


def _check_ready(call: Call, row: Doc) -> None:
    pending = row.get("pending")
    if pending and call.machine < moment(pending["due"]) and call.now < moment(pending["due_business"]):
        raise Refusal(409, 800082, "The subscription is not ready: an earlier update is still running.")
    if row["status"] in _CLOSED:
        raise Refusal(*_CLOSED[row["status"]])
    if not provisioned(call, row):
        raise Refusal(400, 800081, "The subscription cannot be updated before it is active.")
    if row["updates"] >= call.settings.update_limit:
        raise Refusal(400, 900311, "The subscription has been updated too many times.")
    if call.customer.customer.get("locked"):
        raise Refusal(403, 900416, "The customer is locked.")
    refuse_pending(call, row)


def renewing(call: Call, row: Doc) -> bool:
    """Inside the queue of a renewal: from 00:00 UTC of the new term's first day until the renewal completes (contract
    §13.2).
    """
    end = moment(row["end"])
    return row["status"] in ("active", "suspended") and end <= call.now < end + timedelta(
        seconds=call.settings.renewal_lag_seconds
    )


def _apply(call: Call, row: Doc, form: Body) -> list[str]:
    """Makes the changes a body asks for, in place, and says which kinds there were.

    Omitted autoRenewEnabled, next-term and next-charge instructions are reset (contract §13.1); omitted quantity,
    status and names are not touched.
    """
    if renewing(call, row):
        raise Refusal(409, 900278, "The subscription is being renewed: repeat the request later.")
    quantity = as_quantity(form["quantity"]) if form.get("quantity") is not None else row["quantity"]
    status = snake(str(form.get("status") or row["status"]))
    auto = as_flag(form["autorenewenabled"], "autoRenewEnabled") if form.get("autorenewenabled") is not None else False
    name = form.text("friendlyname") or row["name"]
    term = str(form.text("termduration") or row["term"]).upper() if row["kind"] != LEGACY else row["term"]
    plan = snake(form.text("billingcycle") or row["plan"])
    partner = form.text("partnerid") or row["partner"]
    changed = [
        what
        for what, differs in (
            ("status", status != row["status"]),
            ("quantity", quantity != row["quantity"]),
            ("term", (term, plan) != (row["term"], row["plan"])),
            ("name", name != row["name"]),
            ("partner", partner != row["partner"]),
        )
        if differs
    ]
    wanted = read_schedule(call, form, row) if row["kind"] != LEGACY else None
    asked_auto = form.get("autorenewenabled") is not None and auto != row["auto"]
    if asked_auto and auto and row["status"] == "suspended" and status == "suspended":
        raise Refusal(400, 800091, "The subscription is suspended.")
    if call.settings.single_change and len(changed) + (asked_auto and "status" not in changed) > 1:
        raise Refusal(400, 800002, "Only one property can change in one request.")
    _apply_charge_and_schedule(call, row, form, wanted, auto, changed)
    if "status" in changed:
        _change_status(call, row, status)
    if "quantity" in changed:
        _change_quantity(call, row, quantity)
    if "term" in changed:
        _change_term(call, row, term, plan, form)
    if "name" in changed:
        row["name"] = name
    if "partner" in changed:
        _change_partner(call, row, partner)
    if row["status"] == "active" and row["status"] == status and "status" not in changed:
        _set_auto(row, auto)
    if changed and not row["trial"]:
        row["schedule"] = None
    return changed + (["auto"] if asked_auto else [])


def _set_auto(row: Doc, auto: bool) -> None:
    if auto and row["kind"] == SOFTWARE and not row["term"]:
        raise Refusal(400, 800093, "The subscription cannot renew by itself.")
    row["auto"] = auto


def _apply_charge_and_schedule(
    call: Call, row: Doc, form: Body, wanted: Doc | None, auto: bool, changed: list[str]
) -> None:
    """Schedules are saved when nothing else changes; any immediate change deletes them, whatever the body still says
    (contract §13.1).
    """
    if row["kind"] == LEGACY:
        return
    next_charge = read_next_charge(call, form, row)
    if next_charge != row["next_charge"]:
        row.update(next_charge=next_charge, next_charge_since=iso(call.now))
    if changed:
        if "term" in changed and row["schedule"] and not row["trial"]:
            raise Refusal(400, 900280, "The term cannot change while scheduled changes are pending.")
        return
    if wanted is None:
        if not row["trial"]:
            row["schedule"] = None
        elif auto and row["schedule"] is not None and row["schedule"]["action"] != "RenewToNewTerm":
            row["schedule"] = conversion_of(row["trial_of"], row["quantity"])  # it was to end, and renews again
    elif not same(wanted, row["schedule"]):
        row["schedule"] = check_schedule(call, row, wanted, auto)
    elif (
        row["schedule"] is not None and row["schedule"]["action"] == "RenewToNewTerm" and not auto and not row["trial"]
    ):
        row["schedule"] = None  # auto-renew off deletes them
    elif row["schedule"] is not None and row["schedule"]["source"] == "next" and wanted["source"] == "actions":
        row["schedule"]["source"] = "actions"


def _change_status(call: Call, row: Doc, status: str) -> None:
    if row["trial"] and row["kind"] == NCE:
        raise Refusal(400, 800096, "The status of a trial cannot be changed.")
    if status == "deleted":
        _cancel(call, row)
    elif status == "suspended" and row["status"] == "active":
        refuse_in_use(row)
        row.update(auto=False)  # contract §13.1: suspension turns auto-renew off, resuming does not turn it on
    elif status == "active" and row["status"] == "suspended":
        if any("microsoft" in str(reason).lower() for reason in row["suspended_by"]):
            raise Refusal(400, 800096, "The subscription was suspended by Microsoft and cannot be reactivated.")
        if call.now >= moment(row["end"]):
            raise Refusal(400, 900277, "The subscription's term has ended.")
        row["suspended_by"] = []
    else:
        raise Refusal(400, 800096, f"The status cannot change from {row['status']} to {status}.")
    if status == "suspended":
        row["suspended_by"] = ["CustomerCancellation"]
    row.update(status=status, status_since=iso(call.now))


def _cancel(call: Call, row: Doc) -> None:
    until = row["cancel_until"]
    if until is None or call.now > moment(until):
        if row["kind"] == "SaaS":
            raise Refusal(400, 900213, "The subscription is past the 72-hour cancellation window.", data=["72"])
        raise Refusal(400, 900117, "The subscription is past the 7-day cancellation window.", data=["7"])
    if row["kind"] == NCE and any(
        other.get("parent") == row["id"] and other["status"] == "active"
        for other in call.customer.rows("subscription").values()
    ):
        raise Refusal(409, 27009, "Cancel the add-ons first.")
    if row["kind"] != LEGACY:
        events.cancelled(call, row, follow_up(call, row, "Cancel", row["quantity"])["id"])
    row.update(auto=False, lots=[], cancel_until=None, schedule=None, next_charge=None)


def _change_quantity(call: Call, row: Doc, quantity: int) -> None:
    if row["status"] == "suspended":
        raise Refusal(400, 2001, "The quantity cannot change while the subscription is suspended.")
    if row["trial"]:
        raise Refusal(400, 800095, "The quantity of a trial cannot be changed.")
    sku = call.catalog.find(row["product"], row["sku"])
    low, high = (sku.min_seats, sku.max_seats) if sku else (1, 10_000_000)
    if quantity < low or (quantity > high and not (sku and sku.pooled)):
        raise Refusal(400, 2002, f"The quantity must lie between {low} and {high}.", data=[str(low), str(high)])
    delta = quantity - row["quantity"]
    if row["est"]:
        raise Refusal(403, 800027, "Licences cannot change in an extended service term: renew, upgrade or cancel it.")
    if delta > 0:
        if row["kind"] == SOFTWARE:
            raise Refusal(403, 800027, "Licences of a software subscription cannot be added to it.")
        if call.settings.environment == "sandbox" and quantity > SANDBOX_SEATS:
            raise Refusal(400, 800018, f"The sandbox allows {SANDBOX_SEATS} licences per subscription.")
        if sku is not None and sku.pooled:
            left, _ = seats_left(call.customer, sku, besides=row["id"])
            if quantity > left:
                available = max(0, left - row["quantity"])
                raise Refusal(
                    403,
                    800088,
                    f"The quantity exceeds the remaining limit of {available} seats for catalog item {sku.key}.",
                    data=[sku.key, str(available)],
                )
        if row["promotion"]:
            _check_cap(call, row, delta)
        if row["kind"] != LEGACY:
            row["lots"].append({"quantity": delta, "until": iso(call.now + WINDOW)})
    elif row["kind"] != LEGACY:
        _give_back(call, row, -delta)
    row["quantity"] = quantity
    if row["kind"] != LEGACY:
        row["promotion_seats"] = max(row.get("promotion_seats", 0), quantity)
        order = follow_up(call, row, "addQuantity" if delta > 0 else "removeQuantity", quantity)
        events.seats_changed(call, row, quantity - delta, order["id"])


def _check_cap(call: Call, row: Doc, delta: int) -> None:
    """Adding seats beyond a promotion's cap fails, where a purchase would go through at list price (contract §9.1)."""
    promotion = call.partner.shared_one("promotion", str(row["promotion"]).upper())
    if promotion is not None and any(
        item["type"] == "SeatCount"
        for item in promotions.problems(
            call, promotion, f"{row['product']}:{row['sku']}", row["term"], row["plan"], delta
        )
    ):
        raise Refusal(400, 27006, "The promotion's seat limit has been reached.")


def _give_back(call: Call, row: Doc, seats: int) -> None:
    """Takes seats out of the batches whose window is open, the oldest first (READINGS.md)."""
    lots = open_lots(row, call.now)
    total = sum(lot["quantity"] for lot in lots)
    if row["kind"] == SOFTWARE:
        raise Refusal(403, 800027, "Licences of this subscription cannot be reduced.")
    if total == 0:
        raise Refusal(400, 900257, "The subscription is past the 7-day seat-reduction window.", data=["7"])
    if seats > total:
        raise Refusal(400, 800090, f"The quantity cannot be decreased by {seats}: {total} can be.", data=[str(total)])
    for lot in row["lots"]:
        if lot in lots and seats:
            taken = min(seats, lot["quantity"])
            lot["quantity"] -= taken
            seats -= taken


def _change_term(call: Call, row: Doc, term: str, plan: str, form: Body) -> None:
    """A longer term at once, with a new commitment for the whole of it (contract §13.5)."""
    if row["kind"] == LEGACY:
        raise Refusal(400, 2054, "The billing cycle cannot change through the subscription.")
    if row["trial"]:
        raise Refusal(400, 800107, "The term of a trial cannot be changed.")
    if row["status"] != "active":
        raise Refusal(400, 800091, "The subscription is suspended.")
    if term == row["term"]:
        raise Refusal(400, 800097, "The billing cycle cannot change alone within a term.")
    sku = call.catalog.find(row["product"], row["sku"])
    if term not in MONTHS or sku is None or term not in sku.plans or row["kind"] != NCE:
        raise Refusal(400, 800121, f"The term {term} is not valid for this subscription.")
    if MONTHS[term] < MONTHS.get(row["term"], 0):
        raise Refusal(400, 800122, "The term cannot be shortened.")
    if plan not in sku.plans[term]:
        raise Refusal(400, 800097, f"Billing {plan} is not available with term {term}.")
    price = call.catalog.price(sku, row["segment"], term, plan, call.settings.currency, call.country, call.now)
    if price is None:
        raise Refusal(403, 800028, "This term is no longer available for purchase.")
    won = promotions.best(call, sku.key, term, plan, row["quantity"], form.text("promotionid"))
    before = dict(row)
    row.update(
        term=term,
        plan=plan,
        start=iso(call.now),
        end=iso(next_term_start(call.now, term)),
        committed=iso(call.now),
        custom_end=None,
        anchor=None,
        est=False,
        promotion=won[0] if won else None,
        price={
            "unit": str(price.unit),
            "discount": str(won[1] if won else Decimal(0)),
            "currency": call.settings.currency,
            "at": iso(call.now),
        },
    )
    # No new window is documented for a term change; what was still open stays open (READINGS.md). An extended term
    # could be left on any day: leaving it for a commitment is a renewal, with a renewal's window.
    if before["est"]:
        reopen_windows(row, None, iso(call.now))
    order = follow_up(call, row, "convert", row["quantity"])
    events.converted(call, before, row, row["quantity"], order["id"])


def _change_partner(call: Call, row: Doc, partner: str) -> None:
    if call.settings.model == "direct" or not any(
        item["mpnId"] == partner for item in call.partner.shared("reseller").values()
    ):
        raise Refusal(400, 800098, "The partner of record cannot be updated.")
    row["partner"] = partner


def reopen_windows(row: Doc, at: Doc | None, moment_of: str) -> None:
    """A new term's own windows: all seats one batch, cancellable for seven days (contract §13.3)."""
    start = moment(moment_of)
    until = cancel_until(row["kind"], row["term"], start)
    row["lots"] = [] if row["kind"] == SOFTWARE else [{"quantity": row["quantity"], "until": iso(start + WINDOW)}]
    row["cancel_until"] = iso(until) if until else None
    if row["est"]:
        row["cancel_until"], row["lots"] = iso(midnight(moment(row["end"])) - timedelta(seconds=1)), []
