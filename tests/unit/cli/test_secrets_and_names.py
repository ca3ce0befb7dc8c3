"""Secrets never come out, and names from elsewhere never reach a terminal as they are."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from cspdecl.testing.world import Fault
from tests.unit.cli.command import Project
from tests.unit.engine.estates import declare
from tests.unit.engine.harness import tenant_of

CANARY = "c4n4ry-7f3a-do-not-print"
HOSTILE = "Evil\x1b[2J\x1b]0;owned\x07\r\nPlan: 0 to buy\u202etxt.exe\u200b\x9b31m GmbH"
# control characters save the newline, and marks that turn the reading direction or hide
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")

VERBS = (
    ("validate",),
    ("plan",),
    ("plan", "--format", "json"),
    ("plan", "--format", "markdown"),
    ("plan", "--out", "plan.json"),
    ("show", "plan.json"),
    ("apply", "--auto-approve", "--result-file", "result.json"),
    ("recover",),
    ("record",),
    ("drift", "--explain"),
    ("drift", "--format", "json"),
    ("adopt", "--auto-approve"),
    ("ledger", "list"),
    ("ledger", "export"),
    ("ledger", "export", "--format", "csv"),
    ("export", "--to", "../out"),
    ("plan", "--cached"),
)


def with_key(project: Project, source: dict[str, object]) -> None:
    """The provider's key comes from `source`."""
    settings = {"plugin": "memory", "environment": "sandbox", "world": str(project.world_file), "keyFrom": source}
    project.estate.project(providers={"memory": settings})


def everything_written(folder: Path) -> str:
    """All that stands in files below a folder, the world of the provider left out."""
    return "\n".join(
        path.read_bytes().decode("utf-8", "replace")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "secret"
    )


@pytest.mark.parametrize("kind", ["env", "file", "command"])
def test_a_secret_stays_where_it_is(tmp_path, kind):
    """A key from a variable, a file or a command is used and appears nowhere: no output, no store, no plan, no export."""
    project = Project(tmp_path)
    (project.root / "secret").write_text(CANARY)
    place: dict[str, object] = {"env": "KEY", "file": "secret", "command": ["cat", "secret"]}
    with_key(project, {kind: place[kind]})
    declare(project.estate, "alpha", 10)
    declare(project.estate, "beta", 4)
    project.world.script(
        Fault(kind="bug", text=f"Authorization: Bearer {CANARY}"), Fault(kind="lost_after", skip=2)
    )  # the plugin's own mistake: an exception that carries the key
    said = ""

    # every verb with one source; the others where a provider is connected for reading and for writing
    for words in VERBS if kind == "file" else (VERBS[4], VERBS[6]):
        ended = project.run(*words, KEY=CANARY)
        said += ended.stdout + ended.stderr

    assert "m365" in said
    assert project.world.writes()
    assert CANARY not in said
    assert CANARY not in everything_written(project.root) + everything_written(tmp_path / "out")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"env": "NOT_THERE"}, "environment variable NOT_THERE"),
        ({"file": "not-there"}, "file not-there"),
        ({"command": ["sh", "-c", f"echo {CANARY}; echo {CANARY} >&2; exit 3"]}, "the command ended with 3"),
        ({"command": ["not-a-program"]}, "did not run to its end"),
    ],
    ids=["env", "file", "command fails", "no command"],
)
def test_a_missing_secret_names_its_source(tmp_path, source, said):
    """What cannot be read is named by where it should have come from, never by what was found there."""
    project = Project(tmp_path)
    with_key(project, source)
    declare(project.estate, "alpha", 10)

    ended = project.run("plan")

    assert 77 == ended.returncode
    assert said in ended.stderr
    assert CANARY not in ended.stdout + ended.stderr


def make_hostile(project: Project) -> None:
    """Customers, products and subscriptions that were named by somebody who means harm."""
    with project.world.open() as state:
        for number in (1, 2):
            customer = state.customers[tenant_of(number)]
            state.put_customer(replace(customer, name=f"{HOSTILE} {number}"))
        state.offers = tuple(replace(offer, title=f"Office {HOSTILE}") for offer in state.offers)
        bought = state.buy(tenant_of(1), offer=state.offers[0].key, seats=9, nickname=HOSTILE)
        state.put(tenant_of(1), replace(bought, title=f"Suite {HOSTILE}"))
        extra = state.buy(tenant_of(2), offer=state.offers[1].key, seats=1, nickname=HOSTILE)
        state.put(tenant_of(2), replace(extra, trial=True))


def test_hostile_names_never_reach_the_terminal(tmp_path):
    """Escape sequences, line breaks and turned text in names from elsewhere are shown, never sent, by any verb."""
    project = Project(tmp_path)
    make_hostile(project)
    declare(project.estate, "alpha", 10)
    declare(project.estate, "beta", 4)
    project.world.script(Fault(kind="reject", action="purchase", text=f"no {HOSTILE}"))

    for words in VERBS:
        ended = project.run(*words)
        # a CSV's rows end with CR LF (RFC 4180)
        assert [] == RAW.findall(ended.stdout.replace("\r\n", "\n")), (words, ended.stdout)
        assert [] == RAW.findall(ended.stderr), (words, ended.stderr)


def test_hostile_words_of_a_failing_reading_are_shown(tmp_path):
    """Why a customer could not be read comes from elsewhere too."""
    project = Project(tmp_path)
    declare(project.estate, "alpha", 10)
    project.world.script(Fault(kind="unreadable", tenant=tenant_of(1), times=-1, text=HOSTILE))

    for words in (("plan",), ("drift",), ("record",), ("export", "--to", "../out"), ("adopt", "--auto-approve")):
        ended = project.run(*words)
        assert 75 == ended.returncode
        assert [] == RAW.findall(ended.stdout + ended.stderr), (words, ended.stdout, ended.stderr)


def test_hostile_names_cannot_add_lines_to_a_plan(tmp_path):
    """A name with a line break does not make a line: what looks like a plan's total is the plan's total."""
    project = Project(tmp_path)
    make_hostile(project)
    declare(project.estate, "alpha", 10)

    ended = project.run("plan")

    assert ["Plan:"] == [line[:5] for line in ended.stdout.splitlines() if line.startswith("Plan:")]


def test_an_export_of_hostile_names_is_harmless(tmp_path):
    """Exported manifests hold no raw control or direction marks, are valid, and say nothing but what is live."""
    project = Project(tmp_path)
    make_hostile(project)
    declare(project.estate, "alpha", 9)
    project.run("apply", "--auto-approve")

    assert 0 == project.run("export", "--to", "../out").returncode

    for path in (tmp_path / "out").rglob("*.yaml"):
        assert [] == RAW.findall(path.read_text("utf-8")), path.read_text("utf-8")
    project.root = tmp_path / "out"
    checked = project.run("validate")
    assert (0, "") == (checked.returncode, checked.stderr)


def test_json_stays_json(tmp_path):
    """Hostile names inside a JSON document are escaped by it, and come back as they were."""
    project = Project(tmp_path)
    make_hostile(project)
    declare(project.estate, "alpha", 10)

    document = json.loads(project.run("plan", "--format", "json").stdout)

    assert f"{HOSTILE} 1" in {note["name"] for note in document["cspdecl"]["customers"]}


def test_half_a_character_stops_nobody(tmp_path):
    """A name that somebody cut off within an emoji ends with what UTF-8 cannot hold: kept, planned, applied, recorded."""
    project = Project(tmp_path)
    declare(project.estate, "alpha", 3)
    project.estate.apply()
    with project.world.open() as state:
        customer = state.customers[tenant_of(1)]
        items = tuple(replace(item, nickname="Sales \ud83d", title="Suite \ude80") for item in customer.subscriptions)
        state.put_customer(replace(customer, name="Alpha \ud83d", subscriptions=items))
    declare(project.estate, "alpha", 5)
    verbs = (
        ["plan", "--out", str(project.root / "saved")], ["plan", "--format", "json"], ["apply", "--auto-approve"],
        ["drift", "--format", "json"], ["drift", "--explain"], ["ledger", "verify"], ["ledger", "list"], ["renewals"],
    )  # fmt: skip

    ended = [project.run(*words) for words in verbs]

    assert [0] * len(verbs) == [one.returncode for one in ended], [one.stderr[-300:] for one in ended if one.returncode]
