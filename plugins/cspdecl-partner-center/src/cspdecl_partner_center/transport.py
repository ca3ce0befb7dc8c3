"""One conversation with the API: headers, token, pace, repetition, and what came back sorted by what it means.

A reading is repeated until it is answered or it is hopeless; a write is sent once, and an answer that got lost is said
to be lost. Where nobody is there at all, that is found out within about a minute. Connected for reading, nothing passes
that could write: GET, HEAD and four reading POSTs (contract §6, §9).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, Protocol
from urllib.parse import quote, urlencode

from cspdecl.core.diagnostics import error
from cspdecl.core.errors import ConfigurationError, NotAuthorised
from cspdecl.spi.provider import Mode
from cspdecl_partner_center import faithful
from cspdecl_partner_center.faithful import Json, NotJson
from cspdecl_partner_center.pacing import Pacer, pauses
from cspdecl_partner_center.tokens import Credential
from cspdecl_partner_center.wire import Lost, Reply, Wire

# The POSTs that change nothing. The token request is the fourth; it never comes through here.
_READING_POSTS = re.compile(
    r"/v1/(?:validations/address|extensions/product/checkinventory|customers/[^/]+/promotioneligibilities)",
    re.IGNORECASE,
)
_THROTTLED_TRIES = 5  # a reading told to wait more often than this gives up
_LONGEST_WAIT = 300  # seconds a reading waits when told to
_SILENT_PAUSES = pauses(5)  # half a minute in all, for somebody who is restarting; who answers badly gets three
_GONE_FOR = 30.0  # seconds for which somebody who was not there is taken for absent
_SILENT_LIMIT = 50.0  # seconds after which nobody is tried once more


class Bearer(Protocol):
    """Where tokens come from."""

    def credential_for(self, need: Credential) -> Credential:
        """Which credential serves."""
        ...

    def bearer(self, credential: Credential) -> str:
        """A token."""
        ...

    def forget(self, credential: Credential, token: str) -> None:
        """Drop a refused token."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call. `path` begins with /v1 and is quoted; `body` None sends none; `patient` waits out a throttle."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH"]
    path: str
    query: Sequence[tuple[str, str]] = ()
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)
    need: Credential = "app"
    request_id: str | None = None
    correlation_id: str | None = None
    patient: bool = False

    @property
    def reading(self) -> bool:
        """Whether it changes nothing."""
        if self.method in ("GET", "HEAD"):
            return True
        return self.method == "POST" and _READING_POSTS.fullmatch(self.path) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A 2xx. `body` is None where there was none."""

    status: int
    headers: Mapping[str, str]
    body: Json


class Refusal(Exception):  # noqa: N818 - an answer, not a fault of ours
    """A 4xx: the service said no. `code` is its own number, or "HTTP 404" where it gave none."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.status = status
        self.code = code
        self.description = description


class Busy(Exception):  # noqa: N818 - a state, not a fault
    """A 429: come back in `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"throttled for {retry_after} s")
        self.retry_after = retry_after


class NoAnswer(Exception):  # noqa: N818 - named for what is missing
    """Nothing that can be trusted came back. Unless it was a `reading` or was not `sent`, it may have happened all the
    same. `silent`: nobody was there, as opposed to an answer that cannot be used."""

    def __init__(self, cause: str, *, reading: bool, sent: bool = True, silent: bool = False) -> None:
        super().__init__(cause)
        self.cause = cause
        self.reading = reading
        self.sent = sent
        self.silent = silent

    @property
    def doubtful(self) -> bool:
        """Whether something may have happened."""
        return self.sent and not self.reading


class Transport:
    """A connection with one mode. Threads share it."""

    def __init__(
        self,
        *,
        wire: Wire,
        tokens: Bearer,
        pacer: Pacer,
        endpoint: str,
        mode: Mode,
        new_id: Callable[[], str],
        sleep: Callable[[float], None],
        clock: Callable[[], float] = time.monotonic,
        shared: Shared | None = None,
    ) -> None:
        self._wire = wire
        self._tokens = tokens
        self._pacer = pacer
        self._endpoint = endpoint
        self._mode = mode
        self._new_id = new_id
        self._sleep = sleep
        self._clock = clock
        self.shared = shared or Shared()

    @property
    def mode(self) -> Mode:
        """What it lets pass."""
        return self._mode

    def reading(self) -> Transport:
        """The same connection, unable to write."""
        return Transport(
            wire=self._wire,
            tokens=self._tokens,
            pacer=self._pacer,
            endpoint=self._endpoint,
            mode="read",
            new_id=self._new_id,
            sleep=self._sleep,
            clock=self._clock,
            shared=self.shared,
        )

    def send(self, request: Request) -> Answer:
        """Send and sort the answer. Raises Refusal, Busy, NoAnswer; NotAuthorised when the credentials are refused."""
        if self._mode == "read" and not request.reading:
            raise ConfigurationError(
                f"connected for reading only: {request.method} {request.path} was not sent",
                diagnostics=(error("CSP402", "a connection for reading was asked to write"),),
            )
        began, tries, throttled = self._clock(), 0, 0
        if (gone := self.shared.gone(began)) is not None:
            raise NoAnswer(gone, reading=request.reading, sent=False, silent=True)
        while True:
            try:
                return self._once(request)
            except Busy as busy:
                throttled += 1
                patient = request.reading and request.patient
                if not patient or throttled > _THROTTLED_TRIES or busy.retry_after > _LONGEST_WAIT:
                    raise
                self._pacer.park(busy.retry_after)
            except NoAnswer as problem:
                waits = _SILENT_PAUSES if problem.silent else pauses()
                late = problem.silent and self._clock() - began >= _SILENT_LIMIT
                if problem.doubtful:
                    raise  # one lost answer is nobody's absence: the look that follows finds out who is there
                if late or tries >= len(waits):
                    self.shared.gave_up(began, self._clock(), problem)
                    raise
                self._sleep(waits[tries])
                tries += 1

    def _once(self, request: Request) -> Answer:
        credential = self._tokens.credential_for(request.need)
        token = self._tokens.bearer(credential)
        reply = self._exchange(request, token)
        if reply.status == 401:
            # Refused before anything was done, so even a write may be sent again, once, with a new token.
            self._tokens.forget(credential, token)
            reply = self._exchange(request, self._tokens.bearer(credential))
        return self._sort(request, reply)

    def _exchange(self, request: Request, token: str) -> Reply:
        content = b"" if request.body is None else faithful.render(request.body)
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "User-Agent": "cspdecl",
            "X-Locale": "en-US",
            "MS-RequestId": request.request_id or self._new_id(),
            "MS-CorrelationId": request.correlation_id or self._new_id(),
            "MS-PartnerCenter-Application": "cspdecl",
            **request.headers,
        }
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        elif request.method in ("POST", "PUT", "PATCH"):
            headers["Content-Length"] = "0"
        query = urlencode(list(request.query), quote_via=quote, safe="") if request.query else ""
        url = f"{self._endpoint}{request.path}" + (f"?{query}" if query else "")
        self._pacer.acquire()
        self.shared.count()
        try:
            reply = self._wire.send(request.method, url, headers, content, slow=not request.reading)
        except Lost as lost:
            if lost.sent and not request.reading:
                self.shared.wrote()
            raise NoAnswer(lost.cause, reading=request.reading, sent=lost.sent, silent=not lost.heard) from lost
        if not request.reading and reply.status != 401:  # a refused token is refused before anything is done
            self.shared.wrote()
        self.shared.hear(reply.headers.get("date"), at=self._clock())
        return reply

    def _sort(self, request: Request, reply: Reply) -> Answer:
        status = reply.status
        if 200 <= status < 300:
            body = None
            if reply.content.strip() and request.method != "HEAD":
                try:
                    body = faithful.parse(reply.content)
                except NotJson as problem:
                    raise NoAnswer(f"{request.method} {request.path}: {problem}", reading=request.reading) from problem
            return Answer(status=status, headers=reply.headers, body=body)
        code, description = _fault(reply)
        if status == 429:
            raise Busy(_retry_after(reply, description))
        if status == 401 or code == "900420":
            raise NotAuthorised(
                f"Partner Center refuses the token ({code}: {description or 'no reason given'})",
                diagnostics=(error("CSP401", "Partner Center refuses the token"),),
            )
        if 400 <= status < 500 and status != 408:
            raise Refusal(status, code, description)
        cause = f"Partner Center answers {status} ({code}{': ' if description else ''}{description})"
        raise NoAnswer(cause, reading=request.reading)


class Shared:
    """What all transports of a connection have in common: how often it asked, the service's own time, and whether
    anybody is there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.calls = 0
        self.date: datetime | None = None
        self._heard_at = float("-inf")
        self._gone: tuple[float, str] | None = None
        self._here = threading.local()

    @property
    def writes(self) -> int:
        """Writes that left on this thread, whatever was answered."""
        return getattr(self._here, "writes", 0)

    def wrote(self) -> None:
        """One more of them."""
        self._here.writes = self.writes + 1

    def count(self) -> None:
        """One more request."""
        with self._lock:
            self.calls += 1

    def gave_up(self, began: float, now: float, problem: NoAnswer) -> None:
        """A request tried since `began` met silence; where nobody else was answered either, nobody is there."""
        with self._lock:
            if problem.silent and self._heard_at < began:
                self._gone = now, problem.cause

    def gone(self, now: float) -> str | None:
        """Why nobody is asked now: all was silence a moment ago, which one request finds out for all."""
        with self._lock:
            if self._gone is None or self._heard_at >= self._gone[0] or now >= self._gone[0] + _GONE_FOR:
                return None
            return self._gone[1]

    def hear(self, date: str | None, *, at: float) -> None:
        """An answer came; take the service's time from its Date header."""
        with self._lock:
            self._heard_at = at
        if date is None:
            return
        try:
            heard = parsedate_to_datetime(date)
        except ValueError:
            return
        with self._lock:
            self.date = heard.replace(tzinfo=UTC) if heard.tzinfo is None else heard.astimezone(UTC)


def _fault(reply: Reply) -> tuple[str, str]:
    """Code and description of an error body, in any of its shapes (contract §4): the code may be text or a number."""
    try:
        body = faithful.parse(reply.content) if reply.content.strip() else None
    except NotJson:
        body = None
    code = faithful.get(body, "code")
    description = faithful.get(body, "description") or faithful.get(body, "message") or ""
    known = str(code) if isinstance(code, (int, str)) and not isinstance(code, bool) and str(code) else ""
    return known or f"HTTP {reply.status}", str(description)[:1024]


def _retry_after(reply: Reply, description: str) -> int:
    told = reply.headers.get("retry-after", "")
    if not told.isdigit():
        words = re.search(r"in (\d+) seconds", description)
        told = words.group(1) if words else "60"
    return max(1, min(int(told), 86_400))
