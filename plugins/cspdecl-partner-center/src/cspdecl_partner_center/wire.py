"""The seam to the network: bytes out, bytes back. The only module that imports httpx (decision 0001).

Everything above it speaks `Reply` and `Lost`, so a test or another client takes its place with one method.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import httpx

from cspdecl.core.errors import ConfigurationError
from cspdecl_partner_center.hush import hush

hush("httpx", "httpcore")
LARGEST = 64 * 1024 * 1024  # bytes; the largest documented answer, a price sheet, is 42 MB (contract §9.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer as it came. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Lost(Exception):  # noqa: N818 - named for what happened to the answer
    """No answer. `sent`: the request may have arrived all the same. `heard`: an answer came, and was too much."""

    def __init__(self, cause: str, *, sent: bool, heard: bool = False) -> None:
        super().__init__(cause)
        self.cause = cause
        self.sent = sent
        self.heard = heard


class Stream(Protocol):
    """An answer that is read piece by piece, as it came: nothing of it is unpacked."""

    @property
    def status(self) -> int:
        """Its HTTP status."""
        ...

    def pieces(self) -> Iterator[bytes]:
        """The bytes in order. Raises Lost where they break off."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...

    def __enter__(self) -> Self:
        """To be closed at the end."""
        ...

    def __exit__(self, *_: object) -> None:
        """Closed."""
        ...


class Wire(Protocol):
    """What carries a request to the other side."""

    def send(self, method: str, url: str, headers: Mapping[str, str], content: bytes, *, slow: bool = False) -> Reply:
        """One request, one answer; `slow`: it may take its time. Raises Lost."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds of silence after which nobody is there: on the way to a connection, before an answer, before the answer
    to a write. Microsoft's own client waits three minutes for anything (contract §4, 2026-06); a write that is given up
    too early is in doubt, a reading is merely read again."""

    connect: float = 10.0
    answer: float = 60.0
    slow: float = 180.0


class Streaming(Wire, Protocol):
    """A wire that also fetches what is too large to be held at once."""

    def stream(self, url: str, headers: Mapping[str, str]) -> Stream:
        """One reading whose answer may be large. Raises Lost."""
        ...


class HttpxStream:
    """An answer of httpx, piece by piece. The content is left packed as it came: the price files are zips."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    @property
    def status(self) -> int:
        """Its HTTP status."""
        return self._response.status_code

    def pieces(self) -> Iterator[bytes]:
        """The bytes in order. Raises Lost where they break off."""
        with _told_as_lost():
            yield from self._response.iter_raw()

    def close(self) -> None:
        """Let go of it."""
        self._response.close()

    def __enter__(self) -> Self:
        """To be closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closed."""
        self.close()


class HttpxWire:
    """A wire over an httpx client. It follows no redirect: none is documented, and one could lead away."""

    def __init__(self, client: httpx.Client, patience: Patience | None = None) -> None:
        found = patience or Patience()
        self._client = client
        self._usual = httpx.Timeout(found.answer, connect=found.connect)
        self._slow = httpx.Timeout(found.slow, connect=found.connect)

    def send(self, method: str, url: str, headers: Mapping[str, str], content: bytes, *, slow: bool = False) -> Reply:
        """One request, one answer, read whole up to LARGEST bytes. Raises Lost."""
        with _told_as_lost():
            timeout = self._slow if slow else self._usual
            request = self._client.build_request(method, url, headers=dict(headers), content=content, timeout=timeout)
            response = self._client.send(request, stream=True)
            try:
                taken = bytearray()
                for chunk in response.iter_bytes():
                    taken += chunk
                    if len(taken) > LARGEST:
                        raise Lost(f"the answer is larger than {LARGEST // 2**20} MiB", sent=True, heard=True)
            finally:
                response.close()
        lowered = {name.lower(): value for name, value in response.headers.items()}
        return Reply(status=response.status_code, headers=lowered, content=bytes(taken))

    def stream(self, url: str, headers: Mapping[str, str]) -> HttpxStream:
        """One reading whose answer may be large, followed to no other place. Raises Lost."""
        with _told_as_lost():
            request = self._client.build_request("GET", url, headers=dict(headers), timeout=self._slow)
            return HttpxStream(self._client.send(request, stream=True))

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()


def open_wire(*, ca_file: str | None, connections: int, patience: Patience | None = None) -> HttpxWire:
    """A wire to the network: proxies from the environment, certificates from the system's set and `ca_file`.

    Raises ConfigurationError when the file with certificates cannot be used.
    """
    context = httpx.create_ssl_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError) as problem:
            raise ConfigurationError(f"`caFile` {ca_file} holds no usable certificates: {problem}") from problem
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    return HttpxWire(httpx.Client(verify=context, limits=limits, follow_redirects=False), patience)


@contextlib.contextmanager
def _told_as_lost() -> Iterator[None]:
    """What httpx raises, as Lost: whether the request may have arrived is what matters."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as problem:
        raise Lost(f"no connection ({_words(problem)})", sent=False) from problem
    except httpx.TimeoutException as problem:
        raise Lost("no answer in time", sent=True) from problem
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as problem:
        raise Lost(f"the connection broke ({_words(problem)})", sent=True) from problem


def _words(problem: Exception) -> str:
    return str(problem).strip() or type(problem).__name__
