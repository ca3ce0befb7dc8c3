"""HTTP around the simulator: starlette on uvicorn, loopback by default, TLS on request."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trustme
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .simulator import Simulator

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


class _Dropped(Exception):  # noqa: N818 - nothing went wrong here
    """A reply that shall never arrive."""


def application(simulator: Simulator) -> Starlette:
    """The ASGI application of one simulator."""

    async def answer(request: Request) -> Response:
        body = await request.body()
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        base = f"{request.url.scheme}://{request.url.netloc}"
        reply = await run_in_threadpool(
            simulator.handle, request.method, target, dict(request.headers), body, base_url=base
        )
        if reply.delay:
            await asyncio.sleep(reply.delay)
        if reply.drop:
            raise _Dropped
        return Response(reply.body, reply.status, reply.headers)

    class CutConnection:
        """Closes the connection without an answer where a fault says so."""

        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            try:
                await self.app(scope, receive, send)
            except _Dropped:
                transport = scope.get("extensions", {}).get("simulator.transport")
                if transport is not None:
                    transport.abort()

    app = Starlette(routes=[Route("/{path:path}", answer, methods=METHODS)])
    app.add_middleware(CutConnection)
    return app


def certificate(host: str, ca_file: Path, folder: Path) -> tuple[Path, Path]:
    """A certificate for a host by an authority of its own; writes the authority to `ca_file`, returns certificate and
    key files.
    """
    authority = trustme.CA()
    issued = authority.issue_cert(host, "localhost", "127.0.0.1", "::1")
    ca_file.parent.mkdir(parents=True, exist_ok=True)
    authority.cert_pem.write_to_path(str(ca_file))
    cert, key = folder / "server.pem", folder / "server.key"
    issued.cert_chain_pems[0].write_to_path(str(cert))
    for extra in issued.cert_chain_pems[1:]:
        extra.write_to_path(str(cert), append=True)
    issued.private_key_pem.write_to_path(str(key))
    key.chmod(0o600)
    return cert, key


def serve(
    simulator: Simulator,
    host: str,
    port: int,
    *,
    certificates: tuple[Path, Path] | None = None,
    ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serves until interrupted; `ready` is told the base URL once the port is open.

    Raises OSError when the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    shown = f"[{host}]" if ":" in host else host
    url = f"{'https' if certificates else 'http'}://{shown}:{listener.getsockname()[1]}"
    simulator.base_url = url
    config = uvicorn.Config(
        application(simulator),
        log_level="warning",
        access_log=False,
        date_header=False,
        server_header=False,
        http=_protocol(),
        ssl_certfile=str(certificates[0]) if certificates else None,
        ssl_keyfile=str(certificates[1]) if certificates else None,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
        lifespan="off",
    )

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready(url)

    with contextlib.suppress(KeyboardInterrupt):
        Announcing(config).run(sockets=[listener])


def _protocol() -> Any:
    """The h11 protocol, with its transport put where the application can cut it."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Protocol(H11Protocol):
        def handle_events(self) -> None:
            super().handle_events()
            if self.scope is not None:
                extensions: dict[str, Any] = self.scope.setdefault("extensions", {})
                extensions["simulator.transport"] = self.transport

    return Protocol
