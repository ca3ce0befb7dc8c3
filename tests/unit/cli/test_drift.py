"""`drift --explain`: all that differs, in words a person reads, and as one document."""

from __future__ import annotations

import json
from dataclasses import replace

from cspdecl.core.catalog import OfferKey
from cspdecl.core.live import NextTerm, Status
from cspdecl.testing.builders import OFFER, OTHER_OFFER
from cspdecl.testing.script import Fault
from tests.unit.cli.command import Project
from tests.unit.engine.estates import declare
from tests.unit.engine.harness import tenant_of

ALPHA, BETA = tenant_of(1), tenant_of(2)


def drifted(tmp_path) -> Project:
    """Seats, end and name of one subscription changed, one suspended, one bought."""
    project = Project(tmp_path)
    declare(project.estate, "alpha", 10)
    declare(project.estate, "beta", 4)
    project.estate.apply()
    project.world.advance(days=1)
    with project.world.open() as state:
        [item] = state.customers[ALPHA].subscriptions
        state.set_seats(ALPHA, item.id, 12)
        item = state.subscription(ALPHA, item.id)
        assert item.term is not None
        assert item.billing is not None
        following = NextTerm(offer=OfferKey.parse(OFFER), seats=2, term=item.term, billing=item.billing)
        state.put(ALPHA, replace(item, scheduled=following, nickname="Sales \x1b[31m"))
        [other] = state.customers[BETA].subscriptions
        state.put(BETA, replace(other, status=Status.SUSPENDED, end_of_term="unset"))
        state.buy(BETA, offer=OfferKey.parse(OTHER_OFFER), seats=3)
    return project


def test_everything_that_differs_is_said_once(tmp_path):
    """By subscription, as we left it and as it is; every field in words, and names that nobody declares at the end."""
    project = drifted(tmp_path)

    printed = project.run("drift", "--explain").stdout

    ident = printed.split("id                        ")[1].split()[0]
    assert printed.split("would put it right.\n", 1)[1] == (
        "\n"
        "alpha/m365 (as left by our last operation → as it is)\n"
        "  seats                     10 → 12   (10 is declared)\n"
        f"  scheduled for the renewal nothing → 2 seats of {OFFER} for one year, billed monthly\n"
        "\n"
        f"beta/{ident} (as left by our last operation → as it is)\n"
        f"  id                        {ident}\n"
        "  bought on                 2026-11-23\n"
        f"  offer's name              Offer {OTHER_OFFER}\n"
        "  runs until                2027-11-22\n"
        f"  offer                     {OTHER_OFFER}\n"
        "  seats                     3\n"
        "  term                      one year\n"
        "  billed                    monthly\n"
        "  at the end of its term    renews\n"
        "  scheduled for the renewal nothing\n"
        "  status                    active\n"
        "\n"
        "beta/m365 (as left by our last operation → as it is)\n"
        "  at the end of its term    renews → left open, auto-renew is off   (renews is declared)\n"
        "  status                    active → suspended   (active is declared)\n"
        "\n"
        "Renamed in the provider's portal (no `nickname` is declared, so this is no drift):\n"
        "  alpha/m365: “m365” → “Sales \\x1b[31m”\n"
    )


def test_explained_as_one_document(tmp_path):
    """JSON stays one document, with what is explained inside; without `--explain` it has neither key."""
    project = drifted(tmp_path)

    told = json.loads(project.run("drift", "--explain", "--format", "json").stdout)
    plain = json.loads(project.run("drift", "--format", "json").stdout)

    assert {"field": "seats", "was": "10", "live": "12", "declared": "10"} in told["explained"][0]["differences"]
    assert [("alpha/m365", "m365")] == [(item["address"], item["was"]) for item in told["renamed"]]
    assert {"explained", "renamed"} == set(told) - set(plain)
    assert told["drift"] == plain["drift"]


def test_names_alone_are_no_drift(tmp_path):
    """0 and a note, however many were renamed."""
    project = Project(tmp_path)
    declare(project.estate, "alpha", 10)
    project.estate.customer("beta", tenant=BETA)
    project.estate.apply()
    with project.world.open() as state:
        state.rename(ALPHA, state.customers[ALPHA].subscriptions[0].id, "Sales")

    told, plain = project.run("drift", "--explain"), project.run("drift")

    assert (0, 0) == (told.returncode, plain.returncode)
    assert ("“m365” → “Sales”" in told.stdout, "Sales" in plain.stdout) == (True, False)


def test_what_stopped_says_how_it_is_now(tmp_path):
    """A cancelled subscription is explained by its status, not by what it once was."""
    project = Project(tmp_path)
    declare(project.estate, "alpha", 10)
    project.estate.customer("beta", tenant=BETA)
    project.estate.apply()
    with project.world.open() as state:
        state.cancel(ALPHA, state.customers[ALPHA].subscriptions[0].id)

    told = project.run("drift", "--explain").stdout

    assert told.endswith("  status                    active → deleted   (active is declared)\n")


def test_the_alarm_goes_off_once(tmp_path):
    """A look ends with 2 as long as there is drift; the watch only when it is another set than last time."""
    project = drifted(tmp_path)

    looks = [project.run("drift").returncode for _ in range(2)]
    watched = [project.run("drift", "--alarm", "changed") for _ in range(2)]
    with project.world.open() as state:
        [item] = state.customers[ALPHA].subscriptions
        state.set_seats(ALPHA, item.id, 15)
    changed = project.run("drift", "--alarm", "changed")

    assert [2, 2] == looks
    assert [2, 0] == [run.returncode for run in watched]
    assert "Nothing new since the report of " in watched[1].stdout
    assert (2, True) == (changed.returncode, ": 1 new, 2 gone." in changed.stdout)


def test_an_outage_uses_no_alarm_up(tmp_path):
    """The alarm goes off once, so an unreadable customer beside it must not hide it: whoever tries again after 75 would
    find nothing new. Without an alarm, 75 stands for what nobody knows."""
    project = drifted(tmp_path)
    project.world.script(Fault(kind="unreadable", tenant=BETA, times=-1))

    codes = [project.run("drift", "--alarm", "changed").returncode for _ in range(2)]
    look = project.run("drift").returncode

    assert ([2, 75], 75) == (codes, look)


def test_several_forms_at_once(tmp_path):
    """Files beside the text on stdout, complete, each in its form; a wrong form is wrong usage."""
    project = drifted(tmp_path)
    forms = {"json": "drift.json", "markdown": "out/drift.md", "sarif": "drift.sarif", "junit": "drift.xml"}
    words = [word for form, name in forms.items() for word in ("--write", f"{form}={project.root / name}")]

    ended, wrong = project.run("drift", *words), project.run("drift", "--write", "pdf=x")

    assert (2, 64) == (ended.returncode, wrong.returncode)
    assert ended.stdout.startswith("alpha\n  ~ m365")
    assert 4 == len(json.loads((project.root / "drift.json").read_text("utf-8"))["drift"])
    assert (project.root / "out/drift.md").read_text("utf-8").startswith("<!-- cspdecl:drift key=estate -->\n")
    assert "2.1.0" == json.loads((project.root / "drift.sarif").read_text("utf-8"))["version"]
    assert (project.root / "drift.xml").read_text("utf-8").startswith("<?xml ")


def test_a_customer_that_was_lost_is_drift(tmp_path):
    """2 and a finding of its own: asking again later would not help. An outage stays 75."""
    project = Project(tmp_path)
    declare(project.estate, "alpha", 10)
    declare(project.estate, "beta", 4)
    project.estate.apply()
    with project.world.open() as state:
        state.customers = {key: one for key, one in state.customers.items() if key != BETA}

    lost = project.run("drift")

    assert (2, True) == (lost.returncode, "no reseller relationship with this customer any more" in lost.stdout)
    assert "Drift: 1 customer lost." in lost.stdout
