"""Bytes to documents: our subset of YAML, over PyYAML's parser and a constructor of our own.

Only `true`, `false`, `null`, `~`, an empty value and decimal integers without leading zero are typed; everything else
is text, so that `country: NO`, SKU `1E5`, tenant `0123` and `12:30` arrive as they were written. Duplicate keys, tags,
merge keys, unknown aliases and unreasonable expansion or nesting are errors with a position. Positions of good values
are not kept: locate.py finds them again when a diagnostic is printed.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from yaml.composer import Composer
from yaml.error import MarkedYAMLError, YAMLError
from yaml.nodes import MappingNode, Node, ScalarNode
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.scanner import Scanner

from cspdecl.core.diagnostics import Diagnostic, Origin, error

MAX_DEPTH = 50  # the deepest manifest has nine levels; libyaml's own recursion ends the process at some ten thousand
ALIAS_BUDGET = 10_000  # values that aliases may add to one document: a few lines of them can mean 9**8
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}").fullmatch  # longer runs of digits are somebody's id: text
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_SPECIAL = "-0123456789tfn~"  # how every integer and every word that means something begins; so does no text at all
_UNTAGGED = object()  # no text, so that a tag that was written can be told from none


@dataclass(frozen=True, slots=True, kw_only=True)
class RawDocument:
    """One YAML document as plain data: dict, list, str, int, bool, None. `index` counts all documents of the file."""

    file: str
    index: int
    value: object

    @property
    def origin(self) -> Origin:
        """The place of the whole document."""
        return Origin(file=self.file, document=self.index)


class Mark(Protocol):
    """A place in the text, counted from 0 in characters."""

    line: int
    column: int
    index: int


class _TooDeepError(MarkedYAMLError):
    pass


class _Tagging:
    """What PyYAML asks while composing: the tag of what has none, and how deep we are."""

    depth = 0

    def resolve(self, kind: type[Node], value: str | None, implicit: Any) -> object:
        return _UNTAGGED

    def descend_resolver(self, parent: Node | None, index: object) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _TooDeepError(
                None, None, f"nested more than {MAX_DEPTH} levels deep", None if parent is None else parent.start_mark
            )

    def ascend_resolver(self) -> None:
        self.depth -= 1


class _PureComposer(_Tagging, Reader, Scanner, Parser, Composer):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)


def _fast_composer() -> type[Any] | None:
    try:
        from yaml._yaml import CParser
    except ImportError:  # PyYAML was built without libyaml: same meaning, twenty times slower
        return None

    class FastComposer(_Tagging, CParser):
        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)

    return FastComposer


_FastComposer = _fast_composer()


def _bare_composer() -> type[Any] | None:
    """As the fast composer, asking nothing in Python: three calls a node were a third of all loading.

    The hooks are C callables of the right arity: a tag that was written is text, and what `slice` makes is none.
    Depth is counted when values are built, so this is only for texts that cannot be nested deeply (`_is_shallow`).
    """
    if _FastComposer is None:
        return None

    class BareComposer(_FastComposer):  # type: ignore[misc, valid-type]
        resolve = slice
        descend_resolver = operator.is_
        ascend_resolver = tuple

    return BareComposer


_BareComposer = _bare_composer()
_RUN_OF_INDICATORS = re.compile(r"^[ \t?:-]{200}", re.MULTILINE)


def _is_shallow(text: str) -> bool:
    """Whether a text cannot be nested so deeply that the parser's own recursion would be in danger (some thousands)."""
    return text.count("[") + text.count("{") < 1000 and not _RUN_OF_INDICATORS.search(text)


def has_libyaml() -> bool:
    """Whether the fast parser is there; without it every load carries a warning."""
    return _FastComposer is not None


def compose(text: str, *, pure: bool = False, careful: bool = True) -> Iterator[Node]:
    """The documents of a text as nodes with marks. Raises YAMLError where the text is no YAML (or, if `careful`, too
    deep)."""
    composer: Any
    if pure or _FastComposer is None or _BareComposer is None:
        composer = _PureComposer(text)
    else:
        composer = _FastComposer(text) if careful or not _is_shallow(text) else _BareComposer(text)
    while composer.check_node():
        yield composer.get_node()


def parse_yaml(
    text: str, file: str, *, pure: bool = False, careful: bool = False
) -> tuple[tuple[RawDocument, ...], tuple[Diagnostic, ...]]:
    """The documents of one file and what is wrong with its text. Documents that cannot be trusted are left out;
    after a syntax error the rest of the file is. `careful` looks at depth while parsing, as a second look does."""
    documents: list[RawDocument] = []
    problems: list[Diagnostic] = []
    index = 0
    try:
        for index, node in enumerate(compose(text, pure=pure, careful=careful)):
            builder = _Builder(text, Origin(file=file, document=index))
            value = builder.build(node)
            problems += builder.problems
            if not builder.unusable:
                documents.append(RawDocument(file=file, index=index, value=value))
    except (YAMLError, RecursionError) as problem:
        if not careful:
            return parse_yaml(text, file, pure=pure, careful=True)
        at = index + 1 if documents or problems else index
        problems.append(_syntax(problem, text, Origin(file=file, document=at)))
    return tuple(documents), tuple(problems)


def _typed(text: str) -> object:
    """What a plain scalar means; one that is quoted, or a block, is text as it stands."""
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER(text) else text


class _Builder:
    """Nodes of one document to plain data."""

    def __init__(self, text: str, origin: Origin) -> None:
        self.origin = origin
        self.problems: list[Diagnostic] = []
        self.unusable = False
        self._depth = 0
        self._aliases = "*" in text and "&" in text
        # "! x" carries a tag that the parser does not report: looked for only where the text could hold one
        self._text = text if "!" in text else None
        self._simple = self._text is None and "<<" not in text

    def build(self, node: Node) -> object:
        if self._aliases and not self._affordable(node):
            self.unusable = True
            return None
        return self._value(node)

    def _value(self, node: Node) -> object:
        tag = node.tag
        if type(tag) is str or (self._text is not None and self._hidden_tag(node, self._text)):
            self._tagged(node, tag if type(tag) is str else "!")
            if type(node) is ScalarNode:
                return node.value
        if type(node) is ScalarNode:
            text: str = node.value
            return text if node.style else _typed(text)
        return self._collection(node)

    def _collection(self, node: Node) -> object:
        self._depth += 1
        if self._depth >= MAX_DEPTH and node.value:
            raise _TooDeepError(None, None, f"nested more than {MAX_DEPTH} levels deep", node.start_mark)
        value = self._mapping(node) if type(node) is MappingNode else [self._value(item) for item in node.value]
        self._depth -= 1
        return value

    @staticmethod
    def _hidden_tag(node: Node, text: str) -> bool:
        """Whether a node without reported tag begins with `!`; a block mapping begins where its first key does."""
        start = node.start_mark.index
        if text[start : start + 1] == "!":
            return not (type(node) is MappingNode and node.value and node.value[0][0].start_mark.index == start)
        return False

    def _mapping(self, node: MappingNode) -> dict[str, object]:
        found: dict[str, object] = {}
        simple = self._simple
        for key, value in node.value:
            name = key.value
            if simple and type(key) is ScalarNode and name not in found:
                # the way of nearly every entry: a new key in a text without tags and merge keys
                if type(value) is ScalarNode:
                    text = value.value
                    found[name] = text if value.style or text[:1] not in _SPECIAL else _typed(text)
                else:
                    found[name] = self._collection(value)
                continue
            if type(key) is not ScalarNode:
                self._problem("CSP112", "a key must be text", key.start_mark, hint="quote the key")
                continue
            if name == "<<" and not key.style:
                self._problem(
                    "CSP110",
                    "merge keys (`<<`) are not supported",
                    key.start_mark,
                    hint="write the keys out; what many customers share belongs in a bundle or in the defaults",
                )
                continue
            if type(key.tag) is str:
                self._tagged(key, key.tag)
            if name in found:
                first = next(other for other, _ in node.value if other.value == name).start_mark
                self._problem(
                    "CSP107",
                    f"`{name}` stands twice in the same mapping, first on line {first.line + 1}",
                    key.start_mark,
                    hint="keep one of the two",
                )
                continue
            found[name] = self._value(value)
        return found

    def _tagged(self, node: Node, tag: object) -> None:
        name = str(tag).replace("tag:yaml.org,2002:", "!!")
        self._problem(
            "CSP108",
            f"YAML tags such as `{name}` are not supported",
            node.start_mark,
            hint="write the plain value; quote it where it must stay text",
        )

    def _problem(self, code: str, message: str, mark: Mark | None, *, hint: str | None = None) -> None:
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        self.problems.append(error(code, message, origin=self.origin, line=line, column=column, hint=hint))

    def _affordable(self, root: Node) -> bool:
        """Whether the document stays small and finite with its aliases written out."""
        sizes: dict[int, tuple[int, int]] = {}
        open_nodes: set[int] = set()
        unique = 0

        def measure(node: Node) -> tuple[int, int]:
            nonlocal unique
            known = sizes.get(id(node))
            if known:
                return known
            if id(node) in open_nodes:
                raise _TooDeepError(None, None, "an alias stands inside the value it names", node.start_mark)
            unique += 1
            open_nodes.add(id(node))
            size, height = 1, 0
            if type(node) is not ScalarNode:
                for item in node.value:
                    for child in item if type(item) is tuple else (item,):
                        below, tall = measure(child)
                        size, height = size + below, max(height, tall)
            open_nodes.discard(id(node))
            sizes[id(node)] = (size, height + 1)
            return size, height + 1

        try:
            size, height = measure(root)
        except _TooDeepError as problem:
            self._problem("CSP109", str(problem.problem), problem.problem_mark, hint="write the value out")
            return False
        if size - unique > ALIAS_BUDGET or height > MAX_DEPTH:
            self._problem(
                "CSP109",
                f"aliases blow this document up to {size:,} values",
                root.start_mark,
                hint=f"aliases may add {ALIAS_BUDGET:,} values and nest {MAX_DEPTH} levels; write the values out",
            )
            return False
        return True


def _syntax(problem: Exception, text: str, origin: Origin) -> Diagnostic:
    """A parser's complaint in our words."""
    if isinstance(problem, _TooDeepError) or not isinstance(problem, YAMLError):
        mark = getattr(problem, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return error(
            "CSP111",
            f"nested more than {MAX_DEPTH} levels deep",
            origin=origin,
            line=line,
            column=column,
            hint="no manifest needs that; is this the right file?",
        )
    if isinstance(problem, ReaderError):
        # libyaml counts bytes, the pure reader characters: the character itself is looked for instead
        found = Reader.NON_PRINTABLE.search(text)
        before = text[: found.start() if found else problem.position]
        column = len(before) - (before.rfind("\n") + 1) + 1
        return error(
            "CSP105",
            f"the character U+{int(problem.character):04X} may not stand in a manifest",
            origin=origin,
            line=before.count("\n") + 1,
            column=column,
            hint='write it as an escape in quotes, such as "\\t"',
        )
    said = str(getattr(problem, "problem", None) or problem)
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    at = _place(text, mark)
    context = getattr(problem, "context", None)
    if "undefined alias" in said or "duplicate anchor" in f"{said} {context}":
        what = "this alias names no anchor above it" if "alias" in said else "this anchor stands twice"
        return error(
            "CSP109", what, origin=origin, line=at[0], column=at[1], hint="quote text that begins with `*` or `&`"
        )
    message = f"this is no YAML: {said}" + (f" {context}" if context and "next token" not in context else "")
    return error("CSP105", message, origin=origin, line=at[0], column=at[1], hint=_advice(said, text, at, mark))


def _place(text: str, mark: Mark | None) -> tuple[int, int]:
    """Line and column of a complaint; one at the end of the text goes to the last character that is there."""
    if mark is None:
        return 1, 1
    lines = text.split("\n")
    rest = [lines[mark.line][mark.column :], *lines[mark.line + 1 :]] if mark.line < len(lines) else []
    if not "".join(rest).strip():
        last = max((number for number, line in enumerate(lines) if line.strip()), default=0)
        return last + 1, max(len(lines[last].rstrip()), 1)
    return mark.line + 1, mark.column + 1


def _advice(said: str, text: str, at: tuple[int, int], mark: Mark | None) -> str | None:
    lines = text.split("\n")
    line = lines[at[0] - 1] if at[0] <= len(lines) else ""
    here = line[at[1] - 1 : at[1]]
    if here == "\t" or line[: len(line) - len(line.lstrip())].count("\t"):
        return "indent with blanks, not with tabs"
    if here in {"@", "`", "%"}:
        return f"quote text that begins with `{here}`"
    if mark and at != (mark.line + 1, mark.column + 1):
        return "the text ends too early: was the file cut short?"
    if "mapping values are not allowed" in said:
        return "quote text that contains `: `, or check the indentation"
    if "could not find expected ':'" in said:
        return "a key needs `:` behind it; was the file cut short?"
    if "did not find expected ',' or" in said or "expected ',' or" in said:
        return "check the brackets, and quote text that contains `: `, `, ` or brackets"
    return None
