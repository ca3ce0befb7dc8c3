"""The rules of the simulator stand in one table; each has a function that holds it and an attempt that fails."""

from __future__ import annotations

import importlib
import re

import pytest

from cspdecl_simulator.rulebook import RULES, by_id
from tests.simulator import breaking_more, breaking_purchases, breaking_states  # noqa: F401 - attempts are kept where they are read
from tests.simulator.breaking import ATTEMPTS


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_names_its_function(rule):
    """The function exists in the module that is named."""
    module, _, name = rule.held_by.partition(":")
    assert callable(getattr(importlib.import_module(f"cspdecl_simulator.{module}"), name))


@pytest.mark.parametrize("name", ATTEMPTS)
def test_a_rule_holds(name):
    """Trying to break the rule ends as the rule says."""
    expected, attempt = ATTEMPTS[name]
    assert expected == attempt()


def test_every_rule_is_tried():
    """Names are unique, and each rule has an attempt."""
    names = [rule.id for rule in RULES]
    assert (sorted(set(names)), sorted(names)) == (sorted(names), sorted(ATTEMPTS))


def test_rules_name_their_sections():
    """Every rule says where it was read, in one sentence of its own."""
    wrong = [
        rule.id
        for rule in RULES
        if not re.fullmatch(r"(commerce )?§\d+(\.\d+)?", rule.section) or not rule.says.endswith(".")
    ]
    assert [] == wrong


def test_a_rule_is_found_by_its_name():
    """by_id gives the rule, and raises KeyError for a name that is none."""
    assert "windows.seats" == by_id("windows.seats").id
    with pytest.raises(KeyError):
        by_id("windows.none")
