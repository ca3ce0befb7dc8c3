"""Two weeks of a reseller's life, played by the shipped pipelines in a repository of its own, before a simulated Microsoft.

Each day is a test of its own and plays what comes before it where nobody has yet; they share one world, since that is
what a life is. What was said stands in `said/`, word for word, apart from ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e import week_one, week_two
from tests.e2e.dying import dies
from tests.e2e.reseller import SAID, VISIO, Reseller, reseller

Day = Callable[[Reseller], None]
DAYS: tuple[Day, ...] = week_one.DAYS + week_two.DAYS

pytestmark = pytest.mark.timeout(900)


class Life:
    """The days in their order, each lived once. What went wrong on one is what is wrong with all that follow."""

    def __init__(self, made: Reseller) -> None:
        self.made = made
        self.lived = 0
        self.broken = ""

    def until(self, day: Day) -> None:
        while self.lived <= DAYS.index(day):
            assert not self.broken, f"{self.broken} did not end well"
            one = DAYS[self.lived]
            self.broken = one.__name__
            one(self.made)
            self.broken = ""
            self.lived += 1


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory, update_cases: bool) -> Iterator[Life]:
    with reseller(tmp_path_factory.mktemp("fortnight"), update=update_cases) as made:
        yield Life(made)


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.__name__)
def test_day(life: Life, day: Day):
    """What the day's own words say."""
    life.until(day)


def test_nothing_said_is_left_over(life: Life):
    """Every text in `said/` was said, and no job left a secret behind."""
    life.until(DAYS[-1])

    assert sorted(life.made.told) == sorted(path.stem for path in SAID.iterdir())
    assert [] == [text[:300] for text in life.made.left if "forge-token" in text or "eyJ" in text]


@pytest.mark.long
@pytest.mark.parametrize(("heard", "answered"), [(0, 0), (1, 0), (2, 0), (2, 1), (3, 2)])
def test_a_runner_dies_at_any_moment(tmp_path: Path, heard: int, answered: int):
    """However much was carried out when it died: after `recover` and the job once more everything was done once."""
    with reseller(tmp_path, update=False) as made:
        week_one.monday_all_that_runs_becomes_manifests(made)
        pull = made.pull(
            "advent", (week_one.ALSTER, "seats: 10", "seats: 12"), (week_one.FJORD, "seats: 15", "seats: 16")
        )
        made.planned(pull)
        moved = made.merge(pull)
        made.terminal("recover", "--take-over", dies(made, moved, heard=heard, answered=answered))
        made.applied(moved)

        assert (12, 16, 16) == (made.seats_of("alster"), made.seats_of("fjord"), made.seats_of("fjord", VISIO))
        assert 3 == len(made.sim.requests(writes=True))
        assert 3 == len([one for one in made.records() if one["action"] != "adopt"])
