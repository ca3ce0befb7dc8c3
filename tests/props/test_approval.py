"""What holds for every approval, whatever was approved and whatever is planned today."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cspdecl.core.action import Purchase, SetSeats
from cspdecl.core.operation import Basis, Plan
from cspdecl.planning.approval import within
from tests.planning_builders import make_plan
from tests.props.test_planning import estates, lines, subscriptions

KEYS = ("kunde-0", "kunde-1")
BASIS = Basis(customers=dict.fromkeys(KEYS, "same"), prices="p", tool="1", plugins={})


def plan_of(estate, **rest) -> Plan:
    """A plan of an estate that says it was made from the same as every other: the rule has to see the difference."""
    specs, lives, bound = estate
    return replace(make_plan(specs, lives, bindings=bound, **rest), basis=BASIS)


@st.composite
def moved(draw, estate):
    """The estate after somebody was there: a line declared otherwise, or a subscription changed."""
    specs, lives, bound = estate
    specs, lives = list(specs), list(lives)
    at = draw(st.integers(0, len(specs) - 1))
    spec, live = specs[at], lives[at]
    if spec.subscriptions and draw(st.booleans()):
        index = draw(st.integers(0, len(spec.subscriptions) - 1))
        other = draw(
            lines(spec.key, spec.subscriptions[index].address.path[0], [item.id for item in live.subscriptions])
        )
        changed = (*spec.subscriptions[:index], other, *spec.subscriptions[index + 1 :])
        specs[at] = replace(spec, subscriptions=changed)
    elif live.subscriptions:
        index = draw(st.integers(0, len(live.subscriptions) - 1))
        other = draw(subscriptions(live.subscriptions[index].id))
        changed = (*live.subscriptions[:index], other, *live.subscriptions[index + 1 :])
        lives[at] = replace(live, subscriptions=changed)
    return specs, lives, bound


@st.composite
def pairs(draw):
    """A plan as approved, and one of today."""
    estate = draw(estates())
    hashes = {}
    approved = plan_of(estate)
    if draw(st.booleans()):
        hashes = {item.address: "recorded since" for item in approved.operations}
    return approved, plan_of(draw(moved(estate)), last_hashes=hashes), hashes


def bought(operations) -> Counter:
    """Seats that are bought or added, by address, offer and term."""
    found: Counter = Counter()
    for item in operations:
        if isinstance(item.action, Purchase):
            found[item.address, item.action.offer, item.action.term] += item.action.seats
        elif isinstance(item.action, SetSeats):
            found[item.address, item.guard.offer, item.guard.term] += max(item.action.after - item.action.before, 0)
    return found


def owed(operations) -> dict[str, Any]:
    """New commitments by currency."""
    sums: dict = {}
    for item in operations:
        if item.preview is not None and item.preview.commitment is not None:
            money = item.preview.commitment
            sums[money.currency] = sums[money.currency] + money if money.currency in sums else money
    return sums


@given(estates())
def test_every_plan_is_within_itself(estate):
    """Nothing has moved: all of it is carried out."""
    plan = plan_of(estate)

    judgement = within(plan, plan)

    assert (plan.operations, ()) == (judgement.operations, judgement.outside)


@given(pairs())
def test_no_more_is_bought_than_was_approved(pair):
    """Whatever moved: what may be sent buys no offer, term or seat beyond the approved, and owes no more."""
    approved, fresh, hashes = pair

    sent = within(approved, fresh, last_hashes=hashes).operations

    limit, sums = bought(approved.operations), owed(approved.operations)
    assert [] == [key for key, seats in bought(sent).items() if seats > limit[key]]
    assert [] == [code for code, money in owed(sent).items() if money.amount > sums[code].amount]


@given(pairs())
def test_a_customer_is_served_whole_or_left_alone(pair):
    """Of every customer all operations of today are sent, or none; what is left alone is said."""
    approved, fresh, hashes = pair

    judgement = within(approved, fresh, last_hashes=hashes)

    served = {item.address.customer for item in judgement.operations}
    said = {item.address.customer for item in judgement.outside if item.address}
    assert list(judgement.operations) == [item for item in fresh.operations if item.address.customer in served]
    assert set() == served & said


@given(pairs(), st.data())
def test_fewer_operations_stay_within(pair, data):
    """What is within stays within where less is left to do."""
    approved, fresh, hashes = pair
    judgement = within(approved, fresh, last_hashes=hashes)
    kept = tuple(item for item in judgement.operations if data.draw(st.booleans()))

    assert kept == within(approved, replace(fresh, operations=kept), last_hashes=hashes).operations


@given(pairs())
def test_an_approval_serves_once(pair):
    """What was carried out on an approval is not carried out on it again."""
    approved, fresh, hashes = pair
    sent = within(approved, fresh, last_hashes=hashes).operations

    again = within(approved, fresh, carried_out=sent, last_hashes=hashes).operations

    assert not {item.id for item in again} & {item.id for item in sent}
