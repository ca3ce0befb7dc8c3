"""Charges the worked tables do not print: promotions, longer terms, extended terms, suspension, licences for ever (and
READINGS.md, where the documents are silent).
"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.simulator.money import (
    COMMERCE,
    DAY,
    E1,
    GUIDES_TRIAL,
    STANDARD,
    everything,
    go,
    shop,
    short,
    unbilled,
    upgrade,
)
from tests.simulator.world import CUSTOMER

PERPETUAL, SOFTWARE = "DG7GMGF0D7FX:0002", "DG7GMGF0DVSV:000P"


def test_promotions_show_both_prices():
    """UnitPrice before, EffectiveUnitPrice after the discount; the promotion is named and described."""
    simulator, client = shop("2026-06-10")
    simulator.seed_promotion("PROMO1:0001:A", STANDARD, term="P1M", discount="0.1")
    client.buy(CUSTOMER, STANDARD, 50, "P1M")
    (line,) = everything(client)
    assert ("10.08", "9.07", "453.5", "PROMO1:0001:A", True) == (
        line["unitPrice"],
        line["effectiveUnitPrice"],
        line["subtotal"],
        line["promotionId"],
        "10 %" in json.loads(line["priceAdjustmentDescription"])[0],
    )


@pytest.mark.parametrize(("unit", "seats", "expected"), [("16", 50, "14.4 720"), ("3", 10, "2.7 27")])
def test_documented_discounts(unit, seats, expected):
    """Ten percent off, as the sample lines print it."""
    simulator, client = shop("2026-06-10")
    simulator.seed_price(STANDARD, "P1M", "monthly", unit, currency="EUR")
    simulator.seed_promotion("PROMO1:0001:A", STANDARD, term="P1M", discount="0.1")
    client.buy(CUSTOMER, STANDARD, seats, "P1M")
    (line,) = everything(client)
    assert expected.split() == [line["effectiveUnitPrice"], line["subtotal"]]


def test_a_promotion_that_ended_ends_with_the_renewal():
    """Outside the promotion's days a renewal is charged at the list's price (contract §9.1)."""
    simulator, client = shop("2026-06-10")
    simulator.seed_promotion("PROMO1:0001:A", STANDARD, term="P1M", discount="0.5", end="2026-06-30T00:00:00Z")
    client.buy(CUSTOMER, STANDARD, 10, "P1M")
    go(simulator, "2026-07-11")
    assert ["50.4", "100.8"] == [line["subtotal"] for line in everything(client)]


def test_a_price_is_locked_for_its_term():
    """A new list reaches new purchases and renewals; seats added meanwhile cost what the term costs."""
    simulator, client = shop("2026-06-10")
    row = client.buy(CUSTOMER, STANDARD, 10, "P1M")
    simulator.change_prices(percent="50", at=simulator.now + DAY)
    go(simulator, "2026-06-20")
    client.patch(CUSTOMER, row, quantity=11)
    client.buy(CUSTOMER, STANDARD, 1, "P1M")
    go(simulator, "2026-07-11")
    shown = [(line["chargeType"], line["unitPrice"]) for line in everything(client)]
    assert [
        ("new", "10.08"),
        ("addQuantity", "10.08"),
        ("addQuantity", "10.08"),
        ("new", "15.12"),
        ("renew", "15.12"),
    ] == (shown)


def test_a_longer_term_gives_back_and_charges_anew():
    """A longer term taken in mid-term: the rest of the cycle back, the first cycle of the new commitment in full."""
    simulator, client = shop("2026-06-10")
    row = client.buy(CUSTOMER, STANDARD, 10, "P1M")
    go(simulator, "2026-06-20")
    client.patch(CUSTOMER, row, termDuration="P1Y", billingCycle="annual")
    assert [
        ("convert", "2026-06-20", "2026-07-09", "10", "-67.2"),
        ("convert", "2026-06-20", "2027-06-19", "10", "1209.6"),
    ] == [short(line) for line in everything(client)[1:]]


def test_an_extended_term_is_charged_with_its_uplift():
    """Auto-renewal off without a word: the month after costs 3 % more, says so, and is given back by the day."""
    simulator, client = shop("2026-06-10")
    row = client.buy(CUSTOMER, STANDARD, 10, "P1M")
    client.patch(CUSTOMER, row, autoRenewEnabled=False)
    go(simulator, "2026-07-25")
    client.patch(CUSTOMER, row, status="deleted")
    extended, back = everything(client)[1:]
    assert ("renew", "2026-07-10", "2026-08-09", "10", "103.8") == short(extended)
    assert ("10.08", "10.38", True) == (
        extended["unitPrice"],
        extended["effectiveUnitPrice"],
        "3 %" in extended["priceAdjustmentDescription"],
    )
    assert ("cancelImmediate", "2026-07-25", "2026-08-09", "10", "-53.5") == short(back)


def test_a_commitment_ends_an_extended_term():
    """A year taken in an extended month: the rest of the month back, the year charged, a window as after a renewal."""
    simulator, client = shop("2026-06-10")
    row = client.buy(CUSTOMER, STANDARD, 10, "P1M")
    client.patch(CUSTOMER, row, autoRenewEnabled=False)
    go(simulator, "2026-07-25")
    done = client.patch(CUSTOMER, row, termDuration="P1Y", billingCycle="monthly").body
    assert [("convert", "-53.5"), ("convert", "100.8")] == [short(line)[::4] for line in everything(client)[2:]]
    assert "2026-08-01T23:59:00Z" == done["cancellationAllowedUntilDate"]


def test_without_a_monthly_plan_the_uplift_is_larger():
    """What has no monthly term costs a twelfth of its year and 23 % more."""
    simulator, client = shop("2026-06-10")
    simulator.seed_sku("YEARONLY0001:0001", title="Yearly", plans={"P1Y": ["annual"]}, prices={})
    simulator.seed_price("YEARONLY0001:0001", "P1Y", "annual", "120.96", currency="EUR")
    row = client.buy(CUSTOMER, "YEARONLY0001:0001", 1, "P1Y", "annual")
    client.patch(CUSTOMER, row, autoRenewEnabled=False)
    go(simulator, "2027-06-11")
    assert ("10.08", "12.4") == tuple(everything(client)[-1][name] for name in ("unitPrice", "effectiveUnitPrice"))


def test_what_is_suspended_is_charged_all_the_same():
    """Suspension stops the service, not the bill; at the end of the term the charges end."""
    simulator, client = shop("2026-06-10")
    row = client.buy(CUSTOMER, STANDARD, 10, "P1Y")
    client.patch(CUSTOMER, row, status="suspended")
    go(simulator, "2027-09-01")
    assert ["new"] + 11 * ["cycleCharge"] == [line["chargeType"] for line in everything(client)]


def test_a_cancelled_subscription_is_charged_no_more():
    """After the refund nothing follows."""
    simulator, client = shop("2026-06-10")
    row = client.buy(CUSTOMER, STANDARD, 10, "P1Y")
    client.patch(CUSTOMER, row, status="deleted")
    go(simulator, "2026-12-01")
    assert ["100.8", "-100.8"] == [line["subtotal"] for line in everything(client)]


@pytest.mark.parametrize(("rule", "expected"), [("prorated", "-97.4"), ("full", "-100.8")])
def test_the_first_day(rule, expected):
    """Within 24 hours but after midnight: prorated, or in full where the switch says so (contract §13.3)."""
    simulator, client = shop("2026-06-10", first_day_refund=rule)
    row = client.buy(CUSTOMER, STANDARD, 10, "P1M")
    go(simulator, "2026-06-11", 9)
    client.patch(CUSTOMER, row, status="deleted")
    assert expected == everything(client)[-1]["subtotal"]


def test_a_window_that_is_over_gives_nothing_back():
    """A refused reduction or cancellation leaves no line."""
    simulator, client = shop("2026-06-10")
    row = client.buy(CUSTOMER, STANDARD, 10, "P1Y")
    go(simulator, "2026-06-20")
    refused = [client.patch(CUSTOMER, row, quantity=5).status, client.patch(CUSTOMER, row, status="deleted").status]
    assert ([400, 400], 1) == (refused, len(everything(client)))


def test_seats_that_move_into_another_subscription():
    """MoveQuantity: given back where they leave, charged for the rest of the other one's cycle."""
    simulator, client = shop("2026-06-01")
    target = client.buy(CUSTOMER, E1, 5, "P1Y")
    go(simulator, "2026-06-10")
    row = client.buy(CUSTOMER, STANDARD, 10, "P1M")
    go(simulator, "2026-06-20")
    upgrade(client, row, E1, 4, toSubscriptionId=target)
    found = everything(client)[2:]
    assert [
        ("moveQuantity", "2026-06-20", "2026-07-09", "4", "-26.88"),
        ("moveQuantity", "2026-06-20", "2026-06-30", "4", "9.4"),
    ] == [short(line) for line in found]
    assert 1 == len({line["referenceId"] for line in found})


def test_an_upgrade_may_buy_more_seats_than_it_finds():
    """All old seats are given back, all new ones charged."""
    simulator, client = shop("2026-06-10")
    row = client.buy(CUSTOMER, STANDARD, 10, "P1M")
    go(simulator, "2026-06-25")
    upgrade(client, row, E1, 12)
    assert [("10", "-50.4"), ("12", "38.52")] == [short(line)[3:] for line in everything(client)[1:]]


def test_a_trial_costs_nothing_and_becomes_a_paid_year():
    """A line at zero with its qualifier; left alone, `convert` at the paid price on the day after."""
    simulator, client = shop("2026-06-10")
    client.buy(CUSTOMER, GUIDES_TRIAL, 25, "P1M", "none")
    go(simulator, "2026-07-11")
    trial, paid = everything(client)
    assert (("new", "2026-06-10", "2026-07-09", "25", "0"), ["Trial"]) == (short(trial), trial["productQualifiers"])
    assert (("convert", "2026-07-10", "2026-08-09", "25", "1315.25"), []) == (short(paid), paid["productQualifiers"])


def test_licences_for_ever_are_charged_once():
    """A perpetual licence has one line without term or end, and is given back in full within 30 days."""
    simulator, client = shop("2026-06-10")
    body = {
        "lineItems": [{"catalogItemId": client.item(CUSTOMER, PERPETUAL), "quantity": 3, "billingCycle": "one_time"}]
    }
    cart = client.post(f"/customers/{CUSTOMER}/carts", body).body
    order = client.post(f"/customers/{CUSTOMER}/carts/{cart['id']}/checkout").body["orders"][0]["id"]
    go(simulator, "2026-06-30")
    client("PATCH", f"/customers/{CUSTOMER}/orders/{order}", {"status": "cancelled"})
    bought, back = everything(client)
    amount = bought["subtotal"]
    assert ("new", "", "", "", f"-{amount}", "cancelImmediate") == (
        bought["chargeType"],
        bought["termAndBillingCycle"],
        bought["subscriptionEndDate"],
        bought["subscriptionId"],
        back["subtotal"],
        back["chargeType"],
    )


def test_software_by_the_year():
    """A three-year software subscription billed yearly is charged every year, and given back by the day in its week."""
    simulator, client = shop("2026-06-10")
    kept = client.buy(CUSTOMER, SOFTWARE, 2, "P3Y", "annual")
    other = client.buy(CUSTOMER, SOFTWARE, 2, "P3Y", "annual")
    go(simulator, "2026-06-13")
    client.patch(CUSTOMER, other, status="deleted")
    go(simulator, "2028-06-11")
    found = [(line["subscriptionId"] == kept, line["chargeType"]) for line in everything(client)]
    assert [
        (True, "new"),
        (False, "new"),
        (False, "cancelImmediate"),
        (True, "cycleCharge"),
        (True, "cycleCharge"),
    ] == found


def test_a_renewal_is_charged_when_it_completes():
    """Queued for a day, the renewal's line bears the instant it completed; its days are the term's."""
    simulator, client = shop("2026-06-10", renewal_lag_seconds=7200)
    client.buy(CUSTOMER, STANDARD, 10, "P1M")
    go(simulator, "2026-07-10", 1)
    before = len(everything(client))
    go(simulator, "2026-07-10", 3)
    line = everything(client)[-1]
    assert (1, "2026-07-10T02:00:00Z", "2026-07-10") == (before, line["orderDate"], line["chargeStartDate"][:10])


def test_a_scheduled_change_is_charged_with_the_renewal():
    """Seats, plan and item of next-term instructions are what the renewal's line charges."""
    simulator, client = shop("2026-06-10")
    row = client.buy(CUSTOMER, STANDARD, 10, "P1M")
    product, _, sku = E1.partition(":")
    wanted = {"productId": product, "skuId": sku, "availabilityId": "", "billingCycle": "annual", "termDuration": "P1Y"}
    client.patch(CUSTOMER, row, scheduledNextTermInstructions={"product": wanted, "quantity": 7})
    go(simulator, "2026-07-11")
    assert ("renew", "2026-07-10", "2027-07-09", "7", "540.12") == short(everything(client)[-1])


def test_currencies_without_cents():
    """Yen are cut to whole yen."""
    simulator, client = shop("2026-06-10", currency="JPY")
    simulator.seed_price(STANDARD, "P1M", "monthly", "899", currency="JPY")
    row = client.buy(CUSTOMER, STANDARD, 10, "P1M")
    go(simulator, "2026-06-17", 9)
    client.patch(CUSTOMER, row, status="deleted")
    # 899 × 23 / 30 = 689.2
    assert "-6890" == unbilled(client, currency="JPY")[-1]["subtotal"]


def test_an_instalment_is_rounded_before_it_is_charged():
    """A year of 3393.90 billed by the month is 282.83 a month, half up (commerce §2.2)."""
    simulator, client = shop("2026-06-10")
    simulator.seed_price(STANDARD, "P1Y", "monthly", "3393.90", currency="EUR")
    client.buy(CUSTOMER, STANDARD, 1, "P1Y")
    assert ("282.83", "282.83") == tuple(everything(client)[0][name] for name in ("unitPrice", "subtotal"))


def test_three_years_by_the_year():
    """A three-year term billed yearly is charged thrice, then renewed."""
    simulator, client = shop("2026-06-10")
    client.buy(CUSTOMER, COMMERCE, 1, "P3Y", "annual")
    simulator.advance(timedelta(days=1100))
    assert [("new", "250"), ("cycleCharge", "250"), ("cycleCharge", "250"), ("renew", "250")] == [
        (line["chargeType"], line["subtotal"]) for line in everything(client)
    ]


def test_what_is_seeded_was_charged_before():
    """A seeded subscription leaves no line for its past; its next cycle is the first to."""
    simulator, client = shop("2026-06-10")
    simulator.seed_subscription(CUSTOMER, STANDARD, seats=4, start="2026-03-20T09:00:00Z")
    before = everything(client)
    go(simulator, "2026-06-21")
    assert ([], [("cycleCharge", "2026-06-20", "2026-07-19", "4", "40.32")]) == (
        before,
        [short(line) for line in everything(client)],
    )


def test_the_id_of_a_line_may_be_another():
    """Where the switch says so, SubscriptionId is not the console's (contract §16)."""
    _, client = shop("2026-06-10", recon_subscription_ids="own")
    row = client.buy(CUSTOMER, STANDARD, 1, "P1M")
    assert row != everything(client)[0]["subscriptionId"]
