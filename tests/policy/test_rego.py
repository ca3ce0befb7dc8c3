"""The policy library in Rego: its own tests, and what it says of real plans, by a real interpreter."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import regorus

from cspdecl.planning.planfile import load_plan
from cspdecl.planning.safety.case import seat_change
from tests.conftest import ROOT

POLICY = ROOT / "policy"
PLANS = sorted((ROOT / "tests/cases/plan").glob("*/plan.json"))


def engine(**data: Any) -> Any:
    """All modules of the library, with its fixtures."""
    made = regorus.Engine()
    for module in sorted(POLICY.glob("*.rego")):
        made.add_policy_from_file(str(module))
    made.add_data_from_json_file(str(POLICY / "fixtures.json"))
    made.add_data_json(json.dumps(data))
    return made


def own_rules(module: Path) -> list[str]:
    return [
        f"data.{module.stem}.{name}" for name in re.findall(r"^(test_\w+)", module.read_text("utf-8"), re.MULTILINE)
    ]


@pytest.mark.parametrize("rule", [name for module in sorted(POLICY.glob("*_test.rego")) for name in own_rules(module)])
def test_the_librarys_own_tests(rule):
    """Every rule that `opa test` would run holds."""
    made = engine()
    made.set_input_json("{}")

    assert made.eval_rule(rule) is True


def said(plan: str, rule: str, **data: Any) -> Any:
    """What a rule says of a saved plan, as plain data."""
    made = engine(**data)
    made.set_input_json(plan)
    return json.loads(made.eval_rule_as_json(rule))


@pytest.mark.parametrize("path", PLANS[::9], ids=lambda path: path.parent.name)
def test_the_library_reads_plans_as_cspdecl_does(path):
    """Seats and customers of a saved plan are those that planning counts."""
    text = path.read_text("utf-8")
    plan = load_plan(text)
    changes = [seat_change(item) for item in plan.operations]

    assert sum(change for change in changes if change > 0) == said(text, "data.cspdecl.seats_added")
    assert -sum(change for change in changes if change < 0) == said(text, "data.cspdecl.seats_removed")
    assert {item.address.customer for item in plan.operations} == set(said(text, "data.cspdecl.customers"))


def case(name: str) -> str:
    return (ROOT / f"tests/cases/plan/{name}/plan.json").read_text("utf-8")


def test_money_of_a_real_plan():
    """New commitment by currency, as the plan's own totals have it."""
    (owed,) = load_plan(case("guardrail-levels")).totals.commitment
    found = said(case("guardrail-levels"), "data.cspdecl.new_commitment")

    assert {owed.currency: pytest.approx(float(owed.amount))} == found


def test_an_unknown_price_is_unknown_to_a_policy():
    """What has no price is listed, and a limit of the policy refuses it."""
    limited = said(case("guardrail-unknown"), "data.main.deny", limits={"new_commitment": {"EUR": 1_000_000}})

    assert said(case("guardrail-unknown"), "data.cspdecl.unknown_commitment")
    assert any(item["msg"].endswith("is not known") for item in limited)


def test_the_starter_policy_passes_guardrails_on():
    """A plan that the project refuses is denied with the same words; one that waits for approval is a warning."""
    refused = load_plan(case("guardrails")).safety.verdicts
    waiting = said(case("guardrail-levels"), "data.main.warn")

    assert {f"{item.rule}: {item.text}" for item in refused} <= {
        item["msg"] for item in said(case("guardrails"), "data.main.deny")
    }
    assert 2 == sum("waits for somebody's approval" in item["msg"] for item in waiting)
    assert [] == said(case("guardrail-levels"), "data.main.deny")
