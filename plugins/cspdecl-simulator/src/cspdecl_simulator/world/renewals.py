"""What time does to subscriptions: renewal, trial conversion, end of term, extended service, disabling, deletion,
plan changes at a charge.

Sources: contract §13.2 (lifecycle, trials, renewal window), §13.4 (instructions), §13.8 (extended service terms,
2026-05-04), commerce §2.9.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from ..catalog import NCE, SOFTWARE, Sku, availability_id
from ..terms import NEVER, cycle_starts, next_term_start
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


def next_event(row: Doc, lag: float) -> datetime | None:
    """When something will happen to a subscription by itself; None = never."""
    status, end = row["status"], moment(row["end"])
    since = moment(row["status_since"])
    if status in ("active", "suspended"):
        first: list[datetime] = [end + timedelta(seconds=lag)] if end < NEVER else []
        if row["next_charge"]:
            asked = moment(row.get("next_charge_since") or row["start"])
            first += [day for day in cycle_starts(moment(row["start"]), end, row["plan"], row["term"]) if day > asked][
                :1
            ]
        schedule = row["schedule"]
        if schedule and schedule.get("type") == "CustomDate":
            first.append(moment(schedule["date"]))
        return min(first) if first else None
    if status == "expired":
        return since + EXPIRED_FOR
    if status == "disabled":
        return since + (SUSPENDED_DISABLED_FOR if row.get("was_suspended") else DISABLED_FOR)
    return None


def earliest(rows: list[Doc], lag: float) -> float:
    """The next event of a customer as a POSIX time; far away when there is none."""
    found = [event.timestamp() for event in (next_event(row, lag) for row in rows) if event is not None]
    return min(found) if found else 1e18


def settle(call: Call, until: datetime) -> int:
    """Lets everything come true that was due by `until`, in the order of time; returns how many events there were."""
    count, lag = 0, call.settings.renewal_lag_seconds
    for row in list(call.customer.rows("subscription").values()):
        if row["kind"] == "legacy":
            continue
        while (due := next_event(row, lag)) is not None and due <= until:
            call.now = due
            before = snapshot(row)
            _happen(call, row, due)
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
            count += 1
    return count


def _happen(call: Call, row: Doc, due: datetime) -> None:
    status = row["status"]
    if status == "expired":
        row.update(status="disabled", status_since=iso(due))
    elif status == "disabled":
        row.update(status="deleted", status_since=iso(due))
    elif row["schedule"] and row["schedule"].get("type") == "CustomDate" and due < moment(row["end"]):
        _custom_date(call, row, due)
    elif due < moment(row["end"]):
        row["plan"] = snake(row["next_charge"]["product"]["billingCycle"])
        row["next_charge"] = None
    elif status == "suspended":
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


def _custom_date(call: Call, row: Doc, due: datetime) -> None:
    """A schedule of a date inside the term: only an end is acted on, everything else waits for the term's end
    (READINGS.md).
    """
    if row["schedule"]["action"] == "Cancel" and row["est"]:
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
    row.update(trial=False, trial_of="", est=False, custom_end=None)
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
    follow_up(call, row, kind, row["quantity"], source="SystemPurchase")


def _extend(call: Call, row: Doc, due: datetime) -> None:
    """A month of extended service: the monthly price + 3 %, or a twelfth of the annual one + 23 % (commerce §2.9; an
    estimate without own rows).
    """
    start = moment(row["end"])
    sku = call.catalog.find(row["product"], row["sku"])
    if sku is not None:
        monthly = call.catalog.price(
            sku, row["segment"], "P1M", "monthly", call.settings.currency, call.country, call.now
        )
        yearly = call.catalog.price(
            sku, row["segment"], "P1Y", "annual", call.settings.currency, call.country, call.now
        )
        unit = (
            monthly.unit * Decimal("1.03") if monthly else yearly.unit / 12 * Decimal("1.23") if yearly else Decimal(0)
        )
        row["price"] = {
            "unit": str(unit.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)),
            "discount": "0",
            "currency": call.settings.currency,
            "at": iso(call.now),
        }
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
        status="active",
        status_since=iso(due),
    )
    reopen_windows(row, None, iso(due))
    follow_up(call, row, "renew", row["quantity"], source="SystemPurchase")
