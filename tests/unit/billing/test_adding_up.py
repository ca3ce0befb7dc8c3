"""What to add up: recurring deltas of all records give what runs now; nothing is counted twice, nothing is left over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cspdecl.billing.changes import record_operation
from cspdecl.billing.fold import fold_recorded
from cspdecl.billing.observe import observe_changes
from cspdecl.billing.seats import Estate
from cspdecl.core.action import Adopt, Forget, Rebind, SetSeats
from cspdecl.core.address import Address
from cspdecl.core.money import Money
from cspdecl.core.records import LedgerHead, LedgerRecord
from tests.unit.billing.estate import (
    ANCHOR,
    CONTEXT,
    LINE,
    NOW,
    PREMIUM,
    TENANT,
    anchor_line,
    applied,
    at,
    binding,
    desired,
    line,
    live,
    monthly,
    operation,
    price_book,
    sealed,
    subscription,
)

EUR = "EUR"
ADOPT = Adopt(provider="partner-center", tenant=TENANT, ids=("s-1",), offer=PREMIUM)


class Books:
    """A ledger that grows by operations and looks."""

    def __init__(self):
        self.records: tuple[LedgerRecord, ...] = ()

    def take(self, changes):
        head = LedgerHead(seq=self.records[-1].seq, hash=self.records[-1].hash) if self.records else None
        self.records += sealed(*changes, head=head)
        self.changes = [*getattr(self, "changes", ()), *changes]

    def do(self, action, seen=None, *, address=LINE, context=None, before=None):
        ident = f"op-{len(self.records)}"
        self.take(
            record_operation(
                operation(action, address=address, context=context or line(sell=monthly("29.90")), ident=ident),
                applied(seen),
                context=CONTEXT,
                prices=price_book(),
                recorded_at=NOW,
                before=before,
                estate=Estate(recorded=fold_recorded(self.records)),
            )
        )

    def look(self, seen, now, *, address=LINE, state=None):
        self.take(
            observe_changes(
                fold_recorded(self.records),
                live(seen, read_at=now),
                desired=state or desired(),
                bindings={address: binding(address)},
                prices=price_book(),
                now=now,
                context=CONTEXT,
            )
        )

    def total(self, field):
        found = [getattr(change, field) for change in self.changes]
        return sum((amount for amount in found if amount is not None), Money.zero(EUR))

    def runs(self):
        return self.total("recurring_cost_delta"), self.total("recurring_sell_delta")


def eur(*amounts):
    return tuple(Money.of(amount, EUR) for amount in amounts)


def test_a_line_from_its_adoption_to_its_end():
    """Adopted, raised, renewed smaller, lowered elsewhere, renamed, let go: after each, the sums are what runs."""
    books = Books()
    books.do(ADOPT, subscription(25), before=subscription(25))
    assert books.runs() == eur("515.00", "747.50")
    books.do(SetSeats(before=25, after=28), subscription(28), before=subscription(25))
    assert books.runs() == eur("576.80", "837.20")
    renewed = subscription(28, term_started=at("2027-03-15"), term_ends=at("2028-03-15"))
    books.look(renewed, at("2027-03-16"))
    assert books.runs() == eur("576.80", "837.20")
    books.look(replace(renewed, seats=20), at("2027-03-16") + timedelta(days=3))
    assert books.runs() == eur("412.00", "598.00")
    fewer = replace(renewed, seats=20)
    new = Address.parse("hafenkontor/office")
    books.do(Rebind(source=LINE, ids=("s-1",)), address=new, before=fewer)
    assert books.runs() == eur("412.00", "598.00")
    books.do(Forget(ids=("s-1",)), address=new, before=fewer, context=line(sell=None))
    assert books.runs() == eur("0.00", "0.00")


def test_a_bundle_adds_up_as_its_lines_do():
    """The bundle's price comes in with its anchor and goes with it."""
    books = Books()
    books.do(
        ADOPT, subscription(20), before=subscription(20), address=ANCHOR, context=anchor_line(bundle_seats=20, seats=20)
    )
    assert books.total("bundle_recurring_sell_delta") == Money.of("1098.00", EUR)
    books.do(Forget(ids=("s-1",)), address=ANCHOR, before=subscription(20))
    assert books.total("bundle_recurring_sell_delta") == Money.zero(EUR)


def test_charges_are_of_one_slice_a_record():
    """A record's cost and our price begin on the same day, whatever happened; only their cycles may differ in length."""
    books = Books()
    books.do(SetSeats(before=25, after=28), subscription(28), before=subscription(25))
    books.look(subscription(28, term_started=at("2027-03-15"), term_ends=at("2028-03-15")), at("2027-03-16"))
    for change in books.changes:
        assert {one.charge_start for one in change.cost_lines} == {one.charge_start for one in change.sell_lines}
        assert change.margin_amount is not None
