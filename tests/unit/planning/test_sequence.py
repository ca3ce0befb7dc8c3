"""Operations: their ids, guards, order and what they need."""

from __future__ import annotations

from dataclasses import replace

from cspdecl.core.address import Address
from cspdecl.core.live import CustomerAbsent
from cspdecl.core.records import BookEntry
from tests.planning_builders import (
    NOW,
    PHONE,
    PREMIUM,
    VISIO,
    actions,
    at,
    binding,
    bundle,
    create_spec,
    customer,
    line,
    live_customer,
    make_plan,
    next_term,
    prices,
    service,
    sub,
)  # fmt: skip

BOUND = [binding("hafenkontor/visio", "s1")]


def planned(spec_line, live, **rest):
    return make_plan([customer("hafenkontor", spec_line)], [live_customer("hafenkontor", live)], bindings=BOUND, **rest)


def test_the_worked_example():
    """25 seats, 5 of them returnable, 17 declared: five now before their deadline, the rest scheduled after that."""
    now, later = planned(line("visio", seats=17), sub(seats=25, lots=[(5, at("2026-11-25T09:30"))])).operations

    assert (25, 20, at("2026-11-25T09:30")) == (now.action.before, now.action.after, now.not_after)
    assert (25, None, True) == (now.guard.seats, now.guard.scheduled, now.guard.check_scheduled)
    assert (17, (now.id,), at("2027-03-15")) == (later.action.next.seats, later.requires, later.not_after)
    assert (20, False) == (later.guard.seats, later.guard.check_scheduled)


def test_planning_again_gives_the_same_ids():
    """Nothing changed, so nothing is new; a price that moved changes only what it prices."""
    first, again = planned(line("visio", seats=9), sub()), planned(line("visio", seats=9), sub())

    assert [item.id for item in first.operations] == [item.id for item in again.operations]
    assert first.id == again.id


def test_the_ledger_makes_a_second_purchase_another_one():
    """Buying, cancelling and buying again are three operations: the last record of the address is part of an id."""
    spec, live = customer("hafenkontor", line("visio")), live_customer("hafenkontor")

    first = make_plan([spec], [live]).operations[0]
    third = make_plan([spec], [live], last_hashes={Address.parse("hafenkontor/visio"): "f" * 64}).operations[0]

    assert first.id != third.id
    assert first.action.nickname != third.action.nickname


def test_a_purchase_carries_its_mark():
    """The name that travels into order and subscription ends with eight digits that nobody else's has."""
    made = make_plan(
        [customer("hafenkontor", line("visio", nickname="Zeichner"), line("visio-2"))], [live_customer("hafenkontor")]
    )
    names = [item.action.nickname for item in made.operations]

    assert all(name.endswith("]") and "[cspdecl-" in name for name in names)
    assert 2 == len(set(names))
    assert names[0].startswith("Zeichner ")


def test_a_purchase_lists_its_siblings():
    """Running subscriptions of the offer, and purchases before it in the plan, so that another one is noticed."""
    made = make_plan(
        [customer("hafenkontor", line("a"), line("b"), line("c"))], [live_customer("hafenkontor", sub("s1"), sub("p1", PHONE))],
        bindings=[binding("hafenkontor/a", "s1")],
    )  # fmt: skip
    first, second = made.operations

    assert (("s1",), 0) == (first.guard.siblings, first.guard.earlier_purchases)
    assert (("s1",), 1, (first.id,)) == (second.guard.siblings, second.guard.earlier_purchases, second.requires)


def test_what_is_bought_for_a_new_customer_waits_for_it():
    """Create, attest, buy: each needs the one before."""
    spec = customer("neu", line("visio", customer="neu"), tenant=None, create=create_spec("neu"))

    create, attest, buy = make_plan([spec], [], absent=[CustomerAbsent(key="neu", read_at=NOW)]).operations

    assert ((create.id,), (create.id, attest.id)) == (attest.requires, buy.requires)
    assert (None, None) == (create.guard.tenant, buy.guard.tenant)


def test_a_change_depends_on_the_adoption():
    """Nothing is changed at the provider before the address stands for it."""
    adopt, change = make_plan(
        [customer("hafenkontor", line("visio", seats=9))], [live_customer("hafenkontor", sub("s1"))]
    ).operations

    assert ("adopt", (adopt.id,)) == (adopt.action.kind, change.requires)


def test_what_was_scheduled_is_written_again_after_a_name():
    """Even a new name may delete the schedule, so the plan writes it again and shows it."""
    live = sub(seats=8)

    made = planned(line("visio", seats=5, nickname="neu"), replace(live, scheduled=next_term(live, 5)))

    assert ["hafenkontor/visio rename", "hafenkontor/visio schedule_renewal"] == actions(made)
    assert "schedule.again" == made.operations[1].reason.code


def test_more_of_a_bundled_service_waits_for_the_anchor():
    """The customer pays for seats that are there: a service grows only after the bundle's anchor has grown."""
    lines, sold = bundle("hafenkontor", "platz", 9, {"m365": (PREMIUM, 9)})
    care = service("platz/betreuung", 9, bundle=lines[0].bundle)
    entry = BookEntry(address=care.address, service="managed-workplace", quantity=5, sell=None)

    made = make_plan(
        [customer("hafenkontor", *lines, services=(care,), bundles=(sold,))],
        [live_customer("hafenkontor", sub("s1", PREMIUM, 5))],
        bindings=[binding("hafenkontor/platz/m365", "s1", offer=PREMIUM)], book=[entry],
    )  # fmt: skip
    seats, booked = made.operations

    assert ("set_seats", "book_service", (seats.id,)) == (seats.action.kind, booked.action.kind, booked.requires)


def test_bundle_seats_held_back_stay_billed():
    """The anchor's operation says what is declared of line and bundle; its money counts the seats it still has."""
    lines, sold = bundle("hafenkontor", "platz", 17, {"m365": (PREMIUM, 17)}, sell="54.90")

    now, later = make_plan(
        [customer("hafenkontor", *lines, bundles=(sold,))],
        [live_customer("hafenkontor", sub("s1", PREMIUM, 25, lots=[(5, at("2026-11-25"))]))],
        bindings=[binding("hafenkontor/platz/m365", "s1", offer=PREMIUM)],
    ).operations  # fmt: skip

    assert (True, 17, 17) == (now.context.anchor, now.context.bundle_seats, now.context.seats)
    assert "-274.50 EUR" == str(now.preview.sell)
    assert later.preview is None


def test_a_service_that_is_not_declared_stays_in_the_book():
    """Taking a line out ends nothing, for own services either: it is said, and `absent: true` is asked for."""
    entry = BookEntry(
        address=Address.parse("hafenkontor/betreuung"), service="managed-workplace", quantity=5, sell=None
    )

    made = make_plan([customer("hafenkontor")], [live_customer("hafenkontor")], book=[entry])

    assert () == made.operations
    assert ["CSP378"] == [item.code for item in made.diagnostics]


def test_a_price_that_is_unknown_stays_unknown():
    """No amount is zero because it is not known; it is counted."""
    made = make_plan(
        [customer("hafenkontor", line("visio"))], [live_customer("hafenkontor")], price_book=prices({PHONE: "8.00"})
    )
    preview = made.operations[0].preview

    assert (None, None, None) == (preview.cost_cycle, preview.commitment, made.operations[0].action.unit_price)
    assert preview.unknown
    assert (1, ()) == (made.totals.unknown, made.totals.commitment)


def test_offers_are_priced_as_they_were_locked():
    """A subscription whose term began before every list has no price, whatever today's list says."""
    live = replace(sub(VISIO and "s1", seats=5), term_started=at("2019-03-15"))

    assert planned(line("visio", seats=6), live).operations[0].preview.unknown
