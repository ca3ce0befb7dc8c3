"""docs/reference/cli.md is what the program says, and a page that is behind is noticed."""

from __future__ import annotations

import re

import pytest

from cspdecl.cli.main import VERBS
from cspdecl.cli.reference import PAGE, main, render_reference
from cspdecl.engine.exits import Exit


def test_the_page_is_up_to_date(capsys: pytest.CaptureFixture[str]):
    """`python -m cspdecl.cli.reference --check` is content; otherwise run it without `--check`."""
    code = main(["--check"])

    assert (Exit.DONE, "") == (code, capsys.readouterr().err)


def test_a_page_that_is_behind_is_noticed_and_mended(tmp_path, capsys: pytest.CaptureFixture[str]):
    """A word changed by hand fails the check, which says what to run; running it writes the page anew."""
    page = tmp_path / "cli.md"
    page.write_text(PAGE.read_text("utf-8").replace("cspdecl plan", "cspdecl planned", 1), "utf-8")

    checked = main(["--check"], page)
    said = capsys.readouterr().err
    written = main([], page)

    assert (Exit.ERROR, "cli.md is out of date: python -m cspdecl.cli.reference\n") == (checked, said)
    assert (Exit.DONE, PAGE.read_text("utf-8")) == (written, page.read_text("utf-8"))


def test_every_verb_has_a_section_and_every_link_meets_it():
    """The list at the top links each verb to its own heading."""
    text = render_reference()
    headings = re.findall(r"^## cspdecl ([a-z]+)$", text, re.MULTILINE)

    assert list(VERBS) == headings
    assert headings == re.findall(r"^- \[`[a-z]+`\]\(#cspdecl-([a-z]+)\): \S", text, re.MULTILINE)


def test_every_exit_code_has_its_meaning():
    """The table of exit codes is complete and in order."""
    codes = re.findall(r"^\| (\d+) \| \S", render_reference(), re.MULTILINE)

    assert [str(int(code)) for code in Exit] == codes
