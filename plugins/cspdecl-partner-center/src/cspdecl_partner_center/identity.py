"""What MSAL asks for as `http_client`, over our wire: answers of the identity service are looked at before MSAL is.

MSAL takes a gateway's error page for a refusal, or logs a token with the rest of a body it cannot read. So what is no
answer of an identity service at all is sorted out here, and says nothing about whether the credentials are right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from cspdecl_partner_center.wire import Wire


class Unusable(Exception):  # noqa: N818 - names the answer, not a fault of ours
    """An answer that is none. `cause` holds nothing of its body."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as MSAL expects it."""

    status_code: int
    text: str
    headers: dict[str, str]

    def raise_for_status(self) -> None:
        """As MSAL expects it; 4xx with a reason is for MSAL to read, anything worse never gets here."""


class IdentityHttp:
    """MSAL's way to the network. `answers` counts what came back for tokens asked for."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.answers = 0

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> Answered:
        """A form, sent. Raises Lost and Unusable."""
        content = data if isinstance(data, (bytes, str)) else urlencode(data or {})
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        answer, body = self._send("POST", url, params, sent, content.encode() if isinstance(content, str) else content)
        self.answers += 1
        if not any(isinstance(body.get(name), str) for name in ("access_token", "error")):
            raise Unusable(f"an answer of {answer.status_code} with neither a token nor a reason")
        return answer

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> Answered:
        """A document, fetched. Raises Lost and Unusable."""
        return self._send("GET", url, params, headers or {}, b"")[0]

    def close(self) -> None:
        """The wire is closed by whoever opened it."""

    def _send(
        self, method: str, url: str, params: Any, headers: Mapping[str, str], content: bytes
    ) -> tuple[Answered, dict[str, Any]]:
        if params:
            url += ("&" if urlsplit(url).query else "?") + urlencode(params)
        reply = self._wire.send(method, url, {"Accept": "application/json", **headers}, content)
        if reply.status >= 500 or reply.status in (408, 429):
            raise Unusable(f"an answer of {reply.status}")
        text = reply.content.decode("utf-8", "replace")
        body = _object(text)
        if body is None:
            raise Unusable(f"an answer of {reply.status} that cannot be read")
        return Answered(reply.status, text, dict(reply.headers)), body


def _object(text: str) -> dict[str, Any] | None:
    # Returned, not raised: a decoding error carries the whole text with it.
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
