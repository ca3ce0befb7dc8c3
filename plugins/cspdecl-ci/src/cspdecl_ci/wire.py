"""Requests to a code host: one way in and out, with its paging, its limits and its bad moments.

Redirects to another host are followed without the token: artifacts lie with a storage service that must not see it.
Waiting after a refusal follows GitHub's REST documentation, rate limits (2026-06): `retry-after` first, then
`x-ratelimit-reset` where nothing is left, else a minute that doubles; GitLab and Azure DevOps send the same headers.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from cspdecl.core.errors import ConfigurationError, CspdeclError, NotAuthorised, TryLater

_SECONDS = 30
_PATIENCE = 600.0  # seconds of waiting altogether; a job that hangs for longer helps nobody
_ATTEMPTS = 6
_MOST = 64 * 1024 * 1024
_PAGES = 200
_AGAIN = frozenset({500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NEXT = re.compile(r'<([^>]+)>\s*;[^,]*\brel="?next"?')


class Refused(CspdeclError):  # noqa: N818 - what the host did
    """The code host says no. `status` is its number, `reason` its own sentence."""

    def __init__(self, status: int, reason: str, what: str) -> None:
        super().__init__(f"{what}: {status} {reason}".rstrip())
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer as it came: header names in small letters."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """The document in it. Raises TryLater where it is none: a proxy's page says nothing about what we asked."""
        try:
            return json.loads(self.content) if self.content else None
        except ValueError:
            raise TryLater("the code host's answer is no JSON: is there a proxy in between?") from None


class _Stay(urllib.request.HTTPRedirectHandler):
    """No redirect is followed unseen: urllib would take the token along."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass(slots=True)
class Wire:
    """A code host's API below `base`. `secret` is a header that only this host sees.

    `pause` waits for some seconds; a test gives its own. Raises Refused, NotAuthorised and TryLater.
    """

    base: str
    secret: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time
    _waited: float = 0.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.base)
        loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
            raise ConfigurationError(
                f"the code host's address must be https: the token would travel in the open: {self.base}"
            )

    def get(self, path: str, **query: str | int) -> Any:
        """A document."""
        return self.ask("GET", path, query=query).json()

    def send(self, method: str, path: str, body: Any, **query: str | int) -> Any:
        """A document for a document."""
        return self.ask(method, path, query=query, body=body).json()

    def listed(self, path: str, *, key: str | None = None, **query: str | int) -> Iterator[Any]:
        """All entries of a list, page after page as `Link` leads, a hundred at a time; `key`: where the list stands."""
        url: str | None = self._url(path, {"per_page": 100, **query})
        for _page in range(_PAGES):
            if url is None:
                return
            reply = self.ask("GET", url)
            found = reply.json()
            if key is not None and isinstance(found, dict):
                found = found.get(key)
            if not isinstance(found, list):
                raise TryLater(f"the code host's answer to {path} is no list")
            yield from found
            following = _NEXT.search(reply.headers.get("link", ""))
            url = urljoin(url, following[1]) if following else None
        raise TryLater(f"{path} goes on after {_PAGES} pages")

    def ask(self, method: str, path: str, *, query: Mapping[str, str | int] | None = None, body: Any = None) -> Reply:
        """One question, repeated where the host asks for patience. Writes are repeated only where nothing was done."""
        url = self._url(path, query or {})
        data = None if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "application/json", **self.headers}
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                reply = self._follow(method, url, data, kind)
            except (OSError, http.client.HTTPException) as problem:
                reason = getattr(problem, "reason", None) or problem
                if method == "POST" or attempt == _ATTEMPTS or not self._rest(2.0**attempt):
                    raise TryLater(f"{self._what(method, url)}: no answer ({reason})") from None
                continue
            if reply.status < 300:
                return reply
            wait = self._wanted(reply, attempt, safe=method != "POST")
            if wait is None:
                raise self._refused(reply, self._what(method, url))
            if attempt == _ATTEMPTS or not self._rest(wait):
                raise TryLater(f"{self._what(method, url)}: the code host asks for patience ({reply.status})")
        raise AssertionError("unreachable")  # pragma: no cover - the loop returns or raises

    def _follow(self, method: str, url: str, data: bytes | None, kind: Mapping[str, str]) -> Reply:
        for _hop in range(4):
            own = _origin(url) == _origin(self.base)
            headers = {"User-Agent": "cspdecl", "Accept": "application/json", **self.headers, **kind}
            reply = self._once(method, url, data, {**headers, **(self.secret if own else {})})
            where = reply.headers.get("location")
            if method != "GET" or reply.status not in _REDIRECTS or not where:
                return reply
            url = urljoin(url, where)
            if urlsplit(url).scheme != "https" and urlsplit(self.base).scheme == "https":
                raise TryLater("the code host redirects away from https")
        raise TryLater("the code host redirects without end")

    @staticmethod
    def _once(method: str, url: str, data: bytes | None, headers: Mapping[str, str]) -> Reply:
        request = urllib.request.Request(url, data=data, headers=dict(headers), method=method)  # noqa: S310 - https, held above
        opener = urllib.request.build_opener(_Stay)
        try:
            with opener.open(request, timeout=_SECONDS) as answer:
                content = answer.read(_MOST + 1)
                status, found = answer.status, answer.headers
        except urllib.error.HTTPError as problem:
            with problem:
                content = problem.read(_MOST + 1)
                status, found = problem.code, problem.headers
        if len(content) > _MOST:
            raise TryLater("the code host's answer is larger than anything it should send")
        return Reply(status=status, headers={name.lower(): value for name, value in found.items()}, content=content)

    def _wanted(self, reply: Reply, attempt: int, *, safe: bool) -> float | None:
        """Seconds to wait before asking again; None where asking again is of no use."""
        headers = reply.headers
        text = reply.content[:2000].lower()
        limited = reply.status == 429 or (
            reply.status == 403
            and ("retry-after" in headers or headers.get("x-ratelimit-remaining") == "0" or b"rate limit" in text)
        )
        if limited:
            if (asked := _seconds(headers.get("retry-after"))) is not None:
                return asked
            if headers.get("x-ratelimit-remaining") == "0" and (until := _seconds(headers.get("x-ratelimit-reset"))):
                return max(until - self.clock(), 1.0)
            return 30.0 * 2.0**attempt
        if reply.status in _AGAIN and safe:
            return _seconds(headers.get("retry-after")) or 2.0**attempt
        return None

    def _rest(self, seconds: float) -> bool:
        if self._waited + seconds > _PATIENCE:
            return False
        self._waited += seconds
        self.pause(seconds + random.random() * min(seconds, 1.0))  # noqa: S311 - only so that jobs do not march in step
        return True

    def _refused(self, reply: Reply, what: str) -> CspdeclError:
        if reply.status in _AGAIN:
            return TryLater(f"{what}: the code host has a fault ({reply.status}); whether it was done is not known")
        try:
            told = json.loads(reply.content)
        except ValueError:
            told = {}
        reason = told.get("message", "") if isinstance(told, dict) else ""
        details = told.get("errors") if isinstance(told, dict) else None
        if isinstance(details, list):
            reason = "; ".join(
                [str(reason), *(str(one.get("message", "")) for one in details if isinstance(one, dict))]
            )
        if reply.status == 401:
            return NotAuthorised(f"{what}: the code host does not accept the token")
        return Refused(reply.status, " ".join(str(reason).split())[:300], what)

    def _url(self, path: str, query: Mapping[str, str | int]) -> str:
        url = path if path.startswith(("https://", "http://")) else f"{self.base.rstrip('/')}/{path.lstrip('/')}"
        return url + (("&" if "?" in url else "?") + urlencode(query) if query else "")

    def _what(self, method: str, url: str) -> str:
        return f"{method} {urlsplit(url).path}"


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _seconds(value: str | None) -> float | None:
    try:
        return max(float(value), 0.0) if value is not None else None
    except ValueError:
        return None
