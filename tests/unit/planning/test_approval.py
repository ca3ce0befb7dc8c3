"""What an approval covers: the same operations, fewer of them, for no more money; anything else is left alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cspdecl.core.action import Purchase, SetSeats
from cspdecl.core.address import Address
from cspdecl.core.live import ReadFailure
from cspdecl.core.money import Money
from cspdecl.core.operation import Basis, Plan
from cspdecl.planning.approval import within
from tests.planning_builders import PREMIUM, VISIO, at, binding, customer, line, live_customer, make_plan, sub

KEY = "hafenkontor"
BASIS = Basis(customers={KEY: "a"}, prices="p", tool="1.0", plugins={"partner-center": "1.0"})
BUY, MORE = Address.parse(f"{KEY}/neu"), Address.parse(f"{KEY}/visio")


def planned(
    *, want: int = 28, have: int = 25, new: int = 5, live=None, bought=(), basis: Basis = BASIS, **rest
) -> Plan:
    """Seats of visio set from `have` to `want`, and `new` seats of another offer bought; 0: not declared."""
    running = live or sub("s1", VISIO, have)
    declared = [line("visio", VISIO, want)] + ([line("neu", PREMIUM, new)] if new else [])
    bound = [binding("hafenkontor/visio", "s1")] + [
        binding("hafenkontor/neu", item.id, offer=PREMIUM) for item in bought
    ]
    made = make_plan([customer(KEY, *declared)], [live_customer(KEY, running, *bought)], bindings=bound, **rest)
    return replace(made, basis=basis)


def told(approved: Plan, fresh: Plan, **rest) -> list[tuple[str, str]]:
    """Codes and addresses of what is not within."""
    return [(item.code, str(item.address or "")) for item in within(approved, fresh, **rest).outside]


def test_the_same_plan_is_within():
    """What planning gives again unchanged is carried out, all of it."""
    plan = planned()

    judgement = within(plan, plan)

    assert (plan.operations, ()) == (judgement.operations, judgement.outside)


def test_another_record_of_the_address_changes_an_id_and_nothing_else():
    """A price step was recorded meanwhile: the id is another, the operation is the one that was approved."""
    approved, fresh = planned(new=0), planned(new=0, last_hashes={MORE: "recorded since"})
    assert [item.id for item in approved.operations] != [item.id for item in fresh.operations]

    assert fresh.operations == within(approved, fresh, last_hashes={MORE: "recorded since"}).operations


@pytest.mark.parametrize(
    ("fresh", "why"),
    [
        ({"have": 26}, "the value it starts from is `26`, approved was `25`"),
        ({"want": 29}, "the value it leads to is `29`, approved was `28`"),
        ({"live": sub("s1", VISIO, 25, term_ends=at("2028-03-15"))}, "approved was until"),
        ({"new": 6}, "the number of seats is `6`, approved was `5`"),
    ],
    ids=["live moved", "more seats", "a term renewed meanwhile", "a larger purchase"],
)
def test_what_differs_holds_its_customer_back(fresh, why):
    """25 → 28 was approved: 26 → 28 was not, nor one seat more, nor the same for a later end. The reason says so."""
    judgement = within(planned(), planned(**fresh), last_hashes={})

    assert ((), True) == (judgement.operations, any(why in item.text for item in judgement.outside))


def test_something_more_is_not_within():
    """An operation nobody approved holds back what was approved for the same customer, too."""
    judgement = within(planned(new=0), planned(new=5))

    assert ((), [str(BUY)]) == (judgement.operations, [str(item.address) for item in judgement.outside])


def test_less_is_within():
    """What has become true by itself, or is not declared any more, need not be done."""
    approved, fresh = planned(), planned(have=28)

    judgement = within(approved, fresh, last_hashes={})

    assert (["purchase"], ()) == ([item.action.kind for item in judgement.operations], judgement.outside)


def test_the_rest_of_a_chain_may_follow_what_was_bought():
    """Bought by the first run, to be set to end by the second: the subscription has an id now, and that is all."""
    ending = [line("neu", PREMIUM, 5, end_of_term="cancel")]
    approved = replace(make_plan([customer(KEY, *ending)], [live_customer(KEY)]), basis=BASIS)
    bought = sub("new", PREMIUM, 5)
    fresh = make_plan(
        [customer(KEY, *ending)], [live_customer(KEY, bought)], bindings=[binding(f"{KEY}/neu", "new", offer=PREMIUM)]
    )

    judgement = within(approved, replace(fresh, basis=BASIS), carried_out=approved.operations[:1], last_hashes={})

    assert (["set_end_of_term"], ()) == ([item.action.kind for item in judgement.operations], judgement.outside)


def test_an_approval_is_used_up():
    """What an earlier run did on this approval is not done again, although it is gone and declared."""
    plan = planned()

    assert () == within(plan, plan, carried_out=plan.operations).operations


def test_something_new_is_not_bought_on_an_approval_that_history_overtook():
    """Bought by somebody else, cancelled and recorded: the gap is there again, the approval is not for this one."""
    approved, since = planned(), {BUY: "bought and cancelled since"}

    assert [("CSP813", str(BUY))] == told(approved, planned(last_hashes=since), last_hashes=since)
    assert [("CSP813", str(BUY))] == told(approved, planned(last_hashes=since))


def test_another_subscription_of_the_same_offer_stops_a_purchase():
    """Somebody bought the same offer in the portal: what was approved would be a second one."""
    approved = replace(make_plan([customer(KEY, line("neu", PREMIUM, 5))], [live_customer(KEY)]), basis=BASIS)
    [bought] = approved.operations[:1]
    elsewhere = replace(bought, id="other", guard=replace(bought.guard, siblings=("portal",)))

    judged = within(approved, replace(approved, operations=(elsewhere,)), last_hashes={})

    assert ["there are other subscriptions of the same offer than when it was approved"] == [
        item.text.partition(": ")[2].partition(": ")[2] for item in judged.outside
    ]


def test_a_sibling_that_the_plan_itself_bought_does_not_stop_the_next():
    """Two lines of one offer: the first was bought, so the second sees a sibling where it expected an earlier one."""
    approved = make_plan([customer(KEY, line("neu", PREMIUM, 5), line("neuer", PREMIUM, 6))], [live_customer(KEY)])
    approved = replace(approved, basis=BASIS)
    first, second = (item for item in approved.operations if isinstance(item.action, Purchase))
    guard = replace(second.guard, siblings=(*second.guard.siblings, "ours"), earlier_purchases=0)
    assert 1 == second.guard.earlier_purchases
    rest = replace(approved, operations=(replace(second, id="another", guard=guard),))

    assert rest.operations == within(approved, rest, carried_out=[first], last_hashes={}).operations


# ---- money ----


def with_commitment(plan: Plan, amount: str | None, *, unknown: tuple[str, ...] = ()) -> Plan:
    """The change of seats, committing to another amount."""

    def changed(item):
        if not isinstance(item.action, SetSeats):
            return item
        owed = Money(Decimal(amount.split()[0]), amount.split()[1]) if amount else None
        return replace(item, preview=replace(item.preview, commitment=owed, unknown=unknown))

    return replace(plan, operations=tuple(map(changed, plan.operations)))


@pytest.mark.parametrize(
    ("approved", "fresh", "fits"),
    [
        ("100.00 EUR", "100.00 EUR", True),
        ("100.00 EUR", "99.99 EUR", True),
        ("100.00 EUR", "100.01 EUR", False),
        ("100.00 EUR", "90.00 USD", False),
        (None, "1.00 EUR", False),
    ],
    ids=["the same", "less", "a cent more", "another currency", "known now"],
)
def test_no_more_is_owed_than_was_approved(approved, fresh, fits):
    """Each operation by itself, in its own currency, also where the id is the approved one."""
    plan = planned(new=0)

    assert fits is within(with_commitment(plan, approved), with_commitment(plan, fresh)).within


def test_unknown_is_more_than_any_amount():
    """An amount that is not known any more is not within a known one; unknown then and now is what was approved."""
    plan = planned(new=0)
    unknown = with_commitment(plan, None, unknown=("no price list",))

    assert (False, True) == (within(with_commitment(plan, "9.00 EUR"), unknown).within, within(unknown, unknown).within)


# ---- what it was made from ----


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"prices": "other"}, [("CSP811", "")]),
        ({"tool": "1.0.1"}, [("CSP811", "")]),
        ({"plugins": {"partner-center": "1.1"}}, [("CSP811", "")]),
        ({"customers": {KEY: "says something else"}}, [("CSP812", KEY)]),
        ({"customers": {KEY: "a", "other": "moved"}}, []),
    ],
    ids=["price list", "tool", "plugin", "declaration", "another customer"],
)
def test_an_approval_is_bound_to_what_the_plan_was_made_from(change, expected):
    """Another price list or version concerns all, another declaration its customer, and nobody else's counts."""
    plan = planned()

    assert expected == told(plan, replace(plan, basis=replace(BASIS, **change)))


def test_a_plan_that_does_not_say_what_it_was_made_from_covers_nothing():
    """A plan of an older version is not guessed at."""
    plan = planned()

    assert [("CSP811", "")] == told(replace(plan, basis=None), plan)


def test_an_unread_customer_is_not_done():
    """What could not be read today is neither done nor needless: it is left alone and said."""
    fresh = make_plan(
        [customer(KEY, line("visio", VISIO, 28))], [], unknown=[ReadFailure(key=KEY, message="timed out")]
    )

    judgement = within(planned(new=0), replace(fresh, basis=BASIS))

    assert ((), "hafenkontor could not be read: timed out") == (judgement.operations, judgement.outside[0].text)


def test_an_error_of_today_holds_back():
    """Today the line matches two subscriptions: its operations are gone, and that is not because they are done."""
    twice = [sub("p1", PREMIUM, 5), sub("p2", PREMIUM, 5)]
    fresh = make_plan(
        [customer(KEY, line("visio", VISIO, 28), line("neu", PREMIUM, 5))],
        [live_customer(KEY, sub("s1", VISIO, 25), *twice)],
        bindings=[binding("hafenkontor/visio", "s1")],
    )

    assert [("CSP813", KEY)] == told(planned(), replace(fresh, basis=BASIS))


def test_what_has_to_wait_today_is_not_done():
    """Approved to be bought, and today the customer has yet to accept the agreement: not needless, and said."""
    declared = [customer(KEY, line("neu", PREMIUM, 5))]
    approved = replace(make_plan(declared, [live_customer(KEY)]), basis=BASIS)
    fresh = replace(make_plan(declared, [live_customer(KEY, agreement="none")]), basis=BASIS)
    assert ((), True) == (fresh.operations, bool(fresh.waiting))

    judgement = within(approved, fresh, last_hashes={})

    assert ((), ["CSP813"]) == (judgement.operations, [item.code for item in judgement.outside])
    assert "cannot be done now" in judgement.outside[0].text
