"""`renewals` as a person meets it: by month, a warning for what is undecided, a calendar, exit codes."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.command import Project
from tests.unit.engine.estates import declare
from tests.unit.engine.test_quote import import_sheet


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """Five seats of alpha, bought for a year and told to renew, read again after eleven months."""
    project = Project(tmp_path_factory.mktemp("renewals"))
    import_sheet(project.root, project.root.parent)
    declare(project.estate, "alpha", 5, endOfTerm="renew")
    declare(project.estate, "beta", None)
    project.estate.apply()
    project.world.advance(days=330)
    project.estate.plan()
    return project


def test_terms_stand_under_their_month(project):
    """The last day, what happens, what it commits to, the last moment and the window after."""
    shown = project.run("renewals")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "\n2027-11\n  2027-11-21  alpha/m365  " in shown.stdout
    assert "renews: 5 seats, P1Y monthly" in shown.stdout
    assert "cost 50.00 EUR a month, 600.00 EUR until 2028-11-21" in shown.stdout
    assert "last moment 2027-11-22 00:00 UTC; seats can be returned until about 2027-11-29" in shown.stdout


def test_a_shorter_look_finds_nothing(project):
    """Within ten days no term ends; a span that is none is wrong usage."""
    assert "no term ends in that time" in project.run("renewals", "--within", "10d").stdout
    wrong = project.run("renewals", "--within", "soon")
    assert (wrong.returncode, "write 90d, 12w, 6m or 1y" in wrong.stderr) == (64, True)


def test_the_document_and_the_calendar_hold_the_same(project):
    """One renewal in JSON, one entry in the calendar, at the same instant."""
    [item] = json.loads(project.run("renewals", "--format", "json").stdout)["renewals"]
    calendar = project.run("renewals", "--format", "ics").stdout
    assert (item["decide_by"], item["outcome"]) == ("2027-11-22T00:00:00Z", "renews")
    assert calendar.count("BEGIN:VEVENT") == 1
    assert "DTSTART:20271122T000000Z" in calendar


def test_what_is_declared_otherwise_is_warned_of(project):
    """CSP645 on stderr, the line first, and still 0: nothing went wrong."""
    declare(project.estate, "alpha", 5, endOfTerm="cancel")
    shown = project.run("renewals")
    assert (shown.returncode, "warning[CSP645]: 1 term ends without a decision" in shown.stderr) == (0, True)
    assert shown.stdout.index("To be decided") < shown.stdout.index("alpha/m365")
