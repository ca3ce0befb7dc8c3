"""`apply:` in the project: from which branch, how old a plan may be, and what is none of that."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cspdecl.core.project import ApplyRules
from cspdecl.testing.builders import SteppingClock
from tests.unit.engine.estates import estate_of, world_of


def rules(tmp_path, **keys: object) -> tuple[ApplyRules | None, list[str]]:
    """What a project with these keys says, and the codes of its diagnostics."""
    estate = estate_of(tmp_path / "project", world_of())
    estate.clock = SteppingClock()
    estate.project(**({"apply": keys} if keys else {}))
    with estate.session() as session:
        loaded = session.load()
    errors = [item.code for item in loaded.diagnostics if item.severity == "error"]
    return (loaded.project.apply if loaded.project is not None and not errors else None), errors


def test_left_out_it_is_a_week_and_the_default_branch(tmp_path):
    """Nothing said: the remote's own default branch, seven days."""
    assert (ApplyRules(branch=None, max_age=timedelta(days=7)), []) == rules(tmp_path)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"branch": "main"}, ApplyRules(branch="main")),
        ({"branch": "release/2026.11"}, ApplyRules(branch="release/2026.11")),
        ({"maxAge": "36h"}, ApplyRules(max_age=timedelta(hours=36))),
        ({"maxAge": "3d", "branch": "prod"}, ApplyRules(branch="prod", max_age=timedelta(days=3))),
    ],
)
def test_what_is_said_holds(tmp_path, keys, expected):
    """A branch by its plain name; hours or days."""
    assert (expected, []) == rules(tmp_path, **keys)


@pytest.mark.parametrize(
    "keys",
    [
        {"branch": "../main"}, {"branch": "-f"}, {"branch": "a..b"}, {"branch": ""}, {"maxAge": "0d"}, {"maxAge": "week"},
        {"maxAge": 7}, {"maxAge": "7"}, {"maxage": "7d"},
    ],
)  # fmt: skip
def test_what_is_none_is_refused(tmp_path, keys):
    """A branch that git would not take, an age of nothing, a number without its unit: said, and not applied."""
    said, errors = rules(tmp_path, **keys)

    assert (None, 1) == (said, len(errors))
