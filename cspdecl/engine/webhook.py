"""One event to one address: signed, posted, and posted again where the address could not take it.

Signed as Standard Webhooks has it (2023-2026): `webhook-id`, `webhook-timestamp` and `webhook-signature`, which is
`v1,` and the base64 of HMAC-SHA256 over id, timestamp and body joined by dots. Whoever receives the same id twice has
the same event twice. Nothing is posted without https except on this machine, and a redirection is not followed: a
signed event goes where the project says, or nowhere.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from cspdecl import __version__

if TYPE_CHECKING:
    from datetime import datetime

    from cspdecl.engine.clock import Clock

#: Tries of one event, and the longest that all of them together may take.
TRIES = 4
BUDGET_SECONDS = 90.0
TIMEOUT_SECONDS = 10.0
#: The longest one try may take, however often the other side says a byte more.
WHOLE_SECONDS = 15.0
_AGAIN = frozenset({408, 425, 429})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PREFIX = "whsec_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """It was taken, at the so-manieth try."""

    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDelivered:
    """It was not taken. `lasting`: the address refuses it, so trying again would not help."""

    why: str
    tries: int
    lasting: bool = False


def key_of(secret: str) -> bytes:
    """The signing key: of `whsec_…` what its base64 stands for, of anything else the text itself."""
    if secret.startswith(_PREFIX):
        text = secret.removeprefix(_PREFIX)
        try:
            return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except binascii.Error:
            return secret.encode()
    return secret.encode()


def sign(key: bytes, ident: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    mac = hmac.new(key, f"{ident}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(mac.digest()).decode()}"


def deliver(
    url: str, ident: str, body: bytes, *, secret: str, clock: Clock, rest: Callable[[float], None]
) -> Delivered | NotDelivered:
    """Post an event until it is taken, refused for good, or time is up. `rest` waits so many seconds. Never raises."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        return NotDelivered(why="events are posted over https only", tries=0, lasting=True)
    key, began, answer = key_of(secret), clock.monotonic(), _Answer(why="nothing was tried", again=True)
    for number in range(1, TRIES + 1):
        # the same id and body every time; the timestamp is of this try, since receivers refuse old ones
        answer = _in_time(_post, url, ident, body, key, clock.now())
        if answer.taken:
            return Delivered(tries=number)
        if not answer.again:
            return NotDelivered(why=answer.why, tries=number, lasting=True)
        wait = max(answer.wait or 0.0, float(4 ** (number - 1)))
        if number == TRIES or clock.monotonic() - began + wait > BUDGET_SECONDS:
            return NotDelivered(why=answer.why, tries=number)
        rest(wait)
    return NotDelivered(why=answer.why, tries=TRIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    why: str = ""
    taken: bool = False
    again: bool = False
    wait: float | None = None


def _in_time(post: Callable[..., _Answer], *words: object) -> _Answer:
    """One try, given up when it takes too long: a socket's own patience begins anew with every byte."""
    found: list[_Answer] = []
    trying = threading.Thread(target=lambda: found.append(post(*words)), daemon=True)
    trying.start()
    trying.join(WHOLE_SECONDS)
    return found[0] if found else _Answer(why="it did not answer in time", again=True)


def _post(url: str, ident: str, body: bytes, key: bytes, now: datetime) -> _Answer:
    timestamp = int(now.timestamp())
    headers = {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "User-Agent": f"cspdecl/{__version__}",
        "webhook-id": ident,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(key, ident, timestamp, body),
    }
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - scheme checked above
    try:
        with _OPENER.open(request, timeout=TIMEOUT_SECONDS) as response:
            return _Answer(taken=200 <= response.status < 300, why=f"it answered {response.status}")
    except urllib.error.HTTPError as problem:
        with problem:
            return _refused(problem, now)
    except urllib.error.URLError as problem:
        return _Answer(why=f"it cannot be reached: {_reason(problem.reason)}", again=True)
    except (OSError, http.client.HTTPException, ValueError) as problem:
        return _Answer(why=f"it cannot be reached: {_reason(problem)}", again=True)


def _refused(problem: urllib.error.HTTPError, now: datetime) -> _Answer:
    code = problem.code
    if 300 <= code < 400:
        return _Answer(why=f"it answered {code} and wants the event elsewhere, which is not followed")
    wait = _retry_after(problem.headers.get("Retry-After"), now)
    return _Answer(why=f"it answered {code}", again=code in _AGAIN or code >= 500, wait=wait)


def _retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds that the address asks for, as a number or as an instant."""
    if not text:
        return None
    try:
        if text.strip().isdigit():
            return float(text)
        return max((parsedate_to_datetime(text) - now).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None


def _reason(problem: object) -> str:
    return getattr(problem, "strerror", None) or type(problem).__name__


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    """What is sent elsewhere is an answer like any other."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: object, newurl: str
    ) -> None:
        """Follow nothing."""
        return


_OPENER = urllib.request.OpenerDirector()
for _handler in (
    urllib.request.ProxyHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPSHandler,
    urllib.request.HTTPDefaultErrorHandler,
    _NoRedirection,
    urllib.request.HTTPErrorProcessor,
):
    _OPENER.add_handler(_handler())
