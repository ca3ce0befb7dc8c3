"""(text, document, path) to line and column, looked up only when a diagnostic is printed.

Loading keeps no positions; this composes the one file again (0.06 ms a document) and walks the path. What no longer
exists in the text, such as a key that is missing, is placed at the deepest part of the path that does.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from yaml.error import YAMLError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from cspdecl.core.diagnostics import PathPart
from cspdecl.manifest.yaml import compose


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in a text: 1-based line and column, in characters, and how many characters of that line it covers."""

    line: int
    column: int
    length: int = 1


class Locator:
    """The positions in one text. Composes it once, on the first question."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._documents: list[Node] | None = None

    def find(self, document: int, path: tuple[PathPart, ...], *, key: bool = False) -> Position | None:
        """Where the value at `path` begins (or its key); None where the document cannot be composed."""
        documents = self._compose()
        if document >= len(documents):
            return None
        node, name = documents[document], None
        for part in path:
            step = _step(node, part)
            if step is None:
                # the key is not there: what it is missing from is shown instead
                return _first_key(node) or _position(node)
            name, node = step
        if key and name is not None:
            return _position(name)
        return _position(node)

    def node(self, document: int, path: tuple[PathPart, ...]) -> Node | None:
        """The value at exactly this path, or None."""
        documents = self._compose()
        node = documents[document] if document < len(documents) else None
        for part in path:
            step = _step(node, part) if node is not None else None
            node = step[1] if step else None
        return node

    def _compose(self) -> list[Node]:
        if self._documents is None:
            self._documents = []
            # documents before a broken place have positions; those after it have no diagnostics by path
            with contextlib.suppress(YAMLError, RecursionError):
                self._documents.extend(compose(self._text))
        return self._documents


def locate(text: str, document: int, path: tuple[PathPart, ...], *, key: bool = False) -> Position | None:
    """One position in one text."""
    return Locator(text).find(document, path, key=key)


def find_value(text: str, document: int, path: tuple[PathPart, ...]) -> tuple[int, int] | None:
    """Where the scalar at `path` stands in the text, quotes included, as (start, end); None where nothing is written.

    For tools that replace one value and keep everything around it.
    """
    mark = 1 if text.startswith("\ufeff") else 0
    node = Locator(text[mark:]).node(document, path)
    if not isinstance(node, ScalarNode) or node.end_mark.index == node.start_mark.index:
        return None
    start, end = node.start_mark.index + mark, node.end_mark.index + mark
    if node.style in ("|", ">"):  # a block of text reaches over its line's end, up to what follows it
        end = start + len(text[start:end].rstrip())
    return start, end


def _step(node: Node, part: PathPart) -> tuple[Node | None, Node] | None:
    """(key, value) one level down."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value == str(part):
                return key, value
    elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    return None


def _first_key(node: Node) -> Position | None:
    """A mapping is shown by its first key: that is where its line begins, in flow style too."""
    return _position(node.value[0][0]) if isinstance(node, MappingNode) and node.value else None


def _position(node: Node) -> Position:
    start, end = node.start_mark, node.end_mark
    one_line = isinstance(node, ScalarNode) and end.line == start.line
    length = max(end.column - start.column, 1) if one_line else 1
    return Position(line=start.line + 1, column=start.column + 1, length=length)
