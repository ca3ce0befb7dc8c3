"""The table of rules: each has its source and date, its code, its case and its counterpart, and the page says so."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from cspdecl.commerce.rulebook import CHAPTERS, asides
from cspdecl.commerce.rules import all_rules, render_rules
from cspdecl_simulator.rulebook import RULES as SIMULATED
from tests.conftest import ROOT

CASES = ROOT / "tests/cases"
SHOWING = ("plan.txt", "stderr.txt", "plan.json", "shown.txt")
DATED = re.compile(r"\b20\d\d(-\d\d)?\b")
RULES = pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: f"{rule.code}-{rule.case}")


def said(case: Path) -> str:
    """Everything a case shows: its plan, the reasons of its operations, what is complained about."""
    return "\n".join((case / name).read_text("utf-8") for name in SHOWING if (case / name).is_file())


def test_the_page_is_current():
    """docs/reference/rules.md is what `python -m cspdecl.commerce.rules` prints."""
    assert render_rules() == (ROOT / "docs/reference/rules.md").read_text("utf-8")


@RULES
def test_a_rule_has_its_function_and_its_code(rule):
    """The function exists, and the code has a page that opens with it."""
    module, _, name = rule.function.rpartition(".")
    page = (ROOT / "docs/reference/codes" / f"{rule.code}.md").read_text("utf-8")

    assert callable(getattr(importlib.import_module(f"cspdecl.{module}"), name))
    assert page.startswith(f"# {rule.code}:")


@RULES
def test_a_rule_has_a_case_that_shows_it(rule):
    """What the case prints names the code, or says what the rule does where it is kept; one or the other, never both."""
    shown = said(CASES / rule.case)

    assert (rule.code in shown) is not bool(rule.shown)
    assert rule.shown in shown


@RULES
def test_a_rule_has_a_dated_source(rule):
    """Every source carries a year, or a year and a month."""
    assert DATED.search(rule.source)


@RULES
def test_a_rule_has_its_counterpart_in_the_simulator(rule):
    """The simulator knows every name; what has none is our own, and what is our own has none."""
    assert () == tuple(name for name in rule.simulator if name not in {one.id for one in SIMULATED})
    assert rule.ours is not bool(rule.simulator)


def test_every_rule_of_the_simulator_is_named():
    """By a rule of the table, or among those that no plan decides; by neither twice."""
    named = {name for rule in all_rules() for name in rule.simulator}
    aside = {item.name for item in asides.SIMULATOR}

    assert (sorted(one.id for one in SIMULATED), set()) == (sorted(named | aside), named & aside)


def test_every_code_of_a_plan_is_named():
    """Codes of commerce and planning (CSP3nn) stand in the table or among what is no rule of commerce; by neither twice."""
    files = [path for folder in ("commerce", "planning") for path in (ROOT / "cspdecl" / folder).glob("*.py")]
    used = {code for path in files for code in re.findall(r'"(CSP3\d\d)"', path.read_text("utf-8"))}
    named = {rule.code for rule in all_rules() if rule.code.startswith("CSP3")}
    aside = {item.name for item in asides.CODES}

    assert (sorted(used), set()) == (sorted(named | aside), named & aside)


@pytest.mark.parametrize("aside", asides.SIMULATOR, ids=lambda aside: aside.name)
def test_what_is_kept_elsewhere_is_tested_there(aside):
    """The test that is named exists."""
    file, _, name = aside.shown.partition("::")

    assert f"def {name}(" in (ROOT / file).read_text("utf-8")


def test_no_rule_is_written_twice():
    """One sentence, one rule; one title, one chapter."""
    sentences = [rule.says for rule in all_rules()]
    titles = [chapter.title for chapter in CHAPTERS]

    assert (sorted(set(sentences)), sorted(set(titles))) == (sorted(sentences), sorted(titles))


@RULES
def test_a_rule_says_so_in_sentences(rule):
    """What it says begins like a sentence or a key, ends like one, and breaks no table."""
    assert re.fullmatch(r"[A-Z`][^|\n]+\.", rule.says)
