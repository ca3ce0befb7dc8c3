"""A plan as a pull request's comment: what it says first, what it may never do, how it keeps within its bytes."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest

from cspdecl.core.address import Address
from cspdecl.core.guard import Level, NeededApproval
from cspdecl.core.money import Money
from cspdecl.core.operation import Difference, MoneyTotals, Plan, SafetyReport, Verdict, Why
from cspdecl.planning.money import total
from cspdecl.planning.planfile import plan_document
from cspdecl.report.gfm import md, opening
from cspdecl.report.links import Links
from cspdecl.report.markdown import BUDGET, SUMMARY_BUDGET, render_markdown
from cspdecl.report.safe import safe_text
from tests.planning_builders import binding, customer, line, live_customer, make_plan, monthly, sub
from tests.sized_plans import place_of, plan_of
from tests.unit.report.markdown_reader import parser, read_markdown

NASTY = (
    "a|b||c",
    "\\|x\\",
    "``` ````",
    "`x` ``|``",
    "<b>x</b><img src=x onerror=alert(1)>",
    "<!-- --> --><script>",
    "</details></summary>",
    "&lt;b&gt; &#64;x &amp;",
    "@octocat @org/team",
    "#123 org/repo#7 GH-99 !12 $3 %4 &5 ~bug [issue:7]",
    "[x](https://evil.example) ![y](//evil.example/a.png)",
    "<https://evil.example> https://evil.example www.evil.example ftp://evil.example",
    "a@evil.example mailto:a@evil.example",
    "##vso[task.setvariable variable=x]y ##[error]z",
    "::error file=a::b ::set-output name=x::y",
    "***__~~x~~__*** _y_ *z*",
    "$a^2$ $`b`$",
    ":tada: :+1:",
    "\u202egnol\u202c \u200b@x \u2066y",
    "line\r\n# heading\n\n| t |\n|---|\n| c |",
    "\x1b[31mred\x1b[0m \x07",
    "1. eins",
    "- strich",
    "> zitat",
    "+ plus",
    "---",
    "===",
    "| --- |",
    "\\",
    "[x]: https://evil.example",
    "Müller & Söhne <Hamburg> 100 % „gut“ 日本",
)  # fmt: skip


def a_plan(*, name: str = "Hafenkontor Logistik GmbH", title: str = "Visio Plan 2", seats: int = 8) -> Plan:
    return make_plan(
        [customer("hafenkontor", line("visio", seats=seats, sell=monthly("18.50")))],
        [live_customer("hafenkontor", sub("s1", title=title), name=name)],
        bindings=[binding("hafenkontor/visio", "s1")], catalogs={},
    )  # fmt: skip


# ---- text of others ----


@pytest.mark.parametrize("name", NASTY)
def test_a_name_stays_one_cell(name: str):
    """In a table a name is the text of its cell, to the letter, and neither tag nor link nor another cell."""
    made = a_plan(name=name, title=name)
    found = read_markdown(render_markdown(made, links=Links(base="https://code.example/r/blob/main")))

    assert [cell for cell in found.cells if cell.endswith(f"\n{safe_text(name)}")]
    assert found.foreign == []
    assert {address.partition("/customers/")[0] for address in found.links} == {"https://code.example/r/blob/main"}
    assert {len({len(row) for row in table}) for table in found.tables} == {1}
    assert [text for text in found.summaries if safe_text(name) in text]


@pytest.mark.parametrize("name", NASTY)
def test_a_name_starts_nothing_anywhere(name: str):
    """As a paragraph or in an item it is text: no heading, list, quotation, emphasis, code or rule."""
    found = read_markdown(opening(name) + "\n")

    assert found.texts == [safe_text(name)]
    assert found.kinds <= {"paragraph_open", "inline", "text", "text_special", "paragraph_close"}


@pytest.mark.parametrize("name", NASTY)
def test_a_name_is_nothing_to_those_who_read_the_text(name: str):
    """What platforms look for in finished text is parted: mentions, references, addresses, emojis, agents' commands."""
    shown = html.unescape(re.sub(r"<[^>]+>", "", parser().render(f"x {md(name)}")))
    raw = render_markdown(replace(a_plan(name=name, title=name), project=name)).partition("\n")[2]

    assert not re.search(
        r"""@["\w]|[#!$%&^~]["\w]|GH-\d|//|\bwww\.|:[a-z+][\w+]*:|mailto:|##|::|\[\w+:""", shown, re.IGNORECASE
    )
    assert not re.search(r"##\[|##vso|@[a-z]|\bGH-\d|www\.|::error|:tada:", raw)
    assert not any(row.lstrip().startswith(("::", "##[", "##vso")) for row in raw.splitlines())


def test_the_mark_cannot_be_closed_by_a_name():
    """The hidden first line holds a name made safe, so that a pipeline finds its comment and nothing gets out."""
    made = replace(a_plan(), project="nord-->licht @x")
    first = render_markdown(made, digest="sha256:ab12").splitlines()[0]

    assert first == "<!-- cspdecl:plan key=nord-licht-x digest=sha256-ab12 -->"


def test_the_mark_names_the_saved_plan():
    """Without being told, the digest is that of the document."""
    made = a_plan()

    assert f"digest={plan_document(made)['cspdecl']['digest']} -->" in render_markdown(made)


# ---- what it says ----


def test_totals_come_first():
    """Headline, then sums in one table, then what cannot be taken back with the author's line; one line needs no list."""
    found = read_markdown(render_markdown(a_plan(), links=Links(base="https://c.example/b", place=place_of)))

    assert found.headings == ["nordlicht: 1 operation for 1 customer", "What cannot be taken back"]
    assert found.tables[0] == [
        ["In total", "This plan"],
        ["To change", "1"],
        ["Seats that change now", "5 → 8"],
        ["Cost a month", "+46.50 EUR"],
        ["Sell a month", "+55.50 EUR"],
        ["Margin of what changes", "16.2 %"],
        ["For the rest of this cycle", "+35.65 EUR"],
        ["New commitment", "175.15 EUR, the last of it until 2027-03-14"],
    ]
    assert [found.tables[1][1][0], found.tables[1][1][2]] == ["2026-11-29 14:02 UTC", "hafenkontor/visio"]
    assert set(found.links) == {"https://c.example/b/customers/hafenkontor.yaml#L9"}


def test_guardrails_say_whom_they_wait_for():
    """Refused first, then what waits for somebody, then warnings, then what is waived by name."""
    verdicts = (
        Verdict(rule="freeze", code="CSP520", text="frozen", refused=False, waiver="quarter", level=Level.DENY),
        Verdict(rule="maxSeatsPerChange", code="CSP501", text="200 seats", refused=False, level=Level.WARN),
        Verdict(
            rule="maxCancellations", code="CSP521", text="9 lines", refused=False, level=Level.NEEDS_APPROVAL,
            approval=NeededApproval(role="sales|lead", count=2), side="base",
        ),
        Verdict(rule="forbid", code="CSP504", text="P3Y", refused=True, address=Address.parse("hafenkontor/visio")),
    )  # fmt: skip
    found = read_markdown(render_markdown(replace(a_plan(), safety=SafetyReport(verdicts=verdicts))))
    table = next(one for one in found.tables if one[0][0] == "Guardrail")

    assert [row[1] for row in table[1:]] == [
        "refused",
        "waits for 2 approvals as sales|lead\nas it stood before this change",
        "warned",
        "waived by quarter",
    ]
    assert [text for text in found.texts if text.startswith("Refused by guardrails.")] == [
        "Refused by guardrails.\nWaits for 2 approvals as sales|lead."
    ]


def test_a_difference_stands_beside_what_was_waiting():
    """Of fifty operations this change adds five: its sums are its own, the rest is folded, and each customer says why."""
    made = plan_of(50)
    added = tuple(item.id for item in made.operations[:5])
    mine = total(made.operations[:5])
    found = replace(
        made,
        difference=Difference(
            reference="main", base="0123456789abcdef", head=None, added=added,
            waiting=tuple(item.id for item in made.operations[5:]), totals=mine,
            why=(Why(customer="kunde-0001", cause="customer", file="x", text="customers/kunde-0001.yaml was changed"),),
        ),
    )  # fmt: skip
    read = read_markdown(render_markdown(found))

    assert read.headings[0] == "nordlicht: 5 operations for 2 customers"
    assert read.tables[0][0] == ["In total", "This change", "Already waiting"]
    assert [row for row in read.tables[0] if row[0] == "Cost a month"] == [
        ["Cost a month", "+39.80 EUR", "+1,208.00 EUR"]
    ]
    assert [text for text in read.summaries if "Already waiting" in text] == [
        "Already waiting without this change: 45 operations for 12 customers."
    ]
    assert "customers/kunde-0001.yaml was changed" in read.texts
    assert [text for text in read.texts if "This change against main (base 01234567)" in text]


def test_eyes_that_see_no_cost():
    """No cost, no margin, no commitment, no number of a guard that speaks of them: only what the customer pays."""
    canary = Money.of("7654.32", "EUR")
    made = plan_of(50)
    operations = tuple(
        replace(
            item,
            preview=replace(
                item.preview,
                cost_cycle=canary,
                cost_now=canary,
                commitment=canary,
                unit_price=canary,
                cost_now_exact=None,
            ),
        )
        if item.preview is not None
        else item
        for item in made.operations
    )
    lines = tuple(
        replace(one, notes=(*one.notes, "cost 7,654.32 EUR, margin 76.5 %"), notes_sell=one.notes_sell or ())
        for one in made.lines
    )
    verdicts = tuple(
        Verdict(rule=rule, code="CSP502", text="7,654.32 EUR is more than allowed", refused=True)
        for rule in ("minMargin", "maxNewCommitment", "a policy of ours")
    )
    made = replace(
        made, operations=operations, lines=lines, safety=SafetyReport(verdicts=verdicts),
        totals=MoneyTotals(cost_month=(canary,), cost_now=(canary,), commitment=(canary,), sell_month=made.totals.sell_month),
    )  # fmt: skip
    seen = render_markdown(made, show="sell")

    assert "7,654" not in seen
    assert "margin" not in seen.lower().replace("minmargin", "")
    assert "+2,808.00 EUR" in seen
    assert "7,654" in render_markdown(made)


# ---- how much it says ----


@pytest.mark.parametrize("budget", [60_000, 40_000, 20_000, 10_000, 5_000, 2_000, 600, 150])
@pytest.mark.parametrize("changes", [0, 1, 50, 600])
def test_it_stays_within_its_bytes(changes: int, budget: int):
    """Whatever there is to say: bytes are counted, every table is whole, every fold is closed."""
    text = render_markdown(plan_of(changes), budget=budget)
    found = read_markdown(text)

    assert len(text.encode()) <= budget
    assert text.startswith("<!-- cspdecl:plan key=nordlicht digest=")
    assert text.endswith("\n")
    assert text.count("<details>") == text.count("</details>")
    assert found.foreign == []
    assert all(len({len(row) for row in table}) == 1 for table in found.tables)


def test_what_is_left_out_is_said():
    """Beyond the budget customers become a table, and the comment says what else there is."""
    small, large = render_markdown(plan_of(600)), render_markdown(plan_of(600), budget=SUMMARY_BUDGET)

    assert [text for text in read_markdown(small).texts if text.startswith("Left out here")] == [
        "Left out here: 395 of 420 lines with money; the details of 125 customers."
    ]
    assert "the details of" not in large
    assert len(small.encode()) <= BUDGET


def test_the_same_plan_reads_the_same():
    """Summarising is deterministic."""
    assert render_markdown(plan_of(600)) == render_markdown(plan_of(600))


def test_bytes_are_counted_not_characters():
    """Umlauts and ideographs take more than one."""
    made = plan_of(50)
    made = replace(made, customers=tuple(replace(note, name="日本語ÄÖÜ" * 10) for note in made.customers))

    for budget in (30_000, 28_000, 26_000):
        assert len(render_markdown(made, budget=budget).encode()) <= budget


def test_rendering_grows_with_the_plan():
    """Ten times the changes take about ten times the steps, not a hundred: counted in calls, not in seconds."""
    few, many = _calls(500), _calls(5_000)

    assert many < 14 * few


def _calls(changes: int) -> int:
    import sys

    made, count = plan_of(changes), 0

    def counting(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event == "call"

    render_markdown(made, digest="x")  # catalogues and caches are there now
    sys.setprofile(counting)
    try:
        render_markdown(made, digest="x")
    finally:
        sys.setprofile(None)
    return count
