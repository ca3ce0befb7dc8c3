"""Diagnostics as text: the line, the caret, and nothing that a terminal would obey."""

from __future__ import annotations

import re
import unicodedata
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cspdecl.core.diagnostics import Diagnostic, Origin, error, note, warning
from cspdecl.report.diagnostics import MAX_COLUMNS, render_diagnostics, summary
from cspdecl.report.printable import printable, width

CONTOSO = b"""\
apiVersion: cspdecl/v1
kind: Customer
metadata: {name: contoso}
spec:
  subscriptions:
    - name: m365
      offer: CFQ7TTC0LDPB:0001
      seats: 17
"""


def render(*diagnostics: Diagnostic, text: bytes | None = CONTOSO, color: bool = False) -> str:
    return render_diagnostics(diagnostics, lambda file: text, color=color)


def at(*path: str | int, file: str = "customers/contoso.yaml") -> Origin:
    return Origin(file=file, path=path)


def test_the_documented_example():
    """The look is that of the user documentation: place, address, caret with label, hint, summary."""
    problem = error(
        "CSP310",
        "3 of the 8 seats to remove are outside their 7-day window",
        origin=at("spec", "subscriptions", 0, "seats"),
        address="contoso/m365",
        label="5 can go now (until 2026-11-25 09:30 UTC), 3 only at renewal on 2027-03-01",
        hint="`reduce: now` is set; `reduce: auto` schedules the rest, or say `seats: 20`",
    )
    expected = """\
        error[CSP310]: 3 of the 8 seats to remove are outside their 7-day window
         --> customers/contoso.yaml:8:14   contoso/m365
          |
        8 |       seats: 17
          |              ^^ 5 can go now (until 2026-11-25 09:30 UTC), 3 only at renewal on 2027-03-01
        hint: `reduce: now` is set; `reduce: auto` schedules the rest, or say `seats: 20`

        1 error in 1 file
        """

    assert dedent(expected) == render(problem)


def test_nothing_to_say():
    """No diagnostics print nothing."""
    assert "" == render()


def test_reading_order_is_that_of_the_text():
    """By file, then by line and column, whatever order they were found in; what has no place comes last."""
    problems = (
        error("CSP201", "no project"),
        error("CSP104", "late", origin=at("spec")),
        warning("CSP103", "other file", origin=at("kind", file="a.yaml")),
        error("CSP102", "second", origin=at("metadata", "name")),
        note("CSP101", "first", origin=at("apiVersion")),
    )
    codes = re.findall(r"\[(CSP\d+)\]", render(*problems))

    assert ["CSP103", "CSP101", "CSP102", "CSP104", "CSP201"] == codes
    assert render(*problems) == render(*reversed(problems))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((1, 0, 0), "1 error in 1 file"),
        ((3, 1, 0), "3 errors, 1 warning in 1 file"),
        ((0, 2, 1), "2 warnings, 1 note in 1 file"),
        ((0, 0, 0), "no problems"),
    ],
)
def test_summary_counts(counts: tuple[int, int, int], expected: str):
    """Singular and plural, worst first, files counted once."""
    made = [
        kind("CSP100", f"{number}", origin=at("kind"))
        for kind, count in zip((error, warning, note), counts, strict=True)
        for number in range(count)
    ]

    assert expected == summary(made)


def test_keys_and_related_places():
    """A key is underlined instead of its value; a related place is shown too."""
    problem = error(
        "CSP207", "twice", origin=at("kind"), key=True, related=(at("metadata", "name", file="other.yaml"),)
    )
    expected = """\
        error[CSP207]: twice
         --> customers/contoso.yaml:2:1
          |
        2 | kind: Customer
          | ^^^^
         ::: other.yaml:3:18
          |
        3 | metadata: {name: contoso}
          |                  ^^^^^^^ the other place

        1 error in 1 file
        """

    assert dedent(expected) == render(problem)


def test_a_text_that_is_gone_costs_the_snippet_alone():
    """Without the file the place is named, and the label is kept."""
    problem = error("CSP310", "seats", origin=at("spec"), label="5 can go now", address="contoso/m365")
    expected = """\
        error[CSP310]: seats
         --> customers/contoso.yaml   contoso/m365
          = 5 can go now

        1 error in 1 file
        """

    assert dedent(expected) == render(problem, text=None)


def test_no_place_but_an_address():
    """What belongs to no text is named by its address."""
    assert "error[CSP401]: gone\n --> contoso/m365\n\n1 error\n" == render(
        error("CSP401", "gone", address="contoso/m365")
    )


def test_broken_text_is_shown_where_it_breaks():
    """Line and column of the parser are used as they are, and the word there is underlined."""
    printed = render(
        error("CSP105", "no YAML", origin=Origin(file="a.yaml"), line=2, column=4), text=b"a: 1\nb: @customer x\n"
    )

    assert "2 | b: @customer x\n  |    ^^^^^^^^^\n" in printed


def test_a_place_past_the_end_is_survived():
    """A line that is not there, or a column behind its end, breaks nothing."""
    far = error("CSP105", "far", origin=Origin(file="a.yaml"), line=99, column=1)
    wide = error("CSP105", "wide", origin=Origin(file="a.yaml"), line=1, column=99)

    assert "a.yaml:99:1" in render(far, text=b"a: 1\n")
    assert "1 | a: 1\n  |     ^" in render(wide, text=b"a: 1\n")


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("名前: 東京 x", ("名前",), "1 | 名前: 東京 x\n  |       ^^^^^^"),
        ("a:\tb", ("a",), "1 | a:    b\n  |       ^"),
        ('a: "\te"', ("a",), '1 | a: "    e"\n  |    ^^^^^^^'),
        ("{e\u0301: x}", ("e\u0301",), "1 | {e\u0301: x}\n  |     ^"),
    ],
)
def test_carets_stand_under_what_is_seen(text: str, path: tuple[str, ...], expected: str):
    """Wide characters take two columns, combining marks none, tabs four."""
    assert expected in render(error("CSP1", "m", origin=at(*path)), text=text.encode())


@pytest.mark.parametrize("number", [0, 5, 60, 118, 119, 120, 121, 400])
def test_long_lines_are_cut_around_the_caret(number: int):
    """A line wider than the screen shows the part that matters, with an ellipsis on either cut side."""
    text = "x: {" + "a" * max(number, 1) + ": 1, key: value, " + ", ".join(f"b{n}: 1" for n in range(60)) + "}"
    printed = render(error("CSP1", "m", origin=at("x", "key")), text=text.encode())
    shown, caret = (line[4:] for line in printed.splitlines()[3:5])

    assert width(shown) <= MAX_COLUMNS
    assert "value" == shown[caret.index("^") : caret.rindex("^") + 1]
    assert shown.endswith("…")


def test_terminals_are_not_obeyed():
    """Escapes, controls, and marks that turn the reading direction are shown, in messages, places and snippets."""
    evil = "a\x1b[31mb\u202ec\u200bd\x9be\r\n"
    printed = render(
        error("CSP1", evil, origin=at("kind", file=f"{evil}.yaml"), address=evil, label=evil, hint=evil),
        text=f"kind: {evil}".encode(),
    )

    assert "a\\x1b[31mb\\u202ec\\u200bd\\x9be\\x0d\\x0a" in printed
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]", printed)


@given(st.text())
def test_anything_becomes_printable(text: str):
    """Whatever a name holds, what is printed is one line without controls, and ordinary text is itself."""
    shown = printable(text)

    assert all(char.isprintable() or unicodedata.category(char) == "Zs" for char in shown)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", shown)
    assert "Mühlbach 東京 – 5 €" == printable("Mühlbach 東京 – 5 €")


@pytest.mark.parametrize(
    "line",
    [
        "clientSecret: hunter2",
        "  - {user: a, password: hunter2, x: 1}",
        '"client_secret": "hunter2"',
        "refreshToken : 'hunter2'",
        "api-key: hunter2 # hunter2",
        "credentials: hunter2",
    ],
)
def test_secrets_are_not_shown(line: str):
    """What stands behind a key that names a secret is cut, whatever the diagnostic is about."""
    printed = render(error("CSP105", "m", origin=Origin(file="a"), line=1, column=1), text=line.encode())

    assert "hunter2" not in printed
    assert "…" in printed


@pytest.mark.parametrize(
    "line", ["secretFrom: {env: NAME}", "credentialsTo: {file: x}", "tokens: 5", "auth: {app: {a: b}}"]
)
def test_places_of_secrets_are_shown(line: str):
    """Where a secret is kept is no secret."""
    assert f"1 | {line}\n" in render(error("CSP1", "m", origin=Origin(file="a"), line=1, column=1), text=line.encode())


def test_colour_changes_nothing_but_colour():
    """Without its escapes the coloured text is the plain one."""
    problems = (
        error("CSP1", "m", origin=at("kind"), label="l", hint="h", related=(at("spec"),)),
        warning("CSP2", "w", origin=at("apiVersion")),
        note("CSP3", "n"),
    )
    coloured = render(*problems, color=True)

    assert "\x1b[1;31merror[CSP1]" in coloured
    assert render(*problems) == re.sub(r"\x1b\[[0-9;]*m", "", coloured)
