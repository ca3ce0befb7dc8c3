"""Where a store is, as text: what in it is secret, and the same text without that."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

_IN_URL = re.compile(r"(?<=://)[^/@\s]*@")
_KEYS = frozenset({"password", "sslpassword", "passwd", "token", "access_token"})
_PAIR = re.compile(rf"\b({'|'.join(sorted(_KEYS))})=[^&\s]*", re.IGNORECASE)


def holds_secret(place: str) -> bool:
    """Whether `store:` holds a password: one that was committed is to be replaced, so it never gets that far."""
    _scheme, _colon, rest = place.partition(":")
    for text in (place, rest):
        try:
            parts = urlsplit(text)
            if parts.password is not None or any(key.lower() in _KEYS for key, _value in parse_qsl(parts.query)):
                return True
        except ValueError:  # not an address: a path
            continue
    return _PAIR.search(place) is not None


def without_secrets(text: str) -> str:
    """A text of another program's with the user parts of addresses and passwords taken out, for messages."""
    return _PAIR.sub(r"\1=…", _IN_URL.sub("", text))
