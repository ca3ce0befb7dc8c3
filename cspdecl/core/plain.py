"""Values to plain data and back: one codec, derived from the type hints of the dataclasses in core.

`to_plain(value)` gives dicts, lists, text, integers, booleans and None; `from_plain(Type, data)` is its inverse.
Decimal and Fraction travel as text, instants as RFC 3339 with Z, days as ISO dates. In a union of dataclasses each
member has a field `kind: Literal[...]`, which tells them apart. Fields that equal their default are left out, so a
format grows without old files changing. Converters are built once a type and then are plain closures.
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

from cspdecl.core.address import Address

Plain = typing.Any
Encode = Callable[[typing.Any], Plain]
Decode = Callable[[Plain], typing.Any]
_ATOMS = (str, int, bool, type(None))
_CODECS: dict[typing.Any, tuple[Encode, Decode]] = {}
T = typing.TypeVar("T")


class PlainError(ValueError):
    """Data that does not have the shape of the type: from another version, or damaged."""


def to_plain(value: object) -> Plain:
    """A value of core as plain data. The type is the value's own."""
    return _codec(type(value))[0](value)


def from_plain(kind: type[T] | typing.Any, data: Plain) -> T:
    """Plain data as a value of `kind`. Raises PlainError where the shape does not fit."""
    try:
        return typing.cast("T", _codec(kind)[1](data))
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as problem:
        raise PlainError(f"not a {getattr(kind, '__name__', kind)}: {problem}") from problem


def instant_text(value: datetime) -> str:
    """RFC 3339 in UTC with Z; microseconds only where there are any."""
    if value.tzinfo is None:
        raise TypeError("an instant without time zone has no meaning")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """RFC 3339 with zone; up to seven fractional digits, as Microsoft prints them, are cut to microseconds."""
    head, dot, rest = text.partition(".")
    if dot:
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        text = f"{head}.{digits[:6].ljust(6, '0')}{rest[len(digits) :]}"
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError(f"`{text}` has no time zone")
    return value.astimezone(UTC)


def _codec(kind: typing.Any) -> tuple[Encode, Decode]:
    found = _CODECS.get(kind)
    if found is None:
        found = _CODECS[kind] = _build(kind)
    return found


def _build(kind: typing.Any) -> tuple[Encode, Decode]:
    origin = typing.get_origin(kind)
    if kind in _ATOMS or kind is typing.Any or kind is object:
        return _same, _same
    special = _SPECIAL.get(kind)
    if special:
        return special
    if origin is typing.Literal:
        return _same, _literal(typing.get_args(kind))
    if origin in (types.UnionType, typing.Union):
        return _union(typing.get_args(kind))
    if origin in (tuple, frozenset):
        return _sequence(kind, origin)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(kind)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return (lambda value: value.value), kind
    if dataclasses.is_dataclass(kind):
        return _record(typing.cast("type", kind))
    if hasattr(kind, "parse"):
        return str, kind.parse
    raise TypeError(f"no plain form for {kind!r}")


def _same(value: Plain) -> Plain:
    return value


def _literal(allowed: tuple[object, ...]) -> Decode:
    def decode(data: Plain) -> object:
        if data not in allowed:
            raise ValueError(f"{data!r} is none of {allowed}")
        return data

    return decode


def _sequence(kind: typing.Any, origin: type) -> tuple[Encode, Decode]:
    args = typing.get_args(kind)
    if origin is tuple and (len(args) > 2 or (len(args) == 2 and args[1] is not Ellipsis)):
        pairs = [_codec(arg) for arg in args]
        return (
            lambda value: [pair[0](item) for pair, item in zip(pairs, value, strict=True)],
            lambda data: tuple(pair[1](item) for pair, item in zip(pairs, data, strict=True)),
        )
    encode, decode = _codec(args[0])
    if origin is frozenset:
        return (
            lambda value: sorted((encode(item) for item in value), key=str),
            lambda data: frozenset(decode(item) for item in data),
        )
    return lambda value: [encode(item) for item in value], lambda data: tuple(decode(item) for item in data)


def _mapping(kind: typing.Any) -> tuple[Encode, Decode]:
    key, item = typing.get_args(kind)
    (encode_key, decode_key), (encode, decode) = _codec(key), _codec(item)
    return (
        lambda value: {encode_key(name): encode(entry) for name, entry in value.items()},
        lambda data: {decode_key(name): decode(entry) for name, entry in data.items()},
    )


def _union(args: tuple[typing.Any, ...]) -> tuple[Encode, Decode]:
    optional = type(None) in args
    members = [arg for arg in args if arg is not type(None)]
    if len(members) == 1:
        encode, decode = _codec(members[0])
        return (
            lambda value: None if value is None else encode(value),
            lambda data: None if data is None else decode(data),
        )
    if all(dataclasses.is_dataclass(member) for member in members):
        by_kind = {_kind_of(member): member for member in members}

        def pick(data: Plain) -> object:
            if data is None and optional:
                return None
            return _codec(by_kind[data["kind"]])[1](data)

        return (lambda value: None if value is None else _codec(type(value))[0](value)), pick
    if all(member in (*_ATOMS, typing.Any) for member in members):
        return _same, _same
    raise TypeError(f"a union of {members} cannot be told apart in plain data")


def _kind_of(member: typing.Any) -> str:
    return str(typing.get_args(_hints(member)["kind"])[0])


def _hints(kind: type) -> dict[str, typing.Any]:
    return typing.get_type_hints(kind)


def _record(kind: type) -> tuple[Encode, Decode]:
    # Converters of the fields are looked up on first use, so that types may refer to themselves.
    plan: list[tuple[str, Encode, Decode, object]] = []

    def prepare() -> list[tuple[str, Encode, Decode, object]]:
        if not plan:
            hints = _hints(kind)
            for field in dataclasses.fields(kind):
                default = field.default
                if field.default_factory is not dataclasses.MISSING:
                    default = field.default_factory()
                if field.name == "kind":
                    default = dataclasses.MISSING  # the tag is always written
                plan.append((field.name, *_codec(hints[field.name]), default))
        return plan

    def encode(value: object) -> Plain:
        out = {}
        for name, convert, _decode, default in prepare():
            item = getattr(value, name)
            if default is dataclasses.MISSING or item != default:
                out[name] = convert(item)
        return out

    def decode(data: Plain) -> object:
        fields = prepare()
        unknown = data.keys() - {name for name, *_ in fields}
        if unknown:
            raise ValueError(f"unknown {', '.join(sorted(unknown))}")
        return kind(**{name: convert(data[name]) for name, _encode, convert, _default in fields if name in data})

    return encode, decode


def _decode_instant(data: Plain) -> datetime:
    return parse_instant(data)


_SPECIAL: dict[typing.Any, tuple[Encode, Decode]] = {
    Decimal: (lambda value: format(value, "f"), Decimal),
    Fraction: (str, Fraction),
    datetime: (instant_text, _decode_instant),
    date: (lambda value: value.isoformat(), date.fromisoformat),
    Address: (str, Address.parse),
}
