"""Small changes of a manifest's text: a value replaced, a key or an entry added. Everything else stays as it was.

Each function answers the new text, or None where the text has no such place. What was written is YAML of ours, in one
line; whether the manifests then say what was meant is for the caller to look at.
"""

from __future__ import annotations

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from cspdecl.core.diagnostics import Origin
from cspdecl.manifest.locate import Locator, find_value

_MARK = "\ufeff"


def replace_value(text: str, place: Origin, value: str) -> str | None:
    """Another scalar where one is written."""
    span = find_value(text, place.document, place.path)
    return None if span is None else text[: span[0]] + value + text[span[1] :]


def replace_node(text: str, place: Origin, value: str) -> str | None:
    """Another value where one is written, be it a mapping or a list; the comments inside of it go with it."""
    node = _node(text, place)
    if node is None or isinstance(node, ScalarNode):
        return replace_value(text, place, value)
    start, end = node.start_mark.index + _offset(text), end_of(node) + _offset(text)
    return text[:start] + value + text[end:]


def put_key(text: str, place: Origin, key: str, value: str, *, comment: str | None = None) -> str | None:
    """A key more in the mapping at `place`, behind its last one. None where the key is there already."""
    node = _node(text, place)
    if not isinstance(node, MappingNode) or any(
        isinstance(name, ScalarNode) and name.value == key for name, _value in node.value
    ):
        return None
    written = f"{key}: {value}"
    if node.flow_style:
        return _into_flow(text, node, written, comment)
    if not node.value:
        return None
    indent = " " * node.value[0][0].start_mark.column
    return _behind(text, node.value[-1][1], indent + written, comment)


def add_item(text: str, place: Origin, value: str, *, comment: str | None = None) -> str | None:
    """An entry more in the list at `place`, behind its last one."""
    node = _node(text, place)
    if not isinstance(node, SequenceNode):
        return None
    if node.flow_style:
        return _into_flow(text, node, value, comment)
    if not node.value:
        return None
    indent = " " * node.start_mark.column
    return _behind(text, node.value[-1], f"{indent}- {value}", comment)


def _node(text: str, place: Origin) -> Node | None:
    bare = text[1:] if text.startswith(_MARK) else text
    return Locator(bare).node(place.document, place.path)


def _offset(text: str) -> int:
    return 1 if text.startswith(_MARK) else 0


def _into_flow(text: str, node: MappingNode | SequenceNode, written: str, comment: str | None) -> str:
    """Behind the last entry, or behind the opening bracket where there is none."""
    last = node.value[-1] if node.value else None
    if last is None:
        at, said = node.start_mark.index + 1 + _offset(text), written
    else:
        at = (last[1] if isinstance(last, tuple) else last).end_mark.index + _offset(text)
        said = f", {written}"
    made = text[:at] + said + text[at:]
    if comment is None:
        return made
    # the comment goes behind the line the closing bracket stands in, unless that says something already
    at = node.end_mark.index + _offset(text) + len(said)
    line_end = made.find("\n", at)
    line_end = len(made) if line_end < 0 else line_end - (1 if made[line_end - 1] == "\r" else 0)
    if "#" in made[at:line_end]:
        return made
    return f"{made[:line_end]}  # {comment}{made[line_end:]}"


def _behind(text: str, last: Node, written: str, comment: str | None) -> str:
    """A line of its own behind the line in which a value ends."""
    end = end_of(last) + _offset(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    line_end = text.find("\n", end)
    said = f"{written}  # {comment}" if comment is not None else written
    if line_end < 0:
        return f"{text}{newline}{said}{newline}"
    return f"{text[: line_end + 1]}{said}{newline}{text[line_end + 1 :]}"


def end_of(node: Node) -> int:
    """Where what is written of a value ends: a block's own mark lies behind the blank lines and comments after it."""
    if isinstance(node, MappingNode) and not node.flow_style and node.value:
        return end_of(node.value[-1][1])
    if isinstance(node, SequenceNode) and not node.flow_style and node.value:
        return end_of(node.value[-1])
    if isinstance(node, ScalarNode) and node.style in ("|", ">"):
        # a block of text ends behind its last line break
        return int(max(node.end_mark.index - 1, node.start_mark.index))
    return int(node.end_mark.index)
