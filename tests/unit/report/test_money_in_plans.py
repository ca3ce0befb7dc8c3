"""The sums of a plan as people read them: a line, a bundle, a customer, the whole plan."""

from __future__ import annotations

from cspdecl.report.text import render_plan
from tests.planning_builders import PREMIUM, customer, line, live_customer, make_plan, monthly

TOGETHER = "  together cost +118.70 EUR a month, sell +141.00, margin 15.8 %"


def planned(*others):
    one = customer(
        "alpha", line("visio", customer="alpha", sell=monthly("18.50")),
        line("m365", PREMIUM, 2, customer="alpha", sell=monthly("24.25")), tenant="t-alpha",
    )  # fmt: skip
    specs = [one, *others]
    return make_plan(specs, [live_customer(spec.key, tenant=f"t-{spec.key}") for spec in specs])


BETA = customer("beta", line("visio", customer="beta", sell=monthly("18.50")), tenant="t-beta")


def test_several_lines_of_a_customer_are_added_up_where_there_are_several_customers():
    """Alpha has two lines and a margin of its own; Beta has one, whose sentence says it all."""
    shown = render_plan(planned(BETA)).splitlines()
    assert [text for text in shown if "together" in text] == [TOGETHER]


def test_one_customer_s_sum_is_that_of_the_plan():
    """Nothing is said twice."""
    shown = render_plan(planned())
    assert "together" not in shown
    assert "margin 15.8 %" in shown


def test_eyes_that_see_no_cost_see_none_in_a_sum():
    """Only what the customer pays."""
    shown = render_plan(planned(BETA), show="sell").splitlines()
    assert [text for text in shown if "together" in text] == ["  together sell +141.00 EUR a month"]
