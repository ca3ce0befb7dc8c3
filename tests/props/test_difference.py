"""Properties of a plan that is a difference, over random estates and random edits of what is declared."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cspdecl.core.desired import DesiredState
from cspdecl.core.operation import MoneyTotals
from cspdecl.planning.difference import compare_plans
from cspdecl.planning.difference_scope import Side, find_touched, same_meaning
from cspdecl.planning.offline import suppose
from cspdecl.report.difference import split
from cspdecl.report.text import render_plan
from tests.planning_builders import NOW, make_plan, project
from tests.props.test_planning import estates, lines


@st.composite
def edits(draw):
    """An estate, and the same with some customer's lines declared in another way."""
    specs, lives, bound = draw(estates())
    changed = []
    for spec in specs:
        live = next(item for item in lives if item.key == spec.key)
        ids = [item.id for item in live.subscriptions]
        kept = [line for line in spec.subscriptions if draw(st.integers(0, 3))]
        names = {line.address.name for line in spec.subscriptions}
        new = [draw(lines(spec.key, "neu", ids))] if "neu" not in names and draw(st.booleans()) else []
        redone = [
            line if draw(st.integers(0, 2)) else draw(lines(spec.key, line.address.name, ids, None)) for line in kept
        ]
        changed.append(replace(spec, subscriptions=(*redone, *new)))  # fmt: skip
    return specs, changed, lives, bound


def desired_state(specs) -> DesiredState:
    return DesiredState(customers={spec.key: spec for spec in specs}, moves=(), retired=(), digest="0" * 64)


def difference_of(before, after):
    return compare_plans(before, after, reference="main", commit="b" * 40, tip="c" * 40, why=())


@given(edits())
def test_the_parts_of_a_change_are_its_plan_and_its_sums_the_difference(edit):
    """Every operation is new or was waiting; what is dropped was the base's; head less base is the change's money."""
    specs, changed, lives, bound = edit
    before, after = make_plan(specs, lives, bindings=bound), make_plan(changed, lives, bindings=bound)

    found = difference_of(before, after)

    assert sorted(item.id for item in after.operations) == sorted((*found.added, *found.waiting))
    assert not set(found.added) & set(found.waiting)
    assert {item.id for item in found.dropped} <= {item.id for item in before.operations}
    assert len(before.operations) - len(found.dropped) == len(found.waiting)
    for name in ("cost_month", "sell_month", "cost_now", "commitment"):
        assert less(after.totals, before.totals, name) == sums(found.totals, name)


@given(estates())
def test_nothing_changed_is_nothing_new(estate):
    """The same files on both sides: everything was waiting, nothing costs more, and every line reads the same."""
    specs, lives, bound = estate
    plan = make_plan(specs, lives, bindings=bound)

    found = difference_of(plan, plan)

    assert ((), (), MoneyTotals()) == (found.added, found.dropped, found.totals)
    assert {line.address for line in plan.lines} <= set(found.alike)


@given(edits())
def test_whoever_is_not_touched_has_the_same_plan(edit):
    """A customer that the comparison of meaning leaves out has no operation that is new, and none that is dropped."""
    specs, changed, lives, bound = edit
    touched = {
        item.customer
        for item in find_touched(
            Side(project=project(), desired=desired_state(specs)),
            Side(project=project(), desired=desired_state(changed)),
            {},
            now=NOW,
        )
    }
    before, after = make_plan(specs, lives, bindings=bound), make_plan(changed, lives, bindings=bound)
    found = difference_of(before, after)
    new = {item.address.customer for item in after.operations if item.id in set(found.added)}

    assert new | {item.address.customer for item in found.dropped} <= touched


@given(edits())
def test_a_change_is_shown_whole(edit):
    """Lines and operations are in exactly one part, and every difference can be shown."""
    specs, changed, lives, bound = edit
    before, after = make_plan(specs, lives, bindings=bound), make_plan(changed, lives, bindings=bound)
    plan = replace(after, difference=difference_of(before, after))
    parts = split(plan)

    assert Counter(plan.operations) == Counter((*parts.this.operations, *parts.waiting.operations))
    assert sorted(map(repr, plan.lines)) == sorted(map(repr, (*parts.this.lines, *parts.waiting.lines)))
    assert render_plan(plan).endswith("\n")


@given(estates())
def test_what_is_supposed_to_run_needs_nothing(estate):
    """A plan against the declared estate supposed to run just so has nothing to send: absent lines are not there."""
    specs, _lives, _bound = estate
    specs = [
        replace(spec, subscriptions=tuple(line for line in spec.subscriptions if not line.absent)) for spec in specs
    ]
    supposed = suppose(desired_state(specs), now=NOW)

    made = make_plan(
        specs, list(supposed.live.customers.values()), bindings=supposed.bindings.values(),
        book=supposed.book.values(),
    )  # fmt: skip

    assert [] == [f"{item.address} {item.action.kind}" for item in made.operations if item.action.kind != "rename"]


@given(estates())
def test_the_same_meaning_is_the_same_in_any_order(estate):
    """Lines are known by their address: their order in a file says nothing."""
    specs, _lives, _bound = estate
    for spec in specs:
        turned = type(spec)(**{**{name: getattr(spec, name) for name in spec.__slots__},
                               "subscriptions": spec.subscriptions[::-1]})  # fmt: skip
        assert same_meaning(spec, turned)


def sums(totals: MoneyTotals, name: str) -> dict[str, Decimal]:
    return {item.currency: item.amount for item in getattr(totals, name) if item.amount}


def less(after: MoneyTotals, before: MoneyTotals, name: str) -> dict[str, Decimal]:
    one, other = sums(after, name), sums(before, name)
    found = {code: one.get(code, Decimal(0)) - other.get(code, Decimal(0)) for code in {*one, *other}}
    return {code: amount for code, amount in found.items() if amount}
