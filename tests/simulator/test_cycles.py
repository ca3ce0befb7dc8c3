"""Charge cycles and the passing of time: anchors, month ends, leap days, and that it does not matter how the clock is
moved (commerce §2.5, §2.6).
"""

from __future__ import annotations

import csv
import random
from datetime import timedelta
from decimal import Decimal

import pytest

from cspdecl_simulator.charging.calendar import cycle_at, cycles
from cspdecl_simulator.terms import next_term_start
from cspdecl_simulator.wire import moment
from tests.conftest import SHARED
from tests.simulator.money import (
    DAY,
    E1,
    GUIDES_TRIAL,
    STANDARD,
    billed,
    everything,
    go,
    shop,
    short,
    unbilled,
    upgrade,
)
from tests.simulator.world import CUSTOMER, Client

PRINTED = SHARED / "reference" / "vectors" / "charge_cycles.csv"


def _days(start: str, term: str, plan: str, count: int = 12) -> list[str]:
    """First days of the cycles of a full term, month and day."""
    begin = moment(start)
    return [f"{one.start:%m-%d}" for one in list(cycles(begin, next_term_start(begin, term), term, plan))[:count]]


@pytest.mark.parametrize(
    ("start", "term", "expected"),
    [
        ("2021-01-31", "P1Y", "01-31 02-28 03-31 04-30 05-31 06-30 07-31 08-31 09-30 10-31 11-30 12-31"),
        ("2021-01-30", "P1Y", "01-30 02-27 03-30 04-29 05-30 06-29 07-30 08-30 09-29 10-30 11-29 12-30"),
        ("2024-02-29", "P1Y", "02-29 03-31 04-30 05-31 06-30 07-31 08-31 09-30 10-31 11-30 12-31 01-31"),
        ("2024-01-31", "P1Y", "01-31 02-29 03-31 04-30 05-31 06-30 07-31 08-31 09-30 10-31 11-30 12-31"),
        ("2021-01-29", "P1Y", "01-29 02-28 03-29 04-29 05-29 06-29 07-29 08-29 09-29 10-29 11-29 12-29"),
        ("2022-02-21", "P1Y", "02-21 03-21 04-21 05-21 06-21 07-21 08-21 09-21 10-21 11-21 12-21 01-21"),
        ("2021-01-31", "P1M", "01-31"),
    ],
)
def test_anchors(start, term, expected):
    """Cycles keep the day of the month; the last and the second-last one of a month keep their distance from its end."""
    assert expected.split() == _days(start, term, "monthly")


@pytest.mark.skipif(not PRINTED.is_file(), reason="the printed cycles (../shared) are not beside the project")
def test_every_printed_cycle():
    """All documented cycles come out with their first and last day and their number of days."""
    with PRINTED.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    wanted = [(row["charge_start"], row["charge_end_inclusive"], int(row["days"])) for row in rows]
    found = []
    for row in rows:
        begin, term = moment(row["purchase_date"]), row["term"]
        if term == "P1M":
            for _ in range(int(row["cycle_no"]) - 1):
                begin = next_term_start(begin, term)
        cycle = cycle_at(begin, next_term_start(begin, term), term, "monthly", moment(row["charge_start"]))
        found.append((f"{cycle.start:%Y-%m-%d}", f"{cycle.end - DAY:%Y-%m-%d}", cycle.days))
    assert wanted == found


@pytest.mark.parametrize(
    "start", ["2023-12-31", "2024-02-29", "2025-01-30", "2026-08-15", "2024-02-28", "2023-02-28", "2023-02-27"]
)
@pytest.mark.parametrize(
    ("term", "plan"), [("P1M", "monthly"), ("P1Y", "monthly"), ("P1Y", "annual"), ("P3Y", "monthly")]
)
def test_cycles_cover_a_term_without_a_gap(start, term, plan):
    """Each cycle begins where the one before ended, and together they are the term."""
    begin = moment(start)
    end = next_term_start(begin, term)
    found = list(cycles(begin, end, term, plan))
    assert ({"P1M": 1, "P1Y": 12, "P3Y": 36}[term] if plan == "monthly" else 1) == len(found)
    edges = [begin, *[one.end for one in found]]
    assert ([one.start for one in found], end) == (edges[:-1], edges[-1])


def test_leap_years_are_counted():
    """A year that holds 29 February has 366 days: cancelled on its third day, 364 of them are given back."""
    simulator, client = shop("2027-06-01")
    row = client.buy(CUSTOMER, STANDARD, 1, "P1Y", "annual")
    go(simulator, "2027-06-03")
    client.patch(CUSTOMER, row, status="deleted")
    # 120.96 × 364 / 366 = 120.299, cut to the cent of a seat
    assert ("cancelImmediate", "2027-06-03", "2028-05-31", "1", "-120.29") == short(everything(client)[-1])


@pytest.mark.parametrize(("rule", "expected"), [("actual", "-9.72"), ("start_month", "-8.77")])
def test_days_of_a_cycle_that_begins_at_a_month_end(rule, expected):
    """Bought on 31 January, changed on 1 February: 27 days are left of 28, or of January's 31 where the switch says so."""
    simulator, client = shop("2021-01-31", cycle_days=rule)
    row = client.buy(CUSTOMER, STANDARD, 1, "P1M")
    go(simulator, "2021-02-01")
    client.patch(CUSTOMER, row, quantity=2)
    assert ("addQuantity", "2021-02-01", "2021-02-27", "1", expected) == short(everything(client)[1])


def test_a_change_on_the_first_day_takes_the_whole_cycle():
    """Refund and charge of a change on the day of the purchase are those of a full cycle."""
    _, client = shop("2021-01-31")
    row = client.buy(CUSTOMER, STANDARD, 10, "P1M")
    client.patch(CUSTOMER, row, quantity=12)
    assert ["100.8", "-100.8", "120.96"] == [line["subtotal"] for line in everything(client)]


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_summer_time_means_nothing(day):
    """Days are those of UTC: a change just before and just after midnight there falls on two days, clocks changed or
    not.
    """
    simulator, client = shop("2026-03-20" if day == "2026-03-29" else "2026-10-20")
    row = client.buy(CUSTOMER, STANDARD, 10, "P1M")
    simulator.set_time(moment(f"{day}T23:59:59Z"))
    client.patch(CUSTOMER, row, quantity=11)
    simulator.set_time(moment(f"{day}T00:00:00Z") + DAY)
    client.patch(CUSTOMER, row, quantity=12)
    following = f"{moment(day) + DAY:%Y-%m-%d}"
    assert [day, day, following, following] == [line["chargeStartDate"][:10] for line in everything(client)[1:]]


def test_a_shortened_term_begins_with_its_short_cycle():
    """A year cut to end with August: 21 of June's 30 days first, then full months (commerce §2.6)."""
    simulator, client = shop("2026-06-10")
    client.buy(CUSTOMER, STANDARD, 10, "P1Y", customTermEndDate="2026-08-31T00:00:00Z")
    go(simulator, "2026-09-02")
    assert [
        ("new", "2026-06-10", "2026-06-30", "10", "70.5"),
        ("cycleCharge", "2026-07-01", "2026-07-31", "10", "100.8"),
        ("cycleCharge", "2026-08-01", "2026-08-31", "10", "100.8"),
        ("renew", "2026-09-01", "2026-09-30", "10", "100.8"),
    ] == [short(line) for line in everything(client)]


def test_a_cart_says_what_the_lines_will_add_up_to():
    """ExtendedPrice of a shortened term is the sum of its lines."""
    simulator, client = shop("2026-06-10")
    line = client.line(CUSTOMER, STANDARD, 10, "P1Y", customTermEndDate="2027-01-31T00:00:00Z")
    shown = client.cart(CUSTOMER, line).body["lineItems"][0]["pricing"]["extendedPrice"]
    client.buy(CUSTOMER, STANDARD, 10, "P1Y", customTermEndDate="2027-01-31T00:00:00Z")
    go(simulator, "2027-01-31")
    assert Decimal(str(shown)) == sum(Decimal(one["subtotal"]) for one in everything(client))


def test_part_of_an_upgrade_keeps_the_cycles_of_its_source():
    """A year begun on the 31st, split in its third month: both halves are charged on the same days from then on."""
    simulator, client = shop("2026-01-31")
    row = client.buy(CUSTOMER, STANDARD, 30, "P1Y")
    go(simulator, "2026-04-10")
    upgrade(client, row, E1, 10)
    go(simulator, "2026-06-01")
    found = [line for line in everything(client) if line["chargeType"] == "cycleCharge"][-4:]
    assert [("2026-04-30", "20"), ("2026-04-30", "10"), ("2026-05-31", "20"), ("2026-05-31", "10")] == [
        (line["chargeStartDate"][:10], line["billableQuantity"]) for line in found
    ]


# one long step is as good as many short ones


def _live(seed: int, step: timedelta | None) -> list[dict]:
    """A random half year in the life of two customers; between requests the clock goes in steps, or in one."""
    rng, (simulator, client) = random.Random(seed), shop("2026-01-28")
    simulator.seed_customer("9f2b6c1e-0000-4000-8000-000000000002", name="muehlbach")
    customers = [CUSTOMER, "9f2b6c1e-0000-4000-8000-000000000002"]
    rows: list[tuple[str, str]] = []
    for _ in range(14):
        until = simulator.now + timedelta(hours=rng.randrange(1, 700))
        while step is not None and simulator.now + step < until:
            simulator.advance(step)
        simulator.set_time(until)
        _act(rng, client, customers, rows)
    simulator.advance(40 * DAY)
    return everything(client)


def _act(rng: random.Random, client: Client, customers: list[str], rows: list[tuple[str, str]]) -> None:
    """Buys something, or asks for a change that may be refused."""
    if len(rows) < 3 or rng.random() < 0.3:
        customer = rng.choice(customers)
        sku, term, plan = rng.choice(
            [
                (STANDARD, "P1M", "monthly"),
                (STANDARD, "P1Y", "monthly"),
                (STANDARD, "P1Y", "annual"),
                (GUIDES_TRIAL, "P1M", "none"),
            ]
        )
        seats = 25 if plan == "none" else rng.randrange(2, 40)
        rows.append((customer, client.buy(customer, sku, seats, term, plan)))
        return
    customer, row = rng.choice(rows)
    shown = client.subscription(customer, row)
    choice = rng.randrange(5)
    if choice == 0:
        client.patch(customer, row, quantity=shown["quantity"] + rng.randrange(1, 5))
    elif choice == 1:
        client.patch(customer, row, quantity=max(1, shown["quantity"] - rng.randrange(1, 5)))
    elif choice == 2:
        client.patch(customer, row, status=rng.choice(["suspended", "deleted", "active"]))
    elif choice == 3:
        client.patch(customer, row, autoRenewEnabled=rng.random() < 0.5)
    else:
        item = client.item(customer, E1)
        body = {
            "toCatalogItemId": item,
            "quantity": max(1, shown["quantity"] // 2),
            "transitionType": "transition_only",
        }
        client.post(f"/customers/{customer}/subscriptions/{row}/transitions", body)


@pytest.mark.parametrize("seed", range(6))
def test_one_long_step_is_as_good_as_many_short_ones(seed):
    """The same requests at the same instants leave the same lines, ids and all, however the clock got there."""
    assert _live(seed, None) == _live(seed, timedelta(hours=31))


@pytest.mark.parametrize("seed", range(3))
def test_every_paid_day_is_paid_once(seed):
    """Purchases, renewals and cycle charges of a subscription never overlap."""
    taken: dict[str, set[str]] = {}
    twice = []
    for line in _live(seed, None):
        if line["chargeType"] in ("new", "renew", "cycleCharge"):
            day, last = moment(line["chargeStartDate"]), moment(line["chargeEndDate"])
            days = {f"{day + number * DAY:%F}" for number in range((last - day).days + 1)}
            twice += sorted(taken.get(line["subscriptionId"], set()) & days)
            taken.setdefault(line["subscriptionId"], set()).update(days)
    assert [] == twice


@pytest.mark.parametrize("seed", range(3))
def test_lines_add_up_to_their_invoices(seed):
    """TotalCharges of every invoice is the sum of its lines, and every line is on one invoice or on none yet."""
    rng, (simulator, client) = random.Random(seed), shop("2026-01-28", tax_percent="19")
    rows: list[tuple[str, str]] = []
    for _ in range(8):
        simulator.advance(timedelta(hours=rng.randrange(1, 500)))
        _act(rng, client, [CUSTOMER], rows)
    simulator.advance(35 * DAY)
    invoices = {item["id"]: str(item["totalCharges"]) for item in client.get("/invoices").body["items"]}
    sums = {
        number: str(float(sum((Decimal(line["totalForCustomer"]) for line in lines), Decimal(0))))
        for number, lines in billed(client).items()
    }
    assert sums == {number: str(float(amount)) for number, amount in invoices.items()}
    assert [] == [line for line in unbilled(client) + unbilled(client, "previous") if line["invoiceNumber"]]
