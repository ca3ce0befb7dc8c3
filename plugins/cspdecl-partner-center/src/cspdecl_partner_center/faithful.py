"""JSON that survives a round trip: what Partner Center sends and we do not understand goes back as it came.

A subscription is changed by sending the whole resource back (contract §13.1), so numbers keep their literal (`30.40`
stays `30.40`) and unknown fields stay where they are. Names are found without regard to case: the service answers in
camelCase and accepts any (contract §3).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Self

Json = Any
DEEPEST = 200  # levels; a document nested deeper is not one of theirs


class Number(Decimal):
    """A JSON number with a fraction or an exponent: a Decimal that remembers how it was written."""

    literal: str

    def __new__(cls, literal: str) -> Self:
        """From the literal as it stands in the document."""
        number = super().__new__(cls, literal)
        number.literal = literal
        return number


class NotJson(ValueError):  # noqa: N818 - says what it is
    """Text that is no JSON document, in one sentence."""


class Malformed(ValueError):  # noqa: N818 - says what the body is
    """A body that lacks what every such resource has, in one sentence."""


def parse(text: bytes) -> Json:
    """A document as dict, list, str, int, Number, bool and None. Raises NotJson, whatever is wrong with it."""
    try:
        value = json.loads(text.decode("utf-8-sig"), parse_float=Number, parse_int=_whole, parse_constant=_constant)
        _measure(value, DEEPEST)
    except (ValueError, ArithmeticError, RecursionError) as problem:
        raise NotJson(f"the answer is no JSON ({type(problem).__name__})") from problem
    return value


def render(value: Json) -> bytes:
    """The document again, in the order and with the number literals it was read with; ASCII, so any text survives."""
    return _render(value).encode("ascii")


def get(body: Json, *names: str) -> Json:
    """The field at a path of names, or None where any step is missing. Exact spelling first, then any case."""
    for name in names:
        if not isinstance(body, Mapping):
            return None
        key = key_of(body, name)
        body = None if key is None else body[key]
    return body


def listed(body: Json, *names: str) -> list[Json]:
    """The list at a path of names; empty where there is none, or something else stands there."""
    found = get(body, *names)
    return found if isinstance(found, list) else []


def key_of(body: Mapping[str, Json], name: str) -> str | None:
    """How `body` spells the field `name`, or None."""
    if name in body:
        return name
    wanted = name.lower()
    return next((key for key in body if key.lower() == wanted), None)


def with_fields(body: Mapping[str, Json], **changes: Json) -> dict[str, Json]:
    """A copy with fields set, each in the spelling and place it already has."""
    changed = dict(body)
    for name, value in changes.items():
        changed[key_of(changed, name) or name] = value
    return changed


def without(body: Mapping[str, Json], *names: str) -> dict[str, Json]:
    """A copy that lacks these fields, in whatever case they stand."""
    unwanted = {name.lower() for name in names}
    return {key: value for key, value in body.items() if key.lower() not in unwanted}


def _whole(literal: str) -> int | Number:
    return int(literal) if literal != "-0" else Number(literal)


def _constant(literal: str) -> Json:
    raise ValueError(f"{literal} is not JSON")


def _measure(value: Json, left: int) -> None:
    if left == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, dict):
        for item in value.values():
            _measure(item, left - 1)
    elif isinstance(value, list):
        for item in value:
            _measure(item, left - 1)


def _render(value: Json) -> str:
    if isinstance(value, Number):
        return value.literal
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(key)}:{_render(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_render, value)) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    return json.dumps(value)
