"""One layout for manifests, and that it changes nothing but the layout."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cspdecl.manifest.layout import lay_out
from cspdecl.manifest.yaml import parse_yaml
from tests.conftest import ROOT

SHIPPED = sorted(
    path
    for folder in ("manifests", "demo", "docs", "pipelines", "tests/cases")
    for path in (ROOT / folder).rglob("*.y*ml")
    if path.is_file()
)


def meaning(text: str) -> list[str]:
    """What our own reader makes of a text."""
    documents, problems = parse_yaml(text, "x.yaml")
    assert problems == ()
    return [json.dumps([one.index, one.value], sort_keys=True) for one in documents]


def remarks(text: str) -> Counter[str]:
    """All comments, found another way than the layout does it: what stands between the scanner's tokens."""
    tokens = [one for one in yaml.scan(text, Loader=yaml.CSafeLoader) if not isinstance(one, yaml.StreamStartToken)]
    found: Counter[str] = Counter()
    position = 0
    for token in tokens:
        gap = text[position : token.start_mark.index] if token.start_mark.index > position else ""
        if getattr(token, "style", None) in ("|", ">"):  # a comment may stand behind the mark itself
            gap += text[token.start_mark.index : token.end_mark.index].partition("\n")[0][1:]
        for line in gap.split("\n"):
            if "#" in line:
                found["#" + line.partition("#")[2].rstrip()] += 1
        position = max(position, token.end_mark.index)
    return found


def made_of(text: str) -> str:
    """The layout of a text that has one; it keeps meaning and comments, and laying it out again changes nothing."""
    made = lay_out(text, "x.yaml")
    assert isinstance(made, str), [one.message for one in made]
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    assert meaning(plain) == meaning(made.replace("\r\n", "\n"))
    assert remarks(plain) == remarks(made.replace("\r\n", "\n"))
    assert made == lay_out(made, "x.yaml")
    return made


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_shipped_file_keeps_what_it_says(path: Path):
    """Whatever ships, good or broken on purpose: its layout keeps values and comments, or it is left alone."""
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return
    if parse_yaml(text.removeprefix("\ufeff"), "x.yaml", careful=True)[1]:
        assert not isinstance(lay_out(text, "x.yaml"), str)
    else:
        made_of(text)


@pytest.mark.parametrize("name", ["starter", "reseller-100", "sandbox", "edge-cases"])
def test_shipped_projects_have_the_layout(name: str):
    """What people copy from is laid out as `fmt` lays out."""
    files = sorted((ROOT / "manifests" / name).rglob("*.yaml"))
    texts = {path.name: path.read_text("utf-8") for path in files}

    assert texts == {name: lay_out(text, name) for name, text in texts.items()}


UNTIDY = """\
# What this file is about


kind:   Customer    # a customer
apiVersion: 'cspdecl/v1'
spec:
    # who they are
    tenant: 9f2b6c1e-0000-4000-8000-000000000001
    subscriptions:
    -   offer: 'CFQ7TTC0HD32:0002'
        name: visio      # drawings
        seats: 5


        # not yet
        # reduce: now
    # about the bundle
    - { bundle: workplace@1, seats: 12, name: workplace }   # everybody
    # - {name: gone}
metadata: { labels: {a: b}, name: hafenkontor }
# the end
"""

TIDY = """\
# What this file is about

apiVersion: "cspdecl/v1"
kind: Customer      # a customer
metadata: {name: hafenkontor, labels: {a: b}}
spec:
  # who they are
  tenant: 9f2b6c1e-0000-4000-8000-000000000001
  subscriptions:
    - name: visio        # drawings
      offer: "CFQ7TTC0HD32:0002"
      seats: 5

      # not yet
      # reduce: now
    # about the bundle
    - {name: workplace, bundle: workplace@1, seats: 12}     # everybody
    # - {name: gone}
# the end
"""


def test_the_layout():
    """Order, indentation, quotes, empty lines and comments, in one look."""
    assert TIDY == made_of(UNTIDY)


def test_what_does_not_fit_becomes_a_block():
    """A line of more than 120 columns becomes one key a line; what is said behind it moves above it."""
    long = '- {name: a, offer: "CFQ7TTC0HD32:0002", nickname: ' + "x" * 90 + "}   # why\n"

    assert f'# why\n- name: a\n  offer: "CFQ7TTC0HD32:0002"\n  nickname: {"x" * 90}\n' == made_of(long)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 'it''s'\nb: 'say \"hi\"'\nc: 'x\\y'\nd: \"a\\tb\\u0007\"\n",
         "a: \"it's\"\nb: 'say \"hi\"'\nc: 'x\\y'\nd: \"a\\tb\\u0007\"\n"),
        ("a: '0001'\nb: 0001\nc: \"yes\"\nd: 1E5\ne: ~\nf:\n", 'a: "0001"\nb: 0001\nc: "yes"\nd: 1E5\ne: ~\nf:\n'),
        ("a: &x {b: 1}\nc: *x\nd: [ *x , *x ]\n", "a: &x {b: 1}\nc: *x\nd: [*x, *x]\n"),
        ("spec: &s\n    b: 1\nkind: *s\n", "spec: &s\n  b: 1\nkind: *s\n"),
        ("a: |   # text\n      one\n        two\n\n      three\n\n\nb: >-\n    x\n    y\n",
         "a: |   # text\n  one\n    two\n\n  three\n\nb: >-\n  x\n  y\n"),
        ("a: |+\n  one\n\n\nb: 1\n", 'a: "one\\n\\n\\n"\n\nb: 1\n'),
        ("a: |2\n    one\n", 'a: "  one\\n"\n'),
        ("---\na: 1\n...\n# between\n---\n\n# two\nb: 2\n---\n", "---\na: 1\n# between\n---\n# two\nb: 2\n---\n"),
        ("# only this\n", "# only this\n"),
        ("", ""),
        ("a: [1,  # one\n    2,  # two\n   # three\n   ]\n", "a:\n  - 1   # one\n  - 2   # two\n  # three\n"),
        ("-   - 1\n    - 2\n-   -   a: 1\n        b: 2\n", "- - 1\n  - 2\n- - a: 1\n    b: 2\n"),
        ("-   # first\n    # second\n    a: 1\n", "# first\n# second\n- a: 1\n"),
        ("a: one\n   two\n   three\n", "a: one two three\n"),
        ('a: "one\n   two"\nb: one\n\n   two\n', 'a: "one two"\nb: "one\\ntwo"\n'),
        ("größe: Ñandú # ß\n", "größe: Ñandú # ß\n".replace(" # ß", "  # ß")),
        ("a: 'x # y'   # z\nb: x#y\n", 'a: "x # y"   # z\nb: x#y\n'),
        ("{a: 1, b: [2, {c: 3}]}\n", "{a: 1, b: [2, {c: 3}]}\n"),
        ("a: {}\nb: []\nc: { }\nd: {e: , f}\n", "a: {}\nb: []\nc: {}\nd: {e: null, f: null}\n"),
        ("? a\n: 1\n", "a: 1\n"),
        ("a:\n- b\n# about c\n- c\n", "a:\n  - b\n  # about c\n  - c\n"),
        ("a:\n# under a\n  b: 1\n  # still a's\n# about c\nc: 1\n", "a:\n  # under a\n  b: 1\n  # still a's\n# about c\nc: 1\n"),
    ],
)  # fmt: skip
def test_small_things(before: str, after: str):
    """Quotes, types, anchors, texts of several lines, several documents, comments in odd places."""
    assert after == made_of(before)


def test_line_ends_and_byte_order_mark():
    """Windows' line ends stay, since Git may have made them; a byte order mark goes."""
    assert "a: 1\r\nb:\r\n  - 2  # x\r\n" == made_of("\ufeffa:   1\r\nb:\r\n- 2  # x\r\n")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: 1\na: 2\n", "CSP107"),
        ("a:\n\t- b\n", "CSP105"),
        ("a: !!str 1\n", "CSP108"),
        ("a: {b: 1\n", "CSP105"),
        ("%YAML 1.2\n---\na: 1\n", "CSP151"),
    ],
)
def test_what_is_no_good_yaml_is_left_alone(text: str, code: str):
    """Duplicate keys, tabs, tags, an open bracket, directives: the diagnostic, and no text."""
    made = lay_out(text, "x.yaml")

    assert not isinstance(made, str)
    assert [code] == [one.code for one in made]


# ---- generated ----

WORDS = st.sampled_from(
    ["visio", "0001", "1E5", "yes", "null", "~", "12", "-3", "a: b", "x # y", "it's", 'say "hi"', "ö", "[x", "- a", "",
     "CFQ7TTC0HD32:0002", "54.90", " lead", "trail ", "two\nlines", "tab\tx", "{", "*a", "&a", "!t", "%d", "@e", "a" * 70]
)  # fmt: skip
KEYS = st.sampled_from(["name", "offer", "seats", "kind", "spec", "metadata", "apiVersion", "subscriptions", "on", "0"])
TREES = st.recursive(
    WORDS | st.integers(-5, 99) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=16,
)
SAID = st.sampled_from(["# why", "#", "#tight", "# a: b", "# - {x: 1}", "# 'quote", "## ü"])


@st.composite
def written(draw: st.DrawFn) -> str:
    """A text as untidy as people write it: any indentation and style, comments and empty lines between its lines."""
    documents = draw(st.lists(st.dictionaries(KEYS, TREES, min_size=1, max_size=5), min_size=1, max_size=3))
    out: list[str] = []
    for document in documents:
        text = yaml.safe_dump(
            document,
            sort_keys=False,
            allow_unicode=draw(st.booleans()),
            indent=draw(st.sampled_from([2, 3, 4, 7])),
            width=draw(st.sampled_from([30, 80, 1000])),
            default_flow_style=draw(st.sampled_from([None, True, False])),
            default_style=draw(st.sampled_from([None, None, "'", '"', "|", ">"])),
            explicit_start=bool(out) or draw(st.booleans()),
            explicit_end=draw(st.booleans()),
        )
        if "!!" not in text:  # a style that needs tags, which are refused
            out.append(text)
    lines: list[str] = []
    for line in "".join(out).split("\n"):
        for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
            lines.append(draw(st.sampled_from(["", "{} {}"])).format(" " * draw(st.integers(0, 8)), draw(SAID)))
        lines.append(line + draw(st.sampled_from(["", "", "", "   # behind", " "])))
    return "\n".join(lines)


@settings(max_examples=400, deadline=None)
@given(written())
@example("a: 1\n  # deep\nb: 2\n")
@example("a:\n  - b: 1\n     # odd\n  - c\n    # odd\n # one\nd: 1\n")
def test_any_text_keeps_what_it_says(text: str):
    """Of any text at all: either it is laid out, with the same values and the same comments, once and for all, or it
    is refused where our reader refuses it."""
    if parse_yaml(text, "x.yaml", careful=True)[1]:
        assert not isinstance(lay_out(text, "x.yaml"), str)
    else:
        made_of(text)
