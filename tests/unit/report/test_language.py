"""One catalogue, two languages: templates, finished sentences, figures in the locale's form."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from cspdecl.core.money import Money
from cspdecl.report.catalogue import load_catalogue
from cspdecl.report.language import ENGLISH, GERMAN, language_of


@pytest.mark.parametrize(
    ("wish", "environment", "expected"),
    [
        ("de", {}, GERMAN),
        ("en", {"LANG": "de_DE.UTF-8"}, ENGLISH),
        (None, {"LANG": "de_AT.UTF-8"}, GERMAN),
        (None, {"LC_ALL": "C.UTF-8", "LANG": "de_DE.UTF-8"}, ENGLISH),
        (None, {"LC_MESSAGES": "de_DE", "LANG": "en_US"}, GERMAN),
        (None, {}, ENGLISH),
    ],
)
def test_the_language_asked_for_wins_then_the_environment(wish, environment, expected):
    """`--lang` before LC_ALL before LC_MESSAGES before LANG; English where nothing says."""
    assert language_of(wish, environment) == expected


def test_values_take_the_form_of_the_language():
    """Amounts, counts, days and instants are written as the reader writes them."""
    owed, moment = Money(Decimal("3805.31"), "EUR"), datetime(2026, 11, 29, 14, 2, tzinfo=UTC)
    assert [ENGLISH.money(owed), GERMAN.money(owed)] == ["3,805.31 EUR", "3.805,31 EUR"]
    assert [ENGLISH.number(12345), GERMAN.number(12345)] == ["12,345", "12.345"]
    assert [ENGLISH.day(date(2027, 3, 1)), GERMAN.day(date(2027, 3, 1))] == ["2027-03-01", "01.03.2027"]
    assert [ENGLISH.clock(moment), GERMAN.clock(moment)] == ["2026-11-29 14:02 UTC", "29.11.2026, 14:02 UTC"]


def test_english_is_left_as_it_is():
    """What the code says is what an English reader sees, to the letter."""
    text = "3 new seats can be returned until 2026-11-29 14:02 UTC, 61.80 EUR"
    assert ENGLISH.sentence(text) == text


def test_a_finished_sentence_is_found_by_its_shape():
    """A count and its noun, known as a template, are said in German, the count in its form."""
    assert GERMAN.sentence("1,234 customers") == "1.234 Kunden"


def test_an_unknown_sentence_keeps_its_words_and_gets_its_figures():
    """What the catalogue lacks is foreign, never wrong: the words stay, days and amounts are the reader's."""
    assert GERMAN.sentence("zorblax quux 1,234.50 EUR 2027-03-14") == "zorblax quux 1.234,50 EUR 14.03.2027"


@pytest.mark.parametrize("name", ["hafenkontor/visio", "CFQ7TTC0LCHC:0002", "`seats`", "1.2.3", "a.b@c.example"])
def test_names_are_never_translated(name):
    """Addresses, offers, versions and keys are the same in every language."""
    assert GERMAN.sentence(f"{name}") == name


def test_the_reading_that_leaves_least_english_wins():
    """Of shapes that fit, and of ways to fill them, the one is meant whose parts are all known."""
    said = GERMAN.sentence(
        "3 new seats can be returned until 2026-11-29 14:02 UTC, then they are owed until 2027-03-14"
    )
    assert said == "3 neue Lizenzen bis 29.11.2026, 14:02 UTC zurückzugeben, danach sind sie bis 14.03.2027 geschuldet"


def test_what_is_quoted_stays_as_written():
    """Keys and values in backticks are for typing: neither their words nor their figures change."""
    assert "`seats: 1,000`" in GERMAN.sentence("say `seats: 1,000` or less")


@pytest.mark.parametrize(
    "text",
    [
        "the provider refuses: " + ", ".join(f"foo {number} bar (baz; qux: on {number} of it)" for number in range(30)),
        "it is " + "of the " * 170,
        "a: b; c, d (e). " * 80,
        "x" * 5_000,
    ],
    ids=["joints", "places", "pieces", "long"],
)
def test_what_others_say_costs_no_more_than_a_sentence_may(text):
    """A provider's endless message is read in so many ways and no more; what is not found keeps its words."""
    catalogue = load_catalogue("de")
    catalogue._known.clear()

    said, left = catalogue.translate(text)

    assert left > 0
    assert catalogue._effort[0] >= -100  # broken off: nobody goes on trying once it is used up
    assert len(text) <= 2 * len(said)
