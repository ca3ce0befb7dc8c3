"""What is really said, in German: the sentences of all reviewed plans, their figures, names, and JSON that never changes."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from cspdecl.cli.main import cli, main
from cspdecl.planning.planfile import dump_plan, load_plan
from cspdecl.report.drift import render_drift
from cspdecl.report.drift_markdown import render_drift_markdown
from cspdecl.report.language import ENGLISH, GERMAN
from cspdecl.report.text import render_plan
from tests.cases.test_plan import CASES, made
from tests.texts.english import english_words
from tests.texts.templates import ROOT, catalogue
from tests.unit.report.test_drift_forms import HOSTILE, report, told

#: What providers, catalogues and people said in the cases: theirs, in the language they said it in.
FOREIGN = (
    "Windows 365 Business with Hybrid Benefit", "an add-on is present", "an add-on is still assigned", "agreed in writing",
    "it is for a term of three years", "its billing profile is not validated", "three invoices open",
    "ein add-on ist present", "an add-on ist present", "an add-on ist still assigned", "for a term von drei Jahre",
)  # fmt: skip
_SAID = ("text", "summary", "message", "hint", "label")
_FIGURES = re.compile(r"(?<![\w.:/,-])\d[\d.,]*(?![\w/-]|:\w)")


@cache
def sentences():
    """Every sentence of every reviewed plan."""

    def of(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                if key in ("notes", "notes_sell"):
                    yield from inner or ()
                elif key in _SAID and isinstance(inner, str):
                    yield inner
                else:
                    yield from of(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from of(inner)

    paths = sorted(CASES.glob("*/plan.json"))
    return sorted({text for path in paths for text in of(json.loads(path.read_text("utf-8"))["cspdecl"])})


def test_no_english_is_left_in_what_plans_say():
    """All sentences of all reviewed plans are German to the last word, but for what others said and names."""
    found = {}
    for text in sentences():
        said = GERMAN.sentence(text)
        for foreign in FOREIGN:
            said = said.replace(foreign, "")
        if words := english_words(said):
            found[text] = (said, words)

    assert {} == found


def figures(text: str) -> Counter[str]:
    """The numbers of a text, days and separators of either language taken away."""
    days = re.sub(r"(\d{2})\.(\d{2})\.(\d{4})", r"\3-\2-\1", text)
    plain = re.sub(r"\d{4}-\d{2}-\d{2}", lambda day: f" D{day[0].replace('-', '')} ", days)
    numbers = (found.strip(".,") for found in _FIGURES.findall(plain))
    return Counter([re.sub(r"[.,]", "", number) for number in numbers] + re.findall(r"D\d{8}", plain))


def test_no_figure_is_lost_or_changed():
    """Amounts, counts and days of every sentence are the same in German."""
    assert [] == [text for text in sentences() if figures(text) != figures(GERMAN.sentence(text))]


TEMPLATES = sorted(
    key for key, text in catalogue("de").items()
    if re.findall(r"\{\d\}", key) and "`" not in key and sorted(re.findall(r"\{\d\}", key)) == sorted(re.findall(r"\{\d\}", text))
)  # fmt: skip


@given(
    st.sampled_from(TEMPLATES),
    st.lists(
        st.one_of(
            st.integers(0, 99_999).map("{:,}".format),
            st.decimals(0, 99_999, places=2).map("{:,.2f} EUR".format),
            st.dates().map(lambda day: day.replace(year=2000 + day.year % 100).isoformat()),
        ),
        min_size=10,
        max_size=10,
    ),
)
def test_figures_survive_any_template(template, values):
    """Whatever is said with whatever figures: not one is changed, lost or invented."""
    text = re.sub(r"\{(\d)\}", lambda place: f" {values[int(place[1])]} ", template)
    text = re.sub(r" +", " ", text).strip()

    assert sum(figures(text).values()) == sum(figures(GERMAN.sentence(text)).values())


@given(st.text(max_size=60))
def test_any_text_can_be_put_to_it(text):
    """Whatever a tenant wrote, a sentence is said, and said again the same."""
    assert GERMAN.sentence(text) == GERMAN.sentence(text)
    assert ENGLISH.sentence(text) == text


@pytest.mark.parametrize("name", ["new", "customer", "error", "{0}", "\x1b[31mrot", "\x010\x01", "Now and then"])
def test_names_are_not_said(name):
    """A name that happens to be a word of the catalogue stays a name: it fills a place, and nothing reads it."""
    assert f"Plan für {name}" == GERMAN.say("Plan for {project}", project=name)


def own_english(text: str) -> list[str]:
    """English words of a drift run that are its own: not a tenant's, not the made-up finding's, no key of a manifest."""
    lines = [
        line.replace(HOSTILE, "").replace("8 seats are live", "") for line in text.split("\n") if "e.vil" not in line
    ]
    return [word for word in english_words("\n".join(lines)) if word != "seats"]


def test_a_renamed_line_keeps_its_names_in_drift():
    """Names in the portal are shown as they are, whatever they spell."""
    text = render_drift(report(4), lang=GERMAN)

    assert "nickname: erklärt Büro, zuletzt angewandt Büro, beim Anbieter a" in text
    assert [] == own_english(text)


@pytest.mark.parametrize("count", [0, 1, 50])
def test_drift_is_german(count):
    """A drift run as text and Markdown has no English of its own."""
    assert [] == own_english(render_drift(told(count), lang=GERMAN))
    assert [] == own_english(render_drift_markdown(told(count), lang=GERMAN))


@pytest.mark.parametrize("name", ["buy", "reprice", "guardrails", "hostile-names"])
def test_a_plan_has_no_language(name):
    """The saved plan is the same whoever made it; shown, it speaks either."""
    result, _complaints = made(CASES / name)
    again = load_plan(dump_plan(result))

    assert dump_plan(result) == (CASES / name / "plan.json").read_text("utf-8")
    assert render_plan(again) == (CASES / name / "plan.txt").read_text("utf-8")
    assert "Stand " in render_plan(again, lang=GERMAN)


QUESTION = ("quote", "--unit-price", "10.08", "--currency", "EUR", "--term", "P1M", "--billing", "monthly",
            "--cycle-start", "2021-06-18", "--on", "2021-06-20", "--from", "10", "--to", "12")  # fmt: skip


def test_json_is_the_same_in_every_language():
    """A program reads one form: bytes are the same under `--lang de`, under a German environment, and without."""
    project = str(ROOT / "manifests" / "starter")
    for words in (
        (*QUESTION, "--format", "json"),
        ("schema", "customer"),
        ("-C", project, "validate", "--format", "json"),
    ):
        english = CliRunner().invoke(cli, words, env={"LC_ALL": "C.UTF-8"})
        german = CliRunner().invoke(cli, ["--lang", "de", *words])
        native = CliRunner().invoke(cli, words, env={"LC_ALL": "", "LC_MESSAGES": "", "LANG": "de_DE.UTF-8"})
        assert english.exit_code == german.exit_code == native.exit_code
        assert english.stdout == german.stdout == native.stdout
        assert english.exit_code == 0


def test_the_environment_decides_and_the_option_wins():
    """LANG=de_DE.UTF-8 speaks German through the real command line; `--lang en` is English all the same."""
    env = {"LC_ALL": "", "LC_MESSAGES": "", "LANG": "de_DE.UTF-8"}
    native = CliRunner().invoke(cli, QUESTION, env=env).stdout

    assert "eine Lizenz 10,08 EUR je Abrechnungszeitraum" in native
    assert "am 20.06.2021" in native
    assert [] == english_words(native)
    assert "one seat 10.08 EUR a charge cycle" in CliRunner().invoke(cli, ["--lang", "en", *QUESTION], env=env).stdout


def test_errors_of_the_command_line_are_german(capsys):
    """What is typed wrong is said so in the reader's language."""
    with pytest.raises(SystemExit):
        main(["--lang", "de", "quote", "--unit-price", "10,08"])

    assert "`10,08` ist kein Betrag: `10.08` schreiben, mit Punkt" in capsys.readouterr().err
