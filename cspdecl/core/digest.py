"""Canonical JSON and its sha256: the same value always gives the same bytes, on every machine.

Keys sorted, no blanks, UTF-8, no floats (money travels as text), in the spirit of RFC 8785.
"""

from __future__ import annotations

import hashlib
import json
import re

_HALF = re.compile("[\ud800-\udfff]")


def canonical_json(value: object) -> str:
    """Plain data (dict, list, str, int, bool, None) as canonical JSON text. Raises TypeError on floats and objects."""
    _refuse_floats(value)
    return encodable(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def encodable(text: str) -> str:
    """JSON text that any file can hold. A name cut off within an emoji ends with half a character, which UTF-8 does not
    know: it is written as its JSON escape and reads back as what it was."""
    if text.isascii():
        return text
    return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def sha256(text: str | bytes) -> str:
    """Hex digest of text (as UTF-8) or bytes."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def digest_of(value: object) -> str:
    """The sha256 of a value's canonical JSON."""
    return sha256(canonical_json(value))


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise TypeError("a float never enters a digest: use Decimal text")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"keys are text, not {type(key).__name__}")
            _refuse_floats(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _refuse_floats(item)
