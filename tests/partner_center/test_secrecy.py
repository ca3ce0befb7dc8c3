"""What the identity service sends on a bad day holds tokens: none of it is printed, logged, kept or told.

A service of our own over TLS answers the way a broken one does, with a canary in every token and in our secret.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cspdecl.core.errors import CspdeclError, NotAuthorised, TryLater
from cspdecl_partner_center.provider import PartnerCenter
from cspdecl_partner_center.settings import parse_settings
from cspdecl_partner_center.wire import Patience, open_wire
from tests.partner_center.support import MemorySecrets, settings_of

CANARY = "eyJ0eXAiCANARY"
SECRET = "CANARYsecret-of-the-application"
TOKEN = {"token_type": "Bearer", "expires_in": 3599, "access_token": CANARY + "0" * 40, "refresh_token": CANARY + "1"}
WHOLE = json.dumps(TOKEN).encode()
HTML = b"<html><body>502 Bad Gateway " + CANARY.encode() + b"</body></html>"
REFUSED = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}

#: kind → status, body, and how many bytes of it are sent (None: all); "hang" sends nothing.
FAULTS: dict[str, tuple[int, bytes, int | None]] = {
    "malformed": (200, WHOLE[:-9], None),
    "cut": (200, WHOLE, len(WHOLE) - 9),
    "error-500": (500, WHOLE, None),
    "error-503": (503, HTML, None),
    "throttled": (429, WHOLE, None),
    "no-json": (200, CANARY.encode(), None),
    "html": (200, HTML, None),
    "html-refusal": (403, HTML, None),
    "list": (200, b"[" + WHOLE + b"]", None),
    "no-token": (200, json.dumps({"refresh_token": CANARY}).encode(), None),
    "odd-life": (200, json.dumps({**TOKEN, "expires_in": CANARY}).encode(), None),
    "odd-id-token": (200, json.dumps({**TOKEN, "id_token": CANARY}).encode(), None),
    "odd-reason": (400, json.dumps({"message": CANARY}).encode(), None),
    "deep": (200, b"[" * 100_000, None),
    "empty": (200, b"", None),
    "redirect": (302, HTML, None),
    "hang": (200, WHOLE, 0),
}


class Identity:
    """An identity service that is well until a token is asked for."""

    def __init__(self, folder: Path) -> None:
        self.fault = FAULTS["empty"]
        self.release = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                base = f"{outer.url}/nordlicht"
                names = {"issuer": base, "token_endpoint": f"{base}/token", "authorization_endpoint": f"{base}/a"}
                self._send(200, json.dumps(names).encode(), None)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if outer.fault is FAULTS["hang"]:
                    outer.release.wait(30)
                self._send(*outer.fault)

            def _send(self, status: int, body: bytes, sent: int | None) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body if sent is None else body[:sent])
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.ca = folder / "ca.pem"
        key_file = folder / "key.pem"
        private, public = _certificate()
        self.ca.write_bytes(public)
        key_file.write_bytes(private)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca, key_file)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()

    def settings(self) -> dict[str, Any]:
        return settings_of(endpoint=self.url, authority=self.url, caFile=str(self.ca))


def _certificate() -> tuple[bytes, bytes]:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "identity of a test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, made.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Identity]:
    found = Identity(tmp_path_factory.mktemp("identity"))
    yield found
    found.close()


class Everything(logging.Handler):
    """Keeps every record that reaches the root."""

    def __init__(self) -> None:
        super().__init__(0)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(logging.Formatter().format(record))


def told(problem: BaseException | None) -> str:
    """An exception and all that hangs on it, with their arguments."""
    words = []
    while problem is not None:
        words.append(f"{problem!r} {problem} {vars(problem)!r}")
        problem = problem.__cause__ or problem.__context__
    return "\n".join(words)


def ask(identity: Identity, **auth: Any) -> CspdeclError:
    """The error of a connection that needs a token."""
    settings = {**identity.settings(), **({"auth": auth} if auth else {})}
    wire = open_wire(ca_file=str(identity.ca), connections=1, patience=Patience(answer=0.3))
    secrets = MemorySecrets(secret=SECRET, refresh=CANARY + "refresh")
    provider = PartnerCenter("partner-center", parse_settings(settings), secrets, "read", wire=wire)
    try:
        with pytest.raises(CspdeclError) as failed:
            list(provider.customers())
        return failed.value
    finally:
        provider.close()


@pytest.mark.parametrize("credential", ["app", "user"])
@pytest.mark.parametrize("kind", FAULTS)
def test_answer_that_is_none_is_try_later_and_tells_nothing(identity, kind, credential, capfd):
    """5xx, rubbish and half answers: come back later, in one sentence, and no token in it, under it or in any log."""
    root, heard = logging.getLogger(), Everything()
    level = root.level
    root.addHandler(heard)
    root.setLevel(0)
    identity.fault = FAULTS[kind]
    client = {"clientId": "22222222-de00-4000-8000-000000000002", "secretFrom": {"env": "secret"}}
    try:
        auth = {"app": client} if credential == "app" else {"user": {**client, "refreshTokenFrom": {"file": "refresh"}}}
        problem = ask(identity, **auth)
    finally:
        root.removeHandler(heard)
        root.setLevel(level)

    assert TryLater is type(problem)
    assert "as expected" in problem.message or "gives no token" in problem.message
    assert "CANARY" not in told(problem)
    assert "CANARY" not in "\n".join(heard.said)
    assert "CANARY" not in "".join(capfd.readouterr())


def test_a_real_refusal_is_one(identity):
    """The service speaks and says no: that is the credentials."""
    identity.fault = (401, json.dumps(REFUSED).encode(), None)

    problem = ask(identity)

    assert NotAuthorised is type(problem)
    assert "the client secret is wrong" in problem.message


def project(folder: Path, identity: Identity) -> Path:
    """A project with one customer at this service."""
    (folder / "customers").mkdir(parents=True)
    connection = {**identity.settings(), "plugin": "partner-center"}
    connection["auth"] = {"app": {**connection["auth"]["app"], "secretFrom": {"env": "THE_SECRET"}}}
    top = {
        "apiVersion": "cspdecl/v1",
        "kind": "Project",
        "metadata": {"name": "nordlicht"},
        "spec": {
            "reseller": {
                "legalName": "Nordlicht GmbH", "model": "direct", "country": "DE", "currency": "EUR",
                "partnerId": "4847383",
            },
            "providers": {"partner-center": connection},
            "prices": {"path": "prices/", "market": "DE"},
            "defaults": {"provider": "partner-center", "term": "P1Y", "billing": "monthly"},
        },
    }  # fmt: skip
    customer = {
        "apiVersion": "cspdecl/v1",
        "kind": "Customer",
        "metadata": {"name": "hafenkontor"},
        "spec": {"tenant": "b5f5e4ac-0000-4000-8000-000000000001", "subscriptions": []},
    }
    (folder / "cspdecl.yaml").write_text(json.dumps(top) + "\n")
    (folder / "customers" / "hafenkontor.yaml").write_text(json.dumps(customer) + "\n")
    return folder


@pytest.mark.parametrize("kind", ["malformed", "cut", "error-500", "error-503", "no-json", "html", "odd-life"])
def test_plan_prints_no_token_and_ends_with_75(identity, tmp_path, kind):
    """The command as CI runs it: 75 and a sentence; no canary on its outputs or in any file it leaves."""
    identity.fault = FAULTS[kind]
    root = project(tmp_path / "project", identity)

    done = subprocess.run(
        [sys.executable, "-m", "cspdecl", "-C", str(root), "plan"],
        env={**os.environ, "THE_SECRET": SECRET, "CI": "true"},
        capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    left = b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())

    assert 75 == done.returncode, done.stderr
    assert "Traceback" not in done.stderr
    assert identity.url in done.stderr
    assert "CANARY" not in done.stdout + done.stderr
    assert b"CANARY" not in left
