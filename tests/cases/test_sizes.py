"""What is printed of a plan with 0, 1, 50 and 5,000 changes, in every format, and how long it may be.

The plans are `tests.sized_plans`. A golden of more than 64 KiB is kept as its digest, its length and its first and last
lines, so that the repository stays small and a difference still shows where.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cspdecl import __version__
from cspdecl.core.operation import Difference, Plan, Why
from cspdecl.planning.money import total
from cspdecl.planning.planfile import dump_plan, load_plan
from cspdecl.report.annotations import render_azure, render_github
from cspdecl.report.links import Links
from cspdecl.report.markdown import BUDGET, SUMMARY_BUDGET, render_markdown
from cspdecl.report.outputs import render_gitlab, render_outputs
from cspdecl.report.remarks import remarks_of
from cspdecl.report.text import render_plan
from tests.sized_plans import place_of, plan_of

HERE = Path(__file__).parent / "sizes"
LINKS = Links(base="https://code.example/nordlicht/blob/0123abc", folder="reseller/", place=place_of)
DIGEST = "sha256:" + "ab" * 32
WHOLE = 64 * 1024
ENDS = 12  # so many first and last lines of a golden that is too long


def as_change(made: Plan) -> Plan:
    """The same as the plan of a change that asks for every second customer, planned without asking anybody."""
    mine = [item for item in made.operations if int(item.address.customer.removeprefix("kunde-")) % 2]
    why = tuple(
        Why(customer=key, cause="customer", file=f"customers/{key}.yaml", text=f"customers/{key}.yaml changed")
        for key in dict.fromkeys(item.address.customer for item in mine)
    )
    added = tuple(item.id for item in mine)
    frozen = frozenset(added)
    waiting = tuple(item.id for item in made.operations if item.id not in frozen)
    difference = Difference(
        reference="origin/main", base="0123abc4567890", head=None, why=why, added=added, waiting=waiting,
        totals=total(mine),
    )  # fmt: skip
    return replace(made, difference=difference, offline=True)


# format → how it is made, its file's suffix, bytes it may have at all, and more for each change
FORMATS: dict[str, tuple[Callable[[Plan], str], str, int, int]] = {
    "text": (render_plan, "txt", 2_000, 600),
    "json": (lambda made: dump_plan(made, place=place_of), "json", 8_000, 8_000),
    "markdown": (lambda made: render_markdown(made, links=LINKS, digest=DIGEST), "md", BUDGET, 0),
    "markdown-sell": (lambda made: render_markdown(made, show="sell", links=LINKS, digest=DIGEST), "md", BUDGET, 0),
    "summary": (
        lambda made: render_markdown(made, links=LINKS, digest=DIGEST, budget=SUMMARY_BUDGET), "md", SUMMARY_BUDGET, 0,
    ),
    "change": (lambda made: render_markdown(as_change(made), links=LINKS, digest=DIGEST), "md", BUDGET, 0),
    "annotations": (lambda made: render_github(remarks_of(made, links=LINKS)), "txt", 10_000, 0),
    "azure": (lambda made: render_azure(remarks_of(made, links=LINKS)), "txt", 10_000, 0),
    "gitlab": (render_gitlab, "json", 100, 0),
    "outputs": (lambda made: render_outputs(made, digest=DIGEST, exitcode=2, delimiter="end"), "txt", 1_000, 0),
}  # fmt: skip


@pytest.mark.parametrize("changes", [0, 1, 50, 5_000])
@pytest.mark.parametrize("style", FORMATS)
def test_size(style: str, changes: int, update_cases: bool):
    """What is printed reads as it was reviewed, and is no longer than it may be."""
    render, suffix, most, each = FORMATS[style]
    text = render(plan_of(changes))
    long = len(text.encode())
    kept = text.replace(f"cspdecl {__version__}", "cspdecl VERSION")
    golden = HERE / style / f"{changes}.{suffix}"
    if len(kept.encode()) > WHOLE:
        kept, golden = _ends(kept), golden.with_suffix(".ends.txt")
    if update_cases:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(kept, "utf-8")

    assert golden.read_text("utf-8") == kept
    assert long <= most + each * changes


def test_the_document_of_any_size_reads_back():
    """What is saved is the plan, however many changes it has."""
    assert load_plan(dump_plan(plan_of(600))) == plan_of(600)


def _ends(text: str) -> str:
    rows = text.splitlines()
    cut = [row[:400] for row in (*rows[:ENDS], "…", *rows[-ENDS:])]
    digest = hashlib.sha256(text.encode()).hexdigest()
    return "\n".join([f"sha256 {digest}", f"{len(text.encode())} bytes, {len(rows)} lines", "", *cut, ""])
