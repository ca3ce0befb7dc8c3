"""The same cases for a German reader: plans as text, Markdown and page, complaints, renewals and questions of cost."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from cspdecl.cli.main import cli
from cspdecl.planning.renewals import find_renewals
from cspdecl.report.diagnostics import render_diagnostics
from cspdecl.report.html.page import render_html
from cspdecl.report.language import GERMAN
from cspdecl.report.markdown import render_markdown
from cspdecl.report.renewals import renewals_text
from cspdecl.report.text import render_plan
from tests.cases.test_plan import CASES, made, prices_of
from tests.cases.test_views import HERE, estate

PLANS = (
    "adopt", "bundle", "buy", "guardrails", "hold", "reprice", "seats-down-split", "suspend", "term-longer", "upgrade-part",
)  # fmt: skip
FORMS = {
    "plan.de.txt": lambda plan: render_plan(plan, lang=GERMAN),
    "plan.de.md": lambda plan: render_markdown(plan, lang=GERMAN),
    "plan.de.html": lambda plan: render_html(plan, lang=GERMAN),
}


def compared(golden: Path, text: str, *, update: bool) -> None:
    """The text as it was reviewed."""
    if update:
        golden.write_text(text, "utf-8")

    assert golden.read_text("utf-8") == text


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", PLANS)
def test_plan(name: str, form: str, update_cases: bool):
    """A plan reads as it was reviewed, in German, in every form."""
    result, _complaints = made(CASES / name)

    compared(CASES / name / form, FORMS[form](result), update=update_cases)


def test_a_refused_guardrail(update_cases: bool):
    """What a plan complains about is said in German as well, a guardrail that refuses among it."""
    result, _complaints = made(CASES / "guardrails")
    shown = render_diagnostics(result.diagnostics, lambda _name: None, lang=GERMAN)

    compared(CASES / "guardrails" / "stderr.de.txt", shown, update=update_cases)


@pytest.mark.parametrize("name", ["undecided", "under-way"])
def test_renewals(name: str, update_cases: bool):
    """The list of renewals in German."""
    folder = HERE / "renewals" / name
    now, project, desired, live, bindings = estate(folder)
    found = find_renewals(
        project=project.name, market=project.market, desired=desired, live=live, bindings=bindings,
        prices=prices_of(folder), now=now, within=timedelta(days=90),
    )  # fmt: skip

    compared(folder / "shown.de.txt", "\n".join(renewals_text(found, lang=GERMAN)) + "\n", update=update_cases)


@pytest.mark.parametrize("words", [(), ("--lang", "de")], ids=["environment", "option"])
def test_a_quote_and_a_faulty_manifest(words: tuple[str, ...], update_cases: bool):
    """The command line itself, by its option and by the environment's locale alone: to the letter the same."""
    env = {"LC_ALL": "", "LC_MESSAGES": "", "LANG": "" if words else "de_DE.UTF-8"}
    folder = HERE / "quote" / "rest-of-a-cycle"
    asked = (folder / "asked.txt").read_text("utf-8").splitlines()
    shown = "\n".join(CliRunner().invoke(cli, [*words, "quote", *line.split()], env=env).output for line in asked)
    compared(folder / "shown.de.txt", shown, update=update_cases)

    wrong = HERE / "manifest" / "aliases"
    found = CliRunner().invoke(cli, [*words, "-C", str(wrong / "manifests"), "validate"], env=env).output
    compared(wrong / "stderr.de.txt", found, update=update_cases)
