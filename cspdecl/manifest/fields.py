"""What a wire type has at a path: which keys may stand there, and what a key is for. Used for messages only."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from typing import Any

from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from cspdecl.core.diagnostics import PathPart
from cspdecl.manifest.v1 import KINDS


def known_keys(kind: Any, path: tuple[PathPart, ...]) -> tuple[str, ...]:
    """The keys that a mapping may have at `path` below a wire type, in the order they are documented."""
    there = _type_at(kind, path)
    return tuple(_fields(there)) if isinstance(there, type) and dataclasses.is_dataclass(there) else ()


def _type_at(kind: Any, path: tuple[PathPart, ...]) -> Any:
    """The type that a wire type expects at `path`, or None where it expects nothing."""
    for part in path:
        kind = _step(kind, part)
    return _plain_type(kind)


def _step(kind: Any, part: PathPart) -> Any:
    """One level down: the entry of a list or mapping, or a key of a wire type."""
    for member in _members(kind):
        arguments = typing.get_args(member)
        if isinstance(part, int) and typing.get_origin(member) is tuple:
            return arguments[0]
        if isinstance(part, str) and isinstance(member, type) and dataclasses.is_dataclass(member):
            return _fields(member).get(part)
        if isinstance(part, str) and arguments and typing.get_origin(member) is not tuple:
            return arguments[-1]
    return None


@functools.cache
def _fields(kind: Any) -> dict[str, Any]:
    """Types of a wire type's fields by the key they are written with."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {_key(name, hint): hint for name, hint in hints.items()}


def _key(name: str, hint: Any) -> str:
    infos = [extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, FieldInfo)]
    return next((info.alias for info in infos if info.alias), to_camel(name))


def _members(kind: Any) -> list[Any]:
    """What a type may be: without Annotated and None, unions taken apart, mappings with known keys first."""
    if typing.get_origin(kind) is typing.Annotated:
        return _members(typing.get_args(kind)[0])
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        found = [member for item in typing.get_args(kind) if item is not type(None) for member in _members(item)]
        return sorted(found, key=lambda item: not dataclasses.is_dataclass(item))
    return [kind]


def _plain_type(kind: Any) -> Any:
    """Without Annotated and without None; of a union, the mapping among its members."""
    return _members(kind)[0]


def about(kind: str, path: tuple[PathPart, ...]) -> str | None:
    """What a missing key is for, in the words of the schema."""
    parent = _type_at(KINDS[kind], path[:-1])
    hint = _fields(parent).get(str(path[-1])) if isinstance(parent, type) and dataclasses.is_dataclass(parent) else None
    infos = [extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, FieldInfo)]
    said = next((info.description for info in infos if info.description), None)
    return f"`{path[-1]}`: {said[0].lower()}{said[1:]}" if said else None
