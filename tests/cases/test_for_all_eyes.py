"""Every case as it is posted where many read: without cost, margin and commitment, and as whole Markdown in both languages.

What may not be seen is taken from the plan itself: every amount of cost that is not also one of our own prices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from cspdecl.core.money import Money, decimals_of
from cspdecl.core.operation import Plan
from cspdecl.report.annotations import render_azure, render_github
from cspdecl.report.language import ENGLISH, GERMAN, Language
from cspdecl.report.markdown import render_markdown
from cspdecl.report.outputs import render_gitlab, render_outputs
from cspdecl.report.remarks import remarks_of
from tests.cases.test_plan import CASES, NAMES, made
from tests.unit.report.markdown_reader import read_markdown


@pytest.mark.parametrize("name", NAMES)
def test_no_cost_is_posted(name: str):
    """Nothing that is shown with `sell` holds an amount of cost or commitment, or a margin."""
    plan, _ = made(CASES / name)
    shown = "\n".join(_for_sale(plan))
    figures = set(re.findall(r"\d[\d,.]*\d", shown.replace("\\", "")))

    assert figures & (_secrets(plan) - _open(plan)) == set()
    assert not re.search(r"\bmargin\b \d", shown)


@pytest.mark.parametrize("lang", [ENGLISH, GERMAN], ids=lambda one: one.code)
@pytest.mark.parametrize("name", NAMES)
def test_a_comment_is_whole(name: str, lang: Language):
    """Whatever the case: tables of even rows, folds that close, no tag but ours."""
    plan, _ = made(CASES / name)
    text = render_markdown(plan, lang=lang)
    found = read_markdown(text)

    assert found.foreign == []
    assert {len({len(row) for row in table}) for table in found.tables} <= {1}
    assert text.count("<details>") == text.count("</details>")
    assert found.headings[0].startswith(plan.project)


def _for_sale(plan: Plan) -> Iterator[str]:
    yield render_markdown(plan, show="sell", digest="x")
    found = remarks_of(plan, show="sell")
    yield render_github(found) + render_azure(found)
    yield render_gitlab(plan) + render_outputs(plan, digest="x", exitcode=0, delimiter="end", show="sell")


def _secrets(plan: Plan) -> set[str]:
    out = set()
    for operation in plan.operations:
        if (preview := operation.preview) is not None:
            for money in (preview.cost_cycle, preview.cost_now, preview.commitment, preview.unit_price):
                out |= _written(money)
    for money in (*plan.totals.cost_month, *plan.totals.cost_now, *plan.totals.commitment):
        out |= _written(money)
    return out


def _open(plan: Plan) -> set[str]:
    """Our own prices, as operations and sentences for all eyes have them, may look like a cost by chance."""
    out = {figure for item in plan.operations for figure in re.findall(r"\d[\d,.]*\d", item.reason.text)}
    for operation in plan.operations:
        if operation.preview is not None:
            out |= _written(operation.preview.sell)
    for money in plan.totals.sell_month:
        out |= _written(money)
    sells = [text for line in plan.lines for text in line.notes_sell or () if text.startswith("sell ")]
    return out | {figure for text in sells for figure in re.findall(r"\d[\d,.]*\d", text)}


def _written(money: Money | None) -> set[str]:
    if money is None or not money.amount:
        return set()
    return {f"{abs(money.amount):{sign}.{decimals_of(money.currency)}f}" for sign in (",", "")}


def test_the_check_finds_what_is_there():
    """With cost, the comment on an add-on holds such amounts: the check above looks at the right thing."""
    plan, _ = made(CASES / "add-on")
    figures = set(re.findall(r"\d[\d,.]*\d", render_markdown(plan, digest="x")))

    assert figures & (_secrets(plan) - _open(plan))
