"""Which subscription a line stands for: the corners beside the golden cases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cspdecl.core.address import Address
from cspdecl.core.desired import Move, Retired
from cspdecl.core.live import CustomerAbsent, Status
from cspdecl.core.operation import Plan
from tests.planning_builders import (
    NOW,
    PHONE,
    PREMIUM,
    VISIO,
    actions,
    binding,
    bundle,
    codes,
    create_spec,
    customer,
    line,
    live_customer,
    make_plan,
    origin,
    sub,
)  # fmt: skip


def planned(*lines, subs=(), bound=(), **rest) -> Plan:
    return make_plan([customer("hafenkontor", *lines)], [live_customer("hafenkontor", *subs)], bindings=bound, **rest)


def outcome(made: Plan) -> tuple[list[str], list[str]]:
    return actions(made), codes(made)


def test_a_trial_is_no_candidate():
    """Beside one real subscription a trial does not make the match ambiguous."""
    made = planned(line("visio"), subs=[sub("s1"), sub("t1", trial=True)])

    assert ["hafenkontor/visio adopt"] == actions(made)


def test_what_has_ended_is_no_candidate():
    """Deleted and expired remnants stay in lists; they are neither adopted nor unmanaged."""
    made = planned(line("visio"), subs=[sub("s1", status=Status.DELETED), sub("s2", status=Status.EXPIRED)])

    assert (["hafenkontor/visio purchase"], ()) == (actions(made), made.unmanaged)


def test_what_is_bound_is_no_candidate():
    """A second line of the same offer does not take over what the first stands for."""
    made = planned(line("a"), line("b"), subs=[sub("s1")], bound=[binding("hafenkontor/a", "s1")])

    assert ["hafenkontor/b purchase"] == actions(made)


def test_two_lines_for_one_subscription_is_a_question():
    """Which of them it is, only a person knows; neither is bought meanwhile."""
    made = planned(line("a"), line("b"), subs=[sub("s1")])

    assert ([], ["CSP370", "CSP370"]) == (actions(made), codes(made))


def test_an_id_bound_to_another_line_is_refused():
    """One subscription is one line."""
    made = planned(line("a"), line("b", id="s1"), subs=[sub("s1")], bound=[binding("hafenkontor/a", "s1")])

    assert ["CSP372"] == codes(made)


def test_two_lines_with_one_id_name_both_places():
    """The same `id:` twice points at both lines and plans neither."""
    made = planned(line("a", id="s1"), line("b", id="s1", origin=origin(index=1)), subs=[sub("s1")])

    assert ([], ["CSP372"]) == (actions(made), codes(made))
    assert made.diagnostics[0].related


@pytest.mark.parametrize(
    ("live", "code"),
    [
        (sub("s1", PREMIUM), "CSP377"),
        (sub("s1", trial=True), "CSP345"),
        (sub("s1", status=Status.DELETED), "CSP371"),
        (sub("s2"), "CSP371"),
        (replace(sub("s1"), offer=None), "CSP377"),
    ],
)
def test_an_id_must_fit(live, code):
    """`id:` names a running subscription of that offer, or the line is refused."""
    assert ([], [code]) == outcome(planned(line("a", id="s1"), subs=[live]))


def test_an_id_without_subscription_is_fine_for_what_is_absent():
    """Already gone is as declared."""
    assert ([], []) == outcome(planned(line("a", id="s1", absent=True)))


def test_an_id_takes_over_from_a_line_that_left():
    """`id:` on a new line, bound at one no longer declared: the binding moves and is not forgotten besides."""
    made = planned(line("neu", id="s1"), subs=[sub("s1")], bound=[binding("hafenkontor/alt", "s1")])

    assert ["hafenkontor/neu rebind"] == actions(made)


def test_a_bound_line_may_name_another_id():
    """A person points a line at another subscription; the former one is left alone."""
    made = planned(line("a", id="s2"), subs=[sub("s1"), sub("s2")], bound=[binding("hafenkontor/a", "s1")])

    assert ["hafenkontor/a adopt"] == actions(made)


def test_several_subscriptions_of_one_line():
    """As many seats together as declared is as declared; other numbers are a question."""
    bound = [binding("hafenkontor/a", "s1", "s2")]
    subs = [sub("s1", seats=5), sub("s2", seats=3)]

    assert ([], []) == outcome(planned(line("a", seats=8), subs=subs, bound=bound))
    assert ["CSP375"] == codes(planned(line("a", seats=9), subs=subs, bound=bound))


def test_one_of_several_that_still_runs_is_the_line():
    """Of two ids one has ended: the other one is compared."""
    bound = [binding("hafenkontor/a", "s1", "s2")]
    subs = [sub("s1", seats=5, status=Status.EXPIRED), sub("s2", seats=3)]

    assert ["hafenkontor/a set_seats"] == actions(planned(line("a", seats=4), subs=subs, bound=bound))


def test_a_binding_at_another_provider_is_a_question():
    """Moving between providers is a cancellation and a purchase; neither is done unasked."""
    bound = [replace(binding("hafenkontor/a", "s1"), provider="elsewhere")]

    assert ["CSP376"] == codes(planned(line("a"), subs=[sub("s1")], bound=bound))


def test_a_rename_needs_the_same_offer():
    """A line of another offer is new, and the one that left is let go."""
    made = planned(line("neu", PHONE), subs=[sub("s1")], bound=[binding("hafenkontor/alt", "s1")])

    assert ["hafenkontor/neu purchase", "hafenkontor/alt forget"] == actions(made)


def test_a_move_that_was_made_is_no_news():
    """`moved:` may stay in the manifest after it came true."""
    move = Move(source=Address.parse("hafenkontor/alt"), target=Address.parse("hafenkontor/neu"), origin=origin())

    made = planned(line("neu"), subs=[sub("s1")], bound=[binding("hafenkontor/neu", "s1")], moves=[move])

    assert [] == actions(made)


def test_a_move_onto_a_bound_line_is_refused():
    """Two bindings cannot become one."""
    move = Move(source=Address.parse("hafenkontor/alt"), target=Address.parse("hafenkontor/neu"), origin=origin())
    bound = [binding("hafenkontor/alt", "s1"), binding("hafenkontor/neu", "s2")]

    assert "CSP373" in codes(planned(line("neu"), subs=[sub("s1"), sub("s2")], bound=bound, moves=[move]))


def test_a_bundle_moves_with_its_components():
    """Renaming a bundle line takes every component along."""
    lines, sold = bundle("hafenkontor", "neu", 5, {"m365": (PREMIUM, 5), "tel": (PHONE, 3)})
    move = Move(source=Address.parse("hafenkontor/alt"), target=Address.parse("hafenkontor/neu"), origin=origin())

    made = make_plan(
        [customer("hafenkontor", *lines, bundles=(sold,))],
        [live_customer("hafenkontor", sub("s1", PREMIUM), sub("s2", PHONE, 3))],
        bindings=[
            binding("hafenkontor/alt/m365", "s1", offer=PREMIUM),
            binding("hafenkontor/alt/tel", "s2", offer=PHONE),
        ],
        moves=[move],
    )

    assert ["hafenkontor/neu/m365 rebind", "hafenkontor/neu/tel rebind"] == actions(made)


def test_a_retired_component_may_be_kept():
    """`then: keep` lets the binding go and leaves the subscription."""
    lines, sold = bundle("hafenkontor", "platz", 5, {"m365": (PREMIUM, 5)})
    old = Retired(address=Address.parse("hafenkontor/platz/tel"), then="keep", origin=origin())

    made = make_plan(
        [customer("hafenkontor", *lines, bundles=(sold,))],
        [live_customer("hafenkontor", sub("s1", PREMIUM), sub("s2", PHONE, 3))],
        bindings=[
            binding("hafenkontor/platz/m365", "s1", offer=PREMIUM),
            binding("hafenkontor/platz/tel", "s2", offer=PHONE),
        ],
        retired=[old],
    )

    assert ["hafenkontor/platz/tel forget"] == actions(made)
    assert "retired" == made.operations[0].reason.code


def test_a_customer_that_was_created_is_never_created_twice():
    """Bound to a tenant and absent at the provider: an error, no second tenant."""
    spec = customer("neu", line("visio", customer="neu"), tenant=None, create=create_spec("neu"))

    made = make_plan(
        [spec],
        [],
        absent=[CustomerAbsent(key="neu", read_at=NOW)],
        bindings=[replace(binding("neu"), ids=(), offer=None)],
    )

    assert ([], ["CSP355"]) == (actions(made), codes(made))


def test_a_customer_found_by_its_domain_is_taken_over():
    """Declared with `create`, existing already: bound, not created."""
    spec = customer("neu", tenant=None, create=create_spec("neu"))

    assert ["neu adopt"] == actions(make_plan([spec], [live_customer("neu")]))


def test_a_customer_bound_to_another_tenant_is_a_question():
    """Changing the tenant of a document is no move of its subscriptions."""
    made = make_plan(
        [customer("hafenkontor", line("visio"))], [live_customer("hafenkontor", sub("s1"), tenant="other")],
        bindings=[binding("hafenkontor", offer=None)],
    )  # fmt: skip

    assert ([], ["CSP376"]) == (actions(made), codes(made))


def test_nobody_read_is_nobody_known():
    """A customer in no mapping of the live state counts as unread."""
    made = make_plan([customer("hafenkontor", line("visio"))], [])

    assert ([], False) == (actions(made), made.complete)


def test_scope_leaves_the_rest_alone():
    """Customers out of scope are neither planned nor counted, in bindings neither."""
    made = make_plan(
        [customer("a", line("visio", customer="a")), customer("b", line("visio", customer="b"))],
        [live_customer("a"), live_customer("b")], bindings=[binding("c/alt", "s9")], scope=("a",),
    )  # fmt: skip

    assert (["a/visio purchase"], 1) == (actions(made), made.counts.customers)


def test_a_refused_line_is_not_adopted_either():
    """What is refused about a line leaves it unbound: nothing of it happens."""
    made = planned(line("visio", VISIO, 301), subs=[sub("s1")])

    assert ([], ["CSP331"]) == (actions(made), codes(made))


def test_what_is_taken_over_may_still_wait():
    """A suspended subscription is bound although its seats cannot be changed yet; both are said."""
    made = planned(line("visio", seats=9), subs=[sub("s1", status=Status.SUSPENDED, suspended_by=("Microsoft",))])

    assert ["hafenkontor/visio adopt"] == actions(made)
    assert "taken over; the rest waits, see below" == made.lines[0].summary
    assert ["CSP328"] == [item.code for item in made.waiting]


def test_lines_may_swap_their_subscriptions():
    """Two lines that name each other's subscription are both bound anew, in one plan."""
    made = planned(
        line("a", id="s2"), line("b", id="s1"), subs=[sub("s1"), sub("s2")],
        bound=[binding("hafenkontor/a", "s1"), binding("hafenkontor/b", "s2")],
    )  # fmt: skip

    assert (["hafenkontor/a adopt", "hafenkontor/b adopt"], []) == outcome(made)
