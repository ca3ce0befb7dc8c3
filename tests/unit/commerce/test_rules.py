"""The page of rules is what the code says."""

from __future__ import annotations

import importlib

import pytest

from cspdecl.commerce.rules import all_rules, render_rules
from tests.conftest import ROOT


def test_the_page_is_current():
    """docs/reference/rules.md is what `python -m cspdecl.commerce.rules` prints."""
    assert render_rules() == (ROOT / "docs/reference/rules.md").read_text("utf-8")


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: f"{rule.code}-{rule.case}")
def test_every_rule_is_real(rule):
    """The function exists, the case is there, the code has its page, the source has a date unless it is ours."""
    module, _, name = rule.function.rpartition(".")

    assert callable(getattr(importlib.import_module(f"cspdecl.{module}"), name))
    assert (ROOT / "tests/cases/plan" / rule.case / "plan.txt").is_file()
    assert (ROOT / "docs/reference/codes" / f"{rule.code}.md").is_file()
    assert "our own" in rule.source or any(part.startswith("20") for part in rule.source.split())
