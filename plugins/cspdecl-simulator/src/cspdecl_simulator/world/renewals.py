"""What time does to subscriptions: renewal, trial conversion, end of term, extended service, disabling, deletion,
plan changes at a charge.

Sources: contract §13.2 (lifecycle, trials, renewal window), §13.4 (instructions), §13.8 (extended service terms,
2026-05-04), commerce §2.9.
"""

from __future__ import annotations

import heapq
from datetime import datetime, timedelta
from decimal import Decimal

from ..catalog import LEGACY, NCE, SOFTWARE, Sku, availability_id
from ..charging import events
from ..charging.calendar import cycle_of, next_cycle
from ..terms import NEVER, next_term_start
from ..wire import DAY, Doc, iso, midnight, moment, snake
from . import promotions
from .call import Call
from .changes import reopen_windows
from .orders import follow_up
from .subscriptions import snapshot

EST_FROM = moment("2026-05-04T00:00:00Z")  # contract §13.8: terms ending on or after
EST_BOUGHT_FROM = moment("2025-04-01T00:00:00Z")
EXPIRED_FOR, DISABLED_FOR, SUSPENDED_DISABLED_FOR = 30 * DAY, 90 * DAY, 120 * DAY
TRIAL_SEATS = 25


def upcoming(row: Doc, lag: float) -> tuple[datetime, str] | None:
    """When something will happen to a subscription by itself, and what; None = never.

    What falls on one instant happens in this order: a new billing plan, a scheduled end, a charge, the term's end.
    """
    status, end = row["status"], moment(row["end"])
    since = moment(row["status_since"])
    if status in ("active", "suspended"):
        found: list[tuple[datetime, int, str]] = []
        if row["next_charge"]:
            following = cycle_of(row, moment(row.get("next_charge_since") or row["start"])).end
            if following < end:
                found.append((following, 0, "plan"))
        schedule = row["schedule"]
        if schedule and schedule.get("type") == "CustomDate" and moment(schedule["date"]) < end:
            found.append((moment(schedule["date"]), 1, "date"))
        charge = next_cycle(row)
        if charge is not None:
            found.append((charge, 2, "charge"))
        if end < NEVER:
            found.append((end + timedelta(seconds=lag), 3, "end"))
        if not found:
            return None
        due, _, what = min(found)
        return due, what
    if status == "expired":
        return since + EXPIRED_FOR, "disable"
    if status == "disabled":
        return since + (SUSPENDED_DISABLED_FOR if row.get("was_suspended") else DISABLED_FOR), "delete"
    return None


def earliest(rows: list[Doc], lag: float) -> float:
    """The next event of a customer as a POSIX time; far away when there is none."""
    found = [event[0].timestamp() for event in (upcoming(row, lag) for row in rows) if event is not None]
    return min(found) if found else 1e18


def settle(call: Call, until: datetime) -> int:
    """Lets everything come true that was due by `until`, in the order of time over all subscriptions, so that one long
    step is as good as many short ones; returns how many events there were.
    """
    lag, rows = call.settings.renewal_lag_seconds, list(call.customer.rows("subscription").values())
    queue: list[tuple[datetime, int, str]] = []

    def wait(number: int) -> None:
        following = upcoming(rows[number], lag)
        if following is not None and following[0] <= until and rows[number]["kind"] != LEGACY:
            heapq.heappush(queue, (following[0], number, following[1]))

    for number in range(len(rows)):
        wait(number)
    count = 0
    while queue:
        due, number, what = heapq.heappop(queue)
        call.now = due
        _happen(call, rows[number], due, what)
        wait(number)
        count += 1
    return count


def _happen(call: Call, row: Doc, due: datetime, what: str) -> None:
    if what == "charge":
        events.cycle_charge(call, row)
        call.customer.put("subscription", row)
        return
    before = snapshot(row)
    if what == "disable":
        row.update(status="disabled", status_since=iso(due))
    elif what == "delete":
        row.update(status="deleted", status_since=iso(due))
    elif what == "date":
        _custom_date(call, row, due)
    elif what == "plan":
        _change_plan(call, row)
    elif row["status"] == "suspended":
        row.update(
            status="disabled",
            status_since=iso(due),
            auto=False,
            schedule=None,
            cancel_until=None,
            lots=[],
            was_suspended=True,
        )
    else:
        _end_of_term(call, row, due)
    row["version"] += 1
    row.pop("pending", None)
    call.customer.put("subscription", row)
    call.audit(
        "subscription",
        "update_subscription",
        old=before,
        new=snapshot(row),
        data=[{"key": "SubscriptionId", "value": row["id"]}],
    )


def _change_plan(call: Call, row: Doc) -> None:
    """Another billing plan from this cycle on, at the price it had when the term's price was locked."""
    row["plan"] = snake(row["next_charge"]["product"]["billingCycle"])
    row["next_charge"] = None
    sku = call.catalog.find(row["product"], row["sku"])
    currency, locked = call.settings.currency, moment(row["price"].get("at") or row["start"])
    for at in (locked, call.now):
        price = (
            call.catalog.price(sku, row["segment"], row["term"], row["plan"], currency, call.country, at)
            if sku is not None
            else None
        )
        if price is not None:
            row["price"] = row["price"] | {"unit": str(price.unit)}
            break
    events.plan_changed(call, row)


def _custom_date(call: Call, row: Doc, due: datetime) -> None:
    """A schedule of a date inside the term: only an end is acted on, everything else waits for the term's end
    (READINGS.md).
    """
    if row["schedule"]["action"] == "Cancel" and row["est"]:
        events.cancelled(call, row, row.get("term_order") or row["order"])
        row.update(status="deleted", status_since=iso(due), auto=False, schedule=None)
    else:
        row["schedule"] = {**row["schedule"], "type": "TermEnd"}


def _end_of_term(call: Call, row: Doc, due: datetime) -> None:
    schedule = row["schedule"]
    action = schedule["action"] if schedule else None
    if action == "Cancel":
        _stop(row, due, "disabled")  # contract §13.8: access stops at once, the data is kept for a while
    elif action == "RenewToExtendedServiceTerm" or (not row["auto"] and _slides(row)):
        _extend(call, row, due)
    elif not row["auto"] or row["kind"] not in (NCE, SOFTWARE, "SaaS"):
        _stop(row, due, "expired")
    else:
        _renew(call, row, due, schedule["instructions"] if schedule and schedule.get("instructions") else None)


def _stop(row: Doc, due: datetime, status: str) -> None:
    row.update(
        status=status, status_since=iso(due), auto=False, schedule=None, next_charge=None, cancel_until=None, lots=[]
    )


def _slides(row: Doc) -> bool:
    """Auto-renew off without a word about the end rolls into the extended term, for what was bought or renewed since
    2025-04-01.
    """
    return bool(
        row["kind"] == NCE
        and not row["trial"]
        and moment(row["end"]) >= EST_FROM
        and moment(row["committed"]) >= EST_BOUGHT_FROM
    )


def _lock(call: Call, row: Doc, sku: Sku | None, wanted_promotion: str | None) -> None:
    """Today's price and promotion for the term that begins; without a price row the old price stays."""
    if sku is None:
        return
    price = call.catalog.price(
        sku, row["segment"], row["term"], row["plan"], call.settings.currency, call.country, call.now
    )
    wanted = wanted_promotion or row["promotion"]
    won = (
        promotions.best(call, sku.key, row["term"], row["plan"], row["quantity"], wanted) if not row["trial"] else None
    )
    row["promotion"] = won[0] if won else None
    if price is not None:
        row["price"] = {
            "unit": str(price.unit),
            "discount": str(won[1] if won else Decimal(0)),
            "currency": call.settings.currency,
            "at": iso(call.now),
        }


def _become(call: Call, row: Doc, sku: Sku) -> None:
    row.update(
        product=sku.product_id,
        sku=sku.sku_id,
        availability=availability_id(sku, row["segment"], call.now, call.settings.rotation_seconds),
    )
    if row["name"] == row["title"]:
        row["name"] = sku.title
    row["title"] = sku.title


def _renew(call: Call, row: Doc, due: datetime, instructions: Doc | None) -> None:
    trial, start = row["trial"], moment(row["end"])
    wanted_promotion, kind = None, "renew"
    if trial:
        paid = call.catalog.by_key(row["trial_of"])
        if paid is not None:
            _become(call, row, paid)
        row.update(
            term="P1Y",
            plan="monthly",
            quantity=max(row["quantity"], TRIAL_SEATS) if instructions is None else row["quantity"],
        )
        kind = "convert"
    if instructions is not None:
        product = instructions["product"]
        sku = call.catalog.find(str(product.get("productId", "")), str(product.get("skuId", "")))
        if sku is not None:
            _become(call, row, sku)
        row.update(
            term=str(product.get("termDuration") or row["term"]),
            plan=snake(str(product.get("billingCycle") or row["plan"])),
            quantity=int(instructions.get("quantity") or row["quantity"]),
        )
        wanted_promotion = product.get("promotionId")
    row.update(trial=False, trial_of="", est=False, custom_end=None, anchor=None)
    end = next_term_start(start, row["term"])
    if instructions is not None and instructions.get("customTermEndDate"):
        last = midnight(moment(instructions["customTermEndDate"]))
        end, row["custom_end"] = last + DAY, iso(last)
    row.update(
        start=iso(start),
        end=iso(end),
        committed=iso(due),
        schedule=None,
        next_charge=None,
        status="active",
        status_since=iso(due),
        auto=True,
    )
    sku = call.catalog.find(row["product"], row["sku"])
    if trial:
        row["promotion"] = None
        if sku is not None:
            price = call.catalog.price(
                sku, row["segment"], row["term"], row["plan"], call.settings.currency, call.country, call.now
            )
            row["price"] = {
                "unit": str(price.unit if price else 0),
                "discount": "0",
                "currency": call.settings.currency,
                "at": iso(call.now),
            }
    else:
        _lock(call, row, sku, wanted_promotion)
    reopen_windows(row, None, iso(due))
    row["term_order"] = follow_up(call, row, kind, row["quantity"], source="SystemPurchase")["id"]
    events.renewed(call, row, kind, row["term_order"])


def _extend(call: Call, row: Doc, due: datetime) -> None:
    """A month of extended service at its own row of the price sheet."""
    start = moment(row["end"])
    sku = call.catalog.find(row["product"], row["sku"])
    found = (
        call.catalog.extended_price(sku, row["segment"], call.settings.currency, call.country, call.now)
        if sku is not None
        else None
    )
    if sku is not None:
        row["price"] = {
            "unit": str(found.unit if found else 0),
            "discount": "0",
            "currency": call.settings.currency,
            "at": iso(call.now),
        } | ({"base": str(found.base), "uplift": str(found.uplift)} if found else {})
    row.update(
        est=True,
        term="P1M",
        plan="monthly",
        start=iso(start),
        end=iso(next_term_start(start, "P1M")),
        committed=iso(due),
        auto=False,
        schedule=None,
        next_charge=None,
        promotion=None,
        custom_end=None,
        anchor=None,
        status="active",
        status_since=iso(due),
    )
    reopen_windows(row, None, iso(due))
    row["term_order"] = follow_up(call, row, "renew", row["quantity"], source="SystemPurchase")["id"]
    events.renewed(call, row, "renew", row["term_order"])
