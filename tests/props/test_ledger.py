"""Every mutation of a ledger is found, by the chain alone or against its head; reading and folding lose nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from cspdecl.billing.chain import verify
from cspdecl.billing.changes import record_operation
from cspdecl.billing.document import change_of
from cspdecl.billing.fold import fold_book, fold_recorded
from cspdecl.core.action import Action, Adopt, BookService, Cancel, Forget, Rebind, SetSeats
from cspdecl.core.address import Address
from cspdecl.core.digest import sha256
from cspdecl.core.live import LiveSubscription
from cspdecl.core.records import BillingChange, LedgerHead
from tests.unit.billing.estate import (
    CONTEXT,
    NOW,
    PREMIUM,
    TENANT,
    anchor_line,
    applied,
    line,
    monthly,
    operation,
    price_book,
    sealed,
    subscription,
)

PRICES = price_book()


@cache
def chain(count=8):
    """A ledger of one line going up and down."""
    changes = []
    for number in range(count):
        before, after = 20 + number, 21 + number
        (change,) = record_operation(
            operation(SetSeats(before=before, after=after), ident=f"op-{number}"),
            applied(subscription(after)),
            context=CONTEXT,
            prices=PRICES,
            recorded_at=NOW,
            before=subscription(before),
        )
        changes.append(change)
    return sealed(*changes)


def head():
    last = chain()[-1]
    return LedgerHead(seq=last.seq, hash=last.hash)


@given(st.data())
def test_any_changed_character_is_found(data):
    """One character of one body or hash, anywhere: a finding, and it names that record or the one after it."""
    records = list(chain())
    index = data.draw(st.integers(0, len(records) - 1))
    column = data.draw(st.sampled_from(["body", "hash", "previous"]))
    text = getattr(records[index], column)
    at = data.draw(st.integers(0, len(text) - 1))
    char = data.draw(st.characters(codec="utf-8").filter(lambda new: new != text[at]))
    records[index] = replace(records[index], **{column: text[:at] + char + text[at + 1 :]})
    found = verify(records, head())
    assert found
    assert any(f"record {number}" in found[0].message for number in (index + 1, index + 2))


@given(st.lists(st.integers(0, 7), max_size=12))
def test_any_other_order_or_number_of_records_is_found(order):
    """Deleted, swapped, repeated, cut: only the ledger itself verifies against its head."""
    records = [chain()[index] for index in order]
    untouched = order == list(range(len(chain())))
    assert (verify(records, head()) == ()) is untouched


@given(st.integers(0, 7), st.integers(1, 10**6))
def test_a_tail_sealed_anew_is_found_by_the_head(index, seats):
    """Whoever rewrites a record and everything after it makes a whole chain, which ends with another hash."""
    records = list(chain())
    previous = records[index].previous
    for number in range(index, len(records)):
        body = records[number].body
        if number == index:
            body = body.replace('"quantity_delta":"1"', f'"quantity_delta":"{seats + 1}"')
        digest = sha256(previous + body)
        records[number] = replace(records[number], body=body, previous=previous, hash=digest)
        previous = digest
    assert verify(records) == ()
    assert [item.code for item in verify(records, head())] == ["CSP905"]


LINES = [Address("kunde", ("a",)), Address("kunde", ("b",)), Address("kunde", ("c",))]


@st.composite
def histories(draw):
    """Adopting, changing, renaming, forgetting, cancelling and booking on three lines, in any order that makes sense."""
    held: dict[Address, int] = {}
    booked = 0
    steps: list[tuple[Action, Address, LiveSubscription | None, LiveSubscription | None, str]] = []
    for number in range(draw(st.integers(1, 14))):
        address = draw(st.sampled_from(LINES))
        seats = draw(st.integers(1, 90))
        kind = draw(st.sampled_from(["seats", "cancel", "forget", "rebind", "book"]))
        ident = f"op-{number}"
        if kind == "book":
            steps.append(
                (
                    BookService(service="care", before=booked, after=seats),
                    Address("kunde", ("care",)),
                    None,
                    None,
                    ident,
                )
            )
            booked = seats
        elif address not in held:
            adopted = Adopt(provider="partner-center", tenant=TENANT, ids=("s-1",), offer=PREMIUM)
            steps.append((adopted, address, None, subscription(seats), ident))
            held[address] = seats
        elif kind == "seats":
            after = subscription(seats)
            steps.append(
                (SetSeats(before=held[address], after=seats), address, subscription(held[address]), after, ident)
            )
            held[address] = seats
        elif kind == "rebind" and len(held) < len(LINES):
            target = next(item for item in LINES if item not in held)
            steps.append((Rebind(source=address, ids=("s-1",)), target, subscription(held[address]), None, ident))
            held[target] = held.pop(address)
        else:
            action = Cancel(seats=held[address]) if kind == "cancel" else Forget(ids=("s-1",))
            steps.append((action, address, subscription(held.pop(address)), None, ident))
    return steps, held, booked


def written(steps):
    changes: list[BillingChange] = []
    when = NOW
    for action, address, before, after, ident in steps:
        when += timedelta(minutes=1)
        service = isinstance(action, BookService)
        context = (
            line(provider=None, offer=None, service="care", sell=monthly("9.00"))
            if service
            else replace(
                anchor_line(bundle_seats=5, seats=5), bundle_instance=address.parent.child(f"bundle-{address.name}")
            )
        )
        changes += record_operation(
            operation(action, address=address, context=context, ident=ident),
            applied(after, when=when),
            context=CONTEXT,
            prices=PRICES,
            recorded_at=when,
            before=before,
        )
    return sealed(*changes)


@given(histories())
def test_the_ledger_adds_up_to_what_is_held(history):
    """Deltas of every address sum to its seats; the fold says the same; nothing charged for a rename or an adoption."""
    steps, held, booked = history
    records = written(steps)
    sums: dict[Address, int] = {}
    for record in records:
        change = change_of(record.body)
        sums[change.address] = sums.get(change.address, 0) + int(change.quantity_delta)
        if change.action in ("adopt", "rebind", "forget"):
            assert change.cost_lines == ()
    recorded = fold_recorded(records)
    for address in LINES:
        assert sums.get(address, 0) == held.get(address, 0)
        running = address in recorded and recorded[address].status == "running"
        assert running is (address in held)
    assert sum(entry.quantity for entry in fold_book(records).values()) == booked
    assert verify(records) == ()


@given(histories())
def test_the_last_record_of_every_address_is_enough(history):
    """Folding the whole ledger and folding only the last records of each address give the same."""
    steps, _held, _booked = history
    records = written(steps)
    last = {record.address: record for record in records}
    tail = sorted(last.values(), key=lambda record: record.seq)
    assert fold_recorded(records) == fold_recorded(tail)
    assert fold_book(records) == fold_book(tail)
