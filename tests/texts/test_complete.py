"""The German catalogue is whole: every text has its entry with the same places, and nothing stands there for nothing."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from functools import cache

import pytest

from cspdecl_ci.texts import GERMAN as POSTED
from tests.texts.english import english_words
from tests.texts.templates import TEXTS, all_templates, catalogue, missing
from tests.texts.unshown import UNSHOWN, unshown

PLACE = re.compile(r"\{\w*\}")
FILES = sorted((TEXTS / "de").glob("*.toml"))
#: Entries for words and whole sentences that no single literal of the source says.
COMPOSED = ("words.toml", "report_names.toml")
#: Places that German leaves out: the plural of a noun that has none of its own.
LEFT_OUT = {"{0} error{1} in the manifests": {"{1}"}}


@cache
def left():
    """What has no entry, read once."""
    return tuple(missing("de"))


@cache
def source():
    """Every template of the source, read once."""
    return frozenset(said.template for said in all_templates())


def entries(path):
    """The texts of one file."""
    return tomllib.loads(path.read_text("utf-8"))


def test_every_text_has_its_german():
    """What the product can say to people stands in the catalogue, or among the kinds that nobody is shown."""
    assert [] == [
        f"{said.place}: {said.template}" for said in left() if said.template not in POSTED and not unshown(said)
    ]


def test_every_kind_that_needs_no_german_still_exists():
    """The list of what nobody is shown holds nothing that is gone."""
    assert [] == [
        reason
        for where, text, reason in UNSHOWN
        if not any(said.place.startswith(where) and re.fullmatch(text, said.template, re.DOTALL) for said in left())
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_places_are_the_same(path):
    """A translation fills every place of its template, and invents none."""
    assert [] == [
        key
        for key, text in entries(path).items()
        if set(PLACE.findall(key)) - LEFT_OUT.get(key, set()) != set(PLACE.findall(text))
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_stale(path):
    """An entry stands for a text of the source; composed ones are made of such."""
    assert path.name in COMPOSED or [] == [key for key in entries(path) if key not in source()]


def test_no_text_is_translated_twice():
    """A key stands in one file only, so that one text has one translation."""
    keys = Counter(key for path in FILES for key in entries(path))
    assert [] == [key for key, count in keys.items() if count > 1]


def test_german_is_german():
    """No English function word stands in a German text, save in quotations, which are for typing."""
    assert {} == {key: found for key, text in catalogue("de").items() if (found := english_words(text))}
