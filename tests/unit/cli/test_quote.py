"""`quote` and `record` as a person meets them: three parts, an exit code, and one warning about old prices."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.command import Project
from tests.unit.engine.estates import declare
from tests.unit.engine.test_quote import import_sheet


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """Five seats of alpha, bought sixty days ago."""
    project = Project(tmp_path_factory.mktemp("quote"))
    import_sheet(project.root, project.root.parent)
    declare(project.estate, "alpha", 5)
    declare(project.estate, "beta", None)
    project.estate.apply()
    project.world.advance(days=60)
    project.estate.plan()
    return project


def test_a_reduction_outside_the_window_promises_no_money(project):
    """It says when, what stays billed until then and for how much; no minus stands anywhere."""
    shown = project.run("quote", "alpha/m365", "--seats", "3")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "at renewal on 2027-11-22: → 3 seats; 2 seats stay billed until then" in shown.stdout
    assert "they stay at cost 20.00 EUR a month" in shown.stdout
    assert "now:" not in shown.stdout
    assert "-" not in shown.stdout.replace("2027-11-22", "").replace("2027-01-21", "").replace("2026-11", "")


def test_the_document_says_the_same(project):
    """Its three parts, and nothing where nothing applies."""
    found = json.loads(project.run("quote", "alpha/m365", "--seats", "3", "--format", "json").stdout)
    assert ("now" in found, found["refused"], found["at_renewal"]["held"]) == (False, [], 2)
    assert found["at_renewal"]["held_cost_month"] == {"amount": "20.00", "currency": "EUR"}


def test_more_seats_are_two_lines(project):
    """What is returned and what is charged, in text and in JSON, with the exact amounts beside the rounded ones."""
    words = ("quote", "alpha/m365", "--seats", "8", "--on", "2027-01-31")
    shown = project.run(*words)
    found = json.loads(project.run(*words, "--format", "json").stdout)["now"]
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "cost now 21.29 EUR, an estimate for 22 of 31 days" in shown.stdout
    assert [(line["role"], line["quantity"], line["amount_exact"]) for line in found["lines"]] == [
        ("wipe", 5, "-1100/31"),
        ("charge", 8, "1760/31"),
    ]


def test_a_longer_term_is_told_without_days_it_has_not(project):
    """The first cycle of the new term is charged in full, so no share of days is named."""
    shown = project.run("quote", "alpha/m365", "--term", "P3Y")
    assert "None" not in shown.stdout
    assert shown.returncode in (0, 65)


def test_what_is_refused_ends_as_invalid(project):
    """A day before the term: code and sentence on stdout, 65."""
    shown = project.run("quote", "alpha/m365", "--seats", "3", "--on", "2020-01-01")
    assert shown.returncode == 65
    assert "refused: 2020-01-01 is before the running term" in shown.stdout
    assert "(CSP610)" in shown.stdout


def test_recording_renewals_by_an_old_list_warns_once(project):
    """Two terms later: the renewals are recorded at the old list's price, and one warning says so."""
    project.world.advance(days=800)
    shown = project.run("record")
    assert (shown.returncode, shown.stdout) == (0, "2 change records written\n")
    assert shown.stderr.count("CSP609") == 1
    assert "amounts of 2027-11 to 2028-11 are by price list 2026-11" in shown.stderr
