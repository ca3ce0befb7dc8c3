"""A receiver of webhooks on this machine: it answers as it is told, keeps what came, and checks signatures by itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "whsec_" + base64.b64encode(b"a key of our own").decode()


@dataclass(slots=True)
class Receiver:
    """`answers`: status and headers, one a request, the last one for ever."""

    url: str
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=lambda: [(204, {})])
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The bodies as events."""
        return [json.loads(body) for _headers, body in self.came]

    def signed(self, number: int = 0, key: bytes = b"a key of our own") -> bool:
        """Whether a request carries the right signature (Standard Webhooks, worked out here once more)."""
        headers, body = self.came[number]
        said = headers["webhook-id"] + "." + headers["webhook-timestamp"] + "."
        mac = base64.b64encode(hmac.digest(key, said.encode() + body, hashlib.sha256)).decode()
        return headers["webhook-signature"] == f"v1,{mac}"


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver at a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
            receiver.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(url=f"http://127.0.0.1:{server.server_address[1]}/hook")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
