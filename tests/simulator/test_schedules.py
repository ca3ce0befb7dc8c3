"""What shall happen at the end of the term (contract §13.4, §13.8)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.simulator.world import CUSTOMER, E3, E5, NOON, STANDARD, Client, frozen, merged


def instructions(seats, offer=STANDARD, term="P1Y", cycle="monthly", **more):
    product, _, sku = offer.partition(":")
    return {
        "product": {
            "productId": product,
            "skuId": sku,
            "availabilityId": "",
            "billingCycle": cycle,
            "termDuration": term,
        },
        "quantity": seats,
        **more,
    }


def seeded(offer=STANDARD, **more):
    settings = {name: more.pop(name) for name in ("schedule_echo",) if name in more}
    simulator = frozen(**settings)
    row = simulator.seed_subscription(CUSTOMER, offer, **merged(more, seats=10, start=NOON - timedelta(days=100)))
    return simulator, Client(simulator), row


def end(client, row):
    body = client.subscription(CUSTOMER, row)
    return body.get("scheduledNextTermInstructions"), body.get("scheduledActions")


def test_next_term_instructions_are_kept_and_come_true():
    """Fewer seats at renewal: saved, shown as sent, and true after the end of the term."""
    simulator, client, row = seeded()
    done = client.patch(CUSTOMER, row, scheduledNextTermInstructions=instructions(6))
    simulator.advance(timedelta(days=300))
    after = client.subscription(CUSTOMER, row)
    assert (200, 6, 6, "2027-03-02T00:00:00Z", (None, None)) == (
        done.status,
        done.body["scheduledNextTermInstructions"]["quantity"],
        after["quantity"],
        after["effectiveStartDate"],
        end(client, row),
    )


def test_scheduled_actions_win():
    """Both sent, only scheduledActions is honoured; scheduledType is read as scheduleType."""
    _, client, row = seeded()
    action = {"scheduledType": "TermEnd", "actionType": "RenewToNewTerm", "instructions": instructions(4)}
    client.patch(CUSTOMER, row, scheduledNextTermInstructions=instructions(6), scheduledActions=[action])
    assert (None, [("TermEnd", 4)]) == (
        end(client, row)[0],
        [(item["scheduleType"], item["instructions"]["quantity"]) for item in end(client, row)[1]],
    )


def test_both_names_can_be_shown():
    """With schedule_echo=both a GET carries both, so that an unwary echo keeps the old one."""
    _, client, row = seeded(schedule_echo="both")
    client.patch(CUSTOMER, row, scheduledNextTermInstructions=instructions(6))
    client.patch(CUSTOMER, row, scheduledNextTermInstructions=instructions(5))
    assert (6, 6) == (end(client, row)[0]["quantity"], end(client, row)[1][0]["instructions"]["quantity"])


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 11},
        {"friendlyName": "neu"},
        {"status": "suspended"},
        {"autoRenewEnabled": False},
        {"scheduledNextTermInstructions": None},
    ],
)
def test_any_immediate_change_deletes_the_schedule(change):
    """Even when the body still carries it; so do leaving it out and turning renewal off."""
    _, client, row = seeded()
    client.patch(CUSTOMER, row, scheduledNextTermInstructions=instructions(6))
    assert (200, (None, None)) == (client.patch(CUSTOMER, row, **change).status, end(client, row))


def test_an_echo_changes_nothing():
    """A GET sent back as it is keeps the schedule."""
    _, client, row = seeded()
    client.patch(CUSTOMER, row, scheduledNextTermInstructions=instructions(6))
    client.patch(CUSTOMER, row)
    assert 6 == end(client, row)[0]["quantity"]


def test_instructions_need_renewal():
    """Without autoRenewEnabled true in the same body they are refused."""
    _, client, row = seeded()
    assert (400, 800093) == client.patch(
        CUSTOMER, row, autoRenewEnabled=False, scheduledNextTermInstructions=instructions(6)
    ).code


@pytest.mark.parametrize(
    ("offer", "seats", "code"),
    [("CFQ7TTC0LH18:0001", 5, 900260), (STANDARD, 0, 2002), (STANDARD, 301, 2002), ("NOTHING:0001", 5, 400018)],
)
def test_instructions_are_checked(offer, seats, code):
    """A downgrade, seats outside the range and unknown items are not saved."""
    _, client, row = seeded()
    assert code == client.patch(CUSTOMER, row, scheduledNextTermInstructions=instructions(seats, offer)).code[1]


def test_upgrades_can_wait_for_renewal():
    """Another SKU on the upgrade path at the end of the term, under the same id."""
    simulator, client, row = seeded(E3)
    client.patch(CUSTOMER, row, scheduledNextTermInstructions=instructions(10, E5, "P3Y", "annual"))
    simulator.advance(timedelta(days=300))
    after = client.subscription(CUSTOMER, row)
    assert (E5, "P3Y", "annual", "Microsoft 365 E5") == (
        ":".join(after["offerId"].split(":")[:2]),
        after["termDuration"],
        after["billingCycle"],
        after["friendlyName"],
    )


@pytest.mark.parametrize("auto", [True, False])
def test_cancel_at_the_end(auto):
    """An explicit Cancel ends access with the term, whatever auto-renewal says; the data stays for ninety days."""
    simulator, client, row = seeded()
    client.patch(
        CUSTOMER, row, autoRenewEnabled=auto, scheduledActions=[{"scheduleType": "TermEnd", "actionType": "Cancel"}]
    )
    simulator.advance(timedelta(days=300))
    ended = client.subscription(CUSTOMER, row)["status"]
    simulator.advance(timedelta(days=91))
    assert ("disabled", "deleted") == (ended, client.subscription(CUSTOMER, row)["status"])


@pytest.mark.parametrize("explicit", [True, False])
def test_extended_service_terms(explicit):
    """Auto-renewal merely off rolls into a monthly extended term like the explicit action, cancellable at any time."""
    simulator, client, row = seeded()
    actions = [{"scheduleType": "TermEnd", "actionType": "RenewToExtendedServiceTerm"}] if explicit else None
    client.patch(CUSTOMER, row, autoRenewEnabled=False, scheduledActions=actions)
    simulator.advance(timedelta(days=300))
    after = client.subscription(CUSTOMER, row)
    assert ("active", "P1M", True, 200) == (
        after["status"],
        after["termDuration"],
        after["cancellationAllowedUntilDate"] is not None,
        client.patch(CUSTOMER, row, status="deleted").status,
    )


def test_older_purchases_keep_the_grace_period():
    """Bought before 2025-04-01 and not renewed: thirty days expired, ninety disabled, then deleted."""
    simulator, client, row = seeded(term="P3Y", billing="annual", start="2024-01-01", auto_renew=False)
    simulator.set_time(NOON.replace(year=2027, month=1, day=2))
    first = client.subscription(CUSTOMER, row)["status"]
    simulator.advance(timedelta(days=30))
    second = client.subscription(CUSTOMER, row)["status"]
    simulator.advance(timedelta(days=90))
    assert ("expired", "disabled", "deleted") == (first, second, client.subscription(CUSTOMER, row)["status"])


@pytest.mark.parametrize(
    ("end_date", "code"), [("2027-03-31", None), ("2027-08-10", 900246), ("2026-12-31", 900245), ("2028-06-30", 900245)]
)
def test_renewals_can_be_aligned(end_date, code):
    """A month end inside the next term is taken, anything else refused by its reason."""
    simulator, client, row = seeded()
    done = client.patch(CUSTOMER, row, scheduledNextTermInstructions=instructions(10, customTermEndDate=end_date))
    simulator.advance(timedelta(days=270))
    after = client.subscription(CUSTOMER, row)
    assert (code, "2027-03-31" if code is None else "2028-03-01") == (
        done.body.get("code"),
        after["commitmentEndDate"][:10],
    )


@pytest.mark.parametrize(("date", "status"), [("2025-03-01", 200), ("2026-06-10", 400)])
def test_plan_changes_ended_in_april_2025(date, status):
    """P3Y monthly to annual at the next charge: possible before 2025-04-01, blocked since."""
    simulator = frozen(NOON.fromisoformat(f"{date}T12:00:00+00:00"))
    row = simulator.seed_subscription(
        CUSTOMER, STANDARD, seats=10, term="P3Y", start=simulator.now - timedelta(days=40)
    )
    client = Client(simulator)
    done = client.patch(CUSTOMER, row, nextChargeInstructions=instructions(10, STANDARD, "P3Y", "Annual"))
    simulator.advance(timedelta(days=31))
    assert (status, "annual" if status == 200 else "monthly") == (
        done.status,
        client.subscription(CUSTOMER, row)["billingCycle"],
    )
