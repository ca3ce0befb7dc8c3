"""What was read back is held against what was asked for; a line's bindings follow its upgrades."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cspdecl.core.action import ChangeTerm, Transition
from cspdecl.core.live import Status
from cspdecl.core.outcome import JournalEntry
from cspdecl.core.records import LedgerHead
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.engine.settle import Settler
from tests.unit.billing.estate import (
    CONTEXT,
    LINE,
    NOW,
    PHONE,
    PREMIUM,
    applied,
    binding,
    customer,
    operation,
    price_book,
    price_row,
    subscription,
)

LONGER = ChangeTerm(
    seats=25, before_term=Term.P1Y, before_billing=BillingCycle.MONTHLY, term=Term.P3Y, billing=BillingCycle.ANNUAL
)


def upgrade(seats=10, **rest):
    return Transition(source=PREMIUM, target=PHONE, before=25, seats=seats, **rest)


@pytest.mark.parametrize(
    ("action", "seen", "wrong"),
    [
        (upgrade(), subscription(10, offer=PHONE), None),
        (upgrade(), subscription(10), "upgraded to CFQ7TTC0LH0T:0001 but read back `CFQ7TTC0LCHC:0002`"),
        (upgrade(), subscription(9, offer=PHONE), "10 seats are to be upgraded, 9 were read back"),
        (upgrade(into="s-2", target_before=5), subscription(15, offer=PHONE), None),
        (upgrade(into="s-2", target_before=5), subscription(10, offer=PHONE), "15 seats are to be upgraded"),
        (LONGER, subscription(term=Term.P3Y, billing=BillingCycle.ANNUAL), None),
        (LONGER, subscription(), "P3Y/annual but read back P1Y/monthly"),
    ],
)  # fmt: skip
def test_what_was_read_back_is_what_was_asked_for(action, seen, wrong):
    """Offer, seats and term after an upgrade or a longer term; a contradiction is a sentence for plugin authors."""
    found = Settler.mismatch(operation(action), applied(seen))
    assert found is None if wrong is None else wrong in (found or "")


class Still:
    """A clock that stands."""

    def now(self):
        return NOW

    def monotonic(self):
        return 0.0


def settle(action, made, also=(), *, ids=("s-1",), others=()):
    """The bindings after one operation on a line, and its record."""
    before = subscription()
    bindings = {LINE: binding(LINE, *ids), **{one.address: one for one in others}}
    settler = Settler(
        context=CONTEXT, prices=price_book(price_row(), price_row(PHONE, "96.00")), head=LedgerHead(),
        bindings=bindings, live={"hafenkontor": customer(before)}, clock=Still(),
    )  # fmt: skip
    batch = settler.begin()
    entry = JournalEntry(run="r", op="op-1", kind="outcome", at=NOW)
    batch.add(operation(action, subscription="s-1"), applied(made, also=also), entry)
    return settler, batch.finish()


def test_a_partial_upgrade_binds_both_subscriptions():
    """What stayed and what was made, in this order; both are in what the run remembers."""
    left, made = subscription(15), subscription(10, id="s-2", offer=PHONE)
    settler, batch = settle(upgrade(), made, also=(left,))
    assert settler.bindings[LINE].ids == ("s-1", "s-2")
    assert {item.id: item.seats for item in settler.live["hafenkontor"].subscriptions} == {"s-1": 15, "s-2": 10}
    assert len(batch.ledger) == 1


def test_seats_moved_to_the_last_leave_the_target_alone():
    """The source is gone: its id goes, and the binding is of the new offer."""
    gone = replace(subscription(), status=Status.DELETED)
    settler, _batch = settle(
        upgrade(25, into="s-2"), subscription(25, id="s-2", offer=PHONE), also=(gone,), ids=("s-1", "s-2")
    )
    assert (settler.bindings[LINE].ids, settler.bindings[LINE].offer) == (("s-2",), PHONE)


def test_a_subscription_of_another_line_is_not_bound_twice():
    """Seats moved into what another line stands for: that line keeps it alone."""
    other = binding(LINE.child("other"), "s-2", offer=PHONE)
    settler, _batch = settle(
        upgrade(into="s-2"), subscription(10, id="s-2", offer=PHONE), also=(subscription(15),), others=(other,)
    )
    assert settler.bindings[LINE].ids == ("s-1",)
