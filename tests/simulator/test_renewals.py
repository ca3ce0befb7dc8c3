"""The passing of time: renewal, windows, trials, end of life, common end dates (contract §13.2, §13.6; commerce §2.5)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cspdecl_simulator import Simulator
from cspdecl_simulator.terms import cycle_starts, next_term_start
from cspdecl_simulator.wire import moment
from tests.simulator.world import BASIC, CUSTOMER, NOON, PREMIUM, VISIO, Client, frozen

TRIAL = "CFQ7TTC0LCHC:TRL1"


def test_a_renewal_opens_new_windows():
    """The day after the inclusive end the term starts again, all seats reducible for seven days, under the same id."""
    simulator = frozen()
    row = simulator.seed_subscription(CUSTOMER, PREMIUM, seats=10, start="2025-06-20T09:30:00Z", lots=[])
    client = Client(simulator)
    before = client.subscription(CUSTOMER, row)
    simulator.set_time(moment("2026-06-20T00:00:00Z"))
    after = client.subscription(CUSTOMER, row)
    assert ("2026-06-19T23:59:59Z", "2026-06-20T00:00:00Z", "2027-06-19T23:59:59Z", 10, "2026-06-27T23:59:00Z") == (
        before["commitmentEndDateTime"],
        after["effectiveStartDate"],
        after["commitmentEndDateTime"],
        after["refundableQuantity"]["totalQuantity"],
        after["cancellationAllowedUntilDate"],
    )


def test_renewals_are_orders_of_the_system():
    """Each renewal leaves an order with transaction type renew."""
    simulator = frozen()
    simulator.seed_subscription(CUSTOMER, PREMIUM, term="P1M", start=NOON)
    simulator.advance(timedelta(days=70))
    orders = Client(simulator).get(f"/customers/{CUSTOMER}/orders").body["items"]
    assert [("New", "UserPurchase"), ("renew", "SystemPurchase"), ("renew", "SystemPurchase")] == [
        (order["lineItems"][0]["transactionType"], order["transactionType"]) for order in orders
    ]


def test_a_customer_is_settled_when_touched():
    """With a running clock nothing needs to be advanced: looking is enough."""
    machine = [NOON]
    simulator = Simulator(machine=lambda: machine[0])
    simulator.configure(token_seconds=10**9)
    simulator.seed_customer(CUSTOMER)
    row = simulator.seed_subscription(CUSTOMER, PREMIUM, term="P1M")
    client = Client(simulator)
    machine[0] += timedelta(days=31)
    assert "2026-07-10T00:00:00Z" == client.subscription(CUSTOMER, row)["effectiveStartDate"]


def test_writes_wait_for_a_queued_renewal():
    """From midnight until the renewal completes writes are 409; then the new window starts at that instant."""
    simulator = frozen(renewal_lag_seconds=7200)
    row = simulator.seed_subscription(CUSTOMER, PREMIUM, seats=3, term="P1M", start="2026-05-10T12:00:00Z")
    client = Client(simulator)
    simulator.set_time(moment("2026-06-10T01:00:00Z"))
    queued = client.patch(CUSTOMER, row, quantity=4).status
    simulator.set_time(moment("2026-06-10T02:00:01Z"))
    done = client.patch(CUSTOMER, row, quantity=4)
    assert (409, 200, "2026-06-17T02:00:00Z") == (
        queued,
        done.status,
        done.body["refundableQuantity"]["details"][0]["allowedUntilDateTime"],
    )


@pytest.mark.parametrize(
    ("auto", "expected"),
    [(True, ("active", 25, "P1Y", "monthly", False)), (False, ("expired", 25, "P1M", "none", True))],
)
def test_trials_convert_unless_told_not_to(auto, expected):
    """Left alone a trial becomes 25 seats for a year billed monthly; with auto-renewal off it ends."""
    simulator = frozen()
    row = simulator.seed_subscription(CUSTOMER, TRIAL, seats=25, term="P1M", auto_renew=auto)
    simulator.advance(timedelta(days=31))
    after = Client(simulator).subscription(CUSTOMER, row)
    assert expected == tuple(after[name] for name in ("status", "quantity", "termDuration", "billingCycle", "isTrial"))


def test_suspended_at_the_end_is_disabled():
    """A subscription suspended when its term ends is disabled and deleted after 120 days."""
    simulator = frozen()
    row = simulator.seed_subscription(CUSTOMER, PREMIUM, term="P1M")
    client = Client(simulator)
    client.patch(CUSTOMER, row, status="suspended")
    simulator.advance(timedelta(days=31))
    first = client.subscription(CUSTOMER, row)["status"]
    simulator.advance(timedelta(days=121))
    assert ("disabled", "deleted") == (first, client.subscription(CUSTOMER, row)["status"])


def test_prices_are_locked_for_a_term():
    """A new list price reaches a subscription at its renewal, not before."""
    simulator = frozen()
    client = Client(simulator)
    row = client.buy(CUSTOMER, VISIO, 1, "P1M")
    old = simulator.subscription(CUSTOMER, row)["price"]["unit"]
    simulator.seed_sku(VISIO, title="Visio Plan 2", prices={"P1M/monthly": "100"})
    simulator.advance(timedelta(days=1))
    kept = simulator.subscription(CUSTOMER, row)["price"]["unit"]
    simulator.advance(timedelta(days=31))
    assert (old, "80.00") == (kept, simulator.subscription(CUSTOMER, row)["price"]["unit"])


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2021-01-31", ["01-31", "02-28", "03-31", "04-30", "05-31", "06-30"]),
        ("2021-01-30", ["01-30", "02-27", "03-30", "04-29", "05-30", "06-29"]),
        ("2021-01-15", ["01-15", "02-15", "03-15", "04-15", "05-15", "06-15"]),
    ],
)
def test_monthly_cycles_keep_their_distance_from_month_end(start, expected):
    """The documented series of a year billed monthly (commerce §2.5)."""
    begin = moment(start)
    starts = cycle_starts(begin, next_term_start(begin, "P1Y"), "monthly", "P1Y")
    assert expected == [f"{day:%m-%d}" for day in starts[:6]]


def test_a_year_ends_on_the_day_before():
    """Bought 31 January 2021, the last day is 30 January 2022."""
    simulator = frozen(datetime.fromisoformat("2021-01-31T10:00:00+00:00"))
    row = simulator.seed_subscription(CUSTOMER, PREMIUM)
    assert "2022-01-30T00:00:00Z" == Client(simulator).subscription(CUSTOMER, row)["commitmentEndDate"]


@pytest.mark.parametrize(
    ("existing", "ends", "term", "today", "expected"),
    [
        ("P1Y", "2022-10-01", "P3Y", "2022-07-01", "2024-10-01"),
        ("P3Y", "2022-10-01", "P3Y", "2022-07-01", "2022-10-01"),
        ("P1Y", "2022-10-01", "P1Y", "2022-07-01", "2022-10-01"),
        (None, "", "P3Y", "2022-07-15", "2025-06-30"),
        (None, "", "P1Y", "2022-07-15", "2023-06-30"),
        (None, "", "P1M", "2022-07-15", "2022-07-31"),
        (None, "", "P1Y", "2023-02-04", "2024-01-31"),
    ],
)
def test_common_end_dates(existing, ends, term, today, expected):
    """The table of contract §13.6, from the call that lists them, and each is taken by a cart."""
    simulator = frozen(moment(f"{today}T12:00:00Z"))
    row = ""
    if existing:
        finish = moment(ends) + timedelta(days=1)
        row = simulator.seed_subscription(
            CUSTOMER, PREMIUM, term=existing, start=finish - timedelta(days=300), end=finish
        )
    client = Client(simulator)
    items = client.get(f"/customers/{CUSTOMER}/subscriptions/customTermEndDates?term_duration={term}").body["items"]
    dates = [
        item["allowedCustomTermEndDate"][:10] for item in items if item.get("cotermSubscriptionIds", [""]) == [row]
    ]
    line = client.line(CUSTOMER, BASIC, 2, term, customTermEndDate=f"{expected}T00:00:00Z")
    bought = client.buy(CUSTOMER, BASIC, 2, term, customTermEndDate=f"{expected}T00:00:00Z")
    made = client.cart(CUSTOMER, line).body["lineItems"][0]
    assert ([expected], False, expected) == (
        dates,
        "error" in made,
        client.subscription(CUSTOMER, bought)["commitmentEndDate"][:10],
    )


def test_dates_nobody_ends_on_are_refused():
    """A day in the middle of a month that is no end of anything: line error 10017, and 900242 without a cart."""
    client = Client(frozen())
    line = client.line(CUSTOMER, BASIC, customTermEndDate="2027-01-17T00:00:00Z")
    order = {"LineItems": [line | {"offerId": line["catalogItemId"]}], "BillingCycle": "monthly"}
    assert (10017, (400, 900242)) == (
        client.cart(CUSTOMER, line).body["lineItems"][0]["error"]["errorCode"],
        client.post(f"/customers/{CUSTOMER}/orders", order).code,
    )


def test_a_shortened_term_costs_less():
    """The first charge is the short one; the whole term is less than twelve charges."""
    client = Client(frozen())
    line = client.cart(CUSTOMER, client.line(CUSTOMER, PREMIUM, 1, customTermEndDate="2026-08-31T00:00:00Z")).body[
        "lineItems"
    ][0]
    # 10–30 June are 21 of 30 days, then July and August in full
    assert (12.93, 49.89) == (line["pricing"]["price"], line["pricing"]["extendedPrice"])
