"""The player of pages is itself held to what it promises, so that a page that lies does not pass."""

from __future__ import annotations

import pytest

from tests.docs.pages import Block, blocks
from tests.docs.play import fits, play, player, settled


@pytest.mark.parametrize(
    ("page", "printed", "expected"),
    [
        (["a", "b"], ["a", "b"], True),
        (["a"], ["a", "b"], False),
        (["a", "b"], ["a"], False),
        ([], ["a"], False),
        (["a", "…"], ["a", "b", "c"], True),
        (["…", "c"], ["a", "b", "c"], True),
        (["a", "…", "c"], ["a", "c"], True),
        (["a", "…", "b"], ["a", "c"], False),
        (["…", "b", "a"], ["a", "b"], False),
    ],
)
def test_only_a_cut_leaves_lines_out(page, printed, expected):
    """Page and print are the same lines in the same order, but for what `…` stands for."""
    assert expected is fits(page, printed)


def test_what_no_two_runs_share_is_set_aside_and_nothing_else():
    """Ids, heads and times of recording are masked, customers may be done in any order; seats and amounts count."""
    one = ["  b/x: 1 seat", "  a/y: adopted", "  a/x: adopted", "taken over: 9f2b6c1e-3d84-4e0a-9a57-2c8e41d7b903, 3"]
    other = ["  a/y: adopted", "  a/x: adopted", "  b/x: 1 seat", "taken over: 00cb9f2c-f7e9-4f33-8b76-f153f6be3a14, 3"]

    assert settled(one) == settled(other)
    assert settled(one) != settled([*other[:2], "  b/x: 2 seats", other[3]])
    assert settled(["  a/y: adopted", "  a/x: adopted"]) != settled(["  a/x: adopted", "  a/y: adopted"])


def test_a_console_is_run_and_a_lie_is_told(tmp_path):
    """A block whose output is not what comes out is reported with both, and with the block as it would read."""
    page = tmp_path / "page.md"
    page.write_text("```console\n$ printf 'one\\ntwo\\n'\none\nthree\n$ false\n$ echo $?\n1\n```\n", "utf-8")
    (block,) = blocks(page)

    now, differences = play(block, player(tmp_path))

    assert "$ printf 'one\\ntwo\\n'\none\ntwo\n$ false\n$ echo $?\n1\n" == now
    assert ["$ printf 'one\\ntwo\\n'", "  page: one", "  page: three", "   now: one", "   now: two"] == differences


def test_a_diff_changes_the_file_that_was_named(tmp_path):
    """The removed lines have to stand in the file exactly once."""
    (tmp_path / "a.yaml").write_text("x: 1\ny: 2\n", "utf-8")
    shell = player(tmp_path)
    block = Block(page=tmp_path, language="diff", text="-y: 2\n+y: 3\n", start=0, before="In `a.yaml`:\n", line=1)

    shell.change(block)

    assert "x: 1\ny: 3\n" == (tmp_path / "a.yaml").read_text("utf-8")
    with pytest.raises(AssertionError, match=r"not in a\.yaml"):
        shell.change(block)


def test_what_ends_at_once_is_told_with_its_last_words(tmp_path):
    """A server that does not start fails the page with what it said, and leaves nothing to stop."""
    shell = player(tmp_path)

    with pytest.raises(AssertionError, match=r"ended at once: no such world"):
        shell.run("printf 'no such world' &")

    assert [] == shell.behind
