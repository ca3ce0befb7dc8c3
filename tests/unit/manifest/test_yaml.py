"""Our subset of YAML: what is typed, what stays text, what is refused and where."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cspdecl.manifest import yaml as module
from cspdecl.manifest.yaml import ALIAS_BUDGET, MAX_DEPTH, has_libyaml, parse_yaml

BOTH = pytest.mark.parametrize("pure", [False, True], ids=["libyaml", "pure"])


def value(text: str, pure: bool = False) -> object:
    """The one document of a text that has nothing wrong with it."""
    (document,), problems = parse_yaml(text, "a.yaml", pure=pure)
    assert problems == ()
    return document.value


def problem(text: str, pure: bool = False) -> tuple[str, int | None, int | None]:
    """The one problem of a text: code, line, column."""
    _, (found,) = parse_yaml(text, "a.yaml", pure=pure)
    return found.code, found.line, found.column


@BOTH
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("country: NO", "NO"),
        ("id: 0123", "0123"),
        ("sku: 1E5", "1E5"),
        ("t: 12:30", "12:30"),
        ("t: 1:30", "1:30"),
        ("n: 010", "010"),
        ("n: 1_000", "1_000"),
        ("sku: 0001", "0001"),
        ("version: 1.10", "1.10"),
        ("day: 2026-11-22", "2026-11-22"),
        ("n: 0x1F", "0x1F"),
        ("n: 0o17", "0o17"),
        ("n: +5", "+5"),
        ("n: -0", "-0"),
        ("n: .5", ".5"),
        ("n: .inf", ".inf"),
        ("b: yes", "yes"),
        ("b: On", "On"),
        ("b: True", "True"),
        ("b: NULL", "NULL"),
        ("n: 0", 0),
        ("n: 28", 28),
        ("n: -7", -7),
        ("n: 123456789012345678", 123456789012345678),
        ("n: 1234567890123456789", "1234567890123456789"),
        ("b: true", True),
        ("b: false", False),
        ("v: null", None),
        ("v: ~", None),
        ("v:", None),
        ('v: ""', ""),
        ("v: '28'", "28"),
        ('v: "true"', "true"),
        ("v: |\n  a\n  b\n", "a\nb\n"),
        ("ü: Mühlbach", "Mühlbach"),
    ],
)
def test_scalars_mean_what_they_look_like(text: str, expected: object, pure: bool):
    """Only true, false, null, ~, nothing and plain decimal integers are typed; everything else is the text it was."""
    documents, _ = parse_yaml(text, "a.yaml", pure=pure)
    (found,) = documents[0].value.values()  # type: ignore[attr-defined]

    assert (expected, type(expected)) == (found, type(found))


@BOTH
def test_keys_are_always_text(pure: bool):
    """A key is what was written: 1 is "1", true is "true", null is "null"."""
    assert {"1": 0, "true": 0, "null": 0, "NO": 0} == value("{1: 0, true: 0, null: 0, NO: 0}", pure)


@BOTH
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: !secret x", ("CSP108", 1, 4)),
        ("a: !!int 5", ("CSP108", 1, 4)),
        ("a: ! 5", ("CSP108", 1, 4)),
        ("a: ! [b]", ("CSP108", 1, 4)),
        ("a: !", ("CSP108", 1, 4)),
        ("!!str a: b", ("CSP108", 1, 1)),
        ("a: 1\nb: 2\na: 3", ("CSP107", 3, 1)),
        ("a: {b: 1, b: 1}", ("CSP107", 1, 11)),
        ("<<: {a: 1}", ("CSP110", 1, 1)),
        ("x: {a: 1, <<: [{b: 2}]}", ("CSP110", 1, 11)),
        ("? [a]\n: b", ("CSP112", 1, 3)),
        ("a: *b", ("CSP109", 1, 4)),
        ("&a [*a]", ("CSP109", 1, 1)),
        ("a: &x 1\nb: &x 2", ("CSP109", 2, 4)),
        ("a: {b: 1", ("CSP105", 1, 8)),
        ("a: b: c", ("CSP105", 1, 5)),
        ("\ta: b", ("CSP105", 1, 1)),
        ("a: 'b", ("CSP105", 1, 5)),
        ("ä: \x07", ("CSP105", 1, 4)),
        ("a: 1\n---\nb: [", ("CSP105", 3, 4)),
    ],
)
def test_refusals_have_a_place(text: str, expected: tuple[str, int, int], pure: bool):
    """What is refused is refused by its own code, at the line and column where it stands."""
    code, row, column = problem(text, pure)

    assert expected[:2] == (code, row)
    if not pure:  # the two parsers count columns alike, save at the end of a broken flow collection
        assert expected[2] == column


@BOTH
def test_quoted_merge_key_is_a_key(pure: bool):
    """In quotes `<<` is a name like any other."""
    assert {"<<": 1} == value('"<<": 1', pure)


@BOTH
def test_all_problems_of_a_document_are_found(pure: bool):
    """One problem does not hide the next: duplicates, tags and merge keys are collected."""
    _, problems = parse_yaml("a: !x 1\na: 2\n<<: {}\nb: !y 3\n", "a.yaml", pure=pure)

    assert ["CSP108", "CSP107", "CSP110", "CSP108"] == [item.code for item in problems]


@BOTH
def test_aliases_are_values(pure: bool):
    """An alias is the value of its anchor, as a value of its own."""
    assert {"a": [1], "b": [1]} == value("a: &x [1]\nb: *x\n", pure)


@BOTH
def test_alias_bomb_is_refused(pure: bool):
    """Nine lines that mean nine to the eighth values are refused before they are built."""
    text = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 1}]\n" for n in range(9))
    documents, (found,) = parse_yaml(text, "a.yaml", pure=pure)

    assert () == documents
    assert "CSP109" == found.code


def test_aliases_may_add_up_to_the_budget():
    """Reasonable sharing passes: the budget counts what aliases add, not what is written."""
    block = "a: &a [" + ", ".join(["x"] * 100) + "]\n"
    few = block + "b: [" + ", ".join(["*a"] * (ALIAS_BUDGET // 101 - 1)) + "]\n"
    many = block + "b: [" + ", ".join(["*a"] * (ALIAS_BUDGET // 101 + 2)) + "]\n"

    assert () == parse_yaml(few, "a.yaml")[1]
    assert ["CSP109"] == [item.code for item in parse_yaml(many, "a.yaml")[1]]


@BOTH
@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 3_000, 200_000])
@pytest.mark.parametrize("opening", ["[", "- ", "{a: "])
def test_deep_nesting_is_refused(opening: str, levels: int, pure: bool):
    """However deep a text nests, it is refused with a place, and the process lives."""
    if pure and levels > 3_000:
        levels = 3_000  # the pure scanner takes minutes for more
    documents, problems = parse_yaml(opening * levels, "a.yaml", pure=pure)

    assert () == documents
    assert ["CSP111"] == [item.code for item in problems]


def test_nesting_up_to_the_limit_passes():
    """What a manifest needs, and five times that, is not too deep."""
    depth = MAX_DEPTH - 1

    assert json.loads("[" * depth + "1" + "]" * depth) == value("[" * depth + "1" + "]" * depth)


def test_documents_are_counted_with_empty_ones():
    """The index of a document counts every document of the file."""
    documents, _ = parse_yaml("a: 1\n---\n---\nb: 2\n", "a.yaml")

    assert [(0, {"a": 1}), (1, None), (2, {"b": 2})] == [(item.index, item.value) for item in documents]


def test_unreadable_rest_keeps_what_stands_before_it():
    """Documents before a syntax error are there; the error counts as the next document."""
    documents, (found,) = parse_yaml("a: 1\n---\nb: [\n", "a.yaml")

    assert [{"a": 1}] == [item.value for item in documents]
    assert found.origin is not None
    assert 1 == found.origin.document


def test_without_libyaml_the_meaning_is_the_same(monkeypatch: pytest.MonkeyPatch):
    """Where PyYAML was built without libyaml its pure parser takes over."""
    monkeypatch.setattr(module, "_FastComposer", None)

    assert not has_libyaml()
    assert {"country": "NO", "seats": 5} == value("{country: NO, seats: 5}")


def test_libyaml_is_missing_is_noticed(monkeypatch: pytest.MonkeyPatch):
    """A PyYAML without its C half gives no fast composer."""
    import sys

    monkeypatch.setitem(sys.modules, "yaml._yaml", None)

    assert module._fast_composer() is None


_texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff\ufffe\uffff"))
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18) + 1, 10**18 - 1) | _texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_texts, inner, max_size=5),
    max_leaves=20,
)


@given(_json)
def test_json_is_read_as_json(data: object):
    """Every JSON document without fractions reads the same as YAML, with either parser."""
    text = json.dumps(data, ensure_ascii=False).replace("\x85", "\\u0085").replace("\u2028", "\\u2028")
    text = text.replace("\u2029", "\\u2029")

    assert data == value(text)
    assert data == value(text, pure=True)


@given(st.text(alphabet="ab:-? \n\t[]{}&*!|>'\"#%@`,0159~<", max_size=40))
def test_any_text_is_answered(text: str):
    """No text raises: it is read, or refused with a line that exists."""
    _, problems = parse_yaml(text, "a.yaml")
    lines = text.count("\n") + 1

    assert all(item.line is not None and 1 <= item.line <= lines for item in problems)
