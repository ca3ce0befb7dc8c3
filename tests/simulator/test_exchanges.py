"""Every documented exchange that concerns what is built is answered with the documented status and shape."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.simulator import exchange_worlds, exchanges

pytestmark = pytest.mark.skipif(
    not exchanges.FOLDER.is_dir(), reason="the documented exchanges (../shared) are not beside the project"
)
KINDS = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}


def missing(expected: Any, actual: Any, path: str = "$") -> list[str]:
    """JSON paths of `expected` that `actual` lacks or has as another type; names are compared without case."""
    if KINDS[type(expected)] != KINDS[type(actual)]:
        return [f"{path}: {KINDS[type(expected)]} documented, {KINDS[type(actual)]} found"]
    found: list[str] = []
    if isinstance(expected, dict):
        names = {name.lower(): value for name, value in actual.items()}
        for name, value in expected.items():
            if name.lower() not in names:
                found.append(f"{path}.{name}: missing")
            else:
                found += missing(value, names[name.lower()], f"{path}.{name}")
    elif isinstance(expected, list):
        for index, item in enumerate(expected):
            tries = [missing(item, other, f"{path}[{index}]") for other in actual] or [
                [f"{path}[{index}]: empty array"]
            ]
            found += next(fit for fit in tries if len(fit) == min(len(other) for other in tries))
    return found


def send(simulator: Any, exchange: exchanges.Exchange) -> Any:
    headers = dict(exchange.headers)
    body = exchange.body
    raw = body.encode() if isinstance(body, str) else b"" if body is None else json.dumps(body).encode()
    if exchange.path.startswith("/v1.0/"):
        settings = simulator.settings
        form = (
            f"grant_type=refresh_token&refresh_token={settings.refresh_token}&client_id={settings.client_id}"
            f"&client_secret={settings.client_secret}&resource=https://api.partner.microsoft.com"
        )
        token = json.loads(
            simulator.handle("POST", f"/{settings.partner_tenant}/oauth2/token", {}, form.encode()).body
        )["access_token"]
    else:
        token = simulator.access_token()
    headers["Authorization"] = f"Bearer {token}"
    if exchange.path.endswith("/checkout"):
        raw = b""
    return simulator.handle(exchange.method, exchange.path, headers, raw)


@pytest.mark.parametrize("name", exchanges.names() if exchanges.FOLDER.is_dir() else [])
def test_documented_exchange(name):
    """The answer has the documented status, and every documented JSON path with its type."""
    exchange = exchanges.load(name)
    simulator = exchange_worlds.world_for(exchange)
    reply = send(simulator, exchange)
    if exchange.status is not None:
        assert (exchange.status, b"") == (reply.status, b"" if reply.status == exchange.status else reply.body)
    else:
        assert (2, b"") == (reply.status // 100, b"" if reply.status < 300 else reply.body)
    if isinstance(exchange.expected, str):
        assert (
            exchange.expected.split("\n")[0].replace("“", '"')
            == reply.body.decode().split("\r\n")[0][: len(exchange.expected.split("\n")[0])]
        )
    elif exchange.expected is not None and reply.status != 204:
        assert [] == missing(exchange.expected, exchange.pick(json.loads(reply.body)))


def test_every_exchange_is_run_or_left_out_for_a_reason():
    """The index, the runs and the reasons cover each other: nothing is dropped in silence."""
    listed = {
        line.split("\t")[0].removesuffix(".json")
        for line in (exchanges.FOLDER / "index.tsv").read_text("utf-8").splitlines()[1:]
    }
    run = set(exchanges.names())
    left = {name for name in listed if any(name.startswith(prefix) for prefix in exchanges.LEFT_OUT)}
    assert listed == run | left
