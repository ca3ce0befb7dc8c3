"""`prices` as a person meets it: what goes in, what is there, what one offer costs, what changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cspdecl.testing.builders import OFFER
from tests.unit.cli.command import Project
from tests.unit.commerce.test_pricelist import HEADER, line
from tests.unit.engine.estates import declare

PRODUCT, _, SKU = str(OFFER).partition(":")


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """November's list and what is announced for December: one price rises, one goes, one comes."""
    project = Project(tmp_path_factory.mktemp("prices"))
    declare(project.estate, "alpha", 5)
    declare(project.estate, "beta", None)
    own = line(product=PRODUCT, sku=SKU)
    sheet(project.root / "s-2026-11.csv", own, line(product="CFQ7TTC0AAAA"))
    dearer = line(product=PRODUCT, sku=SKU, price="259.56", title="\x1b[31mPremium")
    sheet(project.root / "s-2026-12.csv", dearer, line(product="CFQ7TTC0BBBB"))
    assert project.run("prices", "import", "s-2026-11.csv").returncode == 0
    assert project.run("prices", "import", "s-2026-12.csv", "--preview").returncode == 0
    return project


def sheet(path: Path, *rows: str) -> Path:
    path.write_text(HEADER + "".join(row + "\n" for row in rows), encoding="utf-8")
    return path


def test_an_import_says_what_it_took(project):
    """Again, it says that nothing changed."""
    shown = project.run("prices", "import", "s-2026-11.csv", "--as-of", "2026-11")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == "2026-11-DE-EUR.csv: 2 prices, DE, EUR, from s-2026-11.csv, as before\n"


def test_all_lists_are_listed(project):
    """The announced one says that it is."""
    shown = project.run("prices", "list").stdout.splitlines()
    assert [row.split()[:6] for row in shown] == [
        ["2026-12", "DE", "EUR", "2", "prices", "announced"],
        ["2026-11", "DE", "EUR", "2", "prices", "s-2026-11.csv"],
    ]


def test_an_offer_is_shown_through_all_lists(project):
    """For the term and by the charge cycle; no title obeys a terminal."""
    shown = project.run("prices", "show", OFFER)
    assert shown.returncode == 0
    assert "P1Y monthly: 247.20 EUR for the term, 20.60 EUR a charge cycle, list 309.00 EUR, 2025-04-01 to open" in (
        shown.stdout
    )
    assert "announced, not yet a price: list 2026-12" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_what_changes_is_told_for_what_is_declared(project):
    """One offer of three; with --all what is new and gone, too."""
    own = project.run("prices", "diff", "2026-11", "next").stdout
    assert "247.20 → 259.56 EUR  +5.0 %" in own
    assert own.endswith("1 changed, 0 new, 0 gone, 0 the same\n")
    whole = project.run("prices", "diff", "2026-11", "next", "--all").stdout
    assert whole.endswith("1 changed, 1 new, 1 gone, 0 the same\n")


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        (("diff", "2026-11", "2020-01"), "CSP625", 1),
        (("fetch",), "CSP626", 1),
        (("show", "nothing"), "PRODUCT:SKU", 64),
        (("import", "missing-2026-11.csv"), "CSP602", 1),
        (("import", "missing.csv"), "CSP602", 1),
        (("import",), "Missing argument", 64),
    ],
)
def test_what_cannot_be_done_is_said(project, words, code, exit_code):
    """No such list, nobody to fetch it, no offer, no file: one sentence, no traceback."""
    shown = project.run("prices", *words)
    assert shown.returncode == exit_code
    assert code in shown.stderr
    assert "Traceback" not in shown.stderr


def test_matrix_and_rates_go_in_beside_the_lists(project):
    """And what is declared is held against the matrix without asking anybody."""
    matrix = f"ProductId,SkuId,SkuTitle,MinLicenses,MaxLicenses\n{PRODUCT},{SKU},Premium,1,3\n"
    (project.root / "matrix.csv").write_text(matrix)
    (project.root / "rates.csv").write_text("CurrencyCode,USDPerUnit,Month\nEUR,1.17,2026-11\n")
    done = project.run("prices", "import", "matrix.csv", "--holds", "offers", "--as-of", "2026-01")
    assert (done.returncode, done.stdout) == (0, "2026-01-offers.jsonl: 1 offers, from matrix.csv\n")
    assert project.run("prices", "import", "rates.csv", "--holds", "rates", "--as-of", "2026-11").returncode == 0
    shown = project.run("validate")
    assert shown.returncode == 0
    assert "Premium has at most 3 seats a subscription, 5 are declared" in shown.stderr
    assert "CSP627" in shown.stderr
