"""Whole texts: damaged ones are noticed, and nothing a file can hold ends in a traceback."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cspdecl.core.diagnostics import Severity, has_errors
from cspdecl.manifest.text import check_text, parse_text
from cspdecl.report.diagnostics import render_diagnostics
from tests.unit.manifest.sample import BUNDLE, NOW, PROJECT, customer

WHOLE = "---\n".join(
    (
        PROJECT,
        BUNDLE,
        customer(
            "{name: platz, bundle: komfort@2, seats: 28, overrides: {telefonie: {seats: 14}}}",
            '{name: visio, offer: "CFQ7TTC0HD32:0002", seats: 5}',
            more="  moved: [{from: a, to: visio}]\n",
        ),
    )
)
WORDS = (
    """null true 5 -1 [] {} 'x' !t *a &a << @ \x07 é 東 seats name { } [ ] " ' # - : , 99999999999999999999 P3Y from"""
)
PIECES = [*WORDS.split(" "), "\t", "\n", "  ", ": ", "- ", ""]


def test_a_text_cut_inside_a_line_is_noticed():
    """Wherever a file breaks off within a line, there is an error or at least a warning: never silence."""
    silent = [cut for cut in range(len(WHOLE)) if not parse_text(WHOLE[:cut], NOW).diagnostics]

    assert [] == [WHOLE[:cut][-30:] for cut in silent if not WHOLE[:cut].endswith("\n")]


def test_a_missing_last_newline_is_a_warning_alone():
    """A file without final newline may be whole, so it is read; the warning asks for a look."""
    result = parse_text(WHOLE.rstrip("\n"), NOW)

    assert [("CSP114", Severity.WARNING)] == [(item.code, item.severity) for item in result.diagnostics]
    assert result.desired is not None


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.sampled_from([0, 1, 4, 12]), st.sampled_from(PIECES)), min_size=1, max_size=4
    )
)
def test_damage_is_answered_with_diagnostics(damage: list[tuple[float, int, str]]):
    """However a text is mangled, it compiles or it does not; then there are errors, and they can be printed."""
    text = WHOLE
    for place, length, piece in damage:
        at = int(place * len(text))
        text = text[:at] + piece + text[at + length :]
    result = parse_text(text, NOW)
    printed = render_diagnostics(result.diagnostics, lambda _: text.encode())

    assert has_errors(result.diagnostics) is (result.desired is None)
    assert bool(printed) is bool(result.diagnostics)


def test_a_text_keeps_what_is_sound():
    """One refused document leaves the others checked, so that all errors of all of them are found."""
    text = PROJECT + "---\nkind: Bundle\n---\n" + customer("{name: a, bundle: nirgends, seats: 1}", "{name: b}")
    result = check_text(text, "a.yaml")

    assert ["Project", "Customer"] == [item.value.kind for item in result.checked]
    assert ["CSP120"] == [item.code for item in result.diagnostics]
