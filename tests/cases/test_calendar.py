"""Where the runner stands changes nothing: business days are UTC days, whatever its clock, zone and language say."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.unit.cli.command import Project
from tests.unit.engine.estates import declare
from tests.unit.engine.harness import tenant_of
from tests.unit.engine.test_quote import import_sheet

# Zones as rules, since a machine may have no table of their names; the languages write numbers and dates their own way.
PLACES = {
    "Pacific/Kiritimati": {"TZ": "<+14>-14", "LC_ALL": "C"},
    "America/Los_Angeles": {"TZ": "PST8PDT,M3.2.0,M11.1.0", "LC_ALL": "tr_TR.UTF-8", "LC_NUMERIC": "tr_TR"},
    "Europe/Berlin": {"TZ": "CET-1CEST,M3.5.0,M10.5.0/3", "LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": "7"},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """Ten seats of alpha bought, twelve declared from the last day of March on, as processes find it."""
    project = Project(tmp_path_factory.mktemp("everywhere"))
    import_sheet(project.root, project.root.parent)
    declare(project.estate, "alpha", 10)
    declare(project.estate, "beta", None)
    project.estate.apply()
    seats = [10, {"value": 12, "from": "2027-03-31"}]
    line = {"name": "m365", "offer": "CFQ7TTC0LCHC:0002", "seats": seats, "endOfTerm": "cancel"}
    project.estate.customer("alpha", line, tenant=tenant_of(1))
    return project


def said(project: Project, place: dict[str, str]) -> bytes:
    """All that is said there, as it comes out of the process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.cases.everywhere", str(project.root)],
        env=project.environment(**{"LC_ALL": "C.UTF-8", **place}), capture_output=True, cwd=ROOT, timeout=300, check=True,
    )  # fmt: skip
    return done.stdout


@pytest.fixture(scope="module")
def at_greenwich(project) -> bytes:
    """What is said where the clock is UTC."""
    return said(project, {"TZ": "UTC0"})


def test_all_of_it_is_said(at_greenwich):
    """Cases, ledgers, calendar file, quotes: what is compared between places is there, and no verb failed."""
    text = at_greenwich.decode("utf-8")

    assert [] == [line for line in text.splitlines() if line.startswith("exit ") and line != "exit 0"]
    assert 10 == text.count("\nexit 0")
    for part in (
        "calendar-dst-autumn",
        '"subject":"hafenkontor/visio"',
        "BEGIN:VCALENDAR",
        "4778.94 EUR",
        "2027-02-28",
    ):
        assert part in text


@pytest.mark.parametrize("place", sorted(PLACES))
def test_the_same_everywhere(project, at_greenwich, place):
    """Plans, records, renewals and quotes are the same bytes in every zone and language."""
    there = said(project, PLACES[place])

    assert (
        []
        == [pair for pair in zip(at_greenwich.splitlines(), there.splitlines(), strict=False) if len(set(pair)) > 1][:3]
    )
    assert at_greenwich == there
