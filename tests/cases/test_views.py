"""What a person reads who asks without changing anything: `quote` from bare figures, `renewals`, a price rehearsal.

Cases of `quote/` hold `asked.txt`, a question a line as it is typed after `cspdecl quote`. Cases of `renewals/` and
`rehearsal/` hold manifests and what runs, as those of `plan/` do; `raise.txt` says how much dearer the list that is
tried is. Each README.md is the claim.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from cspdecl.cli.main import cli
from cspdecl.core.live import Binding, LiveState
from cspdecl.core.money import Money
from cspdecl.core.plain import from_plain, parse_instant
from cspdecl.core.project import PriceBook
from cspdecl.manifest.load import load_manifests
from cspdecl.planning.rehearsal import rehearse
from cspdecl.planning.renewals import find_renewals
from cspdecl.report.diagnostics import render_diagnostics
from cspdecl.report.rehearsal import rehearsal_text
from cspdecl.report.renewals import renewals_text, undecided_warning
from tests.cases.test_plan import data, prices_of

HERE = Path(__file__).parent
CASES = sorted(path for view in ("quote", "renewals", "rehearsal") for path in (HERE / view).iterdir() if path.is_dir())


def quoted(folder: Path) -> str:
    """Every question with what is answered to it, on whichever stream."""

    def answers() -> Iterator[str]:
        for asked in (folder / "asked.txt").read_text("utf-8").splitlines():
            shown = CliRunner().invoke(cli, ["quote", *shlex.split(asked)])
            yield f"$ cspdecl quote {asked}\n{shown.stdout}{shown.stderr}[{shown.exit_code}]\n"

    return "\n".join(answers())


def renewals(folder: Path) -> str:
    """The terms that end within ninety days, after what is said of those without a decision."""
    now, project, desired, live, bindings = estate(folder)
    found = find_renewals(
        project=project.name, market=project.market, desired=desired, live=live, bindings=bindings,
        prices=prices_of(folder), now=now, within=timedelta(days=90),
    )  # fmt: skip
    warned = undecided_warning(found)
    return "\n".join(renewals_text(found)) + "\n\n" + render_diagnostics([warned] if warned else [], lambda _path: None)


def rehearsal(folder: Path) -> str:
    """The estate under a list of December that is as much dearer as `raise.txt` says."""
    now, project, desired, live, bindings = estate(folder)
    book = prices_of(folder)
    dearer = 1 + Decimal((folder / "raise.txt").read_text("utf-8").strip().removesuffix("%")) / 100
    [current] = book.lists
    rows = {
        key: tuple(replace(row, cost=Money.of(str(row.cost.amount * dearer), row.cost.currency)) for row in group)
        for key, group in current.rows.items()
    }
    found = rehearse(
        project=project, desired=desired, live=live, bindings=bindings, current=book,
        tried=PriceBook(lists=(replace(current, date="2026-12", rows=rows),), home=book.home),
        at=parse_instant("2026-12-01T00:00:00Z"), now=now,
    )  # fmt: skip
    return "\n".join(rehearsal_text(found)) + "\n"


def estate(folder: Path):
    """The instant, the project, what is declared, what runs and what is bound."""
    now = parse_instant((folder / "clock.txt").read_text("utf-8").strip())
    project, desired = load_manifests(folder / "manifests", now=now).checked()
    live: LiveState = from_plain(LiveState, data(folder, "live.json"))
    bound: tuple[Binding, ...] = from_plain(tuple[Binding, ...], data(folder, "bindings.json"))
    return now, project, desired, live, {item.address: item for item in bound}


VIEWS = {"quote": quoted, "renewals": renewals, "rehearsal": rehearsal}


@pytest.mark.parametrize("folder", CASES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_case(folder: Path, update_cases: bool):
    """What is printed reads as it was reviewed."""
    text = VIEWS[folder.parent.name](folder)
    golden = folder / "shown.txt"
    if update_cases:
        golden.write_text(text, "utf-8")

    assert golden.read_text("utf-8") == text


@pytest.mark.parametrize("folder", CASES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_case_makes_its_claim(folder: Path):
    """Every case says in one sentence what it shows."""
    claim = (folder / "README.md").read_text("utf-8").strip()

    assert claim.endswith(".")
    assert "\n" not in claim
