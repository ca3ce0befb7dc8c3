"""The page of a plan with 0, 1, 50 and 5,000 changes: as it was reviewed, and how large it may be.

Sheet and script stand in each page and once in the source; here a mark takes their place, so that a golden changes when
what is said changes. Of the largest page its digest and size are kept. A browser looks at the page in tests/browser.
"""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cspdecl.planning.planfile import load_plan
from cspdecl.report.html import render_html
from cspdecl.report.html.script import SCRIPT
from cspdecl.report.html.style import STYLE
from cspdecl.report.links import Links
from tests.browser.plans import HOSTILE, hostile, odd, pull_request
from tests.sized_plans import place_of, plan_of

HERE = Path(__file__).parent / "sizes" / "html"
LINKS = Links(base="https://code.example/nordlicht/blob/0123abc", folder="reseller/", place=place_of)
MOST = 6_000_000
BUDGETS = {0: 20_000, 1: 30_000, 50: 120_000, 5_000: MOST}


@pytest.mark.parametrize("changes", BUDGETS)
def test_page_of_a_size(changes: int, update_cases: bool):
    """The page reads as it was reviewed, and is no larger than it may be."""
    page = render_html(plan_of(changes), links=LINKS)
    size = len(page.encode())
    kept = page.replace(STYLE, "(the sheet)").replace(SCRIPT, "(the script)")
    kept = re.sub(r"sha256-[A-Za-z0-9+/=]+", "sha256-(digest)", kept)
    golden = HERE / f"{changes}.html"
    if changes > 50:
        kept = f"sha256 {hashlib.sha256(kept.encode()).hexdigest()}\n{len(kept.encode())} bytes\n"
        golden = golden.with_suffix(".txt")
    if update_cases:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(kept, "utf-8")

    assert golden.read_text("utf-8") == kept
    assert size <= BUDGETS[changes]


def test_policy_names_the_one_sheet_and_the_one_script():
    """The page's policy forbids everything but its own sheet and script, by their digests."""
    page = render_html(plan_of(1))
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)

    assert policy is not None
    assert policy[1].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy[1]
    assert 2 == len(re.findall(r"<(?:style|script)\b", page))
    assert not re.search(r"\s(?:style|on\w+)=", re.sub(r">[^<]*<", "><", page))


def test_nothing_is_loaded_from_anywhere():
    """No address but those of links to declarations, and no element that could fetch one."""
    page = render_html(pull_request(), links=LINKS)

    assert not re.search(r"<(?:img|link|iframe|object|embed|base|form|audio|video|source)\b", page)
    assert {"https://code.example/nordlicht/blob/0123abc"} == set(re.findall(r"https?://[^\"'#]*/0123abc", page))
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|innerHTML|eval\(", STYLE + SCRIPT)


def test_a_link_is_a_web_address_or_none():
    """A base that is no web address makes no link."""
    page = render_html(plan_of(1), links=Links(base="javascript:alert(1)//", place=place_of))

    assert "javascript:" not in page


def test_hostile_names_are_escaped():
    """No name opens or closes an element, and none holds what would turn the reading direction."""
    page = render_html(hostile())
    ours = page.replace(STYLE, "").replace(SCRIPT, "")

    assert not [name for name in HOSTILE if "<" in name and name in ours]
    assert not set(ours) & {"\u202e", "\u2066", "\x1b", "\x07"}
    assert "x" * 600 not in ours


def test_eyes_that_see_no_cost_get_none():
    """With `--show sell` no cost, commitment or margin stands anywhere in the page, not even where it is ordered by."""
    page = render_html(pull_request(), show="sell").replace(STYLE, "").replace(SCRIPT, "")
    plan = pull_request()
    hidden = {
        f"{amount.amount:,.2f}"
        for item in plan.operations
        if item.preview is not None
        for amount in (item.preview.cost_cycle, item.preview.cost_now, item.preview.commitment)
        if amount is not None and amount.amount
    } | {f"{money.amount:,.2f}" for money in (*plan.totals.cost_month, *plan.totals.commitment)}
    sold = {f"{item.preview.sell.amount:,.2f}" for item in plan.operations if item.preview and item.preview.sell}

    assert not [amount for amount in hidden - sold if amount.lstrip("-") in page]
    assert not re.search(r"data-owed|margin \d|[Cc]ost [+-]|the margin would be", page)
    assert [amount for amount in sold if amount in page]


def test_what_stays_is_said_in_words():
    """What a revert does not simply take back is marked in its line and counted at the top, by words and not colour."""
    page = render_html(plan_of(50))

    assert 5 == page.count("cannot be taken back</span>")
    assert "5 operations cannot be taken back by a revert." in page
    assert 20 == page.count('class="mark window"')


class _Nesting(HTMLParser):
    """Elements that are open, and every end that closes something else than the last one opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """`<line/>` closes itself."""

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.mark.parametrize("show", ["all", "sell"])
def test_every_case_becomes_a_page(show: str):
    """Every plan of the cases, whatever it holds, is a page whose elements close in order and whose anchors are one."""
    found = {}
    for document in sorted(HERE.parents[1].glob("plan/*/plan.json")):
        page = render_html(load_plan(document.read_text("utf-8")), show=show)
        nesting = _Nesting()
        nesting.feed(page)
        ids = re.findall(r'\sid="([^"]*)"', page)
        found[document.parent.name] = (nesting.open, nesting.wrong, len(ids) - len(set(ids)))

    assert len(found) > 100
    assert not {name: wrong for name, wrong in found.items() if wrong != ([], [], 0)}


def _column(page: str, label: str) -> Decimal:
    found = re.findall(rf'data-label="{label}">([+-][\d,.]+) EUR<', page)
    return sum((Decimal(amount.replace(",", "")) for amount in found), Decimal(0))


@pytest.mark.parametrize("changes", [50, 5_000])
def test_pictures_add_up(changes: int):
    """By customer, the rest row included, the figures are the plan's totals; so are the months' shares, to the cent."""
    plan = plan_of(changes)
    page = render_html(plan)
    months = re.findall(r'<th scope="row">\d{4}-\d\d</th><td class="num">([\d,.]+) EUR<', page)

    assert plan.totals.cost_month[0].amount == _column(page, "Cost a month")
    assert plan.totals.sell_month[0].amount == _column(page, "Sell a month")
    assert plan.totals.commitment[0].amount == sum(Decimal(amount.replace(",", "")) for amount in months)


def test_currencies_share_no_picture():
    """Two currencies are two tables and two pictures of months, and no bar is drawn for what is unknown."""
    page = render_html(odd())

    assert ["CHF", "EUR"] == re.findall(r"<caption>Change of cost and sell a month by customer, in (\w+)<", page)
    assert ["CHF", "EUR"] == re.findall(r"<figcaption><b>New commitment in (\w+),", page)
    assert "2 amounts are unknown and in no sum." in page
