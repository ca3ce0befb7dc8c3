"""The saved plan: a view for existing tools, the truth under `cspdecl`, and a digest that notices edits."""

from __future__ import annotations

import json

import pytest

from cspdecl.core.errors import StalePlan
from cspdecl.planning.planfile import dump_plan, load_plan, plan_document
from cspdecl.planning.schema import schema_text
from tests.conftest import ROOT
from tests.planning_builders import at, binding, customer, line, live_customer, make_plan, sub


def a_plan(**rest):
    return make_plan(
        [
            customer(
                "hafenkontor", line("neu", "CFQ7TTC0LH0T:0001"), line("visio", seats=17),
                line("weg", "CFQ7TTC0LCHC:0002", absent=True),
            )
        ],
        [
            live_customer(
                "hafenkontor", sub("s1", seats=25, lots=[(5, at("2026-11-25"))]),
                sub("s2", "CFQ7TTC0LCHC:0002", cancel_until=at("2026-11-25")), **rest,
            )
        ],
        bindings=[binding("hafenkontor/visio", "s1"), binding("hafenkontor/weg", "s2", offer="CFQ7TTC0LCHC:0002")],
    )  # fmt: skip


def test_the_view_speaks_terraform():
    """Counting creates, updates and deletes with the usual one-liner gives the plan's numbers."""
    actions = {item["address"]: item["change"]["actions"] for item in plan_document(a_plan())["resource_changes"]}

    assert {
        "hafenkontor/neu": ["create"],
        "hafenkontor/visio": ["update", "schedule"],
        "hafenkontor/weg": ["delete"],
    } == actions


def test_the_view_shows_before_and_after():
    """What is created has no before, what is deleted no after, and a change shows both."""
    changes = {item["address"]: item["change"] for item in plan_document(a_plan())["resource_changes"]}

    assert (None, 5) == (changes["hafenkontor/neu"]["before"], changes["hafenkontor/neu"]["after"]["seats"])
    assert (25, 20) == tuple(changes["hafenkontor/visio"][side]["seats"] for side in ("before", "after"))
    assert 17 == changes["hafenkontor/visio"]["after"]["scheduled"]["seats"]
    assert changes["hafenkontor/weg"]["after"] is None


@pytest.mark.parametrize(
    "edit",
    [
        lambda doc: doc["cspdecl"]["operations"][0]["action"].update(seats=500),
        lambda doc: doc["cspdecl"]["operations"].pop(),
        lambda doc: doc["resource_changes"].pop(),
        lambda doc: doc["cspdecl"].pop("digest"),
        lambda doc: doc.update(applyable=False),
        lambda doc: doc.update(extra=1.5),
    ],
)
def test_an_edited_plan_is_noticed(edit):
    """Seats raised by hand, an operation taken out, the view made to lie: all of it is stale."""
    document = json.loads(dump_plan(a_plan()))
    edit(document)

    with pytest.raises(StalePlan, match="altered"):
        load_plan(json.dumps(document))


@pytest.mark.parametrize("text", ["", "[]", "{}", "not json", '{"cspdecl": 1}'])
def test_what_is_no_plan_is_said(text):
    """Anything else is refused with a sentence, never a traceback."""
    with pytest.raises(StalePlan, match="no saved plan"):
        load_plan(text)


def test_another_major_version_is_refused():
    """A format that changed is not guessed at."""
    document = json.loads(dump_plan(a_plan()))

    with pytest.raises(StalePlan, match="plan again"):
        load_plan(json.dumps({**document, "format_version": "2.0"}))


def test_a_terminal_sees_no_control_characters():
    """Names with escapes and direction marks travel escaped and come back as they were."""
    made = a_plan(name="B\x1b[31m\x9b2J\u202eHbmG\u2028")
    text = dump_plan(made)

    assert made == load_plan(text)
    assert not [char for char in text if char in "\x1b\x9b\u202e\u2028"]


def test_the_schema_is_current():
    """schemas/plan.v1.json is what `python -m cspdecl.planning.schema` writes."""
    assert schema_text() == (ROOT / "schemas/plan.v1.json").read_text("utf-8")
