"""Every console on every page is played, in the scene that the page names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.docs.pages import Block, blocks, pages
from tests.docs.play import Player
from tests.docs.scenes import build, directions, perform, scene, scene_of

# Played whole by tests of their own, each from its first command to its last.
ELSEWHERE = {ROOT / "README.md", ROOT / "docs/getting-started.md"}
# The blocks that no test can run, each with its reason on the page: all of them, so that none is added in passing.
NOT_RUN = {
    "CONTRIBUTING.md": 1,
    "README.md": 1,
    "docs/getting-started.md": 1,
    "docs/reference/codes/CSP113.md": 1,
    "docs/reference/codes/CSP742.md": 1,
}


pytestmark = pytest.mark.timeout(300)
PLAYED = ("console", "bash", "diff")


def _consoles(page: Path) -> list[Block]:
    found = [block for block in blocks(page) if block.language in PLAYED or directions(block).file is not None]
    return found if any(block.language in ("console", "bash") for block in found) else []


PAGES = [page for page in pages() if page not in ELSEWHERE and "changelog.d" not in page.parts and _consoles(page)]
CODES = [page for page in PAGES if page.parent.name == "codes" and scene_of(page) == "estate"]
OTHERS = [page for page in PAGES if page not in CODES]


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return build(tmp_path_factory.mktemp("scenes"))


@pytest.fixture(scope="module")
def together(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    """One estate for the pages of all codes: each says in a line or two what to do, none leaves much behind."""
    with scene("estate", built["estate"], tmp_path_factory.mktemp("codes")) as shell:
        yield shell


def _played(page: Path, shell: Player) -> str:
    wrong = []
    for block in _consoles(page):
        if directions(block).not_run is None:
            wrong += [f"{_name(page)}:{block.line}: {line}" for line in perform(block, shell)]
    return "\n".join(wrong)


@pytest.mark.parametrize("page", OTHERS, ids=_name)
def test_a_page_is_played(page: Path, built: dict[str, Path], tmp_path: Path):
    """From its first command to its last, in a scene of its own."""
    with ExitStack() as stack:
        name = scene_of(page)
        shell = stack.enter_context(scene(name, built[name], tmp_path))

        assert "" == _played(page, shell)


@pytest.mark.parametrize("page", CODES, ids=_name)
def test_what_a_code_says_to_do_can_be_done(page: Path, together: Player):
    """The commands on the page of a code run, and print what it shows."""
    folder, environment = together.folder, dict(together.environment)
    try:
        wrong = _played(page, together)
    finally:
        together.folder, together.environment = folder, environment
        together.run("git checkout -q main -- . && git clean -fdq")

    assert "" == wrong


def test_what_is_not_run_is_counted():
    """A block is left out with a reason and by name; one more is a decision."""
    found = [(page, block) for page in [*PAGES, *ELSEWHERE] for block in _consoles(page) if directions(block).not_run]

    assert NOT_RUN == {_name(page): sum(one == page for one, _ in found) for page, _ in found}
