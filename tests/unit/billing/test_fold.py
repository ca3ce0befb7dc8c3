"""What else the ledger adds up to: how our own operations left things, and since when a customer is ours."""

from __future__ import annotations

from dataclasses import replace

from cspdecl.billing.changes import record_operation
from cspdecl.billing.fold import fold_applied, fold_beginnings, fold_recorded
from cspdecl.core.action import Adopt, Forget, Purchase
from cspdecl.core.address import Address
from cspdecl.core.terms import BillingCycle, Term
from tests.unit.billing.estate import (
    CONTEXT,
    LINE,
    NOW,
    PREMIUM,
    TENANT,
    applied,
    at,
    line,
    operation,
    price_book,
    sealed,
    subscription,
)

CUSTOMER = Address(LINE.customer)


def change(action, ident, *, address=LINE, when, seen=None):
    """The change of one operation of ours at `when`."""
    [made] = record_operation(
        operation(action, address=address, context=line(), ident=ident), applied(seen, when=when), context=CONTEXT,
        prices=price_book(), recorded_at=when, before=seen,
    )  # fmt: skip
    return made


def bought(ident="op-1", when=NOW):
    action = Purchase(
        offer=PREMIUM, seats=8, term=Term.P1Y, billing=BillingCycle.MONTHLY, nickname="x",
        segment="commercial", country="DE", unit_price=None,
    )  # fmt: skip
    return change(action, ident, when=when, seen=subscription(8))


def test_what_was_only_seen_says_nothing_about_what_we_left():
    """An observed change is the last record, and the purchase before it is how we left the line."""
    ours = bought()
    seen = replace(ours, id="seen", origin="drift", quantity_after=ours.quantity_after + 2)
    records = sealed(ours, seen)

    assert [10, 8] == [int(fold(records)[LINE].seats) for fold in (fold_recorded, fold_applied)]
    assert {} == fold_applied(records[1:])


def test_a_customer_is_ours_from_its_first_record_on():
    """However many follow; every id that any of them names is known."""
    first, later = bought(), replace(bought("op-2", at("2026-12-01")), provider_subscription_ids=("s-9",))

    since, ids = fold_beginnings(sealed(first, later))

    assert {LINE.customer: first.time} == since
    assert {*first.provider_subscription_ids, "s-9"} == ids


def test_a_customer_let_go_and_taken_back_begins_anew():
    """What was bought there in between was not bought at a customer of ours."""
    taken = Adopt(provider="partner-center", tenant=TENANT, ids=(), offer=None)
    days = [at("2026-11-01"), at("2026-11-10"), at("2026-11-20")]
    records = sealed(
        change(taken, "op-1", address=CUSTOMER, when=days[0]),
        change(Forget(ids=()), "op-2", address=CUSTOMER, when=days[1]),
        change(taken, "op-3", address=CUSTOMER, when=days[2]),
    )

    assert {} == fold_beginnings(records[:2])[0]
    assert {LINE.customer: days[2]} == fold_beginnings(records)[0]
