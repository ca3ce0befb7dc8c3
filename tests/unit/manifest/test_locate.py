"""From a path in a document to a line and a column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cspdecl.core.diagnostics import PathPart
from cspdecl.manifest.locate import Locator, Position, find_value, locate
from cspdecl.manifest.yaml import parse_yaml

TEXT = """\
# a remark
spec:
  lines:
    - {name: "ä ö", seats: 5}
    - name: zwei
      seats:   17   # many
      text: |
        one
        two
empty: {}
1: one
---
second: [a, b]
"""


@pytest.mark.parametrize(
    ("document", "path", "key", "expected"),
    [
        (0, ("spec", "lines", 0, "seats"), False, (4, 28, 1)),
        (0, ("spec", "lines", 0, "name"), False, (4, 14, 5)),
        (0, ("spec", "lines", 1, "seats"), False, (6, 16, 2)),
        (0, ("spec", "lines", 1, "seats"), True, (6, 7, 5)),
        (0, ("spec", "lines", 1, "text"), False, (7, 13, 1)),
        (0, ("spec", "lines", 1), False, (5, 7, 1)),
        (0, ("spec", "lines"), True, (3, 3, 5)),
        (0, (), False, (2, 1, 1)),
        (0, ("1",), False, (11, 4, 3)),
        (1, ("second", 1), False, (13, 13, 1)),
        # what is not there is shown by what it is missing from
        (0, ("spec", "lines", 1, "offer"), False, (5, 7, 4)),
        (0, ("spec", "lines", 9, "offer"), False, (4, 5, 1)),
        (0, ("empty", "x"), False, (10, 8, 1)),
    ],
)
def test_paths_have_places(document: int, path: tuple[PathPart, ...], key: bool, expected: tuple[int, int, int]):
    """Values are where they begin, keys where they stand, missing ones at the deepest part that is there."""
    line, column, length = expected

    assert Position(line=line, column=column, length=length) == locate(TEXT, document, path, key=key)


def test_a_document_that_is_not_there_has_no_place():
    """Behind a syntax error, or past the end, there is nothing to show; before it there is."""
    assert locate(TEXT, 2, ()) is None
    assert locate("a: 1\n---\nb: [\n", 0, ("a",)) == Position(line=1, column=4)
    assert locate("a: 1\n---\nb: [\n", 1, ("b",)) is None


def test_a_text_is_composed_once():
    """Many questions about one text cost one parse."""
    locator = Locator(TEXT)
    first = locator._compose()
    locator.find(0, ("spec",))

    assert first is locator._compose()


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_value_is_found_for_replacing(mark: str):
    """The span of a scalar holds its quotes and nothing else, so that a new value leaves the rest as it was."""
    text = mark + TEXT
    begin, end = find_value(text, 0, ("spec", "lines", 1, "seats"))  # type: ignore[misc]
    quoted = find_value(text, 0, ("spec", "lines", 0, "name"))

    assert text.replace("   17   ", "   20   ") == text[:begin] + "20" + text[end:]
    assert quoted is not None
    assert '"ä ö"' == text[quoted[0] : quoted[1]]


def test_only_written_scalars_can_be_replaced():
    """A mapping, a missing key, an empty value and a missing document have no span."""
    text = "a: {b: 1}\nc:\n"

    assert [None] * 4 == [find_value(text, n, p) for n, p in ((0, ("a",)), (0, ("x",)), (0, ("c",)), (1, ("a",)))]


_names = st.text("abcäß東", min_size=1, max_size=4)
_data = st.recursive(
    st.integers(0, 999) | _names, lambda inner: st.dictionaries(_names, inner, min_size=1, max_size=4), max_leaves=12
)


@given(st.dictionaries(_names, _data, min_size=1, max_size=4))
def test_every_scalar_is_found_where_it_is(data: dict[str, object]):
    """For each scalar of a document, the text at its place is the scalar."""
    lines: list[str] = []

    def write(value: dict[str, object], depth: int) -> None:
        for name, item in value.items():
            if isinstance(item, dict):
                lines.append("  " * depth + f"{name}:")
                write(item, depth + 1)
            else:
                lines.append("  " * depth + f"{name}: {item}")

    def walk(value: object, path: tuple[PathPart, ...]) -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                walk(item, (*path, name))
        else:
            place = locator.find(0, path)
            assert place is not None
            assert str(value) == lines[place.line - 1][place.column - 1 : place.column - 1 + place.length]

    write(data, 0)
    text = "\n".join(lines) + "\n"
    locator = Locator(text)
    walk(parse_yaml(text, "a")[0][0].value, ())
